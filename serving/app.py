"""Wire serving together: `uvicorn serving.app:create_app --factory`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from serving import errors, logs, openapi
from serving.artifacts import Loaders, Registry
from serving.decisions import DecisionLog
from serving.families import LOADERS
from serving.features import OnlineFeatures
from serving.figures import Figures
from serving.metrics import TimingMiddleware
from serving.routes import figures as metric_routes
from serving.routes import footprint, forecasts, fraud, health, models, recommendations
from serving.services import Services
from serving.settings import Settings


def create_app(settings: Settings | None = None, loaders: Loaders = LOADERS) -> FastAPI:
    """Return the application; it connects when it starts, and not before.

    Parameters
    ----------
    settings
        Read from the environment when absent.
    loaders
        How artifacts become scorers.

    Raises
    ------
    pydantic.ValidationError
        If a setting breaks its rule; the message names the variable.
    """
    chosen = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logs.configure()
        registry = Registry(chosen.artifacts_dir, chosen.artifacts_poll_s, loaders)
        await asyncio.to_thread(registry.start)
        features = OnlineFeatures(chosen.valkey_url, chosen.features_timeout_ms)
        decisions = DecisionLog(chosen.kafka_bootstrap_servers, chosen.decision_queue)
        figures = Figures(chosen.clickhouse_url, chosen.metrics_timeout_s)
        app.state.services = Services(registry, features, decisions, figures)
        try:
            yield
        finally:
            await asyncio.to_thread(decisions.close, chosen.decision_flush_s)
            await asyncio.to_thread(registry.stop)
            await features.close()
            await figures.close()

    app: FastAPI = FastAPIOffline(
        title=openapi.TITLE,
        version=openapi.VERSION,
        description=openapi.DESCRIPTION,
        lifespan=lifespan,
    )
    for module in (recommendations, fraud, forecasts, footprint, metric_routes, models, health):
        app.include_router(module.router)
    app.add_middleware(TimingMiddleware)
    errors.install(app)
    openapi.describe(app)
    return app
