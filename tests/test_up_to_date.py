"""What a run leaves and what it makes again: exactly the reports whose figures, notebook or files changed."""

import json
import random
import shutil
from pathlib import Path

import nbformat
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook
from test_runs import PLACES, Space

from sendlab.build import open_workspace
from sendlab.cli import main
from sendlab.disclosure.published import NATION, _published
from sendlab.disclosure.shown import EVERYTHING, NOTED_IN, Present, marks_of, note, noted
from sendlab.runs.batch import Wanted, run_opened
from sendlab.runs.diff import compare_runs, lines_of
from sendlab.runs.options import RunOptions
from sendlab.runs.register import REGISTER, Register
from sendlab.schema.measures import as_measures

PARAMETERS = 'place = "999"\ntime_period = "202425"\naudience = "board"'
# A notebook that reads figures as the rooms of charts and tables do, from a file that stands for the store.
READS = """
import polars as pl
from sendlab.disclosure.published import NATION, _published
rows = pl.read_parquet("figures.parquet")
view = _published(rows, audience="board", threshold=5, run_id="r1")
shown = [view.of(measure, {place}).height for measure in {measures}]
print(place, audience, shown)
"""


def figures(**changed):
    """Rows of two measures of three places and the nation; `changed` are values by measure_place."""
    lines = [
        {"measure": measure, "time_period": "202425", "time_identifier": "Academic year", "geographic_level": level,
         "place_code": code, "place_name": name, "sen_provision": group, "base_subjects": 300, "numerator": 1200.0,
         "denominator": 9600.0, "value": changed.get(f"{measure}_{code}", 12.5), "lower": 11.5, "upper": 13.5,
         "unit": "% of sessions"}
        for measure in ("absence", "persistent_absence")
        for code, name, level in [*((c, n, lv) for c, n, _, lv in PLACES.iter_rows()), (NATION, "England", "National")]
        for group in ("EHC plan", "SEN support", "No SEN")
    ]  # fmt: skip
    return as_measures(pl.DataFrame(lines))


class Opened:
    """An opened workspace whose figures lie in one file, which the notebooks read."""

    run_id = "r1"

    def __init__(self, root, rows, own=None):
        self.workspace, self._rows, self._own = Space(root), rows, figures() if own is None else own
        (root / "sendlab.toml").write_text("")
        (root / "store").mkdir(exist_ok=True)
        self.published().rows.write_parquet(root / "figures.parquet")
        self.released = 0

    def published(self, *, audience="board", every_table=False):
        return _published(self._rows, audience=audience, threshold=5, run_id=self.run_id)

    def present(self):
        return Present(*(marks_of(frame) for frame in self.editions().values()))

    def editions(self):
        return {"board": self.published().rows, "school": _published(
            self._own, audience="board", threshold=5, run_id=self.run_id).rows}  # fmt: skip

    def places(self):
        return PLACES

    def record_release(self, released):
        self.released += 1


def write_notebook(folder, name, code):
    cells = [new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}), new_code_cell(code)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / f"{name}.ipynb")


NOTEBOOKS = {
    "attendance": READS.format(place="place", measures=["absence"]),
    "progress": READS.format(place='""', measures=["persistent_absence"]),  # of all places
    "exclusions": READS.format(place="NATION", measures=["absence"]),
    "interventions": READS.format(place="place", measures=[]) + "view.rows.height",
}
WANTED = Wanted(["999", "900101"], list(NOTEBOOKS))


