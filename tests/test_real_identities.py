"""Exact identities of real published files that need loading only: sums over places, parts and totals, bands, rates.

Expected counts: shared/real/NOTES.md, section 1. Rates are rounded half away from zero. What `test_rate.py` holds
(exclusion and absence rates) is not repeated here.
"""

from functools import lru_cache

import numpy as np
import polars as pl
import pytest

from sendlab.schema.numbers import read_numbers
from sendlab.sources import published
from sendlab.sources.open import open_tables
from sendlab.stats.rounding import exact_rates, round_half_away

LEVEL = pl.col("geographic_level").str.to_lowercase()
LA, REGION, NATION = (LEVEL.eq(level) for level in ("local authority", "regional", "national"))
BANDS = ["pct5", "pct10", "pct15", "pct20", "pct25", "pct30", "pct35", "pct40", "pct45", "pct50", "pct50plus"]
BAND_COLUMNS = ["time_identifier", "time_period", "geographic_level", "country_code", "country_name", "region_name",
                "region_code", "old_la_code", "new_la_code", "la_name", "school_type", "fsm_eligible", "sen_status",
                "gender", "NCyearActual", *BANDS]  # fmt: skip
ALL_PLANS = "All EHC plans issued"


@lru_cache(maxsize=2)  # large files: no more than two at a time
def load(path):
    (text,) = open_tables(path)
    return text.rows


def numbers(rows, *columns):
    """The columns as numbers; a mark is null, and every cell is a number or a known mark."""
    read = [read_numbers(rows[name]) for name in columns]
    assert not any(done.unread for done in read)
    return rows.with_columns(done.values.alias(name) for name, done in zip(columns, read, strict=True))


def exact_and_comparable(rows, count, denominator, rate, decimals):
    """How many published rates are 100 * count / denominator, of how many that can be compared."""
    n, d, published_rate = (
        numbers(rows, name)[name].fill_null(np.nan).to_numpy() for name in (count, denominator, rate)
    )
    computed = exact_rates(n, d, per=100, decimals=decimals)
    comparable = np.isfinite(computed) & np.isfinite(published_rate)
    return int((computed == published_rate)[comparable].sum()), int(comparable.sum())


def sums(rows, column, parts, wholes, keys):
    """(sums of parts equal to their whole, all such sums) where neither a part nor the whole is hidden."""
    summed = (
        rows.filter(parts)
        .group_by(keys)
        .agg(pl.col(column).sum().alias("sum"), pl.col(column).null_count().alias("hidden"))
    )
    both = summed.join(rows.filter(wholes).select(*keys, column), on=keys, nulls_equal=True)
    both = both.filter((pl.col("hidden") == 0) & pl.col(column).is_not_null())
    return both.filter(pl.col("sum") == pl.col(column)).height, both.height


# Exclusions


@pytest.mark.parametrize(
    ("column", "groups"),
    [("headcount", 3_381), ("fixed_excl", 3_322), ("perm_excl", 2_131), ("one_plus_fixed", 3_257)],
)
def test_sen_provisions_add_up_to_the_total_of_an_authority(real_data, column, groups):
    rows = numbers(load(real_data / "exclusions_by_characteristic.csv.gz").filter(LA), column)
    keys = ["time_period", "new_la_code", "old_la_code", "la_name", "school_type"]
    group = pl.col("characteristic_group")
    assert rows.filter(group == "Total").height == 3_624
    assert sums(rows, column, group == "SEN provision", group == "Total", keys) == (groups, groups)


