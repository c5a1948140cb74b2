"""Runs: what is wrong is refused before the start; a failure is told and stops nobody; nothing of the machine stays."""

import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import nbformat
import polars as pl
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sendlab.disclosure.published import OWN_VIEW_MARK, _published
from sendlab.disclosure.shown import Present, marks_of
from sendlab.errors import RunProblem
from sendlab.runs import NOTEBOOKS, check_parameters, make_plan
from sendlab.runs.batch import Wanted, latest_period, places_in_order, run_opened
from sendlab.runs.execute import error_line
from sendlab.runs.index import write_index
from sendlab.runs.lock import LOCK, one_run
from sendlab.runs.manifest import run_name
from sendlab.runs.pack import pack
from sendlab.runs.plan import BOARD_PAGE, BOARD_PDF, WORKBOOK, board_folder, notebook_files
from sendlab.runs.register import Made, Register
from sendlab.runs.strip import strip, without_paths
from sendlab.schema.measures import as_measures
from sendlab.store import write_manifest

PARAMETERS = 'place = "999"  # a place code\ntime_period = "202425"\naudience: str = "board"\nschools = 5'
PLACES = pl.DataFrame(
    {
        "place_code": ["900102", "900101", "999"],
        "place_name": ["Willow Primary", "ash & <Oak> Primary", "Sampleton"],
        "education_phase": ["Primary", "Primary", "Total"],
        "geographic_level": ["School", "School", "Local authority"],
    }
)


