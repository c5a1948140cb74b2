"""Session registers: what is recognised, which rules find what, and a store that does not depend on how files lie."""

import csv
import gzip
import tempfile
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlab.codes import read_codes, valid_on
from sendlab.errors import DataProblem, WorkspaceProblem
from sendlab.pseudonyms import CHECK_LETTERS, pseudonym
from sendlab.schema.tables import TABLES
from sendlab.sessions import load_sessions, scan_sessions
from sendlab.sessions.log import SHOWN
from sendlab.sources.convert import convert
from sendlab.sources.open import open_tables, peek
from sendlab.sources.register_pieces import pieces
from sendlab.sources.registers import RegisterFile, shape_of
from sendlab.sources.session_rules import CODES, EATEN, spelt
from sendlab.sources.text import LINE

KEY = bytes(range(32))
HEADER = ["UPN", "LAESTAB", "Date", "Session", "Mark"]
DECLARED = list(TABLES["sessions"].polars_schema)
BLOCKS = 0  # files of more bytes than this are read in blocks


def upn(number: int) -> str:
    """A valid UPN of authority 999, which does not exist."""
    text = f"999{2000:04d}24{number:03d}"
    return CHECK_LETTERS[sum(w * int(d) for w, d in enumerate(text, start=2)) % len(CHECK_LETTERS)] + text


def write(path: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows([header, *rows])
    return path


def register(path: Path, **given_for_file: str) -> RegisterFile:
    shape = shape_of(peek(path)[0].header)
    assert shape is not None
    return RegisterFile(path, shape, "", given_for_file)


def load(folder: Path, *files: RegisterFile, **how):
    return load_sessions(files, folder, key=KEY, schools={}, **how)


def stored(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "sessions").iterdir()}


def rules(problems: pl.DataFrame) -> set[tuple[int | None, str, str]]:
    return set(problems.select("row", "column", "rule").rows())


# Rows of one pupil, school, date and session always carry the same mark, so that no order of rows is the right one.
PLACES = ("9992001", "9992002", "999/2003")
DAYS = [(date(2024, 12, 16) + timedelta(n)).strftime("%d/%m/%Y") for n in range(24)]
MARKS = ["/", "\\", "i", "L", "C1", "-", "", "#", "Present", "zz", "H", "45000", "\\\\"]


def row_of(pupil: int, place: int, day: int, half: int) -> list[str]:
    mark = MARKS[(7 * pupil + 5 * place + 3 * day + half) % len(MARKS)]
    return [upn(pupil), PLACES[place], DAYS[day], ("AM", "2")[half], mark]


SOUND = st.builds(row_of, st.integers(0, 5), st.integers(0, 2), st.integers(0, 23), st.integers(0, 1))
DIRTY = st.tuples(
    st.sampled_from(["", upn(1), "A999", " a99920002400 1", upn(2).lower()]),
    st.sampled_from(["", "9992001", f"class of {upn(3)}", "9992001.0"]),
    st.sampled_from(
        ["16/10/2024", "2024-10-19", "16-Oct-2024", "31/02/2024", "", "soon", "1900-01-01", "45581", "n/a"]
    ),
    st.sampled_from(["AM", "pm", "1", "2.0", "", "noon", f"{upn(4)}", "Afternoon"]),
    st.sampled_from(["/", " i", "\\\\", "", "*", "Illness", "Present", "??", "H", "Q", "left on 01/02/2024", "O - x"]),
).map(list)
ROWS = st.lists(SOUND | DIRTY, max_size=25)


