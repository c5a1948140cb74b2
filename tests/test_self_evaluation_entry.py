"""The self-evaluation comes in: by the form, by survey export; and what is filled in wrongly is said."""

import shutil
import subprocess
from datetime import date

import polars as pl
import pytest
from conftest import absent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from sendlab.codes import read_codes
from sendlab.errors import DataProblem
from sendlab.forms import write_declared_form, write_self_evaluation_form
from sendlab.schema.tables import TABLES
from sendlab.sources import sef_survey
from sendlab.sources.extract import read_from_files, table_of
from sendlab.sources.folder import read_files
from sendlab.sources.sef_form import form_of
from sendlab.sources.sef_layout import ANCHORS, EVIDENCE, RATINGS, START

ALDER, MARCH = "9992001", date(2026, 3, 13)
CODES = [line.code for line in read_codes("sef_statement")]


def ratings(**marks):
    """{statement: (now, target, months)} as rows of a form."""
    rows = [(code, *(*mark, None, None)[:3]) for code, mark in marks.items()]
    names = ("rating_now", "rating_target", "target_months")
    return pl.DataFrame(rows, schema={"statement": pl.String, **dict.fromkeys(names, pl.Int64)}, orient="row")


def form(path, **options):
    known = {"school_id": ALDER, "school_name": "Alder", "round_on": MARCH}
    return write_self_evaluation_form(path / "form.xlsx", **(known | options))


def filled_in(path, cells):
    """The form with cells written by another program, as a person would: {sheet: {cell: value}}."""
    book = load_workbook(path)
    for sheet, values in cells.items():
        for cell, value in values.items():
            book[sheet][cell] = value
    book.save(path)
    return path


def cell_of(path, statement, column):
    """The address of a statement's box."""
    return next(
        f"{column}{row[0].row}" for row in load_workbook(path)[RATINGS].iter_rows() if row[0].value == statement
    )


def problems_of(raw):
    return raw.all_problems.select("sheet", "row", "column", "rule", "severity").rows()


# ---- the form


def test_a_form_filled_by_hand_is_read_without_a_change_of_hand(tmp_path):
    path = form(tmp_path)
    boxes = {cell_of(path, "O1", "C"): 3, cell_of(path, "O1", "D"): 8, cell_of(path, "O1", "E"): 12,
             cell_of(path, "M5", "C"): 0}  # fmt: skip
    proof = {"A4": "O1", "B4": date(2026, 3, 20), "C4": "data", "D4": "yes", "A5": "O1", "A6": "O1"}
    raw = read_files([filled_in(path, {RATINGS: boxes, EVIDENCE: proof})])
    rows = raw.table("self_evaluation")
    assert rows["statement"].to_list() == CODES and raw.all_problems.is_empty() and not raw.unread
    told = rows.filter(pl.col("rating_now").is_not_null()).drop("school_id", "time_period", "rated_on")
    assert told.rows() == [
        ("O1", 3, 8, 12, "setting", "agreed", None),
        ("M5", 0, None, None, "setting", "agreed", None),
    ]
    assert rows.select("school_id", "time_period", "rated_on").unique().rows() == [(ALDER, "202526", MARCH)]
    pieces = raw.table("evidence").drop("note").rows()
    assert pieces == [(ALDER, "O1", date(2026, 3, 20), 1, "data", True), (ALDER, "O1", MARCH, 1, None, None),
                      (ALDER, "O1", MARCH, 2, None, None)]  # fmt: skip
    assert [(r.table, r.read, r.loaded) for r in raw.records] == [("self_evaluation", 45, 45), ("evidence", 3, 3)]


marks = st.one_of(st.none(), st.integers(0, 10))
answers = st.dictionaries(
    st.sampled_from(CODES), st.tuples(marks, marks, st.sampled_from([None, 6, 12])), min_size=1, max_size=12
)


