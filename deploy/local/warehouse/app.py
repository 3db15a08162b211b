"""The ASGI application: one request, one statement."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from deploy.local.warehouse.answer import Answer, failure
from deploy.local.warehouse.body import Body, read_request
from deploy.local.warehouse.errors import QUERY_WAS_CANCELLED, WarehouseError
from deploy.local.warehouse.executor import KILL_INTERVAL_S, Executor
from deploy.local.warehouse.pipe import Pipe
from deploy.local.warehouse.query_log import Entry
from deploy.local.warehouse.request import Request, credentials, parse
from deploy.local.warehouse.statement import Outcome, Statement
from deploy.local.warehouse.users import User, Users

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete."""


class App:
    """ClickHouse's HTTP interface.

    Parameters
    ----------
    executor
        Runs the statements.
    users
        Who may ask, and for what.
    grace_s
        How long statements may go on after the server was told to stop, in seconds.
    """

    def __init__(self, executor: Executor, users: Users, grace_s: float = 30.0) -> None:
        self._executor = executor
        self._engine = executor.engine
        self._users = users
        self._grace_s = grace_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            with contextlib.suppress(ClientGoneError):
                await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        query_id = ""
        try:
            request = parse(scope["method"], scope["path"], scope["query_string"], scope["headers"])
            if request.path == "/ping" or _is_greeting(request):
                await failure(send, 200, "Ok.\n", {})
                return
            stated = credentials(request)
            user = self._users.authenticate(stated)
            request, body = await read_request(request, _chunks(receive))
            query_id = request.url.get("query_id") or str(uuid.uuid4())
            try:
                answer = Answer(send, request, query_id, self._engine)
                if body.insert is None:
                    answer.describe(body.text)
                await self._query(request, stated.user, user, query_id, body, answer, receive)
            finally:
                body.close()
        except WarehouseError as error:
            headers = {
                "x-clickhouse-exception-code": str(error.code),
                "x-clickhouse-query-id": query_id,
            }
            await failure(send, error.status, error.text(self._engine.version), headers)

    async def _query(
        self,
        request: Request,
        name: str,
        user: User,
        query_id: str,
        body: Body,
        answer: Answer,
        receive: Receive,
    ) -> None:
        loop = asyncio.get_running_loop()
        statement = _statement(request, body)
        self._executor.running.add(query_id, statement.token)
        entry = _entry(request, name, query_id, body)
        begun = monotonic()
        pipe = Pipe(loop)
        statement.output = pipe.write_end

        def execute() -> Outcome:
            try:
                return self._executor.execute(request, user, name, statement)
            finally:
                pipe.close_write_end()

        work = loop.run_in_executor(self._executor.pool, execute)
        watch = loop.create_task(self._watch(receive, statement, pipe, work))
        try:
            async for chunk in pipe.chunks():
                await answer.feed(chunk)
            pipe.close()
            try:
                outcome = await work
                vars(entry).update(
                    (key, value)
                    for key, value in vars(outcome.summary).items()
                    if key != "result_bytes"
                )
                await answer.finish(outcome)
            except WarehouseError as error:
                cancelled = statement.cancelled or error.code == QUERY_WAS_CANCELLED
                entry.status = "cancelled" if cancelled else "failed"
                entry.exception_code, entry.exception = error.code, error.message
                await answer.fail(error)
        finally:
            watch.cancel()
            pipe.close()
            await asyncio.wait([work])
            entry.duration_ms = round((monotonic() - begun) * 1000)
            self._executor.running.remove(query_id)
            self._executor.log.record(entry)

    async def _watch(
        self, receive: Receive, statement: Statement, pipe: Pipe, work: asyncio.Future[Outcome]
    ) -> None:
        """End a reading statement when its client goes away; a writing one goes on to its end."""
        while (await receive())["type"] != "http.disconnect":
            continue
        pipe.abort()
        while not work.done():
            if statement.reads:
                await asyncio.to_thread(self._executor.cancel, statement)
            await asyncio.wait([work], timeout=KILL_INTERVAL_S)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
                continue
            await asyncio.to_thread(self._executor.close, self._grace_s)
            await send({"type": "lifespan.shutdown.complete"})
            return


def _statement(request: Request, body: Body) -> Statement:
    return Statement(
        text=body.text,
        default_format=request.default_format,
        token=uuid.uuid4().hex,
        database=request.database,
        settings=request.settings,
        parameters=request.parameters,
        readonly=request.readonly,
        insert=body.insert,
        data=body.data,
        external=body.external,
    )


def _entry(request: Request, name: str, query_id: str, body: Body) -> Entry:
    return Entry(
        query_id=query_id,
        user=name,
        client=request.headers.get("user-agent", ""),
        session_id=request.url.get("session_id", ""),
        started_at=datetime.now(UTC),
        database=request.database or "default",
        query=body.text.decode("utf-8", "replace").strip(),
    )


def _is_greeting(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and request.path == "/" and "query" not in request.url


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        more = message.get("more_body", False)
        yield message.get("body", b"")
