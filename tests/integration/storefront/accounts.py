"""Accounts as the tests open them and log in to them."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from storefront_api.platform.policy import Role
from tests.integration import plain

if TYPE_CHECKING:
    from tests.integration.storefront.conftest import Database

PASSWORD = "wild garlic pesto"


def new_email() -> str:
    """Return an address that nobody has."""
    return f"{uuid.uuid4().hex[:12]}@example.com"


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def mails(database: Database, email: str, template: str) -> list[dict[str, Any]]:
    """Return what was mailed to an address from a template, the oldest first."""
    statement = (
        "SELECT parameters::text FROM notifications "
        "WHERE recipient = $1 AND template = $2 ORDER BY notification_id"
    )
    rows = database.rows(statement, email.lower(), template)
    return [json.loads(row["parameters"]) for row in rows]


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the kind of a refusal."""
    return answer.status_code, answer.json()["code"]


def all_at_once(url: str, path: str, bodies: list[dict[str, Any]]) -> Counter[int]:
    """Send several requests at once and count the statuses of the answers."""

    async def send() -> list[httpx.Response]:
        async with plain.AsyncClient(base_url=url, timeout=60) as client:
            return await asyncio.gather(*(client.post(path, json=body) for body in bodies))

    return Counter(answer.status_code for answer in asyncio.run(send()))


def together(url: str, path: str, body: dict[str, Any], times: int = 20) -> Counter[int]:
    """Send the same request several times at once and count the statuses of the answers."""
    return all_at_once(url, path, [body] * times)


@dataclass
class Person:
    """Somebody who is signed in."""

    email: str
    client: httpx.Client
    account_id: uuid.UUID
    session_id: uuid.UUID
    subject: str
    refresh_token: str
    password: str = PASSWORD


class People:
    """Opens accounts at a storefront.

    Parameters
    ----------
    url
        Of the storefront.
    database
        Where it queues its mail.
    """

    def __init__(self, url: str, database: Database) -> None:
        self.url = url
        self._database = database
        self._opened: list[httpx.Client] = []

    def close(self) -> None:
        """Close all clients."""
        for client in self._opened:
            client.close()

    def client(self) -> httpx.Client:
        """Return a client of somebody whom the store does not know."""
        client = plain.Client(base_url=self.url, timeout=60)
        self._opened.append(client)
        return client

    def register(self, email: str, password: str = PASSWORD) -> str:
        """Register an account and return the token that was mailed."""
        body = {"email": email, "password": password}
        answer = self.client().post("/accounts", json=body)
        assert (answer.status_code, answer.json()) == (202, {"status": "see_your_mail"})
        return str(mails(self._database, email, "verify_email")[-1]["token"])

    def verify(self, token: str, password: str = PASSWORD) -> httpx.Response:
        """Verify an e-mail address."""
        body = {"token": token, "password": password}
        return self.client().post("/accounts/verification", json=body)

    def verified(self) -> str:
        """Open an account, verify it and return its e-mail address."""
        email = new_email()
        assert self.verify(self.register(email)).status_code == 204
        return email

    def try_to_log_in(self, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        """Send a login."""
        body = {"email": email, "password": password, **more}
        return self.client().post("/login", json=body)

    def log_in(self, email: str, password: str = PASSWORD) -> Person:
        """Log in to an account without a second factor."""
        answer = self.try_to_log_in(email, password)
        assert answer.status_code == 200, answer.text
        return self.person(email, answer.json()["tokens"])

    def person(self, email: str, tokens: dict[str, Any]) -> Person:
        """Return who has the tokens of a session."""
        client = self.client()
        client.headers.update(bearer(tokens["access_token"]))
        account = client.get("/account").json()
        return Person(
            email,
            client,
            uuid.UUID(account["account_id"]),
            uuid.UUID(tokens["session_id"]),
            account["subject"],
            tokens["refresh_token"],
        )

    def new(self, role: Role | str = Role.CUSTOMER, vendor_id: str = "") -> Person:
        """Open an account in a role and log in to it.

        A vendor who is not told for whom works for a vendor of its own.
        """
        email = self.verified()
        if role == Role.VENDOR:
            vendor_id = vendor_id or f"v-{uuid.uuid4().hex[:8]}"
        statement = "UPDATE accounts SET role = $2, vendor_id = $3 WHERE email = $1"
        # Nobody has logged in to it yet, so that no session has another role.
        self._database.rows(statement, email, str(role), vendor_id)
        return self.log_in(email)

    def customer(self) -> httpx.Client:
        """Return a client of a new customer."""
        return self.new().client

    def vendor(self, vendor_id: str) -> httpx.Client:
        """Return a client of somebody who works for a vendor."""
        return self.new(Role.VENDOR, vendor_id).client

    def admin(self) -> httpx.Client:
        """Return a client of somebody of the staff."""
        return self.new(Role.ADMIN).client
