"""After much trade by many at once, every account of it agrees: to the minor unit, in each place.

Orders, the ledger, the vendors' ledger, the events in the outbox, the stock and the provider each
tell of the same money and goods in their own way. What they tell is added up and compared.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from storefront_api.platform.auth import Identity
from tests.integration.storefront.accounting import GATE, check_books, gift_card
from tests.integration.storefront.accounts import People, bearer
from tests.integration.storefront.conftest import PARTNER, Database, Worker, until
from tests.integration.storefront.goods import key, line, order
from tests.integration.storefront.paying import DELIVERY, Provider, begun, body, completed
from tests.integration.storefront.test_vendor_accounts import disputed
from tests.integration.storefront.tills import stated, subject_of
from tests.integration.storefront.vending import goods_of, new_vendor, rule

SEED = 20_261_125
SHOPPERS, ROUNDS, PRODUCTS, OPENING = 4, 14, 8, 10_000
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
        with httpx.Client(base_url=self.url, headers=bearer(PARTNER), timeout=60) as partner:
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


Told = Mapping[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def partner_of_module(store_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=store_url, headers=bearer(PARTNER), timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def traded(
    store_url: str,
    partner_of_module: httpx.Client,
    provider: Provider,
    database: Database,
    start_module_worker: Callable[[], Worker],
) -> Trade:
    """All of the trade, settled."""
    partner, source = partner_of_module, random.Random(SEED)  # noqa: S311
    people = People(store_url, database)
    rules = {"rule_id": "points", "currency": "USD", "source": "the tests"}
    worth = {"earn_basis_points": 1000, "spend_basis_points": 9_999, "expires_after_days": 30}
    partner.post("/loyalty/rules", json=rules | worth, headers=key()).raise_for_status()
    vendors = [new_vendor() for _ in range(3)]
    skus = []
    for number in range(PRODUCTS):
        price = source.randrange(99, 2_000)
        vendor_id = vendors[number % len(vendors)]
        skus.append(goods_of(partner, vendor_id, price, opening_stock=OPENING, mass_grams=6000))
    for vendor_id in vendors:
        rule(partner, source.randrange(500, 3_000), vendor_id=vendor_id)
        kind: Any = {"type": "express", "capabilities": {"transfers": {"requested": True}}}
        account = {"account": provider.api.accounts.create(kind).id}
        partner.put(f"/vendors/{vendor_id}/payout-account", json=account).raise_for_status()
    cards = [gift_card(partner, source.randrange(500, 4_000))[0] for _ in range(6)]
    trade = Trade(store_url, provider, skus, cards)
    start_module_worker()
    shoppers = [people.customer() for _ in range(SHOPPERS)]
    with ThreadPoolExecutor(SHOPPERS) as threads:
        seeds = range(SEED, SEED + SHOPPERS)
        list(threads.map(trade.go, shoppers, seeds))
    trade.once(shoppers[0], partner, gift_card(partner, 2_000)[0])
    people.close()

    def settled() -> bool:
        return not database.rows(UNSETTLED)

    until(settled, "all payments, refunds and payouts are with the provider")
    return trade


UNSETTLED = """
SELECT 1 FROM checkouts
WHERE state = 'open' OR (intent_id IS NOT NULL AND settled_at IS NULL)
UNION ALL SELECT 1 FROM payouts WHERE state = 'created'
UNION ALL SELECT 1 FROM refunds r JOIN checkouts c ON c.checkout_id = r.order_id
WHERE c.intent_id IS NOT NULL AND r.amount_minor > (
    SELECT coalesce(sum(t.amount_minor), 0) FROM refund_tenders t WHERE t.refund_id = r.refund_id
) AND NOT EXISTS (SELECT FROM refunds_sent s WHERE s.refund_id = r.refund_id)
"""


@pytest.fixture(scope="module")
def start_module_worker(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Worker]]:
    worker = Worker(environment, tmp_path_factory.mktemp("checkouts") / "log")

    def start() -> Worker:
        worker.start("storefront_api.checkouts.worker")
        return worker

    yield start
    if worker.running:
        assert worker.end() == 0, worker.log()


@pytest.fixture(scope="module")
def kinds(traded: Trade, partner_of_module: httpx.Client) -> dict[str, int]:
    """Balances of the ledger by `unit kind`, as the trial balance tells them."""
    units = partner_of_module.get("/ledger/trial-balance").json()["units"]
    found: defaultdict[str, int] = defaultdict(int)
    for unit in units:
        assert unit["debits"] == unit["credits"]
        for kind in unit["kinds"]:
            found[f"{unit['unit']} {kind['kind']}"] = kind["balance"]
    return found


@pytest.fixture(scope="module")
def told(traded: Trade, database: Database) -> Told:
    """Data of the events in the outbox, which nobody relays here, by type."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in database.rows("SELECT payload FROM outbox ORDER BY outbox_id"):
        event = json.loads(row["payload"])
        found[event["type"]].append(event["data"])
    return found


