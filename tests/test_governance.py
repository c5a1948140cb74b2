"""Restricted columns, retention, purge, forget, rekey and the access log, on small stores written by hand."""

import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hand_made import table

from sendlab import governance, store
from sendlab.errors import DataProblem, WorkspaceProblem
from sendlab.pseudonyms import config_folder, pseudonym
from sendlab.schema.tables import TABLES
from sendlab.settings import RETENTION
from sendlab.workspace import Workspace, init_workspace, read_workspace

TODAY = date(2026, 3, 1)
UPNS = ["H801200001001", "D823299901001", "A999000001001"]
MONTHS = {"default": 60, "raw": 96, "reports": 24}
TERMS = {"purpose": "safety review", "lawful_basis": "public task", "owner": "Head of Inclusion"}


@pytest.fixture
def space(tmp_path, monkeypatch) -> Workspace:
    """A workspace of an authority with a key of its own, and its retention settled."""
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", str(tmp_path / "config"))
    return init_workspace(tmp_path / "own é", la_code="213", la_name="Trial", retention=MONTHS)


def ids(space: Workspace, *numbers: int) -> list[str]:
    return [pseudonym(UPNS[number], space.key()) for number in numbers]


def fill(space: Workspace) -> Workspace:
    """Three pupils: in a table, in the notes of another, in two buckets of sessions, and in facts made from them."""
    first, second, third = ids(space, 0, 1, 2)
    years = [(first, "201920"), (second, "201920"), (second, "202425"), (third, "202425")]
    rows = [
        {"pupil_id": who, "school_id": "9991001", "time_period": year, "term": "Autumn term"} for who, year in years
    ]
    store.write_table(space.store, "pupils", table("pupils", *rows))
    behaviour = [
        {"pupil_id": who, "school_id": "9991001", "recorded_on": day, "kind": "bullying"}
        for who, day in ((first, date(2019, 5, 1)), (second, date(2025, 5, 1)))
    ]
    whole = table("behaviour", *[{**row, "note": "Ann was unkind to Bea"} for row in behaviour])
    store.write_table(space.store, "behaviour", whole.drop("note"))
    notes = whole.select(*TABLES["behaviour"].key, "note")
    store.write_table(space.store / governance.NOTES_FOLDER, "behaviour_notes", notes)
    for bucket, who in (("bucket-00", [first]), ("bucket-01", [second, third])):
        days = [{"pupil_id": p, "school_id": "9991001", "session_date": date(2020, 9, 7), "session": "AM"} for p in who]
        late = [{**row, "session_date": date(2025, 9, 8)} for row in days]
        store.write_table(space.store / "sessions", bucket, table("sessions", *days, *late))
    store.write_table(space.store, "facts", pl.DataFrame({"pupil_id": [first, second, third], "absence": [1, 2, 3]}))
    store.write_manifest(space.store, "build", {"mark": "m"})
    return space


def stored(space: Workspace, name: str) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted(space.store.glob(name))])


# --- settings


def test_init_leaves_lines_that_stand_once_the_marks_are_taken_away(tmp_path, monkeypatch):
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", str(tmp_path / "config"))
    made = init_workspace(tmp_path / "own", la_code="213", la_name="Trial")
    assert made.retention == {}
    path = made.root / "sendlab.toml"
    text = path.read_text(encoding="utf-8")
    for name in RETENTION:
        text = text.replace(f"# {name} = ", f"{name} = ")
    path.write_text(text, encoding="utf-8")
    settled = read_workspace(made.root)
    assert settled.retention == {name: usual for name, (usual, _) in RETENTION.items()}
    governance.require_retention(settled)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[retention]\npupil = 3\n", "did you mean pupils"),
        ('[retention]\npupils = "3"\n', "not a number of months"),
        ("[retention]\npupils = true\n", "not a number of months"),
        ("[restricted]\nbehaviour = { purpose = 'p', owner = ' ' }\n", "does not say its lawful_basis, owner"),
        ("[restricted]\nattendance = { purpose = 'p' }\n", "knows no 'attendance'"),
        ("[restricted]\npupils.sex = { purpose = 'p' }\n", "knows no 'sex'"),
        ("[governance]\nallow_row_level = 'yes'\n", "neither true nor false"),
        ("[governance]\nallow_rows = true\n", "knows no 'allow_rows'"),
    ],
)
def test_a_fault_in_the_settings_is_said(tmp_path, text, said):
    base = '[authority]\nla_code = "999"\n[pseudonyms]\nkey_id = "sample"\n'
    (tmp_path / "sendlab.toml").write_text(base + text, encoding="utf-8")
    with pytest.raises(WorkspaceProblem, match=said):
        read_workspace(tmp_path)


