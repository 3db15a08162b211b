"""The ASGI application: one request, one statement."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deploy.local.warehouse.answer import Answer, failure
from deploy.local.warehouse.body import Body, read_body
from deploy.local.warehouse.engine import Engine, Outcome, Statement
from deploy.local.warehouse.errors import WarehouseError
from deploy.local.warehouse.pipe import Pipe
from deploy.local.warehouse.request import Request, credentials, parse
from deploy.local.warehouse.sessions import Sessions
from deploy.local.warehouse.users import Users

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_RUNNING = 64


class App:
    """ClickHouse's HTTP interface.

    Parameters
    ----------
    engine
        Runs the statements.
    users
        Who may ask, and for what.
    """

    def __init__(self, engine: Engine, users: Users) -> None:
        self.engine = engine
        self.users = users
        self.sessions = Sessions(engine)
        self.pool = ThreadPoolExecutor(MAX_RUNNING, thread_name_prefix="query")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        query_id = ""
        try:
            request = parse(scope["method"], scope["path"], scope["query_string"], scope["headers"])
            if request.path in ("/ping", "/replicas_status") or _is_greeting(request):
                await failure(send, 200, "Ok.\n", {})
                return
            query_id = request.url.get("query_id") or str(uuid.uuid4())
            answer = Answer(send, request, query_id, self.engine)
            user = self.users.authenticate(credentials(request))
            body = await read_body(request, _chunks(receive))
            if body.insert is None:
                answer.describe(body.text)
            await self._query(request, user.name, query_id, body, answer)
        except WarehouseError as error:
            headers = {
                "x-clickhouse-exception-code": str(error.code),
                "x-clickhouse-query-id": query_id,
            }
            await failure(send, error.status, error.text(self.engine.version), headers)

    async def _query(
        self, request: Request, user: str, query_id: str, body: Body, answer: Answer
    ) -> None:
        loop = asyncio.get_running_loop()
        pipe = Pipe(loop)
        statement = Statement(
            text=body.text,
            default_format=request.default_format,
            token=uuid.uuid4().hex,
            database=request.database,
            settings=request.settings,
            parameters=request.parameters,
            insert=body.insert,
            data=body.data,
            output=pipe.write_end,
        )
        running = loop.run_in_executor(self.pool, self._execute, request, user, statement, pipe)
        try:
            async for chunk in pipe.chunks():
                await answer.feed(chunk)
            try:
                outcome = await running
            except WarehouseError as error:
                await answer.fail(error)
                return
            await answer.finish(outcome)
        finally:
            pipe.close()
            await asyncio.wait([running])
            body.close()

    def _execute(self, request: Request, user: str, statement: Statement, pipe: Pipe) -> Outcome:
        try:
            name = request.url.get("session_id", "")
            if not name:
                return self._once(statement)
            session = self.sessions.acquire(
                user, name, request.url.get("session_timeout", ""), request.flag("session_check")
            )
            try:
                session.prepare(statement.text, statement.database, statement.settings)
                outcome = session.connection.run(statement)
                session.finish(statement.text)
                return outcome
            finally:
                self.sessions.release(session, request.flag("close_session"))
        finally:
            pipe.close_write_end()

    def _once(self, statement: Statement) -> Outcome:
        connection = self.engine.connect()
        try:
            connection.enter(statement.database)
            connection.set(statement.settings)
            return connection.run(statement)
        finally:
            connection.close()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                self.sessions.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _is_greeting(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and request.path == "/" and "query" not in request.url


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client went away within its request")
        more = message.get("more_body", False)
        yield message.get("body", b"")
