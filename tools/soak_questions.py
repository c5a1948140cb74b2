"""Sequences of questions to the guard, attacked with everything that was released: nothing of few people may come out.

Every seed asks 30 questions of the board's audience about the sample authority, beside its published figures, each
judged with all answers before: three seeds of four as an analyst who follows a gap would (`Analyst`), the fourth as
somebody who wants a small group left over (`Attacker`). The share of refusals is judged on the former.
"""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from question_attack import Recovered, attack, tied
from question_sequences import LENGTH, sequence

from sendlab.build.opened import open_workspace
from sendlab.disclosure.asked import ask_published
from sendlab.disclosure.guard import COLUMNS, Question, of_few_people
from sendlab.disclosure.guard.counted import facts_of_year, figures
from sendlab.disclosure.guard.question import Group, group_of
from sendlab.disclosure.published import HIDDEN, Published
from sendlab.metrics.cards import card, cards
from sendlab.schema.groups import TOTAL
from sendlab.stats.intervals import wilson

ROOT = Path(__file__).resolve().parent.parent
REFUSALS_HELD = 0.15  # share of the questions of realistic sequences
FEWEST_AT_PLACE, FEWEST_IN_GROUP = 20, 10  # pupils in a view that an analyst takes away
TODAY, PART = date(2026, 12, 1), "Academic year"


@dataclass(frozen=True)
class Sample:
    """What questions are asked about: facts of all years, the board's figures, and the year with schools' tables."""

    facts: pl.DataFrame
    released: Published
    year: str
    la_code: str
    schools: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What came of one sequence."""

    kind: str
    asked: int
    refused: int
    figures: int
    hidden: int
    looked_at: int
    recovered: list[Recovered]


def sample(root: Path = ROOT) -> Sample:
    """The sample authority: small schools, so that nearly every table has a small group."""
    opened = open_workspace(root)
    released = opened.published(every_table=True)
    places = opened.places()
    schools = places.filter(pl.col("geographic_level") == "School")["place_code"]
    year = released.rows.filter(pl.col("measure") == "absence")["time_period"].max()
    return Sample(opened.facts(), released, str(year), str(opened.workspace.la_code), tuple(schools))


def worth_taking(here: Sample, question: Question) -> bool:
    """Whether a view is one to take away: 20 pupils or more at each place, and half of its groups or more to be shown.

    On fewer than ten pupils there is no percentage to show, and of few behind the figure nothing at all; analysts see
    on their own screen how many there are, and the status line there tells them how many figures will be hidden.
    """
    rows = figures(question, facts_of_year(here.facts, question.time_period))
    return all(_enough(here, rows.filter(pl.col("place_code") == place), question) for place in question.places)


def _enough(here: Sample, rows: pl.DataFrame, question: Question) -> bool:
    there = rows.filter(pl.col("base_subjects") > 0)
    few = of_few_people(there.iter_rows(named=True), card(question.measure), here.released.threshold)
    there = there.with_columns(few=pl.Series(few, dtype=pl.Boolean))
    total = there["base_subjects"].max() or 0
    groups = there.filter(pl.col("base_subjects") < total)
    large = groups.filter((pl.col("base_subjects") >= FEWEST_IN_GROUP) & ~pl.col("few")).height
    return int(total) >= FEWEST_AT_PLACE and (not question.by or (large > 0 and 2 * large >= groups.height))


def questions_of(here: Sample, seed: int, length: int = LENGTH) -> list[Question]:
    """The questions of a seed."""
    return sequence(kind_of(seed), seed, here.year, here.la_code, here.schools, length,
                    lambda one: worth_taking(here, one))  # fmt: skip


def kind_of(seed: int) -> str:
    """Every fourth seed is hostile."""
    return "realistic" if seed % 4 else "hostile"


def asked(here: Sample, questions: Sequence[Question]) -> list[tuple[Question, pl.DataFrame | None]]:
    """Each question with its answer, None where it was refused; all with one log of their own."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "answers.jsonl"
        found = [(one, ask_published(one, here.facts, here.released, log, TODAY).figures) for one in questions]
    return [(one, None if figure is None else figure.rows) for one, figure in found]


def unguarded(here: Sample, questions: Sequence[Question]) -> list[tuple[Question, pl.DataFrame | None]]:
    """Each question with all its figures, where only those of few people are hidden and no others with them."""
    t = here.released.threshold
    few = [pl.col(name).is_between(0, t - 1) for name in ("base_subjects", "with_subjects")]
    few.append((pl.col("base_subjects") - pl.col("with_subjects")).is_between(1, t - 1))
    found = []
    for one in questions:
        rows = figures(one, facts_of_year(here.facts, one.time_period)).filter(pl.col("base_subjects") > 0)
        names = ("base_subjects", "numerator", "denominator")
        is_few = pl.any_horizontal(few)
        rows = rows.with_columns(
            *(pl.when(~is_few).then(name).alias(name) for name in names),
            pl.when(is_few).then(pl.lit(HIDDEN)).otherwise("status").alias("status"),
        )
        found.append((one, rows))
    return found


