"""Forms and improvement plans by the command line; a plan is filled in, comes back, and is read as actions."""

from datetime import date

import polars as pl
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from sendlab.build import open_workspace
from sendlab.cli import main
from sendlab.errors import GateError, SendlabError
from sendlab.publish import write_improvement_plan
from sendlab.publish.improvement_plan import COLUMNS, HEAD
from sendlab.runs.school_plans import write_plans
from sendlab.sources.folder import read_files
from sendlab.sources.sef_layout import PLAN

ALDER, ALDER_URN = "9992001", "900101"


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def opened(sample_workspace):
    return open_workspace(sample_workspace)


@pytest.fixture(scope="module")
def plan(opened, tmp_path_factory):
    (path,) = write_plans(opened, [ALDER], folder=tmp_path_factory.mktemp("plans"))
    return path


def lines_of(path):
    """The rows of a plan below its headings, by heading."""
    rows = load_workbook(path)[PLAN].iter_rows(min_row=HEAD + 1, values_only=True)
    headings = next(rows)
    return [dict(zip(headings, row, strict=True)) for row in rows]


def test_a_plan_has_the_widest_steps_first_with_what_is_held_and_planned(opened, plan):
    lines = lines_of(plan)
    assert list(lines[0]) == list(COLUMNS)
    place = opened.published(place=ALDER_URN, audience="school")
    rows = place.of("sef_gap", ALDER_URN).filter(pl.col("time_period") == "202526", pl.col("item").str.len_chars() == 2)
    steps = dict(rows.filter(pl.col("value") > 0).select("item", "value").iter_rows())
    with_step = [line for line in lines if line["Step"]]
    assert {line["Code"]: line["Step"] for line in with_step} == steps and len(steps) > 20
    order = [line["Step"] for line in with_step]
    assert order == sorted(order, reverse=True)
    assert all(line["Target"] - line["Now"] == line["Step"] and line["Months"] in (6, 12) for line in with_step)
    held = opened.table("evidence").filter(pl.col("school_id") == ALDER).group_by("statement").len()
    told = {line["Code"]: sum(int(part.split()[0]) for part in line["Evidence held"].split(", "))
            for line in with_step if line["Evidence held"] != "none"}  # fmt: skip
    assert told == {code: count for code, count in held.iter_rows() if code in steps} and told


def test_live_actions_stand_in_it_and_empty_boxes_where_nothing_is_planned(opened, plan):
    actions = opened.table("actions").filter(
        pl.col("school_id") == ALDER, pl.col("status").is_in(["open", "under way"])
    )
    lines = lines_of(plan)
    seen = {line["Action number"]: line for line in lines if line["Action number"]}
    assert set(seen) == set(actions["action_id"]) and seen
    for row in actions.to_dicts():
        line = seen[row["action_id"]]
        assert (line["Owner (role)"], line["Status"], line["Due on"].date()) == (
            row["owner_role"], row["status"], row["due_on"]
        )  # fmt: skip
    boxes = ("What will be done", "Owner (role)", "Agreed on", "Due on", "Reviewed on", "Status")
    assert all(line[box] is None for line in lines if not line["Action number"] for box in boxes)


def test_the_next_review_is_three_to_four_months_after_the_round(plan):
    sheet = load_workbook(plan)[PLAN]
    assert "Rated on 13/03/2026. Next review: between 13/06/2026 and 13/07/2026" in sheet["A2"].value
    assert "EDATE" in str(sheet.cell(HEAD + 2, len(COLUMNS)).value)


def test_a_plan_put_back_untouched_gives_the_actions_that_it_was_made_of(opened, plan):
    raw = read_files([plan])
    known = opened.table("actions").filter(pl.col("school_id") == ALDER, pl.col("status").is_in(["open", "under way"]))
    told = raw.table("actions").select(pl.exclude("measure", "note")).sort("action_id")
    assert told.equals(known.select(told.columns).sort("action_id")) and not raw.unread and raw.all_problems.is_empty()


