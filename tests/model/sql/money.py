"""What else there is of a journey: vendors' parts, payouts, payments, returns, stock, idle looks.

The store books it of the later orders; those before are history, never split among vendors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import groupby
from typing import Any
from uuid import uuid5

from clickhouse_connect.driver.client import Client

from tests.model.sql.journey import NAMESPACE, After, Journey, Order, Row, insert

SPLIT_FROM = datetime(2017, 11, 1, tzinfo=UTC)
RATE_BP = 1250
LOOKERS = 12
"""Sessions without an order; every fourth is a crawler's, every third has two clicks."""
OWN = "69"
"""The manufacturer whose goods are the store's own."""


@dataclass(frozen=True)
class Booked:
    """A line of a vendor's part; what is undone is below zero."""

    order: Order
    line: dict[str, Any]
    at: datetime
    vendor: str
    cause: str
    cause_id: str
    sale: int
    commission: int


@dataclass(frozen=True)
class Back:
    """A line that came back, whole."""

    order: Order
    line: dict[str, Any]
    at: datetime


class Money:
    """What was booked of a journey."""

    def __init__(self, happened: Journey) -> None:
        self.happened = happened
        products = happened.products
        makers = products["manufacturer_id"].astype(str)
        self.vendors = dict(zip("CJ" + products["product_id"].astype(str), makers, strict=True))

    def vendor_of(self, sku: str) -> str:
        """Return whose a sku is; empty for the store's own."""
        vendor = self.vendors.get(sku, "")
        return "" if vendor == OWN else vendor

    @cached_property
    def split(self) -> list[Order]:
        """Orders that were split among vendors."""
        return [order for order in self.happened.orders if order.at >= SPLIT_FROM]

    @cached_property
    def booked(self) -> list[Booked]:
        """Every line that was booked."""
        found = []
        for order in self.split:
            for line in order.lines:
                vendor, total = self.vendor_of(line["sku"]), line["total_minor"]
                commission = total * RATE_BP // 10_000 if vendor else 0
                found.append(
                    Booked(order, line, order.at, vendor, "sale", str(order.id), total, commission)
                )
        for cause, kind, afters in (
            ("refund", "refund", self.happened.refunds),
            ("chargeback", "dispute", self.happened.disputes),
        ):
            for after in afters:
                if after.order in self.split:
                    found += self._undone(cause, kind, after)
        return found

    def _undone(self, cause: str, kind: str, after: After) -> Iterator[Booked]:
        """Take it from the lines in their order; of a chargeback the last line bears nothing."""
        cause_id = str(uuid5(NAMESPACE, f"{kind}/{after.order.ref}"))
        left = after.amount
        lines = after.order.lines[:-1] if cause == "chargeback" else after.order.lines
        for line in lines:
            taken = min(left, line["total_minor"])
            left -= taken
            if taken:
                vendor = self.vendor_of(line["sku"])
                commission = taken * RATE_BP // 10_000 if vendor else 0
                yield Booked(
                    after.order, line, after.at, vendor, cause, cause_id, -taken, -commission
                )

    @cached_property
    def back(self) -> list[Back]:
        """Every fifth order's first line came back ten days later."""
        return [Back(o, o.lines[0], o.at + timedelta(days=10)) for o in self.split[::5]]

    def marketplace(self) -> Iterator[Row]:
        """Yield vendors' parts, and a payout of each vendor by month, of which some fail."""

        def of(part: Booked) -> tuple[str, str]:
            return part.cause_id, part.vendor

        for (cause_id, vendor), group in groupby(sorted(self.booked, key=of), key=of):
            parts = list(group)
            first = parts[0]
            sign = 1 if first.cause == "sale" else -1
            data = {
                "order_id": str(first.order.id),
                "vendor_id": vendor,
                "currency": "USD",
                "sale_minor": sign * sum(part.sale for part in parts),
                "commission_minor": sign * sum(part.commission for part in parts),
                "lines": [
                    {
                        "line_number": part.line["line_number"],
                        "sale_minor": sign * part.sale,
                        "commission_minor": sign * part.commission,
                        **({"rule_id": None, "rate_bp": RATE_BP} if sign > 0 else {}),
                    }
                    for part in parts
                ],
            }
            if sign > 0:
                yield "commission_charged", first.at, "", data
            else:
                told = {"cause": first.cause, "cause_id": cause_id}
                yield "commission_reversed", first.at, "", data | told
        yield from self._payouts()

    def _payouts(self) -> Iterator[Row]:
        vendors = sorted({part.vendor for part in self.booked} - {""})
        for number, vendor in enumerate(vendors):
            at = datetime.combine(date(2018, 1, 2), time(9), UTC) + timedelta(days=number % 9)
            data = {
                "payout_id": str(uuid5(NAMESPACE, f"payout/{vendor}")),
                "run_id": str(uuid5(NAMESPACE, f"run/{number % 9}")),
                "vendor_id": vendor,
                "currency": "USD",
                "amount_minor": 100 + number,
            }
            yield "payout_created", at, "", data
            if number % 4:
                step = "payout_failed" if number % 4 == 1 else "payout_paid"
                yield step, at + timedelta(days=number % 3, hours=1), "", data

    def payments(self) -> Iterator[Row]:
        """Yield what the provider did about orders with a card; it refuses every seventh."""
        for number, order in enumerate(o for o in self.split if o.card):
            data = {
                "checkout_id": str(order.id),
                "currency": "USD",
                "amount_minor": order.total,
                "outcome": "captured" if number % 7 else "refused",
            }
            yield "payment_settled", order.at + timedelta(minutes=1), order.subject, data

    def returns(self) -> Iterator[Row]:
        """Yield what came back."""
        for back in self.back:
            line = {name: back.line[name] for name in ("line_number", "sku")}
            amounts = {name: back.line[name] for name in ("list_minor", "discount_minor")}
            told = {"restocked": back.line["quantity"], "written_off": 0}
            data = {
                "return_id": str(uuid5(NAMESPACE, f"return/{back.order.ref}")),
                "order_id": str(back.order.id),
                "lines": [line | told | amounts],
            }
            yield "return_received", back.at, back.order.subject, data


