"""The companies' SQL. What belongs to a company is found by those who act for it alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from storefront_api.business.schemas import MemberRole
from storefront_api.events.orders import OrderV3
from storefront_api.platform.database import Connection
from storefront_api.pricing.rules import AppliedRule

_RULES = TypeAdapter(list[AppliedRule])
_INSERT_COMPANY = "INSERT INTO companies VALUES ($1, $2, $3, $4, $5, $6)"
_SET_MEMBER = """
INSERT INTO company_members (subject, company_id, role)
SELECT $1, company_id, $3 FROM companies WHERE company_id = $2
ON CONFLICT (subject) DO UPDATE SET role = EXCLUDED.role
WHERE company_members.company_id = EXCLUDED.company_id
RETURNING subject
"""
_COMPANY = "SELECT company_id FROM companies WHERE company_id = $1"
_MEMBER = """
SELECT company_id, role, currency, approval_above_minor, term_days
FROM company_members JOIN companies USING (company_id) WHERE subject = $1
"""
_KNOWN = """
SELECT sku FROM products WHERE sku = ANY($1) AND archived_at IS NULL AND may_sell(vendor_id)
"""
_INSERT_QUOTE = """
INSERT INTO business_quotes (
    quote_id, company_id, owner, subject, purchase_order, placed, rules, total_minor,
    requested_at, expires_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_QUOTE = """
SELECT q.*, i.invoice_id FROM business_quotes q LEFT JOIN invoices i ON i.order_id = q.quote_id
WHERE q.quote_id = $1 AND q.company_id = (
    SELECT company_id FROM company_members WHERE subject = $2
)
"""
_APPROVE = """
UPDATE business_quotes SET approved_at = $2, approved_by = $3
WHERE quote_id = $1 AND approved_at IS NULL AND expires_at > $2 RETURNING quote_id
"""
_INSERT_INVOICE = """
INSERT INTO invoices (
    invoice_id, company_id, order_id, purchase_order, currency, total_minor, issued_at, due_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_INVOICE = """
SELECT i.*, c.name AS company_name FROM invoices i JOIN companies c USING (company_id)
WHERE i.invoice_id = $1 AND ($3 OR i.company_id = (
    SELECT company_id FROM company_members WHERE subject = $2
))
"""
_PAY = """
UPDATE invoices SET paid_at = $2 WHERE invoice_id = $1 AND paid_at IS NULL RETURNING *
"""


@dataclass(frozen=True)
class Member:
    """Somebody who acts for a company, with what the company may do."""

    company_id: UUID
    role: MemberRole
    currency: str
    approval_above_minor: int
    term_days: int


@dataclass(frozen=True)
class Quote:
    """A quote as it is stored.

    Parameters
    ----------
    owner, subject
        Who requested it: the caller's name and pseudonym.
    placed
        The order that it becomes.
    """

    quote_id: UUID
    company_id: UUID
    owner: str
    subject: str
    purchase_order: str
    placed: OrderV3
    rules: list[AppliedRule]
    requested_at: datetime
    expires_at: datetime
    approved_at: datetime | None = None
    invoice_id: UUID | None = None


async def insert_company(connection: Connection, company: tuple[Any, ...]) -> None:
    """Insert a company, its values in the order of the table's columns."""
    await connection.execute(_INSERT_COMPANY, *company)


async def company_exists(connection: Connection, company_id: UUID) -> bool:
    """Return whether there is such a company."""
    return await connection.fetchval(_COMPANY, company_id) is not None


async def set_member(connection: Connection, subject: str, company_id: UUID, role: str) -> bool:
    """Let somebody act for a company; False if they act for another one already."""
    return await connection.fetchval(_SET_MEMBER, subject, company_id, role) is not None


async def member(connection: Connection, subject: str) -> Member | None:
    """Return for which company somebody acts, and how."""
    row = await connection.fetchrow(_MEMBER, subject)
    return Member(**dict(row)) if row else None


async def known(connection: Connection, skus: Sequence[str]) -> set[str]:
    """Return which skus exist."""
    return {row["sku"] for row in await connection.fetch(_KNOWN, list(skus))}


async def insert_quote(connection: Connection, quote: Quote) -> None:
    """Insert a quote that is not approved yet."""
    await connection.execute(
        _INSERT_QUOTE,
        quote.quote_id,
        quote.company_id,
        quote.owner,
        quote.subject,
        quote.purchase_order,
        quote.placed.model_dump(mode="json"),
        _RULES.dump_python(quote.rules, mode="json"),
        quote.placed.total_minor,
        quote.requested_at,
        quote.expires_at,
    )


async def quote(connection: Connection, quote_id: UUID, subject: str) -> Quote | None:
    """Return a quote of the company that somebody acts for."""
    row = await connection.fetchrow(_QUOTE, quote_id, subject)
    if row is None:
        return None
    stored = {name: row[name] for name in Quote.__dataclass_fields__}
    stored["placed"] = OrderV3.model_validate(row["placed"])
    stored["rules"] = _RULES.validate_python(row["rules"])
    return Quote(**stored)


async def approve(connection: Connection, quote_id: UUID, at: datetime, subject: str) -> bool:
    """Approve a quote once; False if it is approved already, or its time is over."""
    return await connection.fetchval(_APPROVE, quote_id, at, subject) is not None


async def insert_invoice(connection: Connection, invoice: tuple[Any, ...]) -> None:
    """Insert an invoice, its values in the statement's order."""
    await connection.execute(_INSERT_INVOICE, *invoice)


async def invoice(connection: Connection, invoice_id: UUID, subject: str, anybody: bool) -> Any:
    """Return an invoice of the company that somebody acts for, or of anybody's; or None."""
    return await connection.fetchrow(_INVOICE, invoice_id, subject, anybody)


async def pay(connection: Connection, invoice_id: UUID, at: datetime) -> Any:
    """Note that an invoice is paid and return it; None if there is none that is not."""
    return await connection.fetchrow(_PAY, invoice_id, at)
