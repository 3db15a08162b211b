"""Money as people read it."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

LOCALE = "en_US"


def text(minor: int, currency: str) -> str:
    """Return an amount for people to read, for example `$25.47` or `¥500`.

    Parameters
    ----------
    minor
        Minor units of the currency, as many as CLDR says it has.
    currency
        ISO 4217 code.
    """
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    return format_currency(amount, currency, locale=LOCALE)
