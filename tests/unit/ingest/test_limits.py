"""When the sink gives up: on too many dead letters, and on which errors."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from urllib3.exceptions import ProtocolError

from pipelines.ingest.dead_letters import (
    MAX_SHARE,
    MIN_COUNT,
    WINDOW,
    DeadLetterLimit,
    TooManyDeadLettersError,
)
from pipelines.ingest.writer import is_transient
from pipelines.warehouse.migrate import Migration, migrations
from storefront_api.events.dead_letters import DeadLetter

LETTER = DeadLetter("eco.orders.v1", 0, 7, "subject: Field required", 1, b"{}")


def test_a_few_dead_letters_pass_even_when_nothing_else_comes() -> None:
    limit = DeadLetterLimit()
    for _ in range(MIN_COUNT - 1):
        limit.count(1, [LETTER])


def test_too_large_a_share_is_an_error_that_names_topic_and_reason() -> None:
    limit = DeadLetterLimit()
    with pytest.raises(
        TooManyDeadLettersError, match="eco.orders.v1 for 'subject: Field required'"
    ):
        limit.count(MIN_COUNT, [LETTER] * MIN_COUNT)


def test_a_small_share_never_stops_however_long_it_lasts() -> None:
    limit = DeadLetterLimit()
    every = int(1 / MAX_SHARE) + 1
    for number in range(5 * WINDOW):
        limit.count(1, [LETTER] if number % every == 0 else [])


def test_good_messages_of_long_ago_do_not_hide_a_fault_of_now() -> None:
    limit = DeadLetterLimit()
    for _ in range(100):
        limit.count(WINDOW, [])
    with pytest.raises(TooManyDeadLettersError):
        _feed_poison(limit, 3 * WINDOW)


def _feed_poison(limit: DeadLetterLimit, number: int) -> None:
    for _ in range(number // 100):
        limit.count(100, [LETTER] * 100)


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (DatabaseError("x", code=241), True),
        (DatabaseError("too many parts", code=252), True),
        (OperationalError("refused"), True),
        (OperationalError("x", code=60), False),
        (DatabaseError("timeout, socket, memory", code=27), False),
        (DatabaseError("x"), False),
        (ProtocolError("reset"), True),
        (ConnectionResetError(), True),
        (ValueError("timeout"), False),
    ],
)
def test_class_and_code_alone_say_whether_an_error_passes(
    error: Exception, transient: bool
) -> None:
    assert is_transient(error) == transient


def test_migrations_are_numbered_and_know_a_single_server_from_a_cluster() -> None:
    first = migrations()[0]
    assert first.number == 1
    alone, many = (" ".join(first.statements(cluster)) for cluster in ("", "shop"))
    assert "ReplicatedMergeTree" not in alone
    assert "ENGINE = ReplicatedMergeTree" in many
    assert "ON CLUSTER shop" in many
    assert " replicated_deduplication_window" in many
    assert not {"{", "}"} & set(alone + many)


def test_comments_of_a_migration_may_hold_a_semicolon() -> None:
    assert Migration(1, "x", "-- a; b\nSELECT 1;\n\n;SELECT 2").statements("") == [
        "SELECT 1",
        "SELECT 2",
    ]
