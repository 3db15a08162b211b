"""Codes of gift cards: read however they are typed, kept so that nobody can read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.giftcards.codes import ALPHABET, digest, new_code, printed, read


@given(st.text(ALPHABET, min_size=16, max_size=16))
def test_a_code_is_read_however_it_is_typed(letters: str) -> None:
    code = printed(letters)
    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
    typed = letters.lower().replace("0", "o").replace("1", "l")
    assert read(typed) == read(f" {typed} ") == read(code.replace("1", "i")) == code


@pytest.mark.parametrize("wrong", ["", "A" * 15, "A" * 17, "U" * 16, "é" * 16])
def test_what_is_no_code_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="16 letters and digits"):
        read(wrong)


def test_codes_differ_and_are_kept_under_a_key() -> None:
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(read(code) == code for code in codes)
    assert set("".join(codes)) == {*ALPHABET, "-"}
    one, two = list(codes)[:2]
    assert digest("key", one) == digest("key", one)
    assert len({digest("key", one), digest("key", two), digest("other", one)}) == 3
