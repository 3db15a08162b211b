"""What Dagster runs with, and where it keeps its runs: `python -m deploy.local.orchestrator`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from deploy.local.settings import LocalSettings, Port

DATABASE = "dagster"
CODE = "pipelines.definitions"
"""The module that defines every asset and job, and the name of its place in Dagster."""
_CONFIGURATION = """telemetry:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
nux:
  enabled: false
# No asset has a policy of freshness, for which a daemon would look through all every 30 seconds.
freshness:
  enabled: false
run_monitoring:
  enabled: true
  poll_interval_seconds: 10
run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false
storage:
  postgres:
    postgres_url: {url}
"""
_WORKSPACE = """load_from:
  - grpc_server:
      host: 127.0.0.1
      port: {port}
      location_name: {name}
"""


def database_url(settings: LocalSettings) -> str:
    """Return the URL of Dagster's own database, beside the store's."""
    return f"postgresql://ecomarket@127.0.0.1:{settings.port(Port.POSTGRES)}/{DATABASE}"


def configuration(settings: LocalSettings) -> str:
    """Return dagster.yaml."""
    # SQLAlchemy's driver has to be named: of two that it may take, Dagster brings one.
    url = database_url(settings).replace("postgresql:", "postgresql+psycopg2:", 1)
    return _CONFIGURATION.format(url=url)


def workspace_file(settings: LocalSettings) -> Path:
    """Return where the webserver and the daemon read which code there is."""
    return settings.data_dir / "dagster" / "workspace.yaml"


def workspace(settings: LocalSettings) -> str:
    """Return workspace.yaml: one server has loaded the code for all, and starts their runs."""
    return _WORKSPACE.format(port=settings.port(Port.DAGSTER_CODE), name=CODE)


async def create(url: str) -> None:
    """Create the database unless it is there; Dagster itself makes its tables."""
    parts = urlsplit(url)
    connection = await asyncpg.connect(parts._replace(path="/postgres").geturl())
    try:
        name = parts.path.lstrip("/")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(create(database_url(LocalSettings())))