@given(st.lists(DIRTY, min_size=1, max_size=25))
@settings(max_examples=25, deadline=None)
def test_expressions_find_what_the_declared_rules_find(rows):
    """The rules of a register as expressions, and those that dataframely judges, agree to the word."""
    with tempfile.TemporaryDirectory() as name:
        file = register(write(Path(name) / "r.csv", rows))
        found = load(Path(name) / "store", file).problems
        text = pl.concat([piece.rows for piece in pieces(file)]).select(LINE, *DECLARED)
    declared = convert(spelt(text), TABLES["sessions"], file="r.csv").problems
    # a register's row without UPN links to nothing at all: refused here, flagged where rows are kept by pupil
    declared = declared.with_columns(
        *(pl.when(pl.col("rule") == "upn_blank").then(pl.lit(value)).otherwise(column).alias(column)
          for column, value in (("severity", "error"), ("message", "pupil_id is blank"),
                                ("remedy", f"fill it in: {TABLES['sessions'].column('pupil_id').meaning}"))),
        pl.col("rule").replace("upn_blank", "nullability"),
    )  # fmt: skip
    shared = found.filter(~pl.col("rule").is_in(["weekend", "code_not_valid", "mark_eaten", "rows_contradict"]))
    order = ["row", "column", "rule"]
    assert shared.sort(order).equals(declared.sort(order))


@given(ROWS)
@settings(max_examples=15, deadline=None)
def test_every_row_is_loaded_or_quarantined_whichever_way_it_is_read(rows):
    with tempfile.TemporaryDirectory() as name:
        file = register(write(Path(name) / "r.csv", rows or [row_of(0, 0, 0, 0)]))
        whole, blocks = load(Path(name) / "whole", file), load(Path(name) / "blocks", file, held=BLOCKS)
        assert stored(Path(name) / "whole") == stored(Path(name) / "blocks")
        kept = scan_sessions(Path(name) / "whole").collect().height
    assert whole.problems.equals(blocks.problems)
    (record,) = whole.records
    filled = [row for row in rows or [[""]] if any(cell.strip() for cell in row)]
    assert record.read == record.loaded + record.quarantined == (len(filled) if rows else 1)
    assert kept == record.loaded - whole.merged
    bad = whole.problems.filter(pl.col("severity") == "error")
    assert bad["row"].n_unique() == record.quarantined


