"""The EES open data standard: odd pairs that meet it give nothing; each rule finds its fault, in its row."""

import copy
import csv
import gzip
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendlab.check import check_files
from sendlab.errors import DataProblem
from sendlab.schema.problems import PROBLEM_COLUMNS
from sendlab.sources.ees_pair import places, standard
from sendlab.sources.ees_rules import CHECKS, check_pair, find_meta, is_meta_of
from sendlab.sources.text import read_text_table

META = standard()["meta_mandatory"]
BASE = {"time_period": "202425", "time_identifier": "Academic year", "country_code": "E92000001",
        "country_name": "England"}  # fmt: skip
REGION = {"region_code": "E12000003", "region_name": "Yorkshire and The Humber"}
HULL = {**REGION, "old_la_code": "810", "new_la_code": "E06000010", "la_name": "Kingston upon Hull, City of"}
LEVELS = [("National", {}), ("Regional", REGION), ("Local authority", HULL)]


@dataclass
class Files:
    """A pair as lists of rows, to be spoilt and written."""

    data: list[dict[str, str]]
    meta: list[dict[str, str]]
    columns: list[str] = field(default_factory=list)
    meta_columns: list[str] = field(default_factory=lambda: list(META))
    name: str = "absence_sen.csv"
    meta_name: str = "absence_sen.meta.csv"

    def __post_init__(self) -> None:
        self.columns = self.columns or list(dict.fromkeys(name for row in self.data for name in row))


def a_row(level: str, where: dict[str, str], sex: str, topic: str, breakdown: str, **figures: str) -> dict[str, str]:
    place = {name: where.get(name, "") for name in HULL}
    filters = {"sex": sex, "breakdown_topic": topic, "breakdown": breakdown}
    return {**BASE, "geographic_level": level, **place, **filters, "pupils": "120", "rate": "4.75839", **figures}


def meta_row(name: str, kind: str, label: str, **more: str) -> dict[str, str]:
    return {"col_name": name, "col_type": kind, "label": label, **more}


def valid() -> Files:
    breakdowns = [("Total", "Total"), ("SEN provision", "SEN support"), ("FSM", "Eligible")]
    data = [
        a_row(level, where, sex, topic, breakdown)
        for level, where in LEVELS
        for sex in ("Total", "Female")
        for topic, breakdown in breakdowns
    ]
    meta = [
        meta_row("sex", "Filter", "Sex", filter_hint="Filter by sex"),
        meta_row("breakdown", "Filter", "Breakdown", filter_grouping_column="breakdown_topic"),
        meta_row("pupils", "Indicator", "Number of pupils", indicator_grouping="Pupils", indicator_dp="0"),
        meta_row("rate", "Indicator", "Absence rate", indicator_unit="%", indicator_dp="1"),
    ]
    return Files(data, meta)


def written(files: Files, folder: Path, *, quoting: int = csv.QUOTE_MINIMAL, bom: bool = False, end: str = "\n",
            last: bool = True) -> tuple[Path, Path]:  # fmt: skip
    paths = []
    for name, columns, rows in (
        (files.name, files.columns, files.data), (files.meta_name, files.meta_columns, files.meta),
    ):  # fmt: skip
        path = folder / name
        with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as handle:
            writer = csv.writer(handle, quoting=quoting, lineterminator=end)
            writer.writerows([columns, *([row.get(c, "") for c in columns] for row in rows)])
        if not last:
            path.write_bytes(path.read_bytes().rstrip(b"\r\n"))
        paths.append(path)
    return paths[0], paths[1]


def problems_of(files: Files, folder: Path, **how: object) -> pl.DataFrame:
    data, meta = written(files, folder, **how)
    return check_pair(read_text_table(data), read_text_table(meta))[0]


def found(files: Files, folder: Path, **how: object) -> list[tuple[str, str, int | None, str]]:
    rows = problems_of(files, folder, **how).select("rule", "file", "row", "column").rows()
    return [(rule, "meta" if ".meta." in file else "data", row, column) for rule, file, row, column in rows]


def test_every_rule_has_its_check_and_its_words():
    rules = standard()["rule"]
    assert {rule["id"] for rule in rules} == set(CHECKS)
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert all(rule["message"] and rule["remedy"] and rule["source"] for rule in rules)
    assert {rule["severity"] for rule in rules} == {"error", "warning", "query"}
    assert set(standard()["within"]) == set(places())


# --- odd, and in order


def columns_turned_round(files: Files) -> None:
    files.columns.reverse()
    files.meta_columns.reverse()
    files.data.reverse()


def calendar_years(files: Files) -> None:
    for row in files.data:
        row |= {"time_period": "2024", "time_identifier": "Calendar year"}


def terms(files: Files) -> None:
    for place, row in enumerate(files.data):
        row["time_identifier"] = ("Autumn term", "Spring term", "Summer term")[place % 3]


