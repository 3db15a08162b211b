"""Earning, spending, expiring and taking back points, in the transaction of what caused it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from storefront_api.events import Event, Topic
from storefront_api.events.ledger import (
    EarnedV1,
    ExpiredV1,
    LoyaltyEarnedV1,
    LoyaltyExpiredV1,
    LoyaltyRuleCreatedV1,
    LoyaltyRuleV1,
)
from storefront_api.ledger import accounts
from storefront_api.ledger import service as ledger
from storefront_api.ledger.accounts import POINTS, Account, Kind
from storefront_api.ledger.tenders import Tender, allocate, due
from storefront_api.ledger.transfers import move, transfer
from storefront_api.loyalty import repository
from storefront_api.loyalty.points import Lot, earned, spend, taken_back, usable
from storefront_api.loyalty.schemas import LotOut, LoyaltyRuleIn, LoyaltyRuleOut, PointsOut
from storefront_api.platform import idempotency
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, InvalidError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services

Moves = list[tuple[Account, int]]
EXPIRED_AT_ONCE = 100
"""Lots that one sweep looks at."""
_FIELD = "body.points"


class TooFewPointsError(ConflictError):
    """A customer has fewer points than are to be spent."""

    code = "too_few_points"


@dataclass(frozen=True)
class Earning:
    """Points that an order brings.

    Parameters
    ----------
    lot
        The account that they go to.
    data
        What is told of them.
    """

    lot: Account
    data: EarnedV1

    @property
    def moves(self) -> Moves:
        """What it adds to the order's transfer."""
        return move(accounts.points(Kind.POINTS_ISSUED), self.lot, self.data.points)


def message(
    kind: type[Event], data: Any, subject: str, at: datetime, now: datetime, trace_id: str
) -> tuple[Topic, str, Event]:
    """Return an event about a customer's points with its topic and key."""
    event = kind(
        **{
            "id": new_id(),
            "occurred_at": at,
            "received_at": now,
            "subject": subject,
            "trace_id": trace_id,
            "data": data,
        }
    )
    return Topic.LEDGER, subject, event


