from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from deploy.local.errors import PortInUseError
from deploy.local.ports import CANDIDATES, free_port, require_free
from deploy.local.services import SERVICES
from deploy.local.settings import LocalSettings


def test_a_port_in_use_is_named_with_its_holder_and_the_settings_that_move_it(
    tmp_path: Path,
) -> None:
    with socket.socket() as foreign:
        foreign.bind(("127.0.0.1", 0))
        foreign.listen()
        number = foreign.getsockname()[1]
        settings = LocalSettings(_env_file=None, data_dir=tmp_path, valkey_port=number)
        with pytest.raises(PortInUseError) as caught:
            require_free(settings, [SERVICES["valkey"]])
    message = str(caught.value)
    assert f"port {number}, wanted by valkey, is in use by process {os.getpid()}" in message
    assert "ECOMARKET_VALKEY_PORT" in message
    assert "ECOMARKET_PORT_OFFSET" in message


def test_a_port_is_free_again_once_its_holder_has_gone(tmp_path: Path) -> None:
    with socket.socket() as foreign:
        foreign.bind(("127.0.0.1", 0))
        foreign.listen()
        number = foreign.getsockname()[1]
    settings = LocalSettings(_env_file=None, data_dir=tmp_path, valkey_port=number)
    require_free(settings, [SERVICES["valkey"]])


def test_free_ports_differ_and_are_none_that_somebody_holds() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", free_port()))
        taken = held.getsockname()[1]
        given = [free_port() for _ in range(len(CANDIDATES) - 1)]
    assert taken not in given
    assert set(given[:100]) < set(CANDIDATES)
    assert len(set(given[:100])) == 100
