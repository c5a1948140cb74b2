"""SEN2 person-level returns: module CSVs recognised, the modules of each return put together, and read.

A return is a tree: person > requests > (assessment > namedplan > plandetail) and (activeplans > placementdetail,
senneed). Every door (module CSVs here, `sen2_xml`, `sen2_workbook`) gives the same text tables, with the columns of
the module CSVs: `<module>tableid`, `<parent>tableid` and the fields of sen2_fields.toml; `sen2_join` joins them.
Source: SEN2 person-level guides 2023 to 2026, module CSVs as COLLECT exports them ("blade").
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from sendlab.schema.problems import join_problems
from sendlab.sources.blade import academic_year_in_name, lone_year_in_name
from sendlab.sources.names import plain
from sendlab.sources.reading import Reading
from sendlab.sources.sen2_fields import MODULES
from sendlab.sources.sen2_join import Part, Return, join, make_part
from sendlab.sources.text import TextTable

FORMAT = "SEN2 person-level CSV"
ORDER = "orderseqcolumn"
Files = list[tuple[TextTable, str]]  # text tables, each with its module
Given = Mapping[str, Mapping[str, str]]  # settings by file name


def table_of(columns: list[str]) -> str | None:
    """The SEN2 module whose CSV export has these columns, or nothing. A School Census table is none.

    >>> table_of(["persontableid", "NativeId", "personorderseqcolumn", "upn"]), table_of(["upn", "sex"])
    ('person', None)
    """
    names = {plain(name) for name in columns}
    return next((m for m in MODULES if {"nativeid", f"{m}tableid", f"{m}{ORDER}"} <= names), None)


def read_set(files: Files, given: Given | None = None) -> list[tuple[TextTable, Reading]]:
    """Modules of one return or several, joined; one Reading each, in the order given.

    `given`: {file name: {"return_year": "2025", "la_code": "999"}} for what neither header nor file name says.
    Tables stand in the Reading of the module that gives their rows: ehc_requests in `requests`, ehc_plans in
    `activeplans`, ehc_placements in `plandetail` and `placementdetail`; the rows of the other modules go into those.
    """
    done: dict[int, Reading] = {}
    for texts in _returns(files):
        readings = _read_return(texts, given or {})
        done.update({id(text): readings[module] for module, text in texts.items()})
    return [(text, done[id(text)]) for text, _ in files]


def read_named(files: Files, given: Given) -> list[tuple[TextTable, str, Reading]]:
    """`read_set` with the name of each module beside its text."""
    names = {id(text): module for text, module in files}
    return [(text, names[id(text)], reading) for text, reading in read_set(files, given)]


def _returns(files: Files) -> Iterator[dict[str, TextTable]]:
    """The modules of each return: those of one workbook or XML file, or of one folder; by name if it holds several."""
    places: dict[object, Files] = defaultdict(list)
    for text, module in files:
        places[text.path if text.sheet else text.path.parent].append((text, module))
    for group in places.values():
        lone = len({module for _, module in group}) == len(group)
        sets: dict[tuple[str, int], dict[str, TextTable]] = defaultdict(dict)
        for text, module in group:
            family = "" if lone else "|".join(text.name.lower().rpartition(module)[::2])
            copies = sum(module in texts for (other, _), texts in sets.items() if other == family)
            sets[family, copies][module] = text
        yield from sets.values()


def _read_return(texts: Mapping[str, TextTable], given: Given) -> dict[str, Reading]:
    parts = {name: make_part(module, texts.get(name)) for name, module in MODULES.items()}
    known = _known(parts, list(texts.values()), given)
    if known is None:
        for name in texts:
            _refuse(parts[name])
        return {name: Reading({}, join_problems(parts[name].problems)) for name in texts}
    tables = join(parts, known)
    return {
        name: Reading(tables.get(name, {}), join_problems(parts[name].problems), known.known_from,
                      tuple(parts[name].not_run))
        for name in texts
    }  # fmt: skip


def _known(parts: Mapping[str, Part], texts: list[TextTable], given: Given) -> Return | None:
    """Year and authority: from the header, else the file names, else the settings; nothing without a year."""
    header, names = parts["sen2"].rows.to_dict(as_series=False), [text.name for text in texts]
    settings = [given[name] for name in names if name in given]
    years = [("header", _only(r"20\d\d", header.get("return_year", [])))]
    years += [("file name", _year_in(name)) for name in names]
    years += [("sendlab.toml", s.get("return_year") or _year_in(s.get("time_period", ""))) for s in settings]
    codes = [_only(r"\d{3}", header.get("la_code", [])), _only(r"\d{3}", _native_ids(texts))]
    codes += [_only(r"\d{3}", re.findall(r"(?<!\d)\d{3}(?!\d)", name)) for name in names]
    codes += [s.get("la_code") for s in settings]
    la_code = next((code for code in codes if code), None)
    return next((Return(year, la_code, f"return of {year} from {place}") for place, year in years if year), None)


def _native_ids(texts: list[TextTable]) -> Iterator[str | None]:
    """The authority in the ids of whoever made the return."""
    for text in texts:
        for name in text.columns:
            if plain(name) == "nativeid":
                yield from text.rows[name].str.slice(0, 3).unique()


def _only(pattern: str, found: Iterable[str | None]) -> str | None:
    """The one value found, where there is just one and it has the right form."""
    values = {value for value in found if value}
    value = values.pop() if len(values) == 1 else ""
    return value if re.fullmatch(pattern, value) else None


def _year_in(name: str) -> str | None:
    """The year of the January in which a return is made, from a name with 2025 or 2024-25."""
    period, year = academic_year_in_name(name), lone_year_in_name(name)
    return str(int(period[:4]) + 1) if period else str(year) if year else None


def _refuse(part: Part) -> None:
    part.note(
        part.rows, "year", "return_year_unknown", "error",
        "neither the header of the return nor a file name says of which year it is",
        f'add the header, or write in sendlab.toml under [files]: "{part.text.name}" = {{ return_year = "2025" }}',
    )  # fmt: skip
