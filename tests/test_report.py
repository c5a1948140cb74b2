"""The main job on real input and by the command line: it goes to the end, says what is missing, makes nothing up."""

import json
import re
import shutil

import nbformat
import polars as pl
import pytest
from click.testing import CliRunner
from conftest import ROOT, make_workspace

from sendlab import store
from sendlab.build import build, open_workspace
from sendlab.cli import main
from sendlab.cli.reports import _invented_authority
from sendlab.ingest import ingest
from sendlab.pseudonyms import make_key
from sendlab.workspace import find_workspace

CENSUS = "school_census_blade_2024_autumn"
BENCHMARKS = ("exclusions_by_characteristic.csv.gz", "exclusions_by_characteristic.meta.csv", "absence_by_term.csv.gz",
              "absence_by_term.meta.csv")  # fmt: skip


@pytest.fixture(scope="module")
def real_workspace(real_data, tmp_path_factory):
    """A workspace on the real census export with published benchmarks beside it, under a key of its own."""
    folder = tmp_path_factory.mktemp("real")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENDLAB_CONFIG_DIR", str(folder / "config"))
        space = make_workspace(folder / "w", la_code="211", key_id=make_key())
        with (space / "sendlab.toml").open("a", encoding="utf-8") as settings:
            settings.write("[retention]\ndefault = 84\nraw = 96\nreports = 36\n")  # real pupils need it
        shutil.copytree(real_data / CENSUS, space / "raw")
        for name in BENCHMARKS:
            shutil.copy(real_data / name, space / "raw")
        (space / "raw").chmod(0o755)
        workspace = find_workspace(space)
        result = ingest(workspace)
        build(workspace)
        yield space, result


def own(space):
    rows = open_workspace(space).own_view().rows
    return rows.filter((pl.col("comparator") == "") & (pl.col("geographic_level") != "National"))


def test_every_row_is_accounted_for_and_disagreements_are_warnings(real_workspace):
    _, result = real_workspace
    assert result.unread == []
    assert all(r.read == r.loaded + r.quarantined for r in result.records)
    errors = result.problems.filter(pl.col("severity") == "error")
    # session counts that are blank, and table ids that two leavers share, are in the export itself
    quarantined = sum(r.quarantined for r in result.records)
    assert errors.select("file", "row").unique().height == quarantined > 0 and result.exit_status == 1
    assert errors.filter((pl.col("message") == "") | (pl.col("remedy") == "")).is_empty()
    rules = set(result.problems["rule"])
    assert {"upn_invalid", "totals_disagree", "reason_not_in_term"} <= rules
    assert set(result.problems.filter(pl.col("rule") == "totals_disagree")["severity"]) == {"warning"}


def test_absence_above_possible_leaves_the_rate_and_is_counted(real_workspace):
    from sendlab.cohort import attendance_base, attendance_left_out

    facts = open_workspace(real_workspace[0]).facts()
    left = attendance_left_out(facts)
    above = left.filter(pl.col("reason") == "more sessions missed than possible")["pupils"].sum()
    assert above == facts.filter(pl.col("attendance_status") == "above possible").height > 0
    base = attendance_base(facts)
    assert (base["absent"] <= base["sessions_possible"]).all()


def test_years_and_terms_come_from_the_census_and_the_event(real_workspace):
    rows = own(real_workspace[0])
    absence = rows.filter((pl.col("measure") == "absence") & pl.col("value").is_not_null())
    # the autumn census returns the summer term before it in two halves
    halves = {("202324", "Summer half term 1"), ("202324", "Summer half term 2")}
    assert set(absence.select("time_period", "time_identifier").rows()) == {("202324", "Summer term"), *halves}
    events = rows.filter((pl.col("measure") == "suspension_rate") & pl.col("value").is_not_null())
    assert set(events.select("time_period", "time_identifier").rows()) == {("202425", "Autumn term")}
    assert set(events["note"]) == {"roll of the Autumn term census (provisional)"}


def test_what_was_not_collected_is_said_and_never_zero(real_workspace):
    rows = own(real_workspace[0]).filter(pl.col("measure").is_in(["ks2_rwm_expected", "intervention_gain", "sef_now"]))
    assert rows["value"].null_count() == rows.height > 0
    assert rows["numerator"].null_count() == rows["base_subjects"].null_count() == rows.height
    assert set(rows["status"]) == {"x"} and all(note.startswith("not collected") for note in rows["note"])


