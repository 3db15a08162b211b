"""Another storefront over a benchmark's data, which searches an index beside PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from deploy.bench._started import wait_for
from deploy.local.ports import free_port
from deploy.local.services import SERVER

START_S = 300.0


@contextmanager
def indexed_store(environment: Mapping[str, str], question: str) -> Iterator[tuple[int, float]]:
    """Start it and what keeps its index, and wait until all that is in the store is in the index.

    Parameters
    ----------
    question
        A search, as the path of an URL.

    Yields
    ------
    tuple
        The storefront's port, and how long the index took to be there, in seconds; the start of
        the process and the reader's delay are in it.

    Raises
    ------
    LoadError
        If it is not there in time.
    """
    port = free_port()
    address = ("--host", "127.0.0.1", "--port", str(port), "--no-access-log", *SERVER)
    with tempfile.TemporaryDirectory(prefix="ecomarket-index-") as folder, ExitStack() as stack:
        chosen = {"SEARCH_ENGINE": "tantivy", "SEARCH_INDEX_DIR": folder}
        variables = os.environ | environment | chosen | {"METRICS_PORT": str(free_port())}

        def start(*module: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [sys.executable, "-m", *module],
                env=variables,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return process

        store = start("uvicorn", "storefront_api.app:create_app", "--factory", *address)
        wait_for(f"http://127.0.0.1:{port}/readyz", store, START_S)
        started = time.perf_counter()
        indexer = start("storefront_api.search.index.worker")
        wait_for(f"http://127.0.0.1:{port}{question}", indexer, START_S)
        yield port, time.perf_counter() - started
