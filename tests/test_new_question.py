"""`sendlab new`: from a question in words, a worked one or a saved view to a notebook that runs for every place."""

import ast
import json
import re
import subprocess
import sys
import time

import nbformat
import papermill
import polars as pl
import pytest
from click.testing import CliRunner
from conftest import ROOT, make_workspace

from sendlab.build import open_workspace
from sendlab.build.figures import protect_all
from sendlab.build.marks import is_current
from sendlab.cli import main
from sendlab.disclosure.guard import read_log
from sendlab.errors import SendlabError, WorkspaceProblem
from sendlab.explore import CohortExplorer
from sendlab.explore.declaring import declare, table_of
from sendlab.explore.library import library
from sendlab.explore.new_question import notebook_name, question_notebook
from sendlab.explore.notes import limits_of
from sendlab.explore.reading import ASKED_BY, completed, measure_of
from sendlab.explore.selection import of_dict, select
from sendlab.locks import one_at_a_time
from sendlab.metrics.publication import declared
from sendlab.narrate.answer_words import answer_sentence
from sendlab.runs import make_plan
from sendlab.runs.execute import execute
from sendlab.schema import own
from sendlab.store import INGEST, read_manifest
from sendlab.workspace import read_workspace

EXAMPLE = "Do pupils with SLCN in Year 7 miss more sessions than in Year 6?"
LENGTH = "Do suspensions of girls last longer than those of boys?"
HEADINGS = ["The answer", "Data: who counts", "How it is measured", "The finding", "Does it hold?", "Limits",
            "Change this notebook"]  # fmt: skip


def sendlab(*words, code=0):
    got = CliRunner().invoke(main, [str(word) for word in words])
    assert got.exit_code == code, got.output
    return got.output


