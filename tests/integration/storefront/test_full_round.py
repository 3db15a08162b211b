"""An order of two vendors, paid by gift card and card, that comes back piece by piece."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import httpx

from tests.integration.storefront.accounting import balance, check_books, gift_card, posted
from tests.integration.storefront.conftest import Database, until
from tests.integration.storefront.goods import key
from tests.integration.storefront.paying import DELIVERY, Provider, begun, body, completed
from tests.integration.storefront.sending import delivered
from tests.integration.storefront.vending import goods_of, new_vendor, rule


def returned(
    partner: httpx.Client, shopper: httpx.Client, order_id: str, line_number: int
) -> dict[str, int]:
    """Bring a unit of a line back and return what its refund has moved, the refund itself left out.

    The commission's side of it is in the vendors' ledger.
    """
    wanted = [{"line_number": line_number, "units": 1, "reason": "unwanted"}]
    path = f"/orders/{order_id}/returns"
    asked = shopper.post(path, json={"lines": wanted}, headers=key()).json()
    path = f"/returns/{asked['return_id']}"
    assert partner.post(f"{path}/approve", json={}).status_code == 200
    found = [{"line_number": line_number, "restocked": 1, "written_off": 0}]
    answer = partner.post(f"{path}/receive", json={"lines": found}, headers=key())
    assert answer.status_code == 200, answer.text
    moved = posted(partner, f"refund/{answer.json()['refund_id']}")
    del moved["refunds/USD"]
    return moved


def test_each_means_of_payment_and_each_vendor_gets_its_own_part_back(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    database: Database,
    workers: None,
) -> None:
    one, two = new_vendor(), new_vendor()
    rule(partner, 1000, vendor_id=one)
    rule(partner, 2000, vendor_id=two)
    grain, pulses = goods_of(partner, one, 333), goods_of(partner, two, 500)
    code, gift = gift_card(partner, 900)
    for sku, quantity in ((grain, 2), (pulses, 1)):
        shopper.put(f"/cart/lines/{sku}", json={"quantity": quantity, "saved": False})
    crate = {**DELIVERY, "packaging": "reusable_crate"}
    wanted = body(delivery=crate, gift_cards=[code])
    checkout = shopper.post("/checkouts", json=wanted, headers=key()).json()
    # 2 * 333 + 500 = 1,166 of goods; a crate is 20 and 500 of deposit; the gift card pays 900.
    assert (checkout["total_minor"], checkout["due_minor"]) == (1166, 786)
    payment = begun(shopper, checkout)
    provider.confirm(payment)
    assert completed(shopper, checkout).json()["state"] == "completed"
    order_id, numbers = checkout["checkout_id"], {}
    for line in checkout["lines"]:
        numbers[line["sku"]] = line["line_number"]
    delivered(partner, order_id)

    def booked(*kinds: str) -> Counter[str]:
        """Sum the entries of the vendors for this order, of some kinds."""
        query = "SELECT account, kind, amount_minor FROM vendor_ledger WHERE order_id = $1"
        found: Counter[str] = Counter()
        for row in database.rows(query, UUID(order_id)):
            if row["kind"] in kinds:
                found[row["account"]] += row["amount_minor"]
        return found

    # 10 % of 666 are 66.6, and 20 % of 500 are 100.
    assert booked("sale", "commission") == {one: 666 - 67, two: 500 - 100}

    # The first unit of grain: the 266 that the card paid for goods, and 67 to the gift card.
    first = returned(partner, shopper, order_id, numbers[grain])
    assert first == {"clearing/card/USD": 266, gift: 67}
    assert booked("refund") == {one: -333}
    # 67 * 333 / 666 = 33.5, to even.
    assert booked("commission_reversal") == {one: 34}

    # The crate: its deposit goes to the card, and no vendor has to do with it.
    path = f"/orders/{order_id}/deposits"
    back: dict[str, Any] = partner.post(path, json={"pieces": 1}, headers=key()).json()
    moved = posted(partner, f"refund/{back['refund_id']}")
    assert moved == {"fees/USD": -500, "clearing/card/USD": 500}
    assert booked("refund") == {one: -333}

    # The card has nothing more of the goods: the rest is the gift card's.
    assert returned(partner, shopper, order_id, numbers[pulses]) == {gift: 500}
    assert booked("refund") == {one: -333, two: -500}
    assert booked("commission_reversal") == {one: 34, two: 100}
    assert returned(partner, shopper, order_id, numbers[grain]) == {gift: 333}
    assert booked("commission_reversal") == {one: 67, two: 100}

    every = ("sale", "commission", "refund", "commission_reversal")
    assert booked(*every) == {one: 0, two: 0}
    assert balance(database, gift) == 900
    until(
        lambda: provider.intent(payment).latest_charge.amount_refunded == 266 + 500,
        "the card has its part back",
    )
    shown = shopper.get(f"/orders/{order_id}").json()
    assert (shown["refunded_minor"], shown["fees_refunded_minor"]) == (1166, 500)
    assert partner.get("/vendor-ledger/reconciliation").json()["differences"] == []
    check_books(database)
