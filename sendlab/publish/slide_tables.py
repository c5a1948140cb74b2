"""The tables of slides: scorecard, exceptions, expectations, questions to schools, decisions; as rows of cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sendlab.board.content import Exceptional, PackContent
from sendlab.board.entries import NO_VALUE, Entry
from sendlab.board.targets import Target
from sendlab.board.visits import Visit
from sendlab.narrate.says_shows import Question
from sendlab.publish.slide_parts import Cell
from sendlab.schema.labels import period_name

Row = Sequence[Cell]
NO_COMMENT, EARLIER = "no comment yet", "said of {period}"


@dataclass(frozen=True)
class Table:
    """Headings, widths in inches, rows, size of the text in points."""

    name: str
    head: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[Row, ...]
    size: int
    least: float = 0.0  # height of a row, in inches
    most: float = 0.0  # to which rows grow where there is room, for people to write in
    notes: tuple[str, ...] = ()  # what stands behind the slide


def scorecard_table(content: PackContent) -> Table:
    """A line an indicator and group, priority by priority; a period other than the pack's own stands with its name."""
    rows: list[Row] = []
    for each in content.priorities:
        told = "" if each.entries else ": no published figure"
        rows.append([Cell(each.name + told, bold=True)])
        rows += [_scored(entry, period_name(content.time_period)) for entry in each.entries]
    head = ("Indicator", "Number", "Year before", "Now", "Change", "Nationally", "Target", "Rating")
    return Table("Scorecard", head, (3.383, 0.75, 1.0, 2.65, 1.35, 1.0, 0.8, 1.2), tuple(rows), 12)


def _scored(entry: Entry, usual: str) -> Row:
    name = entry.name if entry.period == usual else f"{entry.name}, {entry.period}"
    rated = f"{entry.rating.letter} {entry.rating.word}".strip()
    now = f"{entry.now} ({entry.range})" if entry.range else entry.now
    return [
        Cell(name), Cell(entry.pupils), Cell(entry.before), Cell(now), Cell(entry.change),
        Cell(entry.nationally), Cell(entry.target), Cell(rated, letter=entry.rating.letter),
    ]  # fmt: skip


def exceptions_table(content: PackContent) -> Table:
    """A row a red: its trend, its benchmark, and the boxes for why, action, owner and date."""
    head = ("Red", "Now", "Trend", "Benchmark", "Why", "Action, owner, date")
    rows = tuple(_exceptional(each) for each in content.exceptions)
    return Table("Exceptions", head, (2.4, 1.5, 1.65, 1.85, 2.2, 2.533), rows, 12, least=1.0, most=1.5)


def _exceptional(each: Exceptional) -> Row:
    entry, comment = each.entry, each.comment
    said = NO_COMMENT if comment is None else EARLIER.format(period=comment.period) if each.is_earlier else ""
    now = f"{entry.now}\n{entry.range}" if entry.range else entry.now
    return [
        Cell("\n".join(filter(None, (f"{entry.name}, {entry.period}", said))), bold=True),
        Cell(now), Cell(_trend(entry)), Cell(_benchmark(entry)),
        Cell(comment.why if comment else ""),
        Cell("\n".join(filter(None, (comment.action, comment.owner, comment.due))) if comment else ""),
    ]  # fmt: skip


def _trend(entry: Entry) -> str:
    if entry.before == NO_VALUE:
        return "no earlier year to compare with"
    return f"{entry.before} last year\n{entry.change}"


def _benchmark(entry: Entry) -> str:
    told = [f"target {entry.target}", entry.distance] if entry.target != NO_VALUE else []
    if entry.national_period:
        told.append(f"{entry.nationally} nationally ({entry.national_period})")
    return "\n".join(filter(None, told)) or "none set"


def visits_table(visits: Sequence[Visit]) -> Table:
    """A row a question: which figure, beside which schools, how likely; never a rank."""
    head = ("School", "About", "Figure", "Schools of its phase", "How likely it is that it is worse", "Question")
    rows = tuple(
        [Cell(each.place_name, bold=True), Cell(each.about), Cell(each.figure), Cell(each.among), Cell(each.likely),
         Cell(each.question)]
        for each in visits
    )  # fmt: skip
    return Table("Questions", head, (2.0, 2.2, 2.0, 1.6, 1.6, 2.733), rows, 12)


def targets_table(content: PackContent) -> Table:
    """What councils expect, each with its figures, their trend and how far they are from it; no colours."""
    rows: list[Row] = []
    for each in content.targets:
        rows.append([Cell(each.expectation.name + ("" if each.lines else ": no published figure"), bold=True)])
        rows += [
            [Cell(line.about if line.period == period_name(content.time_period) else f"{line.about}, {line.period}"),
             Cell(line.pupils), Cell(line.trend or NO_VALUE), Cell(line.now), Cell(line.target or NO_VALUE),
             Cell(line.distance or NO_VALUE), Cell(line.nationally or NO_VALUE)]
            for line in each.lines
        ]  # fmt: skip
    head = ("Expectation", "Number", "Years before", "Now", "Target", "Distance", "Nationally")
    widths, notes = (3.6, 0.95, 2.6, 1.683, 0.8, 1.4, 1.1), tuple(_notes_of(content.targets))
    return Table("Expectations", head, widths, tuple(rows), 12, notes=notes)


def _notes_of(targets: Sequence[Target]) -> Iterator[str]:
    """Where each expectation comes from, how its figures are to be read, and what the figures themselves note."""
    for each in targets:
        told = f"{each.expectation.name}. Source: {each.expectation.source}."
        yield f"{told} {each.expectation.note}".strip()
        for note in dict.fromkeys(line.note for line in each.lines if line.note):
            yield f"{each.expectation.name}: {note}."


def disagreements_table(questions: Sequence[Question]) -> Table:
    """Where a school's own rating and its figures disagree: both, and what to ask; schools by name."""
    head = ("School that rates itself", "Says", "Shows", "Beside", "By chance", "Question")
    rows = tuple(
        [Cell(f"{each.place}, {each.statement}", bold=True), Cell(each.says), Cell(f"{each.measure}: {each.shows}"),
         Cell(each.beside), Cell(each.chance), Cell(each.ask)]
        for each in questions
    )  # fmt: skip
    return Table("Disagreements", head, (2.0, 1.6, 2.4, 2.0, 1.4, 2.733), rows, 12)


def decisions_table() -> Table:
    """Empty boxes for what the board decides."""
    rows = tuple([Cell("")] * 3 for _ in range(5))
    return Table("Decisions", ("Decision asked", "Owner", "Date"), (7.733, 2.6, 1.8), rows, 14, least=0.8, most=0.9)
