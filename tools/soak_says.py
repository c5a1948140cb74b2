"""How many disagreements between ratings and figures are found, and how many are false, on simulated authorities.

Facts of pupils are drawn as in soak_flags, attendance and suspensions measured by the functions that build calls, plans
and answers drawn as counts; all is set beside the nation by phase or the rest of the LA by `gap_rows`, and rounded as
for publication (nothing hidden). Ratings are drawn apart from the figures. Where a disagreement is planted, the school
rates the statement against what was done to its figures.

Planted are differences that a board would act on, at schools with 30 people or more in the group: twice or half the
absence; two and a half times the suspensions (at secondary schools: at primary schools there are too few to tell);
36 % or 84 % of pupils with conversations with their parents where it is 60 % elsewhere. About half as large ones are
planted too, to say how many of them are missed. False is a disagreement at a school whose measure nothing was done to,
or on the other side.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
from soak_flags import (
    MISSED,
    PRIMARY,
    SECONDARY,
    SUSPENDED,
    Rng,
    absences,
    as_facts,
    pupils_of,
    suspensions,
)

from sendlab import metrics
from sendlab.compare import gap_rows
from sendlab.compare.says_shows import DISAGREES, FEWEST, FEWEST_TO_NAME, HELD, LESS, MORE, RATING, says_shows
from sendlab.disclosure.rounding import COUNTS_ONLY_BELOW, places, rounded
from sendlab.metrics.cards import card
from sendlab.metrics.grouping import LA, REST, SCHOOL
from sendlab.metrics.sef.ties import tied
from sendlab.schema.measures import as_measures
from sendlab.stats.intervals import wilson

YEAR, GROUP, ALL = "202526", "SEN support", "All SEN"
OF_FACTS = ("absence", "persistent_absence", "suspension_rate", "suspended_once_or_more")
MEAN, SD = 6.0, 2.0  # of ratings
HELD_TALKS, PLANS, AGREE = 0.6, 0.85, 0.6  # shares of pupils with conversations, with plans, who agree
QUESTIONS = ("feels safe", "knows targets", "listened to", "support helps")
CORRELATION = 4.0  # one pupil's answers go together: beta with this sum of its two parameters
SCHOOLS = PRIMARY + SECONDARY
EACH = 3  # schools of each kind of disagreement
POWER = 0.80
RULES = (FEWEST, FEWEST_TO_NAME)  # a school's own report, and a list of schools


class Kind(NamedTuple):
    """A kind of disagreement: of which statement, by which measures it shows, how their figures are changed."""

    statement: str
    verdict: str
    measures: tuple[str, ...]
    secondary: bool = False
    times: float = 1.0


TALKS = ("termly_conversation_with_parents",)
# By how much, in the order of the kinds: what a board would act on, and about half as far.
SIZES = {"planted": (2.0, 0.5, 2.5, 0.6, 1.4), "planted smaller": (1.5, 0.67, 1.75, 0.75, 1.25)}
KINDS = (
    Kind("O6", MORE, ("absence", "persistent_absence")),
    Kind("O6", LESS, ("absence", "persistent_absence")),
    Kind("O7", MORE, ("suspension_rate", "suspended_once_or_more"), secondary=True),
    Kind("M1", MORE, TALKS),
    Kind("O2", LESS, TALKS),
)


class Seed(NamedTuple):
    """Of one seed: the share of disagreements that are false, how many there are; of those planted which were found."""

    false_share: float
    found: int
    hits: list[tuple[str, bool]]


def seed_of(seed: int, *, sizes: tuple[float, ...] = ()) -> list[Seed]:
    """Disagreements of all schools of one authority, by each of the rules on few people."""
    rng = np.random.default_rng((seed, 1000 + bool(sizes)))
    pupils = pupils_of(rng)
    kinds = [kind._replace(times=times) for kind, times in zip(KINDS, sizes, strict=False)]
    chosen = _chosen(rng, pupils, kinds)
    rows = pl.concat([_facts_rows(rng, pupils, chosen), _count_rows(rng, pupils, chosen)])
    shown = pl.concat([as_published(rows), _ratings(rng, chosen)])
    return [_counted(says_shows(shown, time_period=YEAR, fewest=fewest), chosen) for fewest in RULES]


def _chosen(rng: Rng, pupils: pl.DataFrame, kinds: list[Kind]) -> list[tuple[int, Kind]]:
    """(school, kind of disagreement), no school twice; only where the group is of 30 or more."""
    many = pupils.filter(pl.col("sen_provision") == GROUP).group_by("place").len().filter(pl.col("len") >= 30)
    free = list(rng.permutation(many["place"].sort().to_numpy()))
    chosen: list[tuple[int, Kind]] = []
    for kind in sorted(kinds, key=lambda kind: not kind.secondary):
        fit = [place for place in free if place >= PRIMARY or not kind.secondary][:EACH]
        chosen += [(int(place), kind) for place in fit]
        free = [place for place in free if place not in fit]
    return chosen


def _times(chosen: list[tuple[int, Kind]], measure: str) -> np.ndarray:
    """By what the figures of each school are multiplied."""
    times = np.ones(SCHOOLS)
    for place, kind in chosen:
        if measure in kind.measures:
            times[place] = kind.times
    return times


def _facts_rows(rng: Rng, pupils: pl.DataFrame, chosen: list[tuple[int, Kind]]) -> pl.DataFrame:
    """Attendance and suspensions with their gaps to the nation's schools of the phase."""
    place, group = pupils["place"].to_numpy(), pupils["group"].to_numpy()
    affected = (pupils["sen_provision"] == GROUP).to_numpy()
    rate = np.array([SUSPENDED[phase] for phase in ("Primary", "Secondary")])[(place >= PRIMARY).astype(int), group]
    more, less = (np.where(affected, _times(chosen, name)[place], 1.0) for name in ("suspension_rate", "absence"))
    events, missed = suspensions(rng, rate * more), absences(rng, np.array(MISSED)[group] * less)
    facts = as_facts(pupils, suspensions=events, permanent_exclusions=0 * events, **missed)
    rows = pl.concat([getattr(metrics, name)(facts, by=("sen_provision",)) for name in OF_FACTS])
    rows = pl.concat([rows.filter(pl.col("sen_provision") == GROUP), nation()])
    return pl.concat([rows, gap_rows(rows)])


