"""What became of one task, where its files are, and both as JSON between a supervisor and its workers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from sendlab.disclosure.shown import Key
from sendlab.runs.plan import AUDIENCE, Task

_PATHS = ("notebook", "output", "record", "cwd")


@dataclass(frozen=True)
class Outcome:
    """What became of one task; `error` is one line without machine paths, empty where all went well.

    `megabytes` is the most memory that the notebook's process held, 0 where it is not known; `attempts` how often the
    notebook was run.
    """

    notebook: str
    place_code: str
    place_name: str
    status: Literal["done", "failed"]
    seconds: float
    error: str = ""
    audience: str = AUDIENCE
    megabytes: int = 0
    attempts: int = 1
    shown: tuple[Key, ...] = ()  # what the report shows: (measure, place), see sendlab.disclosure.shown
    note: str = ""  # what the reader of the run should know though it is done


def outcome_of(task: Task, seconds: float, error: str = "", **more: Any) -> Outcome:
    """The outcome of a task: failed where there is an error."""
    status: Literal["done", "failed"] = "failed" if error else "done"
    names = (task.notebook.stem, task.place_code, task.place_name)
    return Outcome(*names, status, round(seconds, 2), error, task.audience, **more)


def outcome_from(words: Mapping[str, Any]) -> Outcome:
    """An outcome that came as JSON."""
    shown = tuple((measure, place) for measure, place in words.get("shown", ()))
    return Outcome(**{**words, "shown": shown})


def report_file(task: Task) -> Path:
    """The HTML report of a task."""
    return task.output.with_name(f"{task.output.name}.html")


def notebook_file(task: Task) -> Path:
    """The executed notebook of a task."""
    return task.output.with_name(f"{task.output.name}.ipynb")


def partial_file(task: Task) -> Path:
    """Where a notebook is written while it runs: not among the reports, for a worker that dies leaves it unchecked."""
    return task.record / f".{task.place_code}.{task.audience}.{task.notebook.stem}.part.ipynb"


def failed_file(task: Task) -> Path:
    """Where the partial notebook of a failed task is kept: in the analyst's folder of the run, never in the board's."""
    return failed_path(task.record, task.place_code, task.notebook.stem, task.audience)


def failed_path(record: Path, place_code: str, notebook: str, audience: str = AUDIENCE) -> Path:
    """The notebook that failed for a place and audience, in the folder of its run."""
    return record / "failed" / audience / place_code / f"{notebook}.ipynb"


def task_in_words(task: Task) -> dict[str, Any]:
    """A task as JSON can hold it."""
    words = {**asdict(task), "parameters": dict(task.parameters), "environment": dict(task.environment)}
    return words | {name: str(words[name]) for name in _PATHS}


def task_from(words: Mapping[str, Any]) -> Task:
    """The task that `task_in_words` wrote; what else stands there is left out."""
    known = {each.name: words[each.name] for each in fields(Task)}
    return Task(**(known | {name: Path(known[name]) for name in _PATHS}))
