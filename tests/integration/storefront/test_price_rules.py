"""Price rules and tiers as shoppers meet them: quoted, kept by the checkout, told by the order."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from tests.integration.storefront.accounting import customer, gift_card
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import Outbox, completed, opened, stock
from tests.integration.storefront.test_promotions import create
from tests.integration.storefront.tills import stated


def new_rule(partner: httpx.Client, **wanted: Any) -> dict[str, Any]:
    """Create a version of a rule, a tenth off a sku unless it says otherwise."""
    body = {
        "rule_id": f"r-{uuid.uuid4().hex[:12]}",
        "kind": "percent",
        "value": 1000,
        "scope": "sku",
        "source": "the tests",
        **wanted,
    }
    answer = partner.post("/price-rules", json=body, headers=key())
    assert answer.status_code == 201, answer.text
    rule: dict[str, Any] = answer.json()
    return rule


def price(client: httpx.Client, sku: str, quantity: int = 1, **changed: Any) -> int:
    """Return what an order of a sku costs."""
    answer = stated(client, order(line(sku, quantity), **changed))
    assert answer.status_code == 201, answer.text
    return int(answer.json()["total_minor"])


def steps(answer: dict[str, Any]) -> list[list[tuple[str, str, int]]]:
    """Return kind, id and amount of each line's steps."""
    lines = answer["explanation"]
    return [[(s["kind"], s["id"], s["amount_minor"]) for s in each["steps"]] for each in lines]


def test_quote_checkout_and_order_explain_the_same_price(
    partner: httpx.Client, shopper: httpx.Client, people: People, database: Database, outbox: Outbox
) -> None:
    customer(shopper, people)
    one, two = new_sku(partner, list_price_minor=1000), new_sku(partner, list_price_minor=500)
    rule = new_rule(partner, target=one)
    code = create(partner, kind="percent", value=2000)
    card, account = gift_card(partner, 5000)
    wanted: dict[str, Any] = {"promotion_codes": [code], "gift_cards": [card]}
    for sku in (one, two):
        shopper.put(f"/cart/lines/{sku}", json={"quantity": 1, "saved": False})
    quote = shopper.post("/quotes", json=wanted).json()
    giftcard_id = account.split("/")[1]
    assert steps(quote) == [
        [("rule", rule["rule_id"], 100), ("code", code, 180), ("gift_card", giftcard_id, 720)],
        [("code", code, 100), ("gift_card", giftcard_id, 400)],
    ]
    assert (quote["total_minor"], quote["due_minor"]) == (1120, 0)
    assert stock(database, one) == (100, 0)
    checkout = opened(shopper, **wanted)
    assert checkout["explanation"] == quote["explanation"]
    assert completed(shopper, checkout).status_code == 200
    placed = shopper.get(f"/orders/{checkout['checkout_id']}").json()
    assert placed["explanation"] == quote["explanation"]
    assert [each["discount_minor"] for each in placed["lines"]] == [280, 100]
    event: Any = outbox(Topic.PRICING, rule["rule_id"])[0]
    assert (event.type, event.data.rule_version) == ("price_rule_created", 1)


@pytest.mark.parametrize(
    ("scope", "name"),
    [("vendor", "vendor_id"), ("category", "category"), ("department", "department")],
)
def test_a_rule_is_for_what_its_scope_names(
    partner: httpx.Client, shopper: httpx.Client, scope: str, name: str
) -> None:
    target = f"T-{uuid.uuid4().hex[:8]}"
    inside, outside = new_sku(partner, **{name: target}), new_sku(partner)
    new_rule(partner, scope=scope, target=target, kind="amount", value=50, currency="USD")
    assert [price(shopper, sku) for sku in (inside, outside)] == [200, 250]
    # The same word in another place is something else.
    field = "category" if name != "category" else "department"
    assert price(shopper, new_sku(partner, **{field: target})) == 250


def test_an_amount_is_for_its_currency(partner: httpx.Client, shopper: httpx.Client) -> None:
    euros = new_sku(partner, currency="EUR")
    new_rule(partner, target=euros, kind="price", value=1, currency="USD")
    assert price(shopper, euros, currency="EUR") == 250


def test_a_new_version_replaces_the_old_one_and_may_take_the_rule_back(
    partner: httpx.Client, shopper: httpx.Client, outbox: Outbox
) -> None:
    sku = new_sku(partner)
    first = new_rule(partner, target=sku, value=4000)
    same = {"target": sku, "rule_id": first["rule_id"]}
    assert price(shopper, sku) == 150
    second = new_rule(partner, **same, value=2000)
    assert (second["version"], price(shopper, sku)) == (2, 200)
    later = datetime.now(UTC) + timedelta(days=1)
    new_rule(partner, **same, value=9000, starts_at=later.isoformat())
    assert price(shopper, sku) == 200
    now = datetime.now(UTC).isoformat()
    new_rule(partner, **same, starts_at=now, ends_at=now)
    assert price(shopper, sku) == 250
    path = f"/price-rules/{first['rule_id']}"
    versions = partner.get(path).json()["versions"]
    assert [version["value"] for version in versions] == [4000, 2000, 9000, 1000]
    told = [event.type for event in outbox(Topic.PRICING, first["rule_id"])]
    assert told == ["price_rule_created"] + ["price_changed"] * 3
    assert shopper.get(path).status_code == 403
    assert partner.get("/price-rules/none").status_code == 404


def test_a_partner_s_stated_money_is_left_alone_and_explained(partner: httpx.Client) -> None:
    sku = new_sku(partner)
    rule = new_rule(partner, target=sku)
    stated = line(sku, 1, list_minor=900, discount_minor=40)
    body = order(stated, line(sku), subject="s-1")
    placed = partner.post("/orders", json=body, headers=key()).json()
    assert steps(placed) == [[("stated", "", 40)], [("rule", rule["rule_id"], 25)]]
    assert partner.get(f"/orders/{placed['order_id']}").json() == placed


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"value": 10_001}, "at most 10000 basis points"),
        ({"kind": "price"}, "an amount has one"),
        ({"target": ""}, "names what the scope says"),
        ({"scope": "all"}, "names what the scope says"),
        (
            {"starts_at": "2030-01-02T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"},
            "must not be earlier than its start",
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    partner: httpx.Client, changed: dict[str, Any], rule: str
) -> None:
    body = {
        "rule_id": "nonsense",
        "kind": "percent",
        "value": 1,
        "scope": "sku",
        "target": "A",
        "source": "the tests",
        **changed,
    }
    refused = partner.post("/price-rules", json=body, headers=key())
    assert refused.status_code == 422
    assert rule in refused.json()["detail"]


def test_a_quote_needs_something_to_buy_and_points_a_customer(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    assert shopper.post("/quotes", json={}).status_code == 422
    assert shopper.post("/quotes", json={"points": 1}).status_code == 403
