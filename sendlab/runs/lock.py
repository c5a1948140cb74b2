"""A lock file keeps two runs in one reports folder apart; the system frees it when its process dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sendlab.errors import RunProblem
from sendlab.locks import taken
from sendlab.publish.files import clear_unfinished

LOCK = ".run.lock"


@contextmanager
def one_run(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, or stop with `RunProblem`.

    The lock of a process that died is simply taken over, and the files that it left aside are taken away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+", encoding="utf-8") as handle:
        if not taken(handle):
            handle.seek(0)
            raise RunProblem(
                f"another run is writing these reports ({handle.read().strip() or 'unknown process'})",
                next_step="wait until it is done, or stop it",
            )
        handle.truncate(0)
        handle.write(f"process {os.getpid()}\n")
        handle.flush()
        clear_unfinished(folder)
        yield
