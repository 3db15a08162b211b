"""How often one caller may ask, and that nobody else feels it."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from valkey import Valkey

from deploy.local.ports import free_port
from deploy.local.stack import Stack
from storefront_api.platform.limits import LIMITS, Limiter
from tests.integration import plain
from tests.integration.storefront.conftest import PARTNER, Worker, until

Start = Callable[..., tuple[str, Worker]]
Shopping = Callable[[], httpx.Client]
RATE = LIMITS["recommending"]
PATH = "/recommendations"


@pytest.fixture(scope="module")
def valkey_url(stack: Callable[..., Stack]) -> str:
    """A database of Valkey's."""
    return stack("valkey").environment()["VALKEY_URL"]


@pytest.fixture(scope="module")
def limiting(start_store: Start, valkey_url: str) -> str:
    """Base URL of a storefront that counts, behind a proxy on this machine."""
    return start_store(VALKEY_URL=valkey_url, TRUSTED_PROXIES="127.0.0.0/8, 10.0.0.0/8")[0]


@pytest.fixture
def new_caller(limiting: str) -> Iterator[Shopping]:
    """Clients of new shoppers."""
    opened: list[httpx.Client] = []

    def new() -> httpx.Client:
        forwarded = {"X-Forwarded-For": f"2001:db8::{uuid.uuid4().hex[:4]}"}
        token = plain.post(f"{limiting}/sessions", headers=forwarded, timeout=60).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        opened.append(plain.Client(base_url=limiting, headers=headers, timeout=60))
        return opened[-1]

    yield new
    for client in opened:
        client.close()


def rush(client: httpx.Client, path: str, times: int) -> list[httpx.Response]:
    """Ask many times at once."""
    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(lambda _: client.get(path), range(times)))


def emptied(valkey_url: str, client: httpx.Client) -> None:
    """Take all tokens that a client has, as a rush of its own would."""
    server: Any = Valkey.from_url(valkey_url, decode_responses=True)
    client.get(PATH)
    for name in server.scan_iter("limit:recommending:*"):
        now, _ = server.time()
        server.hset(name, mapping={"tokens": 0, "at": now * 1000})
    server.close()


def test_a_rush_is_refused_beyond_the_burst_and_others_do_not_feel_it(
    new_caller: Shopping, valkey_url: str
) -> None:
    hasty, calm = new_caller(), new_caller()
    extra = 150
    answers = rush(hasty, PATH, RATE.burst + extra)
    statuses = Counter(answer.status_code for answer in answers)
    # Tokens come back while the rush goes on, so that a few more may pass.
    assert statuses[200] >= RATE.burst
    assert statuses[429] > 0
    assert statuses[200] + statuses[429] == RATE.burst + extra
    assert {calm.get(PATH).status_code for _ in range(10)} == {200}


def test_a_refusal_says_what_the_limit_is_and_when_to_come_again(
    new_caller: Shopping, valkey_url: str
) -> None:
    caller = new_caller()
    emptied(valkey_url, caller)
    refused = next(a for a in iter(lambda: caller.get(PATH), None) if a.status_code == 429)
    assert refused.json()["code"] == "rate_limited"
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) == 1
    assert refused.headers["ratelimit-policy"] == '"recommending";q=200;w=10'
    assert re.fullmatch(r'"recommending";r=0;t=1?\d', refused.headers["ratelimit"])
    until(lambda: caller.get(PATH).status_code == 200, "a token has come back")


def test_an_answer_says_how_much_is_left(new_caller: Shopping) -> None:
    caller = new_caller()
    assert caller.get(PATH).headers["ratelimit"] == f'"recommending";r={RATE.burst - 1};t=1'


def test_routes_without_a_limit_and_partners_are_not_counted(
    new_caller: Shopping, limiting: str
) -> None:
    partner = {"Authorization": f"Bearer {PARTNER}"}
    for answer in (
        new_caller().get("/cart"),
        plain.get(f"{limiting}{PATH}", headers=partner, timeout=60),
        plain.get(f"{limiting}/products", timeout=60),
    ):
        assert answer.status_code == 200
        assert not {"ratelimit", "ratelimit-policy"} & set(answer.headers)


