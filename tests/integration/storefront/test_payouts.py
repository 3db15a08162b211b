"""Payouts: paid once, however many run, wherever one is killed; debts are carried forward."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.ports import free_port
from storefront_api.events import Topic
from storefront_api.events.marketplace import PayoutV1
from storefront_api.marketplace.payouts.sending import CLAIM, send
from storefront_api.platform.clock import system_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.payment_provider import ProviderAwayError
from storefront_api.platform.stripe_transfers import StripeTransfers
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Worker, until
from tests.integration.storefront.goods import key
from tests.integration.storefront.paying import Provider
from tests.integration.storefront.vending import (
    Outbox,
    decide,
    goods_of,
    new_vendor,
    refunded,
    rule,
    sold,
)

NUMBERS = count()


@pytest.fixture
def currency() -> str:
    """A currency of a test's own, so that its runs pay nobody else's vendors."""
    number = next(NUMBERS)
    return f"X{chr(65 + number // 26)}{chr(65 + number % 26)}"


class Seller:
    """A vendor that has sold something and has an account."""

    def __init__(
        self, people: People, partner: httpx.Client, provider: Provider, currency: str
    ) -> None:
        self.vendor_id = new_vendor()
        self.sku = goods_of(partner, self.vendor_id, 1000, currency=currency)
        wanted: Any = {"type": "express", "capabilities": {"transfers": {"requested": True}}}
        self.account = provider.api.accounts.create(wanted).id
        self.client = people.vendor(self.vendor_id)
        self._partner, self._currency = partner, currency
        rule(partner, 1000, vendor_id=self.vendor_id)
        self.pay_to(self.account)

    def pay_to(self, account: str) -> None:
        """Say where the money goes."""
        path = f"/vendors/{self.vendor_id}/payout-account"
        self._partner.put(path, json={"account": account}).raise_for_status()

    def sell(self, quantity: int = 1) -> str:
        """Sell something and return the order's id."""
        currency = self._currency
        placed = sold(self._partner, self.sku, quantity=quantity, subject="s-1", currency=currency)
        return str(placed["order_id"])

    def balance(self) -> int:
        """Return what it is owed."""
        (found,) = self.client.get("/vendor/balances").json()
        return int(found["balance_minor"])

    def payouts(self) -> list[tuple[int, str]]:
        """Return its payouts, oldest first."""
        found = self.client.get("/vendor/payouts").json()["payouts"]
        return [(each["amount_minor"], each["state"]) for each in found[::-1]]


@pytest.fixture
def seller(people: People, partner: httpx.Client, provider: Provider, currency: str) -> Seller:
    """A vendor with an account."""
    return Seller(people, partner, provider, currency)


def pay(client: httpx.Client, currency: str, minimum: int = 1) -> dict[str, Any]:
    body = {"currency": currency, "minimum_minor": minimum}
    answer = client.post("/payout-runs", json=body, headers=key())
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def transfers(provider: Provider, seller: Seller) -> list[int]:
    """Return what the provider has moved to a vendor, oldest first."""
    wanted: Any = {"destination": seller.account}
    return [each.amount for each in provider.api.transfers.list(wanted).data[::-1]]


def sent(environment: dict[str, str], later: timedelta = timedelta(0), url: str = "") -> int:
    """Send payouts as the worker does, some time later."""

    async def once() -> int:
        pool = await open_pool(environment["DATABASE_URL"], 2)
        payouts = StripeTransfers(url or environment["PAYMENT_URL"], environment["PAYMENT_KEY"])
        try:
            return await send(pool, payouts, system_clock() + later)
        finally:
            await payouts.close()
            await pool.close()

    return asyncio.run(once())


def told(outbox: Outbox, seller: Seller) -> list[tuple[str, int]]:
    events = outbox(Topic.MARKETPLACE, seller.vendor_id)
    return [(e.type, e.data.amount_minor) for e in events if isinstance(e.data, PayoutV1)]  # type: ignore[attr-defined]


def test_run_twice_a_vendor_is_paid_once(
    partner: httpx.Client,
    provider: Provider,
    seller: Seller,
    outbox: Outbox,
    currency: str,
    workers: None,
) -> None:
    seller.sell(2)
    header, body = key(), {"currency": currency, "minimum_minor": 1}
    first, again = (partner.post("/payout-runs", json=body, headers=header) for _ in range(2))
    assert first.json() == again.json()
    (payout,) = first.json()["payouts"]
    assert (payout["amount_minor"], payout["state"]) == (1800, "created")
    assert pay(partner, currency)["payouts"] == []
    until(lambda: seller.payouts() == [(1800, "paid")], "it is paid")
    assert transfers(provider, seller) == [1800]
    assert told(outbox, seller) == [("payout_created", 1800), ("payout_paid", 1800)]
    run = partner.get(f"/payout-runs/{first.json()['run_id']}").json()
    assert run["payouts"][0]["provider_reference"].startswith("tr_")
    assert partner.get(f"/payout-runs/{uuid.uuid4()}").status_code == 404
    assert seller.client.get("/vendor/balances").json() == [
        {"currency": currency, "balance_minor": 0, "on_its_way_minor": 0, "paid_minor": 1800}
    ]


