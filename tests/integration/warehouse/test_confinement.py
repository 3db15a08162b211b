"""Clients reach the warehouse's tables, and no files of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.warehouse.conftest import Warehouse

SECRET = "nobody may read this"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that the server's process can read."""
    file = tmp_path / "secret.csv"
    file.write_text(SECRET)
    return file


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM file('{}', LineAsString)",
        "SELECT file('{}')",
        "SELECT * FROM `{}`",
        'SELECT * FROM default."{}"',
        "SELECT * FROM url('file://{}', LineAsString)",
        "SELECT * FROM filesystem('{}')",
        "SELECT * FROM loop('default', '{}')",
        "SELECT * FROM remote('127.0.0.1', 'default', '{}')",
        "SELECT * FROM cluster('default', 'default', '{}')",
        "SELECT * FROM eval('SELECT * FROM `{}`')",
        "SELECT * FROM executable('cat {}', LineAsString, 'a String')",
        "INSERT INTO t FROM INFILE '{}' FORMAT LineAsString",
        "CREATE TABLE f (a String) ENGINE = File(LineAsString, '{}')",
        "CREATE DATABASE f ENGINE = Filesystem('{}')",
    ],
)
def test_a_file_is_not_read_by_any_user(
    warehouse: Warehouse, database: str, secret: Path, statement: str
) -> None:
    warehouse.sql("CREATE TABLE t (a String) ENGINE = Memory", database=database)
    asked = statement.format(secret)
    for who in ({}, {"user": "analyst", "password": "reads"}):
        reply = warehouse.post(asked, None, database=database, **who)
        assert reply.code == 497, reply.text
        assert SECRET.encode() not in reply.body


def test_nor_is_one_named_by_a_parameter_or_below_the_servers_folder(
    warehouse: Warehouse, secret: Path
) -> None:
    reply = warehouse.post("SELECT * FROM {t:Identifier}", param_t=str(secret))
    assert reply.code == 497
    assert warehouse.path.joinpath("nowhere").is_dir()
    for name in ("status", "nowhere", "../status"):
        assert warehouse.post(f"SELECT * FROM `{name}`").code in (60, 497)


def test_nothing_is_written_to_files(warehouse: Warehouse, tmp_path: Path) -> None:
    target = tmp_path / "out"
    for statement in (
        f"SELECT 1 INTO OUTFILE '{target}'",
        f"INSERT INTO FUNCTION file('{target}', CSV, 'a Int8') SELECT 1",
        f"BACKUP DATABASE default TO File('{target}')",
    ):
        assert warehouse.post(statement).code == 497
    assert not target.exists()


def test_a_client_cannot_stop_the_server(warehouse: Warehouse) -> None:
    for statement in ("SYSTEM SHUTDOWN", "SYSTEM KILL", "SYSTEM START LISTEN HTTP"):
        assert warehouse.post(statement).code == 497
    assert warehouse.sql("SELECT 1") == "1"
