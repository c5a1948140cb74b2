"""One SEN2 return's nine modules, typed and hung under one another, then joined into the three EHC tables.

A row is quarantined where a cell cannot be read, where it hangs under no parent or a quarantined one, where an id
stands twice, or where a parent may have but one such row. Every other row is loaded; what is doubtful is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl

from sendlab.schema.problems import Severity, row_problems
from sendlab.schema.tables import Column, Table
from sendlab.sources.convert import convert
from sendlab.sources.reading import NotRun, as_declared
from sendlab.sources.sen2_fields import CHILDREN, DATE_ORDERS, Module, heading
from sendlab.sources.text import LINE, TextTable

AGES = (0, 30)  # a plan runs to 25 at most; beyond 30 it is the date of birth that is in doubt
RANKS = ("1", "2")
_NOWHERE = Path()  # where a module lies that was not given
BIRTH = Table("person", "", (Column("birth_date", "date", "date of birth, from which the age is taken"),), ())
# What a row hands down to the rows below it.
INHERITED = ("pupil_id", "age_at_31_august", "sex", "ethnicity", "birth_date", "request_number", "received_date")


class Return(NamedTuple):
    """What a return says of itself."""

    year: str  # of the January in which it is made
    la_code: str | None
    known_from: str


@dataclass
class Part:
    """One module on its way: its text under declared names, the typed rows kept of it, and what was found."""

    module: Module
    text: TextTable
    rows: pl.DataFrame  # LINE, id, parent and the fields there are, as text
    kept: pl.DataFrame = field(default_factory=pl.DataFrame)
    problems: list[pl.DataFrame] = field(default_factory=list)
    not_run: list[NotRun] = field(default_factory=list)
    absent: bool = False  # the return was given without this module

    def convert(self, table: Table) -> pl.DataFrame:
        """The columns of a table, typed; a row that cannot be read is a problem."""
        done = convert(self.rows, table, file=self.text.name, sheet=self.text.sheet, source=self.text.source)
        self.problems.append(done.problems)
        self.not_run += done.not_run
        return done.rows

    def note(self, rows: pl.DataFrame, column: str, rule: str, severity: Severity, message: str, remedy: str) -> None:
        """A problem of these rows."""
        self.problems.append(
            row_problems(rows[LINE], file=self.text.name, sheet=self.text.sheet, column=column, rule=rule,
                         severity=severity, message=message, remedy=remedy)
        )  # fmt: skip

    def refuse(
        self, rows: pl.DataFrame, bad: pl.Expr, column: str, rule: str, message: str, remedy: str
    ) -> pl.DataFrame:
        """The rows that are not bad; the others are noted as errors."""
        self.note(rows.filter(bad), column, rule, "error", message, remedy)
        return rows.filter(~bad)


def make_part(module: Module, text: TextTable | None) -> Part:
    """A module's text as LINE, id, parent and fields under declared names; "1.0" is 1. Nothing else is taken."""
    if text is None:
        rows = pl.DataFrame(schema={LINE: pl.Int64, "id": pl.String, "parent": pl.String})
        return Part(module, TextTable(path=_NOWHERE, rows=rows, encoding=""), rows, absent=True)
    there = {heading(name): name for name in reversed(text.columns)}
    wanted = {"id": [module.id], "parent": [module.parent_id]}
    wanted |= {to: [known, *also] for known, (to, *also) in module.fields.items()}
    columns = [pl.col(LINE)]
    for to, names in wanted.items():
        found = [pl.col(there[heading(name)]) for name in names if heading(name) in there]
        if found or to in ("id", "parent"):
            cell = pl.coalesce(found) if found else pl.lit(None, dtype=pl.String)
            columns.append(cell.str.replace(r"^(\d+)\.0+$", "${1}").alias(to))
    return Part(module, text, text.rows.select(columns))


