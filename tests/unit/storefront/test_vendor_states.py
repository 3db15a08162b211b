"""A vendor's states: whatever is tried, nobody sells without a review."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.marketplace.onboarding.papers import MAX_BYTES, media_type
from storefront_api.marketplace.onboarding.states import (
    FLOW,
    Action,
    State,
    WrongStateError,
    follow,
)
from storefront_api.platform.errors import InvalidError, TooLargeError

ATTEMPTS = st.lists(st.sampled_from(Action), max_size=40)


@given(ATTEMPTS)
def test_every_way_to_being_approved_ends_with_a_review_that_was_begun_and_decided(
    attempts: list[Action],
) -> None:
    state = State.SUBMITTED
    done: list[Action] = []
    for action in attempts:
        try:
            state = follow(state, action)
        except WrongStateError:
            continue
        done.append(action)
        if state is State.APPROVED:
            assert done[-2:] == [Action.BEGIN_REVIEW, Action.APPROVE]


@given(ATTEMPTS)
def test_what_is_rejected_stays_rejected(attempts: list[Action]) -> None:
    for action in attempts:
        with pytest.raises(WrongStateError, match="rejected"):
            follow(State.REJECTED, action)


def test_every_state_can_be_reached_and_every_action_does_something() -> None:
    assert set(FLOW.values()) == set(State)
    assert {action for _, action in FLOW} == set(Action)


PDF, PNG, JPEG = b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n....", b"\xff\xd8\xff\xe0...."


@pytest.mark.parametrize(
    ("content", "stated"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (JPEG, "Image/JPEG; q=1"),
    ],
)
def test_a_paper_is_what_its_first_bytes_say(content: bytes, stated: str) -> None:
    assert media_type(content, stated) == stated.partition(";")[0].lower()


@pytest.mark.parametrize(
    ("content", "stated", "field"),
    [
        (b"MZ\x90\x00", "application/pdf", "body"),
        (b"<html>%PDF-", "application/pdf", "body"),
        (b"", "image/png", "body"),
        (PDF, "image/png", "header.Content-Type"),
    ],
)
def test_a_paper_that_is_something_else_is_refused(content: bytes, stated: str, field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        media_type(content, stated)
    assert refused.value.problem.field == field


def test_a_paper_that_is_too_large_is_refused() -> None:
    assert media_type(PDF.ljust(MAX_BYTES), "application/pdf") == "application/pdf"
    with pytest.raises(TooLargeError):
        media_type(PDF.ljust(MAX_BYTES + 1), "application/pdf")
