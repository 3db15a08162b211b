"""The life of a payment intent, as Stripe publishes it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

from deploy.payments.books import Books, Object, new
from deploy.payments.cards import Card, card_of

UNPAID = ("requires_payment_method", "requires_confirmation", "requires_action")
Form = Mapping[str, str]


class ApiError(Exception):
    """An error in Stripe's form.

    Parameters
    ----------
    status
        Of HTTP.
    details
        Further members of the error: `param`, `decline_code`, `payment_intent`.
    """

    def __init__(self, status: int, kind: str, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "code": code, "message": message, **details}}


def invalid(message: str, code: str, **details: Any) -> ApiError:
    """Return the error for a request that cannot be carried out."""
    return ApiError(400, "invalid_request_error", code, message, **details)


def amount_of(form: Form, name: str, otherwise: int | None = None) -> int:
    """Return a positive number of a request, or another if it has none.

    Raises
    ------
    ApiError
        If it is missing and there is no other, or is no such number.
    """
    given = form.get(name)
    if given is None and otherwise is not None:
        return otherwise
    if given is None:
        raise invalid(f"Missing required param: {name}.", "parameter_missing", param=name)
    if not given.isascii() or not given.isdigit() or not 0 < int(given) <= 99_999_999:
        raise invalid(f"Invalid integer: {given}", "parameter_invalid_integer", param=name)
    return int(given)


def create(books: Books, form: Form) -> Object:
    """Begin a payment."""
    if not (currency := form.get("currency")):
        raise invalid("Missing required param: currency.", "parameter_missing", param="currency")
    id_ = new("pi")
    prefix = "metadata["
    intent: Object = {
        "id": id_,
        "object": "payment_intent",
        "amount": amount_of(form, "amount"),
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": form.get("capture_method", "automatic"),
        "client_secret": f"{id_}_secret_{secrets.token_hex(12)}",
        "created": int(time.time()),
        "currency": currency.lower(),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {k[len(prefix) : -1]: v for k, v in form.items() if k.startswith(prefix)},
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    books.put(intent)
    return intent


def find(books: Books, id_: str) -> Object:
    """Return an intent."""
    intent = books.find(id_)
    if intent is None or intent["object"] != "payment_intent":
        message = f"No such payment_intent: '{id_}'"
        raise ApiError(404, "invalid_request_error", "resource_missing", message, param="intent")
    return intent


def _refuse_unless(intent: Object, *allowed: str) -> None:
    if intent["status"] not in allowed:
        message = f"This PaymentIntent has a status of {intent['status']}."
        raise invalid(message, "payment_intent_unexpected_state", payment_intent=intent)


def confirm(books: Books, intent: Object, form: Form, own_url: str) -> Object:
    """Pay with a card."""
    _refuse_unless(intent, *UNPAID)
    method = form.get("payment_method", "")
    card = card_of(method)
    if card is None:
        message = f"No such PaymentMethod: '{method}'"
        raise invalid(message, "resource_missing", param="payment_method")
    intent = {**intent, "payment_method": method, "next_action": None, "last_payment_error": None}
    if card.outcome == "declined":
        return _fail(books, intent, "card_declined", card.decline_code)
    if card.outcome == "authenticates":
        page = {"url": f"{own_url}/3ds/{intent['id']}", "return_url": form.get("return_url")}
        intent |= {
            "status": "requires_action",
            "next_action": {"type": "redirect_to_url", "redirect_to_url": page},
        }
        books.put(intent)
        books.tell("payment_intent.requires_action", intent)
        return intent
    return _authorize(books, intent, card)


def authenticate(books: Books, intent: Object, succeeded: bool) -> Object:
    """Take what the shopper's bank found out by 3-D Secure."""
    _refuse_unless(intent, "requires_action")
    intent = {**intent, "next_action": None}
    if not succeeded:
        return _fail(books, intent, "payment_intent_authentication_failure", "")
    return _authorize(books, intent, _used(intent))


def _used(intent: Object) -> Card:
    card = card_of(intent["payment_method"])
    assert card is not None
    return card


def _fail(books: Books, intent: Object, code: str, decline_code: str) -> Object:
    error = {"type": "card_error", "code": code, "message": "Your card was declined."}
    if decline_code:
        error["decline_code"] = decline_code
    intent |= {"status": "requires_payment_method", "last_payment_error": error}
    books.put(intent)
    books.tell("payment_intent.payment_failed", intent)
    return intent


def _authorize(books: Books, intent: Object, card: Card) -> Object:
    charge = {
        "id": new("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_refunded": 0,
        "captured": False,
        "currency": intent["currency"],
        "payment_intent": intent["id"],
        "payment_method_details": {
            "type": "card",
            "card": {
                "brand": card.brand,
                "country": card.country,
                "fingerprint": card.fingerprint,
            },
        },
    }
    books.put(charge)
    intent |= {
        "status": "requires_capture",
        "amount_capturable": intent["amount"],
        "latest_charge": charge["id"],
    }
    books.put(intent)
    if intent["capture_method"] != "manual":
        return capture(books, intent, {})
    books.tell("payment_intent.amount_capturable_updated", intent)
    return intent


def capture(books: Books, intent: Object, form: Form) -> Object:
    """Take an authorised payment, or a part of it: the rest is let go."""
    _refuse_unless(intent, "requires_capture")
    amount = amount_of(form, "amount_to_capture", intent["amount_capturable"])
    if amount > intent["amount_capturable"]:
        message = "The amount to capture is greater than what can be captured."
        raise invalid(message, "amount_too_large", param="amount_to_capture")
    charge = books.find(intent["latest_charge"])
    assert charge is not None
    books.put(charge | {"captured": True, "amount": amount})
    intent = intent | {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    books.put(intent)
    books.tell("payment_intent.succeeded", intent)
    if _used(intent).outcome == "disputed":
        dispute = {
            "id": new("dp"),
            "object": "dispute",
            "amount": amount,
            "charge": charge["id"],
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "reason": "fraudulent",
            "status": "needs_response",
        }
        books.put(dispute)
        books.tell("charge.dispute.created", dispute)
    return intent


def cancel(books: Books, intent: Object) -> Object:
    """Let a payment go that was not taken."""
    _refuse_unless(intent, *UNPAID, "requires_capture")
    intent = intent | {"status": "canceled", "amount_capturable": 0, "next_action": None}
    books.put(intent)
    books.tell("payment_intent.canceled", intent)
    return intent


def refund(books: Books, form: Form) -> Object:
    """Give back what was taken, or a part of it."""
    intent = find(books, form.get("payment_intent", ""))
    _refuse_unless(intent, "succeeded")
    charge = books.find(intent["latest_charge"])
    assert charge is not None
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise invalid(f"Charge {charge['id']} has been refunded.", "charge_already_refunded")
    amount = amount_of(form, "amount", left)
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount ({left})."
        raise invalid(message, "amount_too_large", param="amount")
    refunded = {
        "id": new("re"),
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "currency": charge["currency"],
        "payment_intent": intent["id"],
        "status": "succeeded",
    }
    books.put(refunded)
    charge |= {"amount_refunded": charge["amount_refunded"] + amount}
    books.put(charge)
    books.tell("charge.refunded", charge)
    return refunded
