"""What ClickHouse's HTTP interface promises, checked without a client library."""

from __future__ import annotations

import base64
import json
import threading

import pytest

from tests.integration.warehouse.conftest import DEADLINE_S, Warehouse, until


def test_ping_and_the_bare_address_answer_ok(warehouse: Warehouse) -> None:
    assert warehouse.get("/ping").body == b"Ok.\n"
    assert warehouse.get("/").body == b"Ok.\n"


def test_a_query_may_stand_in_the_url_or_in_the_body(warehouse: Warehouse) -> None:
    assert warehouse.get("/", query="SELECT 1").text == "1"
    assert warehouse.post("SELECT 2").text == "2"
    assert warehouse.post("+ 3", query="SELECT 2").text == "5"


def test_rows_in_the_body_belong_to_the_insert_in_the_url(
    warehouse: Warehouse, database: str
) -> None:
    warehouse.sql("CREATE TABLE t (a Int64, b String) ENGINE = Memory", database=database)
    reply = warehouse.post("1\tx\n2\ty\n", query="INSERT INTO t FORMAT TSV", database=database)
    assert json.loads(reply.headers["x-clickhouse-summary"])["written_rows"] == "2"
    warehouse.post("(3,'z')", query="INSERT INTO t VALUES", database=database)
    warehouse.post("INSERT INTO t (b, a) VALUES ('v', 4), ('w', 5);", database=database)
    warehouse.post('INSERT INTO t FORMAT JSONEachRow\n{"a":6,"b":"u"}', database=database)
    warehouse.post("INSERT INTO t SELECT 7, 't'", database=database)
    warehouse.post(
        "8\ts", query="INSERT INTO t SELECT a, b FROM input('a Int64, b String') FORMAT TSV",
        database=database,
    )  # fmt: skip
    assert warehouse.sql("SELECT sum(a), count() FROM t", database=database) == "36\t8"


def test_settings_come_as_parameters_and_hold_for_one_request(warehouse: Warehouse) -> None:
    ask = "SELECT getSetting('max_block_size')"
    assert warehouse.sql(ask, max_block_size="1234") == "1234"
    assert warehouse.sql(ask) != "1234"
    reply = warehouse.post("SELECT 1", no_such_setting="1")
    assert (reply.status, reply.code) == (404, 115)
    assert warehouse.sql("SELECT getSetting('use_query_condition_cache')") == "false"
    assert warehouse.sql("SELECT getSetting('async_insert')") == "false"
    assert warehouse.sql("SELECT getSetting('async_insert')", async_insert="1") == "true"


def test_parameters_reach_the_query_typed(warehouse: Warehouse) -> None:
    ask = "SELECT {n:UInt64} + 1, {s:String}, {a:Array(String)}"
    parameters = {"param_n": "41", "param_s": "tab\\there", "param_a": "['x','it\\'s']"}
    assert warehouse.sql(ask, **parameters) == "42\ttab\\there\t['x','it\\'s']"
    assert warehouse.post("SELECT {n:UInt64}", param_n="x").code == 457


def test_the_format_comes_from_the_query_then_the_header_then_the_url(warehouse: Warehouse) -> None:
    header = {"X-ClickHouse-Format": "JSONCompactEachRow"}
    asked = "SELECT 1 AS x"
    assert warehouse.post(asked, default_format="CSVWithNames").text == '"x"\n1'
    assert warehouse.post(asked, header, default_format="CSV").text == "[1]"
    named = warehouse.post(f"{asked} FORMAT JSONEachRow;", header)
    assert named.text == '{"x":1}'
    assert named.headers["x-clickhouse-format"] == "JSONEachRow"
    settings = f"{asked} FORMAT JSONEachRow SETTINGS output_format_json_quote_64bit_integers = 1"
    assert warehouse.post(settings).text == '{"x":1}'
    assert warehouse.post("SELECT 1 AS format, 2 AS y -- FORMAT CSV").text == "1\t2"