def test_the_ten_rows_with_thousands_commas_are_right(real_data):
    rows = load(real_data / "exclusions_by_characteristic.csv.gz").filter(pl.col("headcount").str.contains(","))
    assert rows.height == 10 and rows["characteristic"].str.starts_with("IDACI decile").all()
    read = numbers(rows, "headcount", "fixed_excl", "fixed_excl_rate")
    headcounts = [749_750, 811_585, 813_390, 798_255, 803_255, 791_055, 752_560, 755_525, 792_455, 730_915]
    assert read["headcount"].to_list() == headcounts
    # counts of the nation are rounded to 5, its rates are not computed from them: equal to within that rounding
    apart = 100 * read["fixed_excl"] / read["headcount"] - read["fixed_excl_rate"]
    assert apart.abs().max() <= 0.005 + 100 * 2.5 * (1 + 0.06) / 730_000


# Absence


def test_absence_by_term_adds_up(real_data):
    reasons = ["sess_auth_totalreasons", "sess_unauth_totalreasons", "sess_overall_totalreasons"]
    parts = ["sess_authorised", "sess_unauthorised", "sess_overall"]
    rows = numbers(load(real_data / "absence_by_term.csv.gz"), *parts, *reasons)
    assert rows.height == 9_680
    for first, second, whole in (parts, reasons):
        assert (rows[first] + rows[second] == rows[whole]).sum() == 9_680
    assert (rows["sess_overall"] - rows["sess_overall_totalreasons"]).max() == 668_615  # schools that give no reasons


@pytest.mark.parametrize("column", ["sess_possible", "sess_overall", "sess_authorised", "sess_unauthorised"])
def test_absence_of_authorities_adds_up_to_regions_and_the_nation(real_data, column):
    rows = numbers(load(real_data / "absence_by_term.csv.gz"), column)
    keys = ["time_period", "term", "school_type"]
    assert sums(rows, column, LA, REGION, [*keys, "region_name"]) == (600, 600)
    assert sums(rows, column, REGION, NATION, keys) == (60, 60)
    assert sums(rows, column, LA, NATION, keys) == (60, 60)


def test_a_year_is_not_the_sum_of_its_terms(real_data):
    rows = numbers(load(real_data / "absence_by_term.csv.gz"), "sess_possible")
    keys = ["time_period", "geographic_level", "region_code", "new_la_code", "old_la_code", "school_type"]
    year = pl.col("term") == "Total"
    assert sums(rows, "sess_possible", ~year, year, keys) == (1_777, 2_420)


@pytest.fixture(scope="module")
def bands(real_data):
    """Absence bands, a file without header: pupils in all bands, and in those above 10 %."""
    rows = load(real_data / "absence_bands_distributions.csv.gz")
    assert rows.shape == (211_553, 1 + len(BAND_COLUMNS))
    rows = numbers(rows.rename(dict(zip(rows.columns[1:], BAND_COLUMNS, strict=True))), *BANDS)
    return rows.with_columns(pupils=pl.sum_horizontal(BANDS), persistent=pl.sum_horizontal(BANDS[2:]))


def test_pupils_in_absence_bands_add_up_over_places(bands):
    nation = [6_899_769, 7_015_051, 7_105_958, 7_223_088, 7_303_379, 7_396_032]
    for level in (NATION, REGION, LA):
        years = bands.filter(level).group_by("time_period").agg(pl.col("pupils").sum()).sort("time_period")
        assert years["pupils"].to_list() == nation


@pytest.mark.parametrize(
    ("sen_status", "expected"),
    [
        (None, [10.79, 11.17]),
        ("Any special educational need", [18.50, 19.35, 19.21, 24.14, 33.12, 32.24]),
        ("No identified special educational need", [9.01, 9.35, 9.02, 9.33, 20.00, 18.44]),
    ],
)
def test_persistent_absence_from_bands_is_as_published(bands, sen_status, expected):
    rows = bands.filter(NATION & ((pl.col("sen_status") == sen_status) if sen_status else True))
    summed = rows.group_by("time_period").agg(pl.col("persistent", "pupils").sum()).sort("time_period")
    rates = exact_rates(summed["persistent"].to_numpy(), summed["pupils"].to_numpy(), per=100, decimals=2)
    assert rates.tolist()[: len(expected)] == expected  # 2016/17 on, without 2019/20


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [("overall_attendance", "overall_absence", "possible_sessions"),
     ("authorised_absence", "unauthorised_absence", "overall_absence"),
     ("present_sessions", "approved_educational_activity", "overall_attendance")],
)  # fmt: skip
def test_attendance_of_the_year_to_date_adds_up(real_data, first, second, whole):
    rows = numbers(load(real_data / "EES_ytd_data.csv"), first, second, whole)
    shown = rows.drop_nulls([first, second, whole])
    assert (rows.height, shown.height) == (647, 643)  # four rows are hidden
    assert (shown[first] + shown[second] == shown[whole]).all()


