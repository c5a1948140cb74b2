"""Sentences: the right figures, plain words for intervals, nothing about hidden figures, no cause."""

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendlab import narrate
from sendlab.disclosure.published import OwnView, _published
from sendlab.errors import GateError, SendlabError
from sendlab.metrics.cards import card
from sendlab.metrics.publication import published_measures
from sendlab.narrate.strength import smallest_gap
from sendlab.narrate.titles import change_title, mix_title
from sendlab.schema import as_measures
from sendlab.schema.labels import period_text

PA = "persistent_absence"
HERE = {"measure": PA, "place": "1", "time_period": "202526"}


def row(group, value=None, lower=None, upper=None, n=None, **fields):
    base = {
        "measure": PA, "time_period": "202526", "time_identifier": "Academic year", "geographic_level": "School",
        "place_code": "1", "place_name": "Oak Primary", "sen_provision": group, "value": value, "lower": lower,
        "upper": upper, "base_subjects": n,
    }  # fmt: skip
    return base | fields


def own(*rows):
    return OwnView(as_measures(pl.DataFrame(list(rows), infer_schema_length=None, strict=False)))


FIGURES = (row("SEN support", 34.2, 28.6, 40.3, 263, numerator=90), row("No SEN", 15.0, 11.4, 19.5, 300, numerator=45))
GAP = row("SEN support", 19.2, 11.8, 26.3, 263, comparator="No SEN", comparator_value=15.0)


def test_the_headline_holds_figure_count_interval_comparator_and_period():
    first = "Persistent absence, Oak Primary, 2025/26: pupils on SEN support 34.2% "
    first += "(90 of 263 pupils, between 28.6% and 40.3%)"
    then = ", against pupils with no SEN 15.0% (45 of 300 pupils, between 11.4% and 19.5%): a clear gap."
    assert narrate.headline(own(*FIGURES, GAP), **HERE) == first + then


def gain(item, value=None, lower=None, upper=None, n=None, **fields):
    return row("Total", value, lower, upper, n, measure="intervention_gain", item=item, **fields)


def test_interventions_that_stand_out_are_named_the_lowest_gain_first():
    better, worse = gain("Reading aloud", 4.2, 1.2, 7.2, 23), gain("Number talk", -3.0, -5.5, -0.5, 30)
    seen = own(better, worse, gain("Phonics", 0.4, -3.0, 4.0, 12), gain("Clay", status="c"))
    title = card("intervention_gain").title
    assert narrate.intervention_findings(seen, place="1", time_period="202526").splitlines() == [
        f"• {title}, Number talk: −3.0 points (n = 30, between −5.5 and −0.5), clearly below "
        "untreated pupils who began alike.",
        f"• {title}, Reading aloud: +4.2 points (n = 23, between 1.2 and 7.2), clearly above "
        "untreated pupils who began alike.",
        "• No clear difference from untreated pupils: Phonics.",
        "• Not shown: Clay.",
    ]
    few = narrate.intervention_findings(seen, place="1", time_period="202526", most=1)
    rare = own(better, gain("Clay", status="c"), gain("Frames", status="u", note="fewer than 10 pupils: counts only"))
    told = narrate.intervention_findings(rare, place="1", time_period="202526").splitlines()
    assert told[1:] == ["• Not shown: Clay.", "• Fewer than 10 pupils: counts only: Frames."]
    assert "1 more: see the chart below." in few and "Reading aloud" not in few


def test_without_interventions_the_list_says_so():
    text = narrate.intervention_findings(own(gain("None", status="x")), place="1", time_period="202526")
    assert text.lower().startswith("no interventions on record for 2025/26")


PLAN = {"measure": "termly_conversation_held", "place": "1", "time_period": "202526"}


def test_of_what_only_pupils_with_sen_have_the_figure_stands_by_itself():
    """Nobody without SEN has a plan: a school stands beside the rest of the LA, the LA beside nobody."""
    held = row("SEN support", 50.5, 43.7, 57.2, 208, numerator=105, measure=PLAN["measure"])
    told = "pupils on SEN support: 50.5% (105 of 208 pupils, between 43.7% and 57.2%)."
    text = narrate.findings(own(held), measures=[PLAN["measure"]], place="1", time_period="202526")
    assert f"• A conversation with parents each term, {told}" in text and "Nobody to compare with" not in text
    assert (
        narrate.finding_title(own(held), **PLAN)
        == "A conversation with parents each term, pupils on SEN support: 50.5%"
    )
    rest = row("SEN support", -9.0, -12, -6, 208, measure=PLAN["measure"], comparator="LA without this school",
               comparator_value=59.5)  # fmt: skip
    title = narrate.finding_title(own(held, rest), **PLAN)
    assert title.endswith("SEN support 9.0 percentage points below the same group in the rest of the LA")


