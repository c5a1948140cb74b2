"""How a run goes about it: what is made again, how many at a time, and where."""

from dataclasses import dataclass

from sendlab.errors import RunProblem

WARM, KERNEL = "warm", "kernel"
ENGINES = (WARM, KERNEL)


@dataclass(frozen=True)
class RunOptions:
    """The options of a run.

    `jobs`: notebooks at the same time; `engine`: warm (a process that has imported everything) or kernel (papermill's
    own way, for notebooks with live widgets); `force`: also reports that are up to date; `only_failed`: only those that
    failed last time; `verify`: read the files of reports again instead of trusting their size and time;
    `dask`: the address of a Dask scheduler, whose workers are then the slots.
    """

    jobs: int = 2
    engine: str = WARM
    force: bool = False
    only_failed: bool = False
    verify: bool = False
    dask: str = ""

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise RunProblem("a run needs at least one worker", next_step="give --jobs 1 or more")
        if self.engine not in ENGINES:
            raise RunProblem(f"no engine is called '{self.engine}'", next_step=f"use one of {', '.join(ENGINES)}")


USUAL = RunOptions()
