"""Every declared measure of an authority and its schools, with benchmarks and gaps, as measure rows."""

from collections.abc import Callable
from datetime import date

import polars as pl
from dateutil.easter import easter

from sendlab import metrics
from sendlab.cohort import FEW_UNRECORDED, few_unrecorded, without_few_unrecorded
from sendlab.compare import MAX_AGE, gap_rows
from sendlab.coverage import period_of_date
from sendlab.facts import placed_schools
from sendlab.metrics.cards import cards
from sendlab.metrics.grouping import REST
from sendlab.metrics.nobody import nobody_rows
from sendlab.schema.measures import MEASURE_KEY, as_measures
from sendlab.workspace import Workspace

HISTORY = "history: more than two years before the latest figures; fetch a newer file"
OF_FACTS: tuple[Callable[..., pl.DataFrame], ...] = (
    metrics.absence, metrics.persistent_absence, metrics.severe_absence, metrics.attendance_98,
    metrics.suspension_rate, metrics.suspended_once_or_more, metrics.permanent_exclusion_rate,
    metrics.ks2_rwm_expected, metrics.ks2_writing_gap,
)  # fmt: skip
OF_FACTS_AND_REFERENCE = (metrics.ks2_reading_progress, metrics.ks2_mathematics_progress)


def make_measures(facts: pl.DataFrame, tables: dict[str, pl.DataFrame], workspace: Workspace) -> pl.DataFrame:
    """Every declared measure for the LA and each school, benchmarks and gaps, as sorted measure rows."""
    counted = without_few_unrecorded(facts)
    parts = [metric(counted) for metric in OF_FACTS]
    parts += [metric(counted, tables["progress_reference"]) for metric in OF_FACTS_AND_REFERENCE]
    parts = [_said(part, few_unrecorded(facts)) for part in parts]
    parts.append(metrics.intervention_gain(counted, tables["interventions"]))
    places = places_of(facts, tables)
    parts.append(metrics.self_evaluation(tables["self_evaluation"], places, la_code=workspace.la_code,
                                         la_name=workspace.la_name))  # fmt: skip
    figures = pl.concat([*parts, _national(tables["benchmarks"], _latest(parts))])
    both = pl.concat([figures.filter(pl.col("geographic_level") != REST), gap_rows(figures)])
    return _dated(pl.concat([both, nobody_rows(both, places, facts)]), tables["suspensions"]).sort(MEASURE_KEY)


def _said(rows: pl.DataFrame, periods: list[str]) -> pl.DataFrame:
    """Say beside each total that a few pupils without a recorded SEN provision are left out."""
    total = (pl.col("sen_provision") == "Total") & pl.col("time_period").is_in(periods) & (pl.col("note") == "")
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


def _latest(parts: list[pl.DataFrame]) -> str:
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
    year = int(period[:4])
    if time_identifier == "Autumn term":
        return date(year, 12, 31)
    if time_identifier in ("Spring term", "Autumn and spring term"):
        day: date = easter(year + 1)
        return day
    return date(year + 1, 7, 31) if time_identifier in ("Academic year", "Summer term") else None
