"""What can go wrong with the stack; each message says what to do about it."""

from __future__ import annotations


class StackError(Exception):
    """The stack cannot do what was asked."""


class PortInUseError(StackError):
    """Another program listens where a service should."""


class ServiceFailedError(StackError):
    """A service or command ended, or was not ready by its deadline; the log's end is included."""


class SupervisorError(StackError):
    """The supervisor does not start, or does not answer."""


class BusyError(StackError):
    """Another `ecomarket` works on the same data directory."""
