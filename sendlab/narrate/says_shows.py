"""Says against shows, in words: what a school says of itself, what its figures show beside whom, and what to ask."""

from dataclasses import dataclass

import polars as pl

from sendlab.compare.says_shows import DISAGREES, FEWEST, FEWEST_TO_NAME, RATING, UNTREATED, says_shows
from sendlab.compare.sides import NATIONAL
from sendlab.disclosure.published import NATION, Published, require_view
from sendlab.errors import NothingToShow
from sendlab.metrics.cards import Card, card
from sendlab.metrics.grouping import SCHOOL
from sendlab.metrics.sef.ties import Tie, tied, tied_measures
from sendlab.narrate.numbers import format_gap, format_value, gap_between
from sendlab.narrate.rows import Row, View
from sendlab.narrate.sentences import figure_words
from sendlab.schema.groups import NO_ITEM, TOTAL
from sendlab.schema.labels import people, period_name, period_text
from sendlab.stats.rounding import format_number

RAREST = 1_000  # chances are told down to one time in so many


@dataclass(frozen=True)
class Question:
    """A disagreement as a question: both sides in words, how often chance alone would do as much, and what to ask."""

    place_code: str
    place: str
    statement: str
    measure: str
    says: str
    shows: str
    beside: str
    verdict: str
    chance: str
    ask: str
    base: int


def schools_to_ask(view: View, *, time_period: str) -> list[Question]:
    """Every disagreement of schools' ratings with their figures as a question; schools by name, and no rank.

    `view` holds `says_shows_measures()` of all schools. Only figures on 30 people or more name a school; none in public
    (NothingToShow). False questions among all are held at 10 %.
    """
    lines = lines_of(view, time_period=time_period, fewest=FEWEST_TO_NAME)
    return [question(line) for line in lines.filter(pl.col("verdict").is_in(DISAGREES)).to_dicts()]


def says_shows_measures() -> list[str]:
    """The measures that says-against-shows is made of: `opened.published(measure=...)`, where it is of all schools."""
    return tied_measures()


def lines_of(view: View, *, time_period: str, place: str = "", fewest: int = FEWEST) -> pl.DataFrame:
    """The rows of `compare.says_shows` of all schools in a view, or of one; NothingToShow where nobody rated."""
    require_view(view)
    if isinstance(view, Published) and view.audience == "public":
        raise NothingToShow("what schools say against what they show is for the board and the schools themselves")
    where = (place, NATION) if place else ("",)
    rows = pl.concat([view.of(measure, code) for measure in tied_measures() for code in where])
    rated = (pl.col("measure") == RATING) & (pl.col("geographic_level") == SCHOOL) & pl.col("value").is_not_null()
    if rows.filter(rated & (pl.col("time_period") == time_period)).is_empty():
        raise NothingToShow(f"no school's self-evaluation of {period_name(time_period)} among these figures")
    return says_shows(rows, time_period=time_period, fewest=fewest)


def question(line: Row) -> Question:
    """A line with a disagreement as a question, with what may explain it and is nobody's fault."""
    about, tie = tied()[line["statement"]], tie_of(line)
    if line["verdict"] == DISAGREES[0]:
        ask = f"{about.ask} It may also be {tie.innocent}."
    else:
        ask = "What is done here that the rating gives no credit for, and could other schools come and see it?"
    return Question(
        line["place_code"], line["place_name"], f"{line['statement']} {about.label}", measure_words(line),
        says_words(line), shows_words(line), beside_words(line), line["verdict"], chance_words(line["p"]), ask,
        line["base_subjects"],
    )  # fmt: skip


def tie_of(line: Row) -> Tie:
    """The tie that a line is of."""
    return next(tie for tie in tied()[line["statement"]].ties if tie.measure == line["measure"])


def says_words(line: Row) -> str:
    """The school's own rating: "8 of 10"; a mean of several raters with its decimal."""
    if line["rating"] is None:
        return "not rated"
    return f"{format_value(line['rating'], card(RATING), unit=False).removesuffix('.0')} of 10"


def measure_words(line: Row) -> str:
    """The measure with whose figure it is, and its item."""
    about = card(line["measure"])
    who = f", {people(line['sen_provision'])}" if line["sen_provision"] != TOTAL else ""
    return f"{about.title}{who}" + (f", {line['item']}" if line["item"] not in (None, TOTAL, NO_ITEM) else "")


def shows_words(line: Row) -> str:
    """The figure with its count, interval and period, or why there is none."""
    if line["time_period"] is None:
        return "no figure"
    about = card(line["measure"])
    if line["value"] is None:
        return figure_words(line, about)
    words = figure_words(line, about) if about.of_people else format_value(line["value"], about)
    return f"{words}, {period_text(line['time_period'], line['time_identifier'])}"


def beside_words(line: Row) -> str:
    """The gap with its interval, and to whom; "" where nobody stands beside the figure."""
    if line["gap"] is None or line["value"] is None:
        return ""
    about, base = card(line["measure"]), line["base_subjects"]
    gap = {"value": line["gap"], "lower": line["gap_lower"], "upper": line["gap_upper"], "base_subjects": base}
    side = "above" if line["gap"] > 0 else "below"
    size = f"{format_gap(line['gap'], about, base=base)} {side}" if line["gap"] else "the same as"
    limits = f" ({gap_between(gap, about)})" if None not in (gap["lower"], gap["upper"]) else ""
    return f"{size} {_whom(line, about)}{limits}"


def _whom(line: Row, about: Card) -> str:
    if line["comparator"] == UNTREATED:
        return UNTREATED
    group = "the same group" if line["sen_provision"] != TOTAL else "others"
    figure = format_value(line["comparator_value"], about, unit=False)
    if line["comparator"] != NATIONAL:
        return f"{group} in the rest of the LA ({figure})"
    phase = f"{line['education_phase'].lower()} schools" if line["own_phase"] else "schools of all phases"
    return f"{group} nationally, {phase} ({figure}, {period_name(line['comparator_period'])})"


def chance_words(p: float | None) -> str:
    """How often chance alone would do as much, in a school that is like those beside it.

    >>> chance_words(0.0132), chance_words(0.0000004), chance_words(None)
    ('about 1 time in 80', 'less than 1 time in 1,000', '')
    """
    if p is None:
        return ""
    if p * RAREST < 1:
        return f"less than 1 time in {RAREST:,}"
    times = 1 / p
    return f"about 1 time in {format_number(round(times, -1) if times >= 20 else times, 0)}"
