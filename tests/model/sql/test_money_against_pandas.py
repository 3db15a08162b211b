"""The money marts are what plain arithmetic over the same happenings says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from tests.model.sql.journey import After, Journey
from tests.model.sql.money import Money

KEY = ["day", "department", "category", "vendor_id"]
SUMS = [
    *("lines", "units", "list_minor", "discount_minor", "sales_minor", "refunded_minor"),
    *("charged_back_minor", "returned_units", "commissioned_minor", "commission_minor"),
]


@pytest.fixture(scope="module")
def money(happened: Journey) -> Money:
    return Money(happened)


def spread(amount: int, totals: dict[int, int]) -> dict[int, int]:
    """Split an amount by largest remainder."""
    paid = sum(totals.values())
    exact = {line: Fraction(amount * total, paid) for line, total in totals.items() if total}
    parts = {line: int(share) for line, share in exact.items()}
    first = sorted(exact, key=lambda line: (-(exact[line] - parts[line]), line))
    for line in first[: amount - sum(parts.values())]:
        parts[line] += 1
    return parts


def undone(money: Money, cause: str, after: After) -> dict[int, int]:
    """Return by line what bears a refund or chargeback: as booked, and the rest spread."""
    parts: Counter[int] = Counter()
    for booked in money.booked:
        if booked.order is after.order and booked.cause == cause:
            parts[booked.line["line_number"]] -= booked.sale
    totals = {line["line_number"]: line["total_minor"] for line in after.order.lines}
    if rest := after.amount - sum(parts.values()):
        parts.update(spread(rest, totals))
    return dict(parts)


def cells(money: Money) -> Iterator[dict[str, Any]]:
    """Yield everything that adds up to a cell of mart_sales."""
    products = money.happened.products.set_index(
        "CJ" + money.happened.products["product_id"].astype(str)
    )
    split = {order.id for order in money.split}

    def of(order: Any, line: dict[str, Any], day: date, **sums: int) -> dict[str, Any]:
        known = line["sku"] in products.index
        product = products.loc[line["sku"]] if known else None
        category = "UNKNOWN" if product is None else product["product_category"]
        own = order.id in split or not known
        return {
            "day": day,
            "department": "UNKNOWN" if product is None else product["department"],
            "category": category if isinstance(category, str) else "",
            "vendor_id": money.vendor_of(line["sku"]) if own else money.vendors[line["sku"]],
            **sums,
        }

    for order in money.happened.orders:
        for line in order.lines:
            yield of(
                order,
                line,
                order.at.date(),
                lines=1,
                units=1 if line["unit"] == "milli" else line["quantity"],
                list_minor=line["list_minor"],
                discount_minor=line["discount_minor"],
                sales_minor=line["total_minor"],
            )
    for cause, column, afters in (
        ("refund", "refunded_minor", money.happened.refunds),
        ("chargeback", "charged_back_minor", money.happened.disputes),
    ):
        for after in afters:
            for number, minor in undone(money, cause, after).items():
                line = after.order.lines[number - 1]
                yield of(after.order, line, after.at.date(), **{column: minor})
    for booked in money.booked:
        sums = {"commission_minor": booked.commission}
        if booked.vendor:
            sums["commissioned_minor"] = booked.sale
        yield of(booked.order, booked.line, booked.at.date(), **sums)
    for back in money.back:
        milli = back.line["unit"] == "milli"
        units = min(1, back.line["quantity"]) if milli else back.line["quantity"]
        yield of(back.order, back.line, back.at.date(), returned_units=units)


def test_each_cell_of_sales_adds_up(built: Client, money: Money) -> None:
    expected = pd.DataFrame(cells(money)).groupby(KEY)[SUMS].sum().astype(int)
    rows = built.query(
        f"SELECT {', '.join(KEY + SUMS)}, region, channel, currency FROM marts.mart_sales"
    ).result_rows
    assert {tuple(row[:4]): tuple(row[4:14]) for row in rows} == {
        key: tuple(values) for key, values in zip(expected.index, expected.to_numpy(), strict=True)
    }
    assert {tuple(row[14:]) for row in rows} == {("452", "till", "USD")}
    assert (expected[SUMS].sum() > 0).all()


def test_lines_know_their_cost_where_they_were_split_to_a_vendor(
    built: Client, money: Money
) -> None:
    rows = built.query(
        "SELECT order_id, line_number, vendor_id, commission_minor, cost_minor, margin_minor "
        "FROM marts.fct_order_lines WHERE commission_minor IS NOT NULL OR cost_minor IS NOT NULL"
    ).result_rows
    sales = [booked for booked in money.booked if booked.cause == "sale"]
    assert {tuple(row) for row in rows} == {
        (
            sale.order.id,
            sale.line["line_number"],
            sale.vendor,
            sale.commission,
            *((sale.sale - sale.commission, sale.commission) if sale.vendor else (None, None)),
        )
        for sale in sales
    }
    assert {bool(sale.vendor) for sale in sales} == {True, False}


def test_a_vendors_days_have_its_parts_and_its_payouts(built: Client, money: Money) -> None:
    expected: defaultdict[tuple[date, str], Counter[str]] = defaultdict(Counter)
    for booked in money.booked:
        day = expected[booked.at.date(), booked.vendor]
        day[booked.cause] += abs(booked.sale)
        name = "commission" if booked.cause == "sale" else "returned"
        day[name] += abs(booked.commission)
    for type_, at, _, data in money.marketplace():
        if type_ in {"payout_created", "payout_failed"}:
            expected[at.date(), data["vendor_id"]][type_] += data["amount_minor"]
    names = ["sale", "refund", "chargeback", "commission", "returned"]
    names += ["payout_created", "payout_failed"]
    rows = built.query(
        "SELECT booked_on, vendor_id, sales_minor, refunded_minor, charged_back_minor, "
        "commission_minor, commission_returned_minor, paid_out_minor, payout_returned_minor "
        "FROM marts.mart_vendor_sales"
    ).result_rows
    assert {tuple(row[:2]): tuple(row[2:]) for row in rows} == {
        key: tuple(day[name] for name in names) for key, day in expected.items()
    }


def test_a_payout_is_what_became_of_it(built: Client, money: Money) -> None:
    steps: defaultdict[str, set[str]] = defaultdict(set)
    for type_, _, _, data in money.marketplace():
        if type_.startswith("payout_"):
            steps[data["payout_id"]].add(type_.removeprefix("payout_"))
    rows = built.query("SELECT toString(payout_id), state FROM marts.fct_payouts").result_rows
    assert dict(rows) == {  # type: ignore[arg-type]
        payout: (done - {"created"} or {"created"}).pop() for payout, done in steps.items()
    }
    assert {row[1] for row in rows} == {"created", "paid", "failed"}
