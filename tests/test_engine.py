"""The warm engine: a notebook gives the same bytes by fork, in a recycled worker and in a kernel; what stays light."""

import importlib.metadata
import json
import os
import subprocess
import sys

import nbformat
import pytest
from run_tasks import CHART, FIGURES, PROBE, in_words, made, notebook, run, task

from sendlab.runs.beneath import text_beneath
from sendlab.runs.supervisor import Supervisor

# Every kind of output, most of which no report takes; each cell comes in all three ways to the same end.
CELLS = (
    # printed text: in pieces, on both streams, beneath Python, by programs, in its order
    "print('a', end=''); print('b'); import sys; print('err', file=sys.stderr); print('c', 'd', sep='-')",
    "import os\nprint('one'); os.write(1, b'two\\n'); print('three'); os.write(2, b'four\\n'); os.write(1, b'five\\n')",
    "import subprocess\nprint('before'); subprocess.run(['sh', '-c', 'echo out; echo err >&2'], check=True)",
    "subprocess.run([sys.executable, '-c', 'print(1)'], stdout=sys.stdout); subprocess.run('echo x > /dev/stderr', "
    "shell=True); print('after')",
    "os.write(1, 'half a charact\\u00e9r'.encode()[:-2]); os.write(1, b'\\xa9r'); print()",
    # displays
    "from IPython.display import HTML, JSON, clear_output, display, update_display\n"
    "display('text'); display({'a': (1, 2)}); display(JSON({'b': [1]})); display('first', display_id='k');",
    "update_display('changed', display_id='k'); display('again', display_id='k');",
    "handle = display('x', display_id='own'); handle.update('y')",
    "print('gone'); display('gone'); clear_output(); print('stays')",
    "print('gone'); clear_output(wait=True); display('new')",
    "print('stays, for nothing comes after'); clear_output(wait=True)",
    "display({'image/png': b'bytes', 'text/plain': 'a picture'}, raw=True)",
    # values
    "1 + 1", "2;", "None", "_ + _13 if False else _", "'é ✓ 𝄞 \\x1b[31m'", "print('\\ud800 and \\udce9')",
    "get_ipython().ast_node_interactivity = 'all'", "1\n2", "get_ipython().ast_node_interactivity = 'last_expr'",
    # magics and what else a kernel gives
    "%%capture caught\nprint('hidden')\n5", "caught.stdout", "%env SAID=so", "%who_ls int", "%cd ..", "%cd -",
    "!echo shell; echo err >&2", "%%bash\necho bash", "lines = !echo one\nlines[0]", "len?", "help(len)",
    "{name: os.environ.get(name) for name in ('TERM', 'FORCE_COLOR', 'PAGER')}", "__name__, sys.stdout.isatty(), len(In)",
    "import warnings\nwarnings.warn('careful'); warnings.warn('old', DeprecationWarning)",
    "import logging\nlogging.warning('root'); logging.basicConfig(level='INFO', force=True); logging.info('told')",
    # an event loop
    "import asyncio\nawait asyncio.sleep(0)\nprint('awaited')\n7", "asyncio.get_running_loop() is not None",
    "later = asyncio.ensure_future(asyncio.sleep(0, 5))", "await later", ("asyncio.run(later)", "raises-exception"),
    # what one cell sets is so in the next
    "import numpy as np; np.set_printoptions(precision=2); np.seterr(all='raise')", "np.array([1.234]), np.geterr()['over']",
    "import io; sys.stdout = io.StringIO()", "print('into')", "text = sys.stdout.getvalue(); sys.stdout = sys.__stdout__",
    "print('beneath', text)", "sys.stdout = sys.stderr", "print('to the other')",
    "sys.stdout.close()\ntry: print('x')\nexcept ValueError as closed: sys.__stdout__.write(str(closed))",
    "sys.stdout = sys.stderr = sys.__stdout__; os.write(2, b'still caught')",
    # random numbers, and the order of a set, are those of every other run
    "import random, polars as pl\nrandom.random(), float(np.random.rand()), pl.Series(range(9)).shuffle().to_list(), "
    "list({'a', 'b', 'c', 'd'})",
    # cells that fail, or do not run
    ("1 / 0", "raises-exception"), ("never", "skip-execution"), "   ",
    ("input('name?')", "raises-exception"), ("import getpass; getpass.getpass()", "raises-exception"),
    ("sys.setrecursionlimit(300)\ndef f(): return f()\nf()", "raises-exception"), "sys.setrecursionlimit(1000)", ("def g(:", "raises-exception"),
    ("%nosuchmagic", "raises-exception"), ("import json; json.loads('{')", "raises-exception"),
    ("class Wordless(Exception):\n    def __str__(self): raise RuntimeError('no')\nraise Wordless", "raises-exception"),
    ("class Shy:\n    def __repr__(self): raise ValueError('shy')\nShy()", "raises-exception"),
    ("async def h():\n    raise ValueError('awaited')\nawait h()", "raises-exception"),
    ("raise ExceptionGroup('two', [ValueError(1), OSError(2)])", "raises-exception"), ("sys.exit(3)", "raises-exception"),
    # the last cell stops the notebook; as much as may be printed was printed before
    "sys.stdout = sys.__stdout__; os.write(1, b'x' * 600_000); print(); print('y' * 900_000)", "print('no more')",
    "Shy()", "print('not run')",
)  # fmt: skip

