"""Having the provider transfer payouts, each once, whoever is killed on the way.

A payout is claimed, then transferred, then closed. Whoever dies between leaves a claim that runs
out; who claims it next asks the provider first what was transferred for this payout, since the
idempotency key alone is remembered for a day only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from storefront_api.events.marketplace import PayoutFailedV1, PayoutPaidV1
from storefront_api.marketplace.payouts import repository
from storefront_api.marketplace.payouts.outgoing import told
from storefront_api.notifications import service as notifications
from storefront_api.platform.apart import apart
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.metrics import SETTLED
from storefront_api.platform.outbox import enqueue
from storefront_api.platform.payment_provider import ProviderRefusedError
from storefront_api.platform.payout_provider import PayoutProvider

log = structlog.get_logger()

AT_ONCE = 100
"""Payouts that one sweep looks at."""
CLAIM = timedelta(minutes=2)
"""Longer than a call with all its retries lasts: until then nobody else sends the same payout."""
Failpoint = Callable[[str], None]
"""Told how far a payout is; where tests kill the process."""


async def send(
    pool: Any, provider: PayoutProvider, now: datetime, at: Failpoint = lambda _: None
) -> int:
    """Transfer payouts that were made and return how many were closed.

    Raises
    ------
    ProviderAwayError
        If the provider does not answer; what is left is done when the claim has run out.
    """
    done = 0
    for _ in range(AT_ONCE):
        payout = await repository.claim(pool, now, now - CLAIM)
        if payout is None:
            break
        at("claimed")
        reference, failure = await _transferred(provider, payout)
        at("transferred")
        done += await _close(pool, payout, reference, failure, now)
    return done


async def _transferred(provider: PayoutProvider, payout: Any) -> tuple[str, str]:
    """Return the provider's name of a payout's transfer, or why there is none."""
    name = str(payout["payout_id"])
    known = await provider.find(name) if payout["attempted"] else None
    if known is not None:
        return known.transfer_id, ""
    try:
        amount, currency = payout["amount_minor"], payout["currency"]
        made = await provider.transfer(amount, currency, payout["destination"], name)
    except ProviderRefusedError as error:
        log.error("the payout was refused", payout_id=name, error=str(error))
        return "", str(error) or "refused"
    return made.transfer_id, ""


async def _close(pool: Any, payout: Any, reference: str, failure: str, now: datetime) -> bool:
    payout_id = payout["payout_id"]
    state = "failed" if failure else "paid"
    async with transaction(pool) as connection:
        if not await repository.close(connection, payout_id, state, reference, failure, now):
            return False
        if failure:
            await repository.take_back(connection, payout_id, now)
        kind = PayoutFailedV1 if failure else PayoutPaidV1
        await enqueue(connection, [told(kind, payout, now)])
        if not failure:
            await _mail(connection, payout, now)
    SETTLED.labels(f"payout_{state}").inc()
    return True


async def _mail(connection: Connection, payout: Any, now: datetime) -> None:
    contact = await repository.contact(connection, payout["vendor_id"])
    if not contact:
        return
    payout_id = payout["payout_id"]
    with apart("payouts", payout_id=str(payout_id)):
        # A savepoint: the money is transferred, whether or not its vendor can be written to.
        async with connection.transaction():
            await notifications.request(
                connection,
                cause=f"payout_sent/{payout_id}",
                recipient=contact,
                template="payout_sent",
                parameters={
                    "currency": payout["currency"],
                    "amount_minor": payout["amount_minor"],
                    "payout_id": payout_id,
                },
                now=now,
            )
