"""The closed set of messages, as data: what each is for, what it demands, and an example.

==========================  ================================  ====================================
message                     demands                           may have
==========================  ================================  ====================================
``order_confirmed``         order_id, currency, total_minor   fees_minor, url
``order_shipped``           order_id                          carrier, tracking_number, url, …
``order_delivered``         order_id                          as order_shipped
``order_refunded``          order_id, currency, amount_minor  reason, refund_id, pieces, url
``order_cancelled``         order_id, currency,               reason, url
                            refunded_minor
``return_approved``         return_id                         order_id, currency, amount_minor,
                                                              instructions, url
``verify_email``            token                             expires_at, url
``reset_password``          token                             expires_at, url
``new_sign_in``             at                                device, place, url
``account_exists``          at                                url
``password_changed``        at                                url
``second_factor_enrolled``  at                                url
``second_factor_removed``   at                                url
``vendor_state``            state                             note, url
``low_stock``               sku, on_hand                      name, threshold, url
``payout_sent``             currency, amount_minor            payout_id, period, url
``price_alert``             sku, name, currency, price_minor  target_minor, url
``review_published``        name                              url
==========================  ================================  ====================================

Money is in minor units of `currency`, and instants are ISO 8601: how they are written is the
template's affair. Links are absolute. Without a link a token is shown, to be typed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from storefront_api.notifications.kinds import (
    Category,
    Code,
    Count,
    Instant,
    Link,
    MaybeWords,
    Message,
    Minor,
    Text,
    Words,
    WrongMessageError,
)

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_URL = {"url": Link}
_ORDER = {"order_id": "0160a2b4-5c00-7000-8000-0000000000a0"}
_PAGE = {"url": "https://store.example/orders/0160a2b4"}
_PARCEL = {
    "shipment_id": Text,
    "shipment_status": Text,
    "carrier": Text,
    "tracking_number": Text,
    "currency": Code,
    **_URL,
}
_AT = {"at": "2026-03-01T08:30:00.000+00:00"}


def _safety(name: str, subject: str) -> Message:
    return Message(
        name, Category.SECURITY, subject, {"at": Instant}, _URL, {**_AT, **_PAGE}, useful_for=_DAY
    )


_KINDS = (
    Message(
        "order_confirmed",
        Category.ORDERS,
        "We have your order {{ order_id }}",
        demands={"order_id": Text, "currency": Code, "total_minor": Minor},
        may_have={"fees_minor": Minor, **_URL},
        example={**_ORDER, "currency": "USD", "total_minor": 2547, "fees_minor": 399, **_PAGE},
    ),
    Message(
        "order_shipped",
        Category.ORDERS,
        "Your order {{ order_id }} is on its way",
        demands={"order_id": Text},
        may_have=_PARCEL,
        example={**_ORDER, "carrier": "Cargo Bikes & Co", "tracking_number": "CB-117", **_PAGE},
    ),
    Message(
        "order_delivered",
        Category.ORDERS,
        "Your order {{ order_id }} was delivered",
        demands={"order_id": Text},
        may_have=_PARCEL,
        example={**_ORDER, **_PAGE},
    ),
    Message(
        "order_refunded",
        Category.ORDERS,
        "{{ amount_minor|money(currency) }} of your order {{ order_id }} go back to you",
        demands={"order_id": Text, "currency": Code, "amount_minor": Minor},
        may_have={"reason": Text, "refund_id": Text, "pieces": Count, **_URL},
        example={**_ORDER, "currency": "EUR", "amount_minor": 500, "reason": "returned", **_PAGE},
    ),
    Message(
        "order_cancelled",
        Category.ORDERS,
        "Your order {{ order_id }} is cancelled",
        demands={"order_id": Text, "currency": Code, "refunded_minor": Minor},
        may_have={"reason": Text, **_URL},
        example={**_ORDER, "currency": "USD", "refunded_minor": 2547, "reason": "changed my mind"},
    ),
    Message(
        "return_approved",
        Category.ORDERS,
        "Your return {{ return_id }} is approved",
        demands={"return_id": Text},
        may_have={
            "order_id": Text,
            "currency": Code,
            "amount_minor": Minor,
            "instructions": Words,
            **_URL,
        },
        example={
            "return_id": "r-12",
            **_ORDER,
            "currency": "USD",
            "amount_minor": 1200,
            "instructions": "Print the label.\nBring the parcel to a shop.",
        },
    ),
    Message(
        "verify_email",
        Category.SECURITY,
        "Please confirm your address",
        demands={"token": Text},
        may_have={"expires_at": Instant, **_URL},
        example={"token": "tok-3f9c2a", "expires_at": "2026-03-02T08:30:00Z"},
        useful_for=_DAY,
    ),
    Message(
        "reset_password",
        Category.SECURITY,
        "Set a new password",
        demands={"token": Text},
        may_have={"expires_at": Instant, **_URL},
        example={"token": "tok-3f9c2a", "url": "https://store.example/reset?a=1&token=tok-3f9c2a"},
        useful_for=_HOUR,
    ),
    Message(
        "new_sign_in",
        Category.SECURITY,
        "Somebody signed in to your account",
        demands={"at": Instant},
        may_have={"device": Text, "place": Text, **_URL},
        example={**_AT, "device": "Firefox on Linux", "place": "Leipzig"},
        useful_for=_DAY,
    ),
    _safety("account_exists", "You have an account already"),
    _safety("password_changed", "Your password was changed"),
    _safety("second_factor_enrolled", "Your account asks for a second factor now"),
    _safety("second_factor_removed", "Your account asks for no second factor any more"),
    Message(
        "vendor_state",
        Category.VENDORS,
        "Your application as a vendor: {{ state }}",
        demands={"state": Text},
        may_have={"note": MaybeWords, **_URL},
        example={"state": "approved", "note": "Welcome.\nYou may sell from today on.", **_PAGE},
    ),
    Message(
        "low_stock",
        Category.STOCK,
        "Only {{ on_hand }} left of {{ name or sku }}",
        demands={"sku": Text, "on_hand": Count},
        may_have={"name": Text, "threshold": Count, **_URL},
        example={"sku": "CJ26190", "on_hand": 3, "name": "Oats", "threshold": 10},
        useful_for=2 * _DAY,
        repeated=False,
    ),
    Message(
        "payout_sent",
        Category.PAYOUTS,
        "{{ amount_minor|money(currency) }} are on the way to your account",
        demands={"currency": Code, "amount_minor": Minor},
        may_have={"payout_id": Text, "period": Text, **_URL},
        example={
            "currency": "USD",
            "amount_minor": 120_410,
            "payout_id": "po-17",
            "period": "February 2026",
        },
    ),
    Message(
        "price_alert",
        Category.PRICE_ALERTS,
        "{{ name }} now costs {{ price_minor|money(currency) }}",
        demands={"sku": Text, "name": Text, "currency": Code, "price_minor": Minor},
        may_have={"target_minor": Minor, **_URL},
        example={
            "sku": "CJ26190",
            "name": "Oats, rolled <1 kg>",
            "currency": "USD",
            "price_minor": 199,
            "target_minor": 200,
            "url": "https://store.example/products/oats",
        },
        useful_for=_DAY,
    ),
    Message(
        "review_published",
        Category.REVIEWS,
        "Your review of {{ name }} is published",
        demands={"name": Text},
        may_have=_URL,
        example={"name": "Oats", "url": "https://store.example/products/oats"},
        repeated=False,
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