def test_a_blank_provision_is_its_own_group_and_an_unknown_school_a_place(real_workspace):
    rows = own(real_workspace[0])
    assert "Not recorded" in set(rows["sen_provision"])
    places = open_workspace(real_workspace[0]).places().filter(pl.col("geographic_level") == "School")
    assert places.height == 8 and set(places["education_phase"]) == {"Unknown"}


def test_old_benchmarks_are_history_and_no_comparator(real_workspace):
    rows = open_workspace(real_workspace[0]).published().rows
    national = rows.filter(pl.col("geographic_level") == "National")
    assert national.height > 0 and all(note.startswith("history") for note in national["note"])
    assert "Same group nationally" not in set(rows["comparator"])
    assert national["time_period"].max() == "201617"


def test_report_by_the_command_line_and_again_with_a_place_that_is_not_there(own_sample):
    space, runner = own_sample, CliRunner()
    (space / "store" / "ingest.manifest.json").unlink()  # it reads the files again, and says what it found in them
    made = runner.invoke(main, ["ingest", "--workspace", str(space)])
    assert made.exit_code == 0, made.output
    assert runner.invoke(main, ["build", "--workspace", str(space)]).exit_code == 0
    run = runner.invoke(main, ["run", "--workspace", str(space), "--place", "900108", "--notebook", "interventions"])
    assert run.exit_code == 0, run.output
    assert (space / "reports" / "index.html").is_file()
    wrong = runner.invoke(main, ["run", "--workspace", str(space), "--place", "90010"])
    assert wrong.exit_code == 2 and "did you mean" in wrong.output
    packed = runner.invoke(main, ["pack", "--workspace", str(space)])
    assert packed.exit_code == 0
    assert {path.name for path in (space / "reports").rglob("*.xlsx")} == {
        "figures.xlsx",
        "999.xlsx",
        "data-quality.xlsx",
    }


def test_a_tampered_store_is_refused(own_sample):
    space = own_sample
    path = space / "store" / "published_board.parquet"
    rows = pl.read_parquet(path)
    store.write_table(space / "store", "published_board", rows.with_columns(pl.lit(1.0).alias("value")))
    runner = CliRunner()
    told = runner.invoke(main, ["pack", "--workspace", str(space)])
    assert told.exit_code == 2 and "not those that build wrote" in told.output


def test_init_then_an_own_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", str(tmp_path / "config"))
    runner = CliRunner()
    made = runner.invoke(main, ["init", str(tmp_path / "own"), "--la-code", "999", "--la-name", "Trial"])
    assert made.exit_code == 0 and (tmp_path / "own" / "raw").is_dir()
    copies = [nbformat.read(path, as_version=4) for path in (tmp_path / "own" / "notebooks").glob("*.ipynb")]
    assert len(copies) == len(list((ROOT / "notebooks").glob("*.ipynb"))) >= 8
    assert not [cell for copy in copies for cell in copy.cells if cell.get("outputs")]
    assert {_place_of(copy) for copy in copies} == {"999"}
    shutil.copy(ROOT / "data" / "sample" / "attendance_spring_term.csv", tmp_path / "own" / "raw")
    told = runner.invoke(main, ["ingest", "--json", "--workspace", str(tmp_path / "own")])
    assert json.loads(told.output)["files"][0]["table"] == "attendance"
    again = runner.invoke(main, ["init", str(tmp_path / "own"), "--la-code", "999", "--la-name", "Trial"])
    assert again.exit_code == 2 and "already" in again.output
    runner.invoke(main, ["init", str(tmp_path / "other"), "--la-code", "211", "--la-name", "Other"])
    others = [nbformat.read(path, as_version=4) for path in (tmp_path / "other" / "notebooks").glob("*.ipynb")]
    assert {_place_of(copy) for copy in others} == {"211"}


def _place_of(notebook):
    """The place that a notebook is about by itself."""
    cells = [cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
    return re.search(r'^place = "(.*?)"', cells[0], re.MULTILINE)[1]


def test_demo_writes_the_sample_where_there_is_nothing(tmp_path):
    _invented_authority(tmp_path / "new")
    space = find_workspace(tmp_path / "new")
    assert space.is_sample and space.la_name == "Exampleshire (invented)"
    there = {path.name for path in (ROOT / "data" / "sample").iterdir() if path.is_file()}
    assert {path.name for path in space.raw.iterdir() if path.is_file()} == there
