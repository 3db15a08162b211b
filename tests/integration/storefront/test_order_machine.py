"""Whatever is done to an order in whatever order, it stays true to a model of its single units."""

from __future__ import annotations

from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import stock
from tests.integration.storefront.sending import allocated, history
from tests.integration.storefront.tills import stated

PROGRESS = ["placed", "allocated", "packed", "shipped", "delivered"]
SCANS = {"accepted": 3, "in_transit": 3, "out_for_delivery": 3, "delivered": 4}
PRICE, ALLOCATED, PACKED, SHIPPED, DELIVERED = 250, 1, 2, 3, 4

picks = st.integers(0, 99)


def test_an_order_stays_true_to_its_units(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    class Order(RuleBasedStateMachine):
        """Three units of one line and two of another; each knows how far it is."""

        def __init__(self) -> None:
            super().__init__()
            self.skus = [new_sku(partner, list_price_minor=PRICE) for _ in range(2)]
            wanted = order(line(self.skus[0], 3), line(self.skus[1], 2))
            placed = stated(shopper, wanted).json()
            self.order_id = placed["order_id"]
            self.line_of = [1, 1, 1, 2, 2]
            self.progress = [0] * 5
            self.returned = [False] * 5
            self.shipments: dict[str, list[int]] = {}
            self.refunded = 0
            self.cancelled = False

        def pick(self, number: int) -> tuple[str, list[int]] | None:
            names = sorted(self.shipments)
            name = names[number % len(names)] if names else None
            return (name, self.shipments[name]) if name else None

        @property
        def over(self) -> bool:
            return self.cancelled or self.refunded >= 5 * PRICE

        @rule(number=st.integers(1, 2), quantity=st.integers(1, 3))
        def allocate(self, number: int, quantity: int) -> None:
            free = [
                unit
                for unit in range(5)
                if self.line_of[unit] == number and self.progress[unit] == 0
            ]
            answer = allocated(partner, self.order_id, "store", **{f"line_{number}": quantity})
            possible = len(free) >= quantity and not self.over
            assert answer.status_code == (201 if possible else 409), answer.text
            if possible:
                self.shipments[answer.json()["shipment_id"]] = free[:quantity]
                for unit in free[:quantity]:
                    self.progress[unit] = ALLOCATED

        @rule(number=picks)
        def pack(self, number: int) -> None:
            picked = self.pick(number)
            if picked:
                body = {"packaging": "none", "mass_grams": 10}
                answer = partner.post(f"/shipments/{picked[0]}/pack", json=body)
                possible = self.progress[picked[1][0]] == ALLOCATED
                assert answer.status_code == (200 if possible else 409), answer.text
                if possible:
                    for unit in picked[1]:
                        self.progress[unit] = PACKED

        @rule(number=picks, kind=st.sampled_from(sorted(SCANS)))
        def scan(self, number: int, kind: str) -> None:
            picked = self.pick(number)
            if picked:
                answer = partner.post(f"/shipments/{picked[0]}/scans", json={"kind": kind})
                assert answer.status_code == 200, answer.text
                for unit in picked[1]:
                    self.progress[unit] = max(self.progress[unit], SCANS[kind])

        @rule(number=picks)
        def void(self, number: int) -> None:
            picked = self.pick(number)
            if picked:
                name, units = picked
                possible = self.progress[units[0]] < SHIPPED
                answer = partner.delete(f"/shipments/{name}")
                assert answer.status_code == (200 if possible else 409), answer.text
                if possible:
                    del self.shipments[name]
                    for unit in units:
                        self.progress[unit] = 0

        @rule()
        def cancel(self) -> None:
            sent = max(self.progress) >= SHIPPED
            answer = shopper.post(f"/orders/{self.order_id}/cancel", json={}, headers=key())
            possible = not (sent or self.cancelled)
            assert answer.status_code == (200 if possible else 409), answer.text
            if possible:
                assert answer.json()["refunded_minor"] == 5 * PRICE - self.refunded
                self.cancelled, self.refunded = True, 5 * PRICE
                self.shipments.clear()

        @rule(number=st.integers(1, 2))
        def give_one_back(self, number: int) -> None:
            had = [
                unit
                for unit in range(5)
                if self.line_of[unit] == number
                and self.progress[unit] == DELIVERED
                and not self.returned[unit]
            ]
            body: dict[str, Any] = {
                "lines": [{"line_number": number, "units": 1, "reason": "unwanted"}]
            }
            path = f"/orders/{self.order_id}/returns"
            answer = shopper.post(path, json=body, headers=key())
            assert answer.status_code == (201 if had else 409), answer.text
            if had:
                path = f"/returns/{answer.json()['return_id']}"
                assert partner.post(f"{path}/approve", json={}).status_code == 200
                found = {"lines": [{"line_number": number, "restocked": 1, "written_off": 0}]}
                assert partner.post(f"{path}/receive", json=found, headers=key()).is_success
                self.returned[had[0]] = True
                self.refunded = min(5 * PRICE, self.refunded + PRICE)

        @rule(amount=st.sampled_from([1, 400]))
        def refund(self, amount: int) -> None:
            body = {"amount_minor": amount, "reason": "goodwill"}
            path = f"/orders/{self.order_id}/refunds"
            answer = partner.post(path, json=body, headers=key())
            possible = self.refunded + amount <= 5 * PRICE
            assert answer.status_code == (201 if possible else 409), answer.text
            self.refunded += amount if possible else 0

        def status(self) -> str:
            if self.cancelled:
                return "cancelled"
            if self.refunded == 5 * PRICE:
                return "refunded"
            if any(self.returned):
                return "returned" if all(self.returned) else "partially_returned"
            return PROGRESS[min(self.progress)]

        @invariant()
        def the_store_tells_what_the_units_say(self) -> None:
            shown = shopper.get(f"/orders/{self.order_id}").json()
            assert (shown["status"], shown["refunded_minor"]) == (self.status(), self.refunded)
            assert history(shopper, self.order_id)["status"] == self.status()

        @invariant()
        def no_unit_is_lost_or_made(self) -> None:
            for number, sku in enumerate(self.skus, 1):
                units = [unit for unit in range(5) if self.line_of[unit] == number]
                back = sum(self.returned[unit] for unit in units)
                gone = 0 if self.cancelled else len(units) - back
                assert stock(database, sku) == (100 - gone, 0)

    run_state_machine_as_test(
        Order,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
