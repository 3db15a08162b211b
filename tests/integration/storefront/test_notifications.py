"""What a reader's mail server sees, whatever it answers."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.notifications import service
from storefront_api.notifications.kinds import WrongMessageError
from storefront_api.notifications.messages import MESSAGES
from storefront_api.notifications.sending import BACKOFF
from storefront_api.platform.clock import system_clock
from storefront_api.platform.database import transaction
from storefront_api.platform.errors import InvalidError
from tests.integration import plain
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.mailing import (
    HANG_UP,
    SAY_NOTHING,
    MailServer,
    Office,
    address,
    asked,
    row,
    serving,
    somebody,
    steps,
    told,
)


@pytest.fixture
def mail_server() -> Iterator[tuple[MailServer, str]]:
    """A mail server, and its URL."""
    server = MailServer()
    controller = serving(server)
    controller.start()
    yield server, address(controller)
    controller.stop()


@pytest.fixture
def server(mail_server: tuple[MailServer, str]) -> MailServer:
    """The mail server."""
    return mail_server[0]


@pytest.fixture
def office(database: Database, mail_server: tuple[MailServer, str]) -> Office:
    """The store's notifications, which that mail server takes."""
    return Office(database.url, mail_server[1])


def test_a_message_arrives_and_what_it_said_is_forgotten(
    office: Office, server: MailServer, database: Database
) -> None:
    reader = somebody()
    cause = asked(office, reader, "reset_password")
    assert row(database, cause)["parameters"] != "{}"
    assert office.send() == ["sent"]
    (mail,) = server.mailbox(reader)
    kept = row(database, cause)
    assert mail["Message-ID"] == f"<{kept['notification_id']}@shop.example>"
    assert mail["To"] == reader
    body = mail.get_body(("plain",))
    assert body is not None
    assert MESSAGES["reset_password"].example["url"] in body.get_content()
    assert (kept["state"], kept["parameters"]) == ("sent", "{}")
    assert [step for _, step, _ in steps(database, cause)] == ["started", "handed_over", "accepted"]
    assert [event.type for event in told(database, cause)] == [
        "notification_queued",
        "notification_sent",
    ]
    assert {event.subject for event in told(database, cause)} == {"p-reader"}
    assert office.send() == []


def test_several_go_over_one_connection(office: Office, server: MailServer) -> None:
    for _ in range(5):
        asked(office, somebody())
    assert office.send() == ["sent"] * 5
    assert server.connections == 1


def test_one_cause_is_told_once_however_many_ask_at_once(
    office: Office, server: MailServer, database: Database
) -> None:
    cause, reader = f"order_confirmed/{uuid.uuid4()}", somebody()

    async def work(pool: Any) -> list[bool]:
        async def ask() -> bool:
            async with transaction(pool) as connection:
                return await service.request(
                    connection,
                    cause=cause,
                    recipient=reader,
                    template="order_confirmed",
                    parameters=MESSAGES["order_confirmed"].example,
                    now=system_clock(),
                )

        return await asyncio.gather(*(ask() for _ in range(20)))

    assert Counter(office.run(work)) == {False: 19, True: 1}
    assert office.send() == ["sent"]
    assert len(server.transmitted(reader)) == 1
    assert len(told(database, cause)) == 2


def test_a_transaction_that_fails_sends_nothing(office: Office, database: Database) -> None:
    cause = f"order_confirmed/{uuid.uuid4()}"

    async def work(pool: Any) -> None:
        async with transaction(pool) as connection:
            parameters = MESSAGES["order_confirmed"].example
            wanted = service.Asked(cause, somebody(), "order_confirmed", parameters)
            assert await service.request_all(connection, [wanted], system_clock()) == 1
            raise LookupError

    with pytest.raises(LookupError):
        office.run(work)
    assert database.value("SELECT count(*) FROM notifications WHERE cause = $1", cause) == 0


def test_many_senders_at_once_send_each_message_once(
    office: Office, server: MailServer, database: Database
) -> None:
    readers = [somebody() for _ in range(60)]
    wanted = [
        service.Asked(
            f"many/{reader[:13]}",
            reader,
            "order_confirmed",
            {"order_id": 1, "currency": "USD", "total_minor": 2},
        )
        for reader in readers
    ]

    async def ask(pool: Any) -> int:
        async with transaction(pool) as connection:
            return await service.request_all(connection, wanted, system_clock())

    assert office.run(ask) == 60

    async def everybody() -> list[list[str]]:
        return await asyncio.gather(*(asyncio.to_thread(office.send) for _ in range(4)))

    assert Counter(sum(asyncio.run(everybody()), [])) == {"sent": 60}
    assert Counter(to for to, _ in server.taken) == dict.fromkeys(readers, 1)


