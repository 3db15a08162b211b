"""Great Expectations' site of what was expected of which days, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import great_expectations as gx
from great_expectations.expectations.registry import get_expectation_impl

from pipelines.quality.suites import Suite
from pipelines.quality.validate import definition_of

_SITE = "data_docs"


def publish_docs(
    clickhouse_url: str, suites: Iterable[Suite], start: date, end: date, folder: Path
) -> Path:
    """Validate suites over the days ``[start, end)``, write the site, and return its first page.

    Parameters
    ----------
    clickhouse_url
        ``http://user:password@host:port`` of the warehouse.
    folder
        Where the site is; pages of earlier runs stay.
    """
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.add_data_docs_site(
        _SITE,
        {
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(folder.resolve()),
            },
        },
    )
    for suite in suites:
        expectations = [get_expectation_impl(type_)(**told) for type_, told in suite.expectations]
        context.validation_definitions.add(
            gx.ValidationDefinition(
                name=suite.name,
                data=definition_of(context, clickhouse_url, suite, start, end),
                suite=context.suites.add(gx.ExpectationSuite(suite.name, expectations)),
            )
        ).run(run_id=gx.RunIdentifier(run_name=f"{start}_{end}"))
    context.build_data_docs(site_names=[_SITE])
    return folder / "index.html"
