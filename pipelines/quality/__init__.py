"""Great Expectations at the two boundaries: raw events coming in, marts and features going out.

A suite is a YAML file in `suites/`; `validate.validate` runs one over a range of days in the
warehouse. Great Expectations takes seconds to import, and is imported by what uses it alone.
What a suite cannot know, how much is usual, a monitor of `monitors/` learns of the weeks before.
"""

from pipelines.quality.suites import Boundary, Suite, SuiteError, load_suites

__all__ = ["Boundary", "Suite", "SuiteError", "load_suites"]
