"""The front when clients leave, when it is stopped, killed and started again."""

from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.integration.warehouse.conftest import DEADLINE_S, Reply, Warehouse, until

ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE sin(number) > 2"
LOGGED = "SELECT {} FROM warehouse.query_log WHERE query_id = '{}'"


def _log(warehouse: Warehouse, columns: str, query_id: str) -> str:
    warehouse.sql("SYSTEM FLUSH LOGS")
    return warehouse.sql(LOGGED.format(columns, query_id))


def test_the_query_log_tells_what_ran(warehouse: Warehouse, database: str) -> None:
    warehouse.sql("CREATE TABLE t (a Int64) ENGINE = Memory", database=database)
    warehouse.sql("INSERT INTO t VALUES (1), (2)", query_id="log-in", database=database)
    warehouse.sql("SELECT * FROM t", query_id="log-out", database=database)
    warehouse.post("SELECT * FROM nowhere", query_id="log-bad", user="analyst", password="reads")
    columns = "user, status, exception_code, written_rows, read_rows, query"
    assert _log(warehouse, columns, "log-in").startswith("default\tfinished\t0\t2\t")
    assert _log(warehouse, columns, "log-out") == "default\tfinished\t0\t0\t2\tSELECT * FROM t"
    assert _log(warehouse, columns, "log-bad").startswith("analyst\tfailed\t60\t0\t0\t")
    recent = "started_at > now() - 60 AND duration_ms < 60000"
    assert _log(warehouse, recent, "log-in") == "1"


def test_the_log_is_written_without_being_asked(warehouse: Warehouse) -> None:
    warehouse.sql("SELECT 1", query_id="log-soon")
    until(
        lambda: warehouse.sql(LOGGED.format("status", "log-soon")) == "finished",
        "the query is in the log",
    )


@pytest.mark.parametrize(
    "statement",
    [ENDLESS, "SELECT number FROM numbers(1000000000000)", f"SELECT * FROM ({ENDLESS})"],
    ids=["silent", "streaming", "nested"],
)
def test_a_query_ends_when_its_client_goes_away(
    warehouse: Warehouse, statement: str, request: pytest.FixtureRequest
) -> None:
    query_id = request.node.name
    connection = warehouse.open()
    connection.request("POST", f"/?query_id={query_id}", statement)
    here = f"SELECT count() FROM system.processes WHERE startsWith(query, '{statement[:40]}')"
    until(lambda: warehouse.sql(here) != "0", "the query runs")
    connection.close()
    until(lambda: warehouse.sql(here) == "0", "the query has ended")
    until(lambda: _log(warehouse, "status", query_id) == "cancelled", "the log tells")


def test_kill_query_knows_the_clients_query_id(warehouse: Warehouse) -> None:
    replies: list[Reply] = []
    query = threading.Thread(
        target=lambda: replies.append(warehouse.post(ENDLESS, query_id="to-kill"))
    )
    query.start()
    kill = "KILL QUERY WHERE query_id = 'to-kill' ASYNC"
    until(lambda: bool(warehouse.sql(kill)), "the query is found")
    query.join(DEADLINE_S)
    assert replies[0].code == 394
    assert warehouse.post("SELECT 1", query_id="to-kill").text == "1"


def test_two_queries_may_not_share_an_id(warehouse: Warehouse) -> None:
    query = threading.Thread(
        target=warehouse.post, args=("SELECT sleep(2)",), kwargs={"query_id": "twice"}
    )
    query.start()
    until(lambda: "sleep(2)" in warehouse.sql("SHOW PROCESSLIST FORMAT TSV"), "it runs")
    assert warehouse.post("SELECT 1", query_id="twice").code == 216
    query.join(DEADLINE_S)
    assert warehouse.post("SELECT 1", query_id="twice").text == "1"


def test_sigterm_lets_a_running_query_finish(own_warehouse: Warehouse) -> None:
    replies: list[Reply] = []
    query = threading.Thread(target=lambda: replies.append(own_warehouse.post("SELECT sleep(2)")))
    query.start()
    until(lambda: "sleep(2)" in own_warehouse.sql("SHOW PROCESSLIST FORMAT TSV"), "it runs")
    assert own_warehouse.end(signal.SIGTERM) == 0
    query.join(DEADLINE_S)
    assert replies[0].text == "0"
    own_warehouse.start()
    # What was logged last is there too.
    logged = "SELECT count() FROM warehouse.query_log WHERE query = 'SELECT sleep(2)'"
    assert own_warehouse.sql(logged) == "1"


def test_acknowledged_inserts_outlive_a_kill_and_tokens_still_count(
    own_warehouse: Warehouse,
) -> None:
    window = "SETTINGS non_replicated_deduplication_window = 1000"
    own_warehouse.sql(f"CREATE TABLE t (a Int64) ENGINE = MergeTree ORDER BY a {window}")
    own_warehouse.sql("CREATE TABLE plain (a Int64) ENGINE = MergeTree ORDER BY a")
    insert = "INSERT INTO t FORMAT TSV"
    rows = b"".join(b"%d\n" % number for number in range(1000))

    def send(token: str) -> None:
        reply = own_warehouse.post(rows, query=insert, insert_deduplication_token=token)
        assert reply.status == 200, reply.text

    send("topic/0/0-999")
    send("topic/0/0-999")
    assert own_warehouse.sql("SELECT count() FROM t") == "1000"
    acknowledged = 0
    stop = threading.Event()

    def keep_writing() -> None:
        nonlocal acknowledged
        while not stop.is_set():
            try:
                reply = own_warehouse.post(f"INSERT INTO plain VALUES ({acknowledged})")
            except OSError:
                return
            acknowledged += reply.status == 200

    writer = threading.Thread(target=keep_writing)
    writer.start()
    until(lambda: acknowledged > 20, "some inserts are acknowledged")
    own_warehouse.end(signal.SIGKILL)
    stop.set()
    writer.join()
    own_warehouse.start()
    found = int(own_warehouse.sql(f"SELECT count() FROM plain WHERE a < {acknowledged}"))
    assert found == acknowledged
    send("topic/0/0-999")
    assert own_warehouse.sql("SELECT count() FROM t") == "1000"
    send("topic/0/1000-1999")
    assert own_warehouse.sql("SELECT count() FROM t") == "2000"


def test_one_data_path_has_one_process(own_warehouse: Warehouse) -> None:
    second = subprocess.run(
        own_warehouse.command(), capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert second.returncode == 1
    assert "warehouse_not_started" in second.stderr
    assert str(own_warehouse.path) in second.stderr


def test_a_bad_users_file_is_named(tmp_path: Path) -> None:
    server = Warehouse(tmp_path)
    (tmp_path / "users.toml").write_text("[users.a]\nreadonly = 5\n")
    answer = subprocess.run(
        server.command(), capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert answer.returncode == 1
    assert "users.a.readonly" in answer.stderr
