"""An order's page is told what happens, from where it left off, and ends when the store does."""

from __future__ import annotations

import asyncio
import json
import signal
import uuid
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from deploy.local.stack import Stack
from storefront_api.orders import updates
from storefront_api.orders.changes_repository import CHANNEL
from storefront_api.platform import signals
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import open_pool
from storefront_api.platform.errors import AwayError
from storefront_api.platform.policy import Role
from storefront_api.platform.signals import NAME, Signals
from tests.integration import plain
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Database, Worker, until
from tests.integration.storefront.sending import allocated, placed
from tests.integration.storefront.test_cancelling import cancelled

Shoppers = Callable[[], httpx.Client]
Stores = Callable[..., tuple[str, Worker]]

SOON = httpx.Timeout(30, read=updates.REREAD_S - 5)
"""Whoever is told within this was told by a signal: the log is read on suspicion only later."""


class Stream:
    """A page that follows an order."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()

    def next(self) -> tuple[int, dict[str, Any]]:
        """Return the next entry with its id."""
        found: dict[str, str] = {}
        for text in self._lines:
            name, _, value = text.partition(": ")
            if not text and "data" in found:
                assert found["event"] == "order"
                return int(found["id"]), json.loads(found["data"])
            found[name] = value
        raise AssertionError("the stream has ended")

    def what(self) -> str:
        """Return what the next entry tells."""
        return str(self.next()[1]["what"])

    def rest(self) -> list[str]:
        """Wait for the stream's end and return what was left of it."""
        return [text for text in self._lines if text]


@contextmanager
def following(client: httpx.Client, order_id: str, after: int = 0) -> Iterator[Stream]:
    headers = {"Last-Event-ID": str(after)} if after else {}
    path = f"/orders/{order_id}/updates"
    with client.stream("GET", path, headers=headers, timeout=SOON) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Stream(response)


def listening(database: Database) -> list[int]:
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND datname = $2"
    rows = database.rows(query, NAME, database.url.rpartition("/")[2])
    return [row["pid"] for row in rows]