def test_what_fewest_agree_to_is_named_and_ties_are():
    def answer(item, value):
        return item, row("Total", value, measure="pupils_agree", n=80, item=item)

    about = card("pupils_agree")
    title = mix_title(about, "Total", [answer("listened to", 55.0), answer("feels safe", 50.4), answer("knows", 49.6)])
    assert title == "Survey: pupils who agree: fewest on “feels safe” and “knows” (50%)"
    spent = [
        (name, row("Total", value, measure="delegated_spent_on")) for name, value in (("Staff", 60.0), ("Kit", 40.0))
    ]
    assert mix_title(card("delegated_spent_on"), "Total", spent).endswith("most often staff (60.0%)")


def test_people_are_called_what_they_are():
    asked = {"measure": "parents_agree", "place": "1", "time_period": "202526"}
    said = row("Total", 46.0, 33, 60, 50, numerator=23, measure="parents_agree")
    text = narrate.headline(own(said | {"sen_provision": "SEN support"}), **asked)
    assert "(23 of 50 parents and carers, between 33% and 60%)" in text


def test_the_headline_says_what_is_hidden_and_judges_nothing_then():
    hidden = row("SEN support", status="c")
    text = narrate.headline(own(hidden, FIGURES[1], row("SEN support", status="c", comparator="No SEN")), **HERE)
    assert "pupils on SEN support not shown (fewer than 5 pupils or protected)" in text
    assert "gap" not in text
    title = narrate.finding_title(own(hidden, FIGURES[1], row("SEN support", status="c", comparator="No SEN")), **HERE)
    assert title == "Persistent absence: no comparison of SEN support and No SEN"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ((11.8, 26.3), "a clear gap, for the worse"),
        ((-1.0, 26.3), "a possible gap, for the worse"),
        ((-8.0, 9.0), "no sign of a gap"),
        ((-15.0, 26.3), "cannot tell whether there is a gap"),
        ((None, None), "cannot tell whether there is a gap"),
    ],
)
def test_the_interval_decides_the_words(limits, words):
    gap = {**GAP, "lower": limits[0], "upper": limits[1]}
    assert narrate.gap_sentence(own(*FIGURES, gap), **HERE).endswith(f": {words}.")


def test_a_gap_below_is_told_by_its_size():
    gap = row("SEN support", -1.4, -2.4, -0.5, 263, comparator="Same group nationally")
    text = narrate.gap_sentence(own(*FIGURES, gap), **HERE, comparator="Same group nationally")
    assert "are 1.4 percentage points below the same group nationally (between 0.5 and 2.4)" in text
    assert text.endswith("a clear gap, for the better.")


def test_a_gap_is_as_fine_as_its_coarser_side():
    small = (FIGURES[0], row("No SEN", 15.0, 8.0, 25.0, 60), {**GAP, "value": 19.0, "lower": 8.0, "upper": 29.0})
    assert "19 percentage points above" in narrate.gap_sentence(own(*small), **HERE)
    assert (
        narrate.finding_title(own(*small), **HERE)
        == "Persistent absence: SEN support 19 percentage points above No SEN"
    )


def test_a_hidden_gap_is_not_described():
    text = narrate.gap_sentence(own(*FIGURES, row("SEN support", status="c", comparator="No SEN")), **HERE)
    assert text.endswith("not shown (fewer than 5 pupils or protected).")


def test_the_title_falls_back_to_the_national_gap_and_then_to_the_figure():
    figure, hidden = FIGURES[0], row("SEN support", status="c", comparator="No SEN")
    nation = row("SEN support", 4.8, 0.5, 9.1, 263, comparator="Same group nationally")
    titles = [narrate.finding_title(own(figure, hidden, *more), **HERE) for more in ((nation,), ())]
    assert titles == [
        "Persistent absence: SEN support 4.8 percentage points above the same group nationally",
        "Persistent absence: SEN support 34.2%, not compared",
    ]


def test_change_between_years():
    old = row("SEN support", 44.0, 38.0, 50.0, 260, numerator=114, time_period="202425")
    text = narrate.change_sentence(own(*FIGURES, old), measure=PA, place="1", from_period="202425", to_period="202526")
    # MOVER by hand: -9.8 - sqrt(5.6^2 + 6^2) = -18.0; -9.8 + sqrt(6.1^2 + 6^2) = -1.2
    assert text.endswith("9.8 percentage points lower (between 1.2 and 18.0): a clear change, for the better.")


