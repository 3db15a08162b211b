"""Sessions that are robots' by one rule each, and a simulated week in which robots are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from deploy.demo.shoppers.stub import Stub
from deploy.demo.shoppers.truth import Truth
from deploy.demo.shoppers.wire import Answer
from storefront_api.collect.agents import agent_of
from tests.integration.dbt.week import Told, click
from tests.model.sql.journey import Row
from tests.unit.demo.shoppers.acting_out import PARAMETERS, act_out, new_stub

NOON = datetime(2018, 3, 5, 12, tzinfo=UTC)
THINKING_S = (4, 19, 7, 31, 11, 90, 5, 14, 42, 9, 23, 6, 17)
"""Gaps between a person's actions."""


@dataclass(frozen=True)
class Hand:
    """A session made by hand.

    Parameters
    ----------
    reasons
        What is to be said of it.
    gaps_s
        Seconds between its clicks.
    type
        What they are.
    """

    reasons: Sequence[str]
    is_bot: bool
    gaps_s: Sequence[float] = THINKING_S
    agent: str = "browser"
    network: str = "other"
    type: str = "product_viewed"
    derived: bool = False

    def rows(self, session: str) -> Iterator[Row]:
        """Yield its clicks."""
        at = NOON
        for gap in (0.0, *self.gaps_s):
            at += timedelta(seconds=gap)
            _, _, _, data = click(at, session)
            told = {"agent": self.agent, "network": self.network, "derived": self.derived}
            yield self.type, at, "", data | told


HANDS = {
    "person": Hand([], False),
    "unknown": Hand([], False, agent="", network=""),
    "app": Hand([], False, agent="other"),
    "declared": Hand(["declared_agent"], True, agent="declared_bot"),
    "headless": Hand(["headless_agent"], True, agent="headless"),
    "library": Hand(["library_agent"], True, agent="library", gaps_s=()),
    "nameless": Hand(["nameless_agent"], False, agent="empty"),
    "server": Hand(["data_centre"], False, network="data_centre"),
    "nameless server": Hand(
        ["data_centre", "nameless_agent"], True, agent="empty", network="data_centre"
    ),
    "quick": Hand(["no_think_time"], True, gaps_s=(1.4, 1.9, 1.1, 1.6) * 2),
    "quick but few": Hand([], False, gaps_s=(1.4, 1.9, 1.1, 1.6)),
    "pages that tell much at once": Hand([], False, gaps_s=(0.0, 0.02, 12) * 7, type="page_viewed"),
    "regular": Hand(["clockwork"], True, gaps_s=(30.0, 30.5) * 7),
    "rushing": Hand(
        ["no_think_time", "rush"], True, gaps_s=(0.4, 1.5, 0.7) * 10, type="product_clicked"
    ),
    "sleepless": Hand(["sleepless"], True, gaps_s=(1000, 1700, 200) * 70, type="cart_viewed"),
    "aimless": Hand(["aimless"], False, gaps_s=THINKING_S * 2),
    "aimed": Hand([], False, gaps_s=THINKING_S * 2, type="products_searched"),
    "inferred": Hand([], False, gaps_s=(1.0,) * 30, derived=True, agent="library"),
}


def hands() -> list[Told]:
    """Return the clicks of the sessions that were made by hand."""
    rows = [row for name, hand in HANDS.items() for row in hand.rows(name)]
    return [Told("clickstream", UUID(int=number), row) for number, row in enumerate(rows, 1)]


class Watching(Stub):
    """A store that keeps what a collector would tell of clicks' sender."""

    def answer(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Answer a request, and note by what kind of program its clicks were sent."""
        before = len(self.clicks)
        answer = super().answer(method, path, body, headers)
        for event in self.clicks[before:]:
            event["data"]["agent"] = agent_of(headers["User-Agent"])
        return answer


def simulated(folder: Path) -> tuple[list[Told], dict[str, str]]:
    """Return a week's clicks, and how the robot of each session appears; empty for people."""
    people = PARAMETERS.people.model_copy(update={"bots": 0.05})
    parameters = PARAMETERS.model_copy(update={"people": people})
    stub = Watching(new_stub().products)
    act_out(folder, stub, shoppers=600, days=7, parameters=parameters)
    told = [Told("clickstream", UUID(event["id"]), _row(event)) for event in stub.clicks]
    truth = Truth(folder / "truth")
    guises = {person["person"]: person["guise"] for person in truth.read("people").to_pylist()}
    sessions = truth.read("sessions").to_pylist()
    return told, {s["session_id"]: guises[s["person"]] for s in sessions if s["consent"]}


def _row(event: dict[str, Any]) -> Row:
    at = datetime.fromisoformat(event["occurred_at"].replace("Z", "+00:00"))
    return event["type"], at, "", orjson.loads(orjson.dumps(event["data"]))
