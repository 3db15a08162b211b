"""From a buyer's cart to the company's order: requested, approved where it is dear, invoiced."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from storefront_api.business import repository
from storefront_api.business.invoicing import issue
from storefront_api.business.outgoing import Acting, message
from storefront_api.business.repository import Member, Quote
from storefront_api.business.schemas import QuoteIn, QuoteOut
from storefront_api.business.service import acts_for
from storefront_api.carts import repository as carts
from storefront_api.events.business import (
    ApprovedQuoteV1,
    QuoteApprovedV1,
    QuoteRequestedV1,
    QuoteV1,
)
from storefront_api.events.orders import OrderCompletedV3, PaymentV2
from storefront_api.events.parts import Channel
from storefront_api.inventory import repository as stock
from storefront_api.orders import service as orders
from storefront_api.orders.priced import Priced
from storefront_api.orders.schemas import LineIn, OrderIn
from storefront_api.platform import idempotency, metrics
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.pricing.explanation import explain
from storefront_api.services import Services

HOLDS = timedelta(days=30)
"""How long a company may think about a quote: its prices hold as long."""
ON_INVOICE = PaymentV2(method="invoice", fingerprint="", country="")


class QuoteClosedError(ConflictError):
    """The quote is approved already, or its time is over."""

    code = "quote_closed"


def shown(quote: Quote) -> QuoteOut:
    """Return a quote as its company sees it."""
    order = quote.placed
    return QuoteOut(
        quote_id=quote.quote_id,
        company_id=quote.company_id,
        purchase_order=quote.purchase_order,
        state="approved" if quote.invoice_id else "requested",
        currency=order.currency,
        destination=order.destination,
        lines=order.lines,
        explanation=explain(order.lines, quote.rules, [], []),
        total_minor=order.total_minor,
        tax_minor=order.tax_minor,
        expires_at=quote.expires_at,
        invoice_id=quote.invoice_id,
    )


async def request(
    services: Services, keyed: Request, caller: Caller, wanted: QuoteIn, trace_id: str
) -> Answer:
    """Quote the caller's cart for the company, and order it at once if no approver is needed.

    Raises
    ------
    ForbiddenError
        If the caller acts for no company.
    InvalidError
        If the cart is empty or in another currency than the company's.
    OutOfStockError, OverdrawnError
        If it is ordered at once, but stock or credit does not suffice; nothing has changed then.
    """
    now = services.clock()
    acting = Acting(caller.subject, now, trace_id)
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, keyed)
        if given is not None:
            return given
        member = await acts_for(connection, caller)
        rows = [row for row in await carts.lines(connection, caller.name) if not row["saved"]]
        if not rows:
            raise InvalidError("the cart has nothing to buy now", field="body")
        if rows[0]["currency"] != member.currency:
            raise InvalidError(f"the company buys in {member.currency}", field="body")
        order = OrderIn(
            store_id=wanted.store_id,
            channel=Channel.WEB,
            currency=member.currency,
            subject=caller.subject,
            lines=[LineIn(sku=row["sku"], quantity=row["quantity"]) for row in rows],
            payment=ON_INVOICE,
            delivery=wanted.delivery,
            destination=wanted.destination,
        )
        home = services.settings.home_country
        placed, priced = await orders.price(connection, order, now, home)
        quote = Quote(
            quote_id=placed.order_id,
            company_id=member.company_id,
            owner=caller.name,
            subject=caller.subject,
            purchase_order=wanted.purchase_order,
            placed=placed,
            rules=priced.rules,
            requested_at=now,
            expires_at=now + HOLDS,
        )
        await repository.insert_quote(connection, quote)
        told = QuoteV1(
            quote_id=quote.quote_id,
            company_id=quote.company_id,
            currency=placed.currency,
            total_minor=placed.total_minor,
            lines=len(placed.lines),
        )
        await enqueue(connection, [message(QuoteRequestedV1, told, quote.quote_id, acting)])
        bought = [line.sku for line in placed.lines]
        await carts.bought(connection, caller.name, bought)
        if placed.total_minor <= member.approval_above_minor:
            await _order(connection, member, quote, acting, needed_approver=False)
            quote = await _find(connection, caller, quote.quote_id)
        answer = Answer(201, shown(quote).model_dump_json())
        await idempotency.keep(connection, keyed, answer)
    return answer


async def read(services: Services, caller: Caller, quote_id: UUID) -> QuoteOut:
    """Return a quote of the caller's company.

    Raises
    ------
    NotFoundError
        If there is none, or it is another company's.
    """
    return shown(await _find(services.pool, caller, quote_id))


async def _find(connection: Connection, caller: Caller, quote_id: UUID) -> Quote:
    quote = await repository.quote(connection, quote_id, caller.subject)
    if quote is None:
        raise NotFoundError(f"there is no quote {quote_id}", field="path.quote_id")
    return quote


async def approve(services: Services, caller: Caller, quote_id: UUID, trace_id: str) -> QuoteOut:
    """Approve a quote of the caller's company, which orders it; an approved one stays so.

    Raises
    ------
    NotFoundError
        If there is none, or it is another company's.
    ForbiddenError
        If the caller is no approver, or has requested it.
    QuoteClosedError
        If its time is over.
    OutOfStockError, OverdrawnError
        If stock or credit does not suffice; nothing has changed then.
    """
    acting = Acting(caller.subject, services.clock(), trace_id)
    async with transaction(services.pool) as connection:
        quote = await _find(connection, caller, quote_id)
        member = await acts_for(connection, caller)
        if member.role != "approver":
            raise ForbiddenError("only an approver of the company may do this")
        if quote.subject == caller.subject:
            raise ForbiddenError("whoever requested it may not approve it")
        if quote.approved_at is None:
            await _order(connection, member, quote, acting, needed_approver=True)
        return shown(await _find(connection, caller, quote_id))


async def _order(
    connection: Connection, member: Member, quote: Quote, acting: Acting, *, needed_approver: bool
) -> None:
    now: datetime = acting.at
    if not await repository.approve(connection, quote.quote_id, now, acting.subject):
        raise QuoteClosedError("it is approved already, or its time is over", field="path.quote_id")
    event = OrderCompletedV3(
        id=new_id(),
        occurred_at=now,
        received_at=now,
        subject=quote.subject,
        trace_id=acting.trace_id,
        data=quote.placed,
    )
    wanted = orders.units(quote.placed)
    deltas = {sku: -quantity for sku, quantity in wanted.items()}
    moved = await stock.move(connection, deltas, "order", str(quote.quote_id), now)
    orders.refuse_short(wanted, moved)
    priced = Priced(quote.placed.lines, quote.rules, [])
    await orders.record(connection, quote.owner, event, priced, moved)
    told = ApprovedQuoteV1(
        quote_id=quote.quote_id,
        company_id=quote.company_id,
        currency=quote.placed.currency,
        total_minor=quote.placed.total_minor,
        needed_approver=needed_approver,
    )
    await enqueue(connection, [message(QuoteApprovedV1, told, quote.quote_id, acting)])
    await issue(connection, member, quote, acting)
    metrics.ORDERS.labels(quote.placed.channel.value, quote.placed.risk).inc()
