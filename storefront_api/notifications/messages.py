"""The closed set of messages, as data: what each is for, what it demands, and an example.

======================  ==============================  =========================================
message                 demands                         may have
======================  ==============================  =========================================
``order_confirmed``     order_id, amount                url
``order_shipped``       order_id                        carrier, tracking_code, url
``order_delivered``     order_id                        url
``order_refunded``      order_id, amount                reason, url
``verify_email``        url                             name, valid_for
``reset_password``      url                             name, valid_for
``new_sign_in``         when                            device, place, url
``low_stock``           sku, on_hand                    product_name, reorder_point, url
``price_alert``         sku, product_name, price        target, url
``review_published``    product_name                    url
``payout_sent``         amount                          payout_id, period, url
``return_approved``     return_id                       order_id, amount, instructions, url
======================  ==============================  =========================================

Amounts are texts, as `storefront_api.platform.money.text` writes them; links are absolute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model


class Category(StrEnum):
    """What a message is about; people may refuse some of these."""

    ORDERS = "orders"
    SECURITY = "security"
    PAYOUTS = "payouts"
    STOCK = "stock"
    PRICE_ALERTS = "price_alerts"
    REVIEWS = "reviews"

    @property
    def transactional(self) -> bool:
        """Whether it answers something that its reader did, and therefore always goes."""
        return self in _TRANSACTIONAL


_TRANSACTIONAL = frozenset({Category.ORDERS, Category.SECURITY, Category.PAYOUTS})


class WrongMessageError(ValueError):
    """A message that cannot be written is asked for: the mistake of the code that asks.

    Parameters
    ----------
    field
        What is wrong: `template`, `cause`, or a parameter as `parameters.<name>`.
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field


def _as_text(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if whole or isinstance(value, UUID) else value


_LINE = r"^[^\x00-\x1f\x7f]+$"
Text = Annotated[str, BeforeValidator(_as_text), Field(max_length=300, pattern=_LINE)]
"""One line; a subject may hold it."""
Words = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
Link = Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s\"'<>\\\x00]+$")]
Count = Annotated[int, Field(ge=0)]

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_QUEUE_LIFE = 5 * _DAY
"""How long a message is tried; RFC 5321, 4.5.4.1, asks for at least four to five days."""


