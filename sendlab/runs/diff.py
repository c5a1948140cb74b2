"""What changed between two runs: every published figure, old and new, with what can have changed it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.errors import RunProblem
from sendlab.runs.figures import EDITION, kept_figures
from sendlab.runs.manifest import records
from sendlab.schema.measures import MEASURE_KEY

LAST, BEFORE = "last", "before"
_SHOWN = ("value", "lower", "upper", "numerator", "denominator", "base_subjects", "comparator_value", "status", "note")
_KEY = (EDITION, *MEASURE_KEY)
DATA, CODE, DEFINITION, RELEASES = "data", "code", "definition", "settings or earlier releases"


@dataclass(frozen=True)
class Difference:
    """Two runs side by side.

    `figures`: rows that differ, with their key, `old_...` and `new_...` of what is shown, `what` (changed, new, gone,
    hidden, shown) and `why`; `inputs`: raw files that are new, gone or changed, by name.
    """

    runs: tuple[str, str]
    figures: pl.DataFrame
    inputs: dict[str, str]
    compared: int


def compare_runs(reports: Path, first: str, second: str) -> Difference:
    """Compare two runs of a folder of reports; an unknown one is a `RunProblem`."""
    known = records(reports)
    old, new = _record(known, first), _record(known, second)
    before, now = (kept_figures(reports, record["figures"]) for record in (old, new))
    inputs = _changed(old["inputs"]["raw"], new["inputs"]["raw"])
    figures = _differences(before, now).with_columns(why=_why(old, new, inputs))
    return Difference((old["run"], new["run"]), figures, inputs, now.height)


def _record(known: list[dict[str, Any]], name: str) -> dict[str, Any]:
    comparable = [record for record in known if "definitions" in record]  # an older version kept no figures
    if name in (LAST, BEFORE) and len(comparable) >= 2:
        return comparable[-1 if name == LAST else -2]
    found = [record for record in comparable if record["run"].startswith(name)]
    if len(found) != 1:
        there = ", ".join(record["run"] for record in comparable[-5:])
        raise RunProblem(
            f"{'no' if not found else 'more than one'} run is called '{name}'",
            next_step=f"the last ones are: {there}" if there else "run 'sendlab run' first",
        )
    return found[0]


def _changed(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    """{name: new, gone or changed} of files whose checksums differ."""
    words = {name: "new" if name not in old else "gone" if name not in new else "changed" for name in {*old, *new}}
    return {name: words[name] for name in sorted(words) if old.get(name) != new.get(name)}


def _differences(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Rows of either side that the other has not, or has otherwise."""
    sides = [
        frame.select(
            *_KEY, "place_name", *(pl.col(name).alias(f"{side}_{name}") for name in _SHOWN), there=pl.lit(True)
        )
        for side, frame in (("old", old), ("new", new))
    ]
    both = sides[0].join(sides[1], on=list(_KEY), how="full", nulls_equal=True, coalesce=True, suffix="_new")
    same = pl.all_horizontal(pl.col(f"old_{name}").eq_missing(pl.col(f"new_{name}")) for name in _SHOWN)
    in_both = pl.col("there").is_not_null() & pl.col("there_new").is_not_null()
    hidden = [pl.col(f"{side}_status").fill_null("") == "c" for side in ("old", "new")]
    what = (
        pl.when(pl.col("there").is_null()).then(pl.lit("new")).when(pl.col("there_new").is_null()).then(pl.lit("gone"))
        .when(~hidden[0] & hidden[1]).then(pl.lit("hidden")).when(hidden[0] & ~hidden[1]).then(pl.lit("shown"))
        .otherwise(pl.lit("changed"))
    )  # fmt: skip
    found = both.filter(~(in_both & same)).with_columns(
        what=what, place_name=pl.coalesce("place_name", "place_name_new")
    )
    return found.drop("there", "there_new", "place_name_new").sort(*_KEY)


def _why(old: dict[str, Any], new: dict[str, Any], inputs: dict[str, str]) -> pl.Expr:
    """What of the figure's making changed; where several things did, they cannot be told apart, and all are named."""
    redefined = sorted(_changed(old["definitions"], new["definitions"]))
    common = [DATA] * bool(inputs) + [CODE] * (old["code"]["figures"] != new["code"]["figures"])
    plain = " and ".join(common) or RELEASES
    also = " and ".join([DEFINITION, *(word for word in common if word != CODE)])
    return pl.when(pl.col("measure").is_in(redefined)).then(pl.lit(also)).otherwise(pl.lit(plain))


def lines_of(found: Difference, *, most: int = 40) -> Iterator[str]:
    """The difference in words, line by line; at most `most` figures, the rest counted."""
    yield f"from {found.runs[0]} to {found.runs[1]}: {found.figures.height:,} of {found.compared:,} figures differ"
    for name, word in found.inputs.items():
        yield f"  file {word}: {name}"
    counted = found.figures.group_by("why", "what").len().sort("len", "why", "what", descending=[True, False, False])
    for why, what, number in counted.iter_rows():
        yield f"  {number:,} {what} ({why})"
    for row in found.figures.head(most).iter_rows(named=True):
        groups = ", ".join(str(row[name]) for name in _KEY[1:] if row[name] not in (None, "", "Total"))
        change = f"{_shown(row, 'old')} -> {_shown(row, 'new')}"
        yield f"  {row['what']}: {row['place_name']} [{row[EDITION]}] {groups}: {change}"
    if found.figures.height > most:
        yield f"  and {found.figures.height - most:,} more; give --most to see them"


def _shown(row: dict[str, Any], side: str) -> str:
    value, status = row[f"{side}_value"], row[f"{side}_status"]
    return f"{value:g}" if value is not None else status or "nothing"
