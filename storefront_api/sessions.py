"""Tokens for shoppers without an account."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from storefront_api.platform.auth import Identity, public
from storefront_api.platform.limits import visitors_limited
from storefront_api.platform.outbox import new_id
from storefront_api.services import Injected

router = APIRouter(tags=["sessions"])


class SessionOut(BaseModel):
    """A new shopper's token.

    Parameters
    ----------
    token
        To be sent as a bearer token.
    subject
        The pseudonym under which events name the shopper.
    """

    token: str
    subject: str


@router.post(
    "/sessions", status_code=201, dependencies=[Depends(public), visitors_limited("sessions")]
)
async def open_session(services: Injected) -> SessionOut:
    """Issue a token to a new anonymous shopper."""
    token = services.gate.issue(Identity(person=str(new_id())))
    return SessionOut(token=token, subject=services.gate.guest(token).subject)
