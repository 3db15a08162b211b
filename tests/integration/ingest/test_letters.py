"""Dead letters are listed, shown whole, repaired and resent, each once."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from typer.testing import CliRunner

from deploy.repair.contract import app as contract
from deploy.repair.letters import app
from pipelines.ingest.letters import letters, resent
from pipelines.ingest.reading import kept, reader
from pipelines.ingest.resending import (
    AlreadyResentError,
    ShutOutError,
    in_warehouse,
    resending,
)
from pipelines.keys import Keys
from storefront_api.events import Topic
from storefront_api.events.tracking_plan import PAGE
from tests.integration.ingest.conftest import SinkProcess, until
from tests.integration.ingest.feed import ORDER, VIEW, Feed, count

Command = Callable[..., Any]


@pytest.fixture
def dlq(environment: dict[str, str]) -> Command:
    runner = CliRunner(env=environment)
    return lambda *arguments: runner.invoke(app, list(arguments))


@pytest.fixture
def poisoned(sink: SinkProcess, feed: Feed, warehouse: Client) -> tuple[str, str]:
    """Two letters: an order whose total is wrong, and a click with a foreign field."""
    order = json.loads(json.dumps(ORDER | {"id": str(uuid.uuid4())}))
    order["data"]["total_minor"] += 1
    click = VIEW | {"id": str(uuid.uuid4()), "colour": "red"}
    feed.produce(8)
    feed.send(Topic.ORDERS, [json.dumps(order).encode()], partition=2)
    feed.send(Topic.CLICKSTREAM, [json.dumps(click).encode()], partition=3)
    sink.start()
    until(lambda: feed.arrived(warehouse) and _dead(warehouse) == 2, "both were put aside")
    assert sink.end() == 0
    return "eco.orders.v1/2/1", "eco.clickstream.v1/3/1"


def _dead(client: Client) -> int:
    return int(client.query("SELECT count() FROM raw.dead_letters").result_rows[0][0])


def _broken(environment: dict[str, str]) -> list[tuple[Any, ...]]:
    answer = CliRunner(env=environment).invoke(contract, ["violations", "--json"])
    assert answer.exit_code == 0, answer.stderr
    names = ("topic", "type", "schema_version", "reason", "letters", "open")
    return [tuple(row[name] for name in names) for row in json.loads(answer.stdout)]


def _plan(environment: dict[str, str], folder: Path) -> str:
    path = folder / "plan.html"
    answer = CliRunner(env=environment).invoke(contract, ["page", str(path)])
    assert (answer.exit_code, answer.stdout) == (0, f"{path.as_uri()}\n"), answer.stderr
    return path.read_text("utf-8")


def _numbers(plan: str, event: str) -> tuple[str, ...]:
    """Return what a page's row says of violations, and of open ones."""
    row = plan.partition(f'<tr id="{event}"')[2].partition("</tr>")[0]
    return tuple(re.findall(r'class="number">([^<]*)<', row))


def _listed(dlq: Command, *arguments: str) -> dict[str, dict[str, Any]]:
    answer = dlq("list", "--json", *arguments)
    assert answer.exit_code == 0, answer.stderr
    return {letter["id"]: letter for letter in json.loads(answer.stdout)}


