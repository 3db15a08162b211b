"""Scores of products, computed in the transaction that changes what they are computed from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from storefront_api.catalog import score_repository as repository
from storefront_api.catalog.answers import sourced
from storefront_api.catalog.changes import Change, changing
from storefront_api.catalog.rules import Rules, RulesError, in_force, of_version
from storefront_api.catalog.schemas import ProductOut, Sustainability
from storefront_api.catalog.service import shown
from storefront_api.catalog.sustainability import Attributes, score, unknown_words
from storefront_api.events.scores import AttributesV1, ScoreChangedV1, ScorePartV1, ScoreV1
from storefront_api.platform.errors import InvalidError, NotFoundError
from storefront_api.services import Services

MOST_AT_ONCE = 1_000
"""Products that one request scores anew."""


class PastScore(Sustainability):
    """A score as it was."""

    entry_id: int
    scored_at: datetime


class ScoreHistory(BaseModel):
    """What a product was ever scored, the latest first."""

    scores: list[PastScore]
    next_cursor: str = Field(description="Pass as `before`; empty on the last page.")


class Rescored(BaseModel):
    """How far the scores are those of the rules in force."""

    rules_version: str
    rescored: int
    left: int = Field(description="Products that were scored by other rules; ask again.")


async def state(change: Change, stated: Mapping[str, Attributes], field: str) -> set[str]:
    """Set the attributes of products, and return those whose attributes were others.

    Raises
    ------
    InvalidError
        If an attribute is not in the vocabulary, or contradicts another.
    """
    rules = in_force(change.now)
    for attributes in stated.values():
        broken = unknown_words(attributes, rules)
        if broken:
            details = [{"field": f"{field}.{name}", "message": rule} for name, rule in broken]
            raise InvalidError(broken[0][1], field=details[0]["field"], details=details)
    before = await repository.find(change.connection, list(stated))
    changed = {
        product_id: attributes
        for product_id, attributes in stated.items()
        if attributes
        != (
            Attributes.model_validate(before[product_id]["attributes"])
            if product_id in before
            else Attributes()
        )
    }
    await _keep(change, changed, rules, {i: row["score"] for i, row in before.items()})
    return set(changed)


async def _keep(
    change: Change,
    stated: Mapping[str, Attributes],
    rules: Rules,
    before: Mapping[str, int | None],
) -> None:
    if not stated:
        return
    kept = []
    for product_id, attributes in stated.items():
        scored = score(attributes, rules)
        parts = [asdict(part) for part in scored.parts]
        written = attributes.model_dump(mode="json")
        confidence = Decimal(str(scored.confidence))
        as_json = json.dumps(written), json.dumps(parts)
        kept.append((product_id, as_json[0], rules.version, scored.value, confidence, as_json[1]))
        data = ScoreV1(
            product_id=product_id,
            rules_version=rules.version,
            score=scored.value,
            previous_score=before.get(product_id),
            confidence=scored.confidence,
            parts=[ScorePartV1(**part) for part in parts],
            attributes=AttributesV1.model_validate(written),
        )
        change.tell(product_id, ScoreChangedV1, data)
        change.touched.add(product_id)
    await repository.keep(change.connection, kept, change.now)


async def set_attributes(
    services: Services, product_id: str, attributes: Attributes, trace_id: str
) -> ProductOut:
    """Set all that is known of a product, and score it.

    Raises
    ------
    NotFoundError
        If there is no such product.
    InvalidError
        If an attribute is not in the vocabulary, or contradicts another.
    """
    async with changing(services, trace_id) as change:
        await shown(services, change.connection, product_id)
        await state(change, {product_id: attributes}, "body")
        return await shown(services, change.connection, product_id)


async def recompute(services: Services, trace_id: str) -> Rescored:
    """Score some of the products anew that were scored by other rules than those in force."""
    async with changing(services, trace_id) as change:
        rules = in_force(change.now)
        rows = await repository.outdated(change.connection, rules.version, MOST_AT_ONCE)
        stated = {r["product_id"]: Attributes.model_validate(r["attributes"]) for r in rows}
        before = await repository.find(change.connection, list(stated))
        await _keep(change, stated, rules, {i: row["score"] for i, row in before.items()})
        left = await repository.left(change.connection, rules.version)
    return Rescored(rules_version=rules.version, rescored=len(stated), left=left)


async def history(
    services: Services, product_id: str, version: str, before: int | None, limit: int
) -> ScoreHistory:
    """Return a product's past scores, as they were or as other rules would have made them.

    Parameters
    ----------
    version
        The rules to compute each of them by; empty for those that it was computed by.

    Raises
    ------
    NotFoundError
        If nothing was ever stated of the product, or there are no such rules.
    InvalidError
        If the rules do not know a word of the product's attributes.
    """
    try:
        rules = of_version(version) if version else None
    except RulesError as error:
        raise NotFoundError(str(error), field="query.rules_version") from None
    rows = await repository.history(services.pool, product_id, before, limit + 1)
    if not rows and before is None:
        raise NotFoundError(f"{product_id!r} was never scored", field="path.product_id")
    found = []
    for row in rows[:limit]:
        attributes = Attributes.model_validate(row["attributes"])
        if rules and (broken := unknown_words(attributes, rules)):
            raise InvalidError(broken[0][1], field="query.rules_version")
        again = score(attributes, rules or of_version(row["rules_version"]))
        parts = [asdict(part) for part in again.parts]
        found.append(
            PastScore(
                entry_id=row["entry_id"],
                scored_at=row["scored_at"],
                score=again.value,
                confidence=again.confidence,
                rules_version=again.rules_version,
                parts=sourced(parts, again.rules_version),
                attributes=attributes,
            )
        )
    more = len(rows) > limit
    return ScoreHistory(scores=found, next_cursor=str(found[-1].entry_id) if more else "")


def find_rules(services: Services, version: str) -> Rules:
    """Return the rules of a version; those in force if it is empty.

    Raises
    ------
    NotFoundError
        If there are none.
    """
    try:
        return of_version(version) if version else in_force(services.clock())
    except RulesError as error:
        raise NotFoundError(str(error), field="query.version") from None
