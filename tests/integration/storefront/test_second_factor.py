"""The second factor: every code works once, guesses wait, and nobody is locked out by a setup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pyotp
import pytest

from storefront_api.events import Event, Topic
from tests.integration.storefront.accounts import (
    PASSWORD,
    People,
    Person,
    all_at_once,
    code,
    mails,
)
from tests.integration.storefront.clocked import Clock
from tests.integration.storefront.conftest import Database

Outbox = Callable[[Topic, str], list[Event]]
STEP = timedelta(seconds=30)


@pytest.fixture
def clock(clocked: tuple[str, Clock]) -> Clock:
    return clocked[1]


@pytest.fixture
def people(clocked: tuple[str, Clock], database: Database) -> Iterator[People]:
    """People at the storefront whose clock is ours; the codes of other tests are over."""
    people = People(clocked[0], database)
    yield people
    people.close()


@dataclass
class Protected:
    """Somebody with a second factor."""

    person: Person
    secret: str
    recovery_codes: list[str]
    clock: Clock

    def code(self, steps_ahead: int = 0) -> str:
        """Return the authenticator's code, of an earlier or later time step if wished."""
        return pyotp.TOTP(self.secret).at(self.clock.now() + steps_ahead * STEP)

    def fresh(self) -> str:
        """Return a code that was not used yet, with half a minute to use it."""
        self.clock.advance(STEP)
        return self.code()


