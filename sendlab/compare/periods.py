"""Two periods named by the analyst, set beside each other if they are alike and refused with the reason if not."""

from collections.abc import Mapping

import polars as pl

from sendlab.compare.change import changes, own_rows
from sendlab.errors import SendlabError
from sendlab.metrics.grouping import either_kind
from sendlab.schema.groups import AUTUMN_AND_SPRING, FULL_YEAR, HALF_TERMS, TERMS
from sendlab.schema.labels import period_name

Period = str | tuple[str, str]  # "202526", or with the part of the year: ("202526", "Autumn term")
CALENDAR = "Calendar year"
_LONGEST_FIRST = (FULL_YEAR, CALENDAR, AUTUMN_AND_SPRING)
_SHORTEST = (*TERMS, *HALF_TERMS)


@either_kind
def compare_periods(measures: pl.DataFrame, *, this: Period, that: Period) -> pl.DataFrame:
    """The change of every figure and gap from the period `that` to the later period `this`, as `change_rows` gives it.

    A period is a year ("202526"), which means all that the data cover of it, or a year and a part of it
    (("202526", "Autumn term")). SendlabError, naming both periods, what is missing and what to do: a period that the
    measures do not hold, a calendar beside an academic year, `this` not later than `that`, and unlike parts of years
    (a part beside a whole year in the first place).
    """
    own = own_rows(measures)
    year, earlier = (_year(own, period) for period in (this, that))
    years = int(year[:4]) - int(earlier[:4])
    if len(year) != len(earlier) or years < 1:
        raise SendlabError(
            f"{period_name(year)} cannot be set beside {period_name(earlier)}: "
            + ("one is a calendar year" if len(year) != len(earlier) else "the first must be the later one"),
            next_step="name two academic years or two calendar years, the later one as this=",
        )
    _require_alike(own, year, earlier, _parts(own, this), _parts(own, that))
    rows = pl.concat([_chosen(own, year, _parts(own, this)), _chosen(own, earlier, _parts(own, that))])
    return changes(rows, years=years)


def _year(own: pl.DataFrame, period: Period) -> str:
    year = period if isinstance(period, str) else period[0]
    held = sorted(set(own["time_period"]))
    if year not in held:
        raise SendlabError(
            f"no figures of '{year}' are among the measures (held: {', '.join(held) or 'none'})",
            next_step="name a period that is held, or ingest its files and build again",
        )
    return year


def _parts(own: pl.DataFrame, period: Period) -> dict[str, str]:
    """{measure: part of the year}: the part that was named, else the longest that is held of each measure."""
    year, named = (period, None) if isinstance(period, str) else period
    rows = own.filter(time_period=year).select("measure", "time_identifier").unique().sort("measure")
    if named is not None:
        rows = rows.filter(time_identifier=named)
    if rows.is_empty():
        held = sorted(set(own.filter(time_period=year)["time_identifier"]))
        raise SendlabError(
            f"no figures of {_words(year, str(named))} are among the measures (held of it: {', '.join(held)})",
            next_step="name a part of the year that is held, or ingest its files and build again",
        )
    parts: dict[str, str] = {}
    for measure, word in rows.rows():
        if measure not in parts or _length(word) < _length(parts[measure]):
            parts[measure] = word
    return parts


def _length(word: str) -> int:
    """Whole years first, then several terms together, then terms, then half terms."""
    if word in _LONGEST_FIRST:
        return _LONGEST_FIRST.index(word)
    return 10 + _SHORTEST.index(word) if word in _SHORTEST else len(_LONGEST_FIRST)


def _require_alike(
    own: pl.DataFrame, year: str, earlier: str, here: Mapping[str, str], there: Mapping[str, str]
) -> None:
    unlike = [name for name in here if name in there and here[name] != there[name]]
    if not unlike:
        return
    name = unlike[0]
    more = f" and {len(unlike) - 1} more measures" if len(unlike) > 1 else ""
    held = set(own.filter(measure=name, time_period=earlier)["time_identifier"])
    missing = _words(earlier, here[name])
    step = f"ingest the data of {missing}, or compare when the data of {period_name(year)} reach as far"
    if here[name] in held:
        step = f"compare this=({year!r}, {here[name]!r}) with that=({earlier!r}, {here[name]!r}), which is held"
    raise SendlabError(
        f"{_words(year, here[name])} cannot be set beside {_words(earlier, there[name])}: a part of a year is compared "
        f"with the same part of another year only ({name}{more})"
        + ("" if here[name] in held else f"; missing: {missing}"),
        next_step=step,
    )


def _words(year: str, part: str) -> str:
    return f"{period_name(year)} ({part[:1].lower()}{part[1:]})"


def _chosen(own: pl.DataFrame, year: str, parts: Mapping[str, str]) -> pl.DataFrame:
    part = pl.col("measure").replace_strict(dict(parts), default=None, return_dtype=pl.String)
    return own.filter((pl.col("time_period") == year) & (pl.col("time_identifier") == part))