@given(answers)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_into_a_form_comes_back(tmp_path, given_marks):
    raw = read_files([form(tmp_path, ratings=ratings(**given_marks), rater="SENCo", rater_number=2, unit="department")])
    columns = ("statement", "rating_now", "rating_target", "target_months", "unit", "rater", "rater_number")
    found = {row[0]: row[1:] for row in raw.table("self_evaluation").select(columns).rows()}
    if all(now is None and target is None for now, target, _ in given_marks.values()):
        assert found == {} and problems_of(raw) == [(RATINGS, None, "", "nothing_rated", "warning")]
    else:
        assert {code: found[code][:3] for code in given_marks} == given_marks
        assert set(found) == set(CODES) and {row[3:] for row in found.values()} == {("department", "SENCo", 2)}


def test_a_blank_form_put_back_loads_nothing_and_says_so(tmp_path):
    raw = read_files([form(tmp_path)])
    assert raw.table("self_evaluation").is_empty()
    assert problems_of(raw) == [(RATINGS, None, "", "nothing_rated", "warning")]


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [("C", 11, "max"), ("C", -1, "min"), ("D", 7.5, "integer_unreadable"), ("C", "high", "integer_unreadable"),
     ("E", 9, "not_allowed")],
)  # fmt: skip
def test_a_box_that_holds_what_it_may_not_costs_its_statement_and_is_told_with_row_and_remedy(
    tmp_path, column, value, rule
):
    path = form(tmp_path, ratings=ratings(O1=(4, 6, 6), O2=(5, 6, 6)))
    cell = cell_of(path, "O1", column)
    raw = read_files([filled_in(path, {RATINGS: {cell: value}})])
    (row,) = raw.all_problems.to_dicts()
    assert (row["sheet"], row["row"], row["rule"], row["severity"]) == (RATINGS, int(cell[1:]), rule, "error")
    assert row["remedy"] and str(value) not in row["message"]
    kept = raw.table("self_evaluation")
    assert "O1" not in kept["statement"] and kept.filter(statement="O2")["rating_now"].item() == 5


def test_a_rating_without_its_code_is_told_and_not_guessed(tmp_path):
    path = form(tmp_path, ratings=ratings(O1=(4,), O2=(5,)))
    cell = cell_of(path, "O1", "A")
    raw = read_files([filled_in(path, {RATINGS: {cell: "the first one"}})])
    assert problems_of(raw) == [(RATINGS, int(cell[1:]), "statement", "nullability", "error")]
    assert raw.table("self_evaluation").filter(pl.col("rating_now").is_not_null())["statement"].to_list() == ["O2"]


def test_rows_put_between_and_columns_moved_do_not_matter(tmp_path):
    path = form(tmp_path, ratings=ratings(O1=(4, 6, 12)))
    book = load_workbook(path)
    book[START].insert_rows(3, 2)
    book[RATINGS].insert_rows(2, 3)
    book.save(path)
    row = read_files([path]).table("self_evaluation").row(0, named=True)
    assert (row["statement"], row["rating_now"], row["rating_target"], row["rated_on"]) == ("O1", 4, 6, MARCH)


@pytest.mark.parametrize(
    ("cells", "words"),
    [({"B4": None}, "the box 'School"), ({"B5": None}, "the box 'Date of this round' is blank"),
     ({"B5": "soon"}, "cell B5"), ({"B7": "Mrs Example"}, "cell B7 .* headteacher, SENCo"),
     ({"B6": "everything"}, "cell B6"), ({"B4": "Alder Primary School"}, "cell B4")],
)  # fmt: skip
def test_a_first_sheet_that_does_not_say_whose_form_it_is_refuses_the_file(tmp_path, cells, words):
    raw = read_files([filled_in(form(tmp_path, ratings=ratings(O1=(4,))), {START: cells})])
    (problem,) = raw.unread
    assert isinstance(problem, DataProblem) and raw.table("self_evaluation").is_empty()
    with pytest.raises(DataProblem, match=words):
        raise problem
    assert "Mrs Example" not in str(problem) and "Primary" not in str(problem) and problem.next_step


