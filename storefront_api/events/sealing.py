"""Personal fields of a message: sealed with their subject's key, and opened by whoever has it.

What is personal the contract's fields say (`parts.PERSONAL`). A sealed message keeps its contract,
with blanks where something personal was; what was there travels in a header, encrypted
(AES-256-GCM, NIST SP 800-38D) with the key of the person concerned. Without the key the message
reads as it does after an erasure.

A header is ``form (1) | key id (16) | length of the blanks (2) | nonce (12) | ciphertext, tag``.
The blanks are the first members of `data`, so that opening puts bytes in their place and parses
nothing. What is authenticated besides is the message's value: a header opens with its own alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple, get_args, get_origin
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel

from storefront_api.events.parts import PERSONAL_MARK
from storefront_api.events.registry import EVENTS, name_of
from storefront_api.events.topics import Topic

HEADER = "sealed"
"""Name of the Kafka header."""
KEY_BYTES = 32
NOBODY = ""
"""Owner of what is nobody's: that is sealed, too, with a key that no erasure destroys."""

_MEMBERS, _WHOLE = b"\x01", b"\x02"
"""Forms: some members of `data` are sealed, or the whole value is."""
_ID = slice(1, 17)
_BLANKS = slice(17, 19)
_NONCE = slice(19, 31)
_DATA = b'"data":{'
"""Where the members begin. Within a text of the envelope its quotes would be escaped."""
_NIL = str(UUID(int=0))

Blanks = dict[str, Any]
"""By member, what stands there instead; a nested part's is a mapping of its own."""


class CannotOpenError(ValueError):
    """A header does not belong to its message, or was sealed with another key."""


class Split(NamedTuple):
    """A message taken apart.

    Parameters
    ----------
    owner
        Whose key seals it: the subject, else the anonymous id, else the session, else nobody.
    value
        What stays readable; it keeps the contract.
    blanks
        How many of its bytes stand where something personal was; -1: the whole of it does.
    secret
        What belongs there.
    """

    owner: str
    value: bytes
    blanks: int
    secret: bytes


def key_id_of(owner: str) -> bytes:
    """Return the 16 bytes that a key is known by; they lead back to nobody."""
    return sha256(owner.encode()).digest()[:16]


def key_id_in(header: bytes) -> bytes:
    """Return which key opens a header."""
    return header[_ID]


class Splitter:
    """Takes a topic's events apart; they have to keep the contract.

    Without the name of any personal member, and without an escape that may hide one, an event
    holds nothing personal, and need not be parsed to know that.
    """

    def __init__(self, topic: Topic) -> None:
        self._blanks: dict[tuple[str, int], Blanks] = {}
        for event in EVENTS[topic]:
            data: Any = event.model_fields["data"].annotation
            if blanks := personal(data):
                self._blanks[name_of(event)] = blanks
        names = {name for blanks in self._blanks.values() for name in blanks}
        self._signs = tuple(f'"{name}"'.encode() for name in sorted(names))
        if self._signs:
            self._signs += (b"\\u",)

    @property
    def blanks(self) -> Mapping[tuple[str, int], Blanks]:
        """By type and version, the personal members and what blanks them."""
        return self._blanks

    def split(self, payload: bytes) -> Split | None:
        """Take an event apart; None if nothing in it is personal."""
        for sign in self._signs:
            if sign in payload:
                return self._split(payload)
        return None

    def _split(self, payload: bytes) -> Split | None:
        event = msgspec.json.decode(payload)
        blanks = self._blanks.get((event["type"], event["version"]))
        if blanks is None:
            return None
        data = event.pop("data")
        secret = {name: data[name] for name in blanks if name in data}
        blanked = {name: _blanked(value, blanks[name]) for name, value in secret.items()}
        if blanked == secret:
            return None
        rest = {name: value for name, value in data.items() if name not in secret}
        head, first, others = _members(event), _members(blanked), _members(rest)
        value = b"{%s,%s%s%s%s}}" % (head, _DATA, first, b"," if others else b"", others)
        return Split(_owner(event, data), value, len(first), _members(secret))


