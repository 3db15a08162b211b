"""What every part of a visit needs: its time, its random numbers, its clicks and its books."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np

from deploy.demo.shoppers.browser import AGENTS, Browser
from deploy.demo.shoppers.experiments import effect
from deploy.demo.shoppers.fraud import scenario_of
from deploy.demo.shoppers.parameters import Guise, Parameters
from deploy.demo.shoppers.people import BOT, HUMAN, People
from deploy.demo.shoppers.sessions import Visit
from deploy.demo.shoppers.streams import event_id, stream
from deploy.demo.shoppers.timeline import Turn
from deploy.demo.shoppers.wire import AwayError
from deploy.demo.shoppers.world import World

STEPS_TOGETHER = 64
CLICKS_TOGETHER = 100
"""Clicks that are sent in one batch."""


def rfc3339(at_ms: int) -> str:
    """Return an instant as text."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}Z"


def guise_of(people: People, person: int, parameters: Parameters) -> Guise | None:
    """Return how a bot appears; None for others."""
    index = int(people.guise[person])
    return None if index < 0 else list(parameters.bots.guises.values())[index]


class Acting:
    """A visit that is under way.

    Parameters
    ----------
    world
        What visits share.
    visit
        Which one it is.
    turn
        Its turn, begun.
    """

    def __init__(self, world: World, visit: Visit, turn: Turn) -> None:
        self.world = world
        self.visit = visit
        self.turn = turn
        people = world.people
        self.person = visit.person
        kind = people.kind[self.person]
        self.is_bot = bool(kind == BOT)
        self.is_human = bool(kind == HUMAN)
        self.scenario = scenario_of(people, self.person, world.parameters)
        self.anonymous_id = people.anonymous_id(self.person, visit.device, visit.session_id)
        self.device_id = people.device_id(self.person, visit.device, visit.session_id)
        self.measured = self._is_measured()
        self.subject = ""
        self.guise = guise_of(people, self.person, world.parameters)
        device_kinds = list(world.parameters.people.kinds)
        agent: str = device_kinds[int(people.device_kinds[self.person, visit.device])]
        if self.guise is not None and self.guise.agent != "device":
            agent = self.guise.agent
        self.browser = Browser(world.store, world.provider, AGENTS[agent])
        self.browser.at_ms = turn.at_ms
        self._arms: dict[str, float] = {}
        self._clicks: list[dict[str, Any]] = []
        self._numbers: Counter[str] = Counter()
        self._steps = 0
        self._normals: dict[int, list[float]] = {}

    def _is_measured(self) -> bool:
        if self.is_bot:
            runs = stream(self.world.people.seed, "bot", self.person).random()
            return bool(runs < self.world.parameters.bots.runs_scripts)
        return bool(self.world.people.consent[self.person])

    @property
    def at_ms(self) -> int:
        """The present instant of the visit."""
        return self.turn.at_ms

    def draws(self, *path: str | int) -> np.random.Generator:
        """Return the random numbers of a part of the visit."""
        return stream(self.world.people.seed, "visit", self.visit.session_id, *path)

    def arm(self, acts_on: Any) -> float:
        """Return what the visit's arms add to the log-odds of something."""
        if acts_on not in self._arms:
            experiments = self.world.parameters.experiments
            found = 0.0 if self.is_bot else effect(experiments, acts_on, self.anonymous_id)
            self._arms[acts_on] = found
        return self._arms[acts_on]

    async def think(self, seconds: float | None = None) -> None:
        """Let time pass before the next action: as long as is stated, or as people do."""
        self._steps += 1
        if seconds is None:
            model = self.world.parameters.visits
            normal = self._normal(self._steps)
            median = model.think_s.median if self.guise is None else self.guise.think_s
            seconds = median * float(np.exp(model.think_s.sigma * normal))
            seconds = min(seconds, model.most_think_s)
        await self.turn.until(self.at_ms + max(1, int(seconds * 1000)))
        self.browser.at_ms = self.at_ms

    def _normal(self, step: int) -> float:
        """Return a step's own normal draw; they are drawn many at a time, since that is cheaper."""
        block, place = divmod(step, STEPS_TOGETHER)
        if block not in self._normals:
            drawn = self.draws("think", block).standard_normal(STEPS_TOGETHER)
            self._normals[block] = drawn.tolist()
        return self._normals[block][place]

    async def be_somebody(self) -> None:
        """Take the cookie's token, or get one."""
        journal = self.world.journal
        known = journal.token(self.anonymous_id)
        if known is None:
            known = await self.browser.open_session()
            journal.keep_token(self.anonymous_id, *known)
        token, self.subject = known
        self.browser.be(token)

    def click(self, kind: str, **data: Any) -> None:
        """Note a click, if the shopper lets itself be measured."""
        if not self.measured:
            return
        self._numbers["click"] += 1
        seed, number = self.world.people.seed, self._numbers["click"]
        self._clicks.append(
            {
                "id": event_id(self.at_ms, seed, self.visit.session_id, number),
                "type": kind,
                "version": 1,
                "occurred_at": rfc3339(self.at_ms),
                "data": {
                    "session_id": self.visit.session_id,
                    "anonymous_id": self.anonymous_id,
                    "device_id": self.device_id,
                    **data,
                },
            }
        )

    async def send_clicks(self, *, all_of_them: bool = False) -> None:
        """Send what was clicked so far, at most once whatever happens."""
        while self._clicks and (all_of_them or len(self._clicks) >= CLICKS_TOGETHER):
            batch = self._clicks[:CLICKS_TOGETHER]
            self._clicks = self._clicks[CLICKS_TOGETHER:]
            self._numbers["batch"] += 1
            name = f"{self.visit.session_id}/clicks/{self._numbers['batch']}"
            if self.world.journal.begin(name) is not None:
                continue
            try:
                self.world.counts["clicks"] += await self.browser.collect(batch)
            except AwayError:
                self.world.counts["clicks lost"] += len(batch)
