"""Locks on files: one process at a time; the system frees the lock of a process that dies."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sendlab.errors import WorkspaceProblem

FAR = 1 << 30  # the byte that is locked, beyond any text, so that others may still read the file
PAUSE = 0.02  # seconds between two looks whether a lock is free


@contextmanager
def one_at_a_time(file: Path, *, seconds: float = 1800.0) -> Iterator[None]:
    """Hold a lock file, waiting for whoever has it. Errors: WorkspaceProblem where that takes longer than `seconds`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + seconds
    with file.open("a+", encoding="utf-8") as handle:
        while not taken(handle):
            if time.monotonic() > until:
                raise WorkspaceProblem(
                    f"another process has held '{file.name}' for {seconds:.0f} seconds",
                    next_step="wait until it is done, or stop it; then try again",
                )
            time.sleep(PAUSE)
        yield


if sys.platform == "win32":
    import msvcrt

    def taken(handle: IO[str]) -> bool:
        """Whether the lock of an open file is this process's from now on, until the file is closed."""
        handle.seek(FAR)
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def taken(handle: IO[str]) -> bool:
        """Whether the lock of an open file is this process's from now on, until the file is closed."""
        try:
            fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