def test_what_a_school_writes_into_its_plan_is_read_as_actions(plan, tmp_path):
    book = load_workbook(plan)
    sheet, places = book[PLAN], {name: place for place, name in enumerate(COLUMNS, 1)}
    row = next(n for n, line in enumerate(lines_of(plan), HEAD + 2) if line["Code"] and not line["Action number"])
    written = {"What will be done": "train the team", "Owner (role)": "SENCo", "Agreed on": date(2026, 4, 20),
               "Due on": date(2026, 7, 10), "Status": "open"}  # fmt: skip
    for name, value in written.items():
        sheet.cell(row, places[name]).value = value
    sheet.cell(row + 1, places["Due on"]).value = date(2026, 7, 10)  # no day on which it was agreed
    path = tmp_path / "back.xlsx"
    book.save(path)
    raw = read_files([path])
    code = sheet.cell(row, places["Code"]).value
    (new,) = raw.table("actions").filter(pl.col("action_id").str.starts_with("P-")).to_dicts()
    assert new == {
        "school_id": ALDER, "action_id": f"P-{code}-20260420-1", "statement": code, "measure": None,
        "owner_role": "SENCo", "set_on": date(2026, 4, 20), "due_on": date(2026, 7, 10), "reviewed_on": None,
        "status": "open", "criteria_met": None, "note": "train the team",
    }  # fmt: skip
    found = raw.all_problems.select("row", "column", "rule").rows()
    assert (row + 1, "set_on", "nullability") in found and {line[0] for line in found} == {row + 1}


def test_a_plan_takes_the_schools_own_edition_and_nothing_else(opened, tmp_path):
    tables = {"ratings": opened.table("self_evaluation"), "evidence": opened.table("evidence"),
              "actions": opened.table("actions"), "place": ALDER_URN, "school_id": ALDER}  # fmt: skip
    for thing, words in ((opened.published(place=ALDER_URN), "own edition"),
                         (opened.own_view(place=ALDER_URN), "published figures only"),
                         (tables["ratings"], "published figures only")):  # fmt: skip
        with pytest.raises(GateError, match=words):
            write_improvement_plan(thing, tmp_path / "p.xlsx", **tables)
    assert not list(tmp_path.iterdir())


def test_a_plan_goes_into_the_schools_own_folder_and_is_not_written_over(opened, tmp_path):
    out = tmp_path / "plans"
    assert write_plans(opened, [ALDER_URN], folder=out)[0].name == f"improvement-plan-{ALDER}.xlsx"
    with pytest.raises(SendlabError, match="there already"):
        write_plans(opened, [ALDER_URN], folder=out)


def test_forms_by_the_command_line(sample_workspace, tmp_path):
    done = run("forms", "--place", ALDER, "--round", "2026-11-13", "--workspace", sample_workspace, tmp_path / "f")
    assert done.exit_code == 0 and f"self-evaluation-{ALDER}-2026-11-13.xlsx" in done.output
    again = run("forms", "--place", ALDER, "--round", "2026-11-13", "--workspace", sample_workspace, tmp_path / "f")
    assert again.exit_code == 2 and "is there already" in again.output
    every = run("forms", "--workspace", sample_workspace, tmp_path / "all")
    assert every.exit_code == 0 and len(list((tmp_path / "all").iterdir())) == 9
    blank = run("forms", "--any-school", "--table", "meetings", tmp_path / "any")
    assert blank.exit_code == 0 and (tmp_path / "any" / "meetings.xlsx").is_file()
    for words, told in (
        (("--place", "1"), "no school here has the code '1'"), (("--table", "meeting"), "did you mean meetings"),
    ):  # fmt: skip
        wrong = run("forms", *words, "--workspace", sample_workspace, tmp_path / "w")
        assert wrong.exit_code == 2 and told in wrong.output
    assert run("forms", "--workspace", sample_workspace).exit_code == 2
