"""Where statements end and data begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.warehouse import sql


@pytest.mark.parametrize(
    ("statement", "format_name", "data"),
    [
        (b"INSERT INTO t FORMAT CSV\n1,2", "CSV", b"1,2"),
        (b"insert into t (a, b) format JSONEachRow {}", "JSONEachRow", b"{}"),
        (b"INSERT INTO t VALUES (1), (2)", "Values", b"(1), (2)"),
        (b"INSERT INTO t FORMAT Values (1)", "Values", b"(1)"),
        (b"INSERT INTO db.`values` (`format`) VALUES (1)", "Values", b"(1)"),
        (b"INSERT INTO values VALUES (1)", "Values", b"(1)"),
        (b"/* FORMAT CSV */ INSERT INTO t -- VALUES\n FORMAT TSV \n\n1", "TSV", b"\n1"),
        (b"INSERT INTO t SETTINGS a = 'FORMAT X' FORMAT Native\n\x00\xff'", "Native", b"\x00\xff'"),
        (b"INSERT INTO FUNCTION null('a Int8') FORMAT CSV\n1", "CSV", b"1"),
        (b"INSERT INTO t SELECT a FROM input('a Int8') FORMAT CSV\n1", "CSV", b"1"),
    ],
)
def test_an_insert_is_split_from_its_rows(statement: bytes, format_name: str, data: bytes) -> None:
    found = sql.find_insert(statement)
    assert found is not None
    assert (found.format, statement[found.data_start :]) == (format_name, data)


@pytest.mark.parametrize(
    "statement",
    [
        b"SELECT 1 FORMAT CSV",
        b"INSERT INTO t SELECT 1",
        b"INSERT INTO t SELECT format('{}', 1) FROM (VALUES (1))",
        b"INSERT INTO t WITH x AS (SELECT 1) SELECT * FROM x",
        b"",
        b"-- INSERT INTO t VALUES (1)",
    ],
)
def test_other_statements_have_no_rows(statement: bytes) -> None:
    assert sql.find_insert(statement) is None


@pytest.mark.parametrize(
    ("statement", "head", "format_name"),
    [
        (b"SELECT 1", b"SELECT 1", None),
        (b"SELECT 1 FORMAT JSON", b"SELECT 1 ", "JSON"),
        (b"SELECT 1 SETTINGS a = 1 FORMAT JSON", b"SELECT 1 SETTINGS a = 1 ", "JSON"),
        (b"SELECT 1 FORMAT JSON SETTINGS a = 1", b"SELECT 1 ", "JSON"),
        (b"SELECT 1; -- end", b"SELECT 1", None),
        (b"SELECT 1 -- FORMAT CSV", b"SELECT 1", None),
        (b"SELECT 'x FORMAT CSV'", b"SELECT 'x FORMAT CSV'", None),
        (b"SELECT 1 AS format, 2", b"SELECT 1 AS format, 2", None),
        (b"SELECT format FROM t", b"SELECT format FROM t", None),
        (b"SELECT * FROM (SELECT 1 FORMAT x)", b"SELECT * FROM (SELECT 1 FORMAT x)", None),
    ],
)
def test_a_reading_statement_shows_where_its_rows_can_be_sent(
    statement: bytes, head: bytes, format_name: str | None
) -> None:
    found = sql.find_output(statement)
    assert (statement[: found.outfile_at], found.format) == (head, format_name)


def test_the_keyword_is_behind_brackets_and_comments() -> None:
    assert sql.keyword(b"/* x */ ((select 1))") == b"SELECT"
    assert sql.keyword(b"1 + 1") == b""


@given(st.binary(max_size=200))
def test_any_bytes_are_split_without_loss_of_order(statement: bytes) -> None:
    last = 0
    for token in sql.tokens(statement):
        assert last <= token.start < token.end <= len(statement)
        assert statement[token.start : token.end] == token.text
        last = token.end


@given(st.text(max_size=50))
def test_a_literal_is_one_token(value: str) -> None:
    literal = sql.quote(value).encode("utf-8", "surrogatepass")
    found = list(sql.tokens(literal))
    assert [token.kind for token in found] == ["string"]
