"""The truth of a run, from the world and its journal to Parquet."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from deploy.demo.shoppers.experiments import treated
from deploy.demo.shoppers.fraud import scenario_of
from deploy.demo.shoppers.journal import HAPPENED
from deploy.demo.shoppers.people import BOT, FRAUDSTER, KINDS
from deploy.demo.shoppers.truth import BY_VISIT, Truth
from deploy.demo.shoppers.world import World


class Books:
    """Writes what only the simulation knows.

    Parameters
    ----------
    world
        The world.
    truth
        Where to.
    """

    def __init__(self, world: World, truth: Truth) -> None:
        self._world = world
        self._truth = truth

    def write_world(self) -> None:
        """Write what holds from the start: people, products and arms."""
        self._truth.write("people", [self._person(i) for i in range(len(self._world.people))])
        catalogue = self._world.catalogue
        self._truth.write(
            "products",
            [
                (
                    product.sku,
                    product.product_id,
                    product.department,
                    product.category,
                    catalogue.vectors[i].tolist(),
                    float(catalogue.green[i]),
                    float(catalogue.reference_minor[i]),
                )
                for i, product in enumerate(catalogue.products)
            ],
        )
        self._truth.write("experiments", self._arms())

    def _cookies(self, person: int) -> list[str]:
        people = self._world.people
        if people.kind[person] == FRAUDSTER:
            return []
        return [people.anonymous_id(person, d) for d in range(int(people.devices[person]))]

    def _person(self, person: int) -> tuple[Any, ...]:
        people, parameters = self._world.people, self._world.parameters
        kinds, count = list(parameters.people.kinds), int(people.devices[person])
        return (
            person,
            KINDS[people.kind[person]],
            bool(people.kind[person] == BOT),
            bool(people.kind[person] == FRAUDSTER),
            scenario_of(people, person, parameters),
            ("", *parameters.bots.guises)[1 + int(people.guise[person])],
            people.tastes[person].tolist(),
            float(people.price_sensitivity[person]),
            float(people.green[person]),
            int(people.weekly_budget_minor[person]),
            float(people.visits_per_day[person]),
            float(people.chronotype_h[person]),
            float(people.patience[person]),
            bool(people.consent[person]),
            [kinds[kind] for kind in people.device_kinds[person, :count].tolist()],
            self._cookies(person),
            f"A{int(people.area[person]):02d}",
            float(people.distance_km[person]),
            people.country[person],
        )

    def _arms(self) -> list[tuple[Any, ...]]:
        rows = []
        for test in self._world.parameters.experiments:
            facts = (test.name, test.salt, test.acts_on, test.effect)
            for person in range(len(self._world.people)):
                if self._world.people.kind[person] != BOT:
                    cookies = self._cookies(person)
                    rows += [(*facts, person, cookie, treated(test, cookie)) for cookie in cookies]
        return rows

    def write_day(self, day: int) -> None:
        """Write what the visits of a day left, and let the journal forget it."""
        rows: dict[str, list[list[Any]]] = defaultdict(list)
        for truth in self._world.journal.truths(day):
            for table, own in truth.items():
                rows[table] += own
        for table in BY_VISIT:
            self._truth.write_day(table, day, rows[table])
        self._world.journal.written(day)

    def write_orders(self) -> None:
        """Write orders and what followed from them, as far as it has come."""
        journal = self._world.journal
        self._truth.write(
            "orders",
            [
                (
                    order["order_id"],
                    order["session_id"],
                    order["person"],
                    order["subject"],
                    order["at_ms"],
                    order["currency"],
                    order["total_minor"],
                    order["discount_minor"],
                    order["lines"],
                    order["code"],
                    order["card"],
                    bool(order["scenario"]),
                    order["scenario"],
                )
                for order in journal.orders()
            ],
        )
        refunds: list[tuple[Any, ...]] = []
        chargebacks: list[tuple[Any, ...]] = []
        for what, state in journal.following():
            row, happened = what.row, state == HAPPENED
            facts = (row["order_id"], what.at_ms, row["amount_minor"], row["reason"])
            if row["kind"] == "refund":
                refunds.append((*facts, row["genuine"], happened))
            else:
                chargebacks.append((*facts, row["genuine"], row["scenario"], happened))
        self._truth.write("refunds", refunds)
        self._truth.write("chargebacks", chargebacks)
