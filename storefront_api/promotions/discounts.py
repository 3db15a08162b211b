"""What promotion codes take off the lines of an order: arithmetic alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storefront_api.events.orders import OrderLineV1
from storefront_api.platform.errors import InvalidError
from storefront_api.promotions.schemas import MAX_BASIS_POINTS


@dataclass(frozen=True)
class Discount:
    """What one code took off an order.

    Parameters
    ----------
    code
        The code.
    by_line
        Minor units off, by line number; lines that it left alone are not in it.
    """

    code: str
    by_line: Mapping[int, int]

    @property
    def amount_minor(self) -> int:
        """Sum over the lines."""
        return sum(self.by_line.values())


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion to weights, by the largest remainder; earlier ones win ties.

    The parts add up to the amount, and none exceeds its weight.

    Parameters
    ----------
    amount
        At least 0 and at most the sum of the weights.
    weights
        None of them negative.
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    remainders = [amount * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda n: -remainders[n])
    for index in by_remainder[: amount - sum(parts)]:
        parts[index] += 1
    return parts


def half_even(numerator: int, denominator: int) -> int:
    """Return a fraction rounded to a whole number, halves to the even one."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2))


def _refused(index: int, rule: str) -> InvalidError:
    return InvalidError(rule, field=f"body.promotion_codes.{index}")


def _check(index: int, promotion: Mapping[str, Any], others: int, at: datetime) -> None:
    code = promotion["code"]
    if at < promotion["starts_at"]:
        raise _refused(index, f"{code} starts at {promotion['starts_at'].isoformat()}")
    if promotion["ends_at"] and at >= promotion["ends_at"]:
        raise _refused(index, f"{code} ended at {promotion['ends_at'].isoformat()}")
    if others and not promotion["stackable"]:
        raise _refused(index, f"{code} cannot be used together with another code")


def apply(
    lines: Sequence[OrderLineV1],
    departments: Mapping[str, str],
    codes: Sequence[str],
    known: Mapping[str, Mapping[str, Any]],
    currency: str,
    at: datetime,
) -> tuple[list[OrderLineV1], list[Discount]]:
    """Apply codes one after another, each to what the ones before it left.

    Parameters
    ----------
    lines
        The lines of the order, priced.
    departments
        Of each sku.
    codes
        The wanted codes, each once, in the order of application.
    known
        The promotions that exist, by code.
    currency
        The order's currency.
    at
        When the order is placed.

    Returns
    -------
    The lines that remain to be paid, and what each code took off.

    Raises
    ------
    InvalidError
        If a code does not exist, is not valid now, is for another currency, may not be combined,
        or is for more than the lines cost.
    """
    current, discounts = list(lines), []
    for index, code in enumerate(codes):
        promotion = known.get(code)
        if promotion is None:
            raise _refused(index, f"there is no promotion {code}")
        _check(index, promotion, len(codes) - 1, at)
        if promotion["currency"] != currency:
            raise _refused(index, f"{code} is for orders in {promotion['currency']}")
        wanted = promotion["department"]
        eligible = [n for n, line in enumerate(current) if wanted in ("", departments[line.sku])]
        weights = [current[n].total_minor for n in eligible]
        least = promotion["min_total_minor"]
        if not eligible or sum(weights) < least:
            where = f" of {wanted}" if wanted else ""
            raise _refused(index, f"{code} needs goods{where} for {least} minor units at least")
        amount = _amount(promotion, sum(weights))
        if not amount:
            raise _refused(index, f"{code} takes nothing off these goods")
        shares = split(amount, weights)
        by_line = {}
        for n, share in zip(eligible, shares, strict=True):
            if share:
                current[n] = _cheaper(current[n], share)
                by_line[current[n].line_number] = share
        discounts.append(Discount(code, by_line))
    return current, discounts


def _amount(promotion: Mapping[str, Any], total: int) -> int:
    if promotion["kind"] == "percent":
        return half_even(total * promotion["value"], MAX_BASIS_POINTS)
    return min(total, int(promotion["value"]))


def _cheaper(line: OrderLineV1, minor: int) -> OrderLineV1:
    changed = {
        "discount_minor": line.discount_minor + minor,
        "total_minor": line.total_minor - minor,
    }
    return line.model_copy(update=changed)
