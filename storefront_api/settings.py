"""Settings of the storefront, read once at an entrypoint."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the storefront finds what it needs; every default works on one machine."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    database_url: str = Field(
        default="postgresql://ecomarket@127.0.0.1:15432/ecomarket", pattern="^postgres(ql)?://"
    )
    database_pool: int = Field(default=16, ge=1, le=200, description="Connections a process holds.")
    kafka_bootstrap_servers: str = Field(default="127.0.0.1:19092", min_length=1)
    valkey_url: str = Field(
        default="redis://127.0.0.1:16379/0",
        pattern=r"^(redis|rediss|valkey|valkeys|unix)://",
        description="Where the live sessions of accounts are.",
    )
    sessions_timeout_ms: int = Field(
        default=250, ge=1, le=10_000, description="After this nobody counts as signed in."
    )
    serving_url: str = Field(default="http://127.0.0.1:8001", pattern="^https?://")
    serving_timeout_ms: int = Field(
        default=150, ge=1, le=10_000, description="After this the store goes on without an answer."
    )
    search_engine: Literal["postgres", "tantivy"] = Field(
        default="postgres",
        description="What answers searches: the database, or an index that is kept beside it by "
        "`python -m storefront_api.search.index.worker`.",
    )
    search_index_dir: Path = Field(
        default=Path(".ecomarket/search"),
        description="Folder of that index, on a disk of the processes that search and the worker.",
    )
    home_country: str = Field(
        default="US",
        pattern="^[A-Z]{2}$",
        description="Where goods go, for value added tax, if an order does not say; ISO 3166-1.",
    )
    checkout_seconds: int = Field(
        default=900,
        ge=1,
        le=86_400,
        description="How long stock is kept for a checkout that is not paid yet.",
    )
    payment_url: str = Field(
        default="http://127.0.0.1:8002",
        pattern="^https?://",
        description="Base URL of Stripe's API, or of a provider that speaks it.",
    )
    payment_key: SecretStr = Field(
        default=SecretStr("sk_test_local"), description="Secret key of the account there."
    )
    payment_webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="Key of the provider's webhooks; empty admits none."
    )
    carrier_webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="Key of the carriers' webhooks; empty admits none."
    )
    partner_token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token of trusted partners; empty admits none."
    )
    dispute_webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="Key of the dispute webhook's signature."
    )
    pseudonym_key: SecretStr = Field(
        default=SecretStr("local-only"), description="Key of pseudonyms and shoppers' tokens."
    )
    vault_key: SecretStr = Field(
        default=SecretStr("local-only"),
        description="Key that seals second factors and hashes the tokens of accounts.",
    )
    access_seconds: int = Field(
        default=600, ge=1, le=3600, description="How long an account's access token holds."
    )
    session_days: int = Field(
        default=30, ge=1, le=400, description="How long a session lasts while nobody refreshes it."
    )
    password_memory_kib: int = Field(
        default=65_536, ge=64, le=4_194_304, description="Memory that hashing a password takes."
    )
    password_passes: int = Field(
        default=3, ge=1, le=100, description="Passes that hashing a password makes over it."
    )
    replay_clock: bool = Field(
        default=False, description="Whether partners may state when an order was placed."
    )
    storefront_url: str = Field(
        default="http://127.0.0.1:8000",
        pattern="^https?://",
        description="Under which people reach the store; links in messages begin with it.",
    )
    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        description="Mail server, as smtp[s]://[user:password@]host[:port]; empty for MAIL_DIR.",
    )
    mail_from: str = Field(
        default="EcoMarket <store@ecomarket.example>",
        pattern=r"^([^<>\r\n\"]+ <[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$",
        description="Whom messages are from; also where what cannot be delivered comes back.",
    )
    mail_dir: Path = Field(
        default=Path(".ecomarket/mail"),
        description="Maildir that messages are written to where no mail server is set.",
    )
    mail_lease_s: float = Field(
        default=120.0,
        gt=0,
        le=3600,
        description="After this long a message whose sender was killed is tried again.",
    )
    shared_clock: str = Field(
        default="",
        description="File that a simulation writes the time into; empty: the system's clock.",
    )
    metrics_port: int = Field(default=9101, ge=1, le=65535, description="Of the relay.")
    request_timeout_s: float = Field(
        default=60.0,
        gt=0,
        le=3600,
        description="After this a request is given up whose answer has not begun.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Networks, parted by commas, whose X-Forwarded-For tells who calls; "
        "without any, callers without a credential are not told apart and not limited.",
    )
    collect_keys: str = Field(
        default="storefront",
        pattern=r"^([A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64})*)?$",
        description="Public names, parted by commas, under which pages send clicks.",
    )
    collect_origins: str = Field(
        default="",
        pattern=r"^(\*|(https?://[^,/\s]+(,https?://[^,/\s]+)*)?)$",
        description="Origins, parted by commas, whose pages may read the collector's answers; "
        "* for all; empty: the store's own alone.",
    )
    data_centre_ranges: str = Field(
        default="",
        description="File of data centres' networks, one in CIDR notation a line, by which clicks "
        "are classed; empty: the ranges that the store comes with.",
    )
    collect_spool_dir: Path = Field(
        default=Path(".ecomarket/spool"),
        description="Folder where clicks wait while Kafka is away.",
    )
    collect_spool_bytes: int = Field(
        default=268_435_456,
        ge=0,
        le=2**40,
        description="The most that a process keeps there; what is more is refused.",
    )
    otel_exporter_otlp_endpoint: str = Field(
        default="",
        pattern="^(https?://.*)?$",
        description="Base URL of an OTLP/HTTP receiver of traces; empty for none.",
    )
    otel_traces_sampler_arg: float = Field(
        default=1.0, ge=0, le=1, description="Share of the traces beginning here that is kept."
    )

    @property
    def tracing(self) -> tuple[str, float]:
        """Where traces go, and the share that does."""
        return self.otel_exporter_otlp_endpoint, self.otel_traces_sampler_arg

    @field_validator("smtp_url")
    @classmethod
    def _names_a_server(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and not url.startswith(("smtp://", "smtps://")):
            raise ValueError("must begin with smtp:// or smtps://")
        return value
