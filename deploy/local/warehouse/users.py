"""Who may ask the warehouse, and for what."""

from __future__ import annotations

import hashlib
import hmac
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy.local.warehouse.errors import AUTHENTICATION_FAILED, WarehouseError
from deploy.local.warehouse.request import Credentials


class UsersFileError(Exception):
    """A users file that cannot be read; the message names the field and the rule."""


class User(BaseModel):
    """One user. ``readonly`` is ClickHouse's: 0 all, 1 reads alone, 2 reads and settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    password: str = ""
    password_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    readonly: Literal[0, 1, 2] = 0

    def knows(self, password: str) -> bool:
        """Compare a password, in constant time.

        Parameters
        ----------
        password
            As stated by the client.
        """
        if self.password_sha256:
            digest = hashlib.sha256(password.encode()).hexdigest()
            return hmac.compare_digest(self.password_sha256, digest)
        return hmac.compare_digest(self.password.encode(), password.encode())


class UsersFile(BaseModel):
    """A users file: a table ``[users.NAME]`` for each."""

    model_config = ConfigDict(extra="forbid")

    users: dict[str, User] = Field(min_length=1)


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
        if user is None or not user.knows(stated.password):
            raise WarehouseError(
                AUTHENTICATION_FAILED,
                f"{stated.user}: Authentication failed: password is incorrect, "
                "or there is no user with such name.",
            )
        return user


def load_users(path: Path | None) -> Users:
    """Read the users file.

    Parameters
    ----------
    path
        A TOML file; without one there is the user ``default`` without password, as in a fresh
        ClickHouse.

    Raises
    ------
    UsersFileError
        When it does not exist, is no TOML, or breaks a rule.
    """
    if path is None:
        return Users({"default": User()})
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return Users(UsersFile.model_validate(content).users)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsersFileError(f"Users file {path}: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_input=False)
        )
        raise UsersFileError(f"Users file {path}: {problems}") from error
