"""Exact figures that are not published now and limit what is: parts of a year, and what schools know of themselves."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sendlab.disclosure.intake import require_measures
from sendlab.disclosure.log import CELL_KEY, bound, latest
from sendlab.disclosure.protect.counts import UNTOLD
from sendlab.disclosure.protect.sums import PERIODS
from sendlab.metrics.publication import SCHOOL_LEVEL
from sendlab.schema.groups import FULL_YEAR, TERMS
from sendlab.schema.measures import GROUPS

_PERIOD = ["measure", "time_period", "time_identifier"]


@dataclass(frozen=True)
class Context:
    """What figures are protected beside."""

    rows: pl.DataFrame  # hidden counts that stand in the same systems; `given` says why
    own: pl.DataFrame  # each school's own counts of periods in which no school's figures are told
    untold: pl.DataFrame  # all that only each school knows, as measure rows


def context_of(figures: pl.DataFrame, all_measures: pl.DataFrame | None, log: pl.DataFrame, threshold: int) -> Context:
    """The context of figures that are bound to the log, from exact figures of all parts of their years, if any."""
    if all_measures is None:
        return Context(*[figures.clear()] * 3)
    limiting = beside(all_measures, figures, log)
    told = pl.concat([frame.select(CELL_KEY) for frame in (latest(log), figures, limiting)]).unique()
    untold = only_of_schools(all_measures, told)
    of_schools = told.filter(pl.col("geographic_level") == SCHOOL_LEVEL)
    inside, own = (untold.join(of_schools, on=_PERIOD, how=how) for how in ("semi", "anti"))
    together = pl.concat([limiting, inside])
    if together.is_empty():
        return Context(figures.clear(), own, untold)
    known = bound(require_measures(together), log, threshold)
    theirs = pl.struct(CELL_KEY).is_in(inside.select(pl.struct(CELL_KEY)).to_series().implode())
    word = pl.when(theirs).then(pl.lit(UNTOLD)).otherwise(pl.lit("context"))
    free = pl.col("given") == ""
    given = [pl.when(free).then(word).otherwise(name).alias(name) for name in ("given", "base_given")]
    return Context(known.with_columns(given), own, untold)


def beside(measures: pl.DataFrame, rows: pl.DataFrame, log: pl.DataFrame) -> pl.DataFrame:
    """Exact figures that are not published now and limit what is: they are protected with it.

    Those of parts of a year that went out before; those of a period that is told of some places or groups only, where a
    part of it is told as well: all of them add up to what is told, and each is at least its part; and of a term, where
    the year and the other two are told. Other parts need no place of their own: what one part leaves of a whole is an
    aim (`protect.made.differences`). `measures` has all figures, `rows` those of now.
    """
    before, now = latest(log).select(CELL_KEY), rows.select(CELL_KEY).unique()
    gone = before.join(now, on=CELL_KEY, how="anti").select(*_PERIOD, "geographic_level").unique()
    told = pl.concat([before, now]).select(_PERIOD).unique()
    limiting = pl.concat([_wholes_of_parts(told), _last_terms(told)])
    known = sorted({name for pairs in PERIODS.values() for names in pairs.items() for name in names})
    parts = measures.filter((pl.col("comparator") == "") & pl.col("time_identifier").is_in(known))
    parts = pl.concat([parts.join(gone, on=gone.columns, how="semi"), parts.join(limiting, on=_PERIOD, how="semi")])
    tables = rows.select("measure", "geographic_level", *GROUPS).unique()
    return parts.unique(CELL_KEY, maintain_order=True).join(now, on=CELL_KEY, how="anti").join(
        tables, on=tables.columns, how="semi")  # fmt: skip


def only_of_schools(measures: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Exact figures of schools in tables and periods of which only others' are told: each school knows its own.

    With them it knows what the authority's figure is without it. `told` has CELL_KEY of all figures that were told or
    follow.
    """
    of_schools = measures.filter((pl.col("comparator") == "") & (pl.col("geographic_level") == SCHOOL_LEVEL))
    return of_schools.join(told, on=[*_PERIOD, *GROUPS], how="semi").join(told, on=CELL_KEY, how="anti")


def _wholes_of_parts(told: pl.DataFrame) -> pl.DataFrame:
    """Those of the periods of measures of which a part is among them too."""
    of_parts = [
        told.with_columns(pl.col("time_identifier").replace_strict(whole_of, default="", return_dtype=pl.String))
        for whole_of in PERIODS.values()
    ]
    return told.join(pl.concat(of_parts).unique(), on=_PERIOD, how="semi")


def _last_terms(told: pl.DataFrame) -> pl.DataFrame:
    """The one term that was not told of years of which all else was."""
    years = told.filter(pl.col("time_identifier") == FULL_YEAR).select("measure", "time_period")
    untold = years.join(pl.DataFrame({"time_identifier": TERMS}), how="cross").join(told, on=_PERIOD, how="anti")
    return untold.filter(pl.len().over("measure", "time_period") == 1)
