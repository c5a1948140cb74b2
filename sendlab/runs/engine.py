"""The papermill engine 'sendlab': a notebook's cells in this process, which has imported everything already.

`papermill --engine sendlab in.ipynb out.ipynb` uses it too. It gives the same notebook as a kernel does; a notebook
with live widgets or comms needs papermill's own engine (`sendlab run --engine kernel`).
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
