"""What came out: totals, exactly-once, models beside baselines, latencies, addresses."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import numpy as np
import pandas as pd
from clickhouse_connect.driver.exceptions import OperationalError
from sklearn.metrics import average_precision_score, roc_auc_score

from deploy.demo.source import LIVE_FROM, LIVE_UNTIL, load
from pipelines.artifact_store import promoted
from pipelines.reconciling import UnreachableError, reconcile
from pipelines.warehouse import connect
from storefront_api.events import Topic

NAMED = 20
"""Differences from the ledger that are named, the first ones of each mart."""
PROBES = 100
"""Requests of each serving route whose latency is measured, one after another."""


class BrokenError(RuntimeError):
    """The report cannot be made, since something that it needs is away or was never run."""


def _totals_of_marts(client: Any) -> dict[str, int]:
    row = client.query(
        "SELECT uniqExact(order_id), uniqExact(subject), uniqExact(store_id), uniqExact(sku), "
        "sum(total_minor) FROM marts.fct_order_lines WHERE startsWith(source_ref, 'CJ')"
    ).result_rows[0]
    names = ("baskets", "households", "stores", "products", "sales_minor")
    return dict(zip(names, map(int, row), strict=True))


def _raw(client: Any) -> dict[str, dict[str, int]]:
    tables = {}
    for topic in Topic:
        rows, events = client.query(
            f"SELECT count(), uniqExact(event_id) FROM raw.{topic.module}"
        ).result_rows[0]
        tables[topic.module] = {"rows": int(rows), "events": int(events)}
    return tables


def _live_orders(client: Any, environment: dict[str, str], data_dir: Path) -> dict[str, int]:
    async def in_postgres() -> int:
        connection = await asyncpg.connect(environment["DATABASE_URL"])
        try:
            count: int = await connection.fetchval("SELECT count(*) FROM orders")
        finally:
            await connection.close()
        return count

    book = data_dir / "demo" / "live.jsonl"
    answered = {
        entry["order_id"]
        for entry in map(json.loads, book.read_text("utf-8").splitlines())
        if entry["kind"] == "order"
    }
    in_marts = client.command(
        f"SELECT count() FROM marts.fct_orders WHERE order_date >= '{LIVE_FROM:%Y-%m-%d}'"
    )
    return {
        "accepted_by_the_api": len(answered),
        "in_postgresql": asyncio.run(in_postgres()),
        "in_fct_orders": int(in_marts),
    }


def _ledger(environment: dict[str, str]) -> list[dict[str, Any]]:
    days = LIVE_FROM.date(), LIVE_UNTIL.date()
    ledger, warehouse = environment["DATABASE_URL"], environment["CLICKHOUSE_URL"]
    return [
        {
            "subject": outcome.subject,
            "table": outcome.table,
            "ledger": asdict(outcome.ledger),
            "marts": asdict(outcome.marts),
            "differing": [str(one) for one in outcome.differences[:NAMED]],
        }
        for outcome in asyncio.run(reconcile(ledger, warehouse, *days))
    ]


def _models(environment: dict[str, str]) -> list[dict[str, Any]]:
    answer = httpx.get(f"{environment['SERVING_URL']}/v1/models", timeout=30.0)
    answer.raise_for_status()
    models = []
    for model in answer.json()["models"]:
        manifest = model["manifest"] or {}
        models.append(
            {
                "family": model["family"],
                "state": model["state"],
                "version": model["version"],
                "trained_on": manifest.get("data", {}),
                "metrics": manifest.get("metrics", []),
            }
        )
    return models


def _written_back(client: Any, artifacts: Path) -> dict[str, Any]:
    """Return the family that a table answers with: ready if that is of its version."""
    artifact = promoted(artifacts, "lifetime")
    versions = client.query("SELECT groupUniqArray(model_version) FROM learned.lifetime")
    written = versions.result_rows[0][0]
    version = artifact.version if artifact else ""
    return {
        "family": "lifetime",
        "state": "ready" if written == [version] else "not written",
        "version": version,
        "trained_on": artifact.manifest["data"] if artifact else {},
        "metrics": artifact.manifest["metrics"] if artifact else [],
    }


def _live_fraud(client: Any, data_dir: Path) -> dict[str, Any]:
    """Hold the scores that orders got while they were placed against what they really were."""
    rows = client.query_df(
        "SELECT o.source_ref AS source_ref, d.score AS score, o.risk AS risk FROM "
        "(SELECT JSONExtractString(data, 'request', 'order_id') AS order_id, "
        "argMax(JSONExtractFloat(data, 'scores', 'fraud'), received_at) AS score "
        "FROM raw.decisions WHERE JSONExtractString(data, 'family') = 'fraud' "
        "AND JSONExtractString(data, 'fallback') = '' GROUP BY order_id) AS d "
        "JOIN (SELECT toString(order_id) AS order_id, source_ref, risk FROM marts.fct_orders) AS o "
        "ON d.order_id = o.order_id ORDER BY source_ref"
    )
    if rows.empty:
        return {"scored": 0}
    truth = pd.read_csv(data_dir / "truth" / "fraud.csv")
    scenario = truth.set_index("source_ref")["scenario"]
    kind = rows["source_ref"].map(scenario)
    labels = kind.notna().to_numpy()
    reviewed = (rows["risk"] == "review").to_numpy()
    if labels.all() or not labels.any():
        return {"scored": len(rows), "frauds": int(labels.sum())}
    scores = rows["score"].to_numpy(dtype=np.float64)
    alerts = np.argsort(-scores, kind="stable")[: max(1, round(0.05 * len(scores)))]
    top = np.isin(np.arange(len(scores)), alerts)
    caught = {
        f"{name}_among_them": f"{int(top[kind == name].sum())} of {int((kind == name).sum())}"
        for name in sorted(kind.dropna().unique())
    }
    return {
        "scored": len(rows),
        "frauds": int(labels.sum()),
        "average_precision": float(average_precision_score(labels, scores)),
        "auc": float(roc_auc_score(labels, scores)),
        "sent_to_review": int(reviewed.sum()),
        "frauds_sent_to_review": int((reviewed & labels).sum()),
        "alerts_at_5_percent": len(alerts),
        "frauds_among_them": int(labels[alerts].sum()),
        **caught,
    }


def _carbon(client: Any) -> dict[str, Any]:
    kg, coverage, orders, version = client.query(
        "SELECT sum(total_kg), avg(coverage), count(), max(factor_set_version) "
        "FROM marts.mart_order_footprint"
    ).result_rows[0]
    return {
        "tonnes_co2e": kg / 1000,
        "kg_per_order": kg / orders,
        "mean_coverage": coverage,
        "factor_set_version": version,
    }


def _latencies(client: Any, serving: str) -> dict[str, dict[str, float]]:
    subject, sku = client.query(
        "SELECT any(subject), any(sku) FROM marts.fct_order_lines "
        "WHERE order_date = (SELECT max(order_date) FROM marts.fct_orders)"
    ).result_rows[0]
    popular = client.command(
        "SELECT sku FROM features.feat_sku_daily GROUP BY sku ORDER BY count() DESC LIMIT 1"
    )
    order = {
        "order_id": "0160a2b4-5c00-7000-8000-0000000000a0",
        "subject": subject,
        "occurred_at": "2018-01-02T08:00:00.000Z",
        "currency": "USD",
        "amount_minor": 547,
        "line_count": 2,
        "units": 3,
        "max_line_minor": 348,
        "device_id": "d-9",
        "payment_fingerprint": "c-51ab",
        "payment_country": "US",
        "ip_country": "US",
    }
    footprint = {
        "lines": [{"sku": sku, "quantity": 2}],
        "packaging": "paper_bag",
        "delivery_mode": "van",
        "distance_km": 6.4,
    }
    with httpx.Client(base_url=serving, timeout=30.0) as http:
        routes: dict[str, Callable[[], httpx.Response]] = {
            "GET /v1/recommendations": lambda: http.get(
                "/v1/recommendations", params={"subject": subject, "k": 10}
            ),
            "POST /v1/fraud/score": lambda: http.post("/v1/fraud/score", json=order),
            "GET /v1/forecasts/{sku}": lambda: http.get(f"/v1/forecasts/{popular}"),
            "POST /v1/footprint": lambda: http.post("/v1/footprint", json=footprint),
            "GET /v1/models": lambda: http.get("/v1/models"),
        }
        return {name: _measured(ask) for name, ask in routes.items()}


def _measured(ask: Callable[[], httpx.Response]) -> dict[str, float]:
    times = []
    failures = 0
    for _ in range(PROBES):
        began = time.perf_counter()
        failures += ask().is_error
        times.append(1000 * (time.perf_counter() - began))
    p50, p95, p99 = (float(np.percentile(times, q)) for q in (50, 95, 99))
    return {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "failures": failures}


def broken_invariants(found: dict[str, Any]) -> list[str]:
    """Name every invariant that does not hold."""
    broken = []
    if found["totals"]["source"] != found["totals"]["fct_orders"]:
        broken.append("totals: the marts differ from the source")
    if len(set(found["live_orders"].values())) != 1:
        broken.append("live_orders: API, PostgreSQL and marts differ")
    for compared in found["ledger"]:
        for one in compared["differing"]:
            broken.append(f"{compared['table']}, {compared['subject']}: {one}")
    for module, counts in found["raw"].items():
        if counts["rows"] != counts["events"]:
            broken.append(f"raw.{module}: some events are there more than once")
    for model in found["models"]:
        if model["state"] != "ready":
            broken.append(f"models: {model['family']} is {model['state']}")
    for route, figures in found["latencies"].items():
        if figures["failures"]:
            broken.append(f"latencies: {route} failed {figures['failures']:.0f} times")
    return broken


def gather(environment: dict[str, str], data_dir: Path) -> dict[str, Any]:
    """Collect the report.

    Raises
    ------
    BrokenError
        If the demo was not run, or a service is away.
    """
    journal = data_dir / "demo" / "journal.json"
    if not journal.exists():
        raise BrokenError(f"{journal} is not there: run `ecomarket demo` first")
    sample = float(json.loads(journal.read_text("utf-8")).get("sample", 1.0))
    try:
        with connect(environment["CLICKHOUSE_URL"]) as client:
            found: dict[str, Any] = {
                "totals": {
                    "source": asdict(load(sample).totals),
                    "fct_orders": _totals_of_marts(client),
                },
                "live_orders": _live_orders(client, environment, data_dir),
                "ledger": _ledger(environment),
                "raw": _raw(client),
                "models": [
                    *_models(environment),
                    _written_back(client, Path(environment["ARTIFACTS_DIR"])),
                ],
                "live_fraud": _live_fraud(client, data_dir),
                "carbon": _carbon(client),
                "latencies": _latencies(client, environment["SERVING_URL"]),
            }
    except (OSError, httpx.HTTPError, OperationalError, UnreachableError) as error:
        raise BrokenError(f"a service is away: {error}") from error
    found["urls"] = {
        "storefront": environment["STOREFRONT_URL"] + "/docs",
        "serving": environment["SERVING_URL"] + "/docs",
        "dagster": environment["DAGSTER_URL"],
        "warehouse": environment["CLICKHOUSE_URL"],
    }
    found["broken"] = broken_invariants(found)
    return found
