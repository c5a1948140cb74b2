"""Who counts in which measure: bases drawn from facts, and the period that a year's data cover."""

from collections.abc import Iterable, Sequence

import polars as pl

from sendlab.errors import SendlabError
from sendlab.facts import SLUGS
from sendlab.schema.groups import NOT_RECORDED, TERMS

# Ages on 31 August for which attendance is collected (DfE, Pupil absence in schools in England: methodology, 2025).
ATTENDANCE_AGES = (5, 15)
BOARDERS = ("B", "6", "7")  # no session data are collected for boarders
EACH = tuple((name,) for name in SLUGS)  # every SEN status by itself


def attendance_base(facts: pl.DataFrame) -> pl.DataFrame:
    """Enrolments with possible sessions: aged 5 to 15 on 31 August, not boarders, absence returned and believable.

    Adds `absent` (authorised and unauthorised sessions). An unknown age is not counted.
    """
    return facts.filter(
        (pl.col("sessions_possible") > 0)
        & (pl.col("attendance_status") == "")
        & pl.col("age_at_31_august").is_between(*ATTENDANCE_AGES)
        & ~pl.col("boarder").is_in(BOARDERS).fill_null(False)
    ).with_columns((pl.col("sessions_authorised") + pl.col("sessions_unauthorised")).alias("absent"))


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
    return facts.filter(events_or_roll & pl.col("on_roll").any().over("time_period", "place_code"))


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
            then.alias(event), (pl.col("on_roll") & january).alias("on_roll"), pl.lit(group[0]).alias("sen_provision"),
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


def period_covered(terms: Iterable[str]) -> str:
    """The time identifier of the terms that data cover, as published statistics name it.

    >>> period_covered(["Spring term", "Autumn term"]), period_covered(["Summer term"])
    ('Autumn and spring term', 'Summer term')
    """
    held = [term for term in TERMS if term in set(terms)]
    if len(held) == len(TERMS):
        return "Academic year"
    if held == list(TERMS[:2]):
        return "Autumn and spring term"
    return " and ".join(held)


# Pupils of unrecorded SEN provision are a group of their own from this share of a year's pupils on.
UNRECORDED_SHARE = 0.01
FEW_UNRECORDED = "the few pupils (under 1 in 100) without a recorded SEN provision are left out"


def without_few_unrecorded(facts: pl.DataFrame) -> pl.DataFrame:
    """Facts without pupils of unrecorded SEN provision, in years in which they are under 1 % of the LA's pupils.

    A handful would have to be hidden in every table, and at each place another group with them; left out, they cost
    no other group its figure. `FEW_UNRECORDED` says so beside every total.
    """
    unrecorded = pl.col("sen_provision") == NOT_RECORDED
    few = unrecorded.mean().over("time_period") < UNRECORDED_SHARE
    return facts.filter(~(unrecorded & few))


def few_unrecorded(facts: pl.DataFrame) -> list[str]:
    """The years in which `without_few_unrecorded` leaves pupils out."""
    left = facts.join(without_few_unrecorded(facts), on=["pupil_id", "school_id", "time_period"], how="anti")
    return sorted(left["time_period"].unique())


def require_facts(frame: pl.DataFrame, needed: Iterable[str]) -> None:
    """Refuse a frame that lacks columns of facts, saying which."""
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise SendlabError(
            f"these are not facts: column(s) {', '.join(missing)} are missing",
            next_step="use open_workspace().facts(), or a frame with those columns",
        )