# --- restricted columns


def test_restricted_columns_stay_out_unless_named(space):
    rows = table(
        "behaviour",
        {"pupil_id": "a", "school_id": "1", "recorded_on": TODAY, "kind": "bullying", "role": "target", "note": "Bea"},
        {"pupil_id": "b", "school_id": "1", "recorded_on": TODAY, "kind": "bullying", "role": "both"},
    )
    ordinary, notes, problems = governance.split_restricted(rows, "behaviour", space)
    assert notes is None and "note" not in ordinary.columns and ordinary["role"].null_count() == 2
    assert dict(problems.select("column", "count").iter_rows()) == {"role": 2, "note": 1}
    assert set(problems["severity"]) == {"query"} and "Bea" not in str(problems.to_dicts())

    named = replace(space, restricted={"behaviour.note": TERMS})
    ordinary, notes, problems = governance.split_restricted(rows, "behaviour", named)
    assert notes is not None and notes["note"].to_list() == ["Bea"]
    assert notes.columns == [*TABLES["behaviour"].key, "note"]
    assert problems["column"].to_list() == ["role"] and ordinary["role"].null_count() == 2


def test_a_permit_of_a_table_holds_for_all_its_restricted_columns(space):
    text = '[restricted]\nbehaviour = { purpose = "p", lawful_basis = "l", owner = "o" }\n'
    path = space.root / "sendlab.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[restricted]\n", text), encoding="utf-8")
    named = read_workspace(space.root)
    assert governance.restricted_columns_allowed(named, "behaviour") == {"role", "note"}
    assert governance.restricted_columns_allowed(named, "pupils") == set()


def test_notes_go_when_their_permit_goes(space):
    governance.store_notes(space, "behaviour", pl.DataFrame({"pupil_id": ["a"], "note": ["n"]}))
    path = space.store / governance.NOTES_FOLDER / "behaviour_notes.parquet"
    assert path.is_file()
    governance.store_notes(space, "behaviour", None)
    assert not path.exists()


# --- retention and purge


def test_real_pupils_need_their_retention_settled(space):
    with pytest.raises(WorkspaceProblem, match="lacks default, raw, reports") as told:
        governance.require_retention(replace(space, retention={}))
    assert "default = 84" in str(told.value)
    governance.require_retention(replace(space, retention={}, la_code="999"))
    with pytest.raises(WorkspaceProblem, match="raw = 72"):
        governance.require_retention(replace(space, retention={**MONTHS, "raw": 60}))


def test_the_months_are_asked_for_on_a_terminal():
    answers, said = iter([120, 24, 12]), []
    months = governance.ask_retention(lambda text, **_: next(answers), said.append)
    assert months == {"default": 120, "raw": 132, "reports": 12} and "132" in said[-1]


def test_every_table_of_pupils_has_an_age():
    assert [name for name, t in TABLES.items() if t.pupil_level and governance.dated(t) is None] == []


