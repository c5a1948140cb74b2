"""Suspensions and permanent exclusions: rates of events, pupils with one or more, repeats, days lost and reasons.

Source: DfE, Suspensions and permanent exclusions in England: methodology (2025). The denominator is the January roll
(sole and dual main registrations); leavers keep their events; a rate of events may pass 100.
"""

from collections.abc import Sequence
from typing import Literal

import polars as pl

from sendlab.codes import labels
from sendlab.cohort import by_status_at_event, require_facts, roll_base, with_period
from sendlab.errors import SendlabError
from sendlab.facts import JANUARY_CENSUS, REASON, SLUGS
from sendlab.metrics.grouping import BREAKDOWNS, PLACED, By, as_breakdown, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import Events, Ratio, Recipe, Share
from sendlab.schema.groups import ALL_SEN, SEND, TOTAL
from sendlab.schema.measures import MEASURE_KEY

Status = Literal["january", "at_event"]
NEEDED = (*PLACED, "suspensions", "permanent_exclusions", "on_roll", "roll_basis", "event_terms")
ON_ROLL, SUSPENSIONS = pl.col("on_roll"), pl.col("suspensions")
AT_EVENT = "events by the SEN status on their first day, pupils by that of the census"
NO_LENGTH = "no suspension here has a recorded length"
SOME_LENGTH = "at least: some suspensions have no recorded length"
SEVERAL_REASONS = "up to three reasons a suspension: shares add up to more than 100 %"


@either_kind
def suspension_rate(
    facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, status: Status = "january", confidence: float = 0.95
) -> pl.DataFrame:
    """Suspensions per 100 pupils on the January roll.

    `status`: "january" counts an event under the pupil's January SEN status (as published), "at_event" under the
    status on its first day. Interval: Poisson, widened for pupils with many suspensions. Returns measure rows.
    """
    return _made(facts, [Events("suspension_rate", count=SUSPENSIONS, where=ON_ROLL)], by, status, confidence)


@either_kind
def permanent_exclusion_rate(
    facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, status: Status = "january", confidence: float = 0.95
) -> pl.DataFrame:
    """Permanent exclusions per 100 pupils on the January roll; options as in `suspension_rate`."""
    recipe = Events("permanent_exclusion_rate", count=pl.col("permanent_exclusions"), where=ON_ROLL)
    return _made(facts, [recipe], by, status, confidence, "permanent_exclusions")


