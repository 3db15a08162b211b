"""What a transfer is, and what it must be: arithmetic alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from storefront_api.ledger.accounts import Account


class UnbalancedError(ValueError):
    """The entries of a transfer do not sum to zero in each unit."""


@dataclass(frozen=True)
class Transfer:
    """Entries that belong together.

    Parameters
    ----------
    reference
        Its cause, such as `order/<id>`: the same cause is posted once.
    entries
        Amounts by account, in order of account id; credits above zero, debits below, none zero.
    """

    reference: str
    entries: Mapping[Account, int]

    def __bool__(self) -> bool:
        """Whether anything moves."""
        return bool(self.entries)


def transfer(reference: str, moves: Iterable[tuple[Account, int]]) -> Transfer:
    """Return a transfer of moves, those of one account added up.

    Raises
    ------
    UnbalancedError
        If they do not sum to zero in each unit.
    """
    amounts: defaultdict[Account, int] = defaultdict(int)
    left: defaultdict[str, int] = defaultdict(int)
    for account, amount in moves:
        amounts[account] += amount
        left[account.unit] += amount
    wrong = sorted(unit for unit, amount in left.items() if amount)
    if wrong:
        raise UnbalancedError(f"{reference} does not balance in {', '.join(wrong)}")
    ordered = sorted(amounts, key=lambda account: account.account_id)
    return Transfer(
        reference, {account: amounts[account] for account in ordered if amounts[account]}
    )


def move(source: Account, target: Account, amount: int) -> list[tuple[Account, int]]:
    """Return the two moves that bring an amount from one account to another."""
    return [(source, -amount), (target, amount)]
