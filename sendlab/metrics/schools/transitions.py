"""Transitions: where pupils go, whether they stay, whether their file and a package go with them, and life afterwards.

A move belongs to the academic year of its first day at the new place, and to the school that the pupil left; groups are
those that the pupil had there. One row a pupil, school, year and kind of move (the last one).
"""

import polars as pl

from sendlab.codes import labels
from sendlab.cohort import MINIMUM_SESSIONS, with_pupils
from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plain import item_rows
from sendlab.metrics.recipes import EVERYBODY, Count, Mean, Ratio, Recipe, Share
from sendlab.metrics.rolls import OF_SEND
from sendlab.schema.groups import TOTAL

AFTER_16 = "post-16"
NOT_KNOWN = "not known"
NO_EDUCATION_OR_WORK = "not in education or work"
INDEPENDENT = ("apprenticeship", "supported internship", "employment")  # work of any kind (own definition)
BETWEEN_YEARS = (8, 9)  # months of moves that lie between two school years: August and September
SUSTAINED = pl.col("sustained")
DAYS_A_WEEK = 7


@either_kind
def destinations(
    facts: pl.DataFrame, transitions: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Destinations after Year 11: pupils by kind (`item`), in education or work, and in work, per 100 (Wilson).

    `transitions`: the declared table; moves of the kind post-16. Of pupils whose destination is recorded ("not known"
    is one of the kinds in `destinations` and no destination in the others); `eligible_subjects` counts all who left.
    Own definition: no length of stay is asked for; see `placements_sustained`. DfE's destination measures ask for two
    terms.
    """
    base = _moves(facts, transitions).filter(pl.col("kind") == AFTER_16)
    where = pl.col("destination")
    known = where.is_not_null() & (where != NOT_KNOWN)
    kinds = [name for name in labels("destination") if name in set(base["destination"])]
    recipes: list[Recipe] = [
        Share("destinations", feature=where == name, where=where.is_not_null(), eligible=EVERYBODY, item=name)
        for name in kinds
    ]
    recipes += [
        Share("in_education_or_work", feature=where != NO_EDUCATION_OR_WORK, where=known, eligible=EVERYBODY),
        Share("in_work_after_16", feature=where.is_in(INDEPENDENT), where=known, eligible=EVERYBODY),
    ]
    return measure_rows(base, recipes, by=by, confidence=confidence)


@either_kind
def placements(
    facts: pl.DataFrame, transitions: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Moves that lasted, per 100 that were checked, and distance to the new place, by kind of move (`item`) and in all.

    `placements_sustained` (Wilson): still there when checked; managed moves and returns from alternative provision and
    special schools are kinds. `distance_to_destination`: km from home, of those known (ratio estimator). In all, a
    pupil with several moves in a year counts with the last.
    """
    base = _moves(facts, transitions)
    last = base.sort("moved_on").unique(["pupil_id", "school_id", "time_period"], keep="last", maintain_order=True)
    parts = [
        item_rows(rows, "kind", lambda kind, here: _kept_and_near(kind, here), by=by, confidence=confidence)
        for rows in (base, last.with_columns(pl.lit(TOTAL).alias("kind")))
    ]
    return pl.concat(parts)


def _kept_and_near(kind: str, here: pl.Expr) -> list[Recipe]:
    far = pl.col("distance_km")
    return [
        Share(
            "placements_sustained", feature=SUSTAINED, where=here & SUSTAINED.is_not_null(), eligible=here, item=kind
        ),
        Ratio(
            "distance_to_destination",
            top=far,
            bottom=pl.lit(1.0),
            where=here & far.is_not_null(),
            eligible=here,
            item=kind,
            per=1,
            clip=False,
        ),
    ]


@either_kind
def handover(
    facts: pl.DataFrame, transitions: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Of pupils with SEND who moved: SEN file passed on by the first day, and a transition package given, per 100.

    `records_on_time` (Wilson): sent on or before `moved_on`, of moves with a day of sending: a blank is not sent or
    not recorded, nobody can say, so it lowers the coverage instead. `transition_packages`: of moves that say yes or no.
    Expectation: SEND code of practice (2015), 5.47 and 6.57; council SEND self-evaluation tool (2023).
    """
    base = _moves(facts, transitions).filter(OF_SEND).sort("moved_on")
    one = base.unique(["pupil_id", "school_id", "time_period"], keep="last", maintain_order=True)
    sent, package = pl.col("records_sent_on"), pl.col("package")
    recipes = [
        Share("records_on_time", feature=sent <= pl.col("moved_on"), where=sent.is_not_null(), eligible=EVERYBODY),
        Share("transition_packages", feature=package, where=package.is_not_null(), eligible=EVERYBODY),
    ]
    return measure_rows(one, recipes, by=by, confidence=confidence)


@either_kind
def life_after_move(
    facts: pl.DataFrame, transitions: pl.DataFrame, *, minimum_sessions: int = MINIMUM_SESSIONS, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Change in a pupil's absence rate and reading score from the year before a move to the year after it (paired, t).

    Of moves in August or September, by kind (`item`). `absence_after_move`: % of own sessions missed, in percentage
    points, with `minimum_sessions` possible in both years (all schools together); `reading_after_move`: last reading
    score of each year. Absence rises with age for everybody, so read it beside pupils without SEN.
    """
    months = pl.col("moved_on").dt.month().is_in(BETWEEN_YEARS)
    base = _moves(facts, transitions).filter(months)
    year = pl.col("time_period").str.slice(0, 4).cast(pl.Int32)
    known = _years(facts, minimum_sessions)
    after = known.rename({"absence": "absence_after", "reading": "reading_after"})
    before = known.rename({"absence": "absence_before", "reading": "reading_before"}).with_columns(pl.col("year") + 1)
    base = base.with_columns(year.alias("year")).join(after, on=["pupil_id", "year"], how="left")
    base = base.join(before, on=["pupil_id", "year"], how="left")
    covered = base.join(known.select(pl.col("year").max().alias("last")), how="cross").filter(year <= pl.col("last"))

    def make(kind: str, here: pl.Expr) -> list[Recipe]:
        changes = {name: pl.col(f"{name}_after") - pl.col(f"{name}_before") for name in ("absence", "reading")}
        return [
            Mean(f"{name}_after_move", of=change, where=here & change.is_not_null(), eligible=here, item=kind)
            for name, change in changes.items()
        ]

    return item_rows(covered, "kind", make, by=by, confidence=confidence)


def _years(facts: pl.DataFrame, minimum_sessions: int) -> pl.DataFrame:
    """Absence (% of all own sessions) and last reading score, by pupil and first calendar year of the school year."""
    possible, missed = pl.col("sessions_possible"), pl.col("sessions_authorised") + pl.col("sessions_unauthorised")
    usable = pl.col("attendance_status") == ""
    sums = facts.group_by("pupil_id", pl.col("time_period").str.slice(0, 4).cast(pl.Int32).alias("year")).agg(
        possible.filter(usable).sum().alias("possible"), missed.filter(usable).sum().alias("missed"),
        pl.col("reading_last").drop_nulls().last().alias("reading"),
    )  # fmt: skip
    enough = pl.col("possible") >= minimum_sessions
    rate = pl.when(enough).then(100 * pl.col("missed") / pl.col("possible")).alias("absence")
    return sums.select("pupil_id", "year", rate, "reading").filter(
        pl.col("absence").is_not_null() | pl.col("reading").is_not_null()
    )


@either_kind
def alternative_provision(
    facts: pl.DataFrame, placements: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils placed in alternative provision by their school in the year: how many, and weeks of placements that ended.

    `placements`: the declared table `alternative_provision`; year of entry. `ap_pupils` is a count: a school without a
    row had none, or did not say, so there is no rate. `ap_weeks`: weeks a pupil (ratio estimator), of pupils all of
    whose placements of the year have ended.
    """
    weeks = (pl.col("leaving_date") - pl.col("entry_date")).dt.total_days() / DAYS_A_WEEK
    rows = placements.drop("sen_provision").with_columns(period_of_date("entry_date").alias("time_period"))
    sums = rows.group_by("pupil_id", "school_id", "time_period").agg(
        pl.when(weeks.is_not_null().all()).then(weeks.sum()).alias("weeks"), pl.col("entry_date").max().alias("data_to")
    )
    known = pl.col("weeks").is_not_null()
    recipes: list[Recipe] = [
        Count("ap_pupils", feature=pl.col("data_to").is_not_null()),
        Ratio("ap_weeks", top=pl.col("weeks"), bottom=pl.lit(1.0), where=known, eligible=EVERYBODY, per=1, clip=False),
    ]
    return measure_rows(with_pupils(sums, facts), recipes, by=by, confidence=confidence)


def _moves(facts: pl.DataFrame, transitions: pl.DataFrame) -> pl.DataFrame:
    """One row a pupil, school, year and kind of move, beside the groups that the pupil had at the school left."""
    rows = with_pupils(transitions, facts, day="moved_on").sort("moved_on")
    last = rows.unique(["pupil_id", "school_id", "time_period", "kind"], keep="last", maintain_order=True)
    return last.with_columns(pl.col("moved_on").alias("data_to"))
