"""Somebody who did everything is erased: no store has a byte of it left, and none gets it back."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uuid_utils
import valkey
from clickhouse_connect.driver.client import Client
from typer import Typer
from typer.testing import CliRunner

from deploy.local.ports import free_port
from deploy.local.postgres import binary
from deploy.local.services import SERVER
from deploy.local.stack import Stack
from deploy.repair.cli import register
from pipelines.ingest.ranges import Asked
from pipelines.ingest.reading import kept, messages, reader
from pipelines.ingest.replaying import Replay
from pipelines.ingest.topics import create_topics
from pipelines.keys import Keys
from storefront_api.events import DEAD_LETTERS, Topic
from tests.integration.storefront.accounts import People, Person
from tests.integration.storefront.conftest import PARTNER, Database, Worker, answers, until
from tests.integration.storefront.goods import line, new_sku, order
from tests.integration.storefront.test_erasure import Life, unusual
from tests.integration.storefront.tills import stated

PROCESSES = ("storefront_api.platform.relay", "pipelines.ingest", "pipelines.stream")
TOPICS = (*Topic, DEAD_LETTERS)
COLUMNS = """
SELECT database, table, groupArray(name) FROM system.columns
WHERE type NOT LIKE '%AggregateFunction%' AND (database, table) IN (
    SELECT database, name FROM system.tables WHERE engine LIKE '%MergeTree'
) AND database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema')
GROUP BY ALL
"""
FOUND = """
SELECT DISTINCT arrayJoin(
    arrayFilter(word -> position(toString(tuple(<columns>)), word) > 0, {words:Array(String)})
) FROM <table>
"""


@pytest.fixture(scope="module")
def settings(
    environment: dict[str, str],
    stack: Callable[..., Stack],
    client: Client,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    bootstrap = stack("kafka").environment()["KAFKA_BOOTSTRAP_SERVERS"]
    create_topics(bootstrap, 1)
    return environment | {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "SERVING_URL": f"http://127.0.0.1:{free_port()}",
        "PAYMENT_URL": f"http://127.0.0.1:{free_port()}",
        "SESSIONS_TIMEOUT_MS": "5000",
        "PARTNER_TOKEN": PARTNER,
        "PSEUDONYM_KEY": "key-of-the-tests",
        "PASSWORD_MEMORY_KIB": "64",
        "PASSWORD_PASSES": "1",
        "REPLAY_CLOCK": "true",
        "COLLECT_SPOOL_DIR": str(tmp_path_factory.mktemp("spool")),
    }


@pytest.fixture(scope="module")
def url(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A storefront with all that takes its events further."""
    folder, port = tmp_path_factory.mktemp("logs"), str(free_port())
    started: list[Worker] = []
    for module in PROCESSES:
        worker = Worker(settings | {"METRICS_PORT": str(free_port())}, folder / module)
        worker.start(module)
        started.append(worker)
    store = Worker(settings, folder / "storefront")
    application = ("uvicorn", "storefront_api.app:create_app", "--factory", *SERVER)
    store.start(*application, "--host", "127.0.0.1", "--port", port)
    address = f"http://127.0.0.1:{port}"
    until(lambda: answers(address), "the storefront is ready")
    yield address
    store.end()
    assert [worker.end() for worker in started] == [0] * len(started)


@pytest.fixture
def command() -> Typer:
    """The commands that repair, as `ecomarket` has them."""
    app = Typer()
    register(app)
    return app


