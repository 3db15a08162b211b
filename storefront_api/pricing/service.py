"""Creating price rules."""

from __future__ import annotations

from storefront_api.events import Event, Topic
from storefront_api.events.pricing import PriceChangedV1, PriceRuleCreatedV1, PriceRuleV1
from storefront_api.platform import idempotency
from storefront_api.platform.database import transaction
from storefront_api.platform.errors import InvalidError, NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.pricing import repository
from storefront_api.pricing.schemas import PriceRuleIn, PriceRuleOut, PriceRuleVersions
from storefront_api.services import Services


async def create(
    services: Services, request: Request, wanted: PriceRuleIn, trace_id: str
) -> Answer:
    """Create a rule or its next version, or answer what was answered under the same key.

    Raises
    ------
    InvalidError
        If it ends before it starts.
    """
    now = services.clock()
    rule = {**wanted.model_dump(), "starts_at": wanted.starts_at or now}
    if wanted.ends_at and wanted.ends_at < rule["starts_at"]:
        raise InvalidError("must not be earlier than its start", field="body.ends_at")
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        row = dict(await repository.insert(connection, rule))
        version = row.pop("version")
        kind: type[Event] = PriceRuleCreatedV1 if version == 1 else PriceChangedV1
        event = kind(
            **{
                "id": new_id(),
                "occurred_at": now,
                "received_at": now,
                "subject": "",
                "trace_id": trace_id,
                "data": PriceRuleV1(rule_version=version, **row),
            }
        )
        await enqueue(connection, [(Topic.PRICING, wanted.rule_id, event)])
        answer = Answer(201, PriceRuleOut(version=version, **row).model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def read(services: Services, rule_id: str) -> PriceRuleVersions:
    """Return all versions of a rule.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    rows = await repository.versions(services.pool, rule_id)
    if not rows:
        raise NotFoundError(f"there is no price rule {rule_id}", field="path.rule_id")
    return PriceRuleVersions(versions=[PriceRuleOut(**dict(row)) for row in rows])
