"""Measures self-evaluation at the size of a large authority: 45 statements, 400 schools, 4 rounds.

python benchmarks/bench_self_evaluation.py [--quick]   also part of benchmarks/bench.py

Ratings of four rounds, a year each, become measure rows; then for every round the heat map is drawn as SVG with its
table, and says-against-shows gives its questions and one school's whole table. The figures of every tied measure are
there for every school, each with its gap to the rest of the LA.
"""

import argparse
import json
from datetime import date

import numpy as np
import polars as pl
from bench_process import Figures, in_a_process, stopwatch

SCHOOLS, QUICK, AIM_SECONDS = 400, 40, 20
ROUNDS = {"202223": 2023, "202324": 2024, "202425": 2025, "202526": 2026}


def ratings(schools: int) -> pl.DataFrame:
    """The declared table `self_evaluation`: every statement rated in every round."""
    from sendlab.codes import read_codes

    rng = np.random.default_rng(1)
    statements = pl.DataFrame({"statement": [code.code for code in read_codes("sef_statement")]})
    rounds = pl.DataFrame({"time_period": list(ROUNDS), "rated_on": [date(year, 3, 1) for year in ROUNDS.values()]})
    rows = pl.DataFrame({"school_id": [f"{n:07}" for n in range(schools)]}).join(rounds, how="cross")
    rows = rows.join(statements, how="cross")
    now = rng.integers(0, 11, rows.height)
    return rows.with_columns(
        rating_now=pl.Series(now), rating_target=pl.Series(np.minimum(now + 2, 10)), target_months=pl.lit(12)
    )


def places(schools: int) -> pl.DataFrame:
    """The schools by name, as metrics want them."""
    return pl.DataFrame({
        "school_id": [f"{n:07}" for n in range(schools)], "place_code": [f"{100_000 + n}" for n in range(schools)],
        "place_name": [f"School {n:03}" for n in range(schools)],
        "education_phase": ["Secondary" if n % 5 == 0 else "Primary" for n in range(schools)],
    })  # fmt: skip


def figures(schools: int) -> pl.DataFrame:
    """A figure, and its gap to the rest of the LA, of every tied measure, school and round."""
    from sendlab.metrics.cards import card
    from sendlab.metrics.grouping import REST
    from sendlab.metrics.sef.ties import tied
    from sendlab.schema.measures import as_measures

    rng = np.random.default_rng(2)
    ties = {tie.measure: tie for about in tied().values() for tie in about.ties if tie.published}
    kinds = pl.DataFrame([
        {"measure": name, "sen_provision": tie.group, "item": item, "unit": card(name).unit}
        for name, tie in ties.items() for item in (["one", "two", "three", "four"] if tie.each else ["Total"])
    ])  # fmt: skip
    rows = places(schools).drop("school_id").join(kinds, how="cross")
    rows = rows.join(pl.DataFrame({"time_period": list(ROUNDS)}), how="cross")
    size = rng.integers(5, 120, rows.height)
    gap, half = rng.normal(0, 8, rows.height).round(), np.ceil(100 / np.sqrt(size))
    rows = rows.with_columns(
        base_subjects=pl.Series(size), numerator=pl.Series(size / 2).round(), value=pl.Series(50 + gap),
        lower=pl.Series(50 + gap - half), upper=pl.Series(50 + gap + half), geographic_level=pl.lit("School"),
        time_identifier=pl.lit("Academic year"),
    )  # fmt: skip
    gaps = rows.with_columns(
        pl.lit(REST).alias("comparator"), pl.lit(50.0).alias("comparator_value"),
        pl.col("time_period").alias("comparator_period"), *(pl.col(name) - 50 for name in ("value", "lower", "upper")),
    )  # fmt: skip
    return pl.concat([as_measures(rows), as_measures(gaps)])


def once(schools: int) -> Figures:
    """All of it in this process: seconds of measures, heat maps and says-against-shows, and of them together."""
    from sendlab import charts, metrics, tables
    from sendlab.disclosure.published import PUBLISHED_COLUMNS, restored
    from sendlab.narrate import schools_to_ask

    given, where, beside = ratings(schools), places(schools), figures(schools)
    told: Figures = {"ratings": given.height}
    whole = stopwatch()
    part = stopwatch()
    rows = metrics.self_evaluation(given, where, la_code="999", la_name="Bench")
    shown = pl.concat([rows, beside]).select(PUBLISHED_COLUMNS)
    view = restored(shown, audience="board", threshold=5, run_id="bench")  # a report's charts are drawn of such
    told |= _named("measures", part())
    part = stopwatch()
    drawn = [len(charts.svg(charts.plot_heat(view, time_period=year))) for year in ROUNDS]
    drawn += [len(tables.heat_table(view, time_period=year).to_html()) for year in ROUNDS]
    told |= _named("heat", part())
    part = stopwatch()
    asked = [len(schools_to_ask(view, time_period=year)) for year in ROUNDS]
    shown = [len(tables.questions_table(view, place="999", time_period=year).to_html()) for year in ROUNDS]
    shown += [len(tables.says_shows_table(view, place="100000", time_period=year).rows) for year in ROUNDS]
    assert min(*drawn, *shown, *asked) > 0
    return told | _named("says_shows", part()) | _named("together", whole())


def _named(name: str, figures: Figures) -> Figures:
    return {f"{name}_{what}": figure for what, figure in figures.items()}


def bench(*, quick: bool = False) -> None:
    """One line, with the aim."""
    schools = QUICK if quick else SCHOOLS
    found = in_a_process(__file__, str(schools))
    assert found is not None
    print(f"\nself-evaluation: {schools} schools, 45 statements, {len(ROUNDS)} rounds, {found['ratings']:,.0f} ratings")
    print(f"{'':22}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}")
    words = {
        "measures": "measures",
        "heat": "4 heat maps",
        "says_shows": "says against shows, 4",
        "together": "together",
    }
    for name, title in words.items():
        seconds, cpu, peak = (found[f"{name}_{what}"] for what in ("seconds", "cpu_seconds", "peak_mb"))
        print(f"{title:22}{seconds:>9}{cpu:>8}{peak:>9,}")
    print(f"aim: together under {AIM_SECONDS} s", flush=True)


def main() -> None:
    """Run the bench, or measure in this process."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--quick", action="store_true", help="a tenth of the schools")
    asked.add_argument("--measure", type=int, metavar="SCHOOLS", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.measure:
        print(json.dumps(once(given.measure)))
    else:
        bench(quick=given.quick)


if __name__ == "__main__":
    main()