@cache
def nation() -> pl.DataFrame:
    """The same group of a large nation, by phase."""
    rng, many = np.random.default_rng(1), 400_000
    rows = []
    for phase in ("Primary", "Secondary"):
        events = suspensions(rng, np.full(many, SUSPENDED[phase][1]))
        held = absences(rng, np.full(many, MISSED[1]))
        missed, possible = held["sessions_authorised"], held["sessions_possible"]
        figures = (missed.sum() / possible.sum(), (10 * missed >= possible).mean(), events.mean(), (events > 0).mean())
        rows += [
            {"measure": measure, "value": 100 * float(figure), "education_phase": phase}
            for measure, figure in zip(OF_FACTS, figures, strict=True)
        ]
    return as_measures(pl.DataFrame(rows).with_columns(
        time_period=pl.lit(YEAR), time_identifier=pl.lit("Academic year"), geographic_level=pl.lit("National"),
        place_code=pl.lit("E92000001"), place_name=pl.lit("England"), sen_provision=pl.lit(GROUP),
    ))  # fmt: skip


def _count_rows(rng: Rng, pupils: pl.DataFrame, chosen: list[tuple[int, Kind]]) -> pl.DataFrame:
    """Plans, conversations and answers as shares, with their gaps to the rest of the LA."""
    n = pupils.filter(pl.col("group") > 0).group_by("place").len().sort("place")["len"].to_numpy()
    talks = rng.binomial(n, HELD_TALKS * _times(chosen, TALKS[0]))
    rows = [
        _shares(TALKS[0], ALL, "Total", talks, n),
        _shares("plan_coverage", ALL, "Total", rng.binomial(n, PLANS), n),
    ]
    asked = np.minimum(n, rng.integers(8, 60, SCHOOLS))
    answers = [rng.binomial(len(QUESTIONS) * [1], one[:, None]) for one in _leanings(rng, asked)]
    for number, name in enumerate(QUESTIONS):
        agree = np.array([int(school[:, number].sum()) for school in answers])
        rows.append(_shares("pupils_agree", "Total", name, agree, asked))
    figures = pl.concat(rows)
    return pl.concat([figures, gap_rows(figures, comparators=[REST])])


def _leanings(rng: Rng, asked: np.ndarray) -> list[np.ndarray]:
    return [rng.beta(CORRELATION * AGREE, CORRELATION * (1 - AGREE), size) for size in asked]


def _shares(measure: str, group: str, item: str, x: np.ndarray, n: np.ndarray) -> pl.DataFrame:
    """Rows of the schools, the LA and the LA without each school."""
    codes = [f"{100_000 + place}" for place in range(SCHOOLS)]
    tops, bottoms = np.r_[x, x.sum(), x.sum() - x], np.r_[n, n.sum(), n.sum() - n]
    lower, upper = wilson(tops, bottoms)
    levels = [SCHOOL] * SCHOOLS + [LA] + [REST] * SCHOOLS
    return as_measures(pl.DataFrame({
        "measure": measure, "time_period": YEAR, "time_identifier": "Academic year", "geographic_level": levels,
        "place_code": [*codes, "999", *codes], "place_name": [f"School {code}" for code in [*codes, "LA", *codes]],
        "education_phase": [*_phases(), "Total", *_phases()], "sen_provision": group, "item": item,
        "numerator": tops.astype(float), "denominator": bottoms.astype(float), "base_subjects": bottoms,
        "value": 100 * tops / bottoms, "lower": 100 * lower, "upper": 100 * upper, "unit": card(measure).unit,
    }))  # fmt: skip


def _phases() -> list[str]:
    return ["Primary" if place < PRIMARY else "Secondary" for place in range(SCHOOLS)]


