"""The self-evaluation form: read all, rate all, then look for evidence; one form a rater and round."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.codes import Code, read_codes
from sendlab.forms.book import BANDS, Book, Sheet, new_book, rule_of
from sendlab.schema.tables import TABLES
from sendlab.sources.sef_layout import (
    ANCHORS,
    EVIDENCE,
    EVIDENCE_COLUMNS,
    FIELDS,
    RATING_COLUMNS,
    RATINGS,
    START,
)

PIECES = 90  # rows for evidence: two a statement
STEPS = (
    "Read all the statements first, on the sheet 'Ratings'.",
    "Rate each where you are now, 0 to 10: your own practice, your department or the whole setting, as chosen above. "
    "First impressions count. A statement that you cannot judge may stay blank; one that does not apply gets a 0.",
    "Then decide where you want to be, and whether in 6 or 12 months. The widest steps are the priorities.",
    "Only when all is rated, turn to the sheet 'Evidence': how do you know? Write one piece a row.",
    "Look at it again every three to four months, with a new form.",
)
SHORT = "0 does not apply; 1 not done; 3 patchy; 5 done well in places; 7 across the setting, with better outcomes; " \
        "8 to 10 to share"  # fmt: skip
HEADINGS = ("Code", "Statement", "Now", "Target", "Months", "Step")
_RATED = TABLES["self_evaluation"]
_TOP = 2  # row of the headings of the ratings, from 0


def write_self_evaluation_form(
    path: Path, *, school_id: str = "", school_name: str = "", round_on: date | None = None,
    unit: str = "setting", rater: str = "agreed", rater_number: int | None = None,
    ratings: pl.DataFrame | None = None, evidence: pl.DataFrame | None = None,
) -> Path:  # fmt: skip
    """The form as a workbook, blank or with what is known; ingest reads it back from the raw folder as it is.

    `ratings` and `evidence`: rows of the declared tables to stand in it. The rater is a role and a number, no name.
    """
    boxes = {"school_id": school_id or None, "rated_on": round_on, "unit": unit, "rater": rater,
             "rater_number": rater_number}  # fmt: skip
    name = school_name or "SEND self-evaluation"
    with new_book(path, title=f"SEND self-evaluation: {name}") as book:
        _start(book, name, boxes)
        _ratings(book, {} if ratings is None else {row["statement"]: row for row in ratings.to_dicts()})
        _evidence(book, [] if evidence is None else evidence.to_dicts())
    return path


def _start(book: Book, name: str, boxes: Mapping[str, Any]) -> None:
    sheet = book.sheet(START, (34, 30, 70))
    sheet.write(0, 0, f"SEND self-evaluation: {name}", "title")
    sheet.write(1, 0, "Fill in the yellow boxes. Roles and numbers only: no names of children or staff.", "bold")
    hints = {
        "school_id": "One form a school.",
        "rated_on": "The same day for everybody who rates in this round, and for what you then agree on.",
        "unit": "Your own practice, your department, or the whole setting.",
        "rater": "Your role; 'agreed' for the one form on which the raters have agreed.",
        "rater_number": "Which one of that role, where there are several: 1, 2, 3. Blank on an agreed form.",
    }
    for row, (words, column) in enumerate(FIELDS.items(), 3):
        sheet.write(row, 0, words, "bold")
        sheet.write(row, 1, boxes[column], "day" if column == "rated_on" else "box")
        sheet.write(row, 2, hints[column], "soft")
        if rule := rule_of(_RATED.column(column)):
            sheet.allow(row, row, 1, rule)
    row = 4 + len(FIELDS)
    for number, step in enumerate(STEPS, 1):
        row += 1
        sheet.write(row, 0, f"Step {number}", "bold")
        sheet.page.merge_range(row, 1, row, 2, step, book.formats["words"])
        sheet.page.set_row(row, 32)
    sheet.write(row + 2, 0, "What the ratings stand for", "bold")
    for at, (rating, words) in enumerate(ANCHORS, row + 3):
        sheet.write(at, 0, rating, "cell")
        sheet.page.merge_range(at, 1, at, 2, words, book.formats["cell"])
    last = row + 4 + len(ANCHORS)
    sheet.page.merge_range(last, 0, last, 2, "2, 4, 6 and 9 lie between. 7 to 10: evidence of impact. 4 to 6: being "
                           "improved. 1 to 3: not yet in place.", book.formats["soft"])  # fmt: skip
    sheet.keep_words()


def _ratings(book: Book, given: Mapping[str, Mapping[str, Any]]) -> None:
    sheet = book.sheet(RATINGS, (7, 74, 9, 9, 9, 7))
    sheet.write(0, 0, "Rate every statement: where you are now, and where you want to be", "title")
    sheet.write(1, 0, SHORT, "soft")
    sheet.page.merge_range(1, 0, 1, len(HEADINGS) - 1, SHORT, book.formats["soft"])
    sheet.page.set_row(1, 30)
    sheet.head(_TOP, HEADINGS)
    row, section = _TOP + 1, ""
    for line in read_codes("sef_statement"):
        if line.notes["section"] != section:
            section = line.notes["section"]
            sheet.page.merge_range(row, 0, row, len(HEADINGS) - 1, section, book.formats["section"])
            row += 1
        _statement(sheet, row, line, given.get(line.code, {}))
        row += 1
    _rules_of_ratings(book, sheet, row - 1)
    sheet.keep_words()


def _statement(sheet: Sheet, row: int, line: Code, given: Mapping[str, Any]) -> None:
    sheet.write(row, 0, line.code, "cell")
    sheet.write(row, 1, line.label, "cell")
    for place, name in enumerate(list(RATING_COLUMNS.values())[1:], 2):
        sheet.write(row, place, given.get(name), "mark")
    now, target = f"C{row + 1}", f"D{row + 1}"
    step = f'=IF(AND(ISNUMBER({now}),ISNUMBER({target}),{now}>0),{target}-{now},"")'
    sheet.page.write_formula(row, 5, step, sheet.formats["figure"], "")
    sheet.page.set_row(row, 20)


def _rules_of_ratings(book: Book, sheet: Sheet, last: int) -> None:
    first = _TOP + 1
    for place, name in enumerate(list(RATING_COLUMNS.values())[1:], 2):
        rule = rule_of(_RATED.column(name)) or {}
        sheet.allow(first, last, place, rule if name == "target_months" else {**rule, "input_message": SHORT})
    for low, high, colour in BANDS:
        tint = book.book.add_format({"bg_color": colour})
        rule = {"type": "cell", "criteria": "between", "minimum": low, "maximum": high, "format": tint}
        sheet.page.conditional_format(first, 2, last, 2, rule)


def _evidence(book: Book, given: list[dict[str, Any]]) -> None:
    sheet = book.sheet(EVIDENCE, (9, 14, 16, 18, 80))
    sheet.write(0, 0, "When all is rated: how do you know?", "title")
    about = (
        "One piece of evidence a row; several for one statement are welcome. A blank day is the day of the round. "
        "What it is stays with your school: no names in it."
    )
    sheet.page.merge_range(1, 0, 1, 4, about, book.formats["soft"])
    sheet.page.set_row(1, 30)
    sheet.head(2, tuple(EVIDENCE_COLUMNS))
    declared, codes = TABLES["evidence"], [line.code for line in read_codes("sef_statement")]
    last = 2 + max(PIECES, len(given) + 10)
    for row in range(3, last + 1):
        known = given[row - 3] if row - 3 < len(given) else {}
        for place, name in enumerate(EVIDENCE_COLUMNS.values()):
            sheet.write(row, place, known.get(name), "day" if name == "recorded_on" else "box")
    for place, name in enumerate(EVIDENCE_COLUMNS.values()):
        if rule := rule_of(declared.column(name), codes=codes if name == "statement" else ()):
            sheet.allow(3, last, place, rule)
    sheet.keep_words()
