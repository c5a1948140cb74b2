"""Suspensions and permanent exclusions: rates of events, and pupils with one suspension or more.

Source: DfE, Suspensions and permanent exclusions in England: methodology (2025). The denominator is the January roll
(sole and dual main registrations); leavers keep their events; a rate of events may pass 100.
"""

from collections.abc import Sequence
from typing import Literal

import polars as pl

from sendlab.cohort import by_status_at_event, period_covered, require_facts, roll_base
from sendlab.errors import SendlabError
from sendlab.facts import JANUARY_CENSUS, SLUGS
from sendlab.metrics.grouping import BREAKDOWNS, KEY, PLACED, either_kind, grouped, measured, number
from sendlab.metrics.rates import rate
from sendlab.schema.groups import ALL_SEN, SEND, TOTAL
from sendlab.stats.intervals import clustered_events

Status = Literal["january", "at_event"]
NEEDED = (*PLACED, "suspensions", "permanent_exclusions", "on_roll", "roll_basis", "event_terms")


@either_kind
def suspension_rate(
    facts: pl.DataFrame, *, by: Sequence[str] = BREAKDOWNS, status: Status = "january", confidence: float = 0.95
) -> pl.DataFrame:
    """Suspensions per 100 pupils on the January roll.

    `status`: "january" counts an event under the pupil's January SEN status (as published), "at_event" under the
    status on its first day. Interval: Poisson, widened for pupils with many suspensions. Returns measure rows.
    """
    return _events(facts, "suspension_rate", "suspensions", by, status, confidence)


@either_kind
def permanent_exclusion_rate(
    facts: pl.DataFrame, *, by: Sequence[str] = BREAKDOWNS, status: Status = "january", confidence: float = 0.95
) -> pl.DataFrame:
    """Permanent exclusions per 100 pupils on the January roll; options as in `suspension_rate`."""
    return _events(facts, "permanent_exclusion_rate", "permanent_exclusions", by, status, confidence)


@either_kind
def suspended_once_or_more(
    facts: pl.DataFrame, *, by: Sequence[str] = BREAKDOWNS, status: Status = "january", confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils with one suspension or more per 100 pupils on the January roll (Wilson interval).

    Leavers are in the numerator and not on the roll; where that makes it pass the denominator there is no interval
    and the figure is marked unreliable (u).
    """
    rows = _grouped(facts, "suspensions", by, status)
    rated = rate(rows, numerator="with_subjects", denominator="n", interval="wilson", confidence=confidence)
    more = pl.col("with_subjects") > pl.col("n")
    return measured(
        rated,
        "suspended_once_or_more",
        numerator=pl.col("numerator"),
        denominator=pl.col("denominator"),
        value=pl.col("value"),
        base_subjects=pl.col("n"),
        with_subjects=pl.col("with_subjects"),
        lower=pl.when(~more).then("lower"),
        upper=pl.when(~more).then("upper"),
        method=pl.col("method"),
        status=pl.when(more & (pl.col("n") > 0)).then(pl.lit("u")).otherwise("status"),
        note=pl.when(more)
        .then(pl.lit("more pupils suspended than on the January roll: leavers count"))
        .otherwise("note"),
        time_identifier=pl.col("covered"),
    )


def _events(
    facts: pl.DataFrame, measure: str, event: str, by: Sequence[str], status: Status, confidence: float
) -> pl.DataFrame:
    rows = _grouped(facts, event, by, status)
    lower, upper = clustered_events(*(rows[n].to_numpy() for n in ("events", "n", "squares")), confidence=confidence)
    rated = rate(rows, numerator="events", denominator="n")
    return measured(
        rated, measure, numerator=pl.col("numerator"), denominator=pl.col("denominator"), value=pl.col("value"),
        base_subjects=pl.col("n"), with_subjects=pl.col("with_subjects"),
        top_share=pl.when(pl.col("events") > 0).then(pl.col("top") / pl.col("events")),
        lower=number(100 * lower), upper=number(100 * upper), method="Poisson, widened for clustering in pupils",
        status=pl.col("status"), note=pl.col("note"), time_identifier=pl.col("covered"),
    )  # fmt: skip


def _grouped(facts: pl.DataFrame, event: str, by: Sequence[str], status: Status) -> pl.DataFrame:
    if status not in ("january", "at_event"):
        raise SendlabError(f"no SEN status is called '{status}'", next_step="use 'january' or 'at_event'")
    split = [f"{event}_at_{slug}" for slug in SLUGS.values()] if status == "at_event" else []
    require_facts(facts, (*NEEDED, *by, *split))
    base = roll_base(facts)
    rows = _sums(base, event, by) if status == "january" else _sums_at_event(base, event, by)
    covered = {
        p: period_covered(held)
        for p, held in base.group_by("time_period").agg(pl.col("event_terms").explode().unique()).rows()
    }
    return rows.join(
        _roll_notes(base), on=["time_period", "place_code"], how="left", maintain_order="left"
    ).with_columns(
        pl.col("time_period").replace_strict(covered, default=None, return_dtype=pl.String).alias("covered"),
        pl.col("note").fill_null(""),
    )


def _roll_notes(base: pl.DataFrame) -> pl.DataFrame:
    """What to say of a roll that is not all of January: by year, for each school and for the LA."""
    used = base.filter("on_roll").select("time_period", "la_code", "place_code", "roll_basis").unique()
    parts = []
    for code in ("place_code", "la_code"):
        bases = pl.col("roll_basis").filter(pl.col("roll_basis") != JANUARY_CENSUS).unique().sort().str.join(", ")
        said = used.group_by("time_period", pl.col(code).alias("place_code")).agg(bases.alias("other"))
        note = pl.when(pl.col("other") != "").then(pl.lit("roll of the ") + pl.col("other")).otherwise(pl.lit(""))
        parts.append(said.select("time_period", "place_code", note.alias("note")))
    return pl.concat(parts)


def _sums(base: pl.DataFrame, event: str, by: Sequence[str]) -> pl.DataFrame:
    y = pl.col(event)
    return grouped(
        base,
        [pl.col("on_roll").sum().cast(pl.Int64).alias("n"), y.sum().alias("events"), (y * y).sum().alias("squares"),
         (y > 0).sum().cast(pl.Int64).alias("with_subjects")],
        by=by, peaks=[y.max().alias("top")],
    )  # fmt: skip


def _sums_at_event(base: pl.DataFrame, event: str, by: Sequence[str]) -> pl.DataFrame:
    """One pupil may stand in several groups of status; in a total, and in all SEN together, each counts once."""
    parts = [_sums(base, event, [name for name in by if name not in BREAKDOWNS])]
    if "sen_provision" in by:
        groups = _sums(by_status_at_event(base, event), event, ["sen_provision"])
        parts.append(groups.filter(pl.col("sen_provision") != TOTAL))
    if "need_area" in by:
        together = _sums(by_status_at_event(base, event, [SEND]), event, ["need_area"])
        parts.append(together.filter(pl.col("sen_provision") == ALL_SEN))
    return pl.concat(parts).sort(KEY)