def join(parts: Mapping[str, Part], known: Return) -> dict[str, dict[str, pl.DataFrame]]:
    """{module: {declared table: rows}}; what was found stands in the parts."""
    for part in parts.values():  # parents before children
        _read_module(part, parts, known)
    for part in parts.values():
        _check_counts(part, parts)
    for order in DATE_ORDERS:
        _check_order(parts[order.module], order.earlier, order.later, order.rule, parts)
    _check_people(parts["person"])
    _check_needs(parts["senneed"])
    return _tables({name: part.kept for name, part in parts.items()}, known)


def _read_module(part: Part, parts: Mapping[str, Part], known: Return) -> None:
    """One module typed, hung under its parents and counted; `kept` is what remains."""
    module = part.module
    typed = part.convert(module.part_table)
    rows = part.rows.select(LINE, "id", "parent")
    if module.parent:
        rows = _hung(part, parts[module.parent], rows)
    rows = rows.join(typed, on=LINE, maintain_order="left")
    if module.name == "person":
        rows = _with_age(part, rows, known)
    if module.most:
        extra = pl.int_range(pl.len()).over("parent") >= module.most
        note = (module.parent_id, "too_many", f"more than {module.most} {module.element} in one record",
                "keep those that count")  # fmt: skip
        if module.over == "error":
            rows = part.refuse(rows, extra, *note)
        else:
            part.note(rows.filter(extra), *note[:2], module.over, *note[2:])
    if CHILDREN[module.name]:
        repeated = pl.col("id").is_not_null() & pl.col("id").is_duplicated()
        rows = part.refuse(
            rows, repeated, module.id, "id_repeated", "the id stands in more than one row, so no row can point to it",
            "give every record an id of its own",
        )  # fmt: skip
    part.kept = rows


