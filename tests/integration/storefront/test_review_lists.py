"""Lists of reviews: in order, in pages, each page one range of an index."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest

from storefront_api.social import repository
from storefront_api.social.cursor import Sort
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.reviewing import Goods, posted

Shoppers = Callable[[], httpx.Client]


@pytest.fixture
def goods(partner: httpx.Client) -> Goods:
    """A product to buy."""
    return Goods(partner)


@pytest.mark.parametrize("sort", Sort)
def test_pages_together_are_the_whole_list_in_order(
    sort: Sort, goods: Goods, new_shopper: Shoppers
) -> None:
    author, readers = new_shopper(), [new_shopper() for _ in range(3)]
    given = random.Random(sort.value)
    written = [posted(author, goods, rating=given.randint(1, 5)) for _ in range(9)]
    for review in written:
        for reader in given.sample(readers, given.randint(0, 3)):
            reader.put(f"/reviews/{review['review_id']}/helpful")
    whole = goods.reviews(author, sort=sort.value, limit=100)
    assert {review["review_id"] for review in whole} == {each["review_id"] for each in written}
    keys = {
        Sort.NEWEST: [datetime.fromisoformat(review["posted_at"]) for review in whole][::-1],
        Sort.HELPFUL: [-review["helpful"] for review in whole],
        Sort.HIGHEST: [-review["rating"] for review in whole],
        Sort.LOWEST: [review["rating"] for review in whole],
    }[sort]
    assert keys == sorted(keys)
    paged: list[dict[str, Any]] = []
    after = ""
    while True:
        query = {"sort": sort.value, "limit": 2, "after": after}
        page = author.get(f"/products/{goods.product_id}/reviews", params=query).json()
        paged += page["reviews"]
        after = page["next_cursor"]
        if not after:
            break
    assert paged == whole
    good = [review for review in whole if review["rating"] == 5]
    assert goods.reviews(author, sort=sort.value, stars=5) == good


def test_lists_of_ones_own_and_of_what_waits_have_pages(
    goods: Goods, shopper: httpx.Client, partner: httpx.Client
) -> None:
    written = [posted(shopper, goods, body=f"www.shop{n}.example")["review_id"] for n in range(5)]
    mine: list[str] = []
    held: list[str] = []
    for client, path, found in (
        (shopper, "/account/reviews", mine),
        (partner, "/held-reviews", held),
    ):
        after: dict[str, str] = {}
        while True:
            page = client.get(path, params={"limit": 2, **after}).json()
            found += [review["review_id"] for review in page["reviews"]]
            if not page["next_cursor"]:
                break
            after = {"after": page["next_cursor"]}
    assert mine == written[::-1]
    assert [each for each in held if each in written] == written
    assert len(held) == len(set(held))
    assert shopper.get("/held-reviews").status_code == 403


def test_a_cursor_of_another_list_is_refused(goods: Goods, shopper: httpx.Client) -> None:
    for _ in range(2):
        posted(shopper, goods)
    path = f"/products/{goods.product_id}/reviews"
    cursor = shopper.get(path, params={"limit": 1}).json()["next_cursor"]
    refused = shopper.get(path, params={"sort": "lowest", "after": cursor})
    assert (refused.status_code, refused.json()["field"]) == (422, "query.after")


def test_a_rating_and_a_page_are_read_by_indexes(database: Database) -> None:
    async def plans() -> list[str]:
        connection = await asyncpg.connect(database.url)
        try:
            # So small are these tables that PostgreSQL would rather read them whole.
            await connection.execute("SET enable_seqscan = off; SET enable_sort = off")
            await connection.execute("SET plan_cache_mode = force_generic_plan")
            found = []
            for name, statement, values in (
                ("ratings", repository._RATINGS, "ARRAY['p'], now()"),
                *((sort, repository._PAGES[sort], "'p', NULL, NULL, 0, 20") for sort in Sort),
            ):
                await connection.execute(f"PREPARE {name} AS {statement}")
                rows = await connection.fetch(f"EXPLAIN EXECUTE {name} ({values})")
                found.append("\n".join(row[0] for row in rows))
            return found
        finally:
            await connection.close()

    rating, newest, helpful, highest, lowest = asyncio.run(plans())
    assert "product_ratings_pkey" in rating
    for plan, index in (
        (newest, "reviews_newest"),
        (helpful, "reviews_most_helpful"),
        (highest, "reviews_by_rating"),
        (lowest, "reviews_by_rating"),
    ):
        assert index in plan
        assert "Index Cond: ((product_id = $1) AND (ROW(" in plan
