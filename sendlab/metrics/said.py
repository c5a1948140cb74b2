"""What is said beside measure rows: not recorded is not the same as nobody, and doubts of a year stand in its notes."""

import polars as pl

NOT_RECORDED_NOTE = "what it takes is not recorded for anybody in this group"
COUNTS = ("base_subjects", "with_subjects", "numerator", "denominator", "value")


def not_known(rows: pl.DataFrame, why: str = NOT_RECORDED_NOTE, *, of_nobody: bool = False) -> pl.DataFrame:
    """Rows whose base is empty though somebody could have counted: not available (x) with the reason, not nobody (z).

    Counts are missing there too: it is not known how many; `eligible_subjects` stays. A group in which nobody could
    have counted keeps its z, unless `of_nobody`.
    """
    somebody = pl.lit(True) if of_nobody else pl.col("eligible_subjects") > 0
    none = ((pl.col("base_subjects") == 0) & somebody).fill_null(False)
    return rows.with_columns(
        *(pl.when(~none).then(name).alias(name) for name in COUNTS),
        pl.when(none).then(pl.lit("x")).otherwise("status").alias("status"),
        pl.when(none).then(pl.lit(why)).otherwise("note").alias("note"),
    )


def noted(rows: pl.DataFrame, notes: pl.DataFrame) -> pl.DataFrame:
    """Measure rows with more said beside them: `notes` holds `said` by time_period; empty says nothing."""
    joined = rows.join(notes.select("time_period", "said"), on="time_period", how="left", maintain_order="left")
    said = pl.col("said").fill_null("")
    both = pl.when(pl.col("note") == "").then(said).otherwise(pl.concat_str("note", said, separator="; "))
    return joined.with_columns(pl.when(said == "").then("note").otherwise(both).alias("note")).drop("said")
