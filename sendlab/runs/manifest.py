"""The record of a run, analyst only: inputs, parameters, versions, outcomes; no pupil values, no machine paths."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sendlab import store
from sendlab.publish.files import write_text
from sendlab.runs.outcome import Outcome
from sendlab.runs.plan import AUDIENCE, RECORDS, Task, record_folder

ANALYST_ONLY = "analyst only: not for the board, not for sharing"
MANIFEST = "manifest.json"
_PACKAGES = ("sendlab", "papermill", "nbconvert", "polars", "altair", "vl-convert-python", "scipy")


def run_name(started: datetime, figures: str) -> str:
    """The name of a run: when it started, and the run id of its figures; names sort by time."""
    return f"{started:%Y%m%dT%H%M%SZ}-{figures}"


def write_manifest(
    opened: Any,
    tasks: Sequence[Task],
    outcomes: Sequence[Outcome],
    *,
    run: str,
    time_period: str,
    started: datetime,
    seconds: float,
) -> Path:
    """Write `reports/runs/<run>/manifest.json`; returns its path.

    `inputs` holds sha256 sums: `raw` of the files that were ingested, `published` of the figures made from them.
    """
    record = {
        "handling": ANALYST_ONLY,
        "run": run,
        "figures": opened.run_id,
        "started": started.isoformat(timespec="seconds"),
        "seconds": seconds,
        "audience": AUDIENCE,
        "time_period": time_period,
        "inputs": {"raw": raw_files(opened.workspace), "published": published_files(opened.workspace)},
        "notebooks": {task.notebook.name: store.sha256_of(task.notebook) for task in tasks},
        "parameters": [{"notebook": task.notebook.stem, **task.parameters} for task in tasks],
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "failed": sum(outcome.status == "failed" for outcome in outcomes),
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }
    target = record_folder(opened.workspace.reports, run) / MANIFEST
    return write_text(target, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def records(reports: Path) -> list[dict[str, Any]]:
    """The records of all runs into a reports folder, oldest first."""
    found = sorted((reports / RECORDS).glob(f"*/{MANIFEST}"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in found]


def raw_files(workspace: Any) -> dict[str, str]:
    """{name within the raw folder: sha256} of the files behind the store, as ingest recorded them."""
    return dict(store.read_manifest(workspace.store, "ingest").get("inputs", {}))


def published_files(workspace: Any) -> dict[str, str]:
    """{name within the store: sha256} of the published figures."""
    found = sorted(workspace.store.rglob("published*.parquet"))
    return {path.relative_to(workspace.store).as_posix(): store.sha256_of(path) for path in found}
