"""Creating and reading the rules of commission."""

from __future__ import annotations

from uuid import UUID

from storefront_api.events import Topic
from storefront_api.events.marketplace import CommissionRuleCreatedV1, CommissionRuleV1
from storefront_api.marketplace.commission import repository
from storefront_api.marketplace.commission.schemas import RuleIn, RuleOut, RulePage
from storefront_api.platform import idempotency
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import transaction
from storefront_api.platform.errors import InvalidError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services


async def create(
    services: Services, request: Request, caller: Caller, wanted: RuleIn, trace_id: str
) -> Answer:
    """Create the next version of a scope's rule, or answer what was answered under the same key.

    Orders that were placed keep the rates that were frozen with them.

    Raises
    ------
    InvalidError
        If it ends before it starts.
    """
    now = services.clock()
    valid_from = wanted.valid_from or now
    if wanted.valid_until and wanted.valid_until <= valid_from:
        raise InvalidError("must be later than its start", field="body.valid_until")
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        row = await repository.add_rule(
            connection,
            new_id(),
            (wanted.vendor_id, wanted.category, wanted.product_id),
            wanted.rate_bp,
            (valid_from, wanted.valid_until),
            caller.name,
            now,
        )
        event = CommissionRuleCreatedV1(
            id=new_id(),
            occurred_at=now,
            received_at=now,
            subject="",
            trace_id=trace_id,
            data=CommissionRuleV1(**dict(row)),
        )
        await enqueue(connection, [(Topic.MARKETPLACE, str(row["rule_id"]), event)])
        answer = Answer(201, RuleOut(**dict(row)).model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def page(services: Services, after: UUID | None, limit: int) -> RulePage:
    """Return a page of rules in order of their creation."""
    rows = await repository.rules(services.pool, after or UUID(int=0), limit + 1)
    rules = [RuleOut(**dict(row)) for row in rows[:limit]]
    more = len(rows) > limit
    return RulePage(rules=rules, next_cursor=str(rules[-1].rule_id) if more else "")
