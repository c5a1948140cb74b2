"""The LA's scorecard: one line an indicator and group, change and gap in words, and the findings, worst first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from sendlab.board.settings import Indicator, better_way
from sendlab.disclosure.published import Published
from sendlab.metrics.cards import Card, card
from sendlab.narrate import format_value, gap_strength, one_row, strength
from sendlab.narrate.sentences import change_sentence, finding_title, gap_sentence
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import FULL_YEAR, period_text
from sendlab.stats.intervals import difference

Row = dict[str, Any]
NATIONALLY, NO_SEN = "Same group nationally", "No SEN"
Word = Literal[
    "better", "worse", "higher", "lower", "no clear change", "cannot compare", "not shown", "no figure"
]  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One indicator for one group: this period, the one before and the gaps, as measure rows."""

    indicator: Indicator
    card: Card
    group: str
    now: Row
    before: Row | None
    other_period_before: bool  # there is a figure last year, but for another part of the year
    nationally: Row | None
    no_sen: Row | None

    @property
    def shown(self) -> bool:
        """Whether there is a figure for this period that may be shown."""
        return self.now["value"] is not None

    @property
    def whom(self) -> str:
        """The group, with the question or area where the measure is told by such: what records name the line by."""
        return self.group if self.indicator.item == TOTAL else f"{self.group}: {self.indicator.item}"

    @property
    def period(self) -> str:
        """The period of the figure in words, with the part of the year that it covers."""
        return period_text(self.now["time_period"], self.now["time_identifier"])

    @property
    def last(self) -> str:
        """The same period a year before, as in the rows."""
        return year_before(self.now["time_period"])

    def is_better(self, difference: float) -> bool:
        """Whether a difference of this sign is good news."""
        return (difference > 0) == (better_way(self.indicator) == "high")

    @property
    def change_limits(self) -> tuple[float, float] | None:
        """Limits of the change since last year; the years share pupils, so these err on the wide side."""
        rows = (self.now, self.before)
        if any(row is None or None in (row["value"], row["lower"], row["upper"]) for row in rows):
            return None
        low, high = difference(*(row[end] for row in rows if row for end in ("value", "lower", "upper")))
        return float(low), float(high)

    @property
    def change(self) -> Word:
        """The change since last year in words; a part of a year is never compared with another."""
        if self.other_period_before and self.shown:
            return "cannot compare"
        if self.before is None:
            return "no figure"
        if not self.shown or self.before["value"] is None:
            return "not shown" if "c" in (self.now["status"], self.before["status"]) else "no figure"
        limits = self.change_limits
        if limits is None or strength(*limits) != "clear":
            return "no clear change"
        if better_way(self.indicator) == "none":
            return "higher" if limits[0] > 0 else "lower"
        return "better" if self.is_better(limits[0]) else "worse"


def scorecard(published: Published, *, la_code: str, time_period: str, indicators: Sequence[Indicator]) -> list[Line]:
    """The lines of the LA that have a row in this period, hidden ones included, in the order of the indicators.

    Of a measure told by calendar year, the last one that has begun by the end of the school year `time_period`.
    """
    found = [_line(published.of(each.measure, la_code), each, group, time_period)
             for each in indicators for group in each.groups]  # fmt: skip
    return [line for line in found if line is not None]


def _line(rows: pl.DataFrame, indicator: Indicator, group: str, time_period: str) -> Line | None:
    rows = rows.filter(pl.col("item") == indicator.item).with_columns(pl.lit(TOTAL).alias("item"))
    period = _latest(rows, time_period)
    kind = period_kind(rows, period)
    same_kind = rows.filter(pl.col("time_identifier") == kind)
    now = one_row(same_kind, group=group, time_period=period)
    if not period or now is None:
        return None
    last = year_before(period)
    before = one_row(same_kind, group=group, time_period=last)
    return Line(
        indicator=indicator,
        card=card(indicator.measure),
        group=group,
        now=now,
        before=before,
        other_period_before=before is None and one_row(rows, group=group, time_period=last) is not None,
        nationally=one_row(same_kind, group=group, comparator=NATIONALLY, time_period=period),
        no_sen=one_row(same_kind, group=group, comparator=NO_SEN, time_period=period),
    )


def _latest(rows: pl.DataFrame, time_period: str) -> str:
    """The school year where the measure is told by it, else its last calendar year within; "" where it has neither."""
    held = set(rows["time_period"])
    if time_period in held:
        return time_period
    return max((year for year in held if len(year) == 4 and int(year) <= int(time_period[:4]) + 1), default="")


