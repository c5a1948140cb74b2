"""Scores of a fact: key stage 2 with the pupil's key stage 1, and the standardised tests of the year."""

import polars as pl

from sendlab.codes import read_codes
from sendlab.facts.names import KEY

KEY_STAGES = ("KS1", "KS2")
EXPECTED_SCORE = 100  # scaled score of the expected standard
SUBJECTS = ("reading", "writing", "mathematics")


def _excluded_outcomes() -> list[str]:
    """Outcome codes that take a pupil out of the key stage 2 measures (left, missing script, annulled, ...)."""
    lines = (*read_codes("ks2_test_outcome"), *read_codes("ks2_ta_code"))
    return sorted({line.code for line in lines if any(word in line.remark for word in ("exclude", "annulled"))})


def key_stages(assessments: pl.DataFrame) -> pl.DataFrame:
    """KS2 outcomes of the year, with the pupil's KS1 average points: ((reading + writing) / 2 + mathematics) / 2."""
    ks2 = assessments.filter(pl.col("assessment") == "KS2").sort("assessed_on", nulls_last=True)
    codes = (*read_codes("ks2_ta_code"), *read_codes("ks2_test_outcome"))
    met_codes = [line.code for line in codes if line.notes.get("met") == "1"]
    result = pl.col("score").is_not_null() | pl.col("outcome").is_not_null()
    excluded = pl.col("outcome").is_in(_excluded_outcomes()).fill_null(False)
    present = result & ~excluded & pl.col("counted").fill_null(True)
    coded = pl.col("outcome").is_in(met_codes)
    tested = (pl.col("subject") != "writing") & pl.col("score").is_not_null()
    met = pl.when(tested).then(pl.col("score") >= EXPECTED_SCORE).otherwise(coded)
    marked = ks2.with_columns(present.alias("present"), pl.when(present).then(met.fill_null(False)).alias("met"))
    wide = marked.group_by(KEY).agg(
        # no score beside an outcome that leaves the measures: an annulled result is no score
        *[
            pl.col("score").filter((pl.col("subject") == s) & pl.col("present")).last().alias(f"ks2_{s}_score")
            for s in SUBJECTS
        ],
        *[pl.col("met").filter(pl.col("subject") == s).last().alias(f"ks2_{s}_met") for s in SUBJECTS],
    )
    return wide.join(_ks1_points(assessments), on="pupil_id", how="left")


def _ks1_points(assessments: pl.DataFrame) -> pl.DataFrame:
    ks1 = assessments.filter((pl.col("assessment") == "KS1") & pl.col("score").is_not_null())
    ks1 = ks1.sort("time_period", "assessed_on", nulls_last=True)  # the latest counts
    point = {s: pl.col("score").filter(pl.col("subject") == s).last() for s in SUBJECTS}
    average = ((point["reading"] + point["writing"]) / 2 + point["mathematics"]) / 2
    return ks1.group_by("pupil_id").agg(average.alias("ks1_points"))


def tests(assessments: pl.DataFrame) -> pl.DataFrame:
    """First and last score of the year on one standardised test a subject (the first by name that has two dates)."""
    rows = assessments.filter(
        ~pl.col("assessment").is_in(KEY_STAGES)
        & pl.col("score").is_not_null()
        & pl.col("assessed_on").is_not_null()
        & pl.col("scale").is_in(["standardised score"]).fill_null(True)
    )
    spans = (
        rows.sort("assessed_on")
        .group_by(*KEY, "subject", "assessment", maintain_order=True)
        .agg(
            pl.col("score").first().alias("first"),
            pl.col("score").last().alias("last"),
            pl.col("assessed_on").n_unique().alias("dates"),
        )
        .with_columns(pl.when(pl.col("dates") > 1).then("last").alias("last"))
        .sort(pl.col("dates") < 2, "assessment")
        .unique([*KEY, "subject"], keep="first", maintain_order=True)
    )
    return spans.group_by(KEY).agg(
        pl.col(which).filter(pl.col("subject") == s).first().alias(f"{s}_{which}")
        for s in SUBJECTS
        for which in ("first", "last")
    )
