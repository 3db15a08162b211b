"""Reading old versions as the newest: one pure step from each version to the next.

A reader applies the steps as it takes an event from the log, so that everything behind it sees one
shape. What lies in the log is never rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from storefront_api.events.registry import EVENTS, name_of
from storefront_api.events.topics import Topic

Data = dict[str, Any]
Step = Callable[[Data], Data]
"""Makes the `data` of the next version; it does not change what it is given."""
Place = tuple[Topic, str, int]
"""Topic, type, and the version that a step begins at."""


class MissingStepError(LookupError):
    """An old version has no step to the next one."""


def _order_completed_1(data: Data) -> Data:
    """Version 2 knows one more means of payment, which no order of version 1 was paid by."""
    return data


def _order_completed_2(data: Data) -> Data:
    """Version 3 states tax; nobody computed it before, which is null and not 0."""
    lines = [line | {"tax_rate_bp": None, "tax_minor": None} for line in data["lines"]]
    return data | {"lines": lines, "destination": "", "tax_minor": None}


def _order_refunded_1(data: Data) -> Data:
    """Version 2 states lines and tax, which nobody noted before."""
    return data | {"tax_minor": None, "lines": []}


def _return_received_1(data: Data) -> Data:
    """Version 2 states what each line bears of the refund, which nobody noted before."""
    lines = [line | {"refunded_minor": None, "tax_minor": None} for line in data["lines"]]
    return data | {"lines": lines, "tax_minor": None}


STEPS: Mapping[Place, Step] = {
    (Topic.ORDERS, "order_completed", 1): _order_completed_1,
    (Topic.ORDERS, "order_completed", 2): _order_completed_2,
    (Topic.ORDERS, "order_refunded", 1): _order_refunded_1,
    (Topic.RETURNS, "return_received", 1): _return_received_1,
}


class Upcaster:
    """The steps of a contract, put together.

    Parameters
    ----------
    versions
        The versions that each topic's types have.
    steps
        A step for every version that is not the newest.

    Raises
    ------
    MissingStepError
        If one is missing.
    """

    def __init__(
        self, versions: Mapping[tuple[Topic, str], set[int]], steps: Mapping[Place, Step]
    ) -> None:
        self._steps = steps
        self._newest = {name: max(found) for name, found in versions.items()}
        for (topic, type_), found in versions.items():
            for version in range(min(found), max(found)):
                if (topic, type_, version) not in steps:
                    raise MissingStepError(f"{topic}/{type_}: no step from version {version}")

    def is_old(self, topic: Topic, type_: str, version: int) -> bool:
        """Tell whether there is a newer version of a type."""
        return version < self._newest.get((topic, type_), 0)

    def newest(self, topic: Topic, type_: str, version: int, data: Data) -> tuple[int, Data]:
        """Return the newest version of a type and what the data are in it.

        Parameters
        ----------
        topic, type_, version
            What the data keep to.
        data
            An event's `data`; left as it is.
        """
        for step in range(version, self._newest[topic, type_]):
            data = self._steps[topic, type_, step](data)
        return self._newest[topic, type_], data


def _versions() -> dict[tuple[Topic, str], set[int]]:
    found: dict[tuple[Topic, str], set[int]] = {}
    for topic, events in EVENTS.items():
        for event in events:
            type_, version = name_of(event)
            found.setdefault((topic, type_), set()).add(version)
    return found


UPCASTER = Upcaster(_versions(), STEPS)
"""That of the contract."""
