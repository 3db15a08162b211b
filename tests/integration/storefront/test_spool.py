"""While Kafka is away clicks wait on disk; what was acknowledged outlives any kill."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import uuid_utils

from deploy.local.stack import Stack
from storefront_api.events import Event, Topic
from storefront_api.platform.spool import Outgoing, Spool
from tests.integration import plain
from tests.integration.storefront.conftest import Worker, until

SENDERS = 8
BATCHES = 12
StartStore = Callable[..., tuple[str, Worker]]


def broker(stack: Stack) -> psutil.Process:
    (pid,) = (row.pid for row in stack.status() if row.name == "kafka")
    assert pid is not None
    return psutil.Process(pid)


@contextmanager
def silent_broker(stack: Stack) -> Iterator[None]:
    """Have the broker answer nothing; at the end it is killed, and another is started."""
    stopped = broker(stack)
    stopped.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        stopped.kill()


def batch(session: str, number: int) -> dict[str, Any]:
    event = {
        "id": str(uuid_utils.uuid7()),
        "type": "products_searched",
        "occurred_at": "2026-03-01T09:30:00Z",
        "data": {"session_id": session, "query": f"typed{number}", "results": number},
    }
    return {"consent": "granted", "events": [event]}


def send(url: str, sent: dict[str, Any]) -> httpx.Response | None:
    try:
        return plain.post(f"{url}/collect/beacon?key=storefront", json=sent, timeout=60)
    except httpx.TransportError:
        return None


def send_all(url: str, session: str) -> list[str]:
    """Send batches one after the other and return the ids that were acknowledged."""
    acknowledged = []
    for number in range(BATCHES):
        sent = batch(session, number)
        answer = send(url, sent)
        if answer is not None and answer.status_code == 202:
            acknowledged.append(sent["events"][0]["id"])
    return acknowledged


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.batch"))


def of_session(events: list[Event], session: str) -> list[str]:
    """Return the ids of a session's events as they lie in Kafka, each where it first came."""
    ids = [str(e.id) for e in events if e.data.session_id == session]  # type: ignore[attr-defined]
    return list(dict.fromkeys(ids))


@pytest.mark.timeout(280)
def test_what_was_acknowledged_outlives_the_kill_of_broker_and_store(
    own_stack: Stack,
    start_store: StartStore,
    read_events: Callable[..., list[Event]],
    tmp_path: Path,
) -> None:
    url, store = start_store(COLLECT_SPOOL_DIR=str(tmp_path))
    before = batch("before", 0)
    assert send(url, before) is not None
    sessions = [uuid.uuid4().hex for _ in range(SENDERS)]
    with silent_broker(own_stack), ThreadPoolExecutor(SENDERS) as pool:
        sending = [pool.submit(send_all, url, session) for session in sessions]
        # The store dies with requests under way.
        until(lambda: len(kept(tmp_path)) >= 3, "batches are kept on disk")
        store.end(signal.SIGKILL)
        acknowledged = {s: done.result() for s, done in zip(sessions, sending, strict=True)}
    assert sum(map(len, acknowledged.values())) > 0
    assert kept(tmp_path)
    start_store(COLLECT_SPOOL_DIR=str(tmp_path))
    until(lambda: not kept(tmp_path), "the spool is empty")
    events = read_events(Topic.CLICKSTREAM)
    for session, ids in acknowledged.items():
        arrived = of_session(events, session)
        assert [each for each in arrived if each in set(ids)] == ids


@pytest.mark.timeout(280)
def test_a_full_spool_refuses_and_says_when_to_come_again(
    own_stack: Stack,
    start_store: StartStore,
    read_events: Callable[..., list[Event]],
    tmp_path: Path,
) -> None:
    url, _ = start_store(COLLECT_SPOOL_DIR=str(tmp_path), COLLECT_SPOOL_BYTES="1500")
    session = uuid.uuid4().hex
    acknowledged = []
    answer = None
    with silent_broker(own_stack):
        for number in range(20):
            sent = batch(session, number)
            answer = send(url, sent)
            assert answer is not None
            if answer.status_code != 202:
                break
            acknowledged.append(sent["events"][0]["id"])
        ready = plain.get(f"{url}/readyz", timeout=30)
        assert [path for path in kept(tmp_path) if b"typed" in path.read_bytes()] == []
    assert answer is not None
    assert (answer.status_code, answer.json()["code"]) == (503, "away")
    assert int(answer.headers["Retry-After"]) > 0
    assert ready.status_code == 503
    assert sum(path.stat().st_size for path in kept(tmp_path)) <= 1500

    def taken() -> bool:
        again = send(url, sent)
        return again is not None and again.status_code == 202

    until(taken, "there is room again")
    until(lambda: not kept(tmp_path), "the spool is empty")
    wanted = [*acknowledged, sent["events"][0]["id"]]
    until(
        lambda: of_session(read_events(Topic.CLICKSTREAM), session) == wanted,
        "each acknowledged event is in Kafka, in the order of sending",
    )


def test_a_process_takes_over_what_another_left(tmp_path: Path) -> None:
    def message(name: str) -> Outgoing:
        return Outgoing("t", b"k", name.encode(), [("h", b"v")])

    async def leave() -> None:
        first, second = Spool(tmp_path, 2**20), Spool(tmp_path, 2**20)
        first.open()
        second.open()
        await asyncio.gather(first.keep([message("a")]), second.keep([message("b")]))
        await first.keep([message("c")])
        await first.close()
        await second.close()
        (tmp_path / "0" / "00000000000000000009.part").write_bytes(b"half")

    async def take_over() -> list[bytes]:
        spool = Spool(tmp_path, 2**20)
        spool.open()
        found = []
        while not spool.empty:
            path, messages = await spool.oldest()
            found += [each.payload for each in messages]
            spool.forget(path)
        await spool.keep([message("d")])
        found += [each.payload for each in (await spool.oldest())[1]]
        await spool.close()
        return found

    asyncio.run(leave())
    assert asyncio.run(take_over()) == [b"a", b"c", b"b", b"d"]
    assert list(tmp_path.glob("*/*.part")) == []


def test_a_damaged_batch_does_not_keep_the_others(tmp_path: Path) -> None:
    async def read() -> list[bytes]:
        spool = Spool(tmp_path, 2**20)
        spool.open()
        await spool.keep([Outgoing("t", b"k", b"good")])
        _, messages = await spool.oldest()
        await spool.close()
        return [each.payload for each in messages]

    (tmp_path / "0").mkdir()
    (tmp_path / "0" / f"{0:020d}.batch").write_bytes(b"half")
    assert asyncio.run(read()) == [b"good"]
    assert [path.name for path in tmp_path.glob("*/*.damaged")] == [f"{0:020d}.damaged"]
