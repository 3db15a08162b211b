"""A warehouse with a little of everything, and Superset with the dashboards, once for all."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from deploy.bi.cli import settings_of
from deploy.bi.description import Boards, read
from deploy.bi.environment import make
from deploy.bi.importing import bring
from deploy.bi.settings import BiSettings
from deploy.bi.superset_api import Superset
from deploy.local.stack import Stack
from models.artifacts import Training, build
from models.lifetime import HORIZON_DAYS, Outlook
from models.lifetime.score import save
from pipelines.attribution import attribute
from pipelines.dbt_command import dbt
from pipelines.lifetime import look_ahead
from pipelines.warehouse import connect, migrate
from tests.integration.conftest import private_settings
from tests.integration.dbt.conftest import WITHOUT_TESTS
from tests.integration.dbt.shopping import shop
from tests.integration.dbt.week import Told, write
from tests.model.sql.journey import Row, insert, journey, load
from tests.model.sql.money import load_money, stock

SINCE = date(2017, 6, 1)
"""Within the base of the targets, January to June, beside which the months after it are seen."""
AHEAD = datetime(2018, 1, 1, tzinfo=UTC)
EARLIER = timedelta(days=95)
BUILT = ("+exposure:dashboards", "+exposure:metrics", "+fct_refunds")
"""The notebook of the metrics holds sales against refunds, too."""


@dataclass(frozen=True)
class Running:
    """What is there to be asked."""

    boards: Boards
    settings: BiSettings
    warehouse_url: str
    client: Client

    def signed_in(self, user: str) -> Superset:
        """A session of one of the users that the stack begins with."""
        password = getattr(self.settings, f"bi_{user}_password")
        return Superset(self.settings.bi_url, user, password.get_secret_value())


def _decisions() -> Iterator[Row]:
    for number, family in enumerate(("fraud", "recommend", "carbon") * 4):
        at = datetime(2017, 12, 30, 9, tzinfo=UTC) + timedelta(seconds=20 * number)
        data = {
            "decision_id": f"00000000-0000-7000-8000-{number:012}",
            "family": family,
            "route": f"/v1/{family}",
            "model_version": "v1" if number % 3 else "",
            "fallback": "" if number % 3 else "popular",
            "request": {},
            "features": {},
            "scores": {"score": 0.1},
            "reasons": ["card_orders_1h"],
            "latency_ms": 2.5 + number,
        }
        yield "decision_made", at, "", data


def _visits() -> Iterator[Told]:
    """Visits by all channels and searches, which go on for a month after everything else."""
    for told in shop()[1]:
        type_, at, subject, data = told.row
        yield replace(told, row=(type_, at - EARLIER, subject, data))


def _refused() -> Iterator[Row]:
    """A search with fewer than no results, which breaks a rule of the quarantine."""
    at = datetime(2017, 12, 5, 9, tzinfo=UTC)
    yield "products_searched", at, "", {"session_id": "s-1", "query": "tea", "results": -1}


def _look_ahead(client: Client) -> None:
    """Expect something of each shopper, by the figures that CDNOW's are known for."""
    days = client.query_df(
        "SELECT subject, order_date AS day, sum(net_minor) AS net_minor "
        "FROM intermediate.int_purchases GROUP BY subject, day ORDER BY subject, day"
    )
    outlook = Outlook(r=0.243, alpha=4.414, a=0.793, b=2.426, p=6.25, q=3.74, v=1544)
    params = {"horizon_days": HORIZON_DAYS, "time_unit": "W"}
    told = Training(AHEAD, str(SINCE), str(AHEAD.date()), len(days), 0, params)
    look_ahead(client, build("lifetime", told, save(outlook), []), days, AHEAD)


def _fill(url: str, target: Path) -> None:
    happened = journey(every=100, since=SINCE)
    with connect(url) as client:
        load(client, happened)
        load_money(client, happened)
        insert(client, "inventory", stock())
        insert(client, "decisions", _decisions())
        insert(client, "clickstream", _refused())
        write(client, list(_visits()), batches=1, arrived=1_000_000)
        client.insert(
            "raw.dead_letters",
            [
                [
                    "eco.orders.v1",
                    0,
                    7,
                    "data.total_minor: is negative",
                    3,
                    '{"type":"order_completed"}',
                ]
            ],
            column_names=["topic", "partition", "offset", "reason", "schema_version", "payload"],
        )
        dbt(url, target, "build", "--select", *BUILT, *WITHOUT_TESTS)
        attribute(client)
        _look_ahead(client)


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    make()
    stack = Stack(private_settings(tmp_path_factory.mktemp("bi")))
    try:
        stack.up(["warehouse"])
        url = stack.environment()["CLICKHOUSE_URL"]
        with connect(url) as client:
            migrate(client)
        with ThreadPoolExecutor(1) as beside:
            started = beside.submit(stack.up, ["superset"])
            _fill(url, tmp_path_factory.mktemp("target"))
            started.result()
        boards, settings = read(), settings_of(stack)
        bring(boards, settings)
        with connect(url) as client:
            yield Running(boards, settings, url, client)
    finally:
        stack.down()