def split_letter(topic: str, payload: bytes, owner: str = NOBODY) -> Split | None:
    """Take a dead letter apart: which event and version it claims to be stays readable alone.

    Parameters
    ----------
    topic
        Where the message was, or should have gone.
    payload
        The message; None is returned if it holds nothing else.
    owner
        Whose it is; empty to take that from the payload, if it tells.
    """
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    event = found if isinstance(found, dict) else {}
    claim = {name: event.get(name) for name in ("type", "version")}
    readable = claim if _is_known(topic, claim) else {}
    if not payload or (isinstance(found, dict) and event == readable):
        return None
    data = event.get("data")
    whose = owner or _owner(event, data if isinstance(data, dict) else {})
    return Split(whose, msgspec.json.encode(readable), -1, payload)


def _is_known(topic: str, claim: Mapping[str, Any]) -> bool:
    """Tell whether there is an event of that name; anybody can make up others."""
    version = claim["version"]
    if type(version) is not int or not 0 <= version < 2**31:
        return False
    return any(claim["type"] == name_of(event)[0] for event in EVENTS[Topic(topic)])


def sealed(message: Split, key: AESGCM) -> bytes:
    """Return the header that goes with a message's value."""
    form = _WHOLE if message.blanks < 0 else _MEMBERS
    nonce = secrets.token_bytes(12)
    length = max(0, message.blanks).to_bytes(2, "big")
    head = b"".join((form, key_id_of(message.owner), length, nonce))
    return head + key.encrypt(nonce, message.secret, head[:19] + message.value)


def opened(value: bytes, header: bytes, key: AESGCM) -> bytes:
    """Return a message as it was before it was sealed.

    Raises
    ------
    CannotOpenError
        If the header is not this message's, or the key is not the one that sealed it.
    """
    try:
        secret = key.decrypt(header[_NONCE], header[31:], header[:19] + value)
    except (InvalidTag, ValueError) as error:
        raise CannotOpenError("the header does not open with this key and message") from error
    if header[:1] == _WHOLE:
        return secret
    begin = value.index(_DATA) + len(_DATA)
    end = begin + int.from_bytes(header[_BLANKS], "big")
    return b"".join((value[:begin], secret, value[end:]))


def personal(model: type[BaseModel]) -> Blanks:
    """Return the personal fields of a part of an event, each with what blanks it.

    Raises
    ------
    TypeError
        If one has a type for which there is no blank, or lies within a list.
    """
    found: Blanks = {}
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra
        if isinstance(extra, dict) and extra.get(PERSONAL_MARK):
            found[name] = _blank(info.annotation)
            continue
        for part in _parts(info.annotation):
            if inner := personal(part):
                if part is not info.annotation:
                    raise TypeError(f"{model.__name__}.{name}: personal fields within a list")
                found[name] = inner
    return found


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


def _blank(annotation: Any) -> Any:
    if annotation is str:
        return ""
    if annotation is UUID:
        return _NIL
    if get_origin(annotation) is dict:
        return None
    if get_origin(annotation) is list:
        return [_blank(get_args(annotation)[0])]
    raise TypeError(f"{annotation!r}: there is no blank of this type")


def _blanked(value: Any, blank: Any) -> Any:
    if blank is None:
        return {}
    if not isinstance(blank, dict):
        return blank
    return {**value, **{name: _blanked(value[name], blank[name]) for name in blank}}


def _members(part: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(part)[1:-1]


def _owner(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    names = (event.get("subject"), data.get("anonymous_id"), data.get("session_id"))
    return next((name for name in names if name and isinstance(name, str)), NOBODY)


SPLITTERS: Mapping[Topic, Splitter] = {topic: Splitter(topic) for topic in Topic}
