"""One notebook for one place: papermill beneath, results put in place whole, a failure kept and told."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sendlab import errors
from sendlab.build.marks import FIGURES
from sendlab.disclosure.shown import NOTED_IN, Key, noted
from sendlab.errors import GateError, RunProblem, SendlabError
from sendlab.publish.files import files_in_use, put_in_place
from sendlab.publish.html import write_report
from sendlab.publish.notebook import empty_notebook, read_notebook, write_notebook
from sendlab.publish.scan import require_clean
from sendlab.runs.kernel import kernel_manager
from sendlab.runs.options import WARM
from sendlab.runs.outcome import (
    Outcome,
    failed_file,
    notebook_file,
    outcome_of,
    partial_file,
    report_file,
    task_from,
)
from sendlab.runs.plan import OWN, Task, literal_path
from sendlab.runs.strip import mark_error, strip, without_paths
from sendlab.schema import own

CELL_SECONDS = 900  # a cell of a kernel that takes longer has hung; the supervisor watches all of a notebook
_LONGEST_ERROR = 500
Words = dict[str, Any]  # as JSON holds them


@dataclass(frozen=True)
class Ran:
    """A notebook was run and lies aside; `error` is one line, empty where all its cells did as they should."""

    seconds: float
    error: str = ""


def execute(task: Task, engine: str = WARM, *, attempt: int = 1) -> Outcome:
    """Run one task and put report and notebook in place; a failing notebook is an outcome, not an exception.

    `engine` is warm (in this process) or kernel (papermill's own, isolated way). On failure the notebook so far, with
    the error, is kept in the run's own folder (`failed_file`); an earlier report stays.
    """
    return finish(task, run_notebook(task, engine, attempt=attempt), attempt=attempt)


def run_notebook(task: Task, engine: str = WARM, *, attempt: int = 1) -> Ran:
    """Run the cells of a task's notebook and write it aside."""
    started = time.perf_counter()
    _away(_notes_file(task))
    try:
        task.record.mkdir(parents=True, exist_ok=True)
        task.output.parent.mkdir(parents=True, exist_ok=True)
        # The second attempt saves as it goes: should it die too, what it had done is there to be looked at.
        _papermill(task, partial_file(task), engine, save_as_it_goes=attempt > 1)
    except Exception as problem:  # noqa: BLE001 - whatever a notebook raises must stop nobody else
        return Ran(time.perf_counter() - started, without_paths(error_line(problem), task.cwd))
    except BaseException:  # whoever runs it by hand has cut it short: nothing that was not looked through stays
        _away(partial_file(task), _notes_file(task))
        raise
    return Ran(time.perf_counter() - started)


def finish(task: Task, ran: Ran, *, attempt: int = 1) -> Outcome:
    """Look through what was run and put it in place; or keep it with its error. In a process of its own, if there is
    one: what a notebook changed in that which ran it must not bear upon what is looked for."""
    started, aside, notes = time.perf_counter(), partial_file(task), _notes_file(task)
    error, said = "", ""
    shown: tuple[Key, ...] = ()
    try:
        own.use(task.cwd)  # measures of the workspace are known here too: what is looked through names them
        if ran.error:
            error = ran.error + _kept(task, ran.error, keep_outputs=True)
        else:
            if not strip(aside, task.notebook.name, task.cwd):
                raise RunProblem("the notebook ended before its last cell", next_step="look at what it starts or ends")
            shown = tuple(noted(notes))
            said = _publish(task, aside)
    except Exception as problem:  # noqa: BLE001 - a full disk, or what was refused
        error = without_paths(error_line(problem), task.cwd)
        # What was refused at the gate is not kept: an own view is never written to a file.
        error += _kept(task, error, keep_outputs=not isinstance(problem, GateError))
    finally:
        _away(aside, notes)
    seconds = ran.seconds + time.perf_counter() - started
    return outcome_of(task, seconds, error, attempts=attempt, shown=shown, note=said)


def ran_in_words(words: Words) -> Words:
    """`run_notebook` for a worker: a task as JSON (with engine and attempt), and how it ran as JSON."""
    return asdict(run_notebook(task_from(words), words["engine"], attempt=words["attempt"]))


def finished_in_words(words: Words, ran: Words) -> Words:
    """`finish` for a worker: what became of a task as JSON."""
    return asdict(finish(task_from(words), Ran(**ran), attempt=words["attempt"]))


def keep_dead(task: Task, error: str) -> str:
    """Keep what is left of a notebook whose process died, with the error at its top; what hinders that in words."""
    hindrance = _kept(task, error, keep_outputs=True)
    _away(partial_file(task), _notes_file(task))
    return hindrance


def _papermill(task: Task, aside: Path, engine: str, *, save_as_it_goes: bool) -> None:
    from papermill import execute_notebook

    options: dict[str, Any] = {"execution_timeout": CELL_SECONDS}
    if engine == WARM:
        options = {"engine_name": _registered()}
    elif task.kernel_name == "python3":
        options["kernel_manager_class"] = kernel_manager()
    with _told(task):
        execute_notebook(
            literal_path(task.notebook),
            literal_path(aside),
            parameters=dict(task.parameters),
            kernel_name=task.kernel_name,
            cwd=str(task.cwd),
            progress_bar=False,
            request_save_on_cell_execute=save_as_it_goes,
            **options,
        )


@contextmanager
def _told(task: Task) -> Iterator[None]:
    """What notebooks of a run are told by their environment: which figures are current, and to draw no PNG."""
    from sendlab.charts.bundle import PICTURES

    before = dict(os.environ)
    os.environ |= {PICTURES: "svg", FIGURES: task.run_id, NOTED_IN: str(_notes_file(task)), **task.environment}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def _registered() -> str:
    """The name of our engine, known to papermill even where the package was not installed anew."""
    from papermill.engines import papermill_engines

    from sendlab.runs.engine import NAME, WarmEngine

    papermill_engines.register(NAME, WarmEngine)
    return NAME


def _notes_file(task: Task) -> Path:
    """Where the figures that a notebook reads are noted while it runs."""
    return partial_file(task).with_suffix(".shown")


def _publish(task: Task, aside: Path) -> str:
    """Put report and notebook in place; what should be said of it: a file that is open elsewhere, say."""
    with files_in_use() as said:
        _put_in_place(task, aside)
    failed_file(task).unlink(missing_ok=True)
    return "; ".join(said)


def _put_in_place(task: Task, aside: Path) -> None:
    require_clean([aside], name=notebook_file(task).name)
    # The report first: if it is refused, no notebook of this run lies beside a report of another.
    write_report(
        aside, report_file(task), title=task.title, run_id=task.run_id, settings=task.settings, audience=task.audience,
        place=task.place_code if task.audience == OWN else "",
    )  # fmt: skip
    put_in_place(aside, notebook_file(task))


def _kept(task: Task, error: str, *, keep_outputs: bool) -> str:
    """Keep the notebook so far; what hinders that (a full disk) in words, else nothing."""
    aside = partial_file(task)
    try:
        if not _is_notebook(aside):  # nothing ran, or the process died while it wrote
            write_notebook(empty_notebook(), aside)
        mark_error(aside, error, keep_outputs=keep_outputs)
        strip(aside, task.notebook.name, task.cwd)
        failed_file(task).parent.mkdir(parents=True, exist_ok=True)
        put_in_place(aside, failed_file(task))
    except OSError as fault:
        return f"; its notebook could not be kept ({type(fault).__name__})"
    return ""


def _away(*files: Path) -> None:
    """Remove files of our own, if they are there; where even their folder is none, nothing is."""
    for file in files:
        with suppress(OSError):
            file.unlink()


def _is_notebook(path: Path) -> bool:
    try:
        read_notebook(path)
    except Exception:  # noqa: BLE001 - nbformat raises whatever a torn file makes JSON raise
        return False
    return True


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
    if isinstance(problem, OSError) and problem.strerror:  # of our own: the disk is full, say
        return f"{name}: {problem.strerror}"
    if not ours:
        return f"{name}{where}"
    words = "; ".join(line.strip() for line in text.splitlines() if line.strip())
    return f"{name}: {words}"[:_LONGEST_ERROR] + where


def _our_errors() -> set[str]:
    return {
        thing.__name__ for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, SendlabError)
    }
