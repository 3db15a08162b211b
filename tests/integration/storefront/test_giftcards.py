"""Gift cards: nobody spends what is not there, and everything that is not spent comes back."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.platform.auth import Identity
from tests.integration import plain
from tests.integration.storefront.accounting import GATE, balance, check_books, gift_card, posted
from tests.integration.storefront.accounts import bearer
from tests.integration.storefront.conftest import Database, Worker, until
from tests.integration.storefront.goods import key, new_sku
from tests.integration.storefront.paying import (
    Outbox,
    Provider,
    begun,
    body,
    completed,
    opened,
    orders_of,
    state,
    stock,
)
from tests.integration.storefront.test_money_back import refund

Shoppers = Callable[[], httpx.Client]


def kinds(outbox: Outbox, account: str) -> list[str]:
    """Return the types of a gift card's events."""
    return [event.type for event in outbox(Topic.LEDGER, account.split("/")[1])]


def left(shopper: httpx.Client, code: str) -> int:
    """Return what is on a gift card, as whoever has its code is told."""
    answer = shopper.post("/giftcards/balance", json={"code": code})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["balance_minor"])


def test_a_code_is_shown_once_and_kept_nowhere(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    header, wanted = key(), {"currency": "USD", "amount_minor": 700, "reason": "promotion"}
    first, again = (partner.post("/giftcards", json=wanted, headers=header) for _ in range(2))
    code = first.json()["code"]
    assert again.json() == first.json() | {"code": None}
    assert left(shopper, code.lower().replace("-", " ")) == 700
    account = f"gift_card/{first.json()['giftcard_id']}/USD"
    assert balance(database, account) == 700
    for table in ("giftcards", "idempotency_keys", "outbox", "ledger_entries", "ledger_transfers"):
        rows = database.rows(f"SELECT t::text AS row FROM {table} t")
        assert not [row for row in rows if code in row["row"] or code[:9] in row["row"]]


def test_only_staff_issues_and_only_who_knows_a_code_is_told(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    wanted = {"currency": "USD", "amount_minor": 700, "reason": "promotion"}
    assert shopper.post("/giftcards", json=wanted, headers=key()).status_code == 403
    unknown = shopper.post("/giftcards/balance", json={"code": "0" * 16})
    assert (unknown.status_code, unknown.json()["field"]) == (404, "body.code")
    assert shopper.post("/giftcards/balance", json={"code": "0"}).status_code == 422
    past = wanted | {"expires_at": "2018-01-01T00:00:00Z"}
    refused = partner.post("/giftcards", json=past, headers=key())
    assert (refused.status_code, refused.json()["field"]) == (422, "body.expires_at")


def test_a_covered_checkout_needs_no_card_and_is_paid_by_the_gift_card(
    partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    code, account = gift_card(partner, 1000)
    checkout = opened(shopper, new_sku(partner), quantity=2, gift_cards=[code])
    assert checkout["due_minor"] == 0
    tender = {"kind": "gift_card", "tender_id": account.split("/")[1], "points": 0}
    assert checkout["tenders"] == [tender | {"amount_minor": 500}]
    assert left(shopper, code) == 500
    refused = shopper.post(f"/checkouts/{checkout['checkout_id']}/payment")
    assert refused.json()["code"] == "payment_refused"
    assert completed(shopper, checkout).json()["state"] == "completed"
    assert completed(shopper, checkout).json()["tenders"] == checkout["tenders"]
    moved = posted(partner, f"order/{checkout['checkout_id']}")
    assert moved == {"held/gift_card/USD": -500, "revenue/USD": 500}
    assert kinds(outbox, account) == ["giftcard_issued", "giftcard_redeemed"]
    method = "SELECT payment ->> 'method' FROM orders WHERE order_id::text = $1"
    assert database.value(method, checkout["checkout_id"]) == "gift_card"
    check_books(database)


def test_fifty_checkouts_at_once_never_spend_more_than_there_is(
    store_url: str, partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku, (code, account) = new_sku(partner, list_price_minor=250), gift_card(partner, 1100)

    async def open_at_once() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=50)
        async with plain.AsyncClient(base_url=store_url, timeout=120, limits=limits) as client:

            async def ready() -> dict[str, str]:
                head = bearer(GATE.issue(Identity(person=uuid.uuid4().hex)))
                line = {"quantity": 1, "saved": False}
                await client.put(f"/cart/lines/{sku}", json=line, headers=head)
                return head

            heads = await asyncio.gather(*(ready() for _ in range(50)))
            wanted = body(gift_cards=[code])
            return await asyncio.gather(
                *(client.post("/checkouts", json=wanted, headers=h | key()) for h in heads)
            )

    answers = asyncio.run(open_at_once())
    assert Counter(answer.status_code for answer in answers) == {201: 5, 409: 45}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"giftcard_spent"}
    kept = [a.json()["tenders"][0]["amount_minor"] for a in answers if a.status_code == 201]
    assert sorted(kept) == [100, 250, 250, 250, 250]
    assert left(shopper, code) == balance(database, account) == 0
    # Whoever was refused keeps no goods either.
    assert stock(database, sku) == (100, 5)
    check_books(database)


def test_what_a_checkout_kept_comes_back_when_it_is_cancelled_once(
    partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    code, account = gift_card(partner, 1000)
    checkout = opened(shopper, new_sku(partner), gift_cards=[code])
    assert left(shopper, code) == 750
    for _ in range(2):
        assert shopper.delete(f"/checkouts/{checkout['checkout_id']}").status_code == 200
    assert left(shopper, code) == 1000
    assert kinds(outbox, account) == ["giftcard_issued", "giftcard_released"]
    assert completed(shopper, checkout).status_code == 409
    assert orders_of(database, checkout) == 0
    check_books(database)


def test_what_a_checkout_kept_comes_back_when_its_time_is_over(
    start_store: Callable[..., tuple[str, Worker]],
    partner: httpx.Client,
    shopper: httpx.Client,
    database: Database,
    provider: Provider,
    workers: None,
) -> None:
    hasty, _ = start_store(CHECKOUT_SECONDS="1")
    code, account = gift_card(partner, 100)
    shopper.base_url = httpx.URL(hasty)
    checkout = opened(shopper, new_sku(partner), gift_cards=[code])
    assert checkout["due_minor"] == 150
    until(lambda: state(database, checkout) == "expired", "the time is over")
    assert balance(database, account) == 100


def test_a_refund_goes_to_the_card_first_and_then_to_gift_cards_last_first(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    database: Database,
    outbox: Outbox,
    workers: None,
) -> None:
    (one, first), (two, second) = gift_card(partner, 300), gift_card(partner, 200)
    sku = new_sku(partner, list_price_minor=1000)
    checkout = opened(shopper, sku, gift_cards=[one, two])
    assert checkout["due_minor"] == 500
    payment = begun(shopper, checkout)
    assert payment["amount_minor"] == 500
    provider.confirm(payment)
    assert completed(shopper, checkout).json()["state"] == "completed"
    placed = {"order_id": checkout["checkout_id"]}

    def back(amount: int) -> dict[str, int]:
        answer = refund(partner, placed, amount)
        assert answer.status_code == 201, answer.text
        moved = posted(partner, f"refund/{answer.json()['refund_id']}")
        assert moved.pop("refunds/USD") == -amount
        return moved

    assert back(400) == {"clearing/card/USD": 400}
    assert back(200) == {"clearing/card/USD": 100, second: 100}
    assert back(150) == {second: 100, first: 50}
    assert refund(partner, placed, 251).status_code == 409
    assert back(250) == {first: 250}
    assert (balance(database, first), balance(database, second)) == (300, 200)
    assert kinds(outbox, first).count("giftcard_refunded") == 2
    until(lambda: provider.intent(payment).latest_charge.amount_refunded == 500, "it is refunded")
    check_books(database)


@pytest.mark.parametrize(
    ("changed", "status", "rule"),
    [
        ({"currency": "EUR"}, 422, "the gift card is in EUR"),
        ({}, 409, "nothing is left"),
    ],
)
def test_a_gift_card_that_cannot_pay_is_refused_and_nothing_is_taken(
    partner: httpx.Client,
    shopper: httpx.Client,
    database: Database,
    changed: dict[str, Any],
    status: int,
    rule: str,
) -> None:
    code, _ = gift_card(partner, 250, **changed)
    if not changed:
        opened(shopper, new_sku(partner), gift_cards=[code])
        shopper.delete("/cart/lines/" + shopper.get("/cart").json()["lines"][0]["sku"])
    sku = new_sku(partner)
    shopper.put(f"/cart/lines/{sku}", json={"quantity": 1, "saved": False})
    good, account = gift_card(partner, 10)
    wanted = body(gift_cards=[good, code])
    refused = shopper.post("/checkouts", json=wanted, headers=key())
    assert (refused.status_code, refused.json()["field"]) == (status, "body.gift_cards.1")
    assert rule in refused.json()["detail"]
    assert stock(database, sku) == (100, 0)
    assert balance(database, account) == 10


def test_unknown_repeated_and_ended_codes_are_refused(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    ending, _ = gift_card(partner, 10, expires_at=soon.isoformat())
    shopper.put(f"/cart/lines/{new_sku(partner)}", json={"quantity": 1, "saved": False})

    def refused(*codes: str) -> tuple[int, str]:
        answer = shopper.post("/checkouts", json=body(gift_cards=codes), headers=key())
        return answer.status_code, answer.json().get("detail", "")

    assert refused("0" * 16) == (422, "no gift card has this code")
    status, message = refused(ending, ending.lower())
    assert (status, "given once" in message) == (422, True)
    until(lambda: datetime.now(UTC) > soon, "its time is over")
    assert "it ended at" in refused(ending)[1]


def test_gift_cards_that_have_nothing_more_to_pay_stay_as_they_are(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    (one, first), (two, second) = gift_card(partner, 300), gift_card(partner, 200)
    checkout = opened(shopper, new_sku(partner), gift_cards=[one, two])
    assert [tender["amount_minor"] for tender in checkout["tenders"]] == [250]
    assert (balance(database, first), balance(database, second)) == (50, 200)
