"""The command, the API, a dashboard's expression, a notebook and pandas return the same number."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from typer.testing import CliRunner

from deploy.marts.catalogue import load
from deploy.marts.cli import metrics as command
from models.metrics import Catalogue, saved_metric
from models.metrics.definitions import Kind
from serving.figures import READ_ONLY
from serving.settings import Settings
from tests.integration.serving.conftest import running
from tests.model.sql.notebooks import Executed

SINCE, UNTIL = date(2017, 11, 20), date(2018, 1, 10)
ALWAYS = ("2000-01-01", "2100-01-01")
Frame = pd.DataFrame
Figure = Callable[[Frame], float]


def share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def total(column: str) -> Figure:
    return lambda f: f[column].sum()


def of(frame: Frame, column: str, value: object) -> Frame:
    return frame[frame[column] == value]


LINES: dict[str, Figure] = {
    "orders": lambda f: f["order_id"].nunique(),
    "buyers": lambda f: f.loc[f["subject"] != "", "subject"].nunique(),
    "order_revenue": total("total_minor"),
    "average_order_value": lambda f: share(f["total_minor"].sum(), f["order_id"].nunique()),
    "cost_of_goods": total("cost_minor"),
    "margin": total("margin_minor"),
    "revenue_with_known_cost": lambda f: f.loc[f["cost_minor"].notna(), "total_minor"].sum(),
    "margin_rate": lambda f: share(
        f["margin_minor"].sum(), f.loc[f["cost_minor"].notna(), "total_minor"].sum()
    ),
}
SALES: dict[str, Figure] = {
    "gross_sales": total("list_minor"),
    "discounts": total("discount_minor"),
    "refunds": total("refunded_minor"),
    "chargebacks": total("charged_back_minor"),
    "net_sales": lambda f: (f["list_minor"] - f["discount_minor"] - f["refunded_minor"]).sum(),
    "discount_rate": lambda f: share(f["discount_minor"].sum(), f["list_minor"].sum()),
    "units": total("units"),
    "returned_units": total("returned_units"),
    "return_rate": lambda f: share(f["returned_units"].sum(), f["units"].sum()),
    "refund_rate": lambda f: share(
        f["refunded_minor"].sum(), (f["list_minor"] - f["discount_minor"]).sum()
    ),
    "commission": total("commission_minor"),
    "commissioned_sales": total("commissioned_minor"),
    "take_rate": lambda f: share(f["commission_minor"].sum(), f["commissioned_minor"].sum()),
}
PAYOUTS: dict[str, Figure] = {
    "payouts": lambda f: f.loc[f["state"] != "failed", "amount_minor"].sum(),
}
PAYMENTS: dict[str, Figure] = {
    "payments_captured": lambda f: of(f, "outcome", "captured")["amount_minor"].sum(),
    "captures": lambda f: len(of(f, "outcome", "captured")),
    "refused_payments": lambda f: len(of(f, "outcome", "refused")),
}
SESSIONS: dict[str, Figure] = {
    "sessions": lambda f: len(of(f, "is_bot", 0)),
    "sessions_with_bots": len,
    "converted_sessions": lambda f: of(f, "is_bot", 0)["converted"].sum(),
    "conversion": lambda f: of(f, "is_bot", 0)["converted"].mean(),
    "converted_sessions_with_bots": total("converted"),
    "conversion_with_bots": lambda f: f["converted"].mean(),
    "bounces": lambda f: len(of(of(of(f, "is_bot", 0), "clicks", 1), "converted", 0)),
    "bounce_rate": lambda f: share(
        len(of(of(of(f, "is_bot", 0), "clicks", 1), "converted", 0)), len(of(f, "is_bot", 0))
    ),
}
FOOTPRINTS: dict[str, Figure] = {
    "kg_co2e": total("total_kg"),
    "orders_with_footprint": len,
    "kg_co2e_per_order": lambda f: f["total_kg"].mean(),
    "ug_co2e_avoided": lambda f: of(f, "baseline_id", "box_by_van")["avoided_ug"].sum(),
    "ug_co2e": lambda f: of(f, "is_restated", 0)["co2e_ug"].sum(),
}
STOCK: dict[str, Figure] = {
    "stock_days": len,
    "stock_out_days": total("was_out"),
    "stock_out_rate": lambda f: f["was_out"].mean(),
}
LIFETIMES: dict[str, Figure] = {
    "shoppers_known": lambda f: f["subject"].nunique(),
    "expected_value": total("expected_value_minor"),
    "expected_value_per_shopper": lambda f: f["expected_value_minor"].mean(),
    "expected_purchases": total("expected_purchases"),
    "expected_purchases_per_shopper": lambda f: f["expected_purchases"].mean(),
    "shoppers_alive": total("p_alive"),
    "share_alive": lambda f: f["p_alive"].mean(),
    "value_so_far": total("net_minor"),
    "value_so_far_per_shopper": lambda f: f["net_minor"].mean(),
}
PROMOTIONS: dict[str, Figure] = {
    "promotion_discounts": total("discount_minor"),
    "orders_with_promotions": total("orders_with_code"),
    "promotion_uplift_orders": lambda f: of(f, "other_codes", 0)["uplift_orders"].sum(),
    "promotion_uplift_sales": lambda f: of(f, "other_codes", 0)["uplift_sales_minor"].sum(),
    "promotion_uplift_margin": lambda f: of(f, "other_codes", 0)["uplift_margin_minor"].sum(),
}
MONEY: dict[str, Figure] = {**LINES, **SALES, **PAYOUTS, **PAYMENTS}
PANDAS: dict[str, Figure] = {**MONEY, **SESSIONS, **FOOTPRINTS, **STOCK, **LIFETIMES, **PROMOTIONS}
CUMULATIVE: dict[str, Callable[[Frame, date], float]] = {
    "sales_trailing_28_days": lambda f, day: f.loc[
        (f["day"] <= day) & (f["day"] > day - timedelta(days=28)), "sales_minor"
    ].sum(),
    "orders_month_to_date": lambda f, day: f.loc[
        (f["order_date"] <= day) & (f["order_date"] >= day.replace(day=1)), "order_id"
    ].nunique(),
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


@pytest.fixture(scope="module")
def api(built: Client, warehouse: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Serving with a warehouse, and nothing else that answers."""
    settings = Settings(
        clickhouse_url=warehouse,
        valkey_url="redis://127.0.0.1:1/0",
        kafka_bootstrap_servers="127.0.0.1:1",
        artifacts_dir=tmp_path_factory.mktemp("artifacts"),
        decision_flush_s=0,
    )
    with running(settings) as client:
        yield client


