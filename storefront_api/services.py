"""What the routes work with: opened once at the start, closed at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from fastapi import Depends, Request

from storefront_api.events.subject_keys import SubjectKeys
from storefront_api.platform.auth import Gate, StandingOf
from storefront_api.platform.carrier import Carrier
from storefront_api.platform.clicks import ClickProducer
from storefront_api.platform.clock import Clock
from storefront_api.platform.kyc import KycProvider
from storefront_api.platform.model_endpoint import ModelEndpoint
from storefront_api.platform.pagination import Cursors
from storefront_api.platform.passwords import Passwords
from storefront_api.platform.payment_provider import PaymentProvider
from storefront_api.platform.sessions import LiveSessions
from storefront_api.platform.signals import Signals
from storefront_api.platform.vault import Vault
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
    sessions: LiveSessions
    standing_of: StandingOf
    passwords: Passwords
    vault: Vault
    carriers: Mapping[str, Carrier]
    signals: Signals
    kyc: KycProvider
    subject_keys: SubjectKeys

    @cached_property
    def cursors(self) -> Cursors:
        """Write and read where the pages of lists end."""
        return Cursors(self.settings.pseudonym_key.get_secret_value())


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Injected = Annotated[Services, Depends(_services)]
"""The application's services, as a route's parameter."""