class Everything(Life):
    """A life in the store, and what goes beyond it."""

    def __init__(self, person: Person, partner: httpx.Client) -> None:
        super().__init__(person, partner)
        self.typed = [unusual(when) for when in ("before", "after", "refused")]
        self.device, self.visit, self.area = unusual("device"), unusual("visit"), unusual("ar")
        self.browser, self.sessions = unusual("browser"), [unusual("before"), unusual("after")]
        self._search(httpx.Client(base_url=partner.base_url), 0, "/collect/beacon?key=storefront")
        self._search(person.client, 1, "/collect", device_id=self.device)
        answer = self._search(person.client, 2, "/collect", results=-1)
        assert answer.json()["accepted"] == 0
        bought = order(
            line(new_sku(partner)),
            device_id=self.device,
            session_id=self.visit,
            payment={"method": "card", "fingerprint": self.card, "country": "US"},
        )
        bought["delivery"]["area"] = self.area
        assert stated(person.client, bought).status_code == 201

    def _search(self, client: httpx.Client, number: int, path: str, **data: Any) -> httpx.Response:
        said = {"anonymous_id": self.browser, "session_id": self.sessions[number > 0]}
        event = {
            "id": str(uuid_utils.uuid7()),
            "type": "products_searched",
            "occurred_at": "2026-03-01T09:30:00Z",
            "data": {**said, "query": self.typed[number], "results": 1, **data},
        }
        answer = client.post(path, content=json.dumps({"consent": "granted", "events": [event]}))
        assert answer.status_code == 202, answer.text
        return answer

    @property
    def secrets(self) -> set[str]:
        """What nobody may read any more, wherever it is."""
        found = {*self.words, *self.typed, self.device, self.visit, self.area}
        return found | {str(self.person.session_id)}

    @property
    def pseudonyms(self) -> set[str]:
        """By what clicks are joined: they stay in Kafka, and lead to nobody."""
        return {self.browser, *self.sessions}


class Stores:
    """All stores, to be searched for words."""

    def __init__(self, settings: dict[str, str], client: Client, online: valkey.Valkey) -> None:
        self._settings, self._client, self._online = settings, client, online

    def postgres(self, words: set[str]) -> set[str]:
        """Search a dump of the whole database."""
        command = [str(binary("pg_dump")), "--dbname", self._settings["DATABASE_URL"]]
        dump = subprocess.run(command, check=True, capture_output=True).stdout
        return {word for word in words if word.encode() in dump}

    def kafka(self, words: set[str], opened: bool) -> set[str]:
        """Search every message: its key, its value and its headers, or what those open to."""
        pattern = re.compile(b"|".join(re.escape(word.encode()) for word in words))
        consumer, found = reader(self._settings["KAFKA_BOOTSTRAP_SERVERS"]), set[bytes]()
        with Keys(self._settings["DATABASE_URL"]) as keys:
            for topic in TOPICS:
                read = list(messages(consumer, topic, kept(consumer, topic)))
                values = keys.values(read) if opened else [message.value() for message in read]
                for message, value in zip(read, values, strict=True):
                    headers: dict[str, Any] = dict(message.headers() or [])
                    parts: list[Any] = [message.key(), value, *headers.values()]
                    for part in filter(None, parts):
                        found.update(pattern.findall(bytes(part)))
        consumer.close()
        return {word.decode() for word in found}

    def warehouse(self, words: set[str]) -> set[str]:
        """Search all columns of all tables."""
        found: set[str] = set()
        for database, name, columns in self._client.query(COLUMNS).result_rows:
            listed = ", ".join(f"`{column}`" for column in columns)
            query = FOUND.replace("<columns>", listed).replace("<table>", f"{database}.`{name}`")
            rows = self._client.query(query, parameters={"words": sorted(words)}).result_rows
            found.update(str(row[0]) for row in rows)
        return found

    def online(self, words: set[str]) -> set[str]:
        """Search every key and what is under it."""
        reads: dict[str, Callable[[Any], Any]] = {
            "string": self._online.get,
            "hash": self._online.hgetall,
            "set": self._online.smembers,
            "zset": lambda key: self._online.zrange(key, 0, -1),
        }
        text = [
            f"{key} {reads[str(self._online.type(key))](key)}"
            for key in self._online.scan_iter("*")
        ]
        return {word for word in words if any(word in each for each in text)}

    def folders(self, words: set[str]) -> set[str]:
        """Search the files of artifacts and of the spool."""
        paths = [Path(self._settings[name]) for name in ("ARTIFACTS_DIR", "COLLECT_SPOOL_DIR")]
        files = [file.read_bytes() for path in paths for file in path.rglob("*") if file.is_file()]
        return {word for word in words if any(word.encode() in each for each in files)}

    def all(self, words: set[str]) -> dict[str, set[str]]:
        """Search everywhere."""
        return {
            "postgres": self.postgres(words),
            "kafka": self.kafka(words, opened=True),
            "warehouse": self.warehouse(words),
            "online": self.online(words),
            "folders": self.folders(words),
        }


