"""Windows by simulation: no fork, files that cannot be replaced, a cp1252 console, long and odd paths, no mode bits."""

import io
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from conftest import make_workspace as workspace_folder

from sendlab import store
from sendlab.cli import main
from sendlab.errors import WorkspaceProblem
from sendlab.ingest import ingest
from sendlab.workspace import Workspace, find_workspace, init_workspace

RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
LONGEST = 120  # characters below the workspace: Windows stops at 260 for the whole path


FILES = {
    "2025_spring_pupilonroll.csv": "pupilonrolltableid,NativeId,pupilonrollorderseqcolumn,upn,sex,senprovision,dob,"
    "enrolstatus,termlysessionspossible\np1,9992001,1,A999200114007,F,K,2015-Apr-17 00:00:00,C,120\n",
    "register.csv": "UPN,LAESTAB,date,session,mark\nA999200114007,9992001,02/12/2024,AM,/\n",
    "meetings.csv": "UPN,LAESTAB,kind,planned_on\nA999200114007,9992001,annual review,02/12/2024\n",
}


@pytest.fixture
def make_workspace(tmp_path):
    """Makes a workspace of a few raw files of one invented pupil."""

    def make(folder: Path | None = None) -> Workspace:
        root = workspace_folder(folder or tmp_path / "space")
        (root / "raw").mkdir()
        for name, text in FILES.items():
            (root / "raw" / name).write_text(text, encoding="utf-8")
        return find_workspace(root)

    return make


def test_nothing_forks(make_workspace, monkeypatch):
    def refuse(*_):
        raise AssertionError("forked")

    monkeypatch.setattr(os, "fork", refuse, raising=False)
    monkeypatch.setattr(os, "forkpty", refuse, raising=False)
    assert ingest(make_workspace()).records


def test_a_file_open_elsewhere_is_said_and_nothing_is_lost(make_workspace, monkeypatch):
    space = make_workspace()
    ingest(space)
    before = (space.store / "pupils.parquet").read_bytes()
    replace = Path.replace

    def refuse(self, target):
        if Path(target).name == "pupils.parquet":
            raise PermissionError(13, "in use")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(WorkspaceProblem, match=r"'pupils.parquet' is open in another program"):
        ingest(space, force=True)
    assert (space.store / "pupils.parquet").read_bytes() == before
    monkeypatch.undo()
    assert not ingest(space).unchanged  # a store that was left half-way is made anew
    assert not list(space.store.rglob("*.tmp"))


def test_a_cp1252_console_shows_what_it_can(make_workspace, monkeypatch):
    space = make_workspace()
    space.raw.joinpath("Überblick – Łódź.csv").write_text("apples,pears\n1,2\n", encoding="utf-8")
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", console)
    monkeypatch.setattr(sys, "argv", ["sendlab"])
    with pytest.raises(SystemExit):
        main(["ingest", "--workspace", str(space.root)])
    console.flush()
    assert "Überblick" in console.buffer.getvalue().decode("cp1252")


def test_folders_with_blanks_and_accents(tmp_path, monkeypatch, make_workspace):
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", str(tmp_path / "Einstellungen für Zoë"))
    space = make_workspace(tmp_path / "Données de l’école – été 2025")
    assert ingest(space).records and not ingest(space, force=True).unread
    assert ingest(space).unchanged


def test_names_of_what_is_made_are_short_and_plain(make_workspace):
    space = make_workspace()
    long_name = "attendance " + "a very long name " * 9 + "of: 2024-25.csv".replace(":", "")
    space.raw.joinpath(long_name).write_text("apples,pears\n1,2\n", encoding="utf-8")
    CliRunner().invoke(main, ["ingest", "--workspace", str(space.root)])
    made = [path.relative_to(space.root) for folder in (space.store, space.reports) for path in folder.rglob("*")]
    assert len(made) > 40
    assert [path for path in made if len(path.as_posix()) > LONGEST] == []
    assert [path for path in made for part in path.parts if RESERVED.match(part) or set(part) & set('<>:"|?*')] == []


def test_a_key_is_read_where_there_are_no_mode_bits(tmp_path, monkeypatch):
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", str(tmp_path / "config"))
    made = init_workspace(tmp_path / "space", la_code="999", la_name="Exampleshire")
    (tmp_path / "config" / "keys" / f"{made.key_id}.key").chmod(0o644)
    space = find_workspace(made.root)
    monkeypatch.setattr("sendlab.pseudonyms.os", SimpleNamespace(name="nt", environ=os.environ))
    assert len(space.key()) == 32


def test_a_store_is_written_beside_and_renamed(tmp_path, monkeypatch):
    import polars as pl

    store.write_table(tmp_path, "t", pl.DataFrame({"a": [1]}))
    monkeypatch.setattr(pl.DataFrame, "write_parquet", _half_written)
    with pytest.raises(OSError, match="disk full"):
        store.write_table(tmp_path, "t", pl.DataFrame({"a": [2]}))
    assert pl.read_parquet(tmp_path / "t.parquet")["a"].to_list() == [1]


def _half_written(self, target, **_):
    Path(target).write_bytes(b"PAR1")
    raise OSError(28, "disk full")
