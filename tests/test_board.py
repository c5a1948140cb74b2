"""What the board is told: board.toml, ratings, comments, what changed, questions to schools, targets; the one page."""

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from board_rows import ALL_ROWS, FIGURES, content_of, published, row, space_of
from pypdf import PdfReader

from sendlab.board.changes import Changes, changes_since
from sendlab.board.commentary import COLUMNS, COMMENTARY, ask_for_comments, read_commentary
from sendlab.board.content import make_content
from sendlab.board.issued import keep_issue, last_issue
from sendlab.board.one_page import MOST_WORDS, one_page, words_of
from sendlab.board.ratings import rating_of_value
from sendlab.board.scorecard import year_before
from sendlab.board.settings import BOARD, Indicator, priorities_of, read_board
from sendlab.board.targets import expectations, targets
from sendlab.board.visits import questions, visits_of
from sendlab.compare.says_shows import FEWEST_TO_NAME
from sendlab.errors import SendlabError, WorkspaceProblem
from sendlab.metrics.cards import cards
from sendlab.publish import write_board_pdf
from sendlab.schema.groups import SEND

BOARD_OF_THE_SAMPLE = Path(__file__).parent.parent
GONE = dict.fromkeys(("value", "lower", "upper", "numerator", "denominator", "base_subjects")) | {"status": "c"}
BANDS = """
[[priority]]
name = "Less inequality"
indicators = [{ measure = "absence", target = 9.0, green = 10.2, amber = 12.0, owner = "Head of Inclusion" }]

[[priority]]
name = "Transitions"
indicators = [{ measure = "in_education_or_work" }]
"""


def packed(tmp_path, rows=ALL_ROWS, board=BANDS, **more):
    (tmp_path / BOARD).write_text(board, encoding="utf-8")
    return content_of(published(rows), tmp_path, **more)


# --- board.toml --------------------------------------------------------------------------------------------------


