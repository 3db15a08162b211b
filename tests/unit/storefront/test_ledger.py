"""Transfers: balanced in each unit, and each cause touching exactly the accounts it should."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.ledger import accounts
from storefront_api.ledger.accounts import POINTS, Account, Kind
from storefront_api.ledger.postings import (
    Paid,
    capture,
    capture_refused,
    chargeback,
    fees,
    invoice_issued,
    invoice_paid,
    refund,
    refund_sent,
    sale,
)
from storefront_api.ledger.tenders import Tender, allocate, due, give_back
from storefront_api.ledger.transfers import Transfer, UnbalancedError, move, transfer

ID = UUID("0160a2b4-5c00-7000-8000-0000000000a0")
AMOUNTS = st.integers(0, 10**12)


def named(moved: Transfer) -> dict[str, int]:
    return {account.account_id: amount for account, amount in moved.entries.items()}


def test_a_transfer_adds_up_accounts_and_drops_what_does_not_move() -> None:
    one, two, three = (accounts.clearing(name, "USD") for name in ("b", "a", "c"))
    moved = transfer("x/1", [*move(one, two, 5), *move(one, two, 2), *move(two, three, 0)])
    assert moved.reference == "x/1"
    assert list(named(moved).items()) == [("clearing/a/USD", 7), ("clearing/b/USD", -7)]
    assert moved
    assert not transfer("x/2", move(one, two, 0))


def test_what_does_not_balance_in_every_unit_is_refused() -> None:
    dollars, euros = accounts.revenue("USD"), accounts.revenue("EUR")
    with pytest.raises(UnbalancedError, match="x/1 does not balance in EUR, USD"):
        transfer("x/1", [(dollars, 5), (euros, -5)])


@given(wanted=AMOUNTS, there=st.lists(AMOUNTS, max_size=6))
def test_sources_give_one_after_another_until_it_is_enough(wanted: int, there: list[int]) -> None:
    given_ = allocate(wanted, there)
    assert sum(given_) == min(wanted, sum(there))
    assert all(0 <= part <= whole for part, whole in zip(given_, there, strict=True))
    touched = [index for index, part in enumerate(given_) if part]
    for index in touched[:-1]:
        assert given_[index] == there[index]


def test_the_card_gets_back_first_and_what_paid_last_before_what_paid_first() -> None:
    assert give_back(5, 10, [7, 3]) == (5, [0, 0])
    assert give_back(12, 10, [7, 3]) == (10, [0, 2])
    assert give_back(15, 10, [7, 3]) == (10, [2, 3])
    assert give_back(20, 10, [7, 3]) == (10, [7, 3])
    assert give_back(4, 4, []) == (4, [])


@given(
    paid=st.lists(st.integers(1, 1000), min_size=1, max_size=5),
    steps=st.lists(st.integers(1, 1000), max_size=6),
)
def test_refunds_in_any_steps_bring_back_what_each_paid_and_never_more(
    paid: list[int], steps: list[int]
) -> None:
    card, *tenders = paid
    left = sum(paid)
    for step in [*steps, left]:
        amount = min(step, left)
        to_card, shares = give_back(amount, card, tenders)
        assert to_card + sum(shares) == amount
        card -= to_card
        tenders = [have - share for have, share in zip(tenders, shares, strict=True)]
        assert min([card, *tenders]) >= 0
        left -= amount
    assert [card, *tenders] == [0] * len(paid)


def test_what_tenders_do_not_pay_is_due() -> None:
    assert due(10, []) == 10
    assert due(10, [Tender("gift_card", "g", 3), Tender("points", "r/1", 5, 50)]) == 2


def test_an_order_is_revenue_from_whatever_paid_for_it() -> None:
    tenders = [Tender("gift_card", "g", 300), Tender("points", "r/1", 200, 20)]
    lot = accounts.points_lot("s-1", ID, datetime(2030, 1, 1, tzinfo=UTC))
    points = move(accounts.points(Kind.POINTS_ISSUED), lot, 8)
    assert named(sale(ID, "USD", 1000, Paid("card", tenders), points)) == {
        "clearing/card/USD": -500,
        "held/gift_card/USD": -300,
        "points_redeemed/USD": -200,
        "revenue/USD": 1000,
        "held/points/points": -20,
        "points_spent/points": 20,
        "points_issued/points": -8,
        f"points_lot/s-1/{ID}": 8,
    }
    plain = sale(ID, "EUR", 7, Paid("cash"))
    assert plain.reference == f"order/{ID}"
    assert named(plain) == {"clearing/cash/EUR": -7, "revenue/EUR": 7}
    assert not sale(ID, "USD", 0, Paid("card"))


@pytest.mark.parametrize(
    ("cause", "reference", "entries"),
    [
        (lambda: capture(ID, "USD", 5), "capture", {"provider/USD": -5, "clearing/card/USD": 5}),
        (
            lambda: capture_refused(ID, "USD", 5),
            "capture",
            {"uncollected/USD": -5, "clearing/card/USD": 5},
        ),
        (
            lambda: refund_sent(ID, "USD", 5),
            "refund_sent",
            {"provider/USD": 5, "clearing/card/USD": -5},
        ),
        (
            lambda: chargeback(ID, "USD", 5),
            "chargeback",
            {"chargebacks/USD": -5, "provider/USD": 5},
        ),
        (
            lambda: invoice_issued(ID, ID, "USD", 5),
            "invoice",
            {
                f"receivable/{ID}/USD": -5,
                "clearing/invoice/USD": 5,
                f"credit/{ID}/USD": -5,
                "credit_granted/USD": 5,
            },
        ),
        (
            lambda: invoice_paid(ID, ID, "USD", 5),
            "invoice_paid",
            {
                "bank/USD": -5,
                f"receivable/{ID}/USD": 5,
                f"credit/{ID}/USD": 5,
                "credit_granted/USD": -5,
            },
        ),
        (
            lambda: refund(ID, "USD", 5, 0, "cash", [(accounts.gift_card("g", "USD"), 2)], 3),
            "refund",
            {"refunds/USD": -5, "clearing/cash/USD": 3, "gift_card/g/USD": 2},
        ),
        (
            lambda: refund(ID, "USD", 5, 4, "card", [(accounts.gift_card("g", "USD"), 2)], 3),
            "refund",
            {"refunds/USD": -5, "fees/USD": -4, "clearing/card/USD": 7, "gift_card/g/USD": 2},
        ),
        (lambda: fees(ID, "USD", 4), "fees", {"fees/USD": 4, "clearing/card/USD": -4}),
    ],
)
def test_each_cause_touches_its_accounts(
    cause: Callable[[], Transfer], reference: str, entries: dict[str, int]
) -> None:
    # Made here and not beside the decorator, where a fault would fail the collection at most.
    moved = cause()
    assert moved.reference == f"{reference}/{ID}"
    assert named(moved) == entries


def test_a_card_s_whole_life_leaves_nothing_in_clearing() -> None:
    steps = [
        sale(ID, "USD", 9, Paid("card")),
        fees(ID, "USD", 3),
        capture(ID, "USD", 12),
        refund(ID, "USD", 4, 2, "card", [], 4),
        refund_sent(ID, "USD", 6),
    ]
    balances: dict[str, int] = {}
    for step in steps:
        for name, amount in named(step).items():
            balances[name] = balances.get(name, 0) + amount
    assert balances == {
        "clearing/card/USD": 0,
        "provider/USD": -6,
        "revenue/USD": 9,
        "refunds/USD": -4,
        "fees/USD": 1,
    }


@pytest.mark.parametrize(
    ("make", "kind", "owner", "unit", "guarded"),
    [
        (lambda: accounts.clearing("card", "USD"), Kind.CLEARING, "card", "USD", False),
        (lambda: accounts.provider("USD"), Kind.PROVIDER, "", "USD", False),
        (lambda: accounts.gift_cards_issued("USD"), Kind.GIFT_CARDS_ISSUED, "", "USD", False),
        (lambda: accounts.gift_card(ID, "USD"), Kind.GIFT_CARD, str(ID), "USD", True),
        (lambda: accounts.held("gift_card", "USD"), Kind.HELD, "gift_card", "USD", False),
        (lambda: accounts.points(Kind.POINTS_SPENT), Kind.POINTS_SPENT, "", POINTS, False),
        (lambda: accounts.vendor_payable("v-1", "USD"), Kind.VENDOR_PAYABLE, "v-1", "USD", False),
        (lambda: accounts.receivable(ID, "USD"), Kind.RECEIVABLE, str(ID), "USD", False),
        (lambda: accounts.credit(ID, "USD"), Kind.CREDIT, str(ID), "USD", True),
        (lambda: accounts.bank("USD"), Kind.BANK, "", "USD", False),
        (lambda: accounts.revenue("USD"), Kind.REVENUE, "", "USD", False),
        (lambda: accounts.refunds("USD"), Kind.REFUNDS, "", "USD", False),
        (lambda: accounts.fees("USD"), Kind.FEES, "", "USD", False),
        (lambda: accounts.chargebacks("USD"), Kind.CHARGEBACKS, "", "USD", False),
        (lambda: accounts.uncollected("USD"), Kind.UNCOLLECTED, "", "USD", False),
        (lambda: accounts.credit_granted("USD"), Kind.CREDIT_GRANTED, "", "USD", False),
    ],
)
def test_an_account_says_whose_it_is_and_whether_it_is_guarded(
    make: Callable[[], Account], kind: Kind, owner: str, unit: str, guarded: bool
) -> None:
    account = make()
    assert (account.kind, account.owner, account.unit) == (kind, owner, unit)
    assert account.guarded is guarded
    assert account.expires_at is None
    assert account.account_id.endswith(f"/{unit}")
    assert owner in account.account_id
    assert kind is Kind.VENDOR_PAYABLE or account.account_id.startswith(f"{kind}/")


def test_a_vendor_s_account_and_a_lot_have_names_that_others_can_tell() -> None:
    assert accounts.vendor_payable("v-1", "USD").account_id == "vendor/v-1/payable/USD"
    at = datetime(2030, 1, 1, tzinfo=UTC)
    lot = accounts.points_lot("s-1", "a", at)
    assert lot == Account("points_lot/s-1/a", Kind.POINTS_LOT, "s-1", POINTS, True, at)


def test_an_unbalanced_transfer_names_its_units_and_entries_come_by_account() -> None:
    with pytest.raises(UnbalancedError, match="x does not balance in EUR, USD"):
        transfer("x", [(accounts.bank("USD"), 3), (accounts.bank("EUR"), -2)])
    moves = [*move(accounts.revenue("USD"), accounts.bank("USD"), 3)]
    assert list(named(transfer("x", moves))) == ["bank/USD", "revenue/USD"]