def as_published(rows: pl.DataFrame) -> pl.DataFrame:
    """Figures and gaps of schools and the nation as they are rounded for publication; below 10 people counts only."""
    kinds, decimals = ({name: getattr(card(name), what) for name in rows["measure"].unique()}
                       for what in ("kind", "decimals"))  # fmt: skip
    kept = rows.filter(pl.col("geographic_level").is_in([SCHOOL, "National"]))
    kind = pl.col("measure").replace_strict(kinds, return_dtype=pl.String)
    places_ = places(pl.col("base_subjects"), kind, pl.col("measure").replace_strict(decimals, return_dtype=pl.Int64))
    made = kept.with_columns(places_.fill_null(pl.col("measure").replace_strict(decimals)).alias("places"))
    figures = ("value", "lower", "upper")
    few = (pl.col("base_subjects") < COUNTS_ONLY_BELOW).fill_null(False)
    made = rounded(made, figures, "places").drop("places")
    return made.with_columns(*(pl.when(~few).then(name).alias(name) for name in figures))


def _ratings(rng: Rng, chosen: list[tuple[int, Kind]]) -> pl.DataFrame:
    """Ratings of every school and statement; where a disagreement is planted 8 to 10, or 1 to 3."""
    statements = list(tied())
    given = np.clip(np.round(rng.normal(MEAN, SD, (SCHOOLS, len(statements)))), 1, 10)
    for place, kind in chosen:
        given[place, statements.index(kind.statement)] = (
            rng.integers(8, 11) if kind.verdict == MORE else rng.integers(1, 4)
        )
    codes = [f"{100_000 + place}" for place in range(SCHOOLS)]
    return as_measures(pl.DataFrame({
        "measure": RATING, "time_period": YEAR, "time_identifier": "Academic year", "geographic_level": SCHOOL,
        "place_code": np.repeat(codes, len(statements)),
        "place_name": np.repeat([f"School {code}" for code in codes], len(statements)),
        "education_phase": np.repeat(_phases(), len(statements)), "item": statements * SCHOOLS, "value": given.ravel(),
    }))  # fmt: skip


def _counted(lines: pl.DataFrame, chosen: list[tuple[int, Kind]]) -> Seed:
    truth = {(f"{100_000 + place}", measure): kind.verdict for place, kind in chosen for measure in kind.measures}
    found = lines.filter(pl.col("verdict").is_in(DISAGREES)).select("place_code", "statement", "measure", "verdict")
    wrong = [truth.get((code, measure)) != verdict for code, _, measure, verdict in found.iter_rows()]
    told = {(code, statement, verdict) for code, statement, _, verdict in found.iter_rows()}
    hits = [
        (f"{kind.statement} {kind.verdict}", (f"{100_000 + place}", kind.statement, kind.verdict) in told)
        for place, kind in chosen
    ]
    return Seed(sum(wrong) / max(1, len(wrong)), len(wrong), hits)


CASES: dict[str, tuple[float, ...]] = {
    "says against shows, all alike": (),
    **{f"says against shows, {name}": sizes for name, sizes in SIZES.items()},
}


def judged(case: str, seeds: range) -> tuple[bool, str, dict[str, float]]:
    """Whether false findings are at most 10 % and 2 standard errors; where a board would act, 80 % found; in words."""
    by_seed = [seed_of(seed, sizes=CASES[case]) for seed in seeds]
    good, words, figures = True, [], {}
    for fewest, made in zip(RULES, zip(*by_seed, strict=True), strict=True):
        shares = np.array([one.false_share for one in made])
        mean, error = float(shares.mean()), float(shares.std(ddof=1) / np.sqrt(len(shares)))
        found = sum(one.found for one in made) / len(made)
        said = f"on {fewest} people or more: false {100 * mean:.1f} % (standard error {100 * error:.1f})"
        said += f" of {found:.1f} disagreements a seed"
        powers = _powers([hit for one in made for hit in one.hits])
        if powers:
            least = min(powers, key=lambda kind: powers[kind])
            said += (
                f", {100 * powers['all']:.0f} % of those planted found (least: {least}, {100 * powers[least]:.0f} %)"
            )
        words.append(said)
        good &= mean <= HELD + 2 * error
        good &= CASES[case] != SIZES["planted"] or powers["all"] >= POWER
        figures |= {f"false_share_{fewest}": mean, f"standard_error_{fewest}": error, f"found_{fewest}": found}
        figures |= {f"power_{fewest}, {kind}": power for kind, power in powers.items()}
    return good, "; ".join(words), figures


def _powers(hits: list[tuple[str, bool]]) -> dict[str, float]:
    """The share found of all that was planted, and of each kind."""
    kinds = dict.fromkeys(kind for kind, _ in hits)
    by_kind = {kind: float(np.mean([hit for name, hit in hits if name == kind])) for kind in kinds}
    return by_kind | {"all": float(np.mean([hit for _, hit in hits]))} if hits else {}