@pytest.fixture(scope="module")
def frames(built: Client, catalogue: Catalogue) -> dict[str, Frame]:
    """The tables that metrics are of, whole, as a notebook reads them."""
    found = {}
    for model in catalogue.models.values():
        frame = built.query_df(f"SELECT * FROM {model.table}")
        frame[model.day] = pd.to_datetime(frame[model.day]).dt.date
        found[model.name] = frame
    return found


def within(frame: Frame, day: str) -> Frame:
    return frame[(frame[day] >= SINCE) & (frame[day] < UNTIL)]


def asked(warehouse: str, name: str, *arguments: str) -> list[dict[str, Any]]:
    """Ask the command."""
    bounds = ["--from", f"{SINCE}", "--until", f"{UNTIL}", "--json"]
    done = CliRunner().invoke(
        command, ["query", name, *bounds, *arguments], env={"CLICKHOUSE_URL": warehouse}
    )
    assert done.exit_code == 0, done.output
    rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    return rows


def answered(api: httpx.Client, name: str, **parameters: str) -> list[dict[str, Any]]:
    """Ask the API."""
    bounds = {"from": f"{SINCE}", "until": f"{UNTIL}"}
    answer = api.get(f"/v1/metrics/{name}", params=bounds | parameters)
    rows: list[dict[str, Any]] = answer.raise_for_status().json()["rows"]
    return rows


def test_every_metric_is_compared(catalogue: Catalogue) -> None:
    assert {*PANDAS, *CUMULATIVE} == set(catalogue.metrics)


@pytest.mark.parametrize("name", PANDAS)
def test_all_ways_of_asking_return_the_same_number(
    name: str,
    catalogue: Catalogue,
    frames: dict[str, Frame],
    built: Client,
    warehouse: str,
    api: httpx.Client,
) -> None:
    model = catalogue.model_of(catalogue.metrics[name])
    expected = PANDAS[name](within(frames[model.name], model.day))
    assert abs(expected) > 0
    (by_command,) = asked(warehouse, name)
    (by_api,) = answered(api, name)
    saved = saved_metric(catalogue, name)
    (by_dashboard,) = built.query(
        f"SELECT {saved.expression} FROM {saved.table} "
        f"WHERE {saved.day} >= '{SINCE}' AND {saved.day} < '{UNTIL}'"
    ).result_rows
    found = [by_command["value"], by_api["value"], by_dashboard[0]]
    if catalogue.metrics[name].model not in {"footprints", "shopper_lifetimes"}:
        # Sums of fractions differ in the last bit by the order in which threads add them.
        assert len(set(found)) == 1
    assert found == pytest.approx([expected] * 3, rel=1e-12)


def test_a_notebook_has_the_number_of_every_metric(
    executed: Callable[[str], Executed], catalogue: Catalogue, frames: dict[str, Frame]
) -> None:
    expected = {
        name: figure(frames[catalogue.metrics[name].model]) for name, figure in PANDAS.items()
    }
    assert executed("metrics").values["overview"] == pytest.approx(expected, rel=1e-12)


