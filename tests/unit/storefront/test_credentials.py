"""Tokens, pseudonyms and webhook signatures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.payments.signature import TOLERANCE, sign, verify
from storefront_api.platform.auth import PARTNER, Gate, Identity
from storefront_api.platform.errors import UnauthenticatedError

NOW = datetime(2017, 12, 24, 8, tzinfo=UTC)
GATE = Gate("the-partners-token", "the-key")


def refusal(secret: str, header: str, body: bytes, now: datetime = NOW) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        verify(secret, header, body, now)
    assert caught.value.problem.field == "header.X-Signature"
    return caught.value.problem.detail


@given(body=st.binary(max_size=200), secret=st.text(min_size=1, max_size=40))
def test_what_was_signed_verifies(body: bytes, secret: str) -> None:
    verify(secret, sign(secret, body, NOW), body, NOW)


@given(
    body=st.binary(min_size=1, max_size=60),
    place=st.integers(0, 59),
    change=st.integers(1, 255),
)
def test_one_changed_byte_does_not(body: bytes, place: int, change: int) -> None:
    other = bytearray(body)
    other[place % len(body)] ^= change
    assert refusal("s", sign("s", body, NOW), bytes(other)) == "does not match the body"


def test_another_secret_or_none_does_not() -> None:
    assert refusal("other", sign("s", b"{}", NOW), b"{}") == "does not match the body"
    assert "must be t=" in refusal("", sign("", b"{}", NOW), b"{}")


@pytest.mark.parametrize("sense", [1, -1])
def test_a_signature_holds_for_its_tolerance_both_ways(sense: int) -> None:
    header = sign("s", b"{}", NOW)
    verify("s", header, b"{}", NOW + sense * TOLERANCE)
    assert "is older" in refusal("s", header, b"{}", NOW + sense * (TOLERANCE + timedelta(0, 1)))


@given(header=st.text(max_size=100))
def test_nonsense_is_malformed(header: str) -> None:
    assert "must be t=" in refusal("s", header, b"{}")


@given(identity=st.text(max_size=60))
def test_a_shoppers_token_leads_to_the_pseudonym_and_nowhere_else(identity: str) -> None:
    caller = GATE.caller(GATE.issue(Identity(person=identity)))
    assert caller.name == caller.subject == GATE.pseudonym(identity)
    assert not caller.is_partner
    assert not identity or len(identity) < 4 or identity not in caller.subject


@given(token=st.text(max_size=100))
def test_a_made_up_token_is_refused(token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        GATE.caller(token)


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(UnauthenticatedError):
        GATE.caller(Gate("", "another-key").issue(Identity(person="somebody")))
    assert GATE.pseudonym("somebody") != Gate("", "another-key").pseudonym("somebody")


def test_the_partners_token_makes_a_partner_and_an_empty_one_nobody() -> None:
    assert GATE.caller("the-partners-token").name == PARTNER
    with pytest.raises(UnauthenticatedError):
        Gate("", "the-key").caller("")
