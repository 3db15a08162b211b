"""What every search engine owes the store, checked through the port."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.ports import free_port
from storefront_api.catalog.rules import in_force
from storefront_api.platform.clock import system_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.pagination import Cursors, InvalidCursorError
from storefront_api.search.engine import (
    Correction,
    FacetValue,
    SearchEngine,
    Sort,
    Wanted,
)
from storefront_api.search.index import schema
from storefront_api.search.index.engine import IndexSearch
from storefront_api.search.repository import PostgresSearch
from tests.integration.storefront.conftest import DEADLINE_S, PARTNER, Database, Worker, heeding
from tests.integration.storefront.goods import new_sku
from tests.integration.storefront.shelf import ORDERS, Shelf, goods, put


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


@pytest.fixture(scope="module")
def folder(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an index that follows the storefront."""
    port = str(free_port())
    log = tmp_path_factory.mktemp("indexer") / "log"
    worker = Worker(environment | {"METRICS_PORT": port}, log)
    worker.start("storefront_api.search.index.worker")
    heeding(port)
    yield schema.folder_of(Path(environment["SEARCH_INDEX_DIR"]))
    assert worker.end() == 0, worker.log()


@pytest.fixture(params=["postgres", "tantivy"])
async def engine(
    request: pytest.FixtureRequest, shelves: str, database: Database, folder: Path
) -> AsyncIterator[SearchEngine]:
    """Each engine in turn, over the same assortment."""
    pool = await open_pool(database.url, 2)
    cursors = Cursors("key-of-the-tests")
    engines: dict[str, SearchEngine] = {
        "postgres": PostgresSearch(pool, cursors, system_clock),
        "tantivy": IndexSearch(folder, pool, cursors),
    }
    engine = engines[request.param]
    await known(engine)
    yield engine
    await pool.close()


async def known(engine: SearchEngine) -> None:
    """Wait until an engine knows all that was changed before."""
    async with asyncio.timeout(DEADLINE_S):
        while not await engine.caught_up():
            await asyncio.sleep(0.02)


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


async def test_an_import_is_found_as_soon_as_it_is_known(
    engine: SearchEngine, shelves: str
) -> None:
    put(shelves, goods("x1", "Quince jelly", 100))
    await known(engine)
    assert await ids(engine, "quince") == {"x1"}
    put(shelves, goods("x1", "Medlar jelly", 100))
    await known(engine)
    assert await ids(engine, "medlar") == {"x1"}
    assert await ids(engine, "quince") == set()
    assert list(await engine.suggest("quinc", 8)) == []


async def test_a_variant_that_moves_leaves_its_product(engine: SearchEngine, shelves: str) -> None:
    put(shelves, goods("y1", "Damson syrup", 100), goods("y2", "Damson syrup", 200))
    put(shelves, goods("y2", "Damson syrup", 200, product_id="product-y1"))
    await known(engine)
    assert await ids(engine, "damson") == {"y1"}
    assert await ids(engine, "damson", price_from_minor=200) == {"y1"}


async def test_the_newest_product_comes_first(engine: SearchEngine, shelves: str) -> None:
    put(shelves, goods("z1", "Sloe gin", 100))
    put(shelves, goods("z2", "Sloe jam", 100))
    put(shelves, goods("z1", "Sloe gin", 999))
    await known(engine)
    found = await engine.search(Wanted("sloe", sort=Sort.NEWEST))
    assert list(found.product_ids) == ["product-z2", "product-z1"]


async def test_what_is_archived_or_may_not_be_sold_is_no_longer_found(
    engine: SearchEngine, shelves: str, partner: httpx.Client, database: Database
) -> None:
    word, vendor_id = (f"{kind}{uuid.uuid4().hex[:10]}" for kind in "wv")
    kinds = {"root": "v-1", "crisps": "v-1", "stems": vendor_id}
    named = {kind: goods(f"{word}-{kind}", f"{word} {kind}", 100) for kind in kinds}
    for kind, seller in kinds.items():
        named[kind]["vendor_id"] = seller
    put(shelves, *named.values())
    await known(engine)
    assert await ids(engine, word) == {f"{word}-{kind}" for kind in kinds}
    close = "UPDATE vendors SET state = 'suspended' WHERE vendor_id = $1"
    await asyncio.to_thread(database.rows, close, vendor_id)
    partner.post(f"/catalog/products/product-{word}-root/archive").raise_for_status()
    await known(engine)
    assert await ids(engine, word) == {f"{word}-crisps"}
    assert list(await engine.suggest(word[:-1], 8)) == [word]
    assert list(await engine.suggest(f"{word} r", 8)) == []


