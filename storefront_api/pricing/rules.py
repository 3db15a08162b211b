"""Which price rule counts for a line, and what it takes off: arithmetic alone.

Rules do not stack. Of all that fit a line the one that takes the most off counts, the first by id
among equals; promotion codes apply to what it leaves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from storefront_api.events.orders import OrderLineV1
from storefront_api.events.parts import Unit
from storefront_api.pricing.amounts import list_price
from storefront_api.promotions.discounts import half_even

ALL_BASIS_POINTS = 10_000
RuleKind = Literal["percent", "amount", "price"]


@dataclass(frozen=True)
class PriceRule:
    """A version of a rule that fits a product, a shopper and a time.

    Parameters
    ----------
    kind
        `percent` takes basis points off, `amount` minor units off each unit, and `price` is the
        price of each unit; a unit is a piece or 1,000 thousandths.
    min_quantity
        From how much of the product on, in the variant's unit; above 1 it is a tier.
    """

    rule_id: str
    version: int
    kind: RuleKind
    value: int
    min_quantity: int


@dataclass(frozen=True)
class AppliedRule:
    """What one rule took off an order.

    Parameters
    ----------
    tier
        Whether it holds from a quantity on.
    by_line
        Minor units off, by line number; lines that it left alone are not in it.
    """

    rule_id: str
    version: int
    tier: bool
    by_line: Mapping[int, int]


def off(rule: PriceRule, quantity: int, unit: Unit, list_minor: int) -> int:
    """Return what a rule takes off a line's list price; never more than that, never below zero."""
    if rule.kind == "percent":
        return half_even(list_minor * rule.value, ALL_BASIS_POINTS)
    part = list_price(quantity, unit, rule.value)
    return min(part, list_minor) if rule.kind == "amount" else max(list_minor - part, 0)


def apply_rules(
    lines: Sequence[OrderLineV1],
    known: Mapping[str, Sequence[PriceRule]],
    stated: Collection[int] = (),
) -> tuple[list[OrderLineV1], list[AppliedRule]]:
    """Return the lines with what rules took off, and the rules that did, by id.

    Parameters
    ----------
    known
        The rules that fit each sku.
    stated
        Numbers of lines whose money a partner states; rules leave them alone.
    """
    quantities: Counter[str] = Counter()
    for line in lines:
        quantities[line.sku] += line.quantity
    changed, taken = [], defaultdict[tuple[str, int, bool], dict[int, int]](dict)
    for line in lines:
        reached = [
            rule for rule in known.get(line.sku, ()) if rule.min_quantity <= quantities[line.sku]
        ]
        offers = [
            (-off(rule, line.quantity, line.unit, line.list_minor), rule.rule_id, rule)
            for rule in reached
        ]
        if line.line_number in stated or not offers:
            changed.append(line)
            continue
        negative, _, rule = min(offers, key=lambda offer: offer[:2])
        if negative:
            name = (rule.rule_id, rule.version, rule.min_quantity > 1)
            taken[name][line.line_number] = -negative
        changed.append(_cheaper(line, -negative))
    return changed, [AppliedRule(*name, by_line) for name, by_line in sorted(taken.items())]


def _cheaper(line: OrderLineV1, minor: int) -> OrderLineV1:
    money = {
        "discount_minor": line.discount_minor + minor,
        "total_minor": line.total_minor - minor,
    }
    return line.model_copy(update=money)
