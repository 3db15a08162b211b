"""Superset, in an environment of its own: `python -m deploy.local.superset prepare`, or `serve`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import typer

from deploy.local.settings import LocalSettings, Port

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "deploy" / "bi" / "superset"
"""What runs in Superset's environment, and the lock of that."""
VENV = ROOT / ".ecomarket" / "bi" / "venv"
"""One for the checkout, as `.venv` is: 160 packages that `ecomarket bi` brings."""
BLANK = VENV.parent / "blank"
"""Metadata as they are before anybody has used them, by the digest of what they were made from."""
THREADS = 8
TIMEOUT_S = 120

app = typer.Typer(add_completion=False, help=__doc__)


def _program(name: str) -> str:
    """Return the path of a program of Superset's environment."""
    program = VENV / "bin" / name
    if not program.exists():
        raise SystemExit(f"{program} does not exist; `ecomarket bi up` brings it")
    return str(program)


def _environment() -> dict[str, str]:
    return os.environ | {
        "SUPERSET_CONFIG_PATH": str(HOME / "superset_config.py"),
        # Pages would load a picture from elsewhere, which counts installations.
        "SCARF_ANALYTICS": "false",
    }


def _files() -> str:
    """Return a digest of the files that the metadata are prepared from."""
    digest = hashlib.sha256()
    for path in sorted(HOME.iterdir()):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _state() -> str:
    """Return a digest of all that the metadata are prepared from, secrets too."""
    digest = hashlib.sha256(_files().encode())
    for name, value in sorted(os.environ.items()):
        if name.startswith("BI_"):
            digest.update(f"{name}={value}\n".encode())
    return digest.hexdigest()


def _run(*arguments: str) -> None:
    command = [_program("python"), str(HOME / "prepare.py"), *arguments]
    outcome = subprocess.run(command, env=_environment(), check=False)
    if outcome.returncode:
        raise SystemExit(f"prepare.py ended with status {outcome.returncode}")


def _copy(source: Path, target: Path) -> None:
    """Copy a file so that it is never seen half written, by whoever copies at the same time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partly = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copyfile(source, partly)
    partly.chmod(0o600)
    partly.replace(target)


def _prepare_anew(database: Path) -> None:
    """Copy what was prepared by the same files before, or keep what is prepared now."""
    blank = BLANK / f"{_files()}.db"
    if blank.exists():
        _copy(blank, database)
        _run("passwords")
        return
    _run()
    for old in BLANK.glob("*.db"):
        old.unlink(missing_ok=True)
    _copy(database, blank)


@app.command()
def prepare() -> None:
    """Make or migrate the metadata, unless that was done for the same files and secrets.

    Migrations take a minute on a busy machine, so that a new SQLite file is a copy of the first
    that this checkout has made.
    """
    directory = LocalSettings().data_dir / "bi"
    directory.mkdir(parents=True, exist_ok=True)
    mark, state = directory / "prepared", _state()
    kind, _, path = os.environ["BI_METADATA_URL"].partition(":///")
    lost = kind == "sqlite" and not Path(path).exists()
    if not lost and mark.exists() and mark.read_text("utf-8") == state:
        return
    mark.unlink(missing_ok=True)
    if lost:
        _prepare_anew(Path(path))
    else:
        _run()
    mark.write_text(state, "utf-8")


@app.command()
def serve() -> None:
    """Become the server: one process, which has a thread for each of a dashboard's tiles."""
    address = f"127.0.0.1:{LocalSettings().port(Port.BI)}"
    program = _program("gunicorn")
    options = (
        "--bind",
        address,
        "--workers",
        "1",
        "--timeout",
        str(TIMEOUT_S),
        "--no-control-socket",
    )
    threads = ("--worker-class", "gthread", "--threads", str(THREADS))
    application = "superset.app:create_app()"
    os.execve(program, [program, *options, *threads, application], _environment())


if __name__ == "__main__":
    sys.exit(app())
