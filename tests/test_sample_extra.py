"""The further tables of the sample: keys, codes, agreement with the people behind them, files that read back."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sendlab.codes import read_codes
from sendlab.sample import ehc
from sendlab.sample.attendance import CODES
from sendlab.sample.extra import extra_tables, write_extra
from sendlab.sample.marks import session_rows
from sendlab.sample.sen2_files import write_modules, write_template, write_xml
from sendlab.sample.support import YEARS, january, pupil_years
from sendlab.sample.terms import PARTS
from sendlab.sample.world import World
from sendlab.schema.tables import TABLES
from sendlab.sources import register_pieces, registers, sen2, sen2_workbook, sen2_xml
from sendlab.sources.open import open_tables, peek
from sendlab.sources.recognise import read_one, recognise

SIZE = (9, 1500)
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def world():
    return World(2026, *SIZE)


@pytest.fixture(scope="module")
def tables(world):
    return extra_tables(world)


@pytest.fixture(scope="module")
def marks(world):
    return {school: session_rows(world, school) for school in world.schools["school_id"]}


@pytest.fixture(scope="module")
def files(world, tmp_path_factory):
    return write_extra(world, tmp_path_factory.mktemp("extra"))


def test_tables_have_the_declared_columns_and_unique_keys(tables):
    for name, rows in tables.items():
        assert rows.schema == pl.Schema(TABLES[name].polars_schema), name
        assert rows.height > 0, name
        assert not rows.select(TABLES[name].key).is_duplicated().any(), name


def test_values_keep_the_rules_of_their_columns(tables):
    for name, rows in tables.items():
        for column in TABLES[name].columns:
            cells = rows[column.name].drop_nulls()
            allowed = (
                column.allowed or tuple(line.code for line in read_codes(column.codes))
                if column.codes
                else column.allowed
            )
            if allowed:
                assert set(cells.cast(pl.String)) <= set(allowed), (name, column.name)
            if column.minimum is not None and len(cells):
                assert cells.min() >= column.minimum, (name, column.name)
            if column.maximum is not None and len(cells):
                assert cells.max() <= column.maximum, (name, column.name)
            if column.required:
                assert rows[column.name].null_count() == 0, (name, column.name)


def test_tables_follow_from_the_seed(tables):
    again, other = extra_tables(World(2026, *SIZE)), extra_tables(World(2027, *SIZE))
    assert all(rows.equals(again[name]) for name, rows in tables.items())
    assert not other["targets"].equals(tables["targets"])


def test_fewer_years_are_the_same_rows_without_the_older_ones(world, tables, marks):
    fewer = World(2026, *SIZE, years=1)
    for name, rows in extra_tables(fewer).items():
        assert 0 < rows.height <= tables[name].height, name
        assert rows.join(tables[name], on=rows.columns, how="anti", nulls_equal=True).is_empty(), name
    assert set(extra_tables(fewer)["ehc_plans"]["return_year"]) == {"2026"}
    school = world.schools["school_id"][0]
    shown = marks[school].filter(pl.col("session_date") >= pl.date(2025, 8, 1))
    assert session_rows(fewer, school).equals(shown)


def test_notes_stand_in_one_table_only(tables):
    with_notes = {name for name, rows in tables.items() if "note" in rows.columns and rows["note"].is_not_null().any()}
    assert with_notes == {"observations"}


def test_the_register_says_what_the_censuses_say(world, tables):
    """Whoever has SEN support or a plan in January stands in the register on that day, with the same code."""
    for year in YEARS:
        day = pl.lit(january(year))
        held = tables["sen_register"].filter(
            pl.col("start_date") <= day, pl.col("end_date").is_null() | (pl.col("end_date") >= day)
        )
        expected = pupil_years(world).filter("january", pl.col("provision").is_in(["K", "E"]), year=year)
        joined = expected.join(held, on=["pupil_id", "school_id"], how="left")
        assert expected.height > 300
        assert (joined["provision"] == joined["sen_provision"]).mean() > 0.97


def test_active_plans_are_those_of_the_census_and_some_without_a_school(world, tables):
    for year in YEARS:
        plans = tables["ehc_plans"].filter(return_year=str(january(year).astype(object).year))["pupil_id"]
        on_roll = pupil_years(world).filter("january", provision="E", year=year)["pupil_id"].unique()
        assert set(on_roll) <= set(plans)
        assert 10 < len(plans) - len(on_roll) < 100


def test_near_half_of_new_plans_come_within_twenty_weeks(tables):
    new = tables["ehc_requests"].filter(request_outcome="Y", assessment_outcome="Y").drop_nulls("plan_start_date")
    days = (new["plan_start_date"] - new["received_date"]).dt.total_days()
    assert (days > 0).all()
    assert 0.42 < (days <= 140).mean() < 0.54
    assert new["week20"].any()
    assert set(tables["ehc_requests"]["request_outcome"]) == {"Y", "N", "A", "W", "H"}


def test_targets_aim_higher_than_prediction(tables):
    rows = tables["targets"]
    assert (rows["challenge"] > rows["expected"]).all()
    assert (rows["expected"] > rows["baseline"]).all()
    assert (rows["steps_met"].drop_nulls() <= rows.drop_nulls("steps_met")["steps_planned"]).all()


def test_sdq_totals_are_the_sum_of_the_four_difficulties(tables):
    sdq = tables["wellbeing"].filter(instrument="SDQ").pivot(
        on="scale", index=["pupil_id", "rated_on", "is_baseline"], values="score"
    )  # fmt: skip
    assert sdq.height > 50
    assert (sdq["TOT"] == sdq["EMO"] + sdq["CON"] + sdq["HYP"] + sdq["PEER"]).all()


def test_marks_add_up_to_the_counts_of_every_term_and_code(world, marks):
    spans, counts = world.sessions
    row, code = np.nonzero(counts)
    expected = spans[row].join(world.schools.select("school", "school_id"), on="school", maintain_order="left").select(
        pl.col("upn").alias("pupil_id"), "school_id", pl.col("part").cast(pl.Int64),
        pl.Series("attendance_code", np.array(CODES)[code]), pl.Series("count", counts[row, code]),
    ).group_by("pupil_id", "school_id", "part", "attendance_code").agg(pl.sum("count"))  # fmt: skip
    whole = pl.concat(marks.values())
    part = np.searchsorted([p.first for p in PARTS], whole["session_date"].to_numpy(), side="right") - 1
    found = (
        whole.with_columns(part=pl.Series(part))
        .group_by("pupil_id", "school_id", "part", "attendance_code")
        .len("count")
    )
    order = ["pupil_id", "school_id", "part", "attendance_code"]
    assert found.sort(order).equals(expected.select(found.columns).cast(found.schema).sort(order))


def test_marks_stand_once_on_school_days_and_their_half_of_the_day(marks):
    whole = pl.concat(marks.values())
    assert not whole.select(TABLES["sessions"].key).is_duplicated().any()
    assert whole["session_date"].dt.weekday().max() <= 5
    assert whole.filter(attendance_code="/")["session"].unique().to_list() == ["AM"]
    assert whole.filter(attendance_code="\\")["session"].unique().to_list() == ["PM"]
    counts = whole.group_by("pupil_id", "school_id").len()
    assert 370 < counts["len"].max() / len(YEARS) < 390


def test_informal_exclusions_fall_on_friday_afternoons(world, marks):
    spans, _ = world.sessions
    hidden = spans.filter(pl.any_horizontal(pl.col("^informal_.*$") > 0)).select("upn", "school").unique()
    hidden = hidden.join(world.schools.select("school", "school_id"), on="school")
    rows = marks[hidden["school_id"][0]].filter(pl.col("attendance_code").is_in(["C2", "B", "C"]))
    friday = (pl.col("session") == "PM") & (pl.col("session_date").dt.weekday() == 5)
    theirs = rows.join(hidden, left_on="pupil_id", right_on="upn", how="semi").select(friday.mean()).item()
    others = rows.join(hidden, left_on="pupil_id", right_on="upn", how="anti").select(friday.mean()).item()
    assert theirs > 0.5
    assert others < 0.2


def test_suspensions_begin_on_days_marked_as_such(world, marks):
    first = pl.lit(PARTS[0].first)
    events = world.events.filter(pl.col("start_date") >= first, pl.col("category") == "SUSP", pl.col("sessions") >= 2)
    days = (
        pl.concat(marks.values()).filter(attendance_code="E").select("pupil_id", "school_id", "session_date").unique()
    )
    joined = events.join(
        days,
        left_on=["pupil_id", "school_id", "start_date"],
        right_on=["pupil_id", "school_id", "session_date"],
        how="semi",
    )
    assert joined.height / events.height > 0.9


def test_files_are_small_and_the_same_again(world, files, tmp_path):
    assert sum(path.stat().st_size for path in files) < 3 * MEGABYTE
    again = write_extra(world, tmp_path)
    assert [path.name for path in again] == [path.name for path in files] == sorted(path.name for path in files)
    assert all(one.read_bytes() == two.read_bytes() for one, two in zip(files, again, strict=True))


def plain_schools(rows: pl.DataFrame, world: World) -> pl.DataFrame:
    """School numbers as the store has them: LAESTAB without a stroke, and not a URN."""
    if "school_id" not in rows.columns:
        return rows
    known = dict(zip(world.schools["school_urn"], world.schools["school_id"], strict=True))
    return rows.with_columns(pl.col("school_id").str.replace("/", "").replace(known))


def test_extracts_and_references_read_back_as_the_tables(world, tables, files):
    seen = set()
    for path in files:
        if path.name.startswith(("SEN2", "Blade", "register", "session", "edubase")) or path.suffix == ".xml":
            continue
        for text in open_tables(path):
            kind = recognise(text, {})
            reading = read_one(text, kind, {})
            assert "error" not in set(reading.problems["severity"]), path.name
            rows = plain_schools(reading.tables[kind.table], world).sort(TABLES[kind.table].key)
            assert rows.equals(tables[kind.table]), path.name
            seen.add(kind.table)
    assert seen == set(tables) - {"ehc_requests", "ehc_plans", "ehc_placements"}


@pytest.mark.parametrize("way", ["xml", "modules", "template"])
def test_sen2_returns_read_back_in_each_format(world, tmp_path: Path, way):
    found = ehc.make_returns(world, ehc.make_cases(world))[-1]
    writer = {"xml": write_xml, "modules": write_modules, "template": write_template}[way]
    paths = writer(found, tmp_path)
    if way == "modules":
        texts = [(text, sen2.table_of(text.columns) or "") for path in paths for text in open_tables(path)]
        readings = [(module, reading) for (_, module), (_, reading) in zip(texts, sen2.read_set(texts), strict=True)]
    else:
        read = {"xml": sen2_xml.read_xml, "template": sen2_workbook.read_template}[way]
        readings = [(module, reading) for _, module, reading in read(paths[0])]
    assert pl.concat(reading.problems for _, reading in readings).is_empty()
    for name, expected in (
        ("ehc_requests", found.requests),
        ("ehc_plans", found.plans),
        ("ehc_placements", found.placements),
    ):
        rows = pl.concat(reading.tables[name] for _, reading in readings if name in reading.tables)
        assert rows.sort(rows.columns).equals(expected.sort(expected.columns)), name


def test_register_files_hold_every_session(files, marks):
    rows = 0
    for path in files:
        if path.name.startswith(("register", "session_registers")):
            shape = registers.shape_of(peek(path)[0].header)
            assert shape is not None, path.name
            pieces = list(register_pieces.pieces(registers.RegisterFile(path, shape)))
            assert all(piece.faults.is_empty() for piece in pieces)
            rows += sum(piece.rows["attendance_code"].count() for piece in pieces)
    assert rows == sum(found.height for found in marks.values())


def test_nothing_in_the_files_could_be_a_real_person(tables):
    for rows in tables.values():
        if "pupil_id" in rows.columns:
            assert set(rows["pupil_id"].str.slice(1, 3)) == {"999"}
