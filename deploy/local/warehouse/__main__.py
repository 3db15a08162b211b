"""Run the warehouse in the foreground."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from deploy.local.warehouse.app import App
from deploy.local.warehouse.engine import DataPathInUseError, Engine
from deploy.local.warehouse.users import User, Users


def main() -> None:
    """Parse the command line and serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.warehouse", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="the data folder")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--max-memory", default="", help="what queries may use together, in bytes")
    arguments = parser.parse_args()
    try:
        engine = Engine(arguments.path)
    except DataPathInUseError as error:
        raise SystemExit(str(error)) from error
    app = App(engine, Users({"default": User("default")}))
    uvicorn.run(
        app, host=arguments.host, port=arguments.port, log_level="warning", access_log=False
    )


if __name__ == "__main__":
    main()
