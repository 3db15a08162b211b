"""Who may ask the warehouse, and for what."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.local.warehouse.errors import AUTHENTICATION_FAILED, WarehouseError
from deploy.local.warehouse.request import Credentials


@dataclass(frozen=True)
class User:
    """One user. ``readonly`` is ClickHouse's: 0 all, 1 reads alone, 2 reads and settings."""

    name: str
    password: str = ""
    readonly: int = 0


class Users:
    """All users.

    Parameters
    ----------
    users
        By name.
    """

    def __init__(self, users: Mapping[str, User]) -> None:
        self._users = dict(users)

    def authenticate(self, stated: Credentials) -> User:
        """Find who asks.

        Parameters
        ----------
        stated
            Name and password.

        Raises
        ------
        WarehouseError
            AUTHENTICATION_FAILED, the same whether the user is unknown or the password wrong.
        """
        user = self._users.get(stated.user)
        expected = user.password if user else ""
        right = hmac.compare_digest(expected.encode(), stated.password.encode())
        if user is None or not right:
            raise WarehouseError(
                AUTHENTICATION_FAILED,
                f"{stated.user}: Authentication failed: password is incorrect, "
                "or there is no user with such name.",
            )
        return user
