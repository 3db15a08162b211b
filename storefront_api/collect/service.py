"""What the collector does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from storefront_api.collect.schemas import ClickIn, Clicks, Collected, Refused
from storefront_api.events import Event, Topic, UnknownEventError, schema_of
from storefront_api.platform import metrics
from storefront_api.platform.auth import Caller
from storefront_api.services import Services


class _RuleError(ValueError):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _event(raw: dict[str, Any], caller: Caller, now: datetime, trace_id: str) -> Event:
    click = ClickIn.model_validate(raw)
    if click.subject and not caller.is_partner:
        raise _RuleError("subject", "only a partner may state this")
    try:
        schema = schema_of(Topic.CLICKSTREAM, click.type, click.version)
    except UnknownEventError as error:
        raise _RuleError("type", str(error)) from None
    return schema.model_validate(
        {
            **click.model_dump(),
            "subject": caller.subject or click.subject,
            "received_at": now,
            "trace_id": trace_id,
        }
    )


async def collect(services: Services, caller: Caller, batch: Clicks, trace_id: str) -> Collected:
    """Hand the good events of a batch to Kafka and name the others.

    Raises
    ------
    AwayError
        If Kafka does not take them; the batch may be sent again as it is.
    """
    now = services.clock()
    messages, refused = [], []
    for index, raw in enumerate(batch.events):
        try:
            event = _event(raw, caller, now, trace_id)
        except _RuleError as error:
            refused.append(Refused(index=index, field=error.field, message=str(error)))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(map(str, first["loc"]))
            refused.append(Refused(index=index, field=field, message=str(first["msg"])))
        else:
            key = str(raw["data"]["session_id"]).encode()
            messages.append((key, event.model_dump_json().encode()))
    await services.clicks.send(messages)
    metrics.COLLECTED.labels("accepted").inc(len(messages))
    metrics.COLLECTED.labels("refused").inc(len(refused))
    return Collected(accepted=len(messages), refused=refused)
