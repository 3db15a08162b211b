"""Shoppers who buy and give back beside each other, led by chance."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.integration import plain
from tests.integration.storefront.accounts import bearer
from tests.integration.storefront.conftest import PARTNER
from tests.integration.storefront.goods import key, line, order
from tests.integration.storefront.paying import DELIVERY, Provider, begun, body, completed
from tests.integration.storefront.test_vendor_accounts import disputed
from tests.integration.storefront.tills import stated, subject_of

ROUNDS = 14
CASH = {"method": "cash", "fingerprint": "", "country": ""}
DONE_OR_TOO_MUCH = frozenset({201, 409})
"""How a refund is answered that may be more than is left, and a deposit that may be back."""


@dataclass
class Trade:
    """What the shoppers share: goods, vendors and gift cards that they all pay with."""

    url: str
    provider: Provider
    skus: list[str]
    cards: list[str]
    payments: list[dict[str, Any]] = field(default_factory=list)

    def go(self, client: httpx.Client, seed: int) -> None:
        """Buy and give back as one shopper does, beside the others."""
        source = random.Random(seed)  # noqa: S311  # not for secrets
        subject = subject_of(client)
        with plain.Client(base_url=self.url, headers=bearer(PARTNER), timeout=60) as partner:
            for _ in range(ROUNDS):
                if source.random() < 0.25:
                    order_id = self._state(partner, subject, source)
                else:
                    order_id = self._check_out(client, source)
                if order_id:
                    self._afterwards(partner, client, order_id, source)

    def once(self, client: httpx.Client, partner: httpx.Client, card: str) -> None:
        """Do what the shoppers, whom nothing but chance leads, may never have done."""
        self.cards.append(card)
        there = {"delivery": {**DELIVERY, "packaging": "reusable_crate"}, "destination": "DE"}
        for leaves in (True, False):
            wanted = {"quantity": 1, "saved": False}
            assert client.put(f"/cart/lines/{self.skus[0]}", json=wanted).status_code == 200
            answer = client.post("/checkouts", json=body(**there, gift_cards=[card]), headers=key())
            assert answer.status_code == 201, answer.text
            checkout = answer.json()
            if leaves:
                assert client.delete(f"/checkouts/{checkout['checkout_id']}").status_code == 200
        path = f"/orders/{self._paid(client, checkout)}"
        refund = {"amount_minor": 1, "reason": "goodwill"}
        for what, wish in (("refunds", refund), ("deposits", {"pieces": 1})):
            answer = partner.post(f"{path}/{what}", json=wish, headers=key())
            assert answer.status_code == 201, answer.text
        run = {"currency": "USD", "minimum_minor": 1}
        assert partner.post("/payout-runs", json=run, headers=key()).status_code == 201

    def _state(self, partner: httpx.Client, subject: str, source: random.Random) -> str:
        lines = [line(sku, source.randrange(1, 3)) for sku in source.sample(self.skus, 2)]
        answer = stated(partner, order(*lines, subject=subject, payment=CASH))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["order_id"])

    def _check_out(self, client: httpx.Client, source: random.Random) -> str:
        for sku in source.sample(self.skus, source.randrange(1, 4)):
            wanted = {"quantity": source.randrange(1, 4), "saved": False}
            assert client.put(f"/cart/lines/{sku}", json=wanted).status_code == 200
        packaging = source.choice(["paper_bag", "cardboard_box", "reusable_crate"])
        cards = source.sample(self.cards, source.choice([0, 1, 2]))
        points = source.choice([0, 0, 50, 1000])
        there = {"delivery": {**DELIVERY, "packaging": packaging}, "destination": "DE"}
        wanted = body(**there, gift_cards=cards, points=points)
        answer = client.post("/checkouts", json=wanted, headers=key())
        if answer.status_code == 409:
            assert answer.json()["code"] in {"giftcard_spent", "too_few_points"}
            answer = client.post("/checkouts", json=body(**there), headers=key())
        assert answer.status_code == 201, answer.text
        checkout = answer.json()
        path = f"/checkouts/{checkout['checkout_id']}"
        if source.random() < 0.15:
            assert client.delete(path).status_code == 200
            return ""
        return self._paid(client, checkout)

    def _paid(self, client: httpx.Client, checkout: dict[str, Any]) -> str:
        if checkout["due_minor"]:
            payment = begun(client, checkout)
            self.payments.append(payment)
            paid = self.provider.confirm(payment)
            assert paid.status_code == 200, paid.text
        # The provider may not answer in time while so much is bought at once: then again.
        while (answer := completed(client, checkout)).status_code == 503:
            pass
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "completed"
        return str(checkout["checkout_id"])

    def _afterwards(
        self, partner: httpx.Client, client: httpx.Client, order_id: str, source: random.Random
    ) -> None:
        path = f"/orders/{order_id}"
        total = client.get(path).json()["total_minor"]
        for _ in range(source.choice([0, 1, 1, 2, 3])):
            what = source.random()
            if what < 0.6:
                amount = source.choice([total, source.randrange(1, total + 1), 1])
                wanted: dict[str, Any] = {"amount_minor": amount, "reason": "goodwill"}
                if source.random() < 0.3:
                    first = client.get(path).json()["lines"][0]
                    wanted |= {"reason": "returned", "restock": [line(first["sku"], 1)]}
                answer = partner.post(f"{path}/refunds", json=wanted, headers=key())
            elif what < 0.75:
                answer = partner.post(f"{path}/deposits", json={"pieces": 1}, headers=key())
            elif what < 0.9:
                disputed(partner, order_id, source.randrange(1, total + 1))
                continue
            elif what < 0.95:
                answer = client.post(f"{path}/cancel", json={}, headers=key())
                assert answer.status_code in {200, 409}, answer.text
                continue
            else:
                run = {"currency": "USD", "minimum_minor": source.randrange(1, 2_000)}
                answer = partner.post("/payout-runs", json=run, headers=key())
            assert answer.status_code in DONE_OR_TOO_MUCH, answer.text