def total(events: list[dict[str, Any]], *names: str) -> int:
    """Add up what events tell."""
    return sum(event[name] for event in events for name in names)


def number(database: Database, query: str, *values: object) -> int:
    return int(
        database.value(f"SELECT coalesce(sum(minor), 0) FROM ({query}) AS t (minor)", *values)
    )


def test_enough_has_happened_to_compare(told: Told) -> None:
    happened = {
        "order_completed": 30,
        "order_refunded": 10,
        "payment_settled": 15,
        "payment_disputed": 3,
        "deposit_returned": 1,
        "giftcard_redeemed": 3,
        "giftcard_released": 1,
        "giftcard_refunded": 1,
        "loyalty_earned": 10,
        "loyalty_spent": 2,
        "loyalty_reversed": 2,
        "commission_reversed": 5,
        "payout_paid": 1,
    }
    assert {what: len(told[what]) for what in happened if len(told[what]) < happened[what]} == {}


def test_the_books_balance_and_every_order_is_sold_once(
    kinds: dict[str, int], database: Database
) -> None:
    check_books(database)
    sales = """
    SELECT o.order_id FROM orders o LEFT JOIN ledger_transfers t
        ON t.reference = 'order/' || o.order_id
    WHERE o.total_minor > 0 GROUP BY o.order_id HAVING count(t.transfer_id) <> 1
    """
    assert database.rows(sales) == []


def test_orders_are_the_ledger_the_vendors_and_the_events(
    kinds: dict[str, int], told: Told, database: Database
) -> None:
    sold = number(database, "SELECT total_minor FROM orders")
    vendors = number(database, "SELECT amount_minor FROM vendor_ledger WHERE kind = 'sale'")
    events = total(told["order_completed"], "total_minor")
    assert sold == kinds["USD revenue"] == vendors == events > 0
    refunded = number(database, "SELECT refunded_minor FROM orders")
    events = total(told["order_refunded"], "amount_minor")
    assert refunded == -kinds["USD refunds"] == events > 0
    disputes = number(database, "SELECT amount_minor FROM disputes")
    assert disputes == -kinds["USD chargebacks"] == total(told["payment_disputed"], "amount_minor")
    paid = total(told["packaging_chosen"], "price_minor", "deposit_minor")
    back = number(database, "SELECT fees_refunded_minor FROM orders")
    assert number(database, "SELECT fees_minor FROM orders") == paid > 0
    assert kinds["USD fees"] == paid - back
    assert back >= total(told["deposit_returned"], "amount_minor") > 0


def test_tax_is_that_of_the_lines_and_goes_back_with_their_price(
    told: Told, database: Database
) -> None:
    taxed = number(database, "SELECT tax_minor FROM orders")
    lines = number(database, "SELECT tax_minor FROM order_lines")
    assert taxed == lines == total(told["order_completed"], "tax_minor") > 0
    back = number(database, "SELECT tax_refunded_minor FROM order_lines")
    noted = number(database, "SELECT tax_minor FROM refund_lines")
    assert back == noted == total(told["order_refunded"], "tax_minor") > 0
    by_order = """
    SELECT o.refunded_minor = sum(l.refunded_minor) AS same, o.refunded_minor = o.total_minor
        AS whole, sum(l.tax_refunded_minor) = o.tax_minor AS all_tax
    FROM orders o JOIN order_lines l USING (order_id) WHERE o.refunded_minor > 0
    GROUP BY o.order_id
    """
    rows = database.rows(by_order)
    assert all(row["same"] and (row["all_tax"] or not row["whole"]) for row in rows)
    assert any(row["whole"] for row in rows)


