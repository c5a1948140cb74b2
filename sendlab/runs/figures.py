"""The figures of each run, kept once a build for the analyst: what `sendlab diff` compares."""

from pathlib import Path
from typing import Any

import polars as pl

from sendlab import store
from sendlab.errors import RunProblem
from sendlab.runs.plan import RECORDS

FOLDER = "figures"
EDITION = "edition"  # board: protected; school: a school's own figures, plain


def figures_file(reports: Path, figures: str) -> Path:
    """Where the figures of a build are kept; `figures` is its run id."""
    return reports / RECORDS / FOLDER / f"{figures}.parquet"


def keep_figures(opened: Any) -> None:
    """Keep the usual published figures of a build, the board's and schools' own, unless they are there."""
    target = figures_file(opened.workspace.reports, opened.run_id)
    if not target.is_file():
        rows = [frame.with_columns(pl.lit(name).alias(EDITION)) for name, frame in opened.editions().items()]
        store.write_table(target.parent, target.stem, pl.concat(rows))


def kept_figures(reports: Path, figures: str) -> pl.DataFrame:
    """The figures of a build that were kept; a `RunProblem` where they are gone."""
    target = figures_file(reports, figures)
    if not target.is_file():
        raise RunProblem(
            f"the figures of build '{figures}' are no longer kept",
            next_step="compare runs of the last months: 'sendlab purge' takes figures away with the reports",
        )
    return pl.read_parquet(target)
