"""Search as shoppers reach it, and the tables under it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import urlsplit

import httpx
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.stack import Stack
from storefront_api.catalog.repository import COLUMNS
from storefront_api.migrate import migrate
from tests.integration import plain
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import new_sku, product


@pytest.fixture(scope="module")
def visitor(store_url: str) -> Iterator[httpx.Client]:
    """A client without a credential."""
    with plain.Client(base_url=store_url, timeout=60) as client:
        yield client


def test_a_hit_says_what_the_catalogue_says(visitor: httpx.Client, partner: httpx.Client) -> None:
    products = [
        product("c-1", product_id="cider", name="Cloudy cider", list_price_minor=300),
        product("c-2", product_id="cider", name="Cider, other size", list_price_minor=200),
    ]
    partner.post("/catalog/imports", json={"products": products}).raise_for_status()
    page = visitor.get("/search", params={"q": "cloudy"}).json()
    shown = visitor.get("/products/cider").json()
    (hit,) = page["products"]
    told_apart = {"variants", "rating"}
    assert {name: hit[name] for name in hit.keys() & shown.keys() - told_apart} == {
        name: shown[name] for name in hit.keys() & shown.keys() - told_apart
    }
    assert hit["rating"] == shown["rating"]["weighted"]
    prices = [variant["list_price_minor"] for variant in shown["variants"]]
    assert (hit["price_from_minor"], hit["price_to_minor"]) == (min(prices), max(prices))
    assert (hit["variants"], hit["in_stock"], page["total"]) == (2, True, 1)
    assert page["facets"]["department"] == [{"value": "GROCERY", "products": 1}]


def test_the_answer_says_which_word_was_corrected(
    visitor: httpx.Client, partner: httpx.Client
) -> None:
    new_sku(partner, name="Kumquat marmalade")
    page = visitor.get("/search", params={"q": "kumqaut"}).json()
    assert page["corrected"] == [{"word": "kumqaut", "used": "kumquat"}]
    assert page["total"] == 1
    found = visitor.get("/search/suggestions", params={"q": "kumquat mar"}).json()
    assert found == {"suggestions": ["kumquat marmalade"]}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "query.q"),
        ({"q": ""}, "query.q"),
        ({"q": "a" * 201}, "query.q"),
        ({"q": "a", "limit": "0"}, "query.limit"),
        ({"q": "a", "sort": "cheapest"}, "query.sort"),
        ({"q": "a", "after": "nothing"}, "query.after"),
        ({"q": "a", "brand": "\0"}, "query.brand"),
        ({"q": "a", "currency": "usd"}, "query.currency"),
        ({"q": "a", "price_from_minor": "-1"}, "query.price_from_minor"),
        ({"q": "a", "price_from_minor": "2", "price_to_minor": "1"}, "query.price_to_minor"),
        ({"q": "a", "in_stock": "perhaps"}, "query.in_stock"),
    ],
)
def test_bad_input_is_named(visitor: httpx.Client, query: dict[str, str], field: str) -> None:
    answer = visitor.get("/search", params=query)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("path", ["/search", "/search/suggestions"])
@pytest.mark.parametrize(
    "raw", ["%00", "%ff%fe", "a%00b", "%27%3B--", "%22oats", "oats%20%26%26%20%7C", "%C3%28", "+"]
)
def test_odd_bytes_are_words_or_nothing(visitor: httpx.Client, path: str, raw: str) -> None:
    assert visitor.get(f"{path}?q={raw}").status_code == 200


OPERATORS = st.text(alphabet="'\"\\&|!():*<->@ ao\0%_", min_size=1, max_size=200)


@settings(max_examples=150, deadline=None)
@given(q=st.text(min_size=1, max_size=200) | OPERATORS)
def test_no_text_makes_the_search_fail(visitor: httpx.Client, q: str) -> None:
    for path in ("/search", "/search/suggestions"):
        assert visitor.get(path, params={"q": q}).status_code == 200


NAMES = ("department", "category", "brand", "vendor", "currency", "sort", "after", "in_stock")


@settings(max_examples=100, deadline=None)
@given(
    query=st.dictionaries(
        st.sampled_from((*NAMES, "limit", "price_from_minor", "price_to_minor")),
        st.text(max_size=40) | st.integers().map(str),
    )
)
def test_no_filter_makes_the_search_fail(visitor: httpx.Client, query: dict[str, str]) -> None:
    assert visitor.get("/search", params={"q": "oats"} | query).status_code in {200, 422}


def test_the_words_are_counted_as_the_products_hold_them(
    partner: httpx.Client, database: Database
) -> None:
    for _ in range(3):
        sku = new_sku(partner, name="Counted barley")
        changed = product(sku, name="Recounted rye", product_id=f"product-{sku}")
        partner.post("/catalog/imports", json={"products": [changed]}).raise_for_status()
    counted = database.rows("SELECT word, products FROM search_words WHERE products > 0 ORDER BY 1")
    held = database.rows(
        "SELECT word, count(*) AS products FROM search_documents, unnest(words) AS word "
        'GROUP BY word ORDER BY word COLLATE "C"'
    )
    assert [tuple(row) for row in counted] == [tuple(row) for row in held]


def test_what_is_indexed_again_stays_as_it_is(database: Database) -> None:
    def tables() -> list[str]:
        return [
            database.value(f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {name} t")
            for name in ("search_documents", "search_words")
        ]

    before = tables()
    database.rows("SELECT search_refresh(ARRAY(SELECT product_id FROM products))")
    assert tables() == before


async def migrate_to(url: str, revision: str) -> None:
    """Take the newest migrations back, down to a revision."""

    def back(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(files("storefront_api") / "migrations"))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(back)
    finally:
        await engine.dispose()


def test_a_store_that_has_products_is_searchable_after_the_migration(own_stack: Stack) -> None:
    server = own_stack.environment()["DATABASE_URL"]
    url = urlsplit(server)._replace(path=f"/older_{uuid.uuid4().hex[:12]}").geturl()
    asyncio.run(migrate(url))
    asyncio.run(migrate_to(url, "0003"))
    older = Database(url)
    assert older.value("SELECT to_regclass('search_documents')") is None
    columns = ", ".join(COLUMNS)
    values = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
    row = product("old-1", name="Mulberry wine")
    statement = f"INSERT INTO products ({columns}, updated_at) VALUES ({values}, now())"
    older.rows(statement, *(row[name] for name in COLUMNS))
    asyncio.run(migrate(url))
    assert older.value("SELECT products FROM search_words WHERE word = 'mulberry'") == 1
