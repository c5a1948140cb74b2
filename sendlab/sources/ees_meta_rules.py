"""Rules of the EES open data standard on a meta file, by itself and against the columns of the data."""

import re

import polars as pl

from sendlab.sources.ees_pair import Check, Found, Hit, Pair, standard, standard_columns, where

# --- the meta file by itself: rule -> column, condition

NAME, TYPE, LABEL, GROUP = (pl.col(c) for c in ("col_name", "col_type", "label", "filter_grouping_column"))
DP, UNIT = pl.col("indicator_dp"), pl.col("indicator_unit")
IS_FILTER, IS_INDICATOR = TYPE == "Filter", TYPE == "Indicator"
FILTER_WORD = rf"(?i)(^|_)({'|'.join(standard()['filter_words'])})(_|$)"


def _again(column: pl.Expr) -> pl.Expr:
    return column.is_not_null() & ~column.is_first_distinct()


META_CELLS: dict[str, tuple[str, pl.Expr]] = {
    "meta_name_blank": ("col_name", NAME.is_null()),
    "meta_name_repeated": ("col_name", _again(NAME)),
    "meta_place_like": (
        "col_name",
        IS_FILTER & NAME.str.contains(standard()["place_like"]) & ~NAME.is_in(list(standard_columns())),
    ),
    "meta_type": ("col_type", ~TYPE.is_in(["Filter", "Indicator"]).fill_null(False)),
    "meta_label_blank": ("label", LABEL.is_null()),
    "meta_label_repeated": ("label", _again(LABEL)),
    "meta_unit": ("indicator_unit", IS_INDICATOR & ~UNIT.is_in(standard()["units"])),
    "meta_dp": ("indicator_dp", IS_INDICATOR & ~DP.str.contains(r"^\d+(\.0+)?$")),
    "meta_dp_blank": ("indicator_dp", IS_INDICATOR & DP.is_null()),
    "meta_group_repeated": ("filter_grouping_column", _again(GROUP)),
    "meta_old_name": ("col_name", NAME.is_in(["characteristic", "characteristic_group"])),
    "meta_indicator_holds_filter": ("col_name", IS_INDICATOR & NAME.str.contains(FILTER_WORD)),
}


def _cells(column: str, broken: pl.Expr) -> Check:
    return lambda pair: where(pair.meta_rows, column, broken)


def _meta_columns_missing(pair: Pair) -> Found:
    assert pair.meta is not None
    return (Hit(c) for c in standard()["meta_mandatory"] if c not in pair.meta.columns)


def _meta_columns_unknown(pair: Pair) -> Found:
    assert pair.meta is not None
    known = {*standard()["meta_mandatory"], *standard()["meta_optional"]}
    return (Hit(c) for c in pair.meta.columns if c not in known)


def _meta_null_text(pair: Pair) -> Found:
    assert pair.meta is not None
    for column in pair.meta.columns:
        yield from where(pair.meta.rows, column, pl.col(column).is_in(standard()["null_words"]))


def _for_others(columns: tuple[str, ...], is_other: pl.Expr) -> Check:
    def check(pair: Pair) -> Found:
        for column in columns:
            yield from where(pair.meta_rows, column, is_other & pl.col(column).is_not_null())

    return check


# --- the meta file against the data


def _not_in_data(column: str) -> Check:
    def check(pair: Pair) -> Found:
        return where(pair.meta_rows, column, ~pl.col(column).is_in(pair.data.columns))

    return check


def _standard_in_meta(pair: Pair) -> Found:
    wrong = [c for c in standard_columns() if c != pair.school_filter]
    for column in ("col_name", "filter_grouping_column"):
        yield from where(pair.meta_rows, column, pl.col(column).is_in(wrong))


def _group_itself(pair: Pair) -> Found:
    return where(pair.meta_rows, "filter_grouping_column", (GROUP == NAME) | GROUP.is_in(pair.indicators))


def _group_also_filter(pair: Pair) -> Found:
    groups = pair.meta_rows.filter(IS_FILTER & (GROUP != NAME))["filter_grouping_column"].to_list()
    return where(pair.meta_rows, "col_name", IS_FILTER & NAME.is_in(groups))


def _parent_filter(pair: Pair) -> Found:
    parent = pl.col("parent_filter")
    known = pair.meta_rows["col_name"].drop_nulls().to_list()
    return where(pair.meta_rows, "parent_filter", ~parent.is_in(known) | (parent == NAME))


def _no_indicator(pair: Pair) -> Found:
    if pair.meta_rows.filter(IS_INDICATOR).is_empty():
        yield Hit("col_type")


def _left_out(pair: Pair) -> list[str]:
    """Columns that are neither standard nor in the meta file."""
    named = {*pair.meta_rows["col_name"], *pair.meta_rows["filter_grouping_column"], *standard_columns()}
    return [c for c in pair.data.columns if c not in named]


def _several_values(pair: Pair, *, place_like: bool) -> Found:
    several = (c for c in _left_out(pair) if pair.data.rows[c].n_unique() > 1)
    return (Hit(c) for c in several if _place_like(c) == place_like)


def _one_value(pair: Pair) -> Found:
    return (Hit(c) for c in _left_out(pair) if pair.data.rows[c].n_unique() == 1)


def _place_like(name: str) -> bool:
    return re.search(standard()["place_like"], name) is not None


META_CHECKS: dict[str, Check] = {
    **{rule: _cells(*place) for rule, place in META_CELLS.items()},
    "meta_column_missing": _meta_columns_missing,
    "meta_column_unknown": _meta_columns_unknown,
    "meta_null_text": _meta_null_text,
    "meta_for_filters_only": _for_others(("filter_hint", "filter_grouping_column", "filter_default"), IS_INDICATOR),
    "meta_for_indicators_only": _for_others(("indicator_grouping", "indicator_unit", "indicator_dp"), IS_FILTER),
    "meta_name_not_in_data": _not_in_data("col_name"),
    "meta_group_not_in_data": _not_in_data("filter_grouping_column"),
    "meta_standard_column": _standard_in_meta,
    "meta_group_itself": _group_itself,
    "meta_group_also_filter": _group_also_filter,
    "meta_parent_filter": _parent_filter,
    "no_indicator": _no_indicator,
    "column_not_in_meta": lambda pair: _several_values(pair, place_like=False),
    "place_column_not_standard": lambda pair: _several_values(pair, place_like=True),
    "column_one_value": _one_value,
}
