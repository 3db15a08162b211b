"""Whether a click keeps the contract, and what is published of it.

A click that msgspec's structs accept is published with the bytes of its data as they came; what is
around them is put together from what is the same for a batch or a kind of click. What they refuse
is asked of the contract's classes, as the sink does, whose word counts: they give the
reason, or accept what is only written in an odd way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

import msgspec
from pydantic import ValidationError

from storefront_api.collect.schemas import EARLIEST, LATEST, MAX_EVENT_BYTES, ClickIn
from storefront_api.collect.visitors import Visitor
from storefront_api.events import EVENTS, Topic, UnknownEventError, schema_of
from storefront_api.events.clickstream import BY_THE_EDGE, IDS
from storefront_api.events.dead_letters import EDGE, DeadLetter
from storefront_api.events.registry import name_of
from storefront_api.events.sealing import SPLITTERS
from storefront_api.events.structs import struct_of

TOLERATED_SKEW = timedelta(seconds=2)
"""A sender's clock that differs by less is taken to be right: the way takes time, too."""
_T, _POINT, _Z = b"T.Z"
_WHOLE_SECOND = '"2026-03-01T09:30:00Z"'
_UUID_7 = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z"


_UNTOLD = "refused; without consent to analytics it is not kept what broke which rule"


class _Stated(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(pattern=_UUID_7)]
    type: str
    occurred_at: msgspec.Raw
    data: msgspec.Raw
    version: int = 1
    subject: Annotated[str, msgspec.Meta(max_length=64)] = ""


class RefusedError(ValueError):
    """A click breaks a rule."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass
class Sender:
    """What a batch says of all its events.

    Parameters
    ----------
    subject
        Pseudonym of the shopper; empty for nobody and for partners.
    may_state
        Whether each event may state its subject, agent and network: a partner's may, since it
        tells what happened elsewhere.
    consent
        Whether there is consent to analytics, as far as the batch says.
    received_at
        When the batch arrived.
    sent_at
        What the sender's clock showed; None if it did not say.
    trace_id
        The request's.
    visitor
        What sent it.
    """

    subject: str
    may_state: bool
    consent: bool
    received_at: datetime
    sent_at: datetime | None
    trace_id: str
    visitor: Visitor = Visitor("", "")

    def __post_init__(self) -> None:
        self.envelope = self.envelope_of(self.subject)
        """What stands between an event's time and the first field that it states of its data."""

    @property
    def told(self) -> dict[str, str]:
        """What the store adds to the data of each event."""
        return {} if self.may_state else {k: v for k, v in self.visitor._asdict().items() if v}

    def envelope_of(self, subject: str) -> bytes:
        """Return the envelope of an event that is of another subject."""
        stated = self.told
        told = _encoder.encode(stated)[1:-1] + b"," if stated else b""
        return b',"received_at":%b,"subject":%b,"trace_id":"%b","data":{%b' % (
            _written(self.received_at),
            _encoder.encode(subject),
            self.trace_id.encode(),
            told,
        )

    def corrected(self, occurred_at: datetime) -> datetime:
        """Return when something happened by the store's clock.

        Nothing that was sent is still to happen: a time past the sending is that of the arrival.
        """
        if self.sent_at is None:
            return occurred_at
        skew = self.received_at - self.sent_at
        if abs(skew) > TOLERATED_SKEW:
            occurred_at += skew
        return min(occurred_at, self.received_at)


class _Kind(NamedTuple):
    """What is known of a type and version of clicks.

    Parameters
    ----------
    named
        What stands between an event's id and its time.
    data
        Decodes the data.
    bare_data
        The same for senders who may not state what the store adds.
    personal
        Returns the values of a click's personal fields: there are several.
    """

    named: bytes
    data: msgspec.json.Decoder[Any]
    bare_data: msgspec.json.Decoder[Any]
    personal: Callable[[Any], tuple[Any, ...]]


def _kinds() -> Mapping[tuple[str, int], _Kind]:
    found = {}
    for event in EVENTS[Topic.CLICKSTREAM]:
        data: Any = event.model_fields["data"].annotation
        type_, version = name_of(event)
        found[type_, version] = _Kind(
            b'","type":"%b","version":%d,"occurred_at":' % (type_.encode(), version),
            msgspec.json.Decoder(struct_of(data)),
            msgspec.json.Decoder(struct_of(data, without=BY_THE_EDGE)),
            attrgetter(*SPLITTERS[Topic.CLICKSTREAM].blanks[type_, version]),
        )
    return found


_KINDS = _kinds()
_stated = msgspec.json.Decoder(_Stated)
_instant = msgspec.json.Decoder(Annotated[datetime, msgspec.Meta(tz=True)])
_encoder = msgspec.json.Encoder()


Published = tuple[bytes, bytes, bool]
"""Key and payload of a message, and whether a field of it may have to be sealed."""


