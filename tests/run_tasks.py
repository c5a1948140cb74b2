"""Notebooks made by hand, run in slots: what tests of the engine and of the supervisor share."""

import json
import os
import time
from uuid import uuid4

import nbformat
import psutil
from conftest import TREE
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from sendlab.disclosure.published import settings_line
from sendlab.runs.outcome import failed_file, notebook_file, report_file
from sendlab.runs.plan import Task

os.environ[TREE] = uuid4().hex
WAYS = ("fork", "recycle")
ENDED = "the process of the notebook ended before its time: "
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

# Published figures of one school, made in the notebook: charts of them may be reported.
FIGURES = """\
import polars as pl
from datetime import date
from sendlab import charts
from sendlab.disclosure.published import _published
from sendlab.narrate import headline
from sendlab.schema import as_measures
base = {"measure": "persistent_absence", "time_period": "202425", "time_identifier": "Academic year",
        "geographic_level": "School", "place_code": "100001", "place_name": "Oak Primary", "unit": "% of pupils",
        "data_to": date(2025, 7, 22)}
rows = [base | {"sen_provision": group, "value": value, "lower": value - 4.0, "upper": value + 4.0,
                "base_subjects": 260, "denominator": 260, "numerator": round(2.6 * value)}
        for group, value in (("SEN support", 34.2), ("No SEN", 15.0))]
rows.append(base | {"sen_provision": "EHC plan", "status": "c"})
measures = as_measures(pl.DataFrame(rows, infer_schema_length=None, strict=False))
figures = _published(measures, audience="board", threshold=5, run_id="r1")"""
CHART = 'charts.plot_groups(figures, measure="persistent_absence", place="100001", time_period="202425")'

# A notebook that may be reported and that says of its process whatever another notebook could have changed.
PROBE = (
    FIGURES,
    'print(headline(figures, measure="persistent_absence", place="100001", time_period="202425"))',
    CHART,
    """\
import builtins, gc, locale, logging, os, random, signal, sys, threading, time, warnings
import altair as alt, numpy as np, pandas as pd, polars as pl
from sendlab import charts, narrate, tables
from sendlab.charts import theme
print(f"{random.random():.6f} {np.random.rand():.6f}", *pl.Series(range(9)).shuffle())
print(*sorted({"one", "two", "three", "four", "five"}, key=id) and {"one", "two", "three", "four"})
print(np.float64(1) / 3, np.array([1 / 3]), pd.get_option("display.precision"), pl.Config().state()["POLARS_FMT_MAX_ROWS"])
print(alt.theme.active, alt.renderers.active, alt.data_transformers.active, alt.param().name)
print(os.environ.get("PLANTED"), os.environ.get("TZ"), time.tzname[0], os.path.basename(os.getcwd()), oct(os.umask(0o22)))
print(*sys.path[:1], "planted" in sys.modules, "helper" in sys.modules, *sys.argv[1:2] and "", sys.getrecursionlimit())
print(locale.setlocale(locale.LC_ALL), logging.getLogger("planted").level, logging.getLogger("asyncio").level)
print(signal.getsignal(signal.SIGTERM), sys.gettrace(), np.geterr()["divide"], len(logging.root.handlers))
print(*(hasattr(thing, "planted") for thing in (builtins, os, pl.DataFrame, charts, narrate, tables, theme)))
print("planted" in globals(), theme.CONFIG["axis"]["gridWidth"], *theme.GROUPS)
print(get_ipython().ast_node_interactivity, threading.active_count() > 99, len(In))""",
    "import warnings\nwarnings.warn('careful'); warnings.warn('old', DeprecationWarning)",
    "1\n2",
)


def notebook(path, *cells):
    """A notebook; a cell is its code, or its code and tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [new_markdown_cell("# How is it?", id="title")]
    for number, cell in enumerate(cells):
        code, *tags = (cell,) if isinstance(cell, str) else cell
        made.append(new_code_cell(code, id=f"cell-{number}", metadata={"tags": tags} if tags else {}))
    nbformat.write(new_notebook(cells=made, metadata={"kernelspec": KERNEL}), path)
    return path


def task(root, name, *cells):
    """A notebook for the board about one school; a root holds the workspace, and no two tasks share a name."""
    return Task(
        notebook=notebook(root / "notebooks" / f"{name}.ipynb", *cells), output=root / "reports" / "100001" / name,
        record=root / "reports" / "runs" / "r", parameters={}, cwd=root, title="Oak Primary, 2024/25",
        place_code="100001", place_name="Oak Primary", run_id="r1", settings=settings_line("board", 5),
    )  # fmt: skip


def run(supervisor, one):
    """Run a task; its outcome."""
    return supervisor.submit(one).result(120)


def alive():
    """The numbers of all processes that supervisors of this process started, and of what these started."""
    found = set()
    for each in psutil.process_iter():
        try:
            ours = each.environ().get(TREE) == os.environ[TREE]
            if ours and each.pid != os.getpid() and each.status() != psutil.STATUS_ZOMBIE:
                found.add(each.pid)
        except (psutil.Error, OSError):
            pass
    return found


def made(one):
    """What a task left in place: report and notebook."""
    return {path.suffix: path.read_bytes() for path in (report_file(one), notebook_file(one)) if path.exists()}


def kept(one):
    """The notebook of a task that failed."""
    return nbformat.read(failed_file(one), as_version=4)


def in_words(node):
    """A notebook as text, a line for each of its parts."""
    return json.dumps(node, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def torn(root):
    """Files among the reports that were left half written, or aside."""
    found = [path for path in (root / "reports").rglob("*") if path.is_file()]
    return [path for path in found if path.name.startswith(".") or not path.stat().st_size]


def until(holds, seconds=120.0):  # a busy machine starts a process slowly
    """Wait for a condition; whether it came to hold."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
