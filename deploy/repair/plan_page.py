"""The tracking plan as a page for a browser, with what broke it beside each event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, select_autoescape

from pipelines.ingest.violations import Violation
from storefront_api.events import EVENTS
from storefront_api.events.tracking_plan import OWNERS, Entry, entries, sender

_TEMPLATES = Environment(
    loader=PackageLoader("deploy.repair", "."), autoescape=select_autoescape(), trim_blocks=True
)


def plan_page(violations: Sequence[Violation]) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    violations
        What was refused; of an event that the plan does not have, too.
    """
    modules = [(topic, sender(topic), OWNERS[topic], list(entries(topic))) for topic in EVENTS]
    known = {(topic.value, entry.type) for topic, _, _, told in modules for entry in told}

    def of(topic: str, entry: Entry) -> list[Violation]:
        return [v for v in violations if (v.topic, v.type) == (topic, entry.type)]

    return _TEMPLATES.get_template("tracking_plan.html").render(
        modules=modules,
        of=of,
        strange=[v for v in violations if (v.topic, v.type) not in known],
        letters=sum(violation.letters for violation in violations),
        open=sum(violation.open for violation in violations),
        at=datetime.now(UTC),
    )
