"""Baskets as orders, with the clicks that led to them.

Which device, card, channel, delivery and packaging a basket had is not in the data; they are drawn
by seed, per basket, so that a basket is the same in every run and every sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deploy.demo.identity import pseudonym
from deploy.demo.people import People

SEED = 584
NEW_DEVICE = 0.03
NEW_CARD = 0.02
ABROAD = 0.007
"""Shares of honest orders from a new device, by a new card, and from a foreign network."""
FOREIGN = ("CA", "MX", "GB", "DE")
METHODS = (("card", 0.82), ("cash", 0.14), ("gift_card", 0.04))
DELIVERIES = (
    ("collect", "none", "till", 0.30),
    ("collect", "paper_bag", "till", 0.30),
    ("van", "paper_bag", "web", 0.16),
    ("van", "reusable_crate", "web", 0.10),
    ("cargo_bike", "reusable_crate", "web", 0.08),
    ("post", "cardboard_box", "web", 0.06),
)
SECONDS_A_LINE = 20


@dataclass(frozen=True)
class Line:
    """A line of a basket, money in cents."""

    sku: str
    quantity: int
    unit: str
    list_minor: int
    discount_minor: int

    @property
    def total_minor(self) -> int:
        """What was paid."""
        return self.list_minor - self.discount_minor


@dataclass(frozen=True)
class Basket:
    """One order to be, as a partner states it.

    Parameters
    ----------
    at_ms
        When it was placed, epoch milliseconds.
    stated_money
        Whether the lines' money is stated, or the catalogue's price holds.
    """

    source_ref: str
    at_ms: int
    subject: str
    store_id: str
    channel: str
    device_id: str
    ip_country: str
    method: str
    card: str
    card_country: str
    mode: str
    packaging: str
    distance_km: float
    area: str
    lines: tuple[Line, ...]
    stated_money: bool = True

    @property
    def session_id(self) -> str:
        """The visit that it ended."""
        return f"ses-{self.source_ref}"

    def payment(self) -> dict[str, Any]:
        """Return the order's `payment`."""
        country = self.card_country if self.method == "card" else ""
        return {"method": self.method, "fingerprint": self.card, "country": country}

    def delivery(self) -> dict[str, Any]:
        """Return the order's `delivery`."""
        return {
            "mode": self.mode,
            "packaging": self.packaging,
            "distance_km": self.distance_km,
            "area": self.area,
        }

    def clicks(self) -> Iterator[tuple[str, int, Line]]:
        """Yield type, instant and line of each click before the order: a view, then the cart."""
        first = self.at_ms - SECONDS_A_LINE * 1000 * (len(self.lines) + 1)
        for place, line in enumerate(self.lines):
            viewed = first + SECONDS_A_LINE * 1000 * place
            yield "product_viewed", viewed, line
            yield "product_added", viewed + 8_000, line


def _uniform(baskets: NDArray[np.int64], stream: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) per basket that depends on its id and the stream alone.

    This is the finalizer of SplitMix64, on unsigned 64-bit integers.
    """
    state = baskets.astype(np.uint64) + np.uint64(SEED + 1_000_003 * stream)
    with np.errstate(over="ignore"):
        state = state * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((state ^ (state >> np.uint64(31))) / 2.0**64, dtype=np.float64)


def _chosen(draws: NDArray[np.float64], shares: list[float]) -> list[int]:
    edges = np.cumsum(shares)
    chosen = np.searchsorted(edges, draws, side="right")
    return [int(i) for i in np.minimum(chosen, len(shares) - 1)]


def baskets(lines: pd.DataFrame, people: People, milli: frozenset[int]) -> Iterator[Basket]:
    """Yield every basket of some lines, in the order in which they were placed.

    Parameters
    ----------
    lines
        Rows of ``Source.lines``, whole baskets only.
    milli
        Products that are sold by the thousandth.
    """
    if lines.empty:
        return
    ids = lines["basket_id"].to_numpy()
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    ends = np.r_[starts[1:], len(ids)]
    heads = lines.iloc[starts]
    basket_ids, households = heads["basket_id"].to_numpy(), heads["household_id"].to_numpy()
    stores = heads["store_id"].to_numpy()
    draws = [_uniform(basket_ids, stream) for stream in range(5)]
    methods = _chosen(draws[0], [share for _, share in METHODS])
    ways = _chosen(draws[1], [share for *_, share in DELIVERIES])
    distances = people.distance_km(households, stores).tolist()
    homes = people.households.loc[households]
    subjects, areas = homes["subject"].tolist(), homes["area"].tolist()
    at = heads["sold_at"].astype("int64").tolist()
    columns = ["product_id", "quantity", "list_minor", "discount_minor"]
    products, quantities, lists, discounts = (lines[name].tolist() for name in columns)
    for index, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        household, basket = int(households[index]), int(basket_ids[index])
        mode, packaging, channel, _ = DELIVERIES[ways[index]]
        method = METHODS[methods[index]][0]
        new_device, new_card = draws[2][index] < NEW_DEVICE, draws[3][index] < NEW_CARD
        abroad = draws[4][index] < ABROAD
        yield Basket(
            source_ref=f"CJ{basket}",
            at_ms=at[index],
            subject=subjects[index],
            store_id=f"S{stores[index]}",
            channel=channel,
            device_id=pseudonym("device", f"{household}/{basket if new_device else ''}"),
            ip_country=FOREIGN[basket % len(FOREIGN)] if abroad else "US",
            method=method,
            card=pseudonym("card", f"{household}/{basket if new_card else ''}")
            if method == "card"
            else "",
            card_country="US",
            mode=mode,
            packaging=packaging,
            distance_km=distances[index],
            area=areas[index],
            lines=tuple(
                Line(
                    f"CJ{products[i]}",
                    quantities[i],
                    "milli" if products[i] in milli else "each",
                    lists[i],
                    discounts[i],
                )
                for i in range(start, end)
            ),
        )
