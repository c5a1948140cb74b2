"""Real files whole: every census row is accounted for, and every published file loads with rows in = rows out."""

import shutil
from collections import Counter

import polars as pl
import pytest
from conftest import make_workspace

from sendlab.codes import symbols
from sendlab.errors import DataProblem
from sendlab.ingest import PUBLISHED, ingest
from sendlab.sources.open import open_tables
from sendlab.sources.text import LINE
from sendlab.workspace import find_workspace

CENSUS = {
    "pupilonroll": 9_088, "pupilnolongeronroll": 308, "fsmperiodsonroll": 25_358, "termlyexclusionsonroll": 10_373,
    "termlyexclusionsoffroll": 318, "termlysessiondetailsonroll": 39_953, "termlysessiondetailsoffroll": 1_328,
    "summerhalfterm2sessiondetailsonroll": 39_575, "summerhalfterm2sessiondetailsoffroll": 1_343,
}  # fmt: skip
EES, META, TEXT = "EES data", "EES meta", "text table"
# file: format, table, rows. What no declared table takes is kept as text, and it is said.
FILES = {
    "2017-2018_england_spine.xlsx": ("performance tables, list of schools", "schools", 26_078),
    "EES_ytd_data.csv": (EES, "benchmarks", 647),
    "KS4_2018_Nat_Char_Testdata.csv": (EES, "text", 1_397),
    "KS4_2018_Nat_Char_Testdata.meta.csv": (META, "meta", 24),
    "absence_bands_distributions.csv.gz": (TEXT, "text", 211_553),
    "absence_by_term.csv.gz": (EES, "benchmarks", 9_680),
    "absence_by_term.meta.csv": (META, "meta", 25),
    "assessments.csv.gz": (EES, "text", 12_847),
    "bds_long_0.parquet": ("LAIT indicators", "indicators", 641_070),
    "caseload.csv.gz": (EES, "text", 25_339),
    "england_abs.csv.gz": ("performance tables, school figures", "school_figures", 21_217),
    "england_census.csv.gz": ("performance tables, school figures", "school_figures", 23_942),
    "exclusions_by_characteristic.csv.gz": (EES, "benchmarks", 198_964),
    "exclusions_by_characteristic.meta.csv": (META, "meta", 9),
    "exclusions_by_reason.csv.gz": (EES, "text", 7_004),
    "exclusions_by_reason.meta.csv": (META, "meta", 25),
    "ks2_la.csv.gz": (EES, "text", 3_444),
    "la_and_region_codes_meta.csv": (TEXT, "text", 151),
    "la_code_list.xlsx": (TEXT, "text", 171),
    "lait_data_dictionary.csv.gz": (TEXT, "text", 448),
    "links_edubasealldata20250422.csv.gz": ("GIAS links", "school_links", 33_801),
    "p8_att8_splits.csv": (TEXT, "text", 34),
    "p8_pupil_coefficients_file.csv": (TEXT, "text", 34),
    "p8_stdev_file_named.csv": (TEXT, "text", 1),
    "prepared_data__absence.csv.gz": (EES, "text", 11_724),
    "prepared_data__eyfsp.csv.gz": (EES, "text", 820),
    "prepared_data__ks1_phonics.csv.gz": (EES, "text", 3_922),
    "prepared_data__ks2_attainment.csv.gz": (EES, "text", 1_967),
    "prepared_data__ks4_attainment.csv.gz": (EES, "text", 1_628),
    "sen_la.csv.gz": (EES, "text", 2_946),
    "sen_national.csv": (EES, "text", 68),
    "sen_needs_all_plans.csv.gz": (EES, "text", 13_939),
    "sn_may_2025.xlsx": ("statistical neighbours", "neighbours", 158),
    "timeliness_20_week.csv.gz": (EES, "text", 12_211),
}


def workspace_of(folder, paths):
    root = make_workspace(folder)
    (root / "raw").mkdir()
    for path in paths:
        shutil.copy(path, root / "raw" / path.name)
    return find_workspace(root)


