"""Sealing is bound to the key and to the message, and letters keep nothing but their claim."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from storefront_api.events import Topic
from storefront_api.events.parts import PERSONAL
from storefront_api.events.sealing import (
    SPLITTERS,
    CannotOpenError,
    Split,
    opened,
    personal,
    sealed,
    split_letter,
)
from storefront_api.events.subject_keys import KNOWN_FOR_S, MAKE, MOST, READ, SubjectKeys

KEY, OTHER = AESGCM(b"k" * 32), AESGCM(b"o" * 32)
CLICKS = SPLITTERS[Topic.CLICKSTREAM]


def search(**changed: Any) -> dict[str, Any]:
    event = {"id": "1", "type": "products_searched", "version": 1, "subject": "p-1"}
    data = {"session_id": "ses-1", "query": "oats", "results": 3}
    return {**event, "data": data, **changed}


def split(event: dict[str, Any]) -> Split:
    found = CLICKS.split(json.dumps(event).encode())
    assert found is not None
    return found


@given(st.text(), st.text())
def test_whatever_is_typed_comes_back_and_is_not_in_the_message(query: str, subject: str) -> None:
    try:
        event = search(
            subject=subject, data={"session_id": "s", "query": f"~{query}", "results": 0}
        )
        payload = json.dumps(event, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    found = CLICKS.split(payload)
    assert found is not None
    assert b"~" not in found.value.partition(b'"data":')[2]
    assert json.loads(opened(found.value, sealed(found, KEY), KEY)) == event


def test_a_header_opens_with_its_key_and_its_message_alone() -> None:
    one, two = split(search()), split(search(id="2"))
    header = sealed(one, KEY)
    for value, with_header, key in (
        (one.value, header, OTHER),
        (two.value, header, KEY),
        (one.value, header[:-1], KEY),
        (one.value, b"", KEY),
        (one.value, bytes([header[0] ^ 3]) + header[1:], KEY),
    ):
        with pytest.raises(CannotOpenError):
            opened(value, with_header, key)


def test_a_name_that_is_written_with_an_escape_hides_nothing() -> None:
    payload = json.dumps(search()).replace("query", "que\\u0072y").encode()
    found = CLICKS.split(payload)
    assert found is not None
    assert b"oats" not in found.value


def test_it_is_the_subjects_else_the_browsers_else_the_sessions_else_nobodys() -> None:
    data = {"session_id": "s", "anonymous_id": "a", "query": "oats", "results": 0}
    assert split(search(data=data)).owner == "p-1"
    assert split(search(data=data, subject="")).owner == "a"
    assert split(search(data=data | {"anonymous_id": ""}, subject="")).owner == "s"
    denied = {"consent": "denied", "query": "oats", "results": 0}
    assert split(search(data=denied, subject="")).owner == ""


@pytest.mark.parametrize(
    ("payload", "readable", "owner"),
    [
        (json.dumps(search(extra=1)).encode(), {"type": "products_searched", "version": 1}, "p-1"),
        (json.dumps(search(type="of me", extra=1)).encode(), {}, "p-1"),
        (json.dumps(search(version=2**40)).encode(), {}, "p-1"),
        (b'{"type": "products_searched", "me', {}, ""),
        (b"[1]", {}, ""),
    ],
)
def test_of_a_letter_the_event_that_it_claims_to_be_is_left(
    payload: bytes, readable: dict[str, Any], owner: str
) -> None:
    found = split_letter(Topic.CLICKSTREAM, payload)
    assert found is not None
    assert (json.loads(found.value), found.owner) == (readable, owner)
    assert opened(found.value, sealed(found, KEY), KEY) == payload
    told = split_letter(Topic.CLICKSTREAM, payload, "p-sender")
    assert told is not None
    assert told.owner == "p-sender"


def test_a_letter_that_says_no_more_than_its_claim_needs_no_key() -> None:
    assert split_letter(Topic.CLICKSTREAM, b'{"type": "products_searched", "version": 1}') is None


def test_what_cannot_be_blanked_is_told_where_it_is_declared() -> None:
    class Number(BaseModel):
        age: Annotated[int, PERSONAL]

    class Person(BaseModel):
        name: Annotated[str, PERSONAL]

    class Listed(BaseModel):
        people: list[Person]

    with pytest.raises(TypeError, match="no blank"):
        personal(Number)
    with pytest.raises(TypeError, match=r"Listed.people: .*within a list"):
        personal(Listed)


class Table:
    """The rows of `subject_keys`, as its statements change them."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes | None] = {}
        self.asked = 0

    async def fetch(self, query: str, key_ids: list[bytes]) -> list[dict[str, Any]]:
        assert query == READ
        self.asked += 1
        return [_Row(k, self.rows[k]) for k in key_ids if k in self.rows]

    async def execute(self, query: str, key_ids: list[bytes], keys: list[bytes]) -> None:
        assert query == MAKE
        for key_id, key in zip(key_ids, keys, strict=True):
            self.rows.setdefault(key_id, key)


class _Row(dict[str, Any]):
    def __init__(self, key_id: bytes, key: bytes | None) -> None:
        super().__init__(key_id=key_id, key=key)

    def __iter__(self) -> Any:
        return iter(self.values())


def test_keys_are_asked_for_once_in_a_while_and_no_more_are_kept_than_fit() -> None:
    now, table = 0.0, Table()
    keys = SubjectKeys(lambda: now)
    message = split(search())

    def seal(*messages: Split) -> list[Any]:
        return asyncio.run(keys.seal(table, messages))

    ((first,),) = seal(message)
    assert opened(message.value, first[1], AESGCM(table.rows.popitem()[1] or b"")) != message.value
    asked = table.asked
    assert seal(message)[0]
    assert table.asked == asked
    now += KNOWN_FOR_S + 1
    assert seal(message)[0]
    assert table.asked > asked
    (key_id,) = table.rows
    table.rows[key_id] = None
    assert seal(message)[0], "until it asks again"
    now += KNOWN_FOR_S + 1
    assert seal(message) == [[]]
    seal(*(message._replace(owner=str(number)) for number in range(MOST + 1)))
    asked = table.asked
    assert seal(message) == [[]]
    assert table.asked > asked