# Runs a notebook by papermill: in this process, in a child of it, or in a kernel of ours.
PAPERMILL = """\
import os, sys
from pathlib import Path
from sendlab.runs.worker import warm_up
warm_up()
from papermill import execute_notebook
from papermill.exceptions import PapermillExecutionError
from sendlab.runs.execute import _registered
from sendlab.runs.kernel import kernel_manager
from sendlab.runs.strip import strip
way, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
if way == "fork" and (child := os.fork()):
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
how = {"kernel_manager_class": kernel_manager()} if way == "kernel" else {"engine_name": _registered()}
try:
    execute_notebook(str(source), str(target), cwd=str(source.parent), progress_bar=False,
                     request_save_on_cell_execute=False, **how)
except PapermillExecutionError:
    pass
strip(target, source.name, source.parent)
os._exit(0)
"""
WAYS = ("fork", "recycle", "kernel")


def python(*arguments, **options):
    """Run this Python; what it printed."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def three_ways(tmp_path_factory):
    """The notebook of all cells, run in each way."""
    root = tmp_path_factory.mktemp("ways")
    source, found = notebook(root / "all.ipynb", *CELLS), {}
    environment = {**os.environ, "PYTHONHASHSEED": "0", "POLARS_ALLOW_FORKING_THREAD": "1"}
    for way in WAYS:
        target = root / way / "all.ipynb"
        target.parent.mkdir()
        python("-P", "-c", PAPERMILL, way, str(source), str(target), env=environment)
        found[way] = nbformat.read(target, as_version=4)
        for cell in found[way].cells:  # papermill draws ids for its own two
            cell.id = cell.id if cell.id.startswith("cell-") else "papermill"
    return found


def outputs(node):
    return {cell.id: cell.outputs for cell in node.cells if cell.cell_type == "code"}


@pytest.mark.parametrize("way", ["recycle", "kernel"])
def test_all_outputs_are_the_same_in_three_ways(three_ways, way):
    forked, other = outputs(three_ways["fork"]), outputs(three_ways[way])
    assert forked.keys() == other.keys()
    for name in forked:
        assert in_words(forked[name]) == in_words(other[name]), name
    assert in_words(three_ways["fork"]) == in_words(three_ways[way])


def test_a_report_and_its_notebook_are_the_same_bytes_in_three_ways(tmp_path):
    found = {}
    for way in WAYS:
        options = {"engine": "kernel"} if way == "kernel" else {"mode": way}
        with Supervisor(1, **options) as supervisor:
            one = task(tmp_path / "space", "probe", *PROBE)
            outcome = run(supervisor, one)
            assert (outcome.status, outcome.error, outcome.attempts) == ("done", "", 1)
            assert way == "kernel" or supervisor.modes == {way}
        found[way] = made(one)
        assert len(found[way]) == 2
    assert found["fork"] == found["recycle"] == found["kernel"]
    assert b"<svg" in found["fork"][".html"] and b"Persistent absence" in found["fork"][".html"]


# --- what stays light, and what is declared -----------------------------------------------------------------------


@pytest.mark.parametrize("room", ["sendlab", "sendlab.runs"])
def test_importing_is_light(room):
    heavy = ("papermill", "altair", "IPython", "nbconvert", "nbclient", "ipykernel", "vl_convert")
    loaded = python("-c", f"import sys, {room}; print(*sys.modules)").split()
    assert room in loaded and not [name for name in heavy if name in loaded]


def test_papermill_knows_the_engine_at_the_command_line(tmp_path):
    (found,) = importlib.metadata.entry_points(group="papermill.engine", name="sendlab")
    assert found.value == "sendlab.runs.engine:WarmEngine"
    source, target = notebook(tmp_path / "in.ipynb", "print(6 * 7)", "1 / 0", "'not run'"), tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", "--engine", "sendlab", "--no-progress-bar", str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 1 and "ZeroDivisionError: division by zero" in done.stderr
    cells = [cell for cell in nbformat.read(target, as_version=4).cells if cell.cell_type == "code"]
    assert cells[0].outputs[0].text == "42\n" and cells[1].outputs[0].ename == "ZeroDivisionError"
    assert cells[2].execution_count is None and not cells[2].outputs


def test_cards_are_read_before_the_first_notebook_and_not_by_each():
    asked = (
        "from sendlab.metrics.cards import cards; cards(); print(cards.cache_info().misses, cards.cache_info().hits)"
    )
    told = python("-P", "-c", f"from sendlab.runs.worker import warm_up; warm_up(); {asked}")
    misses, hits = map(int, told.split())
    assert misses == 1 and hits >= 1


# --- forks and drawings --------------------------------------------------------------------------------------------

# Exit status 1 is how a recycled worker ends when nobody asks any more.
UNSAFE = """\
import time, psutil
import polars as pl
from sendlab.runs import forked, worker
worker.warm_up()
print(forked.is_safe(), flush=True)
pl.DataFrame({"a": [1, 2]}).lazy().group_by("a").len().collect()
forked._TRY_SECONDS, started = 2, time.monotonic()
print(forked.is_safe(), 1.5 < time.monotonic() - started < 6, len(psutil.Process().children()), flush=True)
worker.main("fork")
"""


def test_a_process_that_ran_a_query_is_not_forked_and_says_so():
    environment = os.environ | {"POLARS_ALLOW_FORKING_THREAD": "1"}
    command = [sys.executable, "-P", "-c", UNSAFE]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment, stdin=subprocess.DEVNULL
    )
    assert done.stdout.splitlines() == ["True", "False True 0", '{"ready": "recycle"}'] and done.returncode == 1


DRAWINGS = (
    FIGURES.replace("from sendlab.narrate import headline\n", "")
    + f"""
