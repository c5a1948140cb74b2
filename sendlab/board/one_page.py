"""What fits on the board's one page: at most 500 words, for nobody reads more at a meeting; slides hold the rest."""

from collections.abc import Iterator
from dataclasses import dataclass

from sendlab.board.content import PackContent
from sendlab.board.entries import Entry, Followed
from sendlab.board.pinned import SECTION

MOST_WORDS = 500
DECISIONS = 3  # empty boxes
# From the most told to the least: sentences, lines of what changed, lines of the scorecard.
_STEPS = ((5, 4, 14), (4, 4, 14), (3, 3, 14), (3, 2, 14), (3, 1, 14), (3, 1, 12), (3, 1, 10), (3, 1, 8), (3, 1, 6))
# Words of the page that are always there: headings, column titles, marks, rules of publication.
_FRAME = 140


@dataclass(frozen=True)
class OnePage:
    """The page: head, sentences, scorecard by priority, what changed, and how much is left to slides and workbook."""

    content: PackContent
    sentences: tuple[str, ...]
    changes: tuple[str, ...]
    priorities: tuple[Followed, ...]
    more_changes: int
    more_lines: int

    @property
    def state(self) -> str:
        """Whether the pack has gone out, and to which meeting."""
        return f"For the meeting of {self.content.issued_on}" if self.content.issued else "Draft"

    @property
    def since(self) -> str:
        """The heading of what changed."""
        day = self.content.changes.since
        return f"What changed since the pack of {day}" if day else "What changed"

    @property
    def first(self) -> str:
        """What to say where nothing can have changed, or nothing has."""
        return "Nothing." if self.content.changes.since else "This is the first pack."

    @property
    def more_closely(self) -> str:
        """Where the views stand that an analyst pinned: behind the one page."""
        return f"{SECTION}: see below." if self.content.pinned else ""

    @property
    def said_of_reds(self) -> str:
        """How many lines are red, and of how many somebody says why."""
        reds = self.content.exceptions
        said = sum(each.comment is not None for each in reds)
        return f"Red: {len(reds)}. Commentary on {said} of them; see the slides." if reds else ""


def one_page(content: PackContent) -> OnePage:
    """The page with as much as its words allow: sentences go first, then changes, then lines of the scorecard."""
    pages = (_page(content, *step) for step in _STEPS)
    page = next(pages)
    while words_of(page) > MOST_WORDS:
        shorter = next(pages, None)
        if shorter is None:
            break
        page = shorter
    return page


def _page(content: PackContent, sentences: int, changes: int, lines: int) -> OnePage:
    listed, shown = content.changes.all, tuple(_first_lines(content.priorities, lines))
    return OnePage(
        content=content,
        sentences=content.sentences[:sentences],
        changes=listed[:changes],
        priorities=shown,
        more_changes=max(len(listed) - changes, 0),
        more_lines=len(content.entries) - sum(len(each.entries) for each in shown),
    )


def _first_lines(priorities: tuple[Followed, ...], most: int) -> Iterator[Followed]:
    """The priorities, all of them, with the first lines of each in turn until there are `most`."""
    taken: list[list[Entry]] = [[] for _ in priorities]
    for turn in range(max((len(each.entries) for each in priorities), default=0)):
        for mine, each in zip(taken, priorities, strict=True):
            if turn < len(each.entries) and sum(map(len, taken)) < most:
                mine.append(each.entries[turn])
    for mine, each in zip(taken, priorities, strict=True):
        yield Followed(each.name, tuple(mine), each.without)


def words_of(page: OnePage) -> int:
    """About how many words the page has: what stands between spaces, as a reader would count."""
    texts = [page.content.title, page.content.pupils, page.content.nothing, page.said_of_reds, page.content.marks]
    texts += [*page.sentences, *page.changes, page.content.settings]
    for each in page.priorities:
        texts += [each.name, *each.without]
        texts += [text for entry in each.entries for text in cells_of(entry)]
    return _FRAME + sum(len(text.split()) for text in texts)


def cells_of(entry: Entry) -> tuple[str, ...]:
    """The cells of one line, left to right, without its title and group."""
    gap = f"{entry.gap} ({entry.gap_range})" if entry.gap_range else entry.gap
    rating = f"{entry.rating.letter} {entry.rating.word}".strip()
    return entry.group, entry.pupils, entry.before, entry.now, entry.change, entry.nationally, gap, rating, entry.target
