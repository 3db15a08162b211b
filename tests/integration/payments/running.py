"""The provider as a process, and a store that it tells."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import stripe

from deploy.local.ports import free_port
from tests.integration import plain
from tests.integration.storefront.conftest import Worker, until

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
            return plain.get(f"{self.url}/healthz").is_success
        except httpx.TransportError:
            return False