@given(st.lists(SOUND, min_size=2, max_size=40), st.randoms(use_true_random=False), st.integers(1, 39))
@settings(max_examples=15, deadline=None)
def test_the_store_depends_neither_on_the_order_of_rows_nor_on_the_files_they_are_in(rows, random, cut):
    shuffled = random.sample(rows, len(rows))
    cut = min(cut, len(rows) - 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = load(folder / "1", register(write(folder / "one.csv", rows)))
        other = load(folder / "2", register(write(folder / "other.csv", shuffled)))
        parts = [register(write(folder / f"{n}.csv", part)) for n, part in enumerate((rows[:cut], rows[cut:]))]
        split = load(folder / "3", *parts)
        assert stored(folder / "1") == stored(folder / "2") == stored(folder / "3")
    assert one.merged == other.merged == split.merged
    assert one.codes_frame.equals(other.codes_frame) and one.codes_frame.equals(split.codes_frame)


def test_one_register_in_every_format_is_one_store(tmp_path):
    rows = [row_of(p, s, d, h) for p in range(3) for s in range(2) for d in range(5) for h in range(2)]
    path = write(tmp_path / "r.csv", rows)
    frame = pl.read_csv(path, infer_schema=False)
    frame.with_columns(pl.col("Date").str.to_date("%d/%m/%Y")).write_parquet(tmp_path / "r.parquet")
    frame.write_excel(tmp_path / "r.xlsx")
    (tmp_path / "r.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    (tmp_path / "semicolons.csv").write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-16")
    made = {}
    for name in ("r.csv", "r.parquet", "r.xlsx", "r.csv.gz", "semicolons.csv"):
        load(tmp_path / name.replace(".", "-"), register(tmp_path / name))
        made[name] = stored(tmp_path / name.replace(".", "-"))
    load(tmp_path / "gz", register(tmp_path / "r.csv.gz"), held=BLOCKS)
    assert all(files == made["r.csv"] for files in (*made.values(), stored(tmp_path / "gz")))


def test_a_wide_register_is_read_like_a_long_one(tmp_path):
    wide = write(
        tmp_path / "wide.csv",
        [[upn(1), "7B", "/\\", "LC1", "i", "\\"], [upn(2), "7B", "", "I -", "", "/"]],
        ["UPN", "Reg group", "16/10/2024", "Thu 17/10/2024", "18/10/2024 AM", "PM 18/10/2024"],
    )
    days = ["16/10/2024", "17/10/2024", "18/10/2024"]
    marks = {1: ["/", "\\", "L", "C1", "I", "\\"], 2: ["", "", "I", "-", "", "/"]}
    long = [
        [upn(p), "9992001", days[n // 2], "AP"[n % 2] + "M", m] for p, row in marks.items() for n, m in enumerate(row)
    ]
    by_day = [[upn(p), "9992001", days[n], *row[2 * n : 2 * n + 2]] for p, row in marks.items() for n in range(3)]
    files = {
        "wide": register(wide, school_id="9992001"), "long": register(write(tmp_path / "long.csv", long)),
        "by day": register(write(tmp_path / "day.csv", by_day, ["UPN", "LAESTAB", "Date", "AM", "PM"])),
    }  # fmt: skip
    for name, file in files.items():
        done = load(tmp_path / name, file)
        assert (done.records[0].read, done.records[0].loaded) == (12, 12)
        assert done.problems.is_empty()
    assert stored(tmp_path / "wide") == stored(tmp_path / "long") == stored(tmp_path / "by day")


MONDAY, TUESDAY = date(2024, 10, 7), date(2024, 10, 8)
HALVES = ["AM", "PM", "AM", "PM"]
MERGED = {
    "dates beside names": [["Register"], ["UPN", "LAESTAB", "Name", MONDAY, None, TUESDAY, None],
                           [None, None, None, *HALVES]],
    "dates above names": [[None, None, None, MONDAY, None, TUESDAY, None], ["UPN", "LAESTAB", "Name", *HALVES]],
    "dates in each cell": [[None, None, None, MONDAY, MONDAY, TUESDAY, TUESDAY], ["UPN", "LAESTAB", "Name", *HALVES]],
    "weekdays above": [[None, None, None, "Mon", None, "Tue", None], [None, None, None, MONDAY, None, TUESDAY, None],
                       ["UPN", "LAESTAB", "Name", *HALVES]],
    "words, dates as text": [["UPN", "LAESTAB", "Name", "07/10/2024", None, "08/10/2024", None],
                             [None, None, None, *["Morning", "Afternoon"] * 2]],
}  # fmt: skip


def workbook(path: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("case", MERGED)
def test_a_date_merged_over_morning_and_afternoon_gives_both(tmp_path, case):
    marks = {1: ["/", "\\", "I", "I"], 2: [None, "C2", "/", None]}
    rows = [*MERGED[case], *([upn(n), "9992001", "Quill", *cells] for n, cells in marks.items())]
    done = load(tmp_path, register(workbook(tmp_path / "w.xlsx", rows)))
    assert (done.records[0].read, done.records[0].loaded) == (8, 8) and done.problems.is_empty()
    kept = scan_sessions(tmp_path).collect()
    for number, cells in marks.items():
        own = kept.filter(pupil_id=pseudonym(upn(number), KEY)).sort("session_date", "session")
        assert own["attendance_code"].to_list() == cells
        assert own.select("session_date", "session").rows() == [(d, s) for d in (MONDAY, TUESDAY) for s in ("AM", "PM")]


def test_a_column_of_marks_without_a_name_is_refused_and_one_of_numbers_is_not(tmp_path):
    header = ["UPN", "LAESTAB", "07/10/2024", "", "08/10/2024", ""]
    rows = [[upn(1), "9992001", "/", "\\", "I", "I"], [upn(2), "9992001", "C2", "", "/", "\\"]]
    marks = write(tmp_path / "marks.csv", rows, header)
    totals = write(tmp_path / "totals.csv", [[upn(1), "9992001", "/\\", "", "II", "4"]], header)
    book = workbook(tmp_path / "w.xlsx", [[name or None for name in header], *rows])
    for how in ({}, {"held": BLOCKS}):
        done = load(tmp_path / str(len(how)), register(marks), register(book), register(totals), **how)
        assert [problem.source for problem in done.unread] == ["marks.csv", "w.xlsx"]
        assert all("column(s) 4, 6 hold marks" in str(problem) for problem in done.unread)
        assert [(record.file, record.loaded) for record in done.records] == [("totals.csv", 4)]


def test_a_session_that_stands_twice_is_refused(tmp_path):
    header = ["UPN", "LAESTAB", "07/10/2024 AM", "07/10/2024 PM", "07/10/2024 PM"]
    done = load(tmp_path, register(workbook(tmp_path / "w.xlsx", [header, [upn(1), "9992001", "/", "\\", "I"]])))
    assert "'07/10/2024 PM (2)' hold marks" in str(done.unread[0]) and done.records == []


def test_cells_of_a_wide_register_that_cannot_be_taken_apart_are_quarantined_by_date(tmp_path):
    rows = [[upn(1), "C1", "45000", "/\\"], [upn(2), "IIZZ", "04-Jan", "I"], ["", "/\\", "/\\", "/\\"]]
    path = write(tmp_path / "w.csv", rows, ["UPN", "16/10/2024", "17/10/2024", "18/10/2024"])
    done = load(tmp_path, register(path, school_id="9992001"))
    (record,) = done.records
    assert (record.read, record.loaded, record.quarantined) == (18, 2, 16)
    assert rules(done.problems) == {
        (2, "2024-10-16", "mark_unreadable"), (2, "2024-10-17", "mark_eaten"), (3, "2024-10-16", "mark_unreadable"),
        (3, "2024-10-17", "mark_eaten"), (3, "2024-10-18", "mark_unreadable"), (4, "pupil_id", "nullability"),
    }  # fmt: skip
    assert done.problems["count"].sum() == record.quarantined


def test_marks_that_a_spreadsheet_has_eaten_have_a_rule_of_their_own(tmp_path):
    eaten = ["45581", "45581.0", "01/02/2024", "04-Jan", "2024-01-04", "Jan-24"]
    rows = [[upn(1), "9992001", DAYS[n], "AM", mark] for n, mark in enumerate([*eaten, "/", "I", "12"])]
    done = load(tmp_path, register(write(tmp_path / "r.csv", rows)))
    assert done.records[0].quarantined == len(eaten)
    assert done.problems.filter(rule="mark_eaten")["row"].to_list() == list(range(2, 2 + len(eaten)))
    assert not any(EATEN.fullmatch(code) for code in CODES)


def test_a_code_is_held_against_the_date_of_its_session(tmp_path):
    bounds = {day for line in read_codes("attendance_code") for day in (line.valid_from, line.valid_to) if day}
    days = sorted({day + timedelta(step) for day in bounds for step in (-1, 0, 1)})
    rows = [[upn(1), "9992001", day.isoformat(), "AM", code] for code in CODES for day in days]
    # one school and pupil a code: the key of a session holds one mark
    rows = [[upn(CODES.index(row[4])), *row[1:]] for row in rows]
    done = load(tmp_path, register(write(tmp_path / "r.csv", rows)))
    expected = [
        line
        for line, row in enumerate(rows, 2)
        if row[4] not in valid_on("attendance_code", date.fromisoformat(row[2]))
    ]
    assert done.problems.filter(rule="code_not_valid")["row"].to_list() == expected
    assert done.records[0].quarantined == 0
    assert scan_sessions(tmp_path).collect()["attendance_code"].null_count() == 0


def test_repeats_are_merged_and_contradictions_said(tmp_path):
    session = [upn(1), "9992001", "16/10/2024"]
    rows = [[*session, "AM", mark] for mark in ("", "I", "I", "O")] + [[*session, "PM", mark] for mark in ("/", "-")]
    done = load(tmp_path, register(write(tmp_path / "r.csv", rows)))
    assert scan_sessions(tmp_path).collect()["attendance_code"].to_list() == ["I", "/"]
    assert (done.records[0].loaded, done.merged) == (6, 4)
    (said,) = done.problems.filter(rule="rows_contradict").to_dicts()
    assert (said["file"], said["count"], said["severity"]) == ("table sessions", 1, "warning")


def test_problems_are_capped_and_their_totals_exact(tmp_path):
    rows = [[upn(1), "9992001", "no day", "AM", "/"]] * 1_500 + [["only", "four", "fields", "here"]] * 2
    for how in ({}, {"held": BLOCKS}):
        done = load(tmp_path / str(len(how)), register(write(tmp_path / "r.csv", rows)), **how)
        found = done.problems.filter(rule="date_unreadable")
        assert (found.height, found["count"].sum(), found["row"].null_count()) == (SHOWN + 1, 1_500, 1)
        assert done.problems.filter(rule="fields_shifted")["row"].to_list() == [1502, 1503]
        assert done.records[0].quarantined == 1_502


def test_a_file_that_names_no_school_is_refused_alone(tmp_path):
    nowhere = write(tmp_path / "nowhere.csv", [[upn(1), "16/10/2024", "AM", "/"]], ["UPN", "Date", "Session", "Mark"])
    sound = register(write(tmp_path / "sound.csv", [row_of(1, 0, 0, 0)]))
    done = load(tmp_path, register(nowhere), sound)
    assert [record.file for record in done.records] == ["sound.csv"]
    assert "no column names the school" in str(done.unread[0])
    assert load(tmp_path, register(nowhere, school_id="9992004")).unread == []
    assert scan_sessions(tmp_path).collect()["school_id"].to_list() == ["9992004"]


def test_a_file_that_breaks_off_leaves_no_row(tmp_path, monkeypatch):
    monkeypatch.setattr("sendlab.sources.register_pieces.BLOCK", 200)
    rows = [row_of(1, 0, day, 0) for day in range(20)]
    damaged = write(tmp_path / "damaged.csv", rows)
    file, sound = register(damaged), register(write(tmp_path / "sound.csv", [row_of(2, 0, 0, 0)]))
    damaged.write_bytes(damaged.read_bytes()[:-3] + b"\0,,")
    done = load(tmp_path, file, sound, held=BLOCKS)
    assert [type(problem) for problem in done.unread] == [DataProblem]
    assert (done.records[0].file, scan_sessions(tmp_path).collect().height) == ("sound.csv", 1)


def test_blocks_keep_line_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr("sendlab.sources.register_pieces.BLOCK", 100)
    rows = [row_of(1, 0, day, 0) for day in range(20)]
    rows[13] = [upn(1), "9992001", "never", "AM", "/"]
    path = write(tmp_path / "r.csv", rows)
    path.write_text(path.read_text(encoding="utf-8").replace("never", '"never"') + "\n\nx,y\n", encoding="utf-8")
    done = load(tmp_path, register(path), held=BLOCKS)
    assert done.problems.filter(rule="date_unreadable")["row"].to_list() == [15]
    assert done.problems.filter(rule="fields_shifted")["row"].to_list() == [24]
    assert done.records[0].read == 21


def test_a_school_is_in_one_file_and_can_be_read_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("sendlab.sessions.buckets.BUCKET_ROWS", 10)
    rows = [[upn(n % 7), f"999{2000 + n % 9}", DAYS[n % 24], ("AM", "PM")[n % 2], "/"] for n in range(120)]
    done = load(tmp_path, register(write(tmp_path / "r.csv", rows)))
    assert len(stored(tmp_path)) == 16
    everything = scan_sessions(tmp_path).collect()
    assert everything.height == 120 - done.merged
    assert done.schools == sorted({row[1] for row in rows}) == sorted(everything["school_id"].unique())
    for school in done.schools:
        alone = scan_sessions(tmp_path, school).collect()
        assert alone.equals(alone.sort("pupil_id", "session_date", "session"))
        assert alone.equals(everything.filter(school_id=school))
    load(tmp_path, register(write(tmp_path / "r.csv", rows[:1])))
    assert list(stored(tmp_path)) == ["bucket-000.parquet"]


def test_nothing_of_a_pupil_is_kept_but_the_pseudonym(tmp_path):
    rows = [row_of(n, 0, n, 0) for n in range(5)] + [[upn(9), f"{upn(8)}", "16/10/2024", upn(7), upn(6)]]
    asked = []
    done = load(tmp_path, register(write(tmp_path / "r.csv", rows)), admit=lambda upns, ids: asked.extend(upns))
    assert asked == [upn(n) for n in range(5)] + [upn(9)]
    files = b"".join(stored(tmp_path).values())
    told = done.problems.write_csv() + "".join(map(str, done.records))
    assert not any(upn(n).encode() in files or upn(n) in told for n in range(10))
    assert set(scan_sessions(tmp_path).collect()["pupil_id"]) <= {pseudonym(upn(n), KEY) for n in range(5)}


def test_pupils_who_were_forgotten_stay_out(tmp_path):
    file = register(write(tmp_path / "r.csv", [[upn(n), "9992001", "16/10/2024", "AM", "/"] for n in range(4)]))
    load(tmp_path, file, leave_out=[pseudonym(upn(2), KEY)])
    kept = scan_sessions(tmp_path).collect()["pupil_id"]
    assert set(kept) == {pseudonym(upn(n), KEY) for n in (0, 1, 3)}


def test_schools_go_by_the_id_that_they_have_in_the_store(tmp_path):
    rows = [[upn(1), place, DAYS[n], "AM", "/"] for n, place in enumerate(("123456", "123456.0", "999/2007"))]
    path = write(tmp_path / "r.csv", rows)
    load_sessions([register(path)], tmp_path, key=KEY, schools={"123456": "9992007"})
    assert set(scan_sessions(tmp_path).collect()["school_id"]) == {"9992007"}


def test_sessions_are_counted_by_term_and_code(tmp_path):
    days = ["20/12/2024", "06/01/2025", "17/04/2025", "22/04/2025"]
    rows = [[upn(1), "9992001", day, half, mark] for day in days for half, mark in (("AM", "I"), ("PM", "-"))]
    codes = load(tmp_path, register(write(tmp_path / "r.csv", rows))).codes_frame
    assert codes.schema == pl.Schema(TABLES["attendance_codes"].polars_schema)
    assert codes.select("time_period", "term", "attendance_code", "sessions").rows() == [
        ("202425", "Autumn term", "I", 1.0), ("202425", "Spring term", "I", 2.0), ("202425", "Summer term", "I", 1.0),
    ]  # fmt: skip


def test_other_tables_are_no_registers(tmp_path):
    assert shape_of(["UPN", "LAESTAB", "StartDate", "Category", "Sessions"]) is None
    assert shape_of(["UPN", "Academic year", "2023", "2024"]) is None
    assert shape_of(["Date", "Session", "Mark"]) is None
    assert open_tables(write(tmp_path / "r.csv", [row_of(1, 0, 0, 0)]))[0].columns == HEADER


def test_a_store_without_sessions_says_so(tmp_path):
    with pytest.raises(WorkspaceProblem, match="no table 'sessions'"):
        scan_sessions(tmp_path)
    done = load(tmp_path)
    assert (done.records, done.codes_frame.height, scan_sessions(tmp_path).collect().height) == ([], 0, 0)