def test_headers_tell_query_id_time_zone_and_what_was_read(warehouse: Warehouse) -> None:
    reply = warehouse.post("SELECT count() FROM numbers(1000)", query_id="mine")
    assert reply.headers["x-clickhouse-query-id"] == "mine"
    assert "UTC" in reply.headers["x-clickhouse-timezone"]
    summary = json.loads(reply.headers["x-clickhouse-summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("1000", "1")
    assert int(summary["elapsed_ns"]) > 0


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("SELEC 1", 400, 62),
        ("SELECT * FROM nowhere", 404, 60),
        ("SELECT nothing", 404, 47),
        ("SELECT 1; SELECT 2", 400, 62),
        ("SELECT throwIf(1)", 500, 395),
        ("SELECT count() FROM numbers(10000000000) SETTINGS max_rows_to_read = 10", 500, 158),
    ],
)
def test_errors_have_their_code_and_status(
    warehouse: Warehouse, statement: str, status: int, code: int
) -> None:
    reply = warehouse.post(statement)
    assert (reply.status, reply.code) == (status, code), reply.text
    assert reply.text.startswith(f"Code: {code}. DB::Exception: ")


def test_an_error_within_the_rows_is_told_behind_them(warehouse: Warehouse) -> None:
    statement = "SELECT throwIf(number = 3000000), number FROM numbers(4000000)"
    waited = warehouse.post(statement, wait_end_of_query="1", max_block_size="1000")
    assert (waited.status, waited.code) == (500, 395)
    connection = warehouse.open()
    connection.request("POST", "/?max_block_size=1000", statement)
    answer = connection.getresponse()
    tag = answer.headers["X-ClickHouse-Exception-Tag"]
    got, ended_well = warehouse.read_broken(answer)
    assert answer.status == 200
    assert got.startswith(b"0\t0\n")
    assert f"__exception__\r\n{tag}\r\nCode: 395.".encode() in got
    assert not ended_well


def test_rows_of_a_failed_query_never_reach_the_next_one(warehouse: Warehouse) -> None:
    warehouse.sql("SELECT 1", session_id="leak")
    for statement in ("INSERT INTO nowhere VALUES (1)", "SELECT throwIf(number = 9) FROM numbers(99)"):  # fmt: skip # noqa: E501
        assert warehouse.post(statement, session_id="leak", wait_end_of_query="1").code
    assert warehouse.sql("CREATE TEMPORARY TABLE x (a Int8)", session_id="leak") == ""
    assert warehouse.sql("SELECT 5", session_id="leak") == "5"


def test_a_session_keeps_settings_tables_and_database(warehouse: Warehouse, database: str) -> None:
    own = {"session_id": "keeps"}
    warehouse.sql("SET max_block_size = 77", **own)
    warehouse.sql("CREATE TEMPORARY TABLE mine (a Int8)", **own)
    warehouse.sql("INSERT INTO mine VALUES (5)", **own)
    warehouse.sql(f"USE {database}", **own)
    ask = "SELECT getSetting('max_block_size'), currentDatabase()"
    assert warehouse.sql(ask, **own) == f"77\t{database}"
    assert warehouse.sql(ask, **own, max_block_size="9", database="system") == "9\tsystem"
    assert warehouse.sql(ask, **own) == f"77\t{database}"
    assert warehouse.sql("SELECT a FROM mine", **own) == "5"
    assert warehouse.post("SELECT a FROM mine").code == 60
    assert warehouse.post("SELECT a FROM mine", session_id="other").code == 60
    assert warehouse.post("SELECT 1", **own, no_such_setting="1").code == 115
    assert warehouse.sql(ask, **own) == f"77\t{database}"
    warehouse.sql("SELECT 1", **own, close_session="1")
    assert warehouse.post("SELECT 1", **own, session_check="1").code == 372


def test_a_session_is_locked_while_a_query_runs_in_it(warehouse: Warehouse) -> None:
    slow = threading.Thread(
        target=warehouse.post, args=("SELECT sleep(2)",), kwargs={"session_id": "locked"}
    )
    slow.start()
    until(lambda: "sleep(2)" in warehouse.sql("SHOW PROCESSLIST FORMAT TSV"), "it runs")
    assert warehouse.post("SELECT 1", session_id="locked").code == 373
    slow.join(DEADLINE_S)
    assert warehouse.post("SELECT 1", session_id="locked").text == "1"
    assert warehouse.post("SELECT 1", session_id="x", session_timeout="99999").code == 374


def test_get_never_writes(warehouse: Warehouse, database: str) -> None:
    reply = warehouse.get("/", query="CREATE TABLE t (a Int8) ENGINE = Memory", database=database)
    assert reply.code == 164
    warehouse.sql("CREATE TABLE t (a Int8) ENGINE = Memory", database=database)
    assert warehouse.get("/", query="INSERT INTO t VALUES (1)", database=database).code == 164
    assert warehouse.post("DROP TABLE t", database=database, readonly="1").code == 164
    assert warehouse.sql("SELECT count() FROM t", database=database) == "0"


