"""Published figures as benchmarks: what a year means, noise in floats, ranges, vintage; real LAIT and EES files."""

import polars as pl
import pytest
from hand_made import table
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlab.compare import (
    HISTORY,
    benchmark_rows,
    gap_rows,
    indicator_rows,
    regions_of,
    school_figure_rows,
    unused_indicators,
)
from sendlab.compare.benchmarks import NO_PERIOD, NO_PLACE, UNMAPPED, authority_rows
from sendlab.compare.published import declared, series
from sendlab.metrics.cards import cards
from sendlab.schema.measures import MEASURE_COLUMNS, MEASURE_KEY
from sendlab.sources import published
from sendlab.sources.ees import read_authorities
from sendlab.sources.open import open_tables
from sendlab.stats.rounding import round_half_away
from sendlab.store import read_table
from sendlab.workspace import find_workspace

LA = "Local authority"


def lait(*rows):
    """Rows of the table `indicators`: (indicator, time_period, place_name, la_code, region_name, value, symbol)."""
    names = ("indicator", "time_period", "place_name", "la_code", "region_name", "value", "symbol")
    return table("indicators", *(dict(zip(names, row, strict=True)) for row in rows))


def of_derby(indicator, year, value, symbol=None):
    return (indicator, year, "Derby", "831", "East Midlands", value, symbol)


# ---- what a series means


@pytest.mark.parametrize(
    ("indicator", "written", "meant"),
    [("TotAbs", "2023", "202223"), ("TotFixedEx", "2022/23", "202223"), ("SEN_EHC_All_20wks", "2023", "2023"),
     ("TotAbs", "2025 (Rev)", "202425"), ("KS2RWM_Expected_STD", "2000", "199900"), ("TotFixedEx", "2022-23", "202223"),
     ("SEN_TotStat", "2025", "202425")],
)  # fmt: skip
def test_year_is_what_its_series_means(indicator, written, meant):
    """Absence by the year's end, exclusions in full, plans by calendar year, a January census by its school year."""
    assert indicator_rows(lait(of_derby(indicator, written, 5.0)))["time_period"].to_list() == [meant]


@pytest.mark.parametrize(("written", "meant"), [("2014-16", "201416"), ("2013/14-15/16", None), ("2022/23", None)])
def test_period_that_is_not_understood_is_listed_and_not_guessed(written, meant):
    indicator = "SEN_EHC_All_20wks" if written == "2022/23" else "TotAbs"
    rows = lait(of_derby(indicator, written, 5.0))
    made = indicator_rows(rows)
    assert made["time_period"].to_list() == [meant] * (meant is not None)
    assert unused_indicators(rows)["why"].to_list() == [NO_PERIOD] * (meant is None)


def test_series_without_a_measure_and_places_without_a_level_are_listed():
    rows = lait(
        of_derby("RTA", "2023", 5.0), ("TotAbs", "2023", "Statistical neighbours of Derby", None, None, 7.0, None)
    )
    assert indicator_rows(rows).is_empty()
    assert set(unused_indicators(rows).select("indicator", "why").rows()) == {("RTA", UNMAPPED), ("TotAbs", NO_PLACE)}


def test_places_have_their_level_and_code():
    rows = indicator_rows(lait(
        of_derby("TotAbs", "2023", 7.0), ("TotAbs", "2023", "England", None, None, 7.4, None),
        ("TotAbs", "2023", "London (Inner)", None, None, 7.1, None),
        ("TotAbs", "2023", "Nowhere", None, "Region", 1.0, None),
    ))  # fmt: skip
    assert rows.select("geographic_level", "place_code").rows() == [
        (LA, "831"), ("National", "E92000001"), ("Regional", "London (Inner)"), (LA, "Nowhere"),
    ]  # fmt: skip
    assert dict(rows.schema) == MEASURE_COLUMNS