def test_a_page_is_told_what_happens_while_it_is_open(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    order_id = placed(partner, shopper, 2)["order_id"]
    with following(shopper, order_id) as stream:
        assert stream.what() == "placed"
        shipment = allocated(partner, order_id).json()
        number, told = stream.next()
        assert (number, told["what"], told["status"]) == (2, "allocated", "allocated")
        path = f"/shipments/{shipment['shipment_id']}/scans"
        for kind, what in (("accepted", "shipped"), ("delivered", "delivered")):
            assert partner.post(path, json={"kind": kind}).status_code == 200
            assert stream.what() == what
    log = shopper.get(f"/orders/{order_id}/history").json()["changes"]
    assert told == log[1]


def test_a_page_goes_on_where_it_left_off(partner: httpx.Client, shopper: httpx.Client) -> None:
    order_id = placed(partner, shopper)["order_id"]
    with following(shopper, order_id) as stream:
        last, _ = stream.next()
    cancelled(shopper, order_id)
    with following(shopper, order_id, after=last) as stream:
        assert [stream.next()[0] for _ in range(2)] == [2, 3]
    path = f"/orders/{order_id}/updates"
    for wrong in ("-1", "last"):
        refused = shopper.get(path, headers={"Last-Event-ID": wrong})
        assert (refused.status_code, refused.json()["field"]) == (422, "header.last-event-id")


def test_nobody_but_who_ordered_and_who_stated_it_follows_an_order(
    partner: httpx.Client, new_shopper: Shoppers, people: People
) -> None:
    shopper = new_shopper()
    order_id = placed(partner, shopper)["order_id"]
    for other in (new_shopper(), people.customer(), people.vendor("v-1")):
        assert other.get(f"/orders/{order_id}/updates").status_code in {403, 404}
    for owner in (shopper, partner):
        with following(owner, order_id) as stream:
            assert stream.what() == "placed"


def test_many_pages_share_one_connection_and_leave_the_store_free(
    partner: httpx.Client, shopper: httpx.Client, start_store: Stores, database: Database
) -> None:
    before = len(listening(database))
    url, _ = start_store(DATABASE_POOL="2")
    order_id = placed(partner, shopper)["order_id"]
    headers = dict(shopper.headers)

    async def follow_all() -> list[list[str]]:
        limits = httpx.Limits(max_connections=50)
        async with plain.AsyncClient(
            base_url=url, headers=headers, timeout=SOON, limits=limits
        ) as client:
            opened = [asyncio.Event() for _ in range(40)]

            async def follow(first: asyncio.Event) -> list[str]:
                found: list[str] = []
                async with client.stream("GET", f"/orders/{order_id}/updates") as response:
                    async for text in response.aiter_lines():
                        if text.startswith("data: "):
                            found.append(json.loads(text[6:])["what"])
                            first.set()
                        if found[-1:] == ["cancelled"]:
                            break
                return found

            pages = [asyncio.create_task(follow(first)) for first in opened]
            await asyncio.gather(*(first.wait() for first in opened))
            assert (await client.get("/orders")).status_code == 200
            header = {"Idempotency-Key": uuid.uuid4().hex}
            path = f"/orders/{order_id}/cancel"
            assert (await client.post(path, json={}, headers=header)).status_code == 200
            return await asyncio.gather(*pages)

    assert asyncio.run(follow_all()) == [["placed", "refunded", "cancelled"]] * 40
    assert len(listening(database)) == before + 1


def test_a_page_stays_open_while_postgresql_comes_and_goes(
    partner: httpx.Client, shopper: httpx.Client, own_stack: Stack, database: Database
) -> None:
    order_id = placed(partner, shopper)["order_id"]
    with following(shopper, order_id) as stream:
        assert stream.what() == "placed"
        for pid in listening(database):
            database.rows("SELECT pg_terminate_backend($1)", pid)
        allocated(partner, order_id)
        assert stream.what() == "allocated"
        own_stack.kill("postgres")
        own_stack.up(["postgres"])
        until(lambda: cancelled(shopper, order_id).status_code in (200, 409), "it is cancelled")
        assert [stream.what() for _ in range(3)] == ["released", "refunded", "cancelled"]
    until(lambda: bool(listening(database)), "signals are heard again")


def test_an_ending_store_ends_its_pages_cleanly(
    partner: httpx.Client, shopper: httpx.Client, start_store: Stores
) -> None:
    url, worker = start_store()
    order_id = placed(partner, shopper)["order_id"]
    with (
        plain.Client(base_url=url, headers=dict(shopper.headers)) as client,
        following(client, order_id) as stream,
    ):
        assert stream.what() == "placed"
        # By the signal that it ended by, as uvicorn does once all is closed.
        assert worker.end() == -signal.SIGTERM
        assert stream.rest() == []
    assert "Application shutdown complete" in worker.log()
    assert "Traceback" not in worker.log()


async def test_a_client_that_takes_nothing_is_let_go_and_leaves_nothing_behind(
    partner: httpx.Client,
    shopper: httpx.Client,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(updates, "SEND_S", 0.1)
    bought = placed(partner, shopper)
    pool = await open_pool(database.url, 1)
    heard = Signals(database.url, CHANNEL)
    services = cast(Any, SimpleNamespace(pool=pool, signals=heard))
    caller = Caller(bought["subject"], bought["subject"], Role.GUEST)
    taken: list[str] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        taken.append(message["type"])
        if message["type"] == "http.response.body":
            assert heard.waiting == 1
            await asyncio.Event().wait()

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    try:
        response = await updates.follow(services, caller, uuid.UUID(bought["order_id"]), 0)
        await response({"type": "http", "method": "GET"}, receive, send)
    finally:
        await pool.close()
    assert taken == ["http.response.start", "http.response.body"]
    assert heard.waiting == 0


async def test_too_many_pages_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "MAX_WAITING_FOR_ONE", 2)
    monkeypatch.setattr(signals, "MAX_WAITING", 3)
    heard = Signals("postgresql://nowhere", CHANNEL)
    with heard.subscribe("a"), heard.subscribe("a"):
        with pytest.raises(AwayError):
            heard.admit("a")
        with heard.subscribe("b"), pytest.raises(AwayError):
            heard.admit("c")
        heard.admit("b")
    heard.admit("a")
