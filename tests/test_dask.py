"""A run in a real Dask cluster of separate processes: the same reports, none lost with a worker, no mixed versions."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from conftest import ROOT

from sendlab.build import open_workspace
from sendlab.runs.lock import LOCK

PLACES = ("900101", "900102")
BIN = Path(sys.executable).parent


def command(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "sendlab", *map(str, words)], capture_output=True, text=True, timeout=300, **options
    )


def run_words(space, *more):
    places = [word for place in PLACES for word in ("--place", place)]
    return ("run", "--workspace", space, *places, "--notebook", "attendance", "--notebook", "interventions", *more)


def reports(space):
    """{report: content} of all reports and notebooks."""
    folder = space / "reports" / "202526"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def times(space):
    """{file: when it was changed} of all files but the lock."""
    return {path: path.stat().st_mtime_ns for path in space.rglob("*") if path.is_file() and path.name != LOCK}


@pytest.fixture(scope="module")
def space(sample_workspace, tmp_path_factory):  # the clone is given the store of the sample workspace
    """A copy of the sample's workspace, built, with the reports of a local run."""
    folder = tmp_path_factory.mktemp("shared") / "la"
    open_workspace(ROOT)
    shutil.copytree(ROOT / "data" / "sample", folder / "data" / "sample")
    shutil.copytree(ROOT / ".store", folder / ".store")
    shutil.copy(ROOT / "sendlab.toml", folder)
    done = command(*run_words(folder))
    assert done.returncode == 0, done.stderr
    return folder


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        file = folder / "scheduler.json"
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", file)
        until = time.monotonic() + 60
        while not (file.is_file() and file.stat().st_size):
            assert time.monotonic() < until and self.processes[0].poll() is None, self.log(0)
            time.sleep(0.05)
        import json

        self.address = json.loads(file.read_text())["address"]

    def start(self, *words, before=(), **environment):
        log = (self.folder / f"{len(self.processes)}.log").open("w")
        with log:
            self.processes.append(subprocess.Popen(
                [*before, str(BIN / "dask"), *map(str, words)], stdout=log, stderr=log,
                env={**os.environ, **environment}, cwd=self.folder,
            ))  # fmt: skip
        return self.processes[-1]

    def worker(self, *more, threads=1, **options):
        return self.start(
            "worker", self.address, "--nthreads", threads, "--no-dashboard", "--local-directory", self.folder / "work",
            *more, **options,
        )  # fmt: skip

    def log(self, number):
        return (self.folder / f"{number}.log").read_text()

    def end(self):
        for process in self.processes[::-1]:
            kill(process)


def kill(process):
    """Kill a process with all below it, as a machine that is switched off does."""
    try:
        tree = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    except psutil.NoSuchProcess:
        tree = []
    for each in tree:
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.end()


def test_a_cluster_makes_the_reports_of_a_local_run_and_a_lost_worker_loses_nothing(space, cluster):
    local = reports(space)
    assert len(local) == 2 * 2 * 2 * 2
    workers = [cluster.worker("--no-nanny") for _ in range(2)]
    words = [sys.executable, "-u", "-m", "sendlab", *map(str, run_words(space, "--force", "--dask", cluster.address))]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        first = running.stdout.readline()
        kill(workers[0])  # with a task of its own under way
        rest, errors = running.communicate(timeout=300)
    assert running.returncode == 0, errors + cluster.log(2)
    assert first.startswith("  done") and "8 of 8 made" in rest
    assert reports(space) == local


def test_workers_without_the_storage_are_sent_what_they_need(space, cluster):
    hide = f'mount -t tmpfs none {space.parent} && exec "$@"'
    hidden = ("unshare", "--mount", "sh", "-c", hide, "sh")
    if subprocess.run([*hidden, "true"], capture_output=True).returncode:
        pytest.skip("no folder can be hidden from a process here (unshare --mount is not allowed)")
    local = reports(space)
    cluster.worker("--no-nanny", before=hidden)
    done = command(*run_words(space, "--force", "--dask", cluster.address))
    assert done.returncode == 0, done.stderr + done.stdout + cluster.log(1)
    assert reports(space) == local


def test_other_code_or_threads_on_a_worker_are_refused_before_anything_starts(space, cluster, tmp_path):
    shutil.copytree(ROOT / "sendlab", tmp_path / "other" / "sendlab", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "other" / "sendlab" / "errors.py").open("a") as file:
        file.write("# another version\n")
    before = times(space)
    worker = cluster.worker("--no-nanny", PYTHONPATH=str(tmp_path / "other"))
    done = command(*run_words(space, "--force", "--dask", cluster.address))
    assert done.returncode == 2 and "a Dask worker runs something else: program" in done.stderr
    kill(worker)
    cluster.worker("--no-nanny", threads=2)
    done = command(*run_words(space, "--force", "--dask", cluster.address))
    assert done.returncode == 2 and "have more than one thread" in done.stderr
    assert times(space) == before


def test_no_scheduler_and_no_workers_are_told(space, cluster):
    done = command(*run_words(space, "--force", "--dask", cluster.address))
    assert done.returncode == 2 and "the Dask scheduler has no workers" in done.stderr
    cluster.end()
    done = command(*run_words(space, "--force", "--dask", cluster.address))
    assert done.returncode == 2 and "no Dask scheduler answers at" in done.stderr and "Traceback" not in done.stderr
