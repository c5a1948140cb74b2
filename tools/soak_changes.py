"""One file of a school changes: exactly the reports that show a changed figure are made again, all as if made anew.

Used by tools/soak.py. A school's absence in one file of the sample is changed, then ingest, build and run follow. Which
reports show a changed figure is found apart from the run: by the published rows before and after. Every report, made
again or left, must then be what a run of everything makes of the new figures, but for the names of builds.
"""

import csv
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import soak_runs

FILE = "2026_spring_termlysessiondetailsonroll.csv"
SCHOOLS = {"9992001": "900101", "9992003": "900103", "9994001": "900105"}  # number in the census -> place code
EVERYTHING = "*"
_BUILD = re.compile(r"\b[0-9a-f]{12}\b")
_ALL = (EVERYTHING, EVERYTHING)
Shown = set[tuple[str, str]]


def judged(space: Path, seed: int) -> tuple[int, list[str]]:
    """How many reports one changed file has made again, and what is wrong, in words."""
    _sendlab(space, "run")
    before, shows = _editions(space), _shown(space)
    _change(space / "data" / "sample" / FILE, random.Random(seed))
    for verb in ("ingest", "build", "run"):
        _sendlab(space, verb)
    made, expected = _made(space), _touched(shows, before, _editions(space))
    wrong = [f"seed {seed}: {name} was made again without a reason" for name in sorted(made - expected)]
    wrong += [
        f"{name} says that it shows everything" for name, keys in shows.items() if _ALL in keys and "pack" not in name
    ]
    wrong += [f"seed {seed}: {name} was left though its figures changed" for name in sorted(expected - made)]
    return len(made), wrong + _unlike_anew(space, seed)


def _sendlab(space: Path, verb: str, *words: str) -> None:
    command = [sys.executable, "-m", "sendlab", verb, "--workspace", str(space), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(done.stderr)


def _change(file: Path, dice: random.Random) -> None:
    """More illness and fewer sessions present for some pupils of one school."""
    with file.open(encoding="utf-8", newline="") as lines:
        head, *rows = csv.reader(lines)
    school, place, of, reason, count = (
        dice.choice(sorted(SCHOOLS)),
        *map(head.index, ("NativeId", "pupilonrolltableid", "attendancereason", "sessions")),
    )
    pupils = dice.sample(sorted({row[of] for row in rows if row[place] == school}), 6)
    for row in rows:
        if row[of] in pupils and row[reason] in ("/", "I"):
            row[count] = str(max(0, int(row[count]) + (9 if row[reason] == "I" else -9)))
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows([head, *rows])


def _editions(space: Path) -> dict[str, pl.DataFrame]:
    """The published rows of the board's edition and of schools' own."""
    from sendlab.build import open_workspace

    return open_workspace(space).editions()


def _shown(space: Path) -> dict[str, Shown]:
    """{report: the (measure, place) that it showed}, as the register says."""
    lines = (space / "reports" / "runs" / "made.jsonl").read_text(encoding="utf-8").splitlines()
    return {made["report"]: set(map(tuple, made["shown"])) for made in map(json.loads, lines)}


def _touched(shows: dict[str, Shown], before: dict[str, pl.DataFrame], now: dict[str, pl.DataFrame]) -> set[str]:
    """The reports that show a (measure, place) with a changed row; of a school's own edition its own rows count."""
    changed = {name: _changed(before[name], now[name]) for name in before}
    found = set()
    for report, shown in shows.items():
        _, edition, place, _ = (*report.split("/"), "", "")[:4]
        keys = {k for k in changed["board"] if k[1] != place} | {k for k in changed["school"] if k[1] == place}
        keys = keys if edition == "schools" else changed["board"]
        if any((m in (EVERYTHING, measure)) and (p in (EVERYTHING, at)) for measure, at in keys for m, p in shown):
            found.add(report)
    return found


def _changed(before: pl.DataFrame, now: pl.DataFrame) -> Shown:
    keys = ["measure", "place_code"]
    rows = [frame.select(pl.col(keys), text=pl.struct(pl.all()).struct.json_encode()) for frame in (before, now)]
    apart = pl.concat([rows[0].join(rows[1], on=[*keys, "text"], how="anti"),
                       rows[1].join(rows[0], on=[*keys, "text"], how="anti")])  # fmt: skip
    return set(apart.select(keys).unique().iter_rows())


def _made(space: Path) -> set[str]:
    """The reports that the last run made, and the pack if it did."""
    record = json.loads(max((space / "reports" / "runs").glob("*/manifest.json")).read_text(encoding="utf-8"))
    lines = (space / "reports" / "runs" / "made.jsonl").read_text(encoding="utf-8").splitlines()
    return {made["report"] for made in map(json.loads, lines) if made["run"] == record["run"]}


def _unlike_anew(space: Path, seed: int) -> list[str]:
    """Reports that a run of everything makes otherwise, but for the names of builds."""
    here = soak_runs.reports_of(space)
    anew = space.with_name(f"{space.name}-anew")
    shutil.copytree(space, anew)
    _sendlab(anew, "run", "--force")
    there = soak_runs.reports_of(anew)
    shutil.rmtree(anew)
    texts = (".html", ".ipynb")  # the workbook holds the time at which it was made
    unlike = [n for n in here.keys() | there.keys() if n.endswith(texts) and _plain(here, n) != _plain(there, n)]
    return [f"seed {seed}: {name} is not what a run of everything makes" for name in sorted(unlike)]


def _plain(reports: soak_runs.Reports, name: str) -> str:
    return _BUILD.sub("(a build)", reports.get(name, b"").decode("utf-8"))
