"""Reports of places that are not as most: eight of them, in an authority whose census files were changed for it."""

import csv
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from conftest import ROOT, make_workspace

from sendlab.build import OpenWorkspace, build, open_workspace
from sendlab.ingest import ingest
from sendlab.runs.execute import execute
from sendlab.runs.plan import NOTEBOOKS, make_plan
from sendlab.workspace import find_workspace

# LAESTAB and place code of the schools made so; the special school, the PRU and the authority are as they are.
NO_SEN, THREE, CALM, OPENED, CLOSED = "9992001", "9992002", "9992003", "9992004", "9994001"
PLACES = {
    "nobody with SEN": "900101", "three with SEN": "900102", "no suspensions": "900103", "opened this year": "910104",
    "closed last year": "900105", "special school": "900107", "pupil referral unit": "900108", "authority": "999",
}  # fmt: skip
OWN = ("attendance", "exclusions")  # topics whose own editions are looked at
YEARS = ("2025", "2026")  # of the census files, as their names begin
TABLES = ("edubase", "links_edubase", "invented_nation", "key_stages", "progress_reference", "self_evaluation")


def changed(name: str, row: dict[str, str], with_sen: set[str]) -> dict[str, str] | None:
    """A row of a census file as it is in this authority; None where it is not there."""
    school, column = row["NativeId"], next((c for c in row if c.lower() == "senprovision"), "")
    gone = (school == OPENED and name.startswith("2025")) or (school == CLOSED and name.startswith("2026"))
    if gone or (school == CALM and "exclusions" in name) or (school in (NO_SEN, THREE) and "senneeds" in name):
        return None
    few = school == NO_SEN or (school == THREE and row.get("upn") not in with_sen)
    return row | {column: "N"} if column and few else row


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> Path:
    """All reports of the eight places."""
    raw = tmp_path_factory.mktemp("raw")
    with (ROOT / "data" / "sample" / "2026_spring_pupilonroll.csv").open(encoding="utf-8-sig", newline="") as file:
        support = [r["upn"] for r in csv.DictReader(file) if r["NativeId"] == THREE and r["senprovision"] == "K"]
    for path in (ROOT / "data" / "sample").glob("*.csv"):
        if path.name.startswith(TABLES):
            shutil.copy(path, raw)
        elif path.name.startswith(YEARS):
            rewrite(path, raw / path.name, set(sorted(support)[:3]))
    space = make_workspace(tmp_path_factory.mktemp("eight") / "w", raw=raw)
    ingest(find_workspace(space))
    build(find_workspace(space))
    return made(open_workspace(space))


def made(opened: OpenWorkspace) -> Path:
    """The reports of the eight places for the board, and of schools for themselves on what these tests look at."""
    files = {name: ROOT / "notebooks" / f"{name}.ipynb" for name in NOTEBOOKS}
    root, period = opened.workspace.root, "202526"
    tasks = make_plan(opened.places(), files, reports=root / "reports", cwd=root, time_period=period,
                      only_places=list(PLACES.values()), run_id=opened.run_id)  # fmt: skip
    wanted = [task for task in tasks if task.audience == "board" or task.notebook.stem in OWN]
    assert len(wanted) == 8 * len(NOTEBOOKS) + 7 * len(OWN)
    outcomes = [execute(task) for task in wanted]
    assert [(one.place_code, one.notebook, one.error) for one in outcomes if one.status != "done"] == []
    return root / "reports" / period


def rewrite(source: Path, target: Path, with_sen: set[str]) -> None:
    with source.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = [made for row in reader if (made := changed(source.name, row, with_sen)) is not None]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, reader.fieldnames or [])
        writer.writeheader()
        writer.writerows(rows)


def text_of(reports: Path, place: str, name: str, edition: str = "board") -> str:
    """The words of a report, without its drawings."""
    html = (reports / edition / PLACES[place] / f"{name}.html").read_text(encoding="utf-8")
    html = re.sub(r"<(svg|style|pre)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@pytest.mark.parametrize("name", NOTEBOOKS)
@pytest.mark.parametrize("place", PLACES)
def test_a_report_is_whole_and_says_what_stands_out_or_why_nothing_does(place, name, reports):
    text = text_of(reports, place, name)
    assert "OFFICIAL · Run" in text and "Limits" in text and "Traceback" not in text
    assert not re.search(r"\b(nan|None|inf)\b", text)
    assert "(autumn term and Summer term)" not in text
    assert "What stands out" in text


def test_nobody_with_sen_has_no_figure_and_none_is_made_up(reports):
    text = text_of(reports, "nobody with SEN", "attendance", "schools")
    told = "No pupils with attendance data in this group: pupils with an EHC plan (persistent absence, severe absence"
    assert told in text and "Clearly worse" not in text


def test_three_with_sen_are_hidden_from_the_board_and_plain_to_their_school(reports):
    board, own = (text_of(reports, "three with SEN", "attendance", edition) for edition in ("board", "schools"))
    assert "Not shown (fewer than 5 pupils or protected): pupils on SEN support" in board
    assert re.search(r"SEN support 3 \d 3 ", own)  # base, numerator, denominator
    assert not re.search(r"pupils on SEN support: \d", board)


def test_no_suspensions_is_shown_as_the_good_news_it_is(reports):
    own = text_of(reports, "no suspensions", "exclusions", "schools")
    assert re.search(r"SEN support \d+ 0 \d+ 0\.00", own)


def test_one_year_is_no_trend_and_a_year_that_did_not_come_is_said(reports):
    assert "too few years to tell a change" in text_of(reports, "opened this year", "attendance")
    closed = text_of(reports, "closed last year", "attendance")
    assert "Not returned by this school for this year: pupils with an EHC plan (persistent absence" in closed
    assert "Not collected for 2025/26: Persistent absence, Severe absence" in closed


def test_a_special_school_is_not_set_beside_mainstream_pupils(reports):
    text = text_of(reports, "special school", "attendance", "schools")
    assert "Nobody to compare with: pupils with an EHC plan (persistent absence" in text


def test_the_authority_counts_all_that_are_there(reports):
    assert "No interventions for 2025/26: not collected" in text_of(reports, "authority", "interventions")
    assert re.search(r"\d,\d{3} pupils counted", text_of(reports, "authority", "attendance"))
