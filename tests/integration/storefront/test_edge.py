"""What every request meets: ids, headers, the log line, the time limit, and an orderly end."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from storefront_api.events import Topic
from tests.integration import plain
from tests.integration.storefront.conftest import PARTNER, Database, Worker, until
from tests.integration.storefront.goods import key, line, new_sku, order

Start = Callable[..., tuple[str, Worker]]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
BEARER = {"Authorization": f"Bearer {PARTNER}"}


def lines(worker: Worker) -> list[dict[str, Any]]:
    """Return what a process logged: a JSON object a line, from where the application starts."""
    _, _, after = worker.log().partition("Waiting for application startup.\n")
    return [json.loads(text) for text in after.splitlines() if text.endswith("}")]


def told(worker: Worker, request_id: str) -> dict[str, Any]:
    """Wait for the line of a request and return it."""

    def of_request() -> list[dict[str, Any]]:
        mine = [each for each in lines(worker) if each.get("request_id") == request_id]
        return [each for each in mine if each["event"] == "request"]

    until(lambda: bool(of_request()), "the request is logged")
    (line_,) = of_request()
    return line_


@contextmanager
def locked(database: Database, sku: str) -> Iterator[None]:
    """Hold the stock of a variant, so that an order of it waits."""
    loop = asyncio.new_event_loop()

    async def hold() -> tuple[Any, Any]:
        connection: Any = await asyncpg.connect(database.url)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT FROM stock WHERE sku = $1 FOR UPDATE", sku)
        return connection, transaction

    connection, transaction = loop.run_until_complete(hold())
    try:
        yield
    finally:
        loop.run_until_complete(transaction.rollback())
        loop.run_until_complete(connection.close())
        loop.close()


def waiting(database: Database) -> bool:
    """Return whether somebody waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return bool(database.value(f"{query} AND datname = current_database()"))


@pytest.fixture(scope="module")
def store(start_store: Start) -> tuple[str, Worker]:
    """A storefront and its process."""
    return start_store()


@pytest.fixture
def client(store: tuple[str, Worker]) -> Iterator[httpx.Client]:
    """A client without a credential."""
    with plain.Client(base_url=store[0], timeout=60) as opened:
        yield opened


def test_a_callers_request_id_is_kept_in_the_answer_the_log_and_the_problem(
    client: httpx.Client, store: tuple[str, Worker]
) -> None:
    mine = {"X-Request-Id": "caller-0001", "traceparent": TRACEPARENT}
    answer = client.get("/products/nothing", headers=mine)
    assert answer.headers["x-request-id"] == answer.json()["instance"] == "caller-0001"
    logged = told(store[1], "caller-0001")
    assert logged.pop("ms") > 0
    assert logged.pop("timestamp")
    assert logged == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "route": "/products/{product_id}",
        "status": 404,
        "request_id": "caller-0001",
        "trace_id": TRACE,
        "role": "",
    }


@pytest.mark.parametrize("stated", ["", "short", "a" * 129, "with space", "<b>123456"])
def test_a_request_id_that_is_not_well_formed_is_replaced(
    client: httpx.Client, stated: str
) -> None:
    answers = [client.get("/healthz", headers={"X-Request-Id": stated}) for _ in range(2)]
    made = {answer.headers["x-request-id"] for answer in answers}
    assert len(made) == 2
    assert all(len(each) == 32 for each in made)


@pytest.mark.parametrize(
    "stated",
    ["", "nonsense", f"ff-{TRACE}-00f067aa0ba902b7-01", f"00-{'0' * 32}-00f067aa0ba902b7-01"],
)
def test_a_trace_that_is_not_well_formed_is_begun_anew(
    client: httpx.Client, store: tuple[str, Worker], stated: str
) -> None:
    answer = client.get("/healthz", headers={"traceparent": stated})
    trace_id = told(store[1], answer.headers["x-request-id"])["trace_id"]
    assert len(trace_id) == 32
    assert trace_id not in (TRACE, "0" * 32)


def test_events_continue_the_callers_trace(
    client: httpx.Client, outbox: Callable[[Topic, str], list[Any]], database: Database
) -> None:
    client.headers.update(BEARER)
    sku = new_sku(client)
    wanted = order(line(sku), subject="s-1")
    headers = key() | {"traceparent": TRACEPARENT}
    placed = client.post("/orders", json=wanted, headers=headers).json()["order_id"]
    (event,) = outbox(Topic.ORDERS, placed)
    assert event.trace_id == TRACE
    written = database.rows("SELECT DISTINCT traceparent FROM outbox WHERE key = $1", placed)
    # Without an exporter there are no spans of the store's own between the caller's and the event.
    assert [row["traceparent"] for row in written] == [TRACEPARENT]


def test_answers_are_not_sniffed_and_those_to_somebody_are_not_kept(client: httpx.Client) -> None:
    for path in ("/products", "/nowhere"):
        answer = client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "cache-control" not in answer.headers
        assert client.get(path, headers=BEARER).headers["cache-control"] == "no-store"


