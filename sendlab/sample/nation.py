"""An invented nation to compare with, laid out as Explore Education Statistics files and as the table `benchmarks`."""

from typing import Any

import polars as pl

from sendlab.sample.settings import SCHOOL_YEARS, period, settings

ALL_PUPILS = "All pupils"
GROUP_OF_CODE = {"E": "EHC plan", "K": "SEN support", "N": "No SEN"}
_HEAD = ("time_period", "time_identifier", "geographic_level", "country_code", "country_name", "sen_provision")
_LABELS = {
    "enrolments": "Number of pupil enrolments",
    "sess_possible": "Number of sessions possible",
    "sess_overall": "Number of overall absence sessions",
    "sess_overall_percent": "Percentage of overall absence sessions",
    "enrolments_pa_10_exact": "Number of persistent absentees",
    "enrolments_pa_10_exact_percent": "Percentage of persistent absentees",
    "enrolments_pa_50_exact": "Number of severe absentees",
    "enrolments_pa_50_exact_percent": "Percentage of severe absentees",
    "headcount": "Headcount",
    "suspension": "Suspensions",
    "susp_rate": "Suspensions (rate)",
    "perm_excl": "Permanent exclusions",
    "perm_excl_rate": "Permanent exclusions (rate)",
    "one_plus_susp": "Pupils with one or more suspensions",
    "one_plus_susp_rate": "Pupils with one or more suspensions (rate)",
    "t_rwm_eligible_pupils": "Number of eligible pupils",
    "t_rwm_met_expected_standard": "Pupils meeting the expected standard in reading, writing and maths",
    "pt_rwm_met_expected_standard": "Percentage meeting the expected standard in reading, writing and maths",
}
# file -> (measure, numerator, denominator, value): how its columns stand for the measures of the cards
FILES = {
    "invented_nation_absence": (
        ("absence", "sess_overall", "sess_possible", "sess_overall_percent"),
        ("persistent_absence", "enrolments_pa_10_exact", "enrolments", "enrolments_pa_10_exact_percent"),
        ("severe_absence", "enrolments_pa_50_exact", "enrolments", "enrolments_pa_50_exact_percent"),
    ),
    "invented_nation_suspensions": (
        ("suspension_rate", "suspension", "headcount", "susp_rate"),
        ("permanent_exclusion_rate", "perm_excl", "headcount", "perm_excl_rate"),
        ("suspended_once_or_more", "one_plus_susp", "headcount", "one_plus_susp_rate"),
    ),
    "invented_nation_ks2": (
        ("ks2_rwm_expected", "t_rwm_met_expected_standard", "t_rwm_eligible_pupils", "pt_rwm_met_expected_standard"),
    ),
}


def _counts(code: str, year: int) -> dict[str, Any]:
    """The counts of one group in one year, from the rates in settings.toml."""
    nation = settings()["nation"]
    group = nation[code]
    factor: float = nation["each_year"] ** (year - 1)  # levels in settings.toml are those of year 1

    def count(base: float, rate: str) -> int:
        percent: float = group[rate]
        return round(base * percent * factor / 100)

    sessions = group["enrolments"] * nation["sessions"]
    return {
        "time_period": period(year),
        "sen_provision": group["label"],
        "enrolments": group["enrolments"],
        "sess_possible": sessions,
        "sess_overall": count(sessions, "absence"),
        "enrolments_pa_10_exact": count(group["enrolments"], "persistent"),
        "enrolments_pa_50_exact": count(group["enrolments"], "severe"),
        "headcount": group["enrolments"],
        "suspension": count(group["enrolments"], "suspensions"),
        "perm_excl": count(group["enrolments"], "permanent"),
        "one_plus_susp": count(group["enrolments"], "once"),
        "t_rwm_eligible_pupils": group["ks2_pupils"],
        "t_rwm_met_expected_standard": round(group["ks2_pupils"] * group["ks2_expected"] / 100),
    }


def _nation() -> pl.DataFrame:
    """Every count and rate by year and SEN provision, with the row of all pupils."""
    parts = pl.DataFrame([_counts(code, year) for year in range(SCHOOL_YEARS) for code in GROUP_OF_CODE])
    whole = parts.group_by("time_period", maintain_order=True).agg(pl.exclude("sen_provision").sum())
    frame = pl.concat([parts, whole.with_columns(sen_provision=pl.lit(ALL_PUPILS))], how="diagonal")
    nation = settings()["nation"]
    rates = [
        (100 * pl.col(above) / pl.col(below)).round(5, mode="half_away_from_zero").alias(rate)
        for measures in FILES.values()
        for _, above, below, rate in measures
    ]
    return frame.with_columns(
        *rates,
        time_identifier=pl.lit("Academic year"),
        geographic_level=pl.lit("National"),
        country_code=pl.lit(nation["code"]),
        country_name=pl.lit(nation["name"]),
    ).sort("time_period", maintain_order=True)


def ees_files(first_year: int = 0) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """{file name without ending: (data, meta)} in the layout of Explore Education Statistics, from a year on."""
    nation, found = _nation().filter(pl.col("time_period") >= period(first_year)), {}
    for name, measures in FILES.items():
        columns = list(dict.fromkeys(column for _, above, below, rate in measures for column in (below, above, rate)))
        found[name] = (nation.select(*_HEAD, *columns), _meta(columns))
    return found


def _meta(columns: list[str]) -> pl.DataFrame:
    """The meta file that goes with a data file: one row a filter or indicator."""
    rates = [rate for measures in FILES.values() for *_, rate in measures]
    rows = [{"col_name": "sen_provision", "col_type": "Filter", "label": "SEN provision"}]
    for name in columns:
        places = {"indicator_dp": "2" if name in rates else "0"}
        unit = {"indicator_unit": "%"} if name in rates and not name.endswith("_rate") else {}
        rows.append({"col_name": name, "col_type": "Indicator", "label": _LABELS[name], **unit, **places})
    head = ("col_name", "col_type", "label", "indicator_grouping", "indicator_unit", "indicator_dp", "filter_hint",
            "filter_grouping_column")  # fmt: skip
    return pl.DataFrame(rows, schema=dict.fromkeys(head, pl.String))


def benchmarks() -> pl.DataFrame:
    """The table `benchmarks` that these files hold."""
    nation = _nation()
    groups = {settings()["nation"][code]["label"]: name for code, name in GROUP_OF_CODE.items()} | {ALL_PUPILS: "Total"}
    found = []
    for file, measures in FILES.items():
        for measure, above, below, rate in measures:
            found.append(
                nation.select(
                    pl.lit(measure).alias("measure"), "time_period", "time_identifier", "geographic_level",
                    pl.col("country_code").alias("place_code"), pl.col("country_name").alias("place_name"),
                    pl.lit("Total").alias("education_phase"), pl.col("sen_provision").replace_strict(groups),
                    pl.lit("Total").alias("need_area"),
                    pl.col(above).cast(pl.Float64).alias("numerator"),
                    pl.col(below).cast(pl.Float64).alias("denominator"), pl.col(rate).alias("value"),
                    pl.lit("").alias("symbol"), pl.lit(f"{file}.csv").alias("source_file"),
                )
            )  # fmt: skip
    return pl.concat(found)
