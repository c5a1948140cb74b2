"""Self-evaluation in JupyterLab as a plain class: rate every statement, then write evidence; each answer is saved."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.codes import read_codes
from sendlab.errors import DataProblem, SendlabError
from sendlab.metrics.sef.ratings import AGREED, SETTING, sections
from sendlab.publish.forms import schools_of
from sendlab.schema.tables import TABLES
from sendlab.sources.cells import academic_year
from sendlab.sources.folder import read_files
from sendlab.sources.sef_layout import numbers_from
from sendlab.store import replace_file
from sendlab.workspace import find_workspace

RATED, EVIDENCE = TABLES["self_evaluation"], TABLES["evidence"]
TOP = 10  # of the scale
MONTHS = tuple(int(months) for months in RATED.column("target_months").allowed)


@dataclass(frozen=True)
class Rating:
    """What was decided of one statement; without `now` it was left blank on purpose."""

    now: int | None = None
    target: int | None = None
    months: int | None = None


class SelfEvaluation:
    """One rater's round of the self-evaluation of one school, saved after each answer where ingest reads it.

    `school`: URN or LAESTAB. `round_on`: day of the round, the same for all its raters. `unit` and `rater` as in the
    table `self_evaluation` (the setting, as agreed), `rater_number` where a role has several. `workspace`: a folder in
    or below a workspace (default: the current one). A round that was begun goes on where it stopped.
    """

    def __init__(
        self, school: str, round_on: date | str, *, unit: str = SETTING, rater: str = AGREED,
        rater_number: int | None = None, workspace: Path | str | None = None,
    ) -> None:  # fmt: skip
        space = find_workspace(Path(workspace) if workspace else None)
        (found,) = schools_of(space, [str(school)]).to_dicts()
        self.school_id, self.school_name = str(found["school_id"]), str(found["place_name"])
        self.round_on = _day(round_on)
        _require_allowed("unit", unit)
        _require_allowed("rater", rater)
        self.unit, self.rater, self.rater_number = unit, rater, None if rater == AGREED else rater_number or 1
        self._folder = space.raw
        self.ratings: dict[str, Rating] = {}
        self.evidence: list[dict[str, Any]] = []
        self._take_up()

    # ---- ratings

    @property
    def sections(self) -> dict[str, list[str]]:
        """{section: its statements}, in the order of the tool."""
        found: dict[str, list[str]] = {}
        for code, section in sections().items():
            found.setdefault(section, []).append(code)
        return found

    def rate(self, statement: str, now: int, target: int | None = None, months: int | None = None) -> None:
        """Rate a statement 0 (does not apply) to 10, with where to be in 6 or 12 months; saved at once.

        Errors: SendlabError for what is no such statement, rating or time, and for a target of what does not apply.
        """
        _require_statement(statement)
        for name, value in (("now", now), ("target", target)):
            if value is not None and value not in range(TOP + 1):
                raise SendlabError(f"{statement}, {name}: no rating from 0 to {TOP}", next_step="give a whole number")
        if months is not None and months not in MONTHS:
            raise SendlabError(f"{statement}: a target is for {' or '.join(map(str, MONTHS))} months")
        if now == 0 and target:
            raise SendlabError(f"{statement} does not apply (0), so it has no target", next_step="leave the target out")
        self.ratings[statement] = Rating(now, target, months if target else None)
        self._save_ratings()

    def leave_blank(self, statement: str) -> None:
        """Decide not to rate a statement; it then counts as looked at, and as not rated."""
        _require_statement(statement)
        self.ratings[statement] = Rating()
        self._save_ratings()

    @property
    def to_do(self) -> list[str]:
        """Statements that were neither rated nor left blank on purpose, in the order of the tool."""
        return [code for code in sections() if code not in self.ratings]

    @property
    def progress(self) -> str:
        """How far it is, in a sentence."""
        rated = sum(one.now is not None for one in self.ratings.values())
        blank = len(self.ratings) - rated
        left = f", {blank} left blank" if blank else ""
        rest = "; evidence can be written" if not self.to_do else f"; {len(self.to_do)} to go before evidence"
        return f"{rated} of {len(sections())} statements rated{left}{rest}"

    def priorities(self, top: int = 5) -> list[tuple[str, int]]:
        """(statement, step) of the widest steps from now to target; the lower rating goes first among equals."""
        steps = [(code, one.target - one.now, one.now) for code, one in self.ratings.items() if one.now and one.target]
        widest = sorted((step for step in steps if step[1] > 0), key=lambda step: (-step[1], step[2]))
        return [(code, step) for code, step, _ in widest[:top]]

    # ---- evidence

    def add_evidence(
        self, statement: str, kind: str, *, shared: bool = False, note: str = "", recorded_on: date | None = None
    ) -> None:
        """Write down a piece of evidence, once every statement was decided; saved at once.

        `kind` as in the table `evidence`; `shared`: offered to other schools; `note`: for the school alone, no names.
        Errors: SendlabError while statements are to be rated: evidence first would draw away from the widest gaps.
        """
        _require_statement(statement)
        if self.to_do:
            told = f"{len(self.to_do)} of {len(sections())} statements are not rated yet: {', '.join(self.to_do[:7])}"
            raise SendlabError(
                f"{told}{' ...' * (len(self.to_do) > 7)}", next_step="rate them all, then write evidence"
            )
        if kind not in (kinds := EVIDENCE.column("type").allowed):
            raise SendlabError("no such kind of evidence", next_step=f"use one of: {', '.join(kinds)}")
        day = recorded_on or date.today()
        first = numbers_from(self.unit, self.rater, self.rater_number)
        number = 1 + first + sum((one["statement"], one["recorded_on"]) == (statement, day) for one in self.evidence)
        self.evidence.append({
            "school_id": self.school_id, "statement": statement, "recorded_on": day, "number": number, "type": kind,
            "shared": shared, "note": " ".join(note.split()) or None,
        })  # fmt: skip
        self._save_evidence()

    # ---- as tables, and as files

    @property
    def table(self) -> pl.DataFrame:
        """What was decided, as the declared table `self_evaluation`, a row a statement."""
        who = {"school_id": self.school_id, "time_period": academic_year(self.round_on.isoformat()),
               "rated_on": self.round_on, "unit": self.unit, "rater": self.rater,
               "rater_number": self.rater_number}  # fmt: skip
        rows = [
            {**who, "statement": code, "rating_now": one.now, "rating_target": one.target, "target_months": one.months}
            for code in sections() if (one := self.ratings.get(code))
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=RATED.polars_schema)

    @property
    def files(self) -> tuple[Path, Path]:
        """Where ratings and evidence are saved, in the workspace's raw folder."""
        who = [self.unit, self.rater, *([str(self.rater_number)] if self.rater_number else [])]
        name = "-".join(["self-evaluation", self.school_id, self.round_on.isoformat(), *who]).replace(" ", "-").lower()
        return self._folder / f"{name}.csv", self._folder / f"{name}-evidence.csv"

    def show(self) -> Any:
        """The rating page with its controls, as an ipywidgets box."""
        from sendlab.explore.rating_page import rating_page

        return rating_page(self)

    def __repr__(self) -> str:
        return f"Self-evaluation of {self.school_name}, {self.round_on:%d/%m/%Y}, {self.who}: {self.progress}"

    @property
    def who(self) -> str:
        """Who rates what, in words."""
        return f"{self.rater}{f' {self.rater_number}' if self.rater_number else ''}, {self.unit}"

    def _save_ratings(self) -> None:
        _write(self.table, self.files[0])

    def _save_evidence(self) -> None:
        _write(pl.DataFrame(self.evidence, schema=EVIDENCE.polars_schema), self.files[1])

    def _take_up(self) -> None:
        """Go on where a round was left: through the door that ingest takes."""
        there = [path for path in self.files if path.is_file()]
        raw = read_files(there)
        faults = raw.all_problems.filter(pl.col("severity") == "error")
        if raw.unread or faults.height:
            raise raw.unread[0] if raw.unread else DataProblem(
                str(faults["file"][0]), [str(text) for text in faults["message"].unique().sort()],
                next_step="put it right, or take it out of the raw folder to begin anew",
            )  # fmt: skip
        for row in raw.table("self_evaluation").to_dicts():
            self.ratings[row["statement"]] = Rating(row["rating_now"], row["rating_target"], row["target_months"])
        self.evidence = raw.table("evidence").to_dicts()


def _write(rows: pl.DataFrame, target: Path) -> None:
    """A CSV written aside and renamed: a crash leaves the answer before, whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    rows.write_csv(aside, line_terminator="\n")
    replace_file(aside, target)


def _day(day: date | str) -> date:
    try:
        return day if isinstance(day, date) else date.fromisoformat(day)
    except ValueError:
        raise SendlabError("the day of the round is no date", next_step='write it as "2026-11-13"') from None


def _require_allowed(column: str, value: str) -> None:
    allowed: Sequence[str] = RATED.column(column).allowed
    if value not in allowed:
        raise SendlabError(f"no {column} of that name", next_step=f"use one of: {', '.join(allowed)}")


def _require_statement(code: str) -> None:
    if code not in sections():
        raise SendlabError(
            f"no statement has the code '{code[:5]}'", next_step="codes run from O1 to M5: see .sections"
        )


def label_of(code: str) -> str:
    """The words of a statement.

    >>> label_of("O2")
    'Parents and carers help to lift outcomes'
    """
    return next(line.label for line in read_codes("sef_statement") if line.code == code)
