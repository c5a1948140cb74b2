"""How many flags are false, on simulated authorities whose schools are alike but for excesses planted in a few.

Facts of pupils are drawn, the measures made of them by the functions that build calls, and the flags of those: so what
is measured is the whole way that a school's flag goes. A false flag is one at a school, group and measure that nothing
was planted in, or one on the wrong side.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from sendlab import metrics
from sendlab.compare import funnel_flags
from sendlab.facts import make_facts
from sendlab.metrics.fairness.disproportionality import exclusion_comparisons
from sendlab.metrics.fairness.pairs import AREAS, WITHOUT_SEN
from sendlab.metrics.grouping import LA, SCHOOL
from sendlab.schema.groups import ALL_SEN, TOTAL
from sendlab.schema.tables import TABLES

Rng = np.random.Generator
SHARE_HELD = 0.05  # of false flags among all, as both functions hold it by default
PRIMARY, SECONDARY, PLANTED_SCHOOLS = 40, 20, 3
GROUPS, SHARES = np.array(["No SEN", "SEN support", "EHC plan"]), (0.81, 0.14, 0.05)
CHOSEN = "SEN support"  # the group that excesses are planted in
AFFECTED = (CHOSEN, ALL_SEN, TOTAL)  # the groups in which it is counted
TERMS = ["Autumn term", "Spring term", "Summer term"]
# mean chance of missing a session by provision; suspensions a pupil in primary and secondary schools
MISSED, SPREAD = (0.06, 0.10, 0.13), 0.9  # standard deviation as a share of the mean
SUSPENDED, DISPERSION = {"Primary": (0.02, 0.08, 0.10), "Secondary": (0.10, 0.28, 0.30)}, 3.0
EXCLUDED = 0.002  # permanently, a pupil
MORE_MISSED, MORE_SUSPENDED = 2.0, 3.0  # times, where planted
SIDES = {
    "absence": "above", "persistent_absence": "above", "severe_absence": "above", "attendance_98": "below",
    "sessions_affordable": "below", "suspension_rate": "above", "suspended_once_or_more": "above",
    "suspended_again": "above",
}  # fmt: skip
OF_SUSPENSIONS = ("suspension_rate", "suspended_once_or_more", "suspended_again")
MADE = pl.DataFrame({"measure": list(SIDES), "side": list(SIDES.values())}).with_columns(
    pl.col("measure").is_in(OF_SUSPENSIONS).alias("of_suspensions")
)
EMPTY = make_facts(
    {name: pl.DataFrame(schema=table.polars_schema) for name, table in TABLES.items()}, la_code="999", la_name="Soak"
)


class Seed(NamedTuple):
    """One seed: the share of its flags that is false, how many there are, and of those planted how many were found."""

    false_share: float
    flags: int
    planted: int
    found: int


def pupils_of(rng: Rng) -> pl.DataFrame:
    """Pupils of an authority: place, phase, provision, and need of those with SEN; nothing of what befell them."""
    sizes = np.r_[rng.integers(120, 500, PRIMARY), rng.integers(600, 1300, SECONDARY)]
    place = np.repeat(np.arange(len(sizes)), sizes)
    group = rng.choice(len(GROUPS), len(place), p=SHARES)
    need = np.where(group == 0, "No SEN", np.array(AREAS)[rng.integers(0, len(AREAS), len(place))])
    return pl.DataFrame({
        "place": place, "group": group, "sen_provision": GROUPS[group], "need_area": need,
        "education_phase": np.where(place < PRIMARY, "Primary", "Secondary"),
    })  # fmt: skip


def as_facts(pupils: pl.DataFrame, **columns: np.ndarray) -> pl.DataFrame:
    """Rows of facts of pupils of one year, with these columns known and all others missing."""
    code = (100_000 + pl.col("place")).cast(pl.String)
    rows = pupils.with_row_index("pupil_id").with_columns(
        pl.col("pupil_id").cast(pl.String), code.alias("place_code"), code.alias("school_id"),
        pl.format("School {}", code).alias("place_name"), pl.lit("202526").alias("time_period"),
        pl.lit("999").alias("la_code"), pl.lit("Soak").alias("la_name"), pl.lit("N").alias("boarder"),
        pl.lit(10).alias("age_at_31_august"), pl.lit("8").alias("nc_year"), pl.lit(True).alias("on_roll"),
        *(pl.lit("January census").alias(name) for name in ("roll_basis", "sen_basis")),
        pl.lit("").alias("attendance_status"), pl.lit(TERMS).alias("attendance_terms"),
        pl.lit(TERMS).alias("event_terms"), *(pl.Series(name, values) for name, values in columns.items()),
    )  # fmt: skip
    known = [pl.col(name).cast(dtype) for name, dtype in EMPTY.schema.items() if name in rows.columns]
    return pl.concat([EMPTY, rows.select(known)], how="diagonal")


def suspensions(rng: Rng, mean: np.ndarray) -> np.ndarray:
    """Suspensions of pupils: few have many (negative binomial)."""
    return rng.negative_binomial(mean / (DISPERSION - 1), 1 / DISPERSION)


def absences(rng: Rng, mean: np.ndarray) -> dict[str, np.ndarray]:
    """Sessions possible and missed of pupils; each has a chance of missing one of their own (beta)."""
    strength = (1 - mean) / (mean * SPREAD**2) - 1
    possible = rng.integers(340, 381, len(mean))
    missed = rng.binomial(possible, rng.beta(mean * strength, (1 - mean) * strength))
    return {"sessions_possible": possible, "sessions_authorised": missed, "sessions_unauthorised": 0 * missed}


def some_schools(rng: Rng, planted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Schools with more absence and schools with more suspensions: none, or a few of any phase and no school twice."""
    chosen = rng.permutation(PRIMARY + SECONDARY)
    few = PLANTED_SCHOOLS if planted else 0
    return chosen[:few], chosen[few : 2 * few]