def year_before(time_period: str) -> str:
    """The period a year before.

    >>> year_before("202526"), year_before("2025"), year_before("200001")
    ('202425', '2024', '199900')
    """
    first = int(time_period[:4]) - 1
    return f"{first}{(first + 1) % 100:02}" if len(time_period) == 6 else f"{first}"


def period_kind(rows: pl.DataFrame, time_period: str) -> str:
    """The part of the year to report: the full year, else the one with the longest name, which covers most terms."""
    kinds = set(rows.filter(pl.col("time_period") == time_period)["time_identifier"].drop_nulls())
    return FULL_YEAR if FULL_YEAR in kinds else max(sorted(kinds), key=len, default="")


# --- findings ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One thing to know: `rank` 0 worse than nationally, 1 worse than last year, 2 worse than No SEN, 3 better."""

    line: Line
    rank: int
    size: float  # the difference in units of its own uncertainty
    against: Literal["nationally", "last year", "No SEN"]


def findings(lines: Sequence[Line]) -> list[Finding]:
    """What is clear, worst first, at most one finding a line: the interval of the difference leaves zero out."""
    found = [max(finds, key=lambda f: (-f.rank, f.size)) for line in lines if (finds := _of_line(line))]
    return sorted(found, key=lambda f: (f.rank, -f.size))


def _of_line(line: Line) -> list[Finding]:
    if not line.shown or line.indicator.item != TOTAL:  # sentences are about a measure as a whole
        return []
    found = []
    if (national := _side(line.nationally, line)) is not None:
        found.append(Finding(line, 0 if national < 0 else 3, abs(national), "nationally"))
    if line.change in ("better", "worse") and (limits := line.change_limits):
        found.append(Finding(line, 1 if line.change == "worse" else 3, _size(*limits), "last year"))
    if (no_sen := _side(line.no_sen, line)) is not None and no_sen < 0:
        found.append(Finding(line, 2, abs(no_sen), "No SEN"))
    return found


def _size(lower: float, upper: float) -> float:
    return abs(lower + upper) / max(upper - lower, 1e-9)


def _side(gap: Row | None, line: Line) -> float | None:
    """Size of a clear gap in units of its uncertainty, negative where it is bad news; None where nothing is clear."""
    if gap is None or better_way(line.indicator) == "none" or gap_strength(gap, line.card) != "clear":
        return None
    return _size(gap["lower"], gap["upper"]) * (1 if line.is_better(gap["value"]) else -1)


def gap_word(line: Line) -> str:
    """The gap to the same group nationally in one word."""
    side = _side(line.nationally, line)
    if side is None:
        return "no clear gap" if line.nationally and line.nationally["lower"] is not None else ""
    return "better" if side > 0 else "worse"


def title_of(lines: Sequence[Line], found: Sequence[Finding], published: Published, la_code: str) -> str:
    """The one thing to know, in about ten words."""
    bad = [finding for finding in found if finding.rank < 3]
    if not bad:
        return nothing_stands_out(lines)
    worst = bad[0]
    line, about = worst.line, worst.line.card
    now = format_value(line.now["value"], about, base=line.now["base_subjects"])
    if worst.against == "nationally" and line.nationally:
        other = format_value(line.nationally["comparator_value"], about, unit=False)
        return f"{about.title}, {line.group}: {now} against {other} nationally"
    if worst.against == "last year" and line.before:
        before = format_value(line.before["value"], about, base=line.before["base_subjects"], unit=False)
        return f"{about.title}, {line.group}: {before} last year, {now} now"
    view = published.where(time_identifier=line.now["time_identifier"])
    return finding_title(
        view, measure=about.measure, place=la_code, time_period=line.now["time_period"], group=line.group
    )


def nothing_stands_out(lines: Sequence[Line]) -> str:
    """What to say where no finding is bad news: that nothing is clearly worse, or that nothing could be compared."""
    compared = any(line.nationally or line.change_limits for line in lines if line.shown)
    if compared:
        return "No indicator is clearly worse than nationally or last year"
    return "Nothing to compare with: no recent national figure, no earlier year"


def sentence_of(finding: Finding, published: Published, la_code: str) -> str:
    """A finding as a sentence, with figure, interval and how sure it is."""
    line = finding.line
    view = published.where(time_identifier=line.now["time_identifier"])
    measure, time_period = line.card.measure, line.now["time_period"]
    if finding.against == "last year":
        return change_sentence(
            view, measure=measure, place=la_code, from_period=line.last, to_period=time_period, group=line.group
        )
    other = NATIONALLY if finding.against == "nationally" else NO_SEN
    return gap_sentence(
        view, measure=measure, place=la_code, time_period=time_period, group=line.group, comparator=other
    )
