"""Schools to visit, as questions: whose own level is likely to be worse than that of schools of the same phase.

By probability, and never by rank. Figures are the published ones; each school's is drawn towards its phase by how
little its pupils can tell (`stats.shrinkage`), so that the smallest schools are not always the ones asked.
"""

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import polars as pl
from scipy.stats import norm

from sendlab.board.scorecard import Line, Row
from sendlab.board.settings import better_way
from sendlab.compare.says_shows import FEWEST_TO_NAME
from sendlab.disclosure.published import Published
from sendlab.narrate import decimals_of, format_value
from sendlab.narrate.numbers import between
from sendlab.narrate.rows import of_everybody_else
from sendlab.narrate.strength import Z_LIMITS
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import people
from sendlab.stats.rounding import format_number
from sendlab.stats.shrinkage import shrinkage_of

FEWEST_SCHOOLS = 5  # of a phase: fewer do not show how much schools differ
# (at least this probability, in words); a lower one is no question
LIKELY = ((0.99, "almost certain (99 in 100 or more)"), (0.95, "very likely (95 to 98 in 100)"))


@dataclass(frozen=True)
class Visit:
    """A question to a school: about which figure, and how likely it is that its own level is worse than its phase's."""

    place_code: str
    place_name: str
    about: str
    figure: str
    among: str
    likely: str
    question: str


@dataclass(frozen=True)
class Visits:
    """The questions, the likeliest kind first and in it by school; and how much could be looked at."""

    visits: tuple[Visit, ...]
    looked_at: int  # figures of schools that could be judged
    not_judged: int  # figures shown, on fewer than 30 pupils or of a phase with too few schools


def visits_of(published: Published, lines: Iterable[Line]) -> Visits:
    """Questions to schools about the indicators of a scorecard; none where too few schools can be set beside others."""
    found: list[tuple[int, Visit]] = []
    judged = left = 0
    for line in lines:
        if better_way(line.indicator) == "none":
            continue
        shown = _shown(published, line)
        for phase in sorted(set(shown["education_phase"])):
            rows = shown.filter(pl.col("education_phase") == phase).to_dicts()
            enough = [row for row in rows if _is_wide_enough(row)]
            if len(enough) < FEWEST_SCHOOLS:
                left += len(rows)
                continue
            judged, left = judged + len(enough), left + len(rows) - len(enough)
            found += _of_phase(enough, line, phase)
    found.sort(key=lambda each: (each[0], each[1].place_name.lower(), each[1].place_code, each[1].about))
    return Visits(tuple(visit for _, visit in found), judged, left)


def _shown(published: Published, line: Line) -> pl.DataFrame:
    """Figures of schools, of the period and group of a line, that are shown with their limits."""
    same = {name: line.now[name] for name in ("time_period", "time_identifier")}
    return published.of(line.card.measure).filter(
        pl.col("geographic_level") == "School", pl.col("comparator") == "", pl.col("sen_provision") == line.group,
        pl.col("need_area") == TOTAL, pl.col("item") == TOTAL, of_everybody_else(), pl.col("value").is_not_null(),
        pl.col("lower") < pl.col("upper"), **same,
    )  # fmt: skip


def _is_wide_enough(row: Row) -> bool:
    return (row["base_subjects"] or 0) >= FEWEST_TO_NAME


def _of_phase(rows: Sequence[Row], line: Line, phase: str) -> Iterator[tuple[int, Visit]]:
    values, lower, upper = (np.array([row[name] for row in rows], float) for name in ("value", "lower", "upper"))
    shrunk = shrinkage_of(values, ((upper - lower) / (2 * Z_LIMITS)) ** 2)
    worse = -1 if better_way(line.indicator) == "high" else 1
    with np.errstate(invalid="ignore", divide="ignore"):  # schools that do not differ: no sd, and no question
        chance = norm.cdf(worse * (shrunk.estimate - shrunk.mean) / shrunk.sd)
    among = f"{len(rows)} schools ({phase.lower()}): {_number(shrunk.mean, line)}"
    for row, likely in zip(rows, chance, strict=True):
        for number, (least, words) in enumerate(LIKELY):
            if likely >= least:
                yield number, _visit(row, line, among, words)
                break


def _number(value: float, line: Line) -> str:
    text = format_number(value, decimals_of(line.card, None))
    return f"{text}%" if line.card.unit.startswith("%") else text


def _visit(row: Row, line: Line, among: str, words: str) -> Visit:
    about = line.card
    figure = format_value(row["value"], about, base=row["base_subjects"], unit=False)
    whom = "" if line.group == TOTAL else f", {people(line.group)}"
    return Visit(
        place_code=row["place_code"],
        place_name=row["place_name"],
        about=f"{about.title}{whom}",
        figure=f"{figure} ({between(row, about)}; {row['base_subjects']:,} {about.counted})",
        among=among,
        likely=words,
        question=questions().get(about.topic, "What is behind it?"),
    )


@cache
def questions() -> dict[str, str]:
    """{topic: what to ask a school}, from questions.toml."""
    return tomllib.loads((files("sendlab.board") / "questions.toml").read_text(encoding="utf-8"))
