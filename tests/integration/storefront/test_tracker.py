"""The tracker in a real browser: its events arrive, outlive reloads and outages, heed consent."""

from __future__ import annotations

import gzip
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.local.ports import free_port
from deploy.local.services import SERVER
from storefront_api.collect import tracker
from storefront_api.events import Event, Topic
from tests.integration import plain
from tests.integration.storefront.conftest import Worker, answers, until

MAX_BYTES = 5 * 1024
ACTIONS = {
    "productViewed({sku: 'CJ1', price_minor: 299})": "product_viewed",
    "productClicked({sku: 'CJ1', position: 2, slate_id: 'slate-1'})": "product_clicked",
    "productAdded({sku: 'CJ1', quantity: 2})": "product_added",
    "productRemoved({sku: 'CJ1', quantity: 1})": "product_removed",
    "cartViewed({value_minor: 299, items: 1})": "cart_viewed",
    "checkoutStarted({value_minor: 299, items: 1})": "checkout_started",
    "searched({query: 'oats', results: 3})": "products_searched",
    "listViewed({list_id: 'oats', skus: ['CJ1']})": "product_list_viewed",
    "recommended({list_id: 'for-you', skus: ['CJ1'], slate_id: 's'})": "product_list_viewed",
    "experimentViewed({experiment_id: 'e', variant: 'b'})": "experiment_viewed",
    "track('product_shared', {share_via: 'link', skus: ['CJ1']})": "product_shared",
}


