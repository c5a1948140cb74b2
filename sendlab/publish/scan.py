"""Every file is looked through before it is released: what it says, what it carries out of sight, how fine it is.

A file of a kind without a rule, or one that cannot be read as what its name says, is refused: what was not looked
through is not released.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sendlab.errors import GateError
from sendlab.publish import scan_figures, scan_files, scan_packages, scan_slides
from sendlab.publish.scan_charts import marks_too_fine
from sendlab.publish.scan_nested import Canaries, plain_text, unfolded
from sendlab.publish.scan_rules import has_rule
from sendlab.publish.scan_text import CANARY, Forbidden, Piece, faults_of

NO_RULE = "a kind of file without a rule, which cannot be published"
UNREADABLE = "a file that cannot be read as what its name says, so it was not looked through"
_SHOWN = 10  # faults in a message; the rest is counted
_LEAST_PACKED = 8  # signs that anything packed within a text takes
Found = Iterator[tuple[str, str]]


@dataclass(frozen=True, order=True)
class Fault:
    """What a file may not hold, and where; never the value itself."""

    file: str
    place: str
    kind: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place}: {self.kind}"


def scan_artefact(path: Path, *, forbidden: Forbidden | None = None, name: str = "") -> list[Fault]:
    """Everything in a file that may not be released, in order of place; an empty list where there is nothing.

    Kinds: HTML, SVG, notebooks, JSON, CSV, logs and texts, XLSX, PPTX, PDF, PNG, Parquet, Arrow. Looked for: UPNs and
    pseudonyms, columns of pupils, paths of this machine, e-mail addresses, an own view's mark, figures finer than they
    may be shown, and what `forbidden` names; in plain sight or packed within. Pixels are not read.

    `name` is what a file that is written aside will be called.
    """
    wanted, name = forbidden or Forbidden(), name or path.name
    suffix = Path(name).suffix.lower()
    if suffix not in _READERS or not has_rule(suffix):
        return [Fault(name, "the whole file", NO_RULE)]
    data = path.read_bytes()
    try:
        pieces = [Piece("its name", name), *_READERS[suffix](data)]
        found = {*_in_pieces(pieces, wanted), *_STRUCTURE[suffix](data), *_within(data, pieces, wanted)}
    except Exception:  # noqa: BLE001 - whatever a damaged file makes a reader raise, it was not looked through
        return [Fault(name, "the whole file", UNREADABLE)]
    return sorted(Fault(name, place, kind) for place, kind in found)


def require_clean(paths: Iterable[Path], *, forbidden: Forbidden | None = None, name: str = "") -> None:
    """Refuse files with a fault: one `GateError` that lists file, place and kind of each, never a value.

    `name` is what the file will be called where it is one that is written aside.
    """
    faults = [fault for path in paths for fault in scan_artefact(path, forbidden=forbidden, name=name)]
    if faults:
        shown = "; ".join(map(str, faults[:_SHOWN]))
        more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise GateError(
            f"not released: {shown}{more}",
            next_step="take it out of the notebook, text or table that the file is made from, and run again",
        )


def _in_pieces(pieces: Sequence[Piece], forbidden: Forbidden) -> Found:
    yield from faults_of(pieces, forbidden)
    if planted := Canaries(forbidden.canaries):
        yield from ((piece.place, CANARY) for piece in pieces if planted.in_text(piece.text))


def _within(data: bytes, pieces: Sequence[Piece], forbidden: Forbidden) -> Found:
    """What is packed within the file itself, or within a text that stands there in another form (JSON, a PDF page)."""
    planted, inner = Canaries(forbidden.canaries), list[Piece]()
    texts = {piece.text.encode("utf-8", "replace"): piece.place for piece in pieces if not piece.again}
    packed = [(place, text) for text, place in texts.items() if len(text) >= _LEAST_PACKED and text not in data]
    for place, source in [("the file", data), *packed]:
        for where, content in unfolded(source, place):
            if planted and planted.in_bytes(content):
                yield where, CANARY
            if where != place and (text := plain_text(content)):
                inner.append(Piece(where, text))
    yield from faults_of(inner, forbidden)


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig")


def _table(data: bytes, delimiter: str = ",") -> Iterator[dict[str, object]]:
    yield from pl.read_csv(io.BytesIO(data), separator=delimiter, infer_schema=False).iter_rows(named=True)


def _fine(rows: Iterable[dict[str, object]], place: str) -> Found:
    yield from (
        (f"{place}row {row}, column {name}", scan_figures.TOO_FINE) for row, name in scan_figures.too_fine(rows)
    )


def _delimited(data: bytes, delimiter: str = ",") -> Found:
    rows = list(_table(data, delimiter))
    yield from _fine(rows, "")
    finer = scan_figures.too_fine_in_columns(rows)
    yield from ((f"row {row}, column {name}", scan_figures.TOO_FINE) for row, name in finer)


def _page(data: bytes) -> Found:
    text = _text(data)
    yield from scan_files.told_on_hidden_rows(text, "text")
    for number, drawing in enumerate(scan_files.drawings(text), 1):
        yield from marks_too_fine(drawing, f"chart {number}")


def _notebook(data: bytes) -> Found:
    for piece in scan_files.notebook_pieces(_text(data)):
        yield from scan_files.told_on_hidden_rows(piece.text, piece.place)
        for drawing in scan_files.drawings(piece.text):
            yield from marks_too_fine(drawing, piece.place)
    for place, picture in scan_files.pictures(_text(data)):
        yield from _picture(picture, place)


def _office(data: bytes) -> Found:
    yield from scan_packages.out_of_sight(data)
    yield from scan_slides.in_charts(data)
    for part, rows in scan_figures.sheets(data):
        yield from _fine(rows, f"{part}, ")


def _picture(data: bytes, place: str = "the file") -> Found:
    if scan_packages.behind_end(data):
        yield place, scan_packages.TRAILING


def _pdf(data: bytes) -> Found:
    if scan_packages.attached(data):
        yield "the file", scan_packages.ATTACHED


def _arrow(data: bytes) -> Found:
    yield from _fine(pl.DataFrame(scan_packages.arrow_table(data)).iter_rows(named=True), "")


def _notebook_pieces(data: bytes) -> Iterator[Piece]:
    yield from scan_files.notebook_pieces(_text(data))
    for place, picture in scan_files.pictures(_text(data)):
        yield from scan_packages.png_pieces(picture, place)


def _whole(data: bytes) -> Iterator[Piece]:
    yield Piece("text", _text(data))


def _nothing(_: bytes) -> Found:
    yield from ()


_READERS: dict[str, Callable[[bytes], Iterable[Piece]]] = {
    ".html": lambda data: scan_files.markup(_text(data), "text"),
    ".svg": lambda data: scan_files.markup(_text(data), "text"),
    ".ipynb": _notebook_pieces,
    ".json": lambda data: scan_files.json_pieces(_text(data)),
    ".jsonl": lambda data: scan_files.json_pieces(_text(data)),
    ".csv": lambda data: scan_files.delimited(_text(data), ","),
    ".tsv": lambda data: scan_files.delimited(_text(data), "\t"),
    ".txt": _whole,
    ".md": _whole,
    ".log": _whole,
    ".xlsx": scan_packages.office_pieces,
    ".pptx": scan_packages.office_pieces,
    ".pdf": scan_packages.pdf_pieces,
    ".png": scan_packages.png_pieces,
    ".parquet": lambda data: scan_packages.arrow_pieces(scan_packages.arrow_table(data)),
    ".arrow": lambda data: scan_packages.arrow_pieces(scan_packages.arrow_table(data)),
}
_STRUCTURE: dict[str, Callable[[bytes], Found]] = {
    **dict.fromkeys(_READERS, _nothing),
    ".html": _page, ".svg": _page, ".ipynb": _notebook, ".xlsx": _office, ".pptx": _office, ".png": _picture,
    ".pdf": _pdf, ".parquet": _arrow, ".arrow": _arrow, ".csv": _delimited,
    ".tsv": lambda data: _delimited(data, "\t"),
}  # fmt: skip
