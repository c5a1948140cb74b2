"""From session rows: days on which a pupil was there in the morning and marked away in the afternoon."""

import polars as pl

from sendlab.codes import read_codes
from sendlab.coverage import period_of_date

# Afternoon marks under which a pupil who was there in the morning may have been sent home. Left out are marks that
# say where the pupil was or that it was formal: E (suspended), M (appointment), R, S, T, J1, C1, G, H, and U (late).
AWAY = ("B", "C", "C2", "I", "N", "O")
FRIDAY = 5
KEY = ("pupil_id", "school_id", "time_period")
COUNTS = ("mornings", "afternoons_away", "friday_mornings", "fridays_away")


def sent_home_days(scan: pl.LazyFrame) -> pl.DataFrame:
    """By pupil, school and year: mornings present, and afternoons away (B, C, C2, I, N, O) that followed them.

    `scan`: session rows of the store (`scan_sessions`), of one school or of all; only the afternoons away are held.
    Columns: pupil_id, school_id, time_period, `mornings`, `afternoons_away`, and of these the Fridays
    (`friday_mornings`, `fridays_away`). A pupil with no morning present has no row.
    """
    code = pl.col("attendance_code").cast(pl.String)
    session = pl.col("session").cast(pl.String)
    day = ["pupil_id", "school_id", "session_date"]
    there = scan.filter((session == "AM") & code.is_in(present_codes())).select(day)
    away = scan.filter((session == "PM") & code.is_in(AWAY)).select(day)
    mornings = _counted(there, "mornings", "friday_mornings")
    afternoons = _counted(there.join(away, on=day, how="semi"), "afternoons_away", "fridays_away")
    found = mornings.join(afternoons, on=list(KEY), how="left")
    return found.select(*KEY, *(pl.col(name).fill_null(0).cast(pl.Float64) for name in COUNTS)).sort(KEY)


def present_codes() -> list[str]:
    """Codes of a pupil who is in the school (DfE, Working together to improve school attendance, 2024).

    >>> present_codes()
    ['/', 'L', '\\\\']
    """
    return sorted({line.code for line in read_codes("attendance_code") if line.notes.get("category") == "present"})


def _counted(days: pl.LazyFrame, all_days: str, fridays: str) -> pl.DataFrame:
    friday = pl.col("session_date").dt.weekday() == FRIDAY
    rows = days.with_columns(period_of_date("session_date").alias("time_period"))
    return rows.group_by(KEY).agg(pl.len().alias(all_days), friday.sum().alias(fridays)).collect(engine="streaming")
