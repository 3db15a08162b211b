"""Every published example is a row to the sink, and stays one."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

import storefront_api.events as events
from pipelines.ingest.contract import Contract, Row

EXAMPLES = sorted((Path(events.__file__).parent / "examples").glob("*/*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_becomes_a_row_with_its_own_data(path: Path) -> None:
    payload = json.loads(path.read_bytes())
    topic = events.Topic(path.parent.name)
    row = Contract(topic).row(path.read_bytes(), 3, 41)
    assert isinstance(row, Row)
    assert (row.event_id, row.type, row.version) == (
        UUID(payload["id"]),
        payload["type"],
        payload["version"],
    )
    assert row.occurred_at == events.parse(topic, path.read_bytes()).occurred_at
    assert json.loads(bytes(row.data)) == payload["data"]
    assert (row._topic, row._partition, row._offset) == (topic.value, 3, 41)
