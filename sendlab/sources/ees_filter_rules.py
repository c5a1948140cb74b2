"""Rules of the EES open data standard on the filters and indicators that a meta file names, as the data hold them."""

from collections.abc import Callable

import polars as pl

from sendlab.sources.ees_pair import Check, Found, Hit, Pair, standard, where

DATE = r"^\d{4}-\d{2}-\d{2}$"
DATE_TURNED = r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{4}$"
NUMBER_LIKE = r"^[^A-Za-z]*\d[^A-Za-z]*$"  # digits and no letters: a number in another dress


def _filter_cells(broken: Callable[[pl.Expr], pl.Expr]) -> Check:
    def check(pair: Pair) -> Found:
        for column in dict.fromkeys([*pair.filters, *pair.groups.values()]):
            yield from where(pair.data.rows, column, broken(pl.col(column)))

    return check


def _one_level(pair: Pair) -> Found:
    several_rows = pair.data.rows.height > 1  # a file of one row cannot show a filter's values
    return (Hit(c) for c in pair.filters if several_rows and pair.values(c).len() == 1)


def _lacks_total(pair: Pair, column: str) -> bool:
    values = pair.values(column)
    told = column in standard()["without_total"] or values.str.contains(DATE).all()
    return values.len() > 1 and not told and not values.str.contains(standard()["total"]).any()


def _defaults(pair: Pair) -> dict[str, str]:
    rows = pair.meta_rows.filter(pl.col("col_name").is_in(pair.filters)).drop_nulls("filter_default")
    return dict(zip(rows["col_name"], rows["filter_default"], strict=True))


def _no_total(pair: Pair) -> Found:
    several = (c for c in pair.filters if pair.data.rows[c].n_unique() > 1)  # one value alone is its own total
    return (Hit(c) for c in several if c not in _defaults(pair) and _lacks_total(pair, c))


def _group_no_total(pair: Pair) -> Found:
    others = dict.fromkeys(c for c in pair.groups.values() if c not in pair.filters)
    return (Hit(c) for c in others if _lacks_total(pair, c))


def _default_absent(pair: Pair) -> Found:
    return (Hit(c) for c, value in _defaults(pair).items() if value not in pair.values(c))


def _group_levels(pair: Pair) -> Found:
    return (Hit(g) for f, g in pair.groups.items() if pair.values(g).len() > pair.values(f).len())


def _group_alike(pair: Pair) -> Found:
    for group in dict.fromkeys(pair.groups.values()):
        values = pair.values(group)
        if values.str.replace_all(r"[^\p{L}\p{N}]", "").n_unique() < values.len():
            yield Hit(group)


def _of_kind(kind: str) -> Check:
    def check(pair: Pair) -> Found:
        for column in pair.indicators:
            yield from where(pair.kinds, column, pl.col(column) == kind)

    return check


def _texts(pair: Pair, *, wrong_number: bool) -> Found:
    """Cells that are no number: an error beside numbers, or where they look like one; else the column is text."""
    free = pair.meta_rows.filter(pl.col("indicator_unit") == "numberstring")["col_name"].to_list()
    for column in (c for c in pair.indicators if c not in free):
        other = pair.kinds[column] == "other"
        if not other.any():
            continue
        rows, numbers = pair.data.rows, pair.kinds[column].is_in(["number", "indicator_exponent"]).any()
        dated = pl.col(column).str.contains(f"{DATE}|{DATE_TURNED}")
        number_like = pl.lit(numbers) | (pl.col(column).str.contains(NUMBER_LIKE) & ~dated)
        if wrong_number:
            yield from where(rows, column, pl.lit(other) & number_like)
        elif not rows.filter(pl.lit(other) & ~number_like).is_empty():
            yield Hit(column)


FILTER_CHECKS: dict[str, Check] = {
    "filter_blank": _filter_cells(lambda cell: cell.is_null()),
    "filter_date_form": _filter_cells(lambda cell: cell.str.contains(DATE_TURNED)),
    "filter_symbol": _filter_cells(lambda cell: cell.str.to_lowercase().is_in(standard()["symbols_foreign"])),
    "filter_one_level": _one_level,
    "filter_no_total": _no_total,
    "filter_default_absent": _default_absent,
    "filter_group_no_total": _group_no_total,
    "filter_group_levels": _group_levels,
    "filter_group_alike": _group_alike,
    "indicator_not_number": lambda pair: _texts(pair, wrong_number=True),
    "indicator_text": lambda pair: _texts(pair, wrong_number=False),
    **{
        kind: _of_kind(kind)
        for kind in ("indicator_blank", "indicator_exponent", "symbol_obsolete", "symbol_not_standard", "symbol_case")
    },
}
