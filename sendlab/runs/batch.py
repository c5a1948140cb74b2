"""One run: every place with every notebook, the board's pack, the index and the record of what was done."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from sendlab.disclosure.published import Published
from sendlab.errors import RunProblem
from sendlab.runs.index import write_index
from sendlab.runs.lock import one_run
from sendlab.runs.manifest import run_name, write_manifest
from sendlab.runs.outcome import Outcome
from sendlab.runs.pack import write_pack
from sendlab.runs.plan import AUDIENCE, Task, latest_period, make_plan, notebook_files, places_in_order
from sendlab.runs.supervisor import Supervisor
from sendlab.workspace import own_notebooks

OWN_NOTEBOOKS = own_notebooks()


class Opened(Protocol):
    """What a run needs of an opened workspace (`sendlab.build.open_workspace`)."""

    workspace: Any
    run_id: str

    def published(self, *, place: str | None = None, audience: str = "board") -> Published:
        """Figures protected for an audience."""

    def record_release(self, released: str) -> None:
        """Note that the figures go out on this day."""

    def places(self) -> pl.DataFrame:
        """Places with place_code, place_name, education_phase, geographic_level."""


@dataclass(frozen=True)
class RunResult:
    """What a run did: its outcomes, where its record and the index are, and how long it took."""

    outcomes: tuple[Outcome, ...]
    index: Path
    manifest: Path
    seconds: float

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The outcomes that failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")

    @property
    def exit_status(self) -> int:
        """1 if anything failed, else 0."""
        return 1 if self.failed else 0


def run(
    workspace: Any,
    *,
    places: Sequence[str] | None = None,
    notebooks: Sequence[str] | None = None,
    jobs: int = 2,
    time_period: str | None = None,
    progress: Callable[[Outcome], None] | None = None,
) -> RunResult:
    """Run the notebooks of a workspace as reports and write index, pack and run record.

    `places` are place codes, `notebooks` names without suffix (default: all places, the four topics); `time_period`
    defaults to the latest with figures. `progress` is called with each outcome. An unknown place, notebook or parameter
    stops the run before it starts (`RunProblem`); a notebook that fails stops nothing and makes `exit_status` 1.
    """
    from sendlab.build import open_workspace

    opened = open_workspace(workspace.root)
    folders = (workspace.root / "notebooks", OWN_NOTEBOOKS)
    return run_opened(
        opened, folders, places=places, notebooks=notebooks, jobs=jobs, time_period=time_period, progress=progress
    )


def run_opened(
    opened: Opened,
    notebook_folders: Sequence[Path],
    *,
    places: Sequence[str] | None = None,
    notebooks: Sequence[str] | None = None,
    jobs: int = 2,
    time_period: str | None = None,
    progress: Callable[[Outcome], None] | None = None,
) -> RunResult:
    """As `run`, on a workspace that is open already and with the folders in which notebooks are looked for."""
    if jobs < 1:
        raise RunProblem("a run needs at least one worker", next_step="give --jobs 1 or more")
    started, clock = datetime.now(UTC), time.perf_counter()
    space, published = opened.workspace, opened.published(audience=AUDIENCE)
    period = time_period or latest_period(published)
    name = run_name(started, opened.run_id)
    everyone = places_in_order(opened.places())
    tasks = make_plan(
        everyone, notebook_files(notebook_folders), reports=space.reports, cwd=space.root, time_period=period,
        only_places=places, only_notebooks=notebooks, run=name, run_id=opened.run_id,
    )  # fmt: skip
    with one_run(space.reports):
        opened.record_release(f"{started:%Y-%m-%d}")  # before anything is written: what is written may be passed on
        outcomes = _all_outcomes(tasks, jobs, progress)
        if places is None:
            outcomes += _pack(published, space, period, progress)
        seconds = round(time.perf_counter() - clock, 1)
        # The record first: the index reads from it what failed.
        manifest = write_manifest(
            opened, tasks, outcomes, run=name, time_period=period, started=started, seconds=seconds
        )
        index = write_index(space.reports, published, everyone, space.la_name, period)
    return RunResult(tuple(outcomes), index, manifest, seconds)


def _all_outcomes(tasks: list[Task], jobs: int, progress: Callable[[Outcome], None] | None) -> list[Outcome]:
    outcomes = []
    with Supervisor(min(jobs, len(tasks))) as supervisor:
        for future in as_completed([supervisor.submit(task) for task in tasks]):
            outcomes.append(future.result())
            if progress:
                progress(outcomes[-1])
    order = {(task.place_code, task.audience, task.notebook.stem): number for number, task in enumerate(tasks)}
    return sorted(outcomes, key=lambda outcome: order[outcome.place_code, outcome.audience, outcome.notebook])


def _pack(published: Published, space: Any, period: str, progress: Callable[[Outcome], None] | None) -> list[Outcome]:
    outcomes = write_pack(published, space, period)
    for outcome in outcomes:
        if progress:
            progress(outcome)
    return outcomes
