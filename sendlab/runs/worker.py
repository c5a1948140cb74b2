"""The process of one slot, started by `supervisor.py` as `python -m sendlab.runs.worker`: notebooks in a warm process.

Where processes can be forked safely it is a template that has imported everything and never run a polars query, and
each notebook runs in a child of its own; elsewhere the notebooks run here, one after the other, and what they change is
put back. Tasks come as lines of JSON on standard input, what became of them goes back on standard output.
"""

import gc
import json
import os
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from queue import SimpleQueue
from typing import IO, Any

from sendlab.runs.kernel import skip_heavy_imports

FORK, RECYCLE = "fork", "recycle"
# What notebooks, papermill and the page of a report need: paid for once.
_WARM = (
    "altair", "IPython.core.interactiveshell", "ipywidgets", "nbconvert.exporters.templateexporter", "nbformat",
    "pandas", "papermill.execute", "scipy.stats", "sendlab.charts", "sendlab.describe", "sendlab.narrate",
    "sendlab.build.opened", "sendlab.publish.html", "sendlab.runs.engine", "sendlab.runs.execute", "sendlab.tables",
)  # fmt: skip


def warm_up() -> None:
    """Import everything that a notebook of a run needs, without the package that costs 1.5 s and without a query."""
    skip_heavy_imports()
    for name in _WARM:
        import_module(name)


def main(wanted: str) -> None:
    """Serve tasks until standard input ends."""
    # The pipes get numbers of their own: what a notebook or a library prints must not get in between.
    asked, answers = os.fdopen(os.dup(0), "r", encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nowhere, number)
    warm_up()
    mode = RECYCLE
    if wanted == FORK and sys.platform == "linux":
        from sendlab.runs import forked

        mode = FORK if forked.is_safe() else RECYCLE
    say(answers, {"ready": mode})
    if mode == FORK:
        forked.serve(asked, lambda what: say(answers, what))
    else:
        _serve_here(asked, lambda what: say(answers, what))


def say(answers: IO[str], what: dict[str, Any]) -> None:
    """One line to the supervisor."""
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _serve_here(asked: IO[str], tell: Callable[[dict[str, Any]], None]) -> None:
    """Notebooks in this process, on the main thread as a kernel's are; it ends at once with its supervisor."""
    from sendlab.runs.execute import done_in_words

    lines: SimpleQueue[str] = SimpleQueue()

    def read() -> None:
        for line in asked:
            lines.put(line)
        os._exit(1)  # the supervisor is gone, and nobody wants what this process may still be making

    threading.Thread(target=read, daemon=True).start()
    while True:
        tell(done_in_words(json.loads(lines.get())))
        gc.collect()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else FORK)
