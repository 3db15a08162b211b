"""A small world acted out against a store in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from deploy.demo.shoppers.books import Books
from deploy.demo.shoppers.catalogue import feel, make_products
from deploy.demo.shoppers.journal import Journal
from deploy.demo.shoppers.parameters import Parameters, load_parameters
from deploy.demo.shoppers.partner import Partner, codes
from deploy.demo.shoppers.people import make_people
from deploy.demo.shoppers.run import Run
from deploy.demo.shoppers.sessions import BEGINS
from deploy.demo.shoppers.stub import Stub
from deploy.demo.shoppers.timeline import Timeline
from deploy.demo.shoppers.truth import Truth
from deploy.demo.shoppers.world import World

PARAMETERS = load_parameters()


def new_stub(seed: int = 3) -> Stub:
    """Return a store with the simulation's own catalogue."""
    return Stub(make_products(seed, PARAMETERS))


def act_out(
    folder: Path,
    stub: Stub,
    *,
    seed: int = 3,
    shoppers: int = 60,
    days: int = 3,
    together: int = 8,
    parameters: Parameters = PARAMETERS,
    on_progress: Callable[[World], None] = lambda _: None,
) -> World:
    """Simulate, or go on, and return the world with its books closed."""

    async def all_of_it() -> World:
        journal = Journal(folder / "journal.sqlite")
        begins_ms = int(BEGINS.timestamp()) * 1000
        partner = Partner(stub, "token", "secret")
        world = World(
            people=make_people(seed, shoppers, parameters),
            parameters=parameters,
            catalogue=feel(seed, await partner.products(lambda _: None), parameters),
            begins=BEGINS,
            days=days,
            journal=journal,
            store=stub,
            provider=stub,
            timeline=Timeline(begins_ms, together, 0.0, lambda _: None),
            codes=codes(seed, parameters, begins_ms, days),
        )
        books = Books(world, Truth(folder / "truth"))
        books.write_world()
        try:
            await Run(world, partner, books, lambda: on_progress(world)).all()
        finally:
            journal.close()
        return world

    return asyncio.run(all_of_it())
