"""The reader of the files alone on texts and numbers worked by hand: what each tells, and what follows from it."""

import base64

import polars as pl
import pytest
from attacker.claims import Scene, printed
from attacker.gains import GainsReader
from attacker.html_file import PageReader
from attacker.mix_words import WordsReader
from attacker.public import Public
from attacker.reading import claims_in
from attacker.rows import as_published_rows, base_from_limits, with_arithmetic
from attacker.saved import read_saved
from attacker.sentences import NATIONALLY, REST_OF_LA, read_text
from attacker.slides import Deck
from attacker.statements import STATEMENTS
from attacker.words import ALONE, follows
from hypothesis import given
from hypothesis import strategies as st
from test_says_shows import ALIKE_MEASURE, YEAR, frame, says, shows

from sendlab.disclosure.published import OwnView
from sendlab.metrics.cards import card
from sendlab.narrate import schools_to_ask
from sendlab.publish.slide_tables import disagreements_table
from sendlab.schema.groups import TOTAL
from sendlab.stats.rounding import format_number
from sendlab.tables import questions_table

ELM = Public({"Elm School": ("900105", "School"), "Exampleshire": ("999", "Local authority")})


def read_one(text):
    told = read_text(text, Scene(), ELM, "a.html", "p")
    return {(c.groups[0], c.comparator, c.what): (c.low, c.high) for c in told.claims}, told.strays


def test_a_headline_tells_counts_exactly_and_percentages_with_their_rounding():
    claims, strays = read_one(
        "Persistent absence, Elm School, 2025/26: pupils on SEN support 12.3% (34 of 276 pupils, between 8.9% and "
        "16.7%), against pupils with no SEN not shown."
    )
    assert strays == []
    assert claims["SEN support", "", "value"] == pytest.approx((12.25, 12.35))
    assert claims["SEN support", "", "numerator"] == (34, 34) and claims["SEN support", "", "base"] == (276, 276)
    assert claims["SEN support", "", "upper"] == pytest.approx((16.65, 16.75))
    assert str(claims["No SEN", "", "value"]) == "(nan, nan)"


def test_a_gap_told_by_its_size_is_read_with_its_sign():
    claims, strays = read_one(
        "Persistent absence, Elm School, 2025/26: pupils with an EHC plan are 9 percentage points below pupils with no "
        "SEN (between −2 and 20): a possible gap."
    )
    assert strays == []
    assert claims["EHC plan", "No SEN", "value"] == (-9.5, -8.5)
    assert claims["EHC plan", "No SEN", "lower"] == (-20.5, -19.5)
    assert claims["EHC plan", "No SEN", "upper"] == (1.5, 2.5)


LINE = (
    "• Persistent absence, pupils on SEN support: 45% (15 of 33 pupils, between 30% and 62%). Clearly worse: 17 "
    "percentage points above the same group nationally (28.8%), between 1 and 33; possibly worse than the same group "
    "in the rest of the LA (41%)."
)


def read_line(text):
    scene = Scene(time_period="202526", place_code="900105")
    told = read_text(text, scene, ELM, "attendance.html", "ul")
    return {(c.groups[0], c.comparator, c.what): (c.low, c.high) for c in told.claims}, told.strays


def test_a_finding_tells_its_figure_both_comparisons_and_what_it_says_of_them():
    claims, _ = read_line(LINE)
    assert claims["SEN support", "", "numerator"] == (15, 15) and claims["SEN support", NATIONALLY, "value"] == (
        16.5,
        17.5,
    )
    assert claims["SEN support", NATIONALLY, "lower"] == (0.5, 1.5)
    assert claims["SEN support", NATIONALLY, "comparator_value"] == pytest.approx((28.75, 28.85))
    assert claims["SEN support", REST_OF_LA, "comparator_value"] == (40.5, 41.5)
    assert claims["SEN support", NATIONALLY, "word"] == claims["SEN support", "", "standing"] == (0, 0)
    assert claims["SEN support", REST_OF_LA, "word"] == (1, 1)


def test_a_finding_that_cannot_tell_claims_the_width_of_its_limits():
    claims, _ = read_line(
        "• Persistent absence, pupils with an EHC plan: 45% (5 of 11 pupils, between 21% and 72%). Cannot tell whether "
        "that differs from pupils with no SEN (41%): only a gap of about 21 percentage points or more would have shown."
    )
    assert claims["EHC plan", "No SEN", "least"] == (20.5, 21.5)


