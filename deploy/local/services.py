"""What the stack consists of: services that run on, and commands that run once between them."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import health, orchestrator
from deploy.local.settings import LocalSettings, Port

Command = Callable[[LocalSettings], list[str]]
_METRICS = "/metrics"
SEARCH_INDEX = "search-index"
"""Keeps the index of the search, where the settings choose one."""
KEEP_ALIVE = ("--timeout-keep-alive", "75")
"""Seconds, longer than clients and proxies keep an idle connection: whoever closes first must not
be the server, or a request that is just being sent is lost."""
SERVER = (*KEEP_ALIVE, "--timeout-graceful-shutdown", "25", "--no-proxy-headers")
"""Requests under way get so many seconds to end after SIGTERM, less than the supervisor waits.
Which proxies are believed, the storefront's own setting says."""


@dataclass(frozen=True)
class Service:
    """A process that the supervisor keeps running."""

    name: str
    command: Command
    check: health.Check
    needs: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    metrics: Port | None = None
    stop_signal: str = "TERM"
    on_request: bool = False
    """Started where it is named, and not with all the others."""


@dataclass(frozen=True)
class Task:
    """A command that runs to its end before what needs it starts; safe to run again."""

    name: str
    command: Command
    needs: tuple[str, ...] = ()


class UnknownServiceError(ValueError):
    """There is no service of that name; the message lists those that there are."""


def _module(*arguments: str) -> Command:
    return lambda _: [sys.executable, "-m", *arguments]


def _uvicorn(application: str, port: Port) -> Command:
    server = ("uvicorn", application, "--factory", *SERVER)
    address = ("--host", "127.0.0.1", "--port")
    return lambda settings: [sys.executable, "-m", *server, *address, str(settings.port(port))]


