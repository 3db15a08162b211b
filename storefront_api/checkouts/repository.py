"""The checkouts' SQL. Who closes an open checkout has its row, and nobody else closes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from storefront_api.events.orders import OrderV3
from storefront_api.fulfilment.packaging import ChosenPackaging
from storefront_api.ledger.tenders import Tender
from storefront_api.platform.database import Connection
from storefront_api.pricing.rules import AppliedRule
from storefront_api.promotions.discounts import Discount

_RULES = TypeAdapter(list[AppliedRule])
_DISCOUNTS = TypeAdapter(list[Discount])
_TENDERS = TypeAdapter(list[Tender])

_INSERT = """
INSERT INTO checkouts (
    checkout_id, owner, state, subject, collects_points, placed, rules, discounts, tenders,
    due_minor, opened_at, expires_at, packaging, contact_email
) VALUES ($1, $2, 'open', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
_COLUMNS = (
    "checkout_id, owner, state, subject, collects_points, placed, rules, discounts, tenders, "
    "due_minor, intent_id, expires_at, packaging, contact_email"
)
_FIND = f"SELECT {_COLUMNS} FROM checkouts WHERE checkout_id = $1 AND owner = $2"
_OF_INTENT = f"SELECT {_COLUMNS} FROM checkouts WHERE intent_id = $1"
_PAY = """
UPDATE checkouts SET intent_id = $2
WHERE checkout_id = $1 AND state = 'open' AND (intent_id IS NULL OR intent_id = $2)
RETURNING checkout_id
"""
_CLOSE = f"""
UPDATE checkouts SET state = $2, closed_at = $3
WHERE checkout_id = $1 AND state = 'open' RETURNING {_COLUMNS}
"""
_OVERDUE = """
SELECT checkout_id FROM checkouts
WHERE state = 'open' AND expires_at <= $1 ORDER BY expires_at LIMIT $2
"""
_CLOSED = f"SELECT {_COLUMNS} FROM checkouts WHERE checkout_id = $1 AND state <> 'open'"
_UNSETTLED = """
SELECT checkout_id FROM checkouts
WHERE intent_id IS NOT NULL AND settled_at IS NULL AND state <> 'open'
ORDER BY closed_at LIMIT $1
"""
_SETTLE = """
UPDATE checkouts SET settled_at = $2
WHERE checkout_id = $1 AND settled_at IS NULL RETURNING checkout_id
"""
_UNSENT = """
SELECT r.refund_id, r.order_id, c.intent_id, c.placed ->> 'currency' AS currency,
    r.amount_minor - t.amount_minor AS amount_minor
FROM refunds r JOIN checkouts c ON c.checkout_id = r.order_id CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount_minor), 0)::bigint AS amount_minor
    FROM refund_tenders WHERE refund_id = r.refund_id
) AS t
WHERE c.intent_id IS NOT NULL AND c.settled_at IS NOT NULL AND r.amount_minor > t.amount_minor
AND NOT EXISTS (SELECT FROM refunds_sent s WHERE s.refund_id = r.refund_id)
ORDER BY r.refunded_at LIMIT $1
"""
_SENT = """
INSERT INTO refunds_sent VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING refund_id
"""


@dataclass(frozen=True)
class Checkout:
    """A checkout as it is stored.

    Parameters
    ----------
    collects_points
        Whether its order brings the shopper points.
    placed
        The order that it becomes, but for how it was paid and what the fraud model says.
    tenders
        What it keeps of gift cards and points, in the order of paying.
    due_minor
        What is to be paid by card, in minor units of the order's currency.
    intent_id
        The payment provider's name of the payment; empty before one was begun.
    contact_email
        Where to write about the order; empty if nowhere.
    """

    checkout_id: UUID
    owner: str
    state: str
    subject: str
    collects_points: bool
    placed: OrderV3
    rules: list[AppliedRule]
    discounts: list[Discount]
    tenders: list[Tender]
    due_minor: int
    intent_id: str
    expires_at: datetime
    packaging: ChosenPackaging
    contact_email: str


def _checkout(row: Any) -> Checkout | None:
    if row is None:
        return None
    return Checkout(
        **{
            **dict(row),
            "placed": OrderV3.model_validate(row["placed"]),
            "rules": _RULES.validate_python(row["rules"]),
            "discounts": _DISCOUNTS.validate_python(row["discounts"]),
            "tenders": _TENDERS.validate_python(row["tenders"]),
            "intent_id": row["intent_id"] or "",
            "packaging": ChosenPackaging.model_validate(row["packaging"]),
        }
    )


async def insert(connection: Connection, checkout: Checkout, now: datetime) -> None:
    """Insert an open checkout."""
    await connection.execute(
        _INSERT,
        checkout.checkout_id,
        checkout.owner,
        checkout.subject,
        checkout.collects_points,
        checkout.placed.model_dump(mode="json"),
        _RULES.dump_python(checkout.rules, mode="json"),
        _DISCOUNTS.dump_python(checkout.discounts, mode="json"),
        _TENDERS.dump_python(checkout.tenders, mode="json"),
        checkout.due_minor,
        now,
        checkout.expires_at,
        checkout.packaging.model_dump(mode="json"),
        checkout.contact_email,
    )


async def find(connection: Connection, checkout_id: UUID, owner: str) -> Checkout | None:
    """Return a checkout if it is the owner's."""
    return _checkout(await connection.fetchrow(_FIND, checkout_id, owner))


async def of_intent(connection: Connection, intent_id: str) -> Checkout | None:
    """Return the checkout that a payment is for."""
    return _checkout(await connection.fetchrow(_OF_INTENT, intent_id))


async def pay_by(connection: Connection, checkout_id: UUID, intent_id: str) -> bool:
    """Note which payment an open checkout waits for; False if it is closed or waits for another."""
    return await connection.fetchval(_PAY, checkout_id, intent_id) is not None


async def close(
    connection: Connection, checkout_id: UUID, state: str, now: datetime
) -> Checkout | None:
    """Close an open checkout for good and return it; None if it is not open any more."""
    return _checkout(await connection.fetchrow(_CLOSE, checkout_id, state, now))


async def overdue(connection: Connection, now: datetime, most: int) -> Sequence[UUID]:
    """Return open checkouts whose time is over, longest overdue first."""
    return [row["checkout_id"] for row in await connection.fetch(_OVERDUE, now, most)]


async def closed(connection: Connection, checkout_id: UUID) -> Checkout | None:
    """Return a closed checkout, whoever opened it."""
    return _checkout(await connection.fetchrow(_CLOSED, checkout_id))


async def unsettled(connection: Connection, most: int) -> Sequence[UUID]:
    """Return closed checkouts whose payment is neither taken nor let go, longest closed first."""
    return [row["checkout_id"] for row in await connection.fetch(_UNSETTLED, most)]


async def settle(connection: Connection, checkout_id: UUID, now: datetime) -> bool:
    """Note that a checkout's payment needs nothing more; False if that is noted already."""
    return await connection.fetchval(_SETTLE, checkout_id, now) is not None


async def unsent_refunds(connection: Connection, most: int) -> list[Any]:
    """Return what of refunds goes to a card and the provider does not know yet.

    Each with refund_id, order_id, intent_id, currency and amount_minor.
    """
    return list(await connection.fetch(_UNSENT, most))


async def refund_sent(
    connection: Connection, refund_id: UUID, reference: str, now: datetime
) -> bool:
    """Note the provider's name of a refund, empty if it refused; False if that is noted already."""
    return await connection.fetchval(_SENT, refund_id, reference, now) is not None