def test_a_list_must_name_every_figure_once_and_in_order():
    rest = (
        "• Nobody to compare with: pupils with an EHC plan (persistent absence, severe absence, overall absence rate, "
        "attendance of 98 % or more); pupils on SEN support (severe absence, overall absence rate, attendance of 98 % "
        "or more)."
    )
    assert read_line(f"{LINE}\n{rest}")[1] == []
    for wrong in (f"{rest}\n", f"{LINE}\n{LINE}\n{rest}", f"{LINE}\n{rest.replace('severe absence, o', 'o')}"):
        assert [stray.about.partition(",")[0] for stray in read_line(wrong)[1]] == ["a list that leaves out a figure"]
    swapped = rest.replace("persistent absence, severe absence", "severe absence, persistent absence")
    assert len(read_line(f"{LINE}\n{swapped}")[1]) == 1


def test_a_figure_that_stands_alone_is_told_with_what_its_base_counts():
    claims, _ = read_one(
        "Survey: parents and carers who agree, Elm School, 2025/26: pupils on SEN support 46% (23 of 50 parents and "
        "carers, between 33% and 60%), against pupils with no SEN not shown."
    )
    assert claims["SEN support", "", "numerator"] == (23, 23) and claims["SEN support", "", "base"] == (50, 50)
    told = read_text(
        "• Pupils with SEN who have a plan, pupils on SEN support: 50% (20 of 40 pupils, between 35% and 65%).",
        Scene(time_period="202526", place_code="999"), ELM, "plans_and_reviews.html", "ul",
    )  # fmt: skip
    standing = next(claim for claim in told.claims if claim.what == "standing")
    assert standing.measure == "plan_coverage" and (standing.low, standing.high) == (ALONE, ALONE)
    assert [stray.about.partition(",")[0] for stray in told.strays] == ["a list that leaves out a figure"]


def test_gains_tell_figures_and_silence_tells_which_way_they_do_not_lie():
    public = Public(ELM.places, ("Clay Club", "Number Talk", "Story Time"))
    lines = [
        f"{card('intervention_gain').title}, Story Time: +6.1 points (n = 18, between +0.8 and +11.3), clearly above "
        "untreated pupils who began alike.",
        "No clear difference from untreated pupils: Number Talk.",
        "Not shown: Clay Club.",
    ]
    reader = GainsReader(lines, Scene(time_period="202526", place_code="999"), public, "interventions.html", "ul")
    told = reader.read()
    assert (told.strays, reader.others) == ([], [])
    claims = {(claim.groups[-1], claim.what): (claim.low, claim.mark) for claim in told.claims}
    assert claims["Story Time", "clear"] == (1, "") and claims["Number Talk", "clear"] == (0, "")
    assert claims["Story Time", "base"] == (18, "") and claims["Clay Club", "value"][1] == "c"
    assert len(GainsReader([*lines, lines[1]], reader.scene, public, "interventions.html", "ul").read().strays) == 1


ITEMS = Public(ELM.places, parts={"parents_agree": ("feels safe", "knows targets", "support helps")})
MIX = (
    "Survey: parents and carers who agree: of those shown, fewest on “feels safe” (44%). Survey: parents and carers "
    "who agree, % of respondents, Elm School, 2025/26. knows targets: All 46%, 95% interval 33% to 60%, n = 50. feels "
    "safe: All 44%, 95% interval 31% to 58%, n = 50. support helps: All not shown."
)
OTHER_TITLE, OTHER_ORDER, OTHER_WORDS = "a title that", "items or groups", "words of a chart"


@pytest.mark.parametrize(
    ("old", "new", "stray"),
    [
        ("", "", ""),
        ("of those shown, ", "", OTHER_TITLE),
        ("fewest on “feels safe”", "fewest on “support helps”", OTHER_TITLE),
        ("knows targets: All 46%", "knows targets: All 40%", OTHER_ORDER),
        (" support helps: All not shown.", "", OTHER_TITLE),
        ("All not shown.", "All not shown, 3 agreed.", OTHER_WORDS),
    ],
)
def test_the_words_of_a_chart_of_items_are_claims_and_its_title_and_order_follow(old, new, stray):
    words = WordsReader(MIX.replace(old, new, 1), Scene(), ITEMS, "resources_and_voice.html", "chart").read()
    claims = {(claim.groups[-1], claim.what): claim.low for claim in words.told.claims if claim.told}
    assert claims["feels safe", "value"] == 43.5 and claims["feels safe", "base"] == 50
    assert next((each.about for each in words.told.strays), "").startswith(stray) and bool(words.told.strays) == bool(
        stray
    )


MARK, HEAD, LINE_OF_CSV = "\ufeff", "table,row,column,shown\r\n", "A,All,n,7\r\n"


