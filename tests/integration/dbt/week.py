"""A week of the store as events with ids of their own, to be written in any order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from uuid import UUID, uuid5

import orjson
from clickhouse_connect.driver.client import Client

from tests.model.sql.journey import (
    COLUMNS,
    NAMESPACE,
    Journey,
    Row,
    after_rows,
    click_rows,
    journey,
    order_rows,
    product_rows,
)

MONDAY = date(2017, 12, 18)
END = date(2018, 3, 1)
ALONE = datetime(2018, 1, 10, tzinfo=UTC)
"""A midnight far from everything else, which one session goes over."""
MODULES = ("catalog", "orders", "payments", "clickstream")


@dataclass(frozen=True)
class Told:
    """An event, and the raw table that it belongs into."""

    module: str
    id: UUID
    row: Row


def click(
    at: datetime, session: str, subject: str = "", device: str = "", browser: str = ""
) -> Row:
    """Return a look at a product."""
    data = {
        "session_id": session,
        "anonymous_id": browser or f"a-{session}",
        "device_id": device,
        "derived": False,
        "sku": "CJ1",
        "currency": "USD",
        "price_minor": 199,
        "position": None,
        "slate_id": "",
    }
    return "product_viewed", at, subject, data


def nobodys(at: datetime, agent: str) -> Row:
    """Return a look at a product to whose recording nobody consented."""
    _, _, _, data = click(at, "")
    return "product_viewed", at, "", data | {"anonymous_id": "", "agent": agent}


def _clicks() -> Iterator[Row]:
    start = datetime(MONDAY.year, MONDAY.month, MONDAY.day, tzinfo=UTC)
    for number in range(5 * 24 * 6):
        yield click(start + timedelta(hours=3, minutes=10 * number), "robot")
    for number in range(9):
        yield click(start + timedelta(hours=20, minutes=45 * number), "pauses", "s-p")
        yield click(start + timedelta(hours=22, minutes=29 * number), "night", "", "d-night")
        at = start + timedelta(hours=9 * number)
        yield click(at, f"kiosk-{number}", f"s-kiosk-{number}", "d-kiosk")
        yield click(at + timedelta(days=2), "visits", "", "d-home", "a-home")
        yield click(at + timedelta(days=2), f"{number}", f"s-home-{number % 2}", "", "a-home")
        yield nobodys(at, "browser" if number % 2 else "library")
    yield click(ALONE - timedelta(minutes=10), "alone")
    yield click(ALONE + timedelta(minutes=5), "alone")


def week() -> list[Told]:
    """Return what happened, in the order in which it is made up."""
    whole = journey(every=100)
    days = [MONDAY + timedelta(days=n) for n in range(7)]
    orders = [order for order in whole.orders if order.at.date() in days]
    happened = Journey(
        whole.products,
        orders,
        [after for after in whole.refunds if after.order in orders],
        [after for after in whole.disputes if after.order in orders],
    )
    tables = {"order_refunded": "orders", "payment_disputed": "payments"}
    rows: Iterator[tuple[str, Row]] = chain(
        (("catalog", row) for row in product_rows(happened)),
        (("orders", row) for row in order_rows(orders)),
        (("clickstream", row) for row in click_rows(orders)),
        (("clickstream", row) for row in _clicks()),
        ((tables[row[0]], row) for row in after_rows(happened)),
    )
    return [
        Told(module, uuid5(NAMESPACE, f"week/{number}"), row)
        for number, (module, row) in enumerate(rows)
    ]


def write(client: Client, told: Sequence[Told], batches: int, arrived: int = 0) -> None:
    """Write events to the raw tables in their order, in so many inserts for each table.

    Parameters
    ----------
    arrived
        Messages that were written before.
    """
    for module in MODULES:
        rows = [
            [
                event.id,
                event.row[0],
                1,
                event.row[1],
                event.row[1] + timedelta(seconds=offset % 100),
                event.row[2],
                "",
                orjson.dumps(event.row[3]).decode(),
                f"eco.{module}.v1",
                0,
                offset,
            ]
            for offset, event in enumerate(
                (event for event in told if event.module == module), start=arrived
            )
        ]
        size = max(1, -(-len(rows) // batches))
        for first in range(0, len(rows), size):
            client.insert(f"raw.{module}", rows[first : first + size], column_names=COLUMNS)