# ---- funnels


def funnel_seed(seed: int, *, planted: bool) -> Seed:
    """Flags of all schools, measures and groups of one authority."""
    rng = np.random.default_rng((seed, 800 + planted))
    pupils = pupils_of(rng)
    more_missed, more_suspended = some_schools(rng, planted)
    place, chosen = pupils["place"].to_numpy(), (pupils["sen_provision"] == CHOSEN).to_numpy()
    rate = np.array([SUSPENDED[phase] for phase in ("Primary", "Secondary")])
    mean = rate[(place >= PRIMARY).astype(int), pupils["group"].to_numpy()]
    events = suspensions(rng, mean * np.where(chosen & np.isin(place, more_suspended), MORE_SUSPENDED, 1.0))
    chance = np.array(MISSED)[pupils["group"].to_numpy()]
    missed = absences(rng, chance * np.where(chosen & np.isin(place, more_missed), MORE_MISSED, 1.0))
    facts = as_facts(pupils, suspensions=events, permanent_exclusions=0 * events, **missed)
    rows = pl.concat([getattr(metrics, name)(facts, by=("sen_provision",)) for name in SIDES])
    return counted(_with_truth(funnel_flags(rows), more_missed, more_suspended))


def _with_truth(flags: pl.DataFrame, more_missed: np.ndarray, more_suspended: np.ndarray) -> pl.DataFrame:
    """Flags with `side`, on which an excess was planted ("" where none was), and whether it is one to be found."""
    place = pl.col("place_code").cast(pl.Int64) - 100_000
    here = pl.when("of_suspensions").then(place.is_in(more_suspended.tolist())).otherwise(
        place.is_in(more_missed.tolist())
    )  # fmt: skip
    rows = flags.join(MADE, on="measure", maintain_order="left")
    there = here & pl.col("sen_provision").is_in(AFFECTED)
    tested = pl.col("p").is_not_null() & (pl.col("sen_provision") == CHOSEN)
    return rows.with_columns(pl.when(there).then("side").otherwise(pl.lit("")).alias("side"), (there & tested).alias(
        "planted"), pl.col("flag").str.split(" ").list.first().fill_null("").alias("flag"))  # fmt: skip


