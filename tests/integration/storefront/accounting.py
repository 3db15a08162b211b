"""What the ledger says, as the tests ask it."""

from __future__ import annotations

from typing import Any

import httpx

from storefront_api.platform.auth import Gate
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import PARTNER, Database
from tests.integration.storefront.goods import key

GATE = Gate(PARTNER, "key-of-the-tests")


def posted(partner: httpx.Client, reference: str) -> dict[str, int]:
    """Return what one cause has moved, by account; empty if nothing."""
    answer = partner.get("/ledger/transfers", params={"reference": reference})
    if answer.status_code == 404:
        return {}
    assert answer.status_code == 200, answer.text
    return {entry["account_id"]: entry["amount"] for entry in answer.json()["entries"]}


def balance(database: Database, account_id: str) -> int:
    """Return the sum of an account's entries."""
    query = "SELECT coalesce(sum(amount), 0)::bigint FROM ledger_entries WHERE account_id = $1"
    return int(database.value(query, account_id))


def check_books(database: Database) -> None:
    """Check that every unit sums to zero and every kept balance is the sum of its entries."""
    units = "SELECT a.unit, sum(e.amount) FROM ledger_entries e JOIN ledger_accounts a USING"
    rows = database.rows(f"{units} (account_id) GROUP BY a.unit")
    assert {row["unit"]: row["sum"] for row in rows if row["sum"]} == {}
    kept = """
    SELECT a.account_id FROM ledger_accounts a LEFT JOIN ledger_entries e USING (account_id)
    WHERE a.balance IS NOT NULL
    GROUP BY a.account_id HAVING a.balance <> coalesce(sum(e.amount), 0) OR a.balance < 0
    """
    assert database.rows(kept) == []


def customer(client: httpx.Client, people: People) -> str:
    """Make a client that of a new customer, who has an account, and return the pseudonym."""
    person = people.new()
    client.headers["Authorization"] = person.client.headers["Authorization"]
    return person.subject


def gift_card(partner: httpx.Client, minor: int, **changed: Any) -> tuple[str, str]:
    """Issue a gift card and return its code and its account."""
    body = {"currency": "USD", "amount_minor": minor, "reason": "goodwill", **changed}
    answer = partner.post("/giftcards", json=body, headers=key())
    assert answer.status_code == 201, answer.text
    issued = answer.json()
    return issued["code"], f"gift_card/{issued['giftcard_id']}/{issued['currency']}"
