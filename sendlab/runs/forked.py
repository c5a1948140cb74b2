"""A child process for each notebook, forked from a template that is ready: nothing that a notebook does outlives it.

Linux only. A process that has run a polars query must not be forked (its threads are not copied, and the child waits
for them for ever), so the template runs none, and tries once whether a child can (`is_safe`).
"""

import gc
import json
import os
import resource
import selectors
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from sendlab.runs import spaces
from sendlab.runs.drawer import Drawer, draw_over
from sendlab.runs.processes import adopt_orphans, die_with_parent, end_children

_OTHER_WORDS = "the notebook spoke in its stead"
_TRY_SECONDS = 20  # in which a child must have run a small query
DRAWINGS_OF_ONE = 2000  # tasks after which the drawing process is replaced, as it grows


def is_safe() -> bool:
    """Whether a forked child of this process can run a polars query: tried, with a limit of time."""
    child = os.fork()
    if child == 0:
        # Whatever was ignored or held back by those who started us: the alarm must end it.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
        signal.alarm(_TRY_SECONDS)
        die_with_parent()
        _try_query()
    return os.waitpid(child, 0)[1] == 0


def _try_query() -> None:
    try:
        import polars as pl

        found = pl.DataFrame({"a": [1, 2, 3]}).lazy().group_by("a").len().collect().height
        os._exit(0 if found == 3 else 1)
    finally:
        os._exit(1)


def serve(asked: IO[str], answers: IO[str], tell: Callable[[dict[str, Any]], None]) -> None:
    """Fork a child for each task until standard input ends; then nothing of this process is left."""
    adopt_orphans()
    spaces.hold(spaces.BENEATH)
    gc.collect()
    gc.freeze()  # children need not look through, and so copy, what the template holds
    Template(asked, answers, tell).serve()


class Template:
    """The process that children are forked from, and its drawing process."""

    def __init__(self, asked: IO[str], answers: IO[str], tell: Callable[[dict[str, Any]], None]) -> None:
        self._asked, self._answers, self._tell = asked, answers, tell
        self._drawer, self._drawn = Drawer(), 0

    def serve(self) -> None:
        """Run the tasks as they come."""
        while line := self._asked.readline():
            self._tell(self._one(json.loads(line)))
        self._end()

    def _one(self, task: dict[str, Any]) -> dict[str, Any]:
        """One task in children of its own, the second of which knows nothing of what the notebook did to the first.

        What became of it, or {"died": why}.
        """
        with self._connection() as connection:
            ran = self._child(task, lambda: _ran(task, connection))
        if "died" in ran:
            return ran
        if ran.keys() != {"seconds", "error", "megabytes"}:
            return {"died": _OTHER_WORDS}
        megabytes = ran.pop("megabytes")
        done = self._child(task, lambda: _finished(task, ran))
        return done if "died" in done else done | {"megabytes": megabytes}

    def _child(self, task: dict[str, Any], work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Work of a task in a child of its own: its answer, or {"died": why}."""
        ours, theirs = os.pipe()
        template, child = os.getpid(), os.fork()
        if child == 0:
            os.close(ours)
            self._in_child(task, work, theirs, template)
        os.close(theirs)
        said = self._listen(child, ours)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        end_children(but=[self._drawer.pid])  # what the notebook started and left running
        try:
            answer = json.loads(said)
        except ValueError:
            return {"died": f"exit status {status}" if status >= 0 else signal.Signals(-status).name}
        return answer if isinstance(answer, dict) else {"died": _OTHER_WORDS}

    def _connection(self) -> socket.socket:
        """To the drawing process; to a new one where it has ended, or drawn enough."""
        self._drawn += 1
        try:
            if self._drawn % DRAWINGS_OF_ONE:
                return self._drawer.connection()
        except OSError:
            pass
        self._drawer.close()
        self._drawer = Drawer()
        return self._drawer.connection()

    def _listen(self, child: int, pipe: int) -> bytes:
        """What the child says until it ends. Where the supervisor is gone, child and template end too."""
        said, process = bytearray(), os.pidfd_open(child)
        os.set_blocking(pipe, False)
        with selectors.DefaultSelector() as selector:
            for number in (pipe, process, self._asked.fileno()):
                selector.register(number, selectors.EVENT_READ)
            ended = False
            while not ended:
                ready = {key.fd for key, _ in selector.select()}
                if self._asked.fileno() in ready:  # nothing is sent before the answer: this is its end
                    self._end()
                ended = process in ready
                found = _rest_of(pipe)
                said += found
                if not found and pipe in ready:  # closed; the child may still be at something
                    selector.unregister(pipe)
        os.close(process)
        os.close(pipe)
        return bytes(said)

    def _end(self) -> None:
        """Leave nothing behind."""
        end_children()
        os._exit(0)

    def _in_child(self, task: dict[str, Any], work: Callable[[], dict[str, Any]], pipe: int, template: int) -> None:
        """Do the work, say what became of it, and end without anything that the template would do at its end."""
        child = os.getpid()
        try:
            os.setsid()
            die_with_parent()
            if os.getppid() != template:  # it has ended already
                os._exit(1)
            for number in (self._asked.fileno(), self._answers.fileno()):
                os.close(number)  # the worker's own: its supervisor waits for their end
            self._drawer.leave()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if megabytes := task.get("megabytes"):
                _limit_memory(megabytes)
            gc.disable()
            answer = work()
            if os.getpid() == child:  # and no copy of it
                with os.fdopen(pipe, "wb") as said:
                    said.write(json.dumps(answer).encode("utf-8"))
        finally:
            os._exit(0)


def _ran(task: dict[str, Any], connection: socket.socket) -> dict[str, Any]:
    from sendlab.runs.execute import ran_in_words

    draw_over(connection)
    return ran_in_words(task) | {"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}


def _finished(task: dict[str, Any], ran: dict[str, Any]) -> dict[str, Any]:
    from sendlab.runs.execute import finished_in_words

    return finished_in_words(task, ran)


def _rest_of(pipe: int) -> bytes:
    found = bytearray()
    with suppress(BlockingIOError):
        while part := os.read(pipe, 1 << 16):
            found += part
    return bytes(found)


def _limit_memory(megabytes: int) -> None:
    """More data than this is refused to the process, with what it shares with the template: a notebook can tell why."""
    said = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    data, resident = (int(said[name].split()[0]) << 10 for name in ("VmData", "VmRSS"))
    limit = data + max(0, (megabytes << 20) - resident)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