def _script(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


def _warehouse(settings: LocalSettings) -> list[str]:
    limit = settings.warehouse_memory_mb * 1024**2
    options = {
        "--path": settings.data_dir / "warehouse",
        "--port": settings.port(Port.WAREHOUSE),
        "--max-memory": limit,
        "--users": settings.warehouse_users,
    }
    pairs = [str(part) for option in options.items() for part in option]
    return [sys.executable, "-m", "deploy.local.warehouse", *pairs]


def _dagster_code(settings: LocalSettings) -> list[str]:
    address = ["-h", "127.0.0.1", "-p", str(settings.port(Port.DAGSTER_CODE))]
    return [_script("dagster"), "api", "grpc", "-m", orchestrator.CODE, *address]


def _daemon(settings: LocalSettings) -> list[str]:
    return [_script("dagster-daemon"), "run", "-w", str(orchestrator.workspace_file(settings))]


def _webserver(settings: LocalSettings) -> list[str]:
    address = ["-h", "127.0.0.1", "-p", str(settings.port(Port.DAGSTER))]
    workspace = str(orchestrator.workspace_file(settings))
    return [_script("dagster-webserver"), "-w", workspace, *address]


SERVICES: Mapping[str, Service] = {
    service.name: service
    for service in (
        Service(
            "postgres",
            _module("deploy.local.postgres"),
            health.postgres,
            ports=(Port.POSTGRES,),
            # TERM would wait until every client has gone.
            stop_signal="INT",
        ),
        Service(
            "kafka",
            _module("deploy.local.kafka"),
            health.kafka,
            needs=("kafka-jars",),
            ports=(Port.KAFKA, Port.KAFKA_CONTROLLER),
        ),
        Service(
            "valkey", _module("deploy.local.valkey"), health.valkey_store, ports=(Port.VALKEY,)
        ),
        Service(
            "warehouse", _warehouse, health.http(Port.WAREHOUSE, "/ping"), ports=(Port.WAREHOUSE,)
        ),
        Service(
            "storefront",
            _uvicorn("storefront_api.app:create_app", Port.STOREFRONT),
            health.http(Port.STOREFRONT, "/readyz"),
            needs=("store-migrations", "topics", "valkey"),
            ports=(Port.STOREFRONT,),
        ),
        Service(
            "payments",
            _uvicorn("deploy.payments.app:create_app", Port.PAYMENTS),
            health.http(Port.PAYMENTS, "/healthz"),
            ports=(Port.PAYMENTS,),
        ),
        Service(
            "checkouts",
            _module("storefront_api.checkouts.worker"),
            health.http(Port.CHECKOUTS_METRICS, _METRICS),
            needs=("store-migrations", "payments"),
            ports=(Port.CHECKOUTS_METRICS,),
            metrics=Port.CHECKOUTS_METRICS,
        ),
        Service(
            "notifications",
            _module("storefront_api.notifications.worker"),
            health.http(Port.NOTIFICATIONS_METRICS, _METRICS),
            needs=("store-migrations",),
            ports=(Port.NOTIFICATIONS_METRICS,),
            metrics=Port.NOTIFICATIONS_METRICS,
        ),
        Service(
            SEARCH_INDEX,
            _module("storefront_api.search.index.worker"),
            health.http(Port.SEARCH_METRICS, _METRICS),
            needs=("store-migrations",),
            ports=(Port.SEARCH_METRICS,),
            metrics=Port.SEARCH_METRICS,
            on_request=True,
        ),
        Service(
            "relay",
            _module("storefront_api.platform.relay"),
            health.http(Port.RELAY_METRICS, _METRICS),
            needs=("store-migrations", "topics"),
            ports=(Port.RELAY_METRICS,),
            metrics=Port.RELAY_METRICS,
        ),
        Service(
            "sink",
            _module("pipelines.ingest"),
            health.http(Port.SINK_METRICS, _METRICS),
            needs=("warehouse-migrations", "topics"),
            ports=(Port.SINK_METRICS,),
            metrics=Port.SINK_METRICS,
        ),
        Service(
            "stream",
            _module("pipelines.stream"),
            health.http(Port.STREAM_METRICS, _METRICS),
            needs=("valkey", "topics"),
            ports=(Port.STREAM_METRICS,),
            metrics=Port.STREAM_METRICS,
        ),
        Service(
            "serving",
            _uvicorn("serving.app:create_app", Port.SERVING),
            # Not /readyz: before the first training there is no model to be ready with.
            health.http(Port.SERVING, "/healthz"),
            needs=("valkey", "topics"),
            ports=(Port.SERVING,),
        ),
        Service(
            "dagster-code",
            _dagster_code,
            health.listens(Port.DAGSTER_CODE),
            needs=("dagster-database", "warehouse-migrations"),
            ports=(Port.DAGSTER_CODE,),
        ),
        Service("dagster-daemon", _daemon, health.dagster_daemon, needs=("dagster-code",)),
        Service(
            "dagster-webserver",
            _webserver,
            health.http(Port.DAGSTER, "/server_info"),
            needs=("dagster-code",),
            ports=(Port.DAGSTER,),
        ),
        Service(
            "superset",
            _module("deploy.local.superset", "serve"),
            health.http(Port.BI, "/health"),
            needs=("bi-metadata", "warehouse-migrations"),
            ports=(Port.BI,),
            on_request=True,
        ),
    )
}

TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task("kafka-jars", _module("deploy.local.kafka", "fetch")),
        Task("topics", _module("pipelines.ingest", "topics"), needs=("kafka",)),
        Task("store-migrations", _module("storefront_api.migrate"), needs=("postgres",)),
        Task("dagster-database", _module("deploy.local.orchestrator"), needs=("postgres",)),
        Task("bi-metadata", _module("deploy.local.superset", "prepare")),
        Task("warehouse-migrations", _module("pipelines.warehouse"), needs=("warehouse",)),
    )
}


def select(names: Iterable[str] | None) -> list[Service | Task]:
    """Return what has to run for the named services, each after all that it needs.

    Parameters
    ----------
    names
        Services; None means every one but those that start on request.

    Raises
    ------
    UnknownServiceError
        If a name is no service.
    """
    chosen: dict[str, Service | Task] = {}

    def add(node: Service | Task) -> None:
        for need in node.needs:
            add(SERVICES.get(need) or TASKS[need])
        chosen.setdefault(node.name, node)

    usual = [name for name, service in SERVICES.items() if not service.on_request]
    for name in usual if names is None else names:
        if name not in SERVICES:
            raise UnknownServiceError(f"no service {name!r}; there are {', '.join(SERVICES)}")
        add(SERVICES[name])
    return list(chosen.values())


def wanted(settings: LocalSettings, names: Iterable[str] | None) -> list[Service | Task]:
    """Return what has to run for the named services as they are set.

    A storefront that searches an index has it kept.

    Raises
    ------
    UnknownServiceError
        If a name is no service.
    """
    nodes = select(names)
    indexed = settings.search_engine == "tantivy"
    if indexed and any(node.name == "storefront" for node in nodes):
        nodes += [node for node in select([SEARCH_INDEX]) if node not in nodes]
    return nodes