def weeks(files: Files) -> None:
    for place, row in enumerate(files.data):
        row |= {"time_period": "2024", "time_identifier": f"Week {place + 1}"}


def half_years(files: Files) -> None:
    for place, row in enumerate(files.data):
        row["time_identifier"] = ("Part 1 (April to September)", "Part 2 (October to March)")[place % 2]


def turn_of_the_century(files: Files) -> None:
    for row in files.data:
        row["time_period"] = "199900"


def only_regions(files: Files) -> None:
    files.data = [row for row in files.data if row["geographic_level"] == "Regional"]
    files.columns = [c for c in files.columns if "la_" not in c]


def unknown_place(files: Files) -> None:
    unknown = {"region_code": "", "region_name": "", "old_la_code": "x", "new_la_code": "x", "la_name": "Not available"}
    files.data += [row | unknown for row in files.data if row["geographic_level"] == "Local authority"]


def place_of_ones_own(files: Files) -> None:
    own = {"region_code": "z", "region_name": "Outside of England", "old_la_code": "z", "new_la_code": "z",
           "la_name": "Outside of England"}  # fmt: skip
    files.data += [row | own for row in files.data if row["geographic_level"] == "Local authority"]


def old_authorities(files: Files) -> None:
    for codes in ({"old_la_code": "837", "new_la_code": "E06000028", "la_name": "Bournemouth"},
                  {"old_la_code": "909", "new_la_code": "E10000006", "la_name": "Cumbria"},
                  {"old_la_code": "815", "new_la_code": "E10000023", "la_name": "North Yorkshire"},
                  {"old_la_code": "931", "new_la_code": "", "la_name": "Oxfordshire before 1974"}):  # fmt: skip
        files.data += [row | codes for row in files.data if row["la_name"] == HULL["la_name"]]


def small_places(files: Files) -> None:
    lad = {"lad_code": "E07000178", "lad_name": "Oxford"}
    rows = {
        "Local authority district": HULL | lad,
        "Ward": REGION | lad | {"ward_code": "E05013108", "ward_name": "Barton & Sandhills"},
        "Parliamentary constituency": REGION | {"pcon_code": "E14001413", "pcon_name": "Oxford East"},
        "Local enterprise partnership": {
            "local_enterprise_partnership_code": "E37000025",
            "local_enterprise_partnership_name": "Oxfordshire",
        },
        "English devolved area": {
            "english_devolved_area_code": "E47000001",
            "english_devolved_area_name": "Greater Manchester",
        },
        "MAT": {"trust_id": "2053", "trust_name": "A trust"},
        "RSC region": {"rsc_region_lead_name": "North of England"},
    }
    extra = [
        a_row(level, where, sex, "Total", "Total") | where
        for level, where in rows.items()
        for sex in ("Total", "Female")
    ]
    files.data += extra
    files.columns = list(dict.fromkeys([*files.columns, *(name for row in extra for name in row)]))


def symbols_and_long_numbers(files: Files) -> None:
    for row, value in zip(files.data, ["z", "x", "c", "low", "k", "u", "-3.25", "0.333333333333", "0", "1e3", ".5"],
                          strict=False):  # fmt: skip
        row["rate"] = value


def all_pupils_as_total(files: Files) -> None:
    for row in files.data:
        row["sex"] = row["sex"].replace("Total", "All pupils")


def default_instead_of_total(files: Files) -> None:
    files.meta_columns.append("filter_default")
    files.meta[0]["filter_default"] = "Male"
    for row in files.data:
        row["sex"] = row["sex"].replace("Total", "Male")


def dates_without_total(files: Files) -> None:
    for row in files.data:
        row["sex"] = "2024-09-30" if row["sex"] == "Total" else "2024-10-01"


def accents_and_apostrophes(files: Files) -> None:
    for row in files.data:
        row["breakdown"] = row["breakdown"].replace("Eligible", "Child’s café, naïve; 'quoted' \"twice\"")


def no_filters(files: Files) -> None:
    files.data = [row for row in files.data if row["sex"] == row["breakdown"] == "Total"]
    files.meta = files.meta[2:]


def one_row(files: Files) -> None:
    del files.data[1:]


def group_also_a_filter(files: Files) -> None:
    files.meta.append(meta_row("breakdown_topic", "Filter", "Topic"))


def parent_filter(files: Files) -> None:
    files.meta_columns.append("parent_filter")
    files.meta[1]["parent_filter"] = "sex"


def column_of_one_value(files: Files) -> None:
    files.columns.append("version")
    for row in files.data:
        row["version"] = "Revised"


def schools_alone(files: Files) -> None:
    school = {"school_urn": "100000", "school_laestab": "8104000", "school_name": "A school"}
    files.data = [row | school for row in files.data if row["geographic_level"] == "Local authority"]
    for row in files.data:
        row["geographic_level"] = "School"
    files.columns += list(school)


