from __future__ import annotations

import re
from importlib.resources.abc import Traversable

import pytest

from deploy.bench._connect_worker import JARS
from deploy.local.kafka import BROKER

LINE = re.compile(
    r"(?P<digest>[0-9a-f]{64})  (?P<group>[\w./-]+)/(?P<name>[\w.-]+)/(?P<version>[\w.-]+)"
    r"/(?P=name)-(?P=version)\.jar"
)


def artifacts(listed: Traversable) -> dict[str, str]:
    """Return the version of each artifact of a list."""
    found = [LINE.fullmatch(line) for line in listed.read_text("utf-8").splitlines()]
    named = [(f"{m['group']}:{m['name']}", m["version"]) for m in found if m]
    assert len(named) == len(found), "a line is no checksum and jar of a Maven repository"
    assert len(dict(named)) == len(named), "an artifact is there in two versions"
    return dict(named)


@pytest.mark.parametrize("listed", [BROKER, JARS], ids=["broker", "connect"])
def test_each_jar_is_listed_once_with_its_checksum(listed: Traversable) -> None:
    assert artifacts(listed)


def test_kafka_connect_adds_to_the_brokers_jars_what_they_lack() -> None:
    broker, connect = artifacts(BROKER), artifacts(JARS)
    assert not broker.keys() & connect.keys()
    kafka = {version for name, version in (broker | connect).items() if "apache/kafka:" in name}
    assert len(kafka) == 1
    assert "org/apache/kafka:connect-runtime" in connect
