"""Where the local stack lives, which ports it takes and how much memory it may use."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Port(StrEnum):
    """Every port of the stack, by the setting that moves it alone."""

    POSTGRES = "postgres_port"
    KAFKA = "kafka_port"
    KAFKA_CONTROLLER = "kafka_controller_port"
    VALKEY = "valkey_port"
    WAREHOUSE = "warehouse_port"
    STOREFRONT = "storefront_port"
    SERVING = "serving_port"
    DAGSTER = "dagster_port"
    RELAY_METRICS = "relay_metrics_port"
    SINK_METRICS = "sink_metrics_port"
    STREAM_METRICS = "stream_metrics_port"

    @property
    def variable(self) -> str:
        """Name of the environment variable that sets it."""
        return f"ECOMARKET_{self.value.upper()}"


class LocalSettings(BaseSettings):
    """Settings of the local stack, read from variables that begin with ``ECOMARKET_``."""

    model_config = SettingsConfigDict(env_prefix="ECOMARKET_", env_file=".env", extra="ignore")

    data_dir: Path = Field(
        default=Path(".ecomarket"), description="Everything that the stack writes is below it."
    )
    port_offset: int = Field(
        default=0, ge=0, le=40_000, description="Added to every port, for a second checkout."
    )
    postgres_port: int = Field(default=15432, ge=1, le=65535)
    kafka_port: int = Field(default=19092, ge=1, le=65535)
    kafka_controller_port: int = Field(default=19093, ge=1, le=65535)
    valkey_port: int = Field(default=16379, ge=1, le=65535)
    warehouse_port: int = Field(default=8123, ge=1, le=65535)
    storefront_port: int = Field(default=8000, ge=1, le=65535)
    serving_port: int = Field(default=8001, ge=1, le=65535)
    dagster_port: int = Field(default=3000, ge=1, le=65535)
    relay_metrics_port: int = Field(default=9101, ge=1, le=65535)
    sink_metrics_port: int = Field(default=9102, ge=1, le=65535)
    stream_metrics_port: int = Field(default=9103, ge=1, le=65535)
    kafka_mirror: str = Field(
        default="https://repo1.maven.org/maven2",
        pattern="^https?://",
        description="Maven repository that Kafka's jars are fetched from.",
    )
    kafka_heap_mb: int = Field(default=512, ge=128, description="Java heap of the broker.")
    postgres_buffers_mb: int = Field(default=128, ge=16, description="PostgreSQL's shared_buffers.")
    valkey_memory_mb: int = Field(default=512, ge=16, description="Valkey's maxmemory.")
    warehouse_memory_mb: int = Field(default=6144, ge=512, description="The engine's memory limit.")
    ready_timeout_s: float = Field(
        default=120.0, gt=0, description="How long `up` waits for one service."
    )

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    def port(self, port: Port) -> int:
        """Return a port with the offset added."""
        base: int = getattr(self, port.value)
        return base + self.port_offset

    @property
    def artifacts_dir(self) -> Path:
        """Where pipelines put model artifacts and serving finds them."""
        return self.data_dir / "artifacts"
