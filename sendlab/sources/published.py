"""Published figures: those of schools (performance tables), LAIT indicators, and statistical neighbours.

Every row of a file is loaded: a mark in place of a number is kept beside a missing value. Nothing is recomputed.
Columns by which a file is recognised stand in `mapped.toml`. Sources: performance tables download, school level; the
Department's local authority interactive tool (LAIT).
"""

import re
from typing import Any

import polars as pl

from sendlab.pseudonyms import SAMPLE_AUTHORITIES
from sendlab.schema.numbers import read_numbers
from sendlab.schema.problems import file_problem, join_problems, row_problems
from sendlab.schema.tables import TABLES
from sendlab.sources.blade import academic_year_in_name
from sendlab.sources.convert import convert
from sendlab.sources.mapped import authorities, authority_code, found_in, is_region, school_id, settings, whole
from sendlab.sources.names import plain
from sendlab.sources.reading import NotRun, Reading, as_declared
from sendlab.sources.text import LINE, TextTable

FORMATS = {"indicators": "lait", "neighbours": "neighbours", "school_figures": "school_figures"}  # table -> its map
NEIGHBOUR = re.compile(r"sn\d+")


def format_of(columns: list[str]) -> str:
    """The format that a header belongs to, in words."""
    return str(settings()[FORMATS[table_of(columns) or "indicators"]]["format"])


def table_of(columns: list[str]) -> str | None:
    """The declared table that a header belongs to, or nothing.

    >>> table_of(["LA", "ESTAB", "URN", "PERCTOT", "PPERSABS10"])
    'school_figures'
    """
    names = {plain(column) for column in columns}
    if all(found_in(columns, names) for names in settings()["lait"]["columns"].values()):
        return "indicators"
    if {plain("LA Name"), "sn1", "sn2"} <= names and found_in(columns, settings()["neighbours"]["la_code"]):
        return "neighbours"
    figures = settings()["school_figures"]
    place = all(found_in(columns, figures[part]) for part in ("urn", "la_code", "establishment"))
    return "school_figures" if place and found_in(columns, figures["markers"]) and "upn" not in names else None


def read(text: TextTable, table: str, given: dict[str, str]) -> Reading:
    """The file as the declared table `indicators`, `neighbours` or `school_figures`."""
    readers = {"indicators": read_indicators, "neighbours": read_neighbours, "school_figures": read_school_figures}
    return readers[table](text, given)


