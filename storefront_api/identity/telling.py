"""Events of accounts, which name them by their pseudonyms alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from storefront_api.events import Topic
from storefront_api.events.identity import NothingV1
from storefront_api.platform.database import Connection
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services

NOBODY = "nobody"
"""Key of the events about accounts that do not exist."""
NOTHING = NothingV1()


def pseudonym(services: Services, account_id: UUID) -> str:
    """Return the pseudonym of an account: the subject of its events and owner of its things."""
    return services.gate.pseudonym(str(account_id))


def pseudonym_of_email(services: Services, email: str) -> str:
    """Return the pseudonym under which guesses at an e-mail address are counted."""
    return services.gate.pseudonym(f"email/{email}")


async def tell(
    services: Services,
    connection: Connection,
    subject: str,
    trace_id: str,
    *told: tuple[Any, Any],
) -> None:
    """Enqueue events in a transaction.

    Parameters
    ----------
    subject
        Pseudonym of the account; empty if there is none.
    told
        Class and data of each event.
    """
    now = services.clock()
    events = [
        event(
            id=new_id(),
            occurred_at=now,
            received_at=now,
            subject=subject,
            trace_id=trace_id,
            data=data,
        )
        for event, data in told
    ]
    await enqueue(connection, [(Topic.IDENTITY, subject or NOBODY, event) for event in events])
