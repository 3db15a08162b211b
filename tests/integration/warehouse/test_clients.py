"""The libraries that the platform uses, against the front: each must see a ClickHouse server."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import great_expectations as gx
import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData

from pipelines.warehouse.client import frame as frame_of
from tests.integration.warehouse.conftest import Warehouse

ROWS = 150_000


@pytest.fixture(params=["lz4", "zstd", "gzip", False], ids=str)
def client(warehouse: Warehouse, database: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A client of clickhouse-connect, with each compression that it inserts with."""
    made = warehouse.client(database=database, compress=request.param)
    made.command("CREATE TABLE t (a Int64, s String, at DateTime64(3, 'UTC')) ORDER BY a")
    yield made
    made.close()


def _frame(rows: int) -> pd.DataFrame:
    moment = pd.Timestamp(datetime(2024, 2, 29, 12, tzinfo=UTC))
    return pd.DataFrame({"a": range(rows), "s": [f"é{i}" for i in range(rows)], "at": moment})


def test_a_frame_without_a_row_has_its_columns(client: Any) -> None:
    asked = "SELECT a, s AS word FROM t WHERE a > {least:Int64} ORDER BY a"
    assert list(frame_of(client, asked, {"least": 7}).columns) == ["a", "word"]
    client.insert("t", [[8, "é", datetime(2024, 2, 29, tzinfo=UTC)]], ["a", "s", "at"])
    assert frame_of(client, asked, {"least": 7}).to_dict("list") == {"a": [8], "word": ["é"]}


def test_rows_go_in_and_come_out_by_every_method(client: Any) -> None:
    frame = _frame(ROWS)
    moment = datetime(2024, 2, 29, 12, tzinfo=UTC)
    written = client.insert("t", [[i, f"é{i}", moment] for i in range(ROWS)], ["a", "s", "at"])
    assert written.written_rows == ROWS
    client.insert_df("t", frame)
    client.insert_arrow("t", pa.Table.from_pandas(frame, preserve_index=False))
    raw = b"".join(b'{"a":%d,"s":"x"}\n' % i for i in range(ROWS))
    client.raw_insert("t", ["a", "s"], raw, fmt="JSONEachRow")
    total = 4 * ROWS
    assert client.command("SELECT count() FROM t") == total
    result = client.query("SELECT a, s, at FROM t")
    assert len(result.result_rows) == total
    assert result.column_names == ("a", "s", "at")
    assert client.query_df("SELECT a, s, at FROM t").shape == (total, 3)
    assert client.query_np("SELECT a FROM t").shape == (total, 1)
    assert client.query_arrow("SELECT a, s FROM t").num_rows == total
    assert client.raw_query("SELECT a FROM t", fmt="CSV").count(b"\n") == total
    with client.query_df_stream("SELECT a, s FROM t") as stream:
        assert sum(len(block) for block in stream) == total
    with client.query_row_block_stream("SELECT a, s FROM t") as stream:
        assert sum(len(block) for block in stream) == total
    with client.query_arrow_stream("SELECT a, s FROM t") as stream:
        assert sum(block.num_rows for block in stream) == total
    assert client.query("SELECT a, s FROM t LIMIT 0").column_names == ("a", "s")
    row = client.query("SELECT s, at FROM t WHERE a = 7 AND s != 'x' LIMIT 1").first_row
    assert row[0] == "é7"
    assert pd.Timestamp(row[1], tz="UTC") == pd.Timestamp(moment)


@pytest.mark.parametrize("encoding", ["br", "deflate"])
def test_answers_come_in_rarer_compressions_too(warehouse: Warehouse, encoding: str) -> None:
    client = warehouse.client(compress=encoding)
    assert len(client.query(f"SELECT number FROM numbers({ROWS})").result_rows) == ROWS
    with client.query_df_stream(f"SELECT number FROM numbers({ROWS})") as stream:
        assert sum(len(block) for block in stream) == ROWS


def test_parameters_settings_and_temporary_tables(warehouse: Warehouse) -> None:
    client = warehouse.client(settings={"max_block_size": "500"})
    parameters = {"n": 5, "s": "it's\n\\", "when": datetime(2024, 1, 1), "many": ["a", "b"]}  # noqa: DTZ001
    row = client.query(
        "SELECT {n:Int64}, {s:String}, {when:DateTime}, {many:Array(String)}", parameters
    ).first_row
    assert list(row) == list(parameters.values())
    assert client.command("SELECT getSetting('max_block_size')") == 500
    other = {"max_block_size": 9}
    assert client.command("SELECT getSetting('max_block_size')", settings=other) == 9
    client.command("CREATE TEMPORARY TABLE mine (a Int64)")
    client.insert("mine", [[1], [2]], ["a"])
    assert client.command("SELECT sum(a) FROM mine") == 3
    external = ExternalData(file_name="e", fmt="CSV", structure="a Int64", data=b"3\n4\n")
    joined = client.query("SELECT sum(a) FROM e", external_data=external)
    assert joined.first_row == (7,)
    large = {"many": [f"value {i}" for i in range(20_000)]}
    formed = warehouse.client(form_encode_query_params=True)
    assert formed.query("SELECT length({many:Array(String)})", large).first_row == (20_000,)