@pytest.fixture(scope="module")
def census(real_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("census")
    space = workspace_of(folder, (real_data / "school_census_blade_2024_autumn").glob("*.csv"))
    return space, ingest(space)


@pytest.fixture(scope="module")
def published(real_data, tmp_path_factory):
    space = workspace_of(tmp_path_factory.mktemp("published"), [real_data / name for name in FILES])
    return space, ingest(space)


def test_every_census_row_is_loaded_or_quarantined(census):
    _, result = census
    assert {record.table: record.read for record in result.records} == CENSUS
    assert all(record.loaded + record.quarantined == record.read for record in result.records)


def test_each_quarantined_census_row_has_its_reason(census):
    _, result = census
    errors = result.problems.filter(severity="error")
    assert {"message", "remedy", "rule", "row", "column"} <= set(errors.columns)
    rows = errors.select("file", "row").unique().group_by("file").len()
    assert dict(rows.iter_rows()) == {r.file: r.quarantined for r in result.records if r.quarantined}
    assert errors.select((pl.col("message") != "").all(), (pl.col("remedy") != "").all()).row(0) == (True, True)


def test_upns_that_are_no_upns_are_warnings_and_their_pupils_are_stored(census):
    space, result = census
    invalid = result.problems.filter(pl.col("rule") == "upn_invalid")
    assert Counter(invalid["file"]) == {
        "2024_autumn_pupilonroll.csv": 9_088,
        "2024_autumn_pupilnolongeronroll.csv": 308,
    }
    assert set(invalid["severity"]) == {"warning"}
    pupils = pl.read_parquet(space.store / "pupils.parquet")
    assert pupils["on_roll"].sum() == 9_088
    assert pupils.height == 9_088 + 308 - result.merged["pupils"]
    assert set(pupils["upn_status"]) == {"invalid"}


@pytest.mark.parametrize("name", FILES)
def test_a_published_file_loads_with_rows_in_and_rows_out(published, name):
    _, result = published
    (record,) = (record for record in result.records if record.file == name)
    assert (record.format, record.table, record.read) == FILES[name]
    assert (record.loaded, record.quarantined) == (record.read, 0)


def test_what_is_of_no_declared_table_says_so(published):
    _, result = published
    told = result.problems.filter(pl.col("rule").is_in(["no_declared_table", "no_measure"]))
    assert set(told["file"]) == {name for name, (form, table, _) in FILES.items() if table == "text"}
    assert set(told["severity"]) == {"query"}


def test_files_kept_as_text_are_kept_to_the_last_cell_and_symbol(published, real_data):
    space, _ = published
    stored = {path.name[: -len("-000000.parquet")]: path for path in (space.store / PUBLISHED).glob("*.parquet")}
    for name in ("ks2_la.csv.gz", "absence_by_term.csv.gz"):
        (text,) = open_tables(real_data / name)
        kept = pl.read_parquet(stored[name.replace(".", "-").replace("_", "-")[:40]])
        assert kept.equals(text.rows)
        marks = kept.drop(LINE).select(pl.all().str.to_lowercase().is_in(list(symbols())).sum()).sum_horizontal()[0]
        assert marks > 1_000


def test_marks_of_indicators_and_schools_are_kept_beside_a_missing_value(published):
    space, result = published
    indicators = pl.read_parquet(space.store / "indicators.parquet")
    assert indicators.height == 641_070 - result.merged["indicators"]
    assert (
        indicators.filter(pl.col("symbol") == "-")["value"].null_count() == (indicators["symbol"] == "-").sum() > 90_000
    )
    figures = pl.read_parquet(space.store / "school_figures.parquet")
    suppressed = figures.filter(pl.col("symbol") == "SUPP")
    assert suppressed.height == 864 and suppressed["value"].null_count() == suppressed.height


def test_a_file_that_can_no_longer_be_read_does_not_cost_its_rows(census):
    """Runs last: it spoils a raw file."""
    space, _ = census
    roll = space.raw / "2024_autumn_pupilonroll.csv"
    before = (space.store / "pupils.parquet").read_bytes()
    roll.write_bytes(b"\x00" * 50)
    with pytest.raises(DataProblem, match="the store stays as it was") as told:
        ingest(space)
    assert "2024_autumn_pupilonroll.csv" in str(told.value)
    assert (space.store / "pupils.parquet").read_bytes() == before
    assert ingest(space, force=True).unread_files == ["2024_autumn_pupilonroll.csv"]
