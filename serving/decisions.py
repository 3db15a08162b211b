"""Every answer leaves as one event, without the answer waiting for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import structlog
from confluent_kafka import KafkaError, Message, Producer
from pydantic import ValidationError
from uuid_utils.compat import uuid7

from serving import metrics
from storefront_api.events import Topic
from storefront_api.events.decisions import DecisionMadeV1, DecisionV1

POLL_S = 0.1

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Decision:
    """What was answered, to whom and why; its fields are those of the event's `data`.

    Parameters
    ----------
    started
        `time.perf_counter()` at the request's arrival; the event's latency counts from it.
    occurred_at
        The instant that the decision is about; None means now.
    """

    family: Literal["recommend", "fraud", "demand", "carbon"]
    route: str
    started: float
    subject: str = ""
    trace_id: str = ""
    model_version: str = ""
    fallback: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    features: Mapping[str, float | None] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    occurred_at: datetime | None = None
    decision_id: UUID = field(default_factory=uuid7)


class DecisionLog:
    """Publishes decisions through a bounded queue; when it is full, they are counted and lost.

    librdkafka keeps the queue and sends from a thread of its own, so handing a decision over
    takes microseconds whether Kafka is there or not.
    """

    def __init__(self, bootstrap_servers: str, queue: int) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 20,
                "queue.buffering.max.messages": queue,
                "queue.buffering.max.kbytes": 65_536,
                "message.timeout.ms": 300_000,
            },
            logger=logging.getLogger("kafka"),
        )
        self._waiting = 0
        self._counting = threading.Lock()
        self._stop = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="decisions", daemon=True)
        self._poller.start()

    def record(self, decision: Decision) -> None:
        """Hand a decision over; never raises and never waits."""
        if decision.fallback:
            metrics.FALLBACKS.labels(decision.family, decision.fallback).inc()
        try:
            event = _event(decision)
        except ValidationError as error:
            metrics.DECISIONS.labels("invalid").inc()
            log.error("decision does not fit its schema", reason=str(error))
            return
        self._count(1)
        try:
            self._producer.produce(
                Topic.DECISIONS,
                key=decision.subject or str(decision.decision_id),
                value=event.model_dump_json(),
                on_delivery=self._on_delivery,
            )
        except BufferError:
            self._count(-1)
            metrics.DECISIONS.labels("dropped").inc()

    def _count(self, more: int) -> None:
        # The producer's own length counts its log lines too.
        with self._counting:
            self._waiting += more

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        self._count(-1)
        if error is None:
            metrics.DECISIONS.labels("delivered").inc()
            return
        metrics.DECISIONS.labels("failed").inc()
        log.error("decision not delivered", reason=str(error))

    @property
    def waiting(self) -> int:
        """Decisions that Kafka has not taken yet."""
        return self._waiting

    def close(self, timeout_s: float) -> int:
        """Let waiting decisions leave, for at most a while; return how many did not."""
        self._producer.flush(timeout_s)
        self._stop.set()
        self._poller.join()
        left = self.waiting
        if left:
            metrics.DECISIONS.labels("dropped").inc(left)
            log.error("decisions lost at shutdown", count=left)
        return left

    def _poll(self) -> None:
        while not self._stop.is_set():
            self._producer.poll(POLL_S)
            metrics.DECISIONS_WAITING.set(self.waiting)


def _event(decision: Decision) -> DecisionMadeV1:
    now = datetime.now(UTC)
    return DecisionMadeV1(
        id=uuid7(),
        occurred_at=decision.occurred_at or now,
        received_at=now,
        subject=decision.subject,
        trace_id=decision.trace_id,
        data=DecisionV1(
            decision_id=decision.decision_id,
            family=decision.family,
            route=decision.route,
            model_version=decision.model_version,
            fallback=decision.fallback,
            request=dict(decision.request),
            features=dict(decision.features),
            scores=dict(decision.scores),
            reasons=list(decision.reasons),
            latency_ms=round((time.perf_counter() - decision.started) * 1000, 3),
        ),
    )