def school_as_the_only_filter(files: Files) -> None:
    schools_alone(files)
    files.data = [row for row in files.data if row["sex"] == row["breakdown"] == "Total"]
    files.data.append(files.data[0] | {"school_urn": "100001", "school_laestab": "8104001", "school_name": "Another"})
    files.meta = [meta_row("school_name", "Filter", "School"), *files.meta[2:]]


def schools_of_one_name_and_a_converted_one(files: Files) -> None:
    schools_alone(files)
    alike = [row | {"school_urn": "100001", "school_laestab": "8104001"} for row in files.data]
    converted = [row | {"school_urn": "100002", "school_name": "A school academy"} for row in files.data]
    files.data += alike + converted  # the converted one keeps its LAESTAB


def a_trust_renamed_next_year(files: Files) -> None:
    trust = {"trust_id": "TR00001", "trust_name": "A trust"}
    rows = [a_row("MAT", trust, "Total", "Total", "Total") | trust for _ in range(2)]
    files.data += [rows[0], rows[1] | {"trust_name": "B trust", "time_period": "202526"}]
    files.columns += list(trust)


def districts_without_region(files: Files) -> None:
    district = {"lad_code": "E07000178", "lad_name": "Oxford"}
    files.data.append(a_row("Local authority district", {}, "Total", "Total", "Total") | district)
    files.columns += list(district)


def schools_beside_the_nation(files: Files) -> None:
    files.data.append(a_row("School", HULL, "Total", "Total", "Total") | SCHOOL)
    files.columns += list(SCHOOL)


def names_with_digits_and_capitals(files: Files) -> None:
    new = "NEET_16_17_pct_5"
    files.columns[files.columns.index("rate")] = new
    files.meta[3]["col_name"] = new
    for row in files.data:
        row[new] = row.pop("rate")


def text_figures(files: Files) -> None:
    files.meta[3] |= {"indicator_unit": "numberstring", "indicator_dp": ""}
    for row in files.data:
        row["rate"] = "3 to 4"


ODD = [
    columns_turned_round, calendar_years, terms, weeks, half_years, turn_of_the_century, only_regions, unknown_place,
    place_of_ones_own, old_authorities, small_places, symbols_and_long_numbers, all_pupils_as_total,
    default_instead_of_total, dates_without_total, accents_and_apostrophes, no_filters, one_row, group_also_a_filter,
    parent_filter, column_of_one_value, schools_alone, school_as_the_only_filter, names_with_digits_and_capitals,
    text_figures, schools_of_one_name_and_a_converted_one, a_trust_renamed_next_year, districts_without_region,
    schools_beside_the_nation,
]  # fmt: skip


@pytest.mark.parametrize("make", ODD, ids=lambda make: make.__name__)
def test_an_odd_pair_that_meets_the_standard_is_not_refused(make, tmp_path):
    files = valid()
    make(files)
    refused = problems_of(files, tmp_path).filter(pl.col("severity") != "query")
    assert refused.is_empty(), refused.select("rule", "row", "column").rows()


@pytest.mark.parametrize(
    "how",
    [{}, {"bom": True}, {"quoting": csv.QUOTE_ALL}, {"end": "\r\n"}, {"last": False},
     {"bom": True, "quoting": csv.QUOTE_ALL, "end": "\r\n", "last": False}],
    ids=str,
)  # fmt: skip
def test_how_a_pair_is_written_makes_no_difference(how, tmp_path):
    assert found(valid(), tmp_path, **how) == []
    data, meta = tmp_path / "absence_sen.csv", tmp_path / "absence_sen.meta.csv"
    _, not_run = check_pair(read_text_table(data), read_text_table(meta))
    assert not_run == ()


# --- one fault, one rule, one row (line 2 is the first row: National, Total, Total)

LAST = 19  # line of the last row, a local authority's


def cell(column: str, value: str, line: int) -> object:
    return lambda files: files.data[line - 2].__setitem__(column, value)


def meta_cell(column: str, value: str, line: int) -> object:
    return lambda files: files.meta[line - 2].__setitem__(column, value)


def everywhere(column: str, value: str) -> object:
    return lambda files: [row.__setitem__(column, value) for row in files.data]


def renamed(old: str, new: str) -> object:
    def spoil(files: Files) -> None:
        files.columns[files.columns.index(old)] = new
        for row in files.data:
            row[new] = row.pop(old)
        for row in files.meta:
            row["col_name"] = row["col_name"].replace(old, new)

    return spoil


def new_column(name: str, values: tuple[str, ...], *, in_meta: dict[str, str] | None = None) -> object:
    def spoil(files: Files) -> None:
        files.columns.append(name)
        for place, row in enumerate(files.data):
            row[name] = values[place % len(values)]
        if in_meta:
            files.meta.append(in_meta)

    return spoil


def attribute(name: str, value: str) -> object:
    return lambda files: setattr(files, name, value)


def dropped(name: str) -> object:
    return lambda files: files.columns.remove(name)


