"""The local provider, asked by Stripe's own SDK."""

from __future__ import annotations

import signal
from typing import Any

import pytest
import stripe

from tests.integration import plain
from tests.integration.payments.running import Receiver, Running
from tests.integration.storefront.conftest import until


def begin(running: Running, amount: int = 1250, **options: str) -> Any:
    wanted: Any = {"amount": amount, "currency": "usd", "capture_method": "manual"}
    given: Any = options
    return running.api.payment_intents.create(wanted, given)


def paid(running: Running, card: str = "pm_card_visa", amount: int = 1250) -> Any:
    wanted: Any = {"payment_method": card}
    return running.api.payment_intents.confirm(begin(running, amount).id, wanted)


def test_the_same_key_begins_one_payment_and_another_request_is_refused(running: Running) -> None:
    first, again = (begin(running, idempotency_key="one") for _ in range(2))
    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError):
        begin(running, 1251, idempotency_key="one")


def test_what_is_authorised_is_captured_once_and_refunded_up_to_it(
    running: Running, receiver: Receiver
) -> None:
    intent = paid(running)
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 1250)
    taken = running.api.payment_intents.capture(intent.id)
    assert (taken.status, taken.amount_received) == ("succeeded", 1250)
    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded"):
        running.api.payment_intents.capture(intent.id)
    running.api.refunds.create({"payment_intent": intent.id, "amount": 1000})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        running.api.refunds.create({"payment_intent": intent.id, "amount": 251})
    assert running.api.refunds.create({"payment_intent": intent.id}).amount == 250
    with pytest.raises(stripe.InvalidRequestError, match="has been refunded"):
        running.api.refunds.create({"payment_intent": intent.id})
    told = [
        "payment_intent.amount_capturable_updated",
        "payment_intent.succeeded",
        "charge.refunded",
        "charge.refunded",
    ]
    until(lambda: receiver.types(intent.id) == told, "everything is told")


@pytest.mark.parametrize(
    ("card", "decline_code"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
def test_a_declined_card_is_a_card_error(running: Running, card: str, decline_code: str) -> None:
    with pytest.raises(stripe.CardError) as refused:
        paid(running, card)
    assert refused.value.code == "card_declined"
    assert refused.value.http_status == 402
    assert refused.value.error is not None
    assert refused.value.error.decline_code == decline_code


def test_a_payment_that_is_let_go_cannot_be_taken(running: Running) -> None:
    intent = paid(running)
    assert running.api.payment_intents.cancel(intent.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        running.api.payment_intents.capture(intent.id)


def test_a_client_needs_the_payments_own_secret(running: Running) -> None:
    intent = begin(running)
    path = f"{running.url}/v1/payment_intents/{intent.id}"
    form = {"payment_method": "pm_card_visa", "client_secret": "guessed"}
    assert plain.post(f"{path}/confirm", data=form).status_code == 401
    assert plain.get(path, params={"client_secret": "guessed"}).status_code == 401
    assert plain.post(f"{path}/capture").status_code == 401
    known = {"client_secret": intent.client_secret}
    assert plain.get(path, params=known).json()["status"] == "requires_payment_method"


@pytest.mark.parametrize("amount", ["0", "-1", "1.5", "x", ""])
def test_an_amount_that_is_none_is_refused_by_name(running: Running, amount: str) -> None:
    wanted: Any = {"amount": amount, "currency": "usd"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        running.api.payment_intents.create(wanted)
    assert refused.value.param == "amount"


def test_what_is_refused_is_told_again_and_what_was_known_survives_a_kill(
    running: Running, receiver: Receiver
) -> None:
    receiver.refuse = 2
    intent = paid(running)
    running.worker.end(signal.SIGKILL)
    running.start()
    assert running.api.payment_intents.retrieve(intent.id).status == "requires_capture"
    told = ["payment_intent.amount_capturable_updated"]
    until(lambda: receiver.types(intent.id) == told, "it is told in the end")
