"""Pictures of the dashboards, taken by a headless Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Response, sync_playwright
from playwright.sync_api import TimeoutError as TooLateError

WIDTH, HEIGHT = 1600, 1000
WAIT_MS = 120_000
TILE = "[data-test='dashboard-component-chart-holder']:has([data-test='slice-header'])"
_LOADING = "[data-test='loading-indicator']"
_DRAWN = f"""count => {{
    const tiles = [...document.querySelectorAll("{TILE}")];
    const drawn = tile => {{
        const chart = tile.querySelector("[data-test='chart-container']");
        return chart && (chart.innerText.trim() || chart.querySelector("canvas, table"));
    }};
    return tiles.length >= count && tiles.every(drawn)
        && !document.querySelector("{_LOADING}");
}}"""
_SETTLE_MS = 1_500
"""Lines grow into their place after their answer has come."""


class BrowserMissingError(Exception):
    """There is no Chromium."""


class PageError(Exception):
    """Superset does not let the user in, or does not draw a dashboard; the message says which."""


def sign_in(browser: Browser, url: str, user: str, password: str) -> Page:
    """Open a page, with cookies of its own, in which a user of Superset is signed in.

    Raises
    ------
    PageError
        If Superset refuses the user.
    """
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, base_url=url)
    page.set_default_timeout(WAIT_MS)
    page.goto("/login/")
    page.locator("input[name='username'], #username").first.fill(user)
    page.locator("input[name='password'], #password").first.fill(password)
    page.keyboard.press("Enter")
    try:
        page.wait_for_url(lambda address: "/login" not in address)
    except TooLateError as error:
        raise PageError(f"{url}/login/: {user} is not let in") from error
    return page


@contextmanager
def signed_in(url: str, user: str, password: str) -> Iterator[Page]:
    """Open a browser in which a user of Superset is signed in.

    Raises
    ------
    BrowserMissingError
        If no Chromium is installed.
    PageError
        If Superset refuses the user.
    """
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise BrowserMissingError("no Chromium is installed: `apt install chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = sign_in(browser, url, user, password)
        try:
            yield page
        finally:
            browser.close()


def open_board(page: Page, name: str, charts: int) -> list[Response]:
    """Open a dashboard, have all of its charts drawn, and return the answers that they got.

    Parameters
    ----------
    name
        Its address.
    charts
        How many it has.

    Raises
    ------
    PageError
        If not all of them are drawn in time.
    """
    answers: list[Response] = []

    def note(response: Response) -> None:
        if "/api/v1/chart/data" in response.url:
            answers.append(response)

    # What the page before still waits for is no answer to this one.
    page.goto("about:blank")
    page.on("response", note)
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.goto(f"/superset/dashboard/{name}/?standalone=1")
    page.locator(TILE).first.wait_for()
    # Charts out of sight are not drawn, so that the window has to be as tall as the dashboard.
    page.set_viewport_size({"width": WIDTH, "height": _height(page)})
    try:
        page.wait_for_function(_DRAWN, arg=charts)
    except TooLateError as error:
        raise PageError(f"{name}: not all charts are drawn in {WAIT_MS / 1000:.0f} s") from error
    page.wait_for_timeout(_SETTLE_MS)
    page.remove_listener("response", note)
    return answers


def _height(page: Page) -> int:
    tall: int = page.evaluate(
        "() => Math.max(...[...document.querySelectorAll('*')].map(e => e.scrollHeight))"
    )
    return min(max(tall, HEIGHT), 6000)


def take(
    page: Page, folder: Path, boards: dict[str, int], on_picture: Callable[[Path], None]
) -> None:
    """Take a picture of each dashboard.

    Parameters
    ----------
    folder
        Where they go.
    boards
        How many charts each has, by address.
    on_picture
        Told of each that was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, charts in boards.items():
        open_board(page, name, charts)
        path = folder / f"{name}.png"
        page.screenshot(path=str(path))
        on_picture(path)