def begin(person: Person) -> str:
    answer = person.client.post("/account/second-factor", json={"password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


def confirm(person: Person, given: str) -> httpx.Response:
    return person.client.post("/account/second-factor/confirmation", json={"code": given})


@pytest.fixture
def protect(people: People, clock: Clock) -> Callable[[], Protected]:
    """Open accounts with a confirmed second factor."""

    def new() -> Protected:
        person = people.new()
        found = Protected(person, begin(person), [], clock)
        answer = confirm(person, found.code())
        assert answer.status_code == 200, answer.text
        found.recovery_codes = answer.json()["recovery_codes"]
        return found

    return new


def challenge(people: People, protected: Protected) -> str:
    answer = people.try_to_log_in(protected.person.email).json()
    assert (answer["status"], answer["tokens"]) == ("second_factor", None)
    return str(answer["challenge"])


def show(people: People, challenge: str, given: str) -> httpx.Response:
    body = {"challenge": challenge, "code": given}
    return people.client().post("/login/second-factor", json=body)


def types(events: list[Event]) -> list[str]:
    return [event.type for event in events]


def test_a_password_alone_does_not_log_in_any_more(
    people: People, protect: Callable[[], Protected], outbox: Outbox, database: Database
) -> None:
    protected = protect()
    begun = challenge(people, protected)
    answer = show(people, begun, protected.fresh())
    assert answer.json()["status"] == "signed_in"
    person = people.person(protected.person.email, answer.json()["tokens"])
    account = person.client.get("/account").json()
    assert (account["second_factor"], account["recovery_codes_left"]) == (True, 10)
    assert types(outbox(Topic.IDENTITY, person.subject))[-4:] == [
        "mfa_enrolled",
        "mfa_challenged",
        "mfa_passed",
        "logged_in",
    ]
    assert len(mails(database, person.email, "second_factor_enrolled")) == 1
    assert code(show(people, begun, protected.fresh())) == (401, "challenge_gone")


def test_the_code_that_confirmed_the_setup_does_not_log_in(people: People, clock: Clock) -> None:
    person = people.new()
    secret = begin(person)
    used = pyotp.TOTP(secret).at(clock.now())
    assert confirm(person, used).status_code == 200
    begun = challenge(people, Protected(person, secret, [], clock))
    assert code(show(people, begun, used)) == (401, "wrong_code")


def test_a_code_works_once_and_no_earlier_one_after_it(
    people: People, protect: Callable[[], Protected], outbox: Outbox
) -> None:
    protected = protect()
    protected.clock.advance(2 * STEP)
    used = protected.code()
    assert show(people, challenge(people, protected), used).status_code == 200
    for given in (used, protected.code(-1)):
        assert code(show(people, challenge(people, protected), given)) == (401, "wrong_code")
    assert show(people, challenge(people, protected), protected.code(1)).status_code == 200
    assert types(outbox(Topic.IDENTITY, protected.person.subject)).count("mfa_failed") == 2


@pytest.mark.parametrize("steps", [-2, 3])
def test_a_code_of_another_time_is_refused(
    people: People, protect: Callable[[], Protected], steps: int
) -> None:
    protected = protect()
    protected.clock.advance(4 * STEP)
    given = protected.code(steps)
    assert code(show(people, challenge(people, protected), given)) == (401, "wrong_code")


def statuses_of_twenty_logins(people: People, protected: Protected, given: str) -> Counter[int]:
    """Finish twenty logins at once with the same code."""
    begun = [challenge(people, protected) for _ in range(20)]
    bodies = [{"challenge": one, "code": given} for one in begun]
    return all_at_once(people.url, "/login/second-factor", bodies)


def test_of_twenty_uses_of_a_code_at_once_one_logs_in(
    people: People, protect: Callable[[], Protected], database: Database
) -> None:
    protected = protect()
    statuses = statuses_of_twenty_logins(people, protected, protected.fresh())
    assert statuses[200] == 1
    assert set(statuses) <= {200, 401, 429}
    live = "SELECT count(*) FROM account_sessions WHERE account_id = $1 AND ended_at IS NULL"
    assert database.value(live, protected.person.account_id) == 2


def test_of_twenty_uses_of_a_recovery_code_at_once_one_logs_in(
    people: People, protect: Callable[[], Protected]
) -> None:
    protected = protect()
    statuses = statuses_of_twenty_logins(people, protected, protected.recovery_codes[0])
    assert statuses[200] == 1
    assert set(statuses) <= {200, 401, 429}
    account = protected.person.client.get("/account").json()
    assert account["recovery_codes_left"] == 9


def test_of_twenty_codes_for_one_login_at_once_one_opens_a_session(
    people: People, protect: Callable[[], Protected], database: Database
) -> None:
    protected = protect()
    begun = challenge(people, protected)
    codes = protected.recovery_codes * 2
    bodies = [{"challenge": begun, "code": given} for given in codes]
    assert all_at_once(people.url, "/login/second-factor", bodies)[200] == 1
    live = "SELECT count(*) FROM account_sessions WHERE account_id = $1 AND ended_at IS NULL"
    assert database.value(live, protected.person.account_id) == 2


def test_each_of_the_ten_recovery_codes_logs_in_once(
    people: People, protect: Callable[[], Protected]
) -> None:
    protected = protect()
    assert len(set(protected.recovery_codes)) == 10
    for given in protected.recovery_codes:
        shouted = given.upper().replace("-", " ")
        assert show(people, challenge(people, protected), shouted).status_code == 200
    given = protected.recovery_codes[3]
    assert code(show(people, challenge(people, protected), given)) == (401, "wrong_code")


def test_neither_the_secret_nor_a_recovery_code_is_stored_as_it_is(
    protect: Callable[[], Protected], database: Database
) -> None:
    protected = protect()
    rows = database.rows(
        "SELECT sealed_secret AS kept FROM second_factors WHERE account_id = $1 "
        "UNION ALL SELECT code_hash FROM recovery_codes WHERE account_id = $1",
        protected.person.account_id,
    )
    kept = b" ".join(row["kept"] for row in rows)
    assert len(rows) == 11
    for secret in [protected.secret, *protected.recovery_codes]:
        assert secret.encode() not in kept
        assert secret.replace("-", "").encode() not in kept


def test_a_setup_that_is_not_confirmed_neither_protects_nor_logs_in(
    people: People, clock: Clock
) -> None:
    person = people.new()
    secret = begin(person)
    answer = people.try_to_log_in(person.email).json()
    assert (answer["status"], answer["challenge"]) == ("signed_in", "")
    assert show(people, "made-up", pyotp.TOTP(secret).at(clock.now())).status_code == 401
    body = {"password": PASSWORD, "code": pyotp.TOTP(secret).at(clock.now())}
    removal = person.client.post("/account/second-factor/removal", json=body)
    assert code(removal) == (404, "no_second_factor")


def test_a_setup_is_confirmed_by_its_latest_secret_in_time_and_once(
    people: People, clock: Clock
) -> None:
    person = people.new()
    assert code(confirm(person, "123456")) == (404, "no_second_factor")
    first, second = begin(person), begin(person)
    assert code(confirm(person, pyotp.TOTP(first).at(clock.now()))) == (422, "invalid_code")
    clock.advance(timedelta(minutes=16))
    person = people.log_in(person.email)
    late = confirm(person, pyotp.TOTP(second).at(clock.now()))
    assert code(late) == (404, "no_second_factor")
    third = begin(person)
    assert confirm(person, pyotp.TOTP(third).at(clock.now())).status_code == 200
    clock.advance(STEP)
    again = confirm(person, pyotp.TOTP(third).at(clock.now()))
    assert code(again) == (409, "already_protected")
    answer = person.client.post("/account/second-factor", json={"password": PASSWORD})
    assert code(answer) == (409, "already_protected")


def test_a_setup_takes_the_password(people: People) -> None:
    body = {"password": "wrong password"}
    answer = people.new().client.post("/account/second-factor", json=body)
    assert code(answer) == (422, "wrong_password")


def test_guessed_codes_have_to_wait(people: People, protect: Callable[[], Protected]) -> None:
    protected = protect()
    begun = challenge(people, protected)
    right = protected.fresh()
    wrong = str((int(right) + 1) % 10**6).zfill(6)
    statuses = [show(people, begun, wrong).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert show(people, begun, right).status_code == 429
    other_login = challenge(people, protected)
    assert show(people, other_login, right).status_code == 429, "another login does not help"
    protected.clock.advance(timedelta(seconds=31))
    assert show(people, begun, protected.code()).status_code == 200


def test_a_login_waits_five_minutes_for_its_code(
    people: People, protect: Callable[[], Protected]
) -> None:
    protected = protect()
    begun = challenge(people, protected)
    protected.clock.advance(timedelta(minutes=5, seconds=1))
    assert code(show(people, begun, protected.code())) == (401, "challenge_gone")


def test_a_login_that_began_with_the_old_password_does_not_end_well(
    people: People, protect: Callable[[], Protected]
) -> None:
    protected = protect()
    begun = challenge(people, protected)
    body = {"password": PASSWORD, "new_password": "quince and medlar"}
    assert protected.person.client.post("/account/password", json=body).status_code == 204
    assert code(show(people, begun, protected.fresh())) == (401, "challenge_gone")


def test_giving_it_up_takes_password_and_code(
    people: People, protect: Callable[[], Protected], outbox: Outbox, database: Database
) -> None:
    protected = protect()
    client = protected.person.client
    path = "/account/second-factor/removal"
    fresh = protected.fresh()
    refused = {
        (422, "wrong_password"): {"password": "wrong password", "code": fresh},
        (422, "invalid_code"): {"password": PASSWORD, "code": "not a code"},
    }
    for expected, body in refused.items():
        assert code(client.post(path, json=body)) == expected
    assert client.get("/account").json()["second_factor"] is True
    assert client.post(path, json={"password": PASSWORD, "code": fresh}).status_code == 204
    assert people.try_to_log_in(protected.person.email).json()["status"] == "signed_in"
    assert client.get("/account").json()["recovery_codes_left"] == 0
    assert "mfa_removed" in types(outbox(Topic.IDENTITY, protected.person.subject))
    assert len(mails(database, protected.person.email, "second_factor_removed")) == 1


def test_a_recovery_code_gives_it_up_when_the_authenticator_is_lost(
    protect: Callable[[], Protected],
) -> None:
    protected = protect()
    body = {"password": PASSWORD, "code": protected.recovery_codes[0]}
    answer = protected.person.client.post("/account/second-factor/removal", json=body)
    assert answer.status_code == 204


def test_a_reset_password_does_not_do_away_with_it(
    people: People, protect: Callable[[], Protected], database: Database
) -> None:
    protected = protect()
    email = protected.person.email
    people.client().post("/password-resets", json={"email": email})
    token = mails(database, email, "reset_password")[-1]["token"]
    body = {"token": token, "new_password": "quince and medlar"}
    answer = people.client().post("/password-resets/confirmation", json=body)
    assert answer.status_code == 204
    answer = people.try_to_log_in(email, "quince and medlar")
    assert answer.json()["status"] == "second_factor"
