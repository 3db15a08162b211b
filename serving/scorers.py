"""What serving asks of a model of each family; whatever answers so can be in service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, Protocol

from models.carbon import Alternative, Footprint


class Item(Protocol):
    """A recommended product."""

    @property
    def sku(self) -> str:
        """The product."""

    @property
    def score(self) -> float:
        """Comparable within one slate."""

    @property
    def reason(self) -> str:
        """Why it was chosen."""


class Recommender(Protocol):
    """Ranks products for a shopper."""

    def recommend(
        self, *, subject: str, recent: Sequence[str], context: Sequence[str], k: int
    ) -> Sequence[Item]:
        """Return at most k products, best first; `recent` is latest first."""


class FraudScore(Protocol):
    """An order's probability of fraud and what follows from it."""

    @property
    def score(self) -> float:
        """Probability, 0 to 1."""

    @property
    def action(self) -> Literal["allow", "review"]:
        """What to do with the order."""

    @property
    def reasons(self) -> Sequence[str]:
        """What weighed most, strongest first."""


class FraudScorer(Protocol):
    """Scores orders."""

    def score(self, features: Mapping[str, float | None]) -> FraudScore:
        """Score one order from the features of its view."""


class DayDemand(Protocol):
    """A day's demand by quantile."""

    @property
    def date(self) -> date:
        """The UTC day."""

    @property
    def p10(self) -> float:
        """Demand is at most this with probability 0.1."""

    @property
    def p50(self) -> float:
        """Demand is at most this with probability 0.5."""

    @property
    def p90(self) -> float:
        """Demand is at most this with probability 0.9."""


class Forecast(Protocol):
    """A product's demand on consecutive days."""

    @property
    def as_of(self) -> date:
        """The first day that the model has not seen."""

    @property
    def unit(self) -> str:
        """What a demand of one means."""

    @property
    def days(self) -> Sequence[DayDemand]:
        """One entry a day, in order."""


class Forecaster(Protocol):
    """Forecasts demand."""

    @property
    def longest_horizon(self) -> int:
        """Days that it looks ahead."""

    def forecast(self, sku: str, horizon: int) -> Forecast | None:
        """Return a product's forecast; None if the model knows no such product."""


class FootprintLine(Protocol):
    """A line of an order, as far as its footprint needs it."""

    @property
    def sku(self) -> str | None:
        """The product, if known."""

    @property
    def category(self) -> str | None:
        """The product's category, if known."""

    @property
    def mass_grams(self) -> float | None:
        """Mass of one piece, if known."""

    @property
    def quantity(self) -> float:
        """Pieces."""


class FootprintCalculator(Protocol):
    """Computes footprints."""

    def footprint(
        self,
        *,
        lines: Sequence[FootprintLine],
        packaging: str,
        delivery_mode: str,
        distance_km: float,
    ) -> Footprint:
        """Compute one order's footprint.

        Raises
        ------
        models.carbon.score.UnknownNameError
            If the factors lack the packaging or the delivery mode.
        """

    def alternatives(
        self,
        *,
        lines: Sequence[FootprintLine],
        packaging: str,
        delivery_mode: str,
        distance_km: float,
        open_order: Sequence[FootprintLine] = (),
    ) -> Sequence[Alternative]:
        """Compute what it would be with one thing changed, the least first.

        Raises
        ------
        models.carbon.score.UnknownNameError
            If the factors lack the packaging or the delivery mode.
        """
