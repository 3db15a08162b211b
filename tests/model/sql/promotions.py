"""Promotion codes of a journey: around Thanksgiving, of a department, and without an end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clickhouse_connect.driver.client import Client

from tests.model.sql.journey import Journey, Order, Row, insert

EVERY = 3
"""Of the orders that could use a code, one in so many does."""


@dataclass(frozen=True)
class Code:
    """A promotion code; ``ends`` is None if it holds for good."""

    name: str
    department: str
    starts: datetime
    ends: datetime | None

    def holds(self, at: datetime) -> bool:
        """Tell whether it can be used at an instant."""
        return self.starts <= at and (self.ends is None or at < self.ends)


CODES = (
    Code("FEAST-5", "", datetime(2017, 11, 21, 6, tzinfo=UTC), datetime(2017, 11, 24, tzinfo=UTC)),
    Code(
        "GROCER-1",
        "GROCERY",
        datetime(2017, 12, 18, 12, tzinfo=UTC),
        datetime(2017, 12, 23, 6, tzinfo=UTC),
    ),
    Code("FOREVER", "", datetime(2017, 12, 21, tzinfo=UTC), None),
)


@dataclass(frozen=True)
class Used:
    """A code of an order, with what it took off the lines."""

    code: Code
    order: Order
    lines: dict[int, int]


class Promotions:
    """What was promoted in a journey, and who used it."""

    def __init__(self, happened: Journey) -> None:
        products = happened.products
        skus = "CJ" + products["product_id"].astype(str)
        self._departments = dict(zip(skus, products["department"], strict=True))
        self.used = [
            Used(code, order, self._taken(code, order))
            for code in CODES
            for order in [o for o in happened.orders if code.holds(o.at)][::EVERY]
        ]

    def department_of(self, sku: str) -> str:
        """Return the department of a sku."""
        return str(self._departments.get(sku, "UNKNOWN"))

    def covers(self, code: Code, line: dict[str, Any]) -> bool:
        """Tell whether a code is for a line."""
        return code.department in ("", self.department_of(line["sku"]))

    def _taken(self, code: Code, order: Order) -> dict[int, int]:
        return {
            line["line_number"]: line["discount_minor"]
            for line in order.lines
            if line["discount_minor"] and self.covers(code, line)
        }

    def catalog(self) -> Iterator[Row]:
        """Yield the codes, created in an order that is not that of their start."""
        for code in reversed(CODES):
            ends = code.ends.isoformat() if code.ends else None
            held = {"starts_at": code.starts.isoformat(), "ends_at": ends}
            terms = {"kind": "amount", "value": 100, "currency": "USD"}
            told = {"code": code.name, "department": code.department, **terms, **held}
            yield "promotion_created", datetime(2017, 11, 1, tzinfo=UTC), "", told

    def coupons(self) -> Iterator[Row]:
        """Yield what was used."""
        for used in self.used:
            lines = [{"line_number": n, "amount_minor": minor} for n, minor in used.lines.items()]
            data = {
                "order_id": str(used.order.id),
                "code": used.code.name,
                "currency": "USD",
                "amount_minor": sum(used.lines.values()),
                "lines": lines,
            }
            yield "coupon_applied", used.order.at, used.order.subject, data


def load_promotions(client: Client, happened: Journey) -> None:
    """Write the codes and their uses."""
    promotions = Promotions(happened)
    insert(client, "catalog", promotions.catalog())
    insert(client, "orders", promotions.coupons())
