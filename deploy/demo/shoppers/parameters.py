"""The numbers of the simulation: data with a version, read from `parameters.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

FILE = Path(__file__).with_name("parameters.yml")
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LogNormal(_Part):
    """A log-normal distribution by its median."""

    median: Positive = 1.0
    sigma: Positive


class Beta(_Part):
    """A beta distribution."""

    a: Positive
    b: Positive


class Gamma(_Part):
    """A gamma distribution by its mean."""

    shape: Positive
    mean: Positive


class InverseGaussian(_Part):
    """An inverse Gaussian distribution; its variance is mean³ / shape."""

    mean: Positive
    shape: Positive


class Logistic(_Part):
    """A chance of sigmoid(bias + scale · utility)."""

    bias: float
    scale: float


class PeopleModel(_Part):
    """Who there is."""

    factors: int
    price_sensitivity: LogNormal
    green: Beta
    weekly_budget_minor: LogNormal
    visits_per_day: Gamma
    chronotype_h: Positive
    patience: LogNormal
    devices: list[Share]
    kinds: dict[Literal["mobile", "desktop", "tablet"], Share]
    consent: Share
    bots: Share
    fraudsters: Share
    abroad: Share


class VisitModel(_Part):
    """When people come, and for how long."""

    weekdays: Annotated[list[Positive], Field(min_length=7, max_length=7)]
    hours: Annotated[list[Positive], Field(min_length=24, max_length=24)]
    pages: InverseGaussian
    most_pages: int
    think_s: LogNormal
    most_think_s: Positive
    pages_by_source: dict[Literal["home", "search", "department"], Share]
    leave_when_bored: Share


class ListModel(_Part):
    """How much a list shows."""

    home: int
    search: int
    department: int


class ClickModel(_Part):
    """What is looked at and clicked."""

    eta: Positive
    relevance: Logistic
    most_clicks: int


class CheckoutModel(_Part):
    """The chance to buy what is in the cart: log-odds, and what a promotion adds to them."""

    bias: float
    promotion: float


class Returns(_Part):
    """What honest people send back."""

    share: Share
    after_days: LogNormal


class PurchaseModel(_Part):
    """What is bought, and how it is paid and delivered."""

    add: Logistic
    checkout: CheckoutModel
    most_units: int
    leaves_open: Share
    declined_first: Share
    authenticates: Share
    returns: Returns
    delivery: dict[Literal["collect", "van", "cargo_bike", "post"], Share]


class CatalogueModel(_Part):
    """What a store that has nothing gets to sell, and how much arrives each week."""

    products: int
    units_a_week: Positive
    units_sigma: Positive


class PromotionModel(_Part):
    """A code that holds some days and comes again."""

    name: str
    percent: int
    first_day: int
    days: int
    every_days: int
    uplift: Positive
    aware: Share


class Guise(_Part):
    """How some of the programs appear; `device` stands for the browser of a person's device."""

    share: Share
    agent: Literal["crawler", "library", "headless", "device"]
    think_s: Positive


class BotModel(_Part):
    """Programs among the visitors."""

    visits_per_day: Positive
    pages: int
    runs_scripts: Share
    guises: dict[str, Guise]


class Scenario(_Part):
    """A way to cheat; `declined` and `disputed` are shares of its payments and orders."""

    share: Share
    visits_per_day: Positive
    orders: int
    dear: bool
    declined: Share
    disputed: Share


class FraudModel(_Part):
    """Who cheats how, and when it comes out."""

    delay_days: LogNormal
    most_days: int
    scenarios: dict[str, Scenario]
    refund_abuse_share: Share


class Experiment(_Part):
    """A test whose true effect is known: what it adds to treated visits' log-odds."""

    name: str
    salt: str
    treated: Share
    acts_on: Literal["add", "checkout"]
    effect: float


class Parameters(_Part):
    """Everything that a world follows from, beside its seed."""

    version: int
    people: PeopleModel
    visits: VisitModel
    lists: ListModel
    clicks: ClickModel
    purchases: PurchaseModel
    catalogue: CatalogueModel
    promotions: list[PromotionModel]
    bots: BotModel
    fraud: FraudModel
    experiments: list[Experiment]


def load_parameters(path: Path = FILE) -> Parameters:
    """Read and check the parameters.

    Raises
    ------
    pydantic.ValidationError
        If one is missing, unknown or out of its range.
    """
    return Parameters.model_validate(yaml.safe_load(path.read_text("utf-8")))
