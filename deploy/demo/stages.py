"""The demo from an empty machine to answers, stage by stage; a stage that is done stays done."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from deploy.demo import pipeline
from deploy.demo.arrival import UnsettledError
from deploy.demo.client import Storefront
from deploy.demo.fraud import frauds, truth
from deploy.demo.history import import_history
from deploy.demo.live import Book, Pace, Replay
from deploy.demo.progress import Stage, stage
from deploy.demo.source import LIVE_FROM, LIVE_UNTIL, SECOND_PHASE_FROM
from deploy.demo.timeline import BEFORE_MODELS, WITH_MODELS, Phase, happenings
from deploy.demo.world import World, build
from pipelines.warehouse import connect

IMPORT_SIZE = 2_000
SETTLE_S = 600.0
"""How long the warehouse may take to have everything that was sent."""
QUIET_S = 3.0
"""No new click for so long means that all that were sent before have arrived."""
CLICKS_BEFORE = pd.Timedelta(days=1)
"""More than the clicks of any basket begin before its order."""


@dataclass
class Journal:
    """Which stages are done, kept in the data directory."""

    path: Path
    done: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what a run before left."""
        if self.path.exists():
            self.done = json.loads(self.path.read_text("utf-8"))

    def mark(self, name: str, outcome: Any) -> None:
        """Write down that a stage is done, and what came of it."""
        self.done[name] = outcome
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(self.done, indent=2), "utf-8")
        unfinished.replace(self.path)


