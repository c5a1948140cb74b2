"""The cohort explorer without a browser: what it selects, its errors, its two controls, and the lab's command."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from IPython.core.formatters import DisplayFormatter

from sendlab.build import open_workspace
from sendlab.charts import svg
from sendlab.disclosure.published import OWN_VIEW_MARK
from sendlab.errors import SendlabError, WorkspaceProblem
from sendlab.explore import CohortExplorer
from sendlab.explore.box import IN_A_NOTEBOOK
from sendlab.explore.lab import NOTEBOOK, lab_command, lab_notebook, lab_settings
from sendlab.explore.views import NOT_KEPT, shown
from sendlab.tables import ShownTable
from sendlab.workspace import read_workspace


@pytest.fixture(scope="module")
def explorer(sample_workspace: Path) -> CohortExplorer:
    return CohortExplorer(sample_workspace)


@pytest.fixture(scope="module")
def own(sample_workspace: Path) -> CohortExplorer:
    return CohortExplorer(sample_workspace, own_view=True)


def test_choices_are_those_of_the_workspace(explorer, sample_workspace):
    opened = open_workspace(sample_workspace)
    assert explorer.measures().columns == ["measure", "title", "unit"]
    assert explorer.measures().filter(measure="persistent_absence").row(0)[1:] == ("Persistent absence", "% of pupils")
    assert "sef_now" not in explorer.measures()["measure"]  # ratings are not of groups of pupils
    assert explorer.places().equals(opened.places())
    assert explorer.periods() == opened.periods() == ["202324", "202425", "202526"]


def test_view_shows_one_measure_place_and_period(explorer):
    view = explorer.select(measure="persistent_absence", place="999", time_period="202425")
    for column, value in (("measure", "persistent_absence"), ("place_code", "999"), ("time_period", "202425")):
        assert set(view.rows[column]) == {value}
    assert "with_subjects" not in view.rows.columns
    total = view.rows.filter(sen_provision="Total", comparator="")["base_subjects"][0]
    place = view.rows["place_name"][0]
    assert view.status == f"Persistent absence; {place}; 2024/25; n = {total:,} pupils; protected for audience board"
    assert view.sentence.startswith(f"Persistent absence, {place}, 2024/25: ")
    assert isinstance(view.table, ShownTable)
    assert {row[0] for row in view.table.rows} >= {"EHC plan", "SEN support", "No SEN"}
    assert svg(view.chart).startswith("<svg")
    assert repr(view) == view.status


def test_latest_period_is_the_default(explorer):
    assert explorer.select(measure="absence", place="999").time_period == "202526"
    assert explorer.select(measure="absence", place="999", time_period="").time_period == "202526"
    assert explorer.periods(measure="absence", place="900101")[-1] == "202526"


def test_every_measure_at_every_kind_of_place_is_shown_or_refused(explorer):
    kinds = explorer.places().unique(["geographic_level", "education_phase"], keep="first", maintain_order=True)
    for measure in explorer.measures()["measure"]:
        for place in kinds["place_code"]:
            if explorer.periods(measure=measure, place=place):
                view = explorer.select(measure=measure, place=place)
                assert view.table.rows and view.sentence.endswith(".") and view.chart.description
            else:
                with pytest.raises(SendlabError, match="choose another measure or place"):
                    explorer.select(measure=measure, place=place)


@pytest.fixture(scope="module")
def protected_place(sample_workspace) -> str:
    """A school with hidden figures on persistent absence."""
    rows = open_workspace(sample_workspace).published().where(measure="persistent_absence", status="c").rows
    return rows.filter(time_period="202526", geographic_level="School")["place_code"].sort()[0]


def test_hidden_figures_stay_hidden(explorer, protected_place):
    hidden = explorer.select(measure="persistent_absence", place=protected_place).rows.filter(status="c")
    assert hidden.height and hidden["value"].null_count() == hidden.height


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"measure": "persistant_absence", "place": "999"}, "'persistent_absence'"),
        ({"measure": "suspended", "place": "999"}, "'suspended_once_or_more'"),
        ({"measure": "sef_now", "place": "999"}, "'absence' (Overall absence rate)"),
        ({"measure": "absence", "place": "alder"}, "'900101' (Sample Alder"),
        ({"measure": "absence", "place": "900110"}, "'900108'"),
        ({"measure": "absence", "place": "999", "time_period": "201011"}, "202324, 202425, 202526"),
        ({"measure": "absence", "place": "999", "audience": "everyone"}, "board"),
    ],
)
def test_what_is_not_there_is_refused_with_near_names(explorer, wrong, expected):
    with pytest.raises(SendlabError) as fault:
        explorer.select(**wrong)
    assert expected in fault.value.next_step


def test_the_status_of_an_own_view_tells_how_many_groups_are_of_few_people(own, protected_place):
    view = own.select(measure="persistent_absence", place=protected_place, by=["sex", "sen_provision"])
    groups = view.rows.filter(pl.any_horizontal(pl.col("sex") != "Total", pl.col("sen_provision") != "Total"))
    absent, present = pl.col("with_subjects"), pl.col("base_subjects") - pl.col("with_subjects")
    everybody_in_a_small_group = (present == 0) & (pl.col("base_subjects") < 20)
    few = groups.filter((pl.col("base_subjects") < 5) | absent.is_between(1, 4) | present.is_between(1, 4)
                        | everybody_in_a_small_group).height  # fmt: skip
    assert 1 < few < groups.height
    assert f"; of {groups.height} groups {few} are of few people, and hidden if taken away; " in shown(view.status)


def test_own_view_is_marked_and_not_kept(own, explorer, protected_place):
    view = own.select(measure="persistent_absence", place=protected_place)
    assert shown(view.status).endswith(OWN_VIEW_MARK)
    assert OWN_VIEW_MARK in shown(view.sentence)
    assert str(view.status) == str(view.sentence) == NOT_KEPT  # printed, they would stand in the notebook
    assert OWN_VIEW_MARK in shown(view.table).to_html()
    assert OWN_VIEW_MARK in svg(shown(view.chart))
    for thing in (view, view.chart, view.table):
        data, _ = DisplayFormatter().format(thing)
        assert data == {"text/plain": NOT_KEPT}
    hidden = explorer.select(measure="persistent_absence", place=protected_place).rows["value"].null_count()
    assert view.rows["value"].null_count() < hidden


def test_a_saved_cell_holds_one_line_and_no_widget_a_figure(own, explorer):
    for made, line in ((explorer, IN_A_NOTEBOOK), (own, NOT_KEPT)):
        box = made.show(measure="persistent_absence", place="999")
        box.page.message()  # as a page asks for it
        box.page.controls.measure.value = "absence"
        bundle = box._repr_mimebundle_()
        assert bundle["text/plain"] == line == repr(box)
        assert "application/vnd.jupyter.widget-view+json" in bundle
        state = json.dumps([one.get_state() for one in parts_of(box)], default=str)
        assert shown(box.page.view.sentence)[:40] not in state and "n = " not in state and OWN_VIEW_MARK not in state


def parts_of(box):
    """All widgets of a box, itself first."""
    found = [box]
    for child in getattr(box, "children", ()):
        found += parts_of(child)
    return found


def test_notebook_is_thin_and_keeps_no_widget_state():
    notebook = json.loads((Path(__file__).parents[1] / "notebooks" / NOTEBOOK).read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "widgets" not in notebook["metadata"]
    assert [cell["metadata"].get("tags") for cell in cells if cell["metadata"]] == [["parameters"]]
    for cell in cells:
        text = "".join(cell["source"])
        assert len(text.splitlines()) <= 12
        assert not re.search(r"^\s*(def|class|for|while|lambda)\b", text, flags=re.MULTILINE)
        assert "NBVAL" not in text
        assert "widget-view" not in json.dumps(cell["outputs"])


def test_lab_listens_here_only_and_asks_nobody(tmp_path):
    (tmp_path / "sendlab.toml").write_text('[authority]\nla_code = "999"\n[pseudonyms]\nkey_id = "sample"\n', "utf-8")
    workspace = read_workspace(tmp_path)
    command = lab_command(workspace, browser=False)
    assert command[1:4] == ["-m", "jupyter", "lab"]
    assert {"--ServerApp.ip=127.0.0.1", "--ServerApp.open_browser=False", "--LabApp.news_url=None"} <= set(command)
    assert f"--LabApp.default_url=/lab/tree/notebooks/{NOTEBOOK}" in command
    settings = lab_settings(workspace) / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    assert json.loads(settings.read_text("utf-8")) == {"fetchNews": "false", "checkForUpdates": False}


def test_notebook_of_the_workspace_is_made_once_and_never_changed(tmp_path):
    workspace = SimpleNamespace(root=tmp_path)
    made = lab_notebook(workspace)
    assert made == tmp_path / "notebooks" / NOTEBOOK
    cells = [cell for cell in json.loads(made.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert len(cells) >= 5  # the sample's figures are not those of this authority
    assert [(cell["outputs"], cell["execution_count"]) for cell in cells] == [([], None)] * len(cells)
    made.write_text("mine", "utf-8")
    assert lab_notebook(workspace).read_text("utf-8") == "mine"


def test_missing_notebook_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("sendlab.explore.lab.OWN_NOTEBOOKS", tmp_path / "nothing")
    with pytest.raises(WorkspaceProblem, match=NOTEBOOK):
        lab_notebook(SimpleNamespace(root=tmp_path))


def _server_info(folder: Path) -> str:
    """What a server wrote about itself when it was ready; it may be half written still."""
    return "".join(path.read_text("utf-8").strip() for path in folder.glob("jpserver-*.json"))


@pytest.mark.skipif(os.name != "posix", reason="sends Ctrl-C as a POSIX terminal does, to the whole process group")
def test_ctrl_c_ends_the_lab(sample_workspace, tmp_path):
    root = shutil.copytree(sample_workspace, tmp_path / "workspace")
    folders = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    (tmp_path / "CONFIG").mkdir()  # containers run tests as root, which Jupyter must be told to allow
    (tmp_path / "CONFIG" / "jupyter_server_config.json").write_text('{"ServerApp": {"allow_root": true}}', "utf-8")
    code = "import sys; from pathlib import Path; from sendlab.explore.lab import start_lab\n"
    code += "from sendlab.workspace import read_workspace\n"
    code += "sys.exit(start_lab(read_workspace(Path(sys.argv[1])), browser=False))"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(root)], env={**os.environ, **folders}, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not (told := _server_info(tmp_path / "RUNTIME")).endswith("}"):
            assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text("utf-8")
            time.sleep(0.1)
        server = json.loads(told)
        assert (server["hostname"], server["root_dir"]) == ("127.0.0.1", str(root))
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
