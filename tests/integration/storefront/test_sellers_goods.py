"""Goods of vendors that may not sell are shown nowhere and go into no cart."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import httpx

from deploy.local.stack import Stack
from storefront_api.migrate import migrate
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import product
from tests.integration.storefront.test_search_http import migrate_to
from tests.integration.storefront.vending import approved, decide, goods_of


def places(client: httpx.Client, department: str, word: str) -> dict[str, list[str]]:
    """Return the ids of the products that are listed, found and whose word is suggested."""
    listed = client.get("/products", params={"department": department}).json()["products"]
    found = client.get("/search", params={"q": word}).json()
    suggested = client.get("/search/suggestions", params={"q": word[:6]}).json()["suggestions"]
    ids = [each["product_id"] for each in found["products"]]
    assert found["total"] == len(ids)
    return {
        "listed": [each["product_id"] for each in listed],
        "found": ids,
        "suggested": suggested,
    }


def test_a_suspended_vendors_goods_vanish_and_come_back_with_its_approval(
    people: People, partner: httpx.Client, shopper: httpx.Client
) -> None:
    vendor_id, admin = approved(people), people.admin()
    changed: dict[str, Any] = {"department": "SUSPENDING", "name": "Quincemarmalade"}
    sku = goods_of(partner, vendor_id, 100, **changed)
    shown = {
        "listed": [f"product-{sku}"],
        "found": [f"product-{sku}"],
        "suggested": ["quincemarmalade"],
    }
    hidden: dict[str, list[str]] = {"listed": [], "found": [], "suggested": []}

    elsewhere = goods_of(partner, "", 100)
    offers = f"/variants/{elsewhere}/offers"
    offered = {"price_minor": 90, "shipping_minor": 5, "lead_days": 1}
    assert partner.put(f"{offers}/{vendor_id}/new", json=offered).status_code == 200

    def lowest() -> tuple[int, int | None]:
        variant = shopper.get(f"/products/product-{elsewhere}").json()["variants"][0]
        assert len(shopper.get(offers).json()) == variant["offers"]
        return variant["offers"], variant["lowest_landed_minor"]

    def seen() -> dict[str, list[str]]:
        return places(shopper, "SUSPENDING", "quincemarmalade")

    assert (seen(), lowest()) == (shown, (1, 95))
    path = f"/cart/lines/{sku}"
    assert shopper.put(path, json={"quantity": 1}).status_code == 200
    assert decide(admin, vendor_id, "suspend").status_code == 200
    assert (seen(), lowest()) == (hidden, (0, None))
    refused = shopper.put(path, json={"quantity": 2})
    assert (refused.status_code, refused.json()["field"]) == (404, "path.sku")
    assert [each["enough_in_stock"] for each in shopper.get("/cart").json()["lines"]] == [False]
    variants = shopper.get(f"/products/product-{sku}").json()["variants"]
    assert [each["available"] for each in variants] == [0]
    # What an import says of the goods does not bring them back.
    goods = product(sku, vendor_id=vendor_id, **changed, brand="Meadow")
    assert partner.post("/catalog/imports", json={"products": [goods]}).json()["updated"] == 1
    assert seen() == hidden
    decide(admin, vendor_id, "begin_review")
    admin.post(f"/vendors/{vendor_id}/checks")
    assert decide(admin, vendor_id, "approve").status_code == 200
    assert (seen(), lowest()) == (shown, (1, 95))
    assert shopper.put(path, json={"quantity": 2}).status_code == 200


def test_goods_whose_vendor_nobody_knows_stay_shown_and_the_migration_goes_down_and_up(
    own_stack: Stack,
) -> None:
    server = own_stack.environment()["DATABASE_URL"]
    url = urlsplit(server)._replace(path="/sellers_goods").geturl()
    asyncio.run(migrate(url))
    store = Database(url)
    for sku, vendor_id in (("known", "v-known"), ("unknown", "v-unknown")):
        row = {k: v for k, v in product(sku, vendor_id=vendor_id).items() if k != "opening_stock"}
        columns, values = ", ".join(row), ", ".join(f"${n + 1}" for n in range(len(row)))
        statement = f"INSERT INTO products ({columns}, updated_at) VALUES ({values}, now())"
        store.rows(statement, *row.values())
    insert = "INSERT INTO vendors (vendor_id, state, created_at, updated_at) VALUES "
    store.rows(f"{insert} ('v-known', 'rejected', now(), now())")
    store.rows("SELECT search_refresh(ARRAY['product-known', 'product-unknown'])")

    def found() -> list[str]:
        query = "SELECT product_id FROM search_documents ORDER BY product_id"
        return [row["product_id"] for row in store.rows(query)]

    assert found() == ["product-unknown"]
    asyncio.run(migrate_to(url, "0016"))
    assert found() == ["product-known", "product-unknown"]
    asyncio.run(migrate(url))
    assert found() == ["product-unknown"]
