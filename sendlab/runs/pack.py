"""The board's pack: one content, from which page, PDF and slides are made; workbook and open data with all figures.

Each is made whole, or its failure told.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sendlab import store
from sendlab.board.commentary import COMMENTARY, ask_for_comments, read_commentary
from sendlab.board.content import PackContent, make_content, with_comments
from sendlab.board.issued import Issue, keep_issue, records_of
from sendlab.board.settings import BOARD
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
    BOARD_PDF,
    OPEN_DATA,
    PUBLIC,
    SLIDES,
    WORKBOOK,
    board_folder,
    latest_period,
    places_in_order,
)
from sendlab.runs.register import NOT_IN_PLACE, Made, Register, files_changed, program_mark, stamps
from sendlab.runs.strip import without_paths

_SHOWN = ((EVERYTHING, EVERYTHING),)
FILES = {"board page": BOARD_PAGE, "board page as PDF": BOARD_PDF, "slides": SLIDES, "workbook": WORKBOOK}


def pack(opened: Any, time_period: str | None = None, issued: date | None = None) -> list[Outcome]:
    """Make the pack of an opened workspace by itself and bring the index up to date; one outcome each.

    `time_period` defaults to the latest with figures. With `issued`, the day of the meeting that it goes to, what it
    holds is kept, and the next pack says what changed since. No two runs write the same reports: `RunProblem` if one
    is at it.
    """
    space, published = opened.workspace, opened.published(audience=AUDIENCE)
    period = time_period or latest_period(published)
    if period not in set(published.rows["time_period"]):
        raise RunProblem(
            f"there are no figures of the period '{period}'",
            next_step=f"choose one of {', '.join(sorted(set(published.rows['time_period'])))}",
        )
    with one_run(space.reports):
        opened.record_release(f"{datetime.now(UTC):%Y-%m-%d}")
        register = Register(space.reports)
        day = issued.isoformat() if issued else ""
        outcomes = write_pack(
            published, space, period, register, opened.present(), "by-hand", day, public_figures(opened)
        )
        places = places_in_order(opened.places())
        write_index(space.reports, published, places, space.la_name, period, register)
    return outcomes


def public_figures(opened: Any) -> Published | None:
    """The figures for the public, where the workspace asks for them."""
    made: Published | None = opened.published(audience=PUBLIC) if opened.workspace.public else None
    return made


def pack_is_stale(register: Register, present: Present, workspace: Any, time_period: str) -> bool:
    """Whether a file of the pack would come out otherwise, or is not there as it was written."""
    folder = board_folder(workspace.reports, time_period)
    made = register.made.get(_name(register, folder))
    if made is None or made.error or (made.key, made.mark) != (_key(workspace), present.mark(_SHOWN)):
        return True
    return bool(files_changed(folder.parent, made, verify=False))


def write_pack(
    published: Published, workspace: Any, time_period: str, register: Register, present: Present, run: str,
    issued: str = "", public: Published | None = None,
) -> list[Outcome]:  # fmt: skip
    """Write the files of a period's pack into its board folder; one outcome each, noted as one.

    With `public` figures their open data are written too, into the period's folder for the public.
    """
    folder = board_folder(workspace.reports, time_period)
    outcomes = list(_written(published, workspace, time_period, folder, issued))
    outcomes += _open_data({folder / OPEN_DATA: published, folder.parent / PUBLIC / OPEN_DATA: public}, workspace)
    error = "; ".join(outcome.error for outcome in outcomes if outcome.error)
    in_place = not any(outcome.error or outcome.note for outcome in outcomes)
    files = stamps(_files(folder), folder.parent) if in_place else {}
    name, key = _name(register, folder), _key(workspace) if in_place else NOT_IN_PLACE
    register.add(Made(name, run, key, _SHOWN, present.mark(_SHOWN), files, error))
    return outcomes


def _written(published: Published, workspace: Any, time_period: str, folder: Path, issued: str) -> Iterator[Outcome]:
    """The content, then every file of it; without a content only the workbook, which needs none."""
    from sendlab.publish import write_board_page, write_board_pdf, write_slides, write_workbook

    made: list[tuple[PackContent, Issue]] = []

    def make() -> None:
        made.append(_content(published, workspace, time_period, issued))

    content = _outcome("pack", workspace, make)
    if not made:
        yield content
    else:
        told, record = made[0]
        yield _outcome("board page", workspace, lambda: write_board_page(told, published, folder / BOARD_PAGE))
        yield _outcome("board page as PDF", workspace, lambda: write_board_pdf(told, published, folder / BOARD_PDF))
        yield _outcome("slides", workspace, lambda: write_slides(told, published, folder / SLIDES))
        if issued:
            yield _outcome("record of the pack", workspace, lambda: keep_issue(workspace, record))
    yield _outcome("workbook", workspace,
                   lambda: write_workbook(published, folder / WORKBOOK, la_name=workspace.la_name))  # fmt: skip


def _open_data(figures: Mapping[Path, Published | None], workspace: Any) -> Iterator[Outcome]:
    """The open data of each audience that there are figures for, each into its folder."""
    for folder, made in figures.items():
        if made is not None:
            name = "open data" if folder.parent.name == AUDIENCE else f"open data for the {folder.parent.name}"
            yield _outcome(name, workspace, partial(_write_open_data, made, folder, workspace))


def _write_open_data(figures: Published, folder: Path, workspace: Any) -> None:
    from sendlab.publish import write_open_data

    la = {"la_code": workspace.la_code, "la_name": workspace.la_name}
    write_open_data(figures, folder, **la, laestabs=_numbers(workspace))


def _numbers(workspace: Any) -> dict[str, str]:
    """{URN: LA and establishment number} of the schools in the store."""
    if not (workspace.store / "schools.parquet").is_file():
        return {}
    known = store.read_table(workspace.store, "schools").select("school_urn", "school_id").drop_nulls()
    return dict(known.iter_rows())


def _files(folder: Path) -> list[Path]:
    """What a pack is made of: what is in place in the board's folder, and the public's."""
    data = (path / OPEN_DATA for path in (folder, folder.parent / PUBLIC))
    return [*(folder / name for name in FILES.values()), *(path for each in data for path in sorted(each.glob("*.*")))]


def _content(published: Published, workspace: Any, time_period: str, issued: str) -> tuple[PackContent, Issue]:
    """The content, once people have been asked for words on its reds."""
    content, record = make_content(published, workspace, time_period=time_period, issued=issued)
    comments = read_commentary(workspace.root)
    try:
        asked = ask_for_comments(workspace.root, (each.entry for each in content.exceptions), comments)
    except PermissionError:
        raise RunProblem(
            f"{COMMENTARY} is open in another program, and new reds cannot be added to it",
            next_step="close it and make the pack again",
        ) from None
    return (with_comments(content, read_commentary(workspace.root)) if asked else content), record


def _name(register: Register, folder: Path) -> str:
    return register.name((folder / "pack").resolve())


def _key(workspace: Any) -> str:
    """What decides the pack besides figures: program, authority, what the board follows, comments, earlier packs."""
    digest = hashlib.sha256()
    for path in (workspace.root / BOARD, workspace.root / COMMENTARY, *records_of(workspace)):
        digest.update(f"{path.name} ".encode() + (path.read_bytes() if path.is_file() else b""))
    public = "public" if workspace.public else ""
    return f"{program_mark()} {workspace.la_code} {workspace.la_name} {public} {digest.hexdigest()[:12]}"


def _outcome(name: str, workspace: Any, make: Callable[[], object]) -> Outcome:
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