def test_a_statement_may_not_be_longer_than_max_query_size(
    warehouse: Warehouse, database: str
) -> None:
    long = f"SELECT {'1 + ' * 100_000} 1"
    reply = warehouse.post(long)
    assert (reply.status, reply.code) == (400, 62)
    assert "max_query_size" in reply.text
    assert warehouse.post("SELECT 1 + 1", max_query_size="5").code == 62
    warehouse.sql("CREATE TABLE t (a UInt64) ENGINE = Memory", database=database)
    rows = ",".join(f"({i})" for i in range(100_000))
    warehouse.sql(f"INSERT INTO t VALUES {rows}", database=database)
    assert warehouse.sql("SELECT count() FROM t", database=database) == "100000"


def test_a_form_brings_query_parameters_and_external_tables(warehouse: Warehouse) -> None:
    fields = {"query": "SELECT sum(a) + {n:Int64} FROM t", "param_n": "100"}
    lines = [
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = '--B\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n\r\n1\n2\n\r\n--B--'
    form = "".join(lines) + file
    header = {"Content-Type": "multipart/form-data; boundary=B"}
    external = {"t_format": "TSV", "t_types": "Int64"}
    assert warehouse.post(form.replace("(a)", "(_1)"), header, **external).text == "103"
    external = {"t_format": "TSV", "t_structure": "a Int64"}
    assert warehouse.post(form, header, **external, session_id="form").text == "103"
    assert warehouse.post("SELECT * FROM t", session_id="form").code == 60
    injected = {"t_structure": "a Int64) ENGINE = File(CSV, '/tmp/x'"}
    assert warehouse.post(form, header, **injected).code == 497


def test_unknown_users_and_wrong_passwords_are_refused(warehouse: Warehouse) -> None:
    def basic(name: str, password: str) -> dict[str, str]:
        token = base64.b64encode(f"{name}:{password}".encode()).decode()
        return {"Authorization": f"Basic {token}"}

    def key(name: str, password: str) -> dict[str, str]:
        return {"X-ClickHouse-User": name, "X-ClickHouse-Key": password}

    for way in (basic, key):
        for name, password in (("analyst", "wrong"), ("nobody", ""), ("default", "x")):
            reply = warehouse.post("SELECT 1", way(name, password))
            assert (reply.status, reply.code) == (403, 516)
        assert warehouse.post("SELECT 1", way("analyst", "reads")).text == "1"
    assert warehouse.post("SELECT 1", user="analyst", password="reads").text == "1"
    assert warehouse.post("SELECT 1", user="analyst", password="x").status == 403
    assert warehouse.post("SELECT 1", basic("dashboards", "charts")).text == "1"


def test_read_only_users_read_and_nothing_else(warehouse: Warehouse, database: str) -> None:
    warehouse.sql("CREATE TABLE t (a Int8) ENGINE = Memory", database=database)
    analyst = {"user": "analyst", "password": "reads", "database": database}
    dashboards = {"user": "dashboards", "password": "charts", "database": database}
    for who in (analyst, dashboards, analyst | {"session_id": "ro"}):
        assert warehouse.post("SELECT count() FROM t", **who).text == "0"
        for statement in (
            "INSERT INTO t VALUES (1)",
            "INSERT INTO t SELECT 1",
            "DROP TABLE t",
            "TRUNCATE TABLE t",
            "CREATE TABLE u (a Int8) ENGINE = Memory",
            "ALTER TABLE t ADD COLUMN b Int8",
            "SET readonly = 0",
        ):
            assert warehouse.post(statement, **who).code == 164, statement
    ask = "SELECT getSetting('max_block_size')"
    assert warehouse.post(ask, **dashboards, max_block_size="7").text == "7"
    assert warehouse.post(ask, **analyst, max_block_size="7").code == 164
    assert warehouse.post("SET max_block_size = 7", **analyst).code == 164


def test_native_block_compression_is_refused_clearly(warehouse: Warehouse) -> None:
    reply = warehouse.post("SELECT 1", compress="1")
    assert (reply.status, reply.code) == (501, 48)
    assert "Accept-Encoding" in reply.text
