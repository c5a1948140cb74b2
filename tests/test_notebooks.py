"""The notebooks run in every way with the same figures: as stored (nbval), by plain papermill, and in the batch.

In a real JupyterLab: `test_browser_lab.py`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from conftest import FIRST, ROOT

from sendlab.build import open_workspace
from sendlab.runs import check_parameters, make_plan
from sendlab.runs.execute import execute
from sendlab.runs.plan import NOTEBOOKS
from sendlab.schema.labels import BULLET

FOLDER = ROOT / "notebooks"
SCHOOL = "900105"
KEPT = ("text/plain", "text/html", "image/svg+xml")


def outputs(path: Path) -> list[dict[str, str]]:
    """What each code cell shows, pictures included as SVG; the parameters cell differs by design and shows nothing."""
    return shown_by(cell.get("outputs", []) for cell in nbformat.read(path, as_version=4).cells)


def shown_by(cells: Iterable[list[dict[str, Any]]]) -> list[dict[str, str]]:
    """What the outputs of each cell show."""
    shown = []
    for given in cells:
        printed = ""  # in how many pieces printed lines come depends on the machine
        for output in [*given, {}]:
            printed += output.get("text", "")
            if printed and output.get("output_type") != "stream":
                shown.append({"text/plain": printed})
                printed = ""
            if "data" in output:
                shown.append({kind: output["data"][kind] for kind in KEPT if kind in output["data"]})
    return shown


@pytest.fixture(scope="module")
def batch(sample_workspace):
    """Every topic of one school, as the batch makes them."""
    opened = open_workspace(sample_workspace)
    tasks = make_plan(
        opened.places(), {name: FOLDER / f"{name}.ipynb" for name in NOTEBOOKS}, reports=sample_workspace / "reports",
        cwd=sample_workspace, time_period=opened.periods()[-1], only_places=[SCHOOL], run_id=opened.run_id,
    )  # fmt: skip
    tasks = [task for task in tasks if task.audience == "board"]
    outcomes = [execute(task) for task in tasks]
    assert [outcome.error for outcome in outcomes if outcome.status == "failed"] == []
    return {task.notebook.stem: task for task in tasks}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_plain_papermill_gives_the_figures_of_the_batch(name, batch, sample_workspace, tmp_path):
    out = tmp_path / f"{name}.ipynb"
    papermill.execute_notebook(
        FOLDER / f"{name}.ipynb", out, parameters={"place": int(SCHOOL)}, cwd=sample_workspace, progress_bar=False,
        kernel_name="python3",
    )  # fmt: skip
    plain, batched = outputs(out), outputs(batch[name].output.with_suffix(".ipynb"))
    assert plain == batched and len(plain) >= 5
    html = batch[name].output.with_suffix(".html").read_text(encoding="utf-8")
    assert html.count("<svg") == sum("image/svg+xml" in cell for cell in plain)


def test_a_notebook_opened_in_a_fresh_clone_just_runs(sample_workspace):
    """The sample workspace of all tests was made so."""
    assert (sample_workspace / "store" / "published_board.parquet").is_file()
    assert any("image/svg+xml" in cell for cell in outputs(sample_workspace / FIRST))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_committed_notebooks_are_thin_and_hold_no_trace(path):
    book = nbformat.read(path, as_version=4)
    text = path.read_text(encoding="utf-8")
    assert str(ROOT) not in text and str(Path.home()) + "/" not in text and "papermill" not in book.metadata
    assert book.cells[0].source.startswith("# ") and book.cells[0].source.splitlines()[0].endswith("?")
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    for cell in code:
        assert len(cell.source.splitlines()) <= 12, cell.source
        assert not any(line.startswith(("def ", "for ", "while ", "class ")) for line in cell.source.splitlines())
        assert "NBVAL" not in cell.source and not [t for t in cell.metadata.get("tags", []) if t.startswith("nbval")]
    check_parameters(path, {"place": "900101", "time_period": "202526", "audience": "board"})


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_stored_chart_has_svg_png_and_words(path):
    pictures = [
        output["data"] for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])
        if "image/svg+xml" in output.get("data", {})
    ]  # fmt: skip
    assert pictures
    for picture in pictures:
        assert "image/png" in picture and len(picture["text/plain"]) > 40
        assert 'role="img"' in picture["image/svg+xml"]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_is_printed_are_sentences_and_not_the_lists_of_a_program(path):
    printed = [
        line for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])
        for line in output.get("text", "").splitlines() if line
    ]  # fmt: skip
    assert printed and all(line.removeprefix(BULLET)[0].isalnum() for line in printed), printed
