"""How the suite is shared out among processes: `make test` gives each of them whole files."""

from __future__ import annotations

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

TOGETHER = "tests/model/sql/"
"""All of it looks at one warehouse, which takes a minute to build: one process runs it all."""
SLOWEST = (
    TOGETHER,
    "tests/integration/bi/",
    "tests/integration/stack/",
    "tests/integration/dbt/",
    "tests/integration/demo/",
)
"""What begins first, so that no process is left alone with it in the end."""

BRIEF_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Brokers live for minutes here: code is compiled fast, not best, and in one thread less."""


def pytest_configure() -> None:
    """Tell every broker that is started from here."""
    os.environ.setdefault("JDK_JAVA_OPTIONS", BRIEF_JAVA)


class WholeFiles(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Files are what a process gets, and the one folder."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> WholeFiles | None:
    """Share files out as said above."""
    return WholeFiles(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the slowest begin."""

    def place(item: pytest.Item) -> int:
        return next(
            (n for n, folder in enumerate(SLOWEST) if item.nodeid.startswith(folder)), len(SLOWEST)
        )

    items.sort(key=place)
