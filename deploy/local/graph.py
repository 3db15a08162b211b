"""Walking services in the order of what they need, as many at a time as that order allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event

from deploy.local.services import Service, Task

Node = Service | Task


class _NeedFailedError(Exception):
    """What this one waited for failed; that failure is the one to tell."""


def run_forward(nodes: Sequence[Node], act: Callable[[Node], None], cancelled: Event) -> None:
    """Act on each node after everything that it needs.

    Parameters
    ----------
    nodes
        Each after its needs.
    act
        Raises to say that the node failed, after which nothing that needs it is begun.
    cancelled
        Set when one failed or the caller was interrupted, so that `act` stops waiting.
    """
    _run(nodes, {node.name: node.needs for node in nodes}, act, cancelled)


def run_backward(nodes: Sequence[Node], act: Callable[[Node], None]) -> None:
    """Act on each node after everything that needs it."""
    users = {node.name: tuple(n.name for n in nodes if node.name in n.needs) for node in nodes}
    _run(list(reversed(nodes)), users, act, Event())


def _run(
    nodes: Sequence[Node],
    before: Mapping[str, Sequence[str]],
    act: Callable[[Node], None],
    cancelled: Event,
) -> None:
    futures: dict[str, Future[None]] = {}

    def step(node: Node) -> None:
        for name in before[node.name]:
            if futures[name].exception() is not None:
                raise _NeedFailedError(name)
        if not cancelled.is_set():
            act(node)

    with ThreadPoolExecutor(len(nodes)) as pool:
        try:
            for node in nodes:
                futures[node.name] = pool.submit(step, node)
            wait(futures.values(), return_when=FIRST_EXCEPTION)
        finally:
            if not all(f.done() and f.exception() is None for f in futures.values()):
                cancelled.set()
    failures = [error for f in futures.values() if (error := f.exception()) is not None]
    for failure in failures:
        if not isinstance(failure, _NeedFailedError):
            raise failure
