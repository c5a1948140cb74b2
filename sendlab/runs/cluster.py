"""A run beyond one machine: one slot in every worker of a Dask cluster, results and record come home.

Workers hold no state of ours: each runs the notebooks of its tasks in a slot like a local one and sends the files back,
which are put in place here. Figures are read by path where the workers see the same storage, else they are sent once.
"""

import json
import platform
import tempfile
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from sendlab.build.marks import SEAL_KEY, SLICES, STEP, slices_file
from sendlab.disclosure.sealed import seal_key
from sendlab.errors import RunProblem
from sendlab.publish.files import in_use, put_in_place
from sendlab.runs.outcome import (
    Outcome,
    failed_file,
    notebook_file,
    outcome_from,
    outcome_of,
    report_file,
    task_from,
    task_in_words,
)
from sendlab.runs.plan import Task
from sendlab.runs.register import package_versions, program_mark
from sendlab.schema import own
from sendlab.workspace import own_notebooks

_ADDRESS = "tcp://scheduler:8786"
_SETTINGS = """\
[authority]
la_code = "{la_code}"
la_name = {la_name}
[pseudonyms]
key_id = "{key_id}"
"""
_STORE = (f"{STEP}.manifest.json", f"{SLICES}.manifest.json", *(slices_file(name) for name in ("board", "school")))


class Cluster:
    """The workers of a Dask cluster as slots; `submit` gives a Future of the Outcome. Use it in a `with` block."""

    def __init__(self, address: str, workspace: Any, *, engine: str = "warm", seconds: float = 900.0) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise RunProblem(
                "the packages for Dask are not installed", next_step="install sendlab with its extra: sendlab[scale]"
            ) from None
        try:
            self._client: Any = Client(address, timeout=20)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TimeoutError) as fault:
            raise RunProblem(
                f"no Dask scheduler answers at '{address}' ({type(fault).__name__})",
                next_step=f"start one with 'dask scheduler' and give its address, such as {_ADDRESS}",
            ) from None
        self.modes: set[str] = {"dask"}
        self._space, self._engine, self._seconds = workspace, engine, seconds
        try:
            self._require_alike()
            self._bundle = None if self._is_shared() else self._sent(bundle_of(workspace))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster; what still runs is given up."""
        self._client.close()

    def submit(self, task: Task) -> Future[Outcome]:
        """Have a task run in some worker; its files are put in place when they arrive."""
        words = {**task_in_words(task), "engine": self._engine, "seconds": self._seconds}
        there = self._client.submit(run_there, words, self._bundle, pure=False)
        here: Future[Outcome] = Future()
        here.set_running_or_notify_cancel()
        there.add_done_callback(lambda done: _arrived(task, done, here))
        return here

    def _sent(self, bundle: dict[str, Any]) -> Any:
        """The bundle in every worker's memory."""
        return self._client.scatter(bundle, broadcast=True)

    def _require_alike(self) -> None:
        """Every worker has one thread, this program and these packages; else nothing starts."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            raise RunProblem(
                "the Dask scheduler has no workers", next_step=f"start some: dask worker --nthreads 1 {_ADDRESS}"
            )
        if many := [name for name, told in workers.items() if told["nthreads"] != 1]:
            raise RunProblem(
                f"{len(many)} of {len(workers)} Dask workers have more than one thread",
                next_step="start a worker for each core with --nthreads 1: every worker is one slot",
            )
        mine = what_runs_here()
        for theirs in self._client.run(what_runs_here, on_error="return").values():
            if theirs != mine:
                raise RunProblem(
                    f"a Dask worker runs something else: {_unlike(mine, theirs)}",
                    next_step="install the same sendlab, from the same lock, on every machine",
                )

    def _is_shared(self) -> bool:
        """Whether every worker sees the figures of this build at the same path."""
        store = self._space.store
        mine = (store / _STORE[1]).read_bytes()
        return all(self._client.run(seen_there, str(store / _STORE[1]), mine).values())


def what_runs_here() -> dict[str, str]:
    """Python, sendlab's own code and the packages that reports are made with, in this process."""
    return {"python": platform.python_version(), "program": program_mark(), **package_versions()}


