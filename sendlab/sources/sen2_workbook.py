"""SEN2's Excel submission template: nine tables stacked on one sheet, as the text tables of the nine modules.

A title stands in the first column (Person Record, Requests Records, ...), the headings below it, the rows below them.
Only persons and requests must have ids of their own: what lies further down names its request, which has at most one
assessment, named plan and active plan, or the record above it. Rows that hold but what the template fills in by itself
are passed over.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from sendlab.errors import DataProblem
from sendlab.sources.reading import Reading
from sendlab.sources.sen2 import read_named
from sendlab.sources.sen2_fields import MODULES, Module, heading
from sendlab.sources.text import LINE, TextTable
from sendlab.sources.workbook import read_grid
from sendlab.sources.xlsx_package import sheet_names

FORMAT = "SEN2 submission template"
SHEET = "data entry template"
ID_WORDS = ("", "record", "records", "table")  # "Requests ID", "Requests record ID", "requeststableid"
# {heading: name in the module CSV}, each module in the singular and in the plural
IDS = {f"{module.name.removesuffix('s')}{end}{word}id": module.id
       for module in MODULES.values() for end in ("", "s") for word in ID_WORDS}  # fmt: skip
ID_TITLES = {"persontableid": "Person ID", "requeststableid": "Requests record ID"}
FILLED_IN = ("recordtype", "la")  # headings of the columns that hold something in empty rows too
_TITLES = {heading(module.title): module for module in MODULES.values()}
Row = list[str | None]


def is_template(path: Path) -> bool:
    """Whether a workbook is the template: its sheet "Data Entry Template" with the tables of persons and requests."""
    sheet = _sheet(path)
    if sheet is None:
        return False
    return {"person", "requests"} <= {module.name for row in read_grid(path, sheet) if (module := _title(row))}


def read_template(
    path: Path, source: str = "", given: Mapping[str, str] | None = None
) -> list[tuple[TextTable, str, Reading]]:
    """A return as its modules: the text of each, its name and what reading it gave (tables as in sen2.read_set)."""
    return read_named(read_modules(path, source), {path.name: given or {}})


def read_modules(path: Path, source: str = "") -> list[tuple[TextTable, str]]:
    """The modules as text tables with the columns of the module CSVs; rows are Excel's row numbers."""
    sheet = _sheet(path)
    if sheet is None:
        raise DataProblem(path.name, ["it has no sheet 'Data Entry Template'"], next_step="give the template itself")
    grid = read_grid(path, sheet)
    stacked = list(_stacked(grid))
    named = {module.name: _columns(module, grid[start]) for module, start, _ in stacked}
    own = {module.id for module, _, _ in stacked if module.id in named[module.name]}
    linked = own & {module.parent_id for module, _, _ in stacked if module.parent_id in named[module.name]}
    tables, missing = [], list[str]()
    for module, start, stop in stacked:
        records = list(_records(module, grid, start, stop, linked))
        missing += _missing_ids(module, named[module.name]) if records else []
        rows = pl.DataFrame(records, schema=_schema(module, grid[start]))
        tables.append((TextTable(path, rows, "xlsx", source, f"{sheet}, {module.title}"), module.name))
    if missing:
        raise DataProblem(path.name, missing, next_step="name the columns of ids as the template does")
    return tables


def _missing_ids(module: Module, names: Mapping[str, int]) -> list[str]:
    """What is said where a table lacks the column that names a record of its own, or the one it belongs to."""
    own = {"person": [("persontableid",)], "requests": [("requeststableid",), ("persontableid",)]}
    above = [] if module.name == "sen2" else [("requeststableid", module.parent_id)]
    return [
        f"the table '{module.title}' has no column '{ID_TITLES[either[0]]}'"
        for either in own.get(module.name, above)
        if not set(either) & set(names)
    ]


def _sheet(path: Path) -> str | None:
    """The sheet's name as the workbook spells it."""
    return next((name for name in sheet_names(path) if name.lower() == SHEET), None)


def _title(row: Row) -> Module | None:
    return _TITLES.get(heading(row[0])) if row and row[0] else None


def _stacked(grid: list[Row]) -> Iterator[tuple[Module, int, int]]:
    """Each table: its module, the place of its headings, and where it stops."""
    titles = [(place, module) for place, row in enumerate(grid) if (module := _title(row))]
    stops = [*(place for place, _ in titles[1:]), len(grid)]
    for (place, module), stop in zip(titles, stops, strict=True):
        start = next((p for p in range(place + 1, stop) if any(grid[p])), None)
        if start is not None:
            yield module, start, stop


def _columns(module: Module, headings: Row) -> dict[str, int]:
    """{name in the module CSV: its place} of the columns that are read; the first of a name counts."""
    known = IDS | module.field_names
    places = reversed(list(enumerate(headings)))
    return {known[heading(name or "")]: place for place, name in places if heading(name or "") in known}


def _schema(module: Module, headings: Row) -> dict[str, type[pl.DataType]]:
    ids = [module.id, *([module.parent_id] if module.parent else [])]
    names = [LINE, *ids, *_columns(module, headings)]
    return {name: pl.Int64 if name == LINE else pl.String for name in names}


def _records(module: Module, grid: list[Row], start: int, stop: int, linked: set[str]) -> Iterator[dict[str, object]]:
    """The rows of one table that somebody filled in."""
    columns = _columns(module, grid[start])
    own = [place for place, name in enumerate(grid[start]) if name and heading(name) not in FILLED_IN]
    for place in range(start + 1, stop):
        if any(grid[place][column] for column in own):
            record = {name: grid[place][column] for name, column in columns.items()}
            yield {LINE: place + 1, **record, **_links(module, record, linked)}


def _links(module: Module, record: dict[str, str | None], linked: set[str]) -> dict[str, str | None]:
    """Ids where the template has none: those of the request. `linked`: ids that a table has and the one below names."""
    if module.name in ("sen2", "person", "requests"):
        return {}
    request = record.get("requeststableid")
    return {one: record.get(one) if one in linked else request for one in (module.id, module.parent_id)}
