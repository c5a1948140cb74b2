"""Runs the checks that take long, part by part: what `make soak` runs, and in short what CI runs.

python tools/soak.py [--short] [--part NAME ...] [--list] [--write] [--out FOLDER]

A finished part leaves FOLDER/PART_SEEDS.json; where that is there and was made by the same code the part is not run
again, so a run that was cut short goes on where it stopped. Exit status 1 if any part failed. --write puts the table
of all parts into docs/soak.md.
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import calibrate
import numpy as np
import polars as pl
import psutil
import sample_truths
import soak_flags
import soak_says

from sendlab.runs.plan import NOTEBOOKS
from sendlab.sample import truths

ROOT = Path(__file__).resolve().parent.parent
PAGE, MARK = ROOT / "docs" / "soak.md", "<!-- below: made by tools/soak.py --write -->"
STATS = (*sorted((ROOT / "sendlab" / "stats").glob("*.py")), Path(calibrate.__file__))
PACKAGE = tuple(path for path in sorted((ROOT / "sendlab").rglob("*")) if path.suffix in (".py", ".toml", ".csv"))
# Rooms above the measures: what no check but that of disclosure rests on.
ABOVE = {"build", "charts", "cli", "disclosure", "explore", "narrate", "publish", "runs"}
MEASURES = tuple(path for path in PACKAGE if path.relative_to(ROOT / "sendlab").parts[0] not in ABOVE)
# What decides published figures: no room that only shows them.
PUBLISHING = tuple(
    path for path in PACKAGE if path.relative_to(ROOT / "sendlab").parts[0] not in ABOVE - {"build", "disclosure"}
)
PROTECTION = tuple(path for path in PACKAGE if "disclosure" in path.parts)
AUDIT = tuple(path for path in PROTECTION if not {"protect", "guard"} & set(path.parts))
TABLE_TESTS = (ROOT / "tests" / "test_protect_core.py", ROOT / "tests" / "test_controlled_rounding.py")
LINKED_TESTS = (ROOT / "tests" / "test_nested_bases.py", ROOT / "tests" / "test_disclosure.py")
LINKED = "random_ or no_table_gives or order_of"  # which tests of these
LAB_TESTS, NOTEBOOK_FILES = ROOT / "tests" / "test_browser_lab.py", sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLVER_TESTS = ROOT / "tests" / "test_audit_table.py"
SIGNAL_TESTS = ROOT / "tests" / "test_metrics_informal_exclusion.py"
QUESTION_TOOLS = (
    "soak_questions",
    "question_sequences",
    "question_atoms",
    "question_attack",
    "question_reader",
    "question_targets",
    "question_programs",
)
KILLS = 10  # a seed
STANDARD_ERRORS, TRUTHS_MEASURED_ON = 3, 200  # seeds that the sizes in sendlab/sample/settings.toml are means of
Outcome = tuple[bool, str, dict[str, Any]]  # whether the rule is met, in words, and figures
Record = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A check: its rule in words, what runs it, its seeds in full and in short, and the files its outcome rests on."""

    rule: str
    run: Callable[[range], Outcome]
    seeds: range
    short: range
    code: tuple[Path, ...] = PACKAGE


def calibration(name: str) -> Part:
    """A part of tools/calibrate.py."""
    part = calibrate.PARTS[name]

    def run(seeds: range) -> Outcome:
        points = part.run(seeds)
        good, said = calibrate.verdict(part.rule, points, len(seeds))
        return good, said, {"coverage": {point.label: point.coverage for point in points}}

    return Part(RULES[part.rule], run, range(2000), range(400), STATS)


RULES = {
    "exact": "at least 95 % less 3 standard errors at every point",
    "average": "94 to 96 % averaged over the grid",
    "band": "93.5 to 96.5 % at every point (and 2 standard errors), and averaged",
}


def flags(case: str) -> Part:
    """A case of tools/soak_flags.py."""
    tools = (*MEASURES, Path(soak_flags.__file__))
    rule = f"mean share of false flags at most {100 * soak_flags.SHARE_HELD:g} % and 2 standard errors"
    return Part(rule, lambda seeds: soak_flags.judged(case, seeds), range(200), range(10), tools)