def attacked(here: Sample, answers: Sequence[tuple[Question, pl.DataFrame | None]]) -> tuple[int, list[Recovered]]:
    """The attack on answers, one family of measures after the other: counts looked at, and those recovered."""
    of_measures = [one.measure for one, rows in answers if rows is not None]
    looked_at, recovered = 0, list[Recovered]()
    for family in tied(of_measures):
        rows = [rows for one, rows in answers if rows is not None and one.measure in family]
        told = pl.concat([one.select(sorted(set(rows[0].columns) & set(one.columns))) for one in rows])
        before = published_on(here, card(family[0]).base)
        measures = sorted({*family, *_wholes(family, before)})
        columns = _columns(one for one, rows in answers if rows is not None and one.measure in family)
        about = [one for one, _ in answers if one.measure in family]
        number, found = attack(here.facts.filter(pl.col("time_period") == here.year), measures, before, told, columns,
                               _asked_about(here, about), here.la_code, here.released.threshold)  # fmt: skip
        looked_at += number
        recovered += found
    return looked_at, recovered


def _asked_about(here: Sample, questions: Iterable[Question]) -> dict[str, set[Group]]:
    """Groups that questions are about, by place."""
    found: dict[str, set[Group]] = {}
    for one in questions:
        for row in figures(one, facts_of_year(here.facts, one.time_period)).iter_rows(named=True):
            found.setdefault(row["place_code"], set()).add(group_of(row))
    return found


def _columns(questions: Iterable[Question]) -> list[str]:
    used = {name for one in questions for name in one.columns}
    return [name for name in COLUMNS if name in used]


def _wholes(family: Sequence[str], before: pl.DataFrame) -> list[str]:
    """Published measures that cards tie to the family's."""
    there = before["measure"].unique().to_list()
    return [one for one in there if any(
        one in (cards()[name].parts_of, cards()[name].at_most) or name in (cards()[one].parts_of, cards()[one].at_most)
        for name in family
    )]  # fmt: skip


def published_on(here: Sample, base: str) -> pl.DataFrame:
    """Published figures of the year on one base, of schools and the authority."""
    rows = here.released.rows
    same = [name for name in rows["measure"].unique().to_list() if card(name).base == base]
    return rows.filter(
        pl.col("measure").is_in(same) & (pl.col("time_period") == here.year) & (pl.col("comparator") == "")
        & (pl.col("item") == TOTAL) & (pl.col("time_identifier") == PART)
        & pl.col("geographic_level").is_in(["School", "Local authority"])
    )  # fmt: skip


def of_seed(here: Sample, seed: int) -> Outcome:
    """The sequence of a seed, asked and attacked."""
    kind = kind_of(seed)
    answers = asked(here, questions_of(here, seed, LENGTH))
    rows = [rows for _, rows in answers if rows is not None]
    looked_at, recovered = attacked(here, answers)
    hidden = sum(int((one["status"] == HIDDEN).sum()) for one in rows)
    return Outcome(kind, len(answers), len(answers) - len(rows), sum(one.height for one in rows), hidden, looked_at,
                   recovered)  # fmt: skip


def judged(seeds: range) -> tuple[bool, str, dict[str, Any]]:
    """Whether nothing is recovered, and few questions of realistic sequences are refused; in words; figures by seed.

    Few: some 120 questions of a few seeds do not show that more than the share held to are refused. What all seeds
    together show stands in docs/soak.md.
    """
    here = sample()
    found = {seed: of_seed(here, seed) for seed in seeds}
    recovered = [f"seed {seed}: {one}" for seed, outcome in found.items() for one in outcome.recovered]
    least, said = {"realistic": 0.0}, []
    for kind in ("realistic", "hostile"):
        some = [one for one in found.values() if one.kind == kind]
        if some:
            refused, asked_for = sum(one.refused for one in some), sum(one.asked for one in some)
            least[kind] = float(wilson(refused, asked_for)[0])
            hidden = sum(one.hidden for one in some) / max(sum(one.figures for one in some), 1)
            said.append(f"{kind}: {len(some)} sequences, {refused} of {asked_for} questions refused, "
                        f"{100 * hidden:.0f} % of answered figures hidden")  # fmt: skip
    looked = sum(one.looked_at for one in found.values())
    words = f"{len(recovered)} of {looked:,} small counts recovered; {'; '.join(said)}"
    told = {str(seed): [one.kind, one.asked, one.refused, one.figures, one.hidden, one.looked_at, len(one.recovered)]
            for seed, one in found.items()}  # fmt: skip
    good = not recovered and least["realistic"] <= REFUSALS_HELD
    return good, words, {"sequences": told, "recovered": recovered}
