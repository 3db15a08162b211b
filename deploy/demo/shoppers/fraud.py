"""What follows from an order: honest returns, claims that are not true, and chargebacks later."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from deploy.demo.shoppers.parameters import LogNormal, Parameters
from deploy.demo.shoppers.people import FRAUDSTER, People
from deploy.demo.shoppers.sessions import DAY_MS
from deploy.demo.shoppers.streams import key_of, stream

RefundReason = Literal["returned", "not_received"]
DisputeReason = Literal["fraudulent", "product_not_received"]
CARD_TESTING, STOLEN_CARD = "card_testing", "stolen_card"
FRIENDLY_FRAUD, REFUND_ABUSE = "friendly_fraud", "refund_abuse"


@dataclass(frozen=True)
class Consequence:
    """Something that happens after an order.

    Parameters
    ----------
    after_ms
        After the order.
    reason
        What is said.
    genuine
        Whether it is true.
    """

    kind: Literal["refund", "chargeback"]
    after_ms: int
    reason: RefundReason | DisputeReason
    genuine: bool


def scenario_of(people: People, person: int, parameters: Parameters) -> str:
    """Return the scenario of a fraudster; empty for anybody else."""
    if people.kind[person] != FRAUDSTER:
        return ""
    return list(parameters.fraud.scenarios)[int(people.scenario[person])]


def card_of(people: People, person: int, number: str, outcome: str) -> str:
    """Return a payment method of the local provider.

    Parameters
    ----------
    number
        Tells a person's cards apart: ``own``, or what a stolen one is known by.
    outcome
        `approved`, `declined` or `authenticates`.
    """
    digits = key_of(people.seed, "card", person, number).hex()[:16]
    country = people.country[person]
    if number != "own" and people.kind[person] == FRAUDSTER:
        country = ("GB", "DE", "US", "US")[int(digits[0], 16) % 4]
    return f"pm_local_{country}_{outcome}_{digits}"


def _days(model: LogNormal, normal: float, most: float) -> int:
    days = model.median * math.exp(model.sigma * normal)
    return int(min(days, most) * DAY_MS)


def consequences(
    people: People, person: int, order_key: str, parameters: Parameters
) -> list[Consequence]:
    """Return what follows from an order, from the seed and the order's own key alone."""
    draws = stream(people.seed, "consequences", order_key)
    first, second = draws.random(2)
    normal = float(draws.standard_normal())
    scenario = scenario_of(people, person, parameters)
    fraud, returns = parameters.fraud, parameters.purchases.returns
    if not scenario:
        if first >= returns.share:
            return []
        after = _days(returns.after_days, normal, fraud.most_days)
        return [Consequence("refund", after, "returned", genuine=True)]
    delay = _days(fraud.delay_days, normal, fraud.most_days)
    if scenario == REFUND_ABUSE:
        if second >= fraud.refund_abuse_share:
            return []
        return [Consequence("refund", delay // 3, "not_received", genuine=False)]
    if first >= fraud.scenarios[scenario].disputed:
        return []
    claimed = scenario == FRIENDLY_FRAUD
    reason: DisputeReason = "product_not_received" if claimed else "fraudulent"
    return [Consequence("chargeback", delay, reason, genuine=not claimed)]
