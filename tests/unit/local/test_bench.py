from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
import typer
from rich.console import Console
from typer.testing import CliRunner

from deploy.bench import cli, registry
from deploy.bench.registry import UnknownBenchError, load
from deploy.bench.render import draw, table
from deploy.bench.result import Aim, BenchError, BenchResult, Curve
from deploy.local.cli import main

RESULT = BenchResult(
    bench="sample",
    seed=3,
    figures={"events_per_s": 12_345.6},
    peers={"plain loop": {"events_per_s": 6_000.0, "rss_mib": 100.0}},
    ratios={"events_per_s": 2.06},
    aims=(Aim("events_per_s at least 10,000", 12_345.6, True),),
    curve=Curve("speed", "batch", "events/s", {"ours": [(1, 2.0), (10, 20.0)]}),
)


def test_the_document_has_exactly_the_agreed_keys_and_is_json() -> None:
    document = json.loads(json.dumps(RESULT.document()))
    assert list(document) == ["bench", "machine", "seed", "figures", "peers", "ratios", "aims"]
    assert document["aims"] == [
        {"aim": "events_per_s at least 10,000", "value": 12_345.6, "met": True}
    ]
    assert document["machine"]["cores"] >= 1


def test_the_table_shows_our_figures_beside_those_of_each_peer() -> None:
    page = io.StringIO()
    Console(file=page, width=160).print(table(RESULT))
    shown = page.getvalue()
    assert all(part in shown for part in ("12,346", "plain loop", "6,000", "rss_mib", "2.06"))


def test_a_curve_becomes_a_picture(tmp_path: Path) -> None:
    assert RESULT.curve is not None
    draw(RESULT.curve, tmp_path / "made" / "curve.png")
    assert (tmp_path / "made" / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(UnknownBenchError, match="no benchmark 'nothing'"):
        load("nothing")


def test_the_frame_is_no_benchmark() -> None:
    assert not registry.FRAME & set(registry.names())


def test_the_command_prints_one_json_object_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli, "load", lambda name: lambda seed: RESULT)
    app = typer.Typer()
    app.callback()(lambda: None)
    cli.register(app)
    outcome = CliRunner().invoke(app, ["bench", "sample", "--json"])
    assert outcome.exit_code == 0
    assert json.loads(outcome.stdout) == RESULT.document()


def _command(
    monkeypatch: pytest.MonkeyPatch, run: Callable[[int], BenchResult]
) -> int | str | None:
    monkeypatch.setattr(cli, "load", lambda name: run)
    monkeypatch.setattr("sys.argv", ["ecomarket", "bench", "sample", "--json"])
    before, handler = structlog.get_config(), signal.getsignal(signal.SIGTERM)
    structlog.reset_defaults()
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        structlog.configure(**before)
        signal.signal(signal.SIGTERM, handler)
    return ended.value.code


def test_what_is_logged_meanwhile_stays_out_of_the_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(seed: int) -> BenchResult:
        structlog.get_logger().info("busy")
        return RESULT

    assert not _command(monkeypatch, run)
    shown = capsys.readouterr()
    assert json.loads(shown.out) == RESULT.document()
    assert "busy" in shown.err


STOPPED = """
import sys, time
from deploy.bench import cli
from deploy.local.cli import main

def run(seed):
    try:
        print("started", flush=True)
        time.sleep(60)
    finally:
        print("put away", flush=True)

cli.load = lambda name: run
sys.argv = ["ecomarket", "bench", "sample"]
main()
"""


def test_a_benchmark_that_is_told_to_stop_puts_its_things_away() -> None:
    command = [sys.executable, "-c", STOPPED]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "put away\n"
        assert process.wait(30) == 128 + signal.SIGTERM


def test_a_benchmark_that_cannot_run_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(seed: int) -> BenchResult:
        raise BenchError("run `ecomarket up` first")

    assert _command(monkeypatch, run) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "error: run `ecomarket up` first" in shown.err
    assert "Traceback" not in shown.err
