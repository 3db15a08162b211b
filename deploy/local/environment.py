"""What every process of the stack is told: where the others are, and the secrets they share."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from deploy.local.settings import LocalSettings, Port

SECRETS = (
    "PARTNER_TOKEN",
    "DISPUTE_WEBHOOK_SECRET",
    "PSEUDONYM_KEY",
    "VAULT_KEY",
    "PAYMENT_KEY",
    "PAYMENT_WEBHOOK_SECRET",
    "CARRIER_WEBHOOK_SECRET",
    "WAREHOUSE_READER_PASSWORD",
    "BI_SECRET_KEY",
    "BI_ADMIN_PASSWORD",
    "BI_ANALYST_PASSWORD",
    "BI_EXECUTIVE_PASSWORD",
)
_SECRET_BYTES = 32
READER = "reader"
"""The warehouse's user that only reads."""


def client_environment(settings: LocalSettings) -> dict[str, str]:
    """Return the variables by which a client finds this stack.

    Parameters
    ----------
    settings
        Ports and directories; the secrets are made on the first call.
    """

    def address(port: Port) -> str:
        return f"127.0.0.1:{settings.port(port)}"

    shared = _secrets(settings.data_dir / "secrets.env")
    reader = f"{READER}:{shared['WAREHOUSE_READER_PASSWORD']}@{address(Port.WAREHOUSE)}"
    return {
        "DATABASE_URL": f"postgresql://ecomarket@{address(Port.POSTGRES)}/ecomarket",
        "KAFKA_BOOTSTRAP_SERVERS": address(Port.KAFKA),
        "CLICKHOUSE_URL": f"http://default:@{address(Port.WAREHOUSE)}",
        "VALKEY_URL": f"redis://{address(Port.VALKEY)}/0",
        "SERVING_URL": f"http://{address(Port.SERVING)}",
        "STOREFRONT_URL": f"http://{address(Port.STOREFRONT)}",
        "PAYMENT_URL": f"http://{address(Port.PAYMENTS)}",
        "PAYMENT_WEBHOOK_URL": f"http://{address(Port.STOREFRONT)}/webhooks/stripe",
        "PAYMENT_BOOKS": str(settings.data_dir / "payments" / "books.sqlite"),
        "MAIL_DIR": str(settings.data_dir / "mail"),
        "COLLECT_SPOOL_DIR": str(settings.data_dir / "spool"),
        "SEARCH_ENGINE": settings.search_engine,
        "SEARCH_INDEX_DIR": str(settings.data_dir / "search"),
        "ARTIFACTS_DIR": str(settings.artifacts_dir),
        "DATA_DOCS_DIR": str(settings.data_dir / "data_docs"),
        "DAGSTER_HOME": str(settings.data_dir / "dagster"),
        "REPLAY_CLOCK": "true",
        "SHARED_CLOCK": str(settings.data_dir / "simulation.clock"),
        "BI_URL": f"http://{address(Port.BI)}",
        "BI_METADATA_URL": f"sqlite:///{settings.data_dir / 'bi' / 'superset.db'}",
        "BI_WAREHOUSE_URL": f"http://{reader}",
        **shared,
    }


def warehouse_users(environment: Mapping[str, str]) -> str:
    """Return the warehouse's users file: one who may do all, and one who only reads.

    Parameters
    ----------
    environment
        As `client_environment` returns it.
    """
    password = environment["WAREHOUSE_READER_PASSWORD"]
    digest = hashlib.sha256(password.encode()).hexdigest()
    return (
        "[users.default]\n\n"
        f"[users.{READER}]\n"
        f'password_sha256 = "{digest}"\n'
        "# Settings may change, so that a client can limit its own queries.\n"
        "readonly = 2\n"
    )


def _secrets(path: Path) -> dict[str, str]:
    """Return the shared secrets; those that the file lacks are made and added to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        file.seek(0)
        lines = (line.strip().partition("=") for line in file if "=" in line)
        values = {name: value for name, _, value in lines}
        missing = {n: secrets.token_hex(_SECRET_BYTES) for n in SECRETS if n not in values}
        file.writelines(f"{name}={value}\n" for name, value in missing.items())
    return {name: (values | missing)[name] for name in SECRETS}
