"""Signals of informal exclusion at a school: which stand out beside the LA's other schools of its phase, as questions.

A signal is a share of pupils (see `informal_exclusion` and `off_roll`). That one stands out says that there is more of
it than elsewhere, never why. Schools are named to the board only, never in public (DfE guidance has no such index: this
one is the project's own, 2026).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import polars as pl

from sendlab.metrics.cards import card
from sendlab.metrics.fairness import informal_exclusion as habits
from sendlab.metrics.fairness import off_roll as moves
from sendlab.metrics.grouping import PERIOD, SCHOOL, either_kind, number
from sendlab.schema.groups import SEND
from sendlab.schema.measures import as_measures, no_measures
from sendlab.stats.ratios import rate_ratio

INDEX = "informal_exclusion_signals"
FEWEST = 30  # pupils, at the school and at the others together, below which no signal is judged (project rule, 2026)
RARE = 0.025  # chance of as much or more up to which a signal stands out, were all schools alike
PLACE = ("place_code", "place_name", "education_phase")


class Signal(NamedTuple):
    """A signal: the measure that shows it, whom it is judged on, and what to ask where it stands out."""

    measure: str
    of_send: bool  # judged on pupils with SEN support or an EHC plan; else on all who count
    question: str


SIGNALS = (
    Signal("part_time_timetable", True, "Which pupils are on part-time timetables, why, and when are they reviewed?"),
    Signal("off_site_without_placement", True, "Where are pupils taught who are marked as educated off site?"),
    Signal("sent_home_often", True, "Why do some pupils come in the morning and not stay for the afternoon?"),
    Signal("left_without_destination", False, "Where did pupils go who left the roll in Years 10 and 11?"),
    Signal("managed_moves_not_sustained", False, "What was tried before managed moves, and what became of them?"),
)  # fmt: skip


@either_kind
def signal_comparisons(
    facts: pl.DataFrame, *, pupils: pl.DataFrame, transitions: pl.DataFrame, suspensions: pl.DataFrame,
    alternative_provision: pl.DataFrame, interventions: pl.DataFrame | None = None,
    sent_home: pl.DataFrame | None = None, rare: float = RARE, fewest: int = FEWEST,
) -> pl.DataFrame:  # fmt: skip
    """One row a school, year and signal: `observed` of `pupils`, `expected` were the school like the others, and more.

    The others are the LA's schools of the same phase. `expected` is for a school's mix of EHC plans, SEN support and no
    SEN, at rates of all schools of the phase together; `ratio` is observed / expected over that of the others, with
    exact conditional limits that leave `rare` out at either end. `stands_out`: the lower one lies above 1, so that were
    all alike as much or more had a chance of at most `rare`. Missing, with the reason in `note`, where there are fewer
    than `fewest` pupils on a side. `question` and `innocent` are the signal's words.
    """
    found = []
    bases: dict[str, Callable[[], pl.DataFrame]] = {
        "part_time_timetable": lambda: habits.part_time_base(facts),
        "off_site_without_placement": lambda: habits.off_site_base(facts, alternative_provision, interventions),
        "sent_home_often": lambda: habits.sent_home_base(facts, facts.clear() if sent_home is None else sent_home),
        "left_without_destination": lambda: moves.off_roll_base(facts, pupils, transitions, suspensions),
        "managed_moves_not_sustained": lambda: moves.managed_moves_base(transitions, facts),
    }
    for signal in SIGNALS:
        base = bases[signal.measure]()
        if not base.is_empty():
            found.append(_judged(_expected(base, signal), signal, rare, fewest))
    return pl.concat(found).sort(*PERIOD, "place_code", "measure") if found else _nothing()


@either_kind
def informal_exclusion_signals(comparisons: pl.DataFrame, *, rare: float = RARE) -> pl.DataFrame:
    """How many signals stand out at each school: measure rows from `signal_comparisons` made with the same `rare`.

    `numerator` and `value` count signals that stand out, `denominator` those that could be judged, `base_subjects` the
    pupils of the largest base. The note asks the questions and gives the false-alarm estimate: of the schools looked
    at, how many at most would show as many signals if all were alike (each signal at most `rare`; the bound holds
    however the signals hang together, Markov's inequality). Schools do differ for good reasons, so expect more.
    """
    if comparisons.is_empty():
        return no_measures()
    judged = pl.col("stands_out").is_not_null()
    schools = comparisons.group_by(*PERIOD, *PLACE, maintain_order=True).agg(
        pl.col("stands_out").sum().cast(pl.Int64).alias("signals"), judged.sum().cast(pl.Int64).alias("looked_at"),
        pl.col("question").filter(pl.col("stands_out")).str.join(" ").alias("questions"),
        pl.col("pupils").filter(judged).max().cast(pl.Int64).alias("base_subjects"),
        pl.col("note").filter(~judged).unique(maintain_order=True).str.join("; ").alias("why_not"),
    )  # fmt: skip
    alarms = _false_alarms(schools.filter(pl.col("looked_at") > 0), rare)
    some = pl.col("looked_at") > 0
    count = pl.when(some).then(pl.col("signals").cast(pl.Float64))
    return as_measures(schools.join(alarms, on=[*PERIOD, "signals"], how="left").select(
        pl.lit(INDEX).alias("measure"), pl.lit(card(INDEX).unit).alias("unit"), *PERIOD, *PLACE,
        pl.lit(SCHOOL).alias("geographic_level"), count.alias("numerator"), count.alias("value"),
        pl.when(some).then(pl.col("looked_at").cast(pl.Float64)).alias("denominator"), "base_subjects",
        pl.lit("exact conditional one-sided test of each signal").alias("method"),
        pl.when(some).then(pl.lit("")).otherwise(pl.lit("x")).alias("status"), _words().alias("note"),
    ))  # fmt: skip


def _expected(base: pl.DataFrame, signal: Signal) -> pl.DataFrame:
    """Schools with pupils and observed of the signal, and expected at the rates of all schools of the phase."""
    counted = base.filter(pl.col("counted") & (pl.col("sen_provision").is_in(SEND) | (not signal.of_send)))
    cells = counted.group_by(*PERIOD, *PLACE, "sen_provision", maintain_order=True).agg(
        pl.len().cast(pl.Float64).alias("pupils"), pl.col("feature").sum().cast(pl.Float64).alias("observed")
    )
    phase = [*PERIOD, "education_phase"]
    rate = pl.col("observed").sum().over(*phase, "sen_provision") / pl.col("pupils").sum().over(*phase, "sen_provision")
    schools = cells.with_columns((pl.col("pupils") * rate).alias("expected")).group_by(
        *PERIOD, *PLACE, maintain_order=True
    ).agg(pl.col("pupils", "observed", "expected").sum())  # fmt: skip
    return schools.with_columns(
        (pl.col(name).sum().over(phase) - pl.col(name)).alias(f"{name}_other")
        for name in ("pupils", "observed", "expected")
    )


def _judged(schools: pl.DataFrame, signal: Signal, rare: float, fewest: int) -> pl.DataFrame:
    x1, e1, x0, e0 = (schools[f"{n}{end}"].to_numpy() for end in ("", "_other") for n in ("observed", "expected"))
    e0 = np.maximum(e0, 0)  # a sum less itself may be a trace below nothing
    found = rate_ratio(x1, e1, x0, e0, confidence=1 - 2 * rare)
    few = pl.min_horizontal("pupils", "pupils_other") < fewest
    why = (
        pl.when(pl.col("pupils_other") == 0).then(pl.lit("no other school of this phase"))
        .when(few).then(pl.lit(f"fewer than {fewest} pupils here or at the others"))
        .when(pl.col("observed") + pl.col("observed_other") == 0).then(pl.lit("nobody at any school of this phase"))
        .otherwise(pl.lit(""))
    )  # fmt: skip
    # nobody anywhere was looked at and does not stand out; too few were not looked at
    looked_at = (pl.col("pupils_other") > 0) & ~few
    innocent = {**habits.INNOCENT, **moves.INNOCENT}[signal.measure]
    figures = schools.with_columns(
        number(found.ratio).alias("ratio"), number(found.lower).alias("lower"), number(found.upper).alias("upper"),
        pl.lit(signal.measure).alias("measure"), why.alias("note"),
        pl.lit(signal.question).alias("question"), pl.lit(innocent).alias("innocent"),
    )  # fmt: skip
    return figures.with_columns(pl.when(looked_at).then(pl.Series(found.lower > 1)).alias("stands_out")).select(COLUMNS)


COLUMNS = (*PERIOD, *PLACE, "measure", "pupils", "observed", "expected", "pupils_other", "observed_other", "ratio",
           "lower", "upper", "stands_out", "question", "innocent", "note")  # fmt: skip


def _nothing() -> pl.DataFrame:
    texts = (*PERIOD, *PLACE, "measure", "question", "innocent", "note")
    kinds = {name: pl.String if name in texts else pl.Float64 for name in COLUMNS}
    return pl.DataFrame(schema={**kinds, "stands_out": pl.Boolean})


def _false_alarms(schools: pl.DataFrame, rare: float) -> pl.DataFrame:
    """For each number of signals seen: schools looked at, and how many at most would show as many by chance."""
    seen = schools.select(*PERIOD, "signals").unique()
    each = seen.join(schools.select(*PERIOD, "looked_at"), on=list(PERIOD))
    chance = pl.min_horizontal(1.0, rare * pl.col("looked_at") / pl.col("signals"))
    return each.group_by(*PERIOD, "signals").agg(
        pl.when(pl.col("signals") > 0).then(chance).sum().alias("alarms"), pl.len().alias("schools")
    )


def _words() -> pl.Expr:
    """The note: what stands out, as questions, beside how often chance alone would show as much."""
    asked = pl.format(
        "{} of {} signals stand out; if all schools were alike, at most {} of the {} looked at would show as many. "
        "Questions, no findings: {}",
        "signals", "looked_at", pl.col("alarms").round(2), "schools", "questions",
    )  # fmt: skip
    none = pl.format("none of {} signals stands out; habits that leave no mark cannot be seen", "looked_at")
    unseen = pl.format("no signal can be judged: {}", "why_not")
    return pl.when(pl.col("looked_at") == 0).then(unseen).when(pl.col("signals") > 0).then(asked).otherwise(none)
