"""Body codecs.

Every decoder reads all frames of a body: reading only the first would lose rows in silence.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, Protocol

import brotli  # type: ignore[import-untyped]
import lz4.frame
import zstandard

from deploy.local.warehouse.errors import INCORRECT_DATA, UNKNOWN_COMPRESSION_METHOD, WarehouseError


class Decoder(Protocol):
    """Turns compressed chunks into plain ones."""

    def feed(self, chunk: bytes) -> bytes:
        """Decode the next chunk."""

    def finish(self) -> None:
        """Check that the last frame is complete."""


class _Frames:
    """Joins frames: when one ends, what is left over begins the next."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._frame: Any = None

    def _new(self, chunk: bytes) -> Any:
        if self._name == "zstd":
            return zstandard.ZstdDecompressor().decompressobj()
        if self._name == "lz4":
            return lz4.frame.LZ4FrameDecompressor()
        if self._name == "gzip":
            return zlib.decompressobj(31)
        # Deflate comes with or without the zlib header; clients disagree about it.
        wrapped = chunk[0] & 0x0F == 8 and (len(chunk) < 2 or (chunk[0] << 8 | chunk[1]) % 31 == 0)
        return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)

    def feed(self, chunk: bytes) -> bytes:
        parts: list[bytes] = []
        while chunk:
            if self._frame is None:
                self._frame = self._new(chunk)
            try:
                parts.append(self._frame.decompress(chunk))
            except (zlib.error, zstandard.ZstdError, RuntimeError) as error:
                raise WarehouseError(
                    INCORRECT_DATA, f"Request body is not {self._name}: {error}"
                ) from error
            if not self._frame.eof:
                break
            chunk = self._frame.unused_data or b""
            self._frame = None
        return b"".join(parts)

    def finish(self) -> None:
        if self._frame is not None:
            raise WarehouseError(
                INCORRECT_DATA, f"Request body ends within a frame of {self._name}"
            )


class _Brotli:
    """Brotli, whose format knows one stream a body; more behind it is an error, never dropped."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._begun = False

    def feed(self, chunk: bytes) -> bytes:
        if not chunk:
            return b""
        self._begun = True
        try:
            if self._stream.is_finished():
                raise brotli.error("more than one stream")
            plain: bytes = self._stream.process(chunk)
        except brotli.error as error:
            raise WarehouseError(INCORRECT_DATA, f"Request body is not brotli: {error}") from error
        return plain

    def finish(self) -> None:
        if self._begun and not self._stream.is_finished():
            raise WarehouseError(INCORRECT_DATA, "Request body ends within a stream of brotli")


class _Plain:
    def feed(self, chunk: bytes) -> bytes:
        return chunk

    def finish(self) -> None:
        return None


def decoder(encoding: str) -> Decoder:
    """Give a decoder for a request's Content-Encoding.

    Parameters
    ----------
    encoding
        gzip, deflate, zstd, lz4, or nothing.

    Raises
    ------
    WarehouseError
        For any other.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _Plain()
    if name in ("gzip", "x-gzip"):
        return _Frames("gzip")
    if name in ("zstd", "lz4", "deflate"):
        return _Frames(name)
    if name == "br":
        return _Brotli()
    raise WarehouseError(
        UNKNOWN_COMPRESSION_METHOD, f"Unknown Content-Encoding {name!r}: {', '.join(ENCODINGS)}"
    )


ENCODINGS = ("zstd", "lz4", "gzip", "deflate", "br")


class Encoder:
    """Compresses an answer chunk by chunk, in one frame.

    Parameters
    ----------
    name
        One of ``ENCODINGS``.
    level
        ``http_zlib_compression_level``; used by gzip and deflate.
    """

    def __init__(self, name: str, level: int = 3) -> None:
        self._begun = False
        self._name = name
        self._stream: Any
        if name == "zstd":
            self._stream = zstandard.ZstdCompressor(level=1).compressobj()
        elif name == "lz4":
            self._stream = lz4.frame.LZ4FrameCompressor()
        elif name == "br":
            self._stream = brotli.Compressor(quality=4)
        else:
            self._stream = zlib.compressobj(level, wbits=31 if name == "gzip" else zlib.MAX_WBITS)

    def feed(self, chunk: bytes) -> bytes:
        """Compress the next chunk; may give nothing yet."""
        head = b""
        if self._name == "lz4" and not self._begun:
            head = self._stream.begin()
        self._begun = True
        if self._name == "br":
            return bytes(self._stream.process(chunk))
        return head + bytes(self._stream.compress(chunk))

    def finish(self) -> bytes:
        """End the frame."""
        head = b"" if self._begun else self.feed(b"")
        if self._name == "br":
            return head + bytes(self._stream.finish())
        return head + bytes(self._stream.flush())


def choose(accepted: str) -> str | None:
    """Choose the answer's encoding, as the first that the client names and we know.

    Parameters
    ----------
    accepted
        The header Accept-Encoding.
    """
    for part in accepted.split(","):
        name, _, options = part.partition(";")
        refused = re.fullmatch(r"\s*q=0(\.0*)?\s*", options)
        if refused is None and name.strip().lower() in ENCODINGS:
            return name.strip().lower()
    return None
