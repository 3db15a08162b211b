"""Asking for a message to be sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storefront_api.notifications import outgoing, repository
from storefront_api.notifications.kinds import WrongMessageError
from storefront_api.notifications.messages import message_of
from storefront_api.notifications.repository import Queued
from storefront_api.notifications.schemas import is_address
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import InvalidError
from storefront_api.platform.outbox import enqueue, new_id

_CAUSE = re.compile(r"[^@\s]{1,200}")
"""Causes are told in events, so they hold no address."""


@dataclass(frozen=True)
class Asked:
    """A message that is asked for.

    Parameters
    ----------
    cause
        What it is about, for example `order_completed/<id>`: each cause is told once.
    recipient
        E-mail address.
    template
        Name of one of `messages.MESSAGES`.
    parameters
        What it shows.
    subject
        The recipient's pseudonym, under which events tell of the message; empty if unknown.
    """

    cause: str
    recipient: str
    template: str
    parameters: Mapping[str, Any]
    subject: str = ""


async def request(
    connection: Connection,
    *,
    cause: str,
    recipient: str,
    template: str,
    parameters: Mapping[str, Any],
    now: datetime,
    subject: str = "",
) -> bool:
    """Queue a message in the transaction of what caused it; see `Asked` for the parameters.

    Parameters
    ----------
    now
        By the store's clock, which the sending reads, too.

    Returns
    -------
    Whether it was queued; False if the cause was told already.

    Raises
    ------
    WrongMessageError
        If there is no such template, or a parameter is missing, unknown or wrong.
    InvalidError
        If the recipient is no address that mail can be sent to.
    """
    asked = Asked(cause, recipient, template, parameters, subject)
    return bool(await request_all(connection, [asked], now))


async def request_all(connection: Connection, wanted: Sequence[Asked], now: datetime) -> int:
    """Queue messages in the transaction of what caused them, and return how many are new.

    Raises
    ------
    WrongMessageError, InvalidError
        As `request`.
    """
    messages = [_checked(asked) for asked in wanted]
    new = await repository.insert(connection, messages, now)
    events = [
        outgoing.queued(message, now) for message in messages if message.notification_id in new
    ]
    await enqueue(connection, events)
    return len(events)


def _checked(asked: Asked) -> Queued:
    parameters = message_of(asked.template).checked(asked.parameters)
    if not _CAUSE.fullmatch(asked.cause):
        raise WrongMessageError("cause", "is 1 to 200 characters without spaces and @")
    if not is_address(asked.recipient):
        raise InvalidError("is no e-mail address that mail can be sent to", field="recipient")
    return Queued(new_id(), asked.cause, asked.recipient, asked.template, parameters, asked.subject)
