"""sendlab.toml: its text in a new workspace, and its sections checked; every fault is said."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from sendlab.errors import WorkspaceProblem, did_you_mean
from sendlab.schedule_settings import Schedule, schedule_of
from sendlab.schema.labels import is_school_year
from sendlab.schema.tables import TABLES

SETTINGS = "sendlab.toml"
SETTINGS_TEXT = """\
# The settings of this sendlab workspace. What is not here has the default shown behind the '#'.

[authority]
la_code = "{la_code}"        # three digits
la_name = {la_name}

[folders]
raw = "raw"             # files as they come: census exports, extracts, published figures
store = "store"         # checked, pseudonymised tables (made by 'sendlab ingest')
reports = "reports"     # what is made for readers

[pseudonyms]
key_id = "{key_id}"     # the key itself lies in your own configuration folder, never here

[files]
# For a file whose content and name do not say which year and term it is:
# "attendance export.csv" = {{ time_period = "202425", term = "Autumn term" }}

# First and last school day of the six half terms of a year: measures by half term are made for the years given here.
[half_terms]
# 202526 = [[2025-09-01, 2025-10-24], [2025-11-03, 2025-12-19], [2026-01-05, 2026-02-13],
#           [2026-02-23, 2026-03-27], [2026-04-13, 2026-05-22], [2026-06-01, 2026-07-21]]

# How many months rows and files are kept until 'sendlab purge' takes them out. Real pupils are ingested only when these
# lines stand without '#'. Any table of docs/tables.md may have a line of its own, such as: sessions = 36
[retention]
{retention}

# Restricted columns (safeguarding, social care, staff, free text) stay out of the store unless their table, or they by
# themselves, are named here with all three. Sentences then go to a table apart, for the school alone.
[restricted]
# behaviour = {{ purpose = "anti-bullying review", lawful_basis = "public task", owner = "Head of Inclusion" }}
# pupils.post_looked_after = {{ purpose = "...", lawful_basis = "...", owner = "..." }}

# Figures for the public hide more than the board's (fewer than 10 people); they are made only where this stands.
[publication]
# public = true

# These settings guard against accident. Whoever can edit this file can change them: they are no access control.
[governance]
# allow_row_level = true             # rows of pupils may be written for their own school; each time is logged
# dpia_reference = "DPIA-2026-01"    # your impact assessment; early warning stays off without one
# access_log = "store/access.log"    # who wrote rows of pupils, when and what

