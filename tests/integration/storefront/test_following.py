"""What the worker does for shipments: carriers are asked, and unwanted labels given back."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from deploy.local.stack import Stack
from storefront_api.fulfilment.local_carrier import LocalCarrier
from storefront_api.fulfilment.scanning import ASK_EVERY, follow, void_labels
from storefront_api.migrate import migrate
from storefront_api.platform.carrier import (
    Carrier,
    CarrierAwayError,
    CarrierRefusedError,
    CarrierScan,
)
from storefront_api.platform.database import open_pool
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.sending import labelled, placed, whats
from tests.integration.storefront.test_search_http import migrate_to


def _local(now: datetime) -> Mapping[str, Carrier]:
    return {"local": LocalCarrier("", lambda: now)}


class Broken(LocalCarrier):
    """A carrier that answers everything with an error."""

    def __init__(self, error: Exception) -> None:
        super().__init__("", lambda: datetime.now(UTC))
        self.error = error

    async def track(self, tracking_number: str) -> Sequence[CarrierScan]:
        raise self.error

    async def void(self, tracking_number: str) -> None:
        raise self.error


async def test_lost_webhooks_are_made_up_for_by_asking(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    order_id = placed(partner, shopper)["order_id"]
    labelled(partner, order_id)
    start = datetime.now(UTC)
    pool = await open_pool(database.url, 2)
    try:
        away: Any = {"local": Broken(CarrierAwayError("away"))}
        assert await follow(pool, away, start) >= 1
        assert await follow(pool, _local(start), start) == 0
        for after, status in ((2, "shipped"), (23, "shipped"), (30, "delivered")):
            now = start + timedelta(hours=after)
            both = (follow(pool, _local(now), now) for _ in range(2))
            assert sum(await asyncio.gather(*both)) >= 1
            assert shopper.get(f"/orders/{order_id}").json()["status"] == status
        later = now + 2 * ASK_EVERY
        assert await follow(pool, _local(later), later) == 0
    finally:
        await pool.close()
    assert whats(shopper, order_id)[-3:] == ["shipped", "moved", "delivered"]


@pytest.mark.parametrize(
    ("error", "known"), [(CarrierAwayError("away"), False), (CarrierRefusedError("used"), True)]
)
async def test_a_voided_shipments_label_is_given_back_until_the_carrier_answers(
    error: Exception,
    known: bool,
    partner: httpx.Client,
    shopper: httpx.Client,
    database: Database,
) -> None:
    shipment = labelled(partner, placed(partner, shopper)["order_id"])
    assert partner.delete(f"/shipments/{shipment['shipment_id']}").status_code == 200
    query = "SELECT count(label_voided_at) FROM shipments WHERE shipment_id = $1"
    shipment_id, now = uuid.UUID(shipment["shipment_id"]), datetime.now(UTC)
    pool = await open_pool(database.url, 1)
    try:
        broken: Any = {"local": Broken(error)}
        assert await void_labels(pool, broken, now) == known
        assert await pool.fetchval(query, shipment_id) == known
        assert await void_labels(pool, _local(now), now) == (not known)
        assert await pool.fetchval(query, shipment_id) == 1
    finally:
        await pool.close()


def test_orders_that_were_there_have_a_history_and_the_migration_goes_down_and_up(
    own_stack: Stack,
) -> None:
    server = own_stack.environment()["DATABASE_URL"]
    url = urlsplit(server)._replace(path=f"/older_{uuid.uuid4().hex[:12]}").geturl()
    asyncio.run(migrate(url))
    asyncio.run(migrate_to(url, "0007"))
    older = Database(url)
    assert older.value("SELECT to_regclass('order_changes')") is None
    for channel in ("web", "till"):
        older.rows(
            """
            INSERT INTO orders VALUES (gen_random_uuid(), 'p', 's', 'S1', $1, '', 'USD', 5, 0,
                now(), now(), 'allow', '',
                '{"method": "card"}', '{}')
            """,
            channel,
        )
    older.rows(
        """
        INSERT INTO checkouts VALUES (gen_random_uuid(), 'p', 'open', 's',
            '{"delivery": {"packaging": "paper_bag"}}', '[]', 5, NULL, now(), now(), NULL, NULL)
        """
    )
    asyncio.run(migrate(url))
    rows = older.rows(
        "SELECT channel, number, status FROM order_changes JOIN orders USING (order_id)"
    )
    assert {tuple(row) for row in rows} == {("web", 1, "placed"), ("till", 1, "delivered")}
    packed = "SELECT packaging ->> 'packaging' FROM checkouts"
    assert older.value(packed) == "paper_bag"
