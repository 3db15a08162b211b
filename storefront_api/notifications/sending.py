"""Sending what is queued; see docs/adr/0016-notifications.md for what a kill at each point does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from jinja2 import TemplateError

from storefront_api.notifications import outgoing, repository
from storefront_api.notifications.delivery import (
    Carrier,
    DeliveryError,
    Letter,
    MailServerAwayError,
    RefusedError,
    UnknownOutcomeError,
)
from storefront_api.notifications.kinds import WrongMessageError
from storefront_api.notifications.messages import MESSAGES
from storefront_api.notifications.outgoing import Failure
from storefront_api.notifications.preferences import Preferences
from storefront_api.notifications.repository import EVERY_CATEGORY, Claimed
from storefront_api.notifications.writing import Writer
from storefront_api.platform.clock import Clock
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.failpoints import Failpoints
from storefront_api.platform.metrics import NOTIFIED
from storefront_api.platform.outbox import enqueue

log = structlog.get_logger()

BACKOFF = tuple(timedelta(minutes=wait) for wait in (1, 5, 15, 60, 180, 360))
"""How long after the first, second … attempt the next one follows; the last holds for all after."""
AWAY_BACKOFF = timedelta(minutes=10)
"""A server that is away keeps no message waiting longer than this."""


class AttemptLostError(Exception):
    """The attempt took so long that another one has begun."""


@dataclass(frozen=True)
class Sender:
    """Sends messages, one after the other; several may run at once.

    Parameters
    ----------
    lease
        How long an attempt is nobody else's. It gives up after half of that.
    """

    pool: Any
    carrier: Carrier
    writer: Writer
    preferences: Preferences
    lease: timedelta
    clock: Clock
    failpoints: Failpoints = field(default_factory=Failpoints)

    async def send_next(self) -> str | None:
        """Send the message that is due longest.

        Returns
        -------
        What became of it; None if none is due.
        """
        now = self.clock()
        async with transaction(self.pool) as connection:
            message = await repository.claim(connection, now, now + self.lease)
            if message is None:
                return None
            failure = await self._begin(connection, message, now)
            if failure:
                await _give_up(connection, message, failure, "", now)
        outcome = failure or await self._send(message)
        NOTIFIED.labels(message.template, outcome).inc()
        return outcome

    async def _begin(
        self, connection: Connection, message: Claimed, now: datetime
    ) -> Failure | None:
        """Write down what became of the attempt before and return why there is no further one."""
        identity, attempt = message.notification_id, message.attempt
        if message.was_sending:
            end: repository.Step = "unknown" if message.was_handed_over else "interrupted"
            await repository.step(connection, identity, attempt - 1, end, now)
        await repository.step(connection, identity, attempt, "started", now)
        known = MESSAGES.get(message.template)
        if known is None:
            return "unwritable"
        if message.was_handed_over and not known.repeated:
            return "unknown"
        if now - message.requested_at > known.useful_for:
            return "expired"
        if known.category.transactional:
            return None
        recipient = self.preferences.hashed(message.recipient)
        refused = await repository.suppressed(connection, recipient, known.category.value)
        return "suppressed" if refused else None

    async def _send(self, message: Claimed) -> str:
        self.failpoints.at("claimed")
        try:
            letter = self.writer.write(
                message.notification_id,
                message.recipient,
                message.template,
                message.parameters,
                message.requested_at,
            )
        except (WrongMessageError, TemplateError) as error:
            log.error("cannot be written", template=message.template, error=type(error).__name__)
            return await self._failed(message, "unwritable", RefusedError())
        try:
            await self._deliver(message, letter)
        except AttemptLostError:
            return "lost"
        except RefusedError as error:
            return await self._failed(message, "refused", error)
        except UnknownOutcomeError as error:
            if MESSAGES[message.template].repeated:
                return await self._put_back(message, "unknown", error)
            return await self._failed(message, "unknown", error)
        except DeliveryError as error:
            return await self._put_back(message, "deferred", error)
        self.failpoints.at("sent")
        now = self.clock()
        async with transaction(self.pool) as connection:
            if not await repository.sent(connection, message):
                return "lost"
            identity, attempt = message.notification_id, message.attempt
            await repository.step(connection, identity, attempt, "accepted", now)
            await enqueue(connection, [outgoing.sent(message, now)])
        return "sent"

    async def _deliver(self, message: Claimed, letter: Letter) -> None:
        handed_over = False

        async def hand_over() -> None:
            nonlocal handed_over
            async with transaction(self.pool) as connection:
                if not await repository.hand_over(connection, message):
                    raise AttemptLostError
                identity, attempt = message.notification_id, message.attempt
                await repository.step(connection, identity, attempt, "handed_over", self.clock())
            handed_over = True
            self.failpoints.at("handed over")

        try:
            async with asyncio.timeout(self.lease.total_seconds() / 2):
                await self.carrier.deliver(letter, hand_over)
        except TimeoutError as error:
            raise (UnknownOutcomeError if handed_over else MailServerAwayError)() from error

    async def _put_back(
        self, message: Claimed, taken: repository.Step, error: DeliveryError
    ) -> str:
        now = self.clock()
        wait = BACKOFF[min(message.attempt, len(BACKOFF)) - 1]
        away = isinstance(error, MailServerAwayError)
        if away:
            wait = min(wait, AWAY_BACKOFF)
        async with transaction(self.pool) as connection:
            if not await repository.again(connection, message, now + wait):
                return "lost"
            identity, attempt = message.notification_id, message.attempt
            await repository.step(connection, identity, attempt, taken, now, error.status)
        return "away" if away else taken

    async def _failed(self, message: Claimed, failure: Failure, error: DeliveryError) -> str:
        now = self.clock()
        async with transaction(self.pool) as connection:
            if not await _give_up(connection, message, failure, error.status, now):
                return "lost"
            identity, attempt = message.notification_id, message.attempt
            taken: repository.Step = "unknown" if failure == "unknown" else "refused"
            await repository.step(connection, identity, attempt, taken, now, error.status)
            if isinstance(error, RefusedError) and error.bad_address:
                await self._bounced(connection, message, now)
        return failure

    async def _bounced(self, connection: Connection, message: Claimed, now: datetime) -> None:
        recipient = self.preferences.hashed(message.recipient)
        if await repository.suppress(connection, recipient, EVERY_CATEGORY, "bounced", now):
            event = outgoing.suppressed(recipient, EVERY_CATEGORY, "bounced", True, now)
            await enqueue(connection, [event])


async def _give_up(
    connection: Connection, message: Claimed, failure: Failure, status: str, now: datetime
) -> bool:
    if not await repository.failed(connection, message, failure):
        return False
    await enqueue(connection, [outgoing.failed(message, failure, status, now)])
    return True
