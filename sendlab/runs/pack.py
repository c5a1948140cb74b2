"""The board's pack: made where it would come out otherwise, noted in the register, linked by the index."""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sendlab import store
from sendlab.board.commentary import COMMENTARY
from sendlab.board.issued import records_of
from sendlab.board.pinned import PINS
from sendlab.board.settings import BOARD
from sendlab.build.marks import STEP as BUILD
from sendlab.disclosure.shown import EVERYTHING, Present
from sendlab.errors import RunProblem
from sendlab.runs.index import write_index
from sendlab.runs.lock import one_run
from sendlab.runs.outcome import Outcome
from sendlab.runs.pack_files import Figures, figures_of, files_of_pack, write_files
from sendlab.runs.plan import AUDIENCE, board_folder, latest_period, places_in_order
from sendlab.runs.register import NOT_IN_PLACE, Made, Register, files_changed, program_mark, stamps

_SHOWN = ((EVERYTHING, EVERYTHING),)


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
        outcomes = write_pack(
            figures_of(opened), space, period, register, opened.present(), "by-hand",
            issued=issued.isoformat() if issued else "",
        )  # fmt: skip
        places = places_in_order(opened.places())
        write_index(space.reports, published, places, space.la_name, period, register)
    return outcomes


def pack_is_stale(register: Register, present: Present, workspace: Any, time_period: str) -> bool:
    """Whether a file of the pack would come out otherwise, or is not there as it was written."""
    folder = board_folder(workspace.reports, time_period)
    made = register.made.get(_name(register, folder))
    if made is None or made.error or (made.key, made.mark) != (_key(workspace), present.mark(_SHOWN)):
        return True
    return bool(files_changed(folder.parent, made, verify=False))


def write_pack(
    figures: Figures, workspace: Any, time_period: str, register: Register, present: Present, run: str, *,
    issued: str = "",
) -> list[Outcome]:  # fmt: skip
    """Write the files of a period's pack into its board folder; one outcome each, noted as one.

    With figures for the public their open data are written too, into the period's folder for the public.
    """
    folder = board_folder(workspace.reports, time_period)
    outcomes = list(write_files(figures, workspace, folder, time_period, issued))
    error = "; ".join(outcome.error for outcome in outcomes if outcome.error)
    in_place = not any(outcome.error or outcome.note for outcome in outcomes)
    files = stamps(files_of_pack(folder), folder.parent) if in_place else {}
    name, key = _name(register, folder), _key(workspace) if in_place else NOT_IN_PLACE
    register.add(Made(name, run, key, _SHOWN, present.mark(_SHOWN), files, error))
    return outcomes


def _name(register: Register, folder: Path) -> str:
    return register.name((folder / "pack").resolve())


def _key(workspace: Any) -> str:
    """What decides the pack besides figures: program, authority, board.toml, comments, pins, earlier packs."""
    digest = hashlib.sha256()
    pins = workspace.root / PINS
    for path in (workspace.root / BOARD, workspace.root / COMMENTARY, pins, *records_of(workspace)):
        digest.update(f"{path.name} ".encode() + (path.read_bytes() if path.is_file() else b""))
    if pins.is_file():  # answers are counted from pupils: what no mark of a published figure knows of
        digest.update(str(store.read_manifest(workspace.store, BUILD).get("mark", "")).encode())
    return f"{program_mark()} {workspace.la_code} {workspace.la_name} {workspace.public} {digest.hexdigest()[:12]}"
