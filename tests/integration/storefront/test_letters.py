"""Who is written to, about what, and once: from registering to the door, and what vendors get."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from storefront_api.marketplace.payouts.sending import send
from storefront_api.platform.clock import system_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.stripe_transfers import StripeTransfers
from tests.integration.storefront.accounts import PASSWORD, People, Person, mails, new_email
from tests.integration.storefront.conftest import Database, Worker, until
from tests.integration.storefront.goods import key, new_sku
from tests.integration.storefront.mailing import MailServer, address, serving, somebody
from tests.integration.storefront.paying import Provider, begun, body, completed, opened
from tests.integration.storefront.reviewing import decided, post
from tests.integration.storefront.sending import delivered
from tests.integration.storefront.test_alerts import priced
from tests.integration.storefront.test_returns import approved
from tests.integration.storefront.vending import APPLICATION, goods_of, new_vendor, rule, sold


@pytest.fixture
def server() -> Iterator[tuple[MailServer, str]]:
    """A mail server that takes everything, and its URL."""
    server = MailServer()
    controller = serving(server)
    controller.start()
    yield server, address(controller)
    controller.stop()


def bought(shopper: httpx.Client, provider: Provider, sku: str, **wanted: Any) -> str:
    """Buy something by card and return the order's id."""
    checkout = opened(shopper, sku, **wanted)
    provider.confirm(begun(shopper, checkout))
    assert completed(shopper, checkout).json()["state"] == "completed"
    return str(checkout["checkout_id"])


def templates(database: Database, recipient: str) -> list[str]:
    """Return what somebody is written about, oldest first."""
    query = "SELECT template FROM notifications WHERE recipient = $1 ORDER BY notification_id"
    return [row["template"] for row in database.rows(query, recipient)]


def test_whoever_registers_and_buys_finds_each_message_once(
    server: tuple[MailServer, str],
    start_worker: Callable[..., Worker],
    partner: httpx.Client,
    people: People,
    provider: Provider,
) -> None:
    mail, url = server
    start_worker("storefront_api.notifications.worker", SMTP_URL=url)
    email, sku = new_email(), new_sku(partner)
    people.client().post("/accounts", json={"email": email, "password": PASSWORD})
    until(lambda: len(mail.mailbox(email)) == 1, "the token is there")
    text = mail.mailbox(email)[0].get_body(("plain",))
    assert text is not None
    token = re.search(r"code in the store: (\S+)", text.get_content())
    assert token is not None
    assert people.verify(token[1]).status_code == 204
    shopper = people.log_in(email).client
    order_id = bought(shopper, provider, sku)
    delivered(partner, order_id)
    subjects = {
        "Please confirm your address": 1,
        f"We have your order {order_id}": 1,
        f"Your order {order_id} is on its way": 1,
        f"Your order {order_id} was delivered": 1,
    }
    until(lambda: len(mail.mailbox(email)) >= len(subjects), "all is there")
    assert Counter(str(each["Subject"]) for each in mail.mailbox(email)) == subjects
    assert len(mail.transmitted(email)) == len(subjects)


def test_an_address_that_is_stated_stands_before_the_accounts_and_guests_have_none(
    partner: httpx.Client,
    shopper: httpx.Client,
    people: People,
    provider: Provider,
    database: Database,
) -> None:
    person, reader = people.new(), somebody()
    before = templates(database, person.email)
    bought(person.client, provider, new_sku(partner), contact_email=reader)
    assert templates(database, reader) == ["order_confirmed"]
    assert templates(database, person.email) == before
    order_id = bought(shopper, provider, new_sku(partner))
    query = "SELECT contact_email FROM orders WHERE order_id = $1"
    assert database.value(query, uuid.UUID(order_id)) == ""


@pytest.mark.parametrize("wrong", ["nobody", "a@localhost", "ä@home.example", "a..b@home.example"])
def test_what_nobody_can_be_written_to_at_is_refused_wherever_it_is_stated(
    wrong: str, partner: httpx.Client, shopper: httpx.Client, people: People
) -> None:
    sku = new_sku(partner)
    alert = {"currency": "USD", "target_minor": 1, "recipient": wrong}
    refusals = [
        shopper.post("/checkouts", json=body(contact_email=wrong), headers=key()),
        shopper.put(f"/alerts/{sku}", json=alert),
        shopper.post("/accounts", json={"email": wrong, "password": PASSWORD}),
        people.customer().post(
            "/vendor-applications", json=APPLICATION | {"contact_email": wrong}, headers=key()
        ),
    ]
    fields = ["contact_email", "recipient", "email", "contact_email"]
    assert [(each.status_code, each.json()["field"]) for each in refusals] == [
        (422, f"body.{field}") for field in fields
    ]


