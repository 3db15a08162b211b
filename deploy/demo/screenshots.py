"""Pictures of the pages for the documents, taken by a headless Chromium.

Run it while the demo's stack is up: ``python -m deploy.demo.screenshots docs/pictures``.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from playwright.sync_api import Page, sync_playwright
from rich.console import Console

from deploy.local.settings import Port, load_settings

WIDTH, HEIGHT = 1600, 1000
SETTLE_MS = 4_000
"""A graph is laid out after its page says that it is loaded."""


def _shots(storefront: str, serving: str, dagster: str) -> dict[str, str]:
    """Return the address of each page."""
    return {
        "dagster-asset-groups": f"{dagster}/asset-groups",
        "dagster-runs": f"{dagster}/runs",
        "storefront-api": f"{storefront}/docs",
        "serving-api": f"{serving}/docs",
    }


def _take(page: Page, url: str, path: Path) -> None:
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.goto(url, wait_until="networkidle", timeout=60_000)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=str(path))


def main(folder: Annotated[Path, typer.Argument(help="Where the pictures go.")]) -> None:
    """Take every picture."""
    console = Console()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        console.print("[red]error:[/] no Chromium is installed: `apt install chromium`")
        raise typer.Exit(1)
    settings = load_settings()
    ports = (Port.STOREFRONT, Port.SERVING, Port.DAGSTER)
    shots = _shots(*(f"http://127.0.0.1:{settings.port(port)}" for port in ports))
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        for name, url in shots.items():
            _take(page, url, folder / f"{name}.png")
            console.print(f"{folder / name}.png")
        browser.close()


if __name__ == "__main__":
    typer.run(main)
