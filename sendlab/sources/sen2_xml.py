"""SEN2 returns as XML: read in one pass, record by record, into the text tables of the nine modules.

Element names are compared without case and namespace; only the fields of sen2_fields.toml are gathered, so names and
postcodes are never kept. Hostile files are refused by `hardened_xml`.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from sendlab.errors import DataProblem
from sendlab.sources.hardened_xml import Target, feed, refused
from sendlab.sources.reading import Reading
from sendlab.sources.sen2 import read_named
from sendlab.sources.sen2_fields import MODULES, Module
from sendlab.sources.text import LINE, TextTable

FORMAT = "SEN2 person-level XML"
MAX_TEXT = 10_000  # characters of one field
ROWS_HELD = 50_000  # records held as Python text at a time
_MODULE_OF = {module.element.lower(): module for module in MODULES.values()}
_FIELDS = {name: module.field_names for name, module in MODULES.items()}


def read_xml(
    path: Path, source: str = "", given: Mapping[str, str] | None = None
) -> list[tuple[TextTable, str, Reading]]:
    """A return as its nine modules: the text of each, its name and what reading it gave (tables as in sen2.read_set).

    Rows are the lines on which the records begin; where several begin on one line, their numbers in the file.
    """
    return read_named(read_modules(path, source), {path.name: given or {}})


def read_modules(path: Path, source: str = "") -> list[tuple[TextTable, str]]:
    """The nine modules as text tables with the columns of the module CSVs."""
    records = _Records(path)
    feed(path, records)
    if not records.modules["person"].number:
        raise DataProblem(
            path.name, ["it is no person-level SEN2 return: it holds no Person record"],
            next_step="give the XML of the return of 2023 or later; give other collections as CSV exports from COLLECT",
        )  # fmt: skip
    return [(rows.table(path, source), name) for name, rows in records.modules.items()]


@dataclass
class _Record:
    module: Module
    depth: int
    cells: dict[str, object]


class _Records(Target):
    """Gathers the fields of each record into the rows of its module."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.modules = {name: _Rows(module) for name, module in MODULES.items()}
        self.records: list[_Record] = []  # those now open, the innermost last
        self.field, self.field_depth = "", 0  # the field now open
        self.text = ""

    def opened(self, name: str) -> None:
        if self.field:
            return
        if name in _MODULE_OF:
            self._begin(_MODULE_OF[name])
        elif self.records:
            self.field, self.field_depth = _FIELDS[self.records[-1].module.name].get(name, ""), self.depth

    def data(self, text: str) -> None:
        """Text within the element."""
        if self.field:
            self.text += text
            if len(self.text) > MAX_TEXT:
                raise refused(self.path, f"one field is longer than {MAX_TEXT} characters")

    def closed(self, name: str) -> None:
        if self.field:
            if self.depth == self.field_depth:
                self._keep(self.field, self.text.strip() or None)
                self.field, self.text = "", ""
        elif self.records and self.records[-1].depth == self.depth:
            record = self.records.pop()
            self.modules[record.module.name].add(record.cells)

    def _begin(self, module: Module) -> None:
        rows = self.modules[module.name]
        rows.number += 1
        cells: dict[str, object] = {LINE: self.expat.CurrentLineNumber, module.id: str(rows.number)}
        if module.parent:
            above = next((r for r in reversed(self.records) if r.module.name == module.parent), None)
            cells[module.parent_id] = above.cells[above.module.id] if above else None
        self.records.append(_Record(module, self.depth, cells))

    def _keep(self, name: str, text: str | None) -> None:
        """A field given twice with two texts keeps both: no date, flag or code reads so, and it comes to light."""
        cells = self.records[-1].cells
        before = cells.get(name)
        cells[name] = f"{before} | {text}" if before and text and before != text else text or before


@dataclass
class _Rows:
    """The records of one module, made into frames piece by piece."""

    module: Module
    number: int = 0  # records begun
    seen: set[str] = field(default_factory=set)  # fields that some record has
    held: dict[str, list[object]] = field(default_factory=lambda: defaultdict(list))
    frames: list[pl.DataFrame] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """Every column that the module can have."""
        return [LINE, self.module.id, *([self.module.parent_id] if self.module.parent else []), *self.module.fields]

    def add(self, cells: dict[str, object]) -> None:
        """Keep one record."""
        self.seen.update(cells)
        for column in self.columns:
            self.held[column].append(cells.get(column))
        if len(self.held[LINE]) >= ROWS_HELD:
            self._flush()

    def _flush(self) -> None:
        schema = {name: pl.Int64 if name == LINE else pl.String for name in self.columns}
        self.frames.append(pl.DataFrame(dict(self.held) if self.held else None, schema=schema))
        self.held.clear()

    def table(self, path: Path, source: str) -> TextTable:
        """The records as text, in the order in which they begin."""
        self._flush()
        keep = [name for name in self.columns if name in self.seen or name not in self.module.fields]
        rows = pl.concat(self.frames).select(keep).sort(pl.col(self.module.id).cast(pl.Int64))
        sheet = self.module.name
        if rows[LINE].is_duplicated().any():
            rows, sheet = rows.with_columns(pl.int_range(1, pl.len() + 1).alias(LINE)), f"{sheet}, nth record"
        return TextTable(path, rows, "xml", source, sheet)