def test_groups_unit_and_phase_come_from_the_map():
    rows = indicator_rows(lait(of_derby("NEW_KS2_RWM_Sen_W/Osta", "2024", 26.0), of_derby("SpecPerAbNew", "2024", 37.2),
                               of_derby("SEN_TotSENSuP", "2024", 13.6)))  # fmt: skip
    assert rows.select("measure", "sen_provision", "education_phase", "item", "unit").rows() == [
        ("ks2_rwm_expected", "SEN support", "Total", "Total", "% of pupils"),
        ("persistent_absence", "Total", "Special", "Total", "% of pupils"),
        ("sen_prevalence", "Total", "Total", "SEN support", "% of pupils"),
    ]


# ---- values


@pytest.mark.parametrize(
    ("indicator", "text", "value"),
    [("TotAbs", "4.6500000000000004", 4.65), ("TotAbs", "4.8099999999999996", 4.81), ("TotAbs", "4.005", 4.01),
     ("KS2_SEN_Reading_Progress", "-4.3650000000000002", -4.37), ("TotPermEx", "9.6189999999999998E-2", 0.09619),
     ("SEN_EHC_All_20wks", "64.900000000000006", 64.9), ("TotAbs", "0", 0.0)],
)  # fmt: skip
def test_float_noise_is_rounded_off_away_from_zero(indicator, text, value):
    rows = indicator_rows(lait(of_derby(indicator, "2023", float(text))))
    assert rows.select("value", "lower", "upper", "status", "method").row(0) == (value, None, None, "", "published")


@pytest.mark.parametrize(
    ("value", "kept"), [(0.0, True), (100.0, True), (100.01, False), (-0.01, False), (8230.0, False)]
)
def test_percentage_outside_its_range_is_refused_with_its_place(value, kept):
    row = indicator_rows(lait(of_derby("TotPerAbNew", "2023", value))).row(0, named=True)
    assert (row["value"], row["status"]) == ((value, "") if kept else (None, "x"))
    if not kept:
        assert "outside 0.0 to 100.0" in row["note"] and "Derby" in row["note"] and "TotPerAbNew" in row["note"]


@pytest.mark.parametrize(
    ("indicator", "value", "kept"),
    [("SpecFixedEx", 289.55224, True), ("SpecFixedEx", 9001.0, False), ("SEN_Stat_AVG_Prog8_Score", -7.0, False)],
)
def test_rates_and_scores_have_ranges_of_their_own(indicator, value, kept):
    assert (indicator_rows(lait(of_derby(indicator, "2023", value)))["value"][0] is not None) == kept


def test_mark_in_place_of_a_value_is_kept_and_never_nought():
    rows = indicator_rows(lait(of_derby("TotAbs", "2023", None, "-"), of_derby("TotAbs", "2022", None, "c"),
                               of_derby("TotAbs", "2021", None)))  # fmt: skip
    assert rows.select("value", "status").rows() == [(None, "x"), (None, "c"), (None, "x")]


@settings(deadline=None)
@given(st.floats(0, 100), st.sampled_from(sorted(series()["indicator"])))
def test_any_value_in_range_comes_out_at_the_publications_places(value, indicator):
    about = series().filter(indicator=indicator).row(0, named=True)
    value = about["lowest"] + (about["highest"] - about["lowest"]) * value / 100
    (got,) = indicator_rows(lait(of_derby(indicator, "2023", value))).filter(pl.col("value").is_not_null())["value"]
    assert got == round_half_away(value, about["decimals"])


# ---- vintage


def test_vintage_is_shown_and_old_figures_are_history():
    rows = indicator_rows(lait(*(of_derby("TotAbs", year, 7.0) for year in ("2024", "2023", "2026"))), latest="202526")
    notes = dict(rows.select("time_period", "note").rows())
    assert notes["202324"] == notes["202526"] == "published in LAIT, series TotAbs"
    assert notes["202223"] == f"{HISTORY}: LAIT, series TotAbs"


BENCH = {
    "measure": "absence", "time_period": "202425", "time_identifier": "Academic year", "geographic_level": "National",
    "place_code": "E92000001", "place_name": "England", "education_phase": "Total", "sen_provision": "Total",
    "need_area": "Total", "value": 6.91234, "symbol": "", "source_file": "absence.csv",
}  # fmt: skip


