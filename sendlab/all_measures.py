"""Every declared measure of an authority and its schools, with benchmarks and gaps, as measure rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import polars as pl
from dateutil.easter import easter

from sendlab import metrics
from sendlab.cohort import FEW_UNRECORDED, few_unrecorded, in_period, without_few_unrecorded
from sendlab.compare import MAX_AGE, gap_rows
from sendlab.coverage import period_of_date
from sendlab.facts import placed_schools
from sendlab.metrics.cards import Card, cards
from sendlab.metrics.completeness import mark_coverage
from sendlab.metrics.grouping import LA, REST
from sendlab.metrics.nobody import NOT_COLLECTED, nobody_rows
from sendlab.schema.groups import AUTUMN_AND_SPRING, FULL_YEAR, HALF_TERMS, NOT_YET_COLLECTED, TERMS, TOTAL
from sendlab.schema.measures import GROUPS, MEASURE_KEY, as_measures, no_measures
from sendlab.workspace import Workspace

HISTORY = "history: more than two years before the latest figures; fetch a newer file"
SCHOOL_YEARS = 3  # years of which schools have rows; the LA has all
# Metrics of facts alone; those that also look at another table, or at facts of another period, stand in `_of_facts`.
OF_FACTS: tuple[Callable[..., pl.DataFrame], ...] = (
    metrics.absence, metrics.authorised_absence, metrics.unauthorised_absence, metrics.persistent_absence,
    metrics.severe_absence, metrics.attendance_98, metrics.attendance_98_apart_from_illness,
    metrics.sessions_affordable, metrics.sessions_by_code,
    metrics.suspension_rate, metrics.suspended_once_or_more, metrics.suspended_again, metrics.permanent_exclusion_rate,
    metrics.days_lost, metrics.suspension_length, metrics.part_day_suspensions, metrics.suspension_reasons,
    metrics.ks2_rwm_expected, metrics.ks2_rm_not_w, metrics.ks2_writing_gap,
)  # fmt: skip
OF_FACTS_AND_REFERENCE = (metrics.ks2_reading_progress, metrics.ks2_mathematics_progress)
CROSSED = (metrics.newly_persistent, metrics.no_longer_persistent)  # of this period and the one before


@dataclass(frozen=True)
class Inputs:
    """What measures are made from: facts, those of parts of years, and the checked tables."""

    facts: pl.DataFrame
    periods: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    workspace: Workspace


def make_measures(inputs: Inputs) -> pl.DataFrame:
    """Every declared measure for the LA and each school, benchmarks and gaps, as sorted measure rows."""
    facts, tables, la = inputs.facts, inputs.tables, inputs.workspace
    counted = without_few_unrecorded(facts)
    places = places_of(facts, tables)
    parts = [_said(part, few_unrecorded(facts)) for part in _of_facts(counted, inputs)]
    parts.append(metrics.intervention_gain(counted, tables["interventions"]))
    parts.append(metrics.self_evaluation(tables["self_evaluation"], places, la_code=la.la_code, la_name=la.la_name))
    figures = mark_coverage(_recent(pl.concat([*parts, _national(tables["benchmarks"], _latest(parts))])))
    both = pl.concat([figures.filter(pl.col("geographic_level") != REST), gap_rows(figures)])
    nobody = nobody_rows(publishable(both), places, facts)
    whole = pl.concat([both, nobody, _not_collected(pl.concat([both, nobody]), la)])
    return _dated(whole, tables["suspensions"]).sort(MEASURE_KEY)


def _of_facts(facts: pl.DataFrame, inputs: Inputs) -> list[pl.DataFrame]:
    """Measures of the year as far as data cover it, then of its parts, as each card declares."""
    reference = inputs.tables["progress_reference"]
    year = [metric(facts, by=None) for metric in OF_FACTS]
    year += [metric(facts, reference, by=None) for metric in OF_FACTS_AND_REFERENCE]
    held = pl.concat(part.select("measure", "time_period", "time_identifier").unique() for part in year)
    parts = []
    for word in (AUTUMN_AND_SPRING, *TERMS, *HALF_TERMS):
        kind = "half-term" if word in HALF_TERMS else "term"
        some = [metric for metric in OF_FACTS if kind in _card_of(metric).periods]
        here = in_period(facts, inputs.periods, word)
        parts += [metric(here, by=None) for metric in some]
        if word in TERMS[1:]:
            before = in_period(facts, inputs.periods, TERMS[TERMS.index(word) - 1])
            parts += [metric(here, before, by=None) for metric in CROSSED]
    return [*year, *(part.join(held, on=held.columns, how="anti") for part in parts)]


def _card_of(metric: Callable[..., pl.DataFrame]) -> Card:
    return cards()[metric.__name__]


def publishable(measures: pl.DataFrame) -> pl.DataFrame:
    """The rows that protection covers: declared on the cards, by provision or area of need, for the year as a whole.

    A part of a year beside the whole would tell the rest of it by subtraction, so parts are for the analyst's view.
    Where needs of a year are not collected yet there is no table by need.
    """
    known = pl.col("measure").is_in([name for name, card in cards().items() if card.published])
    plain = pl.all_horizontal(pl.col(n) == TOTAL for n in GROUPS if n not in ("sen_provision", "need_area", "item"))
    crossed = (pl.col("need_area") != TOTAL) & (pl.col("sen_provision") != "All SEN")
    rows = measures.filter(known & plain & ~crossed)
    rank = pl.col("time_identifier").replace_strict(_RANK, default=1, return_dtype=pl.Int32)
    own = pl.col("geographic_level") != "National"
    longest = rank == rank.filter(own).min().over("measure", "time_period")
    rows = rows.filter(longest | ~own)
    open_needs = rows.filter(pl.col("need_area") == NOT_YET_COLLECTED).select("measure", "time_period").unique()
    whole = rows.filter(pl.col("need_area") == TOTAL)
    by_need = rows.filter(pl.col("need_area") != TOTAL).join(open_needs, on=open_needs.columns, how="anti")
    return pl.concat([whole, by_need])


_RANK = {FULL_YEAR: 0, **dict.fromkeys(TERMS, 2), **dict.fromkeys(HALF_TERMS, 3)}


def _recent(rows: pl.DataFrame) -> pl.DataFrame:
    """Schools keep the last years only: what a head teacher looks at; the authority keeps all."""
    latest = int(_latest([rows])[:4])
    old = pl.col("time_period").str.slice(0, 4).cast(pl.Int32) <= latest - SCHOOL_YEARS
    of_school = pl.col("geographic_level").is_in(["School", REST])
    return rows.filter(~(of_school & old))


def _not_collected(rows: pl.DataFrame, workspace: Workspace) -> pl.DataFrame:
    """One line for each measure that no file or form has brought anything for."""
    missing = [card for name, card in cards().items() if name not in set(rows["measure"])]
    if not missing:
        return no_measures()
    lines = pl.DataFrame({"measure": [card.measure for card in missing], "unit": [card.unit for card in missing]})
    return as_measures(
        lines.with_columns(
            pl.lit(_latest([rows])).alias("time_period"), pl.lit(FULL_YEAR).alias("time_identifier"),
            pl.lit(LA).alias("geographic_level"), pl.lit(workspace.la_code).alias("place_code"),
            pl.lit(workspace.la_name).alias("place_name"), pl.lit("x").alias("status"),
            pl.lit(NOT_COLLECTED).alias("note"),
        )
    )  # fmt: skip


def _said(rows: pl.DataFrame, periods: list[str]) -> pl.DataFrame:
    """Say beside each total that a few pupils without a recorded SEN provision are left out."""
    total = (pl.col("sen_provision") == TOTAL) & pl.col("time_period").is_in(periods) & (pl.col("note") == "")
    return rows.with_columns(pl.when(total).then(pl.lit(FEW_UNRECORDED)).otherwise("note").alias("note"))


def places_of(facts: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """School places: school_id, place_code, place_name, education_phase; the authority's own without a pupil too.

    A register of all schools in England (GIAS) may stand in the store: other authorities' schools and closed ones are
    places only where there are pupils.
    """
    la_code = facts["la_code"].first()
    own = (pl.col("la_code") == la_code) & (pl.col("establishment_status") != "2").fill_null(True)
    described = placed_schools(tables["schools"].filter(own))
    met = facts.select(described.columns).unique()
    return pl.concat([met, described.join(met, on="school_id", how="anti")]).sort("place_code")


def _latest(parts: Iterable[pl.DataFrame]) -> str:
    return max((str(part["time_period"].max()) for part in parts if not part.is_empty()), default="000000")


def _national(benchmarks: pl.DataFrame, latest: str) -> pl.DataFrame:
    """Published figures as measure rows, as they are; those too old to compare with are marked as history."""
    units = {name: card.unit for name, card in cards().items()}
    age = int(latest[:4]) - pl.col("time_period").str.slice(0, 4).cast(pl.Int32)
    rows = benchmarks.filter(age >= 0).with_columns(
        pl.col("measure").replace_strict(units, default=None, return_dtype=pl.String).alias("unit"),
        pl.col("symbol").fill_null("").alias("status"), pl.lit("published").alias("method"),
        pl.when(age > MAX_AGE).then(pl.lit(HISTORY))
        .otherwise(pl.lit("")).alias("note"),
    )  # fmt: skip
    return as_measures(rows.drop("symbol", "source_file"))


def _dated(rows: pl.DataFrame, suspensions: pl.DataFrame) -> pl.DataFrame:
    """The last date of the data behind a figure: the last event, else the end of the terms that the data cover."""
    pairs = rows.select("time_period", "time_identifier").unique().rows()
    ends = {f"{period}|{word}": _end(period, word) for period, word in pairs}
    made = pl.concat_str("time_period", "time_identifier", separator="|").replace_strict(ends, return_dtype=pl.Date)
    last = suspensions.group_by(period_of_date("start_date").alias("time_period")).agg(pl.col("start_date").max())
    events = pl.col("measure").is_in([name for name, card in cards().items() if card.topic == "exclusions"])
    own = pl.col("geographic_level") != "National"
    day = pl.when(events & own).then(pl.min_horizontal("start_date", made)).otherwise(pl.coalesce("data_to", made))
    nothing = pl.col("value").is_null() & pl.col("base_subjects").is_null()
    dated = rows.join(last, on="time_period", how="left", maintain_order="left")
    return dated.with_columns(pl.when(~nothing).then(day).alias("data_to")).drop("start_date")


def _end(period: str, time_identifier: str) -> date | None:
    """The last day of a period; of half terms the dates are the authority's own, and not told here."""
    year = int(period[:4])
    if len(period) == 4:
        return date(year, 12, 31)
    if time_identifier == "Autumn term":
        return date(year, 12, 31)
    if time_identifier in ("Spring term", AUTUMN_AND_SPRING):
        day: date = easter(year + 1)
        return day
    return date(year + 1, 7, 31) if time_identifier in (FULL_YEAR, "Summer term") else None
