"""What goods cost a shopper: the catalogue's price, then rules, then promotion codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from storefront_api.events.orders import OrderLineV2
from storefront_api.orders.pricing import price_lines, stated_money
from storefront_api.orders.schemas import LineIn
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import ConflictError, InvalidError
from storefront_api.pricing import repository as prices
from storefront_api.pricing.repository import Price
from storefront_api.pricing.rules import AppliedRule, apply_rules
from storefront_api.promotions import repository as promotions
from storefront_api.promotions.discounts import Discount, apply
from storefront_api.taxes.arithmetic import tax_of, taxed


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

    lines: list[OrderLineV2]
    rules: list[AppliedRule]
    discounts: list[Discount]

    @property
    def total_minor(self) -> int:
        """Sum over the lines."""
        return sum(line.total_minor for line in self.lines)

    @property
    def tax_minor(self) -> int | None:
        """The part of it that is value added tax; None where nobody computed it."""
        return tax_of(self.lines)


async def price_goods(
    connection: Connection,
    wanted: Sequence[LineIn],
    currency: str,
    codes: Sequence[str],
    at: datetime,
    subject: str,
    destination: str,
) -> Priced:
    """Return what goods cost a shopper at a time: rules apply first, then codes.

    What is left is what is paid, and includes the tax of the country that the goods go to.

    Raises
    ------
    InvalidError
        If a line or a code breaks a rule, or no rates of tax are known for the country.
    NotForSaleError
        If a vendor may not sell.
    """
    catalogue = await prices.prices(
        connection, [line.sku for line in wanted], at, subject, destination
    )
    lines = price_lines(wanted, catalogue, currency)
    _refuse_unsold(wanted, catalogue)
    known_rules = {sku: known.rules for sku, known in catalogue.items()}
    lines, rules = apply_rules(lines, known_rules, stated_money(wanted))
    discounts: list[Discount] = []
    if codes:
        known = await promotions.find(connection, codes)
        departments = {sku: row.department for sku, row in catalogue.items()}
        lines, discounts = apply(lines, departments, codes, known, currency, at)
    return Priced(taxed(lines, _rates(catalogue, destination)), rules, discounts)


def _rates(catalogue: Mapping[str, Price], destination: str) -> dict[str, int]:
    rates = {sku: row.tax_rate_bp for sku, row in catalogue.items() if row.tax_rate_bp is not None}
    if len(rates) < len(catalogue):
        rule = f"no rates of value added tax are known for {destination}"
        raise InvalidError(rule, field="body.destination")
    return rates


def _refuse_unsold(wanted: Sequence[LineIn], catalogue: Mapping[str, Price]) -> None:
    details = [
        {"field": f"body.lines.{index}.sku", "message": f"the vendor of {line.sku} may not sell"}
        for index, line in enumerate(wanted)
        if not catalogue[line.sku].for_sale
    ]
    if details:
        raise NotForSaleError(details[0]["message"], field=details[0]["field"], details=details)
