"""The explorer in a real JupyterLab and a real headless Chromium: by label, by keyboard, and without the internet."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import make_workspace
from nbformat.v4 import new_code_cell, new_notebook
from playwright import sync_api
from test_notebooks import SCHOOL, batch, outputs, shown_by

from sendlab.disclosure.published import OWN_VIEW_MARK
from sendlab.explore import CohortExplorer
from sendlab.explore.lab import NOTEBOOK, app_command, app_environment, lab_command, lab_notebook, lab_settings
from sendlab.explore.views import shown
from sendlab.runs.plan import NOTEBOOKS
from sendlab.workspace import read_workspace

__all__ = ["batch"]  # a fixture
pytestmark = pytest.mark.browser
TOKEN = "only-for-this-test"
HERE = "127.0.0.1"
ALL_BY_HAND = "SENDLAB_ALL_BY_HAND"  # environment variable: every notebook is run in JupyterLab
PATIENCE = 60_000  # milliseconds: a busy machine starts a kernel slowly
IDLE = """() => {
  const widget = window.jupyterapp?.shell?.currentWidget;
  return widget?.context?.isReady && widget.sessionContext?.isReady
    && widget.sessionContext.session?.kernel?.status === "idle";
}"""
# Without `return null` the driver waits for a promise that it cannot read.
RUN_ALL = """() => {
  window.jupyterapp.commands.execute("notebook:run-all-cells").finally(() => { window.allHaveRun = true; });
  return null;
}"""
FAULTS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === "code").flatMap(cell => cell.model.outputs.toJSON())
  .filter(output => output.output_type === "error").map(output => `${output.ename}: ${output.evalue}`)"""
OUTPUTS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === "code").map(cell => cell.model.outputs.toJSON())"""
TEXTS = "list => [...list.selectedOptions].map(option => option.text.replaceAll('\\u00a0', ' '))"
WIDTHS = "pictures => pictures.map(picture => picture.complete ? picture.naturalWidth : 0)"


# The soak does it many times over; one server serves them all.
again_and_again = pytest.mark.parametrize("turn", range(int(os.environ.get("SENDLAB_REPEATS", "1"))))


@dataclass
class Lab:
    """A running server and the workspace it serves."""

    root: Path
    port: int

    def address(self, notebook: str) -> str:
        return f"http://{HERE}:{self.port}/doc/tree/notebooks/{notebook}?token={TOKEN}&reset"


@dataclass
class Watched:
    """A page, and what must stay empty: requests to elsewhere, and errors of the page's own scripts."""

    page: object
    elsewhere: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HERE, 0))
        return free.getsockname()[1]


