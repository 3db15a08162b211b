"""The ledger always balances, whoever writes to it and whatever they try."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from deploy.local.stack import Stack
from storefront_api.ledger import accounts, service
from storefront_api.ledger.accounts import Account
from storefront_api.ledger.transfers import move, transfer
from storefront_api.migrate import migrate
from storefront_api.payments.signature import sign
from tests.integration.storefront.accounting import balance, check_books, posted
from tests.integration.storefront.conftest import SECRET, Database, until
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import Provider, begun, completed, opened
from tests.integration.storefront.test_money_back import disputed, refund, report
from tests.integration.storefront.test_search_http import migrate_to

AT = datetime(2018, 1, 1, tzinfo=UTC)
ISSUED = accounts.gift_cards_issued("USD")


def post(database: Database, reference: str, *moves: tuple[Account, int]) -> bool:
    """Post a transfer on a connection of its own."""

    async def posting() -> bool:
        connection = await asyncpg.connect(database.url)
        try:
            async with connection.transaction():
                return await service.post(connection, transfer(reference, moves), AT)
        finally:
            await connection.close()

    return asyncio.run(posting())


def card(database: Database, minor: int) -> Account:
    """Open a guarded account with something in it."""
    account = accounts.gift_card(uuid.uuid4(), "USD")
    assert post(database, f"test/{uuid.uuid4()}", *move(ISSUED, account, minor))
    return account


def test_a_cause_is_posted_once_however_many_try_at_once(database: Database) -> None:
    account, reference = card(database, 10), f"test/{uuid.uuid4()}"
    revenue = accounts.revenue("USD")
    with ThreadPoolExecutor(8) as threads:
        tried = threads.map(
            lambda _: post(database, reference, *move(account, revenue, 3)), "x" * 8
        )
        assert sorted(tried) == [False] * 7 + [True]
    assert balance(database, account.account_id) == 7
    check_books(database)


def test_a_guarded_account_gives_what_it_has_and_no_more(database: Database) -> None:
    account, revenue = card(database, 100), accounts.revenue("USD")

    def take(_: int) -> bool:
        try:
            return post(database, f"test/{uuid.uuid4()}", *move(account, revenue, 30))
        except service.OverdrawnError:
            return False

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(take, range(10))) == 3
    assert balance(database, account.account_id) == 10
    check_books(database)


def test_transfers_that_cross_do_not_wait_for_each_other_in_a_circle(database: Database) -> None:
    one, two = card(database, 1000), card(database, 1000)

    def there_and_back(number: int) -> bool:
        pair = (one, two) if number % 2 else (two, one)
        return post(database, f"test/{uuid.uuid4()}", *move(*pair, 1))

    with ThreadPoolExecutor(10) as threads:
        assert all(threads.map(there_and_back, range(40)))
    assert balance(database, one.account_id) == balance(database, two.account_id) == 1000


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET amount = amount + 1",
        "DELETE FROM ledger_entries",
        "UPDATE ledger_transfers SET reference = reference || 'x'",
        "DELETE FROM ledger_transfers",
        "UPDATE ledger_accounts SET balance = balance + 1 WHERE balance IS NOT NULL",
        "DELETE FROM ledger_accounts",
        "INSERT INTO ledger_accounts VALUES ('x', 'x', 'x', 'USD', 5, NULL, now())",
    ],
)
def test_what_was_posted_is_never_changed(database: Database, statement: str) -> None:
    card(database, 1)
    with pytest.raises(asyncpg.RaiseError, match="is append-only"):
        database.rows(statement)


def test_the_database_refuses_a_transfer_that_does_not_balance(database: Database) -> None:
    account = card(database, 5)
    whole = database.value(
        "SELECT transfer_id FROM ledger_entries WHERE account_id = $1", account.account_id
    )
    fresh = uuid.uuid4()
    insert = "INSERT INTO ledger_entries VALUES"
    database.rows("INSERT INTO ledger_transfers VALUES ($1, $2, 2, now())", fresh, str(fresh))
    wrong = {
        "one side": f"{insert} ('{fresh}', '{account.account_id}', 1)",
        "not zero": f"{insert} ('{fresh}', '{account.account_id}', 2), "
        f"('{fresh}', '{ISSUED.account_id}', -1)",
        "no such account": f"{insert} ('{fresh}', 'nobody', 1), "
        f"('{fresh}', '{ISSUED.account_id}', -1)",
        "no such transfer": f"{insert} ('{uuid.uuid4()}', '{account.account_id}', 1)",
        "more than it says": f"{insert} ('{fresh}', '{account.account_id}', 2), "
        f"('{fresh}', '{ISSUED.account_id}', -1), ('{fresh}', 'revenue/USD', -1)",
        "written before": f"{insert} ('{whole}', 'revenue/USD', 1), ('{whole}', 'refunds/USD', -1)",
    }
    post(database, f"test/{fresh}", (accounts.revenue("USD"), 1), (accounts.refunds("USD"), -1))
    for statement in wrong.values():
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="does not balance"):
            database.rows(statement)
    check_books(database)


def test_what_is_reversed_is_as_if_it_had_not_been_once(database: Database) -> None:
    account, held = card(database, 9), accounts.held("gift_card", "USD")
    reference = f"test/{uuid.uuid4()}"
    post(database, reference, *move(account, held, 4))

    async def reversing() -> list[bool]:
        connection = await asyncpg.connect(database.url)
        try:
            return [
                await service.reverse(connection, old, f"{reference}/back", AT)
                for old in (reference, reference, "test/nothing")
            ]
        finally:
            await connection.close()

    assert asyncio.run(reversing()) == [True, False, False]
    assert balance(database, account.account_id) == 9
    check_books(database)


class Books(RuleBasedStateMachine):
    """Transfers between guarded and unguarded accounts, beside a model in memory."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        run = uuid.uuid4().hex
        self.guarded = [accounts.gift_card(f"{run}-{n}", "USD") for n in range(3)]
        self.guarded.append(accounts.points_lot(run, "lot", AT))
        self.open = {"USD": accounts.clearing(run, "USD"), "points": accounts.held(run, "points")}
        self.model: dict[Account, int] = dict.fromkeys([*self.guarded, *self.open.values()], 0)
        self.known: list[tuple[str, list[tuple[Account, int]]]] = []

    def _try(self, reference: str, moves: list[tuple[Account, int]]) -> None:
        wanted = dict(self.model)
        for account, amount in moves:
            wanted[account] += amount
        if any(wanted[account] < 0 for account in self.guarded):
            with pytest.raises(service.OverdrawnError):
                post(self.database, reference, *moves)
            return
        nets = {account: wanted[account] - self.model[account] for account, _ in moves}
        assert post(self.database, reference, *moves) == any(nets.values())
        self.model = wanted
        if any(nets.values()):
            self.known.append((reference, moves))

    @rule(number=st.integers(0, 3), amount=st.integers(-50, 100))
    def moved(self, number: int, amount: int) -> None:
        account = self.guarded[number]
        self._try(f"test/{uuid.uuid4()}", move(self.open[account.unit], account, amount))

    @rule(one=st.integers(0, 2), two=st.integers(0, 2), amount=st.integers(0, 60))
    def between(self, one: int, two: int, amount: int) -> None:
        moves = move(self.guarded[one], self.guarded[two], amount)
        self._try(f"test/{uuid.uuid4()}", moves)

    @rule(money=st.integers(-20, 40), points=st.integers(-20, 40))
    def in_two_units(self, money: int, points: int) -> None:
        moves = move(self.open["USD"], self.guarded[0], money)
        moves += move(self.open["points"], self.guarded[3], points)
        self._try(f"test/{uuid.uuid4()}", moves)

    @rule(data=st.data())
    def posted_again(self, data: st.DataObject) -> None:
        if self.known:
            reference, moves = data.draw(st.sampled_from(self.known))
            assert not post(self.database, reference, *moves)

    @invariant()
    def the_books_are_right(self) -> None:
        names = [account.account_id for account in self.model]
        query = """
        SELECT account_id, a.balance, coalesce(sum(e.amount), 0)::bigint AS total
        FROM ledger_accounts a LEFT JOIN ledger_entries e USING (account_id)
        WHERE account_id = ANY($1) GROUP BY account_id
        """
        rows = {row["account_id"]: row for row in self.database.rows(query, names)}
        for account, expected in self.model.items():
            row = rows.get(account.account_id)
            assert (row["total"] if row else 0) == expected
            if row and account.guarded:
                assert row["balance"] == expected
        check_books(self.database)