def notebook(folder, name, *code, parameters=PARAMETERS):
    cells = [
        new_markdown_cell(f"# How is {name}?"),
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *map(new_code_cell, code),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


@dataclass
class Space:
    root: Path
    la_code: str = "999"
    la_name: str = "Sampleton"
    public: bool = False

    @property
    def reports(self):
        return self.root / "reports"

    @property
    def store(self):
        return self.root / "store"


class Opened:
    """An opened workspace with a handful of figures."""

    run_id = "r1"

    def __init__(self, root):
        self.workspace = Space(root)

    def published(self, *, place=None, audience="board", every_table=False):
        lines = [
            {"measure": "absence", "time_period": period, "time_identifier": "Academic year", "geographic_level": level,
             "place_code": code, "place_name": name, "sen_provision": group, "base_subjects": 300, "numerator": 1200.0,
             "denominator": 9600.0, "value": 12.5, "lower": 11.5, "upper": 13.5, "unit": "% of sessions",
             "data_to": date(int(period[:4]) + 1, 7, 22)}
            for period in ("202324", "202425")
            for code, name, _, level in PLACES.iter_rows()
            for group in ("EHC plan", "SEN support", "No SEN")
        ]  # fmt: skip
        return _published(as_measures(pl.DataFrame(lines)), audience=audience, threshold=5, run_id=self.run_id)

    def places(self):
        return PLACES

    def present(self):
        return Present(marks_of(self.published().rows), {})

    def editions(self):
        return {"board": self.published().rows}

    def record_release(self, released):
        self.released = [*getattr(self, "released", []), released]


# --- plan --------------------------------------------------------------------------------------------------------


def test_unknown_parameters_and_wrong_types_are_refused_together_with_near_misses(tmp_path):
    path = notebook(tmp_path, "attendance")
    check_parameters(path, {"place": "900101", "time_period": "202425", "audience": "board", "schools": 3})
    with pytest.raises(RunProblem) as told:
        check_parameters(path, {"plcae": "900101", "time_period": 202425, "schools": True})
    text = str(told.value)
    assert "attendance.ipynb: 'plcae' is not a parameter (did you mean 'place'?)" in text
    assert "'time_period' must be of type str, not int" in text and "'schools' must be of type int, not bool" in text
    assert "declares: place, time_period, audience, schools" in text


def test_a_notebook_without_parameters_or_kernel_is_refused(tmp_path):
    bare = tmp_path / "bare.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), bare)
    with pytest.raises(RunProblem, match=r"bare\.ipynb"):
        check_parameters(bare, {"place": "1"})
    with pytest.raises(RunProblem, match="there is no notebook"):
        check_parameters(tmp_path / "none.ipynb", {})


def plan(tmp_path, **wanted):
    files = {name: notebook(tmp_path / "{odd} folder", name) for name in NOTEBOOKS}
    places = places_in_order(PLACES)
    return make_plan(places, files, reports=tmp_path / "reports", cwd=tmp_path, time_period="202425", **wanted)


def test_the_plan_is_every_place_with_every_notebook(tmp_path):
    tasks = plan(tmp_path)
    assert len(tasks) == 8 + 2 * 2 * 8  # the LA once, each school for the board and for itself
    assert list(dict.fromkeys(task.place_code for task in tasks)) == ["999", "900101", "900102"]  # the LA, then by name
    assert tasks[0].output == (tmp_path / "reports/202425/board/999/progress").resolve()
    assert tasks[0].record == (tmp_path / "reports/runs/by-hand").resolve()
    assert tasks[0].parameters == {"place": "999", "time_period": "202425", "audience": "board"}
    assert tasks[0].title == "Sampleton, 2024/25"
    own = [task for task in tasks if task.audience == "school"]
    assert {task.place_code for task in own} == {"900101", "900102"} and len(own) == 2 * 8
    assert own[0].output == (tmp_path / "reports/202425/schools/900101/progress").resolve()
    assert own[0].parameters == {"place": "900101", "time_period": "202425", "audience": "school"}
    assert "for school 900101 only" in own[0].settings and "only" not in tasks[0].settings


def test_an_unknown_place_or_notebook_is_refused(tmp_path):
    with pytest.raises(RunProblem, match=r"no place is called '900103' \(did you mean '90010"):
        plan(tmp_path, only_places=["900101", "900103"])
    with pytest.raises(RunProblem, match=r"no notebook is called 'atendance' \(did you mean 'attendance'"):
        plan(tmp_path, only_notebooks=["atendance"])
    assert [t.notebook.stem for t in plan(tmp_path, only_places=["999"], only_notebooks=["progress"])] == ["progress"]


def test_the_period_is_the_latest_of_our_own_figures(tmp_path):
    assert latest_period(Opened(tmp_path).published()) == "202425"


# --- lock -----------------------------------------------------------------------------------------------


def test_two_runs_are_kept_apart_and_a_stale_lock_is_taken_over(tmp_path):
    (tmp_path / LOCK).write_text("process 1 of long ago")
    with (
        one_run(tmp_path),
        pytest.raises(RunProblem, match=rf"another run is writing these reports \(process {os.getpid()}\)"),
        one_run(tmp_path),
    ):
        raise AssertionError("two runs at once")
    with one_run(tmp_path):
        assert (tmp_path / LOCK).exists()


# --- traces ------------------------------------------------------------------------------------------------------


def test_a_run_is_named_after_the_last_one_whatever_else_lies_there(tmp_path):
    now = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)
    assert run_name(now, "abc", tmp_path) == "20261130T060000Z-abc"
    for name in (
        "20261130T060000Z-abc",
        "Copy of 20271130T060000Z-abc",
        "backup-2026Z-abc",
        "20281130T060000Z-abc.zip",
    ):
        (tmp_path / "runs" / name).mkdir(parents=True)
    assert run_name(now, "abc", tmp_path) == "20261130T060001Z-abc"  # the clock was set back, or two in a second
    assert run_name(datetime(2026, 12, 1, tzinfo=UTC), "abc", tmp_path) == "20261201T000000Z-abc"


def test_a_notebook_with_the_name_of_a_file_beside_its_place_is_refused(tmp_path):
    notebook(tmp_path, "attendance-new1")
    with pytest.raises(RunProblem, match="no notebook can be called attendance-new1"):
        notebook_files([tmp_path])


def test_paths_of_the_machine_are_cut_to_names(tmp_path):
    text = f'{tmp_path}/raw/a.csv: {sys.prefix}/lib/x.py, File "/opt/else/where.py", \x1b[32m/opt/a/b.py, and/or 3/4'
    assert without_paths(text, tmp_path) == 'raw/a.csv: lib/x.py, File "where.py", \x1b[32mb.py, and/or 3/4'
    windows = r"C:\Data\SEND home\raw\a.csv and D:\tools\lib\x.py"
    assert without_paths(windows, Path(r"C:\Data\SEND home")) == r"raw\a.csv and x.py"


