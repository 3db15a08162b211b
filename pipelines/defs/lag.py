"""The sensor that tells of consumers which do not keep up with the event log."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from pipelines.alerting import post
from pipelines.ingest.consumer import GROUP as SINK
from pipelines.lag import Behind, judge, lag_of
from pipelines.stream.consume import GROUP as STREAM
from pipelines.stream.consume import TOPICS
from storefront_api.events import Topic

GROUPS: Mapping[str, Sequence[str]] = {
    SINK: [topic.value for topic in Topic],
    STREAM: [topic.value for topic in TOPICS],
}
"""The pipelines' consumer groups, and the topics of each."""


def _now() -> datetime:
    return datetime.now(UTC)


def consumer_lag(
    bootstrap_servers: str,
    url: str,
    limit: int,
    patience: timedelta,
    status: dg.DefaultSensorStatus,
    groups: Mapping[str, Sequence[str]] = GROUPS,
    now: Callable[[], datetime] = _now,
) -> dg.SensorDefinition:
    """Return the sensor that posts to a webhook which consumers are behind, and when that is over.

    Parameters
    ----------
    bootstrap_servers
        The Kafka cluster.
    url
        Where messages go; empty for nowhere.
    limit
        Messages that a consumer may be behind for as long as it likes.
    patience
        How long one may be behind further than that before it is told, once.
    status
        Whether it starts switched on.
    groups
        Topics of each consumer group.
    now
        The clock.
    """

    @dg.sensor(
        name="consumer_lag",
        minimum_interval_seconds=30,
        default_status=status,
        description="Posts consumers that are behind the event log to ALERT_WEBHOOK_URL, and when "
        "they keep up again.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not url:
            return dg.SkipReason("ALERT_WEBHOOK_URL is empty")
        lags = [lag_of(bootstrap_servers, group, topics) for group, topics in groups.items()]
        behind, news = judge(lags, _known(context.cursor), limit, patience, now())
        if news:
            post(url, news)
        context.update_cursor(_cursor(behind))
        return dg.SkipReason("; ".join(f"{lag.group}: {lag.messages} behind" for lag in lags))

    return sensor


def _known(cursor: str | None) -> dict[str, Behind]:
    told = json.loads(cursor or "{}")
    return {
        group: Behind(datetime.fromisoformat(each["since"]), each["told"])
        for group, each in told.items()
    }


def _cursor(behind: Mapping[str, Behind]) -> str:
    return json.dumps(
        {
            group: {"since": each.since.isoformat(), "told": each.told}
            for group, each in behind.items()
        }
    )
