"""What quantities cost: arithmetic alone."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from storefront_api.events.parts import Unit

MILLI = Decimal(1000)


def list_price(quantity: int, unit: Unit, price_minor: int) -> int:
    """Return what a quantity costs in minor units; thousandths are rounded half to even."""
    if unit is Unit.EACH:
        return price_minor * quantity
    exact = Decimal(price_minor) * quantity / MILLI
    return int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
