"""One run: what is to be made again of a plan, the board's pack, the index and the record of what was done."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from sendlab.disclosure.published import Published
from sendlab.disclosure.shown import Present
from sendlab.runs.cluster import Cluster
from sendlab.runs.index import write_index
from sendlab.runs.lock import one_run
from sendlab.runs.manifest import RunStory, run_name, write_manifest
from sendlab.runs.options import USUAL, RunOptions
from sendlab.runs.outcome import Outcome
from sendlab.runs.pack import pack_is_stale, write_pack
from sendlab.runs.pack_files import figures_of
from sendlab.runs.plan import AUDIENCE, Task, check_plan, latest_period, make_plan, notebook_files, places_in_order
from sendlab.runs.register import Register, why_stale
from sendlab.runs.supervisor import Supervisor
from sendlab.workspace import own_notebooks

OWN_NOTEBOOKS = own_notebooks()
Progress = Callable[[Outcome, int, int], None]  # an outcome, how many there are by now, and how many there will be


class Opened(Protocol):
    """What a run needs of an opened workspace (`sendlab.build.open_workspace`)."""

    workspace: Any
    run_id: str

    def published(self, *, audience: str = "board") -> Published:
        """Figures protected for an audience."""

    def present(self) -> Present:
        """Marks of the figures as they are now."""

    def editions(self) -> dict[str, pl.DataFrame]:
        """The figures of the board's edition and of schools' own."""

    def record_release(self, released: str) -> None:
        """Note that the figures go out on this day."""

    def places(self) -> pl.DataFrame:
        """Places with place_code, place_name, education_phase, geographic_level."""


@dataclass(frozen=True)
class RunResult:
    """What a run did: its outcomes, how many reports were up to date, its record and the index, its time."""

    outcomes: tuple[Outcome, ...]
    index: Path
    manifest: Path
    seconds: float
    fresh: int = 0

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The outcomes that failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")

    @property
    def exit_status(self) -> int:
        """1 if anything failed, else 0."""
        return 1 if self.failed else 0


@dataclass(frozen=True)
class Wanted:
    """What is asked for: place codes and names of notebooks (none: all), and a period (none: the latest)."""

    places: Sequence[str] | None = None
    notebooks: Sequence[str] | None = None
    time_period: str | None = None


EVERYTHING = Wanted()


@dataclass(frozen=True)
class Planned:
    """A plan beside what was made before: each task with the reason to make it again, "" where it is up to date."""

    name: str
    time_period: str
    tasks: tuple[tuple[Task, str], ...]
    register: Register
    present: Present
    published: Published
    places: pl.DataFrame

    @property
    def stale(self) -> list[Task]:
        """The tasks to be run."""
        return [task for task, why in self.tasks if why]


def run(
    workspace: Any, wanted: Wanted = EVERYTHING, options: RunOptions = USUAL, *, progress: Progress | None = None
) -> RunResult:
    """Run the notebooks of a workspace as reports and write index, pack and run record.

    A report that is up to date is left as it is (see `register`). An unknown place, notebook or parameter stops the run
    before it starts (`RunProblem`); a notebook that fails stops nothing and makes `exit_status` 1.
    """
    from sendlab.build.opened import open_workspace

    opened = open_workspace(workspace.root)
    return run_opened(opened, _folders(workspace), wanted, options, progress=progress)


def planned(workspace: Any, wanted: Wanted = EVERYTHING, options: RunOptions = USUAL) -> Planned:
    """What `run` would do; nothing is written."""
    from sendlab.build.opened import open_workspace

    return _planned(open_workspace(workspace.root), _folders(workspace), wanted, options, datetime.now(UTC))


def _folders(workspace: Any) -> tuple[Path, Path]:
    return workspace.root / "notebooks", OWN_NOTEBOOKS


def run_opened(
    opened: Opened,
    notebook_folders: Sequence[Path],
    wanted: Wanted = EVERYTHING,
    options: RunOptions = USUAL,
    *,
    progress: Progress | None = None,
) -> RunResult:
    """As `run`, on a workspace that is open already and with the folders in which notebooks are looked for."""
    started, clock = datetime.now(UTC), time.perf_counter()
    space = opened.workspace
    with one_run(space.reports):
        plan = _planned(opened, notebook_folders, wanted, options, started)
        with_pack = wanted.places is None and not options.only_failed
        pack_too = with_pack and (options.force or pack_is_stale(plan.register, plan.present, space, plan.time_period))
        with _slots(space, options, len(plan.stale)) as slots:
            if plan.stale or pack_too:  # before anything is written: what is written may be passed on
                opened.record_release(f"{started:%Y-%m-%d}")
            outcomes = _made(plan, slots, progress)
        if pack_too:
            outcomes += write_pack(figures_of(opened), space, plan.time_period, plan.register, plan.present, plan.name)
        plan.register.tidy()
        seconds = round(time.perf_counter() - clock, 1)
        story = RunStory(plan.name, plan.time_period, started, seconds, options, sorted(slots.modes))
        manifest = write_manifest(opened, plan.tasks, outcomes, story)
        index = write_index(space.reports, plan.published, plan.places, space.la_name, plan.time_period, plan.register)
    return RunResult(tuple(outcomes), index, manifest, seconds, len(plan.tasks) - len(plan.stale))


def _planned(
    opened: Opened, folders: Sequence[Path], wanted: Wanted, options: RunOptions, started: datetime
) -> Planned:
    space, published = opened.workspace, opened.published(audience=AUDIENCE)
    period = wanted.time_period or latest_period(published)
    name, everyone = run_name(started, opened.run_id, space.reports), places_in_order(opened.places())
    tasks = make_plan(
        everyone, notebook_files(folders), reports=space.reports, cwd=space.root, time_period=period,
        only_places=wanted.places, only_notebooks=wanted.notebooks, run=name, run_id=opened.run_id,
    )  # fmt: skip
    register, present = Register(space.reports), opened.present()
    with_reason = tuple((task, _why(task, register, present, options)) for task in tasks)
    check_plan(task for task, why in with_reason if why)
    return Planned(name, period, with_reason, register, present, published, everyone)


def _why(task: Task, register: Register, present: Present, options: RunOptions) -> str:
    if options.only_failed:
        made = register.of(task)
        return "failed last time" if made is not None and made.error else ""
    why = why_stale(task, register, present, verify=options.verify)
    return why or ("asked for" if options.force else "")


def _made(plan: Planned, slots: Supervisor | Cluster, progress: Progress | None) -> list[Outcome]:
    """Run what is to be run, noting each report as soon as it is there; outcomes in the order of the plan."""
    stale, outcomes = plan.stale, {}
    futures = {slots.submit(task): number for number, task in enumerate(stale)}
    for future in as_completed(futures):
        number, outcome = futures[future], future.result()
        plan.register.tell(stale[number], outcome, plan.name, plan.present)
        outcomes[number] = replace(outcome, shown=())  # the register has it
        if progress:
            progress(outcome, len(outcomes), len(stale))
    return [outcomes[number] for number in sorted(outcomes)]


def _slots(workspace: Any, options: RunOptions, tasks: int) -> Supervisor | Cluster:
    """Where the notebooks run: in processes of this machine, or in the workers of a Dask cluster."""
    if options.dask and tasks:
        return Cluster(options.dask, workspace, engine=options.engine)
    return Supervisor(min(options.jobs, tasks), engine=options.engine)
