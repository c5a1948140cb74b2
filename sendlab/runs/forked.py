"""A child process for each notebook, forked from a template that is ready: nothing that a notebook does outlives it.

Linux only. A process that has run a polars query must not be forked (its threads are not copied, and the child waits
for them for ever), so the template runs none, and tries once whether a child can (`is_safe`).
"""

import contextlib
import ctypes
import gc
import json
import os
import resource
import selectors
import signal
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from sendlab.runs.drawer import Drawer

_TRY_SECONDS = 20  # in which a child must have run a small query
_PR_SET_PDEATHSIG = 1
DRAWINGS_OF_ONE = 2000  # tasks after which the drawing process is replaced, as it grows


def is_safe() -> bool:
    """Whether a forked child of this process can run a polars query: tried, with a limit of time."""
    child = os.fork()
    if child == 0:
        signal.alarm(_TRY_SECONDS)
        _try_query()
    return os.waitpid(child, 0)[1] == 0


def _try_query() -> None:
    try:
        import polars as pl

        found = pl.DataFrame({"a": [1, 2, 3]}).lazy().group_by("a").len().collect().height
        os._exit(0 if found == 3 else 1)
    finally:
        os._exit(1)


def serve(asked: IO[str], tell: Callable[[dict[str, Any]], None]) -> None:
    """Fork a child for each task until standard input ends; then nothing of this process is left."""
    gc.collect()
    gc.freeze()  # children need not look through, and so copy, what the template holds
    drawer, tasks = Drawer(), 0
    while line := asked.readline():
        died, answer = _one(json.loads(line), drawer, asked)
        tasks += 1
        if died or tasks % DRAWINGS_OF_ONE == 0:
            drawer.close()
            drawer = Drawer()
        tell(answer)
    drawer.close()


def _one(task: dict[str, Any], drawer: Drawer, asked: IO[str]) -> tuple[bool, dict[str, Any]]:
    """One task in a child of its own: whether the child died, and its answer."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _in_child(task, drawer, theirs)
    os.close(theirs)
    said = _listen(child, ours, asked)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    _end_group(child)  # what the notebook started and left running
    try:
        return False, json.loads(said)
    except ValueError:
        return True, {"died": f"exit status {status}" if status >= 0 else signal.Signals(-status).name}


def _listen(child: int, pipe: int, asked: IO[str]) -> bytes:
    """What the child says until it ends. Where the supervisor is gone, child and template end too."""
    said, process = bytearray(), os.pidfd_open(child)
    with selectors.DefaultSelector() as selector:
        for number in (pipe, process, asked.fileno()):
            selector.register(number, selectors.EVENT_READ)
        ended = False
        while not ended:
            ready = {key.fd for key, _ in selector.select()}
            if asked.fileno() in ready:  # nothing is sent before the answer: this is its end
                _end_group(child)
                os._exit(1)
            ended = process in ready
            os.set_blocking(pipe, False)
            said += _rest_of(pipe)
    os.close(process)
    os.close(pipe)
    return bytes(said)


def _rest_of(pipe: int) -> bytes:
    found = bytearray()
    try:
        while part := os.read(pipe, 1 << 16):
            found += part
    except BlockingIOError:
        pass
    return bytes(found)


def _in_child(task: dict[str, Any], drawer: Drawer, pipe: int) -> None:
    """Run the task, say what became of it, and end without anything that the template would do at its end."""
    try:
        os.setsid()
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if megabytes := task.get("megabytes"):
            _limit_memory(megabytes)
        gc.disable()
        drawer.use()
        from sendlab.runs.execute import done_in_words

        answer = done_in_words(task) | {"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}
        os.write(pipe, json.dumps(answer).encode("utf-8"))
    finally:
        os._exit(0)


def _limit_memory(megabytes: int) -> None:
    """More data than this is refused to the process, on top of what it shares with the template."""
    held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData"))
    limit = (int(held.split()[1]) << 10) + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _end_group(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
