"""Sending signed events to the store until it takes them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time

import aiohttp
import structlog

from deploy.payments.books import Books

log = structlog.get_logger()

IDLE_S = 0.05
WAIT_S = 1.0
"""After a failed delivery; Stripe's own waits grow to hours."""


def sign(secret: str, body: str, at: int) -> str:
    """Return the value of the Stripe-Signature header."""
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


async def deliver(books: Books, url: str, secret: str) -> None:
    """Send what is to be told, one after the other, for good."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client:
        while True:
            wait = IDLE_S
            for number, body in books.untold():
                if not await _taken(client, url, secret, body):
                    wait = WAIT_S
                    break
                books.told(number)
            await asyncio.sleep(wait)


async def _taken(client: aiohttp.ClientSession, url: str, secret: str, body: str) -> bool:
    headers = {
        "Content-Type": "application/json",
        "Stripe-Signature": sign(secret, body, int(time.time())),
    }
    try:
        async with client.post(url, data=body.encode(), headers=headers) as answer:
            if answer.ok:
                return True
            log.warning("the webhook was refused", status=answer.status)
    except (aiohttp.ClientError, TimeoutError) as error:
        log.warning("the webhook was not delivered", error=repr(error))
    return False
