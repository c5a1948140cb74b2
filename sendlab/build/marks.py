"""What decides the figures of a build, as marks: inputs, settings, code, and the releases that bind them."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.disclosure.log import read_log
from sendlab.schema import own
from sendlab.workspace import Workspace

STEP = "build"
SHOWN = "shown_marks"  # table of a mark for every measure and place: whether reports that show it are up to date
SHOWN_COLUMNS = {"audience": pl.String, "measure": pl.String, "place_code": pl.String, "mark": pl.UInt64}
SLICES = "slices"  # record of where each slice of the published figures lies
PROTECTED = ("board", "public")  # audiences whose figures are decided; a school's edition follows from the board's

# Environment variable that a run sets for its notebooks: the run id of the figures that it has found to be current.
FIGURES = "SENDLAB_FIGURES"
# The same for the key of seals, in hexadecimal, on a machine that has not the workspace's own key.
SEAL_KEY = "SENDLAB_SEAL_KEY"


def slices_file(audience: str) -> str:
    """The file of the slices of an audience's figures."""
    return f"published_{audience}.slices"


def log_file(workspace: Workspace, audience: str) -> Path:
    """The release log of an audience. It is no part of the store: what went out cannot be made anew from raw files."""
    return workspace.root / "releases" / f"{audience}.parquet"


def releases(workspace: Workspace, audience: str, first: int | None = None) -> pl.DataFrame:
    """What went out to an audience, as far as the first rows of the log, all if not given.

    Invented pupils need no protection from earlier releases, and a sample must come out alike in every clone.
    """
    log = read_log(log_file(workspace, audience))
    return log.clear() if workspace.is_sample else log.head(log.height if first is None else first)


def run_id_of(ingested: dict[str, Any], workspace: Workspace, logged: dict[str, int]) -> str:
    """What decides the figures. The pseudonym key is not among it: no figure depends on it.

    `logged` is how much of each audience's release log the build knew: later releases are of its own figures.
    """
    bound = {name: _digest(releases(workspace, name, rows)) for name, rows in logged.items() if rows}
    what = {
        "inputs": ingested["inputs"],
        "files": ingested["files"],
        "la": [workspace.la_code, workspace.la_name],
        "half_terms": [[year, number, *map(str, span)] for year, number, *span in workspace.half_terms],
        "public": workspace.public,
        "releases": bound,
        "code": code_mark(),
    }
    if mine := own.use(workspace.root).mark:
        what["measures"] = mine
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]


def is_current(built: dict[str, Any], ingested: dict[str, Any], workspace: Workspace) -> bool:
    """Whether a build was made from what was ingested last, by this code."""
    if "logged" not in built:  # none, or one of an earlier version
        return False
    return bool(built["mark"] == mark_of(run_id_of(ingested, workspace, built["logged"]), ingested))


def mark_of(run_id: str, ingested: dict[str, Any]) -> str:
    """What makes a store stale: inputs, code, and the key that its pseudonyms were made with."""
    return f"{run_id} {ingested['key_id']}"


# Rooms that take figures and make none: a new look or a new verb makes no store stale.
_SHOWING = ("board", "charts", "cli", "explore", "narrate", "publish", "runs", "tables")


@cache
def code_mark() -> str:
    """sha256 of the code and data files that figures are made with, as they were when this process asked first."""
    root = Path(__file__).parent.parent
    parts = sorted(
        path for path in root.rglob("*")
        if path.suffix in (".py", ".toml", ".csv") and path.relative_to(root).parts[0] not in _SHOWING
    )  # fmt: skip
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.relative_to(root).as_posix().encode())
        digest.update(part.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def _digest(rows: pl.DataFrame) -> str:
    return hashlib.sha256(rows.write_csv().encode("utf-8")).hexdigest()