def disagreements(case: str) -> Part:
    """A case of tools/soak_says.py."""
    rule = f"mean share of false disagreements at most {100 * soak_says.HELD:g} % and 2 standard errors"
    if case.endswith("planted"):
        rule += f"; at least {100 * soak_says.POWER:g} % of those planted found"
    tools = (*MEASURES, Path(soak_flags.__file__), Path(soak_says.__file__))
    return Part(rule, lambda seeds: soak_says.judged(case, seeds), range(200), range(10), tools)


def signals(seeds: range) -> Outcome:
    """How often the school planted in the sample shows signals of informal exclusion, and how often the others do."""
    sys.path.insert(0, str(SIGNAL_TESTS.parent))
    from test_metrics_informal_exclusion import signals_of_seed

    from sendlab.metrics.fairness.signals import RARE

    rows = pl.concat([signals_of_seed(seed) for seed in seeds])
    is_planted = pl.col("place_name") == "Sample Fir Secondary School"
    planted, others = rows.filter(is_planted), rows.filter(~is_planted & pl.col("value").is_not_null())
    two, none = int((planted["value"] >= 2).sum()), int((planted["value"] == 0).sum())
    shown = int((others["value"] > 0).sum())
    bound = float((RARE * others["denominator"]).clip(upper_bound=1).sum())
    said = f"planted school: two signals or more in {two} of {len(seeds)} seeds, none in {none}; "
    said += f"others: {shown} of {others.height} show one or more, at most {bound:.0f} by chance"
    figures = {"planted_two": two, "planted_none": none, "others_shown": shown, "others": others.height, "bound": bound}
    return shown <= bound, said, figures


def planted_truths(seeds: range) -> Outcome:
    """Whether the sample's planted truths are as large, on average over seeds, as its settings say."""
    found = pl.DataFrame(
        [line for seed in seeds for line in sample_truths.sizes(seed)],
        schema={"truth": pl.String, "time_period": pl.String, "size": pl.Float64}, orient="row",
    )  # fmt: skip
    means = dict(found.group_by("truth").agg(pl.col("size").mean()).iter_rows())
    error = np.sqrt(1 / len(seeds) + 1 / TRUTHS_MEASURED_ON)
    off = {
        truth["truth"]: float((means[truth["truth"]] - truth["size"]) / (truth["seed_sd"] * error))
        for truth in truths() if truth["size"] is not None
    }  # fmt: skip
    worst = max(off, key=lambda name: abs(off[name]))
    said = f"{len(off)} truths; furthest: {worst}, {off[worst]:+.1f} standard errors from its size"
    return abs(off[worst]) <= STANDARD_ERRORS, said, {"standard_errors": off, "means": means}


def audiences(seeds: range) -> Outcome:
    """The attack on one release to every audience."""
    import soak_disclosure

    return soak_disclosure.audiences_judged(seeds)


def releases(seeds: range) -> Outcome:
    """The attack on six releases in a row."""
    import soak_disclosure

    return soak_disclosure.releases_judged(seeds)


def corrections(seeds: range) -> Outcome:
    """The attack on figures that are released again after corrections."""
    import soak_revisions

    return soak_revisions.judged(seeds)


def questions(seeds: range) -> Outcome:
    """Sequences of questions to the guard, attacked with everything that was released."""
    import soak_questions

    return soak_questions.judged(seeds)


def storms(seeds: range) -> Outcome:
    """Kills of runs and their processes at random moments, ten a seed, each seed resumed to its end."""
    import tempfile

    import soak_runs

    with tempfile.TemporaryDirectory() as folder:
        space = soak_runs.make_space(Path(folder) / "la")
        undisturbed = soak_runs.finish(space)
        wrong = [fault for seed in seeds for fault in soak_runs.storm(space, undisturbed, seed, KILLS)]
    said = f"{KILLS * len(seeds)} kills, {len(undisturbed)} files compared after each {KILLS}; "
    return not wrong, said + ("; ".join(wrong[:3]) or "none torn, missing or different"), {"wrong": wrong}


