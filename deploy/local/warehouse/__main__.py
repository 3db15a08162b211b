"""Run the warehouse in the foreground: the ClickHouse engine behind ClickHouse's HTTP protocol."""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import sys
from pathlib import Path
from types import FrameType

import psutil
import structlog
import uvicorn

from deploy.local.warehouse.app import App
from deploy.local.warehouse.engine import DataPathInUseError, Engine
from deploy.local.warehouse.executor import Executor
from deploy.local.warehouse.query_log import QueryLog
from deploy.local.warehouse.users import UsersFileError, load_users

GRACE_S = 30
KEEP_ALIVE_S = 75
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def memory_bytes(text: str) -> int:
    """Read an amount of memory.

    Parameters
    ----------
    text
        A whole number of bytes, or of K, M or G (powers of 1024).

    Raises
    ------
    argparse.ArgumentTypeError
        For anything else.
    """
    found = re.fullmatch(r"(\d+)([KMG]?)", text.upper())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number, optionally with K, M or G")
    return int(found.group(1)) * _UNITS[found.group(2)]


def _stop(_number: int, _frame: FrameType | None) -> None:
    # The server restores this handler when it has stopped and then raises the signal once more.
    raise SystemExit(0)


class _Intended(logging.Filter):
    """Drops a complaint about what the protocol wants: an answer that breaks off at an error."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "without completing response" not in record.getMessage()


def _configure_logging() -> None:
    steps: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=steps,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("uvicorn.error").addFilter(_Intended())
    structlog.configure(
        processors=[*steps, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.warehouse", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="the data folder")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--max-memory",
        type=memory_bytes,
        default=psutil.virtual_memory().total // 2,
        help="what the engine may use, e.g. 4G (default: half of the machine's memory)",
    )
    parser.add_argument(
        "--users", type=Path, help="TOML, [users.NAME] with password, password_sha256, readonly"
    )
    return parser.parse_args()


def main() -> None:
    """Parse the command line and serve until SIGTERM."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    _configure_logging()
    log = structlog.get_logger()
    path = arguments.path.resolve()
    try:
        users = load_users(arguments.users)
        engine = Engine(path, {"max_server_memory_usage": str(arguments.max_memory)})
    except (DataPathInUseError, UsersFileError) as error:
        log.error("warehouse_not_started", error=str(error))
        raise SystemExit(1) from error
    # The engine's default database reads files by name, relative to the current folder.
    nowhere = path / "nowhere"
    nowhere.mkdir(exist_ok=True)
    os.chdir(nowhere)
    app = App(Executor(engine, QueryLog(engine)), users, GRACE_S)
    log.info("warehouse_started", path=str(path), port=arguments.port, version=engine.version)
    try:
        uvicorn.run(
            app,
            host=arguments.host,
            port=arguments.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
    finally:
        log.info("warehouse_stopped")


if __name__ == "__main__":
    main()
