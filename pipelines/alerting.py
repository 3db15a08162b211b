"""Telling people of what went wrong: once a cause, in the form that Slack's webhooks take."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import stamina

TIMEOUT_S = 10.0
ATTEMPTS = 3
_SHOWN = 20
"""Causes that one message lists; Slack takes 50 blocks."""
_LONGEST = 2_900
"""Characters of a section, of which Slack takes 3,000."""


@dataclass(frozen=True)
class Trouble:
    """Something that went wrong.

    Parameters
    ----------
    cause
        What tells it from others: it is told once, until it is over.
    title
        What happened, in one line.
    detail
        What was said of it.
    """

    cause: str
    title: str
    detail: str


class AlertError(RuntimeError):
    """The webhook did not take a message; it is tried again by the next look."""


def news(known: Collection[str], troubles: Sequence[Trouble]) -> list[Trouble]:
    """Return the troubles whose cause was not told yet, the first of each cause."""
    first: dict[str, Trouble] = {}
    for trouble in troubles:
        if trouble.cause not in known:
            first.setdefault(trouble.cause, trouble)
    return list(first.values())


def message(troubles: Sequence[Trouble]) -> Mapping[str, Any]:
    """Return the body that Slack's incoming webhooks take [1]_.

    .. [1] https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    """
    count = len(troubles)
    text = troubles[0].title if count == 1 else f"{count} new troubles in the pipelines"
    shown = troubles[:_SHOWN]
    sections = [_section(f"*{_escaped(t.title)}*\n{_escaped(t.detail)}"[:_LONGEST]) for t in shown]
    if count > len(shown):
        sections.append(_section(f"and {count - len(shown)} more"))
    header = {"type": "header", "text": {"type": "plain_text", "text": text[:150]}}
    return {"text": _escaped(text), "blocks": [header, *sections]}


def _section(text: str) -> Mapping[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _escaped(text: str) -> str:
    """Return text as Slack wants it, so that nothing of it is a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@stamina.retry(on=httpx.TransportError, attempts=ATTEMPTS)
def _ask(url: str, body: Mapping[str, Any]) -> httpx.Response:
    return httpx.post(url, json=body, timeout=TIMEOUT_S)


def post(url: str, troubles: Sequence[Trouble]) -> None:
    """Send one message of all troubles.

    Raises
    ------
    AlertError
        If the webhook cannot be reached, or answers with an error.
    """
    try:
        answer = _ask(url, message(troubles))
    except httpx.TransportError as error:
        # Without the address: who knows it may post.
        raise AlertError(f"ALERT_WEBHOOK_URL: {type(error).__name__}") from error
    if not answer.is_success:
        raise AlertError(f"ALERT_WEBHOOK_URL answers {answer.status_code}")
