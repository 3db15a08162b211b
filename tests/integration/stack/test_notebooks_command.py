"""`ecomarket notebooks` brings JupyterLab, which opens scripts as notebooks of the platform."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
import stamina

from deploy.local.environment import client_environment
from deploy.local.ports import free_port
from deploy.local.settings import LocalSettings
from tests.integration import plain

pytestmark = pytest.mark.timeout(600)
TOKEN = {"Authorization": "token of-the-test"}


@pytest.fixture
def settings(tmp_path: Path, stack_settings: Callable[..., LocalSettings]) -> LocalSettings:
    return stack_settings(tmp_path)


@pytest.fixture
def lab(settings: LocalSettings, tmp_path: Path) -> Iterator[tuple[httpx.Client, int]]:
    variables = {
        **{name: value for name, value in os.environ.items() if name != "CLICKHOUSE_URL"},
        **settings.variables(),
        "JUPYTER_TOKEN": "of-the-test",
    }
    port = free_port()
    command = [sys.executable, "-m", "deploy.local.cli", "notebooks", "--no-browser"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)], env=variables, stdout=log, stderr=log
        )
    try:
        with plain.Client(base_url=f"http://127.0.0.1:{port}", headers=TOKEN) as client:
            for attempt in stamina.retry_context(
                on=httpx.TransportError, attempts=None, timeout=300, wait_max=0.5
            ):
                with attempt:
                    assert process.poll() is None, (tmp_path / "log").read_text()
                    client.get("/api").raise_for_status()
            yield client, process.pid
    finally:
        process.terminate()
        process.wait()


def test_jupyterlab_opens_scripts_as_notebooks_of_the_platform_that_only_read(
    lab: tuple[httpx.Client, int], settings: LocalSettings
) -> None:
    client, pid = lab
    opened = client.get("/api/contents/notebooks/metrics.py", params={"type": "notebook"}).json()
    kinds = [cell["cell_type"] for cell in opened["content"]["cells"]]
    assert {"markdown", "code"} == set(kinds)
    assert len(kinds) > 5
    told = client.get("/lab/api/settings/@jupyterlab/docmanager-extension:plugin").json()
    viewers = told["schema"]["properties"]["defaultViewers"]["default"]
    assert viewers["python"] == "Jupytext Notebook"
    kernels = client.get("/api/kernelspecs").json()
    spec = kernels["kernelspecs"][kernels["default"]]["spec"]
    assert (spec["display_name"], spec["argv"][0]) == ("EcoMarket", sys.executable)
    reader = client_environment(settings)["BI_WAREHOUSE_URL"]
    assert psutil.Process(pid).environ()["CLICKHOUSE_URL"] == reader
    # A client of its own: this one has a cookie by now.
    assert plain.get(f"{client.base_url}/api/kernelspecs").status_code == 403
