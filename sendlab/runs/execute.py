"""One notebook for one place: papermill beneath, results put in place whole, a failure kept and told."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sendlab import errors
from sendlab.errors import GateError, SendlabError
from sendlab.publish.files import put_in_place
from sendlab.publish.html import write_report
from sendlab.publish.notebook import empty_notebook, write_notebook
from sendlab.publish.scan import require_clean
from sendlab.runs.kernel import kernel_manager
from sendlab.runs.plan import AUDIENCE, OWN, Task, literal_path
from sendlab.runs.strip import mark_error, strip, without_paths

CELL_SECONDS = 900  # a cell that takes longer has hung
_LONGEST_ERROR = 500


@dataclass(frozen=True)
class Outcome:
    """What became of one task; `error` is one line without machine paths, empty where all went well."""

    notebook: str
    place_code: str
    place_name: str
    status: Literal["done", "failed"]
    seconds: float
    error: str = ""
    audience: str = AUDIENCE


def report_file(task: Task) -> Path:
    """The HTML report of a task."""
    return task.output.with_name(f"{task.output.name}.html")


def notebook_file(task: Task) -> Path:
    """The executed notebook of a task."""
    return task.output.with_name(f"{task.output.name}.ipynb")


def failed_file(task: Task) -> Path:
    """Where the partial notebook of a failed task is kept: in the analyst's folder of the run, never in the board's."""
    return failed_path(task.record, task.place_code, task.notebook.stem, task.audience)


def failed_path(record: Path, place_code: str, notebook: str, audience: str = AUDIENCE) -> Path:
    """The notebook that failed for a place and audience, in the folder of its run."""
    return record / "failed" / audience / place_code / f"{notebook}.ipynb"


def execute(task: Task) -> Outcome:
    """Run one task and put report and notebook in place; a failing notebook is an outcome, not an exception.

    On failure the notebook so far, with the error, is kept in the run's own folder (`failed_file`); an earlier report
    stays.
    """
    started = time.perf_counter()
    # Not among the board's reports either: a worker that dies leaves it behind, unchecked.
    aside = task.record / f".{task.place_code}.{task.audience}.{task.notebook.stem}.part.ipynb"
    task.record.mkdir(parents=True, exist_ok=True)
    task.output.parent.mkdir(parents=True, exist_ok=True)
    error = ""
    try:
        _papermill(task, aside)
        strip(aside, task.notebook.name, task.cwd)
        _publish(task, aside)
    except Exception as problem:  # noqa: BLE001 - whatever a notebook raises must stop nobody else
        error = without_paths(error_line(problem), task.cwd)
        # What was refused at the gate is not kept: an own view is never written to a file.
        _keep_failed(task, aside, error, keep_outputs=not isinstance(problem, GateError))
    finally:
        aside.unlink(missing_ok=True)
    seconds = round(time.perf_counter() - started, 2)
    status: Literal["done", "failed"] = "failed" if error else "done"
    return Outcome(task.notebook.stem, task.place_code, task.place_name, status, seconds, error, task.audience)


def _papermill(task: Task, aside: Path) -> None:
    from papermill import execute_notebook

    engine: Mapping[str, Any] = {"execution_timeout": CELL_SECONDS}
    if task.kernel_name == "python3":
        engine = {**engine, "kernel_manager_class": kernel_manager()}
    execute_notebook(
        literal_path(task.notebook),
        literal_path(aside),
        parameters=dict(task.parameters),
        kernel_name=task.kernel_name,
        cwd=str(task.cwd),
        progress_bar=False,
        **engine,
    )


def _publish(task: Task, aside: Path) -> None:
    require_clean([aside], name=notebook_file(task).name)
    # The report first: if it is refused, no notebook of this run lies beside a report of another.
    write_report(
        aside, report_file(task), title=task.title, run_id=task.run_id, settings=task.settings, audience=task.audience,
        place=task.place_code if task.audience == OWN else "",
    )  # fmt: skip
    put_in_place(aside, notebook_file(task))
    failed_file(task).unlink(missing_ok=True)


def _keep_failed(task: Task, aside: Path, error: str, *, keep_outputs: bool) -> None:
    if not aside.exists():  # the kernel never started
        write_notebook(empty_notebook(), aside)
    mark_error(aside, error, keep_outputs=keep_outputs)
    strip(aside, task.notebook.name, task.cwd)
    failed_file(task).parent.mkdir(parents=True, exist_ok=True)
    put_in_place(aside, failed_file(task))


def error_line(problem: Exception) -> str:
    """The error in one line for index and record; the words of our own errors only, which hold no pupil's value.

    Of any other error only its kind is told, and the cell it came from: polars, say, quotes the value it stumbled on.
    """
    name, text, where = type(problem).__name__, str(problem), ""
    ours = isinstance(problem, SendlabError)
    if name == "PapermillExecutionError":  # an error of the kernel arrives as text
        where = f" (cell {getattr(problem, 'exec_count', '?')})"
        name, text = str(getattr(problem, "ename", name)), str(getattr(problem, "evalue", ""))
        ours = name in _our_errors()
    if not ours:
        return f"{name}{where}"
    words = "; ".join(line.strip() for line in text.splitlines() if line.strip())
    return f"{name}: {words}"[:_LONGEST_ERROR] + where


def _our_errors() -> set[str]:
    return {
        thing.__name__ for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, SendlabError)
    }