def added(**changes: str) -> object:
    return lambda files: files.data.append(files.data[-1] | changes)


def with_columns(columns: dict[str, str], *rows: dict[str, str]) -> object:
    def spoil(files: Files) -> None:
        files.columns += list(columns)
        files.data += [a_row("", {}, "Total", "Total", "Total") | columns | row for row in rows]

    return spoil


SCHOOL = {"school_urn": "100000", "school_laestab": "8104000", "school_name": "A school"}
PROVIDER = {"provider_ukprn": "10000001", "provider_name": "A provider"}
WARD = {"ward_code": "E05013108", "ward_name": "Abbey"}
TRUST = {"trust_id": "TR00001", "trust_name": "A trust"}

FAULTS = [
    ("column_missing", dropped("country_name"), "data", None, "country_name"),
    ("column_spaces", renamed("rate", "absence rate"), "data", None, "absence rate"),
    ("column_characters", renamed("rate", "rate%"), "data", None, "rate%"),
    ("column_characters", renamed("rate", "2024_rate"), "data", None, "column 15"),
    ("column_capitals", renamed("rate", "Rate"), "data", None, "Rate"),
    ("column_unnamed", new_column("", ("1",)), "data", None, "column 16"),
    (
        "file_name",
        lambda f: (setattr(f, "name", "my data+.csv"), setattr(f, "meta_name", "my data+.meta.csv")),
        "data",
        None,
        "",
    ),
    ("meta_file_name", attribute("meta_name", "other.meta.csv"), "meta", None, ""),
    ("padded", cell("sex", "Female ", 7), "data", 7, "sex"),
    ("padded", cell("la_name", " Kingston upon Hull, City of", LAST), "data", LAST, "la_name"),
    ("null_text", cell("rate", "NULL", 4), "data", 4, "rate"),
    ("null_text", cell("breakdown", "NA", 4), "data", 4, "breakdown"),
    ("time_period_form", cell("time_period", "2024/25", 5), "data", 5, "time_period"),
    ("time_period_form", cell("time_period", "", 5), "data", 5, "time_period"),
    ("time_period_not_consecutive", cell("time_period", "202426", 5), "data", 5, "time_period"),
    ("time_period_digits", cell("time_period", "2024", 5), "data", 5, "time_period"),
    ("time_identifier_unknown", cell("time_identifier", "School year", 5), "data", 5, "time_identifier"),
    ("time_identifier_unknown", cell("time_identifier", "academic year", 5), "data", 5, "time_identifier"),
    ("time_identifier_mixed", cell("time_identifier", "Financial year", 5), "data", 5, "time_identifier"),
    ("time_identifier_mixed", cell("time_identifier", "Autumn term", 5), "data", 5, "time_identifier"),
    ("level_unknown", cell("geographic_level", "Country", 2), "data", 2, "geographic_level"),
    ("level_unknown", cell("geographic_level", "", 2), "data", 2, "geographic_level"),
    ("level_columns_missing", dropped("old_la_code"), "data", None, "old_la_code"),
    (
        "level_columns_missing",
        with_columns({}, WARD | {"geographic_level": "Ward"} | REGION),
        "data",
        None,
        "ward_code",
    ),
    (
        "level_columns_missing",
        with_columns({}, WARD | {"geographic_level": "Ward"} | REGION),
        "data",
        None,
        "ward_name",
    ),
    (
        "school_with_provider",
        with_columns(
            SCHOOL | PROVIDER,
            {"geographic_level": "School"} | HULL | dict.fromkeys(PROVIDER, ""),
            {"geographic_level": "Provider"} | HULL | dict.fromkeys(SCHOOL, ""),
        ),
        "data",
        None,
        "geographic_level",
    ),
    (
        "level_wants_own_file",
        with_columns(SCHOOL, {"geographic_level": "School"} | HULL),
        "data",
        20,
        "geographic_level",
    ),
    ("place_blank", cell("la_name", "", LAST), "data", LAST, "la_name"),
    ("place_blank", cell("new_la_code", "", LAST), "data", LAST, "new_la_code"),
    ("place_blank", cell("country_code", "", 3), "data", 3, "country_code"),
    ("place_blank", cell("region_name", "", LAST), "data", LAST, "region_name"),
    ("place_overfilled", cell("region_code", "E12000003", 2), "data", 2, "region_code"),
    ("place_overfilled", cell("old_la_code", "810", 9), "data", 9, "old_la_code"),
    ("place_unknown", cell("new_la_code", "E06999999", LAST), "data", LAST, "new_la_code"),
    ("place_unknown", cell("la_name", "Hull", LAST), "data", LAST, "new_la_code"),
    ("place_unknown", cell("region_code", "E12000001", 9), "data", 9, "region_code"),
    ("place_unknown", cell("country_code", "E92000002", 2), "data", 2, "country_code"),
    ("place_name_case", cell("region_name", "Yorkshire and the Humber", 9), "data", 9, "region_name"),
    ("place_not_available", cell("la_name", "Not available", LAST), "data", LAST, "la_name"),
    ("place_not_available", cell("region_code", "x", 9), "data", 9, "region_name"),
    (
        "place_code_form",
        with_columns(WARD, {"geographic_level": "Ward", "ward_code": "Abbey"} | REGION),
        "data",
        20,
        "ward_code",
    ),
    (
        "place_two_names",
        with_columns(
            WARD, {"geographic_level": "Ward"} | REGION, {"geographic_level": "Ward", "ward_name": "Priory"} | REGION
        ),
        "data",
        21,
        "ward_name",
    ),
    (
        "place_two_names",
        with_columns(
            SCHOOL, {"geographic_level": "School"} | HULL, {"geographic_level": "School", "school_name": "B"} | HULL
        ),
        "data",
        21,
        "school_name",
    ),
    (
        "place_two_names",
        with_columns(
            PROVIDER, {"geographic_level": "Provider"}, {"geographic_level": "Provider", "provider_name": "B"}
        ),
        "data",
        21,
        "provider_name",
    ),
    (
        "place_two_codes",
        with_columns(TRUST, {"geographic_level": "MAT"}, {"geographic_level": "MAT", "trust_id": "TR00002"}),
        "data",
        21,
        "trust_id",
    ),
    ("place_total", cell("la_name", "Total", 9), "data", 9, "la_name"),
    ("region_blank", lambda f: f.data[-1].update({"region_code": "", "region_name": ""}), "data", LAST, "region_code"),
    ("meta_column_missing", lambda f: f.meta_columns.remove("indicator_dp"), "meta", None, "indicator_dp"),
    ("meta_column_unknown", lambda f: f.meta_columns.append("comment"), "meta", None, "comment"),
    ("meta_null_text", meta_cell("indicator_grouping", "NA", 5), "meta", 5, "indicator_grouping"),
    ("meta_padded", meta_cell("label", "Absence rate ", 5), "meta", 5, "label"),
    (
        "meta_name_blank",
        lambda f: f.meta.append(meta_row("", "Indicator", "No name", indicator_dp="0")),
        "meta",
        6,
        "col_name",
    ),
    ("meta_name_repeated", lambda f: f.meta.append(f.meta[-1] | {"label": "Again"}), "meta", 6, "col_name"),
    (
        "meta_name_not_in_data",
        lambda f: f.meta.append(meta_row("gone", "Indicator", "Gone", indicator_dp="0")),
        "meta",
        6,
        "col_name",
    ),
    ("meta_name_not_in_data", meta_cell("col_name", "Rate", 5), "meta", 5, "col_name"),
    (
        "meta_standard_column",
        lambda f: f.meta.append(meta_row("la_name", "Filter", "Authority")),
        "meta",
        6,
        "col_name",
    ),
    ("meta_type", meta_cell("col_type", "indicator", 5), "meta", 5, "col_type"),
    ("meta_label_blank", meta_cell("label", "", 4), "meta", 4, "label"),
    ("meta_label_repeated", meta_cell("label", "Number of pupils", 5), "meta", 5, "label"),
    ("meta_for_filters_only", meta_cell("filter_hint", "a hint", 5), "meta", 5, "filter_hint"),
    (
        "meta_for_filters_only",
        meta_cell("filter_grouping_column", "breakdown_topic", 5),
        "meta",
        5,
        "filter_grouping_column",
    ),
    ("meta_for_indicators_only", meta_cell("indicator_dp", "0", 2), "meta", 2, "indicator_dp"),
    ("meta_for_indicators_only", meta_cell("indicator_unit", "%", 2), "meta", 2, "indicator_unit"),
    ("meta_for_indicators_only", meta_cell("indicator_grouping", "Pupils", 2), "meta", 2, "indicator_grouping"),
    ("meta_unit", meta_cell("indicator_unit", "percent", 5), "meta", 5, "indicator_unit"),
    ("meta_dp", meta_cell("indicator_dp", "-1", 5), "meta", 5, "indicator_dp"),
    ("meta_dp", meta_cell("indicator_dp", "1.5", 5), "meta", 5, "indicator_dp"),
    ("meta_dp", meta_cell("indicator_dp", "one", 5), "meta", 5, "indicator_dp"),
    ("meta_dp_blank", meta_cell("indicator_dp", "", 5), "meta", 5, "indicator_dp"),
    ("meta_group_not_in_data", meta_cell("filter_grouping_column", "topic", 3), "meta", 3, "filter_grouping_column"),
    (
        "meta_group_repeated",
        meta_cell("filter_grouping_column", "breakdown_topic", 2),
        "meta",
        3,
        "filter_grouping_column",
    ),
    ("meta_group_also_filter", group_also_a_filter, "meta", 6, "col_name"),
    ("meta_group_itself", meta_cell("filter_grouping_column", "breakdown", 3), "meta", 3, "filter_grouping_column"),
    (
        "meta_parent_filter",
        lambda f: (f.meta_columns.append("parent_filter"), f.meta[0].update(parent_filter="gone")),
        "meta",
        2,
        "parent_filter",
    ),
    ("no_indicator", lambda f: f.meta.__delitem__(slice(2, 4)), "meta", None, "col_type"),
    ("column_not_in_meta", new_column("colour", ("red", "blue")), "data", None, "colour"),
    ("column_one_value", column_of_one_value, "data", None, "version"),
    ("place_column_not_standard", new_column("mat_name", ("A", "B")), "data", None, "mat_name"),
    ("filter_blank", cell("sex", "", 7), "data", 7, "sex"),
    ("filter_blank", cell("breakdown_topic", "", 7), "data", 7, "breakdown_topic"),
    (
        "filter_one_level",
        new_column("colour", ("red",), in_meta=meta_row("colour", "Filter", "Colour")),
        "data",
        None,
        "colour",
    ),
    (
        "filter_no_total",
        lambda f: [r.update(sex=r["sex"].replace("Total", "Male")) for r in f.data],
        "data",
        None,
        "sex",
    ),
    (
        "filter_default_absent",
        lambda f: (f.meta_columns.append("filter_default"), f.meta[0].update(filter_default="Boys")),
        "data",
        None,
        "sex",
    ),
    (
        "filter_group_no_total",
        lambda f: [r.update(breakdown_topic=r["breakdown_topic"].replace("Total", "SEN provision")) for r in f.data],
        "data",
        None,
        "breakdown_topic",
    ),
    ("filter_group_alike", lambda f: f.data[2].update(breakdown_topic="SENprovision"), "data", None, "breakdown_topic"),
    ("filter_date_form", cell("sex", "30/09/2024", 7), "data", 7, "sex"),
    ("filter_symbol", cell("sex", "N/A", 7), "data", 7, "sex"),
    ("duplicate_row", added(rate="9.9"), "data", 20, ""),
    ("indicator_blank", cell("pupils", "", 8), "data", 8, "pupils"),
    ("indicator_not_number", cell("pupils", "1,234", 8), "data", 8, "pupils"),
    ("indicator_not_number", cell("rate", "12%", 8), "data", 8, "rate"),
    ("indicator_not_number", cell("rate", "£5", 8), "data", 8, "rate"),
    ("indicator_not_number", cell("rate", "about five", 8), "data", 8, "rate"),
    ("indicator_text", everywhere("rate", "Good"), "data", None, "rate"),
    ("indicator_exponent", cell("rate", "1e+05", 8), "data", 8, "rate"),
    ("symbol_obsolete", cell("rate", ":", 8), "data", 8, "rate"),
    ("symbol_obsolete", cell("rate", "~", 8), "data", 8, "rate"),
    ("symbol_not_standard", cell("rate", "..", 8), "data", 8, "rate"),
    ("symbol_not_standard", cell("rate", "SUPP", 8), "data", 8, "rate"),
    ("symbol_not_standard", cell("rate", "[c]", 8), "data", 8, "rate"),
    ("symbol_case", cell("rate", "Z", 8), "data", 8, "rate"),
]


