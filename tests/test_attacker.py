"""A reader of the files alone: everything it reads is published, nothing is given away, and seeded faults are found."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from attacker.claims import Claim, Scene, printed
from attacker.folder import make_folder, tasks_of
from attacker.judge import judge
from attacker.planting import Material, report, set_cell
from attacker.public import NATIONAL_CODE, NOTEBOOKS, Public
from attacker.reading import claims_in, read_folder
from attacker.rows import COLUMN, NUMBERS, as_published_rows, base_from_limits, with_arithmetic
from attacker.sentences import NATIONALLY, REST_OF_LA, read_text
from attacker.truths import true_tables
from hypothesis import given
from hypothesis import strategies as st
from seeded_faults import FAULTS

from sendlab.build import open_workspace
from sendlab.measures import publishable
from sendlab.runs.execute import execute, notebook_file, report_file
from sendlab.runs.plan import latest_period
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, SEN_PROVISION, TOTAL
from sendlab.schema.measures import GROUPS
from sendlab.stats.rounding import format_number

PLACES = ("999", "900102", "900105")
TOPICS = ("attendance", "exclusions", "progress", "interventions")
# fault -> the way in which it gives something away, and so must be found
WAYS = {
    "unrounded_limit": "finer than declared",
    "sorted_by_hidden_value": "stray",
    "tooltip": "shown though hidden",
    "alt_text": "shown though hidden",
    "dropped_cover": "narrowed",
    "earlier_release": "beside an earlier release",
    "notebook_metadata": "shown though hidden",
    "workbook_comment": "stray",
    "hidden_sheet": "stray",
    "document_properties": "stray",
    "drawn_point": "shown though hidden",
    "axis_domain": "stray",
    "shade_of_hidden_value": "stray",
    "percent_of_hidden_numerator": "narrowed",
    "gap_of_hidden_side": "shown though hidden",
    "rank": "shown though hidden",
    "total_in_footer": "shown though hidden",
    "hidden_base_shown": "shown though hidden",
    "data_attribute": "shown though hidden",
    "finer_sum": "finer than declared",
    "file_name": "stray",
    "sentence": "narrowed",
    "other_school_in_school_edition": "narrowed",
}


@pytest.fixture(scope="module")
def opened(sample_workspace):
    return open_workspace(sample_workspace)


@pytest.fixture(scope="module")
def clean(opened, tmp_path_factory):
    return make_folder(opened, tmp_path_factory.mktemp("clean") / "reports", PLACES)


@pytest.fixture(scope="module")
def truth(opened):
    return publishable(opened.own_view().rows)


@pytest.fixture(scope="module")
def true_counts(truth):
    return true_tables(truth)


@pytest.fixture(scope="module")
def material(opened, truth):
    published = opened.published()
    return Material(truth, published.rows, PLACES, latest_period(published))


@pytest.fixture(scope="module")
def read(clean):
    return read_folder(clean)


def by_key(view):
    """{key as claims have it: published row}."""
    keys = ("measure", "time_period", "time_identifier", "place_code")
    return {
        (*(row[name] for name in keys), tuple(row[name] for name in GROUPS), row["comparator"]): row
        for row in view.rows.iter_rows(named=True)
    }


@pytest.fixture(scope="module")
def published(opened):
    return by_key(opened.published())


@pytest.fixture(scope="module")
def editions(opened, published, read):
    """{school, or "" for the board: what was published to it}."""
    schools = {school_of(claim.file) for claim in read.claims} - {""}
    return {"": published} | {code: by_key(opened.published(audience="school", school=code)) for code in schools}


def school_of(file):
    """The school whose own edition a file belongs to; empty for the board's."""
    parts = file.split("/")
    return parts[2] if parts[1:2] == ["schools"] else ""


def published_number(claim: Claim, published):
    """The published number that a claim is about; a benchmark without a gap row to it stands in a row of its own."""
    row = published.get(claim.key, {})
    number = row.get(COLUMN.get(claim.what, claim.what))
    if number is None and claim.what == "comparator_value" and claim.comparator == NATIONALLY:
        own = published.get((*claim.key[:3], NATIONAL_CODE, claim.groups, ""), {})
        number = own.get("value")
    return number


# --- the folder -----------------------------------------------------------------------------------------------------


def test_the_folder_is_what_a_run_writes(opened, clean, tmp_path):
    task = next(t for t in tasks_of(opened, tmp_path, ("900105",)) if t.notebook.stem == "exclusions")
    assert execute(task).status == "done"
    ours = clean / report_file(task).relative_to(tmp_path)
    assert ours.read_bytes() == report_file(task).read_bytes()
    books = [json.loads(path.read_text(encoding="utf-8")) for path in (ours.with_suffix(".ipynb"), notebook_file(task))]
    for cell in books[0]["cells"]:  # a run draws no PNG beside the SVG
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("image/png", None)
    one, other = ([(cell["source"], cell.get("outputs")) for cell in book["cells"]] for book in books)
    assert one == other


