"""The profile: what a shopper wants products to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
import httpx

from storefront_api.events import Event, Topic
from storefront_api.events.identity import PreferencesChangedV1
from storefront_api.identity.profile import NONE, preferences_of
from storefront_api.identity.schemas import Preferences
from storefront_api.platform.auth import Caller
from storefront_api.platform.policy import Role
from tests.integration.storefront.accounts import People, Person
from tests.integration.storefront.conftest import Database


def read(database: Database, caller: Caller | None) -> Preferences:
    """Read preferences as other domains do."""

    async def ask() -> Preferences:
        connection = await asyncpg.connect(database.url)
        try:
            return await preferences_of(connection, caller)
        finally:
            await connection.close()

    return asyncio.run(ask())


def caller(person: Person) -> Caller:
    return Caller(person.subject, person.subject, Role.CUSTOMER, person.account_id)


def told(events: list[Event]) -> list[PreferencesChangedV1]:
    return [event for event in events if isinstance(event, PreferencesChangedV1)]


def test_what_a_shopper_prefers_is_kept_and_told_when_it_changes(
    people: People, database: Database, outbox: Callable[[Topic, str], list[Event]]
) -> None:
    person = people.new()
    assert not any(person.client.get("/profile").json()["preferences"].values())
    for _ in range(2):
        wanted = {"plastic_free": True, "vegan": True}
        answer = person.client.put("/profile/preferences", json=wanted)
        assert answer.status_code == 200
    kept = person.client.get("/profile").json()["preferences"]
    assert {name for name, value in kept.items() if value} == set(wanted)
    assert read(database, caller(person)) == Preferences(plastic_free=True, vegan=True)
    assert person.client.put("/profile/preferences", json={}).status_code == 200
    assert read(database, caller(person)) == NONE
    events = told(outbox(Topic.IDENTITY, person.subject))
    assert [(e.data.plastic_free, e.data.local) for e in events] == [(True, False), (False, False)]


def test_preferences_are_those_that_there_are(people: People) -> None:
    client = people.new().client
    for wanted in ({"cheap": True}, {"vegan": "perhaps"}):
        assert client.put("/profile/preferences", json=wanted).status_code == 422


def test_everybody_sees_their_own(people: People, database: Database) -> None:
    one, other = people.new(), people.new(Role.VENDOR)
    one.client.put("/profile/preferences", json={"local": True})
    assert other.client.get("/profile").json()["preferences"]["local"] is False
    assert read(database, caller(other)) == NONE


def test_guests_and_partners_prefer_nothing(
    database: Database, shopper: httpx.Client, partner: httpx.Client
) -> None:
    assert shopper.get("/profile").status_code == 403
    assert partner.get("/profile").status_code == 403
    for nobody in (None, Caller("p-1", "p-1", Role.GUEST), Caller("partner", "", Role.PARTNER)):
        assert read(database, nobody) == NONE
