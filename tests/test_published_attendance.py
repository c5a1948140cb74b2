"""Absence and exclusions as published, through `sendlab.rate`: bands, the year to date, reasons, and across files.

What `test_rate.py` holds (rates of local authorities to the last digit) is not repeated here.
"""

import polars as pl
import pytest
from published_files import LA, LEVEL, NATION, compared, counts, in_range, indicators, load, numbers

import sendlab

BANDS = ["pct5", "pct10", "pct15", "pct20", "pct25", "pct30", "pct35", "pct40", "pct45", "pct50", "pct50plus"]
BAND_COLUMNS = ["time_identifier", "time_period", "geographic_level", "country_code", "country_name", "region_name",
                "region_code", "old_la_code", "new_la_code", "la_name", "school_type", "fsm_eligible", "sen_status",
                "gender", "NCyearActual", *BANDS]  # fmt: skip
PERSISTENT, SEVERE = BANDS[2:], BANDS[-1:]  # missed 10 % or more, 50 % or more


@pytest.fixture(scope="module")
def bands(real_data):
    """Pupils by band of overall absence; the file has no header."""
    rows = load(real_data / "absence_bands_distributions.csv.gz")
    return numbers(rows.rename(dict(zip(rows.columns[1:], BAND_COLUMNS, strict=True))), *BANDS)


def summed(rows, *by):
    return rows.group_by(by).agg(pl.col(BANDS).sum()).sort(by)


@pytest.mark.parametrize(
    ("sen_status", "above", "published"),
    [
        (None, PERSISTENT, [10.79, 11.17, 10.86, 12.08, 22.51, 21.22]),
        (None, SEVERE, [0.70, 0.77, 0.85, 1.13, 1.65, 2.03]),
        ("Any special educational need", PERSISTENT, [18.50, 19.35, 19.21, 24.14, 33.12, 32.24]),
        ("No identified special educational need", PERSISTENT, [9.01, 9.35, 9.02, 9.33, 20.00, 18.44]),
    ],
)
def test_persistent_and_severe_absence_of_england_from_bands(bands, sen_status, above, published):
    """2016/17 to 2022/23, without 2019/20."""
    rows = summed(bands.filter(NATION & ((pl.col("sen_status") == sen_status) if sen_status else True)), "time_period")
    done = sendlab.rate(rows, numerator=above, denominator=BANDS, decimals=2)
    assert done["value"].to_list() == published


@pytest.mark.parametrize(
    ("indicator", "above", "expected"),
    [("TotPerAbNew", PERSISTENT, (911, 911)), ("TotSevPerAbNew", SEVERE, (909, 911))],
)
def test_absence_of_every_authority_from_bands_is_what_the_interactive_tool_shows(
    bands, real_data, indicator, above, expected
):
    """Severe absence misses two, where the tool has one pupil fewer."""
    years = pl.concat_str(pl.lit("20"), pl.col("time_period").str.slice(4)).alias("year")
    rows = summed(bands.filter(LA), "time_period", "old_la_code").with_columns(years)
    shown = indicators(real_data / "bds_long_0.parquet").filter(indicator=indicator).drop_nulls("value")
    shown = shown.select(year="time_period", old_la_code="la_code", shown=pl.col("value").cast(pl.String))
    done = compared(rows.join(shown, on=["year", "old_la_code"]), above, BANDS, "shown", 2)
    assert counts(done.with_columns(pl.col("published").round(2))) == expected
    fewer = done.filter((pl.col("value") - pl.col("published")).abs() > 0.001)
    assert (100 * (fewer["numerator"] - 1) / fewer["denominator"]).round(2).to_list() == fewer["published"].to_list()


YEAR_TO_DATE = {
    "attendance_perc": "overall_attendance", "overall_absence_perc": "overall_absence",
    "authorised_absence_perc": "authorised_absence", "unauthorised_absence_perc": "unauthorised_absence",
    "illness_perc": "reason_i_authorised_illness", "appointments_perc": "reason_m_authorised_medical_dental",
    "auth_religious_perc": "reason_r_authorised_religious_observance",
    "auth_study_perc": "reason_s_authorised_study_leave", "auth_mob_perc": "reason_t_authorised_mobile_child",
    "auth_excluded_perc": "reason_e_authorised_excluded",
    "auth_performance_perc": "reason_c1_authorised_regulated_performance",
    "auth_interview_perc": "reason_j1_authorised_interview",
    "auth_part_time_perc": "reason_c2_authorised_temp_reduced_timetable",
    "auth_other_perc": "reason_c_authorised_other", "unauth_hol_perc": "reason_g_unauthorised_holiday",
    "unauth_oth_perc": "reason_o_other_unauthorised", "unauth_not_yet_perc": "reason_n_no_reason_yet",
    "unauth_late_registers_closed_perc": "reason_u_unauthorised_late_after_registers_closed",
}  # fmt: skip


