"""Creating the topics."""

from __future__ import annotations

from concurrent.futures import as_completed

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from storefront_api.events import DEAD_LETTERS, RESENT_LETTERS, Topic

PARTITIONS = 4

log = structlog.get_logger()


def create_topics(bootstrap_servers: str, replication_factor: int) -> None:
    """Create every topic that does not exist; existing ones stay as they are.

    Raises
    ------
    confluent_kafka.KafkaException
        If the broker refuses one for another reason than that it exists.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    forever = {"retention.ms": "-1"}
    wanted = [
        NewTopic(str(topic), PARTITIONS, replication_factor, config=forever) for topic in Topic
    ]
    wanted += [
        NewTopic(name, 1, replication_factor, config=forever)
        for name in (DEAD_LETTERS, RESENT_LETTERS)
    ]
    outcomes = admin.create_topics(wanted, operation_timeout=30)
    for outcome in as_completed(outcomes.values()):
        try:
            outcome.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
    log.info("topics are there", topics=[topic.topic for topic in wanted])