def named(case: tuple[object, ...]) -> str:
    return str(case[0])


@pytest.mark.parametrize("case", FAULTS, ids=named)
def test_each_fault_is_found_where_it_is(case, tmp_path):
    rule, spoil, file, row, column = case
    files = valid()
    spoil(files)
    assert (rule, file, row, column) in found(files, tmp_path)


ALONE = {"filter_group_alike", "place_two_names",  # schools beside others, too
         "column_missing", "column_unnamed", "level_columns_missing", "school_with_provider", "meta_column_missing",
         "meta_name_blank", "meta_name_not_in_data", "meta_standard_column", "meta_type", "meta_for_filters_only",
         "meta_group_not_in_data", "meta_group_repeated", "meta_group_itself", "no_indicator", "place_total",
         "time_period_form", "time_identifier_mixed", "level_unknown", "place_blank", "place_unknown"}  # fmt: skip


@pytest.mark.parametrize("case", [c for c in FAULTS if c[0] not in ALONE], ids=named)
def test_a_fault_that_touches_one_rule_raises_no_other(case, tmp_path):
    rule, spoil, *_ = case
    files = valid()
    spoil(files)
    assert {hit[0] for hit in found(files, tmp_path)} <= {rule}


def test_a_grouping_column_finer_than_its_filter_is_found(tmp_path):
    files = valid()
    files.meta[1] |= {"col_name": "breakdown_topic", "filter_grouping_column": "breakdown"}
    for row in files.data[1::3]:
        row["breakdown_topic"] = "Total"
    assert ("filter_group_levels", "data", None, "breakdown") in found(files, tmp_path)


