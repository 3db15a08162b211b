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
from typing import Any

import httpx
import pytest

from storefront_api.platform.auth import Identity
from tests.integration import plain
from tests.integration.storefront.accounting import GATE, check_books, gift_card
from tests.integration.storefront.accounts import People, bearer
from tests.integration.storefront.conftest import PARTNER, Database, Worker, until
from tests.integration.storefront.goods import key
from tests.integration.storefront.paying import Provider
from tests.integration.storefront.trading import Trade
from tests.integration.storefront.vending import goods_of, new_vendor, rule

SEED = 20_261_125
SHOPPERS, PRODUCTS, OPENING = 4, 8, 10_000


Told = Mapping[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def partner_of_module(store_url: str) -> Iterator[httpx.Client]:
    with plain.Client(base_url=store_url, headers=bearer(PARTNER), timeout=60) as client:
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
    with plain.Client(base_url=traded.url, headers=guest, timeout=60) as client:
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
