"""A reader of the files alone: everything it reads is published, nothing is given away, and seeded faults are found."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from attacker.claims import Claim, Scene
from attacker.folder import make_folder, tasks_of
from attacker.html_file import PageReader, read_html
from attacker.judge import judge
from attacker.picture import read_picture
from attacker.planting import Material, report, set_cell, set_in_csv
from attacker.public import NATIONAL_CODE, NOTEBOOKS, declared_measures
from attacker.reading import learn, read_folder
from attacker.rows import COLUMN, NUMBERS, as_published_rows
from attacker.sentences import NATIONALLY, read_text
from attacker.statements import STATEMENTS
from attacker.truths import true_tables
from attacker.words import ALONE, BESIDE, MADE, QUIET, follows, place_of_gap
from seeded_faults import FAULTS as BY_GROUP
from seeded_faults_by_item import FAULTS_BY_ITEM
from seeded_faults_open_data import FAULTS_OF_OPEN_DATA
from seeded_faults_says import FAULTS_OF_SAYS
from seeded_faults_slides import FAULTS_OF_SLIDES

from sendlab import charts, describe, narrate, tables
from sendlab.build import open_workspace
from sendlab.measures import publishable
from sendlab.metrics.sef.ties import tied
from sendlab.runs.execute import execute, notebook_file, report_file
from sendlab.runs.plan import latest_period
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, SEN_PROVISION, SEND, TOTAL
from sendlab.schema.measures import GROUPS

PLACES = ("999", "900101", "900105")
TOPICS = ("attendance", "exclusions", "progress", "interventions", "plans_and_reviews", "resources_and_voice")
FAULTS = {**BY_GROUP, **FAULTS_BY_ITEM, **FAULTS_OF_OPEN_DATA, **FAULTS_OF_SAYS, **FAULTS_OF_SLIDES}
SUFFIXES = (".html", ".ipynb")
NO_ITEMS = {"sef_now": tuple(STATEMENTS.values())}  # items that stand in other tables


def item_of(claim):
    """The item that a claim is about."""
    return claim.groups[GROUPS.index("item")]


# fault -> the way in which it gives something away, and so must be found
WAYS = {
    "unrounded_limit": "finer than declared",
    "sorted_by_hidden_value": "stray",
    "tooltip": "shown though hidden",
    "alt_text": "shown though hidden",
    "dropped_cover": "narrowed",
    "earlier_release": "beside an earlier release",
    "notebook_metadata": "shown though hidden",
    "workbook_comment": "stray",
    "hidden_sheet": "stray",
    "document_properties": "stray",
    "drawn_point": "shown though hidden",
    "axis_domain": "stray",
    "shade_of_hidden_value": "stray",
    "percent_of_hidden_numerator": "narrowed",
    "gap_of_hidden_side": "shown though hidden",
    "rank": "shown though hidden",
    "total_in_footer": "shown though hidden",
    "hidden_base_shown": "shown though hidden",
    "data_attribute": "shown though hidden",
    "finer_sum": "finer than declared",
    "file_name": "stray",
    "sentence": "narrowed",
    "other_school_in_school_edition": "narrowed",
    "finding": "shown though hidden",
    "finding_by_silence": "shown though hidden",
    "finding_of_hidden_gap": "shown though hidden",
    "order_of_findings": "stray",
    "finer_least_gap": "does not follow",
    "saved_csv": "shown though hidden",
    "counted": "shown though hidden",
    "hidden_share_of_a_question": "shown though hidden",
    "question_in_words": "shown though hidden",
    "point_of_a_hidden_question": "shown though hidden",
    "point_of_a_question_moved": "told differently",
    "questions_by_hidden_share": "stray",
    "fewest_on_a_hidden_question": "stray",
    "people_of_a_chart": "does not follow",
    "conversation_in_the_list": "shown though hidden",
    "ehc_plans_of_another_year": "told differently",
    "gain_by_silence": "shown though hidden",
    "money_of_another_line": "told differently",
    "hidden_cell_of_open_data": "shown though hidden",
    "finer_open_data": "finer than declared",
    "label_of_open_data": "stray",
    "column_of_open_data": "stray",
    "order_of_open_data": "stray",
    "name_of_open_data": "stray",
    "hidden_on_the_scorecard": "shown though hidden",
    "behind_a_chart": "stray",
    "bar_moved": "told differently",
    "note_of_a_slide": "stray",
    "part_of_a_deck": "stray",
    "hidden_figure_beside_a_rating": "shown though hidden",
    "gap_beside_a_rating": "told differently",
    "schools_that_do_not_add_up": "stray",
}


@pytest.fixture(scope="module")
def opened(sample_workspace):
    return open_workspace(sample_workspace)


@pytest.fixture(scope="module")
def clean(opened, tmp_path_factory):
    return make_folder(opened, tmp_path_factory.mktemp("clean") / "reports", PLACES)


@pytest.fixture(scope="module")
def truth(opened):
    return publishable(opened.own_view().rows)


@pytest.fixture(scope="module")
def true_counts(truth):
    return true_tables(truth)


@pytest.fixture(scope="module")
def material(opened, truth):
    published = opened.published()
    return Material(truth, published.rows, PLACES, latest_period(published))


@pytest.fixture(scope="module")
def read(clean):
    return read_folder(clean)


def by_key(view):
    """{key as claims have it: published row}."""
    keys = ("measure", "time_period", "time_identifier", "place_code")
    return {
        (*(row[name] for name in keys), tuple(row[name] for name in GROUPS), row["comparator"]): row
        for row in view.rows.iter_rows(named=True)
    }


@pytest.fixture(scope="module")
def published(opened):
    return by_key(opened.published())


@pytest.fixture(scope="module")
def editions(opened, published, read):
    """{school, or "" for the board: what was published to it}."""
    schools = {school_of(claim.file) for claim in read.claims} - {""}
    return {"": published} | {code: by_key(opened.published(audience="school", school=code)) for code in schools}


def school_of(file):
    """The school whose own edition a file belongs to; empty for the board's."""
    parts = file.split("/")
    return parts[2] if parts[1:2] == ["schools"] else ""


