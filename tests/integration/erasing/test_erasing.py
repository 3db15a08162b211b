"""The erasure beyond the store: in every table of the warehouse, and in the online store."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import valkey
from clickhouse_connect.driver.client import Client

from models.features.online import batch_key, known_key, recent_key, velocity_key
from pipelines.defs.erasures import erasures
from pipelines.defs.resources import Artifacts, Ledger, OnlineStore, Warehouse
from pipelines.erasing.warehouse import MODULES, Treatment
from pipelines.ingest.rows import SCHEMA
from storefront_api.events import Topic
from tests.integration.ingest.feed import example

COLUMNS = SCHEMA.names
WORDS = ("device", "card", "text", "browser")
NOW = datetime(2018, 3, 1, 12, tzinfo=UTC)
STRINGS = """
SELECT database, table, name FROM system.columns
WHERE type IN ('String', 'LowCardinality(String)') AND (database, table) IN (
    SELECT database, name FROM system.tables WHERE engine LIKE '%MergeTree'
) AND database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema')
"""


def insert(client: Client, module: str, type_: str, subject: str, data: dict[str, Any]) -> None:
    """Insert one event as the sink would."""
    row = [uuid.uuid4(), type_, 1, NOW, NOW, subject, "", json.dumps(data), module, 0, 0]
    client.insert(f"raw.{module}", [row], column_names=COLUMNS, settings={"async_insert": 0})


def where(client: Client, word: str) -> set[str]:
    """Return the columns of all tables in which a word stands."""
    found = set()
    for database, table, name in client.query(STRINGS).result_rows:
        query = (
            f"SELECT count() FROM {database}.{table} WHERE position(`{name}`, {{word:String}}) > 0"
        )
        if client.query(query, parameters={"word": word}).result_rows[0][0]:
            found.add(f"{database}.{table}.{name}")
    return found


class Trail:
    """What somebody leaves in the warehouse and in the online store."""

    def __init__(self, client: Client, store: valkey.Valkey) -> None:
        self.subject = f"p-{uuid.uuid4().hex[:24]}"
        self.words = {name: f"{name}{uuid.uuid4().hex[:10]}" for name in WORDS}
        order = json.loads(json.dumps(example(Topic.ORDERS, "order_completed.v1")["data"]))
        order["device_id"] = self.words["device"]
        order["payment"]["fingerprint"] = self.words["card"]
        for _ in range(2):
            insert(client, "orders", "order_completed", self.subject, order)
        for module in (m for m, what in MODULES.items() if what is Treatment.DELETED):
            insert(client, module, "anything", self.subject, {"words": self.words["text"]})
        insert(client, "ledger", "loyalty_earned", "", {"owner": self.subject})
        # A browser that only the stitching joins to the subject, and one that many share.
        browser = self.words["browser"]
        insert(client, "clickstream", "page_viewed", "", {"anonymous_id": browser})
        members = [
            [kind, name, person, shared, "2025.1"]
            for kind, name, person, shared in (
                ("subject", self.subject, f"subject:{self.subject}", 0),
                ("anonymous_id", browser, f"subject:{self.subject}", 0),
                ("anonymous_id", "shared", "", 1),
            )
        ]
        client.insert("people.members", members, settings={"async_insert": 0})
        self.other = f"p-{uuid.uuid4().hex[:24]}"
        insert(client, "identity", "role_changed", self.other, {"by": self.subject})
        letter = ["eco.orders.v1", 0, 1, "a", 1, json.dumps({"subject": self.subject})]
        names = ["topic", "partition", "offset", "reason", "schema_version", "payload"]
        client.insert("raw.dead_letters", [letter], column_names=names)
        client.command("CREATE DATABASE IF NOT EXISTS erasing_features")
        client.command(
            "CREATE TABLE IF NOT EXISTS erasing_features.feat (subject String, orders UInt64) "
            "ENGINE = MergeTree ORDER BY subject"
        )
        client.insert("erasing_features.feat", [[self.subject, 2], ["p-other", 1]])
        store.zadd(recent_key(self.subject), {"sku-1": 1})
        store.zadd(known_key(self.subject), {"card:c-1": 1})
        store.zadd(velocity_key("shopper", self.subject), {"o-1:100": 1})
        store.hset(batch_key(self.subject), "as_of", "2018-03-01")

    def order_to_erase(self, client: Client) -> None:
        """Have the store's event arrive."""
        data = {"erasure_id": str(uuid.uuid4())}
        insert(client, "identity", "subject_erased", self.subject, data)


