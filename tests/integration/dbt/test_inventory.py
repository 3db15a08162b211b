"""Stock that goes, runs out, comes back and grows old, beside a ledger kept by hand."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from pipelines.dbt_command import dbt
from tests.model.sql.journey import COLUMNS

START = datetime(2026, 1, 1, tzinfo=UTC)
END = date(2026, 9, 1)
MARTS = ("fct_stock_days", "fct_stock_outs", "mart_inventory_health")
Entry = tuple[datetime, str, str, int, int]
"""When, sku, reason, delta and the units after it."""
NOON = START + timedelta(days=9, hours=12)
RACE: list[Entry] = [
    (START, "RACE", "receipt", 10, 10),
    (NOON, "RACE", "order", -2, 6),
    (NOON + timedelta(milliseconds=2), "RACE", "order", -2, 8),
]
"""The order that was told first was booked last."""


def _ledger(source: random.Random, skus: int) -> list[Entry]:
    """Return what happened to so many skus, each with a history of its own."""
    entries: list[Entry] = []
    for number in range(skus):
        at, on_hand = START + timedelta(hours=source.randrange(48)), 0
        while at.date() < END - timedelta(days=1):
            kind = source.choices(("order", "receipt", "return", "adjustment"), (12, 3, 1, 1))[0]
            delta = {
                "order": -source.randint(1, 4),
                "receipt": source.randint(3, 12),
                "return": 1,
                "adjustment": source.choice((-1, 1)),
            }[kind]
            delta = max(delta, -on_hand)
            if delta:
                on_hand += delta
                entries.append((at, f"I{number}", kind, delta, on_hand))
            at += timedelta(minutes=source.randrange(1, 60 * 24 * 6))
    return sorted(entries)


def _rows(entries: Sequence[Entry], first: int = 0) -> list[list[object]]:
    rows: list[list[object]] = []
    for number, (at, sku, reason, delta, on_hand) in enumerate(entries, first):
        data = {
            "reason": reason,
            "reference": "",
            "movements": [{"sku": sku, "delta": delta, "on_hand": on_hand}],
        }
        row = [UUID(int=number), "stock_changed", 1, at, at, "", "", orjson.dumps(data).decode()]
        rows.append([*row, "eco.inventory.v1", 0, number])
    return rows


@pytest.fixture(scope="module")
def entries(url: str, client: Client, target: Path) -> list[Entry]:
    told = _ledger(random.Random(11), 40)
    client.insert("raw.inventory", _rows(told), column_names=COLUMNS)
    product = {
        "sku": "I0", "product_id": "P", "name": "n", "vendor_id": "V", "brand": "",
        "department": "D", "category": "C", "product_type": "", "package_size": "",
        "mass_grams": 10, "unit": "each", "currency": "USD", "list_price_minor": 250,
    }  # fmt: skip
    stated = [uuid4(), "product_created", 1, START, START, "", "", orjson.dumps(product).decode()]
    client.insert("raw.catalog", [[*stated, "eco.catalog.v1", 0, 0]], column_names=COLUMNS)
    client.insert("raw.inventory", _rows(RACE, first=10**6), column_names=COLUMNS)
    days = START.date(), END
    wanted = (*(f"+{mart}" for mart in MARTS), "--indirect-selection", "cautious")
    dbt(url, target, "build", "--select", *wanted, days=days)
    return told


def test_days_add_up_to_the_ledger(client: Client, entries: list[Entry]) -> None:
    found = client.query_df("SELECT * FROM marts.fct_stock_days WHERE sku != 'RACE'")
    expected = len({(at.date(), sku) for at, sku, *_ in entries})
    assert len(found) == expected
    last = {sku: on_hand for _, sku, _, _, on_hand in entries}
    assert found.groupby("sku")["change_units"].sum().to_dict() == last
    sold = sum(-delta for _, _, reason, delta, _ in entries if reason == "order")
    assert found["sold_units"].sum() == sold


def test_what_is_there_does_not_hang_on_the_order_in_which_orders_are_told(
    client: Client, entries: list[Entry]
) -> None:
    assert entries
    now = "SELECT on_hand_units FROM marts.mart_inventory_health WHERE sku = 'RACE'"
    assert client.query(now).result_rows == [(6,)]


def test_each_time_without_stock_is_one_row_with_its_length(
    client: Client, entries: list[Entry]
) -> None:
    histories: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        histories[entry[1]].append(entry)
    end = datetime.combine(END, datetime.min.time(), UTC)
    expected = {}
    for sku, history in histories.items():
        for entry, after in zip(history, [*history[1:], None], strict=True):
            if entry[4] == 0:
                until = after[0] if after else end
                expected[sku, entry[0]] = (until - entry[0]) / timedelta(days=1)
    rows = client.query("SELECT sku, began_at, days_out FROM marts.fct_stock_outs").result_rows
    found = {(sku, began.replace(tzinfo=UTC)): days for sku, began, days in rows}
    assert expected
    assert found == pytest.approx(expected, abs=1e-3)


def test_what_is_lost_is_what_sold_before_for_as_long_as_there_was_none(
    client: Client, entries: list[Entry]
) -> None:
    (row, *_) = client.query(
        "SELECT began_at, days_out, lost_units, lost_sales_minor FROM marts.fct_stock_outs "
        "WHERE sku = 'I0' ORDER BY began_at DESC"
    ).result_rows
    began = row[0].replace(tzinfo=UTC)
    since = began - timedelta(days=28)
    sold = sum(
        -delta
        for at, sku, reason, delta, _ in entries
        if sku == "I0" and reason == "order" and since < at <= began
    )
    assert row[2] == pytest.approx(sold / 28 * row[1])
    assert row[3] == round(row[2] * 250)


def test_what_is_left_is_of_the_latest_receipts(client: Client, entries: list[Entry]) -> None:
    shelves: dict[str, deque[date]] = defaultdict(deque)
    for at, sku, _, delta, _ in entries:
        if delta > 0:
            shelves[sku].extend([at.date()] * delta)
        for _ in range(-delta):
            shelves[sku].popleft()
    limits = (30, 90, 180)
    for sku, *counted in client.query(
        "SELECT sku, units_to_30_days, units_to_90_days, units_to_180_days, units_older, "
        "on_hand_units FROM marts.mart_inventory_health WHERE sku != 'RACE'"
    ).result_rows:
        ages = [(END - came).days for came in shelves[sku]]
        bounds = [(-1, limits[0]), *zip(limits, (*limits[1:], 10**6), strict=True)]
        expected = [sum(low < age <= high for age in ages) for low, high in bounds]
        assert counted == [*expected, len(ages)], sku
