"""The files of the board's pack, each made whole or its failure told: page, PDF, slides, workbook, open data."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sendlab import store
from sendlab.board.commentary import COMMENTARY, ask_for_comments, read_commentary
from sendlab.board.content import PackContent, make_content, with_comments
from sendlab.board.issued import Issue, keep_issue
from sendlab.board.pinned import Pinned
from sendlab.disclosure.published import Published
from sendlab.errors import RunProblem, SendlabError
from sendlab.explore.pins import pinned_views
from sendlab.publish.files import files_in_use
from sendlab.runs.execute import error_line
from sendlab.runs.outcome import Outcome
from sendlab.runs.plan import AUDIENCE, BOARD_PAGE, BOARD_PDF, OPEN_DATA, PUBLIC, SLIDES, WORKBOOK
from sendlab.runs.strip import without_paths


@dataclass(frozen=True)
class Figures:
    """The figures that a pack is made of: of reports, of every table, the public's if wanted, and of pinned views."""

    usual: Published
    every: Published
    public: Published | None
    pinned: Callable[[], tuple[Pinned, ...]] = tuple  # the views pinned to the pack, once they are asked for


def figures_of(opened: Any) -> Figures:
    """The figures of an opened workspace for its pack."""
    return Figures(
        usual=opened.published(audience=AUDIENCE),
        every=opened.published(audience=AUDIENCE, every_table=True),
        public=opened.published(audience=PUBLIC) if opened.workspace.public else None,
        pinned=lambda: pinned_views(opened),
    )


def files_of_pack(folder: Path) -> list[Path]:
    """What a pack is made of: its files in the board's folder, and open data there and in the public's."""
    data = (path / OPEN_DATA for path in (folder, folder.parent / PUBLIC))
    opened = (path for each in data for path in sorted(each.glob("*.*")))
    return [*(folder / name for name in (BOARD_PAGE, BOARD_PDF, SLIDES, WORKBOOK)), *opened]


def write_files(figures: Figures, workspace: Any, folder: Path, time_period: str, issued: str) -> Iterator[Outcome]:
    """Every file of the pack into the board's folder, one outcome each; without a content those that need none."""
    public = figures.public
    yield from _told(figures, workspace, folder, time_period, issued)
    yield _outcome("workbook", workspace, lambda: _write_workbook(figures.usual, folder, workspace))
    yield _outcome("open data", workspace, lambda: _write_open_data(figures.usual, folder / OPEN_DATA, workspace))
    if public is not None:
        apart = folder.parent / PUBLIC / OPEN_DATA
        yield _outcome("open data for the public", workspace, lambda: _write_open_data(public, apart, workspace))


def _told(figures: Figures, workspace: Any, folder: Path, time_period: str, issued: str) -> Iterator[Outcome]:
    """The files that say what the content says, and the record of a pack that goes out."""
    from sendlab.publish import write_board_page, write_board_pdf, write_slides

    published = figures.usual
    made: list[tuple[PackContent, Issue]] = []

    def make() -> None:
        made.append(_content(figures, workspace, time_period, issued))

    outcome = _outcome("pack", workspace, make)
    if not made:
        yield outcome
        return
    content, record = made[0]
    yield _outcome("board page", workspace, lambda: write_board_page(content, published, folder / BOARD_PAGE))
    yield _outcome("board page as PDF", workspace, lambda: write_board_pdf(content, published, folder / BOARD_PDF))
    yield _outcome("slides", workspace, lambda: write_slides(content, published, folder / SLIDES))
    if issued:
        yield _outcome("record of the pack", workspace, lambda: keep_issue(workspace, record))


def _content(figures: Figures, workspace: Any, time_period: str, issued: str) -> tuple[PackContent, Issue]:
    """The content, once people have been asked for words on its reds."""
    content, record = make_content(
        figures.usual,
        workspace,
        time_period=time_period,
        issued=issued,
        every=figures.every,
        pinned=figures.pinned(),
    )
    comments = read_commentary(workspace.root)
    try:
        asked = ask_for_comments(workspace.root, (each.entry for each in content.exceptions), comments)
    except PermissionError:
        raise RunProblem(
            f"{COMMENTARY} is open in another program, and new reds cannot be added to it",
            next_step="close it and make the pack again",
        ) from None
    return (with_comments(content, read_commentary(workspace.root)) if asked else content), record


def _write_workbook(published: Published, folder: Path, workspace: Any) -> None:
    from sendlab.publish import write_workbook

    write_workbook(published, folder / WORKBOOK, la_name=workspace.la_name)


def _write_open_data(figures: Published, folder: Path, workspace: Any) -> None:
    from sendlab.publish import write_open_data

    la = {"la_code": workspace.la_code, "la_name": workspace.la_name}
    write_open_data(figures, folder, **la, laestabs=_establishments(workspace.store))


def _establishments(folder: Path) -> dict[str, str]:
    """{URN: LA and establishment number} of the schools in the store."""
    if not (folder / "schools.parquet").is_file():
        return {}
    known = store.read_table(folder, "schools").select("school_urn", "school_id").drop_nulls()
    return dict(known.iter_rows())


def _outcome(name: str, workspace: Any, make: Callable[[], object]) -> Outcome:
    started, error = time.perf_counter(), ""
    said: list[str] = []
    try:
        with files_in_use() as said:
            make()
    except Exception as problem:  # noqa: BLE001 - one file that cannot be made must not cost the run its index and record
        ours = isinstance(problem, SendlabError)
        error = without_paths(" ".join(str(problem).split()) if ours else error_line(problem), workspace.root)
    seconds = round(time.perf_counter() - started, 2)
    return Outcome(name, workspace.la_code, workspace.la_name, "failed" if error else "done", seconds, error,
                   note="; ".join(said))  # fmt: skip
