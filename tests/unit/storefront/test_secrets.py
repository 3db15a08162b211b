"""Passwords, codes and sealed secrets."""

from __future__ import annotations

import asyncio
import unicodedata
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st

from storefront_api.identity import totp
from storefront_api.platform.passwords import Checked, Passwords
from storefront_api.platform.vault import Vault, new_recovery_code, new_token

PASSWORDS = Passwords(64, 1)
VAULT = Vault("the-key")
INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""`12345678901234567890` in base32: the secret of RFC 6238's test vectors."""


@settings(max_examples=20, deadline=None)
@given(password=st.text(min_size=1, max_size=60), other=st.text(min_size=1, max_size=60))
def test_the_password_is_right_and_another_is_not(password: str, other: str) -> None:
    async def both() -> tuple[Checked, Checked]:
        stored = await PASSWORDS.hash(password)
        return await PASSWORDS.check(password, stored), await PASSWORDS.check(other, stored)

    right, wrong = asyncio.run(both())
    assert right == Checked(True, False)
    forms = {unicodedata.normalize("NFKC", text) for text in (password, other)}
    assert wrong.right == (len(forms) == 1)


def test_a_password_composed_by_another_keyboard_is_the_same() -> None:
    stored = asyncio.run(PASSWORDS.hash("cre\u0300me bru\u0302le\u0301e"))
    assert asyncio.run(PASSWORDS.check("cr\u00e8me br\u00fbl\u00e9e", stored)).right


def test_a_hash_is_argon2id_with_a_salt_of_its_own() -> None:
    first, second = (asyncio.run(PASSWORDS.hash("wild garlic pesto")) for _ in range(2))
    assert first.startswith("$argon2id$v=19$m=64,t=1,")
    assert first != second


@pytest.mark.parametrize("grown", [Passwords(128, 1), Passwords(64, 2)])
def test_a_hash_of_smaller_parameters_is_right_and_outgrown(grown: Passwords) -> None:
    stored = asyncio.run(PASSWORDS.hash("wild garlic pesto"))
    assert asyncio.run(grown.check("wild garlic pesto", stored)) == Checked(True, True)
    assert asyncio.run(grown.check("wild garlic", stored)) == Checked(False, False)


class Counted(Passwords):
    """Counts the hashes that are computed to compare."""

    compared = 0

    def _same(self, stored: str, password: str) -> bool:
        self.compared += 1
        assert stored.startswith("$argon2id$v=19$m=64,t=1,"), "the same work for everybody"
        return super()._same(stored, password)


def test_no_account_takes_the_work_of_one_and_is_never_right() -> None:
    passwords = Counted(64, 1)
    assert asyncio.run(passwords.check("wild garlic pesto", None)) == Checked(False, False)
    assert passwords.compared == 1


def test_what_is_no_hash_is_never_right() -> None:
    assert not asyncio.run(PASSWORDS.check("x", "x")).right


@pytest.mark.parametrize(
    ("second", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")]
)
def test_codes_are_those_of_rfc_6238(second: int, code: str) -> None:
    """The last six of the eight digits of its appendix B, SHA-1."""
    now = datetime.fromtimestamp(second, UTC)
    assert totp.step_of(RFC_SECRET, code, now) == second // 30


@given(now=INSTANTS, steps=st.integers(-4, 4))
def test_a_code_is_of_its_step_and_holds_for_one_step_either_way(now: datetime, steps: int) -> None:
    secret = pyotp.random_base32()
    at = now + steps * timedelta(seconds=totp.PERIOD_S)
    found = totp.step_of(secret, pyotp.TOTP(secret).at(at), now)
    near = abs(steps) <= totp.DRIFT_STEPS
    # A code of another time is the same by chance, once in a million.
    assert (found == totp.step_at(at)) if near else found != totp.step_at(at)


@given(code=st.text(max_size=40).filter(lambda text: not text.isdecimal()))
def test_what_is_no_code_is_of_no_step(code: str) -> None:
    assert totp.step_of(RFC_SECRET, code, datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_an_authenticator_reads_the_uri_of_a_setup() -> None:
    secret = totp.new_secret()
    read = pyotp.parse_uri(totp.setup_uri(secret, "a@example.com"))
    assert (read.secret, read.name, read.issuer) == (secret, "a@example.com", totp.ISSUER)


@given(secret=st.binary(max_size=80), owner=st.text(max_size=40))
def test_what_is_sealed_opens_for_its_owner_and_key_alone(secret: bytes, owner: str) -> None:
    sealed = VAULT.seal(secret, owner)
    assert VAULT.open(sealed, owner) == secret
    assert len(secret) < 4 or secret not in sealed
    assert VAULT.seal(secret, owner) != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for vault, text, name in (
        (VAULT, sealed, owner + "x"),
        (Vault("another"), sealed, owner),
        (VAULT, changed, owner),
    ):
        with pytest.raises(InvalidTag):
            vault.open(text, name)


def test_digests_take_the_key_and_what_is_new_was_never_there() -> None:
    assert VAULT.digest("x") == Vault("the-key").digest("x") != Vault("another").digest("x")
    assert len({new_token() for _ in range(100)}) == 100
    codes = {new_recovery_code() for _ in range(100)}
    assert len(codes) == 100
    assert all(len(code) == 19 and code.count("-") == 3 for code in codes)
