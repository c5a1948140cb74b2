"""Runs on a full disk, into a folder that cannot be written, beside open reports, and when the clock is wrong."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import soak_runs
from conftest import absent

SENDLAB = (sys.executable, "-m", "sendlab", "run", "--workspace")
FEW = ("--place", "999", "--place", "900101", "--notebook", "interventions", "--notebook", "exclusions", "--jobs", "1")


@pytest.fixture(scope="module")
def finished(sample_workspace, tmp_path_factory):  # the clone is given the store of the sample workspace
    """A workspace with six reports, and what they hold."""
    space = soak_runs.make_space(tmp_path_factory.mktemp("faults") / "la")
    done = call(*SENDLAB, str(space), *FEW)
    assert done.returncode == 0, done.stderr
    return space, soak_runs.reports_of(space)


@pytest.fixture
def space(finished, tmp_path):
    copy = tmp_path / "la"
    return Path(shutil.copytree(finished[0], copy, copy_function=shutil.copy2))


def call(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=300, **more)


def mounted(space, script):
    """A shell script in a namespace of its own, where it may mount; $run is a run of the six reports."""
    if call("unshare", "--mount", "true").returncode:
        absent("the right to mount (unshare --mount)")
    words = " ".join(f"'{word}'" for word in (*SENDLAB, str(space), *FEW))
    return call("unshare", "--mount", "sh", "-c", f'run="{words}"\n{script}', cwd=space)


def test_a_full_disk_is_told_and_leaves_whole_reports_and_the_next_run_makes_the_rest(finished, space, tmp_path):
    shutil.rmtree(space / "reports")
    (space / "reports").mkdir()
    done = mounted(space, f"""
        mount -t tmpfs -o size=700k none reports
        eval "$run"; echo "status $?"
        cp -r reports/202526 {tmp_path}/first
        mount -o remount,size=20m reports
        eval "$run"; echo "status $?"
        cp -r reports/202526 {tmp_path}/then
        """)  # fmt: skip
    said = done.stdout + done.stderr
    assert [line for line in said.splitlines() if line.startswith("status")] == ["status 2", "status 0"], said
    assert "could not be read or written: No space left on device" in said and "Traceback" not in said
    first, then = (files(tmp_path / name) for name in ("first", "then"))
    assert then == finished[1]
    assert 0 < len(first) < len(then) and first.items() <= then.items()


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_folder_that_may_only_be_read_is_told_before_anything_runs(finished, space):
    done = mounted(space, """
        mount --bind reports reports && mount -o remount,ro,bind reports
        eval "$run --force"
        """)  # fmt: skip
    assert done.returncode == 2 and "  done" not in done.stdout
    assert "could not be read or written: Read-only file system" in done.stderr and "Traceback" not in done.stderr
    assert soak_runs.reports_of(space) == finished[1]


def test_a_report_that_cannot_be_replaced_stays_and_the_new_one_lies_beside(finished, space):
    """What Windows does with a file that is open in another program, a file that may not be changed does here."""
    page = space / "reports" / "202526" / "board" / "999" / "exclusions.html"
    if not shutil.which("chattr") or call("chattr", "+i", str(page)).returncode:
        pytest.skip("no file can be made unchangeable here (chattr)")
    try:
        done = call(*SENDLAB, str(space), *FEW, "--force")
    finally:
        subprocess.run(["chattr", "-i", str(page)], check=True)
    assert done.returncode == 0
    assert "exclusions.html is open in another program; the new one is exclusions-new1.html beside it" in done.stderr
    assert (
        page.with_name("exclusions-new1.html").read_bytes()
        == page.read_bytes()
        == finished[1]["board/999/exclusions.html"]
    )
    again = call(*SENDLAB, str(space), *FEW)  # its place is free again
    assert "1 of 1 made, 5 were up to date" in again.stdout and again.stderr == ""
    assert soak_runs.reports_of(space) == finished[1]


def test_whoever_reads_a_report_while_it_is_made_again_reads_the_old_one_to_its_end(finished, space):
    page = space / "reports" / "202526" / "board" / "999" / "exclusions.html"
    with page.open("rb") as reader:
        start = reader.read(1000)
        assert call(*SENDLAB, str(space), *FEW, "--force").returncode == 0
        assert start + reader.read() == finished[1]["board/999/exclusions.html"]


@pytest.mark.parametrize("shift", ["-40d", "+400d", "+0 x2000"], ids=["back", "ahead", "racing"])
def test_a_clock_that_is_wrong_makes_nothing_again_and_runs_keep_their_order(space, shift):
    if not shutil.which("faketime"):
        absent("faketime")
    before = soak_runs.reports_of(space)
    wrong = ("faketime", "-f", shift)
    again = call(*wrong, *SENDLAB, str(space), *FEW)
    assert again.returncode == 0 and "0 of 0 made, 6 were up to date" in again.stdout, again.stdout + again.stderr
    forced = call(*wrong, *SENDLAB, str(space), *FEW[:4], "--notebook", "exclusions", "--jobs", "1", "--force")
    assert forced.returncode == 0, forced.stdout + forced.stderr
    assert soak_runs.reports_of(space) == before
    assert call(*SENDLAB, str(space), *FEW).returncode == 0  # the clock is right again
    runs = [json.loads(path.read_text()) for path in sorted(space.glob("reports/runs/*/manifest.json"))]
    assert [(run["fresh"], len(run["outcomes"])) for run in runs] == [(0, 6), (6, 0), (0, 3), (6, 0)]
    assert all(run["seconds"] >= 0 for run in runs)
    compared = call(sys.executable, "-m", "sendlab", "diff", "--workspace", str(space), "before", "last")
    assert compared.returncode == 0 and runs[-1]["run"] in compared.stdout, compared.stdout + compared.stderr
