"""What a shopper's program sends, and how it takes what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson
import pytest

from deploy.demo.shoppers.browser import AGENTS, Browser, RefusedError
from deploy.demo.shoppers.wire import Answer


@dataclass
class Recorder:
    """Answers everything alike, and remembers it."""

    answer: Answer = field(default_factory=lambda: Answer(200, b"{}"))
    asked: list[tuple[str, str, bytes, str, bool]] = field(default_factory=list)

    async def ask(
        self, method: str, path: str, body: bytes = b"", head: str = "", again: bool = True
    ) -> Answer:
        """Remember a request."""
        self.asked.append((method, path, body, head, again))
        return self.answer


def browser(recorder: Recorder, agent: str = "mobile") -> Browser:
    """Return a browser that asks a recorder."""
    return Browser(recorder, recorder, AGENTS[agent])


@pytest.mark.parametrize("agent", AGENTS)
async def test_it_says_which_program_it_is_and_whose_token_it_has(agent: str) -> None:
    recorder = Recorder()
    shopper = browser(recorder, agent)
    shopper.be("secret")
    await shopper.cart()
    head = recorder.asked[0][3]
    assert f"User-Agent: {AGENTS[agent]}\r\n" in head
    assert "Authorization: Bearer secret\r\n" in head


async def test_words_and_names_are_escaped() -> None:
    recorder = Recorder()
    shopper = browser(recorder)
    await shopper.search("olive & oil", 5)
    await shopper.product("P/1 2")
    await shopper.shelf("BODY CARE", "SOAP", 3)
    assert [path for _, path, *_ in recorder.asked] == [
        "/search?q=olive+%26+oil&limit=5",
        "/products/P%2F1%202",
        "/products?department=BODY+CARE&category=SOAP&limit=3",
    ]


async def test_clicks_may_be_sent_once_and_everything_else_again() -> None:
    recorder = Recorder(Answer(202, b'{"accepted":1,"refused":[]}'))
    shopper = browser(recorder)
    assert await shopper.collect([{"a": 1}]) == 1
    await shopper.complete("c")
    assert [again for *_, again in recorder.asked] == [False, True]


async def test_a_refused_click_stops_everything() -> None:
    told = orjson.dumps({"accepted": 0, "refused": [{"index": 0, "field": "x", "message": "m"}]})
    with pytest.raises(RefusedError, match="POST /collect"):
        await browser(Recorder(Answer(202, told))).collect([{"a": 1}])


async def test_what_is_gone_is_nothing_and_other_errors_stop() -> None:
    assert await browser(Recorder(Answer(404, b"{}"))).product("P") is None
    assert await browser(Recorder(Answer(404, b"{}"))).put("S", 1) is None
    with pytest.raises(RefusedError, match="500 broken"):
        await browser(Recorder(Answer(500, b"broken"))).cart()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(200, b'{"status":"requires_action"}'), "requires_action"),
        (Answer(402, b"{}"), "declined"),
        (Answer(400, b'{"error":{"code":"payment_intent_unexpected_state"}}'), "requires_capture"),
    ],
)
async def test_a_payment_is_taken_declined_or_was_made_before(answer: Answer, status: str) -> None:
    recorder = Recorder(answer)
    payment = {"intent_id": "pi_1", "client_secret": "s"}
    assert await browser(recorder).confirm(payment, "pm_card_visa") == status
    assert recorder.asked[0][2] == b"client_secret=s&payment_method=pm_card_visa"


async def test_traffic_is_what_was_asked_and_when_and_not_what_the_store_made_up() -> None:
    async def traffic(token: str, at_ms: int, sku: str, checkout_id: str) -> str:
        shopper = browser(Recorder())
        shopper.be(token)
        shopper.at_ms = at_ms
        await shopper.put(sku, 1)
        await shopper.complete(checkout_id)
        return shopper.traffic

    plain = await traffic("a", 1, "S", "c1")
    assert await traffic("b", 1, "S", "c2") == plain
    assert await traffic("a", 2, "S", "c1") != plain
    assert await traffic("a", 1, "T", "c1") != plain