class Shop:
    """A collector that can be taken away and brought back, and a site that uses it."""

    def __init__(self, store: Worker, port: int, site: str) -> None:
        self._store = store
        self._port = str(port)
        self.url = f"http://127.0.0.1:{port}"
        self.site = site

    def open(self) -> None:
        """Start the collector."""
        app = ("uvicorn", "storefront_api.app:create_app", "--factory", *SERVER)
        self._store.start(*app, "--host", "127.0.0.1", "--port", self._port)
        until(lambda: answers(self.url), "the storefront is ready")

    def close(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        if self._store.running:
            self._store.end(number)


@pytest.fixture(scope="module")
def shop(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    port, site = free_port(), free_port()
    origin = f"http://127.0.0.1:{site}"
    page = (
        "<!doctype html><title>Oats</title>"
        f"<script src='/own.js' data-endpoint='http://127.0.0.1:{port}/collect/beacon'></script>"
    )

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_script = self.path.startswith("/own.js")
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
            self.end_headers()
            self.wfile.write(tracker.PATH.read_bytes() if is_script else page.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", site), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log = tmp_path_factory.mktemp("tracked") / "log"
    shop = Shop(Worker(environment | {"COLLECT_ORIGINS": origin}, log), port, origin)
    shop.open()
    yield shop
    shop.close()
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium is not None, "no Chromium is installed: `apt install chromium`"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, shop: Shop) -> Iterator[Page]:
    """A page in a browser that has never been here."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{shop.site}/oats?email=jo%40example.org#part")
    yield page
    context.close()


def consented(page: Page) -> str:
    """Give consent and return the anonymous id that comes with the next event."""
    page.evaluate("ecomarket.consent('granted'); ecomarket.page()")
    return str(page.evaluate("JSON.parse(localStorage['eco.anonymous'])"))


def sent(page: Page) -> None:
    """Wait until everything is acknowledged."""
    page.wait_for_function("!localStorage['eco.queue'] || localStorage['eco.queue'] === '[]'")


@pytest.fixture
def clicks(read_events: Callable[..., list[Event]]) -> Callable[[], list[Any]]:
    """Read all clicks that are in Kafka, each once; beside the browser's own event loop."""

    def read() -> list[Any]:
        found: list[Event] = []
        thread = threading.Thread(target=lambda: found.extend(read_events(Topic.CLICKSTREAM)))
        thread.start()
        thread.join()
        return list({event.id: event for event in found}.values())

    return read


def of(clicks: list[Any], anonymous_id: str) -> list[Any]:
    return [event for event in clicks if event.data.anonymous_id == anonymous_id]


def test_the_script_is_small_and_kept_by_browsers(shop: Shop) -> None:
    answer = plain.get(f"{shop.url}/tracker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == tracker.CACHED
    assert len(gzip.compress(answer.content)) < MAX_BYTES
    again = plain.get(f"{shop.url}/tracker.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_pages_events_arrive_and_its_session_outlives_a_reload(
    page: Page, shop: Shop, clicks: Callable[[], list[Any]]
) -> None:
    token = plain.post(f"{shop.url}/sessions").json()["token"]
    page.evaluate("token => ecomarket.identify(token)", token)
    anonymous_id = consented(page)
    for action in ACTIONS:
        page.evaluate(f"ecomarket.{action}")
    sent(page)
    page.reload()
    sent(page)
    found = of(clicks(), anonymous_id)
    wanted = ["page_viewed", *ACTIONS.values(), "page_viewed"]
    assert sorted(event.type for event in found) == sorted(wanted)
    assert len({event.data.session_id for event in found}) == 1
    assert {event.subject[:2] for event in found} == {"p-", ""}
    assert {e.data.url for e in found if e.type == "page_viewed"} == {f"{shop.site}/oats"}


def test_a_session_ends_after_half_an_hour_of_silence(
    page: Page, clicks: Callable[[], list[Any]]
) -> None:
    anonymous_id = consented(page)
    for minutes in (29, 31):
        page.evaluate(
            """minutes => {
                const last = JSON.parse(localStorage['eco.session']);
                last.at -= minutes * 60000;
                localStorage['eco.session'] = JSON.stringify(last);
                ecomarket.searched({query: String(minutes), results: 0});
            }""",
            minutes,
        )
    sent(page)
    found = of(clicks(), anonymous_id)
    session = {getattr(e.data, "query", "page"): e.data.session_id for e in found}
    assert session["page"] == session["29"] != session["31"]


def test_without_consent_events_have_no_id_and_the_browser_keeps_nothing(
    page: Page, clicks: Callable[[], list[Any]]
) -> None:
    name = f"nobody-{free_port()}"
    with page.expect_response("**/collect/beacon*") as answered:
        page.evaluate("name => ecomarket.searched({query: name, results: 0})", name)
    assert answered.value.status == 202
    assert page.evaluate("Object.keys(localStorage)") == []
    until(lambda: any(query(e) == name for e in clicks()), "it arrives")
    (event,) = (e for e in clicks() if query(e) == name)
    assert (event.subject, event.data.session_id, event.data.anonymous_id) == ("", "", "")


def test_consent_that_is_withdrawn_takes_the_ids_of_what_waits(
    page: Page, shop: Shop, clicks: Callable[[], list[Any]]
) -> None:
    name = f"withdrawn-{free_port()}"
    shop.close()
    anonymous_id = consented(page)
    page.evaluate("name => ecomarket.searched({query: name, results: 0})", name)
    page.evaluate("ecomarket.consent('denied')")
    assert page.evaluate("Object.keys(localStorage)") == ["eco.consent"]
    shop.open()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    until(lambda: any(query(e) == name for e in clicks()), "it arrives")
    assert of(clicks(), anonymous_id) == []


@pytest.mark.timeout(200)
def test_events_outlive_an_outage_of_the_collector_and_a_reload_in_it(
    page: Page, shop: Shop, clicks: Callable[[], list[Any]]
) -> None:
    anonymous_id = consented(page)
    sent(page)
    shop.close(signal.SIGKILL)
    page.evaluate("ecomarket.searched({query: 'before', results: 0})")
    page.reload()
    page.evaluate("ecomarket.searched({query: 'after', results: 0})")
    shop.open()
    sent(page)
    found = of(clicks(), anonymous_id)
    assert {query(event) for event in found} == {"", "before", "after"}
    assert len(found) == 4


def test_what_is_left_when_a_page_is_closed_goes_as_a_beacon(
    browser: Browser, shop: Shop, clicks: Callable[[], list[Any]]
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(shop.site)
    anonymous_id = consented(page)
    page.evaluate("ecomarket.searched({query: 'last', results: 0}); location.href = 'about:blank'")
    until(lambda: any(query(e) == "last" for e in of(clicks(), anonymous_id)), "it arrives")
    context.close()


def query(event: Any) -> str:
    return str(getattr(event.data, "query", ""))
