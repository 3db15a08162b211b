"""People, sessions and marts do not depend on when, in which order or how often events arrived."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from clickhouse_connect.driver.client import Client

from pipelines.dbt_command import dbt
from pipelines.people import stitch_people
from tests.integration.dbt.week import ALONE, END, MODULES, MONDAY, Told, week, write

pytestmark = pytest.mark.timeout(600)

Hashes = dict[str, str]
BEGIN = date(2016, 12, 31)
LATE_DAY = MONDAY + timedelta(days=1)


@pytest.fixture(scope="module")
def told() -> list[Told]:
    return week()


def empty(client: Client) -> None:
    for module in MODULES:
        client.command(f"TRUNCATE TABLE raw.{module}")
    for database in ("staging", "intermediate", "marts", "features"):
        client.command(f"DROP DATABASE IF EXISTS {database}")


def shape(client: Client, url: str, target: Path, *days: tuple[date, date]) -> None:
    """Run dbt over each range of days as Dagster does: models, then people, then theirs."""
    for start, end in days:
        dbt(url, target, "run", "--exclude", "tag:people", "features", days=(start, end))
    stitch_people(client)
    dbt(url, target, "run", "--select", "tag:people")


def hashes(client: Client) -> Hashes:
    """Return a SHA-256 of every row of people, of the sightings and of every mart, in order.

    Of every one but that which tells when and how often events arrived.
    """
    tables = client.query(
        "SELECT concat(database, '.', name) FROM system.tables "
        "WHERE database IN ('marts', 'people') AND engine = 'MergeTree' "
        "AND name != 'mart_data_quality' OR name = 'int_identity_sightings' ORDER BY 1"
    ).result_rows
    return {
        name: hashlib.sha256(
            client.raw_query(f"SELECT * FROM {name} ORDER BY ALL", fmt="TabSeparated")
        ).hexdigest()
        for (name,) in tables
    }


@pytest.fixture(scope="module")
def in_order(client: Client, url: str, target: Path, told: list[Told]) -> Hashes:
    """What comes out of the week as it happened."""
    dbt(url, target, "seed")
    write(client, told, batches=1)
    shape(client, url, target, (BEGIN, END))
    return hashes(client)


def test_the_week_holds_what_could_go_wrong(in_order: Hashes, client: Client) -> None:
    assert {"marts.dim_people", "marts.fct_sessions", "people.members"} <= set(in_order)

    def sessions(of: str) -> list[tuple[int, date]]:
        return [
            (clicks, day)
            for clicks, day in client.query(
                "SELECT clicks, session_date FROM marts.fct_sessions "
                f"WHERE client_session_id = '{of}' ORDER BY started_at"
            ).result_rows
        ]

    def person(kind: str, identifier: str) -> str:
        (row,) = client.query(
            "SELECT person_id FROM marts.dim_identifiers "
            f"WHERE kind = '{kind}' AND identifier = '{identifier}'"
        ).result_rows
        return str(row[0])

    assert [clicks for clicks, _ in sessions("robot")] == [126, 144, 144, 144, 144, 18]
    assert [clicks for clicks, _ in sessions("pauses")] == [1] * 9
    assert sessions("night") == [(9, MONDAY)]
    assert sessions("alone") == [(2, ALONE.date() - timedelta(days=1))]
    assert person("device_id", "d-kiosk") == ""
    assert person("subject", "s-kiosk-8") == "subject:s-kiosk-8"
    assert person("subject", "s-home-1") == "subject:s-home-0"
    assert person("device_id", "d-home") == "subject:s-home-0"
    assert person("session_id", "robot") == "anonymous_id:a-robot"
    bots = client.query("SELECT person_id FROM marts.dim_people WHERE is_bot").result_rows
    assert ("anonymous_id:a-robot",) in bots
    assert ("subject:s-home-0",) not in bots
    (lone,) = client.query(
        "SELECT sum(clicks_without_session), sum(clicks_without_session_with_bots) "
        "FROM marts.mart_daily_traffic"
    ).result_rows
    assert lone == (4, 9)


@pytest.mark.parametrize("how", ["reversed", "doubled and shuffled"])
def test_another_order_or_copies_give_the_same_bytes(
    in_order: Hashes, client: Client, url: str, target: Path, told: list[Told], how: str
) -> None:
    again = {
        "reversed": told[::-1],
        "doubled and shuffled": Random(22).sample(told + told, 2 * len(told)),
    }[how]
    empty(client)
    write(client, again, batches=7)
    shape(client, url, target, (BEGIN, END))
    assert hashes(client) == in_order


def test_late_events_change_what_their_days_rebuild_and_nothing_else(
    in_order: Hashes, client: Client, url: str, target: Path, told: list[Told]
) -> None:
    random = Random(5)
    eve = ALONE.date() - timedelta(days=1)
    late = {
        event.id
        for event in told
        if event.module == "clickstream"
        and (day := event.row[1].date()) in (LATE_DAY, eve)
        and (day == eve or random.random() < 0.5)
    }
    empty(client)
    write(client, [event for event in told if event.id not in late], batches=3)
    shape(client, url, target, (BEGIN, END))
    early = hashes(client)
    assert early["marts.fct_sessions"] != in_order["marts.fct_sessions"]
    arrived = len(told)
    write(client, [event for event in told if event.id in late], batches=2, arrived=arrived)
    one = timedelta(days=1)
    shape(client, url, target, *((day, day + one) for day in (LATE_DAY, eve)))
    assert hashes(client) == in_order