def _unlike(mine: Mapping[str, str], theirs: Any) -> str:
    if not isinstance(theirs, dict):
        return f"it cannot tell ({type(theirs).__name__}); is sendlab installed there?"
    return ", ".join(
        f"{name} {theirs.get(name, 'none')[:12]} beside {mine[name][:12]} here"
        for name in mine if theirs.get(name) != mine[name]
    )  # fmt: skip


def seen_there(path: str, content: bytes) -> bool:
    """Whether a file is there with this content."""
    file = Path(path)
    return file.is_file() and file.read_bytes() == content


def bundle_of(workspace: Any) -> dict[str, Any]:
    """What workers need of a workspace that they cannot see: protected figures and notebooks, no rows of pupils.

    The key is the one of seals, derived from the workspace's own, which stays here.
    """
    names = {"la_code": workspace.la_code, "la_name": json.dumps(workspace.la_name, ensure_ascii=False)}
    files = {f"store/{name}": (workspace.store / name).read_bytes() for name in _STORE}
    files |= {f"notebooks/{path.name}": path.read_bytes() for path in (workspace.root / "notebooks").glob("*.ipynb")}
    files |= {f"{own.FOLDER}/{name}": (workspace.root / own.FOLDER / name).read_bytes()
              for name, *_ in own.use(workspace.root).stamps}  # fmt: skip
    files["sendlab.toml"] = _SETTINGS.format(key_id=workspace.key_id, **names).encode("utf-8")
    return {"files": files, "environment": {SEAL_KEY: seal_key(workspace.key()).hex()}}


@cache
def _slot(engine: str, seconds: float) -> Any:
    """The slot of this Dask worker, which it keeps; it ends with the worker's process."""
    from sendlab.runs.supervisor import Supervisor

    return Supervisor(1, engine=engine, seconds=seconds)


def run_there(words: dict[str, Any], bundle: dict[str, Any] | None) -> dict[str, Any]:
    """In a Dask worker: run a task aside, and give back its outcome and the content of its files."""
    task = task_from(words)
    with tempfile.TemporaryDirectory(prefix="sendlab-") as folder:
        aside = replace(task, output=Path(folder) / "out" / task.output.name, record=Path(folder) / "record")
        if bundle is not None:
            aside = _unpacked(aside, bundle, Path(folder))
        outcome = _slot(words["engine"], words["seconds"]).submit(aside).result()
        files = {"report": report_file(aside), "notebook": notebook_file(aside), "failed": failed_file(aside)}
        return {
            "outcome": asdict(outcome),
            "files": {name: path.read_bytes() for name, path in files.items() if path.is_file()},
        }


def _unpacked(task: Task, bundle: dict[str, Any], folder: Path) -> Task:
    """The task in a workspace made of what was sent."""
    root = folder / "workspace"
    for name, content in bundle["files"].items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    sent = root / "notebooks" / task.notebook.name
    notebook = sent if sent.is_file() else own_notebooks() / task.notebook.name
    return replace(task, cwd=root, notebook=notebook, environment=bundle["environment"])


def _arrived(task: Task, done: Any, here: Future[Outcome]) -> None:
    """Put what a worker sent in place, and tell the outcome."""
    try:
        answer = done.result()
        outcome = outcome_from(answer["outcome"])
        places = {"report": report_file(task), "notebook": notebook_file(task), "failed": failed_file(task)}
        written = {places[name]: _write(places[name], content) for name, content in answer["files"].items()}
        if not outcome.error:
            failed_file(task).unlink(missing_ok=True)
        here.set_result(replace(outcome, note=_beside(written) or outcome.note))
    except Exception as fault:  # noqa: BLE001 - whatever a cluster does to a task must not stop the others
        here.set_result(outcome_of(task, 0.0, f"the Dask cluster gave the task up ({type(fault).__name__})"))


def _write(target: Path, content: bytes) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.part")
    aside.write_bytes(content)
    return put_in_place(aside, target)


def _beside(written: Mapping[Path, Path]) -> str:
    """Which files lie beside their place, as that is open in another program: no warning is caught in a thread."""
    return "; ".join(in_use(target, path) for target, path in written.items() if path != target)
