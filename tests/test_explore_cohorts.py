"""Cohorts of the explorer: 200 random views are the batch's figures, code gives a view again, files are judged."""

import csv
import json
import random
from pathlib import Path

import polars as pl
import pytest

from sendlab import metrics
from sendlab.charts import svg
from sendlab.disclosure.guard import ASKABLE, COLUMNS
from sendlab.disclosure.guard.counted import figures
from sendlab.disclosure.published import OWN_VIEW_MARK, OwnView, Published
from sendlab.errors import SendlabError
from sendlab.explore import CohortExplorer
from sendlab.explore.export import export
from sendlab.explore.own import SUMMED_BY, rule_of
from sendlab.explore.selection import BANDS, INTERVENTION, ON_SCREEN, of_dict
from sendlab.explore.views import NOT_KEPT, shown
from sendlab.narrate.answer_words import NO_YEAR_BEFORE, answer_sentence
from sendlab.narrate.answers import AUTHORITY, EARLIER, answered
from sendlab.narrate.strength import gap_of, gap_strength
from sendlab.schema.groups import NOT_RECORDED

FIGURES = ("numerator", "denominator", "base_subjects", "with_subjects", "value", "lower", "upper", "top_share")
LOOKS_AT_THE_AUTHORITY = ("sessions_affordable",)  # at the most sessions that anyone had
SAID = ("status", "note", "time_identifier", "place_name", "unit")


@pytest.fixture(scope="module")
def explorer(sample_workspace: Path) -> CohortExplorer:
    return CohortExplorer(sample_workspace)


@pytest.fixture
def own_explorer(own_sample: Path) -> CohortExplorer:
    """Of a workspace whose answers and files are this test's own."""
    return CohortExplorer(own_sample)


def random_selection(explorer, dice):
    """Measure, place, year, none to two columns, none to two filters."""
    columns = [name for name in COLUMNS if name != "need_area" or dice.random() < 0.5]
    by = dice.sample(columns, dice.choice((0, 1, 1, 2)))
    left = [name for name in columns if name not in by]
    filters = {
        name: dice.sample(explorer.values(name), dice.choice((1, 2)))
        for name in dice.sample(left, dice.choice((0, 1, 1, 2)))
    }
    return explorer._selection(
        dice.choice(ASKABLE), dice.choice(explorer.places()["place_code"].to_list()), None, by, "", "", filters,
        [dice.choice(("202324", "202425", "202526"))],
    )  # fmt: skip


def test_200_random_views_are_the_figures_of_the_batch(explorer):
    """As the guard counts them, and as the metric counts the filtered facts themselves, polars and pandas."""
    dice, met = random.Random(20261201), 0
    for number in range(200):
        chosen = random_selection(explorer, dice)
        question = chosen.question
        facts = explorer.own.facts(question.time_period)
        rows = explorer.own.rows(chosen, question.places[0]).select(*COLUMNS, *FIGURES, *SAID)
        batch = figures(question, facts).select(rows.columns)
        met += rows.height
        assert same(rows, batch), (number, question.code())
        if question.measure not in LOOKS_AT_THE_AUTHORITY and not question.by:
            as_pandas = number % 2 == 1
            inside = facts.filter(
                *(pl.col(n).cast(pl.String).fill_null(NOT_RECORDED).is_in(list(v)) for n, v in rule_of(chosen).items())
            )
            made = getattr(metrics, question.measure)(inside.to_pandas() if as_pandas else inside, by=[])
            made = pl.from_pandas(made) if as_pandas else made
            here = made.filter(
                pl.col("geographic_level").is_in(["School", "Local authority"]), place_code=question.places[0]
            ).select(*FIGURES[:4])
            assert here.cast(pl.Float64).fill_nan(None).equals(rows.select(here.columns).cast(pl.Float64)), (
                question.code()
            )
    assert met > 500


def in_column(name: str, values) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null(NOT_RECORDED).is_in(list(values))


def same(rows: pl.DataFrame, batch: pl.DataFrame) -> bool:
    """Equal but for the last bits of limits: sums are added up in another order."""
    one, two = (frame.sort(*COLUMNS) for frame in (rows, batch))
    texts = [*COLUMNS, *SAID]
    return one.select(texts).equals(two.select(texts)) and all(
        (one[name].is_null() == two[name].is_null()).all()
        and ((one[name] - two[name]).abs() <= 1e-9 * (1 + two[name].abs())).fill_null(True).all()
        for name in FIGURES
    )


