"""Looking around: lists, what is seen of them, what is clicked, and what goes into the cart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.demo.shoppers import tastes
from deploy.demo.shoppers.acting import Acting
from deploy.demo.shoppers.experiments import full_effect
from deploy.demo.shoppers.streams import Floats

BOT_CLICKS = 0.1
"""Share of what is listed that a crawler opens."""
DEAR = 1.5
"""What a thief's log-odds grow by with the logarithm of a price over the middle one."""
THIEF_ADDS = 0.6


@dataclass(frozen=True)
class Shown:
    """A list as it was shown.

    Parameters
    ----------
    indices
        Of the products in the catalogue, first position first.
    """

    source: str
    slate_id: str
    indices: NDArray[np.int64]
    prices_minor: Floats


class Looking:
    """The part of a visit that ends with a cart, or without one.

    Parameters
    ----------
    acting
        The visit.
    frozen
        Whether the cart is left alone: the visit was cut off after it had begun to check out.
    """

    def __init__(self, acting: Acting, frozen: bool) -> None:
        self._acting = acting
        self._frozen = frozen
        self._world = acting.world
        self._latest = ""
        self.pages = 0
        self.viewed = 0
        self.cart: dict[str, int] = {}
        self.cart_minor = 0
        self.impressions: list[tuple[Any, ...]] = []
        self.views: list[tuple[Any, ...]] = []

    async def run(self) -> None:
        """Look at pages until the visit is over or bores."""
        acting = self._acting
        for page in range(acting.visit.pages):
            if page:
                await acting.think()
            draws = acting.draws("page", page)
            shown = await self._turn_page(draws)
            self.pages += 1
            if len(shown.indices) and await self._look(page, shown, draws):
                break
            await acting.send_clicks()

    async def _turn_page(self, draws: np.random.Generator) -> Shown:
        acting, world = self._acting, self._world
        first, second, third = draws.random(3)
        sources = world.parameters.visits.pages_by_source
        source = list(sources)[tastes.weighted(first, list(sources.values()))]
        if acting.is_bot:
            source = "department"
        if source == "home":
            shown = await self._home()
        elif source == "search":
            shown = await self._search(second)
        else:
            shown = await self._department(second, third)
        skus = [world.catalogue.products[i].sku for i in shown.indices]
        acting.click("product_list_viewed", list_id=source, skus=skus, slate_id=shown.slate_id)
        return shown

    async def _home(self) -> Shown:
        k = self._world.parameters.lists.home
        told = await self._acting.browser.recommendations(k, self._latest)
        rows = [(item["sku"], item["list_price_minor"]) for item in told["items"]]
        return self._shown("home", told["slate_id"], rows)

    async def _search(self, draw: float) -> Shown:
        words = self._world.catalogue.words
        text = words[int(draw * len(words))].lower()
        told = await self._acting.browser.search(text, self._world.parameters.lists.search)
        self._acting.click("products_searched", query=text, results=told["total"])
        products, found = self._world.catalogue, []
        for hit in told["products"]:
            index = products.by_product.get(hit["product_id"])
            if index is not None:
                found.append((products.products[index].sku, hit["price_from_minor"]))
        return self._shown("search", "", found)

    async def _department(self, which: float, where: float) -> Shown:
        shelves = self._world.catalogue.shelves
        name = list(shelves)[int(which * len(shelves))]
        category = shelves[name][int(where * len(shelves[name]))]
        limit = self._world.parameters.lists.department
        told = await self._acting.browser.shelf(name, category, limit)
        rows = [
            (product["variants"][0]["sku"], product["variants"][0]["list_price_minor"])
            for product in told["products"]
        ]
        return self._shown("department", "", rows)

    def _shown(self, source: str, slate_id: str, rows: list[tuple[str, int]]) -> Shown:
        known = self._world.catalogue.by_sku
        rows = [row for row in rows if row[0] in known]
        indices = np.array([known[sku] for sku, _ in rows], dtype=np.int64)
        prices = np.array([price for _, price in rows], dtype=np.float64)
        return Shown(source, slate_id, indices, prices)

    def _more(self, prices_minor: Floats) -> Floats | float:
        """Return what a thief adds to the log-odds: the dearer, the better to sell."""
        acting = self._acting
        if not acting.scenario or not self._scenario_is_dear():
            return 0.0
        middle = float(np.median(self._world.catalogue.reference_minor))
        return np.asarray(DEAR * np.log(np.maximum(prices_minor, 1.0) / middle))

    def _scenario_is_dear(self) -> bool:
        return self._world.parameters.fraud.scenarios[self._acting.scenario].dear

    async def _look(self, page: int, shown: Shown, generator: np.random.Generator) -> bool:
        """Look at a list and click; return whether the shopper has seen enough."""
        acting, model = self._acting, self._world.parameters.clicks
        people, catalogue = self._world.people, self._world.catalogue
        count = len(shown.indices)
        draws = generator.random((5, count))
        examination = tastes.examinations(model, count)
        felt = tastes.utilities(people, acting.person, catalogue, shown.indices, shown.prices_minor)
        relevance = tastes.chance(model.relevance, felt, self._more(shown.prices_minor))
        if acting.is_bot:
            examination, relevance = np.ones(count), np.full(count, BOT_CLICKS)
        examined, clicked = tastes.clicks(examination, relevance, draws, model.most_clicks)
        self._note(page, shown, examination, relevance, examined, clicked)
        for place in np.flatnonzero(clicked):
            await acting.think()
            await self._view(int(place), shown, draws[3:, place].tolist())
        if acting.is_bot:
            return False
        best = float(relevance[examined].max()) if examined.any() else 0.0
        bored = self._world.parameters.visits.leave_when_bored * (1.0 - best)
        return bool(draws[2, 0] < bored)

    def _note(
        self,
        page: int,
        shown: Shown,
        examination: Floats,
        relevance: Floats,
        examined: NDArray[np.bool_],
        clicked: NDArray[np.bool_],
    ) -> None:
        products, session_id = self._world.catalogue.products, self._acting.visit.session_id
        columns = zip(
            shown.indices.tolist(),
            shown.prices_minor.tolist(),
            examination.tolist(),
            relevance.tolist(),
            examined.tolist(),
            clicked.tolist(),
            strict=True,
        )
        source, slate_id = shown.source, shown.slate_id
        for position, (index, price, looked, liked, was_seen, was_clicked) in enumerate(columns, 1):
            sku = products[index].sku
            head = (session_id, page, source, slate_id, position, sku, int(price))
            self.impressions.append((*head, looked, liked, was_seen, was_clicked))

    async def _view(self, place: int, shown: Shown, draws: list[float]) -> None:
        """Open a product's page, and put it into the cart or not, by two uniform draws."""
        acting, index = self._acting, int(shown.indices[place])
        product = self._world.catalogue.products[index]
        told = await acting.browser.product(product.product_id)
        variants = [] if told is None else [v for v in told["variants"] if v["sku"] == product.sku]
        if not variants:
            return
        self.viewed += 1
        self._latest = product.sku
        price, available = int(variants[0]["list_price_minor"]), int(variants[0]["available"])
        told_of = {"sku": product.sku, "currency": product.currency, "price_minor": price}
        listed = {**told_of, "position": place + 1, "slate_id": shown.slate_id}
        acting.click("product_clicked", **listed)
        acting.click("product_viewed", **listed)
        odds, control, treated = self._add_chances(index, price)
        likes = draws[0] < odds
        pieces = 1 + int(draws[1] * self._world.parameters.purchases.most_units)
        affordable = acting.scenario or self._affords(price * pieces)
        wanted = pieces if likes and affordable and product.sku not in self.cart else 0
        sold_out = wanted > available
        facts = (acting.visit.session_id, acting.at_ms, product.sku, price, available)
        self.views.append((*facts, odds, control, treated, wanted, sold_out))
        if wanted and not sold_out:
            await acting.think()
            await self._add(product.sku, wanted, told_of)

    def _add_chances(self, index: int, price: int) -> tuple[float, float, float]:
        """Return the chance to want a product: as it is, and without and with all treatments."""
        acting, world = self._acting, self._world
        if acting.is_bot:
            return 0.0, 0.0, 0.0
        if acting.scenario:
            return THIEF_ADDS, THIEF_ADDS, THIEF_ADDS
        one, cost = np.array([index]), np.array([float(price)])
        felt = float(tastes.utilities(world.people, acting.person, world.catalogue, one, cost)[0])
        model = world.parameters.purchases.add
        log_odds = model.bias + model.scale * felt
        full = full_effect(world.parameters.experiments, "add")
        own = acting.arm("add")
        return (
            tastes.sigmoid(log_odds + own),
            tastes.sigmoid(log_odds),
            tastes.sigmoid(log_odds + full),
        )

    def _affords(self, more_minor: int) -> bool:
        left = self._world.left_minor(self._acting.person, self._acting.at_ms)
        return self.cart_minor + more_minor <= left

    async def _add(self, sku: str, pieces: int, told_of: dict[str, Any]) -> None:
        if not self._frozen:
            cart = await self._acting.browser.put(sku, pieces)
            if cart is None:
                return
            self.cart_minor = int(cart["total_minor"])
        self.cart[sku] = pieces
        self._acting.click("product_added", **told_of, quantity=pieces)
