"""The index of the search beside PostgreSQL: whole or not there, one for all, and built anew."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
import tantivy

from deploy.local.ports import free_port
from storefront_api.catalog.rules import in_force, published
from storefront_api.catalog.trait_repository import met
from storefront_api.platform.clock import system_clock
from storefront_api.platform.database import open_pool
from storefront_api.search.index import schema
from storefront_api.search.index.indexer import Indexer
from storefront_api.search.index.reading import Reading
from tests.integration.storefront.conftest import Database, Worker, heeding, until
from tests.integration.storefront.shelf import goods, put

WORKER = "storefront_api.search.index.worker"
MANY = 20_000


@pytest.fixture
def start_indexer(
    environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[[Path], Worker]]:
    """Start what keeps the index in a folder."""
    started: list[Worker] = []

    def start(folder: Path) -> Worker:
        port = str(free_port())
        changed = {"METRICS_PORT": port, "SEARCH_INDEX_DIR": str(folder)}
        worker = Worker(environment | changed, tmp_path / f"indexer{len(started)}")
        worker.start(WORKER)
        started.append(worker)
        heeding(port)
        return worker

    yield start
    for worker in started:
        if worker.running:
            assert worker.end() == 0, worker.log()


def found(url: str, text: str) -> list[str] | int:
    """Return what a storefront finds, or the status of its answer."""
    answer = httpx.get(f"{url}/search", params={"q": text}, timeout=60)
    if answer.status_code != 200:
        return answer.status_code
    return [hit["product_id"] for hit in answer.json()["products"]]


def finds(url: str, text: str, *product_ids: str) -> None:
    """Wait until a storefront finds these products."""
    until(lambda: found(url, text) == list(product_ids), f"{text} is found")


def test_stores_share_an_index_that_outlives_who_writes_it(
    start_store: Callable[..., tuple[str, Worker]],
    start_indexer: Callable[[Path], Worker],
    tmp_path: Path,
) -> None:
    chosen = {"SEARCH_ENGINE": "tantivy", "SEARCH_INDEX_DIR": str(tmp_path)}
    stores = [start_store(**chosen)[0] for _ in range(2)]
    put(stores[0], goods("a1", "Loquat jelly", 100))
    answer = httpx.get(f"{stores[0]}/search", params={"q": "loquat"})
    assert (answer.status_code, answer.json()["code"]) == (503, "away")
    first, second = start_indexer(tmp_path), start_indexer(tmp_path)
    for url in stores:
        finds(url, "loquat", "product-a1")
    first.end(signal.SIGKILL)
    assert found(stores[1], "loquat") == ["product-a1"]
    # The other one takes over, and nothing of the one that was killed is in its way.
    put(stores[0], goods("a2", "Loquat syrup", 100))
    for url in stores:
        finds(url, "loquat", "product-a1", "product-a2")
    assert second.running


def test_who_is_killed_while_it_builds_leaves_nothing_half(
    environment: dict[str, str],
    store_url: str,
    database: Database,
    start_indexer: Callable[[Path], Worker],
    tmp_path: Path,
) -> None:
    put(store_url, goods("b0", "Barley zero", 100))
    columns = database.value(
        "SELECT string_agg(quote_ident(column_name::text), ', ') FROM information_schema.columns "
        "WHERE table_name = 'products' AND column_name NOT IN ('sku', 'product_id')"
    )
    database.rows(
        f"INSERT INTO products (sku, product_id, {columns}) "
        f"SELECT 'many-' || n, 'many-' || n, {columns} FROM generate_series(1, {MANY}) AS n, "
        "(SELECT * FROM products WHERE sku = 'b0') AS one"
    )
    database.rows("SELECT search_refresh(ARRAY(SELECT product_id FROM products))")
    worker = start_indexer(tmp_path)
    folder = schema.folder_of(tmp_path)
    until(lambda: "indexing" in worker.log(), "it has begun")
    worker.end(signal.SIGKILL)
    assert Reading(schema.reopen(folder)).state == {}
    start_indexer(tmp_path)
    until(lambda: bool(Reading(schema.reopen(folder)).state), "it is whole")
    reading = Reading(schema.reopen(folder))
    assert reading.state["products"] == database.value("SELECT count(*) FROM search_documents")
    every = tantivy.Query.exists_query("by_id")
    hits = reading.searcher.search(every, 2 * MANY).hits
    assert len(hits) == reading.state["products"] > MANY


async def test_only_what_changed_is_written(
    store_url: str, database: Database, tmp_path: Path
) -> None:
    put(store_url, goods("c1", "Carob bar", 100), goods("c2", "Carob flour", 100))
    index = schema.make(tmp_path)
    indexer = Indexer(index, system_clock)
    pool = await open_pool(database.url, 1)
    try:
        async with pool.acquire() as connection:
            assert await indexer.sweep(connection) >= 2
            assert await indexer.sweep(connection) == 0
            put(store_url, goods("c1", "Carob bar", 120))
            assert await indexer.sweep(connection) == 1
            # A sale that leaves some changes nothing; one that leaves none does.
            sell = "UPDATE stock SET reserved = {} WHERE sku = 'c2'"
            await connection.execute(sell.format("1"))
            assert await indexer.sweep(connection) == 0
            await connection.execute(sell.format("on_hand"))
            assert await indexer.sweep(connection) == 1
    finally:
        await pool.close()


async def test_an_index_of_another_prior_or_database_is_built_anew(
    store_url: str, database: Database, migrated: str, tmp_path: Path
) -> None:
    put(store_url, goods("d1", "Damson jam", 100))
    index = schema.make(tmp_path)
    indexer = Indexer(index, system_clock)
    pool = await open_pool(database.url, 1)
    try:
        async with pool.acquire() as connection:
            every = await indexer.sweep(connection)
            prior = "INSERT INTO rating_priors VALUES (2, 10, 40, 'test', '2018-01-01')"
            await connection.execute(prior)
            assert await indexer.sweep(connection) == every > 0
            await connection.execute("DELETE FROM rating_priors WHERE version = 2")
            assert await indexer.sweep(connection) == every
    finally:
        await pool.close()
    other = await asyncpg.connect(urlsplit(database.url)._replace(path=f"/{migrated}").geturl())
    try:
        await indexer.sweep(other)
    finally:
        await other.close()
    index.reload()
    reading = Reading(index)
    assert (reading.state["products"], reading.beginning("damson", 1)) == (0, [])


async def test_what_is_known_of_a_product_is_read_by_an_index(database: Database) -> None:
    values: list[object] = []

    def place(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    known = met(in_force(system_clock()).traits, place)
    connection = await asyncpg.connect(database.url)
    try:
        # So small is the table here that PostgreSQL would rather read it whole.
        await connection.execute("SET enable_seqscan = off")
        explained = f"EXPLAIN SELECT {known} FROM search_documents AS d"
        plan = "\n".join(row[0] for row in await connection.fetch(explained, *values))
    finally:
        await connection.close()
    assert "product_scores_pkey" in plan


def test_another_version_has_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = schema.folder_of(tmp_path)
    assert schema.folder_of(tmp_path) == before
    monkeypatch.setattr(schema, "LAYOUT", schema.LAYOUT + 1)
    assert schema.folder_of(tmp_path) != before
    monkeypatch.undo()
    without_traits = {
        name: rules.model_copy(update={"traits": ()}) for name, rules in published().items()
    }
    monkeypatch.setattr(schema, "published", lambda: without_traits)
    assert schema.folder_of(tmp_path) != before
