"""Orders under concurrency, repetition and refusal, over HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import starmap

import httpx
import pytest

from storefront_api.platform.errors import Problem
from storefront_api.platform.policy import Role
from tests.integration import plain
from tests.integration.storefront.accounts import People, bearer
from tests.integration.storefront.conftest import PARTNER, Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import covered
from tests.integration.storefront.tills import stated, subject_of

BUYERS = 400
UNITS = 50


def on_hand(database: Database, sku: str) -> int:
    return int(database.value("SELECT on_hand FROM stock WHERE sku = $1", sku))


def ledger(database: Database, sku: str) -> int:
    return int(database.value("SELECT sum(delta) FROM stock_movements WHERE sku = $1", sku))


async def _buy_at_once(url: str, bodies: list[dict[str, object]]) -> Counter[int]:
    limits = httpx.Limits(max_connections=len(bodies))
    async with plain.AsyncClient(base_url=url, timeout=120, limits=limits) as client:

        async def buy(number: int, body: dict[str, object]) -> int:
            wanted, headers = body | {"subject": f"s-{number}"}, key() | bearer(PARTNER)
            return (await client.post("/orders", json=wanted, headers=headers)).status_code

        return Counter(await asyncio.gather(*starmap(buy, enumerate(bodies))))


def test_fifty_units_and_four_hundred_buyers_make_fifty_orders(
    store_url: str, partner: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=UNITS)
    statuses = asyncio.run(_buy_at_once(store_url, [order(line(sku))] * BUYERS))
    assert statuses == {201: UNITS, 409: BUYERS - UNITS}
    assert on_hand(database, sku) == ledger(database, sku) == 0
    assert database.value("SELECT count(*) FROM order_lines WHERE sku = $1", sku) == UNITS


def test_orders_of_the_same_products_in_other_orders_of_lines_never_wait_in_a_circle(
    store_url: str, partner: httpx.Client, database: Database
) -> None:
    skus = [new_sku(partner, opening_stock=30) for _ in range(3)]
    there, back = [line(sku) for sku in skus], [line(sku) for sku in reversed(skus)]
    statuses = asyncio.run(_buy_at_once(store_url, [order(*there), order(*back)] * 40))
    assert statuses == {201: 30, 409: 50}
    assert [on_hand(database, sku) for sku in skus] == [0, 0, 0]


def test_when_one_product_runs_out_nothing_of_the_order_stays(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    plenty, scarce = new_sku(partner), new_sku(partner, opening_stock=1)
    waiting = database.value("SELECT count(*) FROM outbox")
    header = key()
    answer = stated(shopper, order(line(plenty), line(scarce, 2)), **header)
    assert (answer.status_code, answer.json()["code"]) == (409, "out_of_stock")
    assert answer.json()["details"] == [{"sku": scarce, "wanted": 2}]
    assert (on_hand(database, plenty), on_hand(database, scarce)) == (100, 1)
    assert ledger(database, plenty) == 100
    assert database.value("SELECT count(*) FROM outbox") == waiting
    assert not database.rows("SELECT FROM order_lines WHERE sku = $1", plenty)
    taken = "SELECT FROM idempotency_keys WHERE key = $1"
    assert not database.rows(taken, header["Idempotency-Key"])


def test_lines_of_the_same_product_count_together(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, opening_stock=5)
    assert stated(shopper, order(line(sku, 3), line(sku, 3))).status_code == 409
    placed = stated(shopper, order(line(sku, 3), line(sku, 2))).json()
    assert placed["total_minor"] == 5 * 250
    assert on_hand(database, sku) == 0


def test_the_same_key_answers_the_same_and_places_once(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku, header = new_sku(partner), key()
    answers = [stated(shopper, order(line(sku)), **header) for _ in range(3)]
    assert {(a.status_code, a.text) for a in answers} == {(201, answers[0].text)}
    assert on_hand(database, sku) == 99
    other = stated(shopper, order(line(sku, 2)), **header)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert on_hand(database, sku) == 99


def test_requests_with_the_same_key_at_once_place_one_order(
    store_url: str, partner: httpx.Client, database: Database
) -> None:
    sku, headers = new_sku(partner), {**partner.headers, **key()}
    body = order(line(sku), subject="s-1")

    async def race() -> list[httpx.Response]:
        async with plain.AsyncClient(base_url=store_url, timeout=60) as client:
            posts = [client.post("/orders", json=body, headers=headers) for _ in range(20)]
            return list(await asyncio.gather(*posts))

    answers = asyncio.run(race())
    assert len({a.json()["order_id"] for a in answers if a.status_code == 201}) == 1
    under_way = {a.json()["code"] for a in answers if a.status_code != 201}
    assert under_way <= {"key_in_flight"}
    assert on_hand(database, sku) == 99


def test_an_order_is_read_by_who_placed_it_and_by_whose_it_is(
    partner: httpx.Client, new_shopper: Callable[[], httpx.Client]
) -> None:
    sku, owner, stranger = new_sku(partner), new_shopper(), new_shopper()
    bought = covered(partner, owner, sku)
    path = f"/orders/{bought['order_id']}"
    assert owner.get(path).json() == bought
    assert [stranger.get(path).status_code, partner.get(path).status_code] == [404, 404]
    assert plain.get(owner.base_url.join(path)).status_code == 401
    for_owner = order(line(sku), subject=bought["subject"], channel="till")
    placed = partner.post("/orders", json=for_owner, headers=key()).json()
    path = f"/orders/{placed['order_id']}"
    assert owner.get(path).json() == partner.get(path).json() == placed
    assert stranger.get(path).status_code == 404


def test_a_till_states_money_time_and_lines_without_quantity(
    partner: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner)
    lines = [line(sku, 2, list_minor=300, discount_minor=50), line(sku, 0, list_minor=99)]
    body = order(*lines, subject="s-1", source_ref=f"X{sku}", channel="till")
    stated = {**key(), "X-Occurred-At": "2017-12-19T10:00:00.000Z"}
    placed = partner.post("/orders", json=body, headers=stated).json()
    assert (placed["total_minor"], placed["risk"]) == (349, "unscored")
    assert placed["ordered_at"] == "2017-12-19T10:00:00Z"
    assert on_hand(database, sku) == 98
    again = partner.post("/orders", json=body, headers={**stated, **key()})
    assert (again.status_code, again.json()["field"]) == (409, "body.source_ref")
    assert on_hand(database, sku) == 98


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"subject": ""}, 422, "body.subject"),
        ({"ip_country": "Utopia"}, 422, "body.ip_country"),
        ({"currency": "EUR"}, 422, "body.lines.0.sku"),
        ({"currency": "usd"}, 422, "body.currency"),
        ({"lines": []}, 422, "body.lines"),
        ({"lines": [{"sku": "none", "quantity": 1}]}, 422, "body.lines.0.sku"),
        ({"surprise": 1}, 422, "body.surprise"),
        ({"store_id": "a\x00b"}, 422, ""),
    ],
)
def test_a_refused_order_names_the_field(
    partner: httpx.Client,
    changed: dict[str, object],
    status: int,
    field: str,
) -> None:
    body = order(line(new_sku(partner)), subject="s-1") | changed
    answer = partner.post("/orders", json=body, headers=key())
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("one_line", "status", "field"),
    [
        ({"quantity": 0}, 422, "body.lines.0.quantity"),
        ({"quantity": -1}, 422, "body.lines.0.quantity"),
        ({"quantity": 10**9}, 422, "body.lines.0.quantity"),
        ({"list_minor": -1}, 422, "body.lines.0.list_minor"),
        ({"discount_minor": 10**8 + 1}, 422, "body.lines.0.discount_minor"),
    ],
)
def test_a_refused_line_names_the_field(
    partner: httpx.Client,
    one_line: dict[str, int],
    status: int,
    field: str,
) -> None:
    sku = new_sku(partner, list_price_minor=10**8)
    body = order(line(sku) | one_line, subject="s-1")
    answer = partner.post("/orders", json=body, headers=key())
    assert (answer.status_code, answer.json()["field"]) == (status, field)


def test_nobody_but_a_program_states_an_order(
    partner: httpx.Client, shopper: httpx.Client, people: People, database: Database
) -> None:
    sku = new_sku(partner)
    roles = (Role.CUSTOMER, Role.VENDOR, Role.ADMIN, Role.SUPER_ADMIN)
    for client in (shopper, *(people.new(role).client for role in roles)):
        body = order(line(sku), subject=subject_of(client))
        answer = client.post("/orders", json=body, headers=key())
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert on_hand(database, sku) == 100


def test_what_is_no_request_is_refused_in_the_one_shape(store_url: str) -> None:
    client = plain.Client(base_url=store_url)
    wrong = {b"Authorization": b"Bearer \xe9"}
    answers = {
        401: client.get("/recommendations", headers=wrong),
        404: client.get("/nowhere"),
        405: client.put("/products"),
        422: client.get("/products/a%00b"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem.keys() == Problem.model_fields.keys()
        assert (problem["status"], problem["instance"]) == (status, answer.headers["x-request-id"])
        assert client.get(problem["type"]).json()["code"] == problem["code"]


def test_the_time_is_stated_only_where_the_replay_clock_is_on(
    start_store: Callable[..., tuple[str, object]], partner: httpx.Client, shopper: httpx.Client
) -> None:
    sku, at = new_sku(partner), {"X-Occurred-At": "2017-12-19T10:00:00Z"}
    wanted = order(line(sku), subject="s")
    assert shopper.post("/orders", json=wanted, headers=key() | at).status_code == 403
    url, _ = start_store(REPLAY_CLOCK="false")
    headers = {"Authorization": f"Bearer {PARTNER}", **key(), **at}
    answer = plain.post(f"{url}/orders", json=wanted, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (403, "header.X-Occurred-At")
