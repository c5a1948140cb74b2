"""The record of a run, analyst only: inputs, parameters, versions, outcomes; no pupil values, no machine paths."""

import json
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from sendlab import store
from sendlab.build.marks import code_mark
from sendlab.disclosure.published import Published
from sendlab.metrics.cards import checksums
from sendlab.publish.files import write_text
from sendlab.runs.figures import keep_figures
from sendlab.runs.options import RunOptions
from sendlab.runs.outcome import Outcome
from sendlab.runs.plan import AUDIENCE, RECORDS, Task, record_folder
from sendlab.runs.register import program_mark

ANALYST_ONLY = "analyst only: not for the board, not for sharing"
MANIFEST = "manifest.json"
_STAMP, _NAMED = "%Y%m%dT%H%M%SZ", re.compile(r"(\d{8}T\d{6}Z)-[0-9a-z]+$")
_PACKAGES = ("sendlab", "papermill", "nbconvert", "polars", "altair", "vl-convert-python", "scipy")


def run_name(started: datetime, figures: str, reports: Path) -> str:
    """The name of a run: when it started, and the run id of its figures.

    Names sort by the order of runs, also where the clock was set back: then it is one second after the last one's.
    """
    found = map(_NAMED.match, (path.name for path in (reports / RECORDS).glob("*Z-*")))
    taken = max((each[1] for each in found if each), default="")
    if f"{started:{_STAMP}}" <= taken:
        started = datetime.strptime(taken, _STAMP) + timedelta(seconds=1)
    return f"{started:{_STAMP}}-{figures}"


@dataclass(frozen=True)
class RunStory:
    """What a run was: its name, period, start, length, options, and how its workers ran notebooks (fork, recycle)."""

    run: str
    time_period: str
    started: datetime
    seconds: float
    options: RunOptions
    modes: Sequence[str] = ()


def write_manifest(
    opened: Any, tasks: Sequence[tuple[Task, str]], outcomes: Sequence[Outcome], story: RunStory
) -> Path:
    """Write `reports/runs/<run>/manifest.json`; returns its path. Its fields: docs/runs.md.

    `inputs` holds sha256 sums: `raw` of the files that were ingested, `published` of the figures made from them.
    """
    record = {
        "handling": ANALYST_ONLY,
        "run": story.run,
        "figures": opened.run_id,
        "started": story.started.isoformat(timespec="seconds"),
        "seconds": story.seconds,
        "audience": AUDIENCE,
        "time_period": story.time_period,
        "options": asdict(story.options),
        "workers": list(story.modes),
        "inputs": {"raw": raw_files(opened.workspace), "published": published_files(opened.workspace)},
        "code": {"figures": code_mark(), "program": program_mark()},
        "definitions": checksums(),
        "benchmarks": vintages(opened.published(audience=AUDIENCE)),
        "notebooks": {path.name: store.sha256_of(path) for path in {task.notebook for task, _ in tasks}},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "fresh": sum(not why for _, why in tasks),
        "failed": sum(outcome.status == "failed" for outcome in outcomes),
        "parameters": [{"notebook": task.notebook.stem, **task.parameters, "why": why} for task, why in tasks if why],
        "outcomes": [{k: v for k, v in asdict(outcome).items() if k != "shown"} for outcome in outcomes],
    }
    keep_figures(opened)
    target = record_folder(opened.workspace.reports, story.run) / MANIFEST
    return write_text(target, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def vintages(published: Published) -> dict[str, str]:
    """{measure: latest period of its national figures}."""
    national = published.rows.filter((pl.col("geographic_level") == "National") & (pl.col("comparator") == ""))
    return dict(national.group_by("measure").agg(pl.col("time_period").max()).sort("measure").iter_rows())


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
