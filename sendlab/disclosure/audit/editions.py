"""Editions: what one release shows to one audience, who holds which of them, and their numbers as intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from sendlab.errors import SendlabError
from sendlab.metrics.cards import card
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import GROUPS, MEASURE_COLUMNS, MEASURE_KEY, as_measures

LA, SCHOOL, NATIONAL = "Local authority", "School", "National"
HIDDEN, WITHHELD, TO_FIVES = "c", "withheld", "rounded to 5"  # the symbol; what notes of withheld and rounded rows say
HELD = "as released before"  # how the note begins of a figure that stands as it was released, though it changed since
CELL = ("time_period", "time_identifier", "place_code", *GROUPS)  # which group of people, of one place in one period
COUNTS = ("base_subjects", "denominator", "numerator", "eligible_subjects")
RESULTS = ("value", "lower", "upper", "comparator_value")
AUDIENCES = ("public", "board", "school")  # the weakest first; the readers of one hold those before it as well
FIGURE = tuple(name for name in MEASURE_KEY if name not in ("geographic_level", "education_phase"))  # which row it is
WHOLE_BELOW = 100  # shares of people on a smaller base are shown as whole percentages
SLACK = 1e-7  # of a printed number: what floating point may do to half a unit of its last place


class AuditProblem(SendlabError):
    """The editions, or the truth about them, cannot be audited as they were given."""


@dataclass(frozen=True)
class Edition:
    """What one reader holds: one release to one audience.

    `rows` have the columns of published figures, or, in place of a number's column `<name>`, its least and most as
    `<name>_low` and `<name>_high` (as claims that were read from files). `released` sorts releases in time.
    """

    rows: pl.DataFrame
    audience: str  # board, school, public
    threshold: int
    place: str = ""  # the school of a school edition
    released: str = ""

    def __post_init__(self) -> None:
        if self.audience not in AUDIENCES or (self.audience == "school") != bool(self.place):
            raise AuditProblem(
                f"no edition for audience '{self.audience}' with place '{self.place}' can be audited",
                next_step=f"audiences: {', '.join(AUDIENCES)}; a school edition, and no other, names its place",
            )
        if self.threshold < 2:
            raise AuditProblem(f"a threshold of {self.threshold} protects nobody", next_step="give 2 or more, e.g. 5")

    @property
    def name(self) -> str:
        """Audience, place and release in words.

        >>> Edition(pl.DataFrame(), "school", 5, place="100001", released="2025-09").name
        'school 100001, released 2025-09'
        """
        words = f"{self.audience} {self.place}".strip()
        return f"{words}, released {self.released}" if self.released else words


def held_by_all(editions: Sequence[Edition], audience: str) -> tuple[Edition, ...]:
    """The editions that every reader of this audience holds, the earliest release first.

    >>> made = [Edition(pl.DataFrame(), "board", 5), Edition(pl.DataFrame(), "public", 10)]
    >>> [one.name for one in held_by_all(made, "board")], [one.name for one in held_by_all(made, "public")]
    (['public', 'board'], ['public'])
    """
    held = [one for one in editions if one.place == "" and AUDIENCES.index(one.audience) <= AUDIENCES.index(audience)]
    return tuple(sorted(held, key=lambda one: (one.released, AUDIENCES.index(one.audience))))


def true_rows(truth: pl.DataFrame | Mapping[str, pl.DataFrame], released: str | None = None) -> pl.DataFrame:
    """Measure rows of the truth: as of one release, or the latest of each row.

    >>> rows = pl.DataFrame({"measure": ["m"], "base_subjects": [7]})
    >>> true_rows({"1": rows, "2": rows.with_columns(base_subjects=8)})["base_subjects"].to_list()
    [8]
    """
    if isinstance(truth, pl.DataFrame):
        return _clean(truth)
    if released is not None:
        if released not in truth:
            raise AuditProblem(
                f"no truth is given for release '{released}'", next_step=f"given: {', '.join(sorted(truth))}"
            )
        return _clean(truth[released])
    return pl.concat([_clean(truth[name]) for name in sorted(truth)]).unique(
        list(MEASURE_KEY), keep="last", maintain_order=True
    )


def _clean(rows: pl.DataFrame) -> pl.DataFrame:
    return as_measures(rows).with_columns(pl.col(pl.Float64).fill_nan(None))


def as_intervals(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `<name>_low` and `<name>_high` of every count and result; null where the number is not in sight.

    A count is exact, in a row whose note says so within 2 of a multiple of 5. A percentage or mean stands for all that
    round to it, to the places of its card; a share of fewer than 100 people, or of an unknown number of them, that is
    whole may have been rounded to a whole percentage. A row without a status in which neither value nor numerator is
    in sight counts as hidden.

    >>> rows = pl.DataFrame({"measure": ["persistent_absence"], "base_subjects": [40], "value": [13.0]})
    >>> as_intervals(rows).select(pl.col("value_low", "value_high").round(3), "base_subjects_low").row(0)
    (12.5, 13.5, 40.0)
    """
    names = [name for name in MEASURE_COLUMNS if name in rows.columns]
    ends = [name for name in rows.columns if name.removesuffix("_low").removesuffix("_high") in (*COUNTS, *RESULTS)]
    taken = as_measures(rows.select(names)).with_columns(
        rows[name].cast(pl.Float64) for name in ends if name not in names
    )
    taken = taken.with_columns(pl.col(pl.Float64).fill_nan(None))
    measures = sorted(taken["measure"].unique())
    taken = taken.with_columns(_count_ends(ends)).with_columns(_places(measures))
    taken = taken.with_columns(_result_ends(ends)).drop("_places")
    return taken if "status" in rows.columns else taken.with_columns(status=_status_unsaid())


