"""Settings of the pipelines, read once at an entrypoint."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the pipelines find their stores; every default works on one machine."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    clickhouse_url: str = Field(
        default="http://default:@127.0.0.1:8123",
        pattern="^https?://",
        description="ClickHouse's HTTP interface, with user and password.",
    )
    clickhouse_cluster: str = Field(
        default="",
        pattern="^[A-Za-z0-9_]*$",
        description="Cluster that raw tables are created on; empty means a single server.",
    )
    database_url: str = Field(
        default="postgresql://ecomarket@127.0.0.1:15432/ecomarket",
        pattern="^postgres(ql)?://",
        description="The store's database: its ledger, which the marts are compared with, and the "
        "keys of what is sealed in Kafka, so that reading alone is not enough.",
    )
    kafka_bootstrap_servers: str = Field(default="127.0.0.1:19092", min_length=1)
    kafka_replication_factor: int = Field(default=1, ge=1, le=5)
    valkey_url: str = Field(default="redis://127.0.0.1:16379/0", pattern="^(rediss?|unix)://")
    artifacts_dir: Path = Field(default=Path(".ecomarket/artifacts"))
    data_docs_dir: Path = Field(
        default=Path(".ecomarket/data_docs"),
        description="Where the site of what was expected and found is published.",
    )
    metrics_port: int = Field(
        default=9102,
        ge=0,
        le=65535,
        description="Of a process of its own; 0: any free one, which is logged.",
    )
    first_day: date = Field(
        default=date(2017, 12, 19),
        description="First UTC day computed on its own; all before it is loaded along with it.",
    )
    automation: bool = Field(
        default=False, description="Whether the schedules and the sensors start switched on."
    )
    backfill_days: int = Field(
        default=31, ge=1, le=3660, description="The most days that one run of a backfill computes."
    )
    alert_webhook_url: str = Field(
        default="",
        pattern="^(https?://.+)?$",
        description="Where failures are posted to, as Slack's webhooks take it; empty: nowhere.",
    )
    lag_alert_messages: int = Field(
        default=10_000, ge=0, description="Messages that a consumer may be behind without an alert."
    )
    lag_alert_after_s: float = Field(
        default=300.0, ge=0, description="How long it may be behind further before it is told."
    )
