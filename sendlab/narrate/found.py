"""What stands out at a place: figures beside the same group elsewhere and beside pupils without SEN, worst first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from sendlab.errors import NothingToShow
from sendlab.metrics.cards import Card, card, of_sen_only
from sendlab.narrate.numbers import format_gap, format_interval, format_value, gap_between
from sendlab.narrate.rows import Row, View, gap_row, one_row, rows_of
from sendlab.narrate.sentences import figure_words, title_words
from sendlab.narrate.strength import gap_strength, smallest_gap
from sendlab.schema.groups import SEND
from sendlab.schema.labels import BULLET, people

# Beside whom, the most alike first; and how they are called in a sentence.
OTHERS = {
    "Same group nationally": "the same group nationally",
    "LA without this school": "the same group in the rest of the LA",
    "No SEN": people("No SEN"),
}
MOST = 5
# What a comparison says, the most worrying first; from "no sign of" on nothing stands out.
_ORDER = ("clear worse", "possible worse", "clear other", "possible other", "cannot tell", "clear better", "no sign of",
          "possible better")  # fmt: skip
_QUIET = _ORDER.index("no sign of")
_SAYS = {
    "clear worse": "Clearly worse", "possible worse": "Possibly worse", "clear better": "Clearly better",
    "clear other": "Clearly different", "possible other": "Possibly different", "possible better": "Possibly better",
}  # fmt: skip


@dataclass(frozen=True)
class Beside:
    """A gap that is shown: of whom, to whom, and how sure it is; `place` is its place in the order of `_ORDER`."""

    card: Card
    gap: Row
    base: int | None  # of the other side, by which its figure is rounded; None for published ones
    word: str
    place: int

    @property
    def other(self) -> str:
        """Who stands on the other side, with their figure."""
        value = format_value(self.gap["comparator_value"], self.card, base=self.base, unit=False)
        return f"{OTHERS[self.gap['comparator']]} ({value})"


def findings(view: View, *, measures: Sequence[str], place: str, time_period: str, most: int = MOST) -> str:
    """What stands out at a place as a printed list, worst first: pupils on SEN support and those with EHC plans.

    Each group is set beside the same group nationally, in the rest of the LA, and pupils without SEN; the comparison
    that looks worst is told, at most `most` of them. Then figures of what only pupils with SEN have, where nobody
    stands beside them; and by name what shows no difference, what stands beside nobody, and what is not shown. Where a
    comparison cannot tell, the smallest gap is named that would have shown (`strength.smallest_gap`).
    """
    told: list[tuple[int, str]] = []
    alone: list[str] = []
    others: dict[str, list[tuple[Card, str]]] = {"No clear difference": [], "Nobody to compare with": []}
    for about, group, row, gaps in _figures(view, measures, place, time_period):
        if row is None or row["value"] is None:
            others.setdefault(_first_capital(figure_words(row, about)), []).append((about, group))
        elif not gaps and of_sen_only(about.measure):  # what is expected of everybody speaks for itself
            alone.append(f"{about.title}, {people(group)}: {figure_words(row, about)}.")
        elif not gaps:
            others["Nobody to compare with"].append((about, group))
        elif (worst := min(gap.place for gap in gaps)) < _QUIET:
            told.append((worst, _sentence(about, group, row, gaps)))
        else:
            others["No clear difference"].append((about, group))
    told.sort(key=lambda pair: pair[0])
    lines = [sentence for _, sentence in told[:most]]
    lines += [f"{len(told) - most} more: see the charts below."] if len(told) > most else []
    lines += alone
    lines += [f"{why}: {_names(which)}." for why, which in others.items() if which]
    return "\n".join(f"{BULLET}{line}" for line in lines)


def _first_capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _names(which: Sequence[tuple[Card, str]]) -> str:
    """Measures by group: "pupils on SEN support (absence, persistent absence)"."""
    groups = dict.fromkeys(group for _, group in which)
    return "; ".join(
        f"{people(group)} ({', '.join(title_words(about) for about, of in which if of == group)})" for group in groups
    )


def _figures(
    view: View, measures: Sequence[str], place: str, time_period: str
) -> Iterator[tuple[Card, str, Row | None, list[Beside]]]:
    for measure in measures:
        about = card(measure)
        try:
            rows = rows_of(view, measure=measure, place=place, time_period=time_period)
        except NothingToShow:  # told as "no figure"
            rows = pl.DataFrame()
        for group in SEND:
            row = one_row(rows, group=group) if rows.height else None
            yield about, group, row, [] if row is None else list(_gaps(rows, group, about))


def _gaps(rows: pl.DataFrame, group: str, about: Card) -> Iterator[Beside]:
    for other in OTHERS:
        gap = gap_row(rows, group=group, comparator=other)
        if gap is not None and gap["value"] is not None and gap["comparator_value"] is not None:
            word = gap_strength(gap, about)
            side = one_row(rows, group=other)  # there is one where the other side is a group of this place
            base = side["base_subjects"] if side else None
            yield Beside(about, gap, base, word, _ORDER.index(_kind(word, gap["value"], about)))


def _kind(word: str, value: float, about: Card) -> str:
    if word not in ("clear", "possible"):
        return word
    if value == 0:
        return "no sign of"  # two figures alike, whatever their limits
    if about.polarity == "none":
        return f"{word} other"
    return f"{word} {'worse' if (value > 0) == (about.polarity == 'low') else 'better'}"


def _sentence(about: Card, group: str, row: Row, gaps: list[Beside]) -> str:
    """The figure with its count, the worst comparison in full, and the one with the most alike if it is another."""
    worst = min(gaps, key=lambda gap: gap.place)
    start = f"{about.title}, {people(group)}: {figure_words(row, about)}. {_told(worst)}"
    alike = gaps[0]
    return f"{start}." if alike is worst else f"{start}; {_short(alike)}."


def _told(beside: Beside) -> str:
    gap, about = beside.gap, beside.card
    if beside.word == "cannot tell":
        return f"Cannot tell whether that differs from {beside.other}{_would_have_shown(beside)}"
    side = "above" if gap["value"] > 0 else "below"
    size = f"{format_gap(gap['value'], about, base=gap['base_subjects'])} {side} {beside.other}"
    return f"{_SAYS[_ORDER[beside.place]]}: {size}, {gap_between(gap, about)}"


def _would_have_shown(beside: Beside) -> str:
    gap, about = beside.gap, beside.card
    if not format_interval(gap, about):
        return ""
    least = smallest_gap(gap["lower"], gap["upper"])
    return f": only a gap of about {format_gap(least, about, base=gap['base_subjects'])} or more would have shown"


def _short(beside: Beside) -> str:
    says = _ORDER[beside.place]
    if says in ("no sign of", "cannot tell"):
        return f"{'no clear gap to' if says == 'no sign of' else 'cannot be told from'} {beside.other}"
    return f"{_SAYS[says][:1].lower()}{_SAYS[says][1:]} than {beside.other}".replace("different than", "different from")
