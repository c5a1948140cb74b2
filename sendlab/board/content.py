"""The content of a board pack as plain data: page, PDF, slides and workbook say what stands here, and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sendlab.board.changes import Changes, changes_since
from sendlab.board.commentary import Comment, Comments, comment_on, read_commentary
from sendlab.board.entries import Entry, Followed, entry_of, followed
from sendlab.board.issued import Issue, issue_of, last_issue
from sendlab.board.pinned import Pinned, require_of_build
from sendlab.board.scorecard import Finding, findings, nothing_stands_out, sentence_of, title_of
from sendlab.board.settings import read_board
from sendlab.board.targets import Target, targets
from sendlab.board.visits import Visits, visits_of
from sendlab.disclosure.published import Published, require_published
from sendlab.errors import GateError, NothingToShow, SendlabError
from sendlab.narrate.says_shows import Question, schools_to_ask
from sendlab.schema.labels import MARKS, day_name, period_name, period_text
from sendlab.workspace import Workspace

SENTENCES = 5
RED = "R"


@dataclass(frozen=True)
class Said:
    """A finding, its line as texts, and the sentence that says it."""

    finding: Finding
    entry: Entry
    sentence: str


@dataclass(frozen=True)
class Exceptional:
    """A red line and what people said of it; `comment` is None where nobody did, `is_earlier` where it is not new."""

    entry: Entry
    comment: Comment | None
    is_earlier: bool


@dataclass(frozen=True)
class PackContent:
    """All that a pack says, for one authority and school year; `issued` is the day of the meeting, "" for a draft."""

    la_code: str
    la_name: str
    time_period: str
    issued: str
    title: str
    periods: str
    data_to: str
    pupils: str
    nothing: str
    said: tuple[Said, ...]
    priorities: tuple[Followed, ...]
    exceptions: tuple[Exceptional, ...]
    changes: Changes
    visits: Visits
    disagreements: tuple[Question, ...] | None  # None: no school has rated itself
    targets: tuple[Target, ...]
    limits: tuple[str, ...]
    marks: str
    settings: str
    run_id: str
    pinned: tuple[Pinned, ...] = ()

    @property
    def issued_on(self) -> str:
        """The day of the meeting in words, "" for a draft."""
        return day_name(date.fromisoformat(self.issued)) if self.issued else ""

    @property
    def head_period(self) -> str:
        """The period of most lines, which the head names; others stand with their line."""
        periods = [entry.period for entry in self.entries]
        return max(periods, key=periods.count)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All lines of the scorecard, priority by priority."""
        return tuple(entry for each in self.priorities for entry in each.entries)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The first findings in words, worst first, without place and period, which stand at the head."""
        return tuple(_brief(each.sentence, self.la_name) for each in self.said[:SENTENCES])


def make_content(
    published: Published,
    workspace: Workspace,
    *,
    time_period: str,
    issued: str = "",
    every: Published | None = None,
    pinned: tuple[Pinned, ...] = (),
) -> tuple[PackContent, Issue]:
    """The content of the pack of a school year (202526), and the record of it to keep if it goes out.

    `issued` (2026-01-22) is the day of the meeting: what changed is told since the last pack before that day; a draft
    looks back at the last pack of all. `every` holds the figures of every table (closed terms, half terms), so that the
    record knows them. `pinned` are the views that an analyst pinned, of the same build. Without any figure of the
    authority a `SendlabError`; what is wrong in board.toml or the commentary a `WorkspaceProblem`.
    """
    require_published(published)
    require_of_build(pinned, published)
    la_code, la_name = workspace.la_code, workspace.la_name
    priorities = followed(published, read_board(workspace.root), la_code=la_code, time_period=time_period)
    entries = [entry for each in priorities for entry in each.entries]
    if not entries:
        raise SendlabError(
            f"no figures of {la_name} for {period_name(time_period)} among the board's indicators",
            next_step="choose a period that was built, or other indicators in board.toml",
        )
    _require_after(issued, entries)
    lines = [entry.line for entry in entries]
    found = findings(lines)
    this = issue_of(entries, every or published, workspace, issued)
    content = PackContent(
        la_code=la_code,
        la_name=la_name,
        time_period=time_period,
        issued=issued,
        title=title_of(lines, found, published, la_code),
        periods=", ".join(_periods(entries)),
        data_to=_last_day(entries),
        pupils=_pupils(entries),
        nothing=nothing_stands_out(lines),
        said=tuple(Said(each, entry_of(each.line), sentence_of(each, published, la_code)) for each in found),
        priorities=priorities,
        exceptions=tuple(exceptions(entries, read_commentary(workspace.root))),
        changes=changes_since(last_issue(workspace, issued), this),
        visits=visits_of(published, lines),
        disagreements=_disagreements(published, time_period),
        targets=targets(published, la_code=la_code, time_period=time_period),
        limits=tuple(_limits(entries, priorities)),
        marks=marks_of(entries),
        settings=published.settings,
        run_id=published.run_id,
        pinned=pinned,
    )
    return content, this


def _disagreements(published: Published, time_period: str) -> tuple[Question, ...] | None:
    """Where schools say one thing and their figures show another; None where no school has rated itself."""
    try:
        return tuple(schools_to_ask(published, time_period=time_period))
    except NothingToShow:
        return None


def require_told_of(content: PackContent, published: Published) -> None:
    """Refuse with `GateError` what is no published figures, and a content that was made of others than these."""
    require_published(published)
    if (content.run_id, content.settings) != (published.run_id, published.settings):
        raise GateError(
            "this content tells other figures than those that passed the gate",
            next_step="make the content from these figures: make_content(published, ...)",
        )


def _require_after(issued: str, entries: Sequence[Entry]) -> None:
    """A pack cannot go to a meeting before the last day that its figures are about."""
    days = [entry.line.now["data_to"] for entry in entries if isinstance(entry.line.now["data_to"], date)]
    if issued and days and date.fromisoformat(issued) < max(days):
        raise SendlabError(
            f"the figures reach to {day_name(max(days))}, later than a meeting on {issued}",
            next_step="give the day of the meeting that this pack goes to",
        )


def exceptions(entries: Sequence[Entry], comments: Comments) -> Iterator[Exceptional]:
    """The red lines, each with what was said of it last."""
    for entry in entries:
        if entry.rating.letter == RED:
            comment = comment_on(entry, comments)
            yield Exceptional(entry, comment, comment is not None and comment.period != entry.period)


def with_comments(content: PackContent, comments: Comments) -> PackContent:
    """The same content with what was said since."""
    return replace(content, exceptions=tuple(exceptions(content.entries, comments)))


def _periods(entries: Sequence[Entry]) -> list[str]:
    """The periods shown, each once; those of indicators without a figure do not count if others have one."""
    shown = [entry for entry in entries if entry.line.shown] or list(entries)
    return list(dict.fromkeys(entry.period for entry in shown))


def _last_day(entries: Sequence[Entry]) -> str:
    days = [entry.line.now["data_to"] for entry in entries if isinstance(entry.line.now["data_to"], date)]
    return day_name(max(days)) if days else "not known"


def _pupils(entries: Sequence[Entry]) -> str:
    """Pupils of each group, all of one indicator: that with the most, so that they add up to a number of somewhere."""
    found: dict[str, dict[str, int]] = {}
    for entry in entries:
        if entry.line.card.subject == "pupil" and entry.group != "all" and (base := entry.line.now["base_subjects"]):
            found.setdefault(entry.title, {})[entry.group] = base
    most = max(found.values(), key=lambda groups: sum(groups.values()), default={})
    return ", ".join(f"{group} {count:,}" for group, count in most.items()) or "not shown"


def _brief(sentence: str, la_name: str) -> str:
    start, colon, rest = sentence.partition(":")
    return f"{start.split(f', {la_name}', 1)[0]}{colon}{rest}"


def marks_of(entries: Sequence[Entry]) -> str:
    """What the marks in the scorecard mean."""
    rows = [row for entry in entries for row in (entry.line.now, entry.line.before) if row]
    used = {row["status"] for row in rows if row["status"]}
    return "; ".join(f"{mark}: {meaning}" for mark, meaning in MARKS.items() if mark in used)


def _limits(entries: Sequence[Entry], priorities: Sequence[Followed]) -> Iterator[str]:
    """What a reader has to know before reading too much into the figures."""
    for each in priorities:
        if not each.entries:
            yield f"{each.name}: no published figure ({', '.join(each.without) or 'no indicator chosen'})"
        elif each.without:
            yield f"{each.name}: no published figure of {', '.join(each.without)}"
    hidden = [entry.name for entry in entries if entry.line.now["status"] == "c"]
    if hidden:
        yield f"Not shown, to protect pupils: {'; '.join(hidden)}"
    unlike = [entry.name for entry in entries if entry.change == "cannot compare"]
    if unlike:
        yield f"Not compared with last year, which is held for another part of the year only: {'; '.join(unlike)}"
    for text, names in _by_note(entries).items():
        yield f"{text[:1].upper()}{text[1:]}: {'; '.join(names)}"


def _by_note(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """{note on the figure: lines that have it}."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        if note := entry.line.now["note"]:
            found.setdefault(note, []).append(f"{entry.name}, {_when(entry)}")
    return found


def _when(entry: Entry) -> str:
    return period_text(entry.line.now["time_period"], entry.line.now["time_identifier"])