async def create_rule(
    services: Services, request: Request, wanted: LoyaltyRuleIn, trace_id: str
) -> Answer:
    """Create a rule or its next version, or answer what was answered under the same key."""
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        stated = {**wanted.model_dump(), "starts_at": wanted.starts_at or now}
        row = dict(await repository.insert_rule(connection, stated))
        data = LoyaltyRuleV1(rule_version=row["version"], **stated)
        event = LoyaltyRuleCreatedV1(
            id=new_id(), occurred_at=now, received_at=now, subject="", trace_id=trace_id, data=data
        )
        await enqueue(connection, [(Topic.LEDGER, wanted.rule_id, event)])
        answer = Answer(201, LoyaltyRuleOut(**row).model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def read(services: Services, caller: Caller) -> PointsOut:
    """Return what the caller may spend now."""
    lots = usable(await repository.lots(services.pool, caller.subject), services.clock())
    return PointsOut(
        points=sum(lot.points for lot in lots),
        lots=[LotOut(points=lot.points, expires_at=lot.expires_at) for lot in lots],
    )


async def earning(
    connection: Connection,
    subject: str,
    order_id: UUID,
    currency: str,
    total_minor: int,
    tenders: Sequence[Tender],
    at: datetime,
) -> Earning | None:
    """Return the points that an order of a customer's brings, if any: what points paid earns none.

    Parameters
    ----------
    at
        When the order is made; the rule of that time holds, and the points' time begins.
    """
    rule = await repository.rule(connection, currency, at)
    if rule is None:
        return None
    paid = due(total_minor, [tender for tender in tenders if tender.kind == POINTS])
    points = earned(paid, rule["earn_basis_points"])
    if not points:
        return None
    expires_at = at + timedelta(days=rule["expires_after_days"])
    data = EarnedV1(
        order_id=order_id,
        rule_id=rule["rule_id"],
        rule_version=rule["version"],
        points=points,
        expires_after_days=rule["expires_after_days"],
    )
    return Earning(accounts.points_lot(subject, order_id, expires_at), data)


def earned_event(
    earning: Earning, subject: str, at: datetime, now: datetime, trace_id: str
) -> tuple[Topic, str, Event]:
    """Tell that a customer has earned points."""
    return message(LoyaltyEarnedV1, earning.data, subject, at, now, trace_id)


def _account(subject: str, lot: Lot) -> Account:
    return Account(
        lot.account_id, Kind.POINTS_LOT, subject, POINTS, guarded=True, expires_at=lot.expires_at
    )


def _from_lots(subject: str, lots: Sequence[Lot], points: int) -> Moves:
    shares = allocate(points, [lot.points for lot in lots])
    return [
        (_account(subject, lot), -share) for lot, share in zip(lots, shares, strict=True) if share
    ]


async def take(
    connection: Connection,
    subject: str,
    wanted: int,
    currency: str,
    price_minor: int,
    at: datetime,
) -> tuple[Tender | None, Moves]:
    """Lock a customer's points and return what they pay, and the moves that keep them for it.

    Raises
    ------
    InvalidError
        If nothing says what points are worth in the currency.
    TooFewPointsError
        If the customer has fewer.
    """
    rule = await repository.rule(connection, currency, at)
    if rule is None:
        raise InvalidError(f"points pay nothing in {currency}", field=_FIELD)
    lots = usable(await repository.lock_lots(connection, subject), at)
    there = sum(lot.points for lot in lots)
    if wanted > there:
        raise TooFewPointsError(f"there are {there} points", field=_FIELD)
    points, paid = spend(wanted, price_minor, rule["spend_basis_points"])
    if not paid:
        return None, []
    out = _from_lots(subject, lots, points)
    latest = max(account.expires_at for account, _ in out if account.expires_at is not None)
    tender = Tender("points", f"{rule['rule_id']}/{rule['version']}", paid, points, latest)
    return tender, [*out, (accounts.held(POINTS, POINTS), points)]


async def take_back(
    connection: Connection, subject: str, order_id: UUID, total: int, before: int, after: int
) -> tuple[int, int, Moves]:
    """Return how many of an order's points go with a refund, how many are missing, and the moves.

    The order's own lot comes first, then the customer's other points, those that expire first
    before the others. Points never go below zero: what was spent already is missing.

    Parameters
    ----------
    total, before, after
        What the order cost, and what was refunded of it without and with this refund.
    """
    name = accounts.points_lot_id(subject, order_id)
    brought = await repository.earned(connection, str(order_id), name)
    wanted = taken_back(brought, total, before, after)
    if not wanted:
        return 0, 0, []
    lots = await repository.lock_lots(connection, subject)
    lots.sort(key=lambda lot: (lot.account_id != name, lot.expires_at, lot.account_id))
    out = _from_lots(subject, lots, wanted)
    taken = -sum(amount for _, amount in out)
    if taken:
        out.append((accounts.points(Kind.POINTS_ISSUED), taken))
    return taken, wanted - taken, out


async def expire(pool: Any, now: datetime) -> int:
    """Void lots whose time is over and return how many this call did."""
    async with transaction(pool) as connection:
        rows = await repository.lock_expired(connection, now, EXPIRED_AT_ONCE)
        told = []
        for row in rows:
            subject = row["owner"]
            lot = Lot(row["account_id"], row["points"], row["expires_at"])
            moves = move(_account(subject, lot), accounts.points(Kind.POINTS_EXPIRED), lot.points)
            # A lot can expire again: a checkout or a refund may bring points back to it.
            reference = f"expiry/{new_id()}"
            await ledger.post(connection, transfer(reference, moves), now)
            data = ExpiredV1(points=lot.points)
            told.append(message(LoyaltyExpiredV1, data, subject, now, now, ""))
        if told:
            await enqueue(connection, told)
    return len(rows)