def counted(rows: pl.DataFrame) -> Seed:
    """Counts of rows with `flag` and `side` ("above", "below" or "") and `planted`."""
    flagged = pl.col("flag") != ""
    wrong = flagged & (pl.col("flag") != pl.col("side"))
    flags, false, planted, found = rows.select(
        flags=flagged.sum(), false=wrong.sum(), planted=pl.col("planted").sum(),
        found=(pl.col("planted") & flagged & ~wrong).sum(),
    ).row(0)  # fmt: skip
    return Seed(false / max(1, flags), flags, planted, found)


# ---- disproportionality


def disproportionality_seed(seed: int, *, planted: bool, level: str) -> Seed:
    """Flags of exclusions at all schools (or of the LA) where pupils with SEN are suspended as often as others.

    Where a school's pupils with SEN support are suspended more often, all its comparisons but that of EHC plans with
    pupils without SEN are truly unlike: the rest of the roll holds them too. They count as found on either side.
    """
    rng = np.random.default_rng((seed, 900 + planted))
    pupils = pupils_of(rng)
    _, more = some_schools(rng, planted)
    place, chosen = pupils["place"].to_numpy(), (pupils["sen_provision"] == CHOSEN).to_numpy()
    mean = np.where(place < PRIMARY, *(SUSPENDED[phase][0] for phase in ("Primary", "Secondary")))
    events = suspensions(rng, mean * np.where(chosen & np.isin(place, more), MORE_SUSPENDED, 1.0))
    facts = as_facts(pupils, suspensions=events, permanent_exclusions=rng.poisson(EXCLUDED, len(place)))
    rows = exclusion_comparisons(facts).filter(pl.col("geographic_level") == level)
    if level == LA:  # a few schools make the LA unlike too
        assert not planted
        return counted(rows.with_columns(pl.lit("").alias("side"), pl.lit(False).alias("planted")))
    here = (pl.col("place_code").cast(pl.Int64) - 100_000).is_in(more.tolist())
    of_exclusions = pl.col("measure") == "permanent_exclusion_ratio"
    alike = of_exclusions | ((pl.col("sen_provision") == "EHC plan") & (pl.col("comparator") == WITHOUT_SEN))
    aim = (pl.col("sen_provision") == CHOSEN) & (pl.col("comparator") == WITHOUT_SEN) & pl.col("p").is_not_null()
    return counted(rows.with_columns(
        pl.when(here & ~alike).then("flag").otherwise(pl.lit("")).alias("side"), (here & ~alike & aim).alias("planted")
    ))  # fmt: skip


CASES = {
    "funnels, all alike": lambda seed: funnel_seed(seed, planted=False),
    "funnels, planted": lambda seed: funnel_seed(seed, planted=True),
    "disproportionality of schools, all alike": lambda seed: disproportionality_seed(seed, planted=False, level=SCHOOL),
    "disproportionality of schools, planted": lambda seed: disproportionality_seed(seed, planted=True, level=SCHOOL),
    "disproportionality of the LA, all alike": lambda seed: disproportionality_seed(seed, planted=False, level=LA),
}


def judged(case: str, seeds: range) -> tuple[bool, str, dict[str, float]]:
    """Whether the mean share of false flags is at most q and two standard errors; in words; and the figures."""
    found = [CASES[case](seed) for seed in seeds]
    shares = np.array([one.false_share for one in found])
    mean, error = float(shares.mean()), float(shares.std(ddof=1) / np.sqrt(len(shares)))
    flags, planted, hit = (sum(getattr(one, name) for one in found) for name in ("flags", "planted", "found"))
    said = f"false flags {100 * mean:.2f} % (at most {100 * SHARE_HELD:g} and {200 * error:.2f})"
    said += f" over {len(found)} seeds, {flags / len(found):.1f} flags a seed"
    if planted:
        said += f"; power: {100 * hit / planted:.0f} % of {planted / len(found):.1f} planted comparisons a seed found"
    figures = {"false_share": mean, "standard_error": error, "flags": flags, "planted": planted, "found": hit}
    return mean <= SHARE_HELD + 2 * error, said, figures