def test_local_authorities_without_region_columns_are_asked_about(tmp_path):
    files = valid()
    files.data = [row for row in files.data if row["geographic_level"] != "Regional"]
    files.columns = [c for c in files.columns if not c.startswith("region_")]
    assert found(files, tmp_path) == [("region_absent", "data", None, "region_code")]


def test_districts_without_their_region_are_asked_about(tmp_path):
    files = valid()
    districts_without_region(files)
    assert found(files, tmp_path) == [("region_blank_district", "data", 20, "region_code")]


def repeat(path: Path, column: str) -> None:
    """A file's column once more at the end of each line."""
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    at = rows[0].index(column)
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([*row, row[at]] for row in rows)


def checked(*paths: Path) -> tuple[int, list[tuple[str, str, str]]]:
    """Exit status of check, and file, rule and column of each error and warning."""
    result = check_files(list(paths))
    rows = result.problems.filter(pl.col("severity") != "query")
    return result.exit_status, rows.select("file", "rule", "column").rows()


def test_a_column_named_twice_is_found_in_either_file_and_nothing_else_is(tmp_path):
    data, meta = written(valid(), tmp_path)
    repeat(data, "rate")
    assert checked(data, meta) == (1, [(data.name, "column_repeated", "rate")])
    assert check_files([data, meta]).problems["message"].str.contains("columns 15 and 16").any()
    data, meta = written(valid(), tmp_path)
    repeat(meta, "label")
    assert checked(data, meta) == (1, [(meta.name, "meta_column_repeated", "label")])
    assert checked(data) == (1, [(data.name, "meta_column_repeated", "label")])  # told of the file that was given