def changes(seeds: range) -> Outcome:
    """A changed file of one school, a workspace for each seed."""
    import tempfile

    import soak_changes
    import soak_runs

    made, wrong = [], []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            number, faults = soak_changes.judged(soak_runs.make_space(Path(folder) / "la"), seed)
        made.append(number)
        wrong += faults
    said = f"{min(made)} to {max(made)} reports made again; "
    return not wrong, said + ("; ".join(wrong[:3]) or "as found apart from the run"), {"wrong": wrong}


def tables(seeds: range, tests: Sequence[Path] = TABLE_TESTS, which: str = "") -> Outcome:
    """Tests of protection on small random tables, with other tables for every seed; of the files those named so."""
    python = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "-k", which, *map(str, tests)]
    failed = [
        seed for seed in seeds
        if subprocess.run([*python, f"--hypothesis-seed={seed}"], cwd=ROOT, capture_output=True).returncode
    ]  # fmt: skip
    return not failed, f"{len(failed)} of {len(seeds)} seeds failed", {"failed": failed}


def by_hand(seeds: range) -> Outcome:
    """Every notebook run in JupyterLab by a browser: it shows the figures of the batch."""
    python = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(LAB_TESTS), "-k", "by_hand"]
    done = subprocess.run(
        python, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "SENDLAB_ALL_BY_HAND": "1"}
    )
    said = done.stdout.strip().splitlines()[-1]
    return done.returncode == 0 and f"{len(NOTEBOOKS)} passed" in said, said, {}


def every_place(seeds: range) -> Outcome:
    """The invented authority by `sendlab demo`: all notebooks of all its places."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sendlab", "demo", folder, "--no-browser"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        pages = len(list(Path(folder).glob("reports/20*/**/*.html")))
    expected = (1 + 9 * 2) * len(NOTEBOOKS) + 1  # the LA, nine schools in two editions, and the board page
    return done.returncode == 0 and pages == expected, f"{pages} of {expected} pages", {"told": done.stdout[-500:]}


def second_solver(seeds: range) -> Outcome:
    """Every count that the audit of the Department's file gives back by all its sums, by the exact simplex of GLPK."""
    sys.path.insert(0, str(SOLVER_TESTS.parent))
    from conftest import REAL_DATA
    from test_audit_table import EXPECTED, audit_table, confirm, in_parts, of

    audit = audit_table(REAL_DATA / "exclusions_by_characteristic.csv.gz")
    names = list(EXPECTED)[seeds.start : seeds.stop]
    counts = {name: (*confirm(audit, name, in_parts(audit, name)), of(audit, name).at.size) for name in names}
    good = all(done == asked == found > 0 for done, asked, found in counts.values())
    said = "; ".join(f"{name}: {done:,} of {found:,}" for name, (done, _, found) in counts.items())
    return good, said, {"confirmed": {name: done for name, (done, _, _) in counts.items()}}


def browser(seeds: range) -> Outcome:
    """The explorer's browser tests, as often as there are seeds, in one JupyterLab."""
    tests = ["tests/test_browser_lab.py", "-k", "controls_by_label or a_cohort_is_narrowed", "-q", "-n", "0"]
    often = {**os.environ, "SENDLAB_REPEATS": str(len(seeds))}
    done = subprocess.run([sys.executable, "-m", "pytest", *tests], cwd=ROOT, env=often, capture_output=True, text=True)
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    return done.returncode == 0, f"{2 * len(seeds)} walks, {len(failed)} failed", {"failed": failed}


