"""Self-evaluation in JupyterLab without a browser: rate all, then evidence; every answer is kept."""

from datetime import date

import polars as pl
import pytest
from conftest import make_workspace
from hand_made import table

from sendlab.errors import SendlabError
from sendlab.explore import SelfEvaluation, self_evaluation
from sendlab.explore.rating_page import BLANK, OPEN
from sendlab.ingest import ingest
from sendlab.metrics.sef.ratings import sections
from sendlab.sources.folder import data_files, read_files
from sendlab.store import read_table, write_table
from sendlab.workspace import find_workspace

ALDER, MARCH = "9992001", date(2026, 3, 13)


@pytest.fixture
def workspace(tmp_path):
    folder = make_workspace(tmp_path / "w")
    (folder / "raw").mkdir()
    row = {"school_id": ALDER, "school_urn": "900101", "school_name": "Alder", "la_code": "999"}
    write_table(folder / "store", "schools", table("schools", row))
    return folder


def begun(workspace, **who):
    return SelfEvaluation("900101", MARCH, workspace=workspace, **who)


def rate_all(round_):
    for code in round_.to_do:
        round_.rate(code, 5)


def test_every_answer_is_saved_at_once_where_ingest_reads_it(workspace):
    round_ = begun(workspace, rater="SENCo")
    round_.rate("O1", 3, 8, 12)
    round_.rate("O2", 0)
    round_.leave_blank("L1")
    assert [path.name for path in data_files(workspace / "raw")] == [
        "self-evaluation-9992001-2026-03-13-setting-senco-1.csv"
    ]
    raw = read_files(data_files(workspace / "raw"))
    assert raw.table("self_evaluation").equals(round_.table) and not raw.unread and raw.all_problems.is_empty()
    assert round_.table.select("statement", "rating_now", "rating_target", "target_months", "rater").rows() == [
        ("O1", 3, 8, 12, "SENCo"), ("O2", 0, None, None, "SENCo"), ("L1", None, None, None, "SENCo")
    ]  # fmt: skip


def test_a_round_goes_on_where_it_was_left(workspace):
    first = begun(workspace)
    rate_all(first)
    first.rate("O1", 2, 9, 6)
    first.add_evidence("O1", "data", shared=True, note="tracker,\nspring", recorded_on=MARCH)
    again = begun(workspace)
    assert again.ratings == first.ratings and again.evidence == first.evidence
    assert again.evidence[0]["note"] == "tracker, spring"
    assert begun(workspace, rater="governor").ratings == {}


def test_a_crash_while_saving_leaves_the_answer_before_whole(workspace, monkeypatch):
    round_ = begun(workspace)
    round_.rate("O1", 4)

    def fail(*_):
        raise OSError("the machine stopped")

    monkeypatch.setattr(self_evaluation, "replace_file", fail)
    with pytest.raises(OSError, match="stopped"):
        round_.rate("O2", 7)
    monkeypatch.undo()
    assert begun(workspace).ratings == {"O1": self_evaluation.Rating(4)}
    assert len(data_files(workspace / "raw")) == 1  # what was written aside is no data file


def test_no_evidence_before_all_is_rated(workspace):
    round_ = begun(workspace)
    round_.rate("O1", 4)
    with pytest.raises(SendlabError, match=r"(?s)44 of 45 statements are not rated yet: O2, .* rate them all") as told:
        round_.add_evidence("O1", "data")
    assert "..." in str(told.value) and round_.evidence == []
    for code in round_.to_do[:-1]:
        round_.leave_blank(code)
    with pytest.raises(SendlabError, match="1 of 45 statements are not rated yet: M5"):
        round_.add_evidence("O1", "data")
    round_.rate("M5", 0)
    round_.add_evidence("O1", "data", recorded_on=MARCH)
    round_.add_evidence("O1", "voice", recorded_on=MARCH)
    assert [one["number"] for one in round_.evidence] == [1, 2]
    assert read_files([round_.files[1]]).table("evidence").height == 2


@pytest.mark.parametrize(
    ("call", "words"),
    [(lambda r: r.rate("O1", 11), "O1, now: no rating from 0 to 10"), (lambda r: r.rate("O1", 4, -1), "O1, target"),
     (lambda r: r.rate("O1", 4, 6, 9), "6 or 12 months"), (lambda r: r.rate("O1", 0, 5), "does not apply"),
     (lambda r: r.rate("O8", 4), "no statement has the code"), (lambda r: r.leave_blank("Z"), "no statement")],
)  # fmt: skip
def test_what_is_no_rating_is_refused_and_nothing_is_saved(workspace, call, words):
    round_ = begun(workspace)
    with pytest.raises(SendlabError, match=words):
        call(round_)
    assert round_.ratings == {} and data_files(workspace / "raw") == []


