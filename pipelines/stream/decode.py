"""Read the few fields of an event that the online store needs.

The full contract is checked where events are produced and again by the sink; here speed counts,
so everything else in a payload is skipped unread.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from pydantic import TypeAdapter, ValidationError

from models.features.online import epoch_ms
from pipelines.stream.errors import PoisonEventError
from storefront_api.events import Event, Topic, UnknownEventError, schema_of
from storefront_api.events.upcasting import UPCASTER

PRODUCT_CLICKS = frozenset({"product_viewed", "product_added"})


class OrderSeen(msgspec.Struct, frozen=True, gc=False):
    """An order that was placed; instants are epoch milliseconds."""

    at_ms: int
    order_id: str
    subject: str
    device_id: str
    card: str
    amount_minor: int
    skus: tuple[str, ...]


class ProductSeen(msgspec.Struct, frozen=True, gc=False):
    """A product that a shopper opened or put into the cart."""

    at_ms: int
    subject: str
    sku: str


class _Line(msgspec.Struct):
    sku: str


class _Payment(msgspec.Struct):
    fingerprint: str


class _Order(msgspec.Struct):
    order_id: UUID
    device_id: str
    total_minor: int
    payment: _Payment
    lines: list[_Line]


class _OrderEvent(msgspec.Struct):
    type: str
    version: int
    occurred_at: datetime
    subject: str
    data: msgspec.Raw


class _Click(msgspec.Struct, gc=False):
    sku: str = ""


class _ClickEvent(msgspec.Struct, gc=False):
    type: str
    version: int
    occurred_at: datetime
    subject: str
    data: _Click


_orders = msgspec.json.Decoder(_OrderEvent)
_order = msgspec.json.Decoder(_Order)
_clicks = msgspec.json.Decoder(_ClickEvent)


def decode(topic: str, payload: bytes) -> OrderSeen | ProductSeen | None:
    """Return what an event of a topic means to the online store; None when nothing.

    Raises
    ------
    PoisonEventError
        If the payload is not JSON, a needed field is missing or of the wrong type, or the version
        is one that the contract does not have; the message names the field.
    """
    try:
        seen = _click(payload) if topic == Topic.CLICKSTREAM else _completed(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError, UnknownEventError) as error:
        raise PoisonEventError(f"{topic}: {error}") from error
    except TypeError as error:
        raise PoisonEventError(f"{topic}: `$.occurred_at` has no time zone") from error
    return seen


def _click(payload: bytes) -> ProductSeen | None:
    event = _clicks.decode(payload)
    if event.type not in PRODUCT_CLICKS or not event.subject:
        return None
    schema_of(Topic.CLICKSTREAM, event.type, event.version)
    if not event.data.sku:
        raise PoisonEventError(f"{Topic.CLICKSTREAM}: `$.data.sku` is missing or empty")
    return ProductSeen(epoch_ms(event.occurred_at), event.subject, event.data.sku)


@cache
def _data_of(schema: type[Event]) -> TypeAdapter[Any]:
    kind: Any = schema.model_fields["data"].annotation
    return TypeAdapter(kind)


def _newest(schema: type[Event], event: _OrderEvent) -> bytes:
    # The steps rely on what the version promises.
    try:
        _data_of(schema).validate_json(bytes(event.data))
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, ("$.data", *detail["loc"])))
        raise PoisonEventError(f"{Topic.ORDERS}: `{field}`: {detail['msg']}") from error
    data = msgspec.json.decode(event.data)
    _, newest = UPCASTER.newest(Topic.ORDERS, event.type, event.version, data)
    return msgspec.json.encode(newest)


def _completed(payload: bytes) -> OrderSeen | None:
    event = _orders.decode(payload)
    if event.type != "order_completed":
        return None
    schema = schema_of(Topic.ORDERS, event.type, event.version)
    old = UPCASTER.is_old(Topic.ORDERS, event.type, event.version)
    order = _order.decode(_newest(schema, event) if old else event.data)
    return OrderSeen(
        at_ms=epoch_ms(event.occurred_at),
        order_id=str(order.order_id),
        subject=event.subject,
        device_id=order.device_id,
        card=order.payment.fingerprint,
        amount_minor=order.total_minor,
        skus=tuple(line.sku for line in order.lines),
    )