def test_an_alert_goes_to_the_accounts_address_and_a_guest_states_one(
    partner: httpx.Client, shopper: httpx.Client, people: People, database: Database
) -> None:
    sku, person, reader = new_sku(partner, list_price_minor=250), people.new(), somebody()
    wanted = {"currency": "USD", "target_minor": 200}
    answer = shopper.put(f"/alerts/{sku}", json=wanted)
    assert (answer.status_code, answer.json()["field"]) == (422, "body.recipient")
    assert person.client.put(f"/alerts/{sku}", json=wanted).status_code == 200
    other = people.new()
    answer = other.client.put(f"/alerts/{sku}", json=wanted | {"recipient": reader})
    assert answer.status_code == 200
    priced(partner, sku, 150)
    told = [templates(database, each).count("price_alert") for each in (person.email, reader)]
    assert (told, "price_alert" in templates(database, other.email)) == ([1, 1], False)


def test_another_kind_of_client_is_told_of_once_and_the_first_is_not(
    people: People, database: Database
) -> None:
    email = people.verified()

    def log_in(agent: str) -> list[dict[str, Any]]:
        answer = people.client().post(
            "/login", json={"email": email, "password": PASSWORD}, headers={"User-Agent": agent}
        )
        assert answer.status_code == 200, answer.text
        return mails(database, email, "new_sign_in")

    assert log_in("Firefox/121.0 (Linux)") == []
    assert log_in("Firefox/122.0.1 (Linux)") == []
    (told,) = log_in("Safari/17.2 (iPhone)")
    assert told["device"] == "Safari/17.2 (iPhone)"
    assert len(log_in("Safari/17.4 (iPhone)")) == 1
    assert len(log_in("")) == 2


def _with_order(people: People, provider: Provider, sku: str) -> tuple[Person, str]:
    person = people.new()
    return person, bought(person.client, provider, sku)


def test_an_approved_return_is_told_with_its_instructions(
    partner: httpx.Client, people: People, provider: Provider, database: Database
) -> None:
    person, order_id = _with_order(people, provider, new_sku(partner))
    delivered(partner, order_id)
    approved(partner, person.client, order_id, 1)
    assert [mail["order_id"] for mail in mails(database, person.email, "return_approved")] == [
        order_id
    ]
    told, other_order = _with_order(people, provider, new_sku(partner))
    delivered(partner, other_order)
    lines = [{"line_number": 1, "units": 1, "reason": "unwanted"}]
    path = f"/orders/{other_order}/returns"
    asked = told.client.post(path, json={"lines": lines}, headers=key()).json()
    decision = {"decision": "Bring it to a shop.\nKeep the receipt."}
    partner.post(f"/returns/{asked['return_id']}/approve", json=decision).raise_for_status()
    (mail,) = mails(database, told.email, "return_approved")
    assert mail["instructions"] == decision["decision"]


def test_the_author_is_told_when_a_review_that_was_held_is_published(
    partner: httpx.Client, people: People, provider: Provider, database: Database
) -> None:
    sku = new_sku(partner)
    person, order_id = _with_order(people, provider, sku)
    line = {"product_id": f"product-{sku}", "order_id": order_id, "line_number": 1}
    review = post(person.client, line, body="See www.elsewhere.example").json()
    assert review["state"] == "held"
    for _ in range(2):
        assert decided(partner, review, "published").status_code == 201
    (mail,) = mails(database, person.email, "review_published")
    assert mail["name"] == f"Oats {sku}"
    assert mail["url"].endswith(f"/products/product-{sku}")


def test_a_vendor_is_told_of_a_payout_once(
    partner: httpx.Client, provider: Provider, database: Database
) -> None:
    vendor_id, reader, currency = new_vendor(), somebody(), "XYZ"
    sku = goods_of(partner, vendor_id, 1000, currency=currency)
    rule(partner, 1000, vendor_id=vendor_id)
    wanted: Any = {"type": "express", "capabilities": {"transfers": {"requested": True}}}
    account = {"account": provider.api.accounts.create(wanted).id}
    partner.put(f"/vendors/{vendor_id}/payout-account", json=account).raise_for_status()
    write = "UPDATE vendors SET contact_email = $2 WHERE vendor_id = $1"
    database.rows(write, vendor_id, reader)
    sold(partner, sku, subject="s-1", currency=currency)
    run = {"currency": currency, "minimum_minor": 1}
    (made,) = partner.post("/payout-runs", json=run, headers=key()).json()["payouts"]

    async def pay() -> int:
        pool = await open_pool(database.url, 2)
        payouts = StripeTransfers(provider.url, "sk_test_of_the_tests")
        try:
            return await send(pool, payouts, system_clock())
        finally:
            await payouts.close()
            await pool.close()

    assert [asyncio.run(pay()) for _ in range(2)] == [1, 0]
    (mail,) = mails(database, reader, "payout_sent")
    assert (mail["payout_id"], mail["amount_minor"], mail["currency"]) == (
        made["payout_id"],
        900,
        currency,
    )