def published_number(claim: Claim, published):
    """The published number that a claim is about; a benchmark without a gap row to it stands in a row of its own."""
    row = published.get(claim.key, {})
    number = row.get(COLUMN.get(claim.what, claim.what))
    if number is None and claim.what == "comparator_value" and claim.comparator == NATIONALLY:
        own = published.get((*claim.key[:3], NATIONAL_CODE, claim.groups, ""), {})
        number = own.get("value")
    return number


def number_in(published):
    """Numbers of published rows, as `follows` asks for them."""
    return lambda key, what: published.get(key, {}).get(COLUMN.get(what, what))


# --- the folder -----------------------------------------------------------------------------------------------------


def test_the_folder_is_what_a_run_writes(opened, clean, tmp_path):
    task = next(t for t in tasks_of(opened, tmp_path, ("900105",)) if t.notebook.stem == "exclusions")
    assert execute(task).status == "done"
    ours = clean / report_file(task).relative_to(tmp_path)
    assert ours.read_bytes() == report_file(task).read_bytes()
    books = [json.loads(path.read_text(encoding="utf-8")) for path in (ours.with_suffix(".ipynb"), notebook_file(task))]
    one, other = ([(cell["source"], cell.get("outputs")) for cell in book["cells"]] for book in books)
    assert one == other


def test_the_clean_folder_gives_nothing_away(read, true_counts):
    assert judge(read, true_counts) == []
    assert len(read.claims) > 40_000


# --- completeness ---------------------------------------------------------------------------------------------------


def test_every_number_read_is_published_with_the_same_rounding(read, editions):
    told = [claim for claim in read.claims if claim.told and claim.what not in ("change", *MADE)]
    kinds = Counter((Path(claim.file).suffix, claim.what) for claim in told)
    for suffix in (".html", ".ipynb", ".xlsx", ".csv", ".pptx"):
        least = 5 if suffix == ".pptx" else 50
        assert all(kinds[suffix, what] > least for what in ("base", "numerator", "value", "lower", "comparator_value"))
    for claim in told:
        number = published_number(claim, editions[school_of(claim.file)])
        assert number is not None, (claim.file, claim.where, claim.what)
        benchmark = claim.what in ("comparator_value", "value") and claim.comparator == NATIONALLY
        few = claim.what == "base"  # exact, or "too few to say (under 10)"
        allowed = claim.step / 2 + 1e-9 if benchmark or few or claim.place_code == NATIONAL_CODE else 1e-6
        assert abs(number - claim.printed) <= allowed, (claim.file, claim.where, claim.what)


