"""What the partner's client does about answers other than yes."""

from __future__ import annotations

import httpx
import pytest
import stamina

from deploy.demo.client import RefusedError, Storefront

AWAY = httpx.Response(503, json={"code": "away", "detail": "PostgreSQL is away"})
UNDER_WAY = httpx.Response(409, json={"code": "key_in_flight", "detail": "is under way"})
SHORT = httpx.Response(409, json={"code": "out_of_stock", "detail": "there is not enough of A"})
DONE = httpx.Response(201, json={"amount_minor": 5})


async def refund(answers: list[httpx.Response]) -> tuple[object, list[str]]:
    """Ask for a refund and return the answer, and the key of each request that was made."""
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return answers[len(keys) - 1]

    storefront = Storefront("http://store", "token", "secret", httpx.MockTransport(answer))
    with stamina.set_testing(True, attempts=8, cap=True):
        return await storefront.refund("o-1", 5, "damaged", 1_514_000_000_000), keys


async def test_a_request_is_sent_again_under_its_key_until_it_is_answered() -> None:
    answer, keys = await refund([AWAY, UNDER_WAY, UNDER_WAY, DONE])
    assert answer == {"amount_minor": 5}
    assert keys == ["refund/o-1"] * 4


async def test_a_refusal_is_final_and_says_what_the_store_said() -> None:
    with pytest.raises(RefusedError, match="409.*there is not enough of A"):
        await refund([SHORT, DONE])
