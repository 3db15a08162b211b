"""Secrets that the store has to read again, sealed; and those it only has to know, hashed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_TOKEN_BYTES = 32
_CODE_BYTES = 10
_CODE_GROUP = 4


class Vault:
    """Seals and hashes with keys derived from one setting.

    Parameters
    ----------
    key
        What all keys are derived from; whoever has it and the database can open what is sealed.
    """

    def __init__(self, key: str) -> None:
        self._cipher = AESGCM(_derived(key, b"sealing"))
        self._hashing = _derived(key, b"hashing")

    def seal(self, secret: bytes, owner: str) -> bytes:
        """Encrypt a secret (AES-256-GCM) so that it opens for its owner alone."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, owner.encode())

    def open(self, sealed: bytes, owner: str) -> bytes:
        """Decrypt what was sealed for an owner.

        Raises
        ------
        cryptography.exceptions.InvalidTag
            If it was sealed with another key or for another owner, or was changed.
        """
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner.encode())

    def digest(self, secret: str) -> bytes:
        """Return the keyed hash under which a token or a recovery code is stored."""
        return hmac.new(self._hashing, secret.encode(), hashlib.sha256).digest()


def new_token() -> str:
    """Return 256 random bits in letters that need no quoting."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_recovery_code() -> str:
    """Return 80 random bits in the way a person can type them: xxxx-xxxx-xxxx-xxxx."""
    text = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    return "-".join(text[at : at + _CODE_GROUP] for at in range(0, len(text), _CODE_GROUP))


def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"ecomarket " + purpose).derive(key.encode())