@dataclass
class Demo:
    """The demo over a running stack.

    Parameters
    ----------
    environment
        Where the services are, by the names that clients use.
    data_dir
        Where the demo keeps its books.
    console
        Where it shows itself.
    sample
        Share of the households.
    """

    environment: dict[str, str]
    data_dir: Path
    console: Console
    sample: float = 1.0

    def __post_init__(self) -> None:
        """Open the journal."""
        self.journal = Journal(self.data_dir / "demo" / "journal.json")
        self.book = Book(self.data_dir / "demo" / "live.jsonl")
        known = self.journal.done.get("sample", self.sample)
        if known != self.sample:
            raise ValueError(
                f"sample: this data directory holds a world of {known}, not {self.sample}; "
                "use another ECOMARKET_DATA_DIR"
            )

    @cached_property
    def world(self) -> World:
        """The world, built when it is first needed."""
        with stage(self.console, "build the world"):
            return build(self.sample)

    def _once(self, name: str, title: str, work: Callable[[Stage], Any], total: int = 0) -> None:
        if name in self.journal.done:
            self.console.print(f"[dim]✓ {title:<34} done before[/]")
            return
        with stage(self.console, title, total) as shown:
            outcome = work(shown)
        self.journal.mark(name, outcome)

    def _plan(self) -> dict[str, Callable[[], None]]:
        """Return the steps by name, in their order."""
        return {
            "catalogue": lambda: self._once("catalogue", "import the catalogue", self._catalogue),
            "history": self._all_history,
            BEFORE_MODELS.name: lambda: self._live(
                BEFORE_MODELS, Pace(0.0, with_recommendations=False)
            ),
            "first pipeline run": lambda: self._once(
                "first pipeline run",
                "dbt, checks, training: the year",
                lambda shown: self._pipeline(shown, LIVE_FROM.date(), SECOND_PHASE_FROM.date()),
            ),
            WITH_MODELS.name: lambda: self._live(WITH_MODELS, Pace(0.3, with_recommendations=True)),
            "second pipeline run": lambda: self._once(
                "second pipeline run",
                "dbt, checks, training: the last days",
                lambda shown: self._pipeline(shown, SECOND_PHASE_FROM.date(), LIVE_UNTIL.date()),
            ),
        }

    def _all_history(self) -> None:
        self._once("history", "import the history through Kafka", self._history)
        self._once("history settled", "wait for the warehouse", self._settle)

    def run(self, until: str | None = None) -> None:
        """Do what is not done yet.

        Parameters
        ----------
        until
            The last step to do; None does all.

        Raises
        ------
        RefusedError, PipelineFailedError, UnsettledError
            If a stage fails; the next run goes on with it.
        ValueError
            If no step has that name.
        """
        plan = self._plan()
        if until is not None and until not in plan:
            raise ValueError(f"until: there is no step {until!r}, but {', '.join(plan)}")
        self.journal.mark("sample", self.sample)
        if "second pipeline run" not in self.journal.done:
            _ = self.world
        for name, do in plan.items():
            do()
            if name == until:
                return

    def _storefront(self) -> Storefront:
        return Storefront(
            self.environment["STOREFRONT_URL"],
            self.environment["PARTNER_TOKEN"],
            self.environment["DISPUTE_WEBHOOK_SECRET"],
        )

    def _catalogue(self, shown: Stage) -> dict[str, int]:
        products = json.loads(self.world.catalogue.to_json(orient="records"))
        opened_ms = int(LIVE_FROM.timestamp() * 1000)

        async def send() -> None:
            storefront = self._storefront()
            for first in range(0, len(products), IMPORT_SIZE):
                await storefront.import_products(products[first : first + IMPORT_SIZE], opened_ms)
                done = min(first + IMPORT_SIZE, len(products))
                shown.show(done, f"{done:,} products, {shown.rate():,.0f}/s", len(products))
            await storefront.close()

        asyncio.run(send())
        return {"products": len(products)}

    def _history(self, shown: Stage) -> dict[str, int]:
        total = self.world.history_count

        def tell(baskets: int, events: int) -> None:
            shown.show(baskets, f"{baskets:,} baskets, {events:,} events", total)

        servers = self.environment["KAFKA_BOOTSTRAP_SERVERS"]
        sent = import_history(self.world, servers, tell)
        return {"baskets": total, "events": sent}

    def _expected(self) -> dict[str, int]:
        if not self.book.answers:
            self.book.open()
            self.book.close()
        placed = [a for a in self.book.answers.values() if a["kind"] == "order"]
        return {
            "order_completed": self.world.history_count + len(placed),
            "payment_disputed": sum(a["kind"] == "dispute" for a in self.book.answers.values()),
        }

    def _settle(self, shown: Stage) -> dict[str, int]:
        """Wait until the warehouse has every order and dispute, and the sink is idle."""
        expected = self._expected()
        deadline = time.monotonic() + SETTLE_S
        before = -1
        with connect(self.environment["CLICKHOUSE_URL"]) as client:
            while True:
                found = {
                    "order_completed": self._count(client, "orders", "order_completed"),
                    "payment_disputed": self._count(client, "payments", "payment_disputed"),
                }
                clicks = self._count(client, "clickstream", "")
                shown.show(
                    found["order_completed"], f"{clicks:,} clicks", expected["order_completed"]
                )
                if found == expected and clicks == before:
                    return {**found, "clicks": clicks}
                if time.monotonic() > deadline:
                    raise UnsettledError(f"the warehouse has {found}, expected {expected}")
                before = clicks
                time.sleep(1.0)

    @staticmethod
    def _count(client: Any, module: str, type_: str) -> int:
        condition = f"WHERE type = '{type_}'" if type_ else ""
        return int(client.command(f"SELECT count() FROM raw.{module} {condition}"))

    def _arrived(self, shown: Stage, phase: Phase) -> frozenset[str]:
        """Return the clicks of a phase that a run before, which was cut off, has brought in."""
        begun = f"{phase.name} begun"
        if begun not in self.journal.done:
            self.journal.mark(begun, outcome=True)
            return frozenset()
        since = f"{phase.begins - CLICKS_BEFORE:%Y-%m-%d}"
        query = f"SELECT toString(event_id) FROM raw.clickstream WHERE occurred_at >= '{since}'"
        with connect(self.environment["CLICKHOUSE_URL"]) as client:
            before = -1
            while (clicks := self._count(client, "clickstream", "")) != before:
                shown.show(0, f"{clicks:,} clicks are in already")
                before = clicks
                time.sleep(QUIET_S)
            return frozenset(row[0] for row in client.query(query).result_rows)

    def _live(self, phase: Phase, pace: Pace) -> None:
        def work(shown: Stage) -> dict[str, int]:
            found = frauds(self.world)
            folder = self.data_dir / "truth"
            folder.mkdir(parents=True, exist_ok=True)
            truth(found).to_csv(folder / "fraud.csv", index=False)
            events = list(happenings(self.world, phase))
            arrived = self._arrived(shown, phase)
            self.book.open()

            def tell(done: int) -> None:
                shown.show(done, f"{done:,} orders and more, {shown.rate():,.0f}/s", len(events))

            async def replay() -> None:
                storefront = self._storefront()
                try:
                    await Replay(storefront, self.book, pace, tell, arrived).run(events)
                finally:
                    await storefront.close()

            try:
                asyncio.run(replay())
            finally:
                self.book.close()
            return {"happenings": len(events)}

        days = f"{phase.begins:%b %d} to {phase.ends:%b %d}"
        self._once(phase.name, f"live through the API, {days}", work)
        self._once(f"{phase.name} settled", "wait for the warehouse", self._settle)

    def _pipeline(self, shown: Stage, start: date, end: date) -> dict[str, str]:
        url = self.environment["DAGSTER_URL"]
        run = pipeline.launch(url, start, end)

        def tell(progress: pipeline.Progress) -> None:
            note = ", ".join(progress.running) or progress.status.lower()
            shown.show(progress.steps_done, note[:60], progress.steps)

        pipeline.follow(url, run, tell)
        return {"run": run, "from": str(start), "to": str(end)}
