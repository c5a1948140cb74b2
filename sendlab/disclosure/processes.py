"""Work that several processes share; they end with the one that started them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import Any, TypeVar

from sendlab.errors import WorkspaceProblem
from sendlab.schema import own

Outcome = TypeVar("Outcome")


def share_out(
    work: Callable[..., Outcome], tasks: Sequence[tuple[Any, ...]], sizes: Sequence[int], jobs: int
) -> list[Outcome]:
    """What `work` makes of each task, in their order; the largest are begun first, so that none is waited for last.

    `work` is a function of a module. Errors: its own; WorkspaceProblem where a process was killed.
    """
    spawned = get_context("spawn")  # a process that has run a polars query must never be forked, and Windows cannot
    by_size = sorted(range(len(tasks)), key=lambda at: -sizes[at])
    try:
        with ProcessPoolExecutor(
            min(jobs, len(tasks)), mp_context=spawned, initializer=_begin, initargs=(own.in_use(),)
        ) as pool:
            under_way = {at: pool.submit(work, *tasks[at]) for at in by_size}
            try:
                return [under_way[at].result() for at in range(len(tasks))]
            finally:
                pool.shutdown(wait=False, cancel_futures=True)  # after an error nobody wants the rest
    except BrokenProcessPool:
        raise WorkspaceProblem(
            "a process that shared the work was ended from outside; nothing was written",
            next_step="see that there is memory enough (5 GB for 400 schools), then run it again (your own script: "
            "below 'if __name__ == \"__main__\":')",
        ) from None


def _begin(measures: own.OwnMeasures) -> None:
    """A process of the pool knows the workspace's own cards, and ends with the one that started it."""
    end_with_parent()
    own.again(measures)


def end_with_parent() -> None:
    """Have this process end as soon as the one that started it is gone: a killed build leaves nobody at work."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