def _count_ends(ends: list[str]) -> list[pl.Expr]:
    fives = rounded_to_fives()
    made = []
    for name in COUNTS:
        if f"{name}_low" in ends:
            continue
        count = pl.col(name).cast(pl.Float64)
        spread = pl.when(fives & (count > 0)).then(2.0).otherwise(0.0)
        made += [(count - spread).alias(f"{name}_low"), (count + spread).alias(f"{name}_high")]
    return made


def _places(measures: list[str]) -> pl.Expr:
    decimals = pl.col("measure").replace_strict({name: card(name).decimals for name in measures}, return_dtype=pl.Int64)
    share = pl.col("measure").is_in([name for name in measures if card(name).kind == "share"])
    shown_whole = (pl.col("value").round(0) - pl.col("value")).abs() < SLACK
    base = pl.col("base_subjects_high")
    coarse = share & (pl.when(base.is_null()).then(shown_whole).otherwise(base < WHOLE_BELOW))
    return pl.when(coarse).then(0).otherwise(decimals).alias("_places")


def _result_ends(ends: list[str]) -> list[pl.Expr]:
    half = 0.5 * pl.lit(10.0).pow(-pl.col("_places").cast(pl.Float64)) + SLACK
    made = []
    for name in RESULTS:
        if f"{name}_low" not in ends:
            made += [(pl.col(name) - half).alias(f"{name}_low"), (pl.col(name) + half).alias(f"{name}_high")]
    return made


def _status_unsaid() -> pl.Expr:
    unseen = pl.col("value_low").is_null() & pl.col("numerator_low").is_null()
    return pl.when(unseen).then(pl.lit(HIDDEN)).otherwise(pl.lit(""))


def rounded_to_fives() -> pl.Expr:
    """Rows of a family that fell back to counts to the nearest 5, as their note says."""
    return pl.col("note").fill_null("").str.contains(TO_FIVES, literal=True)


def is_figure() -> pl.Expr:
    """Rows that are figures of a place: no gaps and no benchmarks."""
    return (pl.col("comparator") == "") & (pl.col("geographic_level").fill_null("") != NATIONAL)


def group_words(row: Mapping[str, object]) -> str:
    """The group of a row in words: every column that it is broken down by.

    >>> group_words({"sen_provision": "EHC plan", "sex": "Male", "need_area": "Total"})
    'EHC plan, Male'
    """
    return ", ".join(str(row[name]) for name in GROUPS if row.get(name, TOTAL) != TOTAL) or TOTAL