def of_england(year, value):
    return ("TotAbs", year, "England", None, None, value, None)


def test_files_of_the_department_come_before_lait_and_lait_fills_what_they_lack():
    indicators = lait(of_england("2025", 6.78), of_england("2024", 7.15), of_derby("TotAbs", "2024", 7.0))
    rows = benchmark_rows(table("benchmarks", BENCH), indicators, latest="202526")
    assert rows.select("time_period", "value").sort("time_period").rows() == [("202324", 7.15), ("202425", 6.91234)]
    assert rows.filter(time_period="202425")["note"][0] == "published in absence.csv"
    assert set(rows["geographic_level"]) == {"National"}


def test_benchmarks_of_the_future_are_left_out_and_impossible_ones_refused():
    hidden = {**BENCH, "sen_provision": "No SEN", "value": None, "symbol": "c"}
    rows = [{**BENCH, "time_period": "202627"}, {**BENCH, "value": 691.0}, hidden]
    made = benchmark_rows(table("benchmarks", *rows), lait(), latest="202526")
    assert made.select("value", "status").rows() == [(None, "x"), (None, "c")]
    assert "refused: 691.0" in made["note"][0]


def test_nothing_published_gives_nothing():
    assert benchmark_rows(table("benchmarks"), lait(), latest="202526").is_empty()
    assert authority_rows(lait()).is_empty() and unused_indicators(lait()).is_empty()


def test_units_and_polarities_are_those_of_the_cards():
    for name, about in declared()["measures"].items():
        card = cards()[name]
        assert (about["unit"], about["polarity"]) == (card.unit, card.polarity), name
        assert about["range"][0] < about["range"][1]
    assert {about["measure"] for about in declared()["school_figures"]["columns"].values()} <= set(cards())
    assert series()["indicator"].is_unique().all()


def test_sample_has_benchmarks_and_neighbours_of_invented_authorities(sample_workspace):
    folder = find_workspace(sample_workspace).store
    tables = {name: read_table(folder, name) for name in ("indicators", "benchmarks")}
    rows = indicator_rows(tables["indicators"], latest="202526")
    assert rows.filter(geographic_level=LA)["place_code"].n_unique() == 11
    assert set(unused_indicators(tables["indicators"])["why"]) == {NO_PLACE}
    national = benchmark_rows(tables["benchmarks"], tables["indicators"], latest="202526")
    assert not national.select(MEASURE_KEY).is_duplicated().any()
    assert gap_rows(national).is_empty()


# ---- performance tables


def figure(name, value, code="100001", symbol=None, **more):
    return {
        "level": "School", "time_period": "201819", "school_id": f"999{code[2:]}", "school_urn": code, "la_code": "999",
        "establishment": code[2:], "figure": name, "value": value, "symbol": symbol, "source_file": "ks2.csv", **more,
    }  # fmt: skip


def test_figures_of_schools_keep_their_published_limits():
    schools = table(
        "schools", {"school_id": "9990001", "school_urn": "100001", "school_name": "Elm", "phase_code": "PS"}
    )
    rows = school_figure_rows(table("school_figures", figure("READPROG", -1.2), figure("READPROG_LOWER", -3.4),
                                    figure("READPROG_UPPER", 1.0), figure("PERCTOT", None, symbol="SUPP"),
                                    figure("PERCTOT", 4.1, code="100002"), figure("TELIG", 30.0)), schools)  # fmt: skip
    names = ("measure", "place_code", "place_name", "education_phase", "value", "lower", "upper", "status")
    assert sorted(rows.select(names).rows()) == [
        ("absence", "100001", "Elm", "Primary", None, None, None, "c"),
        ("absence", "100002", "100002", "Unknown", 4.1, None, None, ""),
        ("ks2_reading_progress", "100001", "Elm", "Primary", -1.2, -3.4, 1.0, ""),
    ]
    assert rows["note"].str.contains("ks2.csv, column").all()


