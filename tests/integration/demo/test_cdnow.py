"""CDNOW through the store's own events and marts: the published figures come out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client
from rich.console import Console

from deploy.cdnow.display import plain, show
from deploy.cdnow.figures import PUBLISHED
from deploy.cdnow.loading import BATCH, RefusedError, load, subject
from deploy.cdnow.source import orders
from deploy.cdnow.store import Store, bring
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from models.lifetime import HORIZON_DAYS
from pipelines.warehouse import connect


@pytest.fixture(scope="module")
def url(
    tmp_path_factory: pytest.TempPathFactory, stack_settings: Callable[..., LocalSettings]
) -> Iterator[str]:
    own = Stack(stack_settings(tmp_path_factory.mktemp("cdnow-stack")))
    try:
        own.up(["warehouse"])
        yield own.environment()["CLICKHOUSE_URL"]
    finally:
        own.down()


@pytest.fixture(scope="module")
def store(url: str, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return bring(url, tmp_path_factory.mktemp("target"), Console(quiet=True))


@pytest.fixture(scope="module")
def client(url: str, store: Store) -> Iterator[Client]:
    with connect(url) as connection:
        yield connection


@pytest.fixture(scope="module")
def file() -> pd.DataFrame:
    return orders()


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_figure_is_the_published_one_to_its_last_digit(store: Store, name: str) -> None:
    (one,) = (one for one in store.outcome.compared if one.name == name)
    assert one.equal, one


def test_all_that_the_file_has_is_in_the_marts_once(
    client: Client, store: Store, file: pd.DataFrame
) -> None:
    assert store.outcome.total_minor == file["total_minor"].sum() == 250_031_563
    assert load(client, file.head(BATCH), lambda _: None) == BATCH
    counted = client.query("SELECT count(), uniqExact(event_id) FROM raw.orders").result_rows
    assert counted == [(69_659, 69_659)]


def test_cohorts_are_retained_as_in_the_file(store: Store, file: pd.DataFrame) -> None:
    month = file["day"].dt.to_period("M")
    cohort = month.groupby(file["customer"]).transform("min")
    later = (month.dt.year - cohort.dt.year) * 12 + month.dt.month - cohort.dt.month
    expected = file["customer"].groupby([cohort.dt.to_timestamp(), later]).nunique()
    found = store.outcome.cohorts
    index = [pd.to_datetime(found["cohort_month"]), found["month_number"]]
    assert found["shoppers"].set_axis(pd.MultiIndex.from_arrays(index)).to_dict() == (
        expected.to_dict()
    )
    first = found[found["month_number"] == 0]
    assert first["cohort_shoppers"].tolist() == [7846, 8476, 7248]
    assert (found["retention"] == found["shoppers"] / found["cohort_shoppers"]).all()


def test_the_model_beats_both_naive_ways_where_customers_leave(store: Store) -> None:
    assert len(store.metrics) == 4
    for metric in store.metrics:
        assert metric.beats_baseline, metric
        assert metric.n == 23_570
    assert store.outcome.expected == pytest.approx(store.outcome.happened, rel=0.2)


def test_every_customer_stands_in_the_mart_of_lifetimes(client: Client, file: pd.DataFrame) -> None:
    mart = client.query_df("SELECT * FROM marts.mart_shopper_lifetime").set_index("subject")
    by_customer = file.groupby(file["customer"].map(subject))
    assert mart["net_minor"].to_dict() == by_customer["total_minor"].sum().to_dict()
    assert set(mart["horizon_days"]) == {HORIZON_DAYS}
    known = file[file["day"] < file["day"].max()]
    days = known["day"].groupby(known["customer"].map(subject)).nunique()
    once = days.reindex(mart.index) == 1
    # Under BG/NBD nobody leaves before a second purchase.
    assert (mart["p_alive"][once] == 1).all()
    assert mart["p_alive"][~once].between(0, 1, inclusive="neither").all()


def test_an_order_that_the_contract_does_not_take_is_named(
    client: Client, file: pd.DataFrame
) -> None:
    wrong = file.head(3).assign(discs=[1, -1, 1])
    with pytest.raises(RefusedError, match=r"order 2: .*quantity"):
        load(client, wrong, lambda _: None)


def test_figures_are_shown_to_people_and_to_programs(store: Store) -> None:
    told = json.loads(json.dumps(plain(store)))
    assert [one["ours"] for one in told["compared"][:2]] == [23_570, 69_659]
    assert len(told["cohorts"]) == 18 + 17 + 16
    console = Console(record=True, file=StringIO(), width=80)
    show(console, store)
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["orders", "69,659", "69,659", "equal"] in lines
    assert ["1", "14.7", "15.5", "14.2"] in lines
    assert ["17", "6.3"] in lines