def test_a_column_named_twice_in_another_file_is_still_refused(tmp_path):
    path = tmp_path / "meetings.csv"
    path.write_text("a,b,b\n1,2,3\n", encoding="utf-8")
    assert checked(path) == (2, [])
    with pytest.raises(DataProblem, match="columns 2 and 3"):
        read_text_table(path)


def test_one_data_and_one_meta_file_are_a_pair_whatever_their_names(tmp_path):
    files = valid()
    files.meta_name = "anything.csv"
    data, meta = written(files, tmp_path)
    assert checked(data, meta) == checked(meta, data) == (1, [(meta.name, "meta_file_name", "")])
    other, _ = written(Files(files.data, files.meta, name="other.csv", meta_name="anything.csv"), tmp_path)
    assert checked(data, other, meta)[1] == []  # two data files: nobody says whose the meta file is


@pytest.mark.parametrize("column", ["col_name", "col_type", "label"])
@pytest.mark.parametrize("name", ["absence_sen.meta.csv", "anything.csv"])
def test_a_meta_file_without_one_of_its_first_columns_is_one_still(column, name, tmp_path):
    files = valid()
    files.meta_name = name
    files.meta_columns.remove(column)
    status, told = checked(*written(files, tmp_path))
    assert status == 1 and (name, "meta_column_missing", column) in told


def test_a_meta_file_that_cannot_be_read_is_said(tmp_path):
    data, meta = written(valid(), tmp_path)
    meta.write_bytes(b"col_name,\0")
    result = check_files([data])
    assert result.exit_status == 2 and [problem.source for problem in result.raw.unread] == [meta.name]


def test_schools_without_their_authority_are_warned_of(tmp_path):
    files = valid()
    schools_alone(files)
    files.columns = [c for c in files.columns if "la_" not in c]
    assert {hit[0] for hit in found(files, tmp_path)} >= {"school_without_la"}


@pytest.mark.parametrize(
    ("level", "rule"), [("Institution", "level_not_in_tables"), ("Mayoral combined authority", "level_old")]
)
def test_levels_that_tables_leave_out_or_that_are_old_are_asked_about(level, rule, tmp_path):
    files = valid()
    old = dict.fromkeys(places()[level], "E47000001")
    files.data = [{**a_row(level, {}, sex, "Total", "Total"), **old} for sex in ("Total", "Female")]
    files.columns += list(old)
    files.columns = [c for c in files.columns if not c.startswith("breakdown")]
    files.meta = [files.meta[0], *files.meta[2:]]
    assert {(hit[0], hit[2]) for hit in found(files, tmp_path)} == {(rule, 2), (rule, 3)}


def test_a_quarter_that_only_the_platform_knows_is_asked_about(tmp_path):
    files = valid()
    for row in files.data:
        row["time_identifier"] = "Academic year Q1"
    rows = problems_of(files, tmp_path)
    assert set(rows["rule"]) == {"time_identifier_unlisted"} and set(rows["severity"]) == {"query"}


def test_names_that_are_no_longer_advised_are_asked_about(tmp_path):
    for old, new, rule in (
        ("sex", "characteristic", "meta_old_name"),
        ("rate", "rate_female", "meta_indicator_holds_filter"),
        ("sex", "estab", "meta_place_like"),
    ):
        files = valid()
        renamed(old, new)(files)
        rows = problems_of(files, tmp_path)
        assert set(rows["rule"]) == {rule} and set(rows["severity"]) == {"query"}


