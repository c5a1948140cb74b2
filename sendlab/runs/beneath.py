"""What programs beneath Python print: file descriptors 1 and 2, caught in files while a notebook runs.

Files and no pipes: a program that fills a pipe while it holds Python's lock would wait for ever for its reader, and
one that was left running keeps a pipe open. `poll` hands on what is new, so that its place among what Python prints is
kept.
"""

import os
import sys
import tempfile
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from sendlab.runs.alike import MOST_TEXT

_MOST_BYTES = 4 * MOST_TEXT  # looked at in one piece; what is beyond would be cut off anyway


class _Caught:
    """A file descriptor that leads into a file for the time being."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self._number = name, number
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._held = self._file.fileno()
        self._before = os.dup(number)
        self._seen = 0
        self._decoder = getincrementaldecoder("utf-8")("replace")
        # Appended to: a program may open the file anew, as /dev/stdout, and would write over what is there.
        _append(self._held)
        os.dup2(self._held, number)

    def new(self, *, final: bool = False) -> str:
        """What was written since the last time."""
        size = os.lseek(self._held, 0, os.SEEK_END)
        if size == self._seen and not final:
            return ""
        start = self._seen if self._seen <= size else 0  # somebody emptied it
        text = self._decoder.decode(_read(self._held, min(size - start, _MOST_BYTES), start), final)
        self._seen = size
        if final and size > _MOST_BYTES:
            os.ftruncate(self._held, 0)
            self._seen = 0
        return text

    def close(self) -> None:
        os.dup2(self._before, self._number)
        os.close(self._before)
        self._file.close()


@contextmanager
def text_beneath(keep: Callable[[str, str], None]) -> Iterator[Callable[..., None]]:
    """Catch what is written to the file descriptors 1 and 2; `poll()` gives what is new to `keep(name, text)`.

    `name` is stdout or stderr. `poll(final=True)` ends a cell: nothing half written is waited for. Python's own streams
    are not meant: they are redirected before.
    """
    one_at_a_time = threading.Lock()
    with ExitStack() as stack:
        _flush()
        caught = [_Caught(name, number) for name, number in (("stdout", 1), ("stderr", 2))]
        for each in caught:
            stack.callback(each.close)
        stack.callback(caught.clear)  # first: a stream that is let go of later looks once more, and finds nothing

        def poll(*, final: bool = False) -> None:
            if not one_at_a_time.acquire(blocking=final):
                return  # another thread prints, and looks
            if final:
                _flush()
            try:
                for each in caught:
                    if text := each.new(final=final):
                        keep(each.name, text)
            finally:
                one_at_a_time.release()

        yield poll


def _flush() -> None:
    """Write what Python's first streams still hold, unless a notebook closed them."""
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
        with suppress(ValueError, OSError):
            stream.flush()


def _append(number: int) -> None:
    if sys.platform != "win32":
        import fcntl

        fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_APPEND)


def _read(number: int, length: int, start: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(number, length, start)
    os.lseek(number, start, os.SEEK_SET)
    found = os.read(number, length)
    os.lseek(number, 0, os.SEEK_END)
    return found