def published(raw: bytes, sender: Sender) -> Published:
    """Return what is published of a click.

    Raises
    ------
    RefusedError
        If a field breaks a rule.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise RefusedError("event", f"has at most {MAX_EVENT_BYTES} bytes")
    if sender.consent:
        try:
            stated = _stated.decode(raw)
            kind = _KINDS[stated.type, stated.version]
            data = bytes(stated.data)
            click = (kind.data if sender.may_state else kind.bare_data).decode(data)
            written = bytes(stated.occurred_at)
            stated_at = _instant.decode(written)
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError):
            return _asked_of_class(raw, sender)
        if click.consent == "granted":
            if stated.subject and not sender.may_state:
                raise RefusedError("subject", "only a partner may state this")
            occurred_at = _checked(stated_at, sender)
            if occurred_at is not stated_at or not _is_canonical(written):
                written = _written(occurred_at)
            whose = sender.subject or stated.subject
            envelope = sender.envelope if whose == sender.subject else sender.envelope_of(whose)
            payload = b"".join(
                (b'{"id":"', stated.id.encode(), kind.named, written, envelope, data[1:], b"}")
            )
            return click.session_id.encode(), payload, any(kind.personal(click))
    return _asked_of_class(raw, sender)


def _is_canonical(written: bytes) -> bool:
    """Return whether the bytes of an instant in UTC are those that the contract writes."""
    return len(written) == 26 and written[11] == _T and written[20] == _POINT and written[24] == _Z


def _checked(occurred_at: datetime, sender: Sender) -> datetime:
    try:
        corrected = sender.corrected(occurred_at.astimezone(UTC))
    except OverflowError:
        corrected = EARLIEST - timedelta(days=1)
    if not EARLIEST <= corrected < LATEST:
        raise RefusedError("occurred_at", f"must be from {EARLIEST.year} to {LATEST.year - 1}")
    return corrected


def _written(instant: datetime) -> bytes:
    """Return an instant in UTC as the contract writes it in JSON: cut to milliseconds."""
    text = _encoder.encode(instant)
    return text[:24] + b'Z"' if len(text) > len(_WHOLE_SECOND) else text[:20] + b'.000Z"'


def _asked_of_class(raw: bytes, sender: Sender) -> Published:
    try:
        stated = json.loads(raw)
    except RecursionError:
        raise RefusedError("event", "nested too deeply") from None
    except ValueError:
        raise RefusedError("event", "is not JSON in UTF-8") from None
    try:
        click = ClickIn.model_validate(stated)
        if click.subject and not sender.may_state:
            raise RefusedError("subject", "only a partner may state this")
        for name in () if sender.may_state else BY_THE_EDGE:
            if name in click.data:
                raise RefusedError(f"data.{name}", "only a partner may state this")
        consent = sender.consent and click.data.get("consent") != "denied"
        data = {**sender.told, **(click.data if consent else _without_ids(click.data))}
        event: Any = schema_of(Topic.CLICKSTREAM, click.type, click.version).model_validate(
            {
                **click.model_dump(),
                "data": data,
                "occurred_at": _checked(click.occurred_at, sender),
                "received_at": sender.received_at,
                "subject": (sender.subject or click.subject) if consent else "",
                "trace_id": sender.trace_id,
            }
        )
    except UnknownEventError as error:
        raise RefusedError("type", str(error)) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise RefusedError(".".join(map(str, first["loc"])) or "event", first["msg"]) from None
    key = str(event.data.session_id or event.id).encode()
    return key, event.model_dump_json().encode(), True


def _without_ids(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, **dict.fromkeys(IDS, ""), "consent": "denied"}


def letter(raw: bytes, sender: Sender, error: RefusedError) -> DeadLetter:
    """Return the dead letter of a refused click: the event as it would have been published.

    Without consent it keeps nothing but what names the event, since a value anywhere in it may
    tell whose it is.
    """
    stated: Any = None
    if len(raw) <= MAX_EVENT_BYTES:
        try:
            stated = json.loads(raw)
        except (ValueError, RecursionError):
            stated = None
    payload = raw[:MAX_EVENT_BYTES] if sender.consent else b""
    reason, version = f"{error.field}: {error}", 0
    if not sender.consent:
        reason = _UNTOLD
    if isinstance(stated, dict):
        data = stated.get("data")
        denied = isinstance(data, dict) and data.get("consent") == "denied"
        if sender.consent and not denied:
            added = {
                "received_at": _written(sender.received_at)[1:-1].decode(),
                "subject": sender.subject or stated.get("subject", ""),
                "trace_id": sender.trace_id,
            }
            if isinstance(data, dict) and not sender.may_state:
                kept = {name: data[name] for name in data.keys() - set(BY_THE_EDGE)}
                added["data"] = {**sender.told, **kept}
            payload = json.dumps({**stated, **added}).encode()
        else:
            payload, reason = json.dumps(_named(stated)).encode(), _UNTOLD
        claimed = stated.get("version", 1)
        version = claimed if type(claimed) is int and 0 <= claimed < 2**31 else 0
    return DeadLetter(
        Topic.CLICKSTREAM,
        EDGE,
        EDGE,
        reason,
        version,
        payload,
        f"edge/{sha256(raw).hexdigest()[:32]}",
    )


def _named(stated: dict[str, Any]) -> dict[str, Any]:
    """Return the type and the version that a click claims, if there are such."""
    type_, version = stated.get("type"), stated.get("version", 1)
    if isinstance(type_, str) and type(version) is int and (type_, version) in _KINDS:
        return {"type": type_, "version": version}
    return {}
