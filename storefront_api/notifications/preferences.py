"""What people do not want to be sent, without keeping their addresses."""

from __future__ import annotations

import hashlib
import hmac

from itsdangerous import BadSignature, URLSafeSerializer

from storefront_api.notifications.kinds import Category
from storefront_api.platform.errors import NotFoundError


class Preferences:
    """Stands for addresses by keyed hashes, and makes the tokens of unsubscribe links.

    Parameters
    ----------
    key
        Key of the hashes and the tokens; with another key old links and notes are worthless.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._tokens = URLSafeSerializer(key, salt="unsubscribe")

    def hashed(self, address: str) -> str:
        """Return what stands for an address, upper or lower case alike."""
        digest = hmac.new(self._key, f"mail:{address.lower()}".encode(), hashlib.sha256)
        return f"m-{digest.hexdigest()[:40]}"

    def token(self, address: str, category: Category) -> str:
        """Return a token that holds for good and does not show the address."""
        return str(self._tokens.dumps([self.hashed(address), category.value]))

    def read(self, token: str) -> tuple[str, Category]:
        """Return whom a token is for, as a hash, and what it is about.

        Raises
        ------
        NotFoundError
            If we did not make it.
        """
        try:
            recipient, category = self._tokens.loads(token)
            return str(recipient), Category(category)
        except (BadSignature, ValueError):
            raise NotFoundError("the link is not one of ours", field="path.token") from None
