"""Sessions, funnels, paths and searches are what pandas makes of the same raw events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from pipelines.attribution import attribute
from pipelines.dbt_command import dbt
from pipelines.people import stitch_people
from tests.integration.dbt.conftest import WITHOUT_TESTS
from tests.integration.dbt.crediting import RULES, credited, journeys, markov, shapley
from tests.integration.dbt.shopping import BEGIN, DAYS, Visit, events_of, shop
from tests.integration.dbt.week import Told, write

pytestmark = pytest.mark.timeout(600)

FUNNELS = {
    "purchase": [{"product_viewed"}, {"product_added"}, {"checkout_started"}, {"order_completed"}],
    "search": [
        {"products_searched"},
        {"product_clicked", "product_viewed"},
        {"product_added"},
        {"order_completed"},
    ],
}
MARTS = ("mart_funnel", "mart_session_paths", "mart_transitions", "mart_search_terms")
LOOKS = ("product_clicked", "product_viewed")
HALF_HOUR = timedelta(minutes=30)
Counts = dict[tuple[Any, ...], tuple[int, int]]


@pytest.fixture(scope="module")
def shopped() -> tuple[list[Visit], list[Told]]:
    return shop()


@pytest.fixture(scope="module")
def events(shopped: tuple[list[Visit], list[Told]]) -> pd.DataFrame:
    return events_of(*shopped)


@pytest.fixture(scope="module")
def marts(
    client: Client, url: str, target: Path, shopped: tuple[list[Visit], list[Told]]
) -> Client:
    write(client, shopped[1], batches=1)
    wanted = ("resource_type:seed", *(f"+{mart}" for mart in MARTS))
    dbt(url, target, "build", "--select", *wanted, *WITHOUT_TESTS)
    return client


def with_and_without_bots(found: Iterable[tuple[tuple[Any, ...], bool]]) -> Counts:
    """Return how often each key was found, without bots and with them."""
    both: Counter[tuple[Any, ...]] = Counter()
    people: Counter[tuple[Any, ...]] = Counter()
    for key, bot in found:
        both[key] += 1
        people[key] += not bot
    return {key: (people[key], count) for key, count in both.items()}


def counts(client: Client, query: str, keys: int) -> Counts:
    return {tuple(r[:keys]): (r[keys], r[keys + 1]) for r in client.query(query).result_rows}


def sessions(events: pd.DataFrame) -> Iterable[tuple[dict[str, Any], list[str]]]:
    """Yield what is said of each session, and the kinds of its events."""
    for _, own in events.groupby("session", sort=False):
        first = {str(column): value for column, value in own.iloc[0].items()}
        yield first, list(own["kind"])


def test_sessions_come_by_the_channel_that_their_first_page_tells(
    marts: Client, shopped: tuple[list[Visit], list[Told]]
) -> None:
    found = marts.query(
        "SELECT client_session_id, channel, campaign, is_bot, program, order_ids "
        "FROM marts.fct_sessions"
    ).result_rows
    assert {row[0]: tuple(row[1:]) for row in found} == {
        visit.session: (
            visit.channel,
            "spring" if visit.channel == "email" else "",
            visit.is_bot,
            "library" if visit.is_bot else "browser",
            list(visit.orders),
        )
        for visit in shopped[0]
    }


def furthest(own: pd.DataFrame, steps: Sequence[set[str]]) -> int:
    """Return how far anybody comes who starts at any first step, by trying all of them."""
    best = 0
    for start in own.loc[own["kind"].isin(steps[0]), "at"]:
        at, level = start, 1
        for kinds in steps[1:]:
            later = own.loc[own["kind"].isin(kinds) & (own["at"] >= at), "at"]
            if later.empty or later.min() - start > timedelta(days=1):
                break
            at, level = later.min(), level + 1
        best = max(best, level)
    return best


def test_funnels_count_who_came_how_far(marts: Client, events: pd.DataFrame) -> None:
    reached = []
    for _, own in events.groupby("session"):
        first = own.iloc[0]
        for funnel, steps in FUNNELS.items():
            level = furthest(own, steps)
            for step in range(1, level + 1):
                key = (first["day"], funnel, first["channel"], step)
                reached.append((key, bool(first["bot"])))
    query = (
        "SELECT session_date, funnel_id, channel, step, sum(sessions), sum(sessions_with_bots) "
        "FROM marts.mart_funnel GROUP BY ALL HAVING sum(sessions_with_bots) > 0"
    )
    assert counts(marts, query, 4) == with_and_without_bots(reached)
    assert {step for (_, funnel, _, step), _ in reached if funnel == "purchase"} == {1, 2, 3, 4}


def test_a_step_is_there_for_every_funnel_that_was_begun(marts: Client) -> None:
    found = marts.query(
        "SELECT program, count() / uniqExact(session_date, channel, funnel_id) "
        "FROM marts.mart_funnel GROUP BY program ORDER BY program"
    ).result_rows
    assert found == [("browser", 4.0), ("library", 4.0)]


def test_paths_are_kinds_in_order_with_repeats_as_one(marts: Client, events: pd.DataFrame) -> None:
    walked, bought = [], []
    for first, kinds in sessions(events):
        steps = [kind for kind, _ in groupby(kinds)]
        path = " > ".join(steps[:8]) + (" > …" if len(steps) > 8 else "")
        walked.append(((first["day"], path), bool(first["bot"])))
        if "order_completed" in kinds:
            bought.append(walked[-1])
    query = "SELECT session_date, path, {0}, {0}_with_bots FROM marts.mart_session_paths"
    assert counts(marts, query.format("sessions"), 2) == with_and_without_bots(walked)
    converted = counts(marts, query.format("converted"), 2)
    assert {key: n for key, n in converted.items() if n[1]} == with_and_without_bots(bought)


def test_transitions_are_all_pairs_that_follow_each_other(
    marts: Client, events: pd.DataFrame
) -> None:
    followed = [
        ((first["day"], *pair), bool(first["bot"]))
        for first, kinds in sessions(events)
        for pair in pairwise(["start", *kinds, "end"])
    ]
    query = (
        "SELECT session_date, from_type, to_type, transitions, transitions_with_bots "
        "FROM marts.mart_transitions"
    )
    assert counts(marts, query, 3) == with_and_without_bots(followed)


def test_searches_are_followed_by_what_came_next(marts: Client, events: pd.DataFrame) -> None:
    outcomes: dict[str, list[tuple[tuple[Any, ...], bool]]] = {
        name: [] for name in ("searches", "without_results", "refined", "clicked")
    }
    relevant = events[events["kind"].isin(["products_searched", *LOOKS])]
    for _, own in relevant.sort_values(["at", "id"]).groupby("session"):
        rows = own.to_dict("records")
        for row, after in zip(rows, [*rows[1:], None], strict=True):
            if row["kind"] != "products_searched":
                continue
            search = ((row["day"], row["term"]), bool(row["bot"]))
            outcomes["searches"].append(search)
            if not row["results"]:
                outcomes["without_results"].append(search)
            if after is None or after["at"] - row["at"] >= HALF_HOUR:
                continue
            if after["kind"] in LOOKS:
                outcomes["clicked"].append(search)
            elif after["term"] != row["term"]:
                outcomes["refined"].append(search)
    for name, found in outcomes.items():
        query = (
            f"SELECT search_date, term, {name}, {name}_with_bots FROM marts.mart_search_terms "
            f"WHERE {name}_with_bots > 0"
        )
        assert counts(marts, query, 2) == with_and_without_bots(found), name
        assert found


def test_a_day_that_is_computed_again_is_the_same(marts: Client, url: str, target: Path) -> None:
    def rows() -> list[Any]:
        return [
            marts.query(f"SELECT * FROM marts.{mart} ORDER BY ALL").result_rows for mart in MARTS
        ]

    before = rows()
    day = (BEGIN + timedelta(days=DAYS // 2)).astimezone(UTC).date()
    days = (day, day + timedelta(days=1))
    dbt(url, target, "run", "--select", *(f"+{mart}" for mart in MARTS), days=days)
    assert rows() == before


@pytest.fixture(scope="module")
def credit(marts: Client, url: str, target: Path) -> Client:
    """The marts of people, on top."""
    dbt(url, target, "run", "--select", "int_identity_sightings", "+dim_shoppers")
    stitch_people(marts)
    dbt(url, target, "run", "--select", "tag:people", "--exclude", "mart_freshness")
    dbt(url, target, "test", "--select", "attribution_credits_every_cent")
    return marts


@pytest.mark.parametrize("with_bots", [False, True])
def test_rules_credit_each_order_to_the_cent(
    credit: Client, shopped: tuple[list[Visit], list[Told]], *, with_bots: bool
) -> None:
    columns = ", ".join(f"{rule}_minor" for rule in RULES)
    found = credit.query(
        f"SELECT order_id, channel, {columns}, touchpoints FROM marts.mart_order_attribution "
        f"WHERE with_bots = {int(with_bots)}"
    ).result_rows
    expected = credited(shopped[0], with_bots=with_bots)
    assert {tuple(row[:2]): tuple(row[2:]) for row in found} == expected
    paid = sum(total for visit in shopped[0] for _, total in visit.orders.values())
    assert [sum(row[2 + place] for row in found) for place in range(len(RULES))] == [paid] * 5


@pytest.mark.parametrize("with_bots", [False, True])
def test_markov_and_shapley_credit_channels_as_people_and_coalitions_do(
    credit: Client, shopped: tuple[list[Visit], list[Told]], *, with_bots: bool
) -> None:
    attribute(credit)
    expected = journeys(shopped[0], with_bots=with_bots)
    query = "SELECT path, orders, total_minor, without_order FROM marts.mart_attribution_paths"
    found = credit.query(f"{query} WHERE with_bots = {int(with_bots)}").result_rows
    assert {tuple(path): tuple(rest) for path, *rest in found} == expected
    written = credit.query(
        "SELECT model, channel, share, orders, credit_minor FROM learned.attribution "
        f"WHERE with_bots = {int(with_bots)}"
    ).result_rows
    orders, paid, _ = (sum(counts) for counts in zip(*expected.values(), strict=True))
    for model, worth in (("markov", markov(expected)), ("shapley", shapley(expected))):
        whole = sum(worth.values())
        rows = {channel: rest for name, channel, *rest in written if name == model}
        assert set(rows) == set(worth)
        for channel, value in worth.items():
            share, made, minor = rows[channel]
            assert share == pytest.approx(float(value / whole), abs=1e-10)
            assert made == pytest.approx(share * orders)
            assert abs(minor - share * paid) < 1
        assert sum(minor for _, _, minor in rows.values()) == paid