def test_figures_of_the_nation_and_without_a_year():
    nation = {"level": "National", "school_id": None, "school_urn": None, "la_code": None, "establishment": "SPE"}
    rows = school_figure_rows(table("school_figures", figure("PERCTOT", 10.1) | nation,
                                    figure("PERCTOT", 4.0) | {"time_period": None}), table("schools"))  # fmt: skip
    assert rows.select("geographic_level", "place_code", "education_phase", "value").rows() == [
        ("National", "E92000001", "Special", 10.1)
    ]


# ---- real files


@pytest.fixture(scope="module")
def indicators(real_data):
    (text,) = open_tables(real_data / "bds_long_0.parquet")
    return published.read(text, "indicators", {}).tables["indicators"]


@pytest.fixture(scope="module")
def rows(indicators):
    return indicator_rows(indicators)


def test_lait_has_a_row_for_every_place_and_year_of_the_mapped_series(indicators, rows):
    mapped = indicators.filter(pl.col("indicator").is_in(series()["indicator"].to_list()))
    assert rows.height == mapped.height and mapped["indicator"].n_unique() > 45
    assert set(unused_indicators(indicators)["why"]) == {UNMAPPED}
    assert rows["value"].null_count() == mapped["value"].null_count()  # nothing refused
    assert not rows.select(MEASURE_KEY).is_duplicated().any()
    assert rows.filter(geographic_level=LA)["place_code"].n_unique() == 158
    assert regions_of(indicators).height == 158 and regions_of(indicators)["region"].n_unique() == 10


@pytest.mark.parametrize(
    ("measure", "rate", "compared"),
    [("ehc_within_20_weeks_all", "pc_plans_issued_within_20_weeks", 903),
     ("ehc_within_20_weeks", "PC_plans_issued_20_weeks_ex", 901)],
)  # fmt: skip
def test_lait_gives_the_published_plans_within_20_weeks(rows, real_data, measure, rate, compared):
    """NOTES.md 1: 903 of 903 and 901 of 901 years of authorities, to one place."""
    plans = pl.read_csv(real_data / "timeliness_20_week.csv.gz", infer_schema_length=0)
    plans = plans.filter(geographic_level="Local authority", breakdown_topic="All EHC plans issued")
    plans = plans.select("time_period", "old_la_code", pl.col(rate).cast(pl.Float64, strict=False))
    both = rows.filter(measure=measure, geographic_level=LA).join(
        plans, left_on=["time_period", "place_code"], right_on=["time_period", "old_la_code"]
    )
    both = both.drop_nulls(["value", rate])
    assert both.height == compared
    assert both["value"].to_list() == both[rate].to_list()


NATION = {
    ("absence", "Total", "Total"): {"201516": 4.57, "201617": 4.65, "201718": 4.81, "201819": 4.73, "202021": 4.62,
                                    "202122": 7.55, "202223": 7.37, "202324": 7.15, "202425": 6.78},
    ("persistent_absence", "Total", "Total"): {"201516": 10.50, "201617": 10.79, "201718": 11.17, "201819": 10.86,
                                               "202021": 12.08, "202122": 22.51, "202223": 21.22, "202324": 19.95,
                                               "202425": 18.14},
    ("severe_absence", "Total", "Total"): {"201516": 0.60, "202223": 2.03, "202324": 2.30, "202425": 2.39},
    ("absence", "Total", "Special"): {"202223": 13.02, "202324": 13.01, "202425": 12.76},
    ("persistent_absence", "Total", "Special"): {"202223": 38.33, "202324": 37.21, "202425": 35.26},
    ("suspension_rate", "Total", "Total"): {"201819": 5.36, "201920": 3.76, "202021": 4.25, "202122": 6.91,
                                            "202223": 9.33, "202324": 11.31},
    ("suspended_once_or_more", "Total", "Total"): {"201819": 2.44, "201920": 1.87, "202021": 2.20, "202122": 3.02,
                                                   "202223": 3.61, "202324": 4.04},
    ("ks2_rwm_expected", "No SEN", "Total"): {"201516": 62, "201617": 71, "201718": 74, "201819": 75, "202122": 69,
                                              "202223": 70, "202324": 72, "202425": 74},
    ("ks2_rwm_expected", "SEN support", "Total"): {"201516": 16, "201617": 21, "201718": 24, "201819": 25, "202122": 21,
                                                   "202223": 24, "202324": 26, "202425": 29},
    ("ks2_rwm_expected", "EHC plan", "Total"): {"201516": 7, "201617": 8, "201718": 9, "201819": 9, "202122": 7,
                                                "202223": 8, "202324": 9, "202425": 9},
    ("ks2_reading_progress", "EHC plan", "Total"): {"201617": -3.7, "201819": -3.62, "202122": -4.50, "202223": -4.36},
    ("attainment_8", "No SEN", "Total"): {"201718": 49.9, "201819": 49.9, "202122": 52.5, "202425": 50.2},
    ("attainment_8", "SEN support", "Total"): {"201718": 32.2, "201819": 32.6, "202122": 34.9, "202425": 33.8},
    ("progress_8", "EHC plan", "Total"): {"201718": -1.09, "201819": -1.17, "202122": -1.33, "202324": -1.13},
    ("ehc_within_20_weeks_all", "Total", "Total"): {"2019": 58.7, "2020": 55.6, "2021": 57.9, "2022": 47.7,
                                                    "2023": 49.1, "2024": 45.9},
    ("ehc_within_20_weeks", "Total", "Total"): {"2019": 60.4, "2020": 58.0, "2021": 59.9, "2022": 49.2, "2023": 50.3,
                                                "2024": 46.4},
}  # fmt: skip


