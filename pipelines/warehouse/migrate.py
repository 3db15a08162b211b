"""Numbered migrations: applied in order, once, and never edited afterwards."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

import structlog
from clickhouse_connect.driver.client import Client

log = structlog.get_logger()

_LEDGER = """
CREATE TABLE IF NOT EXISTS raw.migrations {on_cluster}
(number UInt32, name String, sha256 String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
ENGINE = {engine} ORDER BY number
"""


class MigrationError(RuntimeError):
    """The migrations in the code and those in the warehouse contradict each other."""


@dataclass(frozen=True)
class Migration:
    """One file of `migrations/`, named ``NNNN_what_it_does.sql``."""

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Checksum of the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def statements(self, cluster: str) -> list[str]:
        """Return its statements with the engine and cluster of the target filled in."""
        text = _for_target(self.text, cluster)
        text = re.sub(r"^\s*--.*$", "", text, flags=re.MULTILINE)
        return [part.strip() for part in text.split(";") if part.strip()]


def _for_target(text: str, cluster: str) -> str:
    engine = "ReplicatedMergeTree" if cluster else "MergeTree"
    window = "replicated_deduplication_window" if cluster else "non_replicated_deduplication_window"
    on_cluster = f"ON CLUSTER {cluster}" if cluster else ""
    return (
        text.replace("{engine}", engine)
        .replace("{deduplication_window}", window)
        .replace("{on_cluster}", on_cluster)
    )


def migrations() -> list[Migration]:
    """Return all migrations in order.

    Raises
    ------
    MigrationError
        If the numbers do not count from 1 without gaps.
    """
    folder = files("pipelines.warehouse") / "migrations"
    found = []
    for path in folder.iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", path.name)
        if match:
            found.append(Migration(int(match[1]), match[2], path.read_text("utf-8")))
    found.sort(key=lambda migration: migration.number)
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise MigrationError("migrations: numbers must count from 0001 without gaps")
    return found


def migrate(client: Client, cluster: str = "") -> int:
    """Apply what is missing and return how many that were; doing it again changes nothing.

    Every statement of a migration can be repeated, so that one cut off in the middle is finished
    by the next call.

    Raises
    ------
    MigrationError
        If an applied migration was edited or is gone.
    """
    client.command(_for_target("CREATE DATABASE IF NOT EXISTS raw {on_cluster}", cluster))
    client.command(_for_target(_LEDGER, cluster))
    rows = client.query("SELECT number, any(sha256) FROM raw.migrations GROUP BY number")
    applied = {int(number): str(digest) for number, digest in rows.result_rows}
    known = migrations()
    gone = sorted(set(applied) - {m.number for m in known})
    if gone:
        raise MigrationError(f"migrations: {gone} are in the warehouse but not in the code")
    count = 0
    for migration in known:
        if migration.number in applied:
            if applied[migration.number] != migration.sha256:
                raise MigrationError(
                    f"migrations: {migration.number:04d}_{migration.name} was edited after it was "
                    "applied; write a new one instead"
                )
            continue
        for statement in migration.statements(cluster):
            client.command(statement)
        client.insert(
            "raw.migrations",
            [[migration.number, migration.name, migration.sha256]],
            column_names=["number", "name", "sha256"],
            settings={"async_insert": 0},
        )
        log.info("migrated", number=migration.number, name=migration.name)
        count += 1
    return count
