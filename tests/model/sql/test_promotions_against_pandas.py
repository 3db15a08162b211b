"""What promotions brought is what plain arithmetic over the same happenings says."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from tests.model.sql.journey import Journey
from tests.model.sql.money import Money
from tests.model.sql.promotions import CODES, Code, Promotions

DAY = timedelta(days=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _hours(code: Code, day: date) -> float:
    begin, end = _midnight(day), _midnight(day + DAY)
    held = min(end, code.ends or end) - max(begin, code.starts)
    return max(0.0, held / timedelta(hours=1))


class Days:
    """Orders, sales and known margin by day, of the lines that a code is for."""

    def __init__(self, happened: Journey, promotions: Promotions) -> None:
        self.first = min(order.at.date() for order in happened.orders)
        self.last = max(order.at.date() for order in happened.orders)
        commissions = {
            (booked.order.id, booked.line["line_number"]): booked.commission
            for booked in Money(happened).booked
            if booked.cause == "sale" and booked.vendor
        }
        self.orders: dict[Code, dict[date, set[Any]]] = {c: defaultdict(set) for c in CODES}
        self.sales: dict[Code, Counter[date]] = {code: Counter() for code in CODES}
        self.margins: dict[Code, dict[date, int]] = {code: {} for code in CODES}
        for order in happened.orders:
            day = order.at.date()
            for line in order.lines:
                margin = commissions.get((order.id, line["line_number"]))
                for code in CODES:
                    if not promotions.covers(code, line):
                        continue
                    self.orders[code][day].add(order.id)
                    self.sales[code][day] += line["total_minor"]
                    if margin is not None:
                        self.margins[code][day] = self.margins[code].get(day, 0) + margin

    def margin(self, code: Code, day: date) -> int | None:
        """Return a day's margin: 0 without lines, None where it is known of none of them."""
        return self.margins[code].get(day) if self.orders[code][day] else 0


def _others(code: Code, day: date) -> int:
    """Return how many codes held on a day for lines that this one is for."""
    return sum(
        1
        for other in CODES
        if other is not code
        and _hours(other, day) > 0
        and (code.department == other.department or "" in (code.department, other.department))
    )


def _row(code: Code, day: date, days: Days, promotions: Promotions) -> dict[str, Any]:
    weekdays = [day - week * 7 * DAY for week in range(1, 9)]
    free = [
        d for d in weekdays if d >= days.first and not _others(code, d) and _hours(code, d) <= 0
    ]
    known = len(free) >= 2
    margins = [days.margin(code, d) for d in free]
    orders, sales = len(days.orders[code][day]), days.sales[code][day]
    base_orders = median(len(days.orders[code][d]) for d in free) if known else None
    base_sales = median(days.sales[code][d] for d in free) if known else None
    told = [m for m in margins if m is not None]
    base_margin = median(told) if known and len(told) == len(free) else None
    margin = days.margin(code, day)
    used = [u for u in promotions.used if u.code is code and u.order.at.date() == day]
    lines = [(u, x) for u in used for x in u.order.lines if promotions.covers(code, x)]
    return {
        "code": code.name,
        "day": day,
        "hours": _hours(code, day),
        "other_codes": _others(code, day),
        "orders": orders,
        "sales_minor": sales,
        "margin_minor": margin,
        "orders_with_code": len({u.order.id for u, _ in lines}),
        "sales_with_code_minor": sum(line["total_minor"] for _, line in lines),
        "discount_minor": sum(sum(u.lines.values()) for u in used),
        "baseline_days": len(free),
        "baseline_orders": base_orders,
        "baseline_sales_minor": base_sales,
        "baseline_margin_minor": base_margin,
        "uplift_orders": None if base_orders is None else orders - base_orders,
        "uplift_sales_minor": None if base_sales is None else sales - base_sales,
        "uplift_margin_minor": (
            None if base_margin is None or margin is None else margin - base_margin
        ),
    }


def _values(column: pd.Series) -> list[object]:
    return [None if pd.isna(each) else each for each in column.tolist()]


@pytest.fixture(scope="module")
def expected(happened: Journey) -> pd.DataFrame:
    promotions = Promotions(happened)
    days = Days(happened, promotions)
    span = pd.date_range(days.first, days.last).date
    return pd.DataFrame(
        [
            _row(code, day, days, promotions)
            for code in sorted(CODES, key=lambda c: c.name)
            for day in span
            if _hours(code, day) > 0
        ]
    )


def test_uplift_is_the_day_less_the_median_of_the_same_weekdays_without_a_code(
    built: Client, expected: pd.DataFrame
) -> None:
    found = built.query_df("SELECT * FROM marts.mart_promotion_uplift ORDER BY code, day")
    found["day"] = pd.to_datetime(found["day"]).dt.date
    for column in expected:
        assert _values(found[column]) == _values(expected[column]), column
    assert expected["baseline_margin_minor"].isna().any()
    assert expected["uplift_margin_minor"].notna().any()
    assert set(expected["other_codes"]) == {0, 1}
    assert expected["hours"].min() < 24


def test_every_discount_is_of_a_day_of_its_code(built: Client, happened: Journey) -> None:
    ((told,),) = built.query(
        "SELECT sum(discount_minor) FROM marts.mart_promotion_uplift"
    ).result_rows
    assert told == sum(sum(used.lines.values()) for used in Promotions(happened).used) > 0
