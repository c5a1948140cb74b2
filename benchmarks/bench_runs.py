"""What a report costs: the batch beside papermill and nbconvert as everybody has them, marimo, and a plain function.

python benchmarks/bench_runs.py [--sizes 400 50 9] [--times 5] [--schools 0]

Invented authorities of so many schools (of 300 pupils each, one year) are made, ingested and built in `.bench/` where
they are not there yet (50: three minutes; 400: a quarter of an hour). All in one run, medians of --times, CPU
seconds of all processes; full HTML on every side. The other sizes show whether a report costs the same whatever the
number of schools; --schools limits how many schools of each the batch runs (0: all). Stock is measured as users have
it, and again with the grammar package kept out of its imports, which costs it 1.5 CPU seconds a process.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from bench_process import Figures, in_a_process
from bench_spaces import ROOT, built

BLOCK = "import sys\nsys.modules.setdefault('rfc3987_syntax', None)\n"
BIN = Path(sys.executable).parent
SIZES = [400, 50, 9]


def cpu() -> float:
    """CPU seconds of this process and of all that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


class Peak:
    """The most memory that this process's tree held, pages shared between processes counted once (PSS)."""

    def __init__(self) -> None:
        self.megabytes, self._ended = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            self.megabytes = max(self.megabytes, _tree_megabytes())


def _tree_megabytes() -> float:
    total = 0
    for each in psutil.Process().children(recursive=True):
        try:
            total += each.memory_full_info().pss
        except (psutil.NoSuchProcess, AttributeError):
            continue
    return total / 2**20


def batch(space: str, schools: str) -> Figures:
    """`sendlab run --force` on a workspace: CPU and wall a report, peak of the tree; and a second run, nothing new."""
    from sendlab.build import open_workspace
    from sendlab.runs.plan import places_in_order

    codes = places_in_order(open_workspace(Path(space)).places())["place_code"].to_list()[: int(schools) or None]
    words = [word for code in codes for word in ("--place", code)] if int(schools) else []
    command = [sys.executable, "-m", "sendlab", "run", "--workspace", space, *words]
    before, clock = cpu(), time.perf_counter()
    with Peak() as peak:
        done = subprocess.run([*command, "--force"], capture_output=True, text=True)
    spent, wall = cpu() - before, time.perf_counter() - clock
    if done.returncode:
        sys.exit(done.stderr)
    number = sum(line.startswith("  done") for line in done.stdout.splitlines())
    clock = time.perf_counter()
    again = subprocess.run(command, capture_output=True, text=True)
    if "0 of 0 made" not in again.stdout:
        sys.exit(f"the second run made something: {again.stdout[-200:]}")
    return {"reports": number, "cpu": spent / number, "wall": wall / number, "peak_mb": peak.megabytes,
            "second_run": time.perf_counter() - clock}  # fmt: skip


def notebooks(space: str) -> list[tuple[Path, dict[str, str]]]:
    """The four notebooks with the parameters of one school."""
    from sendlab.build import open_workspace
    from sendlab.runs import NOTEBOOKS
    from sendlab.runs.batch import latest_period

    opened = open_workspace(Path(space))
    (school, *_) = opened.places().filter(geographic_level="School")["place_code"]
    told = {"place": school, "time_period": latest_period(opened.published()), "audience": "board"}
    return [(ROOT / "notebooks" / f"{name}.ipynb", told) for name in NOTEBOOKS]


def command_lines(space: str, times: str, blocked: str) -> Figures:
    """`papermill` and `jupyter nbconvert`, a process each for every report."""
    with tempfile.TemporaryDirectory() as folder:
        return {"cpu": _median(int(times), space, lambda *job: _by_command(Path(folder), blocked, space, *job))}


def _by_command(folder: Path, blocked: str, space: str, notebook: Path, told: dict[str, str]) -> None:
    environment = dict(os.environ)
    if blocked == "blocked":
        (folder / "site").mkdir(exist_ok=True)
        (folder / "site" / "sitecustomize.py").write_text(BLOCK)
        environment["PYTHONPATH"] = os.pathsep.join([str(folder / "site"), environment.get("PYTHONPATH", "")])
    given = [word for name, value in told.items() for word in ("-r", name, value)]
    out = folder / "out.ipynb"
    for words in (["papermill", str(notebook), str(out), "--cwd", space, "--no-progress-bar", *given],
                  ["jupyter", "nbconvert", "--to", "html", str(out)]):  # fmt: skip
        subprocess.run([str(BIN / words[0]), *words[1:]], check=True, capture_output=True, env=environment, cwd=folder)


def in_process(space: str, times: str, blocked: str) -> Figures:
    """papermill and nbconvert within one process that lives on; its first report is left out."""
    if blocked == "blocked":
        exec(BLOCK)
    from nbconvert import HTMLExporter
    from papermill import execute_notebook

    with tempfile.TemporaryDirectory() as folder:

        def one(notebook: Path, told: dict[str, str]) -> None:
            out = Path(folder) / "out.ipynb"
            execute_notebook(notebook, out, parameters=told, cwd=space, progress_bar=False)
            page, _ = HTMLExporter().from_filename(str(out))
            out.with_suffix(".html").write_text(page, encoding="utf-8")

        one(*notebooks(space)[0])
        return {"cpu": _median(int(times), space, one)}