@pytest.mark.parametrize(("figure", "count"), YEAR_TO_DATE.items(), ids=YEAR_TO_DATE)
def test_rates_of_the_year_to_date_are_the_unrounded_quotient(real_data, figure, count):
    """15 digits are published: they are ours to 1e-13. Four rows of 647 are hidden."""
    rows = load(real_data / "EES_ytd_data.csv")
    done = compared(rows, count, "possible_sessions", figure, None)
    assert (rows.height, done.height) == (647, 643)
    assert (done["value"] - done["published"]).abs().max() < 1e-13


# ---- exclusions

REASONS = ["physical_pupils", "physical_adult", "verbal_pupil", "verbal_adult", "bullying", "racist_abuse",
           "sexual_misconduct", "drug_alcohol", "damage", "theft", "persistent_disruptive", "other"]  # fmt: skip
PLACE = ["time_period", pl.col("school_type").str.to_lowercase(), "new_la_code"]


@pytest.mark.parametrize(("kind", "expected"), [("perm", 968), ("fixed", 1_710)])
def test_reasons_of_an_authority_give_the_rate_that_another_file_publishes(real_data, kind, expected):
    """The twelve reasons added up, over the headcount of the file by characteristic: every rate to 2 places."""
    reasons = load(real_data / "exclusions_by_reason.csv.gz").filter(LA)
    totals = load(real_data / "exclusions_by_characteristic.csv.gz").filter(LA, characteristic_group="Total")
    both = reasons.select(*PLACE, f"^{kind}_.*$").join(
        totals.select(*PLACE, "headcount", rate=f"{kind}_excl_rate"), on=["time_period", "school_type", "new_la_code"]
    )
    done = compared(both, [f"{kind}_{reason}" for reason in REASONS], "headcount", "rate", 2)
    assert counts(done) == (expected, expected)


@pytest.mark.parametrize(
    ("indicator", "count", "expected"),
    [("TotPermEx", "perm_excl", 297), ("TotFixedEx", "fixed_excl", 304), ("Total_ Pup_FixedEx", "one_plus_fixed", 302)],
)
def test_exclusions_of_an_authority_are_what_the_interactive_tool_shows(real_data, indicator, count, expected):
    """2015/16 and 2016/17, the years that both files hold."""
    rows = load(real_data / "exclusions_by_characteristic.csv.gz").filter(
        LA, school_type="Total", characteristic_group="Total"
    )
    years = pl.concat_str(pl.col("time_period").str.slice(0, 4), pl.lit("/"), pl.col("time_period").str.slice(4))
    shown = indicators(real_data / "bds_long_0.parquet").filter(indicator=indicator).drop_nulls("value")
    shown = shown.select(year="time_period", old_la_code="la_code", shown=pl.col("value").cast(pl.String))
    done = compared(rows.with_columns(years.alias("year")).join(shown, on=["year", "old_la_code"]), count, "headcount",
                    "shown", 2)  # fmt: skip
    assert counts(done.with_columns(pl.col("published").round(2))) == (expected, expected)


@pytest.mark.parametrize(
    ("count", "exact", "comparable"),
    [("perm_excl", 3_170, 3_913), ("fixed_excl", 2_622, 4_363), ("one_plus_fixed", 2_661, 4_326)],
)
def test_rates_of_england_lie_in_the_range_that_counts_rounded_to_five_leave(real_data, count, exact, comparable):
    """The Department rounds the counts of England after making their rates; `rounded_to=5` says so."""
    rows = load(real_data / "exclusions_by_characteristic.csv.gz").filter(LEVEL == "national")
    done = compared(rows, count, "headcount", f"{count}_rate", 2, rounded_to=5)
    assert counts(done) == (exact, comparable)
    assert in_range(done) == (comparable, comparable)
