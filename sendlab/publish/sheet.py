"""Measure rows as the cells of a sheet: headings in words, numbers as they are, shorthand where there is none."""

from typing import Any

import polars as pl

from sendlab.codes import labels
from sendlab.metrics.cards import COUNTED, SEVERAL, cards, counted_in
from sendlab.publish.cells import neutral
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import period_name

# column of measure rows -> heading; the order is the order of the sheet; that of the base goes by what is counted
HEADINGS = {
    "measure": "Measure",
    "unit": "Unit",
    "time_period": "Period",
    "time_identifier": "Part of year",
    "geographic_level": "Level",
    "place_code": "Code",
    "place_name": "Place",
    "education_phase": "Phase",
    "sen_provision": "SEN provision",
    "need_area": "Area of need",
    "item": "Item",
    "comparator": "Compared with",
    "base_subjects": "Pupils",  # or who else is counted in the sheet
    "numerator": "Numerator",
    "denominator": "Denominator",
    "value": "Value",
    "lower": "Lower limit",
    "upper": "Upper limit",
    "comparator_value": "Value compared with",
    "comparator_period": "Period compared with",
    "data_to": "Data to",
    "note": "Note",
}
NUMBERS = (
    "base_subjects", "numerator", "denominator", "value", "lower", "upper", "comparator_value",
)  # fmt: skip
BASES = (*(word.capitalize() for word in COUNTED.values()), SEVERAL)  # what a base may be called
FIGURE = "Figure, no comparison"
_BROKEN_DOWN = ("sen_provision", "need_area", "item", "education_phase")  # left out of a sheet where nothing varies


def sheet_frame(rows: pl.DataFrame) -> Any:
    """Measure rows as a pandas frame for a sheet: headings in words, numbers as they are, shorthand for the rest.

    Columns in which nothing is broken down are left out, and so is the note where no row has one.
    """
    import pandas as pd

    titles = {name: card.title for name, card in cards().items()}
    statements = {code: f"{code} {words}" for code, words in labels("sef_statement").items()}
    frame = rows.with_columns(
        pl.col("measure").replace_strict(titles),
        pl.col("time_period").map_elements(period_name, return_dtype=pl.String),
        pl.when(pl.col("comparator") == "").then(pl.lit(FIGURE)).otherwise(pl.col("comparator")).alias("comparator"),
        pl.col("comparator_period").replace("", None).map_elements(period_name, return_dtype=pl.String),
        pl.col("data_to").dt.to_string("%Y-%m-%d"),
        pl.col("note").replace("", None),
        pl.when(pl.col("measure").str.starts_with("sef_"))
        .then(pl.col("item").replace(statements))
        .otherwise(pl.col("item"))
        .alias("item"),
    )
    unused = [name for name in _BROKEN_DOWN if (rows[name] == TOTAL).all()] + ["note"] * frame["note"].is_null().all()
    kept = [name for name in HEADINGS if name not in unused]
    records = [[_cell(row, name) for name in kept] for row in frame.iter_rows(named=True)]
    headings = HEADINGS | {"base_subjects": counted_in(rows["measure"].unique())}
    return pd.DataFrame(records, columns=[headings[name] for name in kept], dtype=object)


def _cell(row: dict[str, Any], name: str) -> str | int | float:
    value = row[name]
    if value is None or value == "":
        return _shorthand(row, name)
    return value if name in NUMBERS else neutral(plain(str(value)))


def _shorthand(row: dict[str, Any], name: str) -> str:
    """Why a cell has no content: the row's own symbol, else not applicable or not available."""
    of_comparison = name.startswith("comparator_")
    if of_comparison and row["comparator"] == FIGURE:
        return "[z]"
    if name in NUMBERS and row["status"] in ("c", "z", "x", "u", "low"):
        return f"[{row['status']}]"
    of_counts = name in ("numerator", "denominator") and row["comparator"] != FIGURE
    of_pupils = name in ("base_subjects", "lower", "upper") and row["unit"].startswith("rating")
    inapplicable = name == "note" or of_counts or of_pupils
    return "[z]" if inapplicable else "[x]"


def plain(text: str) -> str:
    """Text in which gptables sees neither a link nor a reference to a note."""
    return text.replace("](", "] (").replace("$$", "$ $")
