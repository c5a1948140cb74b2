"""Owns one worker process a slot: hands out tasks, and replaces a worker that dies, hangs or grows too large.

No pool of multiprocessing: there one killed worker breaks all the rest.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import psutil

from sendlab.runs.outcome import Outcome, outcome_from, outcome_of, task_in_words
from sendlab.runs.plan import Task
from sendlab.runs.worker import FORK

SECONDS = 900.0  # a notebook that takes longer has hung
MEGABYTES = 4000  # of one notebook's process
START_SECONDS = 120.0  # in which a new worker must have imported everything
DIED = "the process of the notebook died (out of memory, or ended from outside)"
_TICK = 0.25
_ATTEMPTS = 2
_RECYCLED_AFTER = 100  # notebooks that one process runs where they are not forked


class Worker:
    """One worker process and what it says."""

    def __init__(self, mode: str) -> None:
        new_group: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sendlab.runs.worker", mode],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "POLARS_ALLOW_FORKING_THREAD": "1", "PYTHONUTF8": "1"}, **new_group,
        )  # fmt: skip
        self._said: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.tasks = 0
        self.mode = str(self.answer(START_SECONDS, 0).get("ready", ""))

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._said.put(json.loads(line))
        self._said.put({"died": "its worker ended"})

    def ask(self, task: dict[str, Any], seconds: float, megabytes: int) -> dict[str, Any]:
        """Have it run a task; its answer, or {"died": why}."""
        self.tasks += 1
        assert self.process.stdin is not None
        try:
            self.process.stdin.write((json.dumps(task) + "\n").encode("utf-8"))
            self.process.stdin.flush()
        except OSError:
            return {"died": "its worker ended"}
        return self.answer(seconds, megabytes)

    def answer(self, seconds: float, megabytes: int) -> dict[str, Any]:
        """What it says within this time and memory (0: any); else it is ended, and why is told."""
        until = time.monotonic() + seconds
        while True:
            try:
                return self._said.get(timeout=_TICK)
            except queue.Empty:
                if time.monotonic() > until:
                    self.end()
                    return {"died": f"it took longer than {seconds:.0f} seconds"}
                if megabytes and self._megabytes() > megabytes:
                    self.end()
                    return {"died": f"it needed more than {megabytes:,} MB of memory"}

    def _megabytes(self) -> int:
        """Of the largest process of its tree."""
        try:
            tree = [psutil.Process(self.process.pid)]
            tree += tree[0].children(recursive=True)
            return int(max(each.memory_info().rss for each in tree) >> 20)
        except psutil.Error:  # it has just ended, which is told elsewhere
            return 0

    def end(self) -> None:
        """Kill it with all that it started."""
        try:
            below = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.Error:
            below = []
        if os.name == "posix":
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        for each in below:
            with suppress(psutil.Error):
                each.kill()
        self.process.kill()
        self.process.wait()
        self._reader.join()
        if self.process.stdin is not None:
            with suppress(OSError):  # what could not be sent
                self.process.stdin.close()


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
        self._ended = threading.Event()
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
        self._tasks.put((task, future))
        return future

    def close(self) -> None:
        """End all workers; what still runs is killed and left undone."""
        self._ended.set()
        for _ in self._threads:
            self._tasks.put(None)
        for worker in list(self._workers.values()):
            worker.end()
        for thread in self._threads:
            thread.join()

    def _slot(self, number: int) -> None:
        while (given := self._tasks.get()) is not None and not self._ended.is_set():
            task, future = given
            if future.set_running_or_notify_cancel():
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
            keep_dead(task, error)
        return outcome_of(task, time.perf_counter() - started, error, attempts=attempt)

    def _worker(self, number: int, *, fresh: bool) -> Worker:
        """The slot's worker; another one where there is none, it ended, or its process has run notebooks enough."""
        worker = self._workers.get(number)
        if worker is None or worker.process.poll() is not None:
            return self._replace(number)
        forks = worker.mode == FORK  # then every notebook has a process of its own
        return worker if forks or not (fresh or worker.tasks >= _RECYCLED_AFTER) else self._replace(number)

    def _replace(self, number: int) -> Worker:
        if (old := self._workers.pop(number, None)) is not None:
            old.end()
        self._workers[number] = Worker(self.mode)
        self.modes.add(self._workers[number].mode)
        return self._workers[number]
