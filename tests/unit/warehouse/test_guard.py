"""What clients' statements may not reach, however it is written."""

from __future__ import annotations

import pytest

from deploy.local.warehouse.errors import ACCESS_DENIED, WarehouseError
from deploy.local.warehouse.guard import Guard

GUARD = Guard(
    ["file", "url", "s3", "numbers", "executable", "python", "merge", "remote", "eval"],
    ["MergeTree", "ReplacingMergeTree", "Memory", "File", "URL", "Filesystem", "Atomic", "Buffer"],
)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM file('/etc/passwd')",
        "SELECT FILE ('/etc/passwd')",
        "SELECT file/* */('/etc/passwd')",
        "SELECT file\u00a0('/etc/passwd')",
        "SELECT * FROM `file`('x')",
        r"SELECT * FROM `fi\x6ce`('x')",
        "SELECT \u2018 ' \u2019, file('x'), \u2018 ' \u2019",
        "SELECT $$ ' $$, file('x'), $$ ' $$",
        "SELECT 'it''s', file('x')",
        r"SELECT '\'', file('x')",
        "SELECT 1 -- '\n, file('x')",
        "DESCRIBE TABLE file('/etc/passwd')",
        "INSERT INTO FUNCTION url('http://x') SELECT 1",
        "SELECT * FROM `/etc/passwd`",
        'SELECT * FROM "default"."/etc/passwd"',
        r'SELECT * FROM "\x2fetc/passwd"',
        r'SELECT * FROM "\/etc/passwd"',
        'SELECT * FROM "a/../../etc/passwd"',
        'SELECT * FROM "https://example.org/x.csv"',
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT 1 INTO/**/OUTFILE '/tmp/x'",
        "INSERT INTO t FROM INFILE '/proc/self/fd/3' FORMAT CSV",
        "CREATE TABLE t (a Int8) ENGINE = File(CSV)",
        "CREATE TABLE t (a Int8) engine url('x')",
        "CREATE TABLE t (a Int8) ENGINE = `File`(CSV)",
        "CREATE DATABASE d ENGINE = Filesystem('/')",
        "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local)",
        "CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(CLICKHOUSE(TABLE '/etc/passwd'))",
        "CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(HTTP(URL 'x'))",
        "ATTACH TABLE t FROM '/etc' (a Int8) ENGINE = Memory",
        "BACKUP DATABASE d TO Disk('x', 'y')",
        "SYSTEM SHUTDOWN",
        "SYSTEM START LISTEN HTTP",
        "SELECT * FROM eval('SELECT 1')",
    ],
)
def test_ways_out_are_refused(statement: str) -> None:
    with pytest.raises(WarehouseError) as caught:
        GUARD.check(statement.encode(), {})
    assert caught.value.code == ACCESS_DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM numbers(10)",
        "SELECT 'file(x)', \"file\", `url` FROM t -- file('x')",
        "SELECT url, file FROM t WHERE path = '/etc/passwd'",
        "SELECT engine FROM system.tables",
        "SELECT a / b AS \"a/b\", 'https://example.org' AS site FROM t",
        "CREATE TABLE t (a Int8) ENGINE = ReplacingMergeTree(a) ORDER BY a",
        "CREATE DATABASE d ENGINE = Atomic",
        "SYSTEM FLUSH LOGS",
        "SELECT * FROM merge('db', 'x')",
        "INSERT INTO file (url) SELECT 1",
        "INSERT INTO raw.url (file) SELECT 1",
    ],
)
def test_honest_statements_pass(statement: str) -> None:
    GUARD.check(statement.encode(), {})


def test_an_identifier_parameter_is_no_way_out() -> None:
    statement = b"SELECT * FROM {t:Identifier} WHERE a = {p:String}"
    GUARD.check(statement, {"t": "orders", "p": "/etc/passwd"})
    for path in ("/etc/passwd", "\\x2fetc/passwd", "..", "file:///etc/passwd"):
        with pytest.raises(WarehouseError):
            GUARD.check(statement, {"t": path})