@pytest.mark.parametrize(
    ("name", "row", "age"),
    [
        ("attendance", {"time_period": "202425"}, date(2025, 8, 31)),
        ("pupil_funding", {"financial_year": "2024-25"}, date(2025, 3, 31)),
        ("ehc_plans", {"return_year": "2025", "phase_transfer_due": date(2031, 2, 15)}, date(2025, 12, 31)),
        ("sen_register", {"start_date": date(2015, 9, 1)}, None),
        ("sen_register", {"start_date": date(2015, 9, 1), "end_date": date(2018, 7, 1)}, date(2018, 7, 1)),
        ("plans", {"start_date": date(2019, 9, 1), "reviewed_on": date(2024, 5, 1)}, date(2024, 5, 1)),
    ],
)
def test_the_day_from_which_months_count(name, row, age):
    assert table(name, row).select(governance.dated(TABLES[name])).item() == age


def test_purge_takes_old_rows_and_nothing_else(space):
    fill(space)
    _, second, third = ids(space, 0, 1, 2)
    counted = governance.purge(space, TODAY, dry_run=True)
    assert counted.rows["sessions"] == 3 and stored(space, "sessions/*.parquet").height == 6
    assert (space.store / "facts.parquet").is_file()

    done = governance.purge(space, TODAY)
    assert {name: count for name, count in done.rows.items() if count} == {"pupils": 2, "behaviour": 1, "sessions": 3}
    assert done.rows == counted.rows and "pupils: 2 rows removed" in done.lines()
    assert stored(space, "pupils.parquet").select("pupil_id", "time_period").rows() == [
        (second, "202425"), (third, "202425"),
    ]  # fmt: skip
    assert set(stored(space, "sessions/*.parquet")["session_date"]) == {date(2025, 9, 8)}
    assert stored(space, "restricted/*.parquet")["pupil_id"].to_list() == [second]
    assert not (space.store / "facts.parquet").exists() and not store.read_manifest(space.store, "build")
    assert governance.purge(space, TODAY).lines() == ["nothing is older than [retention] allows"]


def test_raw_files_do_not_bring_purged_rows_back(space):
    rows = stored(fill(space), "pupils.parquet")
    governance.purge(space, TODAY)
    assert governance.without_purged(rows, "pupils", space)["time_period"].to_list() == ["202425", "202425"]
    longer = replace(space, retention={**MONTHS, "pupils": 84})
    governance.purge(longer, TODAY)
    assert governance.without_purged(rows, "pupils", longer).height == 4


def test_purge_of_files_goes_by_the_day_they_were_written(space):
    old = datetime(2017, 1, 1, tzinfo=UTC).timestamp()
    cell = {"cell_type": "code", "outputs": [{"text": "H801200001001"}], "execution_count": 3, "source": "x"}
    (space.root / "notebooks").mkdir()
    written = {
        space.raw / "old census.csv": "a", space.raw / "new.csv": "a", space.reports / "201617" / "old.html": "a",
        space.reports / "new.html": "a", space.store / ".pupils.9.tmp": "a",
        space.root / "notebooks" / "mine.ipynb": json.dumps({"cells": [cell], "nbformat": 4}),
        space.root / "notebooks" / "broken.ipynb": "no notebook", space.root / "other.txt": "a",
    }  # fmt: skip
    for path, text in written.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if not path.name.startswith("new"):
            os.utime(path, (old, old))
    done = governance.purge(space, TODAY)
    assert done.files == {"raw files": 1, "reports files": 1, "unfinished files": 1, "notebooks with outputs": 1}
    left = {path.name for path in space.root.rglob("*") if path.is_file()}
    assert {"new.csv", "new.html", "mine.ipynb", "broken.ipynb", "other.txt"} <= left
    assert not {"old census.csv", "old.html", ".pupils.9.tmp"} & left
    assert "H801200001001" not in (space.root / "notebooks" / "mine.ipynb").read_text(encoding="utf-8")


def test_purge_leaves_a_raw_folder_of_others_alone(space, tmp_path):
    theirs = tmp_path / "shared drive"
    theirs.mkdir()
    (theirs / "census.csv").write_text("a", encoding="utf-8")
    os.utime(theirs / "census.csv", (0, 0))
    done = governance.purge(replace(space, raw=theirs), TODAY)
    assert (theirs / "census.csv").is_file() and "outside the workspace" in "\n".join(done.lines())


