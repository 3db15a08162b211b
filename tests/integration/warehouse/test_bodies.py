"""Every format with every compression, both ways: the rows that were sent arrive."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import lz4.frame
import psutil
import pytest
import zstandard

from tests.integration.warehouse.conftest import Warehouse


def _deflate_bare(plain: bytes) -> bytes:
    stream = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    return stream.compress(plain) + stream.flush()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda plain: gzip.compress(plain, 1),
    "zstd": lambda plain: zstandard.compress(plain, 1),
    "lz4": lz4.frame.compress,
    "deflate": lambda plain: zlib.compress(plain, 1),
    "br": lambda plain: bytes(brotli.compress(plain, quality=1)),
    "identity": lambda plain: plain,
}
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
    "lz4": lz4.frame.decompress,
    "deflate": zlib.decompress,
    "br": lambda packed: bytes(brotli.decompress(packed)),
    "identity": lambda packed: packed,
}
FORMATS = (
    "Native",
    "RowBinary",
    "RowBinaryWithNamesAndTypes",
    "JSONEachRow",
    "JSONCompactEachRow",
    "JSONCompactEachRowWithNamesAndTypes",
    "JSON",
    "JSONColumns",
    "TabSeparated",
    "TabSeparatedWithNamesAndTypes",
    "CSV",
    "CSVWithNames",
    "Values",
    "Arrow",
    "ArrowStream",
    "Parquet",
    "ORC",
    "Avro",
    "MsgPack",
)
ROWS = 70_000  # More than one of the engine's blocks.
CHECK = "SELECT count(), sum(a), sum(length(s)), uniqExact(a) FROM"
SOURCE = "SELECT toInt64(number) AS a, toString(number) AS s FROM numbers({})"


@pytest.mark.parametrize("format_name", FORMATS)
def test_rows_survive_the_way_out_and_in(
    warehouse: Warehouse, database: str, format_name: str
) -> None:
    warehouse.sql("CREATE TABLE t (a Int64, s String) ENGINE = Memory", database=database)
    expected = warehouse.sql(f"{CHECK} ({SOURCE.format(ROWS)})")
    for encoding, pack in PACK.items():
        accept = {"Accept-Encoding": encoding}
        read = f"{SOURCE.format(ROWS)} FORMAT {format_name}"
        reply = warehouse.post(read, accept, enable_http_compression="1")
        assert reply.status == 200, reply.text
        assert reply.headers.get("content-encoding", "identity") == encoding
        plain = UNPACK[encoding](reply.body)
        content = {"Content-Encoding": encoding} if encoding != "identity" else {}
        statement = f"INSERT INTO t FORMAT {format_name}"
        sent = warehouse.post(pack(plain), content, query=statement, database=database)
        assert sent.status == 200, (encoding, sent.text)
        assert warehouse.sql(f"{CHECK} t", database=database) == expected, encoding
        warehouse.sql("TRUNCATE TABLE t", database=database)


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "lz4", "deflate"])
@pytest.mark.parametrize("format_name", ["JSONEachRow", "Native", "TabSeparated"])
def test_every_frame_of_a_body_is_read(
    warehouse: Warehouse, database: str, format_name: str, encoding: str
) -> None:
    rows = 1_200_000
    warehouse.sql("CREATE TABLE t (a Int64, s String) ENGINE = Memory", database=database)
    source = SOURCE.format(rows)
    plain = warehouse.post(f"{source} FORMAT {format_name}").body
    # Frames end anywhere, also within a row, and some are empty.
    cuts = range(0, len(plain), 1_000_003)
    frames = [PACK[encoding](plain[cut : cut + 1_000_003]) for cut in cuts]
    body = PACK[encoding](b"").join(frames)
    statement = f"INSERT INTO t FORMAT {format_name}"
    content = {"Content-Encoding": encoding}
    reply = warehouse.post(body, content, query=statement, database=database)
    assert reply.status == 200, reply.text
    expected = warehouse.sql(f"{CHECK} ({source})")
    assert warehouse.sql(f"{CHECK} t", database=database) == expected


def test_deflate_comes_without_its_header_too(warehouse: Warehouse) -> None:
    body = _deflate_bare(b"SELECT 1") + _deflate_bare(b" + 1")
    assert warehouse.post(body, {"Content-Encoding": "deflate"}).text == "2"


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "lz4", "deflate", "br"])
def test_a_body_cut_short_or_broken_inserts_nothing(
    warehouse: Warehouse, database: str, encoding: str
) -> None:
    warehouse.sql("CREATE TABLE t (a Int64) ENGINE = Memory", database=database)
    whole = PACK[encoding](b"".join(b"%d\n" % number for number in range(100_000)))
    content = {"Content-Encoding": encoding}
    for body in (whole[:-7], b"\x00 this is no frame" + whole, whole + b"\x07behind it"):
        reply = warehouse.post(body, content, query="INSERT INTO t FORMAT TSV", database=database)
        assert (reply.status, reply.code) == (400, 117), reply.text
    assert warehouse.sql("SELECT count() FROM t", database=database) == "0"
    assert warehouse.post(b"", {"Content-Encoding": "snappy"}).code == 89


def test_the_first_encoding_that_both_know_is_used(warehouse: Warehouse) -> None:
    for accepted, chosen in (
        ("snappy, br;q=0, zstd;q=0.5, gzip", "zstd"),
        ("*", None),
        ("", None),
    ):
        reply = warehouse.post("SELECT 1", {"Accept-Encoding": accepted})
        assert reply.headers.get("content-encoding") == chosen
    off = warehouse.post("SELECT 1", {"Accept-Encoding": "gzip"}, enable_http_compression="0")
    assert off.text == "1"


def test_a_large_answer_streams_in_little_memory(warehouse: Warehouse) -> None:
    assert warehouse.process is not None
    process = psutil.Process(warehouse.process.pid)
    connection = warehouse.open()
    statement = "SELECT number, toString(number) FROM numbers(20000000) FORMAT JSONEachRow"
    connection.request("POST", "/", statement)
    answer = connection.getresponse()
    before, peak, size, lines = process.memory_info().rss, 0, 0, 0
    while chunk := answer.read(1 << 22):
        size, lines = size + len(chunk), lines + chunk.count(b"\n")
        peak = max(peak, process.memory_info().rss)
    assert lines == 20_000_000
    assert peak - before < size / 3
