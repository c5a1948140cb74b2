"""Session rows of a small store, counted by hand: by part of a year, by weekday, and the absence that follows."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from conftest import ROOT
from hand_made import facts
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sendlab import metrics
from sendlab.facts import sessions_by_half_term, sessions_by_weekday
from sendlab.facts.marks import sessions_by_part
from sendlab.from_sessions import attendance_from_codes
from sendlab.metrics.registers import absence_by_weekday, absence_of_registers
from sendlab.schema import TABLES
from sendlab.sessions import load_sessions, scan_sessions
from sendlab.sources.open import peek
from sendlab.sources.registers import RegisterFile, shape_of
from sendlab.sources.session_rules import CODE, SESSION

A, B = "9991001", "9991002"
SAMPLE_SCHOOL = "9997001"
SCHEMA = {"pupil_id": pl.String, "school_id": pl.String, "session_date": pl.Date, "session": SESSION,
          "attendance_code": CODE}  # fmt: skip
COUNTS = ["sessions_possible", "sessions_authorised", "sessions_unauthorised"]
# Working together to improve school attendance (DfE 2024), by the table of formats.md, section 6: code, and how a
# session of it counts to 18 August 2024 and from 19 August on: attending, authorised, unauthorised, or not at all.
ATTENDING, AUTHORISED, UNAUTHORISED, NOT = (1, 0, 0), (1, 1, 0), (1, 0, 1), (0, 0, 0)
MEANINGS = {
    **dict.fromkeys(("/", "\\", "L", "B", "P", "V", "W"), (ATTENDING, ATTENDING)),
    "J": (ATTENDING, NOT), "K": (NOT, ATTENDING), "J1": (NOT, AUTHORISED),
    **dict.fromkeys(("C", "E", "I", "M", "R", "S", "T"), (AUTHORISED, AUTHORISED)),
    "H": (AUTHORISED, NOT), "C1": (NOT, AUTHORISED), "C2": (NOT, AUTHORISED),
    **dict.fromkeys(("G", "N", "O", "U"), (UNAUTHORISED, UNAUTHORISED)),
    **dict.fromkeys(("D", "X", "Y", "Q", "Y1", "Y7", "Z", "#"), (NOT, NOT)),
}  # fmt: skip
LAST, FIRST = date(2024, 8, 18), date(2024, 8, 19)
YEAR = [("202324", "before", date(2024, 8, 1), LAST), ("202425", "after", FIRST, date(2024, 8, 31))]
HALF_TERMS = [
    ("202425", 1, date(2024, 9, 2), date(2024, 10, 25)), ("202425", 2, date(2024, 11, 4), date(2024, 12, 20)),
    ("202526", 1, date(2025, 9, 1), date(2025, 10, 24)),
]  # fmt: skip
ONE, TWO = "Autumn half term 1", "Autumn half term 2"


def mark(pupil="p1", day=date(2024, 9, 2), code: str | None = "/", session="AM", school=A):
    return {"pupil_id": pupil, "school_id": school, "session_date": day, "session": session, "attendance_code": code}


def marks(pupil, codes, school=A, first=date(2024, 9, 2)):
    """One mark a session from a day on, morning and afternoon, every day of the week."""
    return [mark(pupil, first + timedelta(days=n // 2), code, ("AM", "PM")[n % 2], school)
            for n, code in enumerate(codes)]  # fmt: skip


def write(folder: Path, *buckets: list[dict]) -> Path:
    """A store whose sessions stand as `sendlab ingest` leaves them: whole schools a file, sorted."""
    (folder / "sessions").mkdir(parents=True)
    for number, rows in enumerate(buckets):
        frame = pl.DataFrame(rows, schema=SCHEMA).sort("school_id", "pupil_id", "session_date", "session")
        frame.write_parquet(folder / "sessions" / f"bucket-{number:03d}.parquet")
    return folder


def by_half_term(folder, rows, *more, half_terms=HALF_TERMS):
    return sessions_by_half_term(write(folder, rows, *more), half_terms)


def as_dict(counted, *key):
    return {row[:-3] if len(key) > 1 else row[0]: row[-3:] for row in counted.select(*key, *COUNTS).rows()}


# ---- codes and their day


@pytest.mark.parametrize("spans_both", [True, False])
def test_each_code_counts_by_the_code_set_of_its_day(tmp_path, spans_both):
    """18 and 19 August 2024, a pupil a code; in one file that holds both days, and in a file for each."""
    before, after = ([mark(code, day, code) for code in MEANINGS] for day in (LAST, FIRST))
    counted = pl.concat([
        sessions_by_part(write(tmp_path / str(number), rows), YEAR)
        for number, rows in enumerate([before + after] if spans_both else [before, after])
    ])  # fmt: skip
    for place, part in enumerate(("before", "after")):
        found = as_dict(counted.filter(time_identifier=part), "pupil_id")
        expected = {code: meaning[place] for code, meaning in MEANINGS.items()}
        assert {code: found.get(code, NOT) for code in MEANINGS} == expected, part


def test_a_withdrawn_code_after_its_day_is_no_absence_and_a_new_one_before_it_neither(tmp_path):
    """J, H in September 2024 and C1, C2, K, Q in June 2024 among 2 present each: 2 possible, none missed."""
    parts = [("202324", "June", date(2024, 6, 1), date(2024, 6, 30)), ("202425", "September", *HALF_TERMS[0][2:])]
    rows = marks("p1", "//C1 C2 K Q".replace("/", "/ ").split(), first=date(2024, 6, 3))
    rows += marks("p1", ["/", "\\", "J", "H"])
    counted = as_dict(sessions_by_part(write(tmp_path, rows), parts), "time_identifier")
    assert counted == {"June": (2, 0, 0), "September": (2, 0, 0)}


def test_a_missing_mark_is_neither_possible_nor_missed(tmp_path):
    """p1: present, none, ill, none. p2: no mark at all."""
    rows = [*marks("p1", ["/", None, "I", None]), *marks("p2", [None, None])]
    counted = as_dict(by_half_term(tmp_path, rows), "pupil_id")
    assert counted["p1"] == (2, 1, 0) and counted.get("p2", NOT) == NOT


# ---- days and half terms


def test_days_outside_every_half_term_do_not_count_and_first_and_last_days_do(tmp_path):
    days = [date(2024, 9, 1), date(2024, 9, 2), date(2024, 10, 25), date(2024, 10, 26), date(2024, 11, 3),
            date(2024, 11, 4), date(2024, 12, 20), date(2024, 12, 21), date(2023, 5, 5), date(2030, 5, 5)]  # fmt: skip
    rows = [mark(day=day, code="I") for day in days]
    assert as_dict(by_half_term(tmp_path, rows), "time_identifier") == {ONE: (2, 2, 0), TWO: (2, 2, 0)}


def test_two_years_are_two_rows_and_carry_their_year(tmp_path):
    rows = [*marks("p1", ["/", "O", "O"]), *marks("p1", ["/", "I"], first=date(2025, 9, 1))]
    counted = by_half_term(tmp_path, rows)
    assert as_dict(counted, "time_period", "time_identifier") == {
        ("202425", ONE): (3, 0, 2), ("202526", ONE): (2, 1, 0),
    }  # fmt: skip
    assert counted.columns[:4] == ["pupil_id", "school_id", "time_period", "time_identifier"]


def test_a_pupil_at_two_schools_of_one_file_is_two_enrolments(tmp_path):
    """The last pupil of A and the first of B are one and the same: their rows stand together in the file."""
    rows = [*marks("p5", ["/", "/", "I"]), *marks("p5", ["O"], B), *marks("p6", ["/"], B), *marks("p4", ["C"])]
    counted = as_dict(by_half_term(tmp_path, rows), "school_id", "pupil_id")
    assert counted == {(A, "p4"): (1, 1, 0), (A, "p5"): (3, 1, 0), (B, "p5"): (1, 0, 1), (B, "p6"): (1, 0, 0)}


def test_each_file_counts_by_itself(tmp_path):
    counted = by_half_term(tmp_path, marks("p1", ["/", "I"]), [], marks("p1", ["O"], B))
    assert as_dict(counted, "school_id", "pupil_id") == {(A, "p1"): (2, 1, 0), (B, "p1"): (1, 0, 1)}


def test_without_dates_or_registers_there_is_no_half_term(tmp_path):
    store = write(tmp_path / "some", marks("p1", ["/"]))
    empty = write(tmp_path / "empty", [])
    for folder, dates in ((store, []), (tmp_path / "none", HALF_TERMS), (empty, HALF_TERMS)):
        counted = sessions_by_half_term(folder, dates)
        assert counted.is_empty() and counted.columns[4:] == COUNTS
    assert sessions_by_weekday(tmp_path / "none").is_empty() and sessions_by_weekday(empty).is_empty()


_rows = st.lists(
    st.tuples(st.sampled_from(["p1", "p2", "p3"]), st.sampled_from([A, B]), st.integers(0, 500),
              st.sampled_from(["AM", "PM"]), st.sampled_from([None, *MEANINGS])),
    max_size=40, unique_by=lambda row: row[:4],
)  # fmt: skip


def counted_one_by_one(rows, key_of):
    """The same by looking at each mark: {key: (possible, authorised, unauthorised)}."""
    sums = {}
    for row in rows:
        if (key := key_of(row)) is not None and row["attendance_code"] is not None:
            meaning = MEANINGS[row["attendance_code"]][row["session_date"] >= FIRST]
            sums[key] = tuple(a + b for a, b in zip(sums.get(key, NOT), meaning, strict=True))
    return {key: sums[key] for key in sums if sums[key] != NOT}


def some(counted):
    return {key: counts for key, counts in counted.items() if counts != NOT}


@settings(deadline=None, max_examples=40)
@given(_rows)
def test_any_register_is_counted_as_one_by_one(tmp_path_factory, drawn):
    """From May 2024 to September 2025, whatever pupils, schools, days and marks."""
    rows = [mark(pupil, date(2024, 5, 1) + timedelta(days=n), code, half, school)
            for pupil, school, n, half, code in drawn]  # fmt: skip
    store = write(tmp_path_factory.mktemp("any"), [r for r in rows if r["school_id"] == A],
                  [r for r in rows if r["school_id"] == B])  # fmt: skip
    parts = [*YEAR, *((year, f"HT{n}", *days) for year, n, *days in HALF_TERMS)]

    def part_of(row):
        found = [part[:2] for part in parts if part[2] <= row["session_date"] <= part[3]]
        return (row["pupil_id"], row["school_id"], *found[0]) if found else None

    key = ("pupil_id", "school_id", "time_period")
    assert some(as_dict(sessions_by_part(store, parts), *key, "time_identifier")) == counted_one_by_one(rows, part_of)

    def weekday_of(row):
        day = row["session_date"]
        year = day.year - (day.month < 8)
        when = f"{day:%A} {row['session']}"
        return row["pupil_id"], row["school_id"], f"{year}{(year + 1) % 100:02d}", when

    found = some(as_dict(sessions_by_weekday(store), *key, "weekday_session"))
    assert found == counted_one_by_one(rows, weekday_of)


# ---- weekdays


def test_weekdays_mornings_and_afternoons_and_the_year_from_1_august(tmp_path):
    """2 September 2024 is a Monday; 31 July 2025 a Thursday, 1 August 2025 a Friday of the next year."""
    rows = [*marks("p1", ["/", "C2", "/", "O"]), mark(day=date(2024, 9, 9), code="I"), mark(day=date(2024, 9, 7)),
            mark(day=date(2025, 7, 31), code="I"), mark(day=date(2025, 8, 1), code="I")]  # fmt: skip
    counted = as_dict(sessions_by_weekday(write(tmp_path, rows)), "time_period", "weekday_session")
    assert counted == {
        ("202425", "Monday AM"): (2, 1, 0), ("202425", "Monday PM"): (1, 1, 0), ("202425", "Tuesday AM"): (1, 0, 0),
        ("202425", "Tuesday PM"): (1, 0, 1), ("202425", "Saturday AM"): (1, 0, 0),
        ("202425", "Thursday AM"): (1, 1, 0), ("202526", "Friday AM"): (1, 1, 0),
    }  # fmt: skip


def weekday_facts():
    """p1 with an EHC plan and p2 without SEN at Elm; p3 boards and is in no attendance measure."""
    common = {"time_period": "202425", "possible": 100, "missed": 10}
    return facts(
        {"pupil_id": "p1", "sen_provision": "EHC plan", **common}, {"pupil_id": "p2", **common},
        {"pupil_id": "p3", "boarder": "B", **common},
    )  # fmt: skip


def test_absence_by_weekday_is_of_the_attendance_base_and_sums_over_pupils(tmp_path):
    """Monday mornings: p1 missed 2 of 2, p2 1 of 4: 3 of 6 is 50 %. Friday afternoons: p1 0 of 1."""
    mondays = [date(2024, 9, 2) + timedelta(weeks=n) for n in range(4)]
    rows = [mark("p1", day, "C2") for day in mondays[:2]] + [mark("p1", date(2024, 9, 6), "\\", "PM")]
    rows += [mark("p2", day, code) for day, code in zip(mondays, "O///", strict=True)]
    rows += [mark("p3", mondays[0], "O"), mark("stranger", mondays[0], "O")]
    made = absence_by_weekday(weekday_facts(), sessions_by_weekday(write(tmp_path, rows)))
    school = made.filter(geographic_level="School", sen_provision="Total")
    assert dict(school.select("item", "value").rows()) == {"Monday AM": 50.0, "Friday PM": 0.0}
    assert dict(school.select("item", "denominator").rows()) == {"Monday AM": 6.0, "Friday PM": 1.0}
    plans = made.filter(geographic_level="School", sen_provision="EHC plan", item="Monday AM").row(0, named=True)
    assert (plans["numerator"], plans["value"], plans["measure"]) == (2, 100, "absence_by_weekday")


def test_absence_by_weekday_says_which_part_of_the_year_the_data_cover(tmp_path):
    weekdays = sessions_by_weekday(write(tmp_path, marks("p1", ["/", "I"])))
    autumn = pl.lit(["Autumn term"], dtype=pl.List(pl.String)).alias("attendance_terms")
    for made, word in ((weekday_facts(), "Academic year"), (weekday_facts().with_columns(autumn), "Autumn term")):
        assert set(absence_by_weekday(made, weekdays)["time_identifier"]) == {word}


def test_without_registers_there_is_nothing_by_weekday(tmp_path):
    assert absence_by_weekday(weekday_facts(), sessions_by_weekday(tmp_path)).is_empty()


# ---- absence of registers

PUPILS = {"EHC plan": ["a1", "a2", "a3", "a4", "a5"], "No SEN": ["b1"]}
# methods.md, section 0: missed and possible of five pupils
WORKED = {"a1": (12, 190), "a2": (40, 190), "a3": (3, 95), "a4": (0, 190), "a5": (30, 60)}
WHOLE = [("202425", "Academic year", date(2024, 9, 1), date(2025, 7, 31))]


def pupils(school=A):
    rows = [(pupil, school, group) for group, some in PUPILS.items() for pupil in some]
    return pl.DataFrame(rows, schema=["pupil_id", "school_id", "sen_provision"], orient="row")


def test_the_worked_example_of_methods_section_0(tmp_path):
    """85 / 725 = 11.7241 %; SE 0.0599166, t on 4 degrees of freedom 2.776445: -4.9 % clipped to 0, and 28.3596 %."""
    rows = [row for p, (missed, n) in WORKED.items() for row in marks(p, ["I"] * missed + ["/"] * (n - missed))]
    store = write(tmp_path, [*rows, *marks("b1", ["O", "/"]), *marks("stranger", ["O"] * 9)])
    made = absence_of_registers(store, pupils(), WHOLE)
    plan, other = (made.filter(sen_provision=group).row(0, named=True) for group in PUPILS)
    assert (plan["enrolments"], plan["sessions_missed"], plan["sessions_possible"]) == (5, 85, 725)
    assert plan["absence"] == pytest.approx(11.724138, abs=1e-6)
    assert (plan["lower"], plan["upper"]) == (0, pytest.approx(100 * (85 / 725 + 2.776445105 * 0.0599166), abs=1e-4))
    assert (plan["persistent"], plan["persistent_percent"], plan["severe"], plan["severe_percent"]) == (2, 40, 1, 20)
    assert (other["enrolments"], other["absence"], other["severe"]) == (1, 50, 1)
    # Wilson, 2 of 5 and 1 of 5
    assert plan["persistent_lower"] == pytest.approx(11.7621, abs=1e-3)
    assert plan["severe_upper"] == pytest.approx(62.4465, abs=1e-3)


@pytest.mark.parametrize(("missed", "persistent"), [(1, 0), (2, 1), (3, 1)])
def test_a_tenth_is_persistent_in_whole_sessions(tmp_path, missed, persistent):
    store = write(tmp_path, marks("b1", ["O"] * missed + ["/"] * (20 - missed)))
    assert absence_of_registers(store, pupils(), WHOLE)["persistent"].to_list() == [persistent]


def test_who_had_no_possible_session_is_no_enrolment(tmp_path):
    store = write(tmp_path, [*marks("a1", ["D", "X", None]), *marks("a2", ["/", "I"])])
    assert absence_of_registers(store, pupils(), WHOLE)["enrolments"].to_list() == [1]


def test_schools_and_parts_are_kept_apart(tmp_path):
    store = write(tmp_path, [*marks("b1", ["/", "I"]), *marks("b1", ["O"], first=date(2024, 11, 4))],
                  marks("b1", ["I", "I"], B))  # fmt: skip
    parts = [("202425", ONE, *HALF_TERMS[0][2:]), ("202425", TWO, *HALF_TERMS[1][2:])]
    made = absence_of_registers(store, pl.concat([pupils(), pupils(B)]), parts)
    assert {row[:2]: row[2] for row in made.select("school_id", "time_identifier", "absence").rows()} == {
        (A, ONE): 50, (A, TWO): 100, (B, ONE): 100,
    }  # fmt: skip


def test_an_empty_store_gives_the_same_columns(tmp_path):
    full = absence_of_registers(write(tmp_path / "a", marks("b1", ["/"])), pupils(), WHOLE)
    for made in (
        absence_of_registers(tmp_path / "none", pupils(), WHOLE), absence_of_registers(tmp_path / "a", pupils(), []),
        absence_of_registers(tmp_path / "a", pupils(B), WHOLE),
    ):  # fmt: skip
        assert made.is_empty() and made.columns == full.columns


# ---- the sample's registers, two ways


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The sample's session registers of a special school as the store holds them, and its counts by code and term."""
    folder = tmp_path_factory.mktemp("sample")
    path = ROOT / "data" / "sample" / "session_registers.parquet"
    school = pl.scan_parquet(path).filter(pl.col("school_id") == SAMPLE_SCHOOL).collect()
    school.write_parquet(folder / "one.parquet")
    shape = shape_of(peek(folder / "one.parquet")[0].header)
    assert shape is not None
    done = load_sessions([RegisterFile(folder / "one.parquet", shape, "", {})], folder, key=bytes(32), schools={})
    return folder, done.codes_frame


