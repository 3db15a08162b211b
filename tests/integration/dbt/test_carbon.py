"""Orders worked by hand in docs/carbon.md come out of dbt and of Python to the microgram."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pandas as pd
import pytest
import typer
from clickhouse_connect.driver.client import Client
from typer.testing import CliRunner

from deploy.marts.cli import register
from models.carbon import FootprintCalculator
from models.carbon.train import frozen
from pipelines.dbt_command import dbt
from pipelines.defs.resources import Warehouse
from pipelines.training import factor_frames
from tests.integration.dbt.golden import GOLDEN, PRODUCTS, Golden
from tests.model.sql.journey import NAMESPACE, Order, insert, order_rows

pytestmark = pytest.mark.timeout(600)

MODELS = (
    *("--select", "+mart_order_footprint", "+mart_avoided_emissions", "+mart_footprint_targets"),
    "factor_sources",
    *("--indirect-selection", "cautious"),
)
SET_TABLES = (
    *("category_factors", "packaging_assumptions", "end_of_life_factors", "delivery_legs"),
    *("handling_energy", "data_quality", "detour_factors"),
)
AT = datetime(2017, 12, 20, 12, tzinfo=UTC)
NO_WAY = "no-way"


def placed(golden: Golden) -> Order:
    lines = [
        {
            "line_number": number,
            "sku": sku,
            "quantity": quantity,
            "unit": "each",
            "list_minor": 300,
            "discount_minor": 0,
            "total_minor": 300,
        }
        for number, (sku, quantity) in enumerate(golden.lines, start=1)
    ]
    return Order(
        ref=golden.name,
        at=AT,
        subject="s-1",
        store="S1",
        card="",
        device="",
        ip_country="US",
        mode=golden.mode,
        packaging=golden.packaging,
        distance_km=golden.distance_km,
        lines=lines,
    )


def happened() -> Iterator[tuple[str, tuple[str, datetime, str, dict[str, Any]]]]:
    """Yield the module and the row of every event of the golden orders."""
    before = datetime(2017, 1, 1, tzinfo=UTC)
    for sku, (department, category, grams) in PRODUCTS.items():
        data = {"sku": sku, "product_id": sku, "department": department, "category": category}
        yield (
            "catalog",
            ("product_created", before, "", data | {"mass_grams": grams, "unit": "each"}),
        )
    materials = [
        {"material": "wood", "share_percent": 60},
        {"material": "glass", "share_percent": 40},
    ]
    scored = {"product_id": "FRAME", "attributes": {"materials": materials}}
    yield "catalog", ("score_changed", before, "", scored)
    lost = Golden(NO_WAY, (("CHEESE", 1),), "none", "van", 0.0, {})
    orders = [placed(golden) for golden in (*GOLDEN, lost)]
    for row in order_rows(orders):
        yield "orders", row
    place = {"warehouse_id": "main", "country": "US", "latitude": 39.5, "longitude": -84.50855}
    yield "inventory", ("warehouse_changed", before, "", place)
    line = {"line_number": 1, "sku": "CHEESE", "warehouse_id": "main", "units": 1}
    allocated = {"order_id": str(orders[-1].id), "lines": [line]}
    yield "inventory", ("stock_allocated", AT, "", allocated)
    line = {"line_number": 1, "sku": "CHEESE", "restocked": 1, "written_off": 0}
    returned = {"return_id": str(UUID(int=1)), "order_id": str(orders[0].id), "lines": [line]}
    yield "returns", ("return_received", AT.replace(day=28), "", returned)


@pytest.fixture(scope="module")
def ledger(client: Client, url: str, target: Path) -> Client:
    events = list(happened())
    for row in events:
        if row[0] == "orders":
            row[1][3]["delivery"]["area"] = "4288809"
    for module in ("catalog", "orders", "inventory", "returns"):
        insert(client, module, (row for of, row in events if of == module))
    dbt(url, target, "build", *MODELS)
    return client


def order_id(name: str) -> str:
    return str(uuid5(NAMESPACE, name))


def rows(client: Client, where: str) -> dict[tuple[str, ...], int]:
    found = client.query(
        "SELECT part, leg, stage, factor_id, sum(co2e_ug) FROM marts.fct_footprints "
        f"WHERE {where} GROUP BY ALL"
    ).result_rows
    return {tuple(map(str, row[:4])): int(row[4]) for row in found}


def calculator(url: str, client: Client, version: str) -> FootprintCalculator:
    content = frozen(factor_frames(Warehouse(url=url), version))
    declared: dict[str, list[tuple[str, int]]] = {}
    for sku, factor_id, thousandths in client.query(
        "SELECT sku, factor_id, thousandths FROM intermediate.int_product_materials "
        f"WHERE method = 'declared_materials' AND factor_set_version = '{version}'"
    ).result_rows:
        declared.setdefault(sku, []).append((factor_id, thousandths))
    products = {
        sku: (department, category, grams, False, 300, declared.get(sku, []))
        for sku, (department, category, grams) in PRODUCTS.items()
    }
    return FootprintCalculator(content, products)


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_a_golden_order_comes_out_as_worked_by_hand(
    ledger: Client, url: str, golden: Golden
) -> None:
    where = f"order_id = '{order_id(golden.name)}' AND part != 'return' AND is_restated = 0"
    assert rows(ledger, where + " AND factor_set_version = '2025.1'") == golden.parts
    found = calculator(url, ledger, "2025.1").footprint(
        lines=[golden.line(*line) for line in golden.lines],
        packaging=golden.packaging,
        delivery_mode=golden.mode,
        distance_km=golden.distance_km,
    )
    sums: dict[tuple[str, ...], int] = {}
    for one in found.emissions:
        key = (one.part, one.leg, one.stage, one.factor_id)
        sums[key] = sums.get(key, 0) + one.co2e_ug
    assert sums == golden.parts
    (bounds,) = ledger.query(
        f"SELECT sum(low_ug), sum(high_ug), sum(co2e_ug) FROM marts.fct_footprints WHERE {where}"
    ).result_rows
    low, high = (sum(getattr(e, f"{end}_ug") for e in found.emissions) for end in ("low", "high"))
    assert bounds == (low, high, sum(golden.parts.values()))
    (total,) = ledger.query(
        "SELECT total_ug FROM marts.mart_order_footprint "
        f"WHERE order_id = '{order_id(golden.name)}'"
    ).result_rows
    assert total == (sum(golden.parts.values()),)


@pytest.mark.parametrize(
    ("column", "attribute"), [("packaging", "packaging"), ("delivery_mode", "mode")]
)
def test_a_rollup_is_the_sum_of_its_orders_to_the_microgram(
    ledger: Client, column: str, attribute: str
) -> None:
    orders = ", ".join(f"'{order_id(golden.name)}'" for golden in GOLDEN)
    expected: dict[str, int] = {}
    for golden in GOLDEN:
        key = getattr(golden, attribute)
        expected[key] = expected.get(key, 0) + sum(golden.parts.values())
    found = ledger.query(
        f"SELECT {column}, sum(co2e_ug) FROM marts.fct_footprints WHERE is_restated = 0 "
        f"AND part != 'return' AND order_id IN ({orders}) GROUP BY ALL"
    ).result_rows
    assert {str(name): int(ug) for name, ug in found} == expected


def test_what_an_order_has_as_a_whole_is_of_no_category_and_its_lines_are_of_theirs(
    ledger: Client,
) -> None:
    found = ledger.query(
        "SELECT part, line_number = 0, category = '', department = '', subject, store_id, region "
        "FROM marts.fct_footprints GROUP BY ALL"
    ).result_rows
    assert all(whole == without == of_none for _, whole, without, of_none, *_ in found)
    assert {tuple(row[4:]) for row in found} == {("s-1", "S1", "4288809")}


def test_what_was_avoided_is_the_baselines_footprint_less_the_orders_own(
    ledger: Client, url: str
) -> None:
    asked = calculator(url, ledger, "2025.1")
    expected: dict[tuple[str, str], int] = {}
    for golden in GOLDEN:
        mode = golden.mode if golden.mode == "collect" else "van"
        under_baseline = asked.footprint(
            lines=[golden.line(*line) for line in golden.lines],
            packaging="cardboard_box",
            delivery_mode=mode,
            distance_km=golden.distance_km,
        )
        key = golden.packaging, golden.mode
        avoided = under_baseline.total_ug - sum(golden.parts.values())
        expected[key] = expected.get(key, 0) + avoided
    found = ledger.query(
        "SELECT packaging, delivery_mode, sum(avoided_ug) FROM marts.mart_avoided_emissions "
        "WHERE baseline_id = 'box_by_van' GROUP BY ALL"
    ).result_rows
    by_choice = {(str(row[0]), str(row[1])): int(row[2]) for row in found}
    assert {key: by_choice[key] for key in expected} == expected
    assert any(avoided > 0 for avoided in expected.values())


def test_partners_are_told_of_a_product_what_the_ledger_has_for_a_piece(
    ledger: Client, url: str
) -> None:
    app = typer.Typer()
    register(app)
    answer = CliRunner().invoke(app, ["pact", "CHEESE", "FRAME", "--warehouse", url])
    assert answer.exit_code == 0, answer.output
    cheese, frame = json.loads(answer.stdout)["data"]
    of_cheese = ledger.query(
        "SELECT sum(co2e_ug) / 2 FROM marts.fct_footprints WHERE part = 'product' "
        f"AND order_id = '{order_id('bag_by_van')}' AND is_restated = 0"
    ).result_rows[0][0]
    assert float(cheese["pcf"]["pcfExcludingBiogenicUptake"]) == of_cheese / 1e9
    assert "declared_materials" in frame["comment"]
    refused = CliRunner().invoke(app, ["pact", "CHEESE", "NOWHERE", "--warehouse", url])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "sku: the catalogue has no NOWHERE" in refused.stderr


def test_what_comes_back_goes_its_way_again_on_its_own_day(ledger: Client) -> None:
    found = rows(ledger, "part = 'return' AND booked_on = '2017-12-28' AND is_restated = 0")
    # 227 g x 6.4 km x 0.6313 and 0.15095 kg/tkm
    assert found == {
        ("return", "last_mile", "ttw", "freight.van_diesel"): 917_153,
        ("return", "last_mile", "wtt", "freight_wtt.van_diesel"): 219_300,
    }


def test_an_order_that_states_no_way_goes_the_great_circle_and_a_fifth(ledger: Client) -> None:
    ((quantity, method),) = ledger.query(
        "SELECT quantity, method FROM marts.fct_footprints "
        f"WHERE order_id = '{order_id(NO_WAY)}' AND stage = 'ttw' AND part = 'transport'"
    ).result_rows
    # 0.41633 degrees of latitude are 46.3 km of a sphere of 6371 km
    assert quantity == pytest.approx(0.000227 * 46.3 * 1.2, rel=5e-3)
    assert method == "way_great_circle"


def test_a_new_set_restates_past_orders_beside_figures_that_stay_as_they_were(
    ledger: Client, url: str, target: Path
) -> None:
    def contents(version: str) -> pd.DataFrame:
        return ledger.query_df(
            "SELECT * EXCEPT factor_set_version FROM marts.fct_footprints "
            f"WHERE factor_set_version = '{version}' ORDER BY ALL"
        )

    before = contents("2025.1")
    for table in SET_TABLES:
        ledger.command(
            f"INSERT INTO reference.{table} SELECT * REPLACE ('2025.2' AS factor_set_version) "
            f"FROM reference.{table}"
        )
    ledger.command(
        "INSERT INTO reference.emission_factors SELECT * REPLACE ('2025.2' AS factor_set_version, "
        "if(factor_id = 'food.cheese', 24.5, kg_co2e) AS kg_co2e) FROM reference.emission_factors"
    )
    ledger.command(
        "INSERT INTO reference.factor_sets VALUES "
        "('2025.2', '2018-01-01', NULL, '2017-01-01', 'cheese was corrected')"
    )
    dbt(url, target, "run", *MODELS)
    after, restated = contents("2025.1"), contents("2025.2")
    pd.testing.assert_frame_equal(after, before)
    assert set(before["is_restated"]) == {0}
    assert set(restated["is_restated"]) == {1}
    keys = ["booked_on", "order_id", "line_number", "part", "leg", "stage", "factor_id"]
    both = before.merge(restated, on=keys, suffixes=("", "_new"), how="outer")
    changed = both[both["co2e_ug"] != both["co2e_ug_new"]]
    assert set(changed["factor_id"]) == {"food.cheese"}
    assert len(changed) == len(both[both["factor_id"] == "food.cheese"])
    first = changed[changed["order_id"].astype(str) == order_id("bag_by_van")]
    assert first["co2e_ug_new"].tolist() == [11_123_000_000]
    (orders,) = ledger.query(
        "SELECT count(), uniqExact(order_id), groupUniqArray(factor_set_version) "
        "FROM marts.mart_order_footprint"
    ).result_rows
    assert orders == (len(GOLDEN) + 1, len(GOLDEN) + 1, ["2025.1"])
