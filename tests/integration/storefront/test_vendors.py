"""Becoming a vendor: reviewed, logged, and selling nothing before."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.stack import Stack
from storefront_api.events import Topic
from storefront_api.events.identity import RoleChangedV1
from storefront_api.migrate import migrate
from storefront_api.platform.policy import Role
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, order, product
from tests.integration.storefront.paying import opened
from tests.integration.storefront.test_search_http import migrate_to
from tests.integration.storefront.tills import stated
from tests.integration.storefront.vending import (
    APPLICATION,
    PDF,
    Outbox,
    applied,
    approved,
    decide,
    goods_of,
    new_vendor,
    sold,
    told,
    upload,
)


def log(database: Database, vendor_id: str) -> list[tuple[str, str]]:
    query = "SELECT action, state FROM vendor_log WHERE vendor_id = $1 ORDER BY entry_id"
    return [(row["action"], row["state"]) for row in database.rows(query, vendor_id)]


def mails(database: Database) -> list[tuple[str, str, str]]:
    rows = database.rows("SELECT recipient, template, parameters->>'state' FROM notifications")
    return [tuple(row) for row in rows]


def test_who_is_approved_may_sell_and_everything_is_logged_and_told(
    people: People, partner: httpx.Client, database: Database, outbox: Outbox
) -> None:
    customer, admin = people.customer(), people.admin()
    vendor_id = applied(customer, contact_email="one@example.org")
    sku = goods_of(partner, vendor_id, 500)
    refused = stated(customer, order(line(sku)))
    assert (refused.status_code, refused.json()["code"]) == (409, "not_for_sale")
    assert refused.json()["field"] == "body.lines.0.sku"
    for kind in ("registration", "identity"):
        paper = upload(customer, vendor_id, kind).json()
        assert (paper["kind"], paper["media_type"]) == (kind, "application/pdf")
        assert paper["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert decide(admin, vendor_id, "begin_review", "").json()["state"] == "under_review"
    assert admin.post(f"/vendors/{vendor_id}/checks").json()["checks"][0]["outcome"] == "clear"
    review = decide(admin, vendor_id, "approve", "").json()
    assert (review["state"], len(review["papers"])) == ("approved", 2)
    assert [entry["action"] for entry in review["log"]] == [
        action for action, _ in log(database, vendor_id)
    ]
    assert log(database, vendor_id) == [
        ("apply", "submitted"),
        ("upload", "submitted"),
        ("upload", "submitted"),
        ("begin_review", "under_review"),
        ("check", "under_review"),
        ("approve", "approved"),
    ]
    assert sold(customer, sku)["total_minor"] == 500
    assert told(outbox, vendor_id) == ["vendor_applied", "vendor_review_moved", "vendor_approved"]
    payloads = database.rows("SELECT payload FROM outbox WHERE topic = $1", Topic.MARKETPLACE.value)
    assert not [row for row in payloads if "Meadow" in row[0] or "@" in row[0]]
    assert ("one@example.org", "vendor_state", "approved") in mails(database)


def test_a_suspended_vendor_sells_again_only_after_another_review(
    people: People, partner: httpx.Client, shopper: httpx.Client, outbox: Outbox
) -> None:
    vendor_id, admin = approved(people), people.admin()
    sku = goods_of(partner, vendor_id, 100)
    checkout = opened(shopper, sku)
    assert decide(admin, vendor_id, "suspend").json()["state"] == "suspended"
    assert stated(shopper, order(line(sku))).status_code == 409
    refused = shopper.post(
        "/checkouts",
        json={"store_id": "S1", "delivery": order()["delivery"]},
        headers=key(),
    )
    assert refused.json()["code"] == "not_for_sale"
    # An import of its goods does not end the suspension either.
    goods_of(partner, vendor_id, 100)
    assert admin.get(f"/vendors/{vendor_id}").json()["state"] == "suspended"
    assert decide(admin, vendor_id, "approve").json()["code"] == "wrong_state"
    assert decide(admin, vendor_id, "begin_review").status_code == 200
    unchecked = decide(admin, vendor_id, "approve")
    assert (unchecked.status_code, unchecked.json()["code"]) == (409, "not_ready")
    admin.post(f"/vendors/{vendor_id}/checks")
    assert decide(admin, vendor_id, "approve").status_code == 200
    sold(shopper, sku)
    assert told(outbox, vendor_id)[3:] == [
        "vendor_suspended",
        "vendor_review_moved",
        "vendor_approved",
    ]
    assert checkout["state"] == "open"


def approve(customer: httpx.Client, admin: httpx.Client, vendor_id: str) -> None:
    """Have a vendor reviewed, with papers and a check, to its approval."""
    for kind in ("registration", "identity"):
        assert upload(customer, vendor_id, kind).status_code == 201
    assert decide(admin, vendor_id, "begin_review").status_code == 200
    assert admin.post(f"/vendors/{vendor_id}/checks").status_code == 201
    assert decide(admin, vendor_id, "approve").json()["state"] == "approved"


def test_the_applicant_sells_as_long_as_the_vendor_is_approved(
    people: People, outbox: Outbox
) -> None:
    person, admin = people.new(), people.new(Role.ADMIN)
    vendor_id = applied(person.client)

    def seen() -> tuple[str, str, int, int]:
        # With the session of before: what it may do is looked up with every request.
        account = person.client.get("/account").json()
        statuses = [person.client.get(path).status_code for path in ("/vendor/orders", "/cart")]
        return account["role"], account["vendor_id"], *statuses

    shops, sells = ("customer", "", 403, 200), ("vendor", vendor_id, 200, 403)
    assert seen() == shops
    approve(person.client, admin.client, vendor_id)
    assert seen() == sells
    assert decide(admin.client, vendor_id, "suspend").status_code == 200
    assert seen() == shops
    decide(admin.client, vendor_id, "begin_review")
    admin.client.post(f"/vendors/{vendor_id}/checks")
    assert seen() == shops
    header, body = key(), {"action": "approve", "note": "again"}
    for _ in range(2):
        path = f"/vendors/{vendor_id}/decisions"
        assert admin.client.post(path, json=body, headers=header).status_code == 200
    assert seen() == sells
    events = outbox(Topic.IDENTITY, person.subject)
    changed = [event.data for event in events if isinstance(event, RoleChangedV1)]
    assert [(data.was, data.role, data.vendor_id) for data in changed] == [
        ("customer", "vendor", vendor_id),
        ("vendor", "customer", ""),
        ("customer", "vendor", vendor_id),
    ]
    assert {data.by for data in changed} == {admin.subject}


def test_a_rejected_applicant_becomes_nothing_and_who_works_elsewhere_stays_there(
    people: People,
) -> None:
    rejected, busy, admin = people.new(), people.new(), people.admin()
    vendor_id = applied(rejected.client)
    decide(admin, vendor_id, "begin_review")
    assert decide(admin, vendor_id, "reject").json()["state"] == "rejected"
    assert rejected.client.get("/account").json()["role"] == "customer"
    vendor_id, chief = applied(busy.client), people.new(Role.SUPER_ADMIN).client
    role = {"role": "vendor", "vendor_id": "v-elsewhere"}
    path = f"/staff/accounts/{busy.account_id}/role"
    assert chief.put(path, json=role).status_code == 204
    approve(busy.client, admin, vendor_id)
    assert busy.client.get("/account").json()["vendor_id"] == "v-elsewhere"
    assert decide(admin, vendor_id, "suspend").status_code == 200
    assert busy.client.get("/account").json()["vendor_id"] == "v-elsewhere"


def test_more_information_is_asked_for_and_given(people: People) -> None:
    customer, admin = people.customer(), people.admin()
    vendor_id = applied(customer)
    path = f"/vendor-applications/{vendor_id}"
    assert customer.post(f"{path}/resubmissions", json=APPLICATION).json()["code"] == "wrong_state"
    decide(admin, vendor_id, "begin_review")
    assert upload(customer, vendor_id, "tax").json()["code"] == "wrong_state"
    lacking = decide(admin, vendor_id, "approve")
    assert lacking.json()["detail"] == "there is no paper of identity, registration"
    assert decide(admin, vendor_id, "ask", " ").json()["field"] == "body.note"
    assert decide(admin, vendor_id, "ask", "Who owns you?").status_code == 200
    seen = customer.get(path).json()
    assert (seen["state"], seen["note"]) == ("more_information_wanted", "Who owns you?")
    assert upload(customer, vendor_id, "identity").status_code == 201
    again = customer.post(f"{path}/resubmissions", json=APPLICATION | {"about": "We do."}).json()
    assert (again["state"], again["about"], len(again["papers"])) == ("submitted", "We do.", 1)
    decide(admin, vendor_id, "begin_review")
    assert decide(admin, vendor_id, "reject", "No.").json()["state"] == "rejected"
    assert applied(customer) != vendor_id


@pytest.mark.parametrize(
    ("number", "note", "outcome"),
    [
        ("HRB-REFUSED", "nevertheless", 409),
        ("HRB-CONSIDER", "", 409),
        ("HRB-CONSIDER", "seen in person", 200),
    ],
)
def test_what_the_check_finds_counts(people: People, number: str, note: str, outcome: int) -> None:
    customer, admin = people.customer(), people.admin()
    vendor_id = applied(customer, registration_number=number)
    for kind in ("registration", "identity"):
        upload(customer, vendor_id, kind)
    assert admin.post(f"/vendors/{vendor_id}/checks").json()["code"] == "wrong_state"
    decide(admin, vendor_id, "begin_review")
    admin.post(f"/vendors/{vendor_id}/checks")
    assert decide(admin, vendor_id, "approve", note).status_code == outcome


def test_a_check_that_is_not_answered_changes_nothing(people: People, database: Database) -> None:
    customer, admin = people.customer(), people.admin()
    vendor_id = applied(customer, registration_number="HRB-AWAY")
    decide(admin, vendor_id, "begin_review")
    answer = admin.post(f"/vendors/{vendor_id}/checks")
    assert (answer.status_code, answer.json()["code"]) == (503, "away")
    assert log(database, vendor_id)[-1] == ("begin_review", "under_review")


def test_one_application_at_a_time_and_the_same_key_applies_once(people: People) -> None:
    customer, header = people.customer(), key()
    first, again = (
        customer.post("/vendor-applications", json=APPLICATION, headers=header) for _ in range(2)
    )
    assert (first.status_code, again.json()) == (201, first.json())
    other = customer.post("/vendor-applications", json=APPLICATION, headers=key())
    assert (other.status_code, other.json()["code"]) == (409, "applied_already")


def test_others_see_and_touch_nothing(people: People, partner: httpx.Client) -> None:
    owner, stranger, admin = people.customer(), people.customer(), people.admin()
    vendor_id = applied(owner)
    path = f"/vendor-applications/{vendor_id}"
    assert stranger.get(path).status_code == 404
    assert upload(stranger, vendor_id, "identity").status_code == 404
    assert stranger.post(f"{path}/resubmissions", json=APPLICATION).status_code == 404
    assert people.vendor(vendor_id).get(path).status_code == 200
    assert people.vendor("another").get(path).status_code == 404
    for client in (owner, people.vendor(vendor_id), partner):
        assert client.get(f"/vendors/{vendor_id}").status_code == 403
        assert decide(client, vendor_id, "begin_review").status_code == 403
    assert decide(admin, "nobody", "begin_review").status_code == 404
    assert admin.get("/vendors/nobody").status_code == 404
    assert admin.post("/vendors/nobody/checks").status_code == 404
    assert admin.get(f"/vendors/{vendor_id}/papers/{uuid.uuid4()}").status_code == 404
    account = {"account": "acct_1234"}
    assert admin.put("/vendors/nobody/payout-account", json=account).status_code == 404


def test_nobody_reviews_an_application_of_their_own(people: People) -> None:
    person = people.new()
    vendor_id = applied(person.client)
    chief = people.new(Role.SUPER_ADMIN).client
    path = f"/staff/accounts/{person.account_id}/role"
    assert chief.put(path, json={"role": "admin"}).status_code == 204
    # The same person, with the role of staff by now.
    answer = decide(person.client, vendor_id, "begin_review")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_paper_is_kept_once_and_read_as_it_was(people: People) -> None:
    customer, admin = people.customer(), people.admin()
    vendor_id = applied(customer)
    first, again = (upload(customer, vendor_id, "identity").json() for _ in range(2))
    assert first == again
    assert len(customer.get(f"/vendor-applications/{vendor_id}").json()["papers"]) == 1
    read = admin.get(f"/vendors/{vendor_id}/papers/{first['paper_id']}")
    assert (read.content, read.headers["Content-Type"]) == (PDF, "application/pdf")
    assert read.headers["Content-Disposition"].startswith("attachment")
    disguised = upload(customer, vendor_id, "tax", b"MZ\x90\x00")
    assert (disguised.status_code, disguised.json()["field"]) == (422, "body")
    large = upload(customer, vendor_id, "tax", PDF.ljust(5 * 2**20 + 1))
    assert large.status_code == 413


def test_vendors_are_listed_by_state_page_by_page(people: People) -> None:
    wanted = {applied(people.customer()) for _ in range(3)}
    admin, found, after = people.admin(), set[str](), ""
    while True:
        parameters: dict[str, Any] = {"state": "submitted", "limit": 2, "after": after}
        page = admin.get("/vendors", params=parameters).json()
        assert {each["state"] for each in page["vendors"]} <= {"submitted"}
        found |= {each["vendor_id"] for each in page["vendors"]}
        after = page["next_cursor"]
        if not after:
            break
    assert wanted <= found


ATTEMPTS = st.lists(
    st.sampled_from(["begin_review", "approve", "reject", "ask", "suspend", "resubmit", "check"]),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ATTEMPTS)
def test_whatever_is_tried_nobody_is_approved_without_a_review(
    people: People, database: Database, attempts: list[str]
) -> None:
    customer, admin = people.customer(), people.admin()
    vendor_id = applied(customer)
    for kind in ("registration", "identity"):
        upload(customer, vendor_id, kind)
    for attempt in attempts:
        if attempt == "resubmit":
            path = f"/vendor-applications/{vendor_id}/resubmissions"
            customer.post(path, json=APPLICATION)
        elif attempt == "check":
            admin.post(f"/vendors/{vendor_id}/checks")
        else:
            decide(admin, vendor_id, attempt)
    done = [action for action, _ in log(database, vendor_id)]
    reviews = 0
    for at, action in enumerate(done):
        if action == "approve":
            begun = max(n for n in range(at) if done[n] == "begin_review")
            assert "check" in done[begun:at]
            reviews += 1
    state = database.value("SELECT state FROM vendors WHERE vendor_id = $1", vendor_id)
    assert reviews or state != "approved"


def test_the_log_cannot_be_changed(people: People, database: Database) -> None:
    vendor_id = applied(people.customer())
    for statement in ("UPDATE vendor_log SET actor = 'x'", "DELETE FROM vendor_log"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            database.rows(f"{statement} WHERE vendor_id = $1", vendor_id)


def test_an_import_brings_its_vendors_in_as_approved(
    partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    vendor_id = new_vendor()
    sku = goods_of(partner, vendor_id, 100)
    goods_of(partner, vendor_id, 100)
    sold(shopper, sku)
    assert log(database, vendor_id) == [("import", "approved")]
    assert told(outbox, vendor_id) == ["vendor_approved"]


def test_vendors_that_sold_before_the_migration_sell_after_it_and_it_can_be_taken_back(
    own_stack: Stack,
) -> None:
    server = own_stack.environment()["DATABASE_URL"]
    url = urlsplit(server)._replace(path=f"/older_{uuid.uuid4().hex[:12]}").geturl()
    asyncio.run(migrate(url))
    asyncio.run(migrate_to(url, "0007"))
    older = Database(url)
    assert older.value("SELECT to_regclass('vendors')") is None
    row = {name: value for name, value in product("old-1").items() if name != "opening_stock"}
    columns, values = ", ".join(row), ", ".join(f"${n + 1}" for n in range(len(row)))
    statement = f"INSERT INTO products ({columns}, updated_at) VALUES ({values}, now())"
    older.rows(statement, *row.values())
    asyncio.run(migrate(url))
    assert older.value("SELECT state FROM vendors WHERE vendor_id = 'v-1'") == "approved"
    assert log(older, "v-1") == [("import", "approved")]