def test_after_the_settlement_nothing_is_on_its_way(
    kinds: dict[str, int], database: Database
) -> None:
    held = [kinds["USD held"], kinds["points held"]]
    card = "SELECT amount FROM ledger_entries WHERE account_id = 'clearing/card/USD'"
    assert [*held, number(database, card)] == [0, 0, 0]
    # What tills took is in them: no provider settles it.
    cash = "SELECT amount FROM ledger_entries WHERE account_id = 'clearing/cash/USD'"
    taken = "SELECT total_minor - refunded_minor FROM orders WHERE payment ->> 'method' = 'cash'"
    assert -number(database, cash) == number(database, taken) > 0


def test_the_provider_has_what_the_ledger_says(
    traded: Trade, kinds: dict[str, int], told: Told
) -> None:
    intents = [traded.provider.intent(payment) for payment in traded.payments]
    taken = sum(intent.amount_received for intent in intents)
    given = sum(intent.latest_charge.amount_refunded for intent in intents)
    captured = [event for event in told["payment_settled"] if event["outcome"] == "captured"]
    assert taken == total(captured, "amount_minor") > given > 0
    assert all(i.latest_charge.amount_refunded <= i.amount_received for i in intents)
    disputes = total(told["payment_disputed"], "amount_minor")
    assert -kinds["USD provider"] == taken - given - disputes


def test_gift_cards_have_what_was_not_spent(
    traded: Trade, kinds: dict[str, int], told: Told
) -> None:
    issued = total(told["giftcard_issued"], "amount_minor")
    redeemed = total(told["giftcard_redeemed"], "amount_minor")
    back = total(told["giftcard_refunded"], "amount_minor")
    assert kinds["USD gift_cards_issued"] == -issued
    assert kinds["USD gift_card"] == issued - redeemed + back
    guest = bearer(GATE.issue(Identity(person="somebody who knows the codes")))
    with httpx.Client(base_url=traded.url, headers=guest, timeout=60) as client:
        answers = [client.post("/giftcards/balance", json={"code": code}) for code in traded.cards]
    shown = [answer.json()["balance_minor"] for answer in answers]
    assert sum(shown) == kinds["USD gift_card"]
    assert min(shown) >= 0


def test_points_are_what_was_earned_and_neither_spent_nor_taken_back(
    kinds: dict[str, int], told: Told
) -> None:
    earned = total(told["loyalty_earned"], "points")
    taken = total(told["loyalty_reversed"], "taken_points")
    spent = total(told["loyalty_spent"], "points")
    restored = total(told["loyalty_reversed"], "restored_points")
    assert kinds["points points_issued"] == taken - earned
    assert kinds["points points_spent"] == spent - restored
    assert kinds["points points_lot"] == earned - taken - spent + restored


def test_vendors_are_owed_what_their_orders_left(
    told: Told, database: Database, partner_of_module: httpx.Client
) -> None:
    found = partner_of_module.get("/vendor-ledger/reconciliation").json()
    assert found["differences"] == []
    assert found["orders"] == len(told["order_completed"])
    booked = "SELECT amount_minor FROM vendor_ledger WHERE kind = $1"
    charged = total(told["commission_charged"], "commission_minor")
    assert -number(database, booked, "commission") == charged > 0
    back = total(told["commission_reversed"], "commission_minor")
    assert number(database, booked, "commission_reversal") == back > 0
    paid = total(told["payout_created"], "amount_minor")
    assert paid == total(told["payout_paid"], "amount_minor")
    assert -number(database, booked, "payout") == paid > 0


def test_goods_are_where_their_movements_say(told: Told, database: Database) -> None:
    moved: defaultdict[str, int] = defaultdict(int)
    for event in told["stock_changed"]:
        for movement in event["movements"]:
            moved[movement["sku"]] += movement["delta"]
    rows = database.rows("SELECT sku, on_hand, reserved FROM stock")
    assert {row["sku"]: (row["on_hand"], row["reserved"]) for row in rows} == {
        sku: (units, 0) for sku, units in moved.items()
    }
    assert any(units != OPENING for units in moved.values())
