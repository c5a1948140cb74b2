"""The board's slides: the content of a pack as a deck that people can edit, with figures and method in the notes."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sendlab.board.content import PackContent, Said
from sendlab.board.visits import FEWEST_PUPILS
from sendlab.disclosure.published import Published, require_published
from sendlab.errors import GateError
from sendlab.narrate import format_value, headline
from sendlab.publish.files import write_aside
from sendlab.publish.slide_charts import add_chart, drawing_of, picture_of
from sendlab.publish.slide_parts import (
    Cell,
    add_notes,
    add_picture,
    add_table,
    new_slide,
    opened_template,
    place_named,
    row_height,
    table_pages,
    write,
)
from sendlab.publish.slide_tables import (
    Table,
    decisions_table,
    disagreements_table,
    exceptions_table,
    scorecard_table,
    targets_table,
    visits_table,
)
from sendlab.publish.slide_text import Box, height_of, pages
from sendlab.schema.groups import SEND
from sendlab.schema.labels import day_name, period_name

TITLE = "How pupils with SEND fare"
AREA = Box(0.6, 1.62, 12.133, 5.1)  # below the title, above the footers
PICTURE = Box(0.6, 1.62, 12.133, 3.5)
CHIPS = Box(9.1, 1.62, 3.0, 2.0)
BELOW_LEAD = 0.15
LIST_SIZE = 16
MOST_FINDINGS = 8  # a board takes in no more at one sitting; the others stand in the scorecard
EXPECTED = "Aspirations of council documents beside the figures: no ratings. A gap that widens is shown like any other."
ASKED = "Questions, by school; no score and no rank. Of all that is asked, about 1 in 10 may be chance."
NO_RATINGS = "No school's self-evaluation of this year is on record."
NO_DISAGREEMENT = (
    "No question: of the ratings of 7 to 10 and of 1 to 3 that can be set beside a figure on 30 people or more, none "
    "disagrees with it by more than chance explains. The self-evaluation report says how many could be judged."
)
COLOURS = {"R": "red", "A": "amber", "G": "green"}


def write_slides(content: PackContent, published: Published, path: Path) -> Path:
    """Write the deck of a pack; returns the path written.

    Title, summary, scorecard, a finding a slide, exceptions with boxes to fill in, questions to schools, what changed,
    limits, decisions. Text is fitted to its box; what does not fit goes to a further slide. Anything but published
    figures, and content of another run than theirs, is refused with `GateError`.
    """
    require_published(published)
    if (content.run_id, content.settings) != (published.run_id, published.settings):
        raise GateError(
            "these slides would tell other figures than those that passed the gate",
            next_step="make the content from these figures: make_content(published, ...)",
        )
    return write_aside(path, lambda aside: _deck(content, published).save(str(aside)))


def _deck(content: PackContent, published: Published) -> Any:
    deck = opened_template()
    _title(deck, content)
    _summary(deck, content)
    _tables(deck, f"Scorecard, {period_name(content.time_period)}", "", scorecard_table(content), content)
    for said in content.said[:MOST_FINDINGS]:
        _finding(deck, said, content, published)
    _exceptions(deck, content)
    _tables(deck, "What councils expect", EXPECTED, targets_table(content), content)
    _visits(deck, content)
    _disagreements(deck, content)
    _lists(deck, _changed_title(content), content.changes.all or _first(content), content)
    _lists(deck, "Data quality and limits", _limits(content), content)
    _tables(deck, "Decisions asked", "To be filled in at the meeting.", decisions_table(), content)
    _properties(deck, content)
    return deck


def _footer(content: PackContent) -> str:
    return f"OFFICIAL   {content.la_name}   {content.periods}   data to {content.data_to}   run {content.run_id}"


def _when(content: PackContent) -> str:
    board = "the SEN executive board"
    day = day_name(date.fromisoformat(content.issued)) if content.issued else ""
    return f"For the meeting of {board} on {day}" if day else f"Draft for {board}"


def _title(deck: Any, content: PackContent) -> None:
    slide = new_slide(deck, "Title", TITLE, _footer(content), (40, 36, 32))
    write(place_named(slide, 1), [content.la_name, content.periods], (22, 20, 18, 16))
    write(
        place_named(slide, 2),
        [_when(content), f"OFFICIAL. Data to {content.data_to}. Pupils: {content.pupils}."],
        (16, 14),
    )
    add_notes(slide, [content.settings, f"Run {content.run_id}."])


def _summary(deck: Any, content: PackContent) -> None:
    slide = new_slide(deck, "Summary", content.title, _footer(content))
    write(place_named(slide, 1), content.sentences or [content.nothing])
    counts = {letter: sum(each.rating.letter == letter for each in content.entries) for letter in COLOURS}
    chips = [[Cell(f"{letter} {COLOURS[letter]}", letter=letter), Cell(str(n))] for letter, n in counts.items()]
    without = len(content.entries) - sum(counts.values())
    rows = [*chips, [Cell("without a colour"), Cell(str(without))]]
    add_table(slide, CHIPS, ("Scorecard", "Lines"), rows, (2.0, 1.0), 14, "Ratings")
    told = [f"{len(content.entries)} lines; the next slides show each."]
    if empty := [each.name for each in content.priorities if not each.entries]:
        told.append(f"No published figure for: {'; '.join(empty)}")
    write(place_named(slide, 2), told, (16, 14, 12))
    add_notes(slide, [*(said.sentence for said in content.said), content.settings])


def _finding(deck: Any, said: Said, content: PackContent, published: Published) -> None:
    la = {"la_code": content.la_code}
    drawing = drawing_of(said, published, **la, la_name=content.la_name)
    layout = "Finding with chart" if drawing else "Finding with picture"
    slide = new_slide(deck, layout, _finding_title(said), _footer(content))
    if drawing:
        add_chart(slide, drawing, _day(content))
    else:
        png, spoken = picture_of(said, published, **la)
        add_picture(slide, png, PICTURE, spoken)
    told = _told_of(said, content)
    write(place_named(slide, 1), told if drawing else [told[0], "; ".join(told[1:])], (16, 14, 12))
    add_notes(slide, _notes_of(said, content, published))


def _finding_title(said: Said) -> str:
    """The finding in about ten words."""
    entry, line = said.entry, said.finding.line
    if said.finding.against == "nationally":
        return f"{entry.name}: {entry.now} against {entry.nationally} nationally"
    if said.finding.against == "last year":
        return f"{entry.name}: {entry.before} last year, {entry.now} now"
    other = format_value((line.no_sen or {}).get("comparator_value"), line.card, unit=False)
    return f"{entry.name}: {entry.now} against {other} with no SEN"


def _told_of(said: Said, content: PackContent) -> list[str]:
    """What stands beside the chart: the sentence, then target, change and colour."""
    entry = said.entry
    told = [_without_place(said.sentence, content), f"Now: {entry.now}, {entry.range} ({entry.pupils} {entry.counted})"]
    told.append(f"Last year: {entry.before} ({entry.change})")
    if entry.distance:
        told.append(f"Target {entry.target}: {entry.distance}")
    rated = f"{entry.rating.letter}: {entry.rating.word}" if entry.rating.letter else entry.rating.word
    return [*told, f"Rating: {rated}"]


def _without_place(sentence: str, content: PackContent) -> str:
    return re.sub(rf", {re.escape(content.la_name)}(?=[,:])", "", sentence, count=1)


def _notes_of(said: Said, content: PackContent, published: Published) -> list[str]:
    """The whole sentence, the figures of each group, how they are counted, and the rule on what is hidden."""
    line, about = said.finding.line, said.finding.line.card
    view = published.where(time_identifier=line.now["time_identifier"])
    asked = {"measure": about.measure, "place": content.la_code, "time_period": line.now["time_period"]}
    method = line.now["method"]
    return [
        said.sentence,
        *(headline(view, **asked, group=group) for group in SEND),
        f"What is counted: {about.numerator}, out of {about.denominator}.",
        f"Range: {method}." if method else "No range: the figure is a full count.",
        f"Source: {about.source}. Data to {content.data_to}.",
        content.settings,
    ]


def _exceptions(deck: Any, content: PackContent) -> None:
    if not content.exceptions:
        _lists(deck, "Exceptions", ["No line of the scorecard is red."], content)
        return
    lead = "For the owner of each red line: why, and what is done, by whom and until when. Empty boxes are to fill in."
    _tables(deck, "Exceptions: what is red", lead, exceptions_table(content), content)


def _visits(deck: Any, content: PackContent) -> None:
    visits, title = content.visits, "Schools to visit: questions, not verdicts"
    looked = f"{visits.looked_at} figures of schools were looked at"
    too_few = f"on fewer than {FEWEST_PUPILS} pupils, or on too few schools of the phase"
    beside = f"{looked}; {visits.not_judged} more rest {too_few}."
    if not visits.looked_at:
        nothing = f"Could not be judged: {visits.not_judged} figures of schools rest {too_few}."
        _lists(deck, title, [nothing], content)
        return
    if not visits.visits:
        _lists(deck, title, ["No figure of a school is likely enough to lie apart from its phase.", beside], content)
        return
    lead = f"By how likely it is that a school's own level is worse than its phase's; never a rank. {beside}"
    _tables(deck, title, lead, visits_table(visits.visits), content)


def _disagreements(deck: Any, content: PackContent) -> None:
    title = "Self-evaluation: what schools say, and what their figures show"
    if content.disagreements:
        _tables(deck, title, ASKED, disagreements_table(content.disagreements), content)
    else:
        _lists(deck, title, [NO_RATINGS if content.disagreements is None else NO_DISAGREEMENT], content)


def _changed_title(content: PackContent) -> str:
    since = content.changes.since
    return f"What changed since the pack of {since}" if since else "What changed since the last pack"


def _first(content: PackContent) -> list[str]:
    if content.changes.since:
        return ["Nothing: the same data, methods and ratings."]
    return ["This is the first pack that is kept: there is none to compare with."]


def _limits(content: PackContent) -> list[str]:
    marks = [f"Marks. {content.marks}."] if content.marks else []
    ranges = "A range reads between A and B: 95 in 100 such ranges hold the true figure."
    return [*content.limits, *marks, ranges, content.settings]


def _lists(deck: Any, title: str, lines: Sequence[str], content: PackContent) -> None:
    """Paragraphs on as many slides as they need."""
    parts = pages(lines, AREA, LIST_SIZE)
    for number, part in enumerate(parts, 1):
        slide = new_slide(deck, "Text", _numbered(title, number, len(parts)), _footer(content))
        write(place_named(slide, 1), part, (18, LIST_SIZE, 14))
    add_notes(slide, [content.settings])


def _tables(deck: Any, title: str, lead: str, table: Table, content: PackContent) -> None:
    """A table on as many slides as it needs, its headings on each."""
    down = height_of([lead], 14, AREA.width) + BELOW_LEAD if lead else 0.0
    box = Box(AREA.left, 1.5 + down, AREA.width, AREA.top + AREA.height - 1.5 - down)
    parts, size = _paged(table, box.height)
    for number, rows in enumerate(parts, 1):
        slide = new_slide(deck, "Table", _numbered(title, number, len(parts)), _footer(content))
        place = place_named(slide, 1)
        if lead:
            write(place, [lead], (14,))
        else:
            place._element.getparent().remove(place._element)
        head = row_height([Cell(text, bold=True) for text in table.head], table.widths, size)
        least = max(table.least, min(table.most, (box.height - head) / len(rows)))
        add_table(slide, box, table.head, rows, table.widths, size, table.name, least)
        add_notes(slide, [content.settings])


def _paged(table: Table, room: float) -> tuple[list[list[Sequence[Cell]]], int]:
    """The rows slide by slide, and their size: a point smaller where that saves a slide."""
    tried = [
        (table_pages(table.head, table.rows, table.widths, room, size, table.least), size)
        for size in (table.size, table.size - 1)
    ]
    return min(tried, key=lambda each: (len(each[0]), -each[1]))


def _numbered(title: str, number: int, of: int) -> str:
    return f"{title} ({number} of {of})" if of > 1 else title


def _day(content: PackContent) -> datetime:
    """The pack's date: of the meeting, else of the last day of the data, so that nothing depends on the clock."""
    days = [entry.line.now["data_to"] for entry in content.entries if isinstance(entry.line.now["data_to"], date)]
    day = date.fromisoformat(content.issued) if content.issued else max(days, default=date(2000, 1, 1))
    return datetime(day.year, day.month, day.day)


def _properties(deck: Any, content: PackContent) -> None:
    about = deck.core_properties
    about.title, about.subject = f"{TITLE}: {content.la_name}", content.periods
    about.author, about.last_modified_by, about.comments = "sendlab", "sendlab", content.settings
    about.created = about.modified = about.last_printed = _day(content)
    about.language, about.revision = "en-GB", 1