def test_a_notebook_has_the_number_of_the_command_and_of_the_api(
    executed: Callable[[str], Executed], warehouse: str, api: httpx.Client
) -> None:
    found = executed("metrics").values
    for name in ("net_sales", "take_rate", "orders", "conversion", "ug_co2e", "stock_out_rate"):
        (by_api,) = answered(api, name, **dict(zip(("from", "until"), ALWAYS, strict=True)))
        (by_command,) = asked(warehouse, name, "--from", ALWAYS[0], "--until", ALWAYS[1])
        assert found["overview"][name] == by_api["value"] == by_command["value"]
    since, until = found["bounds"]
    rows = answered(api, "net_sales", by="department", **{"from": since, "until": until})
    assert {row["department"]: row["value"] for row in rows} == found["departments"]
    bounds = ["--from", since, "--until", until]
    assert asked(warehouse, "net_sales", "--by", "department", *bounds) == rows


@pytest.mark.parametrize("name", ["net_sales", "take_rate", "orders", "average_order_value"])
def test_a_metric_by_month_and_category_is_that_of_the_groups(
    name: str, catalogue: Catalogue, frames: dict[str, Frame], warehouse: str, api: httpx.Client
) -> None:
    model = catalogue.model_of(catalogue.metrics[name])
    frame = within(frames[model.name], model.day)
    months = frame[model.day].map(lambda day: f"{day:%Y-%m}-01")
    expected = {
        key: PANDAS[name](group)
        for key, group in frame.groupby([months, frame["department"], frame["channel"]])
    }
    rows = answered(api, name, by="month,department,channel", where="channel:till")
    found = {(r["month"], r["department"], r["channel"]): r["value"] for r in rows}
    assert found.keys() == expected.keys()
    assert len(found) > 10
    for key, value in found.items():
        assert (math.nan if value is None else value) == pytest.approx(expected[key], nan_ok=True)
    filters = ["--by", "month,department,channel", "--where", "channel=till"]
    assert asked(warehouse, name, *filters) == rows
    assert answered(api, name, by="month", where="channel:web") == []


@pytest.mark.parametrize("name", CUMULATIVE)
def test_a_cumulative_metric_is_a_figure_of_each_day(
    name: str, catalogue: Catalogue, frames: dict[str, Frame], warehouse: str, api: httpx.Client
) -> None:
    frame = frames[catalogue.metrics[name].model]
    days = [SINCE + timedelta(days=n) for n in range((UNTIL - SINCE).days)]
    rows = answered(api, name, by="day")
    found = {row["day"]: row["value"] for row in rows}
    assert found == {str(day): value for day in days if (value := CUMULATIVE[name](frame, day)) > 0}
    assert len(found) > 40
    assert asked(warehouse, name, "--by", "day") == rows


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/v1/metrics/nte_sales", 404, "must be one of"),
        ("/v1/metrics/net_sales?by=day,colour", 422, "query.by: must be of day, week"),
        ("/v1/metrics/net_sales?where=colour:red", 422, "query.where: must be of department"),
        ("/v1/metrics/net_sales?where=red", 422, "query.where.0"),
        ("/v1/metrics/net_sales?from=2018-01-02&until=2018-01-01", 422, "query.until"),
        ("/v1/metrics/net_sales?from=yesterday", 422, "query.from"),
        ("/v1/metrics/sales_trailing_28_days", 422, "query.by: must have day"),
    ],
)
def test_a_question_that_breaks_a_rule_is_told_the_rule(
    api: httpx.Client, path: str, status: int, told: str
) -> None:
    answer = api.get(path)
    assert answer.status_code == status
    assert told in answer.json()["detail"]


def test_what_is_asked_for_is_a_parameter_and_never_a_part_of_the_statement(
    api: httpx.Client,
) -> None:
    assert answered(api, "net_sales", where="channel:till') OR 1 = 1 --", by="channel") == []


def test_the_connection_of_the_api_cannot_write(built: Client) -> None:
    with pytest.raises(ClickHouseError, match="(?i)readonly"):
        built.command(
            "CREATE TABLE marts.x (a Int64) ENGINE = Log", settings={"readonly": READ_ONLY}
        )


def test_the_api_lists_what_can_be_asked(api: httpx.Client, catalogue: Catalogue) -> None:
    listed = {row["name"]: row for row in api.get("/v1/metrics").json()["metrics"]}
    assert listed.keys() == catalogue.metrics.keys()
    assert listed["net_sales"]["by"][:2] == ["day", "week"]
    assert "vendor" in listed["net_sales"]["by"]
    assert {m.kind for m in catalogue.metrics.values()} == set(Kind)


def test_a_warehouse_that_is_away_is_a_transient_error(tmp_path: Path) -> None:
    settings = Settings(
        clickhouse_url="http://default:@127.0.0.1:1",
        valkey_url="redis://127.0.0.1:1/0",
        kafka_bootstrap_servers="127.0.0.1:1",
        artifacts_dir=tmp_path,
        decision_flush_s=0,
    )
    with running(settings) as client:
        answer = client.get("/v1/metrics/net_sales")
    assert (answer.status_code, answer.json()["code"]) == (503, "warehouse_away")
    assert answer.headers["Retry-After"] == "5"
