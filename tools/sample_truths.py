"""Measure the sizes of the sample's planted truths: mean and spread over many seeds, as the real measures see them.

For developers only. The printed means and spreads are what `size` and `seed_sd` in sendlab/sample/settings.toml hold.
    python tools/sample_truths.py --seeds 200
A figure is that of one year: the mean is over seeds and years, the spread between seeds within a year.
"""

import argparse
from collections.abc import Iterator
from typing import Any

import polars as pl

from sendlab import metrics
from sendlab.cohort import without_few_unrecorded
from sendlab.compare import gap_rows
from sendlab.facts import make_facts
from sendlab.measures import places_of
from sendlab.sample import tables, truths
from sendlab.sample.settings import settings

RAW_GAIN = "raw gain of the intervention chosen by low score"
TABLES = ("schools", "pupils", "attendance", "suspensions", "assessments", "interventions", "self_evaluation")
GROUP = ("measure", "time_period", "place_code", "sen_provision", "item", "comparator")


def figures(seed: int) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, pl.DataFrame]]:
    """(measure rows with gaps, facts, tables) of one seed's sample, for the measures in which truths are planted."""
    area, made = settings()["area"], tables(seed, only=TABLES)
    names = {"la_code": area["la_code"], "la_name": area["la_name"]}
    facts = without_few_unrecorded(make_facts(made, **names))
    rows = pl.concat([
        metrics.suspension_rate(facts), metrics.persistent_absence(facts), metrics.ks2_writing_gap(facts),
        metrics.intervention_gain(facts, made["interventions"]),
        metrics.self_evaluation(made["self_evaluation"], places_of(facts, made), **names),
    ])  # fmt: skip
    own = rows.filter(pl.col("geographic_level").is_in(["School", "Local authority"]), pl.col("need_area") == "Total")
    gaps = gap_rows(rows).filter(pl.col("need_area") == "Total")
    return pl.concat([own, gaps]), facts, made


def sizes(seed: int) -> Iterator[tuple[str, str, float | None]]:
    """(truth, period, size as seen) of one seed."""
    rows, facts, made = figures(seed)
    planted: list[dict[str, Any]] = truths()
    for truth in planted:
        for period in truth["time_periods"] if truth["size"] is not None else ():
            key = {name: period if name == "time_period" else truth[name] for name in GROUP}
            value = rows.filter(**key)["value"].item()
            if truth["measure"] == "sef_now":  # the truth is told beside the mean of the other schools
                others = rows.filter(**{name: key[name] for name in GROUP if name != "place_code"})
                others = others.filter(pl.col("place_code") != key["place_code"], geographic_level="School")
                value -= others["value"].mean()
            yield truth["truth"], period, value
    yield from _raw_gains(facts, made["interventions"])


def _raw_gains(facts: pl.DataFrame, interventions: pl.DataFrame) -> Iterator[tuple[str, str, float]]:
    """What those chosen for a low score gained, beside nobody."""
    plan = next(plan for plan in settings()["intervention"] if plan["chosen"] == "low score")
    members = facts.join(
        interventions.filter(intervention=plan["name"]), on=["pupil_id", "school_id", "time_period"], how="semi"
    )
    gain = (pl.col(f"{plan['subject']}_last") - pl.col(f"{plan['subject']}_first")).mean().alias("gain")
    for period, value in members.group_by("time_period").agg(gain).sort("time_period").iter_rows():
        yield RAW_GAIN, period, value


def main() -> None:
    """Print each truth's mean and spread beside what settings.toml says."""
    parser = argparse.ArgumentParser(description="Sizes of the sample's planted truths over many seeds.")
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds, from 1 on")
    args = parser.parse_args()
    found = [line for seed in range(1, args.seeds + 1) for line in sizes(seed)]
    seen = pl.DataFrame(found, schema={"truth": pl.String, "time_period": pl.String, "size": pl.Float64}, orient="row")
    by_year = seen.group_by("truth", "time_period", maintain_order=True).agg(
        pl.col("size").mean().alias("mean"), pl.col("size").std().alias("sd"), pl.col("size").count().alias("seeds")
    )
    in_all = by_year.group_by("truth", maintain_order=True).agg(pl.col("mean", "sd").mean(), pl.col("seeds").min())
    told = {truth["truth"]: (truth["size"], truth["seed_sd"]) for truth in truths()}
    for truth, mean, sd, seeds in in_all.iter_rows():
        size, spread = told.get(truth, (settings()["planted"]["regression_raw_gain"], None))
        print(f"{truth}: mean {mean:.2f}, sd {sd:.2f} over {seeds} seeds (settings: {size}, {spread})")


if __name__ == "__main__":
    main()
