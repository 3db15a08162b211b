"""What identity refuses, and why."""

from __future__ import annotations

from storefront_api.platform.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthenticatedError,
)


class WrongCredentialsError(UnauthenticatedError):
    """E-mail and password do not belong together; which of them is wrong is not told."""

    code = "wrong_credentials"

    def __init__(self) -> None:
        super().__init__("the e-mail address or the password is wrong", field="body.password")


class WrongPasswordError(InvalidError):
    """The password of somebody who is signed in is wrong."""

    code = "wrong_password"

    def __init__(self) -> None:
        super().__init__("is not the account's password", field="body.password")


class EmailUnverifiedError(ForbiddenError):
    """The password is right, and the e-mail address was never shown to be its holder's."""

    code = "email_unverified"

    def __init__(self) -> None:
        super().__init__(
            "verify the e-mail address first; POST /accounts/verification-mails sends a new mail",
            field="body.email",
        )


class TokenGoneError(NotFoundError):
    """A mailed token is unknown, was used, or is too old."""

    code = "token_gone"

    def __init__(self) -> None:
        super().__init__("the token is unknown, was used, or is too old", field="body.token")


class ChallengeGoneError(UnauthenticatedError):
    """A login was not finished in time, or was finished already."""

    code = "challenge_gone"

    def __init__(self) -> None:
        super().__init__("the login is unknown or over; log in again", field="body.challenge")


class WrongCodeError(UnauthenticatedError):
    """A login's second factor is wrong, or was used before."""

    code = "wrong_code"

    def __init__(self) -> None:
        super().__init__("the code is wrong or was used before", field="body.code")


class InvalidCodeError(InvalidError):
    """The code of somebody who is signed in is wrong, or was used before."""

    code = "invalid_code"

    def __init__(self) -> None:
        super().__init__("is wrong or was used before", field="body.code")


class RefreshRefusedError(UnauthenticatedError):
    """A refresh token is unknown, too old, or was used before."""

    code = "refresh_refused"

    def __init__(self) -> None:
        super().__init__("the session is over; log in again", field="body.refresh_token")


class AccountChangedError(ConflictError):
    """Password, second factor or account changed while it was being used."""

    code = "account_changed"

    def __init__(self) -> None:
        super().__init__("the account has just changed; try again")


class AlreadyProtectedError(ConflictError):
    """There is a second factor already."""

    code = "already_protected"

    def __init__(self) -> None:
        super().__init__("the account has a second factor; remove it first")


class NoSecondFactorError(NotFoundError):
    """There is no second factor, or no setup of one that may still be confirmed."""

    code = "no_second_factor"

    def __init__(self) -> None:
        super().__init__("there is no second factor to confirm or to remove")


class LastSuperAdminError(ConflictError):
    """Nobody would be left who may give roles."""

    code = "last_super_admin"

    def __init__(self) -> None:
        super().__init__("this is the last super admin; appoint another one first")