def test_the_books_are_right_after_any_transfers(database: Database) -> None:
    class Here(Books):
        pass

    Here.database = database
    few = settings(
        max_examples=6,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Here, settings=few)


def test_an_order_with_stated_money_is_posted_to_the_minor_unit(partner: httpx.Client) -> None:
    sku = new_sku(partner)
    payment = {"method": "cash", "fingerprint": "", "country": ""}
    stated = line(sku, 1, list_minor=1000, discount_minor=1)
    body = order(stated, line(sku, 2), subject="s-1", payment=payment)
    placed = partner.post("/orders", json=body, headers=key()).json()
    assert posted(partner, f"order/{placed['order_id']}") == {
        "clearing/cash/USD": -1499,
        "revenue/USD": 1499,
    }
    assert refund(partner, placed, 500).status_code == 201


def test_an_order_that_costs_nothing_moves_nothing(partner: httpx.Client) -> None:
    free = line(new_sku(partner), 1, list_minor=5, discount_minor=5)
    body = order(free, subject="s-1")
    placed = partner.post("/orders", json=body, headers=key()).json()
    assert posted(partner, f"order/{placed['order_id']}") == {}


def test_a_card_payment_is_in_clearing_until_it_is_taken_and_its_refund_until_it_is_sent(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    database: Database,
    workers: None,
) -> None:
    checkout = opened(shopper, new_sku(partner, list_price_minor=500))
    provider.confirm(begun(shopper, checkout))
    assert completed(shopper, checkout).status_code == 200
    order_id = checkout["checkout_id"]
    assert posted(partner, f"order/{order_id}") == {"clearing/card/USD": -500, "revenue/USD": 500}
    until(lambda: bool(posted(partner, f"capture/{order_id}")), "the capture is posted")
    taken = {"clearing/card/USD": 500, "provider/USD": -500}
    assert posted(partner, f"capture/{order_id}") == taken
    refund_id = refund(partner, {"order_id": order_id}, 200).json()["refund_id"]
    back = {"refunds/USD": -200, "clearing/card/USD": 200}
    assert posted(partner, f"refund/{refund_id}") == back
    until(lambda: bool(posted(partner, f"refund_sent/{refund_id}")), "the refund is posted")
    sent = {"clearing/card/USD": -200, "provider/USD": 200}
    assert posted(partner, f"refund_sent/{refund_id}") == sent
    check_books(database)