def test_a_letter_is_repaired_by_its_payload_and_arrives_once(
    poisoned: tuple[str, str],
    dlq: Command,
    sink: SinkProcess,
    feed: Feed,
    warehouse: Client,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    order, click = poisoned
    found = _listed(dlq)
    assert set(found) == {order, click}
    assert found[order]["reason"].startswith("data: Value error, total_minor must equal")
    assert (found[order]["partition"], found[order]["offset"]) == (2, 1)
    assert found[order]["schema_version"] == 1
    assert set(_listed(dlq, "--topic", Topic.CLICKSTREAM.value)) == {click}
    assert "colour: " in dlq("list").stdout
    assert _broken(environment) == [
        (Topic.CLICKSTREAM.value, "product_viewed", 1, found[click]["reason"], 1, 1),
        (Topic.ORDERS.value, "order_completed", 1, found[order]["reason"], 1, 1),
    ]
    query = PAGE.read_text("utf-8").partition("    SELECT")[2].partition("\n\n")[0]
    rows = warehouse.query(f"SELECT {query}").result_rows
    assert sorted(tuple(row[:5]) for row in rows) == [row[:5] for row in _broken(environment)]
    assert json.loads(dlq("show", click).stdout)["reason"].startswith("colour: ")

    plan = _plan(environment, tmp_path)
    assert _numbers(plan, "order_completed") == ("1", "1")
    assert _numbers(plan, "product_viewed") == ("1", "1")
    assert _numbers(plan, "product_clicked") == ("0", "0")
    assert "data: Value error, total_minor must equal" in plan

    refused = dlq("retry", order)
    assert refused.exit_code == 1
    assert "still refused, data: Value error, total_minor" in refused.stderr

    repaired = json.loads(dlq("show", order, "--payload").stdout)
    repaired["data"]["total_minor"] -= 1
    path = tmp_path / "repaired.json"
    path.write_text(json.dumps(repaired))
    sent = dlq("retry", order, "--payload", str(path))
    assert (sent.exit_code, sent.stdout) == (0, f"sent: {order} as eco.orders.v1/2/2\n")
    again = dlq("retry", order, "--payload", str(path))
    assert again.exit_code == 1
    assert f"{order} was sent again at " in again.stderr

    assert set(_listed(dlq, "--unsent")) == {click}
    assert [row[5] for row in _broken(environment)] == [1, 0]
    assert _numbers(_plan(environment, tmp_path), "order_completed") == ("1", "0")
    record = _listed(dlq)[order]["resent"]
    assert (record["as"], record["edited"]) == ("eco.orders.v1/2/2", True)

    feed.sent[Topic.ORDERS].add(repaired["id"])
    sink.start()
    until(lambda: feed.arrived(warehouse), "the repaired order is there")
    assert sink.end() == 0
    feed.check(warehouse)
    assert count(warehouse, Topic.CLICKSTREAM) == 4


def test_what_nobody_refused_cannot_be_resent(poisoned: tuple[str, str], dlq: Command) -> None:
    answer = dlq("retry", "eco.orders.v1/0/0")
    assert answer.exit_code == 1
    assert "id: no dead letter 'eco.orders.v1/0/0'" in answer.stderr
    assert dlq("retry").exit_code == 2


def test_what_came_by_another_way_is_not_sent_again(
    poisoned: tuple[str, str],
    dlq: Command,
    sink: SinkProcess,
    feed: Feed,
    warehouse: Client,
    tmp_path: Path,
) -> None:
    order, _ = poisoned
    repaired = json.loads(dlq("show", order, "--payload").stdout)
    repaired["data"]["total_minor"] -= 1
    path = tmp_path / "repaired.json"
    path.write_text(json.dumps(repaired))
    feed.send(Topic.ORDERS, [path.read_bytes()], partition=0)
    feed.sent[Topic.ORDERS].add(repaired["id"])
    sink.start()
    until(lambda: feed.arrived(warehouse), "the store has sent it by itself")
    assert sink.end() == 0
    answer = dlq("retry", order, "--payload", str(path))
    assert answer.exit_code == 1
    assert f"event {repaired['id']} is in the warehouse already" in answer.stderr
    assert set(_listed(dlq, "--unsent")) == set(poisoned)
    feed.check(warehouse)


def test_of_two_who_resend_at_once_one_is_shut_out_and_the_letter_goes_once(
    poisoned: tuple[str, str], environment: dict[str, str], warehouse: Client, keys: Keys
) -> None:
    order, _ = poisoned
    arrived = in_warehouse(warehouse)
    brokers = environment["KAFKA_BOOTSTRAP_SERVERS"]
    consumer = reader(brokers)
    letter = letters(consumer, keys)[order]
    payload = json.dumps(ORDER | {"id": str(uuid.uuid4())}).encode()
    with resending(brokers, arrived, keys) as slow, resending(brokers, arrived, keys) as quick:
        assert quick.resend(letter, payload).offset == 2
        with pytest.raises(ShutOutError):
            slow.resend(letter, payload)
    with resending(brokers, arrived, keys) as late, pytest.raises(AlreadyResentError):
        late.resend(letter, payload)
    assert set(resent(consumer)) == {order}
    # The message and the transaction's end; the one that was shut out wrote nothing.
    assert kept(consumer, Topic.ORDERS.value)[2].end == 4
    consumer.close()