def test_visitors_are_told_apart_by_what_a_trusted_proxy_says(
    limiting: str, valkey_url: str
) -> None:
    server: Any = Valkey.from_url(valkey_url, decode_responses=True)

    def seen(*forwarded: str) -> set[str]:
        before = set(server.scan_iter("limit:searching:*"))
        headers = [("X-Forwarded-For", each) for each in forwarded]
        answer = plain.get(f"{limiting}/search?q=oats", headers=headers, timeout=60)
        assert answer.status_code == 200
        return set(server.scan_iter("limit:searching:*")) - before

    assert seen("203.0.113.7") == {"limit:searching:203.0.113.7"}
    # The nearest address that is no proxy's: what stands before it, anybody may have written.
    assert seen("198.51.100.1, 203.0.113.8, 10.1.2.3") == {"limit:searching:203.0.113.8"}
    assert seen("198.51.100.1", "203.0.113.9") == {"limit:searching:203.0.113.9"}
    assert seen() == seen("10.0.0.1") == seen("nonsense") == seen("") == set()
    server.close()


@pytest.mark.parametrize(
    ("limit", "path"),
    [
        ("registering", "/accounts"),
        ("registering", "/accounts/verification-mails"),
        ("registering", "/password-resets"),
        ("signing_in", "/accounts/verification"),
        ("signing_in", "/password-resets/confirmation"),
        ("signing_in", "/login"),
        ("signing_in", "/login/second-factor"),
        ("sessions", "/sessions/refresh"),
    ],
)
def test_who_opens_accounts_or_guesses_at_them_is_counted_by_address(
    limiting: str, valkey_url: str, limit: str, path: str
) -> None:
    address = f"2001:db8::{uuid.uuid4().hex[:4]}"
    bucket = f"limit:{limit}:{address}"
    headers = {"X-Forwarded-For": address}
    with plain.Client(base_url=limiting, headers=headers, timeout=60) as visitor:
        counted = visitor.post(path, json={}).headers["ratelimit"]
        assert counted.startswith(f'"{limit}";r={LIMITS[limit].burst - 1};')
        server: Any = Valkey.from_url(valkey_url, decode_responses=True)
        now, _ = server.time()
        # As after a rush; the clock of the bucket is ahead, so that nothing comes back meanwhile.
        server.hset(bucket, mapping={"tokens": 0, "at": (now + 3600) * 1000})
        server.close()
        refused = visitor.post(path, json={})
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert int(refused.headers["retry-after"]) >= 1
        assert visitor.get("/products").status_code == 200


def test_without_a_trusted_proxy_visitors_are_not_limited(
    start_store: Start, valkey_url: str
) -> None:
    base, _ = start_store(VALKEY_URL=valkey_url)
    forwarded = {"X-Forwarded-For": "203.0.113.77"}
    answer = plain.get(f"{base}/search?q=oats", headers=forwarded, timeout=60)
    assert (answer.status_code, "ratelimit" in answer.headers) == (200, False)


def test_while_valkey_is_away_everybody_passes_and_it_is_counted(start_store: Start) -> None:
    base, _ = start_store(VALKEY_URL=f"redis://127.0.0.1:{free_port()}/0")
    token = plain.post(f"{base}/sessions", timeout=60).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    with plain.Client(base_url=base, headers=headers, timeout=60) as client:
        assert {answer.status_code for answer in rush(client, PATH, RATE.burst + 10)} == {200}
        figures = client.get("/metrics").text
    (line,) = [x for x in figures.splitlines() if x.startswith("ecomarket_rate_limits_away_total ")]
    assert float(line.split()[1]) == RATE.burst + 10


def test_many_takers_at_once_get_the_burst_and_no_more(valkey_url: str) -> None:
    async def taken() -> int:
        limiter = Limiter(valkey_url, "")
        try:
            name = uuid.uuid4().hex
            tries = await asyncio.gather(*(limiter.take("paying", name) for _ in range(100)))
        finally:
            await limiter.close()
        assert None not in tries
        return sum(each.passes for each in tries if each is not None)

    # The limit regains one token a second.
    assert LIMITS["paying"].burst <= asyncio.run(taken()) <= LIMITS["paying"].burst + 10


def test_a_bucket_that_is_full_again_is_forgotten(valkey_url: str) -> None:
    server: Any = Valkey.from_url(valkey_url)

    async def take(name: str) -> None:
        limiter = Limiter(valkey_url, "")
        await limiter.take("recommending", name)
        await limiter.close()

    asyncio.run(take("once"))
    assert 0 < server.pttl("limit:recommending:once") <= 1_050
    server.close()


def test_a_network_that_is_none_is_named_at_the_start() -> None:
    with pytest.raises(ValueError, match="everybody"):
        Limiter("redis://127.0.0.1:1/0", "10.0.0.0/8,everybody")
