"""Traces: the caller's is continued, by W3C's traceparent header, or a new one is begun.

There is a trace id in any case, since events name it. Spans are kept only where an endpoint of
OpenTelemetry's protocol is set; otherwise `span` does next to nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Annotated

from fastapi import Depends, Request
from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
)
_HEADER: ContextVar[str] = ContextVar("traceparent", default="")
"""The present trace's header where no spans are kept: then it is all that there is of it."""
_tracer: Tracer | None = None


def start(service: str, endpoint: str, share: float) -> Callable[[], None]:
    """Export spans from now on, and return what ends that.

    Parameters
    ----------
    service
        What the spans are to be known by.
    endpoint
        Base URL of an OTLP/HTTP receiver; empty for none.
    share
        Of the traces that begin here, 0 to 1; those that come from elsewhere decided already.
    """
    global _tracer
    if not endpoint:
        return lambda: None
    # The SDK costs a process time and memory, which those without an endpoint keep.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        resource=Resource.create({"service.name": service}),
    )
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    _tracer = provider.get_tracer("ecomarket")

    def end() -> None:
        global _tracer
        _tracer = None
        provider.shutdown()

    return end


def parent(traceparent: str) -> Context:
    """Return the context that a traceparent stands for; an empty one if it is malformed."""
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return Context()
    flags = TraceFlags(int(match[3], 16))
    span_context = SpanContext(int(match[1], 16), int(match[2], 16), True, flags)
    return set_span_in_context(NonRecordingSpan(span_context), Context())


def traceparent() -> str:
    """Return the header by which others continue the present span; empty if there is none."""
    if _tracer is None:
        return _HEADER.get()
    return header_of(get_current_span().get_span_context())


def trace_id() -> str:
    """Return the id of the present trace; empty if there is none."""
    return traceparent()[3:35]


def header_of(span: SpanContext) -> str:
    """Return a span as W3C's header; empty if it is none."""
    if not span.is_valid:
        return ""
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def headers_of(header: str) -> list[tuple[str, str | bytes | None]]:
    """Return the headers of a Kafka message that is a part of a span."""
    return [("traceparent", header)] if header else []


def of_request(header: str) -> AbstractContextManager[Span]:
    """Be within a request's span, the caller's trace or a new one."""
    if _tracer is None:
        return _Unkept(header)
    return _within(_tracer.start_span("request", parent(header), SpanKind.SERVER))


def span(
    name: str, kind: SpanKind = SpanKind.INTERNAL, **attributes: AttributeValue
) -> AbstractContextManager[Span]:
    """Be within a span of the present one.

    Names and attributes hold no personal data: routes and not paths, classes and not messages.
    """
    if _tracer is None:
        return _NO_SPAN
    return _within(_tracer.start_span(name, kind=kind, attributes=attributes))


_NO_SPAN: AbstractContextManager[Span] = nullcontext(INVALID_SPAN)


class _Unkept:
    """Within a request's trace, of which no spans are kept."""

    __slots__ = ("_header", "_token")

    def __init__(self, header: str) -> None:
        match = _TRACEPARENT.fullmatch(header)
        if match is not None:
            self._header = f"00-{match[1]}-{match[2]}-{match[3]}"
        else:
            ids = random.getrandbits(128) or 1, random.getrandbits(64) or 1
            self._header = "00-{:032x}-{:016x}-00".format(*ids)

    def __enter__(self) -> Span:
        self._token = _HEADER.set(self._header)
        return INVALID_SPAN

    def __exit__(self, *_: object) -> None:
        _HEADER.reset(self._token)


@contextmanager
def _within(begun: Span) -> Iterator[Span]:
    token = contexts.attach(set_span_in_context(begun))
    try:
        yield begun
    except Exception as error:
        begun.set_status(StatusCode.ERROR, type(error).__name__)
        raise
    finally:
        contexts.detach(token)
        begun.end()


def published(topic: str, traceparent: str) -> Span:
    """Begin the span of an event's way to Kafka, in the trace in which the event was written.

    Its context goes along with the event; without an exporter that is the writer's own.
    """
    context = parent(traceparent)
    if _tracer is None:
        return get_current_span(context)
    attributes = {"messaging.system": "kafka", "messaging.destination.name": topic}
    return _tracer.start_span(f"publish {topic}", context, SpanKind.PRODUCER, attributes)


async def _trace_id(request: Request) -> str:
    return str(request.state.trace_id)


TraceId = Annotated[str, Depends(_trace_id)]
"""Trace id of the request: the caller's, or a new one."""