def _hung(part: Part, parent: Part, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with what their parent hands down, without those that have none."""
    handed = [name for name in INHERITED if name in parent.kept.columns]
    above = parent.kept.select(pl.col("id").alias("parent"), pl.lit(True).alias("hangs"), *handed)
    rows = rows.join(above, on="parent", how="left", maintain_order="left")
    known = pl.col("parent").is_in(parent.rows["id"].drop_nulls().implode()).fill_null(False)
    rows = part.refuse(
        rows, ~known, part.module.parent_id, "no_such_parent",
        f"the row belongs to no {parent.module.element} record of this return",
        "give all modules of a return together: module CSVs in one folder, their names alike but for the module",
    )  # fmt: skip
    rows = part.refuse(
        rows, pl.col("hangs").is_null(), part.module.parent_id, "parent_quarantined",
        f"the {parent.module.element} record that it belongs to is quarantined", "correct that record first",
    )  # fmt: skip
    if part.module.name == "requests":
        rows = rows.with_columns(pl.int_range(1, pl.len() + 1).over(_upn()).alias("request_number"))
    return rows.drop("hangs")


def _upn() -> pl.Expr:
    return pl.col("pupil_id").str.to_uppercase().str.replace_all(r"\s", "")


def _with_age(part: Part, rows: pl.DataFrame, known: Return) -> pl.DataFrame:
    """Persons with their age on 31 August before the return; a doubtful date of birth costs the age, not the row."""
    born = part.convert(BIRTH)
    part.problems[-1] = part.problems[-1].with_columns(pl.lit("warning").alias("severity"))
    edge, day = date(int(known.year) - 1, 8, 31), pl.col("birth_date")
    had_birthday = day.dt.month().cast(pl.Int32) * 100 + day.dt.day() <= edge.month * 100 + edge.day
    age = (edge.year - 1 - day.dt.year() + had_birthday.cast(pl.Int32)).cast(pl.Int64)
    rows = rows.join(born, on=LINE, how="left", maintain_order="left").with_columns(age.alias("age_at_31_august"))
    likely = pl.col("age_at_31_august").is_between(*AGES)
    part.note(
        rows.filter(~likely), "birth_date", "age_unlikely", "query",
        f"by the date of birth, not {AGES[0]} to {AGES[1]} years old: the age is left blank", "check the date of birth",
    )  # fmt: skip
    return rows.with_columns(pl.when(likely).then("age_at_31_august").alias("age_at_31_august"))


def _check_counts(part: Part, parts: Mapping[str, Part]) -> None:
    """Records that lack a child they should have."""
    for child in CHILDREN[part.module.name]:
        if not child.least:
            continue
        if parts[child.name].absent:
            part.not_run.append(NotRun("too_few", child.element, "this module is not among the files"))
            continue
        childless = ~pl.col("id").is_in(parts[child.name].rows["parent"].drop_nulls().implode()).fill_null(False)
        part.note(
            part.kept.filter(childless), child.element, "too_few", "warning",
            f"the {part.module.element} record has no {child.element} record", "complete the record",
        )  # fmt: skip


def _check_order(part: Part, earlier: str, later: str, rule: str, parts: Mapping[str, Part]) -> None:
    """Dates that stand the wrong way round."""
    there = {name for other in parts.values() for name in other.rows.columns}
    if missing := [name for name in (earlier, later) if name not in there]:
        part.not_run.append(NotRun(rule, missing[0], "the return has no such column"))
        return
    part.note(
        part.kept.filter(pl.col(later) < pl.col(earlier)), later, rule, "warning",
        f"{later} is before {earlier}: kept, but no time is taken from the two", "check both dates",
    )  # fmt: skip


def _check_people(part: Part) -> None:
    part.note(
        part.kept.filter(_upn().is_duplicated() & ~_upn().is_first_distinct()), "pupil_id", "upn_repeated", "warning",
        "another Person record has the same UPN: taken as one person", "merge the records, or correct the UPN",
    )  # fmt: skip


def _check_needs(part: Part) -> None:
    """Ranks that put a need nowhere, or two in one place."""
    ranked = pl.col("sen_type_rank").is_in(RANKS).fill_null(False)
    part.note(
        part.kept.filter(~ranked), "sen_type_rank", "need_without_rank", "warning",
        "the rank of the need is neither 1 nor 2: it is in no table", "give the primary need rank 1, the secondary 2",
    )  # fmt: skip
    again = pl.int_range(pl.len()).over("parent", "sen_type_rank") > 0
    part.note(
        part.kept.filter(ranked & again), "sen_type_rank", "need_rank_repeated", "warning",
        "another need of the plan has the same rank: the first counts", "give each need a rank of its own",
    )  # fmt: skip


def _tables(kept: Mapping[str, pl.DataFrame], known: Return) -> dict[str, dict[str, pl.DataFrame]]:
    """The declared tables, each with the module that gives its rows."""
    assessments = kept["assessment"].drop(LINE, *INHERITED, strict=False).rename({"id": "assessment", "parent": "id"})
    plans = kept["namedplan"].drop(LINE, "id", *INHERITED, strict=False).rename({"parent": "assessment"})
    requests = kept["requests"].join(assessments, on="id", how="left", maintain_order="left")
    requests = requests.join(plans, on="assessment", how="left", maintain_order="left")
    active = kept["activeplans"].join(_needs(kept["senneed"]), on="id", how="left", maintain_order="left")
    named = [pl.lit(known.year).alias("return_year"), pl.lit(known.la_code, dtype=pl.String).alias("la_code")]
    which = {"plandetail": "named", "placementdetail": "active"}
    made = {"requests": ("ehc_requests", requests), "activeplans": ("ehc_plans", active)}
    made |= {m: ("ehc_placements", kept[m].with_columns(pl.lit(plan).alias("plan"))) for m, plan in which.items()}
    return {module: {name: as_declared(rows.with_columns(named), name)} for module, (name, rows) in made.items()}


def _needs(rows: pl.DataFrame) -> pl.DataFrame:
    """The needs of rank 1 and 2 of each active plan."""
    of_rank = [pl.col("sen_type").filter(pl.col("sen_type_rank") == rank).first() for rank in RANKS]
    names = ("sen_primary_need", "sen_secondary_need")
    return rows.group_by(pl.col("parent").alias("id"), maintain_order=True).agg(
        need.alias(name) for need, name in zip(of_rank, names, strict=True)
    )
