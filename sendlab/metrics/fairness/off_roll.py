"""Moves off a school's roll: out of Years 10 and 11 before the end of school, and managed moves that failed.

Off-rolling is removing a pupil from the roll in the school's interest, not the pupil's, without a permanent exclusion
(Ofsted, School inspection handbook, 2024). A census shows that a pupil left, never why.
"""

import polars as pl

from sendlab.cohort import period_covered, require_facts, with_pupils
from sendlab.coverage import period_of_date, term_of_date
from sendlab.metrics.grouping import PLACED, By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Recipe, Share
from sendlab.schema.groups import TERMS

YEARS_10_AND_11 = ("10", "11")
END_OF_SCHOOL = 5  # month from which Year 11 leaves for good, when examinations begin (own reading)
DAYS_APART = 60  # days by which a new school's entry may come before the old one's end, or a permanent exclusion
NOT_KNOWN = "not known"
MANAGED = "managed move"
INNOCENT = {
    "left_in_years_10_and_11": "a question, no finding: families move, choose home education or a college at 14, and "
                               "some moves are the right ones",
    "left_without_destination": "a question, no finding: may have moved out of the area, abroad or to a private "
                                "school that sends no return here; ask for the destination",
    "managed_moves_not_sustained": "a question, no finding: a trial at another school is there to be ended when it "
                                   "does not work; numbers are small",
}  # fmt: skip


