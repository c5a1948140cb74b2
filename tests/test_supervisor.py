"""Slots: nothing of a notebook reaches the next, every fault is told and ends alone, and no process is left behind."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from run_tasks import CHART, FIGURES, PROBE, alive, kept, made, run, task, torn

from sendlab.runs.alike import CUT
from sendlab.runs.supervisor import Supervisor

WAYS = ("fork", "recycle")


def until(holds, seconds=30.0):
    """Wait for a condition; whether it came to hold."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture(scope="module", autouse=True)
def nothing_left():
    """Whatever a test does, no process outlives its supervisor."""
    yield
    assert not alive()


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """A workspace with a module of its own."""
    root = tmp_path_factory.mktemp("space")
    (root / "helper.py").write_text("value = 1\n", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def forks():
    """A slot for all tests that leave its template alive."""
    with Supervisor(1) as supervisor:
        yield supervisor


@pytest.fixture(scope="module")
def recycles():
    """A slot without forks."""
    with Supervisor(1, mode="recycle") as supervisor:
        yield supervisor


@pytest.fixture(scope="module")
def fresh(space, forks):
    """What the probe gives in a process that has run nothing before."""
    one = task(space, "probe", *PROBE)
    assert run(forks, one).status == "done"
    return made(one)


@pytest.fixture(params=WAYS)
def supervisor(request, forks, recycles):
    """The slots in turn."""
    return {"fork": forks, "recycle": recycles}[request.param]


# --- nothing is handed on -------------------------------------------------------------------------------------------

PLANTS = (
    FIGURES, CHART,
    "import builtins, gc, locale, logging, os, random, signal, sys, time, types, warnings\n"
    "import altair as alt, numpy as np, pandas as pd, polars as pl\nfrom sendlab import charts, narrate, tables\n"
    "from sendlab.charts import bundle, drawing, groups, marks, theme\nfrom sendlab.publish import gate, html\n"
    "from IPython.core.interactiveshell import InteractiveShell",
    # names
    "planted = 1\nfor thing in (builtins, os, pl.DataFrame, charts, narrate, tables, theme): thing.planted = 1\n"
    "sys.modules['planted'] = types.ModuleType('planted'); sys.path.insert(0, '.'); import helper; helper.value = 2",
    # the process
    "os.environ['PLANTED'] = '1'; os.environ['TZ'] = 'Asia/Tokyo'; time.tzset(); os.chdir('/'); os.umask(0)\n"
    "locale.setlocale(locale.LC_ALL, 'C'); signal.signal(signal.SIGTERM, signal.SIG_IGN); sys.argv.append('x')\n"
    "sys.path[:] = sys.path[:3]; sys.setrecursionlimit(5000); gc.set_threshold(5); warnings.simplefilter('ignore')\n"
    "logging.getLogger('planted').setLevel(10); logging.getLogger('asyncio').setLevel(10); logging.basicConfig(level=10)",
    # random numbers and options
    "random.seed(1); np.random.seed(1); pl.set_random_seed(1)\n"
    "pd.set_option('display.precision', 1); pl.Config.set_tbl_rows(2); np.set_printoptions(precision=1)\n"
    "np.seterr(all='ignore'); alt.theme.enable('dark'); alt.renderers.enable('html')\n"
    "alt.data_transformers.disable_max_rows(); InteractiveShell.ast_node_interactivity = 'all';",
    # what figures, charts and reports are made with
    "theme.GROUPS.clear(); theme.CONFIG['axis']['gridWidth'] = 9; theme.CONFIG['planted'] = 1; theme.WIDTH = 100\n"
    "narrate.headline = charts.plot_groups = lambda *_, **__: 'planted'; marks.planted = 1\n"
    "for name in ('filter', 'select', 'with_columns'): setattr(pl.DataFrame, name, lambda *_, **__: 1 / 0)\n"
    "pl.LazyFrame.collect = None; alt.Chart.to_dict = None; pd.DataFrame.to_html = None; pl.Expr.alias = None\n"
    "drawing.drawn_here = bundle.svg = gate.require_reportable = html.write_text = None",
    "builtins.print = None; sys.stdout.close(); sys.stderr = sys.__stderr__; sys.displayhook = None",
)  # fmt: skip


def test_nothing_of_a_notebook_reaches_the_next_in_its_slot(space, supervisor, fresh):
    one = task(space, "probe", *PROBE)
    assert run(supervisor, one).status == "done"  # and all is loaded that the next will need
    process = supervisor._workers[0].process.pid
    planted = run(supervisor, task(space, "plants", *PLANTS))
    assert (planted.status, planted.error, planted.attempts) == ("done", "", 1)
    assert run(supervisor, one).status == "done"
    assert supervisor._workers[0].process.pid == process  # else this says nothing
    assert made(one) == fresh


LEAVES = """\
import atexit, os, subprocess, sys, threading, time
atexit.register(lambda: open("at-exit", "w").close())
threading.Thread(target=lambda: [time.sleep(0.01) or print("late") for _ in iter(int, 1)], daemon=True).start()
asleep = [sys.executable, "-c", "import time; time.sleep(600)"]
subprocess.Popen(asleep); subprocess.Popen(asleep, start_new_session=True, close_fds=False)
if not os.fork():  # a daemon: no child of ours, no group of ours, all that was open held open
    os.setsid()
    if not os.fork():
        time.sleep(600)
    os._exit(0)
os.wait() and None"""


def test_what_a_notebook_leaves_running_ends_with_it(space, supervisor, fresh):
    assert run(supervisor, task(space, "first", "1")).status == "done"
    before = alive()
    left = run(supervisor, task(space, "leaves", LEAVES))
    assert (left.status, left.error) == ("done", "")
    assert alive() <= before
    one = task(space, "probe", *PROBE)
    assert run(supervisor, one).status == "done" and made(one) == fresh
    assert not (space / "at-exit").exists()


# --- faults ---------------------------------------------------------------------------------------------------------

ENDED = "the process of the notebook ended before its time: "
FAULTS = {
    "exit status": ("import os; os._exit(3)", f"{ENDED}exit status 3"),
    "killed": ("import os; os.kill(os.getpid(), 9)", f"{ENDED}SIGKILL"),
    "terminated": ("import os; os.kill(os.getpid(), 15)", f"{ENDED}SIGTERM"),
    "segfault": ("import ctypes; ctypes.string_at(0)", f"{ENDED}SIGSEGV"),
    "pulls the rug": ("import os; os.closerange(3, 4096)", ""),
    "sys.exit": ("import sys; sys.exit()", "GateError: report 'sys.exit', cell 2: an error with its text"),
    "sys.exit(3)": ("import sys; sys.exit(3)", "SystemExit (cell 2)"),
    "exit()": ("exit()", "SystemExit (cell 2)"),
    "quit": ("quit", "SystemExit (cell 2)"),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt (cell 2)"),
    "wordless": ("class Own(Exception):\n    def __str__(self): raise RuntimeError('no')\nraise Own", "Own (cell 2)"),
    "recursion": ("import sys; sys.setrecursionlimit(300)\ndef f(): return f()\nf()", "RecursionError (cell 2)"),
    "own class": ("class OddError(ValueError): pass\nraise OddError('a value')", "OddError (cell 2)"),
    "group": ("raise ExceptionGroup('g', [ValueError(1)])", ""),
    "value": ("class Shy:\n    def __repr__(self): raise ValueError('a value')\nShy()", "ValueError (cell 2)"),
    "chart": ("from sendlab.charts import drawing\ndrawing._draw({'mark': 'none'})", "ValueError (cell 2)"),
    "syntax": ("def f(:", "SyntaxError (cell 2)"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_kept_and_ends_alone(space, forks, name):
    code, error = FAULTS[name]
    one = task(space, name, "print('before')", code, "print('not run')")
    before = alive()
    outcome = run(forks, one)
    assert outcome.status == "failed" and outcome.attempts == 2
    assert outcome.error.startswith(error) and "\n" not in outcome.error and "a value" not in outcome.error
    assert outcome.error in kept(one).cells[0].source and not made(one)
    assert alive() <= before and not torn(space)
    assert run(forks, task(space, "after", "print('after')")).status == "done"


@pytest.mark.parametrize("code", ["import builtins; builtins.len = None", "import json; json.dumps = json.loads = None"])
def test_a_notebook_that_breaks_the_machine_beneath_it_breaks_its_own_report_only(space, supervisor, fresh, code):
    assert run(supervisor, task(space, "breaks", code)).status == "failed"
    one = task(space, "probe", *PROBE)
    assert run(supervisor, one).status == "done" and made(one) == fresh


LARGE = "for _ in range(100):\n    {}"


@pytest.mark.parametrize("code", ["print('x' * 999_999)", "import os; os.write(1, b'x' * 999_999 + b'\\n')"])
def test_what_is_printed_without_end_is_cut_off(space, forks, code):
    one = task(space, "prints", LARGE.format(code), "print('no more')")
    outcome = run(forks, one)
    assert outcome.status == "done" and outcome.megabytes < 900
    text = made(one)[".html"].decode("utf-8")
    assert CUT.strip() in text and "no more" not in text.replace("print('no more')", "") and len(text) < 1_500_000


TWICE = "import os, time\nbegun = os.fork() and None\nprint('written by one')"


def test_a_copy_of_the_process_that_runs_on_is_ended(space, supervisor):
    before, one = alive(), task(space, "twice", TWICE, "open('cells-run', 'a').write('x') and None")
    outcome = run(supervisor, one)
    assert (outcome.status, outcome.attempts) == ("done", 1)
    assert (space / "cells-run").read_text() == "x" and alive() <= before and not torn(space)
    (space / "cells-run").unlink()


def test_a_folder_that_is_gone_or_none_at_all_is_told(tmp_path, supervisor):
    gone = replace(task(tmp_path, "gone", "import os, shutil; shutil.rmtree(os.getcwd())"), cwd=tmp_path / "cwd")
    gone.cwd.mkdir()
    assert run(supervisor, gone).status == "done" and len(made(gone)) == 2  # all that it is for is in place
    again = run(supervisor, gone)
    assert (again.status, again.error) == ("failed", "FileNotFoundError") and made(gone)
    assert "FileNotFoundError" in kept(gone).cells[0].source
    one = task(tmp_path, "file", "print(1)")
    for name, said in (("output", ""), ("record", "; its notebook could not be kept (")):
        blocked = replace(one, **{name: tmp_path / f"a file for {name}" / "x" / "y"})
        (tmp_path / f"a file for {name}").write_text("", encoding="utf-8")
        outcome = run(supervisor, blocked)
        assert outcome.status == "failed" and outcome.error.startswith("NotADirectoryError") and said in outcome.error
    assert run(supervisor, one).status == "done"


# --- limits of time and memory --------------------------------------------------------------------------------------

DEAF = """\
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    try:
        while True: pass
    except BaseException: pass"""
HUNGRY = "held = []\nwhile True: held.append(bytearray(b'x' * 10_000_000))"


@pytest.mark.parametrize("way", WAYS)
def test_a_notebook_beyond_its_time_or_memory_is_ended(tmp_path, way):
    with Supervisor(1, mode=way, seconds=2, megabytes=700) as supervisor:
        loops, eats = (task(tmp_path, name, "print('before')", code) for name, code in (("loops", DEAF), ("eats", HUNGRY)))
        outcome = run(supervisor, loops)
        assert (outcome.status, outcome.attempts) == ("failed", 2)
        assert outcome.error == f"{ENDED}it took longer than 2 seconds"
        assert kept(loops).cells[-1].source == DEAF and kept(loops).cells[2].outputs[0].text == "before\n"
        outcome = run(supervisor, eats)
        assert (outcome.status, outcome.attempts) == ("failed", 2)
        wanted = "MemoryError (cell 2)" if way == "fork" else f"{ENDED}it needed more than 700 MB of memory"
        assert outcome.error == wanted and wanted in kept(eats).cells[0].source
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


@pytest.mark.parametrize("whom", ["child", "worker", "both"])
def test_a_notebook_whose_process_is_killed_is_run_again(tmp_path, whom):
    one = task(tmp_path, "waits", FIGURES, WAITS, CHART)
    with Supervisor(1) as supervisor:
        future = supervisor.submit(one)
        assert until(lambda: begun(tmp_path))
        child, worker = begun(tmp_path)[0], supervisor._workers[0].process.pid
        assert psutil.Process(child).ppid() == worker
        for pid in {"child": [child], "worker": [worker], "both": [worker, child]}[whom]:
            os.kill(pid, signal.SIGKILL)
        (tmp_path / "go").touch()
        outcome = future.result(60)
        assert (outcome.status, outcome.attempts) == ("done", 2) and not torn(tmp_path)
        assert (supervisor._workers[0].process.pid == worker) == (whom == "child")
        assert b"whole" in made(one)[".html"] and not psutil.pid_exists(child)
        (tmp_path / "go").unlink()
        # the drawing process beneath the next one
        for path in tmp_path.glob("begun-*"):
            path.unlink()
        future = supervisor.submit(one)
        assert until(lambda: begun(tmp_path))
        below = psutil.Process(supervisor._workers[0].process.pid).children()
        (drawer,) = (each for each in below if each.pid != begun(tmp_path)[0])
        drawer.kill()
        (tmp_path / "go").touch()
        again = future.result(60)
        assert (again.status, again.attempts) == ("done", 1)
        assert run(supervisor, one).attempts == 1 and psutil.Process(supervisor._workers[0].process.pid).children()


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


SUPERVISES = """\
import sys
from pathlib import Path
from run_tasks import task
from test_supervisor import FIGURES, WAITS
from sendlab.runs.supervisor import Supervisor
with Supervisor(1, mode=sys.argv[1]) as supervisor:
    supervisor.submit(task(Path(sys.argv[2]), "waits", "import subprocess; subprocess.Popen(['sleep', '600'],"
                           " start_new_session=True) and None", FIGURES, WAITS)).result()
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_supervisor_leaves_nothing(tmp_path, way):
    before = alive()
    command = [sys.executable, "-c", SUPERVISES, way, str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parent) as process:
        assert until(lambda: begun(tmp_path)) and len(alive() - before) >= 3
        process.kill()
    assert until(lambda: alive() <= before, 3)