@pytest.mark.parametrize(
    "part", ["overall_attendance", "overall_absence", "authorised_absence", "unauthorised_absence"]
)
def test_attendance_rates_of_the_year_to_date_are_unrounded_quotients(real_data, part):
    rate = {"overall_attendance": "attendance_perc"}.get(part, f"{part}_perc")
    rows = numbers(load(real_data / "EES_ytd_data.csv"), part, rate, "possible_sessions").drop_nulls(
        "possible_sessions"
    )
    assert (100 * rows[part] / rows["possible_sessions"] - rows[rate]).abs().max() < 1e-13


# EHC plans


def test_timeliness_rates_are_reproduced(real_data):
    rows = load(real_data / "timeliness_20_week.csv.gz")
    counts = ("plans_issued_within_20_weeks", "plans_issued_den", "pc_plans_issued_within_20_weeks")
    without = ("plans_issued_20_weeks_ex", "plans_issued_den_ex", "PC_plans_issued_20_weeks_ex")
    assert exact_and_comparable(rows, *counts, 1) == (12_165, 12_166)
    assert exact_and_comparable(rows, *without, 1) == (12_032, 12_033)


@pytest.mark.parametrize("column", ["plans_issued_den", "plans_issued_within_20_weeks"])
def test_plans_of_authorities_add_up_to_regions_and_the_nation(real_data, column):
    rows = numbers(load(real_data / "timeliness_20_week.csv.gz"), column)
    keys = ["time_period", "breakdown_topic", "breakdown"]
    assert sums(rows, column, LA, REGION, [*keys, "region_name"]) == (748, 748)
    assert sums(rows, column, REGION, NATION, keys) == (90, 90)


@pytest.mark.parametrize("topic", ["Sex", "Child or young persons age", "Ethnicity"])
def test_plans_by_sex_age_and_ethnicity_add_up_to_all(real_data, topic):
    rows = numbers(load(real_data / "timeliness_20_week.csv.gz"), "plans_issued_den")
    keys = ["time_period", "geographic_level", "region_code", "new_la_code"]
    of_topic, whole = (pl.col("breakdown_topic") == name for name in (topic, ALL_PLANS))
    assert rows.filter(of_topic).select(keys).n_unique() == 324
    assert sums(rows, "plans_issued_den", of_topic, whole, keys) == (323, 323)  # one authority made no return


def test_small_counts_and_missing_returns_of_plans_stand_as_published(real_data):
    rows = load(real_data / "timeliness_20_week.csv.gz")
    assert numbers(rows, "plans_issued_den").filter(pl.col("plans_issued_den").is_between(1, 4)).height == 2_779
    missing = rows.filter((pl.col("plans_issued_den") == "x") & (pl.col("breakdown_topic") == ALL_PLANS))
    assert set(missing.select("time_period", "la_name").rows()) == {
        ("2022", "Norfolk"), ("2022", "Tower Hamlets"), ("2022", "West Berkshire"), ("2022", "Havering"),
        ("2023", "Hackney"),
    }  # fmt: skip


def test_shares_of_assessments_that_led_to_a_plan_are_reproduced(real_data):
    rows = load(real_data / "assessments.csv.gz")
    assert exact_and_comparable(rows, "assess_issued", "assess_in_year", "assess_issued_pc", 1) == (11_900, 11_900)


