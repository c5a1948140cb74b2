"""The process of one slot, started by `supervisor.py` as `python -m sendlab.runs.worker`: notebooks in a warm process.

Where processes can be forked safely it is a template that has imported everything and never run a polars query, and
each notebook runs in a child of its own; elsewhere the notebooks run here, one after the other, and what they change is
put back. Tasks come as lines of JSON on standard input, what became of them goes back on standard output.
"""

import gc
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from sendlab.runs.kernel import skip_heavy_imports
from sendlab.runs.processes import adopt_orphans, die_with_parent, end_children

FORK, RECYCLE = "fork", "recycle"
_REHEARSAL = Path(__file__).with_name("rehearsal.ipynb")
# What notebooks, papermill and the page of a report need: paid for once.
_WARM = (
    "altair", "encodings.utf_8_sig", "ipywidgets", "IPython.core.logger", "jinja2.ext", "mistune.plugins.def_list",
    "mistune.plugins.task_lists", "mistune.plugins.url", "narwhals._interchange.dataframe",
    "nbconvert.exporters.templateexporter", "nbformat", "pandas", "papermill.execute", "scipy.stats",
    "sendlab.build.opened", "sendlab.charts", "sendlab.describe", "sendlab.narrate", "sendlab.publish.html",
    "sendlab.runs.engine", "sendlab.runs.execute", "sendlab.runs.state", "sendlab.tables",
)  # fmt: skip


def warm_up() -> None:
    """Import everything that a notebook of a run needs, without the package that costs 1.5 s and without a query."""
    skip_heavy_imports()
    for name in _WARM:
        import_module(name)
    from sendlab.metrics.cards import cards
    from sendlab.runs.shell import fresh_shell

    cards()  # read once, and kept
    with fresh_shell():  # IPython imports the half of itself when it is first used
        pass
    with suppress(OSError):  # no room for it: then the first notebook takes a little longer
        _rehearse()


def _rehearse() -> None:
    """Publish a notebook of a few words: what looks through notebooks and makes pages is compiled when first used."""
    from sendlab.publish.html import write_report
    from sendlab.runs.strip import strip

    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(_REHEARSAL, folder))
        strip(path, path.name, path.parent)
        write_report(path, path.with_suffix(".html"), title="Rehearsal", run_id="", settings="")


def main(wanted: str) -> None:
    """Serve tasks until standard input ends."""
    die_with_parent()  # while nothing is looked at but imports; nothing is started either
    # The pipes get numbers of their own: what a notebook or a library prints must not get in between.
    asked, answers = os.fdopen(os.dup(0), "r", encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nowhere, number)
    del sys.argv[1:]  # no affair of a notebook
    warm_up()
    mode = RECYCLE
    if wanted == FORK and sys.platform == "linux":
        from sendlab.runs import forked

        mode = FORK if forked.is_safe() else RECYCLE
    die_with_parent(really=False)  # it ends by itself, and ends what it started before
    say(answers, {"ready": mode})
    if mode == FORK:
        forked.serve(asked, answers, lambda what: say(answers, what))
    else:
        _serve_here(asked, lambda what: say(answers, what))


def say(answers: IO[str], what: dict[str, Any]) -> None:
    """One line to the supervisor."""
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _serve_here(asked: IO[str], tell: Callable[[dict[str, Any]], None]) -> None:
    """Notebooks in this process, on the main thread as a kernel's are; it ends at once with its supervisor.

    An answer says that the process is worn where a notebook left something that cannot be put back.
    """
    from sendlab.runs import spaces
    from sendlab.runs.execute import finished_in_words, ran_in_words

    adopt_orphans()
    spaces.hold()
    lines: SimpleQueue[str] = SimpleQueue()

    def read() -> None:
        for line in asked:
            lines.put(line)
        end_children()
        os._exit(1)  # the supervisor is gone, and nobody wants what this process may still be making

    threading.Thread(target=read, daemon=True).start()
    try:
        while True:
            task = json.loads(lines.get())
            threads = set(threading.enumerate())
            answer = finished_in_words(task, ran_in_words(task))
            end_children()
            left = any(thread not in threads for thread in threading.enumerate())
            tell(answer | {"worn": left or (spaces.held is not None and spaces.held.worn)})
            gc.collect()
    finally:
        os._exit(1)  # what a notebook broke here must not hinder the end


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else FORK)
