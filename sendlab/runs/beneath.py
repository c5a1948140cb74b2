"""What programs beneath Python print: file descriptors 1 and 2, caught in a file while a cell runs."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

MOST_BYTES = 4_000_000  # read back of what was printed; the rest is counted as printed, and left out


@contextmanager
def text_beneath(keep: Callable[[str, str], None]) -> Iterator[None]:
    """Catch what is written to the file descriptors 1 and 2, and give it to `keep(name, text)` at the end.

    `name` is stdout or stderr. Python's own streams are not meant: they are redirected before.
    """
    caught: list[tuple[str, int, int, IO[bytes]]] = []
    if sys.__stdout__ is not None:
        sys.__stdout__.flush()
    for name, number in (("stdout", 1), ("stderr", 2)):
        held: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, when all is read
        caught.append((name, number, os.dup(number), held))
        os.dup2(held.fileno(), number)
    try:
        yield
    finally:
        for name, number, before, file in caught:
            os.dup2(before, number)
            os.close(before)
            with file:
                file.seek(0)
                text = file.read(MOST_BYTES).decode("utf-8", "replace")
            if text:
                keep(name, text)
