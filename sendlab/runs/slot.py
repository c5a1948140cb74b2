"""The worker process of one slot, as its supervisor sees it: asked, watched, and ended with all that it started."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psutil

from sendlab.errors import RunProblem
from sendlab.runs.processes import MARK, end_marked

START_SECONDS = 120.0  # in which a new worker must have imported everything
_TICK = 0.25
_LAST_SECONDS = 5.0  # in which what it said last must have arrived
_ENDED = "its worker ended"


class Worker:
    """One worker process and what it says. It is to be asked only after `require_ready`."""

    def __init__(self, mode: str) -> None:
        new_group: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
        self._mark = uuid4().hex
        told = {
            "POLARS_ALLOW_FORKING_THREAD": "1", "PYTHONUTF8": "1", MARK: self._mark,
            # Sets of texts come in the same order in every process, so that a report can be made again.
            "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0"),
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sendlab.runs.worker", mode],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=os.environ | told, **new_group,
        )  # fmt: skip
        self.mode, self.tasks, self.worn, self.gone = "", 0, False, False
        self._is_ended, self._one_at_a_time = False, threading.Lock()
        self._said: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def require_ready(self) -> None:
        """Wait until it has imported everything."""
        told = self.answer(START_SECONDS, 0)
        if "ready" not in told:
            self.end()
            raise RunProblem(
                f"a process for notebooks did not start: {told.get('died', 'it said something else')}",
                next_step="look whether the machine has memory and time to spare, and start the run again",
            )
        self.mode = str(told["ready"])

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with suppress(ValueError):  # half a line, when it was killed
                    self._said.put(json.loads(line))
        self.gone = True  # before that is told: the process itself may take a moment longer to end
        self._said.put({"died": _ENDED})

    def ask(self, task: dict[str, Any], seconds: float, megabytes: int) -> dict[str, Any]:
        """Have it run a task; its answer, or {"died": why}."""
        self.tasks += 1
        assert self.process.stdin is not None
        try:
            self.process.stdin.write((json.dumps(task) + "\n").encode("utf-8"))
            self.process.stdin.flush()
        except (OSError, ValueError):  # ValueError: it was ended, and its pipe closed
            return {"died": _ENDED}
        answer = self.answer(seconds, megabytes)
        self.worn |= bool(answer.pop("worn", False))
        return answer

    def answer(self, seconds: float, megabytes: int) -> dict[str, Any]:
        """What it says within this time and memory (0: any); else it is ended, and why is told."""
        until = time.monotonic() + seconds
        while True:
            try:
                return self._said.get(timeout=_TICK)
            except queue.Empty:
                if self.process.poll() is not None:  # something that it left running keeps its pipe open
                    self.end()
                    return {"died": _ENDED}
                if time.monotonic() > until:
                    self.end()
                    return {"died": f"it took longer than {seconds:g} seconds"}
                if megabytes and self.megabytes() > megabytes:
                    self.end()
                    return {"died": f"it needed more than {megabytes:,} MB of memory"}

    def megabytes(self) -> int:
        """Of the largest process of its tree."""
        found = [0]
        for each in [psutil.Process(self.process.pid), *self._below()] if self.process.poll() is None else []:
            with suppress(psutil.Error):  # it has just ended
                found.append(each.memory_info().rss)
        return max(found) >> 20

    def _below(self) -> list[psutil.Process]:
        try:
            return list(psutil.Process(self.process.pid).children(recursive=True))
        except psutil.Error:
            return []

    def end(self, *, gently: bool = False) -> None:
        """Kill it with all that it started; `gently`: let it end by itself first, which it does when its input ends."""
        with self._one_at_a_time:
            if self._is_ended:
                return
            self._is_ended = self.gone = True
            if gently:
                self._close_input()
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(_LAST_SECONDS)
            below = self._below()
            if os.name == "posix":
                with suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            for each in below:
                with suppress(psutil.Error):
                    each.kill()
            self.process.kill()
            self.process.wait()
            end_marked(self._mark)  # what had left its group, and whose parent ended before
            self._reader.join(_LAST_SECONDS)
            self._close_input()

    def _close_input(self) -> None:
        if self.process.stdin is not None:
            with suppress(OSError):  # what could not be sent
                self.process.stdin.close()