@pytest.mark.parametrize("place", ["at_recipient", "at_data"])
def test_a_transient_refusal_is_tried_again_further_and_further_apart(
    place: str, office: Office, server: MailServer, database: Database
) -> None:
    reader = somebody()
    getattr(server, place)[reader] += ["451 4.7.1 greylisted", "452 4.2.2 mailbox full"]
    cause = asked(office, reader)
    assert office.send() == ["deferred"]
    assert office.send() == []
    office.ahead = BACKOFF[0] + timedelta(seconds=1)
    assert office.send() == ["deferred"]
    office.ahead += BACKOFF[1] - timedelta(seconds=30)
    assert office.send() == []
    office.ahead += timedelta(seconds=31)
    assert office.send() == ["sent"]
    assert len(server.transmitted(reader)) == 1
    found = [step for step in steps(database, cause) if step[1] in ("deferred", "accepted")]
    assert found == [
        (1, "deferred", "451 4.7.1"),
        (2, "deferred", "452 4.2.2"),
        (3, "accepted", ""),
    ]


@pytest.mark.parametrize("place", ["at_recipient", "at_data"])
def test_a_permanent_refusal_is_not_tried_again(
    place: str, office: Office, server: MailServer, database: Database
) -> None:
    reader = somebody()
    getattr(server, place)[reader] += ["554 5.7.1 not from you"]
    cause = asked(office, reader)
    assert office.send() == ["refused"]
    office.ahead = timedelta(days=3)
    assert office.send() == []
    assert server.transmitted(reader) == []
    kept = row(database, cause)
    assert (kept["state"], kept["failure"], kept["parameters"]) == ("failed", "refused", "{}")
    failed = told(database, cause)[-1]
    assert failed.model_dump()["data"]["status"] == "554 5.7.1"


def test_who_does_not_exist_is_asked_for_nothing_but_what_always_goes(
    office: Office, server: MailServer, database: Database
) -> None:
    reader = somebody()
    server.at_recipient[reader] += [f"550 5.1.1 <{reader}> is unknown"]
    first = asked(office, reader)
    assert office.send() == ["refused"]
    alert, order = asked(office, reader.upper(), "price_alert"), asked(office, reader)
    assert sorted(office.send()) == ["sent", "suppressed"]
    states = [row(database, cause)["state"] for cause in (first, alert, order)]
    assert states == ["failed", "failed", "sent"]
    assert row(database, alert)["failure"] == "suppressed"
    assert [mail["Subject"] for mail in server.mailbox(reader)] == [
        "We have your order 0160a2b4-5c00-7000-8000-0000000000a0"
    ]
    assert reader.partition("@")[0] not in "".join(
        each["detail"] for each in database.rows("SELECT detail FROM notification_steps")
    )


@pytest.mark.parametrize("reply", ["530 5.7.0 log in first", "421 4.3.2 closing", "535 5.7.8 no"])
def test_a_server_that_will_not_have_us_costs_no_message(
    reply: str, office: Office, server: MailServer
) -> None:
    reader = somebody()
    server.at_sender["store@shop.example"] += [reply]
    asked(office, reader)
    assert office.send() == ["away"]
    office.ahead = timedelta(minutes=11)
    assert office.send() == ["sent"]
    assert len(server.mailbox(reader)) == 1


def test_a_server_that_is_away_costs_no_message(office: Office, server: MailServer) -> None:
    reader, there = somebody(), office.smtp_url
    office.smtp_url = "smtp://127.0.0.1:9"
    asked(office, reader)
    assert office.send() == ["away"]
    office.smtp_url, office.ahead = there, timedelta(minutes=11)
    assert office.send() == ["sent"]
    assert len(server.mailbox(reader)) == 1


@pytest.mark.parametrize("silence", [HANG_UP, SAY_NOTHING])
def test_a_server_that_takes_a_message_and_says_nothing_is_given_the_very_same_again(
    silence: str, office: Office, server: MailServer, database: Database
) -> None:
    reader = somebody()
    server.at_data[reader] += [silence]
    cause = asked(office, reader)
    assert office.send(lease_s=2.0) == ["unknown"]
    office.ahead = BACKOFF[0] + timedelta(seconds=1)
    assert office.send() == ["sent"]
    first, second = server.transmitted(reader)
    assert first == second
    assert len(server.mailbox(reader)) == 1
    assert (1, "unknown", "") in steps(database, cause)


def test_of_what_is_never_doubled_an_unknown_outcome_is_the_end(
    office: Office, server: MailServer, database: Database
) -> None:
    reader = somebody()
    server.at_data[reader] += [HANG_UP]
    cause = asked(office, reader, "low_stock")
    assert office.send() == ["unknown"]
    office.ahead = timedelta(days=1)
    assert office.send() == []
    assert len(server.transmitted(reader)) == 1
    assert row(database, cause)["failure"] == "unknown"


def test_what_is_of_no_use_any_more_is_not_sent(
    office: Office, server: MailServer, database: Database
) -> None:
    reader = somebody()
    late, good = asked(office, reader, "reset_password"), asked(office, reader)
    office.ahead = timedelta(hours=2)
    assert sorted(office.send()) == ["expired", "sent"]
    assert [row(database, cause)["failure"] for cause in (late, good)] == ["expired", ""]
    assert len(server.mailbox(reader)) == 1


