"""Files are written aside and put in place whole, so that nobody ever opens half a report."""

import errno
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sendlab.publish.scan import require_clean

BESIDE = "-new"  # and a number: the name of a file whose place was taken
_OTHERS = range(1, 10)
_UNFINISHED = re.compile(r"\..+\.(\d+|part)(\.\w+)?")  # names of files aside, as ".attendance.4711.html"


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
    for each in told:
        if each.category is not FileInUse:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


def write_aside(target: Path, write: Callable[[Path], object]) -> Path:
    """Call `write` with a path beside the target, look through what it wrote, then put it in the target's place.

    Returns the path that now holds the result: the target, or its neighbour if the target is open in another program.
    A file that may not be released is a `GateError`, and what stood in its place stays (`scan.require_clean`).
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = aside_of(target)
    try:
        write(aside)
        require_clean([aside], name=target.name)
        return put_in_place(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def aside_of(target: Path) -> Path:
    """The hidden name beside a file under which this process writes it."""
    return target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")


def clear_unfinished(folder: Path) -> None:
    """Take away what processes that were killed left aside in a folder and below: nobody looked through it.

    Only for who knows that no other process writes there (see `runs.lock`).
    """
    for path in folder.rglob(".*"):
        if _UNFINISHED.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> Path:
    """A text file in UTF-8, written aside and put in place."""
    return write_aside(target, lambda path: path.write_text(text, encoding="utf-8", newline="\n"))


def put_in_place(aside: Path, target: Path) -> Path:
    """Move a finished file over the target; where the target is in use, move it beside and warn."""
    others = [target.with_name(f"{target.stem}{BESIDE}{number}{target.suffix}") for number in _OTHERS]
    try:
        aside.replace(target)
    except PermissionError:
        other = _first_free(aside, others)
        warnings.warn(in_use(target, other), FileInUse, stacklevel=3)
        return other
    for other in others:  # older than what now has its place
        with suppress(OSError):  # still open itself
            other.unlink()
    return target


def in_use(target: Path, other: Path) -> str:
    """That a file lies beside its place."""
    return f"{target.name} is open in another program; the new one is {other.name} beside it"


def _first_free(aside: Path, others: Iterable[Path]) -> Path:
    """Move the file over the first of these that is not in use itself."""
    for other in others:
        with suppress(PermissionError):
            return aside.replace(other)
    raise PermissionError(errno.EACCES, "it and all that lie beside it are open in other programs", aside.name)