def test_runs_at_the_same_time_pay_once_while_orders_come_in(
    people: People,
    partner: httpx.Client,
    provider: Provider,
    currency: str,
    environment: dict[str, str],
) -> None:
    sellers = [Seller(people, partner, provider, currency) for _ in range(3)]
    for each in sellers:
        each.sell()

    def act(number: int) -> None:
        if number % 3 == 2:
            sellers[number % 2].sell()
        else:
            pay(partner, currency)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(18)))
    pay(partner, currency)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: sent(environment), range(3)))
    counted = [4 * 900, 4 * 900, 900]
    assert [sum(transfers(provider, each)) for each in sellers] == counted
    assert [each.balance() for each in sellers] == [0, 0, 0]


def test_less_than_the_minimum_waits_and_a_debt_is_carried_forward(
    partner: httpx.Client, provider: Provider, seller: Seller, currency: str, workers: None
) -> None:
    order_id = seller.sell()
    assert pay(partner, currency, 901)["payouts"] == []
    pay(partner, currency, 900)
    until(lambda: seller.payouts() == [(900, "paid")], "it is paid")
    refunded(partner, order_id, 1000)
    assert seller.balance() == -900
    assert pay(partner, currency)["payouts"] == []
    seller.sell()
    assert seller.balance() == 0
    assert pay(partner, currency)["payouts"] == []
    seller.sell()
    pay(partner, currency)
    until(lambda: seller.payouts() == [(900, "paid")] * 2, "it is paid again")
    assert transfers(provider, seller) == [900, 900]


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize("point", ["claimed", "transferred"])
def test_wherever_the_sender_is_killed_a_payout_is_transferred_once(
    partner: httpx.Client,
    provider: Provider,
    provider_process: Worker,
    seller: Seller,
    outbox: Outbox,
    environment: dict[str, str],
    currency: str,
    tmp_path: Path,
    point: str,
    forgotten: bool,
) -> None:
    seller.sell()
    pay(partner, currency)
    killed = Worker(environment, tmp_path / "log")
    killed.start("tests.integration.storefront.killable_payouts", point)
    assert killed.wait() == -signal.SIGKILL, killed.log()
    assert transfers(provider, seller) == ([900] if point == "transferred" else [])
    assert seller.payouts() == [(900, "created")]
    if forgotten:
        # As after a day: the provider remembers what it did, but no idempotency key.
        with sqlite3.connect(provider_process.setting("PAYMENT_BOOKS")) as books:
            books.execute("DELETE FROM answers")
    # While the claim holds, nobody else calls the provider: its holder may still be at it.
    assert sent(environment) == 0
    assert sent(environment, CLAIM + timedelta(seconds=1)) == 1
    assert sent(environment, 3 * CLAIM) == 0
    assert transfers(provider, seller) == [900]
    assert seller.payouts() == [(900, "paid")]
    assert told(outbox, seller) == [("payout_created", 900), ("payout_paid", 900)]
    assert seller.balance() == 0


def test_what_the_provider_refuses_is_the_vendors_balance_again(
    partner: httpx.Client,
    provider: Provider,
    seller: Seller,
    outbox: Outbox,
    currency: str,
    environment: dict[str, str],
) -> None:
    seller.sell()
    seller.pay_to("acct_nobodys")
    pay(partner, currency)
    assert seller.balance() == 0
    assert sent(environment) == 1
    assert (seller.balance(), seller.payouts()) == (900, [(900, "failed")])
    failed = seller.client.get("/vendor/payouts").json()["payouts"][0]
    assert "No such destination" in failed["failure"]
    seller.pay_to(seller.account)
    pay(partner, currency)
    assert sent(environment) == 1
    assert transfers(provider, seller) == [900]
    assert told(outbox, seller) == [
        ("payout_created", 900),
        ("payout_failed", 900),
        ("payout_created", 900),
        ("payout_paid", 900),
    ]


def test_while_the_provider_is_away_a_payout_waits(
    partner: httpx.Client,
    provider: Provider,
    seller: Seller,
    currency: str,
    environment: dict[str, str],
) -> None:
    seller.sell()
    pay(partner, currency)
    nobody = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ProviderAwayError):
        sent(environment, url=nobody)
    assert seller.payouts() == [(900, "created")]
    assert sent(environment, 2 * CLAIM) == 1
    assert transfers(provider, seller) == [900]


def test_only_approved_vendors_with_an_account_are_paid(
    people: People, partner: httpx.Client, seller: Seller, currency: str
) -> None:
    seller.sell()
    admin = people.admin()
    decide(admin, seller.vendor_id, "suspend")
    homeless = new_vendor()
    sku = goods_of(partner, homeless, 100, currency=currency)
    sold(partner, sku, subject="s-1", currency=currency)
    assert pay(admin, currency)["payouts"] == []
    assert seller.client.post("/payout-runs", json={}, headers=key()).status_code == 403


def test_payouts_are_listed_newest_first_page_by_page_and_nobody_sees_anothers(
    people: People, partner: httpx.Client, seller: Seller, currency: str
) -> None:
    for quantity in (1, 2, 3):
        seller.sell(quantity)
        pay(partner, currency)
    page = seller.client.get("/vendor/payouts", params={"limit": 2}).json()
    rest = seller.client.get("/vendor/payouts", params={"before": page["next_cursor"]}).json()
    amounts = [each["amount_minor"] for each in page["payouts"] + rest["payouts"]]
    assert amounts == [2700, 1800, 900]
    assert rest["next_cursor"] == ""
    assert people.vendor(new_vendor()).get("/vendor/payouts").json()["payouts"] == []
