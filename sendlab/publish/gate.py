"""What a report may hold: charts and tables that carry the gate's own stamp, and plain text without pupils' rows."""

import re
from html import unescape
from typing import Any

from sendlab.disclosure.published import OWN_VIEW_MARK
from sendlab.errors import GateError

# The line on protection (`Published.settings`), which a table of sendlab.tables prints for published figures only.
TABLE_STAMP = re.compile(r"Audience: \w+\. Counts of 1 to \d+ people, and figures from which they follow, are hidden")
_TABLE = re.compile(
    r'<div class="sendlab-table">\n<table>\n<caption>.*</table>\n<p class="sendlab-notes">(.*)</p>\n</div>', re.DOTALL
)
# How polars, pandas and pyarrow write frames and series, and the column that only rows of pupils have.
_ROWS = re.compile(r"\bshape: \(|[┌╞]|\[\d+ rows x \d+ columns\]|\bdtype: |\bpupil_id\b|\bDataFrame\b|<table")
# How Python writes rows and columns: a list, tuple or dict as the whole text, or rows of a list anywhere in it.
_VALUES = re.compile(
    r"""\s*(?:[\[{].*[\]}]|\(['"\d].*\))\s*|.*(?:[\[{]\s*\(['"\d]|\{['"]\w+['"]: |\barray\(\[).*""", re.DOTALL
)
# A pseudonym (32 hexadecimal digits) or a UPN.
_PUPIL = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])|\b[A-HJ-NP-RT-Z]\d{11}[0-9A-Z]\b", re.IGNORECASE)
_KINDS = ("image/svg+xml", "image/png", "text/html", "text/plain")
_USE = "show figures of open_workspace().published() with sendlab.charts or sendlab.tables, or print a sentence"


def require_reportable(
    node: Any, name: str, *, run_id: str = "", audience: str = "", place: str = "", settings: str = ""
) -> None:
    """Refuse a notebook with an output that did not come through the gate: `GateError` with the number of the cell.

    All charts must bear the stamp of one audience (of a school, one school) and one run; with `run_id` and `audience`
    (of a school edition, its `place`), of these. With `settings`, tables must print that line on protection.
    """
    cells = [cell for cell in node.cells if cell.cell_type == "code"]
    editions = {run_id} if run_id else set()
    audiences: set[tuple[str, str]] = {(audience, place)} if audience else set()
    for position, cell in enumerate(cells, 1):
        for output in cell.outputs:
            fault = _fault(output) or _other_audience(output, settings)
            if stamp := _stamp_of(output):
                editions.add(stamp["run_id"])
                audiences.add((stamp["audience"], stamp.get("place", "")))
                if len(editions) > 1 or len(audiences) > 1:
                    fault = fault or "a chart of another run or audience"
            if fault:
                number = cell.get("execution_count") or position
                raise GateError(
                    f"report '{name}', cell {number}: {fault}, which a report must not hold", next_step=_USE
                )


def _other_audience(output: Any, settings: str) -> str:
    """A table whose line on protection is not that of the report."""
    html = output.get("data", {}).get("text/html", "") if settings else ""
    return "a table for another audience" if html and settings not in unescape(html) else ""


def _stamp_of(output: Any) -> dict[str, Any]:
    """What a chart bears, empty where an output is no chart or bears nothing."""
    from sendlab.charts.bundle import PICTURE, STAMP_KEY  # drawing is heavy, and kernels of a run start without it

    found = output.get("metadata", {}).get(STAMP_KEY, {})
    return found if {"audience", "threshold", "sensitivity", "run_id", PICTURE} <= set(found) else {}


def require_no_pupil(page: str, name: str) -> None:
    """Refuse a finished page with anything that looks like a pupil's pseudonym or UPN; the value is not repeated."""
    if _PUPIL.search(page):
        raise GateError(
            f"report '{name}': it would hold a pupil's pseudonym or UPN",
            next_step="take it out of the notebook's text, code and printed lines",
        )


def _fault(output: Any) -> str:
    """What is wrong with an output, empty where it may be reported."""
    if OWN_VIEW_MARK in str(output):
        return "an analyst's own view"
    if output.output_type == "error":
        return "an error with its text"
    if output.output_type == "stream":
        return _text_fault(output.text)
    return _bundle_fault(output.data, _stamp_of(output))


def _bundle_fault(data: Any, stamp: dict[str, Any]) -> str:
    for kind in data:
        if kind not in _KINDS:
            return f"an output of kind {kind}"
    if "image/svg+xml" in data and not _is_our_chart(data["image/svg+xml"], stamp):
        return "a picture that sendlab.charts did not draw from published figures"
    if "image/png" in data and "image/svg+xml" not in data:
        return "a picture that sendlab.charts did not draw from published figures"
    if "text/html" in data and not _is_our_table(data["text/html"]):
        return "HTML (such as a data frame) that sendlab.tables did not make from published figures"
    return _text_fault(data.get("text/plain", ""))


def _text_fault(text: str) -> str:
    if _ROWS.search(text):
        return "a data frame as text"
    if _VALUES.fullmatch(text):
        return "values as a list"
    return "a pupil's pseudonym or UPN" if _PUPIL.search(text) else ""


def _is_our_chart(svg: str, stamp: dict[str, Any]) -> bool:
    from sendlab.charts.bundle import PICTURE, STAMP, checksum

    root = svg[svg.find("<svg") :].split(">", 1)[0]
    ours = f" {STAMP} " in f"{root} " and stamp.get(PICTURE) == checksum(svg)
    return ours and "<script" not in svg and "<foreignObject" not in svg


def _is_our_table(html: str) -> bool:
    found = _TABLE.fullmatch(html)
    # all text in such a table is escaped: one table, one frame, no script
    whole = html.count("<table") == html.count("<div") == 1 and "<script" not in html.lower()
    return bool(found and whole and TABLE_STAMP.search(found.group(1)))