PARTS = {
    **{name: calibration(name) for name in calibrate.PARTS},
    **{case: flags(case) for case in soak_flags.CASES},
    **{case: disagreements(case) for case in soak_says.CASES},
    "informal exclusion": Part("other schools show no more signals than the index's own bound", signals,
                               range(60, 120), range(60, 64), (*MEASURES, SIGNAL_TESTS)),
    "planted truths": Part("every truth within 3 standard errors of the size in the sample's settings", planted_truths,
                           range(1001, 1101), range(1001, 1009), (*MEASURES, Path(sample_truths.__file__))),
    "the explorer in the browser": Part(
        "every walk through the explorer in a real JupyterLab ends as it should, none tried again", browser,
        range(1, 21), range(0), (*PACKAGE, ROOT / "tests" / "test_browser_lab.py")),
    "protection of small tables": Part("every pattern safe, the proven one as cheap as enumeration and the full model",
                                       tables, range(1, 21), range(0), (*PROTECTION, *TABLE_TESTS)),
    "protection of linked bases": Part("nobody is given away by rolls, plans, outcomes and their tables together",
                                       lambda seeds: tables(seeds, LINKED_TESTS, LINKED), range(1, 21), range(0),
                                       (*PROTECTION, *LINKED_TESTS)),
    "second solver": Part("every count that all sums of the published file give back is confirmed (4 indicators)",
                          second_solver, range(4), range(0), (*AUDIT, SOLVER_TESTS)),
    **{f"kill storm, seeds from {seed}": Part(
        "after resume every report is whole and equal to an undisturbed run's, none torn, none missing", storms,
        range(seed, seed + 5), range(seed, seed + (seed == 1)), (*PACKAGE, ROOT / "tools" / "soak_runs.py"))
       for seed in (1, 6, 11, 16)},
    "all notebooks in JupyterLab": Part("run by hand each shows the figures of the batch", by_hand, range(1), range(0),
                                        (*PACKAGE, *NOTEBOOK_FILES, LAB_TESTS)),
    "all notebooks of all places": Part("sendlab demo makes every page", every_place, range(1), range(0),
                                        (*PACKAGE, *NOTEBOOK_FILES)),
    "one changed file": Part("exactly the reports that show a changed figure are made again, and all are as made anew",
                             changes, range(1, 6), range(1, 1),
                             (*PACKAGE, ROOT / "tools" / "soak_runs.py", ROOT / "tools" / "soak_changes.py")),
    **{f"disclosure to audiences, seeds from {seed}": Part(
        "no count is given away to anybody or any school: board, schools' own editions, public", audiences,
        range(seed, seed + 10), range(seed, seed + (seed == 3001)),
        (*PUBLISHING, ROOT / "tools" / "soak_disclosure.py"))
       for seed in (3001, 3011)},
    **{f"disclosure of six releases, seeds from {seed}": Part(
        "no count is given away by six half-term releases in a row", releases, range(seed, seed + 2), range(0),
        (*PUBLISHING, ROOT / "tools" / "soak_disclosure.py"))
       for seed in range(3001, 3021, 2)},
    "disclosure of corrected figures": Part(
        "no count is given away by figures that are released again after corrections", corrections, range(3001, 3007),
        range(3001, 3002),
        (*PUBLISHING, ROOT / "tools" / "soak_disclosure.py", ROOT / "tools" / "soak_revisions.py")),
    **{f"sequences of questions, seeds from {seed}": Part(
        "no count is recovered from 30 answers and all published; not over 15 % of realistic questions refused",
        questions, range(seed, seed + 5), range(0),
        (*PUBLISHING, *(ROOT / "tools" / f"{name}.py" for name in QUESTION_TOOLS)))
       for seed in range(1, 201, 5)},
}  # fmt: skip


@cache
def code_mark(files: tuple[Path, ...]) -> str:
    """A checksum of what is checked and of the checking: a record of other code says nothing of this one."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in (*files, Path(__file__)))).hexdigest()


@cache
def commit() -> str:
    """The commit at hand when this began, and whether the tree had changes that it does not hold."""
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    changes = subprocess.run([*git, "status", "--porcelain", "sendlab", "tools"], capture_output=True, text=True)
    return "no commit" if head.returncode else head.stdout.strip() + (" and changes" if changes.stdout else "")


def record_of(name: str, seeds: range, folder: Path) -> tuple[Record | None, Path, str]:
    """The part's record where this code has made one; where it lies; and the code's mark."""
    file = folder / f"{name.replace(',', '').replace(' ', '_')}_{seeds.start}-{seeds.stop - 1}.json"
    code = code_mark(PARTS[name].code)
    record = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return (record if record.get("code") == code else None), file, code


def finished(name: str, seeds: range, folder: Path) -> Record:
    """The part's record: read where it is there, else made and written."""
    record, file, code = record_of(name, seeds, folder)
    if record is not None:
        return record
    began = time.perf_counter()
    good, said, figures = PARTS[name].run(seeds)
    record = {
        "part": name, "rule": PARTS[name].rule, "seeds": f"{seeds.start} to {seeds.stop - 1}", "ok": bool(good),
        "said": said, "seconds": round(time.perf_counter() - began), "commit": commit(),
        "date": date.today().isoformat(), "machine": machine(), "code": code, "figures": figures,
    }  # fmt: skip
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(record, indent=1), encoding="utf-8")
    unfinished.replace(file)  # a run cut short leaves no half-written record
    return record


