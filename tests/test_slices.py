"""Figures read in slices are those of the whole files, whatever is asked; a changed slice is refused."""

import polars as pl
import pytest
from conftest import ROOT

from sendlab.build import open_workspace
from sendlab.build.marks import FIGURES, SEAL_KEY, SHOWN
from sendlab.build.sliced import Slices
from sendlab.disclosure.published import NATION
from sendlab.disclosure.sealed import seal_key
from sendlab.disclosure.shown import marks_of
from sendlab.disclosure.slices import PLACES, measure_block, place_block, read_slices, write_slices
from sendlab.errors import GateError, WorkspaceProblem
from sendlab.store import read_table

KEY, ABOUT = bytes(32), "audience=board;threshold=5;run=r1"
ROWS = pl.DataFrame(
    {
        "measure": ["a", "a", "b"],
        "place_code": ["1", "2", "1"],
        "place_name": ["One", "Two", "One"],
        "education_phase": "Primary",
        "geographic_level": "School",
        "value": [1.0, None, 3.0],
    }
)


@pytest.fixture(scope="module")
def opened(sample_workspace):  # with whose store the clone need not build its own
    return open_workspace(ROOT)


def whole(opened, audience, place):
    return (opened._wholes.edition(place) if audience == "school" else opened._wholes.protected("board")).usual()


@pytest.mark.parametrize("audience", ["board", "school"])
def test_every_place_and_measure_is_read_as_from_the_whole_files(opened, audience):
    schools = opened.places().filter(pl.col("geographic_level") == "School")["place_code"].to_list()
    assert len(schools) >= 9
    for place in schools if audience == "school" else [*schools, "999"]:
        everything = whole(opened, audience, place)
        of_place = everything.where(place_code=[place, "999", NATION])
        assert opened.published(place=place, audience=audience).rows.equals(of_place.rows)
        for measure in ("persistent_absence", "suspended_once_or_more"):
            there = opened.published(measure=measure, audience=audience, school=place)
            assert there.rows.equals(everything.where(measure=measure).rows) and len(there) > 50
            here = opened.published(place=place, measure=[measure], audience=audience)
            assert here.rows.equals(of_place.where(measure=measure).rows)
            assert (there.audience, there.threshold, there.run_id) == (audience, 5, opened.run_id)


def test_build_marks_what_can_be_shown(opened):
    marks = read_table(opened.workspace.store, SHOWN)
    board = {(m, p): mark for _, m, p, mark in marks.filter(audience="board").iter_rows()}
    expected = marks_of(opened._wholes.protected("board").usual().rows)
    assert {key: mark for key, mark in board.items() if key[1]} == expected


def test_a_run_is_told_which_figures_are_current_and_takes_no_others(opened, monkeypatch):
    monkeypatch.setenv(FIGURES, opened.run_id)
    assert open_workspace(ROOT).run_id == opened.run_id
    monkeypatch.setenv(FIGURES, "another")
    with pytest.raises(WorkspaceProblem, match="built anew while the run went on"):
        open_workspace(ROOT)


def test_the_key_of_seals_may_come_without_the_workspaces_own(opened, monkeypatch):
    monkeypatch.setenv(SEAL_KEY, seal_key(opened.workspace.key()).hex())
    assert len(Slices(opened.workspace, opened.run_id).of_place("999", "board", "")) > 100
    monkeypatch.setenv(SEAL_KEY, bytes(32).hex())
    with pytest.raises(GateError, match="does not bear the seal"):
        Slices(opened.workspace, opened.run_id).of_place("999", "board", "")


def read(path, index, *names, key=KEY, about=ABOUT):
    return read_slices(path, names, index, key, about=about)


def test_a_slice_is_found_by_its_name_and_one_that_is_not_there_is_empty(tmp_path):
    index = write_slices(ROWS, tmp_path / "s", KEY, about=ABOUT)
    assert read(tmp_path / "s", index, place_block("1"))["measure"].to_list() == ["a", "b"]
    assert read(tmp_path / "s", index, measure_block("a"), measure_block("b")).equals(ROWS)
    assert read(tmp_path / "s", index, PLACES)["place_name"].to_list() == ["One", "Two"]
    nothing = read(tmp_path / "s", index, place_block("3"), place_block("2"))
    assert nothing.equals(ROWS.filter(pl.col("place_code") == "2"))
    assert read(tmp_path / "s", index, place_block("3")).is_empty()


def test_a_changed_moved_or_foreign_slice_is_refused(tmp_path):
    path = tmp_path / "s"
    index = write_slices(ROWS, path, KEY, about=ABOUT)
    name = place_block("1")
    for other in ({"key": b"\x01" * 32}, {"about": ABOUT.replace("board", "public")}):
        with pytest.raises(GateError, match="does not bear the seal"):
            read(path, index, name, **other)
    with pytest.raises(GateError):  # the block of another place under this name
        read(path, {**index, name: index[place_block("2")]}, name)
    content = bytearray(path.read_bytes())
    start, length, _ = index[name]
    content[start + length // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(GateError):
        read(path, index, name)
    path.unlink()
    with pytest.raises(WorkspaceProblem, match="holds no file"):
        read(path, index, name)
