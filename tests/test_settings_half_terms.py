"""[half_terms] of sendlab.toml: six spans a year, one after the other; all else is told, with the line to write."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlab.errors import WorkspaceProblem
from sendlab.settings import SETTINGS_TEXT
from sendlab.workspace import init_workspace, read_workspace

BASE = '[authority]\nla_code = "999"\n[pseudonyms]\nkey_id = "sample"\n'
SPANS = ("[2025-09-01, 2025-10-24]", "[2025-11-03, 2025-12-19]", "[2026-01-05, 2026-02-13]",
         "[2026-02-23, 2026-03-27]", "[2026-04-13, 2026-05-22]", "[2026-06-01, 2026-07-21]")  # fmt: skip


def text(*spans, year="202526"):
    return f"[half_terms]\n{year} = [{', '.join(spans)}]\n"


def changed(**spans):
    """The six usual spans with some changed: first="...", sixth="..."."""
    names = ("first", "second", "third", "fourth", "fifth", "sixth")
    return text(*(spans.get(name, usual) for name, usual in zip(names, SPANS, strict=True)))


def read(folder, written):
    (folder / "sendlab.toml").write_text(BASE + written, encoding="utf-8")
    return read_workspace(folder).half_terms


# ---- good text


def test_six_spans_become_half_terms_1_to_6_of_their_year(tmp_path):
    found = read(tmp_path, text(*SPANS))
    assert [(year, number) for year, number, _, _ in found] == [("202526", n) for n in range(1, 7)]
    assert found[0][2:] == (date(2025, 9, 1), date(2025, 10, 24))
    assert found[5][2:] == (date(2026, 6, 1), date(2026, 7, 21))


def test_no_section_and_an_empty_one_give_none(tmp_path):
    assert read(tmp_path, "") == () and read(tmp_path, "[half_terms]\n") == ()


def test_several_years_are_told_apart(tmp_path):
    earlier = [span.replace("2025", "2024").replace("2026", "2025") for span in SPANS]
    found = read(tmp_path, text(*SPANS) + text(*earlier, year="202425").removeprefix("[half_terms]\n"))
    assert [year for year, *_ in found] == ["202526"] * 6 + ["202425"] * 6


@pytest.mark.parametrize(
    ("name", "span"),
    [
        ("first", "[2025-08-01, 2025-10-24]"),  # the first day that a school year can have
        ("sixth", "[2026-06-01, 2026-07-31]"),  # and the last
        ("second", "[2025-10-25, 2025-12-19]"),  # the day after the half term before
        ("third", "[2026-01-05, 2026-01-05]"),  # of one day
    ],
)
def test_bounds_that_still_stand(tmp_path, name, span):
    assert len(read(tmp_path, changed(**{name: span}))) == 6


def test_the_turn_of_the_century_is_a_school_year(tmp_path):
    spans = [span.replace("2026", "2100").replace("2025", "2099") for span in SPANS]
    assert len(read(tmp_path, text(*spans, year="209900"))) == 6


def test_the_lines_that_init_writes_stand_once_the_marks_are_taken_away(tmp_path, monkeypatch):
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", str(tmp_path / "config"))
    made = init_workspace(tmp_path / "own", la_code="213", la_name="Trial")
    assert made.half_terms == () and "[half_terms]" in SETTINGS_TEXT
    path = made.root / "sendlab.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("# 202526 = "))
    lines[start : start + 2] = [line.removeprefix("# ").removeprefix("#") for line in lines[start : start + 2]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert read_workspace(made.root).half_terms == read(tmp_path, text(*SPANS))


# ---- bad text

BAD = {
    "five spans": text(*SPANS[:5]),
    "seven spans": text(*SPANS, "[2026-07-23, 2026-07-24]"),
    "no spans": text(),
    "a number": "[half_terms]\n202526 = 6\n",
    "a text": '[half_terms]\n202526 = "2025-09-01 to 2026-07-21"\n',
    "a table": "[half_terms]\n202526 = { autumn = 2025-09-01 }\n",
    "a flat list of days": text(*(day for span in SPANS for day in span.strip("[]").split(", "))),
    "a span of one day alone": changed(first="[2025-09-01]"),
    "a span of three days": changed(first="[2025-09-01, 2025-10-01, 2025-10-24]"),
    "days as texts": changed(first='["2025-09-01", "2025-10-24"]'),
    "days with a time": changed(first="[2025-09-01T00:00:00, 2025-10-24T00:00:00]"),
    "a number for a day": changed(first="[1, 2]"),
    "first and last day swapped": changed(third="[2026-02-13, 2026-01-05]"),
    "two spans swapped": text(SPANS[1], SPANS[0], *SPANS[2:]),
    "spans that overlap": changed(second="[2025-10-20, 2025-12-19]"),
    "spans that share a day": changed(second="[2025-10-24, 2025-12-19]"),
    "a day before the school year": changed(first="[2025-07-31, 2025-10-24]"),
    "a day after the school year": changed(sixth="[2026-06-01, 2026-08-01]"),
    "another year's days": text(*SPANS, year="202425"),
    "a year that no school year is": text(*SPANS, year="202527"),
    "a calendar year": text(*SPANS, year="2025"),
    "a year with a stroke": text(*SPANS, year='"2025/26"'),
    "a year in other digits": text(*SPANS, year='"٢٠٢٥٢٦"'),
    "a name for a year": text(*SPANS, year="this_year"),
}


@pytest.mark.parametrize("written", BAD.values(), ids=BAD)
def test_a_fault_is_told_with_the_line_to_write(tmp_path, written):
    with pytest.raises(WorkspaceProblem) as fault:
        read(tmp_path, written)
    year = written.splitlines()[1].split(" =")[0].strip('"')
    assert f"[half_terms] {year} is not six half terms" in str(fault.value)
    assert "202526 = [[2025-09-01, 2025-10-24], ...]" in fault.value.next_step


def test_one_bad_year_among_good_ones_is_named(tmp_path):
    written = text(*SPANS) + text(*SPANS, year="202425").removeprefix("[half_terms]\n")
    with pytest.raises(WorkspaceProblem, match=r"\[half_terms\] 202425"):
        read(tmp_path, written)


def test_a_section_that_is_none_is_told(tmp_path):
    (tmp_path / "sendlab.toml").write_text("half_terms = 6\n" + BASE, encoding="utf-8")
    with pytest.raises(WorkspaceProblem, match=r"\[half_terms\] is not a section"):
        read_workspace(tmp_path)


def test_a_day_that_is_not_in_the_calendar_is_told(tmp_path):
    with pytest.raises(WorkspaceProblem, match="cannot be read"):
        read(tmp_path, changed(sixth="[2026-06-31, 2026-07-21]"))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 364), min_size=12, max_size=12))
def test_what_is_accepted_is_in_order_and_shares_no_day(tmp_path_factory, offsets):
    """Any twelve days of the year: taken exactly where they are six spans without a day in common."""
    days = [date(2025, 8, 1) + timedelta(days=n) for n in sorted(offsets)]
    spans = list(zip(days[::2], days[1::2], strict=True))
    apart = len({day for first, last in spans for day in (first, last)}) == sum(1 + (a != b) for a, b in spans)
    folder = tmp_path_factory.mktemp("any")
    written = text(*(f"[{first}, {last}]" for first, last in spans))
    if apart:
        assert [span[2:] for span in read(folder, written)] == spans
    else:
        with pytest.raises(WorkspaceProblem):
            read(folder, written)