def test_the_registers_give_what_their_counts_by_code_give(sample):
    """Two ways from marks to absence: day by day from the store, and from counts by term and code."""
    store, codes = sample
    years = sorted(codes["time_period"].unique())
    assert years[0] < "202425" <= years[-1]  # both code sets
    none = pl.DataFrame(schema=TABLES["attendance"].polars_schema)
    by_code = attendance_from_codes(none, codes).select("pupil_id", "school_id", "time_period", "term", *COUNTS)
    easter = {"2023": date(2024, 3, 31), "2024": date(2025, 4, 20), "2025": date(2026, 4, 5), "2026": date(2027, 3, 28)}
    parts = []
    for year in years:
        start, spring = int(year[:4]), easter[year[:4]]
        parts += [(year, "Autumn term", date(start, 8, 1), date(start, 12, 31)),
                  (year, "Spring term", date(start + 1, 1, 1), spring),
                  (year, "Summer term", spring + timedelta(days=1), date(start + 1, 7, 31))]  # fmt: skip
    by_day = sessions_by_part(store, parts).rename({"time_identifier": "term"})
    key = ["pupil_id", "school_id", "time_period", "term"]
    assert by_code.height > 500
    assert_frame_equal(by_day.filter(pl.col(COUNTS[0]) > 0).sort(key), by_code.filter(pl.col(COUNTS[0]) > 0).sort(key))