@pytest.mark.parametrize(
    ("text", "tables", "odd"),
    [
        (MARK + HEAD + LINE_OF_CSV + "A,All,up,'=1\r\nB,Elm,n,c\r\n", [["A", "7", "=1"], ["B", "c"]], 0),
        (HEAD + LINE_OF_CSV, [["A", "7"]], 1),  # without the mark
        (MARK + (HEAD + LINE_OF_CSV).replace("\r", ""), [["A", "7"]], 1),
        (MARK + "table,row,shown\r\nA,All,7\r\n", [], 2),
        (MARK + HEAD + "A,All,n,7,3\r\n", [], 2),
    ],
)
def test_a_saved_csv_is_made_into_tables_and_its_form_is_held_to_ours(text, tables, odd):
    saved = read_saved("data:text/csv;base64," + base64.b64encode(text.encode()).decode())
    assert [[node.text for node in table.all("caption", "td")] for table in saved.tables] == tables
    assert len(saved.odd) == odd


@pytest.mark.parametrize(
    "link", ["data:text/csv,7", "data:text/csv;base64,7", "figures.csv", "data:text/csv;base64,/w=="]
)
def test_a_csv_that_cannot_be_read_is_a_stray(link):
    assert len(read_saved(link).odd) == 1


def test_a_number_that_no_sentence_of_ours_holds_is_a_stray_and_its_value_is_not_repeated():
    _, strays = read_one("Of the pupils in our school 31 moved away.")
    assert len(strays) == 1 and "31" not in strays[0].about + strays[0].where


KEY = ("persistent_absence", "202526", "Academic year", "900105", ("SEN support", *[TOTAL] * 7), "")
LEVELS = {"999": "Local authority", "900105": "School"}


@pytest.mark.parametrize(
    ("value", "base", "counts"),
    [("13.0%", 23, (3, 3)), ("13%", 23, (3, 3)), ("7%", 310, (21, 23)), ("7.4%", 310, (23, 23))],
)
def test_a_percentage_and_its_base_give_the_count(value, base, counts):
    known = with_arithmetic({KEY: {"value": printed(value)[:2], "base": (base, base)}}, LEVELS)
    assert known[KEY]["numerator"] == counts


def test_a_percentage_and_its_count_give_the_base():
    known = with_arithmetic({KEY: {"value": printed("42.9%")[:2], "numerator": (9, 9)}}, LEVELS)
    assert known[KEY]["base"] == (21, 21)


def test_limits_give_the_base():
    low, high = base_from_limits(printed("30.8%")[:2], printed("25.5%")[:2], printed("36.6%")[:2])
    assert low <= 263 <= high and high - low < 20


def test_a_gap_and_one_side_give_the_other():
    other = (*KEY[:4], ("No SEN", *[TOTAL] * 7), "")
    rows = {(*KEY[:5], "No SEN"): {"value": (8.95, 9.05)}, other: {"value": (10.95, 11.05)}, KEY: {"base": (50, 50)}}
    assert with_arithmetic(rows, LEVELS)[KEY]["numerator"] == (10, 10)


def test_the_la_and_the_rest_of_it_give_the_school():
    la = (*KEY[:3], "999", KEY[4], "")
    rows = {
        (*KEY[:5], REST_OF_LA): {"comparator_value": printed("34.9%")[:2]},
        la: {"base": (202, 202), "numerator": (74, 74)}, KEY: {"base": (33, 33)},
    }  # fmt: skip
    assert with_arithmetic(rows, LEVELS)[KEY]["numerator"] == (15, 15)


@given(st.floats(-5000, 5000), st.integers(0, 3))
def test_what_is_printed_may_have_been_what_was_printed(value, decimals):
    low, high, step = printed(format_number(value, decimals))
    assert low - 1e-6 <= value <= high + 1e-6
    assert step == pytest.approx(10.0**-decimals)


def test_claims_of_an_empty_folder_are_none(tmp_path):
    assert claims_in(tmp_path) == []
    assert as_published_rows([]).equals(pl.DataFrame())


TALKS = "a conversation each term with parents there, all pupils with SEN"
RATED = "M1 Personal plans are reviewed with parents at least termly"
OAK = Public({"Oak": ("1-Oak", "School"), "Exampleshire": ("999", "Local authority")})


@pytest.fixture(scope="module")
def asked():
    """A view with one disagreement: a high rating, a low figure, a gap that is clear."""
    figures = shows(44.0, -16.0, -27.0, -4.0, numerator=26.0, **ALIKE_MEASURE)
    return OwnView(frame(says("M1", 8), figures)), {
        (r["measure"], r["comparator"]): r for r in frame(*figures).to_dicts()
    }


def read_says(html, place="999"):
    told = PageReader(html, Scene(place_code=place, time_period=YEAR), OAK, "self_evaluation.html").read()
    return told.claims, [stray.about for stray in told.strays]


def follows_from(rows):
    names = {"base": "base_subjects"}
    return lambda key, what: rows.get((key[0], key[5]), {}).get(names.get(what, what))