@pytest.mark.parametrize(("group", "expected"), NATION.items(), ids=lambda group: " ".join(group))
def test_england_has_its_published_values_under_our_names(rows, group, expected):
    """The values of NOTES.md 3; exclusions are held to five places there and told to two."""
    measure, provision, phase = group
    found = rows.filter(
        measure=measure, sen_provision=provision, education_phase=phase, geographic_level="National", item="Total"
    )
    values = {period: float(round_half_away(value, 2)) for period, value in found.drop_nulls("value")
              .select("time_period", "value").rows()}  # fmt: skip
    assert {period: values[period] for period in expected} == expected


def test_england_shares_of_pupils_with_sen_are_told_by_provision(rows):
    england = rows.filter(measure="sen_prevalence", geographic_level="National", education_phase="Total")
    for item, expected in (("EHC plan", {"201516": 2.8, "202223": 4.3, "202425": 5.3}),
                           ("SEN support", {"201516": 11.6, "202223": 13.0, "202425": 14.2})):  # fmt: skip
        values = dict(england.filter(item=item).select("time_period", "value").rows())
        assert {period: values[period] for period in expected} == expected


def test_permanent_exclusions_keep_their_places(rows):
    values = rows.filter(measure="permanent_exclusion_rate", geographic_level="National", education_phase="Total")
    assert dict(values.select("time_period", "value").rows())["201819"] == 0.09651


def test_authorities_of_a_department_file_come_with_their_counts(real_data, indicators):
    (text,) = open_tables(real_data / "exclusions_by_characteristic.csv.gz")
    files = read_authorities(text)
    made = authority_rows(indicators, files)
    camden = made.filter(
        measure="permanent_exclusion_rate", time_period="201617", place_code="202", education_phase="Total"
    )
    values = {row["sen_provision"]: row for row in camden.iter_rows(named=True)}
    # NOTES.md 5: 30 permanent exclusions, 18 of pupils without SEN, 11 on SEN support, EHC suppressed
    assert [values[name]["numerator"] for name in ("Total", "No SEN", "SEN support")] == [30, 18, 11]
    assert (values["EHC plan"]["value"], values["EHC plan"]["status"]) == (None, "x")
    assert not made.select(MEASURE_KEY).is_duplicated().any()
    # LAIT's own authorities of that year are left out, and those of later years stay
    held = made.filter(measure="suspension_rate", time_period="201617", geographic_level=LA)
    assert set(held["note"]) == {"published in exclusions_by_characteristic.csv.gz"}
    assert made.filter(measure="suspension_rate", time_period="202324", geographic_level=LA).height > 150