def test_a_form_that_lost_its_headings_is_refused_with_their_names(tmp_path):
    path = form(tmp_path, ratings=ratings(O1=(4,)))
    raw = read_files([filled_in(path, {RATINGS: {"C3": "Us"}})])
    assert "no row with the headings Code, Now, Target, Months" in str(raw.unread[0])


def test_evidence_for_what_is_not_rated_is_asked_about(tmp_path):
    path = filled_in(form(tmp_path, ratings=ratings(O1=(4,))), {EVIDENCE: {"A4": "O1", "A5": "O2"}})
    raw = read_files([path])
    assert problems_of(raw) == [(EVIDENCE, 5, "statement", "evidence_before_rating", "query")]
    assert raw.table("evidence").height == 2


def test_evidence_of_two_raters_of_one_day_stays_two(tmp_path):
    paths = []
    for number in (1, 2):
        made = form(tmp_path, ratings=ratings(O1=(4,)), rater="teacher", rater_number=number)
        paths.append(filled_in(made, {EVIDENCE: {"A4": "O1"}}).rename(tmp_path / f"{number}.xlsx"))
    pieces = read_files(paths).table("evidence")
    assert pieces.height == pieces.select(TABLES["evidence"].key).n_unique() == 2


def test_the_form_tells_what_each_rating_stands_for_and_how_to_go_about_it(tmp_path):
    book = load_workbook(form(tmp_path))
    told = [str(cell.value) for row in book[START].iter_rows() for cell in row if cell.value is not None]
    assert [rating for rating, _ in ANCHORS] == ["0", "1", "3", "5", "7", "8 to 10"]
    assert all(words in told for anchor in ANCHORS for words in anchor)
    assert book.sheetnames.index(RATINGS) < book.sheetnames.index(EVIDENCE)
    seen = [row[0].value for row in book[RATINGS].iter_rows() if row[0].value in CODES]
    assert seen == CODES
    rules = {str(r.sqref): (r.type, r.formula1, r.formula2) for r in book[RATINGS].data_validations.dataValidation}
    last = max(row[0].row for row in book[RATINGS].iter_rows() if row[0].value)
    assert rules[f"C4:C{last}"] == rules[f"D4:D{last}"] == ("whole", "0", "10")
    assert rules[f"E4:E{last}"] == ("list", '"6,12"', None)
    assert book[RATINGS].protection.sheet and not book[RATINGS].cell(5, 3).protection.locked


