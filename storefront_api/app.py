"""The application: `uvicorn storefront_api.app:create_app --factory`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from storefront_api.carts.endpoints import router as carts
from storefront_api.catalog.endpoints import router as catalog
from storefront_api.checkouts.endpoints import router as checkouts
from storefront_api.collect.endpoints import router as collect
from storefront_api.collect.schemas import MAX_BYTES
from storefront_api.health import router as health
from storefront_api.inventory.endpoints import router as inventory
from storefront_api.orders.endpoints import router as orders
from storefront_api.payments.endpoints import router as payments
from storefront_api.platform import errors, logs
from storefront_api.platform.auth import Gate
from storefront_api.platform.bodies import LimitBodies
from storefront_api.platform.clicks import ClickProducer
from storefront_api.platform.clock import Clock, choose_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.metrics import Measure
from storefront_api.platform.model_endpoint import ModelEndpoint
from storefront_api.platform.stripe_provider import StripeProvider
from storefront_api.platform.tracing import Trace
from storefront_api.promotions.endpoints import router as promotions
from storefront_api.recommendations.endpoints import router as recommendations
from storefront_api.search.endpoints import router as search
from storefront_api.services import Services
from storefront_api.sessions import router as sessions
from storefront_api.settings import Settings

DESCRIPTION = """
The transactional store: catalogue, stock, orders and what follows them, and the clickstream.

Shoppers get a token from `POST /sessions`; partners have one. Every error has the same body.
"""


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> FastAPI:
    """Build the application; it connects when it starts, not before.

    Parameters
    ----------
    clock
        What tells the time; None for the clock that the settings choose.
    """
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logs.configure()
        pool = await open_pool(settings.database_url, settings.database_pool)
        clicks = ClickProducer(settings.kafka_bootstrap_servers)
        models = ModelEndpoint(settings.serving_url, settings.serving_timeout_ms / 1000)
        gate = Gate(
            settings.partner_token.get_secret_value(), settings.pseudonym_key.get_secret_value()
        )
        provider = StripeProvider(
            settings.payment_url,
            settings.payment_key.get_secret_value(),
            settings.payment_webhook_secret.get_secret_value(),
        )
        now = clock or choose_clock(settings.shared_clock)
        app.state.services = Services(settings, pool, gate, clicks, models, provider, now)
        try:
            yield
        finally:
            await provider.close()
            await models.close()
            await clicks.close()
            await pool.close()

    app: FastAPI = FastAPIOffline(
        title="EcoMarket storefront",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        responses=errors.problems(500),
    )
    app.add_middleware(LimitBodies, limits={"/collect": MAX_BYTES})
    app.add_middleware(Measure)
    app.add_middleware(Trace)
    errors.install(app)
    for router in (
        health,
        sessions,
        catalog,
        search,
        inventory,
        carts,
        checkouts,
        orders,
        promotions,
        payments,
        collect,
        recommendations,
    ):
        app.include_router(router)
    return app
