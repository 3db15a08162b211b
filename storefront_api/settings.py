"""Settings of the storefront, read once at an entrypoint."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the storefront finds what it needs; every default works on one machine."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    database_url: str = Field(
        default="postgresql://ecomarket@127.0.0.1:15432/ecomarket", pattern="^postgres(ql)?://"
    )
    database_pool: int = Field(default=16, ge=1, le=200, description="Connections a process holds.")
    kafka_bootstrap_servers: str = Field(default="127.0.0.1:19092", min_length=1)
    serving_url: str = Field(default="http://127.0.0.1:8001", pattern="^https?://")
    serving_timeout_ms: int = Field(
        default=150, ge=1, le=10_000, description="After this the store goes on without an answer."
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
    partner_token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token of trusted partners; empty admits none."
    )
    dispute_webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="Key of the dispute webhook's signature."
    )
    pseudonym_key: SecretStr = Field(
        default=SecretStr("local-only"), description="Key of pseudonyms and shoppers' tokens."
    )
    replay_clock: bool = Field(
        default=False, description="Whether partners may state when an order was placed."
    )
    shared_clock: str = Field(
        default="",
        description="File that a simulation writes the time into; empty: the system's clock.",
    )
    metrics_port: int = Field(default=9101, ge=1, le=65535, description="Of the relay.")
