"""How large the measures may be: a table that grows without anybody deciding so is stopped."""

from pathlib import Path

import polars as pl

from sendlab.errors import WorkspaceProblem

# For 400 schools (project rule, 2026); a larger authority gets as much more.
SCHOOLS, ROWS, MEGABYTES = 400, 6_000_000, 400
REMEDY = "take breakdowns or periods off cards (sendlab/metrics/declared): what no card declares is computed on demand"


def within_budget(measures: pl.DataFrame, schools: int) -> None:
    """An error where there are more measure rows than the budget allows for so many schools."""
    allowed = int(ROWS * _share(schools))
    if measures.height > allowed:
        raise WorkspaceProblem(
            f"{measures.height:,} measure rows are more than the {allowed:,} allowed for {schools} schools; most have "
            f"{_largest(measures)}", next_step=REMEDY,
        )  # fmt: skip


def within_budget_on_disk(path: Path, schools: int) -> float:
    """Megabytes that the table of measures takes; an error where that is more than the budget for so many schools."""
    size, allowed = path.stat().st_size / 1e6, MEGABYTES * _share(schools)
    if size > allowed:
        raise WorkspaceProblem(
            f"the measures take {size:,.0f} MB, more than the {allowed:,.0f} MB allowed for {schools} schools",
            next_step=REMEDY,
        )
    return round(size, 1)


def budget_line(rows: int, megabytes: float, schools: int) -> str:
    """What the measures take of what they may.

    >>> budget_line(213_000, 3.24, 9)
    'measures: 213,000 of 6,000,000 rows, 3.2 of 400 MB'
    """
    share = _share(schools)
    return f"measures: {rows:,} of {ROWS * share:,.0f} rows, {megabytes:.1f} of {MEGABYTES * share:,.0f} MB"


def _share(schools: int) -> float:
    return max(1.0, schools / SCHOOLS)


def _largest(measures: pl.DataFrame) -> str:
    counted = measures.group_by("measure").len().sort("len", "measure", descending=[True, False]).head(3)
    return ", ".join(f"{name} ({rows:,})" for name, rows in counted.rows())
