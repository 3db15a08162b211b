"""What the mart says that promotions brought, beside simulated people who would have come anyway.

The simulation's visits follow from draws of their own: the same people on the same day come without
promotions too, and whoever comes only with them is what the promotions brought.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from math import exp, log
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from deploy.demo.shoppers.parameters import load_parameters
from deploy.demo.shoppers.partner import codes
from deploy.demo.shoppers.people import BOT, make_people
from deploy.demo.shoppers.sessions import BEGINS, Visit, visits_of_day
from deploy.demo.shoppers.world import Code
from pipelines.dbt_command import dbt
from tests.model.sql.journey import Order, Row, insert, order_rows

SEED, PEOPLE, DAYS = 11, 5_000, 70
BUYS, PRICE = 0.35, 1_000
PROMOTED = load_parameters()
USUAL = PROMOTED.model_copy(update={"promotions": []})


def _draw(*names: object) -> float:
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _buys(visit: Visit, promotion: float) -> bool:
    chance = 1 / (1 + exp(-(log(BUYS / (1 - BUYS)) + promotion)))
    return _draw("buys", visit.session_id) < chance


def _day(day: int) -> date:
    return (BEGINS + timedelta(days=day)).date()


class World:
    """Everybody's orders with promotions, and how many there would have been without."""

    def __init__(self) -> None:
        people = make_people(SEED, PEOPLE, PROMOTED)
        self.codes = codes(SEED, PROMOTED, int(BEGINS.timestamp()) * 1000, DAYS)
        self.with_code: list[tuple[Visit, Code | None]] = []
        self.anyway: Counter[date] = Counter()
        for day in range(DAYS):
            for visit in visits_of_day(people, PROMOTED, BEGINS, day):
                code = self._code_of(visit)
                helps = PROMOTED.purchases.checkout.promotion if code else 0.0
                if people.kind[visit.person] != BOT and _buys(visit, helps):
                    self.with_code.append((visit, code))
            usual = visits_of_day(people, USUAL, BEGINS, day)
            self.anyway[_day(day)] = sum(
                1 for visit in usual if people.kind[visit.person] != BOT and _buys(visit, 0.0)
            )
        self.orders = Counter(_day(visit.day) for visit, _ in self.with_code)

    def _code_of(self, visit: Visit) -> Code | None:
        """Return the code that a visitor knows of; each is used once by somebody."""
        for code in self.codes:
            if code.begins_ms <= visit.at_ms < code.ends_ms:
                aware = _draw("aware", code.code, visit.person) < code.aware
                return code if aware and visit.number == 0 else None
        return None

    def promotions(self) -> Iterator[Row]:
        for code in self.codes:
            starts, ends = (
                datetime.fromtimestamp(ms / 1000, UTC) for ms in (code.begins_ms, code.ends_ms)
            )
            terms = {"kind": "percent", "value": code.percent * 100, "currency": "USD"}
            held = {"starts_at": starts.isoformat(), "ends_at": ends.isoformat()}
            yield "promotion_created", BEGINS, "", {"code": code.code, **terms, **held}

    def rows(self) -> Iterator[Row]:
        for visit, code in self.with_code:
            off = PRICE * code.percent // 100 if code else 0
            amounts = {"list_minor": PRICE, "discount_minor": off, "total_minor": PRICE - off}
            line = {"line_number": 1, "sku": "A", "quantity": 1, "unit": "each", **amounts}
            at = datetime.fromtimestamp(visit.at_ms / 1000, UTC)
            place = (f"s-{visit.person}", "WEB", "", "", "US", "van", "none", 1.0)
            order = Order(visit.session_id, at, *place, [line])
            yield from order_rows([order])
            if code:
                data = {"order_id": str(order.id), "code": code.code, "currency": "USD"}
                taken = [{"line_number": 1, "amount_minor": off}]
                yield (
                    "coupon_applied",
                    at,
                    order.subject,
                    data | {"amount_minor": off, "lines": taken},
                )


@pytest.fixture(scope="module")
def world(client: Client, url: str, target: Path) -> World:
    world = World()
    insert(client, "catalog", world.promotions())
    insert(client, "orders", world.rows())
    dbt(url, target, "run", "--select", "+mart_promotion_uplift")
    return world


def test_each_code_has_its_days_its_orders_and_what_it_took_off(
    world: World, client: Client
) -> None:
    told = client.query(
        "SELECT code, groupArray(day), sum(orders_with_code), sum(discount_minor), "
        "sum(sales_with_code_minor), groupUniqArray((hours, other_codes)) "
        "FROM (SELECT * FROM marts.mart_promotion_uplift ORDER BY day) GROUP BY code"
    ).result_rows
    used = Counter(code.code for _, code in world.with_code if code)
    assert min(used.values()) > 10
    assert {row[0]: row[1:] for row in told} == {
        code.code: (
            [
                datetime.fromtimestamp(ms / 1000, UTC).date()
                for ms in range(code.begins_ms, code.ends_ms, 86_400_000)
            ],
            used[code.code],
            used[code.code] * PRICE * code.percent // 100,
            used[code.code] * PRICE * (100 - code.percent) // 100,
            [(24.0, 0)],
        )
        for code in world.codes
    }


def test_what_promotions_brought_is_what_would_not_have_come_without_them(
    world: World, client: Client
) -> None:
    rows = client.query(
        "SELECT extract(code, '-([A-Z]+)-'), groupArray(day), sum(uplift_orders) "
        "FROM marts.mart_promotion_uplift WHERE baseline_days >= 3 GROUP BY 1"
    ).result_rows
    found = {name: (days, uplift) for name, days, uplift in rows}
    truths = {
        name: sum(world.orders[day] - world.anyway[day] for day in days)
        for name, (days, _) in found.items()
    }
    sales = {name: sum(world.orders[day] for day in days) for name, (days, _) in found.items()}
    assert set(found) == {"WEEKEND", "MIDWEEK"}
    for name, (_, uplift) in found.items():
        # Most of the difference is chance: a day's orders vary by their root.
        assert abs(uplift - truths[name]) < 0.05 * sales[name], (name, uplift, truths[name])
    assert found["WEEKEND"][1] > 0.15 * sales["WEEKEND"]
    assert truths["WEEKEND"] > 0.15 * sales["WEEKEND"]


def test_a_code_without_weekdays_to_compare_with_has_no_uplift(client: Client) -> None:
    told = client.query(
        "SELECT max(baseline_days), countIf(uplift_orders IS NOT NULL), countIf(baseline_days < 2) "
        "FROM marts.mart_promotion_uplift WHERE baseline_days < 2"
    ).result_rows
    assert told[0][1] == 0
    assert told[0][2] > 0
