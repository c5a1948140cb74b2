"""The counts behind all figures as one long table: who is in a base, who is behind a numerator, how much it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from sendlab.disclosure.protect.primary import COUNTED_KINDS, nobody_counted, structural_zero
from sendlab.errors import GateError
from sendlab.metrics.cards import Card, card, cards
from sendlab.schema.groups import FULL_YEAR
from sendlab.schema.measures import GROUPS

PLACE = ("geographic_level", "place_code")
CELL = ("time_period", "time_identifier", *PLACE, *GROUPS)  # where and when; with a measure or a base it is a cell
BASE, DENOMINATOR, PEOPLE, NUMBER = "base", "denominator", "people", "number"
UNTOLD = "untold"  # word of `given` for what only its school knows: it limits others, and is nobody else's to work out
CLOSED = ("hidden", "held", "context", UNTOLD)  # words of `given` for what cannot be shown now
_ONE_DAY = "January"  # in what a card says of its base
GIVEN = ("given", "base_given", "coverage_given")  # how earlier releases bind a figure, its base, people left out of it
OWN = ("what", "name", *CELL, "truth")
ADDITIVE_IN_TIME = (DENOMINATOR, NUMBER)  # people of two terms are partly the same people
_NO_DENOMINATOR = ("effect", "rating")  # of an effect it holds residual degrees of freedom


@dataclass(frozen=True)
class Figures:
    """Figures with what their cards say (`kind`, `base`), one row each in a stable order.

    `rows` also has `row` (its place), `base_cell` (place in `bases`), `absent` (nobody was counted) and `given`: as it
    was in an earlier release ("shown" or "hidden"), "held" where it changed since, "context" for counts that are not
    published now, "untold" for those that only their school knows, else "". `own` are such counts that do not move
    with the others (columns `what`, `name`, those of CELL, `truth`). `bases` has one row a base, period, place and
    group, or one for all parts of a year where it is counted on one day: `base`, the columns of CELL, `count`,
    `absent`, `given`.
    """

    rows: pl.DataFrame
    bases: pl.DataFrame
    own: pl.DataFrame


def figures_of(rows: pl.DataFrame, own: pl.DataFrame | None = None) -> Figures:
    """Figures of measures that count people, from measure rows without comparator (with a column `given`, if any).

    `own` are such rows of schools that are known to each of them only.
    """
    made = _marked(rows)
    counts = _marked(rows.clear() if own is None else own)
    known = pl.concat([base_counts(counts), numerator_counts(counts.rows)])
    return replace(made, own=known.select(*OWN).drop_nulls("truth"))


def _marked(rows: pl.DataFrame) -> Figures:
    """The rows with what their cards say, beside their bases; none that only schools know."""
    about = {name: card(name) for name in rows["measure"].unique().sort().to_list()}
    told = {field: {name: getattr(each, field) for name, each in about.items()} for field in ("kind", "base")}
    free = [pl.lit("").alias(name) for name in GIVEN if name not in rows.columns]
    marked = rows.with_columns(
        *(pl.col("measure").replace_strict(words).alias(field) for field, words in told.items()), *free,
        absent=nobody_counted(),
    ).with_columns(_of_one_day=_of_one_day(rows, about)).sort("measure", *CELL)  # fmt: skip
    period = pl.when("_of_one_day").then(pl.lit(FULL_YEAR)).otherwise("time_identifier")
    marked = marked.with_columns(_own_period="time_identifier", time_identifier=period)
    bases = _bases(marked)
    placed = marked.join(bases.select("base", *CELL, base_cell="cell"), on=["base", *CELL], how="left")
    placed = placed.with_columns(time_identifier="_own_period").drop("_own_period", "_of_one_day")
    return Figures(placed.sort("measure", *CELL).with_row_index("row"), bases, rows.clear())


def _of_one_day(rows: pl.DataFrame, about: dict[str, Card]) -> pl.Series:
    """Rows whose base is counted on the day of the January census, and so is one count for all parts of the year."""
    names = {name: each.base for name, each in about.items() if _ONE_DAY in each.denominator}
    of_one_day = rows.select(base=pl.col("measure").replace_strict(names, default="", return_dtype=pl.String))
    counts = rows.with_columns(of_one_day["base"].alias("_base")).filter(pl.col("_base") != "")
    group = [name for name in CELL if name != "time_identifier"]
    several = counts.group_by("_base", *group).agg(pl.col("base_subjects").drop_nulls().n_unique() > 1)
    odd = several.filter("base_subjects")["_base"].implode()
    return of_one_day.select((pl.col("base") != "") & ~pl.col("base").is_in(odd)).to_series()


def _bases(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a base and cell, with the count that its measures share; how it is bound, where any of them is told."""
    counts, given = pl.col("base_subjects"), pl.col("base_given")
    beside = pl.when((given == "context").any()).then(pl.lit("context")).otherwise(pl.lit(UNTOLD))
    found = rows.group_by("base", *CELL).agg(
        count=counts.drop_nulls().first().cast(pl.Float64), least=counts.min(), most=counts.max(),
        absent=pl.col("absent").all(), given=given.filter(~given.is_in(["context", UNTOLD])).max().fill_null(beside),
        measures=pl.col("measure").unique().sort(),
    ).sort("base", *CELL)  # fmt: skip
    odd = found.filter(pl.col("least") != pl.col("most"))
    if odd.height:
        names = " and ".join(f"'{name}'" for name in odd["measures"][0][:2])
        raise GateError(
            f"{names} are declared to share the base '{odd['base'][0]}' but count different people",
            next_step="give them different base names on their cards, or count the same pupils",
        )
    return found.drop("least", "most", "measures").with_row_index("cell")


