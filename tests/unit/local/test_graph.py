from __future__ import annotations

import threading

import pytest

from deploy.local.graph import run_backward, run_forward
from deploy.local.services import Service, Task, select

Node = Service | Task


def test_each_node_is_acted_on_once_and_after_its_needs() -> None:
    done: list[str] = []
    nodes = select(None)
    run_forward(nodes, lambda node: done.append(node.name), threading.Event())
    assert sorted(done) == sorted(node.name for node in nodes)
    for node in nodes:
        assert all(done.index(need) < done.index(node.name) for need in node.needs)


def test_backward_each_node_comes_before_its_needs() -> None:
    done: list[str] = []
    nodes = select(None)
    run_backward(nodes, lambda node: done.append(node.name))
    for node in nodes:
        assert all(done.index(need) > done.index(node.name) for need in node.needs)


def test_independent_nodes_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=20)
    run_forward(
        select(["postgres", "valkey", "warehouse"]), lambda _: _meet(meeting), threading.Event()
    )
    assert not meeting.broken


def _meet(meeting: threading.Barrier) -> None:
    meeting.wait()


def test_after_a_failure_nothing_that_needs_it_begins_and_that_failure_is_told() -> None:
    done: list[str] = []

    def act(node: Node) -> None:
        if node.name == "kafka":
            raise LookupError("the broker is broken")
        done.append(node.name)

    cancelled = threading.Event()
    with pytest.raises(LookupError, match="the broker is broken"):
        run_forward(select(["stream"]), act, cancelled)
    assert not {"topics", "stream"} & set(done)
    assert cancelled.is_set()