def test_without_a_file_the_four_priorities_of_the_council_and_no_colours(tmp_path):
    found = read_board(tmp_path)
    assert len(found) == 4
    assert {each.green for one in found for each in one.indicators} == {None}
    assert found[0].indicators[0] == Indicator("absence", SEND)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[priority", "cannot be read"),
        ("", "names no priority"),
        ("[[priority]]\nindicators = []", "has no name"),
        ('[[priority]]\nname = "A"\nindicators = [{ measure = "absense" }]', "has no 'absense'"),
        ('[[priority]]\nname = "A"\nindicators = [{ measure = "absence", color = 1 }]', "has no 'color'"),
        ('[[priority]]\nname = "A"\nindicators = [{ measure = "absence", green = "8%" }]', "is no number"),
        ('[[priority]]\nname = "A"\nindicators = [{ measure = "absence", green = 8 }]', "have one edge"),
        ('[[priority]]\nname = "A"\nindicators = [{ measure = "absence", green = 9, amber = 8 }]', "better than green"),
        ('[[priority]]\nname = "A"\nindicators = [{ measure = "absence", groups = ["EHCP"] }]', "has no 'EHCP'"),
        ('[[priority]]\nname = "A"\nindicators = [{ measure = "absence" }, { measure = "absence" }]', "twice"),
        ('[[priority]]\nname = "A"\nindicators = [{ measure = "absence", polarity = "up" }]', "polarity"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_said_with_what_to_write(text, said):
    with pytest.raises(WorkspaceProblem, match=re.escape(said)) as told:
        priorities_of(text)
    assert told.value.next_step


def test_the_demo_s_board_is_that_of_the_clone():
    """One invented board: the clone's workspace and the demo's."""
    packed_up = BOARD_OF_THE_SAMPLE / "sendlab" / "sample" / BOARD
    assert packed_up.read_bytes() == (BOARD_OF_THE_SAMPLE / BOARD).read_bytes()


def test_nearest_names_are_offered():
    with pytest.raises(WorkspaceProblem) as told:
        priorities_of('[[priority]]\nname = "A"\nindicators = [{ measure = "absense" }]')
    assert "absence" in told.value.next_step


def test_bands_of_a_measure_that_is_good_neither_way_need_a_polarity():
    neither = next(name for name, card in cards().items() if card.polarity == "none")
    line = f'[[priority]]\nname = "A"\nindicators = [{{ measure = "{neither}", green = 2, amber = 1 }}]'
    with pytest.raises(WorkspaceProblem, match="which way is better"):
        priorities_of(line)
    assert priorities_of(line.replace("green", 'polarity = "high", green'))


# --- ratings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "letter"), [(8.0, "G"), (10.2, "G"), (10.21, "A"), (12.0, "A"), (12.1, "R")]
)  # fmt: skip
def test_edges_belong_to_the_better_band(value, letter):
    low = Indicator("absence", SEND, green=10.2, amber=12.0)
    assert rating_of_value(value, None, low).letter == letter
    high = Indicator("attendance_98", SEND, green=-10.2, amber=-12.0)
    assert rating_of_value(-value, None, high).letter == letter


def test_no_figure_has_no_colour_and_the_word_says_why():
    asked = Indicator("absence", SEND, green=8.0, amber=9.0)
    assert rating_of_value(None, "c", asked).word == "not shown"
    assert rating_of_value(None, "x", asked).word == "no figure"
    assert rating_of_value(12.0, None, Indicator("absence", SEND)).word == "no bands set"


def test_the_scorecard_rates_names_who_answers_and_says_what_it_has_no_figure_of(tmp_path):
    content = packed(tmp_path)
    ehc, support = content.entries
    assert (ehc.rating.letter, support.rating.letter) == ("R", "G")  # 13.5 is above 12.0, 10.2 at the edge of green
    assert (ehc.distance, ehc.owner, ehc.target) == ("4.5 above the target", "Head of Inclusion", "9.0%")
    assert (ehc.gap, ehc.gap_range, ehc.gap_word) == ("+0.7", "between 0.1 and 1.3", "worse")
    assert content.priorities[1].entries == () and len(content.priorities[1].without) == 1
    assert any(line.startswith("Transitions: no published figure") for line in content.limits)


def test_a_hidden_figure_has_no_rating_no_distance_and_no_exception(tmp_path):
    rows = [line | (GONE if line["sen_provision"] == "EHC plan" else {}) for line in ALL_ROWS]
    content = packed(tmp_path, rows)
    ehc = content.entries[0]
    assert (ehc.now, ehc.rating.letter, ehc.rating.word, ehc.distance) == ("c", "", "not shown", "")
    assert content.exceptions == () and not [each for each in content.said if each.entry.group == "EHC plan"]


# --- comments ----------------------------------------------------------------------------------------------------


def test_a_red_is_asked_for_once_and_what_people_wrote_stays(tmp_path):
    content = packed(tmp_path)
    reds = [each.entry for each in content.exceptions]
    assert [entry.name for entry in reds] == ["Overall absence rate, EHC plan"] and content.exceptions[
        0
    ].comment is None
    assert ask_for_comments(tmp_path, reds, read_commentary(tmp_path)) == 1
    path = tmp_path / COMMENTARY
    written = path.read_text(encoding="utf-8-sig").replace(
        ",,,,", ",illness in spring,nurse visits,Head of Inclusion,May"
    )
    path.write_bytes(written.encode("cp1252"))  # what Excel makes of it
    assert ask_for_comments(tmp_path, reds, read_commentary(tmp_path)) == 0
    said = packed(tmp_path).exceptions[0]
    assert (said.comment.why, said.comment.action, said.is_earlier) == ("illness in spring", "nurse visits", False)


def test_a_new_period_asks_anew_and_shows_the_earlier_words_as_such(tmp_path):
    (tmp_path / COMMENTARY).write_text(
        f"{','.join(COLUMNS)}\nabsence,EHC plan,2023/24,Overall absence rate,a hard winter,,,", encoding="utf-8"
    )
    said = packed(tmp_path).exceptions[0]
    assert (said.comment.why, said.is_earlier) == ("a hard winter", True)
    assert ask_for_comments(tmp_path, [said.entry], read_commentary(tmp_path)) == 1
    lines = (tmp_path / COMMENTARY).read_text(encoding="utf-8").splitlines()
    assert lines[1].endswith("a hard winter,,,") and lines[2].startswith("absence,EHC plan,2024/25")


def test_a_file_without_its_columns_and_a_text_too_long_for_a_page_are_said(tmp_path):
    (tmp_path / COMMENTARY).write_text("measure,group\nabsence,EHC plan\n", encoding="utf-8")
    with pytest.raises(WorkspaceProblem, match="no column period, indicator"):
        read_commentary(tmp_path)
    (tmp_path / COMMENTARY).write_text(f"{','.join(COLUMNS)}\nabsence,a,b,c,{'x' * 401},,,\n", encoding="utf-8")
    with pytest.raises(WorkspaceProblem, match="line 2: 'why' has 401 characters"):
        read_commentary(tmp_path)


# --- what changed ------------------------------------------------------------------------------------------------


def issue(tmp_path, rows, board=BANDS, issued=""):
    (tmp_path / BOARD).write_text(board, encoding="utf-8")
    return make_content(published(rows), space_of(tmp_path), time_period="202425", issued=issued)


def corrected(rows, **fields):
    """This year's figure of pupils with an EHC plan, otherwise."""
    this = ("absence", "EHC plan", "202425", "")
    return [line | (fields if (line["measure"], line["sen_provision"], line["time_period"],
                               line.get("comparator", "")) == this else {}) for line in rows]  # fmt: skip


def test_the_first_pack_has_nothing_to_compare_with(tmp_path):
    assert issue(tmp_path, ALL_ROWS)[0].changes == Changes()


def test_a_revised_figure_and_the_colour_that_moved_with_it_are_told(tmp_path):
    keep_issue(space_of(tmp_path), issue(tmp_path, ALL_ROWS, issued="2025-09-25")[1])
    changes = issue(tmp_path, corrected(ALL_ROWS, value=11.0, lower=10.4, upper=11.6))[0].changes
    assert changes.since == "25 September 2025"
    assert changes.revised == ("Overall absence rate, EHC plan, 2024/25: 13.5% in the last pack, 11.0% now",)
    assert changes.ratings == ("Overall absence rate, EHC plan: red in the last pack, amber now",)
    assert (changes.data, changes.method) == ((), ())


def test_data_that_reach_further_are_told_with_both_days(tmp_path):
    keep_issue(space_of(tmp_path), issue(tmp_path, ALL_ROWS, issued="2025-09-25")[1])
    later = [line | ({"data_to": date(2025, 7, 31)} if line["time_period"] == "202425" else {}) for line in ALL_ROWS]
    assert issue(tmp_path, later)[0].changes.data == (
        "Data now to 31 July 2025, were to 22 July 2025: Overall absence rate",
    )


def test_other_bands_and_definitions_are_a_change_of_method(tmp_path):
    _, before = issue(tmp_path, ALL_ROWS, issued="2025-09-25")
    _, now = issue(tmp_path, ALL_ROWS, BANDS.replace("amber = 12.0", "amber = 14.0"))
    old = before.__class__(**{**before.__dict__, "definitions": {**before.definitions, "absence": "another"}})
    changes = changes_since(old, now)
    assert changes.method == (
        "Definition changed: Overall absence rate",
        "Target or bands changed: Overall absence rate, EHC plan; Overall absence rate, SEN support",
    )
    assert changes.ratings == ("Overall absence rate, EHC plan: red in the last pack, amber now",)


def test_a_pack_looks_back_before_its_own_day_and_a_draft_at_the_last_of_all(tmp_path):
    space = space_of(tmp_path)
    for day in ("2025-09-25", "2025-11-20"):
        keep_issue(space, issue(tmp_path, ALL_ROWS, issued=day)[1])
    assert last_issue(space, "2025-11-20").issued == "2025-09-25"
    assert last_issue(space).issued == "2025-11-20" and last_issue(space, "2025-09-25") is None
    kept = last_issue(space)
    assert kept == issue(tmp_path, ALL_ROWS, issued="2025-11-20")[1]  # what was kept is what was written


def test_a_pack_goes_to_no_meeting_before_its_last_day(tmp_path):
    with pytest.raises(SendlabError, match="reach to 22 July 2025, later than a meeting on 2025-07-21"):
        issue(tmp_path, ALL_ROWS, issued="2025-07-21")


# --- questions to schools ----------------------------------------------------------------------------------------


def school(number, value, half=2.0, base=60, phase="Primary", **fields):
    place = {"place_code": f"90{number:04}", "place_name": f"School {chr(64 + number)}", "geographic_level": "School"}
    return row("absence", "SEN support", (value, value - half, value + half), education_phase=phase,
               base_subjects=base, **place, **fields)  # fmt: skip


def asked(tmp_path, schools):
    content = packed(tmp_path, [*ALL_ROWS, *schools])
    return visits_of(published([*ALL_ROWS, *schools]), [entry.line for entry in content.entries])


def test_a_school_apart_is_asked_and_alike_ones_are_not(tmp_path):
    alike = [school(number, 9.5 + number / 10) for number in range(1, 9)]
    found = asked(tmp_path, [*alike, school(9, 18.0)])
    assert [visit.place_name for visit in found.visits] == ["School I"]
    (visit,) = found.visits
    assert visit.about == "Overall absence rate, pupils on SEN support"
    assert visit.figure == "18.0% (between 16.0% and 20.0%; 60 pupils)" and visit.among.startswith(
        "9 schools (primary)"
    )
    assert visit.likely.startswith("almost certain") and visit.question == questions()["attendance"]
    assert found.looked_at == 9 and asked(tmp_path, alike).visits == ()


def test_nobody_is_named_on_few_pupils_among_few_schools_or_for_a_hidden_figure(tmp_path):
    alike = [school(number, 9.5 + number / 10) for number in range(1, 9)]
    small = asked(tmp_path, [*alike, school(9, 18.0, base=FEWEST_TO_NAME - 1)])
    assert (small.visits, small.not_judged) == ((), 1)
    assert asked(tmp_path, [*alike, school(9, 18.0, phase="Special")]).visits == ()
    assert asked(tmp_path, [*alike, school(9, 18.0) | GONE]).visits == ()


def test_order_is_by_how_likely_and_then_by_name_never_by_size(tmp_path):
    alike = [school(number, 9.5 + number / 10) for number in range(1, 21)]
    found = asked(tmp_path, [*alike, school(21, 21.0), school(22, 18.0), school(23, 19.0)])
    assert [visit.place_name for visit in found.visits] == ["School U", "School V", "School W"]


def test_every_topic_that_can_stand_on_a_scorecard_has_its_question():
    assert (
        {"attendance", "exclusions"} <= set(questions()) <= {card.topic for card in cards().values()} | {"key_stage_2"}
    )


# --- targets -----------------------------------------------------------------------------------------------------


def test_expectations_name_measures_that_are_there_and_are_not_colours():
    assert {name for each in expectations() for name in each.measures} <= set(cards())
    assert {each.kind for each in expectations()} == {"level", "gap"}


def test_attendance_stands_beside_98_per_cent_with_trend_and_nation(tmp_path):
    (first, *_) = targets(published(ALL_ROWS), la_code="999", time_period="202425")
    ehc = first.lines[0]
    assert (ehc.about, ehc.now, ehc.distance) == ("Overall absence rate, EHC plan", "13.5%", "11.5 above the target")
    assert (ehc.trend, ehc.nationally) == ("2023/24: 13.2%", "12.8% (2023/24)")


def test_a_gap_is_said_to_narrow_only_as_the_figures_do(tmp_path):
    before = [
        row("absence", "SEN support", (7.4, 7.0, 7.8), time_period="202324", comparator="No SEN", comparator_value=4.0),
    ]  # fmt: skip
    found = targets(published([*ALL_ROWS, *before]), la_code="999", time_period="202425")
    line = next(each for each in found if each.expectation.kind == "gap").lines[0]
    # 10.2 less 5.1 is 5.1 now, 7.4 before: limits 5.1 -+ 0.3 and 7.4 -+ 0.4 are far apart
    assert line.now == "5.1 percentage points higher"
    assert line.trend == "narrower than the year before (7.4): clearly"


def test_an_expectation_without_figures_stays_and_has_no_lines():
    found = targets(published(ALL_ROWS), la_code="999", time_period="202425")
    assert len(found) == len(expectations()) and any(not each.lines for each in found)


# --- one page ----------------------------------------------------------------------------------------------------


def test_the_page_keeps_to_its_words_and_leaves_out_sentences_before_lines(tmp_path):
    content = content_of(published(ALL_ROWS), tmp_path)
    page = one_page(content)
    assert words_of(page) <= MOST_WORDS and 3 <= len(page.sentences) <= 5
    assert page.more_lines == 0 and len(page.priorities) == 4


def test_a_long_scorecard_says_how_many_lines_are_left_out(tmp_path):
    groups = '["EHC plan", "SEN support", "No SEN"]'
    many = ", ".join(f'{{ measure = "{name}", groups = {groups} }}' for name in FIGURES)
    page = one_page(packed(tmp_path, board=f'[[priority]]\nname = "A"\nindicators = [{many}]'))
    shown = sum(len(each.entries) for each in page.priorities)
    assert shown + page.more_lines == 15 and page.more_lines > 0 and words_of(page) <= MOST_WORDS


def test_the_pdf_is_tagged_says_the_same_and_has_one_page(tmp_path):
    view = published(ALL_ROWS)
    content = content_of(view, tmp_path)
    first = write_board_pdf(content, view, tmp_path / "a.pdf").read_bytes()
    reader = PdfReader(tmp_path / "a.pdf")
    assert len(reader.pages) == 1 and reader.trailer["/Root"]["/Lang"] == "en-GB"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    text = " ".join(reader.pages[0].extract_text().split())
    for said in (content.title, *content.sentences[:3]):
        assert said in text
    for entry in content.entries:
        assert entry.now in text and entry.rating.word in text
    assert write_board_pdf(content, view, tmp_path / "b.pdf").read_bytes() == first  # no date, no chance


def test_periods_before():
    assert [year_before(period) for period in ("202526", "200001", "2025")] == ["202425", "199900", "2024"]


def test_rows_come_in_as_they_are_and_go_out_unchanged(tmp_path):
    view = published(ALL_ROWS)
    before = view.rows
    content_of(view, tmp_path)
    assert view.rows.equals(before) and isinstance(before, pl.DataFrame)


def test_what_has_no_figure_is_not_called_uncomparable(tmp_path):
    rows = [line | ({"value": None, "lower": None, "upper": None, "status": "x"} if line["time_period"] == "202425" else
                    {"time_identifier": "Autumn term"}) for line in ALL_ROWS]  # fmt: skip
    content = packed(tmp_path, rows)
    assert {entry.change for entry in content.entries} == {"no figure"}
    assert not any("another part of the year" in line for line in content.limits)


def test_ratings_that_were_not_collected_are_no_agreement(tmp_path):
    nobody = {"value": None, "lower": None, "upper": None, "status": "x", "numerator": None, "denominator": None}
    school = row("sef_now", "Total", (5.0, 4.0, 6.0), geographic_level="School", place_code="900101", place_name="A")
    assert packed(tmp_path, [*ALL_ROWS, school | nobody]).disagreements is None
    assert packed(tmp_path, [*ALL_ROWS, school | {"item": "O1"}]).disagreements == ()
