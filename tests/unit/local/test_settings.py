from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from deploy.local.environment import SECRETS, client_environment
from deploy.local.settings import LocalSettings, Port


def settings(**values: object) -> LocalSettings:
    return LocalSettings(_env_file=None, **values)  # type: ignore[arg-type]


@given(offset=st.integers(0, 40_000))
def test_an_offset_moves_every_port_by_the_same_and_none_onto_another(offset: int) -> None:
    moved, usual = settings(port_offset=offset), settings(port_offset=0)
    assert {moved.port(p) - usual.port(p) for p in Port} == {offset}
    assert len({moved.port(p) for p in Port}) == len(Port)


def test_two_services_on_one_port_are_refused_by_the_names_of_both_settings() -> None:
    with pytest.raises(ValidationError, match="ECOMARKET_POSTGRES_PORT and ECOMARKET_KAFKA_PORT"):
        settings(kafka_port=15432)


def test_an_offset_that_leaves_the_range_of_ports_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"ECOMARKET_KAFKA_PORT \+ ECOMARKET_PORT_OFFSET"):
        settings(kafka_port=60_000, port_offset=10_000)


def test_processes_of_the_stack_read_back_the_same_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = settings(data_dir=tmp_path / "with space", port_offset=7, kafka_heap_mb=333)
    for name, value in original.variables().items():
        monkeypatch.setenv(name, value)
    assert settings() == original


def test_clients_are_told_the_moved_ports(tmp_path: Path) -> None:
    told = client_environment(settings(data_dir=tmp_path, port_offset=100))
    assert told["DATABASE_URL"] == "postgresql://ecomarket@127.0.0.1:15532/ecomarket"
    assert told["CLICKHOUSE_URL"] == "http://default:@127.0.0.1:8223"
    assert told["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:19192"


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    mine = settings(data_dir=tmp_path)
    first, second = client_environment(mine), client_environment(mine)
    assert first == second
    assert len({first[name] for name in SECRETS}) == len(SECRETS)
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_an_older_file_lacks_is_added_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("PARTNER_TOKEN=kept\n")
    told = client_environment(settings(data_dir=tmp_path))
    assert told["PARTNER_TOKEN"] == "kept"
    assert told["PSEUDONYM_KEY"]
