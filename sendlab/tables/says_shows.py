"""Says against shows as tables: every statement of one school beside its figures, and disagreements as questions."""

from itertools import groupby

import polars as pl

from sendlab.compare.says_shows import ALIKE, DISAGREES, FEWEST, FEWEST_TO_NAME, NO_MEASURE, NOT_PUBLISHED, RATING
from sendlab.disclosure.published import require_view
from sendlab.errors import NothingToShow
from sendlab.metrics.cards import card
from sendlab.metrics.grouping import SCHOOL
from sendlab.metrics.sef.ties import tied
from sendlab.narrate import Row, View, says_shows_measures, title_words
from sendlab.narrate.rows import or_else
from sendlab.narrate.says_shows import beside_words, lines_of, measure_words, question, says_words, shows_words
from sendlab.schema.labels import period_name
from sendlab.tables.made import nothing_table, row_notes
from sendlab.tables.shown import ShownTable

_LINES = ("Statement and measure", "The school says", "The figures show", "Beside", "Set against each other")
_QUESTIONS = (
    "Statement and measure", "The school says", "The figures show", "Beside", "By chance alone",
    "Set against each other", "Question to ask",
)  # fmt: skip
_SCHOOLS = ("Statement and measure", "Says more", "Figures better", "No disagreement", "Not judged: schools")
_RULE = (
    "A rating of 7 to 10 disagrees with a figure clearly worse than that beside it, a rating of 1 to 3 with one "
    "clearly better; no score is made of it."
)
_CHANCE = (
    "By chance alone: how often a school that is like those beside it would be so far from them, or further, on the "
    "side that speaks against its rating."
)


@or_else(nothing_table)
def says_shows_table(view: View, *, place: str, time_period: str) -> ShownTable:
    """Every statement of one school: what it says, what each tied measure shows beside whom, and what follows.

    A line a measure; measures that are not published share one. A statement that nothing can bear on says what there
    would have to be on record. Where `place` is the LA: for each line, of how many schools what can be said.
    """
    of_school, lines = _lines(view, place, time_period)
    if not of_school:
        return _schools_told(view, lines, time_period)
    rows = [
        cells
        for _, of_statement in groupby(lines.to_dicts(), key=lambda line: line["statement"])
        for cells in _statement_rows(list(of_statement))
    ]
    name = lines["place_name"][0]
    caption = f"What {name} says of itself, beside what its figures show, {period_name(time_period)}"
    notes = (_RULE, *_notes(view, lines, of_school=True))
    return ShownTable(caption, _LINES, tuple(rows), (False,) * len(_LINES), notes, view.mark)


def _lines(view: View, place: str, time_period: str) -> tuple[bool, pl.DataFrame]:
    """Whether a place is a school, and its lines; for the LA those of all schools, on people enough to name them."""
    require_view(view)
    if SCHOOL in set(view.of(RATING, place)["geographic_level"]):
        return True, lines_of(view, place=place, time_period=time_period)
    return False, lines_of(view, time_period=time_period, fewest=FEWEST_TO_NAME)


def _notes(view: View, lines: pl.DataFrame, *, of_school: bool) -> tuple[str, ...]:
    """How it was judged, on how many people, and how many schools here have not rated themselves."""
    judged = f"{lines['family'][0]}; none on fewer than {FEWEST if of_school else FEWEST_TO_NAME} people."
    if of_school:
        return judged, *row_notes(view, [])
    with_figures = {
        code
        for measure in says_shows_measures()
        for code in view.of(measure).filter(pl.col("geographic_level") == SCHOOL)["place_code"]
    }
    missing = len(with_figures - set(lines["place_code"]))
    of_others = (f"Schools with figures here and no self-evaluation of this year: {missing:,}.",) if missing else ()
    return judged, *of_others, *row_notes(view, [])


def _schools_told(view: View, lines: pl.DataFrame, time_period: str) -> ShownTable:
    """For every statement and measure, how many schools are judged, ask for a question, or are not judged and why."""
    counts = lines.group_by("statement", "measure", "verdict", maintain_order=True).agg(pl.col("place_code").n_unique())
    rows = []
    for (statement, measure), part in counts.group_by("statement", "measure", maintain_order=True):
        found = dict(part.select("verdict", "place_code").iter_rows())
        asked = [f"{found.pop(verdict, 0):,}" for verdict in (*DISAGREES, ALIKE)]
        why = "; ".join(f"{verdict}: {found[verdict]:,}" for verdict in sorted(found))  # no school's place shows
        about = tied()[str(statement)]
        why += f"; needed: {about.needed}" if about.needed else ""
        title = f": {title_words(card(str(measure)))}" if measure else ""
        rows.append((f"{about.statement} {about.label}{title}", *asked, why))
    caption = (
        f"What schools say beside what their figures show: of how many schools what can be said, "
        f"{period_name(time_period)}"
    )
    notes = (_RULE, *_notes(view, lines, of_school=False))
    return ShownTable(caption, _SCHOOLS, tuple(rows), (False, True, True, True, False), notes, view.mark)


def _statement_rows(lines: list[Row]) -> list[tuple[str, ...]]:
    about, says = tied()[lines[0]["statement"]], says_words(lines[0])
    start = f"{about.statement} {about.label}"
    if lines[0]["verdict"] == NO_MEASURE:
        return [(start, says, "", "", f"{NO_MEASURE}; needed: {about.needed}")]
    published = {tie.measure for tie in about.ties if tie.published}
    rows: list[tuple[str, ...]] = [
        (f"{start}: {_measure(line)}", says, shows_words(line), beside_words(line), line["verdict"])
        for line in lines if line["measure"] in published
    ]  # fmt: skip
    others = [title_words(card(tie.measure)) for tie in about.ties if tie.measure not in published]
    return rows + ([(f"{start}: {'; '.join(others)}", says, "", "", NOT_PUBLISHED)] if others else [])


def _measure(line: Row) -> str:
    words = measure_words(line)
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


@or_else(nothing_table)
def questions_table(view: View, *, place: str, time_period: str) -> ShownTable:
    """Disagreements as questions to ask: those of one school, or, where `place` is the LA, of all schools by name.

    Never ranked. A list of schools rests on 30 people or more, a school's own on 10; none of schools in public.
    """
    of_school, lines = _lines(view, place, time_period)
    found = lines.filter(pl.col("verdict").is_in(DISAGREES))
    if found.is_empty():
        none = "no rating disagrees with its figures beyond what chance allows"
        raise NothingToShow(none, next_step=lines["family"][0])
    asked = [(line, question(line)) for line in found.to_dicts()]
    rows = tuple(
        (f"{'' if of_school else f'{one.place}, '}{one.statement}: {_measure(line)}", one.says, one.shows, one.beside,
         one.chance, one.verdict, one.ask)
        for line, one in asked
    )  # fmt: skip
    whose = found["place_name"][0] if of_school else "all schools, by name"
    caption = f"Where ratings and figures disagree: questions to ask, {whose}, {period_name(time_period)}"
    notes = (_RULE, _CHANCE, *_notes(view, lines, of_school=of_school))
    headings = _QUESTIONS if of_school else ("School, statement and measure", *_QUESTIONS[1:])
    return ShownTable(caption, headings, rows, (False,) * len(headings), notes, view.mark)
