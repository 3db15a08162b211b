"""The Dagster code location: settings and resources here, assets in `pipelines.defs`."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource

from pipelines.dbt_command import environment_of
from pipelines.defs import (
    alerts,
    anomalies,
    attribution,
    automation,
    documents,
    erasures,
    freshness,
    lag,
    late,
    learn,
    ledger,
    lifetime,
    people,
    publish,
    quality,
    raw,
    transform,
)
from pipelines.defs.partitions import daily
from pipelines.defs.resources import Artifacts, Ledger, OnlineStore, Warehouse
from pipelines.manifest import PROJECT_DIR, load_manifest
from pipelines.settings import Settings


def build(settings: Settings) -> dg.Definitions:
    """Return the asset graph from the raw tables to the served artifacts."""
    partitions = daily(settings.first_day)
    manifest = load_manifest()
    job = automation.daily_job(partitions)
    documenting = automation.documents_job(partitions)
    os.environ.update(environment_of(settings.clickhouse_url))
    return dg.Definitions(
        assets=[
            *raw.specs(partitions),
            transform.seeds(manifest),
            *transform.models(manifest, partitions, settings.backfill_days),
            *people.assets(),
            *attribution.assets(),
            *publish.assets(),
            *learn.assets(),
            *lifetime.assets(),
            *documents.assets(partitions, settings.data_docs_dir),
        ],
        asset_checks=[
            *raw.checks(partitions),
            *quality.checks(transform.key_of, partitions),
            *anomalies.checks(transform.key_of, partitions, settings.first_day),
            freshness.checks(manifest),
            freshness.mart_checks(manifest),
            ledger.check(transform.key_of, partitions, settings.first_day),
            *learn.checks(),
        ],
        jobs=[job, automation.shaping_job(partitions), documenting, erasures.erasures],
        schedules=[
            automation.schedule(job, automation.schedule_status(settings.automation)),
            automation.documents_schedule(
                documenting, automation.schedule_status(settings.automation)
            ),
            erasures.schedule(automation.schedule_status(settings.automation)),
        ],
        sensors=[
            late.late_events(
                job, automation.sensor_status(settings.automation), settings.first_day
            ),
            alerts.alerts(
                settings.alert_webhook_url, automation.sensor_status(settings.automation)
            ),
            lag.consumer_lag(
                settings.kafka_bootstrap_servers,
                settings.alert_webhook_url,
                settings.lag_alert_messages,
                timedelta(seconds=settings.lag_alert_after_s),
                automation.sensor_status(settings.automation),
            ),
        ],
        executor=dg.in_process_executor,
        resources={
            "warehouse": Warehouse(url=settings.clickhouse_url),
            "ledger": Ledger(url=settings.database_url),
            "online_store": OnlineStore(url=settings.valkey_url),
            "artifacts": Artifacts(directory=str(settings.artifacts_dir.resolve())),
            "dbt": DbtCliResource(
                project_dir=str(PROJECT_DIR),
                profiles_dir=str(PROJECT_DIR),
                dbt_executable=str(Path(sys.executable).with_name("dbt")),
            ),
        },
    )


defs = build(Settings())
