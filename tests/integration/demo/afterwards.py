"""What follows a simulation in the store: commission, a refund, a chargeback, and payouts."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from datetime import time as of_day
from pathlib import Path
from typing import Any

import httpx

from deploy.demo.client import Storefront
from deploy.demo.shoppers.timeline import SharedClock
from tests.integration import plain

Fetch = Callable[..., list[Any]]
DEADLINE_S = 60.0


def partner(environment: Mapping[str, str]) -> httpx.Client:
    """Return a client of the store's partner."""
    head = {"Authorization": f"Bearer {environment['PARTNER_TOKEN']}"}
    return plain.Client(base_url=environment["STOREFRONT_URL"], headers=head, timeout=30)


def charge_commission(environment: Mapping[str, str], rate_bp: int, since: date) -> None:
    """Let all vendors owe commission of orders from a day on."""
    body = {"rate_bp": rate_bp, "valid_from": f"{since}T00:00:00.000Z"}
    with partner(environment) as client:
        head = {"Idempotency-Key": uuid.uuid4().hex}
        client.post("/commission-rules", json=body, headers=head).raise_for_status()


def give_back(environment: Mapping[str, str], orders: list[Any], day: date) -> None:
    """Refund a part of the first order and have the second one charged back, both on a day."""
    at_ms = int(datetime.combine(day, of_day(12), UTC).timestamp() * 1000)
    refunded, disputed = orders

    async def both() -> None:
        store = Storefront(
            environment["STOREFRONT_URL"],
            environment["PARTNER_TOKEN"],
            environment["DISPUTE_WEBHOOK_SECRET"],
        )
        try:
            part = refunded["total_minor"] // 3
            await store.refund(str(refunded["order_id"]), part, "goodwill", at_ms)
            whole = disputed["total_minor"]
            await store.dispute(str(disputed["order_id"]), whole, "general", at_ms)
        finally:
            await store.close()

    asyncio.run(both())


def pay_out(environment: Mapping[str, str], fetch: Fetch, day: date) -> None:
    """Pay what vendors are owed on a day of the simulation; the first vendor has no account."""
    vendors = fetch(
        environment,
        "SELECT account, min(currency) AS currency FROM vendor_ledger WHERE account <> '' "
        "GROUP BY account HAVING sum(amount_minor) > 0 ORDER BY account LIMIT 3",
    )
    wanted = {"type": "express", "capabilities[transfers][requested]": "true"}
    provider = {"Authorization": f"Bearer {environment['PAYMENT_KEY']}"}
    evening = int((datetime.combine(day, of_day(), UTC) + timedelta(hours=22)).timestamp() * 1000)
    with (
        closing(SharedClock(Path(environment["SHARED_CLOCK"]))) as clock,
        partner(environment) as client,
    ):
        for number, vendor in enumerate(vendors):
            opened = plain.post(
                f"{environment['PAYMENT_URL']}/v1/accounts", data=wanted, headers=provider
            ).raise_for_status()
            account = {"account": opened.json()["id"] if number else "acct_unknown"}
            path = f"/vendors/{vendor['account']}/payout-account"
            client.put(path, json=account).raise_for_status()
        clock.show(evening)
        head = {"Idempotency-Key": uuid.uuid4().hex}
        body = {"currency": vendors[0]["currency"], "minimum_minor": 1}
        client.post("/payout-runs", json=body, headers=head).raise_for_status()
        deadline = time.monotonic() + DEADLINE_S
        while open_ := fetch(environment, "SELECT * FROM payouts WHERE state = 'created'"):
            assert time.monotonic() < deadline, open_
            clock.show(evening)
            time.sleep(0.1)
    states = fetch(environment, "SELECT DISTINCT state FROM payouts ORDER BY state")
    assert [row["state"] for row in states] == ["failed", "paid"]
