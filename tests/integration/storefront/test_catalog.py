"""The catalogue, its stock and the tables under them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from deploy.local.stack import Stack
from storefront_api.events import Event, Topic
from storefront_api.migrate import migrate
from tests.integration.storefront.conftest import ROOT, Database
from tests.integration.storefront.goods import key, new_sku, product

VERSIONS = ROOT / "storefront_api" / "migrations" / "versions"


def told(database: Database, prefix: str) -> list[str]:
    """Return the types of the events about products of a prefix."""
    statement = (
        "SELECT payload::jsonb ->> 'type' AS type FROM outbox WHERE key LIKE $1 ORDER BY outbox_id"
    )
    return [row["type"] for row in database.rows(statement, f"product-{prefix}%")]


def test_only_real_changes_are_written_and_told(partner: httpx.Client, database: Database) -> None:
    prefix = f"T{uuid.uuid4().hex[:8]}"
    products = [product(f"{prefix}-{number}") for number in range(3)]

    def send() -> dict[str, int]:
        answer = partner.post("/catalog/imports", json={"products": products})
        assert answer.status_code == 200
        counts: dict[str, int] = answer.json()
        return counts

    assert send() == {"created": 3, "updated": 0, "unchanged": 0}
    assert send() == {"created": 0, "updated": 0, "unchanged": 3}
    products[1] |= {"list_price_minor": 999, "opening_stock": 7}
    assert send() == {"created": 0, "updated": 1, "unchanged": 2}
    assert told(database, prefix) == ["product_created"] * 3 + ["product_updated"]
    read = partner.get(f"/products/product-{prefix}-1").json()["variants"][0]
    assert (read["list_price_minor"], read["on_hand"]) == (999, 100)


def test_the_same_import_many_times_at_once_is_told_once(
    partner: httpx.Client, database: Database
) -> None:
    prefix = f"T{uuid.uuid4().hex[:8]}"
    body = {"products": [product(f"{prefix}-{number}") for number in range(50)]}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: partner.post("/catalog/imports", json=body), range(8)))
    assert sum(answer.json()["created"] for answer in answers) == 50
    assert told(database, prefix) == ["product_created"] * 50


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"list_price_minor": -1}, "list_price_minor"),
        ({"mass_grams": 10**10}, "mass_grams"),
        ({"unit": "kilo"}, "unit"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_one_bad_row_is_named_and_nothing_is_done(
    partner: httpx.Client, database: Database, changed: dict[str, object], field: str
) -> None:
    prefix = f"T{uuid.uuid4().hex[:8]}"
    products = [product(f"{prefix}-0"), product(f"{prefix}-1") | changed]
    answer = partner.post("/catalog/imports", json={"products": products})
    assert (answer.status_code, answer.json()["field"]) == (422, f"body.products.1.{field}")
    assert told(database, prefix) == []
    twice = {"products": [product(f"{prefix}-0")] * 2}
    answer = partner.post("/catalog/imports", json=twice)
    assert (answer.status_code, answer.json()["field"]) == (422, "body.products.0.sku")


def test_pages_hold_every_product_of_a_department_once(partner: httpx.Client) -> None:
    department = uuid.uuid4().hex
    skus = {new_sku(partner, department=department) for _ in range(7)}
    seen: list[str] = []
    cursor, pages = "", 0
    link = f"/products?department={department}&limit=3"
    while pages == 0 or cursor:
        answer = partner.get(link)
        page = answer.json()
        seen += [v["sku"] for found in page["products"] for v in found["variants"]]
        cursor, pages = page["next_cursor"], pages + 1
        link = answer.links.get("next", {}).get("url", "")
        assert link == (f"/products?department={department}&limit=3&after={cursor}" * bool(cursor))
    assert (pages, len(seen), set(seen)) == (3, 7, skus)
    refused = partner.get("/products", params={"limit": "201"})
    assert (refused.status_code, refused.json()["field"]) == (422, "query.limit")


def test_a_cursor_that_was_made_up_changed_or_is_anothers_is_refused(
    partner: httpx.Client,
) -> None:
    new_sku(partner)
    new_sku(partner)
    given = partner.get("/products", params={"limit": "1"}).json()["next_cursor"]
    changed = given[:5] + ("A" if given[5] != "A" else "B") + given[6:]
    for path, query in (
        ("/products", {"after": "product-1"}),
        ("/products", {"after": changed}),
        ("/search", {"after": given, "q": "oats"}),
    ):
        refused = partner.get(path, params=query)
        assert (refused.status_code, refused.json()["field"]) == (422, "query.after")
        assert refused.json()["code"] == "invalid_cursor"


def test_goods_that_arrive_are_stock_all_of_them_or_none(
    partner: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner)
    items = [{"sku": sku, "quantity": 5}, {"sku": sku, "quantity": 6}]
    receipt = {"reference": "note-1", "items": items}
    answer = partner.post("/inventory/receipts", json=receipt, headers=key())
    assert (answer.status_code, answer.json()) == (201, [{"sku": sku, "on_hand": 111}])
    receipt["items"] = [*items, {"sku": "nothing", "quantity": 1}]
    answer = partner.post("/inventory/receipts", json=receipt, headers=key())
    assert (answer.status_code, answer.json()["field"]) == (422, "body.items.sku")
    assert database.value("SELECT on_hand FROM stock WHERE sku = $1", sku) == 111


def test_products_and_their_stock_came_when_a_partner_says(
    partner: httpx.Client, database: Database, outbox: Callable[[Topic, str], list[Event]]
) -> None:
    goods = product(f"A{uuid.uuid4().hex[:8]}")
    at = {"X-Occurred-At": "2017-12-19T00:00:00Z"}
    answer = partner.post("/catalog/imports", json={"products": [goods]}, headers=at)
    assert answer.json()["created"] == 1
    came = database.value("SELECT moved_at FROM stock_movements WHERE sku = $1", goods["sku"])
    (told_of,) = outbox(Topic.CATALOG, goods["product_id"])
    assert came == told_of.occurred_at == datetime(2017, 12, 19, tzinfo=UTC)
    assert told_of.received_at > came


def test_stock_is_never_below_zero_whoever_writes(
    partner: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner)
    with pytest.raises(asyncpg.CheckViolationError):
        database.rows("UPDATE stock SET on_hand = -1 WHERE sku = $1", sku)


def test_migrations_at_the_same_time_agree(own_stack: Stack) -> None:
    server = own_stack.environment()["DATABASE_URL"]
    url = urlsplit(server)._replace(path=f"/many_{uuid.uuid4().hex[:12]}").geturl()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: asyncio.run(migrate(url)), range(4)))
    newest = max(path.stem[1:5] for path in VERSIONS.glob("v[0-9]*.py"))
    assert Database(url).value("SELECT version_num FROM alembic_version") == newest
