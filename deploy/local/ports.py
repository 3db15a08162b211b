"""Finding ports that are taken before a service stumbles over them."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable

import psutil

from deploy.local.errors import PortInUseError
from deploy.local.services import Service
from deploy.local.settings import LocalSettings, Port

CANDIDATES = range(20_000, 32_000)
"""Below what Linux gives to outgoing connections (32768 and up, net.ipv4.ip_local_port_range), so
that none of them takes a port between its choice and the start of who listens on it."""

_steps = iter(range(random.SystemRandom().randrange(len(CANDIDATES)), 10**9))


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


def free_port() -> int:
    """Return a port that nobody listens on, each time another.

    Two processes that ask begin at random places, so that they hardly ever name the same one.
    """
    return next(number for step in _steps if _is_free(number := CANDIDATES[step % len(CANDIDATES)]))


def free_ports() -> dict[str, int]:
    """Return a free port for each of a stack's, by the name of its setting."""
    return {port.value: free_port() for port in Port}


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
