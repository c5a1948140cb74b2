"""Measures the explorer: from a control's change to the drawn chart, in a real JupyterLab and Chromium.

python benchmarks/bench_explore.py [--quick] [--changes N]   also part of benchmarks/bench.py

The sample authority with its facts repeated until there are 250,000 pupils of a year with their sessions. `kernel`: the
time in which a change becomes the message that the browser draws. `browser`: from the change of a list to the chart on
the page, as the browser's own clock has it. The first own view waits for the facts to be read; it is not among them.
"""

import argparse
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import polars as pl
from bench_process import Figures, in_a_process

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
PUPILS, QUICK, CHANGES, TOKEN = 250_000, 25_000, 60, "bench"
AIMS = {"kernel": (30, 60), "browser": (100, 250)}  # milliseconds: median, 95th percentile
SETTINGS = """\
[authority]
la_code = "999"
la_name = "Bench (invented)"
[folders]
raw = "{raw}"
[pseudonyms]
key_id = "sample"
"""
BY = ("sen_provision", "sex", "nc_year", "fsm_status", "sen_primary_need", "ethnicity_major", "key_stage")
MEASURES = ("absence", "persistent_absence", "suspension_rate", "suspended_once_or_more", "attendance_98")
READY = """() => { const widget = window.jupyterapp?.shell?.currentWidget;
  return widget?.sessionContext?.isReady && widget.sessionContext.session?.kernel?.status === "idle"; }"""
RUN = """() => { window.jupyterapp.commands.execute("notebook:run-all-cells").finally(() => { window.ran = true; });
  return null; }"""
# Sets a list to a place in it, and gives the milliseconds until the chart of the answer is on the page.
CHANGE = """async ([label, place]) => {
  const screen = document.querySelector("[data-drawn]"), labels = [...document.querySelectorAll("label")];
  const list = document.getElementById(labels.find(one => one.textContent === label).htmlFor);
  if (list.selectedIndex === place) return null;
  const before = screen.getAttribute("data-drawn"), start = performance.now();
  list.selectedIndex = place;
  list.dispatchEvent(new Event("change", { bubbles: true }));
  while (screen.getAttribute("data-drawn") === before && performance.now() - start < 20000)
    await new Promise(done => setTimeout(done, 1));
  await new Promise(done => requestAnimationFrame(done));
  return performance.now() - start;
}"""


def make_space(folder: Path, pupils: int) -> None:
    """The sample's workspace, its facts of the latest year repeated under other pupils and schools."""
    from sendlab.build import open_workspace

    (folder / "sendlab.toml").write_text(SETTINGS.format(raw=(ROOT / "data" / "sample").as_posix()), encoding="utf-8")
    opened = open_workspace(folder)
    facts, year = opened.facts(), opened.periods()[-1]
    latest = facts.filter(time_period=year)
    copies = -(-pupils // latest.height)
    again = [
        latest.with_columns(pl.col("pupil_id") + f"-{n}", pl.col("place_code") + (f"-{n}" if n else ""))
        for n in range(copies)
    ]
    rows = pl.concat([*again]).head(pupils)
    rows.sort("place_code", "pupil_id").write_parquet(folder / "store" / "facts.parquet")


def kernel(folder: Path, changes: int) -> Figures:
    """Milliseconds from a change to its message, in this process."""
    from sendlab.explore import CohortExplorer

    explorer, dice, took = CohortExplorer(folder), random.Random(1), []
    page = explorer.show(measure="absence", place="999").page
    page.controls.own.value = True
    explorer.own.prepare(explorer.periods()[-1])
    for _ in range(changes):
        name, value = dice.choice([("measure", dice.choice(MEASURES)), *(("by", one) for one in BY)])
        started = time.perf_counter()
        getattr(page.controls, name).value = value
        took.append(1000 * (time.perf_counter() - started))
    return summary([one for one in took if one > 0.5])  # a list that stood there already changed nothing


def summary(took: list[float]) -> Figures:
    """Median, 95th percentile and number of some milliseconds."""
    ends = statistics.quantiles(took, n=20)
    return {"median": round(statistics.median(took), 1), "p95": round(ends[-1], 1), "changes": len(took)}


def browser(folder: Path, changes: int) -> Figures:
    """Milliseconds from a change to the chart on the page."""
    from playwright.sync_api import sync_playwright

    from sendlab.explore.lab import lab_command
    from sendlab.workspace import read_workspace

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    more = {"ServerApp.port": port, "IdentityProvider.token": TOKEN, "LabApp.expose_app_in_browser": True}
    command = [
        *lab_command(read_workspace(folder), browser=False),
        *(f"--{name}={value}" for name, value in more.items()),
    ]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    server = subprocess.Popen(command, cwd=folder, env={**os.environ, **own}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        _wait(port)
        with sync_playwright() as driver:
            chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = chromium.new_page(viewport={"width": 1280, "height": 1400})
            page.set_default_timeout(120_000)
            page.goto(f"http://127.0.0.1:{port}/doc/tree/notebooks/explore_cohort_gaps.ipynb?token={TOKEN}&reset")
            return _walked(page, changes)
    finally:
        server.terminate()
        server.wait(30)


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urlopen(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("JupyterLab did not start")


def _walked(page: "Page", changes: int) -> Figures:
    dice, took = random.Random(1), []
    page.wait_for_function(READY)
    page.evaluate(RUN)
    page.wait_for_function("window.ran === true")
    page.get_by_label("Own view: unprotected, on this screen only").check()
    page.locator('[data-chart="bars-nc_year"] svg').wait_for()
    time.sleep(20)  # until all measures are prepared
    for _ in range(changes):
        label, places = dice.choice((("Broken down by", 8), ("In panels by", 2), ("Measure", 6), ("Held to", 3)))
        found = page.evaluate(CHANGE, [label, dice.randrange(places)])
        took += [] if found is None else [found]
        time.sleep(0.3)  # bars that follow the chart are drawn by then
    return summary(took)


def bench(*, quick: bool, changes: int = CHANGES) -> None:
    """Both, beside their aims."""
    pupils = QUICK if quick else PUPILS
    with tempfile.TemporaryDirectory() as place:
        in_a_process(__file__, "make", place, str(pupils))
        print(f"explorer, {pupils:,} pupils{'':9}{'median ms':>10}{'95 % ms':>9}{'changes':>9}   aims")
        for how in ("kernel", "browser"):
            found = in_a_process(__file__, how, place, str(changes))
            assert found is not None
            aims = " and ".join(map(str, AIMS[how]))
            print(f"{how:32}{found['median']:>10}{found['p95']:>9}{found['changes']:>9}   {aims}", flush=True)


def main() -> None:
    """Run the bench, or measure one thing in this process."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true")
    asked.add_argument("--changes", type=int, default=CHANGES)
    asked.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if not given.measure:
        bench(quick=given.quick, changes=given.changes)
        return
    how, folder, number = given.measure
    if how == "make":
        make_space(Path(folder), int(number))
    found = {} if how == "make" else {"kernel": kernel, "browser": browser}[how](Path(folder), int(number))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
