"""What orders are packed in: the choice, its price, its deposit and its footprint.

Price and deposit are paid with the order and kept beside it as fees: an order's total is what its
goods cost, so that revenue, refunds and the marts speak of goods alone. A deposit goes back by the
one refund path, out of the fees.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.events import Topic
from storefront_api.events.fulfilment import (
    ChosenPackagingV1,
    DepositReturnedV1,
    PackagingChosenV1,
    ReturnedDepositV1,
)
from storefront_api.events.orders import OrderCompletedV3
from storefront_api.events.parts import Packaging
from storefront_api.fulfilment import packaging_repository as repository
from storefront_api.fulfilment.outgoing import envelope
from storefront_api.fulfilment.schemas import DepositOut, PackagingOption, PackagingOptions
from storefront_api.ledger import service as ledger
from storefront_api.ledger.postings import fees
from storefront_api.notifications import service as notifications
from storefront_api.orders import changes
from storefront_api.orders.changes import What
from storefront_api.payments.service import Amount, give_back
from storefront_api.platform import idempotency
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, InvalidError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services


class NoDepositError(ConflictError):
    """The shopper has no such packaging, or not as much of it."""

    code = "no_deposit"


class ChosenPackaging(BaseModel):
    """Packaging of an order, all its pieces together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    packaging: Packaging
    version: int
    pieces: int
    price_minor: int
    deposit_minor: int = Field(description="Given back when the pieces come back.")
    kg_co2e: float

    @property
    def fees_minor(self) -> int:
        """What is to be paid beside the goods."""
        return self.price_minor + self.deposit_minor


async def options(services: Services, currency: str) -> PackagingOptions:
    """Return the packaging on offer in a currency, lightest first."""
    rows = await repository.offered(services.pool, currency, services.clock())
    told = PackagingOption.model_fields.keys() - {"currency"}
    return PackagingOptions(
        options=[
            PackagingOption(currency=currency, **{name: row[name] for name in told}) for row in rows
        ]
    )


async def choose(
    connection: Connection,
    packaging: Packaging,
    currency: str,
    units: Mapping[str, int],
    at: datetime,
) -> ChosenPackaging:
    """Return what packing goods costs and weighs on the climate.

    One piece is needed for every `capacity_grams` of goods begun, and one at least, as the
    footprint of the marts has it.

    Parameters
    ----------
    units
        Of each sku.

    Raises
    ------
    InvalidError
        If the packaging is not on offer in the currency.
    """
    rows = await repository.offered(connection, currency, at)
    offered = {row["packaging"]: row for row in rows}
    option = offered.get(packaging.value)
    if option is None:
        rule = f"must be one of {', '.join(offered)} for an order in {currency}"
        raise InvalidError(rule, field="body.delivery.packaging")
    grams = await repository.grams(connection, units)
    pieces = max(1, -(-grams // option["capacity_grams"]))
    return ChosenPackaging(
        packaging=packaging,
        version=option["version"],
        pieces=pieces,
        price_minor=pieces * option["price_minor"],
        deposit_minor=pieces * option["deposit_minor"],
        kg_co2e=pieces * option["kg_co2e_per_use"],
    )


async def keep(
    connection: Connection,
    order: OrderCompletedV3,
    chosen: ChosenPackaging,
    contact_email: str,
) -> None:
    """Note what a new order was bought in, and confirm the order to its shopper."""
    order_id = order.data.order_id
    values = (
        chosen.packaging.value,
        chosen.version,
        chosen.pieces,
        chosen.price_minor,
        chosen.deposit_minor,
        chosen.kg_co2e,
    )
    await repository.keep(connection, order_id, values, contact_email)
    if chosen.fees_minor:
        charged = fees(order_id, order.data.currency, chosen.fees_minor)
        await ledger.post(connection, charged, order.occurred_at)
    event = PackagingChosenV1(
        id=new_id(),
        occurred_at=order.occurred_at,
        received_at=order.received_at,
        subject=order.subject,
        trace_id=order.trace_id,
        data=ChosenPackagingV1(
            order_id=order_id,
            packaging=chosen.packaging,
            option_version=chosen.version,
            pieces=chosen.pieces,
            currency=order.data.currency,
            price_minor=chosen.price_minor,
            deposit_minor=chosen.deposit_minor,
            kg_co2e=chosen.kg_co2e,
        ),
    )
    await enqueue(connection, [(Topic.FULFILMENT, str(order_id), event)])
    if contact_email:
        parameters: dict[str, Any] = {
            "order_id": str(order_id),
            "currency": order.data.currency,
            "total_minor": order.data.total_minor,
            "fees_minor": chosen.fees_minor,
        }
        await notifications.request(
            connection,
            cause=f"order_confirmed/{order_id}",
            recipient=contact_email,
            template="order_confirmed",
            parameters=parameters,
            now=order.received_at,
        )


async def return_deposit(
    services: Services, request: Request, order_id: UUID, pieces: int, trace_id: str
) -> Answer:
    """Give the deposit of pieces that came back, or answer as under the same key before.

    Raises
    ------
    NotFoundError
        If there is no such order.
    NoDepositError
        If the shopper does not have as many pieces with a deposit.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        order = await changes.lock(connection, order_id)
        row = await repository.take_back(connection, order_id, pieces)
        if row is None or not row["deposit_minor"]:
            raise NoDepositError("there are not as many out", field="body.pieces")
        amount = row["deposit_minor"] // row["pieces"] * pieces
        made = await give_back(connection, order, Amount(0, amount), "returned", now, now, trace_id)
        await repository.returned(connection, order_id, made.refund_id, pieces, now)
        data = ReturnedDepositV1(
            order_id=order_id,
            packaging=Packaging(row["packaging"]),
            pieces=pieces,
            refund_id=made.refund_id,
            currency=order.currency,
            amount_minor=amount,
        )
        event = DepositReturnedV1(**envelope(order, now, now, trace_id), data=data)
        await enqueue(connection, [(Topic.FULFILMENT, str(order_id), event)])
        details = data.model_dump(mode="json", include={"pieces", "refund_id", "amount_minor"})
        await changes.note(connection, order, What.DEPOSIT_RETURNED, now, now, details)
        out = DepositOut(
            order_id=order_id,
            refund_id=made.refund_id,
            pieces=pieces,
            amount_minor=amount,
            pieces_out=row["pieces"] - row["pieces_back"],
        )
        answer = Answer(201, out.model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer
