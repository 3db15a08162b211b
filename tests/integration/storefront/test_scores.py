"""Scores as the store keeps, shows and remembers them; and prices before a reduction."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest

from storefront_api.catalog import answers, rules
from storefront_api.catalog.rules import Rules
from storefront_api.events import Event, Topic
from storefront_api.events.scores import ScoreChangedV1
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import new_sku, product
from tests.integration.storefront.wares import Calendar, created, shirt, store_of

Outbox = Callable[[Topic, str], list[Event]]
WOOD = {"materials": [{"material": "wood", "share_percent": 100}]}
KNOWN = {**WOOD, "certificates": ["fsc"], "origin": "US", "plastic_free": True}


def told(outbox: Outbox, product_id: str) -> list[ScoreChangedV1]:
    return [e for e in outbox(Topic.CATALOG, product_id) if isinstance(e, ScoreChangedV1)]


def found(client: httpx.Client, words: str, **filters: Any) -> list[str]:
    page = client.get("/search", params={"q": words, **filters}).json()
    return [hit["product_id"] for hit in page["products"]]


def test_a_product_of_which_nothing_is_known_has_no_score(partner: httpx.Client) -> None:
    shown = partner.get(f"/products/product-{new_sku(partner)}").json()["sustainability"]
    assert (shown["score"], shown["confidence"]) == (None, 0)
    assert [part["weight"] for part in shown["parts"]] == [35, 20, 15, 15, 10, 5]
    assert {part["known"] for part in shown["parts"]} == {0}


def test_attributes_are_scored_in_the_transaction_that_sets_them(
    partner: httpx.Client, shopper: httpx.Client, outbox: Outbox, database: Database
) -> None:
    product_id = f"product-{new_sku(partner, name='Gnu bowl')}"
    path = f"/catalog/products/{product_id}/attributes"
    for _ in range(2):
        shown = partner.put(path, json=KNOWN).json()["sustainability"]
        # (35·86 + 20·70 + 10·100 + 5·100) / 70 = 84.4
        assert (shown["score"], shown["confidence"], shown["rules_version"]) == (84, 0.7, "2025.1")
    assert all(part["source"] and part["method"] for part in shown["parts"])
    hit = shopper.get("/search", params={"q": "gnu"}).json()["products"][0]
    assert (hit["score"], hit["confidence"], hit["plastic_free"]) == (84, 0.7, True)
    assert (hit["certificates"], hit["origin"]) == (["fsc"], "US")
    events = told(outbox, product_id)
    assert [(e.data.score, e.data.previous_score) for e in events] == [(84, None)]
    less = partner.put(path, json=WOOD).json()["sustainability"]
    assert (less["score"], less["confidence"]) == (86, 0.35)
    assert [e.data.previous_score for e in told(outbox, product_id)] == [None, 84]
    count = "SELECT count(*) FROM score_history WHERE product_id = $1"
    assert database.value(count, product_id) == 2
    history = shopper.get(f"/products/{product_id}/scores", params={"limit": 1}).json()
    assert [each["score"] for each in history["scores"]] == [86]
    query = {"before": history["next_cursor"]}
    history = shopper.get(f"/products/{product_id}/scores", params=query).json()
    assert ([each["score"] for each in history["scores"]], history["next_cursor"]) == ([84], "")


@pytest.mark.parametrize(
    ("stated", "field"),
    [
        ({"certificates": ["self_made"]}, "body.certificates.0"),
        ({"packaging": "bubbles"}, "body.packaging"),
        (
            {"materials": [{"material": "plastic_pp", "share_percent": 5}], "plastic_free": True},
            "body.plastic_free",
        ),
        ({"recyclable_percent": 101}, "body.recyclable_percent"),
    ],
)
def test_a_claim_outside_the_vocabulary_is_refused(
    partner: httpx.Client, stated: dict[str, Any], field: str
) -> None:
    product_id = f"product-{new_sku(partner)}"
    answer = partner.put(f"/catalog/products/{product_id}/attributes", json=stated)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert partner.get(f"/products/{product_id}/scores").status_code == 404


def test_a_product_is_made_with_its_attributes_or_not_at_all(partner: httpx.Client) -> None:
    out = created(partner, shirt(attributes=KNOWN))
    assert out["sustainability"]["score"] == 84
    refused = shirt(attributes={"packaging": "bubbles"})
    answer = partner.post(
        "/catalog/products", json=refused, headers={"Idempotency-Key": uuid.uuid4().hex}
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "body.attributes.packaging")
    assert partner.get(f"/products/{refused['product_id']}").status_code == 404


def test_search_filters_counts_and_sorts_by_what_is_known(partner: httpx.Client) -> None:
    stated: dict[str, dict[str, Any]] = {
        "best": {"certificates": ["blue_angel", "fsc"], "origin": "US"},
        "good": {"certificates": ["fsc"], "plastic_free": True, "origin": "MX"},
        "poor": {"packaging": "plastic_other", "plastic_free": False, "origin": "US"},
        "unknown": {},
    }
    skus = {name: new_sku(partner, name=f"Tapir {name}") for name in stated}
    ids = {f"product-{sku}": name for name, sku in skus.items()}
    for name, attributes in stated.items():
        path = f"/catalog/products/product-{skus[name]}/attributes"
        partner.put(path, json=attributes).raise_for_status()

    def named(**filters: Any) -> list[str]:
        return [ids[each] for each in found(partner, "tapir", **filters)]

    assert named(sort="score") == ["best", "good", "poor", "unknown"]
    assert set(named(score_from=60)) == {"best", "good"}
    assert set(named(score_from=0)) == {"best", "good", "poor"}
    assert named(certificate=["fsc", "blue_angel"]) == ["best"]
    assert set(named(certificate="fsc")) == {"best", "good"}
    assert named(plastic_free="true") == ["good"]
    assert set(named(origin="US")) == {"best", "poor"}
    assert named(origin="US", score_from=60, certificate="fsc") == ["best"]
    facets = partner.get("/search", params={"q": "tapir"}).json()["facets"]

    def counted(facet: str) -> dict[str, int]:
        return {each["value"]: each["products"] for each in facets[facet]}

    assert counted("origin") == {"US": 2, "MX": 1}
    assert counted("certificate") == {"fsc": 2, "blue_angel": 1}
    assert counted("plastic_free") == {"true": 1, "false": 1}
    assert counted("score") == {"80": 1, "60": 1, "20": 1}
    pages, cursor = [], ""
    for _ in range(4):
        query = {"q": "tapir", "sort": "score", "limit": "1", "after": cursor}
        page = partner.get("/search", params=query).json()
        pages += [ids[hit["product_id"]] for hit in page["products"]]
        cursor = page["next_cursor"]
    assert (pages, cursor) == (["best", "good", "poor", "unknown"], "")


def test_what_was_scored_or_asked_stays(partner: httpx.Client, database: Database) -> None:
    product_id = created(partner, shirt(attributes=KNOWN))["product_id"]
    for table, where in (("score_history", "product_id LIKE $1"), ("price_history", "sku LIKE $1")):
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET entry_id = DEFAULT"):
            with pytest.raises(asyncpg.RaiseError, match="append-only"):
                database.rows(f"{change} WHERE {where}", product_id + "%")


def test_the_vocabulary_can_be_read_with_its_sources(shopper: httpx.Client) -> None:
    path = "/catalog/sustainability-rules"
    shown = shopper.get(path).json()
    assert shown == shopper.get(path, params={"version": "2025.1"}).json()
    assert {"issuer", "url"} <= shown["certificates"][0].keys()
    assert shopper.get(path, params={"version": "1"}).status_code == 404


def next_rules() -> Rules:
    """Return rules by which origin counts for more, from the middle of March 2026 on."""
    stated = rules.of_version("2025.1").model_dump(mode="json")
    weights = {"recyclability": 5, "origin": 20}
    for part in stated["parts"]:
        part["weight"] = weights.get(part["part"], part["weight"])
    return Rules.model_validate(
        stated | {"version": "2026.1", "valid_from": "2026-03-15T00:00:00Z"}
    )


async def test_new_rules_score_everything_anew_and_the_past_as_it_was(
    environment: dict[str, str], outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"2025.1": rules.of_version("2025.1"), "2026.1": next_rules()}
    for module in (rules, answers):
        monkeypatch.setattr(module, "published", lambda: known)
    calendar = Calendar()
    async with store_of(environment, calendar) as client:
        while (await client.post("/catalog/scores")).json()["left"]:
            pass
        sku = f"T{uuid.uuid4().hex[:12]}"
        path = f"/products/product-{sku}"
        await client.post("/catalog/imports", json={"products": [product(sku)]})
        stated = {"recyclable_percent": 40, "origin": "US"}
        before = await client.put(f"/catalog{path}/attributes", json=stated)
        assert before.json()["sustainability"]["score"] == 64  # (15·40 + 10·100) / 25
        assert (await client.post("/catalog/scores")).json()["rescored"] == 0
        calendar.passes(days=30)
        done = (await client.post("/catalog/scores")).json()
        assert (done["rules_version"], done["left"]) == ("2026.1", 0)
        assert (await client.post("/catalog/scores")).json()["rescored"] == 0
        after = (await client.get(path)).json()["sustainability"]
        assert (after["score"], after["rules_version"]) == (88, "2026.1")  # (5·40 + 20·100) / 25
        past = (await client.get(f"{path}/scores")).json()["scores"]
        assert [each["score"] for each in past] == [88, 64]
        query = {"rules_version": "2026.1"}
        again = (await client.get(f"{path}/scores", params=query)).json()["scores"]
        assert [each["score"] for each in again] == [88, 88]
        missing = await client.get(f"{path}/scores", params={"rules_version": "1"})
        assert missing.status_code == 404
    events = await asyncio.to_thread(told, outbox, f"product-{sku}")
    assert [event.data.rules_version for event in events] == ["2025.1", "2026.1"]


async def test_the_lowest_price_of_thirty_days_is_told_with_a_reduction(
    environment: dict[str, str], database: Database
) -> None:
    calendar = Calendar()
    sku = f"T{uuid.uuid4().hex[:12]}"
    async with store_of(environment, calendar) as client:

        async def ask(price: int) -> None:
            body = {"products": [product(sku, list_price_minor=price)]}
            (await client.post("/catalog/imports", json=body)).raise_for_status()

        async def lowest() -> int | None:
            out = (await client.get(f"/products/product-{sku}")).json()
            listed = (await client.get("/products", params={"limit": 200})).json()["products"]
            assert out in listed
            reduced = out["variants"][0]["reduced"]
            return reduced and int(reduced["lowest_30_days_minor"])

        await ask(900)
        calendar.passes(days=40)
        await ask(1200)
        assert await lowest() is None
        calendar.passes(days=29, hours=23)
        await ask(1000)
        assert await lowest() is None  # 900 was asked within the thirty days
        await ask(1200)
        calendar.passes(hours=1)
        # Exactly thirty days after the last instant of 900; the 1000 of an hour ago lasted no time.
        await ask(999)
        assert await lowest() == 1200
        await ask(999)
        calendar.passes(days=30, milliseconds=-1)
        assert await lowest() == 1200
        calendar.passes(milliseconds=1)
        assert await lowest() is None
    statement = "SELECT price_minor FROM price_history WHERE sku = $1 ORDER BY entry_id"
    rows = await asyncio.to_thread(database.rows, statement, sku)
    assert [row["price_minor"] for row in rows] == [900, 1200, 1000, 1200, 999]
