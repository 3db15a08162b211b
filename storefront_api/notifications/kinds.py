"""What a kind of message is: its category, its parameters, how long and how often it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
)


class Category(StrEnum):
    """What a message is about; people may refuse some of these."""

    ORDERS = "orders"
    SECURITY = "security"
    PAYOUTS = "payouts"
    VENDORS = "vendors"
    STOCK = "stock"
    PRICE_ALERTS = "price_alerts"
    REVIEWS = "reviews"

    @property
    def transactional(self) -> bool:
        """Whether it answers something that its reader did, and therefore always goes."""
        return self in _TRANSACTIONAL


_TRANSACTIONAL = frozenset({Category.ORDERS, Category.SECURITY, Category.PAYOUTS, Category.VENDORS})


class WrongMessageError(ValueError):
    """A message that cannot be written is asked for: the mistake of the code that asks.

    Parameters
    ----------
    field
        What is wrong: `template`, `cause`, or a parameter as `parameters.<name>`.
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field


def _as_text(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if whole or isinstance(value, UUID) else value


def _an_instant(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("must have an offset from UTC")
    return text


_LINE = r"^[^\x00-\x1f\x7f]+$"
Text = Annotated[str, BeforeValidator(_as_text), Field(max_length=300, pattern=_LINE)]
"""One line; a subject may hold it."""
Words = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
Link = Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s\"'<>\\\x00]+$")]
MaybeWords = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]
Count = Annotated[int, Field(ge=0)]
Minor = Annotated[int, Field(ge=0, description="Minor units of the message's currency.")]
Code = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217.")]
Instant = Annotated[str, AfterValidator(_an_instant)]
"""ISO 8601, with an offset from UTC."""

_QUEUE_LIFE = timedelta(days=5)
"""How long a message is tried; RFC 5321, 4.5.4.1, asks for at least four to five days."""


@dataclass(frozen=True)
class Message:
    """One kind of message.

    Parameters
    ----------
    subject
        A Jinja2 template of one line.
    demands, may_have
        Type of each parameter that has to be given, and of each that can be.
    example
        Parameters that are right; the preview test writes the message with them.
    useful_for
        After this long it is not sent any more.
    repeated
        Whether it is sent again, under the same Message-ID, when nobody knows if the first time
        succeeded. If not, such a message may be lost, and is never doubled.
    """

    name: str
    category: Category
    subject: str
    demands: Mapping[str, Any]
    may_have: Mapping[str, Any]
    example: Mapping[str, Any]
    useful_for: timedelta = _QUEUE_LIFE
    repeated: bool = True

    @cached_property
    def _parameters(self) -> type[BaseModel]:
        fields: dict[str, Any] = {name: (kind, ...) for name, kind in self.demands.items()}
        fields |= {name: (kind | None, None) for name, kind in self.may_have.items()}
        return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)

    def checked(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter, those that were not given as None.

        Raises
        ------
        WrongMessageError
            If one is missing, unknown or breaks its rule; it names the first.
        """
        try:
            return self._parameters.model_validate(dict(parameters)).model_dump()
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            raise WrongMessageError(f"parameters.{name}", f"{first['msg']} ({self.name})") from None