def test_every_mark_of_hiding_is_published_as_hidden(read, editions):
    marks = [claim for claim in read.claims if claim.mark == "c"]
    assert len(marks) > 5000
    for claim in marks:
        row = editions[school_of(claim.file)][claim.key]
        numbers = ("base", "eligible") if claim.what == "share" else (claim.what,)
        gone = any(row[COLUMN.get(what, what)] is None for what in numbers)
        assert row["status"] == "c" and gone, (claim.file, claim.where)


def test_every_word_share_and_smallest_gap_follows_from_published_figures(read, editions):
    made = [claim for claim in read.claims if claim.told and claim.what in MADE]
    kinds = Counter(claim.what for claim in made)
    # no rating of the sample disagrees with its figures: those words are read in test_attacker_by_hand
    assert (
        set(kinds) == {*MADE} - {"said", "chance"}
        and kinds["word"] > 50
        and kinds["standing"] > 50
        and kinds["share"] > 20
    )
    for claim in made:
        assert follows(claim, number_in(editions[school_of(claim.file)])), (claim.file, claim.where, claim.what)


def test_no_mark_stands_where_a_number_is_published(read, editions):
    marks = [claim for claim in read.claims if claim.mark and claim.what not in MADE]
    assert {claim.mark for claim in marks} >= {"c", "x", "z"}
    for claim in marks:
        number = number_in(editions[school_of(claim.file)])(claim.key, claim.what)
        assert number is None, (claim.file, claim.where, claim.what)


def test_the_workbook_holds_every_published_number(read, published):
    told = {(c.key, COLUMN.get(c.what, c.what)) for c in read.claims if c.told and c.file.endswith(".xlsx")}
    columns = [COLUMN.get(what, what) for what in NUMBERS if what != "eligible"]
    shown = {(key, name) for key, row in published.items() for name in columns if row[name] is not None}
    assert told == shown


def test_the_open_data_hold_every_published_number(read, published):
    """The counts behind a gap stand with its figure."""
    told = {(c.key, COLUMN.get(c.what, c.what)) for c in read.claims if c.told and "/open-data/" in c.file}
    columns = [COLUMN.get(what, what) for what in NUMBERS]
    counts = ("numerator", "denominator", "base_subjects", "eligible_subjects")
    shown = {(key, name) for key, row in published.items() for name in columns
             if row[name] is not None and not (key[-1] and name in counts)}  # fmt: skip
    assert told == shown


def figures_of(published, place, period, measure, by):
    groups = (
        [(name, TOTAL) for name in SEN_PROVISION] if by == "sen_provision" else [(ALL_SEN, area) for area in NEED_AREAS]
    )
    keys = [(measure, period, "Academic year", place, (*group, *[TOTAL] * 6), "") for group in groups]
    return {key: published[key] for key in keys if key in published}


def key_of(measure, period, place, group=TOTAL, item=TOTAL):
    values = dict.fromkeys(GROUPS, TOTAL) | {"sen_provision": group, "item": item}
    return (measure, period, "Academic year", place, tuple(values.values()), "")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("topic", ["attendance", "exclusions", "progress", "plans_and_reviews"])
