"""A run: every visit in its turn, supply, what follows from orders, and the truth of it all."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from deploy.demo.shoppers.acting import Acting
from deploy.demo.shoppers.books import Books
from deploy.demo.shoppers.buying import Buying
from deploy.demo.shoppers.catalogue import weekly_units
from deploy.demo.shoppers.journal import AWAITED, Followed
from deploy.demo.shoppers.looking import Looking
from deploy.demo.shoppers.partner import Partner
from deploy.demo.shoppers.sessions import DAY_MS, HOUR_MS, Visit, visits_of_day
from deploy.demo.shoppers.timeline import Turn
from deploy.demo.shoppers.world import World

SUPPLY_AT_MS = 5 * HOUR_MS
"""Goods arrive at five in the morning."""
OWN_PREFIX = "SIM"
"""What the skus begin with that the simulation made: those are the ones that it supplies."""
BETWEEN_MS = 60_000
"""A person comes again a minute after the visit before, at the earliest."""


class Run:
    """Acts a world out.

    Parameters
    ----------
    world
        The world.
    partner
        The simulation as the store's partner.
    books
        Where the truth goes.
    on_progress
        Called after each visit.
    """

    def __init__(
        self, world: World, partner: Partner, books: Books, on_progress: Callable[[], None]
    ) -> None:
        self._world = world
        self._partner = partner
        self._books = books
        self._on_progress = on_progress
        self._latest: dict[int, asyncio.Future[int]] = {}
        self._open: Counter[int] = Counter()
        self._group = asyncio.TaskGroup()

    async def all(self) -> None:
        """Act out everything that is not done yet.

        Raises
        ------
        ExceptionGroup
            Of what stopped it: `RefusedError` or `AwayError`.
        """
        world = self._world
        for order in world.journal.orders():
            world.spent[order["person"], world.week(order["at_ms"])] += order["total_minor"]
            world.counts["orders"] += 1
        beat = asyncio.create_task(world.timeline.beat())
        try:
            async with self._group:
                for what, state in world.journal.following():
                    if state == AWAITED:
                        self._expect(what)
                self._group.create_task(self._feed())
        finally:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat
        for day in world.journal.unwritten():
            self._books.write_day(day)
        self._books.write_orders()

    async def _feed(self) -> None:
        """Queue each day's visits and its supply at its midnight."""
        world = self._world
        done = world.journal.visited()
        world.counts["visits"] = len(done)
        for day in range(world.days):
            midnight = world.begins_ms + day * DAY_MS
            turn = world.timeline.enter(midnight)
            await turn.begun
            all_of_them = visits_of_day(world.people, world.parameters, world.begins, day)
            left = [visit for visit in all_of_them if visit.session_id not in done]
            self._open[day] = len(left)
            # They queue before this turn is given back, so that the time cannot run past them.
            supply = world.timeline.enter(midnight + SUPPLY_AT_MS)
            self._group.create_task(self._supply(day, supply))
            self._begin(left)
            turn.end()

    def _begin(self, visits: list[Visit]) -> None:
        by_person: dict[int, list[Visit]] = defaultdict(list)
        for visit in visits:
            by_person[visit.person].append(visit)
        for person, own in by_person.items():
            before = self._latest.get(person)
            after: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            self._latest[person] = after
            first = None
            if before is None or before.done():
                first = self._enter(own[0], before.result() if before is not None else 0)
            self._group.create_task(self._person(own, first, before, after))

    def _enter(self, visit: Visit, ended_ms: int) -> Turn:
        return self._world.timeline.enter(max(visit.at_ms, ended_ms + BETWEEN_MS))

    async def _person(
        self,
        visits: list[Visit],
        first: Turn | None,
        before: asyncio.Future[int] | None,
        after: asyncio.Future[int],
    ) -> None:
        """Make a person's visits of a day one after the other, on whatever device."""
        turn = first
        if turn is None:
            assert before is not None
            turn = self._enter(visits[0], await before)
        ended = 0
        for number, visit in enumerate(visits):
            await turn.begun
            try:
                await self._act(visit, turn)
                ended = turn.at_ms
                following = visits[number + 1 : number + 2]
                upcoming = self._enter(following[0], ended) if following else turn
            finally:
                turn.end()
            turn = upcoming
        after.set_result(ended)

    async def _act(self, visit: Visit, turn: Turn) -> None:
        world, acting = self._world, Acting(self._world, visit, turn)
        began = turn.at_ms
        await acting.be_somebody()
        frozen = world.journal.begun(f"{visit.session_id}/checkout/0/0") is not None
        looking = Looking(acting, frozen)
        await looking.run()
        buying = Buying(acting, looking)
        outcome = "looked" if acting.is_bot else await buying.run()
        await acting.send_clicks(all_of_them=True)
        session = (
            visit.session_id,
            visit.person,
            visit.device,
            acting.anonymous_id,
            acting.subject,
            began,
            turn.at_ms,
            looking.pages,
            looking.viewed,
            len(looking.cart),
            acting.measured,
            acting.is_bot,
            acting.scenario,
            outcome,
            *buying.chances,
            acting.browser.traffic,
        )
        truth: dict[str, Any] = {
            "sessions": [session],
            "impressions": looking.impressions,
            "views": looking.views,
        }
        world.journal.finish(visit.session_id, visit.day, truth, buying.orders, buying.following)
        self._count(visit, outcome, looking, buying)

    def _count(self, visit: Visit, outcome: str, looking: Looking, buying: Buying) -> None:
        counts = self._world.counts
        counts["visits"] += 1
        counts[f"visits {outcome}"] += 1
        counts["impressions"] += len(looking.impressions)
        counts["orders"] += len(buying.orders)
        for what in buying.following:
            self._expect(what)
        self._open[visit.day] -= 1
        if not self._open[visit.day]:
            self._books.write_day(visit.day)
        self._on_progress()

    async def _supply(self, day: int, turn: Turn) -> None:
        """Let a seventh of the products arrive, each on its day of the week."""
        world = self._world
        await turn.begun
        try:
            if world.journal.begin(f"supply/{day}") is None:
                seed, parameters = world.people.seed, world.parameters
                units = {
                    product.sku: weekly_units(seed, product.sku, parameters)
                    for number, product in enumerate(world.catalogue.products)
                    if product.sku.startswith(OWN_PREFIX) and number % 7 == day % 7
                }
                await self._partner.receive(f"simulation {seed}, day {day}", units)
        finally:
            turn.end()

    def _expect(self, what: Followed) -> None:
        if what.at_ms < self._world.ends_ms:
            turn = self._world.timeline.enter(what.at_ms)
            self._group.create_task(self._follow(what, turn))

    async def _follow(self, what: Followed, turn: Turn) -> None:
        world = self._world
        await turn.begun
        try:
            seed = world.people.seed
            happened = await self._partner.follow(what, seed, lambda: world.timeline.now_ms)
            world.journal.followed(what.name, happened)
            world.counts[what.row["kind"] + ("s" if happened else "s refused")] += 1
        finally:
            turn.end()
