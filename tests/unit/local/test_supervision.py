from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from deploy.local.services import SERVICES, TASKS, Service, UnknownServiceError, select, wanted
from deploy.local.settings import LocalSettings
from deploy.local.supervision import configuration, service_environment, socket_path


def settings(directory: Path, **values: object) -> LocalSettings:
    return LocalSettings(_env_file=None, data_dir=directory, **values)  # type: ignore[arg-type]


def parsed(mine: LocalSettings, path: Path) -> dict[str, object]:
    """Return supervisord's own reading of the configuration, by program."""
    mine.logs_dir.mkdir(parents=True)
    path.write_text(configuration(mine), "utf-8")
    options = ServerOptions()
    options.realize(["-c", str(path)])
    return {
        group.name: group.process_configs[0]
        for group in options.configroot.supervisord.process_group_configs
    }


def test_supervisord_reads_every_command_and_variable_as_it_was_meant(tmp_path: Path) -> None:
    mine = settings(tmp_path / "an odd (folder) + more", port_offset=5)
    programs = parsed(mine, tmp_path / "supervisord.ini")
    assert programs.keys() == SERVICES.keys()
    for name, program in programs.items():
        assert shlex.split(program.command) == SERVICES[name].command(mine)  # type: ignore[attr-defined]
        assert program.environment == service_environment(mine, SERVICES[name])  # type: ignore[attr-defined]


def test_each_worker_has_its_own_metrics_port(tmp_path: Path) -> None:
    mine = settings(tmp_path)
    workers = ("relay", "sink", "stream", "checkouts", "search-index")
    ports = [service_environment(mine, SERVICES[name])["METRICS_PORT"] for name in workers]
    assert ports == ["9101", "9102", "9103", "9104", "9106"]


def test_the_socket_moves_out_of_a_directory_too_deep_for_it(tmp_path: Path) -> None:
    deep = [settings(tmp_path / ("x" * 90) / name) for name in ("one", "two")]
    paths = [socket_path(mine) for mine in deep]
    assert all(len(str(path)) < 104 for path in paths)
    assert paths[0] != paths[1]
    assert socket_path(settings(Path("/srv/eco"))) == Path("/srv/eco/supervisor.sock")


def test_everything_comes_after_what_it_needs() -> None:
    names = [node.name for node in select(SERVICES)]
    assert set(names) == {*SERVICES, *TASKS}
    for node in select(SERVICES):
        assert all(names.index(need) < names.index(node.name) for need in node.needs)


def test_what_starts_on_request_is_not_started_with_all_others() -> None:
    usual = {node.name for node in select(None)}
    assert usual == {*SERVICES, *TASKS} - {"superset", "bi-metadata", "search-index"}
    assert {"superset", "bi-metadata"} <= {node.name for node in select(["superset"])}


def test_a_storefront_that_searches_an_index_has_it_kept(tmp_path: Path) -> None:
    plain, indexed = settings(tmp_path), settings(tmp_path, search_engine="tantivy")
    for names in (None, ["storefront"], ["valkey"]):
        usual = {node.name for node in select(names)}
        assert {node.name for node in wanted(plain, names)} == usual
        more = {"search-index"} if "storefront" in usual else set()
        assert {node.name for node in wanted(indexed, names)} == usual | more


@pytest.mark.parametrize(
    ("asked", "brought"),
    [
        ("valkey", {"valkey"}),
        ("kafka", {"kafka-jars", "kafka"}),
        ("relay", {"postgres", "store-migrations", "kafka-jars", "kafka", "topics", "relay"}),
    ],
)
def test_a_service_brings_what_it_needs_and_no_more(asked: str, brought: set[str]) -> None:
    assert {node.name for node in select([asked])} == brought


def test_an_unknown_service_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(UnknownServiceError, match="no service 'mongo'; there are postgres, kafka"):
        select(["mongo"])


def test_postgres_is_stopped_without_waiting_for_its_clients() -> None:
    postgres = SERVICES["postgres"]
    assert isinstance(postgres, Service)
    assert postgres.stop_signal == "INT"
