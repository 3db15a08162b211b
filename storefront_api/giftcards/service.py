"""Issuing gift cards, and keeping a part of them for checkouts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.events import Event, Topic
from storefront_api.events.ledger import GiftcardIssuedV1, GiftcardV1
from storefront_api.giftcards import repository
from storefront_api.giftcards.codes import digest, new_code
from storefront_api.giftcards.schemas import GiftcardIn, GiftcardIssued, GiftcardOut
from storefront_api.ledger import accounts
from storefront_api.ledger import service as ledger
from storefront_api.ledger.tenders import Tender, allocate
from storefront_api.ledger.transfers import move, transfer
from storefront_api.platform import idempotency
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, InvalidError, NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services


class GiftcardSpentError(ConflictError):
    """Nothing is left on a gift card, or other checkouts keep all of it."""

    code = "giftcard_spent"


def _key(services: Services) -> str:
    return services.settings.pseudonym_key.get_secret_value()


async def issue(services: Services, request: Request, wanted: GiftcardIn, trace_id: str) -> Answer:
    """Issue a gift card, or answer what was answered under the same key, but for the code.

    Raises
    ------
    InvalidError
        If it would have expired already.
    """
    now = services.clock()
    if wanted.expires_at is not None and wanted.expires_at <= now:
        raise InvalidError("must be later than now", field="body.expires_at")
    giftcard_id, code = new_id(), new_code()
    account = accounts.gift_card(giftcard_id, wanted.currency)
    issued = accounts.gift_cards_issued(wanted.currency)
    data = GiftcardV1(giftcard_id=giftcard_id, **wanted.model_dump())
    event = GiftcardIssuedV1(
        id=new_id(), occurred_at=now, received_at=now, subject="", trace_id=trace_id, data=data
    )
    shown = GiftcardIssued(
        giftcard_id=giftcard_id, code=code, **wanted.model_dump(exclude={"reason"})
    )
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        moves = move(issued, account, wanted.amount_minor)
        await ledger.post(connection, transfer(f"giftcard/{giftcard_id}", moves), now)
        await repository.insert(
            connection,
            giftcard_id,
            digest(_key(services), code),
            account.account_id,
            wanted.currency,
            wanted.amount_minor,
            wanted.reason,
            now,
            wanted.expires_at,
        )
        await enqueue(connection, [(Topic.LEDGER, str(giftcard_id), event)])
        kept = shown.model_copy(update={"code": None})
        await idempotency.keep(connection, request, Answer(201, kept.model_dump_json()))
    return Answer(201, shown.model_dump_json())


async def read(services: Services, code: str) -> GiftcardOut:
    """Return what is on a gift card.

    Raises
    ------
    NotFoundError
        If no gift card has the code.
    """
    row = await repository.find(services.pool, digest(_key(services), code))
    if row is None:
        raise NotFoundError("no gift card has this code", field="body.code")
    return GiftcardOut(
        giftcard_id=row["giftcard_id"],
        currency=row["currency"],
        balance_minor=row["balance"],
        expires_at=row["expires_at"],
    )


def _check(index: int, row: Any, currency: str, at: datetime) -> None:
    field = f"body.gift_cards.{index}"
    if row is None:
        raise InvalidError("no gift card has this code", field=field)
    if row["currency"] != currency:
        raise InvalidError(f"the gift card is in {row['currency']}", field=field)
    if row["expires_at"] is not None and row["expires_at"] <= at:
        raise InvalidError(f"it ended at {row['expires_at'].isoformat()}", field=field)
    if row["balance"] == 0:
        raise GiftcardSpentError("nothing is left on the gift card", field=field)


async def take(
    services: Services,
    connection: Connection,
    codes: Sequence[str],
    currency: str,
    wanted_minor: int,
    at: datetime,
) -> list[Tender]:
    """Lock gift cards and return what each can pay, in the order of their codes.

    One that has nothing more to pay, since those before it pay everything, is left out. Their
    accounts are locked until the transaction ends, so what is returned can be posted.

    Raises
    ------
    InvalidError
        If no gift card has a code, it has expired, or it is in another currency.
    GiftcardSpentError
        If nothing is left on one.
    """
    hashes = [digest(_key(services), code) for code in codes]
    known = await repository.lock(connection, hashes)
    rows = [known.get(each) for each in hashes]
    for index, row in enumerate(rows):
        _check(index, row, currency, at)
    found = [row for row in rows if row is not None]
    shares = allocate(wanted_minor, [row["balance"] for row in found])
    return [
        Tender("gift_card", str(row["giftcard_id"]), share)
        for row, share in zip(found, shares, strict=True)
        if share
    ]


def message(
    kind: type[Event], data: Any, giftcard_id: UUID, subject: str, now: datetime, trace_id: str
) -> tuple[Topic, str, Event]:
    """Return an event about a gift card with its topic and key."""
    event = kind(
        **{
            "id": new_id(),
            "occurred_at": now,
            "received_at": now,
            "subject": subject,
            "trace_id": trace_id,
            "data": data,
        }
    )
    return Topic.LEDGER, str(giftcard_id), event
