"""The census files of a folder, grouped by census and read together, each with its outcome."""

from collections import defaultdict

from sendlab.errors import DataProblem
from sendlab.schema.problems import file_problem
from sendlab.sources import blade
from sendlab.sources.census import read_census
from sendlab.sources.names import near
from sendlab.sources.reading import Reading
from sendlab.sources.recognise import Recognised
from sendlab.sources.text import TextTable

FORMAT = blade.FORMAT
Outcome = tuple[TextTable, Recognised, Reading]


def read_set(
    files: list[tuple[TextTable, Recognised]], given: dict[str, dict[str, str]]
) -> tuple[list[Outcome], list[DataProblem]]:
    """Every blade file's outcome, and the problems of files whose census is not known.

    The declared tables of a census stand with its first file. Period and authority come from the header table, else
    from the file's name (the authority: from the schools' numbers), else from sendlab.toml, and it is said which.
    """
    named = {_family(kind, text): blade.census_in_table(text) for text, kind in files if kind.table == "schoolcensus"}
    groups: dict[blade.Census, list[blade.BladeFile]] = defaultdict(list)
    kinds = {id(text): kind for text, kind in files}
    done, unread = [], []
    for text, kind in files:
        if kind.table not in blade.TABLES:
            done.append((text, kind, _not_kept(text, kind)))
            continue
        try:
            _require_columns(text, kind)
            census, known = _settle(text, named.get(_family(kind, text)), given.get(text.name, {}))
        except DataProblem as problem:
            unread.append(problem)
            continue
        groups[census].append(blade.BladeFile(text, kind.table, census, known, _family(kind, text)))
    for census in sorted(groups, key=lambda census: census.count_day):  # the latest description of a school counts
        made = read_census(groups[census])
        tables = made.tables
        for file, outcome in made.files:
            reading = Reading(tables, outcome.problems, file.known_from, outcome.not_run)
            done.append((file.text, kinds[id(file.text)], reading))
            tables = {}
    return done, unread


def _require_columns(text: TextTable, kind: Recognised) -> None:
    """Refuse a file without a column that its rows mean nothing without; a name that is near it is told."""
    there = [name.lower() for name in text.columns]
    missing = [names for names in blade.NEEDED.get(kind.table, ()) if not set(names) & set(there)]
    if missing:
        known = {name for names in blade.NEEDED[kind.table] for name in names}
        raise DataProblem(
            text.name,
            [f"column '{names[0]}' is missing{_perhaps(names[0], set(there) - known)}" for names in missing],
            next_step=f"export the census table '{kind.table}' whole, or give the column its name back",
        )


def _perhaps(name: str, others: set[str]) -> str:
    """A column that may be meant: one with a like name, or one whose name is a part of it."""
    found = near(name, others) or next((other for other in sorted(others) if other in name), None)
    return f"; is it '{found}'?" if found else ""


def _settle(text: TextTable, named: blade.Census | None, given: dict[str, str]) -> tuple[blade.Census, str]:
    """The census of a blade file and how it is known: header table, else file name, else sendlab.toml."""
    tries = (
        (named, "header table"),
        (blade.census_in_name(text.name), "file name"),
        (blade.census_in_settings(given), "sendlab.toml"),
    )
    for census, known_from in tries:
        if census is not None:
            return census, f"{census.term} {census.time_period} from {known_from}; {_authority(text)}"
    raise DataProblem(
        text.name,
        ["neither a schoolcensus table beside it, nor its name, nor sendlab.toml says which census it belongs to"],
        next_step=f'write under [files]: "{text.name}" = {{ time_period = "202425", term = "Autumn term" }}',
    )


def _authority(text: TextTable) -> str:
    """The authority that a census file's schools belong to, in words: from its LEA column, else from their numbers."""
    columns = {name.lower(): name for name in text.columns}
    for name, known_from in (("lea", "header table"), ("nativeid", "school numbers")):
        if name in columns:
            codes = text.rows[columns[name]].str.strip_suffix(".0").str.extract(r"^(\d{3})(?:$|\d{4}$)", 1)
            found = sorted(codes.drop_nulls().unique())
            if found:
                return f"LA {' and '.join(found[:3])} from {known_from}"
    return "LA not said: taken for the workspace's"


def _family(kind: Recognised, text: TextTable) -> str:
    """What the files of one export have in common: folder, and name without the table where the name holds it."""
    stem = text.name.lower().removesuffix(".gz")
    return str(text.path.parent / stem.replace(kind.table, "")) if kind.table in stem else str(text.path.parent)


def _not_kept(text: TextTable, kind: Recognised) -> Reading:
    """A census table that no measure needs (addresses, post-16 and early-years funding): no row of it is kept."""
    problem = file_problem(
        file=text.name, rule="table_not_needed", severity="query", count=text.rows.height,
        message=f"the census table '{kind.table}' serves no measure: its rows are not kept",
        remedy="nothing to do; it need not be exported",
    )  # fmt: skip
    return Reading({}, problem, nothing_kept=True)
