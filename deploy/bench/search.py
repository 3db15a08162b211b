"""Latency of the storefront's search over 100,000 products at a fixed rate, beside bare SQL.

A PostgreSQL and a storefront of its own. Words are those of the products, weighted as the products
use them. Our figures are HTTP answers with facets, total and prices; the peers are one statement
by asyncpg on the same server, without any of these: `ILIKE '%word%'` over the catalogue, and a
plain full-text match over our own index. A second storefront over the same data searches an index
by tantivy; its answers are as whole as ours, and it is asked the same at the same rate, in turns.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import asyncpg

from deploy.bench._indexed import indexed_store
from deploy.bench._load import CONNECTIONS, Latencies, closed_loop, open_loop, request
from deploy.bench._private_stack import private_stack
from deploy.bench._products import products
from deploy.bench.result import Aim, BenchResult

PRODUCTS = 100_000
IMPORT = 5_000
"""Products in one import, the most that the store takes."""
OUT_OF_STOCK = 0.05
SCORED = 0.8
"""Share of the products of which something is known."""
CERTIFICATES = ("fsc", "usda_organic", "fairtrade", "rainforest_alliance", "eu_ecolabel", "msc")
ORIGINS = ("US", "US", "US", "CA", "MX", "CN", "IN", "IT")
RATE_PER_S = 10.0
ROUND_S = 4.0
ROUNDS = 3
RATED = 0.5
"""Share of the products that have reviews."""
WORKERS = 2
QUERIES = 400
P95_AIM_MS = 50.0
AT = datetime(2026, 1, 1, tzinfo=UTC)
_STATE_SCORE = """
INSERT INTO product_scores (
    product_id, attributes, rules_version, score, confidence, parts, scored_at
) VALUES ($1, $2::jsonb, 'bench', $3, $4::float8, '[]', now())
"""
_STATE_RATING = """
INSERT INTO product_ratings (product_id, stars_1, stars_2, stars_3, stars_4, stars_5)
VALUES ($1, $2, $3, $4, $5, $6)
"""
OURS, INDEX = "ours", "tantivy"
PEERS = {
    "bare_ilike": "SELECT product_id, name FROM products "
    "WHERE name ILIKE '%' || $1 || '%' ORDER BY list_price_minor, product_id LIMIT 20",
    "bare_tsquery": "SELECT product_id, name FROM search_documents "
    "WHERE document @@ plainto_tsquery('english', $1) "
    "ORDER BY ts_rank(document, plainto_tsquery('english', $1)) DESC LIMIT 20",
}


def run(seed: int) -> BenchResult:
    """Measure every kind of question and the peers in turns; return the medians of the rounds.

    Raises
    ------
    LoadError
        If the storefront answers with anything but 200, or knows nothing of a word.
    """
    source = random.Random(seed)
    assortment = list(products(PRODUCTS, source))
    questions = _questions(assortment, source)
    with private_stack(["storefront"]) as environment:
        port = urlsplit(environment["STOREFRONT_URL"]).port or 0
        url = environment["DATABASE_URL"]
        indexed_per_s = asyncio.run(_fill(url, assortment, source))
        with indexed_store(environment, questions["search"][0]) as (index_port, took_s):
            figures, peers = asyncio.run(
                _measure(url, {OURS: port, INDEX: index_port}, assortment, questions, source)
            )
    figures |= {"products": PRODUCTS, "indexed_per_s": indexed_per_s}
    peers[INDEX] |= {"indexed_per_s": round(PRODUCTS / took_s, 1)}
    ratios = {
        f"search_p95_ms_to_{name}": round(figures["search_p95_ms"] / peers[name]["p95_ms"], 3)
        for name in PEERS
    } | {
        f"{kind}_p95_ms_to_{INDEX}": round(
            figures[f"{kind}_p95_ms"] / peers[INDEX][f"{kind}_p95_ms"], 3
        )
        for kind in questions
    }
    aims = [
        Aim(f"{kind} p95 under {P95_AIM_MS:.0f} ms", p95, p95 < P95_AIM_MS)
        for kind in questions
        for p95 in [figures[f"{kind}_p95_ms"]]
    ]
    return BenchResult("search", seed, figures, peers, ratios, aims)


async def _measure(
    url: str,
    ports: Mapping[str, int],
    assortment: Sequence[Mapping[str, Any]],
    questions: Mapping[str, Sequence[str]],
    source: random.Random,
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return our figures, and those of the peers."""
    words = [_words(source.choice(assortment), source) for _ in range(QUERIES)]
    pool = await asyncpg.create_pool(url, min_size=2, max_size=CONNECTIONS)
    try:
        rounds = await _rounds(ports, pool, questions, words)
    finally:
        await pool.close()
    figures: dict[str, dict[str, float]] = {name: {} for name in ports}
    for kind, paths in questions.items():
        for name, port in ports.items():
            asked = [request("GET", path) for path in paths]
            measured = _medians(rounds[f"{name} {kind}"])
            figures[name] |= {f"{kind}_{figure}": value for figure, value in measured.items()}
            capacity = await closed_loop(port, asked, WORKERS)
            figures[name][f"{kind}_capacity_per_s"] = round(capacity, 1)
    peers = {name: _medians(rounds[name]) for name in PEERS}
    return figures[OURS], peers | {INDEX: figures[INDEX]}


