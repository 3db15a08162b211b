"""Robots are flagged with a score and reasons, and nothing of them is dropped."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from pipelines.dbt_command import dbt
from pipelines.defs.resources import Warehouse
from pipelines.training import lines_without_bots
from tests.integration.dbt.bots import HANDS, NOON, Hand, hands, simulated
from tests.integration.dbt.conftest import WITHOUT_TESTS
from tests.integration.dbt.week import Told, nobodys, write
from tests.model.sql.journey import Order, order_rows

pytestmark = pytest.mark.timeout(600)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "simulation.md"
Sessions = dict[str, tuple[bool, float, list[str]]]
WITHOUT_CONSENT = {"browser": 5, "library": 3, "": 2}


def order(ref: str) -> Order:
    """Return an order placed five minutes after noon, in the session `ses-ref`."""
    line = {
        "line_number": 1,
        "sku": "CJ1",
        "quantity": 2,
        "unit": "each",
        "list_minor": 398,
        "discount_minor": 0,
        "total_minor": 398,
    }
    at = NOON + timedelta(minutes=5)
    return Order(ref, at, "s-1", "WEB", "c-1", "d-1", "US", "van", "none", 3.0, [line])


@pytest.fixture(scope="module")
def guises(client: Client, url: str, target: Path, tmp_path_factory: Any) -> dict[str, str]:
    """How the robot of each simulated session appears, once all is in the marts."""
    told, found = simulated(tmp_path_factory.mktemp("simulated"))
    bought = [order("BY-BOT"), order("BY-PERSON")]
    made: list[Told] = [
        Told("orders", UUID(int=10_000 + n), row) for n, row in enumerate(order_rows(bought))
    ]
    sessions = [
        *Hand([], True, agent="library", type="product_added").rows("ses-BY-BOT"),
        *Hand([], False, type="product_added").rows("ses-BY-PERSON"),
        *(nobodys(NOON, agent) for agent, count in WITHOUT_CONSENT.items() for _ in range(count)),
    ]
    made += [Told("clickstream", UUID(int=20_000 + n), row) for n, row in enumerate(sessions)]
    write(client, [*told, *hands(), *made], batches=1)
    marts = ("+mart_daily_traffic", "+fct_order_lines")
    dbt(url, target, "build", "--select", *marts, *WITHOUT_TESTS)
    return found


@pytest.fixture(scope="module")
def flagged(guises: dict[str, str], client: Client) -> Sessions:
    rows = client.query(
        "SELECT client_session_id, is_bot, bot_score, bot_reasons FROM marts.fct_sessions"
    ).result_rows
    return {name: (bool(is_bot), score, reasons) for name, is_bot, score, reasons in rows}


@pytest.mark.parametrize("name", HANDS)
def test_a_session_is_flagged_by_the_rules_that_are_true_of_it(
    name: str, flagged: Sessions
) -> None:
    is_bot, score, reasons = flagged[name]
    assert (is_bot, reasons) == (HANDS[name].is_bot, HANDS[name].reasons)
    assert (score >= 0.7) == is_bot


def test_doubtful_signs_add_up_as_if_each_were_wrong_by_itself(flagged: Sessions) -> None:
    assert flagged["nameless"][1] == 0.6
    assert flagged["server"][1] == 0.35
    assert flagged["nameless server"][1] == pytest.approx(1 - 0.4 * 0.65)


def test_the_page_states_how_many_simulated_robots_are_found_and_how_many_people_are_not(
    flagged: Sessions, guises: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    of = Counter(guises.values())
    found = Counter(guise for name, guise in guises.items() if flagged[name][0])
    true, false = sum(n for guise, n in found.items() if guise), found[""]
    bots = sum(n for guise, n in of.items() if guise)
    lines = [f"| people | {of['']} | {found['']} |"]
    lines += [f"| {guise} | {of[guise]} | {found[guise]} |" for guise in sorted(of) if guise]
    lines += [f"precision {true / (true + false):.3f}, recall {true / bots:.3f}"]
    with capsys.disabled():
        print(*lines, sep="\n")  # noqa: T201
    page = PAGE.read_text("utf-8")
    assert [line for line in lines if line not in page] == []
    assert true / (true + false) >= 0.95
    assert true / bots >= 0.75


def test_with_robots_nothing_is_missing_and_without_them_nothing_else(
    flagged: Sessions, client: Client
) -> None:
    measures = ("sessions", "clicks", "clicks_without_session", "views", "orders", "converted")
    columns = ", ".join(f"sum({m}), sum({m}_with_bots)" for m in measures)
    (row,) = client.query(f"SELECT {columns} FROM marts.mart_daily_traffic").result_rows
    found = dict(zip(measures, zip(row[::2], row[1::2], strict=True), strict=True))
    ((events, views),) = client.query(
        "SELECT count(), countIf(type = 'product_viewed') FROM raw.clickstream"
    ).result_rows
    ((sessions, bots, of_bots, views_of_bots),) = client.query(
        "SELECT count(), sum(is_bot), sumIf(clicks, is_bot), sumIf(views, is_bot) "
        "FROM marts.fct_sessions"
    ).result_rows
    lone = WITHOUT_CONSENT["library"]
    assert bots >= sum(is_bot for is_bot, *_ in flagged.values())
    assert found == {
        "sessions": (sessions - bots, sessions),
        "clicks": (events - of_bots - lone, events),
        "clicks_without_session": (7, 10),
        "views": (views - views_of_bots - lone, views),
        "orders": (1, 2),
        "converted": (1, 2),
    }


def test_recommenders_do_not_learn_from_what_robots_buy(
    flagged: Sessions, url: str, client: Client
) -> None:
    as_of = datetime(2018, 4, 1, tzinfo=UTC)
    lines = lines_without_bots(Warehouse(url=url), as_of)
    assert [str(each) for each in lines["order_id"]] == [str(order("BY-PERSON").id)]
    ((kept,),) = client.query("SELECT count() FROM marts.fct_order_lines").result_rows
    assert kept == 2
