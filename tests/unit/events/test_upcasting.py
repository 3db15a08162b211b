"""Old versions become the newest, step by step, and are left as they were."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import storefront_api.events as events
from storefront_api.events import Topic
from storefront_api.events.registry import name_of
from storefront_api.events.upcasting import STEPS, UPCASTER, Data, MissingStepError, Upcaster

EXAMPLES = sorted((Path(events.__file__).parent / "examples").glob("*/*.json"))


def old(path: Path) -> bool:
    type_, _, version = path.stem.rpartition(".v")
    return UPCASTER.is_old(Topic(path.parent.name), type_, int(version))


OLD = [path for path in EXAMPLES if old(path)]
TOPIC, TYPE = Topic.ORDERS, "thing_done"


def named(data: Data) -> Data:
    return {key: value for key, value in data.items() if key != "title"} | {"name": data["title"]}


def counted(data: Data) -> Data:
    return data | {"items": 1}


def test_steps_are_taken_one_after_the_other_from_where_the_data_stand() -> None:
    upcaster = Upcaster(
        {(TOPIC, TYPE): {1, 2, 3}}, {(TOPIC, TYPE, 1): named, (TOPIC, TYPE, 2): counted}
    )
    first = {"title": "x"}
    assert upcaster.newest(TOPIC, TYPE, 1, first) == (3, {"name": "x", "items": 1})
    assert upcaster.newest(TOPIC, TYPE, 2, {"name": "y"}) == (3, {"name": "y", "items": 1})
    assert upcaster.newest(TOPIC, TYPE, 3, {"name": "z"}) == (3, {"name": "z"})
    assert first == {"title": "x"}
    assert [upcaster.is_old(TOPIC, TYPE, version) for version in (1, 2, 3)] == [True, True, False]


def test_a_version_without_a_step_is_told_at_once() -> None:
    with pytest.raises(MissingStepError, match="thing_done: no step from version 2"):
        Upcaster({(TOPIC, TYPE): {1, 3}}, {(TOPIC, TYPE, 1): named})


def test_the_contract_has_no_step_but_between_its_versions() -> None:
    versions = {
        (topic, *name_of(event)) for topic, every in events.EVENTS.items() for event in every
    }
    for topic, type_, version in STEPS:
        assert {(topic, type_, version), (topic, type_, version + 1)} <= versions


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_the_example_of_an_old_version_keeps_the_newest_after_its_steps(path: Path) -> None:
    topic = Topic(path.parent.name)
    event: dict[str, Any] = json.loads(path.read_text("utf-8"))
    before = copy.deepcopy(event["data"])
    version, data = UPCASTER.newest(topic, event["type"], event["version"], event["data"])
    assert event["data"] == before
    newest = events.parse(topic, json.dumps(event | {"version": version, "data": data}))
    assert name_of(type(newest)) == (event["type"], version)
    assert not UPCASTER.is_old(topic, event["type"], version)


def test_orders_of_the_first_version_are_among_them() -> None:
    assert "order_completed.v1" in {path.stem for path in OLD}
