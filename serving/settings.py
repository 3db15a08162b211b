"""What serving can be told from outside; read once, at the entrypoint."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of serving, each from the environment variable of the same name."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    valkey_url: str = Field(
        default="redis://127.0.0.1:16379/0",
        pattern=r"^(redis|rediss|valkey|valkeys|unix)://",
        description="The online store.",
    )
    kafka_bootstrap_servers: str = Field(
        default="127.0.0.1:19092",
        pattern=r"^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$",
        description="host:port of brokers, separated by commas.",
    )
    clickhouse_url: str = Field(
        default="http://default:@127.0.0.1:8123",
        pattern="^https?://",
        description="The warehouse that metrics are asked of; a user that may read is enough.",
    )
    metrics_timeout_s: float = Field(
        default=20.0, gt=0, le=600, description="Seconds that a metric may take to be computed."
    )
    artifacts_dir: Path = Field(
        default=Path(".ecomarket/artifacts"), description="Where trained models are published."
    )
    artifacts_poll_s: float = Field(
        default=1.0, gt=0, le=3600, description="Seconds between looks for a newer model."
    )
    features_timeout_ms: int = Field(
        default=40, ge=1, le=10_000, description="Milliseconds that the online store may take."
    )
    decision_queue: int = Field(
        default=20_000, ge=1, le=1_000_000, description="Decisions kept while Kafka is away."
    )
    decision_flush_s: float = Field(
        default=5.0, ge=0, le=60, description="Seconds that decisions get to leave at shutdown."
    )
