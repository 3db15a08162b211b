"""What the shopper's cart would cost now; nothing is kept for it."""

from __future__ import annotations

from storefront_api.carts import repository as carts
from storefront_api.checkouts import tendering
from storefront_api.checkouts.schemas import QuoteIn, QuoteOut
from storefront_api.checkouts.service import lines_of, shown_tenders, to_buy
from storefront_api.ledger.tenders import due
from storefront_api.orders.priced import price_goods
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import transaction
from storefront_api.pricing.explanation import explain
from storefront_api.services import Services


async def quote(services: Services, caller: Caller, wanted: QuoteIn) -> QuoteOut:
    """Price the cart with codes, gift cards and points as a checkout would.

    Whether stock is there and codes have uses left is found out when a checkout opens.

    Raises
    ------
    InvalidError, ForbiddenError, GiftcardSpentError, TooFewPointsError
        As a checkout does.
    """
    tendering.refuse_points(caller, wanted.points)
    now = services.clock()
    async with transaction(services.pool) as connection:
        rows = to_buy(await carts.lines(connection, caller.name))
        currency, codes = rows[0]["currency"], wanted.promotion_codes
        goes_to, lines = wanted.destination or services.settings.home_country, lines_of(rows)
        subject = caller.subject
        priced = await price_goods(connection, lines, currency, codes, now, subject, goes_to)
        tenders, _ = await tendering.pay(
            services, connection, caller.subject, currency, priced.total_minor, wanted, now
        )
    return QuoteOut(
        currency=currency,
        destination=goes_to,
        explanation=explain(priced.lines, priced.rules, priced.discounts, tenders),
        total_minor=priced.total_minor,
        tax_minor=priced.tax_minor,
        tenders=shown_tenders(tenders),
        due_minor=due(priced.total_minor, tenders),
    )
