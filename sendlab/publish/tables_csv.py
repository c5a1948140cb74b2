"""The tables of a report as one CSV, to be taken out of the page with one click: the same signs as on the page."""

import base64
import csv
import io
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

from sendlab.publish.cells import neutral

HEADINGS = ("table", "row", "column", "shown")
_NUMBER = re.compile(r"[+−]?[\d,.]+%?(?: to [+−]?[\d,.]+%?)?")  # no formula, though it may begin with a sign


def csv_link(tables: Sequence[str], name: str) -> str:
    """A link that saves these tables (HTML of `tables.ShownTable`) as CSV, "" where there is none.

    A line a cell, with the names of its table, row and column; `name` becomes the name of the file. Everything is
    within the link: nothing is fetched.

    >>> csv_link([], "attendance")
    ''
    """
    if not tables:
        return ""
    held = base64.b64encode(as_csv(tables).encode("utf-8-sig")).decode("ascii")  # the mark tells Excel that it is UTF-8
    file = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    words = "Save the figures of this page (CSV)"
    return f'<p class="csv"><a download="{file}.csv" href="data:text/csv;base64,{held}">{words}</a></p>'


def as_csv(tables: Sequence[str]) -> str:
    """Tables as the text of one CSV.

    >>> html = "<table><caption>A</caption><tr><th>Group</th><th>n</th></tr><tr><th>All</th><td>7</td></tr></table>"
    >>> as_csv([html]).splitlines()
    ['table,row,column,shown', 'A,All,n,7']
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows(tuple(map(_safe, line)) for html in tables for line in _lines(html))
    return text.getvalue()


def _safe(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else neutral(text)


def _lines(html: str) -> Iterator[tuple[str, str, str, str]]:
    table = _Table()
    table.feed(html)
    (_, *columns), *rows = table.rows
    for name, *cells in rows:
        yield from ((table.caption, name, column, cell) for column, cell in zip(columns, cells, strict=True))


class _Table(HTMLParser):
    """The caption and the rows of texts of a table."""

    def __init__(self) -> None:
        super().__init__()
        self.caption, self.rows, self._within = "", list[list[str]](), ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")
        if tag in ("caption", "th", "td"):
            self._within = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "caption":
            self.caption += data
        elif self._within:
            self.rows[-1][-1] += data
