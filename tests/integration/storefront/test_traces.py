"""One trace from a request to the message in Kafka, as a receiver of OTLP sees it."""

from __future__ import annotations

import gzip
import re
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from confluent_kafka import Consumer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deploy.local.ports import free_port
from storefront_api.events import Topic
from storefront_api.platform.outbox import new_id
from tests.integration import plain
from tests.integration.storefront.conftest import PARTNER, Worker, until
from tests.integration.storefront.goods import key, line, new_sku, order

Start = Callable[..., tuple[str, Worker]]
BEARER = {"Authorization": f"Bearer {PARTNER}"}


class Receiver:
    """A receiver of OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                receiver.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def take(self, told: ExportTraceServiceRequest) -> None:
        """Keep the spans with the service that they are of."""
        for resource in told.resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [(names["service.name"], span) for span in scope.spans]

    def of(self, trace_id: str) -> dict[tuple[str, str], Any]:
        """Return the spans of a trace by service and name."""
        mine = [(s, span) for s, span in self.spans if span.trace_id.hex() == trace_id]
        return {(service, span.name): span for service, span in mine}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A receiver that listens."""
    made = Receiver()
    thread = Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def traced(start_store: Start, receiver: Receiver) -> str:
    """Base URL of a storefront that exports its spans."""
    return start_store(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)[0]


def message_of(bootstrap: str, topic: Topic, containing: str) -> dict[str, bytes]:
    """Return the headers of the committed message that holds a text."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe([topic.value])
    found: list[dict[str, bytes]] = []

    def read() -> bool:
        for message in consumer.consume(1_000, 1.0):
            if containing.encode() in (message.value() or b""):
                headers: Any = message.headers() or []
                found.append(dict(headers))
        return bool(found)

    try:
        until(read, f"the message with {containing}")
    finally:
        consumer.close()
    return found[0]


def parts(headers: dict[str, bytes]) -> tuple[str, str, str]:
    """Return trace id, span id and flags of a message."""
    version, trace_id, span_id, flags = headers["traceparent"].decode().split("-")
    assert version == "00"
    return trace_id, span_id, flags


def test_one_trace_goes_from_the_request_through_the_relay_to_the_message(
    traced: str,
    receiver: Receiver,
    environment: dict[str, str],
    start_worker: Callable[..., Worker],
) -> None:
    with plain.Client(base_url=traced, headers=BEARER, timeout=60) as partner:
        sku = new_sku(partner)
        trace_id = uuid.uuid4().hex
        headers = key() | {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
        wanted = order(line(sku), subject="s-1")
        placed = partner.post("/orders", json=wanted, headers=headers).json()["order_id"]
    port = str(free_port())
    relaying = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "METRICS_PORT": port}
    start_worker("storefront_api.platform.relay", **relaying)
    told = parts(message_of(environment["KAFKA_BOOTSTRAP_SERVERS"], Topic.ORDERS, placed))

    published = ("relay", "publish eco.orders.v1")
    asked = ("storefront", "POST /orders")
    names = {asked, published, ("storefront", "transaction")}
    names |= {("storefront", "POST /v1/fraud/score"), ("relay", "publish eco.inventory.v1")}
    until(lambda: names <= receiver.of(trace_id).keys(), "the spans have arrived")
    spans = receiver.of(trace_id)
    assert spans[asked].parent_span_id.hex() == "00f067aa0ba902b7"
    within = spans["storefront", "transaction"]
    assert within.parent_span_id == spans[asked].span_id
    # The event was written within the transaction; the message goes on from the relay's span.
    assert spans[published].parent_span_id == within.span_id
    assert told == (trace_id, spans[published].span_id.hex(), "01")
    assert spans["storefront", "POST /v1/fraud/score"].parent_span_id == spans[asked].span_id
    stated = {each.key: each.value for each in spans[asked].attributes}
    assert stated["http.route"].string_value == "/orders"
    assert stated["http.response.status_code"].int_value == 201
    figures = plain.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
    (counted,) = re.findall(r"^ecomarket_relay_lag_seconds_count (\S+)$", figures, re.MULTILINE)
    assert float(counted) >= 4


def test_clicks_go_into_kafka_within_the_collectors_span(
    traced: str, receiver: Receiver, environment: dict[str, str]
) -> None:
    click_id, trace_id = str(new_id()), uuid.uuid4().hex
    click = {
        "id": click_id,
        "type": "product_viewed",
        "occurred_at": "2026-01-01T00:00:00Z",
        "data": {
            "session_id": "ses-1",
            "anonymous_id": "a-1",
            "device_id": "d-1",
            "sku": "A1",
            "price_minor": 1,
        },
    }
    headers = BEARER | {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    answer = plain.post(f"{traced}/collect", json={"events": [click]}, headers=headers, timeout=60)
    assert answer.json() == {"accepted": 1, "refused": []}
    bootstrap = environment["KAFKA_BOOTSTRAP_SERVERS"]
    told = parts(message_of(bootstrap, Topic.CLICKSTREAM, click_id))
    published = ("storefront", "publish eco.clickstream.v1")
    until(lambda: published in receiver.of(trace_id), "the span has arrived")
    assert told == (trace_id, receiver.of(trace_id)[published].span_id.hex(), "01")


def test_a_caller_that_does_not_sample_has_no_spans_but_still_a_trace(
    traced: str, receiver: Receiver, database: Any
) -> None:
    unsampled, sampled = uuid.uuid4().hex, uuid.uuid4().hex
    with plain.Client(base_url=traced, headers=BEARER, timeout=60) as partner:
        partner.headers["traceparent"] = f"00-{unsampled}-00f067aa0ba902b7-00"
        sku = new_sku(partner)
        partner.headers["traceparent"] = f"00-{sampled}-00f067aa0ba902b7-01"
        new_sku(partner)
    until(lambda: bool(receiver.of(sampled)), "later spans have arrived")
    assert receiver.of(unsampled) == {}
    written = "SELECT count(*) FROM outbox WHERE traceparent LIKE $1"
    about = "SELECT count(*) FROM outbox WHERE payload LIKE $1"
    told = database.value(about, f"%{sku}%")
    assert database.value(written, f"00-{unsampled}-%-00") == told >= 2


def test_spans_hold_no_path_and_nothing_that_was_typed(traced: str, receiver: Receiver) -> None:
    trace_id, secret = uuid.uuid4().hex, "planted-secret"
    headers = BEARER | {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    plain.get(f"{traced}/promotions/{secret}?q={secret}", headers=headers, timeout=60)
    name = ("storefront", "GET /promotions/{code}")
    until(lambda: name in receiver.of(trace_id), "the span has arrived")
    assert all(secret not in str(span) for _, span in receiver.spans)
