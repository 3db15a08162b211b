"""What staging cannot use is put aside with its rule, and every event is accounted for."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
import yaml
from clickhouse_connect.driver.client import Client

from pipelines.dbt_command import dbt
from pipelines.manifest import PROJECT_DIR
from tests.model.sql.journey import COLUMNS

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
NOBODY = str(UUID(int=0))
LONG_AGO = datetime(1980, 1, 1, tzinfo=UTC)
RECONCILES = "every_event_is_staged_or_quarantined"
OWN_TESTS = ("--indirect-selection", "cautious")
Change = dict[str, Any]


def _line(**changed: Any) -> dict[str, Any]:
    amounts = {"list_minor": 300, "discount_minor": 50, "total_minor": 250, "tax_minor": 40}
    told = {"line_number": 1, "sku": "A", "quantity": 1, "unit": "each", "tax_rate_bp": 1900}
    return {**told, **amounts, **changed}


GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "order_completed": (
        "orders",
        {
            "order_id": str(UUID(int=7)),
            "store_id": "S1",
            "channel": "web",
            "currency": "EUR",
            "total_minor": 250,
            "tax_minor": 40,
            "risk": "unscored",
            "lines": [_line()],
            "payment": {"method": "card"},
            "delivery": {"mode": "van", "packaging": "none", "distance_km": 1.0},
        },
    ),
    "order_refunded": (
        "orders",
        {
            "refund_id": str(UUID(int=8)),
            "order_id": str(UUID(int=7)),
            "currency": "EUR",
            "amount_minor": 250,
            "reason": "goodwill",
        },
    ),
    "order_cancelled": (
        "orders",
        {
            "order_id": str(UUID(int=7)),
            "reason": "shopper",
            "currency": "EUR",
            "refunded_minor": 250,
        },
    ),
    "coupon_applied": (
        "orders",
        {
            "order_id": str(UUID(int=7)),
            "code": "SPRING-10",
            "currency": "EUR",
            "amount_minor": 50,
            "lines": [{"line_number": 1, "amount_minor": 50}],
        },
    ),
    "products_searched": ("clickstream", {"session_id": "s", "query": "tea", "results": 0}),
}
BROKEN: dict[tuple[str, str], Change] = {
    **{(t, "in_the_future"): {"received_at": NOON - timedelta(hours=2)} for t in GOOD},
    **{(t, "long_ago"): {"occurred_at": LONG_AGO} for t in GOOD},
    **{(t, "unknown_currency"): {"currency": "XXX"} for t in GOOD if GOOD[t][0] == "orders"},
    ("order_completed", "no_id"): {"order_id": NOBODY},
    ("order_completed", "no_lines"): {"lines": [], "total_minor": 0, "tax_minor": None},
    ("order_completed", "negative_quantity"): {"lines": [_line(quantity=-1)]},
    ("order_completed", "negative_amount"): {"lines": [_line(list_minor=200, discount_minor=-50)]},
    ("order_completed", "line_not_adding_up"): {"lines": [_line(discount_minor=49)]},
    ("order_completed", "not_adding_up"): {"total_minor": 251},
    ("order_completed", "tax_not_adding_up"): {"tax_minor": 41},
    ("order_refunded", "no_id"): {"refund_id": NOBODY},
    ("order_refunded", "negative_amount"): {"amount_minor": -1},
    ("order_cancelled", "no_id"): {"order_id": NOBODY},
    ("order_cancelled", "negative_amount"): {"refunded_minor": -1},
    ("coupon_applied", "no_id"): {"order_id": NOBODY},
    ("coupon_applied", "negative_amount"): {"lines": [{"line_number": 1, "amount_minor": -1}]},
    ("coupon_applied", "not_adding_up"): {"amount_minor": 51},
    ("products_searched", "negative_results"): {"results": -1},
    ("products_searched", "position_below_one"): {"position": 0},
}
IDS = {key: UUID(int=1000 + number) for number, key in enumerate(BROKEN)}


def _write(client: Client, type_: str, id_: UUID, change: Change, offset: int = 0) -> None:
    module, data = GOOD.get(type_, ("orders", {}))
    whole: dict[str, Any] = {"occurred_at": NOON, "received_at": NOON, **data, **change}
    times = [whole.pop("occurred_at"), whole.pop("received_at")]
    row = [id_, type_, 1, *times, "s-0123456789", "", orjson.dumps(whole).decode()]
    client.insert(f"raw.{module}", [[*row, f"eco.{module}.v1", 0, offset]], column_names=COLUMNS)


@pytest.fixture(scope="module", autouse=True)
def _built(client: Client, url: str, target: Path) -> None:
    for key, change in BROKEN.items():
        _write(client, key[0], IDS[key], change)
    for number, type_ in enumerate([*GOOD, "order_wrapped", "order_completed"]):
        # The last one is the first again: a producer that got no answer sends it once more.
        _write(client, type_, UUID(int=1 + number % 6), {}, number)
    client.command(
        "INSERT INTO raw.dead_letters (topic, partition, offset, reason, schema_version, payload, "
        f"failed_at) VALUES ('eco.orders.v1', 0, 9, 'no JSON', 1, '{{', '{NOON:%F %T}')"
    )
    dbt(url, target, "build", "--select", "+mart_data_quality", *OWN_TESTS)


def _put_aside(client: Client) -> dict[UUID, str]:
    aside = "SELECT event_id, rule FROM quarantine.quarantined"
    rows = client.query(f"{aside}_orders UNION ALL {aside}_clicks").result_rows
    return {row[0]: row[1] for row in rows}


def test_every_rule_has_its_broken_event() -> None:
    project = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text("utf-8"))
    rules = project["vars"]["quarantine_rules"]
    told = {
        ("products_searched" if t == "click" else t, r["rule"]) for t in rules for r in rules[t]
    }
    assert told == set(BROKEN)


def test_what_breaks_a_rule_is_put_aside_under_it_and_nothing_else_is(client: Client) -> None:
    assert _put_aside(client) == {id_: key[1] for key, id_ in IDS.items()}
    models = ("completed", "refunded", "cancelled", "coupons")
    for id_, model in enumerate(models, start=1):
        staged = client.query(f"SELECT event_id FROM staging.stg_orders__{model}").result_rows
        assert staged == [(UUID(int=id_),)]
    clicks = client.query("SELECT event_id FROM staging.stg_clickstream__clicks").result_rows
    assert clicks == [(UUID(int=5),)]


def test_the_mart_counts_what_arrived_and_what_became_of_it(client: Client) -> None:
    rows = client.query(
        "SELECT source, sum(events), sum(staged), sum(quarantined), sum(duplicates), sum(unread), "
        "sum(dead_letters) FROM marts.mart_data_quality GROUP BY source ORDER BY source"
    ).result_rows
    aside = Counter(GOOD[type_][0] for type_, _ in BROKEN)
    assert rows == [
        ("clickstream", aside["clickstream"] + 1, 1, aside["clickstream"], 0, 0, 0),
        ("orders", aside["orders"] + 6, 4, aside["orders"], 1, 1, 1),
    ]


def test_a_lost_event_is_one_that_the_project_s_test_finds(client: Client, target: Path) -> None:
    compiled = target / "compiled" / "ecomarket" / "tests" / f"{RECONCILES}.sql"
    assert client.query(compiled.read_text("utf-8")).result_rows == []
    lost = "ALTER TABLE marts.mart_data_quality UPDATE staged = 0 WHERE source = 'clickstream'"
    client.command(lost, settings={"mutations_sync": 2})
    ((_, source, *_),) = client.query(
        f"{compiled.read_text('utf-8')} AND day = toDate('{NOON:%F}')"
    ).result_rows
    assert source == "clickstream"


def test_a_day_built_again_after_its_repair_has_nothing_put_aside(
    client: Client, url: str, target: Path
) -> None:
    client.command(
        "ALTER TABLE raw.clickstream DELETE WHERE event_id IN {ids:Array(UUID)}",
        parameters={"ids": list(IDS.values())},
        settings={"mutations_sync": 2},
    )
    day = (NOON.date(), NOON.date() + timedelta(days=1))
    dbt(url, target, "build", "--select", "+mart_data_quality", *OWN_TESTS, days=day)
    left = client.query("SELECT occurred_at FROM quarantine.quarantined_clicks").result_rows
    assert [at.date() for (at,) in left] == [date(1980, 1, 1)]
    (row,) = client.query(
        "SELECT sum(events), sum(staged), sum(quarantined) FROM marts.mart_data_quality "
        "WHERE source = 'clickstream' AND day = {day:Date}",
        parameters={"day": day[0]},
    ).result_rows
    assert row == (1, 1, 0)
