"""Measures how often the intervals of sendlab.stats hold the truth, on simulated data; what `make soak` runs.

python tools/calibrate.py --out FOLDER [--part NAME ...] [--seeds 0-1999] [--list]

Each part writes FOLDER/PART_SEEDS.json when it is finished, and is not run again where that file is there and was
made by the same code, so a run that was cut short goes on where it stopped. A seed is one replicate of every point of
a part's grid. One line a part; exit status 1 if any part failed.

Rules (3 standard errors of 2,000 seeds are about 1.5 points):
  exact    coverage at every grid point at least 95 % less 3 standard errors
  average  94 to 96 % over the grid; the lowest point is printed, and judged by nothing
  band     93.5 to 96.5 % at every grid point, give or take 2 standard errors for the simulation itself, and on
           average without them; groups below the stated size are printed apart and judged by nothing
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sendlab.stats import intervals, ratios

AIM = 0.95
AVERAGE, BAND = (0.94, 0.96), (0.935, 0.965)
Rng = np.random.Generator
Floats = np.ndarray


@dataclass
class Point:
    """One point of a grid: what was simulated, the share of seeds whose limits held the truth, and if it is judged."""

    label: str
    coverage: float
    below: float  # seeds whose limits lay wholly below the truth
    above: float
    judged: bool = True
    why_not: str = ""


@dataclass(frozen=True)
class Part:
    """What a part measures and the rule it must meet."""

    rule: Literal["exact", "average", "band"]
    run: Callable[[range], list[Point]]


def point(label: str, limits: tuple[Floats, Floats], truth: float | Floats, why_not: str = "") -> Point:
    """A point from limits, one a seed. Limits that are not numbers hold nothing."""
    lower, upper = limits
    within = (lower <= truth) & (truth <= upper)
    return Point(label, float(within.mean()), float((upper < truth).mean()), float((lower > truth).mean()),
                 not why_not, why_not)  # fmt: skip


def draws(seeds: range, draw: Callable[[Rng], Floats], key: int) -> Floats:
    """One draw a seed, stacked; `key` keeps the points of a part apart."""
    return np.stack([np.asarray(draw(np.random.default_rng((seed, key)))) for seed in seeds])


# ---- shares and events: few numbers a seed

SIZES, SHARES = (5, 10, 20, 30, 60, 120, 300, 1000), (0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97)
EXPOSURES, RATES = (20, 60, 150, 500, 2000), (0.002, 0.02, 0.08, 0.25, 0.6)


def binomial_counts(seeds: range) -> Floats:
    """Seeds by sizes by shares."""
    n, p = np.array(SIZES)[:, None], np.array(SHARES)[None, :]
    return draws(seeds, lambda rng: rng.binomial(n, p), 1)


def shares(method: Callable[..., tuple[Floats, Floats]]) -> Callable[[range], list[Point]]:
    """Coverage of an interval of one share."""

    def run(seeds: range) -> list[Point]:
        counts = binomial_counts(seeds)
        return [
            point(f"n {n}, p {p}", method(counts[:, i, j], n), p)
            for i, n in enumerate(SIZES) for j, p in enumerate(SHARES)
        ]  # fmt: skip

    return run


def garwood(seeds: range) -> list[Point]:
    """Coverage of exact limits of a rate."""
    mean = np.array(EXPOSURES)[:, None] * np.array(RATES)[None, :]
    counts = draws(seeds, lambda rng: rng.poisson(mean), 2)
    return [
        point(f"exposure {n}, rate {rate}", intervals.garwood(counts[:, i, j], n), rate)
        for i, n in enumerate(EXPOSURES) for j, rate in enumerate(RATES)
    ]  # fmt: skip


RATIOS = [(n1, n0, rate, ratio) for n1, n0 in ((40, 400), (150, 150), (300, 3000)) for rate in (0.01, 0.08, 0.3)
          for ratio in (0.5, 1.0, 2.5)]  # fmt: skip


def rate_ratio(seeds: range) -> list[Point]:
    """Coverage of exact limits of a ratio; where neither side has events nothing is claimed, which counts as held."""
    found = []
    for key, (n1, n0, rate, ratio) in enumerate(RATIOS):
        k = draws(seeds, lambda rng, a=n1 * rate * ratio, b=n0 * rate: rng.poisson([a, b]), 100 + key)
        empty, result = k.sum(axis=1) == 0, ratios.rate_ratio(k[:, 0], n1, k[:, 1], n0)
        limits = np.where(empty, 0.0, result.lower), np.where(empty, np.inf, result.upper)
        found.append(point(f"{n1} v {n0} pupils, rate {rate}, ratio {ratio}", limits, ratio))
    return found


PAIRS = [(n1, p1, n0, p0) for n1, n0 in ((10, 30), (20, 20), (30, 300), (100, 100), (200, 1000))
         for p1, p0 in ((0.05, 0.02), (0.1, 0.1), (0.3, 0.1), (0.5, 0.3), (0.35, 0.65), (0.9, 0.7))]  # fmt: skip


def newcombe(seeds: range) -> list[Point]:
    """Coverage of the difference of two independent shares."""
    found = []
    for key, (n1, p1, n0, p0) in enumerate(PAIRS):
        x = draws(seeds, lambda rng, n=(n1, n0), p=(p1, p0): rng.binomial(n, p), 200 + key)
        limits = intervals.newcombe(x[:, 0], n1, x[:, 1], n0)
        found.append(point(f"{n1} at {p1} v {n0} at {p0}", limits, p1 - p0))
    return found


TABLES = [(n, p1, p0, both) for n in (20, 50, 200) for p1, p0, both in (
    (0.3, 0.2, 0.15), (0.5, 0.5, 0.4), (0.7, 0.5, 0.4), (0.9, 0.8, 0.75), (0.2, 0.2, 0.04))]  # fmt: skip


def newcombe_paired(seeds: range) -> list[Point]:
    """Coverage of the difference of two shares of the same pupils; `both`: the share who say yes twice."""
    found = []
    for key, (n, p1, p0, both) in enumerate(TABLES):
        cells = (both, p1 - both, p0 - both, 1 - p1 - p0 + both)
        x = draws(seeds, lambda rng, n=n, cells=cells: rng.multinomial(n, cells), 300 + key)
        found.append(point(f"{n} pupils, {p1} v {p0}, both {both}", intervals.newcombe_paired(*x.T), p1 - p0))
    return found


# ---- pupils: suspensions that cluster

# pupils, suspensions a pupil and year, dispersion; few pupils have many: negative binomial
GROUPS = [(n, rate, phi) for n in (30, 60, 100, 200, 500, 1500)
          for rate, phi in ((0.05, 2.0), (0.12, 3.0), (0.28, 2.5), (0.28, 4.4), (0.28, 7.0), (0.6, 4.4))]  # fmt: skip
ENOUGH = 8.0  # suspensions expected over dispersion: about so many pupils, each suspended independently of the others
TOO_FEW = f"fewer than {ENOUGH:g} effective suspensions expected: often no pupil with many is among them"


def event_sums(rng: Rng, n: int, rate: float, phi: float) -> Floats:
    """Events and squares of one group."""
    y = rng.negative_binomial(rate / (phi - 1), 1 / phi, n)
    return np.array([y.sum(), (y * y).sum()], dtype=float)


def few(*groups: tuple[int, float, float]) -> str:
    """Why a point is not judged, if it is not."""
    return "" if all(n * rate / phi >= ENOUGH for n, rate, phi in groups) else TOO_FEW


def clustered_events(seeds: range) -> list[Point]:
    """Coverage of a group's suspension rate."""
    found = []
    for key, group in enumerate(GROUPS):
        sums = draws(seeds, lambda rng, group=group: event_sums(rng, *group), 400 + key)
        limits = intervals.clustered_events(sums[:, 0], group[0], sums[:, 1])
        label = "{} pupils, rate {}, dispersion {}".format(*group)
        found.append(point(label, limits, group[1], few(group)))
    return found


