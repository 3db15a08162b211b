"""Steps that failed for what passes by itself are run again; all others fail at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from pipelines.failures import dbt_passes_by_itself, passes_by_itself

RETRIES = 3
WAIT_S = 10.0


@contextmanager
def by_class(run_results: Path | None = None, wait_s: float = WAIT_S) -> Iterator[None]:
    """Ask Dagster to run the step again if what is raised passes by itself.

    Parameters
    ----------
    run_results
        Of a step of dbt, whose errors are those of its nodes.
    wait_s
        Seconds until then.
    """
    try:
        yield
    except Exception as error:
        dbt_passes = run_results is not None and dbt_passes_by_itself(run_results)
        if dbt_passes or passes_by_itself(error):
            raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=wait_s) from error
        raise
