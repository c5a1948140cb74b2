"""Behaviour: points and rewards a pupil, bullying, pastoral and restorative records; of the year and of each term.

A school's log covers a term in which it holds anything at all, and a kind of record that it holds anywhere in the year:
there a pupil without a record has none. Otherwise it is not known.
"""

import polars as pl

from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.recipes import EVERYBODY, Events, Ratio, Recipe, Share
from sendlab.metrics.rolls import PUPIL, SCHOOL, beside_the_roll, roll_rows, year_and_terms

POINTS = {"behaviour points": "behaviour_points", "reward points": "reward_points"}
RECORDS = {"bullying": "bullying_records", "pastoral": "pastoral_records", "restorative": "restorative_records"}
KINDS = {**POINTS, **RECORDS}
BULLYING = "bullying"
ROLES = {"bullied_pupils": ("target", "both"), "pupils_who_bullied": ("responsible", "both")}
NAMED_ROLES = ("target", "responsible", "both")


@either_kind
def behaviour_records(
    facts: pl.DataFrame, records: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Behaviour and reward points a pupil (ratio estimator); bullying, pastoral and restorative records per 100 pupils.

    `records`: the declared table `behaviour`. Measures: `behaviour_points`, `reward_points`, `bullying_records` (`item`
    is the type, Total all), `pastoral_records`, `restorative_records`; for the year as far as records go, and for each
    term. One pupil and day of a kind and type is one record. Pupils on the roll; a leaver's points are not in a mean,
    a leaver's other records are counted.
    """
    if records.is_empty():
        return roll_rows(records, [])
    base = _base(facts, records)
    recipes = [*_points(base), *_records(base, records)]
    return roll_rows(base, recipes, by=by, confidence=confidence)


@either_kind
def bullying_by_role(
    facts: pl.DataFrame, records: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils who were bullied, and who bullied, per 100 on the roll: only where the restricted column `role` is held.

    Of schools that name a role in any record of the year or term (Wilson interval); `bullied_pupils` counts targets,
    `pupils_who_bullied` those responsible, and both counts in each.
    """
    named = records.filter((pl.col("kind") == BULLYING) & pl.col("role").is_in(NAMED_ROLES))
    if named.is_empty():
        return roll_rows(named, [])
    rows = year_and_terms(named, "recorded_on")
    sums = rows.group_by(PUPIL).agg(pl.col("role").is_in(roles).any().alias(name) for name, roles in ROLES.items())
    flags = rows.select(SCHOOL).unique().with_columns(pl.lit(True).alias("recorded"))
    recipes = [Share(name, feature=pl.col(name), where=pl.col("recorded"), eligible=EVERYBODY) for name in ROLES]
    return roll_rows(beside_the_roll(facts, sums, flags), recipes, by=by, confidence=confidence)


def _base(facts: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The roll with the sum of points, and the number of records, of each kind and type."""
    rows = year_and_terms(records, "recorded_on")
    kind, points = pl.col("kind"), pl.col("points")
    sums = rows.group_by(PUPIL).agg(
        *(points.filter(kind == name).sum().alias(name) for name in POINTS),
        *((kind == name).sum().alias(name) for name in RECORDS),
        *(((kind == BULLYING) & (pl.col("type") == name)).sum().alias(_typed(name)) for name in _types(records)),
    )
    in_year = ["time_period", "school_id"]
    flags = rows.with_columns((kind == name).any().over(in_year).alias(_known(name)) for name in KINDS)
    base = beside_the_roll(facts, sums, flags.select(*SCHOOL, *map(_known, KINDS)).unique())
    last = rows.group_by("time_period", "time_identifier").agg(pl.col("recorded_on").max().alias("data_to"))
    return base.join(last, on=["time_period", "time_identifier"], how="left")


def _points(base: pl.DataFrame) -> list[Recipe]:
    return [
        Ratio(measure, top=pl.col(kind).fill_null(0), bottom=pl.lit(1.0), where=pl.col(_known(kind)),
              eligible=EVERYBODY, per=1, clip=False)
        for kind, measure in POINTS.items() if base[_known(kind)].any()
    ]  # fmt: skip


def _records(base: pl.DataFrame, records: pl.DataFrame) -> list[Recipe]:
    held = {kind: measure for kind, measure in RECORDS.items() if base[_known(kind)].any()}
    whole: list[Recipe] = [
        Events(measure, count=pl.col(kind).fill_null(0), where=pl.col(_known(kind)), eligible=EVERYBODY)
        for kind, measure in held.items()
    ]
    typed = [
        Events(RECORDS[BULLYING], count=pl.col(_typed(name)).fill_null(0), where=pl.col(_known(BULLYING)),
               eligible=EVERYBODY, item=name)
        for name in _types(records)
    ]  # fmt: skip
    return [*whole, *typed]


def _types(records: pl.DataFrame) -> list[str]:
    return records.filter(pl.col("kind") == BULLYING)["type"].drop_nulls().unique().sort().to_list()


def _known(kind: str) -> str:
    return f"{kind} recorded"


def _typed(name: str) -> str:
    return f"{BULLYING}: {name}"
