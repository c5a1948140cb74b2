"""Workspaces of invented authorities for the benches, kept in `.bench/`."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PUPILS = 300  # a school


def built(schools: int) -> Path:
    """A workspace of an invented authority with so many schools; made if it is not there, and brought up to date."""
    space = ROOT / ".bench" / str(schools)
    if not (space / "sendlab.toml").exists():
        print(f"making an authority of {schools} schools in .bench/{schools} ...", flush=True)
        shutil.rmtree(space, ignore_errors=True)
        _sendlab("sample", space / "raw", "--schools", schools, "--pupils", PUPILS * schools, "--years", 1)
        _sendlab("ingest", "--workspace", _described(space))
    _sendlab("build", "--workspace", space)
    return space


def _described(space: Path) -> Path:
    text = (ROOT / "sendlab.toml").read_text(encoding="utf-8").replace("data/sample", "raw")
    (space / "sendlab.toml").write_text(text, encoding="utf-8")
    return space


def _sendlab(*words: object) -> None:
    done = subprocess.run([sys.executable, "-m", "sendlab", *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
