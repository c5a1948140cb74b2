"""The one page as PDF: it may tell no number that the page beside it does not tell."""

import re
from pathlib import Path

from pypdf import PdfReader

from attacker.claims import NUMBER, Scene, Stray
from attacker.page import parse
from attacker.sentences import Told

_OF_THE_PROGRAM = ("/Creator", "/Producer", "/CreationDate", "/ModDate")


def read_pdf(path: Path, file: str) -> Told:
    """Numbers of the PDF and of its properties that its page does not hold, as strays: what it tells is read there."""
    beside = path.with_suffix(".html")
    html = beside.read_text(encoding="utf-8") if beside.is_file() else ""
    page = f"{parse(html).text} {re.sub(r'<[^>]+>', ' ', html)}"  # and what its charts, which are read there, tell
    book = PdfReader(path)
    # labels of a chart that stand close run together in one way of reading or the other, seldom in both
    plain, laid_out = (_numbers(" ".join(sheet.extract_text(extraction_mode=mode) for sheet in book.pages))
                       for mode in ("plain", "layout"))  # fmt: skip
    about = " ".join(f"{value}" for name, value in (book.metadata or {}).items() if name not in _OF_THE_PROGRAM)
    more = ((plain & laid_out) | _numbers(about)) - _numbers(page)
    strays = [Stray(file, "page", "a number that the page does not tell") for _ in more]
    strays += [Stray(file, "attachment", "an attached file") for _ in book.attachments]
    return Told([], strays, Scene())


def _numbers(text: str) -> set[str]:
    return {found.lstrip("+-−") for found in re.findall(NUMBER, text)}