def test_a_payment_that_cannot_be_taken_is_a_loss(
    partner: httpx.Client,
    shopper: httpx.Client,
    provider: Provider,
    request: pytest.FixtureRequest,
) -> None:
    checkout = opened(shopper, new_sku(partner))
    payment = begun(shopper, checkout)
    provider.confirm(payment)
    completed(shopper, checkout)
    provider.api.payment_intents.cancel(payment["intent_id"])
    request.getfixturevalue("workers")
    reference = f"capture/{checkout['checkout_id']}"
    until(lambda: bool(posted(partner, reference)), "the loss is posted")
    assert posted(partner, reference) == {"clearing/card/USD": 250, "uncollected/USD": -250}


def test_a_chargeback_is_posted_once(partner: httpx.Client, store_url: str) -> None:
    body = order(line(new_sku(partner), 4), subject="s-1")
    placed = partner.post("/orders", json=body, headers=key()).json()
    dispute_id = str(uuid.uuid4())
    told = disputed(placed["order_id"], dispute_id)
    header = sign(SECRET, told, datetime.now(UTC))
    answers = [report(store_url, told, header).json()["recorded"] for _ in range(2)]
    assert answers == [True, False]
    moved = {"chargebacks/USD": -1000, "provider/USD": 1000}
    assert posted(partner, f"chargeback/{dispute_id}") == moved


def test_the_trial_balance_is_even_and_for_staff(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    partner.post("/orders", json=order(line(new_sku(partner)), subject="s-1"), headers=key())
    units: list[dict[str, Any]] = partner.get("/ledger/trial-balance").json()["units"]
    assert {unit["unit"] for unit in units} >= {"USD"}
    for unit in units:
        assert unit["debits"] == unit["credits"] > 0
        assert sum(kind["balance"] for kind in unit["kinds"]) == 0
        assert all(k["balance"] == k["credits"] - k["debits"] for k in unit["kinds"])
    assert shopper.get("/ledger/trial-balance").status_code == 403
    missing = partner.get("/ledger/transfers", params={"reference": "order/none"})
    assert (missing.status_code, missing.json()["field"]) == (404, "query.reference")
    check_books(database)


def test_orders_from_before_the_ledger_are_in_it_after_the_migration(own_stack: Stack) -> None:
    server = own_stack.environment()["DATABASE_URL"]
    url = urlsplit(server)._replace(path=f"/older_{uuid.uuid4().hex[:12]}").geturl()
    asyncio.run(migrate(url))
    asyncio.run(migrate_to(url, "0007"))
    older = Database(url)
    assert older.value("SELECT to_regclass('ledger_entries')") is None
    sold, refunded = uuid.uuid4(), uuid.uuid4()
    insert = """
    INSERT INTO orders SELECT $1, 'partner', 's-1', 'S1', 'till', '', 'USD', $2::bigint, 0, now(),
        now(), 'unscored', '', '{"method": "cash"}', '{}'
    """
    older.rows(insert, sold, 500)
    older.rows(insert, uuid.uuid4(), 0)
    older.rows("INSERT INTO refunds VALUES ($1, $2, 200, 'goodwill', now())", refunded, sold)
    older.rows("INSERT INTO disputes VALUES ($1, $2, 9, 'general', now())", uuid.uuid4(), sold)
    asyncio.run(migrate(url))
    expected = {
        "clearing/cash/USD": -300,
        "revenue/USD": 500,
        "refunds/USD": -200,
        "chargebacks/USD": -9,
        "provider/USD": 9,
    }
    assert {name: balance(older, name) for name in expected} == expected
    assert post(older, f"order/{sold}", *move(ISSUED, accounts.revenue("USD"), 1)) is False
    assert post(older, "order/new", *move(accounts.clearing("cash", "USD"), ISSUED, 1)) is True
    check_books(older)
