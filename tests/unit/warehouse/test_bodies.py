"""Codecs, forms and requests, without a server."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.warehouse.compression import ENCODINGS, Encoder, choose, decoder
from deploy.local.warehouse.errors import WarehouseError, from_engine
from deploy.local.warehouse.form import external_tables, merge, parse_form
from deploy.local.warehouse.request import credentials, parse

FRAME: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
    "lz4": lz4.frame.compress,
}


@given(
    name=st.sampled_from(sorted(FRAME)),
    frames=st.lists(st.binary(max_size=300), min_size=1, max_size=20),
    step=st.integers(1, 100),
)
def test_frames_are_joined_wherever_chunks_are_cut(
    name: str, frames: list[bytes], step: int
) -> None:
    body = b"".join(FRAME[name](frame) for frame in frames)
    codec = decoder(name)
    plain = b"".join(codec.feed(body[i : i + step]) for i in range(0, len(body), step))
    codec.finish()
    assert plain == b"".join(frames)


def test_thousands_of_small_frames_in_one_chunk_are_no_problem() -> None:
    codec = decoder("deflate")
    assert codec.feed(zlib.compress(b"x") * 20_000) == b"x" * 20_000
    codec.finish()


@given(name=st.sampled_from(ENCODINGS), chunks=st.lists(st.binary(max_size=500), max_size=10))
def test_what_is_encoded_can_be_decoded(name: str, chunks: list[bytes]) -> None:
    encoder, codec = Encoder(name), decoder(name)
    packed = b"".join(encoder.feed(chunk) for chunk in chunks) + encoder.finish()
    plain = codec.feed(packed)
    codec.finish()
    assert plain == b"".join(chunks)


@pytest.mark.parametrize("name", ENCODINGS)
def test_half_a_body_is_an_error(name: str) -> None:
    encoder, codec = Encoder(name), decoder(name)
    packed = encoder.feed(bytes(range(256)) * 40) + encoder.finish()
    codec.feed(packed[: len(packed) // 2])
    with pytest.raises(WarehouseError):
        codec.finish()


def test_a_client_can_rule_an_encoding_out() -> None:
    assert choose("gzip;q=0, br;q=0.0, zstd;q=0.1") == "zstd"
    assert choose("") is None


def test_forms_keep_every_byte_of_a_file() -> None:
    rows = b"a\r\n--b\x00\r\n"
    body = (
        b'--XX\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1\r\n'
        b'--XX\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n" + rows + b"\r\n--XX--\r\n"
    )
    form = parse_form('multipart/form-data; boundary="XX"', body)
    assert dict(form.files) == {"t": rows}
    request = parse("POST", "/", b"t_types=Int8,Map(String,+Int8)&t_format=CSV&max_threads=1", [])
    (table,) = external_tables(form, request.url)
    assert (table.structure, table.format) == ("_1 Int8, _2 Map(String, Int8)", "CSV")
    merged = merge(request, form)
    assert merged.settings == {"max_threads": "1"}
    assert merged.url["query"] == "SELECT 1"


def test_users_are_read_from_wherever_clickhouse_reads_them() -> None:
    def who(query: bytes, *headers: tuple[bytes, bytes]) -> tuple[str, str]:
        stated = credentials(parse("POST", "/", query, list(headers)))
        return stated.user, stated.password

    assert who(b"") == ("default", "")
    assert who(b"user=a&password=%C3%A9") == ("a", "é")
    assert who(b"", (b"x-clickhouse-user", b"a"), (b"x-clickhouse-key", b"p")) == ("a", "p")
    assert who(b"", (b"authorization", b"Basic YTpwOnE=")) == ("a", "p:q")
    with pytest.raises(WarehouseError):
        who(b"", (b"authorization", b"Basic !"))


def test_a_doubled_error_of_the_engine_is_told_once() -> None:
    inner = "Code: 27. DB::Exception: Cannot parse. (CANNOT_PARSE)"
    doubled = f"Code: 27. DB::Exception: {inner} (version 26.9.2.1). (CANNOT_PARSE)"
    error = from_engine(RuntimeError(doubled))
    assert (error.code, error.status) == (27, 400)
    assert error.text("1") == f"{inner} (version 1)\n"
    assert from_engine(RuntimeError("odd")).code == 1002
