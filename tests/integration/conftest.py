"""One private stack for the whole session: a temporary data directory, free ports, real services.

Services start when the first test asks for them, and stop with the session.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.local.ports import free_ports
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack

StartStack = Callable[..., Stack]
"""Called with names of services; they answer when it returns."""


def private_settings(directory: Path, **changed: object) -> LocalSettings:
    """Return settings of a small stack of its own, whatever the developer's `.env` says."""
    values: dict[str, object] = {
        "data_dir": directory,
        "port_offset": 0,
        "kafka_heap_mb": 384,
        "valkey_memory_mb": 256,
        "warehouse_memory_mb": 3072,
        "ready_timeout_s": 180.0,
        **free_ports(),
        **changed,
    }
    return LocalSettings(_env_file=None, **values)  # type: ignore[arg-type]


def never_flush(postgres_url: str) -> None:
    """Spare PostgreSQL the disk: tests kill processes, not machines, and nothing is lost by it."""
    for setting in ("fsync", "full_page_writes"):
        asyncio.run(_execute(postgres_url, f"ALTER SYSTEM SET {setting} = off"))
    asyncio.run(_execute(postgres_url, "SELECT pg_reload_conf()"))


@pytest.fixture(scope="session")
def stack_settings() -> Callable[..., LocalSettings]:
    """`private_settings`, for tests that need a stack of their own to break."""
    return private_settings


@pytest.fixture(scope="session")
def session_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The session's stack, nothing of it started."""
    stack = Stack(private_settings(tmp_path_factory.mktemp("stack")))
    yield stack
    stack.down()


@pytest.fixture(scope="session")
def stack(session_stack: Stack) -> StartStack:
    """Start services of the session's stack, with all that they need, and return the stack."""

    def start(*services: str) -> Stack:
        session_stack.up(services)
        return session_stack

    return start


@pytest.fixture(scope="session")
def postgres_server(stack: StartStack) -> str:
    """URL of the server's own database, in which other databases are made."""
    url = stack("postgres").environment()["DATABASE_URL"]
    never_flush(url)
    return url


@pytest.fixture(scope="module")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of an empty database, the module's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    asyncio.run(_execute(postgres_server, f"CREATE DATABASE {name}"))
    yield urlsplit(postgres_server)._replace(path=f"/{name}").geturl()
    asyncio.run(_execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def kafka_bootstrap(stack: StartStack) -> str:
    """host:port of the broker; it has no topics but those that tests create."""
    return stack("kafka").environment()["KAFKA_BOOTSTRAP_SERVERS"]


@pytest.fixture(scope="session")
def kafka(kafka_bootstrap: str) -> str:
    """The broker, by the name of the service."""
    return kafka_bootstrap


@pytest.fixture(scope="module")
def topic_prefix() -> str:
    """What the names of a module's topics and groups begin with, so that modules never meet."""
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.fixture(scope="session")
def clickhouse_url(stack: StartStack) -> str:
    """URL of the warehouse, empty but for what tests create."""
    return stack("warehouse").environment()["CLICKHOUSE_URL"]


@pytest.fixture(scope="session")
def valkey_url(stack: StartStack) -> str:
    """URL of the online store's database 0."""
    return stack("valkey").environment()["VALKEY_URL"]
