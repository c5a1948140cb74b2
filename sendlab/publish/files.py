"""Files are written aside and put in place whole, so that nobody ever opens half a report."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sendlab.publish.scan import require_clean

_OTHER_NAMES = 9


class FileInUse(UserWarning):
    """The file could not be replaced (Windows: open in another program); it was written under another name."""


@contextmanager
def files_in_use() -> Iterator[list[str]]:
    """What `put_in_place` said of files that it could not replace, once the block has ended."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", FileInUse)
        yield said
    said += [str(each.message) for each in told if each.category is FileInUse]


def write_aside(target: Path, write: Callable[[Path], object]) -> Path:
    """Call `write` with a path beside the target, look through what it wrote, then put it in the target's place.

    Returns the path that now holds the result: the target, or its neighbour if the target is open in another program.
    A file that may not be released is a `GateError`, and what stood in its place stays (`scan.require_clean`).
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    try:
        write(aside)
        require_clean([aside], name=target.name)
        return put_in_place(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> Path:
    """A text file in UTF-8, written aside and put in place."""
    return write_aside(target, lambda path: path.write_text(text, encoding="utf-8", newline="\n"))


def put_in_place(aside: Path, target: Path) -> Path:
    """Move a finished file over the target; where the target is in use, move it beside and warn."""
    others = [target.with_name(f"{target.stem}-new{number}{target.suffix}") for number in range(1, _OTHER_NAMES + 1)]
    try:
        aside.replace(target)
        for other in others:  # older than what now has its place
            other.unlink(missing_ok=True)
        return target
    except PermissionError:
        for other in others:
            if other.exists():
                continue
            aside.replace(other)
            warnings.warn(
                f"{target.name} is open in another program; the new one is {other.name} beside it",
                FileInUse,
                stacklevel=3,
            )
            return other
        raise
