"""Structured log lines on stderr."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import structlog

from storefront_api.platform import tracing
from storefront_api.platform.errors import REQUEST_ID


def _of_request(_: Any, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Add to a line what names the request that it is about, if it is about one."""
    if request_id := REQUEST_ID.get():
        line.update(request_id=request_id, trace_id=tracing.trace_id())
    return line


def configure() -> None:
    """Write the process's log, librdkafka's included, as one JSON object a line."""
    shared: list[structlog.typing.Processor] = [
        _of_request,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        # Its lines about requests hold whole paths; the store writes its own.
        theirs.propagate = name != "uvicorn.access"
    # It tells of every call with its whole URL, which names the payment.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def request_line(**told: Any) -> None:
    """Write one line about a request.

    It passes by the machinery of logging, which takes longer than some requests take PostgreSQL.
    """
    line = {"event": "request", "level": "info", "timestamp": datetime.now(UTC), **told}
    sys.stderr.write(orjson.dumps(line).decode() + "\n")


def failure(log: structlog.stdlib.BoundLogger, error: BaseException) -> None:
    """Log an error by its class and the lines that it came through.

    Its message is left out: PostgreSQL and the parsers quote in it what a person has typed.
    """
    told: dict[str, Any] = {}
    if isinstance(error, asyncpg.PostgresError):
        told = {"sqlstate": error.sqlstate, "constraint": error.constraint_name}
    frames = traceback.extract_tb(error.__traceback__)
    at = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("failed", error=type(error).__qualname__, at=at, **told)