def _wait_for(lab: Lab, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"http://{HERE}:{lab.port}/api/status?token={TOKEN}", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start: {log.read_text('utf-8', errors='replace')[-2000:]}")


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def lab(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab as `sendlab explore` starts it, on a copy of the sample workspace, with all its folders its own."""
    base = tmp_path_factory.mktemp("lab")
    root = Path(shutil.copytree(sample_workspace, base / "workspace"))
    lab, log = Lab(root, _free_port()), base / "lab.log"
    workspace = read_workspace(root)
    extra = {
        "ServerApp.port": lab.port, "ServerApp.port_retries": 0, "IdentityProvider.token": TOKEN,
        "LabApp.expose_app_in_browser": True, "LabApp.workspaces_dir": base / "workspaces",
    }  # fmt: skip
    command = [*lab_command(workspace, browser=False), *(f"--{name}={value}" for name, value in extra.items())]
    if os.name == "posix" and os.geteuid() == 0:
        command.append("--allow-root")  # in a container
    tracker = lab_settings(workspace) / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    tracker.write_text(json.dumps({"windowingMode": "none"}), "utf-8")  # every cell is in the page, seen or not
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=root, env={**os.environ, **{name: str(base / name.lower()) for name in own}},
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait_for(lab, process, log)
            yield lab
        finally:
            _stop(process)


@contextmanager
def _watched(browser, address: str) -> Iterator[Watched]:
    """A page at the address, its kernel idle; afterwards: nothing was asked of anyone else, and no script failed."""
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    try:
        watched = Watched(context.new_page())
        watched.page.set_default_timeout(PATIENCE)

        def only_here(route) -> None:
            if urlsplit(route.request.url).hostname == HERE:
                route.continue_()
            else:
                watched.elsewhere.append(route.request.url)
                route.abort()

        context.route("**/*", only_here)
        watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
        watched.page.goto(address)
        watched.page.wait_for_function(IDLE)
        yield watched
        assert watched.elsewhere == []
        assert watched.errors == []
    finally:
        context.close()


def _expect_status(page, text: str) -> None:
    sync_api.expect(page.get_by_test_id("status")).to_have_text(shown(text), timeout=PATIENCE)


@contextmanager
def _explorer_page(lab, browser) -> Iterator[tuple[object, CohortExplorer]]:
    """The explorer's notebook in JupyterLab, all cells run; and an explorer of the same workspace beside it."""
    explorer = CohortExplorer(lab.root)
    _fresh_notebook(lab)
    with _watched(browser, lab.address(NOTEBOOK)) as watched:
        page = watched.page
        page.evaluate(RUN_ALL)
        page.wait_for_function("window.allHaveRun === true")
        assert page.evaluate(FAULTS) == []
        _expect_status(page, explorer.select(measure="persistent_absence", place="999").status)
        yield page, explorer
        assert page.evaluate("document.querySelectorAll('[data-fault]').length") == 0


def _fresh_notebook(lab: Lab) -> None:
    """The explorer's notebook as a workspace first gets it, whatever a test before did to it."""
    (lab.root / "notebooks" / NOTEBOOK).unlink(missing_ok=True)
    lab_notebook(read_workspace(lab.root))


@again_and_again
def test_controls_by_label_and_by_keyboard(lab, browser, turn):
    """Each control is changed by its label, then some with the keyboard alone; final values are compared."""
    with _explorer_page(lab, browser) as (page, explorer):
        measures, places = explorer.measures()["title"].to_list(), explorer.places()["place_code"].to_list()
        measure, place = page.get_by_label("Measure", exact=True), page.get_by_label("Place", exact=True)
        measure.select_option(label="Suspension rate")
        _expect_status(page, explorer.select(measure="suspension_rate", place="999").status)
        name = explorer.select(measure="absence", place="900105").rows["place_name"][0]
        place.select_option(label=f"{name} (900105)")
        view = explorer.select(measure="suspension_rate", place="900105")
        _expect_status(page, view.status)
        _expect_parts(page, view)
        page.get_by_label("Year", exact=True).select_option(label="2024/25")
        _expect_status(page, explorer.select(measure="suspension_rate", place="900105", time_period="202425").status)
        page.get_by_label("Year", exact=True).select_option(label="(latest)")

        measure.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowUp")
        after = explorer.measures()["measure"][measures.index("Suspension rate") + 1]
        view = explorer.select(measure=after, place=places[places.index("900105") - 1])
        _expect_status(page, view.status)
        _expect_parts(page, view)
        assert page.evaluate("document.activeElement.tagName") == "SELECT"
        assert page.get_by_text("Jupyter news").count() == 0


@again_and_again
def test_a_cohort_is_narrowed_brushed_led_on_from_and_taken_away(lab, browser, turn):
    """From a gap to a cohort, to who makes it up, to a file that the guard let out, and the code of the view."""
    with _explorer_page(lab, browser) as (page, explorer):
        page.get_by_label("Measure", exact=True).select_option(label="Overall absence rate")
        page.get_by_label("Own view: unprotected, on this screen only").check()
        page.get_by_label("Held to", exact=True).select_option(label="No SEN")
        own = {"measure": "absence", "place": "999", "compare": "No SEN", "own": True}
        _expect_status(page, explorer.select(**own).status)
        _expect_parts(page, explorer.select(**own))
        page.get_by_role("button", name="Who is in the cohort").click()
        page.get_by_label("Sex", exact=True).select_option(label="Male")
        _expect_status(page, explorer.select(**own, sex="Male").status)
        _brush(page, explorer, own)
        page.get_by_role("button", name="Who makes it up").click()
        sync_api.expect(page.get_by_test_id("lead").locator("svg")).to_be_visible()
        page.get_by_role("button", name="Over time").click()
        sync_api.expect(page.get_by_test_id("lead").locator("caption")).to_contain_text("by year")
        _take_away(page, lab)
        faults = Axe().run(page, context=".sendlab-explorer").response["violations"]
        assert [
            (one["id"], [node["html"][:300] for node in one["nodes"]])
            for one in faults
            if one["impact"] in ("serious", "critical")
        ] == []
        _copied_code_gives_the_same_view(page)
        own = explorer.select(measure="absence", place="999", by=["sex"], own=True)
        held = _saved_with_its_widgets(page, lab)
        widgets = json.dumps(json.loads(held)["metadata"]["widgets"])
        assert "Broken down by" in widgets  # the state of the controls is there
        for canary in (shown(own.sentence), OWN_VIEW_MARK, "Pupils by year group"):
            assert canary not in held and json.dumps(canary)[1:-1] not in widgets, canary


def _brush(page, explorer, own) -> None:
    """Drag over the bars from the first year group to the last: the list of year groups then holds some of them."""
    bars = page.locator('[data-chart="bars-nc_year"] svg')
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    y = box["y"] + box["height"] * 0.6
    page.mouse.move(box["x"] + box["width"] * 0.45, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, y, steps=8)
    page.mouse.up()
    page.wait_for_function("""() => [...document.querySelectorAll('label')].filter(l => l.textContent === 'Year group')
        .some(l => document.getElementById(l.htmlFor)?.selectedOptions.length > 1)""")
    chosen = page.get_by_label("Year group", exact=True).evaluate(TEXTS)
    codes = [text.removeprefix("Year ") if text != "Reception" else "R" for text in chosen]
    _expect_status(page, explorer.select(**own, sex="Male", nc_year=codes).status)


def _take_away(page, lab) -> None:
    """Figures by what only the own screen knows leave it in no form; what the board may see is written."""
    before = set((lab.root / "exports").glob("*"))
    page.get_by_label("Attendance", exact=True).select_option(label="98% and above")
    page.get_by_label("Take away", exact=True).select_option(label="Table as CSV")
    page.get_by_role("button", name="Take away", exact=True).click()
    sync_api.expect(page.get_by_test_id("lead")).to_contain_text("in no figures that leave it")
    assert set((lab.root / "exports").glob("*")) == before
    for name in ("Attendance", "Sex", "Year group"):
        page.get_by_label(name, exact=True).select_option([])
    page.get_by_label("Held to", exact=True).select_option(label="(nothing)")
    page.get_by_label("Broken down by", exact=True).select_option(label="Sex")
    page.get_by_role("button", name="Take away", exact=True).click()
    sync_api.expect(page.get_by_test_id("lead")).to_contain_text("Written: exports/absence-sex-999")
    assert "Male" in (lab.root / "exports" / "absence-sex-999-202526.csv").read_text("utf-8-sig")


def _saved_with_its_widgets(page, lab) -> str:
    """The text of the notebook, saved as JupyterLab does when it is told to keep what widgets hold."""
    page.evaluate("""() => {
      const { commands } = window.jupyterapp;
      const keep = "@jupyter-widgets/jupyterlab-manager:saveWidgetState";  // a switch: an earlier page may have set it
      (commands.isToggled(keep) ? Promise.resolve() : commands.execute(keep))
        .then(() => commands.execute("docmanager:save")).finally(() => { window.saved = true; });
      return null;
    }""")
    page.wait_for_function("window.saved === true")
    return (lab.root / "notebooks" / NOTEBOOK).read_text("utf-8")


def _copied_code_gives_the_same_view(page) -> None:
    page.get_by_label("Take away", exact=True).select_option(label="Code for this view")
    page.get_by_role("button", name="Take away", exact=True).click()
    code = page.get_by_test_id("code")
    sync_api.expect(code).to_be_visible(timeout=PATIENCE)
    before = page.get_by_test_id("status").inner_text()
    text = code.input_value()
    page.evaluate(
        """text => {
      const { content } = window.jupyterapp.shell.currentWidget;
      content.activeCellIndex = content.widgets.length - 1;
      window.jupyterapp.commands.execute("notebook:insert-cell-below").then(() => {
        content.activeCell.model.sharedModel.setSource(text);
        window.jupyterapp.commands.execute("notebook:run-cell").finally(() => { window.pasted = true; });
      });
      return null;
    }""",
        text,
    )
    page.wait_for_function("window.pasted === true")
    sync_api.expect(page.get_by_test_id("status")).to_have_text([before, before], timeout=PATIENCE)
    sentences = page.get_by_test_id("sentence").all_inner_texts()
    assert len(sentences) == 2 and sentences[0] == sentences[1]


def _expect_parts(page, view) -> None:
    """Sentence, table and chart are those of the view whose status line is shown."""
    chart, table = shown(view.chart), shown(view.table)
    sync_api.expect(page.get_by_test_id("sentence")).to_have_text(shown(view.sentence))
    output = page.get_by_test_id("output")
    assert output.locator("caption").inner_text().startswith(table.caption)
    assert output.locator("tbody tr").count() == len(table.rows)
    picture = output.locator('[data-chart="main"] svg')
    sync_api.expect(picture).to_have_attribute("aria-label", chart.description)
    sync_api.expect(picture).to_be_visible()
    assert picture.bounding_box()["width"] > 500


def test_the_explorer_as_an_app_for_a_meeting_asks_nobody_elsewhere(lab, browser, tmp_path):
    """Voila on the same notebook: no code on the page, controls that work, no request to anywhere else."""
    port = _free_port()
    _fresh_notebook(lab)
    command = [*app_command(read_workspace(lab.root), browser=False), f"--Voila.port={port}"]
    own = {
        name: str(tmp_path / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    elsewhere = []
    with (tmp_path / "app.log").open("wb") as out:
        process = subprocess.Popen(command, cwd=lab.root, env={**app_environment(), **own}, stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=subprocess.STDOUT)  # fmt: skip
        try:
            page = browser.new_page()
            page.on("request", lambda request: elsewhere.append(request.url))
            _until_it_answers(process, f"http://{HERE}:{port}/static/voila.js")
            page.goto(f"http://{HERE}:{port}/", wait_until="commit")  # the page comes cell by cell
            explorer = CohortExplorer(lab.root)
            _expect_status(page, explorer.select(measure="persistent_absence", place="999").status)
            page.get_by_label("Measure", exact=True).select_option(label="Suspension rate")
            _expect_status(page, explorer.select(measure="suspension_rate", place="999").status)
            assert page.locator(".jp-InputArea-editor").count() == 0
        finally:
            page.close()
            _stop(process)
    assert [url for url in elsewhere if urlsplit(url).hostname not in (HERE, None)] == []


def _until_it_answers(process: subprocess.Popen, address: str) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(address, timeout=5):
                return
        except HTTPError:
            return  # it answers, whatever
        except OSError:
            time.sleep(0.2)
    pytest.fail("the app did not start")


RATING = """\
from sendlab import SelfEvaluation

round_ = SelfEvaluation("9992001", "2026-03-13", rater="SENCo", workspace="../own")
round_.show()
"""


def _own_round(lab: Lab) -> Path:
    """A workspace of its own beside the sample's, for what is rated, and the notebook to do it in."""
    own = make_workspace(lab.root / "own")
    (own / "store").mkdir()
    shutil.copyfile(lab.root / "store" / "schools.parquet", own / "store" / "schools.parquet")
    book = new_notebook(cells=[new_code_cell(RATING)], metadata={"kernelspec": {"name": "python3", "display_name": ""}})
    nbformat.write(book, lab.root / "notebooks" / "rate.ipynb")
    return own


def test_the_self_evaluation_is_rated_by_label_and_keyboard_on_a_small_screen(lab, browser):
    """1366 x 768: a whole section is in sight; each answer is on disk when the status line tells it."""
    own = _own_round(lab)
    with _watched(browser, lab.address("rate.ipynb")) as watched:
        page = watched.page
        page.set_viewport_size({"width": 1366, "height": 768})
        page.evaluate(RUN_ALL)
        page.wait_for_function("window.allHaveRun === true")
        assert page.evaluate(FAULTS) == []
        page.get_by_label("O1 now", exact=True).select_option(label="3 patchy")
        page.get_by_label("O1 target", exact=True).select_option(label="8")
        page.get_by_label("O1 months", exact=True).select_option(label="12 months")
        saved = "raw/self-evaluation-9992001-2026-03-13-setting-senco-1.csv"
        _expect_status(page, f"1 of 45 statements rated; 44 to go before evidence; saved in {saved}")
        page.get_by_label("O2 now", exact=True).focus()
        page.keyboard.press("ArrowDown")  # leave blank
        _expect_status(page, f"1 of 45 statements rated, 1 left blank; 43 to go before evidence; saved in {saved}")
        assert "SENCo,1" in (own / saved).read_text("utf-8")
        page.get_by_role("button", name="Next section").click()
        last = page.get_by_label("L7 now", exact=True)
        sync_api.expect(last).to_be_visible()
        first, last = (page.get_by_label(f"L{n} now", exact=True).bounding_box() for n in (1, 7))
        assert last["y"] + last["height"] - first["y"] < 420 and last["x"] + last["width"] < 1366
        months = page.get_by_label("L7 months", exact=True).bounding_box()
        assert months["x"] + months["width"] < 1366
        page.get_by_role("tab", name="2 Evidence").click()
        sync_api.expect(page.get_by_text("Rate first.")).to_be_visible()


def test_committed_notebook_shows_its_charts_untrusted_and_not_run(lab, browser):
    committed = Path(__file__).parents[1] / "notebooks" / NOTEBOOK
    shutil.copyfile(committed, lab.root / "notebooks" / "committed.ipynb")
    cells = json.loads(committed.read_text("utf-8"))["cells"]
    charts = sum("image/png" in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    with _watched(browser, lab.address("committed.ipynb")) as watched:
        page = watched.page
        assert not page.evaluate(
            "window.jupyterapp.shell.currentWidget.content.widgets.some(cell => cell.model.trusted)"
        )
        pictures = page.locator(".jp-OutputArea-output img")
        sync_api.expect(pictures).to_have_count(charts)
        for number in range(charts):
            pictures.nth(number).scroll_into_view_if_needed()
            sync_api.expect(pictures.nth(number)).to_be_visible()
        assert charts > 0 and min(pictures.evaluate_all(WIDTHS)) > 500


# A notebook of measures, that of the self-evaluation and that of the data's quality; where the variable is set, as
# the soak does, all of them. Kernels are those of plain papermill, which runs all in `test_notebooks.py`.
IN_THE_LAB = NOTEBOOKS if os.environ.get(ALL_BY_HAND) else ("progress", "self_evaluation", "data_quality")


@pytest.mark.parametrize("name", IN_THE_LAB)
def test_run_by_hand_a_notebook_gives_the_figures_of_the_batch(name, lab, batch, browser):
    """In `test_notebooks.py` plain papermill gives them too: three ways, one report."""
    committed = (Path(__file__).parents[1] / "notebooks" / f"{name}.ipynb").read_text("utf-8")
    assert committed.count('place = \\"999\\"') == 1
    own = lab.root / "notebooks" / f"by-hand-{name}.ipynb"
    own.write_text(committed.replace('place = \\"999\\"', f'place = \\"{SCHOOL}\\"'), "utf-8")
    with _watched(browser, lab.address(own.name)) as watched:
        watched.page.evaluate("window.allHaveRun = false")
        watched.page.evaluate(RUN_ALL)
        watched.page.wait_for_function("window.allHaveRun === true")
        assert watched.page.evaluate(FAULTS) == []
        by_hand = shown_by(watched.page.evaluate(OUTPUTS))
    assert by_hand == outputs(batch[name].output.with_suffix(".ipynb")) and len(by_hand) >= 5
