"""Buying: a checkout of the cart, the payment, and the order that comes of it."""

from __future__ import annotations

from typing import Any

import orjson

from deploy.demo.shoppers import tastes
from deploy.demo.shoppers.acting import Acting
from deploy.demo.shoppers.browser import code_of
from deploy.demo.shoppers.experiments import full_effect
from deploy.demo.shoppers.fraud import STOLEN_CARD, card_of, consequences
from deploy.demo.shoppers.journal import Followed
from deploy.demo.shoppers.looking import Looking
from deploy.demo.shoppers.people import ABROAD
from deploy.demo.shoppers.streams import stream
from deploy.demo.shoppers.wire import Answer
from deploy.demo.shoppers.world import STORE_ID, Code

ATTEMPTS = 4
"""Checkouts of one cart that are tried, each with what the last answer taught."""
THIEF_BUYS = 0.9
PACKAGING = {
    "collect": "paper_bag",
    "van": "reusable_crate",
    "cargo_bike": "reusable_crate",
    "post": "cardboard_box",
}


class Buying:
    """The part of a visit that begins with a cart.

    Parameters
    ----------
    acting
        The visit.
    looking
        What is in the cart, and what it costs.
    """

    def __init__(self, acting: Acting, looking: Looking) -> None:
        self._acting = acting
        self._looking = looking
        self._world = acting.world
        self.chances: tuple[float | None, float | None, float | None] = (None, None, None)
        self.orders: list[dict[str, Any]] = []
        self.following: list[Followed] = []

    async def run(self) -> str:
        """Buy or not, and return how it ended."""
        acting, looking = self._acting, self._looking
        begun = acting.world.journal.begun(self._name(0, 0)) is not None
        if not looking.cart and not begun:
            return "looked"
        draws = acting.draws("checkout")
        first, aware, leaves = draws.random(3)
        code = self._world.code_at(acting.at_ms)
        if code is not None and (acting.scenario or aware >= code.aware):
            code = None
        buys = first < self._chance(code)
        if not buys and leaves >= self._world.parameters.purchases.leaves_open and not begun:
            return "abandoned"
        await acting.think()
        acting.click(
            "checkout_started",
            currency="USD",
            value_minor=looking.cart_minor,
            items=len(looking.cart),
        )
        await acting.send_clicks(all_of_them=True)
        outcome = await self._order(0, code, buys)
        if acting.scenario:
            await self._again(outcome)
        return outcome

    async def _again(self, outcome: str) -> None:
        """Place what more orders a scenario has, of the same goods."""
        orders = self._world.parameters.fraud.scenarios[self._acting.scenario].orders
        for number in range(1, orders):
            if outcome != "ordered":
                return
            for sku in self._looking.cart:
                await self._acting.browser.put(sku, 1)
            await self._acting.think(20.0)
            outcome = await self._order(number, None, pays=True)

    def _name(self, number: int, attempt: int) -> str:
        return f"{self._acting.visit.session_id}/checkout/{number}/{attempt}"

    def _chance(self, code: Code | None) -> float:
        acting, parameters = self._acting, self._world.parameters
        if acting.scenario:
            return THIEF_BUYS
        model = parameters.purchases.checkout
        log_odds = model.bias + (model.promotion if code is not None else 0.0)
        full = full_effect(parameters.experiments, "checkout")
        own = tastes.sigmoid(log_odds + acting.arm("checkout"))
        self.chances = (own, tastes.sigmoid(log_odds), tastes.sigmoid(log_odds + full))
        return own

    def _packing_minor(self, packaging: str) -> int:
        """Return what the cart's packing costs, as the shopper is shown it."""
        packing = self._world.packings.get(packaging)
        if packing is None:
            return 0
        products, by_sku = self._world.catalogue.products, self._world.catalogue.by_sku
        cart = self._looking.cart.items()
        grams = sum(products[by_sku[sku]].mass_grams * pieces for sku, pieces in cart)
        return packing.cost_minor(grams)

    def _body(self, number: int, code: Code | None, goods_minor: int | None) -> bytes:
        acting, people = self._acting, self._world.people
        draws = acting.draws("delivery", number).random(2)
        modes = self._world.parameters.purchases.delivery
        mode = list(modes)[tastes.weighted(draws[0], list(modes.values()))]
        expected = None
        if code is None and goods_minor is not None:
            expected = goods_minor + self._packing_minor(PACKAGING[mode])
        country = people.country[acting.person]
        if acting.scenario == STOLEN_CARD and draws[1] < 0.5:
            country = ABROAD[int(draws[1] * 2 * len(ABROAD))]
        return orjson.dumps(
            {
                "store_id": STORE_ID,
                "session_id": acting.visit.session_id if acting.measured else "",
                "device_id": acting.device_id if acting.measured else "",
                "ip_country": country,
                "delivery": {
                    "mode": mode,
                    "packaging": PACKAGING[mode],
                    "distance_km": round(float(people.distance_km[acting.person]), 1),
                    "area": f"A{int(people.area[acting.person]):02d}",
                },
                "promotion_codes": [code.code] if code is not None else [],
                "expected_total_minor": expected,
            }
        )

    async def _order(self, number: int, code: Code | None, pays: bool) -> str:
        """Open a checkout, learning from what is refused, and pay for it."""
        acting = self._acting
        goods: int | None = self._looking.cart_minor if not number else None
        for attempt in range(ATTEMPTS):
            name = self._name(number, attempt)
            body = self._body(number, code, goods)
            body = self._world.journal.begin(name, body) or body
            answer = await acting.browser.open_checkout(body, name)
            if answer.ok:
                if not pays:
                    return "left_at_checkout"
                return await self._pay(number, code, orjson.loads(answer.body))
            kind = code_of(answer)
            if kind == "out_of_stock":
                if not await self._take_out(answer):
                    return "out_of_stock"
            elif kind not in ("price_changed", "promotion_used_up"):
                self._world.counts[f"checkout refused: {kind}"] += 1
                if code is None:
                    return "refused"
            code, goods = (code if kind == "out_of_stock" else None), None
            await acting.think()
        return "refused"

    async def _take_out(self, answer: Answer) -> bool:
        """Take out of the cart what the store is short of; return whether anything is left."""
        short = [detail["sku"] for detail in orjson.loads(answer.body)["details"]]
        self._world.counts["sold out at checkout"] += len(short)
        left: Any = {"lines": []}
        for sku in short:
            left = await self._acting.browser.take_out(sku)
            self._looking.cart.pop(sku, None)
        return bool(left["lines"])

    async def _pay(self, number: int, code: Code | None, checkout: dict[str, Any]) -> str:
        acting, checkout_id = self._acting, checkout["checkout_id"]
        await acting.think(15.0)
        answer = await acting.browser.begin_payment(checkout_id)
        # Where it cannot be begun it is paid already, or nothing is due.
        card = card_of(self._world.people, acting.person, *self._cards(number)[-1])
        if answer.ok:
            card = await self._confirm(number, orjson.loads(answer.body))
            if not card:
                await acting.browser.cancel(checkout_id)
                return "declined"
            await acting.think(5.0)
        return await self._complete(number, code, checkout_id, card)

    async def _confirm(self, number: int, payment: Any) -> str:
        """Pay with one card after the other and return the one that was taken."""
        acting, people = self._acting, self._world.people
        for attempt, (which, outcome) in enumerate(self._cards(number)):
            if attempt:
                await acting.think(12.0)
            card = card_of(people, acting.person, which, outcome)
            status = await acting.browser.confirm(payment, card)
            if status == "requires_action":
                await acting.think(20.0)
                await acting.browser.authenticate(payment)
            if status != "declined":
                return card
        return ""

    def _cards(self, number: int) -> list[tuple[str, str]]:
        """Return which cards are tried, and what happens to each."""
        acting, parameters = self._acting, self._world.parameters
        draws = acting.draws("cards", number).random(4)
        if acting.scenario in ("", "friendly_fraud", "refund_abuse"):
            asks = stream(acting.world.people.seed, "asks", acting.person).random()
            own = "authenticates" if asks < parameters.purchases.authenticates else "approved"
            first = (
                [("spare", "declined")] if draws[0] < parameters.purchases.declined_first else []
            )
            return [*first, ("own", own)]
        declined = parameters.fraud.scenarios[acting.scenario].declined
        cards: list[tuple[str, str]] = []
        for try_, draw in enumerate(draws):
            which = f"{acting.visit.session_id}/{number}/{try_}"
            if draw >= declined:
                return [*cards, (which, "approved")]
            cards.append((which, "declined"))
        return cards

    async def _complete(self, number: int, code: Code | None, checkout_id: str, card: str) -> str:
        acting = self._acting
        answer = await acting.browser.complete(checkout_id)
        if answer.ok:
            checkout = orjson.loads(answer.body)
        else:
            # The provider's own message may have made the order, or a visit that was cut off.
            checkout = await acting.browser.checkout(checkout_id)
        if checkout["state"] != "completed":
            self._world.counts[f"not completed: {code_of(answer)}"] += 1
            return "refused"
        self._record(number, code, checkout, card)
        return "ordered"

    def _record(self, number: int, code: Code | None, checkout: Any, card: str) -> None:
        acting, world = self._acting, self._world
        order_id, total = checkout["checkout_id"], int(checkout["total_minor"])
        lines = checkout["lines"]
        self.orders.append(
            {
                "order_id": order_id,
                "session_id": acting.visit.session_id,
                "person": acting.person,
                "subject": acting.subject,
                "at_ms": acting.at_ms,
                "currency": checkout["currency"],
                "total_minor": total,
                "discount_minor": sum(line["discount_minor"] for line in lines),
                "lines": len(lines),
                "code": code.code if code is not None and checkout["discounts"] else "",
                "card": card,
                "scenario": acting.scenario,
            }
        )
        world.spent[acting.person, world.week(acting.at_ms)] += total
        key = f"{acting.visit.session_id}/{number}"
        for what in consequences(world.people, acting.person, key, world.parameters):
            if total == 0:
                continue
            amount, back = total, []
            if what.reason == "returned":
                line = lines[int(acting.draws("returned", number).integers(len(lines)))]
                amount = int(line["total_minor"])
                back = [{"sku": line["sku"], "quantity": line["quantity"]}]
            if amount:
                row = {
                    "kind": what.kind,
                    "order_id": order_id,
                    "amount_minor": amount,
                    "reason": what.reason,
                    "genuine": what.genuine,
                    "scenario": acting.scenario,
                    "restock": back,
                }
                name = f"{key}/{what.kind}"
                self.following.append(Followed(name, acting.at_ms + what.after_ms, row))
