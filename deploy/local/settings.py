"""Where the local stack lives, which ports it takes and how much memory it may use."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_MAX_PORT = 65535
_UNSAFE = set(",;#%\"'\\\n\r")
"""Characters that the configuration files of Kafka and the supervisor give a meaning to."""


class SettingsError(ValueError):
    """A setting cannot be used; the message names its variable and what is allowed."""


class Port(StrEnum):
    """Every port of the stack, by the setting that moves it alone."""

    POSTGRES = "postgres_port"
    KAFKA = "kafka_port"
    KAFKA_CONTROLLER = "kafka_controller_port"
    VALKEY = "valkey_port"
    WAREHOUSE = "warehouse_port"
    STOREFRONT = "storefront_port"
    SERVING = "serving_port"
    PAYMENTS = "payments_port"
    DAGSTER = "dagster_port"
    DAGSTER_CODE = "dagster_code_port"
    BI = "bi_port"
    RELAY_METRICS = "relay_metrics_port"
    SINK_METRICS = "sink_metrics_port"
    STREAM_METRICS = "stream_metrics_port"
    CHECKOUTS_METRICS = "checkouts_metrics_port"
    NOTIFICATIONS_METRICS = "notifications_metrics_port"
    SEARCH_METRICS = "search_metrics_port"

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
    payments_port: int = Field(default=8002, ge=1, le=65535)
    dagster_port: int = Field(default=3000, ge=1, le=65535)
    dagster_code_port: int = Field(default=3001, ge=1, le=65535)
    bi_port: int = Field(default=8088, ge=1, le=65535)
    relay_metrics_port: int = Field(default=9101, ge=1, le=65535)
    sink_metrics_port: int = Field(default=9102, ge=1, le=65535)
    stream_metrics_port: int = Field(default=9103, ge=1, le=65535)
    checkouts_metrics_port: int = Field(default=9104, ge=1, le=65535)
    notifications_metrics_port: int = Field(default=9105, ge=1, le=65535)
    search_metrics_port: int = Field(default=9106, ge=1, le=65535)
    search_engine: Literal["postgres", "tantivy"] = Field(
        default="postgres",
        description="What answers the store's searches; with an index, what keeps it starts along.",
    )
    kafka_mirror: str = Field(
        default="https://repo1.maven.org/maven2",
        pattern=r"^https?://[^\s\"']+$",
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
        path = value.expanduser().resolve()
        if found := sorted(_UNSAFE & set(str(path))):
            raise ValueError(f"{path} must not contain any of {' '.join(map(repr, found))}")
        return path

    @model_validator(mode="after")
    def _distinct_ports(self) -> Self:
        for port in Port:
            if self.port(port) > _MAX_PORT:
                raise ValueError(
                    f"{port.variable} + ECOMARKET_PORT_OFFSET is {self.port(port)}; "
                    f"at most {_MAX_PORT} is a port"
                )
        uses = Counter(self.port(port) for port in Port)
        for number, count in uses.items():
            if count > 1:
                names = " and ".join(p.variable for p in Port if self.port(p) == number)
                raise ValueError(f"{names} are both {number}; each service needs its own port")
        return self

    def port(self, port: Port) -> int:
        """Return a port with the offset added."""
        base: int = getattr(self, port.value)
        return base + self.port_offset

    @property
    def artifacts_dir(self) -> Path:
        """Where pipelines put model artifacts and serving finds them."""
        return self.data_dir / "artifacts"

    @property
    def logs_dir(self) -> Path:
        """One log file for each service and one-shot command."""
        return self.data_dir / "logs"

    @property
    def warehouse_users(self) -> Path:
        """Who may ask the warehouse."""
        return self.data_dir / "warehouse-users.toml"

    def variables(self) -> dict[str, str]:
        """Return these settings as environment variables, for the processes of the stack."""
        return {
            f"ECOMARKET_{name.upper()}": str(value)
            for name, value in self.model_dump(mode="json").items()
        }


def load_settings() -> LocalSettings:
    """Read the settings from the environment and ``.env``.

    Raises
    ------
    SettingsError
        If one cannot be used; the message has a line for each.
    """
    try:
        return LocalSettings()
    except ValidationError as error:
        raise SettingsError("\n".join(map(_explain, error.errors()))) from error


def _explain(error: object) -> str:
    assert isinstance(error, dict)
    rule = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return rule
    return f"ECOMARKET_{str(error['loc'][0]).upper()}={error['input']}: {rule}"
