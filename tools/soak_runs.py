"""A storm of kill -9 on runs: after the last resume every report is whole and equal to an undisturbed run's.

Used by tools/soak.py, and in short by the tests. Killed are, at random moments, the run itself or one of the processes
below it: a worker, the child that runs a notebook, the process that draws.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("999", "900101")
LONGEST = 14.0  # seconds within which a kill falls: a whole run of these places takes about as long
GONE_WITHIN = 10.0  # seconds in which nothing of a killed run is left
Reports = dict[str, bytes]


def make_space(folder: Path) -> Path:
    """A copy of the sample's workspace, built."""
    from sendlab.build import open_workspace

    open_workspace(ROOT)
    shutil.copytree(ROOT / "data" / "sample", folder / "data" / "sample")
    shutil.copytree(ROOT / ".store", folder / ".store")
    shutil.copy(ROOT / "sendlab.toml", folder)
    return folder


def start(space: Path) -> subprocess.Popen[bytes]:
    """A run of a few places, in a session of its own."""
    places = [word for place in PLACES for word in ("--place", place)]
    command = [sys.executable, "-m", "sendlab", "run", "--workspace", str(space), *places]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def finish(space: Path) -> Reports:
    """A run to its end; all reports."""
    running = start(space)
    _, told = running.communicate(timeout=600)
    if running.returncode:
        raise AssertionError(told.decode("utf-8", "replace"))
    return reports_of(space)


def reports_of(space: Path) -> Reports:
    """{report or notebook: content} of what lies among the reports, files that were left aside included."""
    folder = space / "reports" / "202526"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def storm(space: Path, undisturbed: Reports, seed: int, kills: int) -> list[str]:
    """So many kills at random, then a run to its end; what is wrong, in words."""
    dice, wrong, done = random.Random(seed), [], 0
    shutil.rmtree(space / "reports", ignore_errors=True)
    while done < kills:
        running = start(space)
        while done < kills and running.poll() is None:
            time.sleep(dice.uniform(0.1, LONGEST / 2))
            victim = _victim(running, dice)
            if victim is not None:
                victim.kill()
                done += 1
                if victim.pid == running.pid:
                    break
        wrong += _after(running, space, undisturbed, dice)
    if (now := finish(space)) != undisturbed:
        wrong.append(f"seed {seed}: {_unlike(undisturbed, now)} after the last resume")
    return wrong


def _victim(running: subprocess.Popen[bytes], dice: random.Random) -> psutil.Process | None:
    """The run itself, every third time, or one of the processes below it."""
    try:
        run = psutil.Process(running.pid)
        below = run.children(recursive=True)
    except psutil.NoSuchProcess:
        return None
    return run if not below or dice.random() < 1 / 3 else dice.choice(below)


def _after(running: subprocess.Popen[bytes], space: Path, undisturbed: Reports, dice: random.Random) -> list[str]:
    """End the run where it still goes on; then nothing of it runs, and every report that is there is whole."""
    tree = []
    if running.poll() is None:
        try:
            tree = psutil.Process(running.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            tree = []
        os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    left = _left(tree)
    wrong = [f"{len(left)} processes outlive their run by {GONE_WITHIN} s"] if left else []
    torn = [name for name, content in reports_of(space).items() if undisturbed.get(name) not in (None, content)]
    return wrong + [f"{name} is not what it should be" for name in torn] + _register_faults(space)


def _left(tree: list[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(tree, timeout=GONE_WITHIN)
    return [each for each in alive if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def _register_faults(space: Path) -> list[str]:
    """Whether all lines of the register but a torn last one can be read."""
    file = space / "reports" / "runs" / "made.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()[:-1] if file.is_file() else []
    return [f"line {number} of the register is torn" for number, line in enumerate(lines, 1) if not _is_json(line)]


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _unlike(one: Reports, other: Reports) -> str:
    missing, more = sorted(one.keys() - other.keys()), sorted(other.keys() - one.keys())
    changed = sorted(name for name in one.keys() & other.keys() if one[name] != other[name])
    return f"{len(missing)} missing, {len(more)} left over, {len(changed)} different {[*missing, *more, *changed][:3]}"