def code_of(path):
    return [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def workspace(own_sample_module):
    return own_sample_module


@pytest.fixture(scope="module")
def explorer(workspace):
    return CohortExplorer(workspace)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A workspace without anything in it but its settings, in use in this process for the time of a test."""
    made = make_workspace(tmp_path / "w", raw=ROOT / "data" / "sample")
    read_workspace(made)
    yield made
    own.use(None)


def chosen_of(measure, **terms):
    return select(measure, "202526", "999", authority="999", **terms)


# ---- from words to a notebook


def test_the_question_of_the_issue_needs_no_more_than_it_gives(workspace):
    told = sendlab("new", EXAMPLE, "--measure", "absence_percent", "--by", "sen_primary_need", "--workspace", workspace)
    path = workspace / "notebooks" / f"{notebook_name(EXAMPLE)}.ipynb"
    assert "compared with     Year 6" in told and "told of           Year 7" in told
    assert f"written: notebooks/{path.name}" in told and f"sendlab run --notebook {path.stem}" in told
    asked = next(text for text in code_of(path) if text.startswith("question"))
    given = {}
    exec(asked, given)
    assert given["question"] == {"measure": "absence", "by": ["nc_year"], "compare": "6"}
    assert given["who"] == {"sen_primary_need": "SLCN", "nc_year": ["7", "6"]}
    again = sendlab("new", EXAMPLE, "--measure", "absence", "--workspace", workspace, code=2)
    assert "already" in again and "--name" in again


@pytest.mark.parametrize("one", library().values(), ids=lambda one: one.id)
def test_a_notebook_is_thin_and_in_order(one):
    chosen = one.selection("999", "202526", authority="999")
    node = question_notebook(one.ask, chosen, read_with=one.read_with)
    nbformat.validate(node)
    texts = [cell.source for cell in node.cells if cell.cell_type == "markdown"]
    assert texts[0].startswith(f"# {one.ask}\n") and "$" not in "".join(texts)
    assert [text.splitlines()[0].removeprefix("## ") for text in texts[1:]] == HEADINGS
    limits = next(text for text in texts if text.startswith("## Limits"))
    assert f"- {one.read_with}" in limits and all(f"- {text}" in limits for text in limits_of(chosen))
    assert sum(line[:2] in ("1.", "2.", "3.") for line in texts[-1].splitlines()) == 3
    assert [cell.metadata.get("tags") for cell in node.cells if "tags" in cell.metadata] == [
        ["parameters"], ["question"], ["set-up"],
    ]  # fmt: skip
    for cell in node.cells:
        if cell.cell_type == "code":
            found = {type(part) for part in ast.walk(ast.parse(cell.source))}
            assert not found & {ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda}
            assert len(cell.source.splitlines()) <= 12 and cell.outputs == [] and str(ROOT) not in cell.source
    assert max(len(line) for cell in node.cells if cell.cell_type == "code" for line in cell.source.splitlines()) <= 140


def test_limits_are_those_that_apply():
    earlier = limits_of(chosen_of("suspension_rate", by=["sex"], compare="A year earlier"))
    assert any("regression to the mean" in text for text in earlier) and any("Events, not pupils" in t for t in earlier)
    plain = limits_of(chosen_of("absence", by=["sex"], compare="Male"))
    assert not any("regression" in text or "Part of a year" in text or "Needs are" in text for text in plain)
    assert any("association" in text for text in plain)
    part = limits_of(chosen_of("absence", by=["sen_primary_need"], part="Autumn term"))
    assert any("Part of a year" in text for text in part) and any("Needs are" in text for text in part)


def test_what_is_given_comes_before_what_words_say():
    found = completed("Do girls on SEN support miss more sessions than boys?", where=["nc_year=Year 7"], by=["fsm"])
    assert (found.measure, found.by, found.compare) == ("absence", ["sex", "fsm_status"], "Male")
    assert found.filters == {"sex": ["Female", "Male"], "sen_provision": ["SEN support"], "nc_year": ["7"]}
    other = completed("Are they absent?", by=["year group"], compare="year 6", only=["Year 7"])
    assert (other.by, other.compare, other.filters) == (["nc_year"], "6", {"nc_year": ["7", "6"]})


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["What about ducks?"], "--measure NAME"),
        (["Are they absent?"], "--by COLUMN"),
        ([], "put it in quotes"),
        (["Are they absent?", "--measure", "absense", "--by", "sex"], "did you mean absence?"),
        (["Are they absent?", "--by", "sexx"], "did you mean sex?"),
        (["Are they absent by sex?", "--compare", "grils"], "use one of Male, Female, Unknown"),
        (["Are they absent?", "--where", "sen_primary_need=SLCM"], "did you mean SLCN"),
        (["Are girls absent?", "--name", "attendance"], "give another"),
        (["Are girls absent?", "--name", "Girls!"], "small letters"),
        (["--library", "absence-sen"], "did you mean absence-send"),
    ],
)
def test_what_is_not_there_is_told_with_the_near_names(workspace, words, expected):
    assert expected in sendlab("new", *words, "--workspace", workspace, code=2)


def test_measures_are_found_by_what_people_call_them(explorer):
    names = explorer.measures()["measure"]
    assert measure_of("pupils suspended once or more", names) == "suspended_once_or_more"
    with pytest.raises(SendlabError, match="persistent_absence"):
        measure_of("persistant absence", names)
    with pytest.raises(SendlabError, match=r"ks2_rwm_expected or ks2_rwm_higher"):
        measure_of("standard", names)


def test_the_library_is_told_and_written(workspace):
    told = sendlab("new", "--list")
    assert all(one.id in told and one.ask in told for one in library().values())
    sendlab("new", "--library", "absence-plans-earlier", "--name", "plans", "--workspace", workspace)
    assert 'compare="A year earlier"' in "\n".join(code_of(workspace / "notebooks" / "plans.ipynb"))


def test_on_a_terminal_what_is_missing_is_asked_for(workspace, monkeypatch):
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    sex = 2 + ASKED_BY.index("sex")  # counted from 1, behind "nothing"
    words = ["new", "How do they fare?", "--name", "asked", "--workspace", str(workspace)]
    got = CliRunner().invoke(main, words, input=f"99\n2\n{sex}\ny\n")
    assert got.exit_code == 0, got.output
    assert " 2  Persistent absence\n" in got.output and f" {sex}  Sex\n" in got.output and "99 is not in" in got.output
    asked = next(text for text in code_of(workspace / "notebooks" / "asked.ipynb") if text.startswith("question"))
    assert 'measure="persistent_absence", by=["sex"]' in asked
    unwanted = CliRunner().invoke(main, ["new", EXAMPLE, "--name", "unwanted", *words[-2:]], input="n\n")
    assert unwanted.exit_code == 1 and not (workspace / "notebooks" / "unwanted.ipynb").exists()


# ---- a saved view


def test_a_saved_view_becomes_a_notebook(workspace, explorer, tmp_path):
    view = explorer.select(measure="absence", place="900105", by=["sex"], compare="Male", own=True, nc_year=["7", "8"],
                           first_language="English")  # fmt: skip
    file = view.save(tmp_path / "view.json")
    assert of_dict(json.loads(file.read_text("utf-8")), authority="999") == view.selection
    assert not re.search(r"\d\.\d", file.read_text("utf-8"))  # no figure
    refused = sendlab("new", "--from-view", file, "--workspace", workspace, code=2)
    assert "first_language" in refused and "--without-own-filters" in refused
    sendlab("new", "--from-view", file, "--without-own-filters", "--name", "kept", "--workspace", workspace)
    code = "\n".join(code_of(workspace / "notebooks" / "kept.ipynb"))
    assert 'place = "900105"' in code and 'nc_year=["7", "8"]' in code and "first_language" not in code
    for text in ("{", '{"measure": "absence"}', "[]"):
        file.write_text(text, "utf-8")
        assert "no saved view" in sendlab("new", "--from-view", file, "--workspace", workspace, code=2)


# ---- the notebook runs, for every place


@pytest.fixture(scope="module")
def made(workspace):
    """The notebook of a question that only the guard answers, and the reports of it as a batch makes them."""
    sendlab("new", LENGTH, "--measure", "suspension_length", "--name", "length", "--workspace", workspace)
    opened = open_workspace(workspace)
    notebook = workspace / "notebooks" / "length.ipynb"
    tasks = make_plan(
        opened.places(), {"length": notebook}, reports=workspace / "reports", cwd=workspace, time_period="202526",
        only_places=["999", "900105", "900109"], only_notebooks=["length"], run_id=opened.run_id,
    )  # fmt: skip
    outcomes = [execute(task) for task in tasks if (task.place_code, task.audience) != ("900109", "school")]
    assert [one.error for one in outcomes if one.error] == []
    return {(task.place_code, task.audience): task for task in tasks}


def printed(path):
    outputs = [out for cell in nbformat.read(path, 4).cells if cell.cell_type == "code" for out in cell.outputs]
    return [out.get("text") or out.get("data", {}).get("text/plain", "") for out in outputs]


def test_reports_have_the_figures_of_the_answer(made, workspace, explorer):
    log = read_log(workspace / "releases" / "answers.jsonl").entries
    board = [one for one in log if one.audience == "board" and one.question.time_period == "202526"]
    assert len(board) == 1 and len(board[0].question.places) == explorer.places().height
    row = board[0].rows.filter((pl.col("place_code") == "999") & (pl.col("sex") == "Female")).row(0, named=True)
    told = printed(made["999", "board"].output.with_suffix(".ipynb"))
    assert f"Female {row['value']:.2f} against" in told[1]
    page = made["999", "board"].output.with_suffix(".html").read_text(encoding="utf-8")
    assert told[1].strip() in re.sub(r"\s+", " ", page) and page.count("<svg") == 1 and "<table" in page
    own_rows = [one for one in log if (one.audience, one.own_place) == ("school", "900105")]
    assert own_rows and all(one.question.places == ("900105",) for one in own_rows)
    school = printed(made["900105", "school"].output.with_suffix(".ipynb"))
    assert "not shown" not in school[1] and "Audience: school" in school[0]


def test_a_place_without_figures_runs_to_the_end_and_says_why(made):
    told = printed(made["900109", "board"].output.with_suffix(".ipynb"))
    assert len(told) == 8 and "What can be s" in told[1]
    page = made["900109", "board"].output.with_suffix(".html").read_text(encoding="utf-8")
    assert "Change this notebook" in page


def test_plain_papermill_gives_the_same(made, workspace, tmp_path):
    notebook, out = workspace / "notebooks" / "length.ipynb", tmp_path / "out.ipynb"
    papermill.execute_notebook(
        notebook, out, parameters={"place": 900105}, cwd=notebook.parent, progress_bar=False, kernel_name="python3"
    )
    assert printed(out) == printed(made["900105", "board"].output.with_suffix(".ipynb"))


def test_the_code_of_an_answer_gives_the_same_answer(made, workspace, explorer):
    asked = {"measure": "suspension_length", "by": ["sex"], "compare": "Male", "sex": ["Female", "Male"]}
    view = explorer.answer_or_why(place="999", time_period="202526", everywhere=True, **asked)
    before = len(read_log(workspace / "releases" / "answers.jsonl").entries)
    call = next(line for line in view.code.splitlines() if line.startswith("view = "))
    given = {"explorer": explorer}
    exec(call, given)
    assert given["view"].sentence == view.sentence and "everywhere=True" in call
    assert len(read_log(workspace / "releases" / "answers.jsonl").entries) == before


def test_a_refusal_is_a_view_in_words(made, explorer):
    asked = {"measure": "ks2_rwm_expected", "by": ["sex"], "sen_provision": "EHC plan"}
    view = explorer.answer_or_why(place="999", everywhere=True, **asked)
    assert view.sentence.startswith("Not answered for audience board: ") and "What can be answered: " in view.sentence
    assert "900101" not in view.sentence  # not a list of all places that were asked for
    assert view.rows.is_empty() and view.total is None and not view.table.rows
    assert "no figures" in view.status and view.chart.description
    with pytest.raises(SendlabError, match="can be answered: ask"):
        explorer.answer(place="999", everywhere=True, **asked)
    missing = explorer.answer_or_why(measure="absence", place="999", time_period="201011", by=["sex"])
    assert "No figures of 'Overall absence rate' in period '201011'" in missing.sentence
    with pytest.raises(SendlabError, match="no measure"):
        explorer.answer_or_why(measure="absense", place="999")
    with pytest.raises(SendlabError, match="Mail"):
        explorer.answer_or_why(measure="absence", place="999", by=["sex"], compare="Mail")


# ---- many ask at once


ASK = """
import sys
from sendlab.explore import CohortExplorer
explorer = CohortExplorer(sys.argv[1])
sys.stdin.readline()
view = explorer.answer_or_why(measure="suspension_length", place=sys.argv[2], by=[sys.argv[3]], everywhere=True,
                              audience=sys.argv[4])
print(view.sentence)
"""


def test_processes_that_ask_at_once_get_one_answer(own_sample):
    wanted = [("999", "sex", "board"), ("999", "sex", "board"), ("900105", "sex", "school")]
    asking = [
        subprocess.Popen([sys.executable, "-c", ASK, str(own_sample), *one], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
        for one in wanted
    ]  # fmt: skip
    time.sleep(3)  # all are ready, as far as they can be
    for process in asking:
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=120)[0] for process in asking]
    assert all(process.returncode == 0 for process in asking) and told[0] == told[1] != ""
    entries = read_log(own_sample / "releases" / "answers.jsonl").entries  # whole, and in order
    asked = [(one.audience, one.own_place, one.question.by) for one in entries]
    assert len(asked) == len(set(asked)) == 2
    assert asked.index(("board", "", ("sex",))) < asked.index(("school", "900105", ("sex",)))


def test_a_lock_is_waited_for_and_no_longer_than_said(tmp_path):
    with (
        one_at_a_time(tmp_path / "a.lock"),
        pytest.raises(WorkspaceProblem, match=r"a\.lock"),
        one_at_a_time(tmp_path / "a.lock", seconds=0.1),
    ):
        pass
    with one_at_a_time(tmp_path / "a.lock", seconds=0.1):
        pass


# ---- the declared list


def test_a_table_is_declared_protected_and_found(folder, workspace):
    chosen = chosen_of("ks2_rwm_higher", by=["sen_provision"], compare="No SEN")
    before = len(declared()[0])
    built = {"logged": {}, "mark": "x"}
    path = declare(folder, "Who reaches the higher standard?", chosen)
    assert path == folder / "publication.toml" and "protects them all together" in path.read_text("utf-8")
    space = read_workspace(folder)
    tables = declared()[0]
    assert len(tables) == before + 1 and tables[-1].by == ((), ("sen_provision",))
    assert tables[-1].measures == ("ks2_rwm_higher", "ks2_rwm_expected")  # what limits it is in it
    assert declare(folder, "Once more?", chosen) is None and len(declared()[0]) == before + 1
    measures = pl.read_parquet(workspace / "store" / "measures.parquet")
    some = measures.filter(
        pl.col("measure").is_in(["ks2_rwm_higher", "ks2_rwm_expected"]) & (pl.col("time_period") == "202526")
    )
    board = protect_all(some, space, "run").board
    assert board.rows.filter(measure="ks2_rwm_higher").height > 10
    assert answer_sentence(board, chosen.question, compare="No SEN").startswith(
        "KS2 reading, writing and mathematics: h"
    )
    assert not is_current(built, read_manifest(workspace / "store", INGEST), space)


def test_the_store_is_stale_when_the_list_changes(own_sample):
    ingested, built = (read_manifest(own_sample / "store", step) for step in (INGEST, "build"))
    assert is_current(built, ingested, read_workspace(own_sample))
    declare(own_sample, "By year group?", chosen_of("absence", by=["nc_year"]))
    assert not is_current(built, ingested, read_workspace(own_sample))
    (own_sample / "publication.toml").unlink()
    assert is_current(built, ingested, read_workspace(own_sample))


@pytest.mark.parametrize(
    ("terms", "why", "instead"),
    [
        ({"by": ["sen_primary_need"]}, "primary needs", "need_area"),
        ({"by": ["nc_year"], "filters": {"sex": "Male"}}, "no figures by nc_year x sex", "sen_provision x sex"),
        ({"by": ["sex"], "filters": {"sen_provision": "All SEN"}}, "apart", "sen_provision x sex"),
        ({"by": ["sex"], "filters": {"nc_year": ["7", "8"]}}, "7 or 8 together", "break down by nc_year"),
        ({"by": ["sex"], "part": "Autumn term"}, "part of the year", "leave that out"),
        ({"by": ["sex"], "filters": {"first_language": "English"}}, "your own screen", "leave that out"),
    ],
)
def test_what_no_table_can_hold_is_told_with_what_can(terms, why, instead):
    with pytest.raises(SendlabError) as fault:
        table_of("?", chosen_of("absence", **terms))
    assert why in fault.value.what and instead in fault.value.next_step


def test_a_filter_that_a_breakdown_expresses_is_declared_as_it():
    table = table_of("?", chosen_of("absence", by=["sex"], filters={"sen_provision": "SEN support"}))
    assert table.by == ((), ("sen_provision",), ("sen_provision", "sex")) and table.levels[-1] == "School"
    of_la = table_of("?", chosen_of("suspension_rate", by=["ethnicity_major"], compare="A year earlier"))
    assert of_la.levels == ("Local authority",) and of_la.years == "all"
    assert table_of("?", chosen_of("unauthorised_absence", by=["sex"])).measures == (
        "unauthorised_absence", "absence", "authorised_absence",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "what", "step"),
    [
        ("[[table]", "cannot be read", "correct that line"),
        ("table = 1", "no list of tables", "[[table]]"),
        ('[[table]]\nname = "a"\nmeasure = "absence"', "no field 'measure'", "measures"),
        ('[[table]]\nmeasures = ["absence"]', "needs a name", "name ="),
        ('[[table]]\nname = "a"\nmeasures = ["absense"]\nlevels = ["School"]\nby = [""]', "'absense'", "absence"),
        ('[[table]]\nname = "a"\nmeasures = ["absence"]\nlevels = ["Schools"]\nby = [""]', "'Schools'", "School"),
        ('[[table]]\nname = "a"\nmeasures = ["absence"]\nlevels = ["School"]\nby = ["sen_primary_need"]',
         "not broken down", "need_area"),
        ('[[table]]\nname = "a"\nmeasures = ["absence"]\nlevels = ["School"]', "'by' is missing", 'by = ["..."]'),
        ('[[table]]\nname = "by SEN provision"\nmeasures = ["absence"]\nlevels = ["School"]\nby = [""]', "name that no",
         "name ="),
        ('[[table]]\nname = "a"\nmeasures = ["authorised_absence"]\nlevels = ["School"]\nby = [""]', "parts of",
         "publish all or none"),
        ('[[table]]\nname = "a"\nmeasures = ["suspended_again"]\nlevels = ["School"]\nby = ["nc_year"]', "which limits",
         "suspended_once_or_more"),
    ],
)  # fmt: skip
def test_a_fault_in_the_list_is_told_with_file_and_next_step(folder, text, what, step):
    (folder / "publication.toml").write_text(text, "utf-8")
    with pytest.raises(WorkspaceProblem) as fault:
        read_workspace(folder)
        declared()
    assert fault.value.what.startswith("publication.toml") and what in fault.value.what
    assert step in fault.value.next_step
    assert str(folder) not in str(fault.value)
