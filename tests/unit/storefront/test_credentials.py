"""Tokens, pseudonyms and webhook signatures."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.payments.signature import TOLERANCE, sign, verify
from storefront_api.platform.auth import PARTNER, Access, Caller, Gate, Identity
from storefront_api.platform.errors import UnauthenticatedError
from storefront_api.platform.policy import Role
from storefront_api.platform.sessions import Live, Standing

NOW = datetime(2017, 12, 24, 8, tzinfo=UTC)
GATE = Gate("the-partners-token", "the-key", lambda: NOW)


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
def test_a_guests_token_leads_to_the_pseudonym_and_nowhere_else(identity: str) -> None:
    caller = GATE.guest(GATE.issue(Identity(person=identity)))
    assert caller.name == caller.subject == GATE.pseudonym(identity)
    assert (caller.role, caller.account_id) == (Role.GUEST, None)
    assert not identity or len(identity) < 4 or identity not in caller.subject


class Known:
    """Live sessions as they are said to be; counts how often it is asked."""

    def __init__(self, live: bool = True, standing: Standing | None = None) -> None:
        self._found = Live(live, standing)
        self.asked = 0

    async def find(self, _: UUID, __: UUID) -> Live:
        self.asked += 1
        return self._found


def asked(
    token: str, known: Known | None = None, stored: Standing | None = None, gate: Gate = GATE
) -> Caller:
    """Return whom a gate takes the holder of a token for."""

    async def standing_of(_: UUID) -> Standing | None:
        return stored

    return asyncio.run(gate.caller(token, known or Known(), standing_of))


def access(until: datetime = NOW + timedelta(seconds=1)) -> Access:
    return Access(account_id=UUID(int=1), session_id=UUID(int=2), until=int(until.timestamp()))


@given(token=st.text(max_size=100))
def test_a_made_up_token_is_refused(token: str) -> None:
    for made_up in (token, f"a.{token}"):
        with pytest.raises(UnauthenticatedError):
            asked(made_up)


def test_a_token_of_another_key_is_refused() -> None:
    other = Gate("", "another-key", lambda: NOW)
    for token in (other.issue(Identity(person="somebody")), other.issue_access(access())):
        with pytest.raises(UnauthenticatedError):
            asked(token)
    assert GATE.pseudonym("somebody") != other.pseudonym("somebody")


def test_the_partners_token_makes_a_partner_and_an_empty_one_nobody() -> None:
    assert asked("the-partners-token").name == PARTNER
    with pytest.raises(UnauthenticatedError):
        asked("", gate=Gate("", "the-key"))


def test_an_account_is_what_it_may_be_now_and_is_asked_for_once() -> None:
    known = Known(standing=Standing(Role.VENDOR, "v-1"))
    caller = asked(GATE.issue_access(access()), known, Standing(Role.ADMIN))
    assert (caller.role, caller.vendor_id) == (Role.VENDOR, "v-1")
    assert (caller.account_id, caller.session_id) == (UUID(int=1), UUID(int=2))
    assert caller.subject == GATE.pseudonym(str(UUID(int=1)))
    assert known.asked == 1


def test_only_an_accounts_token_takes_a_look_at_sessions() -> None:
    known = Known()
    for token in (GATE.issue(Identity(person="somebody")), "the-partners-token"):
        asked(token, known)
    with pytest.raises(UnauthenticatedError):
        asked(GATE.issue_access(access(NOW)), known)
    assert known.asked == 0


def test_while_a_role_changes_the_database_says_what_it_is() -> None:
    token = GATE.issue_access(access())
    assert asked(token, Known(standing=None), Standing(Role.ADMIN)).role is Role.ADMIN


@pytest.mark.parametrize(
    ("known", "stored"),
    [
        (Known(live=False, standing=Standing(Role.ADMIN)), Standing(Role.ADMIN)),
        (Known(live=False), Standing(Role.ADMIN)),
        (Known(standing=None), None),
    ],
)
def test_a_session_that_is_over_or_of_no_account_is_refused(
    known: Known, stored: Standing | None
) -> None:
    with pytest.raises(UnauthenticatedError, match="the session has ended"):
        asked(GATE.issue_access(access()), known, stored)


def test_no_token_serves_for_another_purpose() -> None:
    """A guest's is signed for guests, an account's for accounts."""
    guest, account = GATE.issue(Identity(person="x")), GATE.issue_access(access())
    for token in (f"a.{guest}", account.removeprefix("a.")):
        with pytest.raises(UnauthenticatedError):
            asked(token, Known(standing=Standing(Role.ADMIN)))
    with pytest.raises(UnauthenticatedError) as caught:
        GATE.guest(account, "body.guest_token")
    assert caught.value.problem.field == "body.guest_token"
