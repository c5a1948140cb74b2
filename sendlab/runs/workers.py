"""Tasks over spawned worker processes: one worker that dies is told, never waited for, and stops nobody else."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from sendlab.runs.execute import Outcome
from sendlab.runs.kernel import skip_heavy_imports
from sendlab.runs.plan import Task

Execute = Callable[[Task], Outcome]
DIED = "the worker process died (out of memory, or ended from outside)"


def run_tasks(tasks: Sequence[Task], execute: Execute, *, jobs: int) -> Iterator[Outcome]:
    """The outcome of every task, as they finish.

    When a worker dies, the tasks under way are tried once more, each alone, which shows the one that kills its worker.
    """
    queue = deque(tasks)
    while queue:
        under_way = yield from _until_broken(queue, execute, jobs)
        for task in under_way:
            yield _alone(task, execute)


def _pool(jobs: int) -> ProcessPoolExecutor:
    # Spawned, not forked: a process that has run a polars query must never be forked, and Windows cannot.
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=skip_heavy_imports)


def _until_broken(queue: deque[Task], execute: Execute, jobs: int) -> Generator[Outcome, None, list[Task]]:
    """Work the queue off; on a dead worker, give back the tasks that were under way."""
    under_way: dict[Future[Outcome], Task] = {}
    pool = _pool(min(jobs, len(queue)))
    try:
        while queue or under_way:
            while queue and len(under_way) < jobs:  # no more than can run, so that what is under way is known
                under_way[pool.submit(execute, queue[0])] = queue[0]
                queue.popleft()
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                outcome = future.result()
                del under_way[future]
                yield outcome
    except BrokenProcessPool:
        return list(under_way.values())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return []


def _alone(task: Task, execute: Execute) -> Outcome:
    pool = _pool(1)
    try:
        return pool.submit(execute, task).result()
    except BrokenProcessPool:
        return Outcome(task.notebook.stem, task.place_code, task.place_name, "failed", 0.0, DIED, task.audience)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
