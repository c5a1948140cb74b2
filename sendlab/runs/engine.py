"""The papermill engine 'sendlab': a notebook's cells in this process, which has imported everything already.

`papermill --engine sendlab in.ipynb out.ipynb` uses it too. It gives the same notebook, byte for byte once `strip` took
out times and paths, as `sendlab run --engine kernel`, whose kernel (`ordered_kernel.py`) prints in the order in which
things are printed; a stock kernel does not, and is itself not the same from one day to the next. Not alike are:

- live widgets and comms, `get_ipython().kernel`, the magics of a live front end (`%edit`, `%autosave`), `sys.argv`;
- a traceback that passes through what lies beneath a cell (printing on a closed stream, a display that JSON cannot
  hold), and the last frames of an endless recursion through several functions;
- what tasks of the event loop print between two cells: it stands with the earlier cell here, with the later one there;
- what a copy of the process (`os.fork`) prints by Python before its cell ends, which is lost here. At the end of that
  cell the copy is ended, in both;
- hooks for the end of the process (`atexit`), which are not run here;
- a notebook that breaks Python for papermill too (`builtins.len = None`) fails here alone.

In both, text beneath Python (file descriptors 1 and 2) has its place among Python's own; where nothing of Python's
comes between, stdout comes before stderr; a program that opens /dev/stdout anew and empties it loses what was not yet
looked at. Every notebook begins with the same random numbers. `papermill --log-output` and `--stdout-file` are not
served.
"""

import os
import platform
from functools import cache
from typing import Any

NAME = "sendlab"
_SKIP, _MAY_FAIL = "skip-execution", "raises-exception"  # tags with a meaning to every Jupyter tool


class CellFailed(Exception):
    """A cell raised an error, which stands among its outputs."""


class WarmEngine:
    """Runs notebooks in this process, one after the other, each in a shell of its own.

    What papermill asks of an engine. papermill imports its engines while it is imported itself, so neither it nor what
    a notebook needs is imported before a notebook is run.
    """

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Run a notebook and give it back with its outputs."""
        return _engine().execute_notebook(nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> Any:
        """The kernel that the notebook names, or the one given."""
        return _engine().nb_kernel_name(nb, name)

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> Any:
        """The language that the notebook names, or the one given."""
        return _engine().nb_language(nb, language)


@cache
def _engine() -> Any:
    """An engine as papermill has them: it keeps the state of cells and saves; the cells are run here."""
    from papermill.engines import Engine

    members = {"execute_managed_notebook": classmethod(lambda _, nb_man, kernel_name, **__: _run_all(nb_man))}
    return type("Warm", (Engine,), members)


def _run_all(nb_man: Any) -> None:
    """Run all cells until one fails. What the notebook changes in this process is put back afterwards."""
    from sendlab.runs.shell import fresh_shell
    from sendlab.runs.state import builtins_kept, state_restored

    nb_man.nb.metadata["language_info"] = _language()
    with state_restored(), fresh_shell() as shell, builtins_kept():
        for index, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_start(cell, index)
            try:
                _run(shell, cell)
            except CellFailed as failed:
                nb_man.cell_exception(cell, cell_index=index, exception=failed)
                break
            finally:
                nb_man.cell_complete(cell, cell_index=index)


def _run(shell: Any, cell: Any) -> None:
    tags = cell.metadata.get("tags", ())
    if cell.cell_type != "code" or not cell.source.strip() or _SKIP in tags:
        return
    process = os.getpid()
    cell.outputs, cell.execution_count, failed = shell.run(cell.source)
    if os.getpid() != process:
        os._exit(0)  # a copy of this process, which the cell made and let run on: one of us is enough
    if failed and _MAY_FAIL not in tags:
        raise CellFailed(f"cell {cell.execution_count}")


def _language() -> dict[str, Any]:
    """What a Python kernel tells of itself, as notebooks keep it."""
    return {
        "codemirror_mode": {"name": "ipython", "version": 3}, "file_extension": ".py", "mimetype": "text/x-python",
        "name": "python", "nbconvert_exporter": "python", "pygments_lexer": "ipython3",
        "version": platform.python_version(),
    }  # fmt: skip