def test_absence_of_registers_is_absence_of_the_same_pupils_from_facts(sample):
    store, codes = sample
    none = pl.DataFrame(schema=TABLES["attendance"].polars_schema)
    year = attendance_from_codes(none, codes).filter(time_period="202425")
    sums = year.group_by("pupil_id", "school_id").agg(pl.col(COUNTS).sum()).filter(pl.col(COUNTS[0]) > 0)
    groups = pl.Series(["EHC plan", "SEN support", "No SEN"] * sums.height).head(sums.height)
    sums = sums.sort("pupil_id").with_columns(groups.alias("sen_provision"))
    made = facts(*({"pupil_id": row["pupil_id"], "sen_provision": row["sen_provision"], "attendance_status": "",
                    "attendance_terms": ["Autumn term", "Spring term", "Summer term"],
                    **{name: row[name] for name in COUNTS}} for row in sums.iter_rows(named=True)))  # fmt: skip
    whole = [("202425", "Academic year", date(2024, 8, 1), date(2025, 7, 31))]
    found = absence_of_registers(store, sums.select("pupil_id", "school_id", "sen_provision"), whole)
    names = {"absence": ["absence", "lower", "upper"],
             "persistent_absence": ["persistent_percent", "persistent_lower", "persistent_upper"],
             "severe_absence": ["severe_percent", "severe_lower", "severe_upper"]}  # fmt: skip
    for measure, columns in names.items():
        rows = getattr(metrics, measure)(made, by=["sen_provision"]).filter(geographic_level="School")
        for group in found["sen_provision"]:
            ours = rows.filter(sen_provision=group).select("value", "lower", "upper").row(0)
            theirs = found.filter(sen_provision=group).select(columns).row(0)
            assert theirs == pytest.approx(ours, rel=1e-9), (measure, group)


def test_weekdays_of_the_sample_add_up_to_its_years(sample):
    store, _ = sample
    key = ["pupil_id", "school_id", "time_period"]
    weekdays = sessions_by_weekday(store)
    parts = [(f"{y}{(y + 1) % 100:02d}", "year", date(y, 8, 1), date(y + 1, 7, 31)) for y in range(2023, 2027)]
    whole = sessions_by_part(store, parts).drop("time_identifier")
    added = weekdays.group_by(key).agg(pl.col(COUNTS).sum())
    assert_frame_equal(added.sort(key), whole.sort(key))
    marked = scan_sessions(store).filter(pl.col("attendance_code").is_not_null()).select(pl.len()).collect().item()
    assert 0 < whole[COUNTS[0]].sum() <= marked
    assert Counter(weekdays["weekday_session"].str.split(" ").list.first()).keys() == {
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
    }  # fmt: skip