def test_the_clean_folder_gives_nothing_away(read, true_counts):
    assert judge(read, true_counts) == []
    assert len(read.claims) > 40_000


# --- completeness ---------------------------------------------------------------------------------------------------


def test_every_number_read_is_published_with_the_same_rounding(read, editions):
    told = [claim for claim in read.claims if claim.told and claim.what != "change"]
    kinds = Counter((Path(claim.file).suffix, claim.what) for claim in told)
    for suffix in (".html", ".ipynb", ".xlsx"):
        assert all(kinds[suffix, what] > 50 for what in ("base", "numerator", "value", "lower", "comparator_value"))
    for claim in told:
        number = published_number(claim, editions[school_of(claim.file)])
        assert number is not None, (claim.file, claim.where, claim.what)
        benchmark = claim.what in ("comparator_value", "value") and claim.comparator == NATIONALLY
        allowed = claim.step / 2 + 1e-9 if benchmark or claim.place_code == NATIONAL_CODE else 1e-6
        assert abs(number - claim.printed) <= allowed, (claim.file, claim.where, claim.what)


def test_every_mark_of_hiding_is_published_as_hidden(read, editions):
    marks = [claim for claim in read.claims if claim.mark == "c"]
    assert len(marks) > 5000
    for claim in marks:
        row = editions[school_of(claim.file)][claim.key]
        assert row["status"] == "c" and row[COLUMN.get(claim.what, claim.what)] is None, (claim.file, claim.where)


def test_the_workbook_holds_every_published_number(read, published):
    told = {(c.key, COLUMN.get(c.what, c.what)) for c in read.claims if c.told and c.file.endswith(".xlsx")}
    columns = [COLUMN.get(what, what) for what in NUMBERS if what != "eligible"]
    shown = {(key, name) for key, row in published.items() for name in columns if row[name] is not None}
    assert told == shown


def figures_of(published, place, period, measure, by):
    groups = (
        [(name, TOTAL) for name in SEN_PROVISION] if by == "sen_provision" else [(ALL_SEN, area) for area in NEED_AREAS]
    )
    keys = [(measure, period, "Academic year", place, (*group, *[TOTAL] * 6), "") for group in groups]
    return {key: published[key] for key in keys if key in published}


@pytest.mark.parametrize("suffix", [".html", ".ipynb"])
def test_every_figure_of_the_tables_is_read_from_the_files_of_its_place(read, published, material, suffix):
    call = re.compile(r'figures_table\(view, measure="(\w+)".*?(?:by="(\w+)")?\)')
    told = {(c.file, c.key, c.what): c for c in read.claims if c.what != "change"}
    found = Counter()
    for topic in TOPICS:
        source = (NOTEBOOKS / f"{topic}.ipynb").read_text(encoding="utf-8").replace('\\"', '"')
        for measure, by in set(call.findall(source)):
            for place in PLACES:
                file = f"{material.period}/board/{place}/{topic}{suffix}"
                for key, row in figures_of(published, place, material.period, measure, by or "sen_provision").items():
                    for what in ("base", "numerator", "denominator", "value", "lower", "upper"):
                        number = row[COLUMN.get(what, what)]
                        if number is not None:
                            claim = told.get((file, key, what))
                            assert claim is not None and abs(claim.printed - number) < 1e-6, (file, key, what)
                            found[what] += 1
    assert found["base"] > 50 and found["value"] > 30 and found["lower"] > 30


def test_rows_of_claims_hold_the_published_rows(read, published):
    rows = as_published_rows([claim for claim in read.claims if not school_of(claim.file)], read.levels)
    assert rows.height == len(published)
    assert rows["geographic_level"].n_unique() == 3
    for row in rows.iter_rows(named=True):
        key = (
            row["measure"], row["time_period"], row["time_identifier"], row["place_code"],
            tuple(row[name] for name in GROUPS), row["comparator"],
        )  # fmt: skip
        real = published[key]
        assert (row["status"] == "c") == (real["status"] == "c" and real["value"] is None)
        for what in NUMBERS:
            name = COLUMN.get(what, what)
            if what != "eligible" and real[name] is not None:
                assert row[f"{name}_low"] - 1e-6 <= real[name] <= row[f"{name}_high"] + 1e-6


# --- faults -------------------------------------------------------------------------------------------------------


def test_every_fault_has_its_way():
    assert set(WAYS) == set(FAULTS) and len(FAULTS) >= 20


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_found(name, clean, material, true_counts, tmp_path):
    folder = tmp_path / "reports"
    shutil.copytree(clean, folder)
    before = FAULTS[name](folder, material)
    leaks = judge(read_folder(folder), true_counts, earlier=[read_folder(before)] if before else [])
    assert WAYS[name] in {leak.way for leak in leaks}
    assert all(leak.about != "numbers that no counts agree with" for leak in leaks)


def test_an_earlier_release_alone_or_the_same_again_gives_nothing_away(read, true_counts):
    assert judge(read, true_counts, earlier=[read]) == []


