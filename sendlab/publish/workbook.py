"""The workbook: every published figure as XLSX, one table a sheet, by the Analysis Function's spreadsheet rules."""

import gc
import math
import re
import warnings
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.disclosure.published import Published, require_published
from sendlab.errors import SendlabError
from sendlab.metrics.cards import card, cards
from sendlab.metrics.own_cards import TOPIC
from sendlab.metrics.publication import published_measures
from sendlab.publish.files import write_aside
from sendlab.publish.page import MARKING
from sendlab.publish.sheet import plain, sheet_frame
from sendlab.schema.labels import day_name

# topic of the cards -> name of the sheet
SHEETS = {
    "attendance": "Absence",
    "exclusions": "Exclusions",
    "progress": "Progress",
    "interventions": "Interventions",
    "plans": "Plans and meetings",
    "ehc": "EHC plans",
    "voice": "Surveys",
    "resources": "Resources",
    "inspections": "Inspections",
    "self_evaluation": "Self-evaluation",
}
SHORTHAND = (
    "[c] confidential: hidden to protect pupils",
    "[z] not applicable",
    "[x] not available",
    "[u] unreliable: read with care",
)
_FROZEN_COLUMNS = 1
_COVER_WIDTH, _NOTE_WIDTH, _LINE_HEIGHT = 110, 48, 16
_NOTES_HEADING = 2  # row of the notes' headings, below title and instructions


def sheets() -> dict[str, str]:
    """{topic: name of its sheet}: the package's, and those that a workspace's own published measures add.

    >>> list(sheets()) == list(SHEETS)
    True
    """
    mine = [card(name).topic for name in published_measures() if card(name).own]
    return SHEETS | {topic: own_sheet(topic) for topic in mine if topic not in SHEETS}


def own_sheet(topic: str) -> str:
    """The name of the sheet of a workspace's own topic.

    >>> own_sheet("own"), own_sheet("breakfast_club")
    ('Own measures', 'Breakfast club')
    """
    return "Own measures" if topic == TOPIC else topic.replace("_", " ").capitalize()


def write_workbook(published: Published, path: Path, *, la_name: str) -> Path:
    """Write all published rows, of the LA, its schools and published benchmarks; returns the path written.

    Hidden and missing numbers are shorthand in brackets, never blank and never 0. Text that looks like a formula is
    made neutral. Anything but published figures is refused with `GateError`, no figures at all with `SendlabError`.
    """
    require_published(published)
    frames = {sheet: rows for topic, sheet in sheets().items() if (rows := _of_topic(published.rows, topic)).height}
    if not frames:
        raise SendlabError("there are no published figures for a workbook", next_step="run 'sendlab build'")
    return write_aside(path, lambda aside: _write(published, aside, frames, la_name))


def _of_topic(rows: pl.DataFrame, topic: str) -> pl.DataFrame:
    """The rows of a topic, in the order of the cards, latest period first, the LA before its schools."""
    order = {name: number for number, (name, card) in enumerate(cards().items()) if card.topic == topic}
    levels = {"Local authority": 0, "School": 1, "National": 2}
    return rows.filter(pl.col("measure").is_in(list(order))).sort(
        pl.col("measure").replace_strict(order, return_dtype=pl.Int64, default=None),
        pl.col("time_period").cast(pl.Int64) * -1,
        pl.col("geographic_level").replace_strict(levels, return_dtype=pl.Int64, default=9),
        "place_name", "place_code", "comparator",
        maintain_order=True,
    )  # fmt: skip


def _write(published: Published, path: Path, frames: dict[str, pl.DataFrame], la_name: str) -> None:
    from pandas.errors import Pandas4Warning

    with warnings.catch_warnings():
        # gptables 2.0 leaves a file of its own open when imported, and uses what pandas 4 will drop (we are on 3).
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.simplefilter("ignore", Pandas4Warning)
        import gptables

        _book(gptables, published, path, frames, la_name).close()
    gc.collect()  # a workbook is a circle: a large one keeps a gigabyte while the file is looked through


def _book(gpt: Any, published: Published, path: Path, frames: dict[str, pl.DataFrame], la_name: str) -> Any:
    title = f"SEND figures: {la_name}"
    notes = _notes(frames)
    sheets = {name: _table(gpt, name, rows, la_name) for name, rows in frames.items()}
    book = gpt.produce_workbook(
        path,
        sheets,
        cover=_cover(gpt, published, title, frames),
        notes_table=notes,
        # No text becomes a formula, a link or a number: a school's name may begin with = + - or @.
        workbook_options={"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    for name, table in sheets.items():
        _lay_out(book.get_worksheet_by_name(name), heading=table.data_range[0])
    _widen_notes(book.get_worksheet_by_name("Notes"), notes)
    book.set_properties(
        {"title": title, "subject": "Pupils with SEND: published figures", "comments": published.settings}
    )
    return book


def _lay_out(sheet: Any, *, heading: int) -> None:
    """Frozen headings on the screen; on paper landscape, one page wide, headings on each page."""
    sheet.freeze_panes(heading + 1, _FROZEN_COLUMNS)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(heading)


def _widen_notes(sheet: Any, notes: Any) -> None:
    """Room for the whole of each note: gptables wraps text but leaves rows one line high."""
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, len(notes.columns) - 1, _NOTE_WIDTH)
    for number, row in enumerate(notes.itertuples(index=False), start=_NOTES_HEADING + 1):
        lines = max(math.ceil(len(text) * 1.1 / _NOTE_WIDTH) for text in row[1:])
        sheet.set_row(number, _LINE_HEIGHT * lines)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _cover(gpt: Any, published: Published, title: str, frames: dict[str, pl.DataFrame]) -> Any:
    last = max((day for rows in frames.values() if (day := rows["data_to"].max()) is not None), default=None)
    data_to = f"Data to {day_name(last)}. " if isinstance(last, date) else ""
    return gpt.Cover(
        title=title,
        intro=[
            f"{MARKING}. Figures of the authority and its schools on pupils with SEND, one table a sheet.",
            f"{data_to}Run {published.run_id}.",
        ],
        about=[
            # a sentence a row: the cover's rows are one line high
            *published.settings.replace(". ", ".\n").splitlines(),
            "A gap is the group minus what it is compared with.",
            *SHORTHAND,
        ],
        width=_COVER_WIDTH,
    )


def _table(gpt: Any, name: str, rows: pl.DataFrame, la_name: str) -> Any:
    references = "".join(f"$${measure}$$" for measure in _measures(rows))
    return gpt.GPTable(
        table=sheet_frame(rows),
        table_name=re.sub(r"\W", "_", name).lower(),
        title=f"{name}: {plain(la_name)} and its schools {references}",
        instructions=(
            "This worksheet contains one table. The notes named after the title are on the notes worksheet. "
            "Limits are those of the 95% interval."
        ),
        legend=list(SHORTHAND),
        index_columns={2: 0},
    )


def _measures(rows: pl.DataFrame) -> list[str]:
    """The measures that stand in these rows, in the order of the cards."""
    present = set(rows["measure"])
    return [name for name in cards() if name in present]


def _notes(frames: dict[str, pl.DataFrame]) -> Any:
    """One note a measure: what it counts, out of what, and its source."""
    import pandas as pd

    about = [cards()[name] for rows in frames.values() for name in _measures(rows)]
    lines = [(c.measure, c.title, c.numerator, c.denominator, c.source) for c in about]
    return pd.DataFrame(
        [(measure, *map(plain, texts)) for measure, *texts in lines],
        columns=["reference", "Measure", "Numerator", "Denominator", "Source"],
    )