@pytest.mark.parametrize(
    ("who", "words"),
    [({"rater": "Mrs Example"}, "(?s)no rater of that name.*headteacher"), ({"unit": "everything"}, "no unit")],
)
def test_who_rates_is_a_role_and_what_is_a_unit(workspace, who, words):
    with pytest.raises(SendlabError, match=words) as told:
        begun(workspace, **who)
    assert "Example" not in str(told.value)


def test_a_school_that_is_not_here_and_a_day_that_is_none_are_refused(workspace):
    with pytest.raises(SendlabError, match="no school here has the code '1'"):
        SelfEvaluation("1", MARCH, workspace=workspace)
    with pytest.raises(SendlabError, match="no date"):
        SelfEvaluation(ALDER, "soon", workspace=workspace)


def test_a_file_that_was_spoilt_between_two_sittings_is_told(workspace):
    round_ = begun(workspace)
    round_.rate("O1", 4)
    text = round_.files[0].read_text("utf-8")
    round_.files[0].write_text(text.replace(",4,", ",44,"), "utf-8")
    with pytest.raises(SendlabError, match="out of range"):
        begun(workspace)


def test_priorities_are_the_widest_steps(workspace):
    round_ = begun(workspace)
    for code, now, target in (("O1", 5, 7), ("O2", 2, 7), ("L1", 1, 3), ("T1", 8, 8), ("M1", 4, None)):
        round_.rate(code, now, target)
    assert round_.priorities() == [("O2", 5), ("L1", 2), ("O1", 2)]
    assert round_.progress == "5 of 45 statements rated; 40 to go before evidence"


def test_ingest_stores_what_was_rated(workspace):
    round_ = begun(workspace, rater="teacher", rater_number=3, unit="own practice")
    rate_all(round_)
    ingest(find_workspace(workspace))
    stored = read_table(workspace / "store", "self_evaluation")
    assert stored.height == 45 and stored.select("unit", "rater", "rater_number").unique().rows() == [
        ("own practice", "teacher", 3)
    ]


# ---- the controls


def rows_of(page):
    return {row.code: row for rows in page.rows for row in rows}


def test_the_page_shows_one_section_at_a_time_and_every_statement_once(workspace):
    page = begun(workspace).show()
    assert list(rows_of(page)) == list(sections())
    seen = lambda: [n for n, part in enumerate(page.parts) if part.layout.display != "none"]  # noqa: E731
    assert seen() == [0] and page.back.disabled
    page.on.click()
    assert seen() == [1] and page.section.value == 1
    page.section.value = 6
    assert seen() == [6] and page.on.disabled


def test_a_choice_is_saved_and_told(workspace):
    page = begun(workspace).show()
    row = rows_of(page)["O1"]
    assert row.target.disabled and row.months.disabled and "nothing saved yet" in page.status.value
    row.now.value = 3
    assert not row.target.disabled and row.months.disabled
    row.target.value, row.months.value = 8, 12
    assert begun(workspace).ratings == {"O1": self_evaluation.Rating(3, 8, 12)}
    assert "1 of 45 statements rated; 44 to go" in page.status.value and "saved in raw/self-eval" in page.status.value
    row.now.value = 0  # it does not apply: no target, whatever stands there
    assert begun(workspace).ratings == {"O1": self_evaluation.Rating(0)} and row.target.disabled
    row.now.value = BLANK
    assert begun(workspace).ratings == {"O1": self_evaluation.Rating()}


def test_the_page_takes_up_what_was_saved(workspace):
    round_ = begun(workspace)
    round_.rate("O1", 3, 8, 12)
    round_.leave_blank("O2")
    rows = rows_of(begun(workspace).show())
    assert (rows["O1"].now.value, rows["O1"].target.value, rows["O1"].months.value) == (3, 8, 12)
    assert (rows["O2"].now.value, rows["O3"].now.value) == (BLANK, OPEN)


def test_evidence_opens_when_the_last_statement_is_rated(workspace):
    page = begun(workspace).show()
    evidence = page.evidence
    *others, last = rows_of(page).values()
    for row in others:
        row.now.value = 6
    assert evidence.open.layout.display == "none" and "Rate first" in evidence.closed.value
    last.now.value = BLANK
    assert evidence.open.layout.display == "" and evidence.closed.layout.display == "none"
    evidence.statement.value, evidence.kind.value, evidence.note.value = "L4", "voice", "survey <b>"
    evidence.add.click()
    (piece,) = begun(workspace).evidence
    assert (piece["statement"], piece["type"], piece["note"]) == ("L4", "voice", "survey <b>")
    assert "evidence for L4 written down" in page.status.value and "L4: voice" in evidence.list.value


def test_a_saved_notebook_holds_one_plain_line_of_it(workspace):
    round_ = begun(workspace)
    round_.rate("O1", 3)
    page = round_.show()
    assert repr(page).startswith("Self-evaluation, to be rated") and "Alder" not in repr(page)
    assert isinstance(round_.table, pl.DataFrame)
