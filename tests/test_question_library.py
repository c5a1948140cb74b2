"""The library of worked questions: each is a question of its own, runs, and gives the figures of its metric."""

import re
from collections import Counter

import polars as pl
import pytest

from sendlab import metrics
from sendlab.charts import svg
from sendlab.disclosure.guard.counted import facts_of_year
from sendlab.disclosure.guard.question import key_stages
from sendlab.errors import SendlabError
from sendlab.explore import CohortExplorer
from sendlab.explore.library import library, worked_question
from sendlab.explore.reading import read_question
from sendlab.explore.selection import can_be_asked
from sendlab.explore.views import shown
from sendlab.metrics.cards import card
from sendlab.narrate.answers import column_of

TELLS = ("by", "compare", "measure", "part")  # beside the filters: what makes a question another one
WORDS = {"the", "a", "of", "do", "are", "is", "how", "in", "which", "with", "pupils", "than", "more", "at", "as", "on"}


@pytest.fixture(scope="module")
def explorer(sample_workspace):
    return CohortExplorer(sample_workspace, own_view=True)


def view_of(explorer, one):
    return explorer.select(
        measure=one.measure, place=explorer.authority, by=one.by, compare=one.compare, part=one.part, **one.filters
    )


def test_there_are_many_and_they_cover_the_field():
    assert len(library()) >= 40
    topics = Counter(one.topic for one in library().values())
    assert len(topics) >= 4 and min(topics.values()) >= 3
    columns = {name for one in library().values() for name in (*one.by, *one.filters)}
    assert columns >= {"sen_provision", "need_area", "sen_primary_need", "nc_year", "key_stage", "sex", "fsm_status",
                       "ethnicity_major"}  # fmt: skip
    assert len({one.measure for one in library().values()}) >= 20


def test_no_question_is_there_twice():
    asked = Counter(
        (*(str(getattr(one, name)) for name in TELLS), str(sorted((k, str(v)) for k, v in one.filters.items())))
        for one in library().values()
    )
    assert [text for text, number in asked.items() if number > 1] == []
    words = {one.id: frozenset(re.findall(r"[a-z0-9]+", one.ask.casefold())) - WORDS for one in library().values()}
    near = [(one, two) for one in words for two in words if one < two and words[one] == words[two]]
    assert near == []


@pytest.mark.parametrize("one", library().values(), ids=lambda one: one.id)
def test_a_question_is_told_in_plain_words(one):
    assert one.ask.endswith("?") and len(one.ask) <= 120 and one.ask[0].isupper()
    assert one.read_with.endswith(".") and len(one.read_with) >= 40
    assert re.fullmatch(r"[a-z0-9-]+", one.id)


@pytest.mark.parametrize("one", library().values(), ids=lambda one: one.id)
def test_a_question_runs_and_gives_the_figures_of_its_metric(one, explorer):
    view = view_of(explorer, one)
    assert view.sentence.startswith(f"{card(one.measure).title}, {view.rows['place_name'][0]}, 2025/26")
    assert svg(shown(view.chart)).startswith("<svg") and shown(view.table).rows
    if not can_be_asked(one.measure):
        return
    question = view.selection.question
    facts = facts_of_year(explorer.own._opened.facts(period=one.part), question.time_period)
    inside = facts.filter(pl.lit(True), *(is_one_of(name, values) for name, values in question.within))
    own = view.rows.filter((pl.col("comparator") == "") & (pl.col("time_period") == question.time_period))
    assert own.height
    for row in own.iter_rows(named=True):
        group = {column_of(name): row[column_of(name)] for name in one.by}
        made = getattr(metrics, one.measure)(inside.filter(pl.lit(True), *map(of_group, group, group.values())), by=[])
        got = made.filter(pl.col("geographic_level") == "Local authority").row(0, named=True)
        for name in ("numerator", "denominator", "base_subjects", "value"):
            assert row[name] == pytest.approx(got[name]), (group, name)


def of_group(column, value):
    """The pupils of a group as a row names it: a key stage is its year groups, a total is everybody."""
    if value in ("Total", "All SEN"):
        return pl.lit(True)
    return is_one_of(column, key_stages().get(value, [value]))


def is_one_of(column, values):
    return pl.col(column).cast(pl.String).fill_null("Not recorded").is_in(list(values))


def test_what_the_words_of_a_question_say_is_never_another_cohort():
    """Where measure, breakdown and comparator are read at all, they are those of the library, or are asked for."""
    whole = 0
    for one in library().values():
        found = read_question(one.ask)
        filters = {name: [values] if isinstance(values, str) else values for name, values in one.filters.items()}
        whole += (found.measure, found.by, found.compare, found.filters) == (
            one.measure, list(one.by), one.compare, filters
        )  # fmt: skip
    assert whole >= 30


def test_an_unknown_one_is_told_with_its_near_ones():
    with pytest.raises(SendlabError, match="did you mean absence-send"):
        worked_question("absence-sen")
