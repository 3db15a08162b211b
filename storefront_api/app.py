"""The application: `uvicorn storefront_api.app:create_app --factory`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from storefront_api.alerts.endpoints import router as alerts
from storefront_api.business.endpoints import router as business
from storefront_api.carts.endpoints import router as carts
from storefront_api.catalog.endpoints import router as catalog
from storefront_api.checkouts.endpoints import router as checkouts
from storefront_api.collect.answering import PATHS, Collector
from storefront_api.collect.endpoints import router as collect
from storefront_api.collect.networks import Networks
from storefront_api.collect.origins import Origins
from storefront_api.collect.schemas import MAX_BYTES
from storefront_api.events.subject_keys import SubjectKeys
from storefront_api.fulfilment.carriers import carriers
from storefront_api.fulfilment.endpoints import router as fulfilment
from storefront_api.giftcards.endpoints import router as giftcards
from storefront_api.health import router as health
from storefront_api.identity.endpoints import router as identity
from storefront_api.identity.repository import standing_of
from storefront_api.inventory.endpoints import router as inventory
from storefront_api.ledger.endpoints import router as ledger
from storefront_api.loyalty.endpoints import router as loyalty
from storefront_api.marketplace.endpoints import router as marketplace
from storefront_api.notifications.endpoints import router as notifications
from storefront_api.orders.changes_repository import CHANNEL
from storefront_api.orders.endpoints import router as orders
from storefront_api.payments.endpoints import router as payments
from storefront_api.platform import errors, logs, openapi, tracing
from storefront_api.platform.auth import Gate
from storefront_api.platform.bodies import LimitBodies
from storefront_api.platform.clicks import ClickProducer
from storefront_api.platform.clock import Clock, choose_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.edge import Edge
from storefront_api.platform.heap import settled_heap
from storefront_api.platform.kyc import LocalKyc
from storefront_api.platform.limits import Limiter
from storefront_api.platform.model_endpoint import ModelEndpoint
from storefront_api.platform.passwords import Passwords
from storefront_api.platform.sessions import LiveSessions
from storefront_api.platform.signals import Signals
from storefront_api.platform.spool import Spool
from storefront_api.platform.stripe_provider import StripeProvider
from storefront_api.platform.vault import Vault
from storefront_api.pricing.endpoints import router as pricing
from storefront_api.privacy.endpoints import router as privacy
from storefront_api.problems import router as problems
from storefront_api.promotions.endpoints import router as promotions
from storefront_api.recommendations.endpoints import router as recommendations
from storefront_api.returns.endpoints import router as returns
from storefront_api.search.chosen import chosen
from storefront_api.search.endpoints import router as search
from storefront_api.services import Services
from storefront_api.sessions import router as sessions
from storefront_api.settings import Settings
from storefront_api.social.endpoints import router as social

DESCRIPTION = """
The transactional store: catalogue, stock, orders and what follows them, and the clickstream.

Guests get a token from `POST /sessions`, accounts from `POST /login`; partners have one. Every
error is `application/problem+json`; a problem's `type` leads to what it means.
"""


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> FastAPI:
    """Build the application; it connects when it starts, not before.

    Parameters
    ----------
    clock
        What tells the time; None for the clock that the settings choose.
    """
    settings = settings or Settings()
    networks = Networks.read(settings.data_centre_ranges)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logs.configure()
        now = clock or choose_clock(settings.shared_clock)
        end_tracing = tracing.start("storefront", *settings.tracing)
        pool = await open_pool(settings.database_url, settings.database_pool)
        clicks = ClickProducer(
            settings.kafka_bootstrap_servers,
            Spool(settings.collect_spool_dir, settings.collect_spool_bytes),
        )
        clicks.start()
        models = ModelEndpoint(settings.serving_url, settings.serving_timeout_ms / 1000)
        gate = Gate(
            settings.partner_token.get_secret_value(),
            settings.pseudonym_key.get_secret_value(),
            now,
        )
        sessions = LiveSessions(
            settings.valkey_url, settings.sessions_timeout_ms, settings.access_seconds
        )
        provider = StripeProvider(
            settings.payment_url,
            settings.payment_key.get_secret_value(),
            settings.payment_webhook_secret.get_secret_value(),
        )
        app.state.limiter = Limiter(settings.valkey_url, settings.trusted_proxies)
        app.state.networks = networks
        signals = Signals(settings.database_url, CHANNEL)
        signals.start()
        app.state.services = Services(
            settings=settings,
            pool=pool,
            gate=gate,
            clicks=clicks,
            models=models,
            provider=provider,
            clock=now,
            sessions=sessions,
            standing_of=partial(standing_of, pool),
            passwords=Passwords(settings.password_memory_kib, settings.password_passes),
            vault=Vault(settings.vault_key.get_secret_value()),
            carriers=carriers(settings, now),
            signals=signals,
            kyc=LocalKyc(),
            subject_keys=SubjectKeys(),
        )
        app.state.search = chosen(app.state.services)
        try:
            with settled_heap():
                yield
        finally:
            await signals.close()
            await provider.close()
            await sessions.shut()
            await models.close()
            await clicks.close()
            await pool.close()
            await app.state.limiter.close()
            await asyncio.to_thread(end_tracing)

    app: FastAPI = FastAPIOffline(
        title="EcoMarket storefront",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        responses=errors.problems(500, 503),
        servers=[{"url": "/", "description": "This store."}],
        generate_unique_id_function=openapi.operation_id,
        # The store tells of itself, and of nothing that is personal; asked for both, the framework
        # looks with every request whether somebody has set up its own.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.add_middleware(Collector)
    app.add_middleware(LimitBodies, limits=dict.fromkeys(PATHS, MAX_BYTES))
    app.add_middleware(Origins, allowed=settings.collect_origins)
    app.add_middleware(Edge, timeout_s=settings.request_timeout_s)
    errors.install(app)
    for router in (
        collect,
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
        recommendations,
        identity,
        problems,
        fulfilment,
        returns,
        notifications,
        social,
        alerts,
        ledger,
        giftcards,
        loyalty,
        pricing,
        business,
        marketplace,
        privacy,
    ):
        app.include_router(router)
    openapi.install(app)
    return app
