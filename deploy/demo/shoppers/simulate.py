"""A simulation against a running store: from an empty folder, or from where a run was cut off."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import uvloop
from rich.console import Console

from deploy.demo.progress import Stage, stage
from deploy.demo.shoppers.books import Books
from deploy.demo.shoppers.catalogue import feel
from deploy.demo.shoppers.journal import Journal
from deploy.demo.shoppers.parameters import Parameters, load_parameters
from deploy.demo.shoppers.partner import Partner, codes
from deploy.demo.shoppers.people import make_people
from deploy.demo.shoppers.run import Run
from deploy.demo.shoppers.sessions import BEGINS, DAY_MS
from deploy.demo.shoppers.timeline import SharedClock, Timeline
from deploy.demo.shoppers.truth import Truth
from deploy.demo.shoppers.wire import Wire
from deploy.demo.shoppers.world import World

TOGETHER = 32
"""Shoppers who act at a time."""
SPARE = 4
"""Connections beside those of the shoppers."""


class BusyError(RuntimeError):
    """Another simulation sets the store's clock."""


@dataclass(frozen=True)
class Plan:
    """What is to be simulated.

    Parameters
    ----------
    begins
        Midnight of the first day, UTC.
    speed
        Simulated seconds in one; 0 for as many as there can be.
    """

    shoppers: int
    days: int
    seed: int
    begins: datetime = BEGINS
    speed: float = 0.0
    together: int = TOGETHER


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Parameters
    ----------
    counts
        What happened, by name.
    requests
        Requests that were made, and the seconds and the processor's seconds that they took.
    """

    counts: Mapping[str, int]
    requests: int
    elapsed_s: float
    cpu_s: float


@dataclass(frozen=True)
class Folders:
    """Where a run keeps its journal and its truth."""

    journal: Path
    truth: Path

    @classmethod
    def of(cls, data_dir: Path, seed: int) -> Folders:
        """Return the folders of a seed."""
        journal = data_dir / "simulation" / f"seed-{seed}.sqlite"
        return cls(journal, data_dir / "truth" / f"simulation-{seed}")


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    path = data_dir / "simulation" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"another simulation runs in {data_dir}; wait for it, or stop it"
            ) from error
        yield


def simulate(
    plan: Plan, environment: Mapping[str, str], data_dir: Path, console: Console
) -> Outcome | None:
    """Simulate, and return what came of it; None if the run was over before.

    Parameters
    ----------
    environment
        Where the store and the provider are, and the partner's secrets.

    Raises
    ------
    OtherRunError
        If another run of the same seed was begun in this folder.
    BusyError
        If another simulation is under way.
    ExceptionGroup
        Of what stopped it; the next run goes on.
    """
    parameters = load_parameters()
    with _alone(data_dir):
        journal = Journal(Folders.of(data_dir, plan.seed).journal)
        try:
            journal.claim(
                shoppers=plan.shoppers,
                days=plan.days,
                seed=plan.seed,
                version=parameters.version,
                begins=plan.begins.isoformat(),
            )
            if journal.marked("over") is not None:
                return None
            act = _Simulation(plan, parameters, environment, data_dir, console, journal)
            outcome = uvloop.run(act.all())
            journal.mark("over")
        finally:
            journal.close()
    return outcome


class _Simulation:
    def __init__(
        self,
        plan: Plan,
        parameters: Parameters,
        environment: Mapping[str, str],
        data_dir: Path,
        console: Console,
        journal: Journal,
    ) -> None:
        self._plan = plan
        self._parameters = parameters
        self._environment = environment
        self._data_dir = data_dir
        self._console = console
        self._journal = journal

    async def all(self) -> Outcome:
        plan, environment = self._plan, self._environment
        store = Wire(environment["STOREFRONT_URL"], plan.together + SPARE)
        provider = Wire(environment["PAYMENT_URL"], plan.together)
        clock = SharedClock(Path(environment["SHARED_CLOCK"]))
        begins_ms = int(plan.begins.timestamp()) * 1000
        timeline = Timeline(begins_ms, plan.together, plan.speed, clock.show)
        clock.show(begins_ms)
        secrets = (environment["PARTNER_TOKEN"], environment["DISPUTE_WEBHOOK_SECRET"])
        try:
            partner = Partner(store, *secrets)
            world = await self._world(partner, store, provider, timeline)
            return await self._act(world, partner, (store, provider))
        finally:
            clock.close()
            store.close()
            provider.close()

    async def _world(
        self, partner: Partner, store: Wire, provider: Wire, timeline: Timeline
    ) -> World:
        plan, parameters = self._plan, self._parameters
        with stage(self._console, "read the catalogue") as shown:
            products = await partner.products(lambda n: shown.show(n, f"{n:,} variants"))
            if not products:
                await partner.stock_up(plan.seed, parameters)
                products = await partner.products(lambda n: shown.show(n, f"{n:,} variants"))
        with stage(self._console, "make the people") as shown:
            people = make_people(plan.seed, plan.shoppers, parameters)
            world = World(
                people=people,
                parameters=parameters,
                catalogue=feel(plan.seed, products, parameters),
                begins=plan.begins,
                days=plan.days,
                journal=self._journal,
                store=store,
                provider=provider,
                timeline=timeline,
                packings=await partner.packings(products[0].currency),
                codes=codes(plan.seed, parameters, int(plan.begins.timestamp()) * 1000, plan.days),
            )
            for code in world.codes:
                await partner.promote(code)
            shown.show(len(people), f"{len(people):,} shoppers")
        return world

    async def _act(self, world: World, partner: Partner, wires: tuple[Wire, Wire]) -> Outcome:
        books = Books(world, Truth(Folders.of(self._data_dir, self._plan.seed).truth))
        books.write_world()
        began, used = time.monotonic(), _cpu_s()
        with stage(self._console, f"simulate {world.days} days", world.days * 100) as shown:
            run = Run(world, partner, books, lambda: _tell(shown, world, wires, began))
            await run.all()
            _tell(shown, world, wires, began)
        requests = sum(wire.requests for wire in wires)
        return Outcome(world.counts, requests, time.monotonic() - began, _cpu_s() - used)


def _tell(shown: Stage, world: World, wires: tuple[Wire, Wire], began: float) -> None:
    counts, elapsed = world.counts, max(1e-9, time.monotonic() - began)
    passed = (world.timeline.now_ms - world.begins_ms) * 100 // DAY_MS
    rate = sum(wire.requests for wire in wires) / elapsed
    note = f"{counts['visits']:,} visits, {counts['orders']:,} orders, {rate:,.0f}/s"
    shown.show(min(passed, world.days * 100), note)


def _cpu_s() -> float:
    spent = os.times()
    return spent.user + spent.system
