"""Cards are complete, name what exists, and declare how their numbers limit one another, as the sample's numbers show.

A sum that holds between three measures of one base and is not declared would give a hidden number away: protection
knows only of what the cards say.
"""

import itertools
import os
import re
from dataclasses import fields
from pathlib import Path

import polars as pl
import pytest
from conftest import ROOT, absent
from every_metric import EVERY, gives_measures, sample_given

from sendlab.metrics import cards
from sendlab.metrics.grouping import REST
from sendlab.schema.measures import MEASURE_KEY

CHECKLIST = Path(os.environ.get("SENDLAB_CHECKLIST", ROOT.parent / "shared" / "guide" / "checklist.md"))
CARDS = cards()
every_card = pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
# Faults of cards that are not mended yet: when one is, its line here fails, and goes.
MAY_BE_EMPTY = {
    "la_breakdowns",
    "lines",
    "parts_of",
    "at_most",
    "among",
    "among_total",
    "cumulative_over",
    "breakdowns",
    "told_by",
    "own",
}


@every_card
def test_card_is_complete(card):
    for field in fields(card):
        value = getattr(card, field.name)
        assert value not in ("", ()) or field.name in MAY_BE_EMPTY, f"{field.name} is missing"
    assert card.kind in ("share", "events", "sum", "mean", "count", "effect", "rating", "ratio"), "kind"
    assert card.polarity in ("low", "high", "none") and card.period_kind in ("full-year", "part-year", "point")
    assert set(card.periods) <= {"year", "term", "half-term"}
    assert card.decimals in range(5) and card.smallest_base >= 1


@every_card
def test_breakdowns_stand_once(card):
    """One that stood among those of every place and those of the LA was counted twice in the LA's rows."""
    every = [*card.breakdowns, *card.la_breakdowns]
    assert len(every) == len({frozenset(one) for one in every}), "a breakdown stands twice"


@every_card
def test_card_names_cards_that_exist(card):
    for link in ("parts_of", "at_most", "cumulative_over"):
        other = getattr(card, link)
        assert not other or (other in CARDS and other != card.measure), f"{link} = {other}"


@pytest.fixture(scope="module")
def lines():
    """Ids of the checklist: capabilities C-1..., traps T-1..., lines S-000-1... of the seed documents."""
    if not CHECKLIST.is_file():
        absent("the checklist (set SENDLAB_CHECKLIST)")
    text = CHECKLIST.read_text(encoding="utf-8")
    capabilities, rest = text.split("## C. ", 1)[1].split("## T. ", 1)
    traps, seeds = rest.split("## S. ", 1)
    found = {f"C-{number}" for number in re.findall(r"^\|(\d+)\|", capabilities, re.MULTILINE)}
    found |= {f"T-{number}" for number in re.findall(r"^(\d+)\. ", traps, re.MULTILINE)}
    counts = re.search(r"Checklist rows: ((?:\d{3} \d+(?:, )?)+)", seeds)
    for document, rows in re.findall(r"(\d{3}) (\d+)", counts[1]):
        found |= {f"S-{document}-{number}" for number in range(1, int(rows) + 1)}
    return found


def test_the_checklist_is_read(lines):
    assert {"C-1", "C-39", "T-1", "T-15", "S-000-18", "S-003-58", "S-004-34"} <= lines
    assert not {"C-40", "S-000-19", "S-005-1"} & lines
    assert sum(name.startswith("S-") for name in lines) == 174


@every_card
def test_card_serves_lines_that_exist(card, lines):
    assert set(card.lines) <= lines, sorted(set(card.lines) - lines)
    assert len(card.lines) == len(set(card.lines)), "a line stands twice"
    assert card.lines, "it serves no line"


# ---- what the numbers say

KEY = [name for name in MEASURE_KEY if name not in ("measure", "comparator")]
ENOUGH = 20  # rows with something in both parts, from which on a sum that always holds is taken for a rule


@pytest.fixture(scope="module")
def rows(sample_workspace):
    """Measure rows of the sample by every metric, for the LA and each school, in all their breakdowns."""
    given = sample_given(sample_workspace)
    made = [metric(metric.given(given)) for metric in EVERY.values() if "before" not in metric.needs]
    both = pl.concat(part for part in made if gives_measures(part))
    return both.filter(pl.col("geographic_level") != REST).select(*KEY, "measure", "numerator", "base_subjects")


def wide(rows, measures):
    """Numerators side by side: a row a key, a column a measure."""
    some = rows.filter(pl.col("measure").is_in(list(measures)))
    return some.pivot(on="measure", index=KEY, values="numerator", aggregate_function="first")


BY_BASE = {card.base: [name for name, other in CARDS.items() if other.base == card.base] for card in CARDS.values()}
BASES = {base: names for base, names in BY_BASE.items() if len(names) > 2}


@pytest.mark.parametrize("base", BASES)
def test_no_sum_holds_that_is_not_declared(rows, base):
    table = wide(rows, BASES[base])
    names = [name for name in BASES[base] if name in table.columns]
    for first, second in itertools.combinations(names, 2):
        for whole in (name for name in names if name not in (first, second)):
            known = table.drop_nulls([first, second, whole])
            both = known.filter((pl.col(first) > 0) & (pl.col(second) > 0))
            holds = ((known[first] + known[second] - known[whole]).abs() < 1e-9).all()
            if holds and both.height >= ENOUGH:
                declared = CARDS[first].parts_of == whole == CARDS[second].parts_of
                assert declared, f"{first} + {second} = {whole} in all {known.height} rows, and no card says so"


WHOLES = sorted({card.parts_of for card in CARDS.values()} - {""})


@pytest.mark.parametrize("whole", WHOLES)
def test_parts_add_up_to_what_they_are_parts_of(rows, whole):
    parts = [name for name, card in CARDS.items() if card.parts_of == whole]
    known = wide(rows, [whole, *parts]).drop_nulls([whole, *parts])
    assert known.height >= ENOUGH
    assert (known.select(pl.sum_horizontal(parts) - pl.col(whole)).to_series().abs() < 1e-9).all()


LIMITED = [name for name, card in CARDS.items() if card.at_most]


@pytest.mark.parametrize("measure", LIMITED)
def test_a_number_is_never_above_its_limit(rows, measure):
    limit = CARDS[measure].at_most
    table = wide(rows, [measure, limit])
    if measure not in table.columns or limit not in table.columns:
        pytest.skip("the sample has nothing for one of the two")
    known = table.drop_nulls([measure, limit])
    assert known.height > 0
    assert known.filter(pl.col(measure) > pl.col(limit) + 1e-9).is_empty()
