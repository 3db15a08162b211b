"""What identity clears away while nobody asks: all that has expired."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storefront_api.identity import session_repository
from storefront_api.identity.guesses import FORGOTTEN_AFTER


async def clear(pool: Any, now: datetime) -> None:
    """Delete tokens, logins and sessions that are over, and guesses that no longer count."""
    await session_repository.clear(pool, now, now - FORGOTTEN_AFTER)
