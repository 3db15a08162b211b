"""What the routes work with: opened once at the start, closed at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from storefront_api.platform.auth import Gate
from storefront_api.platform.clicks import ClickProducer
from storefront_api.platform.clock import Clock
from storefront_api.platform.kyc import KycProvider
from storefront_api.platform.model_endpoint import ModelEndpoint
from storefront_api.platform.payment_provider import PaymentProvider
from storefront_api.settings import Settings


@dataclass(frozen=True)
class Services:
    """The parts that outlive a request."""

    settings: Settings
    pool: Any
    gate: Gate
    clicks: ClickProducer
    models: ModelEndpoint
    provider: PaymentProvider
    clock: Clock
    kyc: KycProvider


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Injected = Annotated[Services, Depends(_services)]
"""The application's services, as a route's parameter."""
