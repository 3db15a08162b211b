"""The trace that a request belongs to, by W3C's traceparent header."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import uuid4

from fastapi import Depends, Request

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


def _trace_id(request: Request) -> str:
    match = _TRACEPARENT.match(request.headers.get("traceparent", ""))
    return match[1] if match else uuid4().hex


TraceId = Annotated[str, Depends(_trace_id)]
"""Trace id of the request: the caller's, or a new one."""