def marimo(space: str, times: str) -> Figures:
    """`marimo export html` of the same notebooks, turned into marimo's; nan where marimo is not installed."""
    if not (BIN / "marimo").exists():
        return {"cpu": float("nan")}
    with tempfile.TemporaryDirectory() as folder:

        def call(*words: object) -> None:
            subprocess.run([str(BIN / "marimo"), *map(str, words)], check=True, capture_output=True, cwd=space)

        def one(notebook: Path, told: dict[str, str]) -> None:
            program = Path(folder) / f"{notebook.stem}.py"
            call("export", "html", program, "-o", program.with_suffix(".html"), "--no-watch")

        for notebook, told in notebooks(space):
            call("convert", _with_parameters(notebook, told, Path(folder)), "-o", Path(folder) / f"{notebook.stem}.py")
        return {"cpu": _median(int(times), space, one)}


def _with_parameters(notebook: Path, told: dict[str, str], folder: Path) -> Path:
    """The notebook with these parameters in its cell of parameters."""
    node = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in node["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            cell["source"] = [f"{name} = {value!r}\n" for name, value in told.items()]
    target = folder / notebook.name
    target.write_text(json.dumps(node), encoding="utf-8")
    return target


def floor(space: str, times: str) -> Figures:
    """The cells of the notebooks as a plain function in a warm process: charts as SVG, no notebook, no page."""
    os.environ["SENDLAB_PICTURES"] = "svg"
    from sendlab.build import open_workspace

    os.environ["SENDLAB_FIGURES"] = open_workspace(Path(space)).run_id
    os.chdir(space)

    def one(notebook: Path, told: dict[str, str]) -> None:
        names: dict[str, object] = {"print": lambda *_, **__: None}
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                _run_cell("".join(cell["source"]), names)
                if "parameters" in cell["metadata"].get("tags", ()):
                    names.update(told)

    one(*notebooks(space)[0])
    return {"cpu": _median(int(times), space, one)}


def _run_cell(source: str, names: dict[str, object]) -> None:
    """A cell; what its last line gives is shown as a notebook shows it."""
    import ast

    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if last is not None:
        shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        for form in ("_repr_mimebundle_", "_repr_html_"):
            if hasattr(shown, form):
                getattr(shown, form)()


def _median(times: int, space: str, one: Callable[[Path, dict[str, str]], None]) -> float:
    """CPU seconds a report: the median over --times rounds of the mean of the four notebooks."""
    jobs, found = notebooks(space), []
    for _ in range(times):
        before = cpu()
        for job in jobs:
            one(*job)
        found.append((cpu() - before) / len(jobs))
    return statistics.median(found)


CASES: dict[str, Callable[..., Figures]] = {
    "batch": batch, "command_lines": command_lines, "in_process": in_process, "marimo": marimo, "floor": floor,
}  # fmt: skip


def bench(sizes: list[int], times: int, schools: int) -> None:
    """Every way, and the ratios."""
    space, *smaller = [built(size) for size in sizes]
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    ours = _measured("batch", space, str(schools))
    print(f"batch, {space.name} schools: {ours['reports']:.0f} reports, {ours['cpu']:.3f} CPU s and "
          f"{ours['wall']:.3f} s a report, peak "
          f"{ours['peak_mb']:,.0f} MB, nothing new in {ours['second_run']:.1f} s (fixed piece of Python: "
          f"{speed():.2f} s)", flush=True)  # fmt: skip
    for other in smaller:
        there = _measured("batch", other, str(schools))
        print(f"  {other.name} schools: {there['reports']:.0f} reports, {there['cpu']:.3f} CPU s; the large one costs "
              f"{ours['cpu'] / there['cpu']:.2f} times as much a report", flush=True)  # fmt: skip
    ways = {
        "papermill + nbconvert, two command lines": ("command_lines", "stock"),
        "the same, grammar package kept out": ("command_lines", "blocked"),
        "papermill + nbconvert in one process": ("in_process", "stock"),
        "the same, grammar package kept out ": ("in_process", "blocked"),
        "marimo export html": ("marimo",),
        "plain function, no notebook and no page": ("floor",),
    }
    for name, (case, *more) in ways.items():
        found = _measured(case, space, str(times), *more)["cpu"]
        print(
            f"{name}: {found:.2f} CPU s a report, {found / ours['cpu']:.1f} times the batch "
            f"(fixed piece {speed():.2f} s)",
            flush=True,
        )


def speed() -> float:
    """CPU seconds of a fixed piece of Python: what the machine does meanwhile, for it may be shared."""
    before, total = time.process_time(), 0
    for number in range(3_000_000):
        total += number * number % 7
    return time.process_time() - before


def _measured(case: str, space: Path, *more: str) -> Figures:
    found = in_a_process(__file__, case, str(space), *more)
    assert found is not None
    return found


def main() -> None:
    """Run the bench, or measure one way in this process."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="schools; all ways on the first")
    asked.add_argument("--times", type=int, default=5)
    asked.add_argument("--schools", type=int, default=0)
    asked.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.measure:
        case, *words = given.measure
        print(json.dumps(CASES[case](*words)))
    else:
        bench(given.sizes, given.times, given.schools)


if __name__ == "__main__":
    main()
