"""Invoices: issued with an order, owed by the company until staff notes that they are paid."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from storefront_api.business import repository
from storefront_api.business.outgoing import Acting, message
from storefront_api.business.repository import Member, Quote
from storefront_api.business.schemas import InvoiceOut, TaxOut
from storefront_api.events.business import (
    InvoiceIssuedV1,
    InvoicePaidV1,
    InvoiceV1,
    PaidInvoiceV1,
)
from storefront_api.ledger import service as ledger
from storefront_api.ledger.postings import invoice_issued, invoice_paid
from storefront_api.orders import repository as orders
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import NotFoundError
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.platform.policy import Permission
from storefront_api.services import Services
from storefront_api.taxes.arithmetic import by_rate, tax_of


async def issue(connection: Connection, member: Member, quote: Quote, acting: Acting) -> None:
    """Issue the invoice of an approved quote, within the company's credit.

    Raises
    ------
    OverdrawnError
        If the company's credit does not suffice.
    """
    invoice_id, now, order = new_id(), acting.at, quote.placed
    due_at = now + timedelta(days=member.term_days)
    columns = (
        invoice_id,
        quote.company_id,
        quote.quote_id,
        quote.purchase_order,
        order.currency,
        order.total_minor,
        now,
        due_at,
    )
    await repository.insert_invoice(connection, columns)
    posting = invoice_issued(invoice_id, quote.company_id, order.currency, order.total_minor)
    await ledger.post(connection, posting, now)
    data = InvoiceV1(
        invoice_id=invoice_id,
        company_id=quote.company_id,
        order_id=quote.quote_id,
        currency=order.currency,
        total_minor=order.total_minor,
        term_days=member.term_days,
    )
    await enqueue(connection, [message(InvoiceIssuedV1, data, invoice_id, acting)])


async def read(services: Services, caller: Caller, invoice_id: UUID) -> InvoiceOut:
    """Return an invoice of the caller's company, or to staff any.

    Raises
    ------
    NotFoundError
        If there is none, or it is another company's.
    """
    return await _shown(services.pool, caller, invoice_id)


async def _shown(connection: Connection, caller: Caller, invoice_id: UUID) -> InvoiceOut:
    anybody = caller.may(Permission.MANAGE_COMPANIES)
    row = await repository.invoice(connection, invoice_id, caller.subject, anybody)
    if row is None:
        raise NotFoundError(f"there is no invoice {invoice_id}", field="path.invoice_id")
    lines = orders.shown(await orders.lines(connection, row["order_id"]))
    told = InvoiceOut.model_fields.keys() - {"lines", "tax_minor", "taxes"}
    fields: dict[str, Any] = {name: row[name] for name in told}
    taxes = [TaxOut(**asdict(part)) for part in by_rate(lines)]
    return InvoiceOut(**fields, lines=lines, tax_minor=tax_of(lines), taxes=taxes)


async def pay(services: Services, caller: Caller, invoice_id: UUID, trace_id: str) -> InvoiceOut:
    """Note that an invoice is paid, once; the company has its credit again.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    acting = Acting(caller.subject, services.clock(), trace_id)
    async with transaction(services.pool) as connection:
        row = await repository.pay(connection, invoice_id, acting.at)
        if row is not None:
            company_id, currency = row["company_id"], row["currency"]
            minor = row["total_minor"]
            posting = invoice_paid(invoice_id, company_id, currency, minor)
            await ledger.post(connection, posting, acting.at)
            data = PaidInvoiceV1(
                invoice_id=invoice_id,
                company_id=company_id,
                currency=currency,
                total_minor=minor,
                days_late=max((acting.at - row["due_at"]).days, 0),
            )
            await enqueue(connection, [message(InvoicePaidV1, data, invoice_id, acting)])
        return await _shown(connection, caller, invoice_id)
