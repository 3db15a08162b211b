"""What goods cost a shopper: the catalogue's price, then rules, then promotion codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from storefront_api.events.orders import OrderLineV1
from storefront_api.orders.pricing import price_lines, stated_money
from storefront_api.orders.schemas import LineIn
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import ConflictError
from storefront_api.pricing import repository as prices
from storefront_api.pricing.repository import Price
from storefront_api.pricing.rules import AppliedRule, apply_rules
from storefront_api.promotions import repository as promotions
from storefront_api.promotions.discounts import Discount, apply


class NotForSaleError(ConflictError):
    """The vendor of something is not approved, or is suspended."""

    code = "not_for_sale"


@dataclass(frozen=True)
class Priced:
    """What goods cost, and how that came to be.

    Parameters
    ----------
    rules, discounts
        What price rules took off the list price, and what promotion codes took off the rest.
    """

    lines: list[OrderLineV1]
    rules: list[AppliedRule]
    discounts: list[Discount]

    @property
    def total_minor(self) -> int:
        """Sum over the lines."""
        return sum(line.total_minor for line in self.lines)


async def price_goods(
    connection: Connection,
    wanted: Sequence[LineIn],
    currency: str,
    codes: Sequence[str],
    at: datetime,
    subject: str,
) -> Priced:
    """Return what goods cost a shopper at a time: rules apply first, then codes.

    Raises
    ------
    InvalidError
        If a line or a code breaks a rule.
    NotForSaleError
        If a vendor may not sell.
    """
    catalogue = await prices.prices(connection, [line.sku for line in wanted], at, subject)
    lines = price_lines(wanted, catalogue, currency)
    _refuse_unsold(wanted, catalogue)
    known_rules = {sku: known.rules for sku, known in catalogue.items()}
    lines, rules = apply_rules(lines, known_rules, stated_money(wanted))
    discounts: list[Discount] = []
    if codes:
        known = await promotions.find(connection, codes)
        departments = {sku: row.department for sku, row in catalogue.items()}
        lines, discounts = apply(lines, departments, codes, known, currency, at)
    return Priced(lines, rules, discounts)


def _refuse_unsold(wanted: Sequence[LineIn], catalogue: Mapping[str, Price]) -> None:
    details = [
        {"field": f"body.lines.{index}.sku", "message": f"the vendor of {line.sku} may not sell"}
        for index, line in enumerate(wanted)
        if not catalogue[line.sku].for_sale
    ]
    if details:
        raise NotForSaleError(details[0]["message"], field=details[0]["field"], details=details)