@dataclass(frozen=True)
class Message:
    """One kind of message.

    Parameters
    ----------
    subject
        A Jinja2 template of one line.
    demands, may_have
        Type of each parameter that has to be given, and of each that can be.
    example
        Parameters that are right; the preview test writes the message with them.
    useful_for
        After this long it is not sent any more.
    repeated
        Whether it is sent again, under the same Message-ID, when nobody knows if the first time
        succeeded. If not, such a message may be lost, and is never doubled.
    """

    name: str
    category: Category
    subject: str
    demands: Mapping[str, Any]
    may_have: Mapping[str, Any]
    example: Mapping[str, Any]
    useful_for: timedelta = _QUEUE_LIFE
    repeated: bool = True

    @cached_property
    def _parameters(self) -> type[BaseModel]:
        fields: dict[str, Any] = {name: (kind, ...) for name, kind in self.demands.items()}
        fields |= {name: (kind | None, None) for name, kind in self.may_have.items()}
        return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)

    def checked(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter, those that were not given as None.

        Raises
        ------
        WrongMessageError
            If one is missing, unknown or breaks its rule; it names the first.
        """
        try:
            return self._parameters.model_validate(dict(parameters)).model_dump()
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            raise WrongMessageError(f"parameters.{name}", f"{first['msg']} ({self.name})") from None


_URL = {"url": Link}
_ORDER = {"order_id": "0160a2b4-5c00-7000-8000-0000000000a0"}
_PAGE = {"url": "https://store.example/orders/0160a2b4"}
_KINDS = (
    Message(
        "order_confirmed",
        Category.ORDERS,
        "We have your order {{ order_id }}",
        demands={"order_id": Text, "amount": Text},
        may_have=_URL,
        example={**_ORDER, "amount": "$25.47", **_PAGE},
    ),
    Message(
        "order_shipped",
        Category.ORDERS,
        "Your order {{ order_id }} is on its way",
        demands={"order_id": Text},
        may_have={"carrier": Text, "tracking_code": Text, **_URL},
        example={**_ORDER, "carrier": "Cargo Bikes & Co", "tracking_code": "CB-117", **_PAGE},
    ),
    Message(
        "order_delivered",
        Category.ORDERS,
        "Your order {{ order_id }} was delivered",
        demands={"order_id": Text},
        may_have=_URL,
        example={**_ORDER, **_PAGE},
    ),
    Message(
        "order_refunded",
        Category.ORDERS,
        "{{ amount }} of your order {{ order_id }} go back to you",
        demands={"order_id": Text, "amount": Text},
        may_have={"reason": Text, **_URL},
        example={**_ORDER, "amount": "€5.00", "reason": "returned", **_PAGE},
    ),
    Message(
        "verify_email",
        Category.SECURITY,
        "Please confirm your address",
        demands={"url": Link},
        may_have={"name": Text, "valid_for": Text},
        example={"url": "https://store.example/verify?token=a&b=c", "valid_for": "24 hours"},
        useful_for=_DAY,
    ),
    Message(
        "reset_password",
        Category.SECURITY,
        "Set a new password",
        demands={"url": Link},
        may_have={"name": Text, "valid_for": Text},
        example={"url": "https://store.example/reset?token=abc", "valid_for": "1 hour"},
        useful_for=_HOUR,
    ),
    Message(
        "new_sign_in",
        Category.SECURITY,
        "Somebody signed in to your account",
        demands={"when": Text},
        may_have={"device": Text, "place": Text, **_URL},
        example={"when": "2026-03-01 08:30 UTC", "device": "Firefox on Linux", "place": "Leipzig"},
        useful_for=_DAY,
    ),
    Message(
        "low_stock",
        Category.STOCK,
        "Only {{ on_hand }} left of {{ product_name or sku }}",
        demands={"sku": Text, "on_hand": Count},
        may_have={"product_name": Text, "reorder_point": Count, **_URL},
        example={"sku": "CJ26190", "on_hand": 3, "product_name": "Oats", "reorder_point": 10},
        useful_for=2 * _DAY,
        repeated=False,
    ),
    Message(
        "price_alert",
        Category.PRICE_ALERTS,
        "{{ product_name }} now costs {{ price }}",
        demands={"sku": Text, "product_name": Text, "price": Text},
        may_have={"target": Text, **_URL},
        example={
            "sku": "CJ26190",
            "product_name": "Oats, rolled <1 kg>",
            "price": "$1.99",
            "target": "$2.00",
            "url": "https://store.example/products/oats",
        },
        useful_for=_DAY,
    ),
    Message(
        "review_published",
        Category.REVIEWS,
        "Your review of {{ product_name }} is published",
        demands={"product_name": Text},
        may_have=_URL,
        example={"product_name": "Oats", "url": "https://store.example/products/oats"},
        repeated=False,
    ),
    Message(
        "payout_sent",
        Category.PAYOUTS,
        "{{ amount }} are on the way to your account",
        demands={"amount": Text},
        may_have={"payout_id": Text, "period": Text, **_URL},
        example={"amount": "$1,204.10", "payout_id": "po-17", "period": "February 2026"},
    ),
    Message(
        "return_approved",
        Category.ORDERS,
        "Your return {{ return_id }} is approved",
        demands={"return_id": Text},
        may_have={"order_id": Text, "amount": Text, "instructions": Words, **_URL},
        example={
            "return_id": "r-12",
            **_ORDER,
            "amount": "$12.00",
            "instructions": "Print the label.\nBring the parcel to a shop.",
        },
    ),
)
MESSAGES: Mapping[str, Message] = {message.name: message for message in _KINDS}
"""Every message that can be sent, by its name."""


def message_of(template: str) -> Message:
    """Return the message of a name.

    Raises
    ------
    WrongMessageError
        If there is none.
    """
    try:
        return MESSAGES[template]
    except KeyError:
        raise WrongMessageError("template", f"{template!r} is none of {', '.join(MESSAGES)}") from (
            None
        )
