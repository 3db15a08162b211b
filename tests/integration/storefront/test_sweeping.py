"""One part of the checkouts' sweep that fails keeps none of the others from being done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from prometheus_client import REGISTRY

from deploy.local.ports import free_port
from storefront_api.checkouts.worker import sweep
from storefront_api.platform.carrier import CarrierAwayError
from storefront_api.platform.clock import system_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.stripe_provider import StripeProvider
from storefront_api.platform.stripe_transfers import StripeTransfers
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import new_sku
from tests.integration.storefront.mailing import somebody
from tests.integration.storefront.paying import Provider, begun, opened, state, stock
from tests.integration.storefront.sending import labelled, placed
from tests.integration.storefront.test_following import Broken
from tests.integration.storefront.vending import new_vendor


def failures(step: str, error: str) -> float:
    """Return how often a step failed with a class of error."""
    labels = {"step": step, "error": error}
    return REGISTRY.get_sample_value("ecomarket_worker_failures_total", labels) or 0.0


def swept(
    database: Database,
    ahead: timedelta = timedelta(),
    carrier: Exception | None = None,
    provider: str = "",
) -> None:
    """Sweep once, some time from now."""

    def clock() -> datetime:
        return system_clock() + ahead

    async def sweep_once() -> None:
        url = provider or f"http://127.0.0.1:{free_port()}"
        payments = StripeProvider(url, "sk_test_of_the_tests", "")
        payouts = StripeTransfers(url, "sk_test_of_the_tests")
        pool = await open_pool(database.url, 2)
        try:
            carriers = {"local": Broken(carrier or CarrierAwayError("it sleeps"))}
            await sweep(pool, clock, payments, payouts, carriers)
        finally:
            await pool.close()
            await payouts.close()
            await payments.close()

    asyncio.run(sweep_once())


def test_what_cannot_be_read_or_asked_keeps_nothing_else_from_being_done(
    partner: httpx.Client, new_shopper: Callable[[], httpx.Client], database: Database
) -> None:
    broken, good = new_sku(partner), new_sku(partner)
    one = opened(new_shopper(), broken)
    other = opened(new_shopper(), good)
    labelled(partner, placed(partner, new_shopper())["order_id"])
    query = "SELECT placed::text FROM checkouts WHERE checkout_id = $1"
    was = json.loads(database.value(query, UUID(one["checkout_id"])))
    spoil = "UPDATE checkouts SET placed = $2::text::jsonb WHERE checkout_id = $1"
    database.rows(spoil, UUID(one["checkout_id"]), "{}")
    database.rows("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'")
    before = failures("expiry", "ValidationError"), failures("tracking", "RuntimeError")
    swept(database, timedelta(hours=25), RuntimeError("what is that?"))
    assert (state(database, one), state(database, other)) == ("open", "expired")
    assert (stock(database, broken), stock(database, good)) == ((100, 1), (100, 0))
    after = failures("expiry", "ValidationError"), failures("tracking", "RuntimeError")
    assert after == (before[0] + 1, before[1] + 1)
    # What comes after the carriers' step was done as well.
    assert database.value("SELECT count(*) FROM idempotency_keys") == 0
    database.rows(spoil, UUID(one["checkout_id"]), json.dumps(was))
    swept(database, timedelta(hours=25))
    assert (state(database, one), stock(database, broken)) == ("expired", (100, 0))


def test_a_payment_that_cannot_be_read_keeps_no_other_from_being_let_go(
    partner: httpx.Client,
    new_shopper: Callable[[], httpx.Client],
    provider: Provider,
    database: Database,
) -> None:
    checkouts = [
        (shopper, opened(shopper, new_sku(partner))) for shopper in (new_shopper(), new_shopper())
    ]
    for shopper, checkout in checkouts:
        begun(shopper, checkout)
        assert shopper.delete(f"/checkouts/{checkout['checkout_id']}").status_code == 200
    (_, one), (_, other) = checkouts
    spoil = "UPDATE checkouts SET placed = '{}' WHERE checkout_id = $1"
    database.rows(spoil, UUID(one["checkout_id"]))
    before = failures("payments", "ValidationError"), failures("payments", "ProviderAwayError")
    swept(database)
    assert failures("payments", "ProviderAwayError") == before[1] + 1
    swept(database, provider=provider.url)
    assert failures("payments", "ValidationError") > before[0]
    settled = "SELECT settled_at IS NOT NULL FROM checkouts WHERE checkout_id = $1"
    assert [database.value(settled, UUID(each["checkout_id"])) for each in (one, other)] == [
        False,
        True,
    ]


def test_a_vendor_that_cannot_be_written_to_keeps_no_other_uninformed(
    partner: httpx.Client, database: Database
) -> None:
    reached = somebody()
    for address in ("nobody at all", reached):
        vendor_id = new_vendor()
        sku = new_sku(partner, vendor_id=vendor_id, opening_stock=2)
        write = "UPDATE vendors SET contact_email = $2 WHERE vendor_id = $1"
        database.rows(write, vendor_id, address)
        database.rows("INSERT INTO stock_thresholds (sku, threshold) VALUES ($1, 3)", sku)
    swept(database)
    query = "SELECT recipient FROM notifications WHERE template = 'low_stock'"
    assert [row["recipient"] for row in database.rows(query)] == [reached]
    assert database.value("SELECT count(*) FROM stock_thresholds WHERE low") == 2


def test_a_sweep_without_a_database_says_so_at_its_end() -> None:
    class Nowhere:
        """A pool whose server has gone."""

        def __getattr__(self, name: str) -> Any:
            raise asyncpg.InterfaceError("the pool is closed")

    async def sweep_once() -> None:
        url = f"http://127.0.0.1:{free_port()}"
        provider, payouts = StripeProvider(url, "sk", ""), StripeTransfers(url, "sk")
        try:
            await sweep(Nowhere(), system_clock, provider, payouts, {})
        finally:
            await provider.close()
            await payouts.close()

    before = failures("keys", "InterfaceError")
    with pytest.raises(asyncpg.InterfaceError):
        asyncio.run(sweep_once())
    assert failures("keys", "InterfaceError") == before + 1
