"""Every published example is a row to the sink, and stays one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import storefront_api.events as events
from pipelines.ingest.contract import Contract, Refusal
from pipelines.ingest.rows import Envelope
from storefront_api.events.upcasting import UPCASTER

EXAMPLES = sorted((Path(events.__file__).parent / "examples").glob("*/*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_becomes_a_row_with_its_own_data_in_the_newest_version(path: Path) -> None:
    payload = json.loads(path.read_bytes())
    topic = events.Topic(path.parent.name)
    rows, refused = Contract(topic).rows([path.read_bytes()], [3], [41])
    assert refused == {}
    (row,) = rows.to_pylist()
    version, data = UPCASTER.newest(topic, payload["type"], payload["version"], payload["data"])
    assert (row["event_id"], row["type"], row["version"]) == (
        payload["id"],
        payload["type"],
        version,
    )
    assert row["occurred_at"] == events.parse(topic, path.read_bytes()).occurred_at
    assert json.loads(row["data"]) == data
    assert (row["_topic"], row["_partition"], row["_offset"]) == (topic.value, 3, 41)


def test_an_order_of_the_first_version_is_a_row_of_the_newest() -> None:
    path = next(path for path in EXAMPLES if path.stem == "order_completed.v1")
    found = Contract(events.Topic.ORDERS).check(path.read_bytes())
    assert isinstance(found, Envelope)
    assert found.version == 3
    assert json.loads(bytes(found.data))["tax_minor"] is None


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_of_a_version_to_come_is_refused_as_that(path: Path) -> None:
    payload = json.loads(path.read_bytes()) | {"version": 99}
    refused = Contract(events.Topic(path.parent.name)).check(json.dumps(payload).encode())
    assert isinstance(refused, Refusal)
    assert refused.reason.startswith(f"version: unknown version 99 of {payload['type']}; ")
    assert refused.schema_version == 99
