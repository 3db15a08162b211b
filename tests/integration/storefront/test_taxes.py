"""Tax: of the country that goods go to, frozen with the line, and given back with its price."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from deploy.local.stack import Stack
from storefront_api.events import Topic
from storefront_api.events.orders import OrderCompletedV3, OrderRefundedV2, OrderV3
from storefront_api.events.returns import ReturnReceivedV2
from storefront_api.migrate import migrate
from storefront_api.taxes.repository import rate
from tests.integration.ingest.feed import example
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import Outbox, body, covered
from tests.integration.storefront.sending import delivered
from tests.integration.storefront.test_returns import approved, received
from tests.integration.storefront.test_search_http import migrate_to
from tests.integration.storefront.tills import stated
from tests.integration.storefront.vending import goods_of, new_vendor, rule

Shoppers = Callable[[], httpx.Client]
FOOD, SOAP = "GROCERY", "DRUG GM"


def goods(partner: httpx.Client) -> tuple[str, str]:
    """Return food for 1,070 minor units and soap for 1,190."""
    food = new_sku(partner, department=FOOD, list_price_minor=1070)
    return food, new_sku(partner, department=SOAP, list_price_minor=1190)


def taxes(lines: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(each["tax_rate_bp"], each["tax_minor"]) for each in lines]


def placed(
    shopper: httpx.Client, *lines: dict[str, Any], at: str = "", destination: str = "DE"
) -> dict[str, Any]:
    header = {"X-Occurred-At": at} if at else {}
    answer = stated(shopper, order(*lines, destination=destination), **header)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def refunded(partner: httpx.Client, order_id: str, amount: int, **more: Any) -> httpx.Response:
    wanted = {"amount_minor": amount, "reason": "goodwill", **more}
    return partner.post(f"/orders/{order_id}/refunds", json=wanted, headers=key())


def test_cart_quote_checkout_and_order_tell_one_tax_line_by_line(
    partner: httpx.Client, shopper: httpx.Client, outbox: Outbox
) -> None:
    skus = goods(partner)
    for sku in skus:
        home = shopper.put(f"/cart/lines/{sku}", json={"quantity": 1}).json()
    assert (home["destination"], home["tax_minor"], taxes(home["lines"])) == (
        "US",
        0,
        [(0, 0), (0, 0)],
    )
    cart = shopper.get("/cart", params={"destination": "DE"}).json()
    quote = shopper.post("/quotes", json={"destination": "DE"}).json()
    bought = covered(partner, shopper, *skus, destination="DE")
    for shown in (cart, quote, bought):
        assert (shown["destination"], shown["total_minor"], shown["tax_minor"]) == (
            "DE",
            2260,
            260,
        )
    expected = [(700, 70), (1900, 190)]
    for each in (cart["lines"], quote["explanation"], bought["lines"], bought["explanation"]):
        assert taxes(each) == expected
    (event,) = (
        each
        for each in outbox(Topic.ORDERS, bought["order_id"])
        if isinstance(each, OrderCompletedV3)
    )
    assert (event.data.destination, event.data.tax_minor) == ("DE", 260)
    assert taxes([each.model_dump() for each in event.data.lines]) == expected


@pytest.mark.parametrize(
    ("destination", "at", "rates"),
    [
        ("DE", "2019-05-01T12:00:00Z", [700, 1900]),
        ("DE", "2020-06-30T23:59:59Z", [700, 1900]),
        ("DE", "2020-07-01T00:00:00Z", [500, 1600]),
        ("DE", "2021-01-01T00:00:00Z", [700, 1900]),
        ("FI", "2024-08-31T12:00:00Z", [1400, 2400]),
        ("FI", "2024-09-01T12:00:00Z", [1400, 2550]),
        ("GB", "2019-05-01T12:00:00Z", [0, 2000]),
        ("IE", "2020-10-01T12:00:00Z", [0, 2100]),
        ("DK", "2019-05-01T12:00:00Z", [2500, 2500]),
        ("", "2019-05-01T12:00:00Z", [0, 0]),
    ],
)
def test_the_rate_is_that_of_the_country_the_goods_and_the_day(
    partner: httpx.Client, shopper: httpx.Client, destination: str, at: str, rates: list[int]
) -> None:
    lines = [line(sku) for sku in goods(partner)]
    told = placed(shopper, *lines, at=at, destination=destination)
    assert [each["tax_rate_bp"] for each in told["lines"]] == rates
    assert told["destination"] == (destination or "US")
    assert told["total_minor"] == 2260


def test_every_class_of_goods_has_a_rate_in_every_country(database: Database) -> None:
    rates = database.rows(
        "SELECT p.country, p.department, tax.rate_bp FROM ("
        "SELECT DISTINCT r.country, d.department FROM tax_rates r, tax_classes d) AS p "
        f"{rate('p.country', '$1::timestamptz')}",
        datetime(2017, 1, 1, tzinfo=UTC),
    )
    assert [row for row in rates if row["rate_bp"] is None] == []
    assert len({row["country"] for row in rates}) == 16


def test_a_country_without_known_rates_is_refused_and_a_cart_shows_none(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    sku, _ = goods(partner)
    shopper.put(f"/cart/lines/{sku}", json={"quantity": 1}).raise_for_status()
    there = {"destination": "ZZ"}
    refused = [
        stated(shopper, order(line(sku), **there)),
        shopper.post("/checkouts", json=body(**there), headers=key()),
        shopper.post("/quotes", json=there),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["field"]) == (422, "body.destination")
        assert "no rates of value added tax are known for ZZ" in answer.json()["detail"]
    shown = shopper.get("/cart", params=there).json()
    assert (shown["tax_minor"], shown["lines"][0]["tax_rate_bp"]) == (None, None)
    answer = shopper.get("/cart", params={"destination": "Germany"})
    assert (answer.status_code, answer.json()["field"]) == (422, "query.destination")


def test_a_later_version_of_a_rate_leaves_orders_as_they_were(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    _, soap = goods(partner)
    before = placed(shopper, line(soap), destination="PT")
    new = "INSERT INTO tax_rates VALUES ('PT', 'standard', '2011-01-01', 2, 2200, 'a test', '')"
    database.rows(new)
    after = placed(shopper, line(soap), destination="PT")
    assert [taxes(each["lines"]) for each in (before, after)] == [[(2300, 223)], [(2200, 215)]]
    kept = shopper.get(f"/orders/{before['order_id']}").json()
    assert taxes(kept["lines"]) == [(2300, 223)]
    with pytest.raises(Exception, match="append-only"):
        database.rows("UPDATE tax_rates SET rate_bp = 0")


def test_goodwill_returns_and_the_rest_give_back_exactly_the_tax_of_each_line(
    partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    food, soap = goods(partner)
    bought = placed(shopper, line(food, 3), line(soap, 2))
    order_id = bought["order_id"]
    assert [each["tax_minor"] for each in bought["lines"]] == [210, 380]
    delivered(partner, order_id)
    # 333 of 5,590: 191 of the food with 12 of tax, and 142 of the soap with 23 (22.67).
    told = refunded(partner, order_id, 333).json()
    assert told["tax_minor"] == 35
    assert told["lines"] == [
        {"line_number": 1, "amount_minor": 191, "tax_minor": 12},
        {"line_number": 2, "amount_minor": 142, "tax_minor": 23},
    ]
    return_id = approved(partner, shopper, order_id, 2, 1)
    back = received(partner, return_id, (1, 2, 0), (2, 0, 1)).json()["lines"]
    assert [(each["refunded_minor"], each["tax_minor"]) for each in back] == [
        (2140, 140),  # 2,331 of 3,210 so far: 152.49, of which 12 are back
        (1190, 190),  # 1,332 of 2,380 so far: 212.67, of which 23 are back
    ]
    shown = shopper.get(f"/orders/{order_id}").json()
    assert (shown["refunded_minor"], shown["tax_refunded_minor"]) == (3663, 365)
    left = shown["total_minor"] - shown["refunded_minor"]
    assert refunded(partner, order_id, left + 1).status_code == 409
    assert refunded(partner, order_id, left).json()["tax_minor"] == 590 - 365
    shown = shopper.get(f"/orders/{order_id}").json()
    assert (shown["status"], shown["tax_refunded_minor"]) == ("refunded", shown["tax_minor"])
    events = outbox(Topic.ORDERS, order_id)
    told_tax = [each.data.tax_minor for each in events if isinstance(each, OrderRefundedV2)]
    assert told_tax == [35, 330, 225]
    (came_back,) = (
        each for each in outbox(Topic.RETURNS, order_id) if isinstance(each, ReturnReceivedV2)
    )
    assert (came_back.data.refunded_minor, came_back.data.tax_minor) == (3330, 330)
    with pytest.raises(Exception, match="no_more_tax_is_given_back_than_the_line_had"):
        database.rows(
            "UPDATE order_lines SET tax_refunded_minor = tax_minor + 1 WHERE order_id = $1",
            uuid.UUID(order_id),
        )


def test_what_goodwill_has_used_up_is_not_given_back_with_its_tax_again(
    partner: httpx.Client, shopper: httpx.Client, outbox: Outbox
) -> None:
    food, soap = goods(partner)
    order_id = placed(shopper, line(food), line(soap))["order_id"]
    delivered(partner, order_id)
    of_line = {"lines": [{"line_number": 1, "amount_minor": 1000}]}
    assert refunded(partner, order_id, 1000, **of_line).json()["tax_minor"] == 65
    return_id = approved(partner, shopper, order_id, 1)
    back = received(partner, return_id, (1, 1, 0)).json()["lines"][0]
    # The line has 70 left with 5 of tax; the soap bears the rest of what the unit cost.
    assert (back["refunded_minor"], back["tax_minor"]) == (70, 5)
    events = [each for each in outbox(Topic.ORDERS, order_id) if isinstance(each, OrderRefundedV2)]
    borne = [
        (each.line_number, each.amount_minor, each.tax_minor) for each in events[-1].data.lines
    ]
    assert borne == [(1, 70, 5), (2, 1000, 160)]


def test_a_cancellation_gives_back_all_of_the_tax(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    food, soap = goods(partner)
    bought = covered(partner, shopper, food, soap, destination="DE")
    assert refunded(partner, bought["order_id"], 77).status_code == 201
    path = f"/orders/{bought['order_id']}"
    answer = shopper.post(f"{path}/cancel", json={}, headers=key()).json()
    shown = shopper.get(path).json()
    assert shown["tax_refunded_minor"] == shown["tax_minor"] == 260
    assert 260 - answer["tax_minor"] == 9  # 36 of the food with 2, 41 of the soap with 7


def test_refunds_at_once_never_give_back_more_than_the_tax(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    order_id = placed(shopper, *(line(sku) for sku in goods(partner)))["order_id"]
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: refunded(partner, order_id, 226), range(20)))
    made = [answer.json()["tax_minor"] for answer in answers if answer.status_code == 201]
    assert (len(made), sum(made)) == (10, 260)
    noted = "SELECT sum(tax_minor)::bigint FROM refund_lines WHERE order_id = $1"
    assert database.value(noted, uuid.UUID(order_id)) == 260


def test_a_return_is_borne_by_the_lines_that_came_back_and_their_vendors(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    vendors = [new_vendor(), new_vendor()]
    skus = [
        goods_of(partner, vendor, price) for vendor, price in zip(vendors, (100, 900), strict=True)
    ]
    for vendor in vendors:
        rule(partner, 1000, vendor_id=vendor)
    order_id = placed(shopper, line(skus[0], 9), line(skus[1], 2))["order_id"]
    delivered(partner, order_id)
    received(partner, approved(partner, shopper, order_id, 9, 1), (1, 9, 0), (2, 1, 0))
    borne = "SELECT line_number, -amount_minor FROM vendor_ledger WHERE order_id = $1 AND kind = $2"
    rows = database.rows(f"{borne} ORDER BY line_number", uuid.UUID(order_id), "refund")
    assert [tuple(row) for row in rows] == [(1, 900), (2, 900)]


def test_orders_from_before_have_no_tax_and_open_checkouts_go_on(own_stack: Stack) -> None:
    server = own_stack.environment()["DATABASE_URL"]
    url = urlsplit(server)._replace(path=f"/untaxed_{uuid.uuid4().hex[:12]}").geturl()
    asyncio.run(migrate(url))
    asyncio.run(migrate_to(url, "0019"))
    store = Database(url)
    former = example(Topic.ORDERS, "order_completed.v2")["data"]
    names = "checkout_id, owner, state, subject, collects_points, placed, rules, discounts, tenders"
    names = f"{names}, due_minor, opened_at, expires_at, packaging"
    checkout = "$1, 'o', 'open', 's', false, $2, '[]', '[]', '[]', 0, now(), now(), '{}'"
    store.rows(
        f"INSERT INTO checkouts ({names}) VALUES ({checkout})",
        uuid.UUID(former["order_id"]),
        json.dumps(former),
    )
    kept = "SELECT placed FROM checkouts"
    asyncio.run(migrate(url))
    placed_before = OrderV3.model_validate_json(store.value(kept))
    assert (placed_before.destination, placed_before.tax_minor) == ("", None)
    assert [each.tax_rate_bp for each in placed_before.lines] == [None, None]
    asyncio.run(migrate_to(url, "0019"))
    assert json.loads(store.value(kept)) == former
    asyncio.run(migrate(url))
