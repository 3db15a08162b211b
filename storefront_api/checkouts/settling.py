"""Bringing the provider to what the store has decided: payments taken or let go, refunds sent.

What is to be done is read from what happened, so nothing is forgotten by who is killed: a checkout
that became an order is captured, one that did not is cancelled, a refund of either is sent. The
same key does it once, however often it is asked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import structlog

from storefront_api.checkouts import repository
from storefront_api.checkouts.outgoing import settled
from storefront_api.checkouts.repository import Checkout
from storefront_api.ledger import service as ledger
from storefront_api.ledger.postings import capture, capture_refused, refund_sent
from storefront_api.platform.apart import apart
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.metrics import SETTLED
from storefront_api.platform.outbox import enqueue
from storefront_api.platform.payment_provider import PaymentProvider, ProviderRefusedError

log = structlog.get_logger()

AT_ONCE = 100
"""Payments and refunds that one sweep looks at."""
Outcome = Literal["captured", "released", "refused"]


async def settle(pool: Any, provider: PaymentProvider, now: datetime) -> int:
    """Take or let go the payments of closed checkouts and return how many.

    Raises
    ------
    ProviderAwayError
        If the provider does not answer; what is left is done the next time.
    """
    done = 0
    for checkout_id in await repository.unsettled(pool, AT_ONCE):
        with apart("payments", checkout_id=str(checkout_id)):
            done += await _settle(pool, provider, checkout_id, now)
    return done


async def _settle(pool: Any, provider: PaymentProvider, checkout_id: UUID, now: datetime) -> bool:
    checkout = await repository.closed(pool, checkout_id)
    if checkout is None:
        return False
    outcome = await _agree(provider, checkout)
    async with transaction(pool) as connection:
        if not await repository.settle(connection, checkout_id, now):
            return False
        await enqueue(connection, [settled(checkout, outcome, now)])
        await _post(connection, checkout, outcome, now)
    SETTLED.labels(outcome).inc()
    return True


async def _post(
    connection: Connection, checkout: Checkout, outcome: Outcome, now: datetime
) -> None:
    """Bring the payment of an order to the ledger; one that was let go never was in it."""
    if checkout.state != "completed":
        return
    posting = capture if outcome == "captured" else capture_refused
    currency, minor = checkout.placed.currency, checkout.due_minor
    await ledger.post(connection, posting(checkout.checkout_id, currency, minor), now)


async def _agree(provider: PaymentProvider, checkout: Checkout) -> Outcome:
    key, intent_id = str(checkout.checkout_id), checkout.intent_id
    try:
        if checkout.state == "completed":
            await provider.capture(intent_id, f"{key}-capture")
            return "captured"
        await provider.cancel(intent_id, f"{key}-cancel")
    except ProviderRefusedError as error:
        log.error("the payment was refused", checkout_id=key, intent_id=intent_id, error=str(error))
        return "refused"
    return "released"


async def send_refunds(pool: Any, provider: PaymentProvider, now: datetime) -> int:
    """Tell the provider of refunds that it does not know and return how many.

    Raises
    ------
    ProviderAwayError
        If the provider does not answer; what is left is done the next time.
    """
    unsent = await repository.unsent_refunds(pool, AT_ONCE)
    for row in unsent:
        with apart("refunds", refund_id=str(row["refund_id"])):
            await _send_refund(pool, provider, row, now)
    return len(unsent)


async def _send_refund(pool: Any, provider: PaymentProvider, row: Any, now: datetime) -> None:
    refund_id = row["refund_id"]
    try:
        reference = await provider.refund(row["intent_id"], row["amount_minor"], str(refund_id))
        SETTLED.labels("refunded").inc()
    except ProviderRefusedError as error:
        log.error("the refund was refused", refund_id=str(refund_id), error=str(error))
        SETTLED.labels("refused").inc()
        reference = ""
    async with transaction(pool) as connection:
        new = await repository.refund_sent(connection, refund_id, reference, now)
        if new and reference:
            sent = refund_sent(refund_id, row["currency"], row["amount_minor"])
            await ledger.post(connection, sent, now)
