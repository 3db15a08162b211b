"""A sink that stands still is told, once, and told to be over when it has caught up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from clickhouse_connect.driver.client import Client

from pipelines.alerting import AlertError
from pipelines.defs.lag import consumer_lag
from storefront_api.events import Topic
from tests.integration.ingest.conftest import SinkProcess, until
from tests.integration.ingest.feed import Feed
from tests.integration.webhook import Webhook

LIMIT = 100
PATIENCE = timedelta(minutes=5)


class Watch:
    """The sensor beside a clock that is set, and the webhook that it posts to."""

    def __init__(self, bootstrap_servers: str, group: str, webhook: Webhook) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.told = ""
        self._webhook = webhook
        self._cursor: str | None = None
        self._sensor = consumer_lag(
            bootstrap_servers,
            webhook.url,
            LIMIT,
            PATIENCE,
            dg.DefaultSensorStatus.RUNNING,
            {group: [topic.value for topic in Topic]},
            lambda: self.now,
        )

    def look(self, later: timedelta = timedelta(0)) -> list[str]:
        """Let it look so much later, and return the titles of what it posted."""
        self.now += later
        self._webhook.bodies.clear()
        outcome = self._sensor.evaluate_tick(dg.build_sensor_context(cursor=self._cursor))
        self._cursor = outcome.cursor
        self.told = outcome.skip_message or ""
        return self._webhook.titles()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as listening:
        yield listening


def test_a_sink_that_is_stopped_is_told_once_and_told_to_be_over(
    sink: SinkProcess, feed: Feed, warehouse: Client, webhook: Webhook
) -> None:
    watch = Watch(feed.bootstrap, sink.group, webhook)
    assert watch.look() == []
    assert watch.told == f"{sink.group}: 0 behind"
    feed.produce(LIMIT)
    sink.start()
    until(lambda: feed.arrived(warehouse), "what was sent is there")
    assert sink.end() == 0
    # What is behind is counted from what was committed, and half of it is in each of two topics.
    feed.produce(2 * LIMIT + 2)
    assert watch.look() == []
    assert watch.told == f"{sink.group}: {2 * LIMIT + 2} behind"
    assert watch.look(PATIENCE - timedelta(seconds=1)) == []
    webhook.status = 500
    with pytest.raises(AlertError):
        watch.look(timedelta(seconds=1))
    webhook.status = 200
    assert watch.look() == [f"{sink.group} is {2 * LIMIT + 2} messages behind"]
    (body,) = webhook.bodies
    assert f"eco.clickstream.v1: {LIMIT + 1}" in body["blocks"][1]["text"]["text"]
    assert watch.look(timedelta(hours=1)) == []
    sink.start()
    until(lambda: feed.arrived(warehouse), "the rest is there, too")
    assert sink.end() == 0
    assert watch.look(timedelta(minutes=4)) == [f"{sink.group} keeps up again"]
    assert "after 69 minutes" in webhook.bodies[0]["blocks"][1]["text"]["text"]
    assert watch.look(timedelta(hours=1)) == []
