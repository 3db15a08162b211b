"""The local provider, asked by Stripe's own SDK."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import stripe

from tests.integration.storefront.conftest import Worker, free_port, until

KEY, SECRET = "sk_test_x", "whsec_x"


class Receiver:
    """A store's webhook, which may refuse."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.refuse = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                event = stripe.Webhook.construct_event(
                    body, self.headers["Stripe-Signature"], SECRET
                )
                outer.refuse -= 1
                if outer.refuse < 0:
                    outer.taken.append(event)
                self.send_response(200 if outer.refuse < 0 else 500)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    def types(self, intent_id: str) -> list[str]:
        """Return what was told of a payment, in order."""
        about = [event for event in self.taken if intent_id in json.dumps(event.to_dict())]
        return [event.type for event in about]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """What the provider tells."""
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


class Running:
    """The provider as a process."""

    def __init__(self, folder: Path, webhook_url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {
            "PAYMENT_BOOKS": str(folder / "books.sqlite"),
            "PAYMENT_KEY": KEY,
            "PAYMENT_WEBHOOK_URL": webhook_url,
            "PAYMENT_WEBHOOK_SECRET": SECRET,
        }
        self.worker = Worker(environment, folder / "log")
        self.api = stripe.StripeClient(KEY, base_addresses={"api": self.url}).v1

    def start(self) -> None:
        """Start it and wait until it answers."""
        factory = ("uvicorn", "deploy.payments.app:create_app", "--factory")
        self.worker.start(*factory, "--port", str(self.port))
        until(self._answers, "the provider answers")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz").is_success
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def running(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A provider of these tests' own."""
    host, port = receiver.server.server_address[:2]
    running = Running(tmp_path_factory.mktemp("provider"), f"http://{host!s}:{port}/hooks")
    running.start()
    yield running
    running.worker.end()


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
    assert httpx.post(f"{path}/confirm", data=form).status_code == 401
    assert httpx.get(path, params={"client_secret": "guessed"}).status_code == 401
    assert httpx.post(f"{path}/capture").status_code == 401
    known = {"client_secret": intent.client_secret}
    assert httpx.get(path, params=known).json()["status"] == "requires_payment_method"


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
