"""Whether a message keeps the event contract, and the row it becomes."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from pydantic import ValidationError

from storefront_api.events import Event, Topic, UnknownEventError, schema_of


class Envelope(msgspec.Struct, gc=False):
    """The attributes around an event's data, each still as it was written."""

    id: str
    type: str
    version: int
    occurred_at: str
    received_at: str
    subject: str
    data: msgspec.Raw
    trace_id: str = ""


class Row(msgspec.Struct, gc=False):
    """A line of the raw table's insert."""

    event_id: str
    type: str
    version: int
    occurred_at: str
    received_at: str
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
    """Parser of one topic's messages."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self._envelope = msgspec.json.Decoder(Envelope)
        self._schemas: dict[tuple[str, int], type[Event]] = {}

    def row(self, payload: bytes | None, partition: int, offset: int) -> Row | Refusal:
        """Turn a message into a row, or say which field breaks which rule.

        Parameters
        ----------
        payload
            The message's value.
        partition, offset
            Where the message stands in the topic.
        """
        if payload is None:
            return Refusal("payload: empty", 0)
        try:
            envelope = self._envelope.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Refusal(f"envelope: {error}", 0)
        try:
            self._schema(envelope.type, envelope.version).model_validate_json(payload)
        except UnknownEventError as error:
            return Refusal(str(error), envelope.version)
        except ValidationError as error:
            return Refusal(_first(error), envelope.version)
        return Row(
            envelope.id,
            envelope.type,
            envelope.version,
            envelope.occurred_at,
            envelope.received_at,
            envelope.subject,
            envelope.trace_id,
            envelope.data,
            self.topic.value,
            partition,
            offset,
        )

    def _schema(self, type_: str, version: int) -> type[Event]:
        schema = self._schemas.get((type_, version))
        if schema is None:
            schema = self._schemas[type_, version] = schema_of(self.topic, type_, version)
        return schema


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, detail["loc"])) or "event"
    return f"{field}: {detail['msg']}"
