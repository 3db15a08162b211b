"""What the privacy module publishes, to the topic of identities."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from storefront_api.events.envelope import Event, Strict


class ErasedV1(Strict):
    """Which erasure it was."""

    erasure_id: UUID


class SubjectErasedV1(Event):
    """The subject was erased from the store; whoever holds anything of it has to do the same."""

    type: Literal["subject_erased"] = "subject_erased"
    version: Literal[1] = 1
    data: ErasedV1
