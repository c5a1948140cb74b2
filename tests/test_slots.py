"""Slots: limits of time and memory, what is killed from outside, and that no process is left behind."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from run_tasks import CHART, ENDED, FIGURES, TREE, WAYS, alive, kept, made, run, task, torn, until

from sendlab.runs.supervisor import Supervisor


@pytest.fixture(scope="module", autouse=True)
def nothing_left():
    """Whatever a test does, no process outlives its supervisor."""
    before = alive()
    yield
    assert alive() <= before


# --- limits of time and memory --------------------------------------------------------------------------------------

DEAF = """\
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    try:
        while True: pass
    except BaseException: pass"""
HUNGRY = "held = []\nwhile True: held.append(bytearray(b'x' * 10_000_000))"


def test_a_notebook_beyond_its_time_is_ended_whatever_it_ignores(tmp_path):
    one = task(tmp_path, "loops", "print('before')", DEAF)
    with Supervisor(1, seconds=1) as supervisor:
        outcome = run(supervisor, one)
        assert (outcome.status, outcome.attempts) == ("failed", 2)
        assert outcome.error == f"{ENDED}it took longer than 1 seconds"
        # the second attempt is saved as it goes
        assert kept(one).cells[-1].source == DEAF and kept(one).cells[2].outputs[0].text == "before\n"
        supervisor.seconds = 60
        assert run(supervisor, task(tmp_path, "after", "print('after')")).status == "done" and not torn(tmp_path)


@pytest.mark.parametrize("way", WAYS)
def test_a_notebook_beyond_its_memory_is_ended(tmp_path, way):
    one = task(tmp_path, "eats", "print('before')", HUNGRY)
    with Supervisor(1, mode=way, megabytes=600) as supervisor:
        outcome = run(supervisor, one)
        assert (outcome.status, outcome.attempts) == ("failed", 2)
        # A forked process is refused more, and may tell; or the watch comes first.
        watched = f"{ENDED}it needed more than 600 MB of memory"
        assert outcome.error in ([watched, "MemoryError (cell 2)"] if way == "fork" else [watched])
        assert outcome.error in kept(one).cells[0].source and outcome.megabytes < 900
        assert run(supervisor, task(tmp_path, "after", "print('after')")).status == "done" and not torn(tmp_path)


# --- ended from outside ---------------------------------------------------------------------------------------------

WAITS = f"""\
{CHART};
import os, time
open(f"begun-{{os.getpid()}}", "w").close()
while not os.path.exists("go"): time.sleep(0.01)
print("whole")"""


def begun(root):
    """The processes in which the waiting notebook is under way."""
    return [int(path.name.partition("-")[2]) for path in root.glob("begun-*")]


def under_way(supervisor, one):
    """The waiting notebook, begun: its future, and the processes of worker, child and drawer."""
    for path in [*one.cwd.glob("begun-*"), *one.cwd.glob("go")]:
        path.unlink()
    future = supervisor.submit(one)
    assert until(lambda: begun(one.cwd))
    worker, (child,) = psutil.Process(supervisor._workers[0].process.pid), begun(one.cwd)
    below = {each.pid: each for each in worker.children()}
    return future, {"worker": worker, "child": below.pop(child), "drawer": below.popitem()[1]}


def test_what_is_killed_from_outside_is_replaced_and_the_report_is_whole(tmp_path):
    one, whole = task(tmp_path, "waits", FIGURES, WAITS, CHART), None
    with Supervisor(1) as supervisor:
        for whom in (("drawer",), ("child",), ("worker",), ("child", "worker"), ("drawer", "child")):
            future, processes = under_way(supervisor, one)
            for name in whom:
                processes[name].kill()
            (tmp_path / "go").touch()
            outcome = future.result(60)
            # without the drawing process the notebook draws by itself
            assert (outcome.status, outcome.attempts) == ("done", 1 if whom == ("drawer",) else 2), whom
            assert (supervisor._workers[0].process.pid == processes["worker"].pid) == ("worker" not in whom)
            assert not torn(tmp_path)
            ended = {processes[name].pid for name in whom}
            assert until(lambda ended=ended: not ended & alive())
            whole = whole or made(one)
            assert made(one) == whole and b"<svg" in whole[".html"]
        assert run(supervisor, one).attempts == 1


def test_closing_ends_what_is_under_way_and_cancels_what_waits(tmp_path):
    before = alive()
    with Supervisor(2) as supervisor:
        futures = [supervisor.submit(task(tmp_path, f"waits-{number}", FIGURES, WAITS)) for number in range(4)]
        assert until(lambda: len(begun(tmp_path)) == 2)
    assert alive() <= before and not torn(tmp_path / "reports" / "100001")
    assert [future.cancelled() for future in futures] == [False, False, True, True]
    assert [futures[number].result().status for number in (0, 1)] == ["failed", "failed"]
    with pytest.raises(RuntimeError, match="closed"):
        supervisor.submit(task(tmp_path, "late", "1"))
    with Supervisor(1) as supervisor:  # at once, while its process starts
        future = supervisor.submit(task(tmp_path, "early", "1"))
        assert until(lambda: supervisor._workers)
    assert alive() <= before and future.done()


SUPERVISES = f"""\
import os, sys
from pathlib import Path
tree = os.environ["{TREE}"]
from run_tasks import CHART, FIGURES, PROBE, TREE, alive, kept, made, run, task, torn
from test_slots import FIGURES, WAITS
from sendlab.runs.supervisor import Supervisor
os.environ["{TREE}"] = tree
sleeps = "import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True) and None"
with Supervisor(1, mode=sys.argv[1]) as supervisor:
    supervisor.submit(task(Path(sys.argv[2]), "waits", sleeps, FIGURES, WAITS)).result()
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_supervisor_leaves_nothing(tmp_path, way):
    before = alive()
    command = [sys.executable, "-c", SUPERVISES, way, str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parent) as process:
        try:
            assert until(lambda: begun(tmp_path)) and len(alive() - before) >= 3
        finally:
            process.kill()
    assert until(lambda: alive() <= before, 3)
