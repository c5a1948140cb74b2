"""Tools to plant a fault: what the truth holds, and edits of one row of a page, a chart or the workbook."""

import base64
import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import polars as pl

from sendlab.metrics.cards import card
from sendlab.narrate import format_value
from sendlab.schema.groups import NEED_AREAS, SEN_PROVISION, TOTAL
from sendlab.schema.labels import period_name
from sendlab.schema.measures import MEASURE_KEY

Row = dict[str, Any]
# measure -> the topic whose notebook shows its table by SEN provision, and its chart
BY_PROVISION = {
    "severe_absence": "attendance", "attendance_98": "attendance", "persistent_absence": "attendance",
    "suspended_once_or_more": "exclusions", "permanent_exclusion_rate": "exclusions", "ks2_rwm_expected": "progress",
}  # fmt: skip
DRAWN = (
    "attendance_98",
    "persistent_absence",
    "suspended_once_or_more",
    "permanent_exclusion_rate",
    "ks2_rwm_expected",
)
BY_NEED = {"absence": "attendance", "suspended_once_or_more": "exclusions"}
COLUMNS = ("Pupils (n)", "Numerator", "Denominator", "Figure", "95% interval")
HIDDEN, FIGURE = pl.col("status") == "c", pl.col("comparator") == ""


@dataclass(frozen=True)
class Material:
    """The true measure rows, the rows as published, the places that have reports, and the period of the reports."""

    truth: pl.DataFrame
    published: pl.DataFrame
    places: tuple[str, ...]
    period: str

    @cached_property
    def hidden(self) -> pl.DataFrame:
        """Hidden rows with their true numbers; `shown_base` is the base where that may be seen."""
        keys = list(MEASURE_KEY)
        hidden = self.published.filter(HIDDEN).select(*keys, shown_base="base_subjects")
        return self.truth.join(hidden, on=keys).sort(keys)

    def one(self, *filters: pl.Expr, of: pl.DataFrame | None = None) -> Row:
        """The first row of those places and that period that the filters leave."""
        rows = (self.hidden if of is None else of).filter(
            pl.col("place_code").is_in(self.places), pl.col("time_period") == self.period, *filters
        )
        if rows.is_empty():
            raise AssertionError("the sample has no row for this fault")
        return rows.row(0, named=True)

    def small(self, *filters: pl.Expr, measures: tuple[str, ...] = tuple(BY_PROVISION)) -> Row:
        """A figure of a SEN provision group hidden beside its base for the few people behind it."""
        return self.one(
            FIGURE, pl.col("measure").is_in(measures), pl.col("sen_provision").is_in(SEN_PROVISION[:3]),
            pl.col("need_area") == TOTAL, pl.col("shown_base").is_not_null(), pl.col("with_subjects").is_between(1, 4),
            pl.col("value").is_not_null(), *filters,
        )  # fmt: skip

    def small_base(self) -> Row:
        """A figure of an area of need with a hidden base."""
        needs = pl.col("need_area").is_in(NEED_AREAS), pl.col("measure").is_in(list(BY_NEED))
        return self.one(FIGURE, *needs, pl.col("shown_base").is_null(), pl.col("base_subjects") > 0)


# --- files --------------------------------------------------------------------------------------------------------


def report(folder: Path, row: Row, ending: str = "html") -> Path:
    """The report that shows the table of a row."""
    topic = (BY_PROVISION if row["need_area"] == TOTAL else BY_NEED)[row["measure"]]
    return folder / row["time_period"] / "board" / row["place_code"] / f"{topic}.{ending}"


def edit(path: Path, old: str, new: str) -> None:
    """Replace the first occurrence of a text in a file; a text that is not there is a fault of the fault."""
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise AssertionError(f"{path.name} has no place for this fault")
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


def caption_of(row: Row) -> str:
    """The caption of the table of figures that shows a row."""
    by = "by SEN provision" if row["need_area"] == TOTAL else "by area of need"
    return f"{card(row['measure']).title}, {by}, {row['place_name']}, {period_name(row['time_period'])}"


def label_of(row: Row) -> str:
    """What a row is called in its table."""
    return str(row["sen_provision"] if row["need_area"] == TOTAL else row["need_area"])


def table_row(path: Path, row: Row) -> str:
    """The line of the table of a row's measure that shows it."""
    caption = escape(caption_of(row))
    label = escape(label_of(row))
    for table in re.findall(r"<table>.*?</table>", path.read_text(encoding="utf-8"), flags=re.DOTALL):
        lines = [line for line in table.splitlines() if f">{label}</th>" in line]
        if f"<caption>{caption}</caption>" in table and lines:
            return lines[0]
    raise AssertionError(f"{path.name} has no table for this fault")


def set_cell(path: Path, row: Row, column: str, text: str, attribute: str = "") -> None:
    """Put a text, or an attribute, into a cell of the table of a row."""
    line = table_row(path, row)
    cells = line.split("<td")
    place = COLUMNS.index(column) + 1
    tag, _, rest = cells[place].partition(">")
    inner = text if text else rest.partition("<")[0]
    cells[place] = f"{tag}{attribute}>{inner}<{rest.partition('<')[2]}"
    edit(path, line, "<td".join(cells))