# When reports are made by themselves: 'sendlab schedule' explains it, and installs it where you ask for it.
{schedule}
"""
# [retention] holds months for these beside the declared tables. Offered by 'init', in this order.
RETENTION = {
    "default": (84, "tables of pupils or staff that have no line of their own"),
    "raw": (96, "raw files, a year more than any table: the store is made from them"),
    "reports": (36, "reports, outputs of notebooks, records of runs"),
}
HalfTerm = tuple[str, int, date, date]  # school year, number from 1 to 6, first and last day
PERMIT = ("purpose", "lawful_basis", "owner")


def section_of(settings: dict[str, Any], name: str) -> dict[str, Any]:
    """One section of the settings; empty where it is not there."""
    section = settings.get(name, {})
    if not isinstance(section, dict):
        raise WorkspaceProblem(f"{SETTINGS}: [{name}] is not a section", next_step=f"write a line [{name}]")
    return section


def checked_sections(settings: dict[str, Any], root: Path) -> dict[str, Any]:
    """What all sections but [authority], [folders] and [pseudonyms] say: fields of a Workspace."""
    half_terms = _half_terms(section_of(settings, "half_terms"))
    return {
        "files": section_of(settings, "files"),
        "retention": _retention(section_of(settings, "retention")),
        "restricted": _restricted(section_of(settings, "restricted")),
        "half_terms": half_terms,
        "schedule": _schedule(section_of(settings, "schedule"), half_terms) if "schedule" in settings else None,
        "public": _public(section_of(settings, "publication")),
        **_governance(section_of(settings, "governance"), root),
    }


def _public(given: dict[str, Any]) -> bool:
    """Whether figures for the public are made."""
    for name in given:
        _require_known(name, ["public"], "publication")
    public = given.get("public", False)
    if not isinstance(public, bool):
        raise WorkspaceProblem(
            f"{SETTINGS}: [publication] public is neither true nor false", next_step="write public = true"
        )
    return public


def _half_terms(given: dict[str, Any]) -> tuple[HalfTerm, ...]:
    """(year, number, first day, last day) of every half term: six a year, one after the other, within the year."""
    found: list[HalfTerm] = []
    for year, spans in given.items():
        if not (is_school_year(year) and _are_half_terms(spans, int(year[:4]))):
            raise WorkspaceProblem(
                f"{SETTINGS}: [half_terms] {year} is not six half terms of that school year, one after the other",
                next_step="write 202526 = [[2025-09-01, 2025-10-24], ...]: first and last day of each of the six",
            )
        found += [(year, number, *span) for number, span in enumerate(spans, 1)]
    return tuple(found)


def _are_half_terms(spans: Any, year: int) -> bool:
    """Six pairs of first and last day, each after the one before it, from 1 August to 31 July."""
    if not (isinstance(spans, list) and len(spans) == 6 and all(map(_is_span, spans))):
        return False
    within = date(year, 8, 1) <= spans[0][0] and spans[-1][1] <= date(year + 1, 7, 31)
    in_order = all(first <= last for first, last in spans)
    return within and in_order and all(before[1] < after[0] for before, after in pairwise(spans))


def _is_span(span: Any) -> bool:
    return isinstance(span, list) and len(span) == 2 and all(type(day) is date for day in span)


def _schedule(given: dict[str, Any], half_terms: tuple[HalfTerm, ...]) -> Schedule:
    for name in given:
        _require_known(name, [field.name for field in fields(Schedule)], "schedule")
    return schedule_of(given, terms_known=bool(half_terms))


def _retention(given: dict[str, Any]) -> dict[str, int]:
    for name, months in given.items():
        _require_known(name, [*RETENTION, *TABLES], "retention")
        if type(months) is not int or months < 1:
            raise WorkspaceProblem(
                f"{SETTINGS}: [retention] {name} is not a number of months", next_step=f"write {name} = 84, or another"
            )
    return given


def _restricted(given: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Permits by "table.column"; one given for a table holds for all its restricted columns."""
    permits = {}
    for table, terms in given.items():
        _require_known(table, [name for name, declared in TABLES.items() if declared.restricted], "restricted")
        columns = TABLES[table].restricted
        by_column = isinstance(terms, dict) and terms and all(isinstance(value, dict) for value in terms.values())
        for column, said in terms.items() if by_column else ((column, terms) for column in columns):
            _require_known(column, columns, f"restricted] [{table}")
            permits[f"{table}.{column}"] = _permit(said, table)
    return permits


def _permit(said: Any, table: str) -> dict[str, str]:
    lacking = [term for term in PERMIT if not isinstance(said, dict) or not str(said.get(term) or "").strip()]
    if lacking:
        raise WorkspaceProblem(
            f"{SETTINGS}: [restricted] {table} does not say its {', '.join(lacking)}",
            next_step=f'write {table} = {{ purpose = "...", lawful_basis = "...", owner = "..." }}',
        )
    return {term: str(said[term]) for term in PERMIT}


def _governance(given: dict[str, Any], root: Path) -> dict[str, Any]:
    for name in given:
        _require_known(name, ["allow_row_level", "dpia_reference", "access_log"], "governance")
    allowed, log = given.get("allow_row_level", False), given.get("access_log")
    if not isinstance(allowed, bool):
        raise WorkspaceProblem(
            f"{SETTINGS}: [governance] allow_row_level is neither true nor false",
            next_step="write true or false, without quotation marks",
        )
    return {
        "allow_row_level": allowed,
        "dpia_reference": str(given.get("dpia_reference", "")).strip(),
        "log": root / str(log) if log else None,
    }


def _require_known(name: str, known: Iterable[str], section: str) -> None:
    known = list(known)
    if name not in known:
        hint = did_you_mean(name, known, f"one of {', '.join(known[:8])} ...")
        raise WorkspaceProblem(f"{SETTINGS}: [{section}] knows no '{name}'", next_step=hint)


def retention_lines(months: Mapping[str, int] | None = None) -> str:
    """The lines of [retention]: settled where months are given, else the usual ones behind a '#'.

    >>> print(retention_lines({"raw": 24, "sessions": 12}))
    raw = 24       # raw files, a year more than any table: the store is made from them
    sessions = 12
    """
    mark = "" if months else "# "
    given = months or {name: usual for name, (usual, _) in RETENTION.items()}
    told = {name: f"  # {meaning}" for name, (_, meaning) in RETENTION.items()}
    width = max(len(f"{name} = {number}") for name, number in given.items())
    lines = (f"{f'{name} = {number}':{width}}{told.get(name, '')}" for name, number in given.items())
    return "\n".join(f"{mark}{line}" for line in lines)