def test_part_years_are_not_compared_with_full_years():
    autumn = row("SEN support", 30.0, 25.0, 35.0, 260, time_period="202627", time_identifier="Autumn term")
    words = {"measure": PA, "place": "1", "from_period": "202526", "to_period": "202627"}
    text = narrate.change_sentence(own(*FIGURES, autumn), **words)
    assert "2025/26 (Academic year) and 2026/27 (Autumn term) cannot be compared" in text
    assert "no figures for 2026/27" in narrate.change_sentence(own(*FIGURES), **words)


def test_a_hidden_year_tells_no_change():
    old = row("SEN support", status="c", time_period="202425")
    text = narrate.change_sentence(own(*FIGURES, old), measure=PA, place="1", from_period="202425", to_period="202526")
    assert text.endswith("the change cannot be told.")


def test_sentences_name_no_cause():
    view = own(*FIGURES, GAP)
    texts = [narrate.headline(view, **HERE), narrate.gap_sentence(view, **HERE), narrate.finding_title(view, **HERE)]
    assert not any(re.search(r"because|due to|caus|led to|effect|impact", text) for text in texts)


def test_titles_are_about_ten_words():
    for measure in published_measures():
        rows = [{**line, "measure": measure} for line in (*FIGURES, GAP)]
        title = narrate.finding_title(own(*rows), measure=measure, place="1", time_period="202526")
        assert len(title.split()) <= 17, title


@pytest.mark.parametrize("thing", [own(*FIGURES).rows, own(*FIGURES).to_pandas(), None])
def test_raw_frames_are_refused(thing):
    for sentence in (narrate.headline, narrate.gap_sentence, narrate.finding_title):
        with pytest.raises(GateError):
            sentence(thing, **HERE)
    with pytest.raises(GateError):
        narrate.change_sentence(thing, measure=PA, place="1", from_period="202425", to_period="202526")


def test_wrong_names_get_a_next_step():
    with pytest.raises(SendlabError, match=r"for place '2'.*\n.*there are: 1"):
        narrate.rows_of(own(*FIGURES), measure=PA, place="2")
    said = narrate.headline(own(*FIGURES), **HERE | {"time_period": "201920"})
    assert said == "No figures of 'Persistent absence' for 2019/20; there are: 2025/26."
    with pytest.raises(SendlabError, match="did you mean"):
        narrate.headline(own(*FIGURES), measure="persistent_absense", place="1", time_period="202526")
    parts = [row("SEN support", 1.0, time_identifier=kind) for kind in ("Autumn term", "Spring term")]
    with pytest.raises(SendlabError, match="time_identifier="):
        narrate.headline(own(*parts), **HERE)


def test_published_and_own_view_read_alike():
    rows = own(*FIGURES, GAP).rows
    view = _published(rows, audience="board", threshold=5, run_id="r")
    assert narrate.headline(view, **HERE) == narrate.headline(OwnView(rows), **HERE)


def test_the_full_year_is_taken_and_another_part_is_named():
    autumn = row("SEN support", 50.0, 40.0, 60.0, 200, time_identifier="Autumn term")
    assert "34.2%" in narrate.headline(own(*FIGURES, autumn), **HERE)
    assert period_text("202526", "Autumn term") == "2025/26 (autumn term)"


@pytest.mark.parametrize(
    ("value", "base", "text"), [(62.25, 100, "62.3%"), (62.25, 99, "62%"), (62.5, 99, "63%"), (62.25, None, "62.3%")]
)
def test_shares_of_few_people_are_whole_percentages(value, base, text):
    assert narrate.format_value(value, card(PA), base=base) == text


def test_signs_and_units():
    gain = card("intervention_gain")
    texts = [narrate.format_value(v, gain, sign=True, unit=False) for v in (1.25, -1.25, 0.04)]
    assert texts == ["+1.3", "−1.3", "0.0"]
    assert narrate.format_value(12.345, card("suspension_rate")) == "12.35 per 100 pupils"
    assert narrate.format_gap(-3.0, card("suspension_rate")) == "3.00 per 100 pupils"


LIMIT = st.floats(-100, 100)


@given(LIMIT, LIMIT)
def test_clear_means_that_zero_is_outside(one, two):
    lower, upper = sorted((one, two))
    word = narrate.strength(lower, upper, wide=20)
    assert (word == "clear") == (lower > 0 or upper < 0)
    assert word == narrate.strength(-upper, -lower, wide=20)  # neither direction is favoured
    if word == "no sign of":
        assert upper - lower <= 20


