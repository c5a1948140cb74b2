"""Open data: read back equal to the published rows, symbols and all; no problem under our own check; nothing told."""

import csv
from datetime import date

import polars as pl
import pytest

from sendlab.build import open_workspace
from sendlab.check import check_files
from sendlab.codes import labels
from sendlab.disclosure.audit.give_back import audit_table
from sendlab.disclosure.published import OwnView, _published
from sendlab.errors import GateError, SendlabError
from sendlab.metrics.cards import cards
from sendlab.publish import write_open_data
from sendlab.publish.scan import scan_artefact
from sendlab.runs.pack import write_pack
from sendlab.runs.pack_files import figures_of
from sendlab.runs.plan import latest_period
from sendlab.runs.register import Register
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import GROUPS, as_measures

LA = {"la_code": "999", "la_name": "Sampleton"}
FIGURES = {"value": "", "lower": "_lower", "upper": "_upper", "numerator": "_numerator", "denominator": "_denominator",
           "base_subjects": "_base", "eligible_subjects": "_eligible"}  # fmt: skip
GAPS = {"value": "_gap", "lower": "_gap_lower", "upper": "_gap_upper", "comparator_value": "_compared",
        "comparator_period": "_compared_period"}  # fmt: skip
PROVISION = {
    "Education, health and care plan": "EHC plan", "SEN support / SEN without an EHC plan": "SEN support",
    "No SEN provision": "No SEN", "All SEN provision": "All SEN",
}  # fmt: skip
STATEMENTS = {f"{code} {words}": code for code, words in labels("sef_statement").items()}


def read_cell(text):
    """(number, symbol) of a cell of an indicator."""
    return (None, text) if text in ("c", "z", "x", "u", "low") else (float(text), "")