def run(opened, **options):
    folder = opened.workspace.root / "notebooks"
    result = run_opened(opened, [folder], WANTED, RunOptions(**{"jobs": 1, **options}))
    assert not result.failed, [outcome.error for outcome in result.failed]
    return {(o.notebook, o.place_code, o.audience) for o in result.outcomes}, result


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of two places, once; each test goes on with a copy."""
    root = tmp_path_factory.mktemp("w")
    for name, code in NOTEBOOKS.items():
        write_notebook(root / "notebooks", name, code)
    made, result = run(Opened(root, figures()))
    assert len(made) == 12 and result.fresh == 0
    return root


@pytest.fixture
def root(finished, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "w", copy_function=shutil.copy2)
    return Path(copy)


def test_nothing_new_nothing_made_and_nothing_released(root):
    opened = Opened(root, figures())
    made, result = run(opened)
    assert made == set() and result.fresh == 12 and opened.released == 0 and result.exit_status == 0


@pytest.mark.parametrize(
    ("board", "own", "expected"),
    [
        ({"absence_999": 13.0}, {}, {("attendance", "999", "board"), "whole"}),
        # A school's own edition shows its own figures plain: the board's change is none of it, but for others.
        ({"absence_900101": 13.0}, {}, {("attendance", "900101", "board"), ("interventions", "999", "board"),
                                        ("interventions", "900101", "board")}),
        ({}, {"absence_900101": 13.0}, {("attendance", "900101", "school"), ("interventions", "900101", "school")}),
        ({"persistent_absence_900102": 13.0}, {}, {*(("progress", p, a) for p, a in (("999", "board"),
            ("900101", "board"), ("900101", "school"))), "whole"}),
        ({f"absence_{NATION}": 13.0}, {}, {*(("exclusions", p, a) for p, a in (("999", "board"), ("900101", "board"),
            ("900101", "school"))), "whole"}),
    ],
)  # fmt: skip
def test_exactly_the_reports_that_show_a_changed_figure_are_made_again(root, board, own, expected):
    if "whole" in expected:  # who reads everything shows every figure of the edition
        whole = {("interventions", p, a) for p, a in (("999", "board"), ("900101", "board"), ("900101", "school"))}
        expected = (expected - {"whole"}) | whole
    opened = Opened(root, figures(**board), figures(**own))
    assert run(opened)[0] == expected
    assert run(opened)[0] == set()


def test_a_changed_notebook_a_lost_file_and_a_touched_file_are_made_again(root):
    write_notebook(root / "notebooks", "attendance", NOTEBOOKS["attendance"] + "# another line")
    (root / "reports/202425/board/999/progress.html").unlink()
    touched = root / "reports/202425/schools/900101/exclusions.html"
    touched.write_text(touched.read_text() + " ")
    assert run(Opened(root, figures()))[0] == {
        *(("attendance", p, a) for p, a in (("999", "board"), ("900101", "board"), ("900101", "school"))),
        ("progress", "999", "board"), ("exclusions", "900101", "school"),
    }  # fmt: skip


def test_verify_finds_a_file_that_was_changed_behind_its_size_and_time(root):
    import os

    page = root / "reports/202425/board/999/progress.html"
    before = page.stat()
    page.write_text(page.read_text().replace("999", "998", 1))
    os.utime(page, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(Opened(root, figures()))[0] == set()
    assert run(Opened(root, figures()), verify=True)[0] == {("progress", "999", "board")}


def test_force_makes_all_again_and_only_failed_the_failed(root):
    opened = Opened(root, figures())
    write_notebook(root / "notebooks", "attendance", "if place == '999':\n    raise ValueError('no')\nprint(place)")
    result = run_opened(opened, [root / "notebooks"], WANTED, RunOptions(jobs=1))
    assert [(o.notebook, o.place_code, o.attempts) for o in result.failed] == [("attendance", "999", 2)]
    write_notebook(root / "notebooks", "attendance", "print(place)")
    assert run(opened, only_failed=True)[0] == {("attendance", "999", "board")}
    assert run(opened)[0] == {("attendance", "900101", "board"), ("attendance", "900101", "school")}
    assert len(run(opened, force=True)[0]) == 12


def test_a_register_that_was_torn_costs_the_last_report_alone(root):
    file = root / "reports" / "runs" / REGISTER
    text = file.read_text()
    file.write_text(text[: len(text) - 40])
    made, _ = run(Opened(root, figures()))
    assert len(made) == 1
    assert len(Register(root / "reports").made) == 12
    assert all(json.loads(line) for line in file.read_text().splitlines())


def test_two_runs_are_compared_with_what_changed_their_figures(root):
    later = Opened(root, figures(absence_900101=13.0))
    later.run_id = "r2"
    run(later)
    found = compare_runs(root / "reports", "before", "last")
    assert found.figures.select(
        "measure", "place_code", "what", "old_value", "new_value", "edition"
    ).unique().rows() == [("absence", "900101", "changed", 12.5, 13.0, "board")]
    assert found.figures.height == 3 and set(found.figures["why"]) == {"settings or earlier releases"}
    lines = list(lines_of(found, most=2))
    assert "3 of" in lines[0] and "12.5 -> 13" in lines[2] and lines[-1].startswith("  and 1 more")


# --- notes and marks ---------------------------------------------------------------------------------------------


def test_notes_are_kept_once_and_only_where_they_are_asked_for(tmp_path, monkeypatch):
    note("absence", "1")
    for name in ("a", "b"):
        monkeypatch.setenv(NOTED_IN, str(tmp_path / name))
        for _ in range(3):
            note("absence", "1")
            note("absence")
        assert noted(tmp_path / name) == [("absence", EVERYTHING), ("absence", "1")]
    assert noted(tmp_path / "none") == []


def test_a_schools_own_edition_is_noted_as_what_is_read_of_it(sample_workspace, tmp_path, monkeypatch):
    opened = open_workspace(sample_workspace)
    monkeypatch.setenv(NOTED_IN, str(tmp_path / "notes"))
    view = opened.published(place="900101", audience="school")
    assert noted(tmp_path / "notes") == []  # put together of the board's rows and the school's, but not looked at
    view.of("absence", "900101")
    opened.published(measure="absence", audience="school", school="900101").of("absence")
    assert noted(tmp_path / "notes") == [("absence", EVERYTHING), ("absence", "900101")]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), school=st.sampled_from(["", "900101", "900102"]))
def test_a_mark_changes_if_and_only_if_a_row_that_is_shown_does(seed, school):
    """Beside a recount: the rows of the edition, taken together and compared as rows."""
    dice = random.Random(seed)
    codes, measures = ["999", "900101", "900102", NATION], ["absence", "persistent_absence"]

    def edition(board, own):
        if not school:
            return board
        return pl.concat([board.filter(pl.col("place_code") != school), own.filter(pl.col("place_code") == school)])

    def some():
        return figures(**{f"{m}_{c}": dice.choice([12.5, 13.0]) for m in measures for c in codes})

    (old, old_own), (new, new_own) = (some(), some()), (some(), some())
    before, now = Present(marks_of(old), marks_of(old_own)), Present(marks_of(new), marks_of(new_own))
    for measure in (*measures, EVERYTHING):
        for place in (*codes, EVERYTHING) if measure != EVERYTHING else (EVERYTHING,):
            keep = pl.lit(True)
            keep &= (pl.col("measure") == measure) if measure != EVERYTHING else pl.lit(True)
            keep &= (pl.col("place_code") == place) if place != EVERYTHING else pl.lit(True)
            sides = [edition(*pair).filter(keep).sort(pl.all()) for pair in ((old, old_own), (new, new_own))]
            shown = [(measure, place)]
            assert (before.mark(shown, school) == now.mark(shown, school)) == sides[0].equals(sides[1])


def test_a_dry_run_says_why_and_writes_nothing(own_sample):
    def files():
        return {path: path.stat().st_mtime_ns for path in own_sample.rglob("*")}

    before = files()
    words = ("run", "--workspace", str(own_sample), "--place", "900101", "--dry-run", "--force")
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "Sample Alder Junior School, school: progress (" in done.output
    assert files() == before


def test_a_narrowed_view_notes_what_it_was_narrowed_to_whether_it_holds_rows_or_not(tmp_path, monkeypatch):
    """A table of two measures of one place is made again when these change, or first come, and for nothing else."""
    monkeypatch.setenv(NOTED_IN, str(tmp_path / "notes"))
    view = _published(figures(), audience="board", threshold=5, run_id="r")
    narrow = view.where(measure=["absence", "not_there"], comparator="").where(place_code="900101")
    assert noted(tmp_path / "notes") == []
    assert set(narrow.rows["measure"]) == {"absence"}
    assert noted(tmp_path / "notes") == [("absence", "900101"), ("not_there", "900101")]
    assert view.where(sex="Total").rows.height == figures().height  # not narrowed to measures or places
    assert (EVERYTHING, EVERYTHING) in noted(tmp_path / "notes")
