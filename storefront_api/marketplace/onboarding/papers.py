"""What a paper is: told from its first bytes, whatever its sender says."""

from __future__ import annotations

from storefront_api.platform.errors import InvalidError, TooLargeError

MAX_BYTES = 5 * 2**20
SIGNATURES = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}
"""By the first bytes, as ISO 32000-2, ISO/IEC 15948 and ISO/IEC 10918-1 state them."""


def media_type(content: bytes, stated: str) -> str:
    """Return the media type of a paper.

    Parameters
    ----------
    content
        The whole of it.
    stated
        What its sender calls it, as in Content-Type.

    Raises
    ------
    TooLargeError, InvalidError
        If it is too large, empty, of a type that is not taken, or not what its sender says.
    """
    if len(content) > MAX_BYTES:
        raise TooLargeError(f"a paper has at most {MAX_BYTES} bytes", field="body")
    for signature, found in SIGNATURES.items():
        if content.startswith(signature):
            if stated.partition(";")[0].strip().lower() != found:
                raise InvalidError(f"the body is {found}", field="header.Content-Type")
            return found
    taken = ", ".join(sorted(SIGNATURES.values()))
    raise InvalidError(f"a paper is one of {taken}", field="body")
