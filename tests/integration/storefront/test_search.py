"""What every search engine owes the store, checked through the port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from storefront_api.platform.database import open_pool
from storefront_api.platform.pagination import Cursors, InvalidCursorError
from storefront_api.search.engine import (
    Correction,
    FacetValue,
    SearchEngine,
    Sort,
    Wanted,
)
from storefront_api.search.repository import PostgresSearch
from tests.integration.storefront.conftest import PARTNER, Database
from tests.integration.storefront.goods import product


def goods(sku: str, name: str, price: int, **changed: Any) -> dict[str, Any]:
    """Return a product with little in its other fields that a search could find."""
    neutral = {"brand": "Vale", "department": "STORE", "category": "SHELF", "product_type": "GOODS"}
    return product(sku, name=name, list_price_minor=price, **(neutral | changed))


def put(url: str, *products: dict[str, Any]) -> None:
    """Import products."""
    headers = {"Authorization": f"Bearer {PARTNER}"}
    body = {"products": list(products)}
    answer = httpx.post(f"{url}/catalog/imports", headers=headers, json=body, timeout=60)
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def shelves(store_url: str) -> str:
    """A storefront with an assortment that the tests below do not change."""
    dairy = {"department": "DAIRY", "category": "MILK"}
    put(
        store_url,
        goods("m1", "Whole milk", 150, brand="Meadow", **dairy),
        goods("m2", "Oat milk", 300, brand="Field", **dairy),
        goods("m3", "Milk chocolate", 250, brand="Field", department="GROCERY", category="CANDY"),
        goods("m4", "Butter cookies", 400, category="MILK PRODUCTS"),
        goods("s1", "Orange soda", 120, category="DRINKS"),
        goods("s2", "Cherry pop", 130, category="DRINKS"),
        goods("s3", "Soft drink cola", 140, category="DRINKS"),
        goods("d1", "Newborn diapers", 900),
        goods("j1", "Ben & Jerry's Dr.Pepper CAFÉ 7-Up", 500),
        goods("p1", "Dark peppermints", 100, opening_stock=0),
        goods("p2", "Dark peppercorns", 100),
        goods("p3", "White peppermints", 100),
        goods("v-small", "Rice in bags", 100, product_id="rice"),
        goods("v-large", "Rice in bags", 900, product_id="rice", opening_stock=0),
        goods("w1", "Plain rice", 500, vendor_id="v-2", currency="EUR"),
        *(
            goods(f"n{n:02d}", "Numbered noodles", 100 + n % 7, brand=f"B{n % 3}")
            for n in range(25)
        ),
    )
    return store_url


@pytest.fixture(params=["postgres"])
async def engine(
    request: pytest.FixtureRequest, shelves: str, database: Database
) -> AsyncIterator[SearchEngine]:
    """Each engine in turn, over the same assortment."""
    pool = await open_pool(database.url, 2)
    yield {"postgres": PostgresSearch}[request.param](pool, Cursors("key-of-the-tests"))
    await pool.close()


async def ids(engine: SearchEngine, text: str, **wanted: Any) -> set[str]:
    """Return what is found, without the prefix of all products of the tests."""
    found = await engine.search(Wanted(text, limit=100, **wanted))
    assert found.total == len(found.product_ids)
    return {product_id.removeprefix("product-") for product_id in found.product_ids}


async def test_a_hit_holds_every_word_in_any_form_and_place(engine: SearchEngine) -> None:
    assert await ids(engine, "milk") == {"m1", "m2", "m3", "m4"}
    assert await ids(engine, "MILK oats") == {"m2"}
    assert await ids(engine, "field candy") == {"m3"}
    assert await ids(engine, "milk diapers") == set()


@pytest.mark.parametrize("text", ["jerrys", "jerry's", "dr pepper", "Dr.Pepper", "café", "7-up"])
async def test_punctuation_and_case_make_no_difference(engine: SearchEngine, text: str) -> None:
    assert await ids(engine, text) == {"j1"}


@pytest.mark.parametrize("text", ["soda", "pop", "soft drink", "Soft Drinks"])
async def test_a_synonym_finds_what_the_word_finds(engine: SearchEngine, text: str) -> None:
    assert await ids(engine, text) == {"s1", "s2", "s3"}
    assert (await engine.search(Wanted(text))).corrected == []


async def test_a_synonym_that_no_product_has_is_no_typo(engine: SearchEngine) -> None:
    found = await engine.search(Wanted("nappies"))
    assert (list(found.product_ids), found.corrected) == (["product-d1"], [])


@pytest.mark.parametrize(
    ("typed", "used"),
    [("choclate", "chocolate"), ("mlik", "milk"), ("diapres", "diapers"), ("cherr", "cherry")],
)
async def test_a_word_without_a_hit_becomes_the_nearest_known(
    engine: SearchEngine, typed: str, used: str
) -> None:
    found = await engine.search(Wanted(typed))
    assert found.corrected == [Correction(typed, used)]
    right = await engine.search(Wanted(used))
    assert (found.product_ids, found.facets) == (right.product_ids, right.facets)
    assert right.corrected == []
    assert right.total > 0


async def test_only_the_wrong_word_is_corrected(engine: SearchEngine) -> None:
    found = await engine.search(Wanted("whle milk"))
    assert list(found.product_ids) == ["product-m1"]
    assert found.corrected == [Correction("whle", "whole")]


@pytest.mark.parametrize("text", ["xqzwvk", "!!! & | :*", "the", "🥑🥑", "'", "\\", "a:* | b", " "])
async def test_what_nothing_is_near_to_finds_nothing(engine: SearchEngine, text: str) -> None:
    found = await engine.search(Wanted(text))
    assert (list(found.product_ids), found.total, found.corrected) == ([], 0, [])
    assert all(values == [] for values in found.facets.values())


async def test_the_name_counts_for_more_than_the_category(engine: SearchEngine) -> None:
    found = await engine.search(Wanted("milk"))
    assert found.product_ids[-1] == "product-m4"


async def test_facets_count_the_whole_hit_set_of_the_filters(engine: SearchEngine) -> None:
    found = await engine.search(Wanted("milk", limit=1))
    assert found.total == 4
    departments = [FacetValue("DAIRY", 2), FacetValue("GROCERY", 1), FacetValue("STORE", 1)]
    assert found.facets["department"] == departments
    assert found.facets["brand"][0] == FacetValue("Field", 2)
    filtered = await engine.search(Wanted("milk", brand="Field"))
    assert (filtered.total, filtered.facets["brand"]) == (2, [FacetValue("Field", 2)])
    categories = [FacetValue("CANDY", 1), FacetValue("MILK", 1)]
    assert filtered.facets["category"] == categories


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"department": "DAIRY"}, {"m1", "m2"}),
        ({"category": "CANDY"}, {"m3"}),
        ({"brand": "Field"}, {"m2", "m3"}),
        ({"price_from_minor": 250}, {"m2", "m3", "m4"}),
        ({"price_to_minor": 250}, {"m1", "m3"}),
        ({"price_from_minor": 151, "price_to_minor": 299, "brand": "Field"}, {"m3"}),
        ({"vendor_id": "nobody"}, set()),
    ],
)
async def test_filters_narrow_the_hits(
    engine: SearchEngine, filters: dict[str, Any], expected: set[str]
) -> None:
    assert await ids(engine, "milk", **filters) == expected


async def test_one_variant_within_the_price_range_makes_a_hit(engine: SearchEngine) -> None:
    assert await ids(engine, "rice", price_from_minor=900) == {"rice"}
    assert await ids(engine, "rice", price_from_minor=200, price_to_minor=800) == {"w1"}
    assert await ids(engine, "rice", currency="EUR") == {"w1"}
    assert await ids(engine, "rice", vendor_id="v-2") == {"w1"}


async def test_one_variant_in_stock_makes_a_product_available(engine: SearchEngine) -> None:
    assert await ids(engine, "rice", in_stock=True) == {"rice", "w1"}
    assert await ids(engine, "peppermints") == {"p1", "p3"}
    assert await ids(engine, "peppermints", in_stock=True) == {"p3"}


@pytest.mark.parametrize("sort", list(Sort))
async def test_pages_hold_every_hit_once(engine: SearchEngine, sort: Sort) -> None:
    wanted = Wanted("noodles", sort=sort, limit=7)
    seen: list[str] = []
    while True:
        found = await engine.search(wanted)
        assert (found.total, len(found.facets["brand"])) == (25, 3)
        seen += found.product_ids
        if not found.next_cursor:
            break
        wanted = replace(wanted, after=found.next_cursor)
    assert len(seen) == len(set(seen)) == 25
    whole = await engine.search(replace(wanted, after="", limit=100))
    assert seen == whole.product_ids


async def test_prices_sort_by_the_cheapest_variant(engine: SearchEngine) -> None:
    rising = await engine.search(Wanted("rice", sort=Sort.PRICE_ASC))
    falling = await engine.search(Wanted("rice", sort=Sort.PRICE_DESC))
    assert list(rising.product_ids) == ["rice", "product-w1"]
    assert list(falling.product_ids) == ["product-w1", "rice"]


@pytest.mark.parametrize("after", ["nothing", "e30=", "🥑", "bnVsbA==", "W10="])
async def test_a_foreign_cursor_is_refused(engine: SearchEngine, after: str) -> None:
    with pytest.raises(InvalidCursorError):
        await engine.search(Wanted("noodles", after=after))


async def test_a_cursor_holds_for_its_own_order_only(engine: SearchEngine) -> None:
    found = await engine.search(Wanted("noodles", limit=5))
    with pytest.raises(InvalidCursorError):
        await engine.search(Wanted("noodles", after=found.next_cursor, sort=Sort.NEWEST))


async def test_completions_begin_as_typed_and_the_most_frequent_come_first(
    engine: SearchEngine,
) -> None:
    assert list(await engine.suggest("Pepper", 8)) == ["peppermints", "pepper", "peppercorns"]
    assert list(await engine.suggest("pepperm", 8)) == ["peppermints"]
    assert len(await engine.suggest("p", 2)) == 2


async def test_completions_occur_with_the_words_before(engine: SearchEngine) -> None:
    assert list(await engine.suggest("white pepp", 8)) == ["white peppermints"]
    assert list(await engine.suggest("milk pepp", 8)) == []


@pytest.mark.parametrize("text", ["!!!", " ", "🥑", "xqzwvk", "xqzwvk mil", "the", "' | mi:*"])
async def test_nothing_to_complete_is_no_error(engine: SearchEngine, text: str) -> None:
    assert isinstance(await engine.suggest(text, 8), list)


async def test_an_import_is_found_when_it_is_answered(engine: SearchEngine, shelves: str) -> None:
    put(shelves, goods("x1", "Quince jelly", 100))
    assert await ids(engine, "quince") == {"x1"}
    put(shelves, goods("x1", "Medlar jelly", 100))
    assert await ids(engine, "medlar") == {"x1"}
    assert await ids(engine, "quince") == set()
    assert list(await engine.suggest("quinc", 8)) == []


async def test_a_variant_that_moves_leaves_its_product(engine: SearchEngine, shelves: str) -> None:
    put(shelves, goods("y1", "Damson syrup", 100), goods("y2", "Damson syrup", 200))
    put(shelves, goods("y2", "Damson syrup", 200, product_id="product-y1"))
    assert await ids(engine, "damson") == {"y1"}
    assert await ids(engine, "damson", price_from_minor=200) == {"y1"}


async def test_the_newest_product_comes_first(engine: SearchEngine, shelves: str) -> None:
    put(shelves, goods("z1", "Sloe gin", 100))
    put(shelves, goods("z2", "Sloe jam", 100))
    put(shelves, goods("z1", "Sloe gin", 999))
    found = await engine.search(Wanted("sloe", sort=Sort.NEWEST))
    assert list(found.product_ids) == ["product-z2", "product-z1"]
