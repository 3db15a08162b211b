"""What was refused is counted by event, version and reason, and the command says when it broke."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.repair.contract import app
from pipelines.ingest.letters import Letter
from pipelines.ingest.violations import violations
from storefront_api.events import compatibility, json_schemas

AT = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = "eco.orders.v1"


def letter(offset: int, payload: bytes, reason: str, version: int = 1) -> Letter:
    at = AT + timedelta(minutes=offset)
    return Letter(f"{ORDERS}/0/{offset}", ORDERS, 0, offset, reason, version, at, payload)


def test_letters_are_counted_by_event_version_and_reason_with_the_latest_time() -> None:
    order = b'{"type": "order_completed"}'
    letters = [
        letter(1, order, "a"),
        letter(3, order, "a"),
        letter(2, order, "a"),
        letter(4, order, "a", 2),
        letter(5, order, "b"),
    ]
    first, *others = violations(letters, {f"{ORDERS}/0/1"})
    assert (first.topic, first.type, first.schema_version, first.reason) == (
        *(ORDERS, "order_completed"),
        *(1, "a"),
    )
    assert (first.letters, first.open, first.last_seen) == (3, 2, AT + timedelta(minutes=3))
    assert [(v.schema_version, v.reason, v.letters) for v in others] == [(1, "b", 1), (2, "a", 1)]


@pytest.mark.parametrize("payload", [b"{", b"\xff", b"[]", b'{"type": "made up"}', b"[" * 100_000])
def test_what_claims_no_event_of_its_topic_is_counted_without_one(payload: bytes) -> None:
    (only,) = violations([letter(1, payload, "a")], ())
    assert (only.type, only.letters) == ("", 1)


def test_the_check_says_what_broke_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = CliRunner().invoke(app, ["check"])
    assert answer.exit_code == 0
    assert answer.stdout == f"the {len(json_schemas())} published versions are kept to\n"
    compatibility.publish(tmp_path)
    path = tmp_path / ORDERS / "order_completed.v1.json"
    schema = json.loads(path.read_text("utf-8"))
    schema["$defs"]["PaymentV1"]["properties"]["method"]["enum"].remove("cash")
    path.write_text(json.dumps(schema), "utf-8")
    kept = compatibility.published(tmp_path)
    monkeypatch.setattr(compatibility, "published", lambda: kept)
    answer = CliRunner().invoke(app, ["check", "--json"])
    assert answer.exit_code == 1
    (broken,) = json.loads(answer.stdout)
    assert broken == {
        "event": f"{ORDERS}/order_completed",
        "version": 1,
        "direction": "forward",
        "path": "$.data.payment.method",
        "rule": "value",
        "says": '"cash" is refused',
    }
    assert CliRunner().invoke(app, ["check"]).exit_code == 1
