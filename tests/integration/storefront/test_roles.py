"""Roles: given and taken by super admins, at once for those who are signed in."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
import valkey

from storefront_api.events import Event, Topic
from storefront_api.events.identity import RoleChangedV1
from storefront_api.platform.policy import Role
from tests.integration import plain
from tests.integration.storefront.accounts import People, Person, code, new_email
from tests.integration.storefront.conftest import ROOT, Database

Outbox = Callable[[Topic, str], list[Event]]


def give(by: Person, to: Person, role: str, vendor_id: str = "") -> httpx.Response:
    body = {"role": role, "vendor_id": vendor_id}
    return by.client.put(f"/staff/accounts/{to.account_id}/role", json=body)


def may_manage_roles(person: Person) -> bool:
    answer = person.client.post("/staff/accounts/search", json={"email": person.email})
    assert answer.status_code in {200, 403}
    return answer.status_code == 200


@pytest.fixture
def root(people: People) -> Person:
    return people.new(Role.SUPER_ADMIN)


def test_a_role_holds_at_once_for_who_is_signed_in(
    people: People, root: Person, outbox: Outbox
) -> None:
    person = people.new()
    for role in ("admin", "super_admin", "customer"):
        assert give(root, person, role).status_code == 204
        assert person.client.get("/account").json()["role"] == role
        assert may_manage_roles(person) == (role == "super_admin")
        assert (person.client.get("/cart").status_code == 200) == (role == "customer")
    told = [e for e in outbox(Topic.IDENTITY, person.subject) if isinstance(e, RoleChangedV1)]
    assert [(event.data.was, event.data.role) for event in told] == [
        ("customer", "admin"),
        ("admin", "super_admin"),
        ("super_admin", "customer"),
    ]
    assert {event.data.by for event in told} == {root.subject}


def test_a_vendor_is_given_with_who_the_vendor_is(people: People, root: Person) -> None:
    person = people.new()
    assert give(root, person, "vendor").status_code == 422
    assert give(root, person, "admin", "v-1").status_code == 422
    for vendor_id in ("v-1", "v-2"):
        assert give(root, person, "vendor", vendor_id).status_code == 204
        account = person.client.get("/account").json()
        assert (account["role"], account["vendor_id"]) == ("vendor", vendor_id)


def test_what_somebody_is_already_is_no_change(
    people: People, root: Person, outbox: Outbox
) -> None:
    person = people.new()
    before = len(outbox(Topic.IDENTITY, person.subject))
    assert give(root, person, "customer").status_code == 204
    assert len(outbox(Topic.IDENTITY, person.subject)) == before


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.VENDOR, Role.ADMIN])
def test_nobody_else_gives_roles(people: People, role: Role) -> None:
    person = people.new(role)
    assert give(person, person, "super_admin").status_code == 403
    assert person.client.get("/account").json()["role"] == role


@pytest.mark.parametrize("role", ["guest", "partner", "owner"])
def test_an_account_is_never_a_guest_or_a_partner(people: People, root: Person, role: str) -> None:
    assert give(root, people.new(), role).status_code == 422


def test_who_is_not_there_or_not_verified_gets_no_role(
    people: People, root: Person, database: Database
) -> None:
    body = {"role": "admin"}
    nobody = root.client.put(f"/staff/accounts/{uuid4()}/role", json=body)
    assert code(nobody) == (404, "not_found")
    assert code(root.client.post("/staff/accounts/search", json={"email": new_email()}))[0] == 404
    email = new_email()
    people.register(email)
    found = root.client.post("/staff/accounts/search", json={"email": email.upper()}).json()
    assert (found["email"], found["verified"]) == (email, False)
    answer = root.client.put(f"/staff/accounts/{found['account_id']}/role", json=body)
    assert code(answer) == (409, "conflict")


def only_these(database: Database, *left: Person) -> None:
    """Leave these alone super admins, as in a store of their own."""
    statement = """
        UPDATE accounts SET role = 'customer'
        WHERE role = 'super_admin' AND account_id <> ALL($1::uuid[])
    """
    database.rows(statement, [person.account_id for person in left])


def test_the_last_super_admin_stays_one(people: People, root: Person, database: Database) -> None:
    only_these(database, root)
    assert code(give(root, root, "customer")) == (409, "last_super_admin")
    second = people.new()
    assert give(root, second, "super_admin").status_code == 204
    assert give(root, root, "customer").status_code == 204
    assert not may_manage_roles(root)
    assert code(give(second, second, "admin")) == (409, "last_super_admin")
    assert may_manage_roles(second)


def test_two_super_admins_who_demote_each_other_at_once_leave_one(
    people: People, database: Database
) -> None:
    for _ in range(5):
        one, other = people.new(Role.SUPER_ADMIN), people.new(Role.SUPER_ADMIN)
        only_these(database, one, other)

        async def both(one: Person = one, other: Person = other) -> list[int]:
            async with plain.AsyncClient(base_url=people.url, timeout=60) as client:
                requests = [
                    client.put(
                        f"/staff/accounts/{to.account_id}/role",
                        json={"role": "customer"},
                        headers={"Authorization": by.client.headers["Authorization"]},
                    )
                    for by, to in ((one, other), (other, one))
                ]
                return [answer.status_code for answer in await asyncio.gather(*requests)]

        assert sorted(asyncio.run(both())) in ([204, 403], [204, 409])
        assert database.value("SELECT count(*) FROM accounts WHERE role = 'super_admin'") == 1


def test_while_a_change_is_not_told_to_valkey_postgresql_is_asked(
    people: People, root: Person, database: Database, environment: dict[str, str]
) -> None:
    """As if the process had died between the commit and telling."""
    person = people.new()
    statement = "UPDATE accounts SET role = 'admin' WHERE account_id = $1"
    database.rows(statement, person.account_id)
    assert person.client.get("/cart").status_code == 200, "Valkey still says customer"
    with valkey.Valkey.from_url(environment["VALKEY_URL"]) as client:
        client.hdel(f"storefront:sessions:{person.account_id}", "standing")
    assert person.client.get("/cart").status_code == 403
    assert person.client.get("/account").json()["role"] == "admin"


def appoint(environment: dict[str, str], email: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "storefront_api.appoint", email],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_super_admin_comes_from_the_command(
    people: People, environment: dict[str, str], outbox: Outbox
) -> None:
    person = people.new()
    done = appoint(environment, person.email.upper())
    assert done.returncode == 0, done.stderr
    assert may_manage_roles(person)
    told = outbox(Topic.IDENTITY, person.subject)[-1]
    assert isinstance(told, RoleChangedV1)
    assert (told.data.role, told.data.by) == ("super_admin", "")
    unknown = appoint(environment, new_email())
    assert (unknown.returncode, "no such account" in unknown.stderr) == (1, True)