@either_kind
def suspended_once_or_more(
    facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, status: Status = "january", confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils with one suspension or more per 100 pupils on the January roll (Wilson interval).

    Leavers are in the numerator and not on the roll; where that makes it pass the denominator there is no interval
    and the figure is marked unreliable (u).
    """
    return _made(facts, [_as_often(1, "suspended_once_or_more")], by, status, confidence)


@either_kind
def suspended_again(
    facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, status: Status = "january", confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils with two suspensions or more in the year per 100 pupils on the January roll (Wilson interval)."""
    return _made(facts, [_as_often(2, "suspended_again")], by, status, confidence)


def _as_often(times: int, measure: str) -> Recipe:
    return Share(measure, feature=times <= SUSPENSIONS, where=ON_ROLL, over=True)


@either_kind
def days_lost(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """School days lost to suspension per 100 pupils on the January roll: sessions / 2.

    A lunchtime counts as half a day. A suspension of unknown length counts no day, so the figure is a least one where
    lengths are missing: such a place's rows are marked u, and where no length is known there is no figure (x).
    """
    recipe = Events("days_lost", count=pl.col("suspension_sessions") / 2, where=ON_ROLL)
    return _with_lengths_known(_made(facts, [recipe], by, "january", confidence), roll_base(facts))


@either_kind
def suspension_length(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Mean length of a suspension in school days, of those whose length is known (ratio estimator over pupils)."""
    with_length = pl.col("suspensions_with_length")
    recipe = Ratio("suspension_length", top=pl.col("suspension_sessions") / 2, bottom=with_length,
                   where=with_length > 0, eligible=SUSPENSIONS > 0, per=1, clip=False)  # fmt: skip
    return _made(facts, [recipe], by, "january", confidence)


@either_kind
def part_day_suspensions(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Suspensions of part of a day (one session, or a lunchtime) per 100 suspensions of known length."""
    with_length = pl.col("suspensions_with_length")
    recipe = Ratio("part_day_suspensions", top=pl.col("suspensions_part_day"), bottom=with_length,
                   where=with_length > 0, eligible=SUSPENSIONS > 0)  # fmt: skip
    return _made(facts, [recipe], by, "january", confidence)


@either_kind
def suspension_reasons(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Suspensions that name a reason per 100 suspensions; `item` is the code. Up to three reasons count each.

    So the shares add up to more than 100. Ratio estimator over pupils: one pupil's suspensions resemble each other.
    """
    names = labels("suspension_reason")
    codes = sorted(name.removeprefix(REASON) for name in facts.columns if name.startswith(REASON))
    recipes = [
        Ratio("suspension_reasons", top=pl.col(f"{REASON}{code}"), bottom=SUSPENSIONS, where=SUSPENSIONS > 0,
              item=code, note=f"{names.get(code, f'reason {code} is in no code set')}; {SEVERAL_REASONS}")
        for code in codes
    ]  # fmt: skip
    return _made(facts, recipes, by, "january", confidence)


def _made(
    facts: pl.DataFrame, recipes: Sequence[Recipe], by: By | None, status: Status, confidence: float,
    event: str = "suspensions",
) -> pl.DataFrame:  # fmt: skip
    """Measure rows over the roll and all who had an event; each says so where the roll is not that of January."""
    if status not in ("january", "at_event"):
        raise SendlabError(f"no SEN status is called '{status}'", next_step="use 'january' or 'at_event'")
    split = [f"{event}_at_{slug}" for slug in SLUGS.values()] if status == "at_event" else []
    asked = [name for one in by or () for name in as_breakdown(one)]
    require_facts(facts, (*NEEDED, *asked, *split))
    if status == "at_event" and any(len(as_breakdown(one)) > 1 and "sen_provision" in one for one in by or ()):
        raise SendlabError(
            "by the SEN status at the event there is no table that crosses SEN provision with something else",
            next_step='take status="january", or by=["sen_provision"] on facts of the other group alone',
        )
    base = with_period(roll_base(facts), "event_terms")
    if status == "january":
        rows = measure_rows(base, recipes, by=by, confidence=confidence)
    else:
        rows = _at_event(base, recipes, event, BREAKDOWNS if by is None else by, confidence)
    noted = _with_roll_notes(rows, base)
    return noted if status == "january" else noted.with_columns(_said_at_event())


def _said_at_event() -> pl.Expr:
    both = pl.when(pl.col("note") == "").then(pl.lit(AT_EVENT)).otherwise(pl.col("note") + pl.lit(f"; {AT_EVENT}"))
    return pl.when(pl.col("sen_provision") == TOTAL).then("note").otherwise(both).alias("note")


def _at_event(base: pl.DataFrame, recipes: Sequence[Recipe], event: str, by: By, confidence: float) -> pl.DataFrame:
    """One pupil may stand in several groups of status; in a total, and in all SEN together, each counts once."""
    parts = [measure_rows(base, recipes, by=[one for one in by if one not in BREAKDOWNS], confidence=confidence)]
    if "sen_provision" in by:
        moved = by_status_at_event(base, event)
        groups = measure_rows(moved, recipes, by=["sen_provision"], confidence=confidence)
        parts.append(groups.filter(pl.col("sen_provision") != TOTAL))
    if "need_area" in by:
        moved = by_status_at_event(base, event, [SEND])
        together = measure_rows(moved, recipes, by=["need_area"], confidence=confidence)
        parts.append(together.filter(pl.col("sen_provision") == ALL_SEN))
    return pl.concat(parts).sort(MEASURE_KEY)


def _with_lengths_known(rows: pl.DataFrame, base: pl.DataFrame) -> pl.DataFrame:
    """Days lost without a figure at places where no suspension has a length, and marked u where some lack one."""
    sums = [SUSPENSIONS.sum().alias("_all"), pl.col("suspensions_with_length").sum().alias("_known")]
    places = [base.group_by("time_period", pl.col(c).alias("place_code")).agg(sums) for c in ("place_code", "la_code")]
    joined = rows.join(pl.concat(places), on=["time_period", "place_code"], how="left", maintain_order="left")
    figure = pl.col("value").is_not_null()
    none = figure & (pl.col("_known") == 0) & (pl.col("_all") > 0)
    some = figure & (pl.col("_known") < pl.col("_all"))
    return joined.with_columns(
        *(pl.when(~none).then(name).alias(name) for name in ("numerator", "value", "lower", "upper", "top_share")),
        pl.when(none).then(pl.lit("x")).when(some).then(pl.lit("u")).otherwise("status").alias("status"),
        pl.when(none).then(pl.lit(NO_LENGTH)).when(some).then(pl.lit(SOME_LENGTH)).otherwise("note").alias("note"),
    ).drop("_all", "_known")


def _with_roll_notes(rows: pl.DataFrame, base: pl.DataFrame) -> pl.DataFrame:
    """What to say of a roll that is not all of January: by year, for each school and for the LA."""
    used = base.filter("on_roll").select("time_period", "la_code", "place_code", "roll_basis").unique()
    other = pl.col("roll_basis").filter(pl.col("roll_basis") != JANUARY_CENSUS).unique().sort().str.join(", ")
    said = pl.concat(
        used.group_by("time_period", pl.col(code).alias("place_code")).agg(other.alias("other"))
        for code in ("place_code", "la_code")
    )
    joined = rows.join(said, on=["time_period", "place_code"], how="left", maintain_order="left")
    provisional = (pl.col("other").fill_null("") != "") & (pl.col("note") == "")
    note = pl.when(provisional).then(pl.lit("roll of the ") + pl.col("other")).otherwise("note").alias("note")
    return joined.with_columns(note).drop("other")