@pytest.mark.parametrize(
    ("indicator", "rate", "compared"),
    [("SEN_EHC_All_20wks", "pc_plans_issued_within_20_weeks", 903),
     ("SEN_EHC_Excpt_20wks", "PC_plans_issued_20_weeks_ex", 901)],
)  # fmt: skip
def test_lait_and_the_publication_agree_on_plans_within_20_weeks(indicators, real_data, indicator, rate, compared):
    plans = numbers(load(real_data / "timeliness_20_week.csv.gz"), rate)
    plans = plans.filter(LA & (pl.col("breakdown_topic") == ALL_PLANS)).select("time_period", "old_la_code", rate)
    both = indicators.filter(pl.col("indicator") == indicator).join(
        plans, left_on=["time_period", "la_code"], right_on=["time_period", "old_la_code"]
    )
    both = both.drop_nulls(["value", rate])
    assert both.height == compared
    assert round_half_away(both["value"].to_numpy(), 1).tolist() == both[rate].to_list()


@pytest.fixture(scope="module")
def indicators(real_data):
    (text,) = open_tables(real_data / "bds_long_0.parquet")
    done = published.read(text, str(published.table_of(text.columns)), {})
    made = done.tables["indicators"]
    assert text.rows.height == made.height == 641_070 and done.problems.is_empty()
    return made


def test_every_lait_value_is_a_number_or_a_dash(indicators):
    dash = indicators.filter(pl.col("symbol") == "-")
    assert dash.height == 93_883 == indicators["value"].null_count() and dash["value"].null_count() == dash.height
    assert indicators["la_code"].drop_nulls().n_unique() == 158


def test_lait_and_the_publication_agree_on_the_nations_plans(indicators, real_data):
    plans = [353_995, 390_109, 430_697, 473_255, 517_048, 576_474, 638_745]  # January 2019 to 2025
    every_plan = pl.col("breakdown") == "All EHC plans"
    caseload = numbers(load(real_data / "caseload.csv.gz").filter(NATION & every_plan), "ehcplans")
    assert caseload.sort("time_period")["ehcplans"].to_list() == plans
    england = indicators.filter(indicator="SEN_CASES_JAN", place_name="England")
    years = england.filter(pl.col("time_period") >= "2019").sort("time_period")
    assert years["value"].to_list() == plans


# Schools and attainment


@pytest.mark.parametrize(
    ("count", "rate", "expected"),
    [("NORG", "PNORG", (23_892, 23_892)), ("TSENELSE", "PSENELSE", (23_887, 23_888)),
     ("TSENELK", "PSENELK", (23_889, 23_890)),
     ("NUMEAL", "PNUMEAL", (21_951, 21_952)), ("NUMFSMEVER", "PNUMFSMEVER", (11_368, 21_530))],
)  # fmt: skip
def test_percentages_of_school_rolls_are_reproduced(real_data, count, rate, expected):
    rows = load(real_data / "england_census.csv.gz")
    assert exact_and_comparable(rows, count, "NOR", rate, 1) == expected


def test_more_plans_than_pupils_in_the_nations_special_schools_load_as_published(real_data):
    (text,) = open_tables(real_data / "england_census.csv.gz")
    figures = published.read(text, "school_figures", {"time_period": "201819"}).tables["school_figures"]
    special = figures.filter(level="National", establishment="SPE")
    found = dict(special.select("figure", "value").iter_rows())
    assert (found["NOR"], found["TSENELSE"], found["PSENELSE"]) == (121_738, 122_268, 98.3)


