"""Measures build at the size of a large authority, growth from a smaller one, and absence from its session rows.

python benchmarks/bench_build.py [--quick] [--only build|absence] [--limit SECONDS] [--space SCHOOLS=FOLDER ...]

The authority is `sendlab sample` of so many schools and one year, ingested; --space takes one that stands ready and
writes nothing into it. Each figure is of a fresh process. Protection has a limit of time, and is told where it did not
finish.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import bench_absence
from bench_process import Figures, in_a_process, stopwatch

LARGE, SMALL, QUICK = 400, 100, (40, 10)  # schools
PUPILS_A_SCHOOL = 300
LIMIT = 900  # seconds for protection
CASES = ("build", "absence")
SPACE = """\
[authority]
la_code = "999"
la_name = "Bench"
[pseudonyms]
key_id = "sample"
[half_terms]
202526 = [[2025-09-02, 2025-10-24], [2025-11-03, 2025-12-19], [2026-01-05, 2026-02-13], [2026-02-23, 2026-03-27],
          [2026-04-13, 2026-05-22], [2026-06-01, 2026-07-21]]
"""


def make_space(folder: Path, schools: str) -> Figures:
    """A workspace of so many schools, ingested."""
    from sendlab.ingest import ingest
    from sendlab.sample import write
    from sendlab.workspace import find_workspace

    write(folder / "raw", schools=int(schools), pupils=int(schools) * PUPILS_A_SCHOOL, years=1)
    (folder / "sendlab.toml").write_text(SPACE, encoding="utf-8")
    ingest(find_workspace(folder))
    return {}


def measures_once(folder: Path, out: str) -> Figures:
    """All that build does but protection: inputs, measures, tables of comparisons, written to `out`."""
    from sendlab import store
    from sendlab.build import ROWS_A_GROUP
    from sendlab.measures import comparison_tables, make_measures, read_inputs
    from sendlab.workspace import find_workspace

    space = find_workspace(folder)
    stop = stopwatch()
    inputs = read_inputs(space)
    measures = make_measures(inputs)
    store.write_table(Path(out), "measures", measures, rows_a_group=ROWS_A_GROUP)
    for name, rows in comparison_tables(measures, inputs).items():
        store.write_table(Path(out), name, rows)
    found = stop()
    size = (Path(out) / "measures.parquet").stat().st_size / 1e6
    return {"rows": measures.height, "schools": inputs.places.height, "mb_on_disk": round(size, 1)} | found


def protection_once(folder: Path, out: str) -> Figures:
    """Protection of what is published, from the measures that lie in `out`."""
    import polars as pl

    from sendlab.build import THRESHOLD
    from sendlab.disclosure import publish
    from sendlab.measures import publishable, with_texts

    measures = pl.read_parquet(Path(out) / "measures.parquet")
    stop = stopwatch()
    shown = publish(with_texts(publishable(measures)), audience="board", threshold=THRESHOLD, run_id="bench")
    return {"rows": len(shown)} | stop()


JOBS: dict[str, Callable[..., Figures]] = {
    "make": make_space, "measures": measures_once, "protection": protection_once,
    **{name: lambda store, folder, engine=engine: engine(store, Path(folder))
       for name, engine in bench_absence.ENGINES.items()},
}  # fmt: skip


def bench_build(spaces: dict[int, Path], folder: Path, limit: float) -> None:
    """A line a job and size, and how the larger compares with the smaller."""
    print(f"\n{'build':22}{'rows':>12}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}{'MB on disk':>12}")
    for job, longest in (("measures", None), ("protection", limit)):
        found = {}
        for schools, space in spaces.items():
            out = folder / f"measures-{schools}"
            found[schools] = in_a_process(__file__, job, str(space), str(out), limit=longest)
            _print(f"{job}, {schools} schools", found[schools], limit)
        (small, least), (large, most) = found.items()
        if least and most:
            ratios = {name: most[name] / max(least[name], 0.01) for name in least}
            print(f"{f'  growth, {small} to {large}':22}" + _line({name: f"{x:.1f}" for name, x in ratios.items()}))


def _print(name: str, figures: Figures | None, limit: float) -> None:
    told = f"  not finished in {limit:,.0f} s" if figures is None else _line({n: f"{x:,}" for n, x in figures.items()})
    print(f"{name:22}{told}", flush=True)


def _line(told: dict[str, str]) -> str:
    widths = {"rows": 12, "seconds": 9, "cpu_seconds": 8, "peak_mb": 9, "mb_on_disk": 12}
    return "".join(f"{told.get(name, '-'):>{width}}" for name, width in widths.items())


def bench(*, quick: bool = False, only: str = "", ready: dict[int, Path] | None = None, limit: float = LIMIT) -> None:
    """Build at two sizes and absence at the larger, with workspaces made for it or those that stand ready."""
    small, large = reversed(QUICK) if quick else (SMALL, LARGE)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        spaces = dict[int, Path]()
        for schools in (small, large) if only != "absence" else (large,):
            spaces[schools] = (ready or {}).get(schools, folder / str(schools))
            if not spaces[schools].exists():
                in_a_process(__file__, "make", str(spaces[schools]), str(schools))
        if only != "absence":
            bench_build(spaces, folder, limit)
        if only != "build":
            bench_absence.bench(_store(spaces[large]), folder)


def _store(space: Path) -> Path:
    from sendlab.workspace import find_workspace

    return find_workspace(space).store


def main() -> None:
    """Run the bench, or measure one thing in this process."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--quick", action="store_true", help="a tenth of the schools")
    asked.add_argument("--only", choices=CASES, default="")
    asked.add_argument("--limit", type=float, default=LIMIT, help="seconds for protection")
    asked.add_argument("--space", action="append", default=[], metavar="SCHOOLS=FOLDER")
    asked.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.measure:
        job, folder, *more = given.measure
        print(json.dumps(JOBS[job](Path(folder), *more)))
        return
    pairs = [pair.split("=", 1) for pair in given.space]
    ready = {int(schools): Path(folder) for schools, folder in pairs}
    bench(quick=given.quick, only=given.only, ready=ready, limit=given.limit)


if __name__ == "__main__":
    main()