def group_of_nobody() -> pl.Expr:
    """Rows of a group that a place has not, by every measure that shares the base.

    Somebody excluded who was on no roll in January is in no base. Beside such a row another measure's row of nobody
    would tell that the hidden base is 0.
    """
    base = {name: about.base or name for name, about in cards().items()}
    of_one_day = pl.col("measure").is_in([name for name, about in cards().items() if _ONE_DAY in about.denominator])
    period = pl.when(of_one_day).then(pl.lit("")).otherwise(pl.col("time_identifier"))
    others = [name for name in CELL if name != "time_identifier"]
    return structural_zero().all().over(pl.col("measure").replace_strict(base, return_dtype=pl.String), period, *others)


def base_counts(figures: Figures) -> pl.DataFrame:
    """Counts of `bases`: people, and each other denominator that is shown or hidden with them (sessions, enrolments).

    Columns: `what`, `name`, the columns of CELL, `truth` (null where not known), `absent`, `cell` (in `bases`).
    """
    people = figures.bases.select(
        pl.lit(BASE).alias("what"),
        pl.col("base").alias("name"),
        *CELL,
        pl.col("count").alias("truth"),
        "absent",
        "cell",
    )
    rows = figures.rows.filter(~pl.col("kind").is_in(_NO_DENOMINATOR))
    other = rows.filter((pl.col("denominator") != pl.col("base_subjects")).any().over("measure"))
    parts, seen = [people], list[pl.DataFrame]()
    for name in other["measure"].unique().sort().to_list():
        mine = other.filter(pl.col("measure") == name).select(
            pl.lit(DENOMINATOR).alias("what"), pl.col("measure").alias("name"), *CELL,
            pl.col("denominator").alias("truth"), "absent", pl.col("base_cell").alias("cell"),
        )  # fmt: skip
        counts = mine.select("cell", "truth")
        if not any(counts.equals(earlier) for earlier in seen):
            seen.append(counts)
            parts.append(mine)
    return pl.concat(parts)


def numerator_counts(figures: pl.DataFrame) -> pl.DataFrame:
    """Counts behind the numerators of figures: people, and the numerator itself where it is another count.

    Events are one even where nobody had two, if there are several periods: they add up in time, and people do not.
    Columns as of `base_counts`; `cell` is the figure's `row`. Means and effects have none: their sums are not shown.
    """
    counted, sums = pl.col("kind").is_in(COUNTED_KINDS), pl.col("kind") == "sum"
    in_time = (pl.col("kind") == "events") & (pl.col("time_identifier").n_unique() > 1)
    differs = (pl.col("numerator") != pl.col("with_subjects")).any().over("measure") | in_time
    people = figures.filter(counted).select(
        pl.lit(PEOPLE).alias("what"), pl.col("measure").alias("name"), *CELL,
        pl.col("with_subjects").cast(pl.Float64).alias("truth"), "absent", pl.col("row").alias("cell"),
    )  # fmt: skip
    number = figures.filter(sums | (counted & differs)).select(
        pl.lit(NUMBER).alias("what"), pl.col("measure").alias("name"), *CELL, pl.col("numerator").alias("truth"),
        "absent", pl.col("row").alias("cell"),
    )  # fmt: skip
    return pl.concat([people, number])


def truth_of(counts: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The counts as numbers, nan where not known."""
    return counts["truth"].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
