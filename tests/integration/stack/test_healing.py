"""A store that is killed comes back with all that it had acknowledged."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping

import asyncpg
import clickhouse_connect
import pytest
import valkey
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from deploy.local.stack import ServiceState, ServiceStatus, Stack

STORES = ("postgres", "kafka", "valkey", "warehouse")
Rows = Callable[[Stack], Mapping[str, ServiceStatus]]
COUNT = 500


@pytest.fixture(scope="module")
def stores(own: Stack) -> Stack:
    own.up(STORES)
    return own


async def _postgres(url: str, statement: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(statement) or 0)
    finally:
        await connection.close()


def write_postgres(environment: Mapping[str, str]) -> None:
    statement = f"CREATE TABLE kept AS SELECT generate_series(1, {COUNT}) AS n"
    asyncio.run(_postgres(environment["DATABASE_URL"], statement))


def read_postgres(environment: Mapping[str, str]) -> int:
    return asyncio.run(_postgres(environment["DATABASE_URL"], "SELECT count(*) FROM kept"))


def write_kafka(environment: Mapping[str, str]) -> None:
    servers = environment["KAFKA_BOOTSTRAP_SERVERS"]
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(30)
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "enable.idempotence": True})
    for number in range(COUNT):
        producer.produce("kept", str(number))
    assert producer.flush(30) == 0


def read_kafka(environment: Mapping[str, str]) -> int:
    consumer = Consumer(
        {
            "bootstrap.servers": environment["KAFKA_BOOTSTRAP_SERVERS"],
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )
    consumer.subscribe(["kept"])
    count = 0
    while (message := consumer.poll(30)) is not None and message.error() is None:
        count += 1
    consumer.close()
    return count


def write_valkey(environment: Mapping[str, str]) -> None:
    with valkey.Valkey.from_url(environment["VALKEY_URL"]) as client:
        client.rpush("kept", *range(COUNT))


def read_valkey(environment: Mapping[str, str]) -> int:
    with valkey.Valkey.from_url(environment["VALKEY_URL"]) as client:
        return int(str(client.llen("kept")))


def write_warehouse(environment: Mapping[str, str]) -> None:
    with clickhouse_connect.get_client(dsn=environment["CLICKHOUSE_URL"]) as client:
        client.command("CREATE TABLE kept (n UInt32) ENGINE = MergeTree ORDER BY n")
        client.insert("kept", [[n] for n in range(COUNT)], column_names=["n"])


def read_warehouse(environment: Mapping[str, str]) -> int:
    with clickhouse_connect.get_client(dsn=environment["CLICKHOUSE_URL"]) as client:
        return int(str(client.command("SELECT count() FROM kept")))


@pytest.mark.parametrize(
    ("service", "write", "read"),
    [
        ("postgres", write_postgres, read_postgres),
        ("kafka", write_kafka, read_kafka),
        ("valkey", write_valkey, read_valkey),
        ("warehouse", write_warehouse, read_warehouse),
    ],
)
def test_a_killed_store_is_healed_by_up_with_nothing_lost(
    stores: Stack,
    rows: Rows,
    service: str,
    write: Callable[[Mapping[str, str]], None],
    read: Callable[[Mapping[str, str]], int],
) -> None:
    environment = stores.environment()
    write(environment)
    others = {name: row.pid for name, row in rows(stores).items() if name != service}
    killed = stores.kill(service)
    stores.up(STORES)
    healed = rows(stores)
    assert read(environment) == COUNT
    assert healed[service].state is ServiceState.UP
    assert healed[service].pid != killed
    assert {name: row.pid for name, row in healed.items() if name != service} == others


def test_a_killed_service_comes_back_without_being_asked(
    stores: Stack, rows: Rows, until: Callable[[Callable[[], bool], str], None]
) -> None:
    killed = stores.kill("valkey")

    def is_back() -> bool:
        row = rows(stores)["valkey"]
        return row.state is ServiceState.UP and row.pid != killed

    until(is_back, "valkey is up again")


def test_up_on_a_running_stack_leaves_every_process_alone(stores: Stack, rows: Rows) -> None:
    before = {name: row.pid for name, row in rows(stores).items()}
    stores.up(STORES)
    assert {name: row.pid for name, row in rows(stores).items()} == before