def machine() -> str:
    """Cores, memory, system and Python."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB, {platform.system()}, Python " + (
        platform.python_version()
    )


COLUMNS = ("part", "rule", "seeds", "ok", "said", "seconds", "commit", "date")
HEADINGS = ("part", "rule", "seeds", "met", "figures", "seconds", "commit", "date")


def line_of(record: Record) -> str:
    """A record as a line of the table."""
    said = {**record, "ok": "yes" if record["ok"] else "**no**"}
    return f"| {' | '.join(str(said[name]) for name in COLUMNS)} |\n"


def table(lines: Sequence[str]) -> str:
    """Lines of records as a table of Markdown."""
    return f"| {' | '.join(HEADINGS)} |\n|{' --- |' * len(HEADINGS)}\n{''.join(lines)}"


def write_page(folder: Path) -> int:
    """Put the table of all parts into the page; 1 where some were never finished.

    A part that was not finished with this code keeps its line, which names the commit that it is about.
    """
    intro, _, below = PAGE.read_text(encoding="utf-8").partition(MARK)
    lines = {line.split(" | ")[0].removeprefix("| "): line for line in below.splitlines(keepends=True) if "|" in line}
    records = {name: record_of(name, part.seeds, folder)[0] for name, part in PARTS.items()}
    lines |= {name: line_of(record) for name, record in records.items() if record is not None}
    if missing := [name for name in PARTS if name not in lines]:
        print(f"not written: {', '.join(missing)} not finished; run make soak first", file=sys.stderr)
        return 1
    if older := [name for name, record in records.items() if record is None]:
        print(f"kept as they stand, of an earlier commit: {', '.join(older)}")
    where = f"Machine: {machine()}, shared with other work; seconds are wall time."
    whole = table([lines[name] for name in PARTS])
    PAGE.write_text(f"{intro}{MARK}\n\n{where}\n\n{whole}", encoding="utf-8", newline="\n")
    return 0


def main(words: Sequence[str] | None = None) -> int:
    """Run the parts asked for; 1 if any of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a few seeds of each part, as CI does")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="may be repeated; default all")
    parser.add_argument("--list", action="store_true", help="name the parts, their seeds and rules, and stop")
    parser.add_argument("--write", action="store_true", help="put the table of all parts into docs/soak.md")
    parser.add_argument("--out", type=Path, default=ROOT / ".soak", help="folder of finished parts")
    asked = parser.parse_args(words)
    if asked.write and (asked.short or asked.part):
        parser.error("--write is of all parts in full")
    if asked.list:
        print("\n".join(f"{n}: seeds {p.seeds.start} to {p.seeds.stop - 1}; {p.rule}" for n, p in PARTS.items()))
        return 0
    asked.out.mkdir(parents=True, exist_ok=True)
    for part in PARTS.values():  # now, as the code is loaded: the tree may change while this runs
        code_mark(part.code)
    commit()
    records = []
    for name in asked.part or PARTS:
        seeds = PARTS[name].short if asked.short else PARTS[name].seeds
        if not seeds:  # too long for a short soak
            print(f"left out: {name} (in the full soak only)", flush=True)
            continue
        records.append(finished(name, seeds, asked.out))
        print(f"{'ok' if records[-1]['ok'] else 'failed'}: {name}: {records[-1]['said']}", flush=True)
    print("\n" + table([line_of(record) for record in records]))
    bad = int(not all(record["ok"] for record in records))
    return (write_page(asked.out) if asked.write else 0) or bad


if __name__ == "__main__":
    sys.exit(main())
