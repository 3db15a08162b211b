"""Accounts: registered, verified by mail, logged in to, and nothing told to who asks around."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from storefront_api.events import Event, Topic
from storefront_api.identity.upkeep import clear
from tests.integration.storefront.accounts import (
    PASSWORD,
    People,
    bearer,
    code,
    mails,
    new_email,
    together,
)
from tests.integration.storefront.clocked import Clock
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import new_sku

Outbox = Callable[[Topic, str], list[Event]]
Clocked = tuple[str, Clock]


def types(events: list[Event]) -> list[str]:
    return [event.type for event in events]


def test_who_registers_verifies_and_logs_in_sees_their_own_account(
    people: People, outbox: Outbox
) -> None:
    email = new_email()
    token = people.register(email.upper())
    assert code(people.try_to_log_in(email)) == (403, "email_unverified")
    assert people.verify(token).status_code == 204
    person = people.log_in(email)
    account = person.client.get("/account").json()
    assert (account["email"], account["role"], account["second_factor"]) == (
        email,
        "customer",
        False,
    )
    assert types(outbox(Topic.IDENTITY, person.subject)) == [
        "user_registered",
        "login_failed",
        "email_verified",
        "logged_in",
    ]


def test_a_token_that_was_made_up_verifies_nothing(people: People) -> None:
    assert code(people.verify("made-up")) == (404, "token_gone")


def test_who_reads_the_mail_and_did_not_choose_the_password_verifies_nothing(
    people: People,
) -> None:
    token = people.register(new_email())
    assert code(people.verify(token, "not the password")) == (401, "wrong_credentials")
    assert people.verify(token).status_code == 204


def test_of_twenty_uses_of_a_token_at_once_one_verifies(people: People, outbox: Outbox) -> None:
    email = new_email()
    body = {"token": people.register(email), "password": PASSWORD}
    statuses = together(people.url, "/accounts/verification", body)
    assert statuses[204] == 1
    assert set(statuses) <= {204, 404, 429}
    assert code(people.verify(body["token"])) == (404, "token_gone")


def test_registering_again_tells_nothing_and_mails_the_holder(
    people: People, database: Database
) -> None:
    email = people.verified()
    body = {"email": email, "password": "another password"}
    answer = people.client().post("/accounts", json=body)
    assert (answer.status_code, answer.json()) == (202, {"status": "see_your_mail"})
    assert len(mails(database, email, "account_exists")) == 1
    assert code(people.try_to_log_in(email, body["password"])) == (401, "wrong_credentials")
    assert people.try_to_log_in(email).status_code == 200


def test_who_registers_anothers_address_first_gets_no_account(people: People) -> None:
    """The holder's password counts, and what was mailed because of the other one is void."""
    email = new_email()
    first = people.register(email, "password of a thief")
    second = people.register(email)
    assert code(people.verify(first, "password of a thief")) == (404, "token_gone")
    assert people.verify(second).status_code == 204
    assert code(people.try_to_log_in(email, "password of a thief")) == (401, "wrong_credentials")


def test_another_verification_mail_comes_to_who_is_not_verified_alone(
    people: People, database: Database
) -> None:
    waiting, verified, unknown = new_email(), people.verified(), new_email()
    people.register(waiting)
    for email in (waiting, verified, unknown):
        answer = people.client().post("/accounts/verification-mails", json={"email": email})
        assert (answer.status_code, answer.json()) == (202, {"status": "see_your_mail"})
    tokens = [mail["token"] for mail in mails(database, waiting, "verify_email")]
    assert len(set(tokens)) == 2
    assert people.verify(tokens[0]).status_code == 204
    assert len(mails(database, verified, "verify_email")) == 1
    assert mails(database, unknown, "verify_email") == []


def test_nobodys_mailbox_is_filled(people: People, database: Database) -> None:
    email = people.verified()
    for _ in range(12):
        people.client().post("/password-resets", json={"email": email})
    assert 1 <= len(mails(database, email, "reset_password")) <= 5


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(people: People) -> None:
    known = people.try_to_log_in(people.verified(), "wrong password")
    unknown = people.try_to_log_in(new_email(), "wrong password")
    told = [{**answer.json(), "instance": ""} for answer in (known, unknown)]
    assert told[0] == told[1]
    assert (known.status_code, unknown.status_code) == (401, 401)


