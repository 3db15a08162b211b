"""Every message can be written, says what it was given, and refuses what is wrong."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest

import storefront_api.notifications
from storefront_api.notifications.delivery import Letter
from storefront_api.notifications.kinds import Category, WrongMessageError
from storefront_api.notifications.messages import MESSAGES, message_of
from storefront_api.notifications.preferences import Preferences
from storefront_api.notifications.schemas import is_address
from storefront_api.notifications.sending import BACKOFF
from storefront_api.notifications.smtp import Server
from storefront_api.notifications.writing import Writer
from storefront_api.platform import money
from storefront_api.platform.errors import NotFoundError

FOLDER = files(storefront_api.notifications) / "templates"
PREFERENCES = Preferences("a key")
WRITER = Writer("The store <store@shop.example>", "https://shop.example/", PREFERENCES)
AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
IDENTITY = uuid.UUID("0160a2b4-5c00-7000-8000-0000000000e0")

NOT_SHOWN = {"currency", "shipment_id", "shipment_status", "refund_id"}
"""What comes along with what callers know, and says nothing by itself."""


class Visible(HTMLParser):
    """What a reader of a page sees, and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str | None] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "img"}
        self.links += [value for name, value in attrs if name == "href"]

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def written(template: str, **parameters: object) -> Letter:
    wanted = {**MESSAGES[template].example, **parameters}
    return WRITER.write(IDENTITY, "reader@home.example", template, wanted, AT)


def as_read(name: str, value: Any, example: Mapping[str, Any]) -> str:
    if name.endswith("_minor"):
        return money.text(value, example["currency"])
    if name in {"at", "expires_at"}:
        return f"{datetime.fromisoformat(value):%H:%M} UTC"
    return str(value)


