"""What the collector does."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from storefront_api.collect.batches import Batch, BeaconBatch, taken_apart
from storefront_api.collect.checking import RefusedError, Sender, letter, published
from storefront_api.collect.schemas import Collected, Refused
from storefront_api.collect.visitors import Visitor
from storefront_api.events import DEAD_LETTERS, Topic
from storefront_api.events.sealing import SPLITTERS, Split, split_letter
from storefront_api.platform import metrics
from storefront_api.platform.auth import Caller
from storefront_api.platform.errors import AwayError, UnauthenticatedError
from storefront_api.platform.sessions import SessionsAwayError
from storefront_api.platform.spool import Outgoing
from storefront_api.services import Services

_TOPIC = Topic.CLICKSTREAM.value
_ACCEPTED, _REFUSED = map(metrics.COLLECTED.labels, ("accepted", "refused"))
_CLICKS = SPLITTERS[Topic.CLICKSTREAM]


async def collect(
    services: Services, caller: Caller, body: bytes, trace_id: str, visitor: Visitor
) -> Collected:
    """Hand the good events of a caller's batch to Kafka and name the others.

    Raises
    ------
    InvalidError
        If the body is no batch.
    AwayError
        If the events cannot be kept, or sealed; the batch may be sent again as it is.
    """
    return await _collect(
        services, taken_apart(body, Batch), caller.subject, caller.is_partner, trace_id, visitor
    )


async def collect_beacon(
    services: Services, body: bytes, trace_id: str, visitor: Visitor
) -> Collected:
    """Do the same for a batch from a page.

    Raises
    ------
    InvalidError
        If the body is no batch.
    AwayError
        If the events cannot be kept.
    """
    batch = taken_apart(body, BeaconBatch)
    subject = ""
    if batch.token and batch.consent == "granted":
        try:
            caller = await services.gate.caller(
                batch.token, services.sessions, services.standing_of
            )
        except (UnauthenticatedError, SessionsAwayError):
            # A page that lay in the background must not lose its clicks with its session.
            subject = ""
        else:
            subject = caller.subject
    return await _collect(services, batch, subject, False, trace_id, visitor)


async def _collect(
    services: Services,
    batch: Batch,
    subject: str,
    is_partner: bool,
    trace_id: str,
    visitor: Visitor,
) -> Collected:
    sender = Sender(
        subject=subject,
        may_state=is_partner,
        consent=batch.consent == "granted",
        received_at=services.clock(),
        sent_at=batch.sent_at,
        trace_id=trace_id,
        visitor=visitor,
    )
    messages: list[Outgoing] = []
    personal: dict[int, Split] = {}
    refused: list[Refused] = []
    for index, event in enumerate(batch.events):
        raw = bytes(event)
        try:
            key, payload, may_be_personal = published(raw, sender)
            message = Outgoing(_TOPIC, key, payload)
            found = _CLICKS.split(payload) if may_be_personal else None
        except RefusedError as error:
            refused.append(Refused(index=index, field=error.field, message=str(error)))
            dead = letter(raw, sender, error)
            message = Outgoing(DEAD_LETTERS, dead.key.encode(), dead.payload, dead.headers)
            found = split_letter(dead.topic, dead.payload, sender.subject)
        messages.append(message)
        if found is not None:
            personal[index] = found
    if personal:
        await _seal(services, messages, personal)
    await services.clicks.send(messages)
    accepted = len(messages) - len(refused)
    _ACCEPTED.inc(accepted)
    _REFUSED.inc(len(refused))
    return Collected(accepted=accepted, refused=refused)


async def _seal(
    services: Services, messages: list[Outgoing], personal: Mapping[int, Split]
) -> None:
    """Seal some of the messages, before anything of them is sent or lies on a disk."""
    try:
        found = await services.subject_keys.seal(services.pool, list(personal.values()))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        # It cannot wait in the spool either, where it would lie open.
        raise AwayError("the keys that seal events are away; nothing is kept") from error
    for (index, split), headers in zip(personal.items(), found, strict=True):
        plain = messages[index]
        messages[index] = plain._replace(payload=split.value, headers=[*plain.headers, *headers])
