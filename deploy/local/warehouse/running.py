"""The statements that run now, by the query ids that clients know."""

from __future__ import annotations

import re
import threading

from deploy.local.warehouse import sql
from deploy.local.warehouse.errors import QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING, WarehouseError

_KILL = re.compile(
    rb"\s*KILL\s+QUERY\s+WHERE\s+query_id\s*=\s*'([^'\\]*)'\s*(SYNC|ASYNC|TEST)?\s*", re.I
)


class Running:
    """Maps a client's query id to the mark that the engine knows a statement by.

    The engine gives every query an id of its own.
    """

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._tokens)

    def add(self, query_id: str, token: str) -> None:
        """Begin a statement.

        Parameters
        ----------
        query_id
            The client's, or one made for it.
        token
            The mark.

        Raises
        ------
        WarehouseError
            When a statement with this id runs already.
        """
        with self._lock:
            if query_id in self._tokens:
                raise WarehouseError(
                    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
                    f"Query with id = {query_id} is already running.",
                )
            self._tokens[query_id] = token

    def remove(self, query_id: str) -> None:
        """End a statement.

        Parameters
        ----------
        query_id
            As added.
        """
        with self._lock:
            self._tokens.pop(query_id, None)

    def tokens(self) -> list[str]:
        """List the marks of all that run."""
        with self._lock:
            return list(self._tokens.values())

    def translate_kill(self, statement: bytes) -> bytes:
        """Let KILL QUERY find a statement by the client's id.

        Parameters
        ----------
        statement
            Any statement; others pass unchanged.
        """
        found = _KILL.match(statement)
        if found is None:
            return statement
        token = self._tokens.get(found.group(1).decode("utf-8", "replace"))
        if token is None:
            return statement
        return (
            kill_statement(token).encode()
            + b" "
            + (found.group(2) or b"ASYNC")
            + (statement[found.end() :])
        )


def kill_statement(token: str) -> str:
    """Write the statement that ends the one with this mark.

    Parameters
    ----------
    token
        The mark in its text.
    """
    return f"KILL QUERY WHERE endsWith(query, {sql.quote(f'/*{token}*/')})"
