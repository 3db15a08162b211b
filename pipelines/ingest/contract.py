"""Whether a message keeps the event contract, and the row it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pyarrow as pa
from pydantic import ValidationError

from pipelines.ingest.rows import EARLIEST, LATEST, Envelope, NotPlainError, rows_of
from storefront_api.events import EVENTS, Event, Topic, UnknownEventError, parse
from storefront_api.events.registry import name_of
from storefront_api.events.structs import NoStructError, struct_of
from storefront_api.events.upcasting import UPCASTER

_Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError)


class _Exact(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """The attributes around an event's data, which is still as it was written."""

    id: UUID
    type: str
    version: int
    occurred_at: _Instant
    received_at: _Instant
    subject: Annotated[str, msgspec.Meta(max_length=64)]
    data: msgspec.Raw
    trace_id: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{32})?\Z")] = ""


@dataclass(frozen=True)
class Refusal:
    """Why a message is no event, and the schema version that it claims; 0 if it claims none."""

    reason: str
    schema_version: int


class Contract:
    """Parser of one topic's messages.

    A message is checked by structs derived from the contract's classes, and if they refuse it by
    the classes themselves, which give the reason. One that only the classes accept (a number
    written as text, say) goes on as they understood it. What keeps an old version becomes a row of
    the newest.
    """

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self._envelope = msgspec.json.Decoder(Envelope)
        self._exact = msgspec.json.Decoder(_Exact)
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

    def rows(
        self,
        payloads: Sequence[bytes | None],
        partitions: Sequence[int],
        offsets: Sequence[int],
    ) -> tuple[pa.RecordBatch, dict[int, Refusal]]:
        """Turn messages into rows, and say of each other one which field breaks which rule.

        Parameters
        ----------
        payloads
            The messages' values.
        partitions, offsets
            Where each message stands in the topic.

        Returns
        -------
        The rows, in the order of their messages, and the refusals by index.
        """
        found = [self._looked_at(payload) for payload in payloads]
        try:
            return self._rows(found, partitions, offsets)
        except NotPlainError:
            exact = [self.check(payload) for payload in payloads]
            return self._rows(exact, partitions, offsets)

    def _rows(
        self,
        found: Sequence[Envelope | Refusal],
        partitions: Sequence[int],
        offsets: Sequence[int],
    ) -> tuple[pa.RecordBatch, dict[int, Refusal]]:
        refused = {i: each for i, each in enumerate(found) if isinstance(each, Refusal)}
        if refused:
            kept = [i for i in range(len(found)) if i not in refused]
            partitions = [partitions[i] for i in kept]
            offsets = [offsets[i] for i in kept]
        events = [each for each in found if isinstance(each, Envelope)]
        return rows_of(self.topic.value, events, partitions, offsets), refused

    def _looked_at(self, payload: bytes | None) -> Envelope | Refusal:
        """Check all of a message but its ids and instants, for which there is a faster way."""
        try:
            found = self._envelope.decode(payload or b"")
            name = found.type, found.version
            self._data[name].decode(found.data)
        except _BROKEN:
            return self.check(payload)
        return self.check(payload) if name in self._old else found

    def check(self, payload: bytes | None) -> Envelope | Refusal:
        """Return an event as it becomes a row, or say which field breaks which rule.

        Parameters
        ----------
        payload
            The message's value.
        """
        try:
            found = self._exact.decode(payload or b"")
            self._data[found.type, found.version].decode(found.data)
        except _BROKEN:
            understood = self._ask_class(payload)
            if isinstance(understood, Refusal):
                return understood
            found = understood
        for name in ("occurred_at", "received_at"):
            if not EARLIEST <= getattr(found, name) < LATEST:
                rule = f"must be from {EARLIEST.year} to {LATEST.year - 1}"
                return Refusal(f"{name}: {rule}", found.version)
        version, data = found.version, found.data
        if (found.type, version) in self._old:
            read = msgspec.json.decode(data)
            version, newest = UPCASTER.newest(self.topic, found.type, version, read)
            data = msgspec.Raw(msgspec.json.encode(newest))
        return Envelope(
            str(found.id),
            found.type,
            version,
            _written(found.occurred_at),
            _written(found.received_at),
            found.subject,
            data,
            found.trace_id,
        )

    def _ask_class(self, payload: bytes | None) -> _Exact | Refusal:
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
        return _Exact(
            event.id,
            event.type,
            event.version,
            event.occurred_at,
            event.received_at,
            event.subject,
            msgspec.Raw(data.model_dump_json().encode()),
            event.trace_id,
        )


def _written(instant: datetime) -> str:
    """Return an instant in UTC as it is usually written."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


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
