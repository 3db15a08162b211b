"""Great Expectations at the two boundaries: raw events coming in, marts and features going out.

A suite is a YAML file in `suites/`; `validate` runs one over a range of days in the warehouse.
What a suite cannot know, how much is usual, a monitor of `monitors/` learns of the weeks before.
"""

from pipelines.quality.suites import Boundary, Suite, SuiteError, load_suites
from pipelines.quality.validate import Failure, Report, validate

__all__ = ["Boundary", "Failure", "Report", "Suite", "SuiteError", "load_suites", "validate"]
