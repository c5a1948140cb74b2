"""Whether a data file and its meta file meet the EES open data standard: every rule tried on the pair.

Source: DfE analysts' guide, open data standards; the Department's EES screener. Rule by rule in ees_standard.toml.
"""

import re
from typing import Any

import polars as pl

from sendlab.schema.problems import file_problem, join_problems, row_problems
from sendlab.sources.ees_file_rules import FILE_CHECKS
from sendlab.sources.ees_filter_rules import FILTER_CHECKS
from sendlab.sources.ees_meta_rules import META_CHECKS
from sendlab.sources.ees_pair import Check, Hit, Pair, find_meta, is_meta_of, standard, without_repeats
from sendlab.sources.ees_place_rules import PLACE_CHECKS
from sendlab.sources.reading import NotRun
from sendlab.sources.text import TextTable

__all__ = ["CHECKS", "check_pair", "find_meta", "is_meta_of"]

CHECKS: dict[str, Check] = {**META_CHECKS, **FILTER_CHECKS, **FILE_CHECKS, **PLACE_CHECKS}


def check_pair(data: TextTable, meta: TextTable | None) -> tuple[pl.DataFrame, tuple[NotRun, ...]]:
    """Where a data file and its meta file do not meet the standard, and the rules that could not be tried.

    Problems have the columns of schema/problems.py; `file` says which of the two, `row` the line (header: 1). Without
    a meta file the rules on filters and indicators are not run. Rows that the reader could not take apart
    (`faults` of the tables) are not looked at, nor is the second of two columns of one name. No error is raised.
    """
    pair = Pair(without_repeats(data), without_repeats(meta) if meta else None)
    problems: list[pl.DataFrame] = []
    not_run: list[NotRun] = []
    for rule in standard()["rule"]:
        for found in _unmet(rule, pair) or CHECKS[rule["id"]](pair):
            if isinstance(found, NotRun):
                not_run.append(found)
            else:
                problems.append(_told(rule, found, pair))
    return join_problems(problems), tuple(not_run)


def _unmet(rule: dict[str, Any], pair: Pair) -> list[NotRun]:
    """Why a rule cannot be tried; a column that a meta file need not have is no reason."""
    lacking = [c for c in rule.get("needs", []) if c not in pair.data.columns]
    if "meta" not in rule:
        why = "the column is not in the data file"
        return [NotRun(rule["id"], c, why) for c in lacking]
    if pair.meta is None:
        return [NotRun(rule["id"], "", "no meta file stands beside the data file")]
    absent = [c for c in rule["meta"] if c not in (*pair.meta.columns, *standard()["meta_optional"])]
    return [NotRun(rule["id"], c, "the column is not in the meta file") for c in absent]


def _told(rule: dict[str, Any], hit: Hit, pair: Pair) -> pl.DataFrame:
    table = pair.meta if rule.get("about") == "meta" and pair.meta is not None else pair.data
    words = {"severity": rule["severity"], "message": rule["message"] + hit.told, "remedy": rule["remedy"]}
    place = {"file": table.name, "sheet": table.sheet, "column": _shown(hit.column, table), "rule": rule["id"]}
    return file_problem(**place, **words) if hit.rows is None else row_problems(hit.rows, **place, **words)


def _shown(column: str, table: TextTable) -> str:
    """A column's name where it looks like one, else its place: a file without a header has cells there."""
    if column not in table.columns or re.fullmatch(r"[A-Za-z][\w %£()'/.-]{0,79}", column):
        return column
    return f"column {table.columns.index(column) + 1}"
