"""Who counts in which measure: bases drawn from facts, and who is left out and why."""

from collections.abc import Iterable, Sequence

import polars as pl

from sendlab.cohort.periods import with_period
from sendlab.errors import SendlabError
from sendlab.facts import SLUGS

# Ages on 31 August for which attendance is collected (DfE, Pupil absence in schools in England: methodology, 2025).
ATTENDANCE_AGES = (5, 15)
BOARDERS = ("B", "6", "7")  # no session data are collected for boarders
EACH = tuple((name,) for name in SLUGS)  # every SEN status by itself


def attendance_base(facts: pl.DataFrame) -> pl.DataFrame:
    """Enrolments with possible sessions: aged 5 to 15 on 31 August, not boarders, absence returned and believable.

    Adds `absent` (authorised and unauthorised sessions) and `time_identifier` (the terms that the data of the year
    cover). An unknown age is not counted.
    """
    base = facts.filter(
        (pl.col("sessions_possible") > 0)
        & pl.col("sessions_authorised").is_not_null()
        & pl.col("sessions_unauthorised").is_not_null()
        & (pl.col("attendance_status") == "")
        & pl.col("age_at_31_august").is_between(*ATTENDANCE_AGES)
        & ~pl.col("boarder").is_in(BOARDERS).fill_null(False)
    ).with_columns((pl.col("sessions_authorised") + pl.col("sessions_unauthorised")).alias("absent"))
    return with_period(base, "attendance_terms")


def attendance_left_out(facts: pl.DataFrame) -> pl.DataFrame:
    """Why pupils with an attendance row are not in the base: reason and pupils, by year, place and reason."""
    age = ~pl.col("age_at_31_august").is_between(*ATTENDANCE_AGES)
    reason = (
        pl.when(pl.col("attendance_status") == "above possible").then(pl.lit("more sessions missed than possible"))
        .when(pl.col("attendance_status") == "not returned").then(pl.lit("absence not returned"))
        .when(pl.col("boarder").is_in(BOARDERS)).then(pl.lit("boarder"))
        .when(pl.col("age_at_31_august").is_null()).then(pl.lit("age not known"))
        .when(age).then(pl.lit("not aged 5 to 15 on 31 August"))
        .when(pl.col("sessions_possible") <= 0).then(pl.lit("no possible sessions"))
    )  # fmt: skip
    rows = facts.filter(pl.col("attendance_status").is_not_null()).with_columns(reason.alias("reason"))
    return (
        rows.filter(pl.col("reason").is_not_null())
        .group_by("time_period", "place_code", "reason")
        .len("pupils")
        .sort(pl.all())
    )


def roll_base(facts: pl.DataFrame) -> pl.DataFrame:
    """Every pupil with an event or on the roll; the denominator is `on_roll` (sole and dual main registrations).

    Leavers keep their events. The roll is the January census, or, before it exists, the latest census (provisional). A
    school without a roll in a year has no rates, and its events count nowhere.
    """
    events_or_roll = pl.col("suspensions").is_not_null() & (pl.col("on_roll") | (_any_event() > 0))
    known = pl.col("on_roll") & pl.col("suspensions").is_not_null()
    return facts.filter(events_or_roll & known.any().over("time_period", "place_code"))


def _any_event() -> pl.Expr:
    return pl.col("suspensions") + pl.col("permanent_exclusions")


def by_status_at_event(rows: pl.DataFrame, event: str, groups: Iterable[Sequence[str]] = EACH) -> pl.DataFrame:
    """The same base with events counted under the SEN status at the event, and pupils under the January status.

    A pupil whose events fell under another status than January's gets one more row for it, off the roll. Each of
    `groups` holds statuses that count as one, under the name of the first.
    """
    parts = []
    for group in groups:
        january = pl.col("sen_provision").is_in(group)
        then = pl.sum_horizontal([f"{event}_at_{SLUGS[name]}" for name in group], ignore_nulls=False)
        part = rows.filter(january | (then > 0)).with_columns(
            then.cast(pl.Int64).alias(event), (pl.col("on_roll") & january).alias("on_roll"),
            pl.lit(group[0]).alias("sen_provision"),
        )  # fmt: skip
        parts.append(part)
    return pl.concat(parts)


def ks2_base(facts: pl.DataFrame) -> pl.DataFrame:
    """Pupils at the end of key stage 2 with an outcome in all three subjects, those below the tests included."""
    return facts.filter(
        pl.all_horizontal(pl.col(f"ks2_{s}_met").is_not_null() for s in ("reading", "writing", "mathematics"))
    )


def ks2_eligible(facts: pl.DataFrame) -> pl.DataFrame:
    """Pupils with any key stage 2 outcome."""
    return facts.filter(
        pl.any_horizontal(pl.col(f"ks2_{s}_met").is_not_null() for s in ("reading", "writing", "mathematics"))
    )


def require_facts(frame: pl.DataFrame, needed: Iterable[str]) -> None:
    """Refuse a frame that lacks columns of facts, saying which."""
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise SendlabError(
            f"these are not facts: column(s) {', '.join(missing)} are missing",
            next_step="use open_workspace().facts(), or a frame with those columns",
        )
