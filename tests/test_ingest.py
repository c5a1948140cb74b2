"""Ingest: pseudonyms, keys, merging, nothing new nothing done, and no identifier anywhere in the store."""

import json
import shutil

import polars as pl
import polars.selectors as cs
import pytest
from click.testing import CliRunner
from conftest import ROOT, make_workspace

from sendlab import store
from sendlab.build import build, open_workspace
from sendlab.build.marks import is_current, run_id_of
from sendlab.cli import main
from sendlab.errors import DataProblem, WorkspaceProblem
from sendlab.ingest import ingest
from sendlab.pseudonyms import make_key, pseudonymise, read_key
from sendlab.schema.tables import TABLES
from sendlab.workspace import find_workspace, init_workspace

SAMPLE = ROOT / "data" / "sample"


@pytest.fixture()
def own_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path / "config" / "keys"


def test_read_is_loaded_and_quarantined(sample_workspace):
    result = ingest(find_workspace(sample_workspace))
    assert result.unchanged and result.exit_status == 0
    for record in result.records:
        assert record.read == record.loaded + record.quarantined, record.file
    assert sum(record.read for record in result.records) > 50_000


def test_the_same_event_in_two_files_counts_once(sample_workspace):
    result = ingest(find_workspace(sample_workspace))
    assert result.merged["suspensions"] > 0
    events = store.read_table(sample_workspace / "store", "suspensions")
    assert events.select(TABLES["suspensions"].key).is_unique().all()


def test_no_upn_name_or_birth_date_enters_the_store(sample_workspace):
    roll = pl.read_csv(SAMPLE / "2026_spring_pupilonroll.csv", infer_schema=False)
    secret = [*roll["upn"].drop_nulls().head(200), *roll["surname"].drop_nulls().head(5), *roll["dob"].head(20)]
    texts = []
    for path in sorted(path for path in (sample_workspace / "store").rglob("*") if path.is_file()):
        if path.suffix == ".parquet":
            words = pl.read_parquet(path).select(~cs.numeric() & ~cs.boolean())
            texts += ["\n".join(map(str, column.unique())) for column in words.iter_columns()]  # dates as they print
        else:
            texts.append(path.read_text(encoding="utf-8", errors="replace"))  # slices are Arrow streams
    everything = "\n".join(texts)
    assert [value for value in secret if value and value in everything] == []


def test_upns_are_trimmed_flagged_and_linked():
    ids, status = pseudonymise(pl.Series(["H801200001001", " h801200001001 ", "A801200001001", "x"]), bytes(32))
    assert ids[0] == ids[1] and len(set(ids)) == 3
    assert status.to_list() == ["valid", "valid", "invalid", "invalid"]


def test_init_makes_a_random_key_outside_the_workspace(own_keys, tmp_path):
    first = init_workspace(tmp_path / "a", la_code="211", la_name="Trial")
    second = init_workspace(tmp_path / "b", la_code="211", la_name="Trial")
    assert first.key() != second.key() and len(first.key()) == 32
    assert [path.name for path in own_keys.iterdir()] and not list((tmp_path / "a").rglob("*.key"))
    (own_keys / f"{first.key_id}.key").unlink()
    with pytest.raises(WorkspaceProblem, match="not in your configuration folder"):
        first.key()


def test_a_key_that_others_can_read_is_refused(own_keys):
    key_id = make_key()
    path = own_keys / f"{key_id}.key"
    if path.stat().st_mode & 0o077:
        pytest.skip("this file system keeps no modes")
    path.chmod(0o644)
    with pytest.raises(WorkspaceProblem, match="read by others"):
        read_key(key_id)


def test_the_sample_key_is_refused_for_real_authorities(tmp_path):
    space = make_workspace(tmp_path / "w", la_code="211")
    with pytest.raises(WorkspaceProblem, match="invented authorities"):
        ingest(find_workspace(space))


def test_the_sample_key_is_refused_for_real_schools_under_an_invented_code(tmp_path):
    space = make_workspace(tmp_path / "w")
    (space / "raw").mkdir()
    text = "LAESTAB,UPN,StartDate,Category\n2112001,A999200114007,01/02/2025,SUSP\n"
    (space / "raw" / "suspensions.csv").write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceProblem, match="sample key protects nobody"):
        ingest(find_workspace(space))


def test_an_empty_or_missing_raw_folder_is_told(tmp_path):
    space = make_workspace(tmp_path / "w")
    with pytest.raises(DataProblem, match="no such folder"):
        ingest(find_workspace(space))
    (space / "raw").mkdir()
    with pytest.raises(DataProblem, match="no data file"):
        ingest(find_workspace(space))


def test_the_same_files_give_the_same_bytes(tmp_path, sample_workspace):
    space = make_workspace(tmp_path / "w", raw=tmp_path / "raw")
    shutil.copytree(SAMPLE, tmp_path / "raw")
    ingest(find_workspace(space))
    for path in (sample_workspace / "store").glob("*.parquet"):
        if path.stem in (*TABLES, "files", "problems"):
            assert path.read_bytes() == (space / "store" / path.name).read_bytes(), path.name