def test_strip_takes_out_what_papermill_leaves(tmp_path):
    path = notebook(tmp_path, "n", "print(1)")
    node = nbformat.read(path, as_version=4)
    node.metadata["papermill"] = {
        "input_path": "/srv/n.ipynb", "output_path": "/srv/out.ipynb", "environment_variables": {"KEY": "secret"},
        "start_time": "2025", "parameters": {"place": "999"},
    }  # fmt: skip
    node.cells[2].outputs = [new_output("stream", name="stderr", text=f"{tmp_path}/sendlab.toml: warning")]
    nbformat.write(node, path)
    strip(path, "n.ipynb", tmp_path)
    text = path.read_text(encoding="utf-8")
    assert not any(trace in text for trace in ("/srv", "secret", "start_time", str(tmp_path)))
    assert nbformat.read(path, as_version=4).metadata["papermill"]["parameters"] == {"place": "999"}


def test_printed_lines_are_one_output_in_however_many_pieces_they_came(tmp_path):
    path = notebook(tmp_path, "n", "print(1)")
    node = nbformat.read(path, as_version=4)
    pieces = [("stdout", "a\n"), ("stdout", "b\n"), ("stderr", "c\n"), ("stdout", "d\n")]
    node.cells[2].outputs = [new_output("stream", name=name, text=text) for name, text in pieces]
    nbformat.write(node, path)
    strip(path, "n.ipynb", tmp_path)
    printed = nbformat.read(path, as_version=4).cells[2].outputs
    assert [(one.name, one.text) for one in printed] == [("stdout", "a\nb\n"), ("stderr", "c\n"), ("stdout", "d\n")]


# --- a whole run, with papermill and kernels ---------------------------------------------------------------------

# Which Python it is, by its hash: a report with a path of the machine in it, even in its code, is not released.
PROGRESS = (
    "import sys, pathlib\nfrom hashlib import sha256\nprint(pathlib.Path('sendlab.toml').read_text())",
    "python = sha256(sys.executable.encode()).hexdigest()\n"
    "print(place, python == '{python}', sys.modules.get('rfc3987_syntax', 'absent'))",
)


# What polars says of a value it cannot read: it quotes the value.
WITH_ROWS = "import polars as pl\npl.DataFrame({'suspensions': [3]})"
UPN = "H801200001001"
FAILS = f"import polars as pl\npl.Series(['{UPN}']).cast(pl.Int64)"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """One run of a school's two editions: a notebook that works, two that fail and two that the gate refuses."""
    root = tmp_path_factory.mktemp("council {A}")
    (root / "sendlab.toml").write_text("# the settings", encoding="utf-8")
    (root / "store").mkdir()
    (root / "store" / "published_board.parquet").write_bytes(b"figures")
    write_manifest(root / "store", "ingest", {"inputs": {"census/spring.csv": "ab" * 32}})
    folder = root / "notebooks"
    notebook(folder, "progress", PROGRESS[0], PROGRESS[1].format(python=sha256(sys.executable.encode()).hexdigest()))
    notebook(folder, "interventions", WITH_ROWS)
    notebook(folder, "attendance", FAILS)
    notebook(
        folder, "refused", "from sendlab.errors import RunProblem\nraise RunProblem('no such thing', next_step='ask')"
    )
    notebook(folder, "exclusions", f"print({OWN_VIEW_MARK!r})")
    told = []
    opened = Opened(root)
    result = run_opened(
        opened,
        [folder],
        Wanted(["900101"], ["progress", "attendance", "exclusions", "interventions", "refused"]),
        progress=lambda outcome, done, total: told.append(outcome),
    )
    assert len(opened.released) == 1  # before anything was written
    return root, result, told