def figure_cells(cells: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """(values, marks in place of them, whether a cell is neither): '92%' is 92, a blank cell has no mark.

    >>> [part.to_list() for part in figure_cells(pl.Series(["92%", "SUPP", None, "about 5"]))]
    [[92.0, None, None, None], [None, 'SUPP', None, None], [False, False, False, True]]
    """
    numbers = read_numbers(cells.str.replace(r"^([\d.,+-]+)\s*%$", "$1"))
    unread = pl.repeat(False, len(cells), eager=True)
    unread = unread.scatter(numbers.unread, True) if numbers.unread else unread
    unread = unread & ~cells.is_in(settings()["school_figures"]["marks"]).fill_null(False)
    # a mark is kept as it stands; a blank cell was left blank by the publisher, and no mark is made for it
    return numbers.values, cells.set(numbers.values.is_not_null() | unread, None), unread


def unreadable(text: TextTable, column: str, unread: pl.Series) -> pl.DataFrame:
    """A warning for each cell that is neither a number nor a known mark: the row is loaded without it."""
    return row_problems(
        text.rows[LINE].filter(unread), file=text.name, sheet=text.sheet, column=column, rule="number_unreadable",
        severity="warning", message=f"{column} is neither a number nor a known mark: kept as missing",
        remedy="look it up in the publication, or tell us of a new mark",
    )  # fmt: skip


def read_indicators(text: TextTable, given: dict[str, str]) -> Reading:
    """LAIT's long table; `la_code` is null for England and the regions."""
    named = {name: str(found_in(text.columns, w)) for name, w in settings()["lait"]["columns"].items()}
    values, marks, unread = figure_cells(text.rows[named["value"]])
    number, region = whole(named["la_code"]), pl.col(named["region_name"])
    texts = {name: pl.col(named[name]) for name in ("indicator", "data_item", "time_period", "place_name")}
    rows = text.rows.select(
        LINE,
        **texts,
        la_code=pl.when(~is_region(number)).then(number),
        region_name=pl.when(region != "NA").then(region),
    )
    done = convert(
        rows.with_columns(values.cast(pl.String).alias("value"), marks.alias("symbol")),
        TABLES["indicators"], file=text.name, sheet=text.sheet, source=text.source,
    )  # fmt: skip
    problems = [done.problems, unreadable(text, "value", unread), _unknown_authorities(text, rows["la_code"])]
    return Reading({"indicators": as_declared(done.rows, "indicators")}, join_problems(problems), not_run=done.not_run)


def _unknown_authorities(text: TextTable, la_codes: pl.Series) -> pl.DataFrame:
    """Codes of authorities that the code set does not hold: a new one, or a slip. The rows are loaded with the code."""
    unknown = la_codes.is_not_null() & ~la_codes.is_in([*authorities(), *SAMPLE_AUTHORITIES])
    return row_problems(
        text.rows[LINE].filter(unknown), file=text.name, sheet=text.sheet, column="la_code", rule="code_unknown",
        severity="warning", message="la_code is not in the code set 'local_authority'",
        remedy="correct it, or tell us of a new authority",
    )  # fmt: skip


def read_neighbours(text: TextTable, given: dict[str, str]) -> Reading:
    """One row for each authority and neighbour, closest first; a neighbour is given by its code or by its name."""
    mapping = settings()["neighbours"]
    la_code = whole(str(found_in(text.columns, mapping["la_code"]))).alias("la_code")
    ranks = [
        (int(plain(name)[2:]), place) for place, name in enumerate(text.columns) if NEIGHBOUR.fullmatch(plain(name))
    ]
    parts = [_rank(text, rank, place).with_columns(text.rows.select(la_code)["la_code"]) for rank, place in ranks]
    rows = pl.concat(parts).sort(LINE, "rank", maintain_order=True)
    none = text.rows.select(LINE, la_code).join(rows.drop_nulls("neighbour_name"), on=LINE, how="anti")
    rows = rows.drop_nulls("neighbour_name").with_columns(pl.col("rank").cast(pl.String))
    done = convert(rows, TABLES["neighbours"], file=text.name, sheet=text.sheet, source=text.source)
    problems = [_once(done.problems), _nothing_said(text, none), _unknown_neighbours(text, rows)]
    return Reading({"neighbours": as_declared(done.rows, "neighbours")}, join_problems(problems), not_run=done.not_run)


def _rank(text: TextTable, rank: int, place: int) -> pl.DataFrame:
    """The neighbours of one rank: code and name, and the closeness in the next column where it is one (SNP)."""
    columns = text.columns
    beside = columns[place + 1] if place + 1 < len(columns) and plain(columns[place + 1]).startswith("snp") else None
    cell = text.rows[columns[place]].str.strip_suffix(".0")
    codes = pl.Series([authority_code(one) for one in cell], dtype=pl.String)
    return pl.DataFrame([text.rows[LINE]]).with_columns(
        pl.lit(rank).alias("rank"),
        codes.alias("neighbour_la_code"),
        codes.replace_strict(authorities(), default=cell, return_dtype=pl.String).alias("neighbour_name"),
        (text.rows[beside] if beside else pl.lit(None, pl.String)).alias("closeness"),
    )


def _once(problems: pl.DataFrame) -> pl.DataFrame:
    """A file row that gives several rows has a fault of its own once."""
    return problems.unique(maintain_order=True)


def _nothing_said(text: TextTable, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows without neighbours: a note between the lists (quarantined), or an authority for which none are given."""
    note = rows["la_code"].is_null()
    return join_problems([
        row_problems(rows[LINE].filter(note), file=text.name, sheet=text.sheet, column="la_code", rule="note_row",
                     severity="error", message="neither an authority nor a neighbour: a note or a heading",
                     remedy="nothing to do if it is one"),
        row_problems(rows[LINE].filter(~note), file=text.name, sheet=text.sheet, column="SN1", rule="no_neighbours",
                     severity="query", message="no neighbour is given for this authority",
                     remedy="nothing to do if it has none"),
    ])  # fmt: skip


def _unknown_neighbours(text: TextTable, rows: pl.DataFrame) -> pl.DataFrame:
    unknown = rows.filter(pl.col("neighbour_la_code").is_null())[LINE]
    return row_problems(
        unknown, file=text.name, sheet=text.sheet, column="neighbour_la_code", rule="authority_unknown",
        severity="query", message="a neighbour is in no list of authorities, or could be two: its code is left blank",
        remedy="write its three-digit code",
    )  # fmt: skip


def read_school_figures(text: TextTable, given: dict[str, str]) -> Reading:
    """One row for each file row and figure: `level` School, Local authority or National; every file row is kept."""
    mapping = settings()["school_figures"]
    ids = _places(text, mapping)
    lost = ids["level"].is_null()
    figures, problems = [], [_lost(text, lost)]
    for name in _figure_columns(text, mapping):
        values, marks, unread = figure_cells(text.rows[name])
        if unread.any() and values.is_null().all():
            problems.append(_no_figure(text, name))
            continue
        problems.append(unreadable(text, name, unread))
        figures.append(ids.with_columns(pl.lit(name).alias("figure"), values.alias("value"), marks.alias("symbol")))
    period, known_from = _period(text, given)
    problems += [] if period else [_undated(text)]
    long = pl.concat([ids.clear(), *figures], how="diagonal").filter(pl.col("level").is_not_null())
    long = long.with_columns(
        pl.lit(period, pl.String).alias("time_period"), pl.lit(text.source or text.name).alias("source_file")
    )
    not_run = () if period else (NotRun("period_unreadable", "time_period", "nothing says which year it is"),)
    return Reading(
        {"school_figures": as_declared(long, "school_figures")}, join_problems(problems), known_from, not_run
    )


def _places(text: TextTable, mapping: dict[str, Any]) -> pl.DataFrame:
    """LINE, level and the ids of each row. RECTYPE tells the level; else a URN tells a school, NAT the nation."""
    names = {part: found_in(text.columns, mapping[part]) for part in ("urn", "la_code", "establishment", "record_type")}
    cell = {part: whole(name) if name else pl.lit(None, pl.String) for part, name in names.items()}
    la_code = pl.when(cell["la_code"].str.contains(r"^\d{3}$")).then(cell["la_code"])
    school = cell["urn"].str.contains(r"^\d{5,6}$") | cell["establishment"].str.contains(r"^\d{1,4}$")
    nation = pl.any_horizontal(cell[part].str.to_uppercase() == "NAT" for part in ("urn", "la_code"))
    by_type = cell["record_type"].replace_strict(mapping["level"], default=None, return_dtype=pl.String)
    told = pl.when(school).then(pl.lit("School")).when(nation).then(pl.lit("National"))
    level = pl.coalesce(by_type, told.when(la_code.is_not_null()).then(pl.lit("Local authority")))
    return text.rows.select(
        LINE,
        level=level,
        la_code=la_code,
        establishment=cell["establishment"],
        record_type=cell["record_type"],
        school_urn=pl.when(cell["urn"].str.contains(r"^\d{5,6}$")).then(cell["urn"]),
        school_id=school_id(names["la_code"], names["establishment"], names["urn"]),
    )


def _figure_columns(text: TextTable, mapping: dict[str, Any]) -> list[str]:
    places = {found_in(text.columns, mapping[part]) for part in ("urn", "la_code", "establishment", "record_type")}
    left_out = {plain(name) for name in mapping["no_figures"]}
    return [name for name in text.columns if name not in places and plain(name) not in left_out]


def _period(text: TextTable, given: dict[str, str]) -> tuple[str | None, str]:
    """The academic year and how it is known: file name, else sendlab.toml."""
    named = academic_year_in_name(text.name)
    if named or "time_period" not in given:
        return named, "file name" if named else ""
    return given["time_period"], "sendlab.toml"


def _lost(text: TextTable, lost: pl.Series) -> pl.DataFrame:
    return row_problems(
        text.rows[LINE].filter(lost), file=text.name, sheet=text.sheet, column="URN", rule="place_missing",
        severity="error", message="the row names no school, no authority and not the nation",
        remedy="nothing to do if it is a note",
    )  # fmt: skip


def _no_figure(text: TextTable, column: str) -> pl.DataFrame:
    return file_problem(
        file=text.name, sheet=text.sheet, column=column, rule="column_not_kept", severity="query",
        count=text.rows.height, message="a column of texts, not of figures: not kept", remedy="nothing to do",
    )  # fmt: skip


def _undated(text: TextTable) -> pl.DataFrame:
    return file_problem(
        file=text.name, sheet=text.sheet, column="time_period", rule="period_unknown", severity="warning",
        count=text.rows.height, message="neither its name nor sendlab.toml says which academic year it is of",
        remedy=f'write in sendlab.toml under [files]: "{text.name}" = {{ time_period = "202425" }}',
    )  # fmt: skip
