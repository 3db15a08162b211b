"""The envelope keeps its promises about time and shape."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from storefront_api.events.envelope import Event

GOOD = {
    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "type": "product_viewed",
    "version": 1,
    "occurred_at": "2017-12-24T10:00:00.123456+02:00",
    "received_at": "2017-12-24T08:00:00Z",
    "subject": "s-1",
}


def test_times_are_utc_with_milliseconds() -> None:
    event = Event.model_validate_json(json.dumps(GOOD))
    assert event.model_dump(mode="json")["occurred_at"] == "2017-12-24T08:00:00.123Z"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("occurred_at", "2017-12-24T10:00:00"),
        ("version", 0),
        ("id", "x"),
        ("colour", "green"),
        ("trace_id", "zz"),
    ],
)
def test_a_bad_field_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        Event.model_validate(GOOD | {field: value})