def test_purge_says_which_file_is_open(space, monkeypatch):
    path = space.raw / "old.csv"
    path.write_text("a", encoding="utf-8")
    os.utime(path, (0, 0))

    def refuse(self, missing_ok=False):
        raise PermissionError("in use")

    monkeypatch.setattr(type(path), "unlink", refuse)
    assert "1 files are open in another program" in "\n".join(governance.purge(space, TODAY).lines())


def test_a_table_without_dates_cannot_be_purged(space):
    with pytest.raises(WorkspaceProblem, match="neighbours have no date"):
        governance.purge(replace(space, retention={**MONTHS, "neighbours": 12}), TODAY)


# --- forget


@pytest.mark.parametrize(
    "content",
    [
        b"h801200001001 \r\nD823299901001\r\n\r\n",
        b"\xef\xbb\xbfUPN\nH801200001001\nD823299901001\n",
        "Name;UPN\nZoë;H801200001001\nAl;D823299901001\n".encode("cp1252"),
        "Name,Unique Pupil Number\nZoë,H801200001001\nAl,D823299901001\n".encode("utf-16"),
    ],
)
def test_forget_takes_pupils_out_of_every_place_and_keeps_them_out(space, tmp_path, content):
    before = stored(fill(space), "pupils.parquet")
    (tmp_path / "list.csv").write_bytes(content)
    done = governance.forget(space, tmp_path / "list.csv")
    (third,) = ids(space, 2)
    assert (done.upns, done.known) == (2, 2)
    assert done.rows["pupils"] == 3 and done.rows["restricted/behaviour_notes"] == 2 and done.rows["facts"] == 2
    for name in ("pupils.parquet", "sessions/*.parquet", "facts.parquet"):
        assert set(stored(space, name)["pupil_id"]) == {third}
    assert stored(space, "restricted/*.parquet").is_empty() and not store.read_manifest(space.store, "build")
    assert governance.without_forgotten(before, space)["pupil_id"].to_list() == [third]
    everything = b"".join(path.read_bytes() for path in space.store.rglob("*") if path.is_file())
    assert b"H801200001001" not in everything and "H801200001001" not in "\n".join(done.lines())


def test_forgetting_twice_adds_to_the_list(space, tmp_path):
    fill(space)
    for upn in UPNS[:2]:
        (tmp_path / "list.txt").write_text(upn, encoding="utf-8")
        governance.forget(space, tmp_path / "list.txt")
    assert set(store.read_table(space.store, "forgotten")["pupil_id"]) == set(ids(space, 0, 1))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no UPN"),
        (b"UPN\n", "holds no UPN"),
        (b"Name,Number\nAnn Smith,H801200001001\n", "none is called UPN"),
        (b"PK\x03\x04\0\0", "no list of UPNs as text"),
    ],
)
def test_a_list_that_is_none_is_refused_without_its_values(space, tmp_path, content, said):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(DataProblem, match=said) as told:
        governance.forget(space, tmp_path / "list.csv")
    assert "Ann" not in str(told.value) and "H80" not in str(told.value)
    assert not store.has_table(space.store, "forgotten")
    with pytest.raises(DataProblem, match="not there"):
        governance.forget(space, tmp_path / "absent.txt")


# --- rekey


def remake(space: Workspace) -> None:
    """As ingest does: UPNs of the raw file become pseudonyms under the workspace's key, without the forgotten."""
    upns = (space.raw / "pupils.txt").read_text(encoding="utf-8").split()
    rows = pl.DataFrame({"pupil_id": [pseudonym(upn, space.key()) for upn in upns]})
    store.write_table(space.store, "pupils", governance.without_forgotten(rows, space))
    record = {"inputs": {"pupils.txt": "sum"}, "key_id": space.key_id}
    store.write_manifest(space.store, "ingest", record)


@pytest.fixture
def made(space) -> Workspace:
    (space.raw / "pupils.txt").write_text("\n".join(UPNS), encoding="utf-8")
    remake(space)
    store.write_table(space.store, "facts", pl.DataFrame({"pupil_id": ids(space, 0), "absence": [1]}))
    governance.log_access(space, "list of pupils", 3)
    return space