def test_filters_of_the_own_screen_choose_whom_they_say(explorer):
    facts = explorer.own.facts("202526")
    for column, values in ON_SCREEN.items():
        assert set(facts[column].drop_nulls()) <= set(values)
    inside = facts.filter(attendance_band=BANDS[2])
    view = explorer.select(measure="persistent_absence", place="999", by=[], attendance_band=BANDS[2], own=True)
    assert view.total["value"] == 100.0  # who missed a tenth to half is persistently absent, all of them
    assert view.total["base_subjects"] == inside.filter(pl.col("age_at_31_august").is_between(5, 15)).height
    name = explorer.values(INTERVENTION)[0]
    had = explorer.select(measure="absence", place="999", by=[], intervention=name, own=True)
    told = (
        dict(zip(*[shown(had.interventions()).rows[n] for n in (0, 0)], strict=True))
        and shown(had.interventions()).rows
    )
    pupils = {row[0]: row[1] for row in told}
    assert int(pupils[name]) >= had.total["base_subjects"] > 0


def test_every_column_that_cohorts_are_chosen_by_is_summed_by():
    assert set(COLUMNS) | set(ON_SCREEN) <= set(SUMMED_BY)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"compare": "No SEN"}, "(No SEN)"),
        ({"compare": EARLIER}, "a year earlier"),
        ({"by": ["nc_year"], "nc_year": ["6", "7"], "compare": "6", "sen_primary_need": "SLCN"}, "Year 7"),
        ({"place": "900105", "compare": AUTHORITY}, "(the whole authority)"),
        ({"by": ["sex", "key_stage"], "sen_provision": "All SEN"}, "Female · Key stage 4"),
    ],
)
def test_code_of_a_view_gives_the_same_figures(explorer, more, words, monkeypatch):
    view = explorer.select(**{"measure": "absence", "place": "999", "own": True, **more})
    assert words in shown(view.sentence) and OWN_VIEW_MARK in shown(view.sentence) and repr(view) == NOT_KEPT
    monkeypatch.chdir(explorer.root)
    there: dict = {"display": lambda *_: None, "print": lambda *_: None}
    exec(view.code, there)
    again = there["view"]
    assert again.rows.equals(view.rows) and shown(again.sentence) == shown(view.sentence)
    assert shown(again.table).to_html() == shown(view.table).to_html() and svg(shown(again.chart)) == svg(
        shown(view.chart)
    )


def test_a_gap_leads_on(explorer):
    view = explorer.select(measure="persistent_absence", place="999", compare="No SEN", own=True)
    made = shown(view.made_of("fsm_status", group="SEN support").table)
    first, *steps, last = made.rows
    assert (first[0], last[0]) == ("No SEN", "SEN support") and len(steps) >= 2
    assert "Different mix by free school meals" in steps[-1][0]
    sizes = sum(float(step[2].replace("−", "-")) for step in steps)
    assert abs(float(first[2][:-1]) + sizes - float(last[2][:-1])) <= 0.1 * (len(steps) + 2) / 2 + 0.05
    years = shown(view.over_time().table)
    assert [row[0] for row in years.rows[1:]] == ["2023/24", "2024/25", "2025/26"]
    schools = shown(view.by_school().table)
    assert len(schools.rows) == 1 + explorer.places().height - 1 - 1  # without the nursery, which has no attendance
    assert "Interventions of all pupils" in shown(view.interventions()).caption
    released = explorer.select(measure="persistent_absence", place="999")
    assert released.by_school().chart.description and released.over_time().table.rows
    with pytest.raises(SendlabError, match="was not released"):
        released.made_of("sex")


def test_a_part_of_a_year_is_never_held_to_a_whole_one(explorer):
    """Autumn of this year beside a whole year before: nothing is compared, in words, chart or table."""
    view = explorer.select(measure="absence", place="999", compare=EARLIER, own=True)
    now = pl.col("time_period") == view.time_period
    part = pl.when(now).then(pl.lit("Autumn term")).otherwise("time_identifier").alias("time_identifier")
    question, mixed = view.selection.question, OwnView(view.figures.rows.with_columns(part))
    assert answered(view.figures, question, compare=EARLIER).against.keys() == {"EHC plan", "SEN support", "No SEN"}
    assert answer_sentence(mixed, question, compare=EARLIER).endswith(NO_YEAR_BEFORE)
    assert answered(mixed, question, compare=EARLIER).against == {}
    autumn = explorer.select(measure="absence", place="999", compare=EARLIER, part="Autumn term", own=True)
    assert (
        autumn.rows["time_identifier"].unique().to_list() == ["Autumn term"]
        and autumn.rows["time_period"].n_unique() == 2
    )


def test_a_cohort_without_groups_is_held_to_the_year_before_whatever_it_is_filtered_by(explorer):
    view = explorer.select(measure="absence", place="999", by=[], first_language="English", compare=EARLIER, own=True)
    assert "(a year earlier)" in shown(view.sentence) and "English" in shown(view.sentence)