def test_a_file_that_is_not_utf8_or_not_separated_by_commas_is_refused(tmp_path):
    data, meta = written(valid(), tmp_path)
    rows = data.read_text(encoding="utf-8").replace("Eligible", "café")
    data.write_bytes(rows.encode("cp1252"))
    meta.write_bytes(meta.read_text(encoding="utf-8").replace("Sex", "Séx").encode("cp1252"))
    assert set(check_pair(read_text_table(data), read_text_table(meta))[0]["rule"]) == {
        "file_not_utf8",
        "meta_not_utf8",
    }
    data.write_text("\n".join(line.replace('"', "").replace("Hull, City", "Hull City").replace(",", ";")
                              for line in rows.splitlines()), encoding="utf-8")  # fmt: skip
    assert "header_not_first" in set(check_pair(read_text_table(data), read_text_table(meta))[0]["rule"])


def test_a_header_without_rows_is_refused(tmp_path):
    files = valid()
    files.data = []
    assert ("no_rows", "data", None, "") in found(files, tmp_path)


def test_without_a_meta_file_its_rules_are_not_run(tmp_path):
    files = valid()
    files.data.append(dict(files.data[-1]))
    data, _ = written(files, tmp_path)
    problems, not_run = check_pair(read_text_table(data), None)
    assert problems.select("rule", "row").rows() == [("duplicate_row", 20)]
    assert {entry.rule for entry in not_run} == {r["id"] for r in standard()["rule"] if "meta" in r} | {"duplicate_row"}


def test_rules_that_lack_their_column_are_not_run(tmp_path):
    files = valid()
    files.columns.remove("time_period")
    data, meta = written(files, tmp_path)
    _, not_run = check_pair(read_text_table(data), read_text_table(meta))
    assert ("time_period_form", "time_period") in {(entry.rule, entry.column) for entry in not_run}


def test_problems_have_the_shape_of_all_problems_and_hold_no_cell(tmp_path):
    files = valid()
    files.data[0] |= {"sex": "Secret ", "rate": "Secret", "geographic_level": "Secret"}
    rows = problems_of(files, tmp_path)
    assert rows.columns == list(PROBLEM_COLUMNS)
    assert "Secret" not in rows.write_csv()


def test_the_meta_file_is_found_beside_the_data(tmp_path):
    data = tmp_path / "absence.csv.gz"
    data.write_bytes(gzip.compress(b"a\n"))
    assert find_meta(data) is None
    meta = tmp_path / "absence.meta.csv"
    meta.write_text("a\n")
    assert find_meta(data) == meta and find_meta(meta) is None
    assert is_meta_of(meta, data) and not is_meta_of(data, meta)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    years=st.lists(st.integers(1990, 2098), min_size=1, max_size=3, unique=True),
    six=st.booleans(),
    value=st.sampled_from(["z", "x", "c", "low", "u"]) | st.decimals(-1e6, 1e6, places=5).map(lambda d: f"{d:f}"),
    order=st.randoms(use_true_random=False),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    sexes=st.lists(st.text("abcdefgé'&()- ", min_size=2, max_size=9).map(lambda t: f"S{t}s"), min_size=1, max_size=3,
                   unique=True),
)  # fmt: skip
def test_made_pairs_that_meet_the_standard_are_not_refused(tmp_path, years, six, value, order, quoting, sexes):
    files = valid()
    rows = []
    for year in years:
        period = f"{year}{(year + 1) % 100:02d}" if six else str(year)
        for sex in ("Total", *sexes):
            for row in files.data[::2]:
                made = copy.copy(row) | {"time_period": period, "sex": sex, "rate": value}
                rows.append(made | {"time_identifier": "Academic year" if six else "Calendar year"})
    files.data = list(
        {tuple(row[c] for c in files.columns if c not in ("rate", "pupils")): row for row in rows}.values()
    )
    order.shuffle(files.data)
    order.shuffle(files.columns)
    refused = problems_of(files, tmp_path, quoting=quoting).filter(pl.col("severity") != "query")
    assert refused.is_empty(), refused.select("rule", "row", "column").rows()


def test_real_pairs_are_found_wanting_only_where_they_are(real_data):
    data, meta = real_data / "absence_by_term.csv.gz", real_data / "absence_by_term.meta.csv"
    problems, _ = check_pair(read_text_table(data), read_text_table(meta))
    by_rule = {rule: rows["count"].sum() for (rule,), rows in problems.group_by("rule")}
    assert by_rule["meta_column_missing"] == 1  # indicator_dp came later
    assert by_rule["symbol_not_standard"] == 9680 + 3 * 1280  # full stops of 2017
    assert "duplicate_row" not in by_rule and "indicator_not_number" not in by_rule
