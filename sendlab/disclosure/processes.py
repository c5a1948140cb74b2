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

Outcome = TypeVar("Outcome")


def share_out(
    work: Callable[..., Outcome], tasks: Sequence[tuple[Any, ...]], sizes: Sequence[int], jobs: int
) -> list[Outcome]:
    """What `work` makes of each task, in their order; the largest are begun first, so that none is waited for last.

    `work` is a function of a module. Errors: its own; WorkspaceProblem where a process was killed.
    """
    by_size = sorted(range(len(tasks)), key=lambda at: -sizes[at])
    try:
        # spawned: a process that has run a polars query must never be forked, and Windows cannot
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=end_with_parent) as pool:
            under_way = {at: pool.submit(work, *tasks[at]) for at in by_size}
            return [under_way[at].result() for at in range(len(tasks))]
    except BrokenProcessPool:
        raise WorkspaceProblem(
            "a process that shared the work was ended from outside; nothing was written",
            next_step="see that there is memory enough (4 GB for 400 schools), then run it again",
        ) from None


def end_with_parent() -> None:
    """Have this process end as soon as the one that started it is gone: a killed build leaves nobody at work."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
