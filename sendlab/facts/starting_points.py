"""From starting point to latest: a pupil's scores and bands of a year, each with the dates between which it lies.

National assessments are left out: key stages 1, 2 and 4 and phonics have measures of their own.
"""

import polars as pl

from sendlab.facts.scores import SUBJECTS, present_results

NATIONAL = ("KS1", "KS2", "KS4", "phonics")
STANDARDISED = "standardised score"  # also what a score without a scale is taken for
MONTH = 365.25 / 12  # days
TEST = ("pupil_id", "subject", "assessment", "scale")


def starting_points(assessments: pl.DataFrame, value: str = "score") -> pl.DataFrame:
    """One row a pupil, academic year, subject, test and scale, at the school of the latest result.

    `value`: score, or age_related (the band). The starting point is the last result marked as one (`is_baseline`),
    of this year or an earlier one, before the latest result; else the first of the year. A result is never its own
    starting point: with one alone, `latest` is missing. Columns: pupil_id, school_id, time_period, subject,
    assessment, scale, `start`, `start_on`, `latest`, `latest_on`, `months` (between the two), `marked` (the starting
    point was marked as one). Results without a date give a row without values: the pupil is counted.
    """
    rows = assessments.filter(~pl.col("assessment").is_in(NATIONAL) & pl.col(value).is_not_null())
    scale = pl.col("scale").fill_null(STANDARDISED) if value == "score" else pl.lit("band")
    rows = rows.with_columns(scale.alias("scale"), pl.col("is_baseline").fill_null(False)).sort(
        "assessed_on", value, nulls_last=False
    )
    held = rows.group_by(*TEST, "time_period", maintain_order=True).agg(pl.col("school_id").last())
    spans = _spans(rows.filter(pl.col("assessed_on").is_not_null()), value)
    months = (pl.col("latest_on") - pl.col("start_on")).dt.total_days() / MONTH
    return held.join(spans, on=[*TEST, "time_period"], how="left", maintain_order="left").select(
        "pupil_id", "school_id", "time_period", *TEST[1:], "start", "start_on", "latest", "latest_on",
        months.alias("months"), "marked",
    )  # fmt: skip


def _spans(dated: pl.DataFrame, value: str) -> pl.DataFrame:
    """Start and latest of each pupil, test and year that have a dated result; rows come in the order of dates."""
    day, own = pl.col("assessed_on"), ~pl.col("is_baseline")
    years = dated.group_by(*TEST, "time_period", maintain_order=True).agg(
        pl.col(value).filter(own).last().alias("latest"), day.filter(own).last().alias("latest_on"),
        pl.col(value).filter(own).first().alias("first"), day.filter(own).first().alias("first_on"),
        pl.col(value).filter(~own).last().alias("mark"), day.filter(~own).last().alias("mark_on"),
    )  # fmt: skip
    marks = dated.filter(~own).select(*TEST, pl.col(value).alias("start"), day.alias("start_on")).sort("start_on")
    with_result = years.filter(pl.col("latest_on").is_not_null()).sort("latest_on")
    placed = with_result.join_asof(
        marks, left_on="latest_on", right_on="start_on", by=list(TEST), allow_exact_matches=False,
        check_sortedness=False,
    ).with_columns(pl.col("start_on").is_not_null().alias("marked"))  # fmt: skip
    only_start = years.filter(pl.col("latest_on").is_null()).with_columns(
        pl.col("mark").alias("start"), pl.col("mark_on").alias("start_on"), pl.lit(True).alias("marked")
    )
    return pl.concat([_from_first(placed), only_start]).drop("first", "first_on", "mark", "mark_on")


def _from_first(years: pl.DataFrame) -> pl.DataFrame:
    """Where nothing is marked, the first of the year; a result that is alone is a starting point, no latest."""
    alone = ~pl.col("marked") & (pl.col("first_on") == pl.col("latest_on"))
    return years.with_columns(
        *(pl.when(pl.col("marked")).then(f"start{end}").otherwise(f"first{end}").alias(f"start{end}")
          for end in ("", "_on")),
        *(pl.when(~alone).then(name).alias(name) for name in ("latest", "latest_on")),
    )  # fmt: skip


def key_stage_4(assessments: pl.DataFrame) -> pl.DataFrame:
    """Attainment 8 of a pupil and year (`attainment_8`, 0 to 90) with `ks2_average`, the starting point of Progress 8.

    The KS2 average is the mean of the latest scaled scores in reading and in mathematics; missing without both.
    """
    rows = present_results(assessments.filter(pl.col("assessment") == "KS4"))
    rows = rows.filter((pl.col("subject") == "attainment 8") & pl.col("score").is_not_null())
    a8 = rows.sort("assessed_on", nulls_last=False).group_by("pupil_id", "time_period").agg(
        pl.col("school_id").last(), pl.col("score").last().alias("attainment_8")
    )  # fmt: skip
    return a8.join(_ks2_average(assessments), on="pupil_id", how="left")


def _ks2_average(assessments: pl.DataFrame) -> pl.DataFrame:
    ks2 = present_results(assessments.filter(pl.col("assessment") == "KS2"))
    ks2 = ks2.filter(pl.col("score").is_not_null()).sort("time_period", "assessed_on", nulls_last=True)
    score = {s: pl.col("score").filter(pl.col("subject") == s).last() for s in SUBJECTS}
    return ks2.group_by("pupil_id").agg(((score["reading"] + score["mathematics"]) / 2).alias("ks2_average"))
