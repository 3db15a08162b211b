"""Whether a message keeps the event contract, and the row it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import ValidationError

from storefront_api.events import EVENTS, Event, Topic, UnknownEventError, parse
from storefront_api.events.registry import name_of
from storefront_api.events.structs import NoStructError, struct_of
from storefront_api.events.upcasting import UPCASTER

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2149, 1, 1, tzinfo=UTC)
"""ClickHouse's Date, which days are counted with, holds 1970 to the middle of 2149."""

_Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Envelope(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """The attributes around an event's data, which is still as it was written."""

    id: UUID
    type: str
    version: int
    occurred_at: _Instant
    received_at: _Instant
    subject: Annotated[str, msgspec.Meta(max_length=64)]
    data: msgspec.Raw
    trace_id: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{32})?\Z")] = ""


class Row(msgspec.Struct, gc=False):
    """A line of the raw table's insert."""

    event_id: UUID
    type: str
    version: int
    occurred_at: datetime
    received_at: datetime
    subject: str
    trace_id: str
    data: msgspec.Raw
    _topic: str
    _partition: int
    _offset: int


@dataclass(frozen=True)
class Refusal:
    """Why a message is no event, and the schema version that it claims; 0 if it claims none."""

    reason: str
    schema_version: int


class Contract:
    """Parser of one topic's messages.

    A message is checked twice at most: by structs derived from the contract's classes, and if they
    refuse it by the classes themselves, which give the reason. One that only the classes accept
    (a number written as text, say) goes on as they understood it. What keeps an old version becomes
    a row of the newest.
    """

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self._envelope = msgspec.json.Decoder(Envelope)
        self._data: dict[tuple[str, int], msgspec.json.Decoder[Any]] = {}
        for event in EVENTS[topic]:
            try:
                struct = struct_of(event.model_fields["data"].annotation)  # type: ignore[arg-type]
            except NoStructError:
                continue
            self._data[name_of(event)] = msgspec.json.Decoder(struct)
        self._old = {name for name in map(name_of, EVENTS[topic]) if UPCASTER.is_old(topic, *name)}

    @property
    def fast(self) -> frozenset[tuple[str, int]]:
        """Types and versions that have a struct."""
        return frozenset(self._data)

    def row(self, payload: bytes | None, partition: int, offset: int) -> Row | Refusal:
        """Turn a message into a row, or say which field breaks which rule.

        Parameters
        ----------
        payload
            The message's value.
        partition, offset
            Where the message stands in the topic.
        """
        try:
            found = self._envelope.decode(payload or b"")
            self._data[found.type, found.version].decode(found.data)
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError):
            understood = self._ask_class(payload)
            if isinstance(understood, Refusal):
                return understood
            found = understood
        for name in ("occurred_at", "received_at"):
            if not EARLIEST <= getattr(found, name) < LATEST:
                rule = f"must be from {EARLIEST.year} to {LATEST.year - 1}"
                return Refusal(f"{name}: {rule}", found.version)
        if (found.type, found.version) in self._old:
            data = msgspec.json.decode(found.data)
            found.version, newest = UPCASTER.newest(self.topic, found.type, found.version, data)
            found.data = msgspec.Raw(msgspec.json.encode(newest))
        return Row(
            found.id,
            found.type,
            found.version,
            found.occurred_at,
            found.received_at,
            found.subject,
            found.trace_id,
            found.data,
            self.topic.value,
            partition,
            offset,
        )

    def _ask_class(self, payload: bytes | None) -> Envelope | Refusal:
        if payload is None:
            return Refusal("payload: empty", 0)
        try:
            event: Event = parse(self.topic, payload)
        except UnknownEventError as error:
            return Refusal(str(error), _claimed_version(payload))
        except ValidationError as error:
            return Refusal(_first(error), _claimed_version(payload))
        except RecursionError:
            return Refusal("payload: nested too deeply", 0)
        data: Any = getattr(event, "data")  # noqa: B009  # every event class declares its own
        return Envelope(
            event.id,
            event.type,
            event.version,
            event.occurred_at,
            event.received_at,
            event.subject,
            msgspec.Raw(data.model_dump_json().encode()),
            event.trace_id,
        )


class _Claim(msgspec.Struct):
    version: int = 0


def _claimed_version(payload: bytes) -> int:
    try:
        version = msgspec.json.decode(payload, type=_Claim).version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0
    return version if 0 <= version < 2**31 else 0


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, detail["loc"])) or "event"
    return f"{field}: {detail['msg']}"