def set_in_csv(path: Path, row: Row, column: str, text: str) -> None:
    """Put a text into the line of a page's CSV that stands for a cell of the table of a row."""
    found = re.search(r'data:text/csv;base64,([^"]*)', path.read_text(encoding="utf-8"))
    assert found is not None
    lines = list(csv.reader(io.StringIO(base64.b64decode(found.group(1)).decode("utf-8-sig"), newline="")))
    (line,) = [line for line in lines if line[:3] == [caption_of(row), label_of(row), column]]
    assert line[3] != text
    line[3] = text
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(lines)
    held = base64.b64encode(written.getvalue().encode("utf-8-sig")).decode("ascii")
    edit(path, found.group(), f"data:text/csv;base64,{held}")


def findings_of(path: Path) -> list[str]:
    """The lines of the list of what stands out, as they stand in a page."""
    head, _, rest = path.read_text(encoding="utf-8").partition('<h2 id="what-stands-out">')
    assert head and rest
    return re.findall(r"<li>.*?</li>", rest.partition("<ul>")[2].partition("</ul>")[0])


def chart_of(path: Path, row: Row, words: str = ", by SEN provision, ") -> str:
    """The SVG that draws a measure of a place, by SEN provision or all schools."""
    title = escape(card(row["measure"]).title)
    for svg in re.findall(r"<svg\b.*?</svg>", path.read_text(encoding="utf-8"), flags=re.DOTALL):
        label = svg.partition('aria-label="')[2].partition('"')[0]
        if f"{title}, {card(row['measure']).unit}" in label and words in label and " to 20" not in label:
            return svg
    raise AssertionError(f"{path.name} has no chart for this fault")


def place_of_text(svg: str, text: str) -> float:
    """How far down a text stands in a chart."""
    found = re.search(rf'translate\([-\d.]+,([\d.]+)\)"[^>]*>{re.escape(escape(text))}</text>', svg)
    if found is None:
        raise AssertionError("the chart has no such row")
    return float(found.group(1))


def workbook(folder: Path, period: str) -> Path:
    """The workbook of a period."""
    return folder / period / "board" / "figures.xlsx"


def rewrite(path: Path, changes: dict[str, Callable[[str], str]]) -> None:
    """Rewrite parts of a workbook; a part that is not there is made from nothing."""
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, change in changes.items():
        parts[name] = change(parts.get(name, b"").decode("utf-8")).encode("utf-8")
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


_SHEET_OF = {"attendance": ("Absence", 4), "exclusions": ("Exclusions", 5), "progress": ("Progress", 6)}


def set_in_workbook(path: Path, row: Row, numbers: dict[str, float]) -> None:
    """Put numbers into the cells of a row of the workbook; the headings of columns are {heading: number}."""
    sheet, number = _SHEET_OF[card(row["measure"]).topic]
    with ZipFile(path) as archive:
        strings = re.findall(r"<si>(.*?)</si>", archive.read("xl/sharedStrings.xml").decode("utf-8"), flags=re.DOTALL)
        part = archive.read(f"xl/worksheets/sheet{number}.xml").decode("utf-8")
    texts = [re.sub(r"<[^>]+>", "", text) for text in strings]
    lines = re.findall(r"<row .*?</row>", part)
    heads = next(line for line in lines if "Compared with" in _texts(line, texts))
    columns = {text: place for place, text in enumerate(_texts(heads, texts))}
    wanted = {
        "Measure": card(row["measure"]).title, "Period": period_name(row["time_period"]), "Code": row["place_code"],
        "SEN provision": row["sen_provision"], "Area of need": row["need_area"],
        "Compared with": row["comparator"] or "Figure, no comparison",
    }  # fmt: skip
    wanted = {name: escape(text, quote=False) for name, text in wanted.items()}
    line = next(
        line for line in lines if all((_texts(line, texts) + [""] * 30)[columns[n]] == t for n, t in wanted.items())
    )
    cells = re.findall(r"<c .*?</c>", line)
    changed = line
    for name, value in numbers.items():
        old = cells[columns[name]]
        at, style = re.search(r'r="(\w+)"', old), re.search(r's="\d+"', old)
        assert at is not None and style is not None
        changed = changed.replace(old, f'<c r="{at.group(1)}" {style.group()}><v>{value!r}</v></c>')
    assert changed != line, sheet
    rewrite(path, {f"xl/worksheets/sheet{number}.xml": lambda text: text.replace(line, changed, 1)})


def _texts(line: str, strings: list[str]) -> list[str]:
    cells = re.findall(r"<c ([^>]*)>(?:<v>(.*?)</v>)?</c>", line)
    return [strings[int(value)] if 't="s"' in about else value for about, value in cells]


def percent(row: Row) -> str:
    """A row's true figure as the reports would print it."""
    return format_value(row["value"], card(row["measure"]), base=row["base_subjects"], unit=False)