import json, os, signal
from sendlab.charts import drawing
from sendlab.runs.drawer import Drawer, draw_over
specs = [json.loads(json.dumps({CHART}.properties(title=title).to_dict())) for title in ("One & <two>", "Three — é")]
bad = [{{"mark": "no such mark"}}, {{"data": {{"url": "https://example.org/x.csv"}}, "mark": "bar"}}, {{}}]

def fault(draw, spec):
    try:
        draw(spec)
    except Exception as problem:
        return type(problem).__name__, str(problem)

drawer = Drawer()  # before anything is drawn here, as in a worker
draw_over(drawer.connection())
there = [drawing._draw(spec) for spec in specs]
child = os.fork()  # a copy of the process draws at the same time
drawn = [drawing._draw(spec) == want for _ in range(3) for spec, want in zip(specs, there)]
if not child:
    os._exit(not all(drawn))
said = {{"beside a copy": all(drawn) and os.waitpid(child, 0)[1] == 0}}

class Late(Exception): pass
def late(*_): raise Late
signal.signal(signal.SIGALRM, late)
os.kill(drawer.pid, signal.SIGSTOP)  # it will answer, when nobody waits any more
signal.setitimer(signal.ITIMER_REAL, 0.2)
said["cut short"] = fault(drawing._draw, specs[1])[0]
os.kill(drawer.pid, signal.SIGCONT)
said["right afterwards"] = drawing._draw(specs[0]) == there[0]
draw_over(drawer.connection())
said["so for the next"] = drawing._draw(specs[0]) == there[0]

said["same"] = [drawing.drawn_here(spec) for spec in specs] == there
said["faults"] = [fault(drawing._draw, spec) == fault(drawing.drawn_here, spec) for spec in bad]
said["kinds"] = sorted({{(fault(drawing._draw, spec) or ["none"])[0] for spec in bad}})
said["lives on"] = drawing._draw(specs[0]) == there[0] and os.waitpid(drawer.pid, os.WNOHANG) == (0, 0)
os.kill(drawer.pid, signal.SIGKILL)
os.waitid(os.P_PID, drawer.pid, os.WEXITED | os.WNOWAIT)
said["without it"] = [drawing._draw(spec) for spec in specs] == there
drawer.close()
print(json.dumps(said))
os._exit(0)
"""
)


def test_the_drawing_process_draws_as_this_one_and_nobody_gets_the_picture_of_another():
    said = json.loads(python("-P", "-c", DRAWINGS, env=os.environ | {"POLARS_ALLOW_FORKING_THREAD": "1"}))
    assert said.pop("kinds") == ["ValueError"] and said.pop("cut short") == "Late"
    assert said.pop("faults") == [True, True, True]
    assert said and all(said.values()), said


def test_a_stream_that_outlives_its_notebook_looks_at_no_file_of_others(tmp_path):
    """Python lets go of streams when it likes; the numbers of files that were closed by then belong to others."""
    told = []
    with text_beneath(lambda name, text: told.append((name, text))) as poll:
        os.write(1, b"said\n")
        poll()
    others = [os.open(tmp_path / f"{number}", os.O_RDWR | os.O_CREAT) for number in range(8)]
    try:
        for each in others:
            os.write(each, b"not ours")
        poll(final=True)
    finally:
        for each in others:
            os.close(each)
    assert told == [("stdout", "said\n")]
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"not ours"}
