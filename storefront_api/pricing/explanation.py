"""How each line came to its price and who pays it, step by step: arithmetic alone."""

from __future__ import annotations

from collections.abc import Sequence

from storefront_api.events.orders import OrderLineV2
from storefront_api.ledger.tenders import Tender
from storefront_api.pricing.rules import AppliedRule
from storefront_api.pricing.schemas import ExplainedLine, Step
from storefront_api.promotions.discounts import Discount, split


def explain(
    lines: Sequence[OrderLineV2],
    rules: Sequence[AppliedRule],
    discounts: Sequence[Discount],
    tenders: Sequence[Tender],
) -> list[ExplainedLine]:
    """Return each line's steps: what made it cheaper, then what pays it besides a card.

    Of a line ``total_minor`` is its list price less what made it cheaper, and ``due_minor`` that
    less what pays it; the tax is a part of the total, whoever pays it. A tender pays for the whole
    order, and its share of a line is in proportion to what is due of it then, by the largest
    remainder.
    """
    steps: dict[int, list[Step]] = {line.line_number: [] for line in lines}
    for rule in rules:
        kind = "tier" if rule.tier else "rule"
        for number, minor in rule.by_line.items():
            step = Step(kind=kind, id=rule.rule_id, version=rule.version, amount_minor=minor)
            steps[number].append(step)
    for discount in discounts:
        for number, minor in discount.by_line.items():
            steps[number].append(Step(kind="code", id=discount.code, amount_minor=minor))
    for line in lines:
        known = sum(step.amount_minor for step in steps[line.line_number])
        if line.discount_minor > known:
            rest = Step(kind="stated", id="", amount_minor=line.discount_minor - known)
            steps[line.line_number].insert(0, rest)
    due = [line.total_minor for line in lines]
    for tender in tenders:
        shares = split(tender.amount_minor, due)
        due = [left - share for left, share in zip(due, shares, strict=True)]
        for line, share in zip(lines, shares, strict=True):
            if share:
                step = Step(kind=tender.kind, id=tender.tender_id, amount_minor=share)
                steps[line.line_number].append(step)
    return [
        ExplainedLine(
            line_number=line.line_number,
            sku=line.sku,
            quantity=line.quantity,
            list_minor=line.list_minor,
            steps=steps[line.line_number],
            total_minor=line.total_minor,
            tax_rate_bp=line.tax_rate_bp,
            tax_minor=line.tax_minor,
            due_minor=left,
        )
        for line, left in zip(lines, due, strict=True)
    ]