def read(letter: Letter) -> tuple[EmailMessage, str, Visible]:
    mail = message_from_bytes(letter.content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    return mail, text.get_content().replace("\r\n", "\n"), Visible(page.get_content())


@pytest.mark.parametrize("template", MESSAGES)
def test_the_preview_of_every_message_shows_all_that_it_was_given(template: str) -> None:
    mail, text, page = read(written(template))
    message = MESSAGES[template]
    assert page.text.startswith(f"{mail['Subject']} {mail['Subject']}")
    assert text.startswith(f"{mail['Subject']}\n\n")
    for name, value in message.example.items():
        if name == "url":
            assert value in text
            assert value in page.links
        elif name not in NOT_SHOWN and not (name == "token" and "url" in message.example):
            shown = " ".join(as_read(name, value, message.example).split())
            assert shown in " ".join(text.split()), name
            assert shown in page.text, name
    for shown in (text, page.text, mail["Subject"]):
        assert not {"None", "{{", "{%"} & set(shown.split())
    assert "\n\n\n" not in text


@pytest.mark.parametrize("template", MESSAGES)
def test_every_message_does_with_what_it_demands_alone(template: str) -> None:
    message = MESSAGES[template]
    least = {name: message.example[name] for name in message.demands}
    mail, text, page = read(WRITER.write(IDENTITY, "reader@home.example", template, least, AT))
    assert "None" not in f"{mail['Subject']} {text} {page.text}"


@pytest.mark.parametrize("template", MESSAGES)
def test_a_letter_is_what_any_mail_server_takes(template: str) -> None:
    letter = written(template)
    assert letter.content.isascii()
    assert max(map(len, letter.content.split(b"\r\n"))) <= 78
    assert letter.content.count(b"\n") == letter.content.count(b"\r\n")
    mail, _, _ = read(letter)
    assert mail["Message-ID"] == f"<{IDENTITY}@shop.example>"
    assert mail["From"] == "The store <store@shop.example>"
    assert mail["To"] == "reader@home.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == AT
    assert mail.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize("template", MESSAGES)
def test_the_same_message_has_the_same_bytes(template: str) -> None:
    assert written(template) == written(template)


@pytest.mark.parametrize("template", MESSAGES)
def test_a_message_has_one_click_to_be_rid_of_it_unless_it_always_goes(template: str) -> None:
    mail, text, page = read(written(template))
    category = MESSAGES[template].category
    if category.transactional:
        assert mail["List-Unsubscribe"] is None
        assert "unsubscribe" not in text
        return
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = mail["List-Unsubscribe"].strip("<>")
    assert url in text
    assert url in page.links
    token = url.removeprefix("https://shop.example/notifications/unsubscribe/")
    assert PREFERENCES.read(token) == (PREFERENCES.hashed("Reader@home.example"), category)
    assert "reader" not in url


def test_there_is_a_text_and_a_page_for_every_message_and_no_other() -> None:
    found = {path.name for path in FOLDER.iterdir()}
    expected = {f"{name}.{part}" for name in (*MESSAGES, "base") for part in ("txt", "html")}
    assert found == expected | {"unsubscribe.html"}


def test_markup_in_a_parameter_is_text_in_the_page() -> None:
    _, text, page = read(written("price_alert", name="<script>alert(1)</script> & co"))
    assert "<script>alert(1)</script> & co" in page.text
    assert "<script>alert(1)</script> & co" in text


@pytest.mark.parametrize(
    ("template", "changed", "field"),
    [
        ("order_confirmed", {"total_minor": None}, "parameters.total_minor"),
        ("order_confirmed", {"total_minor": -1}, "parameters.total_minor"),
        ("order_confirmed", {"currency": "usd"}, "parameters.currency"),
        ("order_confirmed", {"colour": "red"}, "parameters.colour"),
        ("order_confirmed", {"order_id": ""}, "parameters.order_id"),
        ("order_confirmed", {"order_id": "1\r\nBcc: all@home.example"}, "parameters.order_id"),
        ("order_confirmed", {"order_id": True}, "parameters.order_id"),
        ("order_shipped", {"carrier": "x" * 301}, "parameters.carrier"),
        ("password_changed", {"at": "yesterday"}, "parameters.at"),
        ("password_changed", {"at": "2026-03-01T08:30:00"}, "parameters.at"),
        ("reset_password", {"url": "javascript:alert(1)"}, "parameters.url"),
        ("reset_password", {"url": 'https://a.example/"><b>'}, "parameters.url"),
        ("low_stock", {"on_hand": -1}, "parameters.on_hand"),
        ("low_stock", {"on_hand": "many"}, "parameters.on_hand"),
        ("return_approved", {"instructions": "x" * 2001}, "parameters.instructions"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(
    template: str, changed: dict[str, object], field: str
) -> None:
    with pytest.raises(WrongMessageError) as caught:
        message_of(template).checked({**MESSAGES[template].example, **changed})
    assert caught.value.field == field


@pytest.mark.parametrize("template", MESSAGES)
def test_what_a_message_demands_is_missed(template: str) -> None:
    message = MESSAGES[template]
    for name in message.demands:
        given = {key: value for key, value in message.example.items() if key != name}
        with pytest.raises(WrongMessageError) as caught:
            message.checked(given)
        assert caught.value.field == f"parameters.{name}"


def test_there_are_no_other_messages() -> None:
    with pytest.raises(WrongMessageError, match="template: 'greeting' is none of order_confirmed"):
        message_of("greeting")


def test_ids_and_numbers_may_be_given_as_they_are() -> None:
    checked = message_of("return_approved").checked({"return_id": IDENTITY, "order_id": 12})
    assert (checked["return_id"], checked["order_id"]) == (str(IDENTITY), "12")


def test_an_instant_is_written_in_utc() -> None:
    _, text, _ = read(written("password_changed", at="2026-03-01T01:30:00+02:00"))
    assert "on 28 February 2026, 23:30 UTC" in text


def test_a_token_is_shown_where_there_is_no_link() -> None:
    token = {"token": "tok-1"}
    letter = WRITER.write(IDENTITY, "reader@home.example", "reset_password", token, AT)
    _, text, page = read(letter)
    assert "tok-1" in text
    assert "tok-1" in page.text


@pytest.mark.parametrize(
    "address",
    ["a@b.example", "first.last+tag@sub.home.example", "o'hara@home.example", "a@xn--bcher-kva.de"],
)
def test_an_address_is_taken(address: str) -> None:
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@home.example",
        "a@",
        "a@localhost",
        "a@b@c.example",
        "a b@home.example",
        "a@home.example\nBcc: b@home.example",
        "a@home.example\n",
        "a@-home.example",
        "a..b@home.example",
        ".a@home.example",
        f"{'a' * 65}@home.example",
        f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}.example",
        "ä@home.example",
        '"a b"@home.example',
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    assert not is_address(address)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", Server("mail.example", 25, False, None, None)),
        ("smtp://a%40b:p%2Fw@mail.example", Server("mail.example", 587, False, "a@b", "p/w")),
        ("smtps://u:p@mail.example", Server("mail.example", 465, True, "u", "p")),
        ("smtp://127.0.0.1:2525", Server("127.0.0.1", 2525, False, None, None)),
    ],
)
def test_a_url_names_a_mail_server(url: str, server: Server) -> None:
    assert Server.of(url) == server


@pytest.mark.parametrize("token", ["", "nonsense", "WyJtLTAwIiwic3RvY2siXQ.AAAA"])
def test_a_forged_link_is_refused(token: str) -> None:
    with pytest.raises(NotFoundError):
        PREFERENCES.read(token)
    other = Preferences("another key").token("reader@home.example", Category.STOCK)
    with pytest.raises(NotFoundError):
        PREFERENCES.read(other)


def test_attempts_come_further_and_further_apart() -> None:
    assert list(BACKOFF) == sorted(set(BACKOFF))


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(2547, "USD", "$25.47"), (500, "JPY", "¥500"), (1, "EUR", "€0.01"), (12_345, "KWD", "KWD")],
)
def test_money_is_written_with_its_currencys_digits(minor: int, currency: str, text: str) -> None:
    assert money.text(minor, currency).startswith(text)
    assert money.text(12_345, "KWD").endswith("12.345")
