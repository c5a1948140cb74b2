"""Processes below a worker: what a notebook starts must end with it, whatever it does to be left alone.

A process can leave its group and outlive its parent. On Linux such orphans are handed to the worker that asked for them
(`adopt_orphans`); elsewhere, and where the worker itself was killed, they are known by a word in their environment.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "SENDLAB_WORKER"  # environment variable: which worker a process belongs to
_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_ROUNDS = 20  # what is killed hands its own children on, and so forth


def die_with_parent(*, really: bool = True) -> None:
    """Have this process killed when its parent ends, or no longer (Linux only)."""
    if _LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL if really else 0)


def adopt_orphans() -> None:
    """From now on this process is the parent of whatever its children leave behind (Linux only)."""
    if _LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_children(*, but: Iterable[int] = ()) -> None:
    """Kill all that this process started, save those named, and what that leaves behind."""
    spared = set(but)
    for _ in range(_ROUNDS):
        found = [pid for pid in _children() if pid not in spared]
        if not found:
            return
        for pid in found:
            with suppress(psutil.Error):
                psutil.Process(pid).kill()
        for pid in found if os.name == "posix" else ():
            with suppress(ChildProcessError):  # another process of this tree waits for it
                os.waitpid(pid, 0)


def _children() -> list[int]:
    """Whose parent this process is; where orphans are not adopted, all below it."""
    try:
        threads = list(Path("/proc/self/task").iterdir())
        return [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]
    except OSError:  # not Linux, or one that does not tell
        return [each.pid for each in psutil.Process().children(recursive=not _LINUX)]


def end_marked(mark: str) -> None:
    """Kill every process with this mark in its environment; one that cannot be looked into is not ours."""
    for each in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if each.environ().get(MARK) == mark:
                each.kill()