async def _fill(url: str, assortment: Sequence[Mapping[str, Any]], source: random.Random) -> float:
    """Bring the products into the store and its index; return how many a second are indexed."""
    connection = await asyncpg.connect(url)
    try:
        records = [(*product.values(), AT) for product in assortment]
        columns = [*assortment[0], "updated_at"]
        await connection.copy_records_to_table("products", records=records, columns=columns)
        stock = [
            (product["sku"], 0 if source.random() < OUT_OF_STOCK else 10) for product in assortment
        ]
        await connection.copy_records_to_table("stock", records=stock, columns=["sku", "on_hand"])
        ids = [product["product_id"] for product in assortment]
        scores = [_score(each, source) for each in ids if source.random() < SCORED]
        await connection.executemany(_STATE_SCORE, scores)
        ratings = [
            (each, *(source.randrange(20) for _ in range(5)))
            for each in ids
            if source.random() < RATED
        ]
        await connection.executemany(_STATE_RATING, ratings)
        started = time.perf_counter()
        for first in range(0, len(ids), IMPORT):
            await connection.execute("SELECT search_refresh($1)", ids[first : first + IMPORT])
        elapsed_s = time.perf_counter() - started
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return round(len(ids) / elapsed_s, 1)


async def _rounds(
    ports: Mapping[str, int],
    pool: Any,
    questions: Mapping[str, Sequence[str]],
    words: Sequence[str],
) -> dict[str, list[Latencies]]:
    count = int(RATE_PER_S * ROUND_S)
    asked = [f"{name} {kind}" for kind in questions for name in ports]
    rounds: dict[str, list[Latencies]] = {name: [] for name in (*asked, *PEERS)}
    for number in range(ROUNDS + 1):

        def turn(items: Sequence[str], number: int = number) -> list[str]:
            return [items[(number * count + index) % len(items)] for index in range(count)]

        for kind, paths in questions.items():
            wanted = [request("GET", path) for path in turn(paths)]
            for name, port in ports.items():
                latencies = await open_loop(port, wanted, RATE_PER_S)
                rounds[f"{name} {kind}"].append(latencies)
        for name, statement in PEERS.items():
            rounds[name].append(await _bare(pool, statement, turn(words)))
    return {name: measured[1:] for name, measured in rounds.items()}  # the first warms up


