"""Bring the database up to date: `python -m storefront_api.migrate`."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from storefront_api.settings import Settings

LOCK = 7_236_401
"""Advisory lock that lets one migration run at a time."""


async def create_database(url: str) -> None:
    """Create the database that a URL names, unless it is there."""
    parts = urlsplit(url)
    name = parts.path.lstrip("/")
    connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            quoted = name.replace('"', '""')
            await connection.execute(f'CREATE DATABASE "{quoted}"')
    finally:
        await connection.close()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("storefront_api") / "migrations"))
    config.attributes["connection"] = connection
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    command.upgrade(config, "head")


async def migrate(url: str) -> None:
    """Create the database if need be and apply what is missing, all of it or nothing."""
    await create_database(url)
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(migrate(Settings().database_url))