def looks() -> Iterator[Row]:
    """Yield the clicks of those who buy nothing."""
    for number in range(LOOKERS):
        data = {
            "session_id": f"look-{number}",
            "anonymous_id": f"a-look-{number}",
            "device_id": f"d-look-{number}",
            "derived": False,
            "sku": "CJ1",
            "currency": "USD",
            "price_minor": 199,
            "position": None,
            "slate_id": "",
            "agent": "browser" if number % 4 else "declared_bot",
        }
        at = datetime(2017, 12, 5, 9, tzinfo=UTC) + timedelta(hours=number)
        yield "product_viewed", at, "", data
        if number % 3 == 0:
            yield "product_viewed", at + timedelta(minutes=2), "", data


def stock() -> Iterator[Row]:
    """Yield what came and went of two skus, of which one is sold out on two days."""
    for sku, deltas in {"CJ1": (5, -2, 4), "CJ2": (3, -3, 6, -6)}.items():
        left = 0
        for number, delta in enumerate(deltas):
            left += delta
            data = {
                "reason": "receipt" if delta > 0 else "order",
                "reference": "",
                "movements": [{"sku": sku, "delta": delta, "on_hand": left}],
            }
            at = datetime(2017, 12, 5 + number, 9, int(sku[2:]), tzinfo=UTC)
            yield "stock_changed", at, "", data


def load_money(
    client: Client, happened: Journey, since: date = date.min, until: date = date.max
) -> Money:
    """Write what was booked on the days ``[since, until)``."""
    money = Money(happened)

    def within(rows: Iterator[Row]) -> Iterator[Row]:
        return (row for row in rows if since <= row[1].date() < until)

    insert(client, "marketplace", within(money.marketplace()))
    insert(client, "payments", within(money.payments()))
    insert(client, "returns", within(money.returns()))
    insert(client, "clickstream", within(looks()))
    return money
