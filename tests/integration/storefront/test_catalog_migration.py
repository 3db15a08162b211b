"""The catalogue's tables come over a store that is in use, and go again."""

from __future__ import annotations

import asyncio
import uuid
from urllib.parse import urlsplit

from deploy.local.stack import Stack
from storefront_api.catalog.repository import COLUMNS
from storefront_api.migrate import migrate
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import product
from tests.integration.storefront.test_search_http import migrate_to

WORD = "SELECT products FROM search_words WHERE word = $1"


def put(store: Database, sku: str, name: str, price: int) -> None:
    columns = ", ".join(COLUMNS)
    values = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
    row = product(sku, name=name, list_price_minor=price)
    statement = f"INSERT INTO products ({columns}, updated_at) VALUES ({values}, now())"
    store.rows(statement, *(row[column] for column in COLUMNS))
    store.rows("SELECT search_refresh(ARRAY[$1])", f"product-{sku}")


def prices(store: Database) -> list[tuple[str, int]]:
    rows = store.rows("SELECT sku, price_minor FROM price_history ORDER BY entry_id")
    return [tuple(row) for row in rows]


def test_prices_are_remembered_from_the_migration_on_and_words_stay_counted(
    own_stack: Stack,
) -> None:
    server = own_stack.environment()["DATABASE_URL"]
    url = urlsplit(server)._replace(path=f"/used_{uuid.uuid4().hex[:12]}").geturl()
    asyncio.run(migrate(url))
    asyncio.run(migrate_to(url, "0007"))
    store = Database(url)
    put(store, "m-1", "Quince wine", 100)
    asyncio.run(migrate(url))
    assert prices(store) == [("m-1", 100)]
    put(store, "m-2", "Quince jam", 200)
    store.rows("UPDATE products SET list_price_minor = list_price_minor - 10, updated_at = now()")
    store.rows("UPDATE products SET brand = 'Vale'")
    assert prices(store) == [("m-1", 100), ("m-2", 200), ("m-1", 90), ("m-2", 190)]
    store.rows(
        "INSERT INTO variant_options (sku, product_id, options, options_hash) "
        "VALUES ('m-1', 'product-m-1', '{\"colour\": \"ochre\"}', 'a')"
    )
    store.rows("UPDATE products SET archived_at = now() WHERE sku = 'm-2'")
    store.rows("SELECT search_refresh(ARRAY['product-m-1', 'product-m-2'])")
    assert [store.value(WORD, word) for word in ("quince", "ochre", "jam")] == [1, 1, 0]
    asyncio.run(migrate_to(url, "0007"))
    assert [store.value(WORD, word) for word in ("quince", "ochre", "jam")] == [2, 0, 1]
    asyncio.run(migrate(url))
    assert [store.value(WORD, word) for word in ("quince", "ochre", "jam")] == [2, 0, 1]
    assert prices(store) == [("m-1", 90), ("m-2", 190)]