def test_what_was_queued_by_another_version_and_cannot_be_written_fails_alone(
    office: Office, server: MailServer, database: Database
) -> None:
    reader = somebody()
    gone, odd, good = (asked(office, reader) for _ in range(3))
    database.rows("UPDATE notifications SET template = 'greeting' WHERE cause = $1", gone)
    database.rows("UPDATE notifications SET parameters = '{}' WHERE cause = $1", odd)
    assert Counter(office.send()) == {"unwritable": 2, "sent": 1}
    assert row(database, good)["state"] == "sent"
    assert [row(database, cause)["failure"] for cause in (gone, odd)] == ["unwritable"] * 2
    assert told(database, gone)[-1].type == "notification_failed"


def test_a_wrong_message_is_refused_when_it_is_asked_for(office: Office) -> None:
    example = MESSAGES["order_confirmed"].example
    with pytest.raises(WrongMessageError, match=r"parameters\.currency"):
        office.ask("x/1", somebody(), "order_confirmed", order_id="1")
    with pytest.raises(WrongMessageError, match="template"):
        office.ask("x/2", somebody(), "greeting")
    with pytest.raises(WrongMessageError, match="cause"):
        office.ask("order of a@home.example", somebody(), "order_confirmed", **example)
    with pytest.raises(InvalidError) as caught:
        office.ask("x/3", "a@home.example\r\nBcc: b@home.example", "order_confirmed", **example)
    assert caught.value.problem.field == "recipient"


def test_no_event_holds_an_address_or_a_parameter(office: Office, database: Database) -> None:
    asked(office, somebody())
    office.send()
    query = "SELECT payload FROM outbox WHERE topic = $1"
    payloads = [each["payload"] for each in database.rows(query, Topic.NOTIFICATIONS.value)]
    assert payloads
    assert not [payload for payload in payloads if "home.example" in payload or "$25" in payload]


def test_steps_are_never_changed(office: Office, database: Database) -> None:
    asked(office, somebody())
    office.send()
    with pytest.raises(Exception, match="append-only"):
        database.rows("DELETE FROM notification_steps")


def test_one_click_ends_messages_of_that_kind_and_no_others(
    office: Office, server: MailServer, database: Database, store_url: str
) -> None:
    reader = somebody()
    asked(office, reader, "price_alert")
    office.send()
    (mail,) = server.mailbox(reader)
    path = mail["List-Unsubscribe"].strip("<>").removeprefix("http://store.example")
    url = f"{store_url}{path}"
    page = plain.get(url)
    assert page.headers["content-type"].startswith("text/html")
    assert "No more messages about price alerts?" in page.text
    asked(office, reader, "price_alert")
    assert office.send() == ["sent"]
    for _ in range(2):
        form = {"List-Unsubscribe": "One-Click"}
        assert plain.post(url, data=form).status_code == 200
    for template in ("price_alert", "review_published", "order_confirmed"):
        asked(office, reader, template)
    assert Counter(office.send()) == {"suppressed": 1, "sent": 2}
    hashed = office.preferences.hashed(reader)
    query = "SELECT payload FROM outbox WHERE topic = $1 AND key = $2"
    assert len(database.rows(query, Topic.NOTIFICATIONS.value, hashed)) == 1
    assert plain.get(f"{url}x").status_code == 404
    assert plain.post(f"{url}x").status_code == 404


def test_bounces_that_come_later_are_noted_and_lifted(
    office: Office, server: MailServer, partner: httpx.Client, shopper: httpx.Client
) -> None:
    reader = somebody()
    wanted: dict[str, object] = {"recipient": reader, "reason": "bounced"}
    assert shopper.put("/notifications/suppressions", json=wanted).status_code == 403
    wrong = partner.put("/notifications/suppressions", json={"recipient": "nobody"})
    assert wrong.json()["field"] == "body.recipient"
    changed = [
        partner.put("/notifications/suppressions", json={**wanted, "suppressed": on}).json()
        for on in (True, True)
    ]
    assert changed == [{"changed": True}, {"changed": False}]
    asked(office, reader, "low_stock")
    assert office.send() == ["suppressed"]
    changed = [
        partner.put("/notifications/suppressions", json={**wanted, "suppressed": on}).json()
        for on in (False, False)
    ]
    assert changed == [{"changed": True}, {"changed": False}]
    asked(office, reader, "low_stock")
    assert office.send() == ["sent"]
    assert len(server.mailbox(reader)) == 1


@pytest.mark.parametrize(("point", "transmitted"), [("claimed", 0), ("sent", 1)])
def test_an_attempt_that_was_taken_over_changes_nothing(
    point: str, transmitted: int, office: Office, server: MailServer, database: Database
) -> None:
    reader = somebody()
    cause = asked(office, reader)
    query = "UPDATE notifications SET attempts = attempts + 1 WHERE cause = $1"

    def overtake(reached: str) -> None:
        if reached == point:
            # As if the process had slept for longer than its lease, and another had begun.
            thread = Thread(target=database.rows, args=(query, cause))
            thread.start()
            thread.join()

    assert office.send(at=overtake) == ["lost"]
    assert len(server.transmitted(reader)) == transmitted
    assert row(database, cause)["state"] == "sending"
    assert len(told(database, cause)) == 1
