"""The lines of the scorecard as texts: every output of the pack says a figure in these same words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sendlab.board.ratings import Rating, distance_words, rating_of
from sendlab.board.scorecard import Line, Row, gap_word, scorecard
from sendlab.board.settings import Priority
from sendlab.disclosure.published import Published
from sendlab.metrics.cards import Card, card
from sendlab.narrate import decimals_of, format_value
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import period_name
from sendlab.stats.rounding import format_number

NO_VALUE = "–"


@dataclass(frozen=True)
class Entry:
    """One indicator for one group as texts; `line` holds the rows behind them.

    `pupils` is the base; `range` and `gap_range` read "between A and B" (95 in 100 such ranges hold the true figure).
    """

    line: Line
    rating: Rating
    title: str
    unit: str
    group: str
    period: str
    counted: str
    pupils: str
    before: str
    now: str
    range: str
    change: str
    nationally: str
    national_period: str
    gap: str
    gap_range: str
    gap_word: str
    target: str
    distance: str
    owner: str

    @property
    def name(self) -> str:
        """Indicator and group, as titles and lists have it."""
        return self.title if self.group == "all" else f"{self.title}, {self.group}"

    @property
    def key(self) -> tuple[str, str, str]:
        """Measure, group and period: what a comment is about."""
        return self.line.card.measure, self.line.whom, self.period


@dataclass(frozen=True)
class Followed:
    """A priority with its lines, and the titles of indicators of which there is no published figure."""

    name: str
    entries: tuple[Entry, ...]
    without: tuple[str, ...]


def followed(
    published: Published, priorities: Sequence[Priority], *, la_code: str, time_period: str
) -> tuple[Followed, ...]:
    """Every priority with its entries; one without any figure stays, so that it can be said."""
    return tuple(_followed(published, each, la_code, time_period) for each in priorities)


def _followed(published: Published, priority: Priority, la_code: str, time_period: str) -> Followed:
    lines = scorecard(published, la_code=la_code, time_period=time_period, indicators=priority.indicators)
    there = {line.card.measure for line in lines}
    without = [card(each.measure).title for each in priority.indicators if each.measure not in there]
    return Followed(priority.name, tuple(map(entry_of, lines)), tuple(without))


def entry_of(line: Line) -> Entry:
    """The texts of one line."""
    about, now, national = line.card, line.now, _shown(line.nationally)
    other = national["comparator_value"] if national else None
    return Entry(
        line=line,
        rating=rating_of(line),
        title=about.title if line.indicator.item == TOTAL else f"{about.title}: {line.indicator.item}",
        unit=about.unit,
        group="all" if line.group == TOTAL else line.group,
        period=line.period,
        counted=about.counted,
        pupils=mark_of(now) if now["base_subjects"] is None else f"{now['base_subjects']:,}",
        before=value_text(line.before, about),
        now=value_text(now, about),
        range=_between(now, about),
        change=line.change,
        nationally=format_value(other, about, unit=False) or NO_VALUE,
        national_period=national_period(national),
        gap=_signed(national, about),
        gap_range=_between(national, about) if national else "",
        gap_word=gap_word(line) if national else "",
        target=format_value(line.indicator.target, about, unit=False) or NO_VALUE,
        distance=distance_words(line),
        owner=line.indicator.owner,
    )  # fmt: skip


def _shown(gap: Row | None) -> Row | None:
    return gap if gap is not None and gap["value"] is not None else None


def value_text(row: dict[str, Any] | None, about: Card) -> str:
    """A figure as text: its number, the mark of why there is none, or a dash where there is no row."""
    if row is None:
        return NO_VALUE
    return format_value(row["value"], about, base=row["base_subjects"], unit=False) or mark_of(row)


def mark_of(row: dict[str, Any]) -> str:
    """The symbol that stands in place of a number."""
    return str(row["status"] or "x")


def _between(row: dict[str, Any], about: Card) -> str:
    if row["lower"] is None or row["upper"] is None:
        return ""
    low, high = (format_number(row[end], decimals_of(about, row["base_subjects"])) for end in ("lower", "upper"))
    return f"between {low} and {high}"


def national_period(gap: dict[str, Any] | None) -> str:
    """The year of the national figure in words, "" where there is none."""
    return period_name(gap["comparator_period"]) if gap and gap["comparator_period"] else ""


def _signed(gap: dict[str, Any] | None, about: Card) -> str:
    if gap is None:
        return NO_VALUE
    text = format_number(gap["value"], decimals_of(about, gap["base_subjects"]))
    return f"+{text}" if gap["value"] > 0 else text