def test_no_clear_gap_is_passed_over_in_silence(explorer):
    """Three are told by name; how many more there are is said."""
    view = explorer.select(measure="absence", place="999", by=["sen_primary_need"], compare="SLCN", own=True)
    found = answered(view.figures, view.selection.question, compare="SLCN")
    gaps = [gap_of(found.lines[name], other) for name, other in found.against.items()]
    seen = sum(gap_strength(gap, found.about) in ("clear", "possible") for gap in gaps if gap)
    assert seen > 3 and f"{seen - 3} more show" in shown(view.sentence).replace("more shows", "more show")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"shoe_size": "7"}, "no column to filter by"),
        ({"sex": "Mail"}, "choose from Male"),
        ({"attendance_band": "90%"}, "no value of attendance_band"),
        ({"compare": "nobody"}, "nothing called 'nobody'"),
        ({"compare": AUTHORITY}, "not held to itself"),
        ({"measure": "ks2_reading_progress", "sex": "Male"}, "by SEN provision and area of need only"),
        ({"by": ["sex", "nc_year", "fsm_status", "ethnicity_major"]}, "at most 3 columns"),
    ],
)
def test_what_cannot_be_chosen_is_told(explorer, wrong, told):
    with pytest.raises(SendlabError) as fault:
        explorer.select(**{"measure": "absence", "place": "999", "own": True, **wrong})
    assert told in str(fault.value)


def test_what_was_not_released_is_refused_with_what_to_do(explorer):
    with pytest.raises(SendlabError, match="were not released to the board") as fault:
        explorer.select(measure="absence", place="999", by=["nc_year"])
    assert "explorer.answer(...)" in fault.value.next_step


def test_an_export_of_an_own_view_is_what_the_board_may_see(own_explorer):
    view = own_explorer.select(measure="suspended_once_or_more", place="900105", by=["sex"], own=True)
    taken = export(view, "csv")
    with taken.path.open(encoding="utf-8-sig", newline="") as file:
        cells = list(csv.DictReader(file))
    answer = own_explorer.answer(measure="suspended_once_or_more", place="900105", by=["sex"])
    assert isinstance(answer.figures, Published)
    rows = dict(zip([row[0] for row in answer.table.rows], answer.table.rows, strict=True))
    assert {(cell["row"], cell["shown"]) for cell in cells if cell["column"] == "Figure"} == {
        (name, row[answer.table.headings.index("Figure")]) for name, row in rows.items()
    }
    picture = export(view, "svg").path.read_text("utf-8")
    assert OWN_VIEW_MARK not in picture and 'data-sendlab="published"' in picture
    assert export(view, "png").path.read_bytes()[:4] == b"\x89PNG"
    assert "explorer.select" in export(view, "code").text
    saved = export(view, "view").path.read_text("utf-8")
    assert of_dict(json.loads(saved), authority="999") == view.selection and "value" not in saved


def test_filters_of_the_own_screen_leave_it_in_no_form(own_explorer):
    view = own_explorer.select(measure="absence", place="999", by=[], attendance_band=BANDS[0], own=True)
    with pytest.raises(SendlabError, match="in no figures that leave it"):
        export(view, "csv")
    with pytest.raises(SendlabError, match="nothing can be taken away as 'xlsx'"):
        export(view, "xlsx")
    assert not (own_explorer.root / "exports").exists()


def test_the_page_answers_controls_brushes_and_buttons(own_explorer, monkeypatch):
    """Messages to the browser, recorded where they leave; each brings status, sentence, table and chart together."""
    sent = []
    page = own_explorer.show(measure="absence", place="999").page
    monkeypatch.setattr(page.screen, "send", lambda message, buffers=None: sent.append(message))
    page.screen._heard(None, {"kind": "ready"}, [])
    assert own_explorer.select(measure="absence", place="999").sentence in html_of(sent[-1])
    controls = page.controls
    controls.own.value = True
    assert set(sent[-1]["charts"]) == {"main", "bars-nc_year", "bars-attendance_band"}
    controls.filters["sex"].value = ("Female",)
    page.screen._heard(None, {"kind": "brush", "column": "nc_year", "values": ["6", "7", "99"]}, [])
    view = own_explorer.select(measure="absence", place="999", own=True, sex="Female", nc_year=["6", "7"])
    assert shown(view.status) in html_of(sent[-1]) and view.table.shown.to_html() in html_of(sent[-1])
    controls.by.value = "nc_year"
    controls.held.value = "6"
    assert "Year 7" in html_of(sent[-1]) and "Year 8" not in html_of(sent[-1])
    for button in controls.leads.values():
        button.click()
        assert OWN_VIEW_MARK in sent[-1]["parts"]["lead"]
    controls.by.value = "sex"  # what it was held to is no group of it
    assert controls.held.value == "" and "Nothing is shown" not in html_of(sent[-1])
    controls.own.value = False
    assert "were not released to the board" in html_of(sent[-1])
    controls.ask.click()
    assert any(f"{word} for audience board" in html_of(sent[-1]) for word in ("protected", "Not answered"))


def html_of(message) -> str:
    return "".join(message["parts"].values())
