"""Finding ports that are taken before a service stumbles over them."""

from __future__ import annotations

import socket
from collections.abc import Iterable

import psutil

from deploy.local.errors import PortInUseError
from deploy.local.services import Service
from deploy.local.settings import LocalSettings


def require_free(settings: LocalSettings, services: Iterable[Service]) -> None:
    """Check that nobody listens on the services' ports.

    Raises
    ------
    PortInUseError
        If somebody does; a line for each port names it, its setting and who holds it.
    """
    problems = [
        f"port {number}, wanted by {service.name}, is in use by {_holder(number)}; "
        f"stop that, or set {port.variable}, or move every port with ECOMARKET_PORT_OFFSET"
        for service in services
        for port in service.ports
        if not _is_free(number := settings.port(port))
    ]
    if problems:
        raise PortInUseError("\n".join(problems))


def _is_free(number: int) -> bool:
    with socket.socket() as probe:
        # Connections of the last run that still linger do not keep a server from listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
    return True


def _holder(number: int) -> str:
    try:
        connections = psutil.net_connections("inet")
    except psutil.AccessDenied:
        return "another program"
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr.port == number
        if listens and connection.pid:
            try:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
            except psutil.NoSuchProcess:
                break
    return "another program"
