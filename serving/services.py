"""What every route works with: wired once at the start, handed to routes by a dependency."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from serving.artifacts import Registry
from serving.decisions import DecisionLog
from serving.features import OnlineFeatures
from serving.figures import Figures
from serving.metrics import STARTED

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True)
class Services:
    """The parts that outlive a request."""

    registry: Registry
    features: OnlineFeatures
    decisions: DecisionLog
    figures: Figures


@dataclass(frozen=True)
class Asked:
    """The services, and when and within which trace a request came."""

    services: Services
    started: float
    trace_id: str


async def _asked(request: Request) -> Asked:
    traced = _TRACEPARENT.match(request.headers.get("traceparent", ""))
    return Asked(
        services=request.app.state.services,
        started=request.scope.get(STARTED, time.perf_counter()),
        trace_id=traced.group(1) if traced else "",
    )


AskedOf = Annotated[Asked, Depends(_asked)]
"""The type by which a route asks for `Asked`."""
