"""Cursors of lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.platform.pagination import FIELD, MAX_LENGTH, Cursors, InvalidCursorError

CURSORS = Cursors("the-key")
KEYS = st.lists(
    st.text(max_size=20) | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    min_size=1,
    max_size=3,
)


def refused(listed: str, text: str) -> str:
    with pytest.raises(InvalidCursorError) as caught:
        CURSORS.read(listed, text)
    problem = caught.value.problem
    assert (problem.status, problem.field, problem.code) == (422, FIELD, "invalid_cursor")
    return problem.detail


@given(key=KEYS)
def test_what_was_written_is_read(key: list[str | int | float]) -> None:
    assert CURSORS.read("things", CURSORS.write("things", *key)) == key


@given(text=st.text(max_size=60))
def test_what_no_page_gave_is_refused(text: str) -> None:
    refused("things", text)


@given(key=KEYS, place=st.integers(min_value=0), other=st.characters(codec="ascii"))
def test_a_changed_letter_is_refused(key: list[str | int | float], place: int, other: str) -> None:
    written = CURSORS.write("things", *key)
    place %= len(written)
    changed = written[:place] + other + written[place + 1 :]
    try:
        # The last letter of a base64 text has bits that say nothing: the cursor is the same then.
        assert CURSORS.read("things", changed) == key
    except InvalidCursorError:
        assert changed != written
    else:
        assert changed == written or place == len(written) - 1


def test_a_cursor_of_another_list_is_refused_by_name() -> None:
    assert "things/by_name" in refused("things/by_age", CURSORS.write("things/by_name", "a"))


def test_a_cursor_signed_with_another_key_is_refused() -> None:
    refused("things", Cursors("another-key").write("things", "a"))


def test_a_cursor_of_long_keys_is_not_too_long_to_be_sent() -> None:
    # The store's longest keys are ids of 64 characters, of which each may take 4 bytes and more.
    assert len(CURSORS.write("search/relevance", 0.1234567890123456, "x" * 64)) < MAX_LENGTH
