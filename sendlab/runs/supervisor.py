"""Owns one worker process a slot: hands out tasks, and replaces a worker that dies, hangs or grows too large.

No pool of multiprocessing: there one killed worker breaks all the rest.
"""

import queue
import threading
import time
from concurrent.futures import Future

from sendlab.runs.outcome import Outcome, outcome_from, outcome_of, task_in_words
from sendlab.runs.plan import Task
from sendlab.runs.slot import Worker
from sendlab.runs.worker import FORK

SECONDS = 900.0  # a notebook that takes longer has hung
MEGABYTES = 4000  # of one notebook's process
DIED = "the process of the notebook ended before its time"
_ATTEMPTS = 2
_RECYCLED_AFTER = 100  # notebooks that one process runs where they are not forked


class Supervisor:
    """Slots that run tasks; `submit` gives a Future of the Outcome. Use it in a `with` block.

    `engine` is warm or kernel; `mode` fork (where it can be) or recycle.
    """

    def __init__(
        self, slots: int = 2, *, engine: str = "warm", mode: str = FORK, seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
    ) -> None:  # fmt: skip
        self.engine, self.mode, self.seconds, self.megabytes = engine, mode, seconds, megabytes
        self.modes: set[str] = set()  # how the workers run notebooks, as they said
        self._tasks: queue.Queue[tuple[Task, Future[Outcome]] | None] = queue.Queue()
        self._ended, self._changing = threading.Event(), threading.Lock()
        self._workers: dict[int, Worker] = {}
        self._threads = [threading.Thread(target=self._slot, args=(n,), daemon=True) for n in range(slots)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, task: Task) -> Future[Outcome]:
        """Have a task run as soon as a slot is free."""
        future: Future[Outcome] = Future()
        with self._changing:
            self._require_open()
            self._tasks.put((task, future))
        return future

    def close(self) -> None:
        """End all workers; what still runs is killed and left undone, what waits is cancelled."""
        with self._changing:
            self._ended.set()
            for _ in self._threads:
                self._tasks.put(None)
        for worker in list(self._workers.values()):
            worker.end(gently=True)
        for thread in self._threads:
            thread.join()

    def _require_open(self) -> None:
        if self._ended.is_set():
            raise RuntimeError("this supervisor is closed")

    def _slot(self, number: int) -> None:
        while (given := self._tasks.get()) is not None:
            task, future = given
            if self._ended.is_set():
                future.cancel()
            elif future.set_running_or_notify_cancel():
                try:
                    future.set_result(self._run(number, task))
                except BaseException as fault:  # noqa: BLE001 - it belongs to whoever waits for the task
                    future.set_exception(fault)

    def _run(self, number: int, task: Task) -> Outcome:
        """Up to two attempts, the second in a fresh process; a notebook that kills its process twice has failed."""
        started = time.perf_counter()
        for attempt in range(1, _ATTEMPTS + 1):
            worker = self._worker(number, fresh=attempt > 1)
            words = {**task_in_words(task), "engine": self.engine, "attempt": attempt, "megabytes": self.megabytes}
            answer = worker.ask(words, self.seconds, self.megabytes)
            if "died" in answer:
                outcome = self._dead(task, started, f"{DIED}: {answer['died']}", attempt)
            else:
                outcome = outcome_from(answer)
            if outcome.status == "done" or self._ended.is_set():
                break
        return outcome

    def _dead(self, task: Task, started: float, error: str, attempt: int) -> Outcome:
        from sendlab.runs.execute import keep_dead

        if attempt == _ATTEMPTS:
            error += keep_dead(task, error)
        return outcome_of(task, time.perf_counter() - started, error, attempts=attempt)

    def _worker(self, number: int, *, fresh: bool) -> Worker:
        """The slot's worker; another one where there is none, it ended, or its process has run notebooks enough."""
        worker = self._workers.get(number)
        if worker is None or worker.gone:
            return self._replace(number)
        if worker.mode == FORK:  # then every notebook has a process of its own
            return worker
        enough = worker.worn or worker.tasks >= _RECYCLED_AFTER or worker.megabytes() > self.megabytes // 2
        return self._replace(number) if fresh or enough else worker

    def _replace(self, number: int) -> Worker:
        if (old := self._workers.get(number)) is not None:
            old.end()
        with self._changing:  # whoever closes this must see the new one
            self._require_open()
            worker = self._workers[number] = Worker(self.mode)
        worker.require_ready()
        self.modes.add(worker.mode)
        return worker
