"""Running a suite over the warehouse."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import great_expectations as gx
from great_expectations.core import ExpectationValidationResult
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.registry import get_expectation_impl

from pipelines.quality.suites import Suite


@dataclass(frozen=True)
class Failure:
    """One expectation that does not hold, with what was observed instead."""

    expectation: str
    column: str
    observed: str


@dataclass(frozen=True)
class Report:
    """Outcome of one suite over one range of days."""

    suite: str
    start: date
    end: date
    evaluated: int
    failures: tuple[Failure, ...]

    @property
    def success(self) -> bool:
        """Whether every expectation holds."""
        return not self.failures


def _connection_string(clickhouse_url: str) -> str:
    parts = urlsplit(clickhouse_url)
    user, password = parts.username or "default", parts.password or ""
    scheme = "clickhousedb+connect" if parts.scheme == "http" else "clickhousedb+connect+https"
    return f"{scheme}://{user}:{password}@{parts.hostname}:{parts.port or 8123}/default"


def definition_of(
    context: AbstractDataContext, clickhouse_url: str, suite: Suite, start: date, end: date
) -> BatchDefinition[Any]:
    """Return the rows of a suite's table whose day lies in ``[start, end)``, for a context."""
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql(
        f"warehouse_{suite.name}",
        connection_string=_connection_string(clickhouse_url),
        create_temp_table=False,
    )
    query = (
        f"SELECT {suite.columns} FROM {suite.table} "
        f"WHERE {suite.day} >= toDate('{start.isoformat()}') "
        f"AND {suite.day} < toDate('{end.isoformat()}')"
    )
    if suite.group_by:
        query += f" GROUP BY {suite.group_by}"
    asset = source.add_query_asset(suite.name, query=query)
    return asset.add_batch_definition_whole_table("days")


def validate(clickhouse_url: str, suite: Suite, start: date, end: date) -> Report:
    """Check the rows of a suite's table whose day lies in ``[start, end)``.

    Parameters
    ----------
    clickhouse_url
        ``http://user:password@host:port`` of the warehouse.
    suite
        What to expect.
    start, end
        UTC days; the end is exclusive.
    """
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    batch = definition_of(context, clickhouse_url, suite, start, end).get_batch()
    expectations = [get_expectation_impl(type_)(**told) for type_, told in suite.expectations]
    # As one suite, since it asks for all that its expectations need in few queries.
    outcome = batch.validate(gx.ExpectationSuite(suite.name, expectations=expectations))
    failures = [_failure(result) for result in outcome.results if not result.success]
    return Report(suite.name, start, end, len(suite.expectations), tuple(failures))


def _failure(result: ExpectationValidationResult) -> Failure:
    expectation = result.expectation_config
    assert expectation is not None, "what was validated says what it is"
    observed = result.result.get("observed_value")
    if observed is None:
        observed = result.result.get("partial_unexpected_list", result.exception_info)
    column = str(expectation.kwargs.get("column", ""))
    return Failure(expectation.type, column, str(observed)[:500])