def test_a_failed_login_is_told_without_an_address(
    people: People, database: Database, outbox: Outbox
) -> None:
    email = new_email()
    people.try_to_log_in(email)
    assert outbox(Topic.IDENTITY, "nobody")[-1].subject == ""
    told = database.value("SELECT string_agg(payload || key, ' ') FROM outbox")
    assert email not in told
    assert "@" not in told


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("nobody", PASSWORD, "body.email"),
        ("a@b", PASSWORD, "body.email"),
        ("a@example.com", "short", "body.password"),
        ("a@example.com", "abababababab", "body.password"),
        ("somebody.long@example.com", "somebody.long", "body.password"),
    ],
)
def test_what_cannot_be_an_account_is_refused(
    people: People, email: str, password: str, field: str
) -> None:
    answer = people.client().post("/accounts", json={"email": email, "password": password})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert password not in answer.text


@pytest.mark.parametrize("known", [True, False])
def test_guesses_have_to_wait_whether_there_is_an_account_or_not(
    people: People, known: bool
) -> None:
    email = people.verified() if known else new_email()
    statuses = [people.try_to_log_in(email, "wrong password").status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    answer = people.try_to_log_in(email)
    assert code(answer) == (429, "too_many")
    assert 1 <= int(answer.headers["Retry-After"]) <= 30


def test_parallel_guesses_are_counted_before_they_are_looked_at(people: People) -> None:
    body = {"email": people.verified(), "password": "wrong password"}
    assert together(people.url, "/login", body, 30) == {401: 10, 429: 20}


def test_who_waited_gets_in_and_is_free_again(clocked: Clocked, database: Database) -> None:
    url, clock = clocked
    people = People(url, database)
    email = people.verified()
    wrong = [people.try_to_log_in(email, "wrong password").status_code for _ in range(11)]
    assert wrong[-1] == 429
    clock.advance(timedelta(seconds=31))
    assert people.try_to_log_in(email, "wrong password").status_code == 401
    clock.advance(timedelta(seconds=31))
    assert people.try_to_log_in(email).status_code == 429, "the second wait is twice as long"
    clock.advance(timedelta(seconds=31))
    assert people.try_to_log_in(email).status_code == 200
    assert people.try_to_log_in(email, "wrong password").status_code == 401

    token = people.register(new_email())
    clock.advance(timedelta(days=2, seconds=1))
    assert code(people.verify(token)) == (404, "token_gone")
    people.close()


def test_changing_the_password_ends_every_other_session(
    people: People, database: Database, outbox: Outbox
) -> None:
    person = people.new()
    other = people.log_in(person.email)
    wrong = {"password": "wrong password", "new_password": "quince and medlar"}
    assert code(person.client.post("/account/password", json=wrong)) == (422, "wrong_password")
    right = wrong | {"password": PASSWORD}
    assert person.client.post("/account/password", json=right).status_code == 204
    assert person.client.get("/account").status_code == 200
    assert other.client.get("/account").status_code == 401
    refreshed = people.client().post(
        "/sessions/refresh", json={"refresh_token": other.refresh_token}
    )
    assert refreshed.status_code == 401
    assert people.try_to_log_in(person.email).status_code == 401
    assert people.try_to_log_in(person.email, "quince and medlar").status_code == 200
    assert len(mails(database, person.email, "password_changed")) == 1
    assert {"password_changed", "session_revoked"} <= set(
        types(outbox(Topic.IDENTITY, person.subject))
    )


def reset_token(people: People, database: Database, email: str) -> str:
    answer = people.client().post("/password-resets", json={"email": email})
    assert (answer.status_code, answer.json()) == (202, {"status": "see_your_mail"})
    return str(mails(database, email, "reset_password")[-1]["token"])


def test_a_reset_by_mail_ends_every_session(people: People, database: Database) -> None:
    person = people.new()
    token = reset_token(people, database, person.email)
    body = {"token": token, "new_password": "quince and medlar"}
    client = people.client()
    assert client.post("/password-resets/confirmation", json=body).status_code == 204
    again = client.post("/password-resets/confirmation", json=body)
    assert code(again) == (404, "token_gone")
    assert person.client.get("/account").status_code == 401
    assert people.try_to_log_in(person.email).status_code == 401
    assert people.try_to_log_in(person.email, "quince and medlar").status_code == 200


def test_a_reset_verifies_the_address_and_lets_in_who_guessed_too_often(
    people: People, database: Database
) -> None:
    email = new_email()
    people.register(email, "password of a thief")
    for _ in range(12):
        people.try_to_log_in(email, "wrong password")
    body = {"token": reset_token(people, database, email), "new_password": PASSWORD}
    answer = people.client().post("/password-resets/confirmation", json=body)
    assert answer.status_code == 204
    assert people.try_to_log_in(email).status_code == 200


def test_of_twenty_uses_of_a_reset_at_once_one_counts(people: People, database: Database) -> None:
    email = new_email()
    people.register(email)
    body = {"token": reset_token(people, database, email), "new_password": "quince and medlar"}
    statuses = together(people.url, "/password-resets/confirmation", body)
    assert statuses == {204: 1, 404: 19}


def test_a_token_for_one_purpose_does_not_serve_the_other(
    people: People, database: Database
) -> None:
    email = new_email()
    verification = people.register(email)
    reset = reset_token(people, database, email)
    body = {"token": verification, "new_password": PASSWORD}
    answer = people.client().post("/password-resets/confirmation", json=body)
    assert code(answer) == (404, "token_gone")
    assert code(people.verify(reset)) == (404, "token_gone")


def test_nothing_that_is_mailed_or_chosen_is_stored_as_it_is(
    people: People, database: Database
) -> None:
    person = people.new()
    token = reset_token(people, database, person.email)
    dumped = "".join(
        str(database.value(f"SELECT string_agg(t::text, ' ') FROM {table} t"))
        for table in ("accounts", "account_tokens", "account_sessions", "outbox", "guesses")
    )
    for secret in (PASSWORD, token, person.refresh_token):
        assert secret not in dumped
        assert secret.encode().hex() not in dumped
    assert "$argon2id$" in dumped


def test_a_hash_grows_with_the_parameters_at_the_next_login(
    people: People, database: Database, clocked: Clocked
) -> None:
    email = people.verified()
    stored = "SELECT password_hash FROM accounts WHERE email = $1"
    before = database.value(stored, email)
    grown = People(clocked[0], database)
    wrong = grown.try_to_log_in(email, "wrong password")
    assert (wrong.status_code, database.value(stored, email)) == (401, before)
    assert grown.try_to_log_in(email).status_code == 200
    assert "m=128," in database.value(stored, email)
    assert grown.try_to_log_in(email).status_code == 200
    grown.close()


def test_logging_in_tells_a_guest_with_a_cart_to_merge_it(
    people: People, partner: httpx.Client, shopper: httpx.Client
) -> None:
    guest_token = shopper.headers["Authorization"].removeprefix("Bearer ")
    email = people.verified()
    assert people.try_to_log_in(email, guest_token=guest_token).json()["merge_cart"] is False
    sku = new_sku(partner)
    shopper.put(f"/cart/lines/{sku}", json={"quantity": 2})
    answer = people.try_to_log_in(email, guest_token=guest_token).json()
    assert answer["merge_cart"] is True
    headers = bearer(answer["tokens"]["access_token"])
    client = people.client()
    merged = client.post("/cart/merge", json={"guest_token": guest_token}, headers=headers)
    assert [line["sku"] for line in merged.json()["lines"]] == [sku]
    assert people.try_to_log_in(email, guest_token=guest_token).json()["merge_cart"] is False
    assert code(people.try_to_log_in(email, guest_token="made-up"))[0] == 401


def test_an_accounts_token_is_not_taken_for_a_guests(people: People) -> None:
    """Nobody merges the cart of an account whose access token they found."""
    person, thief = people.new(), people.new()
    token = person.client.headers["Authorization"].removeprefix("Bearer ")
    assert thief.client.post("/cart/merge", json={"guest_token": token}).status_code == 401


def test_what_is_over_is_cleared_away_and_nothing_else(people: People, database: Database) -> None:
    person = people.new()
    people.register(new_email())
    people.try_to_log_in(person.email, "wrong password")

    def left() -> list[int]:
        tables = ("account_sessions", "account_tokens", "guesses", "accounts")
        return [database.value(f"SELECT count(*) FROM {table}") for table in tables]

    async def clear_at(now: datetime) -> None:
        connection = await asyncpg.connect(database.url)
        await clear(connection, now)
        await connection.close()

    before = left()
    asyncio.run(clear_at(datetime.now(UTC)))
    assert left() == before
    assert min(before) > 0
    asyncio.run(clear_at(datetime.now(UTC) + timedelta(days=400)))
    assert left() == [0, 0, 0, before[-1]]
