"""Which accounts each thing that happens to an order's money touches: arithmetic alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from storefront_api.ledger import accounts
from storefront_api.ledger.accounts import POINTS, Account, Kind
from storefront_api.ledger.tenders import Tender, due
from storefront_api.ledger.transfers import Transfer, move, transfer

Moves = Iterable[tuple[Account, int]]


@dataclass(frozen=True)
class Paid:
    """How an order was paid.

    Parameters
    ----------
    method
        The means that pays what no tender does: `card`, `cash`, `gift_card` (one of another
        system's, as a partner states it), or `invoice`.
    tenders
        Gift cards and points, in the order of paying.
    """

    method: str
    tenders: Sequence[Tender] = field(default=())


def sale(
    order_id: UUID, currency: str, total_minor: int, paid: Paid, and_also: Moves = ()
) -> Transfer:
    """Return what an order brings: revenue, from whatever paid for it.

    Parameters
    ----------
    and_also
        Moves that the same cause brings along, such as points earned.
    """
    rest = due(total_minor, paid.tenders)
    moves = move(accounts.clearing(paid.method, currency), accounts.revenue(currency), rest)
    for tender in paid.tenders:
        revenue = accounts.revenue(currency)
        if tender.kind == "gift_card":
            source = accounts.held("gift_card", currency)
            moves += move(source, revenue, tender.amount_minor)
        else:
            moves += move(accounts.points_redeemed(currency), revenue, tender.amount_minor)
            held, spent = accounts.held(POINTS, POINTS), accounts.points(Kind.POINTS_SPENT)
            moves += move(held, spent, tender.points)
    return transfer(f"order/{order_id}", [*moves, *and_also])


def fees(order_id: UUID, currency: str, amount_minor: int) -> Transfer:
    """Return what is charged beside an order's goods; it is paid by card, never by a tender."""
    source, target = accounts.clearing("card", currency), accounts.fees(currency)
    return transfer(f"fees/{order_id}", move(source, target, amount_minor))


def capture(order_id: UUID, currency: str, amount_minor: int) -> Transfer:
    """Return what the provider's taking of a payment moves."""
    source, target = accounts.provider(currency), accounts.clearing("card", currency)
    return transfer(f"capture/{order_id}", move(source, target, amount_minor))


def capture_refused(order_id: UUID, currency: str, amount_minor: int) -> Transfer:
    """Return the loss of a payment that the provider refused to take."""
    source, target = accounts.uncollected(currency), accounts.clearing("card", currency)
    return transfer(f"capture/{order_id}", move(source, target, amount_minor))


def refund(
    refund_id: UUID,
    currency: str,
    amount_minor: int,
    fees_minor: int,
    method: str,
    given: Moves,
    rest: int,
) -> Transfer:
    """Return what a refund moves.

    Parameters
    ----------
    amount_minor, fees_minor
        What is given back of the goods' price, and of what was paid beside it.
    given
        Moves that give a part of the goods' price to gift cards and points, or take earned points
        away.
    rest
        What of the goods' price goes back by the means of payment, as all of the fees does.
    """
    moves = [
        (accounts.refunds(currency), -amount_minor),
        (accounts.fees(currency), -fees_minor),
        (accounts.clearing(method, currency), rest + fees_minor),
    ]
    return transfer(f"refund/{refund_id}", [*moves, *given])


def refund_sent(refund_id: UUID, currency: str, amount_minor: int) -> Transfer:
    """Return what the provider's sending of a refund moves."""
    source, target = accounts.clearing("card", currency), accounts.provider(currency)
    return transfer(f"refund_sent/{refund_id}", move(source, target, amount_minor))


def chargeback(dispute_id: UUID, currency: str, amount_minor: int) -> Transfer:
    """Return what a bank's taking back of a payment moves."""
    source, target = accounts.chargebacks(currency), accounts.provider(currency)
    return transfer(f"chargeback/{dispute_id}", move(source, target, amount_minor))


def invoice_issued(
    invoice_id: UUID, company_id: UUID, currency: str, amount_minor: int
) -> Transfer:
    """Return what an invoice moves: the company owes the order's money, and has less credit."""
    owed = move(
        accounts.receivable(company_id, currency),
        accounts.clearing("invoice", currency),
        amount_minor,
    )
    credit, granted = accounts.credit(company_id, currency), accounts.credit_granted(currency)
    return transfer(f"invoice/{invoice_id}", [*owed, *move(credit, granted, amount_minor)])


def invoice_paid(invoice_id: UUID, company_id: UUID, currency: str, amount_minor: int) -> Transfer:
    """Return what the paying of an invoice moves: money to the bank, and credit back."""
    paid = move(accounts.bank(currency), accounts.receivable(company_id, currency), amount_minor)
    credit, granted = accounts.credit(company_id, currency), accounts.credit_granted(currency)
    return transfer(f"invoice_paid/{invoice_id}", [*paid, *move(granted, credit, amount_minor)])
