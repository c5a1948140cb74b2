"""The sample as files in the real formats, byte for byte the same from one seed."""

import json
from pathlib import Path

import polars as pl

from sendlab.sample.blade import census_tables
from sendlab.sample.extra import write_extra
from sendlab.sample.nation import ees_files
from sendlab.sample.rating_files import in_the_extract, write_round
from sendlab.sample.settings import FIRST_YEAR, settings
from sendlab.sample.truth import planted, truth_page
from sendlab.sample.world import World

DAY = "%d/%m/%Y"  # as a spreadsheet writes it


def _day(name: str, alias: str) -> pl.Expr:
    return pl.col(name).dt.strftime(DAY).alias(alias)


def _year() -> pl.Expr:
    """202425 as 2024/25."""
    period = pl.col("time_period")
    return pl.concat_str(period.str.slice(0, 4), pl.lit("/"), period.str.slice(4)).alias("Academic year")


def _whole(name: str, alias: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int64).alias(alias)


TEST = settings()["test"]["name"]
UPN, LAESTAB = pl.col("pupil_id").alias("UPN"), pl.col("school_id").alias("LAESTAB")


def _extracts(world: World, tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The authority's own CSV extracts, under headers such as authorities use."""
    # terms that no census returned
    spring = tables["attendance"].filter(pl.col("totals_disagree").is_null())
    register = tables["suspensions"].filter(pl.col("start_date") >= pl.date(FIRST_YEAR + world.first_year, 8, 1))
    results = tables["assessments"]
    return {
        "attendance_spring_term": spring.select(
            UPN, LAESTAB, _year(), pl.col("term").alias("Term"), _whole("sessions_possible", "Possible Sessions"),
            _whole("sessions_authorised", "Authorised"), _whole("sessions_unauthorised", "Unauthorised"),
        ),
        "suspension_notifications": register.sort("start_date", "pupil_id").select(
            UPN, LAESTAB, _day("start_date", "StartDate"), pl.col("category").alias("Category"),
            _whole("sessions", "Sessions"), *(pl.col(f"reason_{n}").alias(f"reason{n}") for n in (1, 2, 3)),
            pl.col("sen_provision").alias("SEN Provision"),
        ),
        "key_stages": results.filter(pl.col("assessment") != TEST).select(
            UPN, LAESTAB, _year(), pl.col("assessment").alias("Test"), pl.col("subject").alias("Subject"),
            _day("assessed_on", "Date"), _whole("score", "Score"),
            pl.col("outcome").alias("Outcome"), pl.col("scale").alias("Scale"),
            pl.when("is_baseline").then(pl.lit("Y")).alias("Baseline"),
        ),
        "interventions": tables["interventions"].select(
            UPN, LAESTAB, _year(), pl.col("intervention").alias("Intervention"), pl.col("subject").alias("Subject"),
            _day("start_date", "Start"), _day("end_date", "End"), _whole("sessions_planned", "Sessions planned"),
            _whole("sessions_attended", "Sessions attended"), _whole("minutes_per_session", "Minutes per session"),
            pl.col("group_size").alias("Group size"), pl.col("delivered_by").alias("Delivered by"),
            pl.col("measure").alias("Measure"), _whole("entry_score", "Entry score"),
            _whole("exit_score", "Exit score"),
        ),
        "intervention_catalogue": tables["intervention_catalogue"].drop("need_area"),
        "self_evaluation": in_the_extract(tables["self_evaluation"], world).select(
            LAESTAB, _year(), _day("rated_on", "Date"), pl.col("statement").alias("Statement"),
            pl.col("rating_now").alias("Now"), pl.col("rating_target").alias("Target"),
            pl.col("target_months").alias("Months"),
        ),
        "progress_reference": tables["progress_reference"],
    }  # fmt: skip


def _standardised_tests(assessments: pl.DataFrame) -> pl.DataFrame:
    """The standardised tests as their platform gives them: a typed table."""
    return assessments.filter(pl.col("assessment") == TEST).select(
        UPN, LAESTAB, _year(), pl.col("assessment").alias("Test"), pl.col("subject").alias("Subject"),
        pl.col("assessed_on").alias("Date"), _whole("score", "Score"),
    )  # fmt: skip


def write_world(world: World, folder: Path) -> list[Path]:
    """Write every file of a world into a folder; returns the paths in order of name."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = world.tables()
    found = _extracts(world, tables)
    for census in world.censuses:
        found.update(census_tables(world, census))
    for name, (data, meta) in ees_files(world.first_year).items():
        found[name], found[f"{name}.meta"] = data, meta
    paths = []
    for name, table in sorted(found.items()):
        path = folder / f"{name}.csv"
        table.write_csv(path, line_terminator="\n")
        paths.append(path)
    paths.append(folder / "standardised_tests.parquet")
    _standardised_tests(tables["assessments"]).write_parquet(paths[-1])
    paths += write_round(tables["self_evaluation"], world, folder)
    paths += write_extra(world, folder)
    truths = planted(world.schools, world.first_year)
    texts = {
        "TRUTH.md": truth_page(truths, world.seed),
        "truth.json": json.dumps(truths, indent=2, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        paths.append(folder / name)
    return sorted(paths)
