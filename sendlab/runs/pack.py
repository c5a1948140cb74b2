"""The board's first pack: one page and one workbook, each made or its failure told."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sendlab.disclosure.published import Published
from sendlab.runs.execute import Outcome, error_line
from sendlab.runs.plan import board_folder
from sendlab.runs.strip import without_paths

BOARD_PAGE, WORKBOOK = "board-page.html", "figures.xlsx"


def write_pack(published: Published, workspace: Any, time_period: str) -> list[Outcome]:
    """Write the board page and the workbook of a period into its board folder; one outcome each."""
    from sendlab.publish import write_board_page, write_workbook

    folder = board_folder(workspace.reports, time_period)
    la = {"la_code": workspace.la_code, "la_name": workspace.la_name, "time_period": time_period}
    return [
        _outcome("board page", workspace, lambda: write_board_page(published, folder / BOARD_PAGE, **la)),
        _outcome(
            "workbook", workspace, lambda: write_workbook(published, folder / WORKBOOK, la_name=workspace.la_name)
        ),
    ]


def _outcome(name: str, workspace: Any, make: Callable[[], Path]) -> Outcome:
    started, error = time.perf_counter(), ""
    try:
        make()
    except Exception as problem:  # noqa: BLE001 - one file that cannot be made must not cost the run its index and record
        error = without_paths(error_line(problem), workspace.root)
    seconds = round(time.perf_counter() - started, 2)
    return Outcome(name, workspace.la_code, workspace.la_name, "failed" if error else "done", seconds, error)
