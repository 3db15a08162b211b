"""Requests and answers of identity."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from storefront_api.events.identity import AccountRole
from storefront_api.notifications.schemas import is_address

MIN_PASSWORD = 10
MAX_PASSWORD = 200


def _address(text: str) -> str:
    """Return the one form of an e-mail address, in which it is stored and looked for."""
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    address = str(found.ascii_email).lower()
    if not is_address(address):
        raise ValueError("must be one that mail can be sent to")
    return address


Email = Annotated[
    str,
    Field(max_length=254, examples=["shopper@example.com"]),
    AfterValidator(_address),
]
Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_PASSWORD)]
NewPassword = Annotated[
    SecretStr,
    Field(
        min_length=MIN_PASSWORD,
        max_length=MAX_PASSWORD,
        description="Long rather than complicated; nothing else is demanded of it.",
    ),
]
Token = Annotated[SecretStr, Field(min_length=1, max_length=1000)]
Code = Annotated[
    SecretStr,
    Field(
        min_length=6,
        max_length=40,
        description="Six digits of the authenticator, or a recovery code.",
    ),
]
VendorId = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._-]*$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class RegistrationIn(_In):
    """A new account."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"email": "shopper@example.com", "password": "wild garlic pesto"}
        }
    )

    email: Email
    password: NewPassword


class EmailIn(_In):
    """An e-mail address to send something to."""

    model_config = ConfigDict(json_schema_extra={"example": {"email": "shopper@example.com"}})

    email: Email


class MailedOut(BaseModel):
    """Whatever is to be told is in the mail, so that nobody else learns who has an account."""

    status: Literal["see_your_mail"] = "see_your_mail"


class VerificationIn(_In):
    """The mailed token, and the password that was chosen: somebody else may have registered."""

    token: Token
    password: Password


class ResetIn(_In):
    """The mailed token, and the password from now on."""

    token: Token
    new_password: NewPassword


class PasswordIn(_In):
    """The password, once more."""

    password: Password


class PasswordChangeIn(_In):
    """The password so far, and from now on."""

    password: Password
    new_password: NewPassword


class LoginIn(_In):
    """Who logs in."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"email": "shopper@example.com", "password": "wild garlic pesto"}
        }
    )

    email: Email
    password: Password
    guest_token: str = Field(
        default="", max_length=4096, description="Of the guest who logs in, if there is one."
    )


class SecondStepIn(_In):
    """The second factor of a login."""

    challenge: Token
    code: Code
    guest_token: str = Field(
        default="", max_length=4096, description="Of the guest who logs in, if there is one."
    )


class RefreshIn(_In):
    """A session's latest refresh token."""

    refresh_token: Token


class TokensOut(BaseModel):
    """What a session is used with."""

    access_token: str = Field(description="To be sent as a bearer token.")
    expires_in_s: int = Field(description="How long it holds; then it is to be refreshed.")
    refresh_token: str = Field(description="For POST /sessions/refresh, once.")
    session_id: UUID


class LoginOut(BaseModel):
    """A session, or what it takes to get one.

    Parameters
    ----------
    status
        `second_factor`: send `challenge` with a code to POST /login/second-factor.
    """

    status: Literal["signed_in", "second_factor"]
    tokens: TokensOut | None = None
    challenge: str = Field(default="", description="Empty unless a second factor is needed.")
    merge_cart: bool = Field(
        default=False,
        description="The guest had something in the cart: POST /cart/merge takes it over.",
    )


class AccountOut(BaseModel):
    """An account, as its holder sees it."""

    account_id: UUID
    email: str
    role: AccountRole
    vendor_id: str
    second_factor: bool
    recovery_codes_left: int
    registered_at: datetime
    subject: str = Field(description="The pseudonym under which events name the account.")


class FoundAccountOut(BaseModel):
    """An account, as a super admin sees it."""

    account_id: UUID
    email: str
    role: AccountRole
    vendor_id: str
    verified: bool


class SessionItem(BaseModel):
    """A session of the account's."""

    session_id: UUID
    agent: str = Field(description="What the client called itself at login.")
    opened_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    current: bool = Field(description="Whether the request was made in it.")


class SessionsOut(BaseModel):
    """The live sessions of an account, the one refreshed last first."""

    sessions: list[SessionItem]


class SetupOut(BaseModel):
    """A second factor to be put into an authenticator; it protects once it is confirmed."""

    secret: str
    uri: str = Field(description="The same for a QR code.")


class ConfirmationIn(_In):
    """A code of the authenticator that was just set up."""

    code: Annotated[SecretStr, Field(min_length=6, max_length=6)]


class RecoveryCodesOut(BaseModel):
    """Codes for the day when the authenticator is lost, shown this once; each can be used once."""

    recovery_codes: list[str]


class RemovalIn(_In):
    """Password and code, to give up the second factor."""

    password: Password
    code: Code


class RoleIn(_In):
    """What an account is to be."""

    model_config = ConfigDict(json_schema_extra={"example": {"role": "vendor", "vendor_id": "v-1"}})

    role: AccountRole
    vendor_id: VendorId = Field(default="", description="Of the role of a vendor, and no other.")

    @model_validator(mode="after")
    def _vendor_has_one(self) -> Self:
        if (self.role is AccountRole.VENDOR) != bool(self.vendor_id):
            raise ValueError("vendor_id: belongs to the role of a vendor, and to no other")
        return self


class Preferences(BaseModel):
    """What a shopper wants products to be; the names are those of the products' attributes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plastic_free: bool = False
    local: bool = False
    organic: bool = False
    vegan: bool = False
    low_carbon: bool = False
    fair_trade: bool = False

    def wanted(self) -> frozenset[str]:
        """Return the names of those that are wanted."""
        return frozenset(name for name, value in self if value)


class ProfileOut(BaseModel):
    """What the store keeps in mind for a shopper."""

    preferences: Preferences