async def _bare(pool: Any, statement: str, words: Sequence[str]) -> Latencies:
    """Run a statement at the same fixed rate; latency counts from the scheduled moment."""
    started = time.perf_counter()

    async def one(number: int, word: str) -> float:
        due = started + number / RATE_PER_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await pool.fetch(statement, word)
        return time.perf_counter() - due

    seconds = await asyncio.gather(*(one(*pair) for pair in enumerate(words)))
    return Latencies.of(seconds, time.perf_counter() - started)


def _medians(rounds: Sequence[Latencies]) -> dict[str, float]:
    return {
        name: round(statistics.median(getattr(entry, name) for entry in rounds), 3)
        for name in ("p50_ms", "p95_ms", "p99_ms")
    }


def _questions(
    assortment: Sequence[Mapping[str, Any]], source: random.Random
) -> dict[str, list[str]]:
    """Return the paths of each kind of question."""

    def paths(route: str, ask: Callable[[Mapping[str, Any]], dict[str, Any]]) -> list[str]:
        asked = (ask(source.choice(assortment)) for _ in range(QUERIES))
        return [f"{route}?{urlencode(query)}" for query in asked]

    return {
        "search": paths("/search", lambda p: {"q": _words(p, source)}),
        "filtered": paths("/search", lambda p: _filtered(p, source)),
        "sustainable": paths("/search", lambda p: _sustainable(p, source)),
        "by_score": paths("/search", lambda p: {"q": _words(p, source), "sort": "score"}),
        "by_rating": paths("/search", lambda p: {"q": _words(p, source), "sort": "rating"}),
        "typo": paths("/search", lambda p: {"q": _mistyped(_words(p, source), source)}),
        "suggestions": paths(
            "/search/suggestions", lambda p: {"q": _begun(_words(p, source), source)}
        ),
    }


def _words(product: Mapping[str, Any], source: random.Random) -> str:
    """Return what somebody types who looks for a product: its kind, or with brand or trait."""
    kind = str(product["product_type"]).lower()
    parts = str(product["name"]).lower().split()
    return source.choice((kind, kind, f"{parts[0]} {kind}", f"{parts[1]} {kind.split()[-1]}"))


def _filtered(product: Mapping[str, Any], source: random.Random) -> dict[str, Any]:
    price = int(product["list_price_minor"])
    return {
        "q": _words(product, source),
        "department": product["department"],
        "in_stock": "true",
        "price_from_minor": price // 2,
        "price_to_minor": price * 2,
        "sort": source.choice(("relevance", "price_asc", "newest")),
    }


def _sustainable(product: Mapping[str, Any], source: random.Random) -> dict[str, Any]:
    """Return a question for what is good by some measure, in one of the orders."""
    measure: tuple[str, Any] = source.choice(
        (
            ("score_from", source.randrange(40, 90)),
            ("certificate", source.choice(CERTIFICATES)),
            ("plastic_free", "true"),
            ("origin", source.choice(ORIGINS)),
        )
    )
    sort = source.choice(("relevance", "score"))
    return {"q": _words(product, source), measure[0]: measure[1], "sort": sort}


def _score(product_id: str, source: random.Random) -> tuple[str, str, int, float]:
    """Return what is known of a product, and a score."""
    held = source.sample(CERTIFICATES, source.choice((0, 0, 1, 1, 2)))
    known = {
        "certificates": held,
        "plastic_free": source.choice((True, False, None)),
        "origin": source.choice(ORIGINS),
    }
    confidence = source.choice((0.35, 0.6, 1.0))
    return product_id, json.dumps(known), source.randrange(101), confidence


def _mistyped(text: str, source: random.Random) -> str:
    """Return a text with two letters of its longest word exchanged, or one left out."""
    word = max(text.split(), key=len)
    place = source.randrange(1, len(word) - 1)
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return text.replace(word, source.choice((swapped, word[:place] + word[place + 1 :])), 1)


def _begun(text: str, source: random.Random) -> str:
    """Return the beginning of a text, from its second letter on."""
    return text[: source.randrange(2, len(text) + 1)]
