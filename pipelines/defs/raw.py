"""The raw tables, which the ingest sink fills, and the check that each message is there once."""

from collections.abc import Iterable

import dagster as dg

from pipelines.defs.partitions import days_of
from pipelines.defs.resources import Warehouse
from pipelines.defs.retrying import by_class
from storefront_api.events import Topic

GROUP = "raw"


def key_of(topic: Topic) -> dg.AssetKey:
    """Return the asset key of a topic's raw table, the same as dbt gives the source."""
    return dg.AssetKey([GROUP, topic.module])


def specs(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetSpec]:
    """Return one asset per raw table; the sink materializes them, not Dagster."""
    return [
        dg.AssetSpec(
            key=key_of(topic),
            group_name=GROUP,
            description=f"Events of {topic}, each message once, as the ingest sink wrote them.",
            kinds={"kafka", "clickhouse"},
            partitions_def=partitions,
        )
        for topic in Topic
    ]


def _once_check(topic: Topic, partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=key_of(topic),
        name="each_message_once",
        description="Each message of the topic is there once, over the days of the run; "
        "events that their producer sent again are counted, and left to staging.",
        blocking=True,
        partitions_def=partitions,
    )
    def each_message_once(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> dg.AssetCheckResult:
        start, end = days_of(context, partitions)
        with by_class():
            rows, messages, events = warehouse.row(
                "SELECT count(), uniqExact((_partition, _offset)), uniqExact(event_id) "
                f"FROM raw.{topic.module} "
                "WHERE occurred_at >= {start:Date} AND occurred_at < {end:Date}",
                {"start": start, "end": end},
            )
        return dg.AssetCheckResult(
            passed=rows == messages,
            metadata={"rows": int(rows), "messages": int(messages), "events": int(events)},
        )

    return each_message_once


def checks(partitions: dg.PartitionsDefinition[str]) -> Iterable[dg.AssetChecksDefinition]:
    """Return the exactly-once check of every raw table."""
    return [_once_check(topic, partitions) for topic in Topic]
