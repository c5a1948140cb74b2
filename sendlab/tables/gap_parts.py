"""What a gap of two groups is made of: their own figures in each part of another breakdown, and their mix of parts."""

from collections.abc import Sequence

import numpy as np

from sendlab.disclosure.guard.question import Question
from sendlab.disclosure.guard.words import NAMES
from sendlab.errors import NothingToShow
from sendlab.narrate import View, format_gap
from sendlab.narrate.answers import BETWEEN, Answered, answered, column_of, value_words
from sendlab.schema.labels import period_text
from sendlab.stats.decompose import kitagawa
from sendlab.tables.decomposed import RATES, Decomposition, Step

MOST_STEPS = 7  # parts by name; the others are one step
REST = "Other parts"


def gap_parts_of(
    view: View, question: Question, *, group: str, compare: str, also: Sequence[str] = ()
) -> Decomposition:  # fmt: skip
    """The gap of `group` to `compare`, split by the second column of the question (Kitagawa 1955).

    `question` asks by two columns; both groups are values of the first. A part in which one of the two has nobody goes
    into "Other parts". NothingToShow where a figure that is needed is missing or hidden.
    """
    found = answered(view, question, also=also)
    if found.about.kind not in RATES:
        raise NothingToShow(f"'{found.about.title}' is no rate of pupils, so its gaps cannot be split")
    cells = {name: _cells(found, value_words(column_of(question.by[0]), name)) for name in (group, compare)}
    names, numbers = _merged(cells[group], cells[compare])
    split = kitagawa(*numbers)
    if split.reason:
        raise NothingToShow(f"the gap cannot be split by {NAMES[question.by[1]]}: {split.reason}")
    terms = dict(zip(names, map(float, split.rate_terms), strict=True))
    sized = [*_largest(terms), (f"Different mix by {NAMES[question.by[1]]}", split.composition)]
    own, other = (_whole(view, question, name) for name in (group, compare))
    starts = np.cumsum([other["value"], *(size for _, size in sized)])
    steps = tuple(Step(label, float(start), size) for (label, size), start in zip(sized, starts, strict=False))
    who = [f"{value_words(column_of(question.by[0]), name)}" for name in (compare, group)]
    return Decomposition(found.about, f"{found.cohort}, {found.place_name}", found.total["time_identifier"], other, own,
                         steps, (who[0], who[1]))  # fmt: skip


def _cells(found: Answered, group: str) -> dict[str, tuple[float, float]]:
    """{part: (people or sessions, figure)} of a group; a part whose figure is missing or hidden stops it."""
    cells = {}
    for name, row in found.groups.items():
        first, _, part = name.partition(BETWEEN)
        if first != group or row["base_subjects"] == 0:
            continue
        if row["value"] is None or row["denominator"] is None:
            raise NothingToShow(f"the gap cannot be split: {name} has no figure here")
        cells[part] = (row["denominator"], row["value"])
    return cells


def _merged(
    own: dict[str, tuple[float, float]], other: dict[str, tuple[float, float]]
) -> tuple[list[str], tuple[list[float], list[float], list[float], list[float]]]:
    """Sizes and figures of both groups by part; parts that only one of them has are one part.

    Where the other group has nobody in any of those, the smallest of the parts that both have goes with them.
    """
    shared = [part for part in own if part in other]
    sides_left = {side for side, cells in enumerate((own, other)) if len(cells) > len(shared)}
    if len(sides_left) == 1 and len(shared) > 1:
        shared.remove(min(shared, key=lambda part: own[part][0] + other[part][0]))
    rest = [[cells[part] for part in cells if part not in shared] for cells in (own, other)]
    names = [*shared, *([REST] if any(rest) else [])]
    sides = []
    for cells, left in zip((own, other), rest, strict=True):
        size = sum(n for n, _ in left)
        pooled = [(size, sum(n * figure for n, figure in left) / size if size else float("nan"))] if any(rest) else []
        both = [*(cells[part] for part in shared), *pooled]
        sides += [[n for n, _ in both], [figure for _, figure in both]]
    return names, (sides[0], sides[1], sides[2], sides[3])


def _largest(terms: dict[str, float]) -> list[tuple[str, float]]:
    """The largest steps by name, in the order of the parts, and the others together."""
    kept = set(
        sorted(terms, key=lambda part: -abs(terms[part]))[: MOST_STEPS if len(terms) > MOST_STEPS + 1 else len(terms)]
    )
    left = sum(size for part, size in terms.items() if part not in kept)
    more = [("All other parts: own figures", left)] if len(kept) < len(terms) else []
    return [*((f"{part}: own figures", size) for part, size in terms.items() if part in kept), *more]


def _whole(view: View, question: Question, group: str) -> dict[str, object]:
    """The row of a group as a whole."""
    found = answered(view, question.coarser(by=question.by[:1]))
    row = found.groups.get(value_words(column_of(question.by[0]), group))
    if row is None or row["value"] is None:
        raise NothingToShow(f"the gap cannot be split: {group} has no figure here")
    return row


def gap_parts_title(found: Decomposition) -> str:
    """How much of the gap lies in the groups' own figures, and how much in their make-up."""
    gap, mix = found.end["value"] - found.start["value"], found.mix
    size = format_gap(gap, found.about, base=min(found.start["base_subjects"], found.end["base_subjects"]))
    share = "hardly any of it by their mix" if abs(mix) < abs(gap) / 10 else (
        "most of it by their mix" if abs(mix) > abs(gap - mix) else "some of it by their mix"
    )  # fmt: skip
    return f"{found.ends[1]} {size} {'above' if gap >= 0 else 'below'} {found.ends[0]}: {share}"


def gap_parts_subtitle(found: Decomposition, question: Question) -> str:
    """Measure, place, period and by what the gap is split."""
    when = period_text(question.time_period, found.kind)
    return f"{found.about.title}, {found.about.unit}, by {NAMES[question.by[1]]}, {found.name}, {when}"