TWO_GROUPS = [
    ((40, 0.6, 4.4), (200, 0.12, 3.0)), ((60, 0.28, 2.5), (600, 0.12, 3.0)), ((100, 0.28, 2.5), (100, 0.28, 2.5)),
    ((150, 0.28, 4.4), (800, 0.08, 2.5)), ((200, 0.28, 4.4), (200, 0.28, 4.4)), ((200, 0.28, 4.4), (1500, 0.12, 3.0)),
    ((400, 0.28, 7.0), (1500, 0.12, 4.0)), ((500, 0.28, 4.4), (2000, 0.08, 2.5)), ((100, 0.05, 1.5), (1000, 0.05, 2.5)),
]  # fmt: skip


def clustered_rate_ratio(seeds: range) -> list[Point]:
    """Coverage of the ratio of two groups' suspension rates."""
    found = []
    for key, groups in enumerate(TWO_GROUPS):
        sums = draws(seeds, lambda rng, groups=groups: np.concatenate([event_sums(rng, *g) for g in groups]), 500 + key)
        (n1, rate1, _), (n0, rate0, _) = groups
        result = ratios.clustered_rate_ratio(sums[:, 0], n1, sums[:, 1], sums[:, 2], n0, sums[:, 3])
        label = " v ".join("{} pupils, rate {}, dispersion {}".format(*group) for group in groups)
        found.append(point(label, (result.lower, result.upper), rate1 / rate0, few(*groups)))
    return found


# ---- pupils: sessions missed

# mean and standard deviation of pupils' own chances of missing a session: about no SEN, all, SEN support, plans, worst
PROPENSITIES = ((0.05, 0.05), (0.07, 0.075), (0.105, 0.11), (0.13, 0.14), (0.25, 0.25))
SMALLEST = {"identity": 200, "logit": 60}