def test_a_failure_is_listed_and_stops_nobody(done):
    _, result, told = done
    statuses = [("progress", "done"), ("attendance", "failed"), ("exclusions", "failed"), ("interventions", "failed"),
                ("refused", "failed")]  # fmt: skip
    assert [(o.audience, o.notebook, o.status) for o in result.outcomes] == [
        (audience, *status) for audience in ("board", "school") for status in statuses
    ]
    assert result.exit_status == 1 and len(result.failed) == 8 and len(told) == 10


def test_an_error_is_told_in_full_only_if_it_is_ours(done):
    root, result, _ = done
    board, school = ([each.error for each in result.failed if each.audience == name] for name in ("board", "school"))
    assert board == school
    foreign, own_view, frame, ours = board
    assert foreign == "InvalidOperationError (cell 3)"
    assert own_view.startswith(
        "GateError: not released: exclusions.ipynb, cell 4.outputs[0].text: an analyst's own view"
    )
    assert (
        frame.startswith("GateError: report 'interventions', cell 3: HTML (such as a data frame)")
        and "; next: " in frame
    )
    assert ours == "RunProblem: no such thing; next: ask (cell 3)"
    kept = [path for path in (root / "reports").rglob("*") if path.is_file() and UPN.encode() in path.read_bytes()]
    assert sorted(path.relative_to(result.manifest.parent).as_posix() for path in kept) == [
        "failed/board/900101/attendance.ipynb", "failed/school/900101/attendance.ipynb",
    ]  # fmt: skip
    assert error_line(OSError("/srv/H801200001001.csv")) == "OSError"


def test_results_are_in_place_and_nothing_else(done):
    root, result, _ = done
    folder = root / "reports" / "202425"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        f"{audience}/900101/progress.{kind}" for audience in ("board", "schools") for kind in ("html", "ipynb")
    ]
    record = result.manifest.parent
    assert sorted(path.relative_to(record).as_posix() for path in record.rglob("*") if path.is_file()) == [
        *(f"failed/{audience}/900101/{name}.ipynb" for audience in ("board", "school")
          for name in ("attendance", "exclusions", "interventions", "refused")), "manifest.json",
    ]  # fmt: skip
    page = (folder / "board" / "900101" / "progress.html").read_text(encoding="utf-8")
    assert "ash &amp; &lt;Oak&gt; Primary, 2024/25" in page and "# the settings" in page
    # this very Python, and without the grammar package that costs 1.5 s
    assert "900101 True None" in page


def test_a_failed_notebook_keeps_its_error_but_no_unprotected_output(done):
    folder = done[1].manifest.parent / "failed" / "board" / "900101"
    assert "InvalidOperationError" in (folder / "attendance.ipynb").read_text(encoding="utf-8")
    kept = nbformat.read(folder / "exclusions.ipynb", as_version=4)
    assert not [cell for cell in kept.cells if cell.cell_type == "code" and cell.outputs]


def test_no_path_of_the_machine_is_in_any_output(done):
    root, _, _ = done
    for path in (root / "reports").rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace").replace(sys.executable, "")
            assert str(root) not in text and str(Path.home()) + "/" not in text, path.name


def test_the_record_names_inputs_versions_and_outcomes(done):
    root, result, _ = done
    record = json.loads(result.manifest.read_text(encoding="utf-8"))
    assert result.manifest.parent.parent == root / "reports" / "runs"
    assert record["inputs"]["raw"] == {"census/spring.csv": "ab" * 32}
    assert len(record["inputs"]["published"]["published_board.parquet"]) == 64 and record["figures"] == "r1"
    assert record["handling"].startswith("analyst only")
    assert record["failed"] == 8 and {o["notebook"] for o in record["outcomes"]} == {
        "progress", "attendance", "exclusions", "interventions", "refused",
    }  # fmt: skip
    assert record["parameters"][0] == {
        "notebook": "progress", "place": "900101", "time_period": "202425", "audience": "board",
        "why": "never made",
    }  # fmt: skip
    assert record["versions"]["papermill"]


