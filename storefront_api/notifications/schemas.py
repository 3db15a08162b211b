"""Requests and answers about notifications, and what an address is."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from storefront_api.notifications.kinds import Category

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(
    rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+"
)


def is_address(text: str) -> bool:
    """Return whether mail can be sent to an address: RFC 5321's dot-string at a host name.

    Quoted local parts, address literals and what only SMTPUTF8 can carry are not.
    """
    return _ADDRESS.fullmatch(text) is not None


def _refuse_what_is_none(text: str) -> str:
    if not is_address(text):
        raise ValueError("must be an e-mail address, in ASCII")
    return text


Address = Annotated[
    str,
    Field(max_length=254, examples=["ada@example.org"]),
    AfterValidator(_refuse_what_is_none),
]
"""An e-mail address, for the bodies of requests: what it lets through can be sent to."""


def _refuse_what_is_something_else(text: str) -> str:
    return _refuse_what_is_none(text) if text else text


MaybeAddress = Annotated[str, Field(max_length=254), AfterValidator(_refuse_what_is_something_else)]
"""An e-mail address, or an empty text."""
Reason = Literal["unsubscribed", "bounced", "complained"]


class SuppressionIn(BaseModel):
    """Somebody gets no more messages of a category, or gets them again."""

    model_config = ConfigDict(extra="forbid")

    recipient: Address
    category: Category | None = Field(
        default=None, description="null for all but those that always go."
    )
    reason: Reason = "bounced"
    suppressed: bool = Field(default=True, description="False lets messages through again.")


class SuppressionOut(BaseModel):
    """What became of it."""

    changed: bool = Field(description="False if it was so already.")