def absence(scale: Literal["identity", "logit"]) -> Callable[[range], list[Point]]:
    """Coverage of a group's rate of absence: beta propensities, one pupil in seven there for part of the year."""

    def sums(rng: Rng, n: int, mean: float, sd: float) -> Floats:
        strength = mean * (1 - mean) / sd**2 - 1
        whole = rng.random(n) < 6 / 7
        m = np.where(whole, rng.integers(370, 381, n), rng.integers(30, 370, n))
        a = rng.binomial(m, rng.beta(mean * strength, (1 - mean) * strength, n))
        return np.array([a.sum(), m.sum(), (a * a).sum(), (a * m).sum(), (m * m).sum()], dtype=float)

    def run(seeds: range) -> list[Point]:
        found = []
        for key, (n, (mean, sd)) in enumerate((n, p) for n in (10, 30, 60, 100, 200, 500, 1500) for p in PROPENSITIES):
            held = draws(seeds, lambda rng, n=n, mean=mean, sd=sd: sums(rng, n, mean, sd), 600 + key)
            limits = intervals.ratio_of_sums_from(n, *held.T, scale=scale)
            why_not = "" if n >= SMALLEST[scale] else f"fewer than {SMALLEST[scale]} pupils: absence is too skewed"
            found.append(point(f"{n} pupils, mean {mean}, sd {sd}", limits, mean, why_not))
        return found

    return run


PARTS = {
    "clopper_pearson": Part("exact", shares(intervals.clopper_pearson)),
    "garwood": Part("exact", garwood),
    "rate_ratio": Part("exact", rate_ratio),
    "wilson": Part("average", shares(intervals.wilson)),
    "newcombe": Part("average", newcombe),
    "newcombe_paired": Part("average", newcombe_paired),
    "clustered_events": Part("band", clustered_events),
    "clustered_rate_ratio": Part("band", clustered_rate_ratio),
    "ratio_of_sums": Part("band", absence("identity")),
    "ratio_of_sums_logit": Part("band", absence("logit")),
}


def verdict(rule: str, points: list[Point], seeds: int) -> tuple[bool, str]:
    """Whether the rule is met, and the figures that say so."""
    judged = [p for p in points if p.judged]
    coverage = np.array([p.coverage for p in judged])
    lowest, highest = judged[int(coverage.argmin())], judged[int(coverage.argmax())]
    mean = float(coverage.mean())
    error = np.sqrt(AIM * (1 - AIM) / seeds)
    if rule == "exact":
        good = lowest.coverage >= AIM - 3 * error
    elif rule == "average":
        good = AVERAGE[0] <= mean <= AVERAGE[1]
    else:
        inside = BAND[0] - 2 * error <= lowest.coverage and highest.coverage <= BAND[1] + 2 * error
        good = inside and BAND[0] <= mean <= BAND[1]
    said = f"mean {100 * mean:.2f} %, lowest {100 * lowest.coverage:.2f} % ({lowest.label}), "
    said += f"highest {100 * highest.coverage:.2f} %, {len(judged)} points"
    apart = [p.coverage for p in points if not p.judged]
    if apart:
        said += f"; {len(apart)} apart {100 * min(apart):.1f} to {100 * max(apart):.1f} % ({next_reason(points)})"
    return bool(good), said


def next_reason(points: list[Point]) -> str:
    """Why some points are not judged."""
    return next(p.why_not for p in points if not p.judged)


def code_mark() -> str:
    """A checksum of what is measured and of the measuring: a record made by other code says nothing of this one."""
    files = [*sorted(Path(intervals.__file__).parent.glob("*.py")), Path(__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def finished(name: str, seeds: range, folder: Path) -> dict[str, object]:
    """The part's record: read where it is there, else made and written."""
    file = folder / f"{name}_{seeds.start}-{seeds.stop - 1}.json"
    code = code_mark()
    if file.exists():
        record: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
        if record.get("code") == code:
            return record
    points = PARTS[name].run(seeds)
    good, said = verdict(PARTS[name].rule, points, len(seeds))
    record = {"part": name, "rule": PARTS[name].rule, "seeds": [seeds.start, seeds.stop - 1], "ok": good, "said": said,
              "code": code, "points": [asdict(p) for p in points]}  # fmt: skip
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(record, indent=1), encoding="utf-8")
    unfinished.replace(file)  # a run cut short leaves no half-written record
    return record


def seed_range(text: str) -> range:
    """Seeds A to B, both included."""
    first, _, last = text.partition("-")
    if not (first.isdigit() and last.isdigit() and int(first) < int(last)):
        raise argparse.ArgumentTypeError(f"'{text}' is not a range of seeds such as 0-1999")
    return range(int(first), int(last) + 1)


def main() -> int:
    """Run the parts asked for; 1 if any of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(".calibration"), help="folder of finished parts")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="may be repeated; default all")
    parser.add_argument("--seeds", type=seed_range, default=range(2000), help="A-B, both included; default 0-1999")
    parser.add_argument("--list", action="store_true", help="name the parts and their rules, and stop")
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(f"{name}: {part.rule}" for name, part in PARTS.items()))
        return 0
    asked.out.mkdir(parents=True, exist_ok=True)
    good = True
    for name in asked.part or PARTS:
        record = finished(name, asked.seeds, asked.out)
        print(f"{'ok' if record['ok'] else 'failed'}: {name}: {record['said']}", flush=True)
        good = good and bool(record["ok"])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