def test_key_stage_2_percentages_by_sen_are_reproduced(real_data):
    rows = load(real_data / "prepared_data__ks2_attainment.csv.gz")
    count, eligible = "t_rwm_met_expected_standard", "t_rwm_eligible_pupils"
    assert exact_and_comparable(rows, count, eligible, "pt_rwm_met_expected_standard", 0) == (1_951, 1_952)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [("read", {"201819": 6.15, "202122": 6.23, "202223": 6.30}),
     ("writta", {"201819": 5.68, "202122": 6.02, "202223": 6.02}),
     ("mat", {"201819": 5.38, "202122": 5.83, "202223": 5.96})],
)  # fmt: skip
def test_progress_intervals_rest_on_one_national_deviation_a_year(real_data, subject, expected):
    names = [f"t_{subject}_progress_eligible_pupils", f"t_{subject}_progress_score", f"avg_{subject}_progress_score",
             f"avg_{subject}_progress_score_lower_CI", f"avg_{subject}_progress_score_upper_CI"]  # fmt: skip
    rows = numbers(load(real_data / "ks2_la.csv.gz"), *names)
    pupils, score, mean, lower, upper = (rows[name] for name in names)
    assert (score / pupils - mean).abs().drop_nulls().median() < 0.003  # counts are rounded to 10
    deviation = ((upper - lower) / 2 * pupils.sqrt() / 1.96).alias("sd")
    large = rows.select("time_period", pl.Series("n", pupils), deviation).filter(pl.col("n") >= 2_000)
    medians = large.group_by("time_period").agg(pl.col("sd").median()).sort("time_period")
    rounded = round_half_away(medians["sd"].to_numpy(), 2).tolist()
    assert dict(zip(medians["time_period"], rounded, strict=True)) == expected


def test_progress_without_a_baseline_is_not_available(real_data):
    rows = load(real_data / "ks2_la.csv.gz").filter(pl.col("time_period").is_in(["202324", "202425"]))
    marks = rows.select(pl.col([name for name in rows.columns if "progress" in name]) == "x")
    assert rows.height > 0 and all(marks[name].all() for name in marks.columns)


KS4 = {  # NOTES.md: mean Attainment 8 and mean Progress 8 of 2017/18, all state-funded schools
    "Total": (46.5, -0.02),
    "No_Sen": (49.8, 0.08),
    "Sen_Supp": (32.2, -0.43),
    "SenStateEhc": (13.5, -1.09),
    "Autistic Spectrum Disorder": (27.5, -0.72),
    "social emotional and mental health (SEMH)": (25.9, -1.20),
    "Moderate Learning Difficulty": (21.8, -0.58),
    "Speech Language and Communications Needs": (25.8, -0.40),
    "Specific Learning Difficulty": (34.0, -0.19),
    "Hearing Impairment": (39.3, -0.04),
    "Visual Impairment": (40.3, -0.14),
    "Severe Learning Difficulty": (2.5, -1.28),
    "Profound & Multiple Learning Difficulty": (2.3, -1.29),
}


@pytest.mark.parametrize(("group", "expected"), list(KS4.items()))
def test_key_stage_4_sums_give_the_published_means(real_data, group, expected):
    rows = load(real_data / "KS4_2018_Nat_Char_Testdata.csv").filter(
        school_characteristic="all_state_funded_schools",
        characteristic_gender="Total",
        characteristic_ethnic_major="Total",
    )
    topic = pl.col("breakdown").is_in(["PupilTotals", "SEN_status", "Primary_need"])
    # every column but the group's own stands at its total
    own = pl.concat_list("characteristic_sen_status", "characteristic_primary_need").list.set_difference(["Total"])
    row = rows.filter(topic & (own.list.join("") == ("" if group == "Total" else group)))
    assert row.height == 1
    names = ("t_att8", "t_pupils", "t_p8score", "t_inp8calc")
    attainment, pupils, progress, counted = (numbers(row, name)[name].to_numpy() for name in names)
    found = [
        exact_rates(attainment, pupils, per=1, decimals=1)[0], exact_rates(progress, counted, per=1, decimals=2)[0],
    ]  # fmt: skip
    assert found == list(expected)