async def test_a_synonym_that_is_added_is_used(engine: SearchEngine, database: Database) -> None:
    add = "INSERT INTO search_synonyms (term, meaning) VALUES ($1, 'milk'), ('milk', 'milk')"
    await asyncio.to_thread(database.rows, add, "moo juice")
    try:
        await known(engine)
        assert await ids(engine, "moo juice") == {"m1", "m2", "m3", "m4"}
    finally:
        remove = "DELETE FROM search_synonyms WHERE meaning = 'milk'"
        await asyncio.to_thread(database.rows, remove)


async def test_the_best_rated_come_first_and_without_a_review_the_prior_counts(
    engine: SearchEngine, shelves: str, database: Database
) -> None:
    put(shelves, *(goods(f"r{number}", "Rated figs", 100) for number in range(5)))
    # (15 + 5) / 6, (15 + 80) / 25, (15 + 3) / 8, and twice 15 / 5.
    rate = "INSERT INTO product_ratings (product_id, stars_1, stars_4, stars_5) VALUES "
    rated = "('product-r0', 0, 0, 1), ('product-r1', 0, 20, 0), ('product-r2', 3, 0, 0)"
    await asyncio.to_thread(database.rows, f"{rate} {rated} ON CONFLICT DO NOTHING")
    await known(engine)
    wanted = Wanted("figs", sort=Sort.RATING, limit=1)
    pages = []
    for _ in range(5):
        found = await engine.search(wanted)
        pages += [each.removeprefix("product-") for each in found.product_ids]
        wanted = replace(wanted, after=found.next_cursor)
    assert (pages, found.next_cursor) == (["r1", "r0", "r3", "r4", "r2"], "")


@pytest.fixture(scope="module")
def shelf(store_url: str) -> Shelf:
    """Products of which different things are known."""
    headers = {"Authorization": f"Bearer {PARTNER}"}
    with httpx.Client(base_url=store_url, headers=headers, timeout=60) as partner:
        return Shelf(partner)


@pytest.mark.parametrize("wanted", ORDERS, ids="+".join)
async def test_what_has_more_of_the_preferred_traits_comes_first(
    engine: SearchEngine, shelf: Shelf, wanted: tuple[str, ...]
) -> None:
    await known(engine)
    traits = [each for each in in_force(system_clock()).traits if each.trait in wanted]
    asked = Wanted(shelf.word, prefers=tuple(traits), limit=3)
    seen: list[int] = []
    while True:
        found = await engine.search(asked)
        seen += [shelf.ids.index(product_id) for product_id in found.product_ids]
        if not found.next_cursor:
            break
        asked = replace(asked, after=found.next_cursor)
    assert seen == ORDERS[wanted]


async def test_scores_filter_count_and_sort(engine: SearchEngine, partner: httpx.Client) -> None:
    stated: dict[str, dict[str, Any]] = {
        "best": {"certificates": ["blue_angel", "fsc"], "origin": "US"},
        "good": {"certificates": ["fsc"], "plastic_free": True, "origin": "MX"},
        "poor": {"packaging": "plastic_other", "plastic_free": False, "origin": "US"},
        "unknown": {},
    }
    word = f"Tapir{uuid.uuid4().hex[:10]}"
    names = {f"product-{new_sku(partner, name=f'{word} {name}')}": name for name in stated}
    for product_id, name in names.items():
        path = f"/catalog/products/{product_id}/attributes"
        partner.put(path, json=stated[name]).raise_for_status()
    await known(engine)

    async def named(**filters: Any) -> list[str]:
        found = await engine.search(Wanted(word, **filters))
        return [names[each] for each in found.product_ids]

    assert await named(sort=Sort.SCORE) == ["best", "good", "poor", "unknown"]
    assert await named(sort=Sort.SCORE, score_from=60) == ["best", "good"]
    assert await named(sort=Sort.SCORE, score_from=0) == ["best", "good", "poor"]
    assert await named(certificates=("fsc", "blue_angel")) == ["best"]
    assert await named(plastic_free=True) == ["good"]
    assert set(await named(origin="US")) == {"best", "poor"}
    facets = (await engine.search(Wanted(word))).facets
    assert facets["origin"] == [FacetValue("US", 2), FacetValue("MX", 1)]
    assert facets["certificate"] == [FacetValue("fsc", 2), FacetValue("blue_angel", 1)]
    assert facets["plastic_free"] == [FacetValue("false", 1), FacetValue("true", 1)]
    assert facets["score"] == [FacetValue("20", 1), FacetValue("60", 1), FacetValue("80", 1)]
