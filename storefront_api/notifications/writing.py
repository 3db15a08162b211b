"""Writing a message: text and HTML, the header, and the one-click way out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from storefront_api.notifications.delivery import Letter
from storefront_api.notifications.messages import message_of
from storefront_api.notifications.preferences import Preferences
from storefront_api.platform import money

_SEVEN_BIT = policy.SMTP.clone(cte_type="7bit")
"""What every mail server takes, with or without 8BITMIME."""

_BLANK = re.compile(r"\n{3,}")
"""Left where a template had nothing to say."""


def environment() -> Environment:
    """Return the templates: HTML escapes what it is given, and what is unknown is an error."""
    templates = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=select_autoescape(["html"], default_for_string=False),
        undefined=StrictUndefined,
    )
    templates.filters["money"] = money.text
    templates.filters["instant"] = _instant
    return templates


def _instant(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%-d %B %Y, %H:%M} UTC"


class Writer:
    """Writes letters.

    Parameters
    ----------
    sender
        Whom they are from, for example `EcoMarket <store@ecomarket.example>`.
    store_url
        Base URL under which readers reach the store.
    preferences
        Makes the tokens of the unsubscribe links.
    """

    def __init__(self, sender: str, store_url: str, preferences: Preferences) -> None:
        name, address = parseaddr(sender)
        self._from = Address(display_name=name, addr_spec=address)
        self._store_url = store_url.rstrip("/")
        self._preferences = preferences
        self._templates = environment()

    def write(
        self,
        notification_id: UUID,
        recipient: str,
        template: str,
        parameters: Mapping[str, Any],
        requested_at: datetime,
    ) -> Letter:
        """Write a message; the same one has the same Message-ID and the same bytes each time.

        Raises
        ------
        WrongMessageError
            If there is no such template, or a parameter does not fit it any more.
        jinja2.TemplateError
            If the template itself is broken.
        """
        known = message_of(template)
        shown = known.checked(parameters)
        shown["subject"] = self._templates.from_string(known.subject).render(shown)
        shown["unsubscribe_url"] = None
        mail = EmailMessage(policy=_SEVEN_BIT)
        if not known.category.transactional:
            token = self._preferences.token(recipient, known.category)
            url = f"{self._store_url}/notifications/unsubscribe/{token}"
            shown["unsubscribe_url"] = url
            # One click, by RFC 8058: a POST to this URL does it, and a GET asks first.
            mail["List-Unsubscribe"] = f"<{url}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail["From"] = self._from
        mail["To"] = Address(addr_spec=recipient)
        mail["Subject"] = shown["subject"]
        mail["Date"] = format_datetime(requested_at)
        mail["Message-ID"] = f"<{notification_id}@{self._from.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        for part, subtype in (("txt", "plain"), ("html", "html")):
            text = self._templates.get_template(f"{template}.{part}").render(shown)
            if part == "txt":
                text = _BLANK.sub("\n\n", text).strip() + "\n"
                mail.set_content(text, subtype=subtype, cte="quoted-printable")
            else:
                mail.add_alternative(text, subtype=subtype, cte="quoted-printable")
        # Left to itself it is random, and the same message would differ from itself.
        mail.set_boundary(f"=_{notification_id.hex}")
        return Letter(str(notification_id), self._from.addr_spec, recipient, mail.as_bytes())
