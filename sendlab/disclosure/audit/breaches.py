"""Figures that break a rule by themselves: torn families, editions and releases that do not agree on what is hidden."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

import polars as pl

from sendlab.disclosure.audit.editions import (
    CELL,
    FIGURE,
    HIDDEN,
    LA,
    NATIONAL,
    Edition,
    as_intervals,
    group_words,
    rounded_to_fives,
)  # fmt: skip
from sendlab.disclosure.audit.report import OUTSIDER, Finding
from sendlab.metrics.cards import card
from sendlab.schema.groups import TOTAL

_NO_SEN, _REST = "No SEN", "LA without this school"  # comparators whose other side is a published figure as well
_FAMILY = ("numerator", "value", "lower", "upper", "comparator_value")
_COMPARED = ("base_subjects", "numerator", "value")
Held = tuple[Edition, pl.DataFrame]  # an edition and its rows as intervals, without benchmarks


def breaches(editions: Sequence[Edition], people: pl.DataFrame | None = None) -> list[Finding]:
    """All such figures. `people` has FIGURE, `released` and `with_subjects`: who is behind figures released twice."""
    common = [(one, _intervals(one)) for one in editions if not one.place]
    found = [finding for held in common for finding in _torn(held)]
    for (shown, rows), (hiding, others) in permutations(common, 2):
        found += _shown_where_hidden(shown, rows, hiding, others)
    for first, second in combinations(common, 2):
        found += _nearly_the_same(first, second, people)
    for one in (one for one in editions if one.place):
        found += _of_a_school(one, common)
    return found


def _intervals(edition: Edition) -> pl.DataFrame:
    return as_intervals(edition.rows).filter(pl.col("geographic_level").fill_null("") != NATIONAL)


def _sight(names: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(f"{name}_low").is_not_null() for name in names)


def _torn(held: Held) -> Iterator[Finding]:
    """Numbers in hidden rows, and gaps in sight whose own or other side is hidden or was not published."""
    edition, rows = held
    for row in rows.filter(pl.col("status") == HIDDEN, _sight(_FAMILY)).iter_rows(named=True):
        yield _finding(edition, row, f"part of a hidden family in sight ({row['comparator'] or 'figure'})")
    gaps = rows.filter(pl.col("comparator") != "", _sight(_FAMILY), pl.col("status") != HIDDEN)
    for row in gaps.join(_open_figures(rows), on=_SIDE, how="anti").iter_rows(named=True):
        yield _finding(edition, row, f"a gap in sight whose own figure is hidden ({row['comparator']})")
    for row in _other_side(gaps, rows).join(_open_figures(rows), on=_SIDE, how="anti").iter_rows(named=True):
        yield _finding(edition, row, f"a gap in sight whose other side is hidden ({row['comparator']})")


_SIDE = [name for name in FIGURE if name != "comparator"]


def _open_figures(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("comparator") == "", pl.col("status") != HIDDEN).select(_SIDE)


def _other_side(gaps: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    las = rows.filter(geographic_level=LA)["place_code"].unique().sort().to_list()
    compared = gaps.filter(pl.col("comparator").is_in([_NO_SEN, _REST]))
    no_sen = pl.col("comparator") == _NO_SEN
    place = pl.when(no_sen).then(pl.col("place_code")).otherwise(pl.lit(las[0] if las else ""))
    provision = pl.when(no_sen).then(pl.lit(_NO_SEN)).otherwise(pl.col("sen_provision"))
    area = pl.when(no_sen).then(pl.lit(TOTAL)).otherwise(pl.col("need_area"))
    return compared.with_columns(place_code=place, sen_provision=provision, need_area=area)


def _shown_where_hidden(shown: Edition, rows: pl.DataFrame, hiding: Edition, others: pl.DataFrame) -> Iterator[Finding]:
    """Rows of which one edition shows a number that another hides: a stronger one, or another release of the same."""
    stronger = (shown.audience, hiding.audience) == ("public", "board")
    if not stronger and shown.audience != hiding.audience and not shown.place:
        return
    hidden = others.filter(pl.col("status") == HIDDEN)
    both = rows.join(hidden.select(*FIGURE, *(f"{name}_low" for name in _COMPARED)), on=FIGURE, suffix="_other")
    more = pl.any_horizontal(
        pl.col(f"{name}_low").is_not_null() & pl.col(f"{name}_low_other").is_null() for name in _COMPARED
    )
    what = f"shown here and hidden in the {hiding.name} edition"
    for row in both.filter(more).iter_rows(named=True):
        yield _finding(shown, row, what)


def _of_a_school(school: Edition, common: Sequence[Held]) -> list[Finding]:
    """Rows of other places that a school's edition shows although the board's hides them."""
    board = [(edition, rows) for edition, rows in common if edition.audience == "board"]
    if not board:
        return []
    edition, rows = next((one for one in board if one[0].released == school.released), board[-1])
    hidden = rows.filter(pl.col("status") == HIDDEN, pl.col("place_code") != school.place)
    keys = [name for name in FIGURE if name in school.rows.columns]
    other = as_intervals(school.rows.join(hidden.select(keys).unique(), on=keys, how="semi"))
    return list(_shown_where_hidden(school, other, edition, hidden))


def _nearly_the_same(first: Held, second: Held, people: pl.DataFrame | None) -> Iterator[Finding]:
    """Figures of one period that were released twice and differ by 1 to T - 1 people."""
    (one, rows), (other, others) = first, second
    if one.released == other.released:
        return
    exact = (pl.col("comparator") == "") & ~rounded_to_fives()
    ends = [f"{name}_{end}" for name in ("base_subjects", "numerator") for end in ("low", "high")]
    both = rows.filter(exact).join(others.filter(exact).select(*FIGURE, *ends), on=FIGURE, suffix="_other")
    threshold = max(one.threshold, other.threshold)
    counts = [name for name in both["measure"].unique() if card(name).kind in ("share", "events")]
    numerators = pl.col("measure").is_in(counts)
    more = _few(_apart("base_subjects"), threshold) | (numerators & _few(_apart("numerator"), threshold))
    found = both.filter(more)
    if people is not None:
        found = pl.concat([found, _by_few_people(both, people, (one, other), threshold)]).unique(FIGURE)
    for row in found.sort(FIGURE).iter_rows(named=True):
        yield _finding(one, row, f"differs by 1 to {threshold - 1} people from the {other.name} edition")


def _apart(name: str) -> pl.Expr:
    exact = (pl.col(f"{name}_low") == pl.col(f"{name}_high")) & (
        pl.col(f"{name}_low_other") == pl.col(f"{name}_high_other")
    )
    return pl.when(exact).then((pl.col(f"{name}_low") - pl.col(f"{name}_low_other")).abs())


def _few(count: pl.Expr, threshold: int) -> pl.Expr:
    return count.is_between(1, threshold - 1).fill_null(False)


def _by_few_people(
    both: pl.DataFrame, people: pl.DataFrame, editions: tuple[Edition, Edition], threshold: int
) -> pl.DataFrame:
    """Numerators in sight in both releases that differ, with 1 to T - 1 more or fewer people behind them."""
    behind = [people.filter(released=one.released).select(*FIGURE, pl.col("with_subjects").alias(f"with_{place}"))
              for place, one in enumerate(editions)]  # fmt: skip
    joined = both.join(behind[0], on=FIGURE).join(behind[1], on=FIGURE)
    apart = (pl.col("with_0") - pl.col("with_1")).abs()
    return joined.filter(_few(apart, threshold), _apart("numerator") > 0).select(both.columns)


def _finding(edition: Edition, row: dict[str, object], what: str) -> Finding:
    cell = {name: str(row[name]) for name in CELL}
    return Finding(
        edition.place or OUTSIDER, edition.audience, edition.name, str(row["measure"]), cell["time_period"],
        cell["time_identifier"], cell["place_code"], group_words(cell), cell["item"], what, 0.0, 0.0, 0.0,
    )  # fmt: skip