# --- what stands out ---------------------------------------------------------------------------------------------

LIKE = {"comparator": "Same group nationally"}


def told(*rows, **more):
    return narrate.findings(own(*rows), measures=[PA], place="1", time_period="202526", **more).splitlines()


def test_what_stands_out_is_told_with_the_worst_comparison_first_and_the_most_alike_beside_it():
    nationally = row("SEN support", 5.4, -0.2, 11.5, 263, comparator_value=28.8, **LIKE)
    first, *others = told(*FIGURES, GAP, nationally)
    assert first == (
        "• Persistent absence, pupils on SEN support: 34.2% (90 of 263 pupils, between 28.6% and 40.3%). Clearly "
        "worse: 19.2 percentage points above pupils with no SEN (15.0%), between 11.8 and 26.3; possibly worse than "
        "the same group nationally (28.8%)."
    )
    assert others == ["• No figure: pupils with an EHC plan (persistent absence)."]


def test_where_nothing_can_be_told_the_smallest_gap_that_would_have_shown_is():
    # limits -15 to 25: standard error 40 / 3.92 = 10.2, times 2.80 = 28.6
    unsure = row("SEN support", 5.4, -15.0, 25.0, 263, comparator_value=28.8, **LIKE)
    (first, _) = told(FIGURES[0], unsure)
    assert first.endswith(
        "Cannot tell whether that differs from the same group nationally (28.8%): only a gap of about 28.6 percentage "
        "points or more would have shown."
    )


def test_what_does_not_stand_out_is_named_by_its_reason():
    alike = row("SEN support", 0.4, -3.0, 4.0, 263, comparator_value=33.8, **LIKE)
    hidden = row("EHC plan", status="c")
    assert told(FIGURES[0], alike, hidden) == [
        "• No clear difference: pupils on SEN support (persistent absence).",
        "• Not shown (fewer than 5 pupils or protected): pupils with an EHC plan (persistent absence).",
    ]
    assert told(FIGURES[0])[0] == "• Nobody to compare with: pupils on SEN support (persistent absence)."


def test_a_hidden_figure_draws_no_conclusion_whatever_its_gaps_hold():
    gap = row("EHC plan", 30.0, 20.0, 40.0, None, comparator_value=4.0, **LIKE)
    assert told(*FIGURES, row("EHC plan", status="c"), gap)[-1].startswith("• Not shown")


def test_good_news_is_told_after_bad_and_two_figures_alike_are_no_difference():
    better = row("EHC plan", -9.0, -14.0, -4.0, 100, comparator_value=36.0, **LIKE)
    lines = told(*FIGURES, GAP, row("EHC plan", 27.0, 20.0, 35.0, 100, numerator=27), better)
    assert "Clearly worse" in lines[0] and "Clearly better: 9.0 percentage points below" in lines[1]
    same = row("SEN support", 0.0, -0.1, 9.0, 263, comparator_value=34.2, **LIKE)  # would be "possible"
    assert told(FIGURES[0], same)[0].startswith("• No clear difference")


def test_no_more_is_told_than_asked_for():
    worse = row("EHC plan", 9.0, 4.0, 14.0, 100, comparator_value=36.0, **LIKE)
    lines = told(*FIGURES, GAP, row("EHC plan", 45.0, 35.0, 55.0, 100, numerator=45), worse, most=1)
    assert len(lines) == 2 and lines[1] == "• 1 more: see the charts below."


@given(st.floats(-50, 50), st.floats(0.1, 80))
def test_a_gap_that_would_have_shown_is_more_than_half_its_interval(middle, width):
    least = smallest_gap(middle - width / 2, middle + width / 2)
    assert width / 2 < least < width


def test_a_change_up_to_a_year_before_the_last_says_up_to_which():
    year = {"value": 10.0, "lower": 8.0, "upper": 12.0}
    shown = [("202324", year), ("202425", {"value": 20.0, "lower": 18.0, "upper": 22.0})]
    about = card("persistent_absence")
    assert change_title(about, "SEN support", shown, "202425").endswith("clear rise for SEN support since 2023/24")
    assert change_title(about, "SEN support", shown, "202526").endswith("for SEN support from 2023/24 to 2024/25")
    alike = change_title(about, "EHC plan", [("202324", year), ("202425", year)], "202526")
    assert alike.endswith("no clear change for EHC plan from 2023/24 to 2024/25")
