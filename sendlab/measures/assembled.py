"""Every declared measure of an authority and its schools, with benchmarks and gaps, as sorted measure rows."""

from collections.abc import Iterator
from datetime import date
from itertools import chain

import polars as pl
from dateutil.easter import easter

from sendlab.cohort import FEW_UNRECORDED, few_unrecorded
from sendlab.compare import benchmark_rows, gap_rows
from sendlab.coverage import period_of_date
from sendlab.measures.comparisons import compared
from sendlab.measures.inputs import Inputs
from sendlab.measures.of_facts import of_facts
from sendlab.measures.of_tables import of_tables
from sendlab.measures.own import own_of_facts, own_of_tables
from sendlab.measures.own_rows import check_own_links, linked_rows
from sendlab.measures.publishable import in_declared_tables
from sendlab.metrics.cards import cards, redefined
from sendlab.metrics.completeness import mark_coverage
from sendlab.metrics.grouping import LA, REST, SCHOOL
from sendlab.metrics.nobody import NOT_COLLECTED, nobody_rows
from sendlab.metrics.publication import published_measures
from sendlab.schema.groups import AUTUMN_AND_SPRING, FULL_YEAR, TOTAL
from sendlab.schema.measures import MEASURE_KEY, as_measures, no_measures

SCHOOL_YEARS = 3  # years of which schools have rows; the LA has all


def make_measures(inputs: Inputs) -> pl.DataFrame:
    """Every declared measure for the LA and each school, with benchmarks and comparisons, as measure rows.

    Sorted by place, so that what a school's notebook reads lies together; text columns are categorical. Topics are made
    one after the other, so that only one has to be held with all its text. Gaps are made for every breakdown; ratios,
    changes and comparisons with other authorities for the plain tables: what is not here is computed on demand.
    """
    few, latest = few_unrecorded(inputs.facts), str(inputs.facts["time_period"].max())
    national = benchmark_rows(inputs.tables["benchmarks"], inputs.tables["indicators"], latest=latest)
    made, open_to_all, there, met, linked = [], [], [], set[str](), [linked_rows(no_measures())]
    for figures in _figures(inputs, few):
        own = set(figures["measure"])
        linked.append(linked_rows(figures))
        met |= own
        rows = _with_comparisons(pl.concat([figures, national.filter(pl.col("measure").is_in(own))]), inputs)
        open_to_all.append(_declared(rows))
        there.append(rows.filter(pl.col("measure").is_in(published_measures())).select(MEASURE_KEY))
        made.append(_compact(rows))
    check_own_links(pl.concat(linked))
    beside = national.filter(~pl.col("measure").is_in(met))
    nobody = nobody_rows(pl.concat([*open_to_all, _declared(beside)]), inputs.places, inputs.facts)
    # a running total of a year that is not over is no school's table: its rows are there, and nobody is missed
    nobody = nobody.join(pl.concat(there), on=list(MEASURE_KEY), how="anti", nulls_equal=True)
    rest = pl.concat([beside, nobody, _not_collected(met | set(nobody["measure"]), latest, inputs)])
    made.append(_compact(_dated(rest, inputs.tables["suspensions"])))
    return pl.concat(made).sort("geographic_level", "place_code", *MEASURE_KEY)


def _figures(inputs: Inputs, few: list[str]) -> Iterator[pl.DataFrame]:
    """The figures of each topic, then those of the workspace's own measures, some of them in place of the package's."""
    of_pupils = ([_said(part, few) for part in parts] for parts in of_facts(inputs))
    for parts in chain(of_pupils, of_tables(inputs)):
        yield pl.concat([no_measures(), *parts]).filter(~pl.col("measure").is_in(redefined()))
    for parts in chain(([_said(part, few) for part in parts] for parts in own_of_facts(inputs)), own_of_tables(inputs)):
        yield pl.concat([no_measures(), *parts])


def _declared(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of declared tables, with those for which the budget has no room: what is not published is not nobody."""
    return in_declared_tables(rows, every_year=True).select(rows.columns)


def _with_comparisons(figures: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    figures = mark_coverage(_recent(figures))
    shown = pl.concat([figures.filter(pl.col("geographic_level") != REST), gap_rows(figures)])
    return _dated(pl.concat([shown, *compared(figures, shown, inputs)]), inputs.tables["suspensions"])


def _compact(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with categories for texts: a twentieth of the room."""
    return rows.with_columns(pl.col(pl.String).cast(pl.Categorical))


def _recent(rows: pl.DataFrame) -> pl.DataFrame:
    """Schools keep the last years of each measure only: what a head teacher looks at; the authority keeps all."""
    year = pl.col("time_period").str.slice(0, 4).cast(pl.Int32)
    of_school = pl.col("geographic_level").is_in([SCHOOL, REST])
    latest = year.filter(pl.col("geographic_level") != "National").max().over("measure")
    return rows.filter(~(of_school & (year <= latest - SCHOOL_YEARS)))


def _not_collected(held: set[str], latest: str, inputs: Inputs) -> pl.DataFrame:
    """One line for each measure that no file or form has brought anything for, and that has no line yet."""
    missing = [card for name, card in cards().items() if name not in held]
    if not missing:
        return no_measures()
    lines = pl.DataFrame({"measure": [card.measure for card in missing], "unit": [card.unit for card in missing]})
    return as_measures(
        lines.with_columns(
            pl.lit(latest).alias("time_period"), pl.lit(FULL_YEAR).alias("time_identifier"),
            pl.lit(LA).alias("geographic_level"), pl.lit(inputs.workspace.la_code).alias("place_code"),
            pl.lit(inputs.workspace.la_name).alias("place_name"), pl.lit("x").alias("status"),
            pl.lit(NOT_COLLECTED).alias("note"),
        )
    )  # fmt: skip


def _said(rows: pl.DataFrame, periods: list[str]) -> pl.DataFrame:
    """Say beside each total that a few pupils without a recorded SEN provision are left out."""
    total = (pl.col("sen_provision") == TOTAL) & pl.col("time_period").is_in(periods) & (pl.col("note") == "")
    return rows.with_columns(pl.when(total).then(pl.lit(FEW_UNRECORDED)).otherwise("note").alias("note"))


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