def test_libreoffice_opens_the_form_and_works_out_the_step(tmp_path):
    if shutil.which("soffice") is None:
        absent("LibreOffice")
    path = form(tmp_path, ratings=ratings(O1=(3, 8, 6), O2=(0, 5), O3=(4,)))
    subprocess.run(["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to",
                    "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "out"), str(path)],
                   check=True, capture_output=True, timeout=120)  # fmt: skip
    again = tmp_path / "out" / "form.xlsx"
    book = load_workbook(again, data_only=True)
    steps = {row[0].value: row[5].value for row in book[RATINGS].iter_rows() if row[0].value in ("O1", "O2", "O3")}
    assert steps["O1"] == 5 and not steps["O2"] and not steps["O3"]
    assert form_of(again) == "self-evaluation form"
    assert read_files([again]).table("self_evaluation").equals(read_files([path]).table("self_evaluation"))


# ---- forms of other tables


@pytest.mark.parametrize("table", [name for name, one in read_from_files().items() if not one.streamed])
def test_a_form_of_any_declared_table_is_recognised_as_that_table(tmp_path, table):
    sheet = load_workbook(write_declared_form(tmp_path / "f.xlsx", table, school_id=ALDER)).active
    headings = [cell.value for cell in sheet[1]]
    assert headings == list(TABLES[table].polars_schema)
    assert table_of(headings) == table
    assert all(cell.comment for cell in sheet[1])


def test_a_filled_form_of_a_declared_table_is_read(tmp_path):
    path = write_declared_form(tmp_path / "meetings.xlsx", "local_offer")
    names = list(TABLES["local_offer"].polars_schema)
    required = TABLES["local_offer"].required
    values = {"text": ALDER, "date": MARCH, "flag": "yes", "integer": 1, "number": 1, "period": "2025/26"}
    book = load_workbook(path)
    for place, name in enumerate(names, 1):
        column = TABLES["local_offer"].column(name)
        if name in required:
            book.active.cell(2, place).value = column.allowed[0] if column.allowed else values[column.kind]
    book.save(path)
    raw = read_files([path])
    assert raw.table("local_offer").height == 1 and not raw.unread


# ---- survey exports


def export(path, name, columns, *rows):
    """A CSV as survey tools write it."""
    lines = [",".join(f'"{cell}"' for cell in line) for line in (columns, *rows)]
    (path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path / name


NOW = [f"O{n}. Statement" for n in range(1, 6)]
TARGET = [f"O{n} - in 12 months" for n in range(1, 6)]


def test_a_survey_export_is_read_a_row_a_respondent(tmp_path):
    """Two respondents of Alder on two days, one round on the last; a name and an address are not read."""
    columns = ["UserNo", "Name", "Email", "Submitted", "LAESTAB", "Your role", "What are you rating", *NOW, *TARGET]
    raw = read_files([export(
        tmp_path, "export.csv", columns,
        ["7", "A Person", "a@b.example", "12/03/2026 10:15", ALDER, "SENDCo", "Whole school", "3", "0", "", "5", "7",
         "8", "", "", "6", ""],
        ["9", "B Person", "b@b.example", "13/03/2026 09:00", ALDER, "Class teacher", "My practice",
         "4 - Some evidence", "10", "1", "", "", "", "", "", "", ""],
    )])  # fmt: skip
    rows = raw.table("self_evaluation")
    assert rows.select("rated_on", "school_id", "time_period").unique().rows() == [(MARCH, ALDER, "202526")]
    told = rows.select("statement", "rating_now", "rating_target", "target_months", "unit", "rater", "rater_number")
    assert sorted(told.rows()) == [
        ("O1", 3, 8, 12, "setting", "SENCo", 7), ("O1", 4, None, None, "own practice", "teacher", 9),
        ("O2", 0, None, None, "setting", "SENCo", 7), ("O2", 10, None, None, "own practice", "teacher", 9),
        ("O3", 1, None, None, "own practice", "teacher", 9), ("O4", 5, 6, 12, "setting", "SENCo", 7),
        ("O5", 7, None, None, "setting", "SENCo", 7),
    ]  # fmt: skip
    assert [(r.format, r.table, r.read, r.loaded) for r in raw.records] == [
        (sef_survey.FORMAT, "self_evaluation", 2, 2)
    ]
    assert [(row[3], row[4]) for row in problems_of(raw)] == [("columns_not_read", "query")]


@pytest.mark.parametrize(
    ("header", "code", "target"),
    [("O1", "O1", False), ("o1 now", "O1", False), ("[M5] Externally validated data", "M5", False),
     ("Q12. L4: A trained governor", "L4", False), ("Leadership 4 | Target", "L4", True),
     ("Monitoring, tracking and evaluation 5", "M5", False), ("T7 where you want to be in 6 months", "T7", True),
     ("A trained SEND governor holds the school to account", "L4", False),
     ("O8", None, False), ("Name", None, False), ("Page 1", None, False), ("P.E. hours", None, False)],
)  # fmt: skip
def test_headers_are_known_by_code_by_section_and_number_or_by_their_words(header, code, target):
    found = sef_survey.asked_in(header)
    assert (found is None) if code is None else (found.statement, found.target) == (code, target)


def test_every_statement_is_found_by_its_code_and_by_its_words():
    for line in read_codes("sef_statement"):
        assert {
            sef_survey.asked_in(text).statement for text in (line.code, line.label, f"{line.code} {line.label}")
        } == {line.code}


def test_an_answer_that_is_no_rating_is_told_and_costs_that_answer_alone(tmp_path):
    raw = read_files([export(tmp_path, "survey 2026-03-13.csv", ["URN", *NOW],
                             ["100001", "11", "8-10 case studies", "well", "4.0", "5"])])  # fmt: skip
    rows = raw.table("self_evaluation")
    assert rows.select("statement", "rating_now", "rater", "rated_on").rows() == [
        ("O4", 4, "other", MARCH), ("O5", 5, "other", MARCH)
    ]  # fmt: skip
    assert [row[1:] for row in problems_of(raw) if row[3] == "rating_unreadable"] == [
        (2, name, "rating_unreadable", "warning") for name in NOW[:3]
    ]


def test_a_role_that_is_not_known_counts_as_other_and_is_asked_about(tmp_path):
    raw = read_files([export(tmp_path, "survey 2026-03-13.csv", ["URN", "Role", *NOW],
                             ["100001", "Mr Example", "1", "2", "3", "4", "5"])])  # fmt: skip
    assert set(raw.table("self_evaluation")["rater"]) == {"other"}
    assert (("", 2, "rater", "role_unknown", "query")) in problems_of(raw)
    assert "Example" not in str(raw.all_problems.to_dicts())


def test_a_survey_without_school_or_day_is_refused_with_both_and_a_setting_may_give_the_school(tmp_path):
    path = export(tmp_path, "survey.csv", NOW, ["1", "2", "3", "4", "5"])
    (problem,) = read_files([path]).unread
    assert len(problem.problems) == 2 and "survey 2026-03-13.csv" in problem.next_step
    named = path.rename(tmp_path / "survey 2026-03-13.csv")
    given = {named.name: {"school_id": ALDER}}
    assert read_files([named], given=given).table("self_evaluation").height == 5


def test_the_same_survey_exported_again_with_a_latecomer_names_respondents_alike(tmp_path):
    columns = ["Respondent ID", "LAESTAB", "Date", *NOW]
    first, late = ["31", ALDER, "13/03/2026", *"12345"], ["32", ALDER, "13/03/2026", *"54321"]
    once = read_files([export(tmp_path, "a.csv", columns, first)]).table("self_evaluation")
    twice = read_files([export(tmp_path, "b.csv", columns, late, first)]).table("self_evaluation")
    key = TABLES["self_evaluation"].key
    assert twice.join(once, on=key, how="semi", nulls_equal=True).height == once.height == 5
    assert twice.filter(~pl.struct(key).is_duplicated()).height == 10


def test_a_survey_workbook_with_answers_below_each_question_is_read(tmp_path):
    """Question over 'Now' and 'Target', as tools that export matrices do."""
    book = Workbook()
    asked = [f"O{n}. Statement" for n in range(1, 7)]
    book.active.append(["UserNo", "LAESTAB", "Date", "Role", *(cell for text in asked for cell in (text, None))])
    book.active.append([None] * 4 + ["Now", "Target"] * 6)
    for number in (1, 2, 3):
        book.active.append([number, int(ALDER), "13/03/2026", "SENCo", *[number, number + 2] * 6])
    book.save(tmp_path / "export.xlsx")
    rows = read_files([tmp_path / "export.xlsx"]).table("self_evaluation")
    assert rows.height == 18 and set(rows["school_id"]) == {ALDER}
    assert (rows["rating_target"] - rows["rating_now"]).unique().to_list() == [2]
    assert rows.filter(statement="O6")["rating_now"].to_list() == [1, 2, 3]