def lines_of(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def figures_in(path):
    """{row and measure: {column of measure rows: cell}} of every measure of every line of a data file."""
    found = {}
    for line in lines_of(path):
        level = line["geographic_level"]
        code = {"National": "country_code", "Local authority": "old_la_code", "School": "school_urn"}[level]
        part = line.get("year_part", "Academic year")
        when = (line["time_period"], line["time_identifier"] if part == "Academic year" else part)
        groups = {name: line.get(name, TOTAL) for name in GROUPS}
        groups["sen_provision"] = PROVISION.get(groups["sen_provision"], groups["sen_provision"])
        groups["item"] = STATEMENTS.get(groups["item"], groups["item"])
        key = (
            *when,
            level,
            line[code],
            line.get("education_phase", TOTAL),
            *groups.values(),
            line.get("comparator", ""),
        )
        endings = GAPS if "_gaps" in path.name else FIGURES
        for measure in (name for name in cards() if name + endings["value"] in line):
            found[measure, *key] = {
                column: line[measure + ending] for column, ending in endings.items() if measure + ending in line
            }
    return found


def rows_by_key(rows):
    keys = ("measure", "time_period", "time_identifier", "geographic_level", "place_code", "education_phase", *GROUPS,
            "comparator")  # fmt: skip
    return {tuple(row[name] for name in keys): row for row in rows.iter_rows(named=True)}


def wanted_symbol(row, column):
    """The symbol in place of a number: the row's own; ratings have no limits; who could have counted is seldom told."""
    if row["status"]:
        return row["status"]
    rated = row["unit"].startswith("rating") and column in ("lower", "upper", "base_subjects")
    return "z" if rated or column == "eligible_subjects" else "x"


def assert_equal_to(published, folder):
    """Every published row stands in the files, every number and every symbol; and nothing else does."""
    told = {}
    for path in folder.glob("*.csv"):
        if not path.name.endswith(".meta.csv"):
            told |= figures_in(path)
    wanted = rows_by_key(published.rows)
    assert set(wanted) <= set(told)
    assert all(set(told[key].values()) == {"x"} for key in set(told) - set(wanted))
    for key, row in wanted.items():
        for column, cell in told[key].items():
            if column == "comparator_period":
                assert cell == (row[column] or "x")
                continue
            number, symbol = read_cell(cell)
            assert number == row[column], (key, column)
            assert number is not None or symbol == wanted_symbol(row, column), (key, column)
        absent = {"value", "lower", "upper", "numerator", "denominator", "base_subjects"} - set(told[key])
        assert key[-1] or all(row[column] is None and row["status"] != "c" for column in absent)


@pytest.fixture(scope="module")
def opened(sample_workspace):
    return open_workspace(sample_workspace)


@pytest.fixture(scope="module")
def folder(opened, tmp_path_factory):
    """Open data of the sample as a pack writes them."""
    reports = tmp_path_factory.mktemp("reports")
    space = opened.workspace
    where = type("Space", (), {"reports": reports, "root": space.root, "store": space.store, "public": False,
                               "la_code": space.la_code, "la_name": space.la_name})()  # fmt: skip
    period = latest_period(opened.published())
    made = write_pack(figures_of(opened), where, period, Register(reports), opened.present(), "r1")
    assert {outcome.error for outcome in made} == {""}
    return reports / period / "board" / "open-data"


def test_the_files_read_back_are_the_published_rows(opened, folder):
    assert_equal_to(opened.published(), folder)


def test_our_own_check_finds_no_problem(folder):
    """Queries are no problem: sendlab compares with no figures of its own, and a lone comparator is no filter."""
    result = check_files(sorted(folder.glob("*.csv")))
    assert result.exit_status == 0 and not result.raw.unread and not result.unknown
    assert set(result.problems["severity"]) == {"query"}
    assert set(result.problems["rule"]) <= {"no_measure", "column_one_value"}


def test_no_hidden_count_follows_from_a_file(folder):
    for path in sorted(folder.glob("*_schools_figures_board.csv")):
        assert audit_table(path).recoverable == 0, path.name


def test_a_school_has_its_numbers_and_its_authority(folder):
    line = lines_of(folder / "absence_schools_figures_board.csv")[0]
    assert (line["school_urn"], line["school_laestab"]) == ("900101", "9992001")
    assert (line["old_la_code"], line["new_la_code"], line["region_code"]) == ("999", "z", "")


def test_the_note_says_for_whom_and_lists_every_file(opened, folder):
    note = (folder / "about_open_data_board.txt").read_text(encoding="utf-8")
    assert opened.published().settings in note and f"Run {opened.run_id}" in note and note.startswith("SEND figures of")
    data = {path.name for path in folder.glob("*.csv") if not path.name.endswith(".meta.csv")}
    assert data and all(f"  {name}: " in note for name in data)


# --- by hand ------------------------------------------------------------------------------------------------------


def row(measure="absence", **fields):
    base = {
        "measure": measure, "time_period": "202526", "time_identifier": "Academic year",
        "geographic_level": "Local authority", "place_code": "999", "place_name": "Sampleton",
        "sen_provision": "EHC plan", "numerator": 30.5, "denominator": 240.0, "base_subjects": 240, "value": 12.5,
        "lower": 10.0, "upper": 15.5, "unit": cards()[measure].unit, "data_to": date(2026, 7, 22),
    }  # fmt: skip
    return base | fields


def published(*rows, audience="board", threshold=5):
    return _published(as_measures(pl.DataFrame(rows, infer_schema_length=None)), audience=audience,
                      threshold=threshold, run_id="r1")  # fmt: skip


NOTHING = dict.fromkeys(("numerator", "denominator", "base_subjects", "value", "lower", "upper"))
SCHOOL = {
    "geographic_level": "School",
    "place_code": "900101",
    "place_name": "=1+1 School",
    "education_phase": "Primary",
}


def test_every_symbol_is_told_and_nought_stays_nought(tmp_path):
    figures = published(
        row(), row(sen_provision="SEN support", **NOTHING, status="c"),
        row(sen_provision="Total", value=0.0, numerator=0.0),
        row(sen_provision="No SEN", **NOTHING, status="z", note="no pupils in this group"),
        row(sen_provision="All SEN", **NOTHING, status="x"),
        row(sen_provision="Not recorded", **(NOTHING | {"base_subjects": 7}), status="u", note="fewer than 10 pupils"),
    )  # fmt: skip
    write_open_data(figures, tmp_path, **LA)
    lines = {line["sen_provision"]: line for line in lines_of(tmp_path / "absence_authority_figures_board.csv")}
    assert [lines[name]["absence"] for name in ("Education, health and care plan", "Total")] == ["12.5", "0"]
    assert lines["Education, health and care plan"]["absence_numerator"] == "30.5"
    hidden = lines["SEN support / SEN without an EHC plan"]
    assert {hidden[f"absence{end}"] for end in FIGURES.values() if f"absence{end}" in hidden} == {"c"}
    assert (lines["No SEN provision"]["absence"], lines["No SEN provision"]["absence_note"]) == (
        "z",
        "no pupils in this group",
    )
    assert lines["All SEN provision"]["absence"] == "x"
    assert (lines["Not recorded"]["absence"], lines["Not recorded"]["absence_base"]) == ("u", "7")
    assert_equal_to(figures, tmp_path)


def test_a_figure_that_is_shown_and_unreliable_says_so_in_its_note(tmp_path):
    write_open_data(published(row(status="u", note="few returns")), tmp_path, **LA)
    (line,) = lines_of(tmp_path / "absence_authority_figures_board.csv")
    assert (line["absence"], line["absence_note"]) == ("12.5", "[u] few returns")


def test_meta_tells_unit_places_and_default(tmp_path):
    gap = {"comparator": "No SEN", "comparator_value": 4.5, "comparator_period": "202526", "unit": "percentage points"}
    write_open_data(published(row(**SCHOOL), row(**SCHOOL, **gap), row(**(SCHOOL | {"place_code": "900102",
                    "education_phase": "Special", "sen_provision": "SEN support"}))), tmp_path, **LA)  # fmt: skip
    meta = {line["col_name"]: line for line in lines_of(tmp_path / "absence_schools_figures_board.meta.csv")}
    assert [meta["absence"][name] for name in ("indicator_unit", "indicator_dp")] == ["%", "1"]
    assert meta["absence"]["label"] == "Overall absence rate (% of sessions)"
    assert [meta["absence_numerator"][name] for name in ("indicator_unit", "indicator_dp")] == ["", "1"]
    assert meta["education_phase"]["filter_default"] == "Primary" and "sen_provision" in meta
    gaps = {line["col_name"]: line for line in lines_of(tmp_path / "absence_schools_gaps_board.meta.csv")}
    assert (gaps["absence_gap"]["indicator_unit"], gaps["absence_compared"]["indicator_unit"]) == ("pp", "%")
    (line, _) = lines_of(tmp_path / "absence_schools_figures_board.csv")
    assert line["school_name"] == "'=1+1 School" and line["school_laestab"] == "z"


def test_parts_of_a_year_stand_apart_or_become_a_filter(tmp_path):
    parts = ("Autumn term", "Autumn and spring term", "Autumn half term 1", "Autumn half term 2")
    figures = published(row(), *(row(time_identifier=part) for part in parts))
    write_open_data(figures, tmp_path, **LA)
    names = {path.name for path in tmp_path.glob("*_figures_board.csv")}
    assert names == {f"absence_authority{part}_figures_board.csv"
                     for part in ("", "_terms", "_autumn_and_spring_term", "_parts_of_years")}  # fmt: skip
    lines = lines_of(tmp_path / "absence_authority_parts_of_years_figures_board.csv")
    assert [(line["time_identifier"], line["year_part"]) for line in lines] == [
        ("Academic year", part) for part in parts[2:]
    ]
    assert check_files(sorted(tmp_path.glob("*.csv"))).exit_status == 0
    assert_equal_to(figures, tmp_path)


def test_an_authority_that_exists_has_its_codes_and_region(tmp_path):
    figures = published(
        row(place_code="878", place_name="Devon"), row(place_code="878", place_name="Devon", sen_provision="Total")
    )
    write_open_data(figures, tmp_path, la_code="878", la_name="Devon County Council")
    line = lines_of(tmp_path / "absence_authority_figures_board.csv")[0]
    told = [line[name] for name in ("region_code", "region_name", "old_la_code", "new_la_code", "la_name")]
    assert told == ["E12000009", "South West", "878", "E10000008", "Devon"]
    assert check_files(sorted(tmp_path.glob("*.csv"))).exit_status == 0


def test_every_authority_of_today_lies_in_a_region():
    """A blank region would be a fault of the file."""
    from sendlab.codes import read_codes

    lines = [line for line in read_codes("local_authority") if line.code.isdigit() and line.code != "702"]
    assert len(lines) > 150 and all(line.notes["region_code"] in labels("region") for line in lines)


def test_a_figure_finer_than_its_card_is_not_written(tmp_path):
    with pytest.raises(GateError, match="a figure finer than it may be shown"):
        write_open_data(published(row(value=12.53)), tmp_path, **LA)
    with pytest.raises(GateError, match="a figure finer than it may be shown"):
        write_open_data(published(row("persistent_absence", base_subjects=40, value=12.5)), tmp_path, **LA)
    assert not list(tmp_path.glob("*.csv"))


def test_what_did_not_pass_the_gate_and_a_schools_own_edition_are_refused(tmp_path):
    figures = published(row())
    for thing in (OwnView(figures.rows), figures.rows, None):
        with pytest.raises(GateError, match="published figures only"):
            write_open_data(thing, tmp_path, **LA)
    with pytest.raises(GateError, match="no open data"):
        write_open_data(published(row(), audience="school"), tmp_path, **LA)
    with pytest.raises(SendlabError, match="no published figures"):
        write_open_data(figures.where(place_code="none"), tmp_path, **LA)
    assert not list(tmp_path.iterdir())


def test_public_figures_say_so_and_what_is_published_no_longer_is_removed(tmp_path):
    both = published(row(), row("suspension_rate"), audience="public", threshold=10)
    write_open_data(published(row()), tmp_path, **LA)
    write_open_data(both, tmp_path, **LA)
    write_open_data(published(row(), audience="public", threshold=10), tmp_path, **LA)
    names = {path.name for path in tmp_path.iterdir()}
    assert "absence_authority_figures_public.csv" in names and not any("exclusions" in name for name in names)
    assert "absence_authority_figures_board.csv" in names  # another audience's files stay
    note = (tmp_path / "about_open_data_public.txt").read_text(encoding="utf-8")
    assert "Audience: public. Counts of 1 to 9 people" in note and "fewer than 10 pupils" in note


def test_the_same_figures_give_the_same_bytes(tmp_path):
    figures = published(row(), row(sen_provision="Total"), row(**SCHOOL))
    one, two = (write_open_data(figures, tmp_path / name, **LA) for name in ("a", "b"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two] and len(one) == 5
    assert all(scan_artefact(path) == [] for path in one)
