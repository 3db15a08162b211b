"""The bulk import's patience with the Kafka client."""

from __future__ import annotations

from threading import Event

import pytest

from deploy.demo.history import StuckError, within


def test_work_that_does_not_come_back_is_left_behind() -> None:
    never = Event()

    def hang() -> None:
        never.wait(30)

    with pytest.raises(StuckError, match="stuck for 0 s"):
        within(0.05, hang)
    never.set()


def test_what_goes_wrong_in_work_is_raised_where_it_is_waited_for() -> None:
    def fail() -> None:
        raise KeyError("partition")

    with pytest.raises(KeyError, match="partition"):
        within(5, fail)