def test_rekey_makes_the_store_again_under_a_new_key(made):
    text = (made.root / "sendlab.toml").read_bytes()
    old = ids(made, 0, 1, 2)
    done = governance.rekey(made, remake)
    now = read_workspace(made.root)
    assert now.key_id == done.new_key_id != made.key_id
    assert (made.root / "sendlab.toml").read_bytes() == text.replace(made.key_id.encode(), now.key_id.encode())
    assert store.read_table(now.store, "pupils")["pupil_id"].to_list() == ids(now, 0, 1, 2) != old
    assert not (now.store / "facts.parquet").exists() and now.access_log.is_file()
    assert store.read_manifest(now.store, "ingest")["key_id"] == now.key_id
    assert (config_folder() / "keys" / f"{made.key_id}.key").is_file()
    assert f"delete the old key {made.key_id}.key" in "\n".join(done.lines())
    assert [path.name for path in made.root.iterdir() if "rekey" in path.name] == []


def test_a_rekey_that_fails_changes_nothing(made):
    def fail(space: Workspace) -> None:
        remake(space)
        raise DataProblem("pupils.txt", ["is being written"])

    before = {path: path.read_bytes() for path in made.root.rglob("*") if path.is_file()}
    keys = sorted((config_folder() / "keys").iterdir())
    with pytest.raises(DataProblem):
        governance.rekey(made, fail)
    assert {path: path.read_bytes() for path in made.root.rglob("*") if path.is_file()} == before
    assert sorted((config_folder() / "keys").iterdir()) == keys


def test_rekey_needs_the_raw_files_and_an_own_key(made):
    (made.raw / "pupils.txt").unlink()
    with pytest.raises(WorkspaceProblem, match="1 of the 1 raw files"):
        governance.rekey(made, remake)
    with pytest.raises(WorkspaceProblem, match="sample key"):
        governance.rekey(replace(made, key_id="sample", la_code="999"), remake)


def test_forgotten_pupils_stay_forgotten_under_a_new_key(made, tmp_path):
    (tmp_path / "list.txt").write_text(UPNS[0], encoding="utf-8")
    governance.forget(made, tmp_path / "list.txt")
    with pytest.raises(WorkspaceProblem, match="1 of 1 forgotten pupils would come back"):
        governance.rekey(made, remake)
    governance.rekey(made, remake, tmp_path / "list.txt")
    now = read_workspace(made.root)
    assert store.read_table(now.store, "pupils")["pupil_id"].to_list() == ids(now, 1, 2)
    assert store.read_table(now.store, "forgotten")["pupil_id"].to_list() == ids(now, 0)


# --- access log


def test_the_access_log_says_who_when_and_what_but_no_pupil(space):
    governance.log_access(space, f"list for {UPNS[0]}\nand {ids(space, 1)[0]}", 12, run_id="r1")
    governance.log_access(space, "list", 1)
    first, second = space.access_log.read_text(encoding="utf-8").splitlines()
    time, user, what, rows, run = first.split("\t")
    assert datetime.fromisoformat(time).utcoffset() is not None and user and run == "r1" and rows == "12 rows"
    assert what == "list for [pupil] and [pupil]" and second.endswith("1 rows\t")


def test_rows_of_pupils_are_off_until_the_setting_says_otherwise(space):
    assert not governance.row_level_allowed(space)
    path = space.root / "sendlab.toml"
    text = path.read_text(encoding="utf-8").replace("# allow_row_level", "allow_row_level")
    path.write_text(text.replace('# access_log = "store', 'access_log = "logs'), encoding="utf-8")
    now = read_workspace(space.root)
    assert governance.row_level_allowed(now) and now.access_log == space.root / "logs" / "access.log"
    governance.log_access(now, "list", 1)
    assert now.access_log.is_file()


def test_no_log_no_rows(space):
    space.access_log.mkdir(parents=True)
    with pytest.raises(WorkspaceProblem, match="cannot be written"):
        governance.log_access(space, "list", 1)
