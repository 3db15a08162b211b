"""The whole world, built from the data by seed: the same on every run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from deploy.demo.baskets import Basket, baskets
from deploy.demo.people import People, settle
from deploy.demo.products import catalogue
from deploy.demo.source import LIVE_FROM, Source, load


@dataclass(frozen=True)
class World:
    """A marketplace.

    Parameters
    ----------
    source
        The data it is made of.
    people
        Households and stores, settled.
    catalogue
        One row per product, as the store's import takes it.
    """

    source: Source
    people: People
    catalogue: pd.DataFrame

    @cached_property
    def milli(self) -> frozenset[int]:
        """Products that are sold by the thousandth."""
        skus = self.catalogue.loc[self.catalogue["unit"] == "milli", "sku"]
        return frozenset(int(sku.removeprefix("CJ")) for sku in skus)

    def _baskets(self, lines: pd.DataFrame) -> Iterator[Basket]:
        return baskets(lines, self.people, self.milli)

    def history(self) -> Iterator[Basket]:
        """Yield the baskets before the live days, in order of time."""
        lines = self.source.lines
        return self._baskets(lines[lines["sold_at"] < LIVE_FROM])

    def live(self) -> Iterator[Basket]:
        """Yield the baskets of the live days, in order of time."""
        lines = self.source.lines
        return self._baskets(lines[lines["sold_at"] >= LIVE_FROM])

    @cached_property
    def history_count(self) -> int:
        """Number of baskets before the live days."""
        lines = self.source.lines
        return int(lines.loc[lines["sold_at"] < LIVE_FROM, "basket_id"].nunique())


def build(sample: float = 1.0) -> World:
    """Build the world of a share of the households; 1 takes all."""
    source = load(sample)
    households = sorted(int(i) for i in source.lines["household_id"].unique())
    stores = sorted(int(i) for i in source.lines["store_id"].unique())
    return World(source, settle(households, stores), catalogue(source))
