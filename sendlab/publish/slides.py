"""The board's slides: the content of a pack as a deck that people can edit, with figures and method in the notes."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sendlab.board.content import PackContent, Said, require_told_of
from sendlab.board.ratings import WORDS
from sendlab.compare.says_shows import FEWEST_TO_NAME
from sendlab.disclosure.published import Published
from sendlab.narrate import format_value, headline
from sendlab.publish.files import write_aside
from sendlab.publish.page import MARKING
from sendlab.publish.slide_charts import add_chart, drawing_of, picture_of
from sendlab.publish.slide_pages import add_lists, add_tables, footer_of
from sendlab.publish.slide_parts import (
    Cell,
    add_notes,
    add_picture,
    add_table,
    new_slide,
    opened_template,
    place_named,
    write,
)
from sendlab.publish.slide_pinned import add_pinned
from sendlab.publish.slide_tables import (
    decisions_table,
    disagreements_table,
    exceptions_table,
    scorecard_table,
    targets_table,
    visits_table,
)
from sendlab.publish.slide_text import Box
from sendlab.schema.groups import SEND
from sendlab.schema.labels import period_name

TITLE = "How pupils with SEND fare"
PICTURE = Box(0.6, 1.62, 12.133, 3.5)
CHIPS = Box(9.1, 1.62, 3.0, 2.0)
MOST_FINDINGS = 8  # a board takes in no more at one sitting; the others stand in the scorecard
EXPECTED = "Aspirations of council documents beside the figures: no ratings. A gap that widens is shown like any other."
ASKED = "Questions, by school; no score and no rank. Of all that is asked, about 1 in 10 may be chance."
NO_RED = "No line of the scorecard is red."
NO_COLOURS = "No line has a colour: bands are set in board.toml, and none of those that are set has a figure to rate."
NO_RATINGS = "No school's self-evaluation of this year is on record."
NO_DISAGREEMENT = (
    "No question: of the ratings of 7 to 10 and of 1 to 3 that can be set beside a figure on 30 people or more, none "
    "disagrees with it by more than chance explains. The self-evaluation report says how many could be judged."
)


def write_slides(content: PackContent, published: Published, path: Path) -> Path:
    """Write the deck of a pack; returns the path written.

    Title, summary, scorecard, a finding a slide, views that were pinned, exceptions with boxes to fill in, questions to
    schools, what changed, limits, decisions. Text is fitted to its box; what does not fit goes to a further slide.
    Anything but published figures, and content of another run than theirs, is refused with `GateError`.
    """
    require_told_of(content, published)
    return write_aside(path, lambda aside: _deck(content, published).save(str(aside)))


def _deck(content: PackContent, published: Published) -> Any:
    deck = opened_template()
    _title(deck, content)
    _summary(deck, content)
    add_tables(deck, f"Scorecard, {period_name(content.time_period)}", "", scorecard_table(content), content)
    for said in content.said[:MOST_FINDINGS]:
        _finding(deck, said, content, published)
    add_pinned(deck, content)
    _exceptions(deck, content)
    add_tables(deck, "What councils expect", EXPECTED, targets_table(content), content)
    _visits(deck, content)
    _disagreements(deck, content)
    add_lists(deck, _changed_title(content), content.changes.all or _first(content), content)
    add_lists(deck, "Data quality and limits", _limits(content), content)
    add_tables(deck, "Decisions asked", "To be filled in at the meeting.", decisions_table(), content)
    _properties(deck, content)
    return deck


def _when(content: PackContent) -> str:
    board = "the SEN executive board"
    return f"For the meeting of {board} on {content.issued_on}" if content.issued else f"Draft for {board}"


def _title(deck: Any, content: PackContent) -> None:
    slide = new_slide(deck, "Title", TITLE, footer_of(content), (40, 36, 32))
    write(place_named(slide, 1), [content.la_name, content.periods], (22, 20, 18, 16))
    write(
        place_named(slide, 2),
        [_when(content), f"{MARKING}. Data to {content.data_to}. Pupils: {content.pupils}."],
        (16, 14),
    )
    add_notes(slide, [content.settings, f"Run {content.run_id}."])


def _summary(deck: Any, content: PackContent) -> None:
    slide = new_slide(deck, "Summary", content.title, footer_of(content))
    write(place_named(slide, 1), content.sentences or [content.nothing])
    counts = {letter: sum(each.rating.letter == letter for each in content.entries) for letter in WORDS}
    chips = [[Cell(f"{letter} {WORDS[letter]}", letter=letter), Cell(str(n))] for letter, n in counts.items()]
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
    slide = new_slide(deck, layout, _finding_title(said), footer_of(content))
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
        rated = any(entry.rating.letter for entry in content.entries)
        add_lists(deck, "Exceptions", [NO_RED if rated else NO_COLOURS], content)
        return
    lead = "For the owner of each red line: why, and what is done, by whom and until when. Empty boxes are to fill in."
    add_tables(deck, "Exceptions: what is red", lead, exceptions_table(content), content)


def _visits(deck: Any, content: PackContent) -> None:
    visits, title = content.visits, "Schools to visit: questions, not verdicts"
    looked = f"{visits.looked_at} figures of schools were looked at"
    too_few = f"on fewer than {FEWEST_TO_NAME} pupils, or on too few schools of the phase"
    beside = f"{looked}; {visits.not_judged} more rest {too_few}."
    if not visits.looked_at:
        nothing = f"Could not be judged: {visits.not_judged} figures of schools rest {too_few}."
        add_lists(deck, title, [nothing], content)
        return
    if not visits.visits:
        add_lists(deck, title, ["No figure of a school is likely enough to lie apart from its phase.", beside], content)
        return
    lead = f"By how likely it is that a school's own level is worse than its phase's; never a rank. {beside}"
    add_tables(deck, title, lead, visits_table(visits.visits), content)


def _disagreements(deck: Any, content: PackContent) -> None:
    title = "Self-evaluation: what schools say, and what their figures show"
    if content.disagreements:
        add_tables(deck, title, ASKED, disagreements_table(content.disagreements), content)
    else:
        add_lists(deck, title, [NO_RATINGS if content.disagreements is None else NO_DISAGREEMENT], content)


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