@either_kind
def left_in_years_10_and_11(
    facts: pl.DataFrame, pupils: pl.DataFrame, transitions: pl.DataFrame, suspensions: pl.DataFrame, *,
    by: By | None = None, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils of Years 10 and 11 who left the roll before the end of school, and those of whom nobody knows where to.

    Per 100 pupils of Years 10 and 11 on the roll or among the leavers (Wilson). Year 11 from May on is the end of
    school; a permanent exclusion is on record and counts in its own measures. The destination is known where a later
    census has the pupil at another school, or where `transitions` names one.
    """
    base = off_roll_base(facts, pupils, transitions, suspensions)
    recipes: list[Recipe] = [
        Share("left_in_years_10_and_11", feature=pl.col("left"), note=INNOCENT["left_in_years_10_and_11"]),
        Share("left_without_destination", feature=pl.col("feature"), note=INNOCENT["left_without_destination"]),
    ]
    return measure_rows(base, recipes, by=by, confidence=confidence)


@either_kind
def managed_moves_not_sustained(
    transitions: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Of pupils with a managed move that was checked afterwards, those no longer at the new school, per 100 (Wilson).

    By the school that the pupil left and the year of the move; moves not checked yet are in `eligible_subjects`.
    """
    base = managed_moves_base(transitions, facts)
    moved = Share("managed_moves_not_sustained", feature=pl.col("feature"), where=pl.col("counted"),
                  eligible=EVERYBODY, note=INNOCENT["managed_moves_not_sustained"])  # fmt: skip
    return measure_rows(base, [moved], by=by, confidence=confidence)


def off_roll_base(
    facts: pl.DataFrame, pupils: pl.DataFrame, transitions: pl.DataFrame, suspensions: pl.DataFrame
) -> pl.DataFrame:
    """Pupils of Years 10 and 11 on the roll or among the leavers: `left`, and `feature` (destination not known)."""
    require_facts(facts, (*PLACED, "pupil_id", "school_id", "nc_year", "on_roll"))
    key = ["pupil_id", "school_id", "time_period"]
    gone = _leavers(pupils).join(_excluded(suspensions), on=["pupil_id", "school_id"], how="left").filter(
        ~(pl.col("leaving_date") - pl.col("excluded_on")).dt.total_days().is_between(0, DAYS_APART).fill_null(False)
    )  # fmt: skip
    gone = gone.join(_destinations(gone, pupils, transitions), on=[*key, "leaving_date"], how="left")
    years = pl.coalesce("nc_year", "year_left")
    natural = (years == "11") & (pl.col("leaving_date").dt.month().is_between(END_OF_SCHOOL, 8))
    named = facts.join(_last(gone, key), on=key, how="left").with_columns(years.alias("nc_year"))
    old = named.filter(pl.col("nc_year").is_in(YEARS_10_AND_11)).with_columns(
        (pl.col("leaving_date").is_not_null() & ~natural.fill_null(False)).alias("left")
    )
    feature = pl.col("left") & pl.col("destination_known").is_null()
    return (
        old.filter(pl.col("on_roll") | pl.col("left"))
        .join(_years_seen(pupils), on="time_period")
        .with_columns(feature.alias("feature"), pl.lit(True).alias("counted"))
    )


def managed_moves_base(transitions: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """One row a pupil, school left and year with a managed move: `counted` (was checked) and `feature` (failed)."""
    moves = transitions.filter((pl.col("kind") == MANAGED) & pl.col("moved_on").is_not_null())
    placed = with_pupils(moves, facts, day="moved_on")
    same = [name for name in placed.columns if name not in transitions.columns or name in ("pupil_id", "school_id")]
    return placed.group_by(same, maintain_order=True).agg(
        pl.col("sustained").is_not_null().any().alias("counted"),
        (~pl.col("sustained")).any().fill_null(False).alias("feature"),
    )


def _years_seen(pupils: pl.DataFrame) -> pl.DataFrame:
    """Years and the part of each whose leavers are known: a census lists those who left since the one before it."""
    held = pupils.select(_census(pl.col("time_period"), pl.col("term"))).to_series().drop_nulls().to_list()
    terms: dict[str, list[str]] = {}
    for place in range(min(held, default=0) - 1, max(held, default=-1)):
        year = place // len(TERMS)
        terms.setdefault(f"{year}{(year + 1) % 100:02d}", []).append(TERMS[place % len(TERMS)])
    rows = [(period, period_covered(held)) for period, held in terms.items()]
    return pl.DataFrame(rows, schema={"time_period": pl.String, "time_identifier": pl.String}, orient="row")


def _leavers(pupils: pl.DataFrame) -> pl.DataFrame:
    """One row a pupil, school and day of leaving, with the academic year of that day."""
    gone = pupils.filter(~pl.col("on_roll").fill_null(True) & pl.col("leaving_date").is_not_null())
    dated = gone.with_columns(period_of_date("leaving_date").alias("time_period"))
    years = pl.col("nc_year").drop_nulls().first().alias("year_left")
    return dated.group_by("pupil_id", "school_id", "time_period", "leaving_date").agg(years)


def _last(gone: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    return gone.sort(*key, "leaving_date").unique(key, keep="last", maintain_order=True)


def _excluded(suspensions: pl.DataFrame) -> pl.DataFrame:
    permanent = suspensions.filter(pl.col("category") == "PERM")
    return permanent.group_by("pupil_id", "school_id").agg(pl.col("start_date").max().alias("excluded_on"))


def _destinations(gone: pl.DataFrame, pupils: pl.DataFrame, transitions: pl.DataFrame) -> pl.DataFrame:
    """Leavers of whom it is known where they went: at another school in a later census, or named in transitions."""
    left = pl.col("leaving_date").map_elements(term_of_date, return_dtype=pl.String)
    later = pupils.filter(pl.col("on_roll").fill_null(True)).select(
        "pupil_id", pl.col("school_id").alias("other"), "entry_date",
        _census(pl.col("time_period"), pl.col("term")).alias("census"),
    )  # fmt: skip
    arrived = pl.col("entry_date") >= pl.col("leaving_date") - pl.duration(days=DAYS_APART)
    elsewhere = gone.join(later, on="pupil_id").filter(
        (pl.col("other") != pl.col("school_id"))
        & (arrived.fill_null(False) | (pl.col("census") > _census(pl.col("time_period"), left)))
    )
    named = pl.col("destination").is_not_null() & (pl.col("destination") != NOT_KNOWN)
    told = transitions.filter(named | pl.col("destination_school_id").is_not_null()).select("pupil_id", "moved_on")
    apart = (pl.col("moved_on") - pl.col("leaving_date")).dt.total_days()
    told = gone.join(told, on="pupil_id").filter(apart.is_between(-DAYS_APART, 365))
    key = ["pupil_id", "school_id", "time_period", "leaving_date"]
    both = pl.concat([elsewhere.select(key), told.select(key)]).unique()
    return both.with_columns(pl.lit(True).alias("destination_known"))


def _census(period: pl.Expr, term: pl.Expr) -> pl.Expr:
    """Place of a census in time: three a year."""
    place = dict(zip(TERMS, range(len(TERMS)), strict=True))
    return period.str.slice(0, 4).cast(pl.Int32) * 3 + term.replace_strict(place, default=None, return_dtype=pl.Int32)
