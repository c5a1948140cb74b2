"""Measure rows of one topic as a pair of open data: a column an indicator, symbols for what is missing, and its meta.

Source: Explore Education Statistics, open data standards (DfE analysts' guide); the words are in open_data.toml.
"""

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from sendlab.codes import labels
from sendlab.metrics.cards import Card, card, cards
from sendlab.publish.cells import neutral
from sendlab.publish.open_data_places import SCHOOL
from sendlab.schema.groups import FULL_YEAR, PHASES, TOTAL
from sendlab.schema.measures import GROUPS

YEAR_PART = "year_part"  # a filter, for parts of a year that the standard has no identifier of
META_COLUMNS = (
    "col_name", "col_type", "label", "indicator_grouping", "indicator_unit", "indicator_dp", "filter_hint",
    "filter_grouping_column", "filter_default",
)  # fmt: skip
_TIME = ["time_period", "time_identifier"]
_PLACE = ["geographic_level", "place_code", "place_name"]
_FILTERS = ("education_phase", *GROUPS, YEAR_PART, "comparator")
_SYMBOLS = ("c", "z", "x", "u", "low")
_NO_TEXT = {"note": "z", "comparator_period": "x"}
_UNRELIABLE = "[u] "  # before the note of a figure that is shown and unreliable


@cache
def words() -> dict[str, Any]:
    """open_data.toml: filters, values, and the indicators of figures and of gaps."""
    return tomllib.loads((files(__package__) / "open_data.toml").read_text(encoding="utf-8"))


