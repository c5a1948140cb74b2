"""Slots: nothing of a notebook reaches the next, every fault is told and ends alone, and no process is left behind."""

import json
from dataclasses import replace

import nbformat
import pytest
from run_tasks import CHART, ENDED, FIGURES, PROBE, WAYS, alive, kept, made, run, task, torn

from sendlab.runs.alike import CUT, MOST_TEXT
from sendlab.runs.outcome import failed_file
from sendlab.runs.supervisor import Supervisor


@pytest.fixture(scope="module", autouse=True)
def nothing_left():
    """Whatever a test does, no process outlives its supervisor."""
    before = alive()  # Python's own tracker lives as long as this process, once a test of another module had a pool
    yield
    assert alive() <= before


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """A workspace with a module of its own."""
    root = tmp_path_factory.mktemp("space")
    (root / "helper.py").write_text("value = 1\n", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def forks(space):
    """A slot for all tests that leave its template alive."""
    with Supervisor(1) as supervisor:
        assert run(supervisor, task(space, "first", "1")).status == "done"
        yield supervisor


@pytest.fixture(scope="module")
def recycles(space):
    """A slot without forks."""
    with Supervisor(1, mode="recycle") as supervisor:
        assert run(supervisor, task(space, "first", "1")).status == "done"
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
    before = alive()
    left = run(supervisor, task(space, "leaves", LEAVES))
    assert (left.status, left.error) == ("done", "")
    assert alive() <= before
    one = task(space, "probe", *PROBE)
    assert run(supervisor, one).status == "done" and made(one) == fresh
    assert not (space / "at-exit").exists()


# --- faults ---------------------------------------------------------------------------------------------------------

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


def test_a_notebook_that_breaks_the_machine_beneath_it_breaks_its_own_report_only(space, supervisor, fresh):
    broken = run(supervisor, task(space, "breaks", "import builtins; builtins.len = None"))
    assert (broken.status, broken.error) == ("failed", "TypeError")  # papermill's own, between two cells
    harmless = task(space, "put-back", "import json, re; json.dumps = json.loads = re.compile = None")
    assert run(supervisor, harmless).status == "done"  # what writes the report has its own again
    one = task(space, "probe", *PROBE)
    assert run(supervisor, one).status == "done" and made(one) == fresh


LARGE = "for _ in range(100):\n    {}"


def test_a_notebook_cannot_open_the_gate_for_itself(space, supervisor):
    opened = "import sendlab.publish.html as page, sendlab.publish.scan as scan, sendlab.runs.execute as runs"
    patched = (
        "page.require_reportable = scan.require_clean = runs.require_clean = lambda *_, **__: None; "
        "scan.scan_artefact = lambda *_, **__: []"
    )
    own = run(supervisor, task(space, "own", opened, patched, "print('shape: (3, 2)')"))
    assert (own.status, own.error.split(":")[0]) == ("failed", "GateError")


@pytest.mark.parametrize("words", [{"seconds": 1, "error": "", "megabytes": 1}, {}, 7])
def test_a_notebook_cannot_speak_for_its_process(space, forks, words):
    speak = f"""
import os, stat
for number in range(3, 200):
    try:
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            os.write(number, {json.dumps(words).encode()!r})
    except OSError:
        pass
os._exit(0)
"""
    spoken = run(forks, task(space, "speaks", speak, "print('the last cell')"))
    assert (spoken.status, spoken.attempts) == ("failed", 2), spoken
    assert run(forks, task(space, "after", "print('a sentence')")).status == "done"


@pytest.mark.parametrize("code", ["print('x' * 999_999)", "import os; os.write(1, b'x' * 999_999 + b'\\n')"])
def test_what_is_printed_without_end_is_cut_off(space, forks, code):
    one = task(space, "prints", LARGE.format(code), "print('no more')")
    outcome = run(forks, one)
    assert outcome.status == "done" and outcome.megabytes < 900
    cells = nbformat.reads(made(one)[".ipynb"].decode("utf-8"), as_version=4).cells
    assert cells[1].outputs[0].text.endswith(CUT) and len(cells[1].outputs[0].text) == MOST_TEXT + len(CUT)
    assert not cells[2].outputs and CUT.strip() in made(one)[".html"].decode("utf-8")


TWICE = "import os, time\nbegun = os.fork() and None\nprint('written by one')"


def test_a_copy_of_the_process_that_runs_on_is_ended(space, supervisor):
    before, one = alive(), task(space, "twice", TWICE, "open('cells-run', 'a').write('x') and None")
    outcome = run(supervisor, one)
    assert (outcome.status, outcome.attempts) == ("done", 1)
    assert (space / "cells-run").read_text() == "x" and not torn(space)
    assert len(alive()) <= len(before)  # a worn worker may have been replaced
    (space / "cells-run").unlink()


def test_a_notebook_that_takes_its_folder_away_takes_no_other(tmp_path, supervisor):
    gone = replace(task(tmp_path, "gone", "import os, shutil; shutil.rmtree(os.getcwd())"), cwd=tmp_path / "cwd")
    gone.cwd.mkdir()
    outcome = run(supervisor, gone)
    assert (outcome.status, outcome.attempts) == ("done", 1) and len(made(gone)) == 2  # all that it is for is in place
    assert run(supervisor, task(tmp_path, "after", "print('after')")).status == "done"


def test_a_folder_that_is_none_is_told(tmp_path, forks):
    one = task(tmp_path, "file", "print(1)")
    again = run(forks, replace(one, cwd=tmp_path / "none"))
    assert (again.status, again.error) == ("failed", "FileNotFoundError: No such file or directory")
    assert "FileNotFoundError" in kept(one).cells[0].source
    (tmp_path / "file").write_text("", encoding="utf-8")
    for name, said in (("output", ""), ("record", "; its notebook could not be kept (")):
        outcome = run(forks, replace(one, **{name: tmp_path / "file" / "x" / "y"}))
        assert outcome.status == "failed" and outcome.error.startswith("NotADirectoryError") and said in outcome.error
    assert run(forks, one).status == "done" and not failed_file(one).exists()
