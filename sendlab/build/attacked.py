"""The attack on editions that an authority published: what readers hold, and the exact figures behind it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from sendlab.disclosure.audit.editions import SCHOOL, Edition
from sendlab.disclosure.audit.pack import audit
from sendlab.disclosure.audit.relations import IN_TIME
from sendlab.disclosure.audit.report import Audit
from sendlab.disclosure.log import RELEASED
from sendlab.disclosure.published import PUBLISHED_COLUMNS
from sendlab.schema.measures import GROUPS, MEASURE_KEY

_KEY = [name for name in MEASURE_KEY if name != "education_phase"]
_TABLE = ["measure", "time_period", "geographic_level", "place_code", *GROUPS, "comparator"]
_GROUP = ["measure", "time_period", "time_identifier", *GROUPS, "comparator"]
_PERIOD = ["measure", "time_period", "time_identifier"]
_OF_YEAR = IN_TIME["three terms"]
NOW = "~"  # sorts after every day


def attacked(
    editions: Sequence[Edition], exact: pl.DataFrame, *, known: pl.DataFrame | None = None, jobs: int = 1
) -> Audit:
    """What anybody and each school can work out of these editions; `exact` are measure rows, published ones or more.

    Judged are the figures that were told or hidden in them, and those that follow. Each school is granted its own of
    every table and period in which any of those stands. `jobs` processes share the work.
    """
    told = pl.concat(one.rows.select(_KEY) for one in editions).unique()
    periods = told.select(_PERIOD).unique()
    beside = pl.concat([_wholes_of_parts(periods), _what_is_left(periods)])
    of_tables = exact.join(told, on=_TABLE, how="semi")
    judged = pl.concat([told, of_tables.join(beside, on=_PERIOD, how="semi").select(_KEY)]).unique()
    untold = exact.filter(pl.col("geographic_level") == SCHOOL).join(judged, on=_GROUP, how="semi")
    untold = untold.join(judged, on=_KEY, how="anti")
    return audit(editions, exact.join(judged, on=_KEY, how="semi"), known=known, untold=untold, jobs=jobs)


def _wholes_of_parts(periods: pl.DataFrame) -> pl.DataFrame:
    """Periods of measures that were told, if only of some places or groups, and of which a part was told too.

    Each place and group of them is at least its part, and all of them add up to what was told.
    """
    of_parts = [
        periods.with_columns(pl.col("time_identifier").replace_strict(whole_of, default="", return_dtype=pl.String))
        for whole_of in IN_TIME.values()
    ]
    return periods.join(pl.concat(of_parts).unique(), on=_PERIOD, how="semi")


def _what_is_left(periods: pl.DataFrame) -> pl.DataFrame:
    """Terms that nobody was told of and that are what is left of a year without the other two."""
    links = pl.DataFrame({"time_identifier": list(_OF_YEAR), "whole": list(_OF_YEAR.values())})
    years = periods.rename({"time_identifier": "whole"}).join(links, on="whole").select(_PERIOD)
    return years.join(periods, on=_PERIOD, how="anti").filter(pl.len().over("measure", "time_period") == 1)


def earlier_editions(log: pl.DataFrame, audience: str, threshold: int, run_id: str) -> list[Edition]:
    """The earlier releases of an audience, one edition a day, without that of the figures of `run_id`."""
    before = log.filter(pl.col("run_id") != run_id)
    days = before[RELEASED].unique().sort().to_list()
    return [
        Edition(before.filter(pl.col(RELEASED) == day).select(PUBLISHED_COLUMNS), audience, threshold, released=day)
        for day in days
    ]