def pair_of(rows: pl.DataFrame, places: pl.DataFrame, kind: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(data, meta) of measure rows of one topic, level and kind of period, every cell as text.

    `kind` is "figures" or "gaps". `places` has the columns of place of the standard, and `geographic_level`,
    `place_code` and `place_name` to find them by. What is hidden is `c` and never left out; a combination of filters
    that a measure is not published for is `x`.
    """
    filters = _filters_in(rows)
    keys = [*_TIME, *_PLACE, *filters]
    named = rows.with_columns(_filter_values(rows))
    data = named.select(keys).unique()
    meta = [_filter_line(name, data[name]) for name in filters if data[name].n_unique() > 1]
    for measure in (name for name in cards() if name in set(rows["measure"])):
        cells, lines = _indicators(named.filter(pl.col("measure") == measure), card(measure), kind, keys)
        data = data.join(cells, on=keys, how="left", nulls_equal=True)
        meta += lines
    data = data.with_columns(pl.exclude(keys).fill_null("x")).sort(_in_order(keys))
    return _with_places(data, places, filters), pl.DataFrame(meta, schema=dict.fromkeys(META_COLUMNS, pl.String))


def _indicators(
    rows: pl.DataFrame, about: Card, kind: str, keys: Sequence[str]
) -> tuple[pl.DataFrame, list[dict[str, str | None]]]:
    """The columns of one measure beside those that say which row it is, and their lines of the meta file."""
    told = {column: line for column, line in words()[kind].items() if column == "value" or _is_told(rows, column)}
    cells = [_cell(rows, column).alias(about.measure + line["ending"]) for column, line in told.items()]
    return rows.select(*keys, *cells), [_indicator_line(about, rows, column, line) for column, line in told.items()]


def _with_places(data: pl.DataFrame, places: pl.DataFrame, filters: Sequence[str]) -> pl.DataFrame:
    """The rows with the columns of place of the standard: those of schools in a file of schools only."""
    unused = () if "School" in set(data["geographic_level"]) else SCHOOL
    own = [name for name in places.columns if name not in (*_PLACE, *unused)]
    indicators = [name for name in data.columns if name not in (*_TIME, *_PLACE, *filters)]
    joined = data.join(places, on=_PLACE, how="left", maintain_order="left")
    return joined.select([*_TIME, "geographic_level", *own, *filters, *indicators])


def _filters_in(rows: pl.DataFrame) -> list[str]:
    """Columns that break these rows down: not those that are at their total everywhere."""
    untold = {"comparator": "", YEAR_PART: FULL_YEAR}
    return [
        name for name in _FILTERS if name in rows.columns and not (rows[name] == untold.get(name, TOTAL)).all()
    ]  # fmt: skip


def _filter_values(rows: pl.DataFrame) -> list[pl.Expr]:
    """Groups under the Department's names, codes with their words, nothing that a spreadsheet takes for a formula."""
    known: dict[str, Mapping[str, str]] = {
        **words()["values"],
        "sen_primary_need": labels("sen_need_type"),
        "item": {code: f"{code} {text}" for code, text in labels("sef_statement").items()},
    }
    named = [pl.col(name).replace(known[name]) for name in _filters_in(rows) if name in known]
    return [each.map_elements(neutral, return_dtype=pl.String) for each in (*named, pl.col("note"))]


def _filter_line(name: str, values: pl.Series) -> dict[str, str | None]:
    told = words()["filters"][name]
    has_total = values.str.contains("(?i)^(total|all)\\b").any()
    default = None if has_total else _first(name, values)
    return {"col_name": name, "col_type": "Filter", "label": told["label"], "filter_hint": told["hint"],
            "filter_default": default}  # fmt: skip


def _first(name: str, values: pl.Series) -> str:
    """The value that stands in for a total where there is none: the first phase, else the first by name."""
    found = set(values)
    return next((phase for phase in PHASES if phase in found), min(found)) if name == "education_phase" else min(found)


def _indicator_line(about: Card, rows: pl.DataFrame, column: str, line: Mapping[str, str]) -> dict[str, str | None]:
    unit = {"figure": about.unit, "gap": rows["unit"][0], "count": "", "text": "text"}[line["unit"]]
    return {
        "col_name": about.measure + line["ending"], "col_type": "Indicator",
        "label": ", ".join(filter(None, (about.title, line["label"]))) + _said(about, line, unit),
        "indicator_grouping": about.title, "indicator_unit": _unit(unit),
        "indicator_dp": str(_places(rows, column, about, line["unit"])),
    }  # fmt: skip


def _said(about: Card, line: Mapping[str, str], unit: str) -> str:
    """What follows in a label: the words of the card, or the unit."""
    if "of" in line:
        return f": {getattr(about, line['of'])}"
    return f" ({unit})" if line["unit"] != "text" else ""


def _unit(unit: str) -> str:
    """A unit as the standard writes it: blank for a plain number.

    >>> _unit("% of pupils"), _unit("percentage points"), _unit("per 100 pupils"), _unit("text")
    ('%', 'pp', '', 'numberstring')
    """
    if unit[:1] in ("%", "£"):
        return unit[:1]
    return {"percentage points": "pp", "text": "numberstring"}.get(unit, "")


def _places(rows: pl.DataFrame, column: str, about: Card, unit: str) -> int:
    """Decimal places: those of the card; of a count those that it has; of a text none."""
    if unit != "count":
        return 0 if unit == "text" else about.decimals
    return max((len(number_text(value).partition(".")[2]) for value in rows[column].drop_nulls().unique()), default=0)


def _is_told(rows: pl.DataFrame, column: str) -> bool:
    """Whether a column says anything in these rows: something shown, or hidden."""
    if rows.schema[column] == pl.String:
        return bool((rows[column] != "").any())
    return bool(rows[column].is_not_null().any() or (column != "eligible_subjects" and (rows["status"] == "c").any()))


def _cell(rows: pl.DataFrame, column: str) -> pl.Expr:
    """The cells of a column as text: numbers as they are, a symbol where there is none."""
    if column in _NO_TEXT:
        unreliable = (pl.col("status") == "u") & pl.col("value").is_not_null() & (pl.col(column) != "")
        mark = pl.when(unreliable).then(pl.lit(_UNRELIABLE)).otherwise(pl.lit("")) if column == "note" else pl.lit("")
        return pl.when(pl.col(column) == "").then(pl.lit(_NO_TEXT[column])).otherwise(mark + pl.col(column))
    number = pl.Series(column, [None if v is None else number_text(v) for v in rows[column]], dtype=pl.String)
    return pl.when(pl.lit(number).is_not_null()).then(pl.lit(number)).otherwise(_symbol(column))


def _symbol(column: str) -> pl.Expr:
    """Why there is no number: the row's own symbol, else not applicable or not available."""
    not_counted = pl.col("unit").str.starts_with("rating") if column in ("base_subjects", "lower", "upper") else None
    otherwise = pl.lit("z" if column == "eligible_subjects" else "x")
    if not_counted is not None:
        otherwise = pl.when(not_counted).then(pl.lit("z")).otherwise(otherwise)
    return pl.when(pl.col("status").is_in(_SYMBOLS)).then(pl.col("status")).otherwise(otherwise)


def number_text(value: float) -> str:
    """A number as the shortest text that gives it back, without exponent and sign of nought.

    >>> number_text(12.0), number_text(-0.0), number_text(0.00001), number_text(1e16)
    ('12', '0', '0.00001', '10000000000000000')
    """
    text = f"{Decimal(repr(value + 0.0)):f}"
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _in_order(keys: Sequence[str]) -> list[str]:
    """Time first, places by name, then filters: never by a figure."""
    return [name for name in keys if name != "place_code"] + ["place_code"]


def figure_columns(names: Sequence[str]) -> list[tuple[str, str, str, bool]]:
    """(column, measure, column of its base, whether it is a gap) of the figures and limits among these columns.

    >>> figure_columns(["absence", "absence_base", "sef_gap"])
    [('absence', 'absence', 'absence_base', False), ('sef_gap', 'sef_gap', 'sef_gap_base', False)]
    >>> figure_columns(["absence_gap_lower", "absence_compared", "sex"])
    [('absence_gap_lower', 'absence', 'absence_base', True)]
    """
    shown = ("value", "lower", "upper")
    parts = [(kind, words()[kind][part]["ending"]) for kind in ("figures", "gaps") for part in shown]
    base = words()["figures"]["base_subjects"]["ending"]
    found = []
    for name in names:
        for kind, ending in parts:
            measure = name.removesuffix(ending)
            if name.endswith(ending) and measure in cards():
                found.append((name, measure, measure + base, kind == "gaps"))
    return found
