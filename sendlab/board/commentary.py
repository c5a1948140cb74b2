"""board_commentary.csv: what people say of the reds. sendlab adds lines to it and never changes one.

A line is about one measure, group and period. When the figures move on to another period, a red asks for new words, and
the earlier ones are kept and shown as such.
"""

import csv
import io
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sendlab.board.entries import Entry
from sendlab.errors import WorkspaceProblem

COMMENTARY = "board_commentary.csv"
COLUMNS = ("measure", "group", "period", "indicator", "why", "action", "owner", "due")
_SAID = ("why", "action", "owner", "due")
_MOST = 400  # characters of a text: a board page is one sheet


@dataclass(frozen=True)
class Comment:
    """What is said of a red: why, what is done, by whom and until when; `period` is that which it was written for."""

    period: str
    why: str = ""
    action: str = ""
    owner: str = ""
    due: str = ""


Comments = dict[tuple[str, str], list[Comment]]  # by measure and group, in the order of the file


def read_commentary(folder: Path) -> Comments:
    """All comments of the workspace; none where the file is not there. `WorkspaceProblem` where it cannot be read."""
    path = folder / COMMENTARY
    found: Comments = {}
    if not path.is_file():
        return found
    lines = csv.DictReader(io.StringIO(_text(path)[0], newline=""))
    lacking = [name for name in COLUMNS if name not in (lines.fieldnames or ())]
    if lacking:
        raise WorkspaceProblem(
            f"{COMMENTARY} has no column {', '.join(lacking)}",
            next_step=f"its first line reads {','.join(COLUMNS)}",
        )
    for number, line in enumerate(lines, start=2):
        comment = Comment(**{name: _cell(line[name], number, name) for name in ("period", *_SAID)})
        found.setdefault((line["measure"] or "", line["group"] or ""), []).append(comment)
    return found


def comment_on(entry: Entry, comments: Comments) -> Comment | None:
    """What was said last of an entry's figure: of this period, else of the latest before it; None where nothing was."""
    measure, group, period = entry.key
    said = [comment for comment in comments.get((measure, group), ()) if _says_anything(comment)]
    of_now = [comment for comment in said if comment.period == period] or said
    return of_now[-1] if of_now else None


def ask_for_comments(folder: Path, reds: Iterable[Entry], comments: Comments) -> int:
    """Add an empty line for every red that has none of its period; how many were added.

    What is there stays, byte for byte. A file that is open in another program raises `PermissionError`.
    """
    path, new = folder / COMMENTARY, [entry for entry in reds if not _is_asked(entry, comments)]
    if not new:
        return 0
    there, encoding = _text(path) if path.is_file() else ("", "utf-8-sig")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n", restval="")
    if not there:
        writer.writeheader()
    elif not there.endswith("\n"):
        text.write("\r\n")
    for entry in new:
        measure, group, period = entry.key
        writer.writerow({"measure": measure, "group": group, "period": period, "indicator": entry.title})
    with path.open("ab") as file:
        file.write(text.getvalue().encode(encoding if not there else encoding.removesuffix("-sig")))
    return len(new)


def without_words(folder: Path) -> int:
    """How many lines of the file still wait for words."""
    return sum(not _says_anything(comment) for said in read_commentary(folder).values() for comment in said)


def _is_asked(entry: Entry, comments: Comments) -> bool:
    measure, group, period = entry.key
    return any(comment.period == period for comment in comments.get((measure, group), ()))


def _says_anything(comment: Comment) -> bool:
    return any((comment.why, comment.action))


def _cell(text: str | None, line: int, column: str) -> str:
    said = " ".join((text or "").split())
    if len(said) > _MOST:
        raise WorkspaceProblem(
            f"{COMMENTARY}, line {line}: '{column}' has {len(said)} characters",
            next_step=f"say it in {_MOST} at most: it has to fit on a page",
        )
    return said


def _text(path: Path) -> tuple[str, str]:
    """The file's text and encoding: UTF-8, or what Excel writes on Windows as plain CSV."""
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "cp1252"):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding), encoding
    raise WorkspaceProblem(f"{COMMENTARY} is no text that can be read", next_step="save it as CSV UTF-8")
