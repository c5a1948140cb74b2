"""The record of a run for analysts: inputs, parameters, versions, outcomes; no pupil values, no machine paths."""

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sendlab.publish.files import write_text
from sendlab.runs.execute import Outcome
from sendlab.runs.plan import AUDIENCE, Task

RECORDS = "runs"
_PACKAGES = ("sendlab", "papermill", "nbconvert", "polars", "altair", "vl-convert-python", "scipy")


def write_manifest(
    opened: Any,
    tasks: Sequence[Task],
    outcomes: Sequence[Outcome],
    *,
    time_period: str,
    started: datetime,
    seconds: float,
) -> Path:
    """Write `reports/runs/<run>/manifest.json`; returns its path."""
    run = f"{started:%Y%m%dT%H%M%SZ}-{opened.run_id}"
    record = {
        "run": run,
        "figures": opened.run_id,
        "started": started.isoformat(timespec="seconds"),
        "seconds": seconds,
        "audience": AUDIENCE,
        "time_period": time_period,
        "inputs": published_files(opened.workspace),
        "notebooks": {task.notebook.name: _sha256(task.notebook) for task in tasks},
        "parameters": [{"notebook": task.notebook.stem, **task.parameters} for task in tasks],
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "failed": sum(outcome.status == "failed" for outcome in outcomes),
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }
    target = opened.workspace.reports / RECORDS / run / "manifest.json"
    return write_text(target, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def published_files(workspace: Any) -> dict[str, str]:
    """{name within the store: sha256} of the published figures."""
    found = sorted(workspace.store.rglob("published*.parquet"))
    return {path.relative_to(workspace.store).as_posix(): _sha256(path) for path in found}


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
