"""How a vendor moves from one state to the next; nothing but a review leads to being approved."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from storefront_api.platform.errors import ConflictError


class State(StrEnum):
    """How far a vendor is."""

    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    MORE_INFORMATION_WANTED = "more_information_wanted"
    APPROVED = "approved"
    """The only state in which a vendor sells."""
    REJECTED = "rejected"
    """For good: whoever wants to try again applies again."""
    SUSPENDED = "suspended"


class Action(StrEnum):
    """What moves a vendor."""

    BEGIN_REVIEW = "begin_review"
    APPROVE = "approve"
    REJECT = "reject"
    ASK = "ask"
    RESUBMIT = "resubmit"
    """The applicant's; all others are a reviewer's."""
    SUSPEND = "suspend"


FLOW: Mapping[tuple[State, Action], State] = {
    (State.SUBMITTED, Action.BEGIN_REVIEW): State.UNDER_REVIEW,
    (State.UNDER_REVIEW, Action.APPROVE): State.APPROVED,
    (State.UNDER_REVIEW, Action.REJECT): State.REJECTED,
    (State.UNDER_REVIEW, Action.ASK): State.MORE_INFORMATION_WANTED,
    (State.MORE_INFORMATION_WANTED, Action.RESUBMIT): State.SUBMITTED,
    (State.APPROVED, Action.SUSPEND): State.SUSPENDED,
    (State.SUSPENDED, Action.BEGIN_REVIEW): State.UNDER_REVIEW,
}
"""The state that each action leads to; what is not here is refused."""


class WrongStateError(ConflictError):
    """The vendor's state does not allow it."""

    code = "wrong_state"


def follow(state: State, action: Action) -> State:
    """Return the state that an action leads to.

    Raises
    ------
    WrongStateError
        If the action is not possible in this state.
    """
    after = FLOW.get((state, action))
    if after is None:
        raise WrongStateError(f"a vendor that is {state} cannot be moved by {action}")
    return after
