"""What is recommended to a shopper."""

from __future__ import annotations

from collections.abc import Sequence

from storefront_api.platform import metrics
from storefront_api.recommendations import repository
from storefront_api.recommendations.schemas import Recommended, SlateOut
from storefront_api.services import Services


async def recommend(services: Services, subject: str, k: int, context: Sequence[str]) -> SlateOut:
    """Return the model's slate, or popular products when the model endpoint is away."""
    slate = await services.models.recommend(subject, k, context)
    if slate is None:
        skus = await repository.popular(services.pool, k)
        source, slate_id = "popular", ""
        metrics.DEGRADED.labels("slate").inc()
    else:
        skus, source, slate_id = list(slate.skus), "model", slate.decision_id
    rows = await repository.details(services.pool, skus)
    items = [Recommended(**dict(row)) for row in rows]
    return SlateOut(items=items, source=source, slate_id=slate_id)
