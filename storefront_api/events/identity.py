"""What the identity module publishes; an account is named by its pseudonym, as its key too."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import PERSONAL, Pseudonym


class SecondFactor(StrEnum):
    """By what somebody proved more than a password."""

    NONE = "none"
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"


class LoginFailure(StrEnum):
    """Why somebody was not let in."""

    UNKNOWN_ACCOUNT = "unknown_account"
    WRONG_PASSWORD = "wrong_password"
    EMAIL_UNVERIFIED = "email_unverified"


class SessionEnd(StrEnum):
    """Why a session ended before its time."""

    LOGGED_OUT = "logged_out"
    REVOKED = "revoked"
    EVERYWHERE = "everywhere"
    REFRESH_REUSED = "refresh_reused"
    """A refresh token came twice: one of the two who hold it stole it."""
    PASSWORD_CHANGED = "password_changed"
    TOO_MANY = "too_many"


class AccountRole(StrEnum):
    """What an account can be."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


class NothingV1(Strict):
    """Nothing beyond what the envelope says."""


class UserRegisteredV1(Event):
    """Somebody registered; the e-mail address is not verified yet."""

    type: Literal["user_registered"] = "user_registered"
    version: Literal[1] = 1
    data: NothingV1


class EmailVerifiedV1(Event):
    """The e-mail address of an account turned out to be its holder's."""

    type: Literal["email_verified"] = "email_verified"
    version: Literal[1] = 1
    data: NothingV1


class ReplacedPasswordV1(Strict):
    """How a password was replaced."""

    by: Literal["change", "reset"]


class PasswordChangedV1(Event):
    """An account has another password."""

    type: Literal["password_changed"] = "password_changed"
    version: Literal[1] = 1
    data: ReplacedPasswordV1


class LoginV1(Strict):
    """A new session."""

    session_id: Annotated[UUID, PERSONAL]
    second_factor: SecondFactor


class LoggedInV1(Event):
    """Somebody logged in."""

    type: Literal["logged_in"] = "logged_in"
    version: Literal[1] = 1
    data: LoginV1


class FailedLoginV1(Strict):
    """Why it failed."""

    reason: LoginFailure


class LoginFailedV1(Event):
    """Somebody was not let in; without a subject if there is no such account."""

    type: Literal["login_failed"] = "login_failed"
    version: Literal[1] = 1
    data: FailedLoginV1


class EndedSessionsV1(Strict):
    """Sessions that are over."""

    session_ids: Annotated[list[UUID], PERSONAL] = Field(min_length=1, max_length=100)
    reason: SessionEnd


class SessionRevokedV1(Event):
    """Sessions ended before their time."""

    type: Literal["session_revoked"] = "session_revoked"
    version: Literal[1] = 1
    data: EndedSessionsV1


class MfaEnrolledV1(Event):
    """An account is protected by a second factor from now on."""

    type: Literal["mfa_enrolled"] = "mfa_enrolled"
    version: Literal[1] = 1
    data: NothingV1


class MfaRemovedV1(Event):
    """An account is no longer protected by a second factor."""

    type: Literal["mfa_removed"] = "mfa_removed"
    version: Literal[1] = 1
    data: NothingV1


class MfaChallengedV1(Event):
    """A right password was given, and a second factor was asked for."""

    type: Literal["mfa_challenged"] = "mfa_challenged"
    version: Literal[1] = 1
    data: NothingV1


class PassedMfaV1(Strict):
    """What was shown."""

    second_factor: SecondFactor


class MfaPassedV1(Event):
    """A second factor was shown."""

    type: Literal["mfa_passed"] = "mfa_passed"
    version: Literal[1] = 1
    data: PassedMfaV1


class MfaFailedV1(Event):
    """A code was wrong, or was used before."""

    type: Literal["mfa_failed"] = "mfa_failed"
    version: Literal[1] = 1
    data: NothingV1


class ChangedRoleV1(Strict):
    """What an account was, and what it is."""

    was: AccountRole
    role: AccountRole
    vendor_id: str = Field(max_length=64, description="Empty, but for the role of a vendor.")
    by: Pseudonym = Field(description="The super admin; empty for the operator's command.")


class RoleChangedV1(Event):
    """An account may do other things than before."""

    type: Literal["role_changed"] = "role_changed"
    version: Literal[1] = 1
    data: ChangedRoleV1


class PreferencesV1(Strict):
    """What a shopper wants products to be."""

    plastic_free: bool
    local: bool
    organic: bool
    vegan: bool
    low_carbon: bool
    fair_trade: bool


class PreferencesChangedV1(Event):
    """A shopper prefers other products than before."""

    type: Literal["preferences_changed"] = "preferences_changed"
    version: Literal[1] = 1
    data: PreferencesV1