@pytest.mark.parametrize("place", ["999", "1-Oak"])
def test_a_question_is_read_as_rating_figure_gap_and_chance_that_follow(asked, place):
    view, rows = asked
    claims, strays = read_says(questions_table(view, place=place, time_period=YEAR).to_html(), place)
    assert strays == [] and {claim.place_code for claim in claims} == {"1-Oak"}
    told = {(c.measure, c.comparator, c.what): c.printed for c in claims}
    talks = ALIKE_MEASURE["measure"]
    assert told == {
        ("sef_now", "", "value"): 8.0, (talks, "", "value"): 44.0, (talks, "", "numerator"): 26.0,
        (talks, "", "base"): 60.0, (talks, "", "lower"): 0.0, (talks, "", "upper"): 100.0,
        (talks, REST_OF_LA, "value"): -16.0, (talks, REST_OF_LA, "lower"): -27.0, (talks, REST_OF_LA, "upper"): -4.0,
        (talks, REST_OF_LA, "comparator_value"): 60.0, (talks, REST_OF_LA, "said"): 1.0,
        (talks, REST_OF_LA, "chance"): 220.0,
    }  # fmt: skip
    made = [claim for claim in claims if claim.what in ("said", "chance")]
    assert all(follows(claim, follows_from(rows)) for claim in made) and len(made) == 2
    other = {key: row | {"lower": -31.0, "upper": 1.0} for key, row in rows.items()}
    assert not any(follows(claim, follows_from(other)) for claim in made)


@pytest.mark.parametrize(
    ("old", "new", "stray"),
    [
        ("8 of 10", "8 of 10 raters", "a rating of no form of ours"),
        ("8 of 10", "3 of 10", "a verdict that does not go with its line"),
        ("1 time in 220", "1 time in 220 or 3", "a chance of no form of ours"),
        ("(between 4 and 27)", "(between 4 and 27, 2 schools)", "a comparison of no form of ours"),
        ("the same group in", "others in", "another group than that of the figure"),
        ("44% (26 of 60 pupils,", "44% (26 of 60 pupils, 3 left,", "a number that no sentence of ours would hold"),
        ("Whose plan", "Of 3 pupils, whose plan", "a question that is none of ours"),
        ("Oak, M1", "Oak and Elm, M1", "a line of no school of ours"),
        ("with parents there, all", "with 2 parents there, all", "a line of no measure that bears on its statement"),
        ("<td class=", '<td data-n="3" class=', "an attribute data-n that no cell of ours has"),
    ],
)
def test_a_question_with_anything_else_in_it_is_a_stray(asked, old, new, stray):
    html = questions_table(asked[0], place="999", time_period=YEAR).to_html()
    assert old in html
    assert stray in read_says(html.replace(old, new, 1))[1]


def test_questions_on_a_slide_are_read_like_those_of_the_table(asked):
    (row,) = disagreements_table(schools_to_ask(asked[0], time_period=YEAR)).rows
    cells = [cell.text for cell in row]
    deck = Deck({}, OAK, f"{YEAR}/board/slides.pptx")
    deck.read_disagreement(cells, "slide")
    table = read_says(questions_table(asked[0], place="999", time_period=YEAR).to_html())[0]
    told = [
        {(c.key, c.what, c.low, c.high) for c in claims if c.what != "said"} for claims in (deck.told.claims, table)
    ]
    assert deck.told.strays == [] and told[0] == told[1] and len(told[0]) == 11
    deck.read_disagreement([*cells[:2], f"{cells[2]}; 3 left", *cells[3:]], "slide")
    assert deck.told.strays


@pytest.mark.parametrize(
    ("why", "base", "strays"),
    [("not rated: 0", 1, 1), ("too few pupils to say (under 30): 1", 1, 0), ("not rated: 1", 0, 0), ("lost: 1", 1, 1)],
)
def test_of_how_many_schools_what_can_be_said_gives_how_many_rated_it(why, base, strays):
    heads = ("Statement and measure", "Says more", "Figures better", "No disagreement", "Not judged: schools")
    title = f": {TALKS.partition(',')[0]}"
    rows = "".join(
        f"<tr><th>{words}{title if code == 'M1' else ''}</th><td>0</td><td>0</td><td>0</td>"
        f"<td>{why if code == 'M1' else 'not published: 1'}</td></tr>"
        for words, code in STATEMENTS.items()
    )
    head = "".join(f"<th>{name}</th>" for name in heads)
    caption = "<caption>What schools say beside what their figures show, 2025/26</caption>"
    claims, found = read_says(f"<table>{caption}<tr>{head}</tr>{rows}</table>")
    assert len(found) == strays
    assert [c.low for c in claims if c.what == "denominator"] == ([] if strays else [base])