def test_nothing_of_an_erased_subject_is_left_but_its_receipt(
    client: Client, store: valkey.Valkey, run: Callable[[], None]
) -> None:
    gone, stays = Trail(client, store), Trail(client, store)
    before = where(client, stays.subject)
    run()
    assert where(client, gone.subject) == before, "nobody was to be erased yet"
    gone.order_to_erase(client)
    run()
    assert where(client, gone.subject) == {"raw.identity.subject", "raw.erasures.subject"}
    assert {word: where(client, word) for word in gone.words.values()} == {
        word: set() for word in gone.words.values()
    }
    assert [key for key in store.scan_iter("*") if gone.subject in key] == []
    assert where(client, gone.other) == {"raw.identity.subject"}, "an event about somebody else"
    assert where(client, stays.subject) == before
    assert all(where(client, word) for word in stays.words.values())
    assert len([key for key in store.scan_iter("*") if stays.subject in key]) == 4
    rows = client.query(
        "SELECT what, rows FROM raw.erasures WHERE subject = {who:String}",
        parameters={"who": gone.subject},
    ).result_rows
    receipt = {str(what): int(count) for what, count in rows}
    deleted = {f"raw.{name}" for name, what in MODULES.items() if what is Treatment.DELETED}
    assert receipt.keys() == deleted | {
        *("raw.orders", "raw.ledger", "raw.dead_letters", "erasing_features.feat"),
        *("raw.clickstream before", "people.members"),
        *("recent", "known", "velocity", "batch", "subject_keys"),
    }
    assert (receipt["raw.orders"], receipt["people.members"]) == (2, 2)
    assert receipt["subject_keys"] == 2, "its own, which no store destroyed, and the browser's"


def test_orders_stay_with_their_amounts_each_a_stranger_s_and_their_days_are_built_anew(
    client: Client, store: valkey.Valkey, run: Callable[[], None]
) -> None:
    gone = Trail(client, store)
    count = "SELECT count(), uniqExact(event_id), sum(JSONExtractInt(data, 'total_minor')) FROM "
    before = client.query(f"{count} raw.orders").result_rows[0]
    touched = "SELECT max(ingested_at) FROM raw.touched_days WHERE module = 'orders'"
    last = client.query(touched).result_rows[0][0]
    gone.order_to_erase(client)
    run()
    assert client.query(f"{count} raw.orders").result_rows[0] == before
    strangers = client.query(
        "SELECT uniqExact(subject), countIf(subject = concat('erased-', toString(event_id))), "
        "count() FROM raw.orders WHERE startsWith(subject, 'erased-')"
    ).result_rows[0]
    assert strangers[0] == strangers[1] == strangers[2] >= 2
    assert client.query(touched).result_rows[0][0] > last


def test_what_arrives_late_goes_with_the_next_run(
    client: Client, store: valkey.Valkey, run: Callable[[], None], environment: dict[str, str]
) -> None:
    gone = Trail(client, store)
    gone.order_to_erase(client)
    run()
    receipts = "SELECT count() FROM raw.erasures WHERE subject = {who:String}"
    first = client.query(receipts, parameters={"who": gone.subject}).result_rows[0][0]
    run()
    assert client.query(receipts, parameters={"who": gone.subject}).result_rows[0][0] == first
    insert(client, "clickstream", "product_viewed", gone.subject, {"words": gone.words["text"]})
    by_the_hour = erasures.execute_in_process(
        resources={
            "warehouse": Warehouse(url=environment["CLICKHOUSE_URL"]),
            "online_store": OnlineStore(url=environment["VALKEY_URL"]),
            "ledger": Ledger(url=environment["DATABASE_URL"]),
            "artifacts": Artifacts(directory=environment["ARTIFACTS_DIR"]),
        }
    )
    assert by_the_hour.success
    assert where(client, gone.words["text"]) == set()
    assert client.query(receipts, parameters={"who": gone.subject}).result_rows[0][0] == first + 1


def test_every_module_says_what_an_erasure_does_to_its_events(client: Client) -> None:
    assert MODULES.keys() == {topic.value.split(".")[1] for topic in Topic}
    with_events = (
        "SELECT DISTINCT table FROM system.columns WHERE database = 'raw' AND name = 'event_id'"
    )
    tables = {row[0] for row in client.query(with_events).result_rows}
    assert MODULES.keys() == {name for name in tables if not name.endswith("_touched_days")}
