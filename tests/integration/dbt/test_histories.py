"""Prices and vendors' states with the instants between which they held, and vendors' scorecards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from pipelines.dbt_command import dbt
from tests.model.sql.journey import COLUMNS

AT = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 5, 9, 12)]
PRICES = (500, 500, 450, 500)
STATES = ("submitted", "under_review", "under_review", "approved")
TYPES = ("vendor_applied", "vendor_review_moved", "vendor_review_moved", "vendor_approved")
ORDERS = [str(UUID(int=number)) for number in (201, 202, 203)]
REVIEWS = [str(UUID(int=number)) for number in (301, 302)]


def _sale(order: str) -> tuple[str, str, dict[str, object]]:
    sale = {"order_id": order, "vendor_id": "V1", "currency": "EUR", "lines": []}
    return "marketplace", "commission_charged", {**sale, "sale_minor": 500, "commission_minor": 50}


def _review(kind: str, number: int, rating: int, state: str) -> tuple[str, str, dict[str, object]]:
    told = {"review_id": REVIEWS[number], "order_id": ORDERS[number], "vendor_id": "V1"}
    return "social", kind, {**told, "product_id": "P", "rating": rating, "state": state}


OUTCOMES: list[tuple[str, str, dict[str, object]]] = [
    *map(_sale, ORDERS),
    (
        "fulfilment",
        "shipment_status_changed",
        {
            "shipment_id": ORDERS[0],
            "order_id": ORDERS[0],
            "carrier": "c",
            "before": "created",
            "status": "in_transit",
            "seconds_since_order": 7200,
        },
    ),
    (
        "returns",
        "return_received",
        {
            "return_id": ORDERS[0],
            "order_id": ORDERS[0],
            "lines": [{"line_number": 1, "sku": "H1", "restocked": 1, "written_off": 0}],
        },
    ),
    ("orders", "order_cancelled", {"order_id": ORDERS[1], "reason": "shopper", "currency": "EUR"}),
    ("payments", "payment_disputed", {"order_id": ORDERS[2], "reason": "fraudulent"}),
    _review("review_posted", 0, 3, "published"),
    _review("review_edited", 0, 5, "published"),
    _review("review_posted", 1, 1, "published"),
    (
        "social",
        "review_moderated",
        {"review_id": REVIEWS[1], "product_id": "P", "rating": 1, "decision": "rejected"},
    ),
]
"""Three orders: shipped, reviewed twice and returned; cancelled, its review rejected; disputed."""


@pytest.fixture(scope="module", autouse=True)
def _built(url: str, client: Client, target: Path) -> None:
    """Write four statements of a price and of a vendor, the last ones first."""
    for number, at in reversed(list(enumerate(AT))):
        product = {
            "sku": "H1",
            "unit": "each",
            "list_price_minor": PRICES[number],
            "vendor_id": "V1",
        }
        vendor = {"vendor_id": "V1", "state": STATES[number], "country": "FR"}
        kind = "product_updated" if number else "product_created"
        for module, type_, data in (
            ("catalog", kind, product),
            ("marketplace", TYPES[number], vendor),
        ):
            told = at + timedelta(seconds=number)
            row = [UUID(int=number), type_, 1, told, told, "", "", orjson.dumps(data).decode()]
            client.insert(
                f"raw.{module}", [[*row, f"eco.{module}.v1", 0, number]], column_names=COLUMNS
            )
    for number, (module, type_, data) in enumerate(OUTCOMES):
        at = AT[0] + timedelta(hours=1 + number)
        row = [UUID(int=100 + number), type_, 1, at, at, "", "", orjson.dumps(data).decode()]
        client.insert(
            f"raw.{module}", [[*row, f"eco.{module}.v1", 0, number]], column_names=COLUMNS
        )
    marts = ("dim_prices", "dim_vendors", "mart_vendor_scorecard")
    dbt(url, target, "run", "--select", *(f"+{mart}" for mart in marts))
    dbt(url, target, "test", "--select", *marts, "stg_social__reviews", "stg_marketplace__vendors")


def test_a_price_holds_until_another_one(client: Client) -> None:
    rows = client.query(
        "SELECT list_price_minor, change_minor, toDate(valid_from), toDate(valid_to) "
        "FROM marts.dim_prices ORDER BY valid_from"
    ).result_rows
    days = [at.date() for at in AT]
    assert rows == [
        (500, None, days[0], days[2]),
        (450, -50, days[2], days[3]),
        (500, 50, days[3], None),
    ]


def test_a_vendor_is_in_one_state_at_any_time(client: Client) -> None:
    rows = client.query(
        "SELECT state, toDate(valid_from), toDate(valid_to), is_current "
        "FROM marts.dim_vendors ORDER BY valid_from"
    ).result_rows
    days = [at.date() for at in AT]
    assert rows == [
        ("submitted", days[0], days[1], 0),
        ("under_review", days[1], days[3], 0),
        ("approved", days[3], None, 1),
    ]


def test_a_vendor_is_judged_by_what_became_of_its_orders(client: Client) -> None:
    (row,) = client.query(
        "SELECT * EXCEPT placed_month FROM marts.mart_vendor_scorecard"
    ).result_rows
    assert row == ("V1", 3, 1, 1, 1, 1, 7200, 1, 5)
