"""The board's pack: one page, the workbook and open data, each made or its failure told."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sendlab import store
from sendlab.disclosure.published import Published
from sendlab.disclosure.shown import EVERYTHING, Present
from sendlab.errors import RunProblem
from sendlab.publish.files import files_in_use
from sendlab.runs.execute import error_line
from sendlab.runs.index import write_index
from sendlab.runs.lock import one_run
from sendlab.runs.outcome import Outcome
from sendlab.runs.plan import (
    AUDIENCE,
    BOARD_PAGE,
    OPEN_DATA,
    PUBLIC,
    WORKBOOK,
    board_folder,
    latest_period,
    places_in_order,
)
from sendlab.runs.register import NOT_IN_PLACE, Made, Register, files_changed, program_mark, stamps
from sendlab.runs.strip import without_paths

_SHOWN = ((EVERYTHING, EVERYTHING),)


def pack(opened: Any, time_period: str | None = None) -> list[Outcome]:
    """Make the pack of an opened workspace by itself and bring the index up to date; one outcome each.

    `time_period` defaults to the latest with figures. No two runs write the same reports: `RunProblem` if one is at it.
    """
    space, published = opened.workspace, opened.published(audience=AUDIENCE)
    period = time_period or latest_period(published)
    if period not in set(published.rows["time_period"]):
        raise RunProblem(
            f"there are no figures of the period '{period}'",
            next_step=f"choose one of {', '.join(sorted(set(published.rows['time_period'])))}",
        )
    with one_run(space.reports):
        now = datetime.now(UTC)
        opened.record_release(f"{now:%Y-%m-%d}")
        register = Register(space.reports)
        outcomes = write_pack(published, space, period, register, opened.present(), "by-hand", public_figures(opened))
        places = places_in_order(opened.places())
        write_index(space.reports, published, places, space.la_name, period, register)
    return outcomes


def public_figures(opened: Any) -> Published | None:
    """The figures for the public, where the workspace asks for them."""
    made: Published | None = opened.published(audience=PUBLIC) if opened.workspace.public else None
    return made


def pack_is_stale(register: Register, present: Present, workspace: Any, time_period: str) -> bool:
    """Whether page and workbook would come out otherwise, or are not there as they were written."""
    folder = board_folder(workspace.reports, time_period)
    made = register.made.get(_name(register, folder))
    if made is None or made.error or (made.key, made.mark) != (_key(workspace), present.mark(_SHOWN)):
        return True
    return bool(files_changed(folder.parent, made, verify=False))


def write_pack(
    published: Published,
    workspace: Any,
    time_period: str,
    register: Register,
    present: Present,
    run: str,
    public: Published | None = None,
) -> list[Outcome]:
    """Write page, workbook and open data of a period into its board folder; one outcome each, noted as one.

    With `public` figures their open data are written too, into the period's folder for the public.
    """
    from sendlab.publish import write_board_page, write_workbook

    folder = board_folder(workspace.reports, time_period)
    la = {"la_code": workspace.la_code, "la_name": workspace.la_name, "time_period": time_period}
    outcomes = [
        _outcome("board page", workspace, lambda: write_board_page(published, folder / BOARD_PAGE, **la)),
        _outcome(
            "workbook", workspace, lambda: write_workbook(published, folder / WORKBOOK, la_name=workspace.la_name)
        ),
        _outcome("open data", workspace, lambda: _write_open_data(published, folder / OPEN_DATA, workspace)),
    ]
    if public is not None:
        apart = folder.parent / PUBLIC / OPEN_DATA
        outcomes.append(
            _outcome("open data for the public", workspace, lambda: _write_open_data(public, apart, workspace))
        )
    error = "; ".join(outcome.error for outcome in outcomes if outcome.error)
    in_place = not any(outcome.error or outcome.note for outcome in outcomes)
    files = stamps(_files(folder), folder.parent) if in_place else {}
    name, key = _name(register, folder), _key(workspace) if in_place else NOT_IN_PLACE
    register.add(Made(name, run, key, _SHOWN, present.mark(_SHOWN), files, error))
    return outcomes


def _write_open_data(figures: Published, folder: Path, workspace: Any) -> Path:
    from sendlab.publish import write_open_data

    la = {"la_code": workspace.la_code, "la_name": workspace.la_name}
    written: list[Path] = write_open_data(figures, folder, **la, laestabs=_establishments(workspace.store))
    return written[-1]


def _establishments(folder: Path) -> dict[str, str]:
    """{URN: LA and establishment number} of the schools in the store."""
    if not (folder / "schools.parquet").is_file():
        return {}
    known = store.read_table(folder, "schools").select("school_urn", "school_id").drop_nulls()
    return dict(known.iter_rows())


def _files(folder: Path) -> list[Path]:
    """What a pack is made of: what is in place in the board's folder, and the public's."""
    data = (path / OPEN_DATA for path in (folder, folder.parent / PUBLIC))
    return [folder / BOARD_PAGE, folder / WORKBOOK, *(path for each in data for path in sorted(each.glob("*.*")))]


def _name(register: Register, folder: Path) -> str:
    return register.name((folder / "pack").resolve())


def _key(workspace: Any) -> str:
    return f"{program_mark()} {workspace.la_code} {workspace.la_name} {workspace.public}"


def _outcome(name: str, workspace: Any, make: Callable[[], Path]) -> Outcome:
    started, error = time.perf_counter(), ""
    said: list[str] = []
    try:
        with files_in_use() as said:
            make()
    except Exception as problem:  # noqa: BLE001 - one file that cannot be made must not cost the run its index and record
        error = without_paths(error_line(problem), workspace.root)
    seconds = round(time.perf_counter() - started, 2)
    return Outcome(name, workspace.la_code, workspace.la_name, "failed" if error else "done", seconds, error,
                   note="; ".join(said))  # fmt: skip