def test_what_a_person_sends_is_in_no_log_line_whatever_fails(
    client: httpx.Client, store: tuple[str, Worker], database: Database
) -> None:
    secret = "planted-secret"
    token = client.post("/sessions").json()["token"]
    credentials = [BEARER, {"Authorization": f"Bearer {secret}"}, {"Authorization": secret}]
    credentials.append({"Authorization": f"Bearer {token}"})
    database.rows("ALTER TABLE promotions RENAME TO promotions_away")
    try:
        for headers in credentials:
            found = [
                client.get(f"/promotions/{secret}", headers=headers),
                client.get("/search", params={"q": secret, "after": secret}, headers=headers),
                client.put(f"/cart/lines/{secret}", json={"quantity": secret}, headers=headers),
                client.post("/orders", content=secret, headers=headers | {"X-Secret": secret}),
                client.get(f"/{secret}?email={secret}", headers={**headers, "Cookie": secret}),
                client.request(secret.upper(), "/", headers=headers),
            ]
            assert all(answer.status_code >= 400 for answer in found)
            if headers is BEARER:
                failed = found[0]
    finally:
        database.rows("ALTER TABLE promotions_away RENAME TO promotions")
    assert (failed.status_code, failed.json()["code"]) == (500, "internal")
    assert failed.json()["instance"] == failed.headers["x-request-id"]
    assert failed.headers["cache-control"] == "no-store"
    told(store[1], failed.headers["x-request-id"])
    log = store[1].log()
    assert secret not in log.lower()
    assert token not in log
    assert PARTNER not in log
    (why,) = [each for each in lines(store[1]) if each["event"] == "failed"]
    assert (why["error"], why["sqlstate"]) == ("UndefinedTableError", "42P01")
    assert why["request_id"] == failed.headers["x-request-id"]
    assert any("promotions" in each for each in why["at"])


def test_each_role_and_every_refusal_is_one_line(
    client: httpx.Client, store: tuple[str, Worker]
) -> None:
    token = client.post("/sessions").json()["token"]
    roles = {"guest": {"Authorization": f"Bearer {token}"}, "partner": BEARER, "": {}}
    for role, headers in roles.items():
        answer = client.get("/cart", headers=headers)
        logged = told(store[1], answer.headers["x-request-id"])
        assert (logged["role"], logged["route"]) == (role, "/cart")
        assert logged["status"] == answer.status_code


def test_figures_know_routes_by_their_template_and_methods_by_name(client: httpx.Client) -> None:
    client.get("/products/p-1")
    client.request("PROPFIND", "/products")
    client.get("/nowhere/at/all")
    figures = client.get("/metrics").text
    label = 'ecomarket_http_request_seconds_bucket{le="0.25",method='
    assert f'{label}"GET",route="/products/{{product_id}}",status="404"}}' in figures
    assert f'{label}"OTHER",route="/products",status="405"}}' in figures
    assert f'{label}"GET",route="unknown",status="404"}}' in figures
    assert "p-1" not in figures
    limit = next(
        x for x in figures.splitlines() if x.startswith("ecomarket_database_connections_l")
    )
    assert float(limit.split()[-1]) == 16
    assert "ecomarket_http_requests_in_flight 1.0" in figures


def placing(base: str, sku: str) -> Future[httpx.Response]:
    """Place an order beside the test."""
    wanted = order(line(sku), subject="s-1")

    def post() -> httpx.Response:
        return plain.post(f"{base}/orders", json=wanted, headers=BEARER | key(), timeout=60)

    threads = ThreadPoolExecutor(1)
    placed = threads.submit(post)
    threads.shutdown(wait=False)
    return placed


def test_a_request_that_takes_too_long_is_given_up_and_leaves_nothing(
    start_store: Start, database: Database
) -> None:
    base, worker = start_store(REQUEST_TIMEOUT_S="0.5")
    with plain.Client(base_url=base, headers=BEARER, timeout=60) as partner:
        sku = new_sku(partner)
    with locked(database, sku):
        answer = placing(base, sku).result(60)
        # The transaction is gone although what it waited for is not.
        until(lambda: not waiting(database), "nobody waits for the lock any more")
    assert (answer.status_code, answer.json()["code"]) == (503, "timed_out")
    assert answer.headers["retry-after"] == "2"
    assert told(worker, answer.headers["x-request-id"])["status"] == 503
    assert database.value("SELECT on_hand FROM stock WHERE sku = $1", sku) == 100
    assert placing(base, sku).result(60).status_code == 201


def test_an_answer_that_has_begun_goes_on_for_longer_than_a_request_may_wait(
    start_store: Start, database: Database
) -> None:
    base, _ = start_store(REQUEST_TIMEOUT_S="2")
    with plain.Client(base_url=base, headers=BEARER, timeout=60) as partner:
        sku, free = new_sku(partner), new_sku(partner)
        order_id = placing(base, free).result(60).json()["order_id"]
        with partner.stream("GET", f"/orders/{order_id}/updates") as updates:
            told_of = (line_ for line_ in updates.iter_lines() if line_.startswith("id:"))
            assert next(told_of) == "id: 1"
            # Others have waited for as long as they may, one after the other.
            with locked(database, sku):
                assert [placing(base, sku).result(60).status_code for _ in range(2)] == [503, 503]
            answer = partner.post(f"/orders/{order_id}/cancel", json={}, headers=key())
            assert answer.status_code == 200, answer.text
            assert next(told_of) == "id: 2"


def test_after_sigterm_requests_under_way_are_answered_and_no_new_ones_taken(
    start_store: Start, database: Database
) -> None:
    base, worker = start_store()
    with plain.Client(base_url=base, headers=BEARER, timeout=60) as partner:
        sku = new_sku(partner)
    with locked(database, sku):
        placed = placing(base, sku)
        until(lambda: waiting(database), "the order waits for the stock")
        worker.tell(signal.SIGTERM)

        def closed() -> bool:
            try:
                plain.get(f"{base}/healthz", timeout=5)
            except httpx.ConnectError:
                return True
            return False

        until(closed, "nothing new is taken")
        assert worker.running
    assert placed.result(60).status_code == 201
    assert worker.wait() in (0, -signal.SIGTERM)
    assert database.value("SELECT on_hand FROM stock WHERE sku = $1", sku) == 99
