"""Answers of the ledger."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class AccountsOfKind(BaseModel):
    """All accounts of one kind and unit together."""

    kind: str
    debits: int = Field(description="Sum of what was taken, as a number above zero.")
    credits: int
    balance: int = Field(description="Credits minus debits.")


class UnitOut(BaseModel):
    """One currency, or the points; debits and credits are equal."""

    unit: str
    debits: int
    credits: int
    kinds: list[AccountsOfKind]


class TrialBalanceOut(BaseModel):
    """Everything that was ever posted, in minor units or points."""

    units: list[UnitOut]


class EntryOut(BaseModel):
    """What a transfer moved into an account, or below zero out of it."""

    account_id: str
    unit: str
    amount: int


class TransferOut(BaseModel):
    """What one cause has moved."""

    transfer_id: UUID
    reference: str
    posted_at: datetime
    entries: list[EntryOut]