def test_errors_reach_the_client_with_their_code(warehouse: Warehouse) -> None:
    client = warehouse.client()
    with pytest.raises(DatabaseError) as caught:
        client.query("SELECT * FROM nowhere")
    assert caught.value.code == 60
    stream = client.query_row_block_stream(
        "SELECT throwIf(number = 3000000), number FROM numbers(4000000)",
        settings={"max_block_size": 1000},
    )
    with pytest.raises(StreamFailureError, match="395"), stream as blocks:
        assert sum(len(block) for block in blocks) < 4_000_000
    with pytest.raises(DatabaseError, match="516"):
        warehouse.client(username="analyst", password="wrong")


def test_a_read_only_user_works_with_the_client(warehouse: Warehouse, database: str) -> None:
    warehouse.sql("CREATE TABLE t (a Int64) ENGINE = Memory", database=database)
    client = warehouse.client(username="analyst", password="reads", database=database)
    assert client.query("SELECT count() FROM t").first_row == (0,)
    with pytest.raises(DatabaseError) as caught:
        client.insert("t", [[1]], ["a"])
    assert caught.value.code == 164


def test_sqlalchemy_creates_reads_and_reflects(warehouse: Warehouse, database: str) -> None:
    url = f"clickhousedb://default:@127.0.0.1:{warehouse.port}/{database}"
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            sqlalchemy.text(
                "CREATE TABLE t (a Int64, s Nullable(String), d Date) ENGINE = MergeTree ORDER BY a"
            )
        )
        connection.execute(sqlalchemy.text("INSERT INTO t VALUES (1, 'x', '2024-02-29')"))
    inspector = sqlalchemy.inspect(engine)
    assert database in inspector.get_schema_names()
    assert inspector.get_table_names(schema=database) == ["t"]
    table = sqlalchemy.Table("t", sqlalchemy.MetaData(), autoload_with=engine, schema=database)
    assert [column.name for column in table.columns] == ["a", "s", "d"]
    with engine.begin() as connection:
        rows = connection.execute(sqlalchemy.select(table.c.a, table.c.s)).all()
        assert [tuple(row) for row in rows] == [(1, "x")]
        assert pd.read_sql("SELECT a FROM t", connection).a.tolist() == [1]
    engine.dispose()


def test_great_expectations_validates_a_table(warehouse: Warehouse, database: str) -> None:
    warehouse.sql(
        "CREATE TABLE t ENGINE = MergeTree ORDER BY a AS "
        "SELECT number AS a, number % 10 AS b, toString(number) AS s FROM numbers(1000)",
        database=database,
    )
    context = gx.get_context(mode="ephemeral")
    variables: Any = context.variables
    variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql(
        name=uuid.uuid4().hex,
        connection_string=f"clickhousedb://default:@127.0.0.1:{warehouse.port}/{database}",
    )
    asset = source.add_table_asset(name="t", table_name="t", schema_name=database)
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    expected: Any = gx.expectations
    for expectation, holds in (
        (expected.ExpectColumnValuesToBeUnique(column="a"), True),
        (expected.ExpectColumnValuesToBeUnique(column="b"), False),
        (expected.ExpectColumnValuesToNotBeNull(column="s"), True),
        (expected.ExpectColumnValuesToBeBetween(column="b", min_value=0, max_value=9), True),
        (expected.ExpectTableRowCountToEqual(value=1000), True),
        (expected.ExpectColumnMeanToBeBetween(column="b", min_value=4.4, max_value=4.6), True),
    ):
        result = batch.validate(expectation)
        assert result.success is holds, result


def test_many_clients_read_and_write_at_once(warehouse: Warehouse, database: str) -> None:
    warehouse.sql("CREATE TABLE t (worker Int64, i Int64) ORDER BY i", database=database)
    failures: list[str] = []

    def work(worker: int) -> None:
        try:
            client = warehouse.client(database=database)
            for i in range(20):
                client.insert("t", [[worker, i]] * 50, ["worker", "i"])
                mine = client.command(f"SELECT count() FROM t WHERE worker = {worker}")
                assert mine == 50 * (i + 1)
        except (AssertionError, DatabaseError) as error:
            failures.append(repr(error))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert warehouse.sql("SELECT count() FROM t", database=database) == "8000"
