"""Fraud that the data does not have: three scenarios, drawn by seed, with their late chargebacks.

Truth stays in this package and in the data directory's `truth/`; no pipeline reads it. The models
learn from the chargebacks alone, which arrive one to five days after the order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd

from deploy.demo.baskets import Basket, Line
from deploy.demo.identity import pseudonym
from deploy.demo.source import LIVE_FROM
from deploy.demo.world import World

SEED = 1312
DAY_MS = 86_400_000
LIVE_DAYS = 14
BURSTS_A_DAY = 1
TAKEOVERS = 45
ABUSERS = 12


class Scenario(StrEnum):
    """How somebody cheats."""

    CARD_BURST = "card_burst"
    """A stolen card is spent within the hour, over few devices and made-up shoppers."""
    TAKEOVER = "account_takeover"
    """Somebody orders in a shopper's name, from a new device, more than the shopper ever did."""
    REFUND_ABUSE = "refund_abuse"
    """A shopper gets money back for goods that arrived, and disputes what is not refunded."""


@dataclass(frozen=True)
class Fraud:
    """A fraudulent order and what follows it.

    Parameters
    ----------
    refund_after_ms, dispute_after_ms
        Time from the order to the refund and to the chargeback; None if there is none.
    reason
        What the chargeback says.
    """

    scenario: Scenario
    basket: Basket
    dispute_after_ms: int
    reason: str
    refund_after_ms: int | None = None


def _shelf(world: World) -> list[str]:
    """Return what is worth stealing: sold by the piece, at 5 dollars and more, often bought."""
    catalogue = world.catalogue
    counts = world.source.lines["product_id"].value_counts()
    sold = catalogue["sku"].str.removeprefix("CJ").astype("int64").map(counts).fillna(0)
    worth = (catalogue["unit"] == "each") & catalogue["list_price_minor"].between(500, 6000)
    shelf = catalogue[worth].assign(sold=sold[worth]).sort_values(["sold", "sku"], ascending=False)
    return shelf["sku"].head(400).tolist()


class _Scene:
    def __init__(self, world: World) -> None:
        self.rng = np.random.default_rng(SEED)
        self.shelf = _shelf(world)
        self.first_ms = int(LIVE_FROM.value // 1_000_000)
        live = list(world.live())
        self.victims = {basket.subject: basket for basket in live if basket.method == "card"}
        self.names = sorted(self.victims)
        self.stores = sorted({basket.store_id for basket in live})
        self.areas = sorted({basket.area for basket in live})
        self.count = 0

    def lines(self, least: int, most: int) -> tuple[Line, ...]:
        size = int(self.rng.integers(least, most + 1))
        skus = self.rng.choice(self.shelf, size=min(size, len(self.shelf)), replace=False)
        return tuple(Line(str(sku), int(self.rng.integers(1, 4)), "each", 0, 0) for sku in skus)

    def basket(
        self, at_ms: int, subject: str, device: str, card: str, lines: tuple[Line, ...]
    ) -> Basket:
        self.count += 1
        return Basket(
            source_ref=f"SIM{self.count:05d}",
            at_ms=at_ms,
            subject=subject,
            store_id=str(self.rng.choice(self.stores)),
            channel="web",
            device_id=device,
            ip_country="US" if self.rng.random() < 0.6 else "RO",
            method="card",
            card=card,
            card_country="US",
            mode="van" if self.rng.random() < 0.5 else "post",
            packaging="cardboard_box",
            distance_km=round(float(self.rng.gamma(3.0, 5.0)), 1),
            area=str(self.rng.choice(self.areas)),
            lines=lines,
            stated_money=False,
        )

    def dispute_after_ms(self) -> int:
        return int(self.rng.uniform(1.0, 5.0) * DAY_MS)


def _bursts(scene: _Scene) -> list[Fraud]:
    frauds = []
    for number in range(LIVE_DAYS * BURSTS_A_DAY):
        card = pseudonym("card", f"stolen/{number}")
        devices = [pseudonym("device", f"thief/{number}/{i}") for i in range(2)]
        begins = scene.first_ms + number * DAY_MS // BURSTS_A_DAY
        at = begins + int(scene.rng.uniform(0.05, 0.9) * DAY_MS)
        for order in range(int(scene.rng.integers(5, 10))):
            at += int(scene.rng.uniform(60_000, 600_000))
            subject = pseudonym("shopper", f"thief/{number}/{order // 2}")
            device = devices[order % 2]
            basket = scene.basket(at, subject, device, card, scene.lines(1, 5))
            after = scene.dispute_after_ms()
            frauds.append(Fraud(Scenario.CARD_BURST, basket, after, "fraudulent"))
    return frauds


def _takeovers(scene: _Scene) -> list[Fraud]:
    frauds = []
    names = scene.rng.choice(scene.names, size=min(TAKEOVERS, len(scene.names)), replace=False)
    for number, name in enumerate(names):
        victim = scene.victims[str(name)]
        device = pseudonym("device", f"takeover/{number}")
        keeps_card = scene.rng.random() < 0.6
        card = victim.card if keeps_card else pseudonym("card", f"takeover/{number}")
        at = scene.first_ms + int(scene.rng.uniform(0, LIVE_DAYS - 0.2) * DAY_MS)
        for _ in range(int(scene.rng.integers(1, 4))):
            at += int(scene.rng.uniform(300_000, 5_400_000))
            basket = scene.basket(at, victim.subject, device, card, scene.lines(4, 12))
            after = scene.dispute_after_ms()
            frauds.append(Fraud(Scenario.TAKEOVER, basket, after, "fraudulent"))
    return frauds


def _abuses(scene: _Scene) -> list[Fraud]:
    frauds = []
    names = scene.rng.choice(scene.names, size=min(ABUSERS, len(scene.names)), replace=False)
    for name in names:
        shopper = scene.victims[str(name)]
        at = scene.first_ms + int(scene.rng.uniform(0, 3) * DAY_MS)
        for order in range(int(scene.rng.integers(3, 6))):
            lines = scene.lines(2, 7)
            basket = scene.basket(at, shopper.subject, shopper.device_id, shopper.card, lines)
            basket = replace(basket, ip_country="US", area=shopper.area, packaging="paper_bag")
            refund = int(scene.rng.uniform(0.1, 0.6) * DAY_MS) if order % 2 == 0 else None
            after = scene.dispute_after_ms()
            frauds.append(
                Fraud(Scenario.REFUND_ABUSE, basket, after, "product_not_received", refund)
            )
            at += int(scene.rng.uniform(1.0, 2.8) * DAY_MS)
    return frauds


def frauds(world: World) -> list[Fraud]:
    """Return every fraudulent order of the live days, in order of time."""
    scene = _Scene(world)
    found = [*_bursts(scene), *_takeovers(scene), *_abuses(scene)]
    until = scene.first_ms + LIVE_DAYS * DAY_MS
    return sorted((f for f in found if f.basket.at_ms < until), key=lambda f: f.basket.at_ms)


def truth(found: list[Fraud]) -> pd.DataFrame:
    """Return one row per fraudulent order: ``source_ref``, ``scenario``, ``at_ms``."""
    return pd.DataFrame(
        {
            "source_ref": [fraud.basket.source_ref for fraud in found],
            "scenario": [fraud.scenario.value for fraud in found],
            "at_ms": [fraud.basket.at_ms for fraud in found],
        }
    )