def test_a_school_may_read_its_own_rows_in_its_own_edition(clean, material, true_counts, tmp_path):
    folder = tmp_path / "reports"
    shutil.copytree(clean, folder)
    row = material.small(pl.col("geographic_level") == "School")
    own = folder / material.period / "schools" / row["place_code"] / report(folder, row).name
    own.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(report(folder, row), own)
    set_cell(own, row, "Numerator", f"{row['numerator']:.0f}")
    read = read_folder(folder)
    told = [c for c in read.claims if "/schools/" in c.file and c.what == "numerator" and c.told]
    assert row["numerator"] in {c.printed for c in told if c.measure == row["measure"]}
    assert judge(read, true_counts) == []


# --- reading and arithmetic, worked by hand -------------------------------------------------------------------------

ELM = Public({"Elm School": ("900105", "School"), "Exampleshire": ("999", "Local authority")})


def read_one(text):
    told = read_text(text, Scene(), ELM, "a.html", "p")
    return {(c.groups[0], c.comparator, c.what): (c.low, c.high) for c in told.claims}, told.strays


def test_a_headline_tells_counts_exactly_and_percentages_with_their_rounding():
    claims, strays = read_one(
        "Persistent absence, Elm School, 2025/26: pupils on SEN support 12.3% (34 of 276 pupils, between 8.9% and "
        "16.7%), against pupils with no SEN not shown."
    )
    assert strays == []
    assert claims["SEN support", "", "value"] == pytest.approx((12.25, 12.35))
    assert claims["SEN support", "", "numerator"] == (34, 34) and claims["SEN support", "", "base"] == (276, 276)
    assert claims["SEN support", "", "upper"] == pytest.approx((16.65, 16.75))
    assert str(claims["No SEN", "", "value"]) == "(nan, nan)"


def test_a_gap_told_by_its_size_is_read_with_its_sign():
    claims, strays = read_one(
        "Persistent absence, Elm School, 2025/26: pupils with an EHC plan are 9 percentage points below pupils with no "
        "SEN (between −2 and 20): a possible gap."
    )
    assert strays == []
    assert claims["EHC plan", "No SEN", "value"] == (-9.5, -8.5)
    assert claims["EHC plan", "No SEN", "lower"] == (-20.5, -19.5)
    assert claims["EHC plan", "No SEN", "upper"] == (1.5, 2.5)


def test_a_number_that_no_sentence_of_ours_holds_is_a_stray_and_its_value_is_not_repeated():
    _, strays = read_one("Of the pupils in our school 31 moved away.")
    assert len(strays) == 1 and "31" not in strays[0].about + strays[0].where


KEY = ("persistent_absence", "202526", "Academic year", "900105", ("SEN support", *[TOTAL] * 7), "")
LEVELS = {"999": "Local authority", "900105": "School"}


@pytest.mark.parametrize(
    ("value", "base", "counts"),
    [("13.0%", 23, (3, 3)), ("13%", 23, (3, 3)), ("7%", 310, (21, 23)), ("7.4%", 310, (23, 23))],
)
def test_a_percentage_and_its_base_give_the_count(value, base, counts):
    known = with_arithmetic({KEY: {"value": printed(value)[:2], "base": (base, base)}}, LEVELS)
    assert known[KEY]["numerator"] == counts


def test_a_percentage_and_its_count_give_the_base():
    known = with_arithmetic({KEY: {"value": printed("42.9%")[:2], "numerator": (9, 9)}}, LEVELS)
    assert known[KEY]["base"] == (21, 21)


def test_limits_give_the_base():
    low, high = base_from_limits(printed("30.8%")[:2], printed("25.5%")[:2], printed("36.6%")[:2])
    assert low <= 263 <= high and high - low < 20


def test_a_gap_and_one_side_give_the_other():
    other = (*KEY[:4], ("No SEN", *[TOTAL] * 7), "")
    rows = {(*KEY[:5], "No SEN"): {"value": (8.95, 9.05)}, other: {"value": (10.95, 11.05)}, KEY: {"base": (50, 50)}}
    assert with_arithmetic(rows, LEVELS)[KEY]["numerator"] == (10, 10)


def test_the_la_and_the_rest_of_it_give_the_school():
    la = (*KEY[:3], "999", KEY[4], "")
    rows = {
        (*KEY[:5], REST_OF_LA): {"comparator_value": printed("34.9%")[:2]},
        la: {"base": (202, 202), "numerator": (74, 74)}, KEY: {"base": (33, 33)},
    }  # fmt: skip
    assert with_arithmetic(rows, LEVELS)[KEY]["numerator"] == (15, 15)


@given(st.floats(-5000, 5000), st.integers(0, 3))
def test_what_is_printed_may_have_been_what_was_printed(value, decimals):
    low, high, step = printed(format_number(value, decimals))
    assert low - 1e-6 <= value <= high + 1e-6
    assert step == pytest.approx(10.0**-decimals)


def test_claims_of_an_empty_folder_are_none(tmp_path):
    assert claims_in(tmp_path) == []
    assert as_published_rows([]).equals(pl.DataFrame())
