"""A clean folder of reports to be attacked: what a run writes for a few places, made without kernels."""

import ast
import os
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from altair.utils.schemapi import debug_mode
from IPython.core.formatters import DisplayFormatter
from nbformat.v4 import new_output
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from sendlab.build import OpenWorkspace
from sendlab.charts.bundle import PICTURES
from sendlab.publish import write_report
from sendlab.publish.notebook import write_notebook
from sendlab.runs import Task, make_plan
from sendlab.runs.execute import notebook_file, report_file
from sendlab.runs.index import write_index
from sendlab.runs.pack import write_pack
from sendlab.runs.pack_files import figures_of
from sendlab.runs.plan import AUDIENCE, OWN, latest_period, notebook_files, places_in_order
from sendlab.runs.register import Register
from sendlab.runs.strip import strip
from sendlab.workspace import own_notebooks


def make_folder(opened: OpenWorkspace, folder: Path, places: tuple[str, ...]) -> Path:
    """Reports of the four topics for these places, the board's pack and the index, in `folder`."""
    published, space = opened.published(), opened.workspace
    period = latest_period(published)
    for task in tasks_of(opened, folder, places):
        make_report(task)
    space = _Elsewhere(space, folder)
    register = Register(folder)
    made = write_pack(figures_of(opened), space, period, register, opened.present(), "attacked")
    failed = [outcome.error for outcome in made if outcome.error]
    if failed:
        raise AssertionError(f"the pack could not be made: {failed}")
    write_index(folder, published, places_in_order(opened.places()), space.la_name, period, register)
    return folder


def tasks_of(opened: OpenWorkspace, folder: Path, places: tuple[str, ...]) -> list[Task]:
    """The plan of a run for these places, its results in `folder`: all board editions, and the last school's own."""
    tasks = make_plan(
        places_in_order(opened.places()), notebook_files((own_notebooks(),)), reports=folder,
        cwd=opened.workspace.root, time_period=latest_period(opened.published()), only_places=places,
        run_id=opened.run_id,
    )  # fmt: skip
    return [task for task in tasks if task.parameters["audience"] == AUDIENCE or task.place_code == places[-1]]


class _Elsewhere:
    """A workspace whose reports go to another folder."""

    def __init__(self, space: Any, reports: Path) -> None:
        self.reports, self.root, self.la_code, self.la_name = reports, space.root, space.la_code, space.la_name
        self.store, self.public = space.store, space.public


def make_report(task: Task) -> None:
    """One notebook run cell by cell and written as a run writes it."""
    book = parameterize_notebook(load_notebook_node(str(task.notebook)), dict(task.parameters))
    book.metadata["papermill"] = {"parameters": dict(task.parameters)}
    names: dict[str, Any] = {}
    # altair checks each part of a chart as it is put together and the whole at the end: once is enough here
    with chdir(task.cwd), debug_mode(False), patch.dict(os.environ, {PICTURES: "svg"}):
        for number, cell in enumerate((cell for cell in book.cells if cell.cell_type == "code"), 1):
            cell.execution_count = number
            cell.outputs = _outputs(cell.source, names, number)
    task.output.parent.mkdir(parents=True, exist_ok=True)
    write_notebook(book, notebook_file(task))
    strip(notebook_file(task), task.notebook.name, task.cwd)
    write_report(
        notebook_file(task), report_file(task), title=task.title, run_id=task.run_id, settings=task.settings,
        audience=task.audience, place=task.place_code if task.audience == OWN else "",
    )  # fmt: skip


def _outputs(source: str, names: dict[str, Any], number: int) -> list[Any]:
    """What a cell prints, and its last value as a notebook shows it."""
    tree, printed, value = ast.parse(source), StringIO(), None
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    text = printed.getvalue()
    outputs = [new_output("stream", name="stdout", text=text)] if text else []
    if value is not None:
        data, metadata = DisplayFormatter().format(value)
        outputs.append(new_output("execute_result", data=data, metadata=metadata, execution_count=number))
    return outputs