def test_a_file_that_is_gone_is_seen(tmp_path):
    space, files = make_workspace(tmp_path / "w"), ("self_evaluation.csv", "intervention_catalogue.csv")
    (space / "raw").mkdir()
    for name in files:
        shutil.copy(SAMPLE / name, space / "raw")
    assert not ingest(find_workspace(space)).unchanged and ingest(find_workspace(space)).unchanged
    (space / "raw" / files[0]).unlink()
    assert not ingest(find_workspace(space)).unchanged


def test_an_own_workspace_is_not_built_behind_the_analysts_back(tmp_path, own_keys):
    space = make_workspace(tmp_path / "w", raw=SAMPLE, key_id=make_key())
    with pytest.raises(WorkspaceProblem, match="has not been built") as told:
        open_workspace(space)
    assert "sendlab ingest" in str(told.value)
    with pytest.raises(WorkspaceProblem, match="nothing has been ingested"):
        build(find_workspace(space))


def test_another_pseudonym_key_changes_every_id_and_makes_the_store_stale_and_its_figures_no_others(
    own_sample, own_keys, sample_workspace
):
    """That no measure depends on which ids pupils have: `test_measures_assembly.py`."""
    first, settings = open_workspace(sample_workspace), (own_sample / "sendlab.toml").read_text(encoding="utf-8")
    (own_sample / "sendlab.toml").write_text(settings.replace('"sample"', f'"{make_key()}"'), encoding="utf-8")
    space = find_workspace(own_sample)
    assert not ingest(space).unchanged
    stores = (sample_workspace / "store", own_sample / "store")
    pupils, others = (store.read_table(folder, "pupils") for folder in stores)
    assert pupils.height == others.height and set(pupils["pupil_id"]).isdisjoint(others["pupil_id"])
    assert pupils["pupil_id"].n_unique() == others["pupil_id"].n_unique() > 1000
    built, ingested = (store.read_manifest(own_sample / "store", step) for step in ("build", store.INGEST))
    assert not is_current(built, ingested, space)
    with pytest.raises(WorkspaceProblem, match="sendlab build"):
        open_workspace(own_sample)
    assert run_id_of(ingested, space, {}) == first.run_id


def test_check_and_ingest_speak_json(tmp_path, sample_workspace):
    runner = CliRunner()
    checked = runner.invoke(main, ["check", "--json", str(SAMPLE / "attendance_spring_term.csv")])
    (file,) = json.loads(checked.output)["files"]
    assert (file["format"], file["table"], file["problems"]) == (
        "extract",
        "attendance",
        [],
    ) and checked.exit_code == 0
    told = runner.invoke(main, ["ingest", "--json", "--workspace", str(sample_workspace)])
    record = json.loads(told.output)["files"][0]
    assert {"file", "format", "table", "read", "loaded", "quarantined"} <= set(record)
    missing = runner.invoke(main, ["check", str(tmp_path / "none.csv")])
    assert missing.exit_code == 2 and "is not there" in missing.output
    nowhere = runner.invoke(main, ["build", "--workspace", str(tmp_path)])
    assert nowhere.exit_code == 2 and "no sendlab.toml" in nowhere.output and "Traceback" not in nowhere.output


def test_a_real_upn_is_refused_under_the_sample_key(tmp_path):
    space = make_workspace(tmp_path / "w")
    (space / "raw").mkdir()
    text = (SAMPLE / "attendance_spring_term.csv").read_text(encoding="utf-8").splitlines()
    changed = text[1].replace(text[1].split(",")[0], "H801200001001")
    (space / "raw" / "attendance.csv").write_text(f"{text[0]}\n{changed}\n", encoding="utf-8")
    with pytest.raises(WorkspaceProblem, match="sample key protects nobody") as told:
        ingest(find_workspace(space))
    assert "H8012" not in str(told.value)


def test_rows_that_contradict_one_another_are_said(tmp_path):
    space = make_workspace(tmp_path / "w")
    (space / "raw").mkdir()
    lines = (SAMPLE / "attendance_spring_term.csv").read_text(encoding="utf-8").splitlines()[:3]
    cells = lines[1].split(",")
    other = ",".join([*cells[:-1], "39"])
    (space / "raw" / "attendance.csv").write_text("\n".join([*lines, other, lines[2]]) + "\n", encoding="utf-8")
    result = ingest(find_workspace(space))
    told = result.problems.filter(pl.col("rule") == "rows_contradict")
    assert told["count"].to_list() == [1] and result.merged["attendance"] == 2


def test_a_file_that_cannot_be_read_is_listed_with_no_rows_and_costs_no_other(tmp_path):
    space = make_workspace(tmp_path / "w")
    (space / "raw").mkdir()
    (space / "raw" / "broken.csv").write_bytes(b"a,b\n\x00\x00,1\n")
    text = "LAESTAB,UPN,StartDate,Category\n9992001,A999200114007,01/02/2025,SUSP\n"
    (space / "raw" / "suspensions.csv").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(main, ["ingest", "--json", "--workspace", str(space)])
    files = {file["file"]: file for file in json.loads(done.output)["files"]}
    assert done.exit_code == 1
    assert (files["suspensions.csv"]["loaded"], files["broken.csv"]["loaded"], files["broken.csv"]["format"]) == (
        1,
        0,
        None,
    )
