"""How long an order takes from the store to the screen of *Today*."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx
import orjson
from clickhouse_connect.driver.client import Client
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as TooLateError

from deploy.bi.screenshots import TILE, PageError, open_board

BOARD, COUNTED = "today", "Orders so far"
WITHIN_MS = 60_000
_WATCH = """(tile) => {
    const before = tile.innerText;
    window.changedAt = null;
    new MutationObserver((_, observer) => {
        if (/\\d/.test(tile.innerText) && tile.innerText !== before) {
            window.changedAt = Date.now();
            observer.disconnect();
        }
    }).observe(tile, {subtree: true, childList: true, characterData: true});
}"""
_INGESTED = """
SELECT toUnixTimestamp64Milli(min(ingested_at)) FROM raw.orders
WHERE type = 'order_completed' AND JSONExtractString(data, 'order_id') = {order:String}
"""
_LATEST = """
SELECT data FROM raw.orders WHERE type = 'order_completed'
ORDER BY type DESC, occurred_at DESC LIMIT 20
"""

PARTS = {"the answer": "answered_s", "the warehouse": "warehouse_s", "the screen": "screen_s"}

Place = Callable[[], str]
"""Places an order, and returns its id."""


class NothingToRepeatError(Exception):
    """The warehouse has no order after whose likeness another could be placed."""


@dataclass(frozen=True)
class Taken:
    """Seconds from an order's sending to the answer, to the warehouse, and to the screen."""

    answered_s: float
    warehouse_s: float
    screen_s: float


def placing(store: httpx.Client, warehouse: Client) -> Place:
    """Return what places an order of one piece of what was bought latest.

    Parameters
    ----------
    store
        The storefront, with a partner's credential.
    warehouse
        Where the latest orders are.

    Raises
    ------
    NothingToRepeatError
        If there is none with anything that is sold by the piece.
    """
    orders = (orjson.loads(row[0]) for row in warehouse.query(_LATEST).result_rows)
    likes = [(order, line) for order in orders for line in order["lines"] if line["unit"] == "each"]
    if not likes:
        raise NothingToRepeatError("raw.orders has no order with anything sold by the piece")
    body = _body(*likes[0])

    def place() -> str:
        head = {"Idempotency-Key": uuid.uuid4().hex}
        answer = store.post("/orders", json=body, headers=head).raise_for_status().json()
        return str(answer["order_id"])

    return place


def _body(order: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "store_id": order["store_id"],
        "channel": order["channel"],
        "currency": order["currency"],
        "subject": f"latency-{uuid.uuid4().hex[:12]}",
        "lines": [{"sku": line["sku"], "quantity": 1}],
        "payment": {"method": "cash", "fingerprint": "", "country": ""},
        "delivery": order["delivery"],
    }


def measure(
    page: Page, charts: int, place: Place, warehouse: Client, orders: int
) -> Iterator[Taken]:
    """Place one order after another, and yield how long each took to be seen.

    Parameters
    ----------
    page
        In which somebody is signed in.
    charts
        How many the dashboard has.
    place
        See `placing`.
    warehouse
        Where its arrival is read.
    orders
        How many.

    Raises
    ------
    PageError
        If an order is not on the screen within a minute.
    """
    open_board(page, BOARD, charts)
    tile = page.locator(TILE).filter(has_text=COUNTED)
    for _ in range(orders):
        tile.evaluate(_WATCH)
        sent = time.time()
        order = place()
        answered = time.time()
        try:
            page.wait_for_function("() => window.changedAt", timeout=WITHIN_MS)
        except TooLateError as error:
            raise PageError(
                f"{COUNTED}: {order} is not seen in {WITHIN_MS / 1000:.0f} s"
            ) from error
        seen: float = page.evaluate("window.changedAt") / 1000
        [[ingested_ms]] = warehouse.query(_INGESTED, parameters={"order": order}).result_rows
        yield Taken(answered - sent, ingested_ms / 1000 - sent, seen - sent)


def summary(found: Sequence[Taken]) -> dict[str, Any]:
    """Return what commands tell of measured orders: seconds, and how busy the machine was."""
    seconds = {}
    for name, field in PARTS.items():
        taken = [getattr(one, field) for one in found]
        seconds[name] = {"median": median(taken), "least": min(taken), "most": max(taken)}
    return {"orders": len(found), "load": os.getloadavg()[0], "seconds": seconds}