def test_the_index_lists_places_reports_and_failures(done):
    _, result, _ = done
    html = result.index.read_text(encoding="utf-8")
    assert 'href="202425/board/900101/progress.html"' in html and "not made" in html
    where = f"runs/{result.manifest.parent.name}/failed/board/900101/attendance.ipynb"
    told = "ash &amp; &lt;Oak&gt; Primary, attendance: InvalidOperationError (cell 3). Notebook so far: <code>"
    assert (
        f"{told}{where}</code>" in html
        and "8 reports failed" in html
        and "attendance (the school&#39;s own edition): " in html
        and UPN not in html
    )
    assert html.index("Sampleton</th>") < html.index("Oak&gt; Primary</th>") < html.index("Willow Primary</th>")
    assert "22 July 2025" in html and "and figures from which they follow, are hidden (c)." in html
    assert "Board page" not in html  # not made in a run of one place


# --- pack and index ----------------------------------------------------------------------------------------------


@pytest.fixture
def indexed(tmp_path):
    """An index over reports of all places, the pack and one failure, without any kernel."""
    opened = Opened(tmp_path)
    folder = board_folder(opened.workspace.reports, "202425")
    for code in PLACES["place_code"]:
        (folder / code).mkdir(parents=True)
        for name in NOTEBOOKS:
            (folder / code / f"{name}.html").write_text("<p>report")
    register = Register(opened.workspace.reports)
    for run, error in (("20250901T080000Z-r1", ""), ("20250902T080000Z-r1", "ValueError: <odd>")):
        notebook(opened.workspace.reports / "runs" / run / "failed" / "board" / "900101", "progress")
        register.add(Made("202425/board/900101/progress", run, error=error))
    for name in (BOARD_PAGE, BOARD_PDF, WORKBOOK):
        (folder / name).write_text("x")
    places = places_in_order(PLACES)
    return write_index(opened.workspace.reports, opened.published(), places, "Sampleton", "202425", register)


def test_the_pack_by_itself_holds_the_lock_and_brings_the_index_up_to_date(tmp_path):
    opened = Opened(tmp_path)
    with one_run(opened.workspace.reports), pytest.raises(RunProblem, match="another run is writing"):
        pack(opened)
    with pytest.raises(RunProblem, match="no figures of the period '201920'") as told:
        pack(opened, "201920")
    assert "202324, 202425" in told.value.next_step and not (opened.workspace.reports / "index.html").exists()
    outcomes = pack(opened, "202324")
    made = ["board page", "board page as PDF", "slides", "workbook", "open data"]
    assert [outcome.notebook for outcome in outcomes] == made
    html = (opened.workspace.reports / "index.html").read_text(encoding="utf-8")
    assert outcomes[3].status == "done" and 'href="202324/board/figures.xlsx"' in html


def test_a_later_run_that_went_well_takes_the_failure_out_of_the_index(indexed):
    assert "1 report failed" in indexed.read_text(encoding="utf-8")
    reports = indexed.parent
    Register(reports).add(Made("202425/board/900101/progress", "20250903T080000Z-r1"))
    pack(Opened(reports.parent))
    html = indexed.read_text(encoding="utf-8")
    assert "report failed" not in html and "Failed</span>" not in html and "202425/board/900101/progress.html" in html


def test_the_index_links_the_pack_and_keeps_an_earlier_report(indexed):
    html = indexed.read_text(encoding="utf-8")
    assert 'href="202425/board/board-page.html"' in html and 'href="202425/board/board-page.pdf"' in html
    assert 'href="202425/board/figures.xlsx"' in html
    assert "earlier" in html and "ValueError: &lt;odd&gt;" in html and "1 report failed" in html
    assert str(indexed.parent) not in html


@pytest.mark.browser
def test_the_search_box_finds_a_school_and_asks_for_nothing(indexed, browser):
    page, asked = browser.new_page(viewport={"width": 390, "height": 800}), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(indexed.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_label("Find a school").fill("OAK")
    assert page.get_by_role("status").inner_text() == "1 found"
    assert page.get_by_role("row", name="Oak").count() == 1
    assert page.get_by_role("row", name="Willow").count() == 0
    assert page.get_by_role("row", name="Sampleton").count() == 1  # the LA is no school and stays
    assert asked == [indexed.as_uri()]
    page.close()