@pytest.mark.timeout(280)
def test_no_store_has_a_byte_of_somebody_who_is_erased_and_a_replay_brings_none_back(
    url: str,
    settings: dict[str, str],
    client: Client,
    store: valkey.Valkey,
    command: Typer,
) -> None:
    database = Database(settings["DATABASE_URL"])
    people = People(url, database)
    headers = {"Authorization": f"Bearer {PARTNER}"}
    partner = httpx.Client(base_url=url, headers=headers, timeout=60)
    life = Everything(people.new(), partner)
    person, secrets, pseudonyms = life.person, life.secrets, life.pseudonyms
    stores = Stores(settings, client, store)
    known = f"known:{person.subject}"
    until(lambda: store.zscore(known, f"device:{life.device}") is not None, "the stream has it")
    there = {*life.typed[:2], life.card, life.device, life.visit, life.area, *pseudonyms}
    until(lambda: stores.warehouse(there) == there, "the warehouse has it")
    until(lambda: database.value("SELECT count(*) FROM outbox") == 0, "the outbox is empty")

    before = stores.all(secrets | pseudonyms)
    assert set().union(*before.values()) == secrets | pseudonyms
    assert before["postgres"] >= {person.email, life.title, life.body, life.card, life.agent}
    closed = {*life.typed, life.card, life.device, life.visit, life.area, str(person.session_id)}
    assert before["kafka"] >= closed | pseudonyms
    assert before["online"] >= {life.card, life.device}
    assert stores.kafka(secrets, opened=False) == set()

    def rows_of(table: str) -> int:
        query = f"SELECT count() FROM {table} WHERE subject = {{who:String}}"
        found = client.query(query, parameters={"who": person.subject}).result_rows
        return int(found[0][0])

    token = person.client.headers["Authorization"].removeprefix("Bearer ")
    runner = CliRunner(env=settings | {"STOREFRONT_URL": url, "ECOMARKET_TOKEN": token})
    stranger = runner.invoke(command, ["erase", f"p-{uuid.uuid4().hex[:24]}"])
    assert (stranger.exit_code, "the store refuses: there is no" in stranger.stderr) == (1, True)
    erased = runner.invoke(command, ["erase", person.subject, "--json"])
    assert erased.exit_code == 0, erased.stderr
    receipt = json.loads(erased.stdout)
    assert receipt["store"]["rows"]["subject_keys"] == 2
    mine = [one for one in receipt["beyond"] if one["subject"] == person.subject]
    rows = {(one["store"], one["what"]): one["rows"] for one in mine}
    assert rows["kafka", "subject_keys"] >= len({life.browser, life.sessions[1], life.visit})
    assert rows["warehouse", "raw.clickstream before"] == 1
    assert rows["online_store", "velocity of cards and devices"] > 1
    assert rows_of("raw.erasures") == len(mine)
    nowhere: dict[str, set[str]] = dict.fromkeys(before, set())
    assert stores.all(secrets) == nowhere
    assert stores.all(pseudonyms) == nowhere | {"kafka": pseudonyms}

    consumer = reader(settings["KAFKA_BOOTSTRAP_SERVERS"])
    with Keys(settings["DATABASE_URL"]) as keys:
        for topic in (Topic.ORDERS, Topic.CLICKSTREAM, Topic.IDENTITY):
            replay = Replay(client, consumer, keys, topic)
            replay.run(replay.begin(Asked(), anew=True), lambda _: None)
    consumer.close()
    assert rows_of("replayed.clickstream") == 1, "it is replayed, and"
    assert stores.all(secrets) == nowhere
    assert runner.invoke(command, ["erase"]).exit_code == 0
    assert rows_of("replayed.clickstream") == 0
    client.command("DROP DATABASE replayed SYNC")
    people.close()
    partner.close()