def test_what_stands_out_is_told_of_every_figure(topic, suffix, read, published, material):
    """Each figure of the list has a standing, or the mark that says that it is not shown."""
    found = Counter()
    for place in PLACES:
        file = f"{material.period}/board/{place}/{topic}{suffix}"
        told = {c.key: c for c in read.claims if c.file == file and c.what == "standing"}
        marks = {
            c.key: c.mark for c in read.claims if c.file == file and c.mark and not re.search("table|CSV", c.where)
        }
        for measure in declared_measures(file):
            for group in SEND:
                key = key_of(measure, material.period, place, group)
                gaps = [place_of_gap(key, other, number_in(published)) for other in BESIDE]
                standing = min((gap for gap in gaps if gap is not None), default=ALONE)
                row = published.get(key, {"value": None, "status": "x"})
                if row["value"] is None:
                    assert key not in told and marks[key] == ("c" if row["status"] == "c" else "x"), key
                else:
                    assert told[key].low <= standing <= told[key].high, key
                    found["in full" if standing < QUIET and told[key].low == told[key].high else "shortly"] += 1
    assert found["in full"] > 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_who_counted_is_read_from_the_tables(suffix, read, published, material):
    found = Counter()
    for place in PLACES:
        file = f"{material.period}/board/{place}/data_quality{suffix}"
        ours = {(c.key, c.what): c for c in read.claims if c.file == file and "table" in c.where}
        for measure in declared_measures(file):
            for period in (material.period, str(int(material.period) - 101)):
                key = key_of(measure, period, place)
                row = published.get(key, {"base_subjects": None, "eligible_subjects": None})
                for what in ("eligible", "base"):
                    number, claim = row[COLUMN[what]], ours[key, what]
                    assert claim.told == (number is not None) and (number is None or claim.printed == number)
                    found[what, claim.mark] += 1
                assert ours[key, "share"].told == (None not in (row["base_subjects"], row["eligible_subjects"]))
    assert all(found[what, mark] for what in ("eligible", "base") for mark in ("", "c", "x"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_rating_is_read_from_the_chart_and_the_largest_steps_from_the_table(suffix, read, published, material):
    ratings = {
        key: row["value"] for key, row in published.items()
        if key[0] in ("sef_now", "sef_target") and key[3] in PLACES and row["value"] and not key[5]
        and row["item"] in STATEMENTS.values() and key[1] == material.period
    }  # fmt: skip
    drawn = {
        c.key: c.printed for c in read.claims
        if c.file.endswith(f"self_evaluation{suffix}") and c.file.startswith(f"{material.period}/board")
        and c.time_period == material.period and "table" not in c.where and "CSV" not in c.where
    }  # fmt: skip
    assert {key for key in drawn if key[0] != "sef_gap"} == set(ratings) and len(ratings) > 200
    assert all(abs(drawn[key] - value) < 1e-6 for key, value in ratings.items())
    for place in PLACES:
        steps = {
            key: row["value"] for key, row in published.items()
            if key[:4] == ("sef_gap", material.period, "Academic year", place) and not key[5]
            and row["item"] in STATEMENTS.values() and (row["value"] or 0) > 0
        }  # fmt: skip
        file = f"{material.period}/board/{place}/self_evaluation{suffix}"
        told = {
            c.key: c.printed for c in read.claims
            if c.file == file and c.measure == "sef_gap" and "table" in c.where and item_of(c) in STATEMENTS.values()
        }  # fmt: skip
        assert told and sorted(told.values()) == sorted(steps.values())[-10:]
        assert all(abs(steps[key] - value) < 1e-6 for key, value in told.items())


RATED = {"sef_now": 7, "sef_change": 7, "sef_band": 3, "sef_often_a_priority": 10, "sef_schools_in_band": 10,
         "sef_case_studies": 10, "sef_rater_spread": 5}  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_sections_bands_raters_and_schools_by_statement_are_read_from_their_tables(suffix, read, published, material):
    """Of the authority: each cell of each table, and the sections of every school; none but what is published."""
    file = f"{material.period}/board/999/self_evaluation{suffix}"
    ours = [c for c in read.claims if c.file == file and "table" in c.where and "CSV" not in c.where and c.told]
    for measure, most in RATED.items():
        claims = [c for c in ours if c.measure == measure and item_of(c) not in (TOTAL, *NO_ITEMS.get(measure, ()))]
        assert len({item_of(c) for c in claims if c.place_code == "999"}) == most, measure
        for claim in claims:
            number = published[claim.key][COLUMN.get(claim.what, claim.what)]
            assert number is not None and abs(number - claim.printed) < 1e-6, (measure, claim.key)
    assert len({c.place_code for c in ours if c.measure == "sef_now" and c.what == "value"}) == 10  # the heat table


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_a_school_says_and_what_its_figures_show_is_read_from_one_table(suffix, read, published, material):
    """Each rating, and each figure that bears on a statement with its gap, where they are published."""
    for place in PLACES[1:]:
        file = f"{material.period}/board/{place}/self_evaluation{suffix}"
        ours = [c for c in read.claims if c.file == file and "table, row" in c.where and "CSV" not in c.where]
        told = {(c.key, c.what): c.printed for c in ours if c.told}
        wanted = {
            key: row["value"] for key, row in published.items()
            if key[1:4] == (material.period, "Academic year", place) and row["value"] is not None
            and is_said_or_shown(key)
        }  # fmt: skip
        assert len(wanted) > 45
        for key, value in wanted.items():
            assert abs(told[key, "value"] - value) < 1e-6, (file, key)
        beside = [c for c in ours if c.comparator and c.what == "value"]
        assert len(beside) > 10 and {c.key[:5] for c in beside} <= {key[:5] for key in wanted}


def is_said_or_shown(key):
    """Whether a row is a rating of a statement, or a figure of the group and items that bear on one."""
    groups = dict(zip(GROUPS, key[4], strict=True))
    group, item = groups.pop("sen_provision"), groups.pop("item")
    if key[5] or set(groups.values()) != {TOTAL}:
        return False
    if key[0] == "sef_now":
        return item in STATEMENTS.values()
    ties = {(tie.measure, tie.group): tie.each for about in tied().values() for tie in about.ties if tie.published}
    return ties.get((key[0], group)) == (item not in (TOTAL, "None"))


MIXES = ("pupils_agree", "parents_agree", "delegated_spent_on", "assistant_hours")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_item_is_read_from_the_table_and_from_the_chart(suffix, read, published, material):
    """Of each question, line of spending and use: base, figure and limits; and the mark where there is no figure."""
    found = Counter()
    for place in PLACES:
        file = f"{material.period}/board/{place}/resources_and_voice{suffix}"
        ours = [claim for claim in read.claims if claim.file == file]
        parts = [[c for c in ours if ("table" in c.where) == table and "CSV" not in c.where] for table in (True, False)]
        told = [{(c.key, c.what): c for c in part} for part in parts]
        rows = {
            key: row
            for key, row in published.items()
            if key[0] in MIXES
            and key[3] == place
            and not key[5]
            and row["item"] != TOTAL
            and (row["sen_provision"] != TOTAL or not any(k[:4] == key[:4] and k[4][0] != TOTAL for k in published))
        }
        for key, row in rows.items():
            for what in ("base", "value", "lower", "upper"):
                for claims, of_chart in zip(told, (False, True), strict=True):
                    number, claim = row[COLUMN.get(what, what)], claims.get((key, what))
                    if number is not None and not (of_chart and row["value"] is None):
                        assert claim is not None and abs(claim.printed - number) < 1e-6, (file, key, what)
                        found[what, of_chart] += 1
            assert row["status"] != "c" or all(claims[key, "value"].mark == "c" for claims in told)
    assert all(found[what, of_chart] > 10 for what in ("base", "value", "lower", "upper") for of_chart in (False, True))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_rows_of_places_and_years_are_read_as_what_they_are(suffix, read, published, material):
    """EHC plans are of the authority and by calendar year, the budget by financial year, on whatever page."""
    wanted = {
        "plans_and_reviews": [key for key in published if key[0].startswith("ehc_")],
        "resources_and_voice": [key for key in published if key[0] in ("spend_of_budget", "deployment_reviewed")],
    }
    for topic, keys in wanted.items():
        for place in PLACES:
            file = f"{material.period}/board/{place}/{topic}{suffix}"
            told = {(c.key, c.what): c.printed for c in read.claims if c.file == file and "table" in c.where}
            here = [key for key in keys if key[3] in ("999", place)]
            assert here and all(key[1:3] != (material.period, "Academic year") for key in here if "ehc" in key[0])
            for key in here:
                for what in ("numerator", "denominator", "value"):
                    assert abs(told[key, what] - published[key][what]) < 1e-6, (file, key, what)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_stands_out_is_told_of_every_intervention(suffix, read, published, material):
    found = Counter()
    for place in PLACES:
        file = f"{material.period}/board/{place}/interventions{suffix}"
        listed = [c for c in read.claims if c.file == file and re.fullmatch(r"ul|cell 5", c.where)]
        ways, marks = {c.key for c in listed if c.what == "clear"}, {c.key for c in listed if c.mark}
        rows = {key: row for key, row in published.items()
                if key[:2] == ("intervention_gain", material.period) and key[3] == place and not key[5]
                and row["sen_provision"] == TOTAL and row["item"] not in (TOTAL, "None")}  # fmt: skip
        assert ways == {key for key, row in rows.items() if row["value"] is not None}
        assert marks == {key for key, row in rows.items() if row["value"] is None}
        found.update(c.low for c in listed if c.what == "clear")
    assert len(found) > 1


def test_the_saved_csv_tells_what_the_tables_tell(read):
    pages = {claim.file for claim in read.claims if "CSV" in claim.where}
    assert {Path(file).stem for file in pages} >= {*TOPICS, "self_evaluation", "data_quality"}
    for file in pages:
        ours = [claim for claim in read.claims if claim.file == file]
        told = [Counter((c.key, c.what, c.low if c.told else c.mark) for c in ours if c.where.startswith(start))
                for start in ("CSV, row", "table, row")]  # fmt: skip
        assert told[0] == told[1] and told[0], file


@pytest.mark.parametrize("suffix", [".html", ".ipynb"])
def test_every_figure_of_the_tables_is_read_from_the_files_of_its_place(read, published, material, suffix):
    call = re.compile(r'figures_table\(view, measure="(\w+)".*?(?:by="(\w+)")?\)')
    told = {(c.file, c.key, c.what): c for c in read.claims if c.what != "change"}
    found = Counter()
    for topic in TOPICS:
        source = (NOTEBOOKS / f"{topic}.ipynb").read_text(encoding="utf-8").replace('\\"', '"')
        for measure, by in set(call.findall(source)):
            for place in PLACES:
                file = f"{material.period}/board/{place}/{topic}{suffix}"
                for key, row in figures_of(published, place, material.period, measure, by or "sen_provision").items():
                    for what in ("base", "numerator", "denominator", "value", "lower", "upper"):
                        number = row[COLUMN.get(what, what)]
                        if number is not None:
                            claim = told.get((file, key, what))
                            assert claim is not None and abs(claim.printed - number) < 1e-6, (file, key, what)
                            found[what] += 1
    assert found["base"] > 50 and found["value"] > 30 and found["lower"] > 30


def test_rows_of_claims_hold_the_published_rows(read, published):
    rows = as_published_rows([claim for claim in read.claims if not school_of(claim.file)], read.levels)
    assert rows.height == len(published)
    assert rows["geographic_level"].n_unique() == 3
    for row in rows.iter_rows(named=True):
        key = (
            row["measure"], row["time_period"], row["time_identifier"], row["place_code"],
            tuple(row[name] for name in GROUPS), row["comparator"],
        )  # fmt: skip
        real = published[key]
        assert (row["status"] == "c") == (real["status"] == "c" and real["value"] is None)
        for what in NUMBERS:
            name = COLUMN.get(what, what)
            if what != "eligible" and real[name] is not None:
                assert row[f"{name}_low"] - 1e-6 <= real[name] <= row[f"{name}_high"] + 1e-6


FOUR = ["persistent_absence", "severe_absence", "absence", "attendance_98"]


@pytest.mark.parametrize(("place", "period"), [("900105", "201011"), ("900199", "202526")])
def test_where_there_is_nothing_to_show_nothing_is_told(place, period, opened, clean):
    view, asked = opened.published(), {"place": place, "time_period": period}
    public, about = learn(clean), (Scene(place_code=place, time_period=period),)
    drawn = [
        charts.plot_groups(view, measure="absence", **asked), charts.plot_gaps(view, measures=FOUR[:2], **asked),
        charts.plot_self_evaluation(view, **asked), charts.plot_interventions(view, **asked),
        charts.plot_trend(view, measure="absence", place="900199"), charts.plot_mix(view, measure=MIXES[0], **asked),
    ]  # fmt: skip
    svgs = [chart._repr_mimebundle_()[0]["image/svg+xml"] for chart in drawn]
    made = [tables.figures_table(view, measure="absence", **asked), tables.counted_table(view, measures=FOUR, **asked),
            tables.mix_table(view, measure=MIXES[0], **asked)]  # fmt: skip
    said = [narrate.headline(view, measure="absence", **asked), narrate.findings(view, measures=FOUR, **asked),
            narrate.intervention_findings(view, **asked), describe.freshness(view, measures=FOUR, **asked)]  # fmt: skip
    told = [read_picture(svg, *about, public, "attendance.html", "chart") for svg in svgs]
    told += [PageReader(table.to_html(), *about, public, "attendance.html").read() for table in made]
    told += [read_text(text, *about, public, "attendance.html", "p") for text in said]
    assert all("Nothing is drawn." in svg for svg in svgs)
    assert [stray for each in told for stray in each.strays] == []
    assert {claim.mark for each in told for claim in each.claims} == {"x"}
    point = '<path transform="translate(400,30)" d="M5,0" stroke="#12436D" stroke-width="1.8"/></g></svg>'
    planted = read_picture(svgs[0].replace("</g></svg>", point), *about, public, "attendance.html", "chart")
    assert len(planted.strays) == 1


SMALL_EDITS = {
    "a label of a table": (r'aria-label="Table 2"', 'aria-label="Table 31"'),
    "a title once more": (r'(<p class="narrow" aria-hidden="true">)', r"\1Of 7 "),
    "a number of parts": (r"On this page: \d+ parts", "On this page: 4 parts"),
    "a name to save as": (r'download="attendance', 'download="attendance-3'),
    "an attribute of what is folded": (r'<details class="twin">', '<details class="twin" data-n="4">'),
    "a comment within a text": (r'(<p class="csv"><a [^>]*>)', r"\1<!-- 3 of 40 -->"),
    "a second CSV": (r'<p class="csv">', '<p><a href="data:text/csv;base64,MyBvZiA0MA==">3</a></p><p class="csv">'),
    "a line more in a list": (r"<ul><li>", "<ul><li>Of those, 3 left.</li><li>"),
}


@pytest.mark.parametrize("name", SMALL_EDITS)
def test_an_edit_of_the_frame_of_a_page_is_a_stray(name, clean, material, tmp_path):
    path = clean / material.period / "board" / PLACES[0] / "attendance.html"
    old, new = SMALL_EDITS[name]
    text, changed = re.subn(old, new, path.read_text(encoding="utf-8"), count=1)
    copy = tmp_path / path.name
    copy.write_text(text, encoding="utf-8")
    public = learn(clean)
    whole = [len(read_html(file, public, "attendance.html").strays) for file in (path, copy)]
    assert changed == 1 and whole[0] == 0 and whole[1] > 0


def test_a_rating_that_is_drawn_elsewhere_is_read_or_is_a_stray(clean, material):
    page = clean / material.period / "board" / PLACES[2] / "self_evaluation.html"
    svg = re.search(r"<svg\b.*?</svg>", page.read_text(encoding="utf-8"), re.DOTALL).group()
    x, rest = re.search(r'translate\(([\d.]+),(\d+)\)" d="[^"]*" fill="#12436D"', svg[svg.index("layer_16") :]).groups()
    place, public = Scene(place_code=PLACES[2], time_period=material.period), learn(clean)

    def told(drawn):
        return read_picture(svg.replace(f"translate({x},{rest})", f"translate({drawn},{rest})"), place, public, "", "")

    ours, one_more, finer = told(float(x)), told(float(x) + 39), told(float(x) + 2)
    assert ours.strays == [] and one_more.strays and finer.strays  # the lines no longer meet it
    assert len({(c.key, c.low) for c in one_more.claims} - {(c.key, c.low) for c in ours.claims}) == 1


# --- faults -------------------------------------------------------------------------------------------------------


def test_every_fault_has_its_way():
    assert set(WAYS) == set(FAULTS) and len(FAULTS) >= 20


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_found(name, clean, material, true_counts, tmp_path):
    folder = tmp_path / "reports"
    others = () if name in FAULTS_OF_OPEN_DATA else ("open-data",)  # nothing is changed there: no need to judge it
    shutil.copytree(clean, folder, ignore=shutil.ignore_patterns(*others))
    before = FAULTS[name](folder, material)
    leaks = judge(read_folder(folder), true_counts, earlier=[read_folder(before)] if before else [])
    assert WAYS[name] in {leak.way for leak in leaks}
    assert all(leak.about != "numbers that no counts agree with" for leak in leaks)


def test_an_earlier_release_alone_or_the_same_again_gives_nothing_away(read, true_counts):
    assert judge(read, true_counts, earlier=[read]) == []


def test_a_school_may_read_its_own_rows_in_its_own_edition(clean, material, true_counts, tmp_path):
    folder = tmp_path / "reports"
    shutil.copytree(clean, folder)
    row = material.small(pl.col("geographic_level") == "School")
    own = folder / material.period / "schools" / row["place_code"] / report(folder, row).name
    own.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(report(folder, row), own)
    set_cell(own, row, "Numerator", f"{row['numerator']:.0f}")
    set_in_csv(own, row, "Numerator", f"{row['numerator']:.0f}")
    read = read_folder(folder)
    told = [c for c in read.claims if "/schools/" in c.file and c.what == "numerator" and c.told]
    assert row["numerator"] in {c.printed for c in told if c.measure == row["measure"]}
    assert judge(read, true_counts) == []
