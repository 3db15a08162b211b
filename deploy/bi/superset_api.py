"""Superset's REST API, as far as it is needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

TIMEOUT_S = 120.0
_PAGE = 100


class SupersetError(Exception):
    """Superset refuses or does not answer; the message says what was asked and the answer."""


class Superset:
    """A user's session; a context manager.

    Parameters
    ----------
    url
        Where Superset is.
    user, password
        Who asks.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        # A connection that waited may be closed by the server while the next request is sent.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False, limits=limits)
        self._url, self._user, self._password = url, user, password

    def __enter__(self) -> Self:
        login = {"username": self._user, "password": self._password, "provider": "db"}
        token = self.ask("POST", "/api/v1/security/login", json=login)["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"
        csrf = self.ask("GET", "/api/v1/security/csrf_token/")["result"]
        self._client.headers.update({"X-CSRFToken": csrf, "Referer": self._url})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """Send a request and return the answer's JSON.

        Raises
        ------
        SupersetError
            If the answer is no success, or there is none.
        """
        try:
            answer = self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise SupersetError(f"{method} {path}: {error or type(error).__name__}") from error
        if answer.is_error:
            raise SupersetError(f"{method} {path}: {answer.status_code}: {answer.text[:2000]}")
        return answer.json()

    def all(self, resource: str, *columns: str) -> list[dict[str, Any]]:
        """Return all of a kind, as ``dashboard``, with some of their columns."""
        found: list[dict[str, Any]] = []
        while True:
            page = len(found) // _PAGE
            query = {"columns": list(columns), "page": page, "page_size": _PAGE}
            answer = self.ask("GET", f"/api/v1/{resource}/", params={"q": _rison(query)})
            found += answer["result"]
            if len(answer["result"]) < _PAGE:
                return found

    def put_assets(self, archive: bytes, passwords: Mapping[str, str]) -> None:
        """Import files; what was imported before is overwritten."""
        self.ask(
            "POST",
            "/api/v1/assets/import/",
            files={"bundle": ("bi.zip", archive, "application/zip")},
            data={"passwords": json.dumps(passwords)},
        )


def _rison(value: object) -> str:
    """Return Superset's notation of a query: JSON without quotes (https://github.com/Nanonid/rison)."""
    if isinstance(value, Mapping):
        return f"({','.join(f'{key}:{_rison(item)}' for key, item in value.items())})"
    if isinstance(value, list):
        return f"!({','.join(map(_rison, value))})"
    return str(value)
