"""Scores of a fact: key stage 2 with the pupil's key stage 1, and the standardised tests of the year."""

import polars as pl

from sendlab.codes import read_codes
from sendlab.facts.names import KEY

KEY_STAGES = ("KS1", "KS2")
EXPECTED_SCORE, HIGHER_SCORE = 100, 110  # scaled scores of the expected and of the higher standard (STA, 2016)
SUBJECTS = ("reading", "writing", "mathematics")


def _excluded_outcomes() -> list[str]:
    """Outcome codes that take a pupil out of the key stage 2 measures (left, missing script, annulled, ...)."""
    lines = (*read_codes("ks2_test_outcome"), *read_codes("ks2_ta_code"))
    return sorted({line.code for line in lines if any(word in line.remark for word in ("exclude", "annulled"))})


def key_stages(assessments: pl.DataFrame) -> pl.DataFrame:
    """KS2 outcomes of the year, with the pupil's KS1 average points: ((reading + writing) / 2 + mathematics) / 2.

    Of each subject: `ks2_reading_score`, `_met` (expected standard), `_higher` (higher standard) and `_outcome` (the
    code, one of a standard before the level of the tests first).
    """
    wide = (
        _marked(assessments)
        .group_by(KEY)
        .agg(
            # no score beside an outcome that leaves the measures: an annulled result is no score
            *[_of(s, pl.col("score"), pl.col("present")).last().alias(f"ks2_{s}_score") for s in SUBJECTS],
            *[_of(s, pl.col("met")).last().alias(f"ks2_{s}_met") for s in SUBJECTS],
            *[_of(s, pl.col("higher")).last().alias(f"ks2_{s}_higher") for s in SUBJECTS],
            *[_code_of(s).alias(f"ks2_{s}_outcome") for s in SUBJECTS],
        )
    )
    return wide.join(_ks1_points(assessments), on="pupil_id", how="left")


def _marked(assessments: pl.DataFrame) -> pl.DataFrame:
    """KS2 rows with `present` (counts in the measures), and, where it does, `met`, `higher` and the code."""
    ks2 = assessments.filter(pl.col("assessment") == "KS2").sort("assessed_on", nulls_last=True)
    present = _counts()
    tested = (pl.col("subject") != "writing") & pl.col("score").is_not_null()
    standards = {"met": EXPECTED_SCORE, "higher": HIGHER_SCORE}
    reached = {
        name: pl.when(tested).then(pl.col("score") >= least).otherwise(pl.col("outcome").is_in(_codes(name, "1")))
        for name, least in standards.items()
    }
    return ks2.with_columns(
        present.alias("present"), pl.when(present).then(pl.col("outcome")).alias("code"),
        *(pl.when(present).then(rule.fill_null(False)).alias(name) for name, rule in reached.items()),
    )  # fmt: skip


def _counts() -> pl.Expr:
    """A result counts: there is one, its code does not take the pupil out, and the file does not say otherwise."""
    result = pl.col("score").is_not_null() | pl.col("outcome").is_not_null()
    excluded = pl.col("outcome").is_in(_excluded_outcomes()).fill_null(False)
    return result & ~excluded & pl.col("counted").fill_null(True)


def present_results(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of key stage results that count in the measures."""
    return rows.filter(_counts())


def _codes(note: str, *values: str) -> list[str]:
    """Outcome codes of key stage 2 whose note has one of these values."""
    lines = (*read_codes("ks2_ta_code"), *read_codes("ks2_test_outcome"))
    return [line.code for line in lines if line.notes.get(note) in values]


def early_codes() -> list[str]:
    """Codes of pupils working below the level of the tests: EM (engagement model) and PK1 to PK6.

    >>> early_codes()
    ['EM', 'PK1', 'PK2', 'PK3', 'PK4', 'PK5', 'PK6']
    """
    return sorted(_codes("rank", *map(str, range(7))))


def _of(subject: str, value: pl.Expr, also: pl.Expr | None = None) -> pl.Expr:
    own = pl.col("subject") == subject
    return value.filter(own if also is None else own & also)


def _code_of(subject: str) -> pl.Expr:
    """A pupil below the tests has two codes in a subject: that of the test (B) and that of the teacher (PK3)."""
    code = _of(subject, pl.col("code"), pl.col("code").is_not_null())
    return pl.coalesce(code.filter(code.is_in(early_codes())).last(), code.last())


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
