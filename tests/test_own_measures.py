"""Measures and tables of a workspace's own: a card and a function in `measures/`, from the file to the report."""

import re
import shutil
from dataclasses import fields
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import nbformat
import openpyxl
import polars as pl
import pytest
import xlsxwriter
from click.testing import CliRunner
from conftest import ROOT, make_workspace
from hand_made import ELM, OAK, facts, tables
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import sendlab
from sendlab import describe, store
from sendlab.build import audit_workspace, open_workspace
from sendlab.build.made import build
from sendlab.build.marks import is_current
from sendlab.check import check_files
from sendlab.cli import main
from sendlab.cohort import without_few_unrecorded
from sendlab.compare import authority_rows, benchmark_rows
from sendlab.disclosure.asked import _refuse_own_definitions
from sendlab.disclosure.guard import ask
from sendlab.disclosure.processes import share_out
from sendlab.errors import SendlabError, WorkspaceProblem
from sendlab.ingest import ingest
from sendlab.measures import make_inputs, own_measure
from sendlab.measures.own import own_of_facts, own_of_tables, require_own_measures
from sendlab.measures.own_rows import check_own_links, unlinked
from sendlab.metrics.cards import Card, card, cards, checksums, package_cards
from sendlab.metrics.grouping import REST
from sendlab.metrics.publication import declared, published_measures
from sendlab.publish import write_open_data, write_workbook
from sendlab.runs.batch import Wanted, run
from sendlab.runs.options import RunOptions
from sendlab.runs.register import key_of
from sendlab.sample import write
from sendlab.schema import TABLES, own
from sendlab.schema.measures import MEASURE_KEY
from sendlab.schema.own_readme import OWN_README
from sendlab.workspace import find_workspace, read_workspace

EXAMPLES = ROOT / "examples" / "measures"
PA, CLUB, TABLE = "persistent_absence", "breakfast_club_regulars", "breakfast_club"
WHOLE = {"nc_year": "Total", "need_area": "Total", "fsm_status": "Total"}


@pytest.fixture(autouse=True)
def nobodys():
    """What a test puts in use is no other test's."""
    yield
    own.use(None)


def folder_with(tmp_path, *names, **files):
    """A workspace folder with examples by name, and files by theirs (`name_py`, `name_toml`); its measures in use."""
    folder = make_workspace(tmp_path / "w")
    (folder / own.FOLDER).mkdir(exist_ok=True)
    for name in names:
        for path in EXAMPLES.glob(f"{name}.*"):
            shutil.copy(path, folder / own.FOLDER)
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        (folder / own.FOLDER / f"{stem}.{ending}").write_text(text, encoding="utf-8")
    own.use(folder)
    return folder


def of_place(rows, place, **groups):
    found = rows.filter(
        pl.col("geographic_level") != REST,
        place_code=place,
        **{"sen_provision": "Total", "need_area": "Total", **groups},
    )
    assert found.height == 1
    return found.row(0, named=True)


def counts(rows, *places):
    """(people with the feature, people in the base) of all pupils at each place."""
    return [(row["numerator"], row["base_subjects"]) for row in (of_place(rows, place) for place in places)]


def write_xlsx(path, rows):
    """A register as a school writes it: UPN, school, week and mornings under headings of its own."""
    book = xlsxwriter.Workbook(path)
    sheet, day = book.add_worksheet("Spring"), book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(0, 0, ["UPN", "LAESTAB", "Week commencing", "Mornings attended"])
    for line, (upn, school, week, mornings) in enumerate(rows, 1):
        sheet.write_row(line, 0, [upn, school])
        sheet.write_datetime(line, 2, datetime.combine(week, datetime.min.time()), day)
        sheet.write(line, 3, mornings)
    book.close()
    return path


# Worked by hand ------------------------------------------------------------------------------------------------------

MISSED = facts(
    {"missed": 9}, {"missed": 10}, {"missed": 14}, {"missed": 15, "sen_provision": "SEN support"},
    {"missed": 40, "sen_provision": "SEN support"}, {"missed": 0, **OAK}, possible=100,
)  # fmt: skip


def test_a_package_measure_is_defined_otherwise(tmp_path):
    """Of six pupils two missed 15 of 100 sessions or more; nationally, 10 or more, it is four."""
    folder_with(tmp_path, PA)
    rows = own_measure(PA)(MISSED)
    assert counts(rows, "999", "100001", "100002") == [(2, 6), (2, 5), (0, 1)]
    assert of_place(rows, "999", sen_provision="SEN support")["value"] == 100
    assert of_place(sendlab.persistent_absence(MISSED), "999")["numerator"] == 4  # sendlab's own stays


def test_whatever_is_told_of_it_says_that_it_is_the_authoritys_own(tmp_path):
    folder_with(tmp_path, PA)
    about = card(PA)
    assert about.title == "Persistent absence at 15 % (own definition)" and about.own == "redefined"
    assert about.source.startswith("own definition of this authority, not the national one: Inclusion Board")
    assert about.denominator == package_cards()[PA].denominator  # what it does not say stays
    assert "not the national measure of that name" in describe.definition(PA)
    assert "way of its own" not in describe.definition("severe_absence")


def test_pandas_in_pandas_out(tmp_path):
    folder_with(tmp_path, PA)
    rows = own_measure(PA)(MISSED.to_pandas())
    assert type(rows).__module__.startswith("pandas") and pl.from_pandas(rows)["numerator"].max() == 2


def register(*rows):
    schema = TABLES[TABLE].polars_schema
    return pl.DataFrame([(f"p{who}", school, week, mornings) for who, school, week, mornings in rows], schema=schema,
                        orient="row")  # fmt: skip


def weeks(who, mornings, school=ELM["school_id"]):
    return [(who, school, date(2026, 1, 5) + timedelta(weeks=week), each) for week, each in enumerate(mornings)]


def test_a_measure_of_a_table_of_ones_own(tmp_path):
    """20, 19 and 25 mornings: two of three are regulars. Who came on no morning, or is on no roll, is not counted."""
    folder_with(tmp_path, TABLE, CLUB)
    pupils = facts({}, {}, {}, {"on_roll": False}, {"sen_provision": "SEN support"}, {**OAK})
    rows = register(*weeks(0, [5] * 4), *weeks(1, [5, 5, 5, 4]), *weeks(2, [0, 0]), *weeks(3, [5] * 6),
                    *weeks(4, [5] * 5), *weeks(5, [1], OAK["school_id"]))  # fmt: skip
    made = own_measure(CLUB)(pupils, rows)
    assert counts(made, "100001", "100002", "999") == [(2, 3), (0, 1), (2, 4)]
    assert of_place(made, "100001", sen_provision="No SEN")["value"] == 50
    assert of_place(made, "999")["time_period"] == "202526"
    assert of_place(own_measure(CLUB)(pupils, rows, mornings=19), "100001")["numerator"] == 3


def test_a_file_of_it_is_checked_row_by_row(tmp_path):
    folder = folder_with(tmp_path, TABLE)
    good, bad = ("A123456789012", "9991001", date(2026, 1, 5)), ("A123456789012", "9991001", date(2026, 1, 12))
    result = check_files([write_xlsx(folder / "club.xlsx", [(*good, 5), (*bad, 6)])])
    [record] = result.raw.records
    assert (record.table, record.read, record.loaded, record.quarantined) == (TABLE, 2, 1, 1)
    errors = result.raw.all_problems.filter(severity="error").select("row", "column", "table", "message").rows()
    assert errors == [(3, "mornings", TABLE, "mornings is out of range")]
    assert TABLES[TABLE].column("pupil_id").privacy == "identifier" and TABLES[TABLE].pupil_level


# From the file to the report ------------------------------------------------------------------------------------------

NOTEBOOK = (
    'place = "999"\ntime_period = "202526"\naudience = "board"',
    "import sendlab\nfrom sendlab import charts, describe, narrate, tables\n"
    f'what = {{"measure": "{CLUB}", "place": str(place), "time_period": str(time_period)}}\n'
    "view = sendlab.open_workspace().published(place=place, audience=audience)\nprint(narrate.headline(view, **what))",
    "charts.plot_groups(view, **what)",
    'tables.figures_table(view, by="sen_provision", **what)',
    f'print(describe.definition("{CLUB}"))\nprint(describe.definition("{PA}"))',
)


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A small invented authority with both examples: ingested, built, one notebook run for it and a school."""
    folder = make_workspace(tmp_path_factory.mktemp("own") / "w")
    write(folder / "everything", schools=8, pupils=1000, years=1)
    (folder / "raw").mkdir()
    for pattern in ("2026_spring_*", "edubase*", "invented_nation_absence*"):
        for path in (folder / "everything").glob(pattern):
            shutil.move(path, folder / "raw")
    shutil.rmtree(folder / "everything")
    roll = pl.read_csv(folder / "raw" / "2026_spring_pupilonroll.csv", infer_schema=False).select("upn", "NativeId")
    rows = [
        (upn, school, date(2026, 1, 5) + timedelta(weeks=week), (number + week) % 6)
        for number, (upn, school) in enumerate(roll.rows()) if number % 3 for week in range(3 + number % 7)
    ]  # fmt: skip
    write_xlsx(
        folder / "raw" / "breakfast club.xlsx", [*rows, (roll["upn"][1], roll["NativeId"][1], date(2026, 3, 2), 9)]
    )
    shutil.copytree(EXAMPLES, folder / own.FOLDER)
    (folder / "notebooks").mkdir()
    cells = [new_markdown_cell("# Who comes to breakfast?"), *map(new_code_cell, NOTEBOOK)]
    cells[1].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "notebooks" / "club.ipynb")
    space = find_workspace(folder)
    ingested = ingest(space)
    build(space)
    wanted = Wanted(places=["999", "900101"], notebooks=["club"])
    made = run(space, wanted, RunOptions(jobs=1))
    own.use(None)
    return SimpleNamespace(folder=folder, space=space, ingested=ingested, run=made, rows=len(rows))


@pytest.fixture
def opened(walk):
    return open_workspace(walk.folder)


def test_the_faulty_row_is_kept_out_and_the_others_are_stored_under_pseudonyms(walk, opened):
    [record] = [one for one in walk.ingested.records if one.table == TABLE]
    assert (record.read, record.loaded, record.quarantined) == (walk.rows + 1, walk.rows, 1)
    rows = opened.table(TABLE)
    assert rows.height == walk.rows and rows["pupil_id"].str.len_chars().min() > 20


def figures(opened, measure, **where):
    rows = opened.published(every_table=True).rows.filter(measure=measure, comparator="")
    return rows.filter(**{"sen_provision": "Total", "need_area": "Total", "fsm_status": "Total", **where})


def test_the_figures_of_the_authority_and_each_school_are_those_counted_by_hand(walk, opened):
    """Counted again in plain Python, from facts and the stored rows."""
    mornings: dict[tuple[str, str], int] = {}
    for row in opened.table(TABLE).to_dicts():
        key = row["pupil_id"], row["school_id"]
        mornings[key] = mornings.get(key, 0) + row["mornings"]
    roll = without_few_unrecorded(opened.facts()).filter("on_roll", time_period="202526").to_dicts()
    came = [row | {"came": mornings.get((row["pupil_id"], row["school_id"]), 0)} for row in roll]
    shown = figures(opened, CLUB).filter(status="").to_dicts()
    assert len(shown) >= 4
    for row in shown:
        here = [one["came"] for one in came if one["came"] and row["place_code"] in (one["place_code"], one["la_code"])]
        regular = sum(one >= 20 for one in here)
        assert (row["numerator"], row["base_subjects"]) == (regular, len(here)) and 0 < regular < len(here)
        decimals = 1 if len(here) >= 100 else 0
        assert row["value"] == pytest.approx(100 * regular / len(here), abs=0.51 * 10**-decimals)


def test_small_counts_are_hidden_and_nobody_can_work_them_out(opened):
    exact = opened.own_view().rows.filter(pl.col("measure").is_in([CLUB, PA]), pl.col("comparator") == "")
    shown = opened.published(every_table=True).rows.filter(pl.col("comparator") == "", pl.col("status") == "")
    for measure in (CLUB, PA):
        small = exact.filter(pl.col("with_subjects").is_between(1, 4), measure=measure)
        assert small.height > 5
        key = [name for name in MEASURE_KEY if name not in ("education_phase", "comparator")]
        assert small.join(shown, on=key).is_empty()
        assert not figures(opened, measure, geographic_level="School", sen_provision="SEN support").is_empty()
    audit = audit_workspace(opened)
    assert audit.failures == ()


def test_gaps_stand_beside_it_and_national_figures_only_beside_what_is_national(opened):
    rows = opened.published().rows
    assert set(rows.filter(measure=CLUB)["comparator"]) == {"", "No SEN", "LA without this school"}
    national = rows.filter(geographic_level="National")
    assert "severe_absence" in set(national["measure"]) and PA not in set(national["measure"])
    assert rows.filter(measure=PA, comparator="Same group nationally").is_empty()
    said = describe.data_note(opened.published(place="999"), measure=PA, place="999", time_period="202526")
    assert "no national figure stands beside it" in said
    standing = store.read_table(opened.workspace.store, "standing")
    assert PA not in set(standing["measure"])


def test_the_definition_of_ones_own_is_what_is_counted(opened):
    whole = figures(opened, PA, place_code="999", geographic_level="Local authority").row(-1, named=True)
    pupils = without_few_unrecorded(opened.facts())
    made = opened.own_measure(PA)(pupils, by=[])
    mine = made.filter(place_code="999", time_period=whole["time_period"], time_identifier=whole["time_identifier"])
    national = sendlab.persistent_absence(pupils, by=[]).filter(place_code="999")
    assert whole["numerator"] == mine["numerator"].item() < national["numerator"].max()


def test_the_notebook_shows_it_for_the_authority_and_a_school(walk):
    assert [one.error for one in walk.run.outcomes] == ["", "", ""]  # a school has two editions
    page = next(walk.space.reports.rglob("board/999/club.html")).read_text(encoding="utf-8")
    assert "Regulars of the breakfast club" in page and "own measure of this authority: early help team" in page
    assert (
        "This authority counts it in a way of its own" in page and "Persistent absence at 15 % (own definition)" in page
    )


def test_the_explorer_selects_it(walk):
    explorer = sendlab.CohortExplorer(walk.folder)
    known = dict(explorer.measures().select("measure", "title").rows())
    assert known[CLUB] == "Regulars of the breakfast club" and known[PA].endswith("(own definition)")
    view = explorer.select(measure=CLUB, place="999")
    assert "Regulars of the breakfast club" in view.sentence and view.status.startswith("Regulars")


def test_workbook_and_open_data_hold_it(walk, opened, tmp_path):
    published = opened.published(every_table=True)
    book = openpyxl.load_workbook(write_workbook(published, tmp_path / "f.xlsx", la_name="Trialshire"), read_only=True)
    assert "Breakfast club" in book.sheetnames
    notes = [str(cell) for row in book["Notes"].iter_rows(values_only=True) for cell in row]
    assert any("own definition of this authority" in cell for cell in notes)
    book.close()
    written = write_open_data(published, tmp_path / "open", la_code="999", la_name="Trialshire")
    [name] = [path for path in written if path.name == "breakfast_club_schools_figures_board.csv"]
    assert CLUB in name.read_text(encoding="utf-8").splitlines()[0]
    meta = next(path for path in written if path.name == "absence_schools_figures_board.meta.csv" or
                (path.name.startswith("absence_schools") and path.name.endswith("figures_board.meta.csv")))  # fmt: skip
    assert "(own definition)" in meta.read_text(encoding="utf-8")


def test_a_question_that_would_count_it_nationally_is_refused(opened):
    for measure in (PA, "severe_absence"):  # the second is at most the first
        with pytest.raises(SendlabError, match=r"15 % \(own definition\)' is a definition of this authority's own"):
            opened.ask(ask(measure, "202526", "999", by=["sex"]))


def test_nor_is_one_about_what_a_published_measure_of_ones_own_is_linked_to(tmp_path):
    folder_with(tmp_path, long_absence_toml='at_most = "persistent_absence"\n' + CARD + PUBLISHED, long_absence_py=CODE)
    for measure in (PA, "severe_absence"):
        with pytest.raises(SendlabError, match="'Long absence' is a definition of this authority's own"):
            _refuse_own_definitions(measure)
    _refuse_own_definitions("absence")
    own.use(None)
    _refuse_own_definitions(PA)


def test_a_changed_file_makes_build_and_reports_stale(walk, tmp_path):
    folder = shutil.copytree(walk.folder, tmp_path / "w")
    space = find_workspace(folder)
    steps = [store.read_manifest(space.store, step) for step in ("build", "ingest")]
    task = SimpleNamespace(notebook=folder / "notebooks" / "club.ipynb", parameters={}, title="", settings="")
    key, marks = key_of(task), checksums()
    assert is_current(*steps, space)
    code = folder / own.FOLDER / f"{CLUB}.py"
    code.write_text(code.read_text(encoding="utf-8").replace("REGULAR = 20", "REGULAR = 21"), encoding="utf-8")
    assert not is_current(*steps, find_workspace(folder))
    assert key_of(task) != key
    assert {name for name, mark in checksums().items() if mark != marks[name]} == {CLUB}
    table = folder / own.FOLDER / f"{TABLE}.toml"
    table.write_text(table.read_text(encoding="utf-8").replace("maximum = 5", "maximum = 7"), encoding="utf-8")
    with pytest.raises(WorkspaceProblem, match="is not as it was at ingest"):
        build(find_workspace(folder))


def test_there_are_forms_for_a_table_of_ones_own(walk, tmp_path, monkeypatch):
    monkeypatch.chdir(walk.folder)
    asked = ["forms", str(tmp_path), "--table", TABLE]
    result = CliRunner().invoke(main, [*asked, "--any-school"])
    assert result.exit_code == 0 and (tmp_path / "breakfast-club.xlsx").is_file()


def test_a_measure_is_tried_on_a_store_that_is_not_built_with_it(walk, tmp_path):
    folder = shutil.copytree(walk.folder, tmp_path / "w")
    code = folder / own.FOLDER / f"{CLUB}.py"
    code.write_text(code.read_text(encoding="utf-8").replace("REGULAR = 20", "REGULAR = 1"), encoding="utf-8")
    tried = sendlab.try_measure(CLUB, folder, by=["sex"])
    assert of_place(tried, "999", sex="Total")["value"] == 100 and set(tried["sex"]) > {"Total", "Female"}
    assert len(sendlab.try_measure(CLUB, folder, mornings=20, by=[], pandas=True)) < tried.height
    code.write_text(code.read_text(encoding="utf-8").replace('pl.col("mornings") >=', 'pl.col("morning") >='))
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="morning"):  # its own errors come through
        sendlab.try_measure(CLUB, folder)


def test_what_is_declared_no_more_leaves_the_store(walk, tmp_path):
    folder = shutil.copytree(walk.folder, tmp_path / "w")
    shutil.rmtree(folder / own.FOLDER)
    for path in (folder / "raw").glob("2026_*session*"):
        path.unlink()
    space = find_workspace(folder)
    assert (space.store / f"{TABLE}.parquet").is_file()
    ingest(space)
    assert not (space.store / f"{TABLE}.parquet").is_file()


# One workspace at a time ----------------------------------------------------------------------------------------------


def test_two_workspaces_do_not_mix(walk, tmp_path):
    first = open_workspace(walk.folder)
    read_workspace(make_workspace(tmp_path / "plain"))
    assert CLUB not in cards() and TABLE not in TABLES and CLUB not in published_measures()
    assert cards() == package_cards() and card(PA).title == "Persistent absence"
    assert not own.in_use().cards
    with pytest.raises(SendlabError, match=f"no measure is called '{CLUB}'"):
        card(CLUB)
    first.published(place="999")  # whoever looks at a workspace looks with its words
    assert card(PA).own == "redefined" and TABLE in TABLES and CLUB in published_measures()


def test_processes_that_share_the_work_know_them(tmp_path):
    folder_with(tmp_path, PA, CLUB, TABLE)
    assert [about.title for about in share_out(card, [(PA,), (CLUB,)], [1, 1], 2)] == [card(PA).title, card(CLUB).title]


def test_a_workspace_without_the_folder_has_the_packages_own_lists(tmp_path):
    before = (dict(TABLES), declared(), cards())
    folder_with(tmp_path, TABLE, CLUB, PA)
    assert (len(TABLES), len(cards())) == (len(before[0]) + 1, len(before[2]) + 1)
    own.use(None)
    assert (dict(TABLES), declared(), cards()) == before


def test_benchmarks_of_what_is_defined_otherwise_are_not_used(tmp_path):
    read = pl.DataFrame(
        [{"measure": name, "time_period": "202425", "time_identifier": "Academic year", "geographic_level": "National",
          "place_code": "E92000001", "place_name": "England", "value": 20.0, "symbol": ""} for name in (PA, "absence")]
    )  # fmt: skip
    schema = TABLES["benchmarks"].polars_schema
    given = pl.DataFrame(schema=schema).vstack(
        read.select(pl.col(name).cast(kind) if name in read.columns else pl.lit(None, kind).alias(name)
                    for name, kind in schema.items())
    ).with_columns(education_phase=pl.lit("Total"))  # fmt: skip
    none = pl.DataFrame(schema=TABLES["indicators"].polars_schema)
    assert set(benchmark_rows(given, none, latest="202526")["measure"]) == {PA, "absence"}
    folder_with(tmp_path, PA)
    assert set(benchmark_rows(given, none, latest="202526")["measure"]) == {"absence"}
    assert set(authority_rows(none, given)["measure"]) == {"absence"}


# Links that do not hold -----------------------------------------------------------------------------------------------


def linked(folder, **rows):
    """Measure rows of two pupils' school, as `check_own_links` takes them."""
    place = {"time_period": "202526", "time_identifier": "Academic year", "geographic_level": "Local authority",
             "place_code": "999", "place_name": "Trialshire"}  # fmt: skip
    own.use(folder)
    return sendlab.schema.as_measures(pl.DataFrame([
        {**place, "measure": name, "numerator": x, "with_subjects": x, "base_subjects": n, "denominator": n}
        for name, (x, n) in rows.items()
    ]))  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({PA: (9, 80), "severe_absence": (9, 80), "attendance_98": (1, 80)}, ""),
        ({PA: (9, 80), "severe_absence": (10, 80)}, "'at_most' does not hold between 'severe_absence' and 'persist"),
        ({PA: (9, 79), "absence": (900, 80)}, "'base' does not hold .* 1 of 1 figures count other people"),
    ],
)
def test_a_definition_that_breaks_a_link_is_refused(tmp_path, rows, told):
    folder = folder_with(tmp_path, PA)
    made = linked(folder, **rows)
    if told:
        with pytest.raises(WorkspaceProblem, match=f"measures/persistent_absence.toml: {told}"):
            check_own_links(made)
    else:
        check_own_links(made)


def test_people_of_a_base_are_among_those_of_the_one_that_the_card_names(tmp_path):
    folder = folder_with(tmp_path, TABLE, CLUB)
    check_own_links(linked(folder, **{CLUB: (9, 80), "suspension_rate": (3, 80)}))
    with pytest.raises(WorkspaceProblem, match=r"'among' does not hold between .* 1 of 1 figures count more people"):
        check_own_links(linked(folder, **{CLUB: (9, 81), "suspension_rate": (3, 80)}))


def test_counts_of_the_authority_below_those_of_its_schools_are_refused(tmp_path):
    """A mean of schools' rates is no rate of the authority."""
    folder = folder_with(tmp_path, TABLE, CLUB)
    rows = linked(folder, **{CLUB: (9, 80)})
    school = rows.with_columns(geographic_level=pl.lit("School"), place_code=pl.lit("100001"), numerator=pl.lit(10.0))
    with pytest.raises(WorkspaceProblem, match="counts are fewer than those of its schools"):
        check_own_links(pl.concat([rows, school]))


CARD = """\
title = "Long absence"
outcome = "Few pupils are away for long"
numerator = "pupils who missed 20 sessions or more"
denominator = "pupil enrolments with possible sessions"
captured = "school census"
reported_to = "headteacher"
unit = "% of pupils"
kind = "share"
base = "attendance"
polarity = "low"
period_kind = "full-year"
breakdowns = ["sen_provision"]
source = "attendance team, 2026"
"""
PUBLISHED = '[[published]]\nlevels = ["School", "Local authority"]\nby = ["", "sen_provision"]\n'
CODE = """\
import polars as pl
from sendlab.cohort import attendance_base
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import Share


def long_absence(facts, *, by=None, confidence=0.95):
    recipe = Share("long_absence", feature=pl.col("absent") >= 20)
    return measure_rows(attendance_base(facts), [recipe], by=by, confidence=confidence)
"""


def test_a_share_that_is_nowhere_above_another_is_said(tmp_path):
    folder = folder_with(tmp_path, long_absence_toml=CARD + PUBLISHED, long_absence_py=CODE)
    [note] = unlinked(linked(folder, long_absence=(5, 80), persistent_absence=(9, 80), severe_absence=(5, 80)))
    assert "'long_absence' is nowhere above 'persistent_absence'" in note and 'write at_most = "persist' in note
    (folder / own.FOLDER / "long_absence.toml").write_text('at_most = "persistent_absence"\n' + CARD + PUBLISHED)
    assert unlinked(linked(folder, long_absence=(5, 80), persistent_absence=(9, 80))) == []


def test_terms_are_made_where_the_card_asks_for_them(tmp_path):
    folder = folder_with(tmp_path, long_absence_toml='periods = ["year", "term"]\n' + CARD, long_absence_py=CODE)
    terms = [{"pupil_id": "a", "school_id": "9991001", "time_period": "202526", "term": term, "sessions_possible": 100,
              "sessions_authorised": missed, "sessions_unauthorised": 0, "basis": "totals"}
             for term, missed in (("Autumn term", 25), ("Spring term", 5))]  # fmt: skip
    one = facts({"pupil_id": "a"}, possible=200, missed=30).with_columns(
        attendance_terms=pl.lit(["Autumn term", "Spring term"])
    )
    given = make_inputs(one, tables(attendance=terms), read_workspace(folder))
    rows = pl.concat(part for parts in own_of_facts(given) for part in parts).filter(
        place_code="999", sen_provision="Total"
    )
    assert dict(rows.select("time_identifier", "numerator").rows()) == {
        "Autumn and spring term": 1, "Autumn term": 1, "Spring term": 0,
    }  # fmt: skip


# Faults are told ------------------------------------------------------------------------------------------------------

BROKEN_CARDS = {
    "titel = 'x'\n" + CARD: r"long_absence.toml: a card has no field 'titel'\n  next: did you mean title",
    CARD.replace('kind = "share"', 'kind = "shares"'): "'kind' is not one of share, events, sum, mean, count",
    CARD.replace('unit = "% of pupils"\n', ""): "it does not say unit",
    CARD.replace('["sen_provision"]', '["sen"]'): "'breakdowns' is not a list of sen_provision, need_area",
    'at_most = "persistent_absense"\n' + CARD: "'at_most' names no other .*\n  next: did you mean persistent_absence",
    'at_most = "suspension_rate"\n' + CARD: "which is of the base 'january_roll'",
    'among = "january_roll"\n' + CARD: "it shares the base 'attendance' with .*, and says otherwise whom that counts",
    'subject = "place"\n' + CARD.replace('"attendance"', '"own_base"'): r"its function looks at pupils \(facts\)",
    CARD + PUBLISHED.replace('"sen_provision"', '"sex"'): "'long_absence' is not broken down by 'sex'",
    CARD + PUBLISHED.replace("by", "bye"): "no field 'bye'",
    CARD + PUBLISHED + 'periods = "half-term"\n': "'long_absence' is not made for half terms",
    'at_most = "persistent_absence"\n' + (CARD + PUBLISHED).replace("sen_provision", "nc_year"):
        "stands where 'persistent_absence', which limits it, is not published",
    "title = \n": "it cannot be read: ",
}  # fmt: skip


@pytest.mark.parametrize(("text", "told"), BROKEN_CARDS.items(), ids=range(len(BROKEN_CARDS)))
def test_a_faulty_card_is_told(tmp_path, text, told):
    with pytest.raises(WorkspaceProblem, match=f"(?s)measures/long_absence.toml: |{told}") as caught:
        folder_with(tmp_path, long_absence_toml=text, long_absence_py=CODE)
        require_own_measures()
    assert re.search(told, str(caught.value), re.DOTALL) and "\n  next: " in str(caught.value)


BROKEN_CODE = {
    "def long_absence(facts:\n    pass\n": r"long_absence.py: line 1: ",
    "def other(facts):\n    pass\n": "it has no function 'long_absence'",
    "import nothing_there\n": r"long_absence.py, line 1: it stopped with ModuleNotFoundError",
    "def long_absence(fact):\n    pass\n": r"takes 'fact', which is no table\n  next: did you mean facts",
}
BROKEN_ROWS = {
    "    return 1\n": "it returns no table but int",
    "    return facts\n": "it returns columns that measure rows have not",
    "    raise ValueError('A123456789012')\n": "line 10: it stopped with ValueError",
    "    return made.with_columns(measure=pl.lit('absence'))\n": "it returns rows of 'absence'",
    "    return made.with_columns(unit=pl.lit('sessions'))\n": "not in '% of pupils', the unit of its card",
    "    return made.with_columns(value=pl.col('value') / 100)\n": "its figures are not people with a feature per 100",
    "    return made.with_columns(base_subjects=pl.lit(None, pl.Int64))\n": "figures without base_subjects",
    "    return pl.concat([made, made])\n": "two rows of one place, period and group",
    "    return made.with_columns(geographic_level=pl.lit('Region'))\n": "it returns levels other than",
    "    return made.select('measure', 'value')\n": "it returns no column base_subjects",
}


@pytest.mark.parametrize(("text", "told"), BROKEN_CODE.items(), ids=range(len(BROKEN_CODE)))
def test_a_faulty_file_is_told(tmp_path, text, told):
    folder_with(tmp_path, long_absence_toml=CARD, long_absence_py=text)
    with pytest.raises(WorkspaceProblem, match=told) as caught:
        require_own_measures()
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(("body", "told"), BROKEN_ROWS.items(), ids=range(len(BROKEN_ROWS)))
def test_rows_that_are_none_of_the_measure_are_told_without_a_value(tmp_path, body, told):
    code = CODE.replace("    return measure_rows(", "    made = measure_rows(") + body
    folder = folder_with(tmp_path, long_absence_toml=CARD, long_absence_py=code)
    given = make_inputs(MISSED, tables(), read_workspace(folder))
    with pytest.raises(WorkspaceProblem, match=told) as caught:
        list(own_of_facts(given))
    assert "A123456789012" not in str(caught.value) and str(caught.value).startswith("measures/long_absence.py")


BROKEN_TABLES = {
    'privacy = "ordinary"\n': ("", "column 'week_beginning' does not say how sensitive it is"),
    'kind = "date"': ('kind = "day"', "column 'week_beginning' is of no known kind"),
    'use = "school_id"': ('use = "school"', "no shared column is called 'school'"),
    '"week_beginning"]': '"week"]',
    "required = true\n": ("needed = true\n", "column 'week_beginning' has no field 'needed'"),
}


@pytest.mark.parametrize("old", BROKEN_TABLES)
def test_a_faulty_table_is_told(tmp_path, old):
    new, told = (
        BROKEN_TABLES[old] if isinstance(BROKEN_TABLES[old], tuple) else (BROKEN_TABLES[old], "week: declared twice")
    )
    text = (EXAMPLES / f"{TABLE}.toml").read_text(encoding="utf-8").replace(old, new, 1)
    with pytest.raises(WorkspaceProblem, match=told):
        folder_with(tmp_path, breakfast_club_toml=text)
    assert TABLE not in TABLES and own.in_use() is own.NOTHING


def test_a_file_without_its_other_half_is_told(tmp_path):
    with pytest.raises(WorkspaceProblem, match="no card says what this function measures"):
        folder_with(tmp_path, long_absence_py=CODE)
    (tmp_path / "w" / own.FOLDER / "long_absence.py").unlink()
    with pytest.raises(WorkspaceProblem, match=r"there is no function for it: measures/long_absence.py is missing"):
        folder_with(tmp_path, long_absence_toml=CARD)
    (tmp_path / "w" / own.FOLDER / "long_absence.toml").rename(tmp_path / "w" / own.FOLDER / "Long absence.toml")
    with pytest.raises(WorkspaceProblem, match="its name is none that a measure or table can have"):
        own.use(tmp_path / "w")


@pytest.mark.parametrize("field", ["title", "source", "numerator"])
def test_another_definition_says_that_it_is_one(tmp_path, field):
    lines = (EXAMPLES / f"{PA}.toml").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith(field))
    folder_with(tmp_path, persistent_absence_toml=text, persistent_absence_py="def persistent_absence(facts): ...")
    with pytest.raises(WorkspaceProblem, match="it defines a measure of sendlab otherwise and does not say"):
        cards()


def test_the_command_line_tells_it_without_a_traceback(walk, tmp_path):
    folder = shutil.copytree(walk.folder, tmp_path / "w")
    (folder / own.FOLDER / f"{CLUB}.py").write_text("def breakfast_club_regulars(facts, breakfast_club:\n")
    result = CliRunner().invoke(main, ["build", "--workspace", str(folder)])
    assert result.exit_code == 2 and "measures/breakfast_club_regulars.py: line 1: " in result.output
    assert "Traceback" not in result.output and str(tmp_path) not in result.output


def test_nothing_has_come_in_for_a_table_yet(tmp_path):
    folder = folder_with(tmp_path, TABLE, CLUB)
    given = make_inputs(MISSED, tables(), read_workspace(folder))
    assert list(own_of_facts(given)) == [[]] and list(own_of_tables(given)) == []


def test_a_restricted_column_needs_a_permit(tmp_path):
    text = (EXAMPLES / f"{TABLE}.toml").read_text(encoding="utf-8")
    folder = folder_with(tmp_path, breakfast_club_toml=text + '\n[[columns]]\nname = "reason"\nkind = "text"\n'
                         'meaning = "why the family asked"\nprivacy = "restricted"\n')  # fmt: skip
    assert TABLES[TABLE].restricted == ("reason",)
    with (folder / "sendlab.toml").open("a", encoding="utf-8") as file:
        file.write('[restricted]\nbreakfast_club = { purpose = "p", lawful_basis = "l", owner = "o" }\n')
    assert set(read_workspace(folder).restricted) == {"breakfast_club.reason"}


# Words and papers -----------------------------------------------------------------------------------------------------


def in_blocks(text, mark):
    """The indented block below a line of the page that names a file."""
    block = re.search(rf"`{re.escape(mark)}`[^\n]*:\n\n((?:    [^\n]*\n|\n)+)", text)[1]
    return "\n".join(line.removeprefix("    ") for line in block.splitlines()) + "\n"


def test_the_page_in_a_new_workspace_works_as_it_stands(tmp_path):
    """40 of 200 sessions missed, 10 of them ill: 15 %. A pupil without codes is not known."""
    name = "absence_without_illness"
    files = {f"{name}_{end}": in_blocks(OWN_README, f"{name}.{end}") for end in ("toml", "py")}
    folder_with(tmp_path, **files)
    require_own_measures()
    rows = facts({"missed": 30}, {"missed": 10}, {"missed": 50}, possible=100).with_columns(
        code_I=pl.Series([8.0, 2.0, None]), code_N=pl.Series([22.0, 8.0, None])
    )
    made = of_place(own_measure(name)(rows), "999")
    assert (made["numerator"], made["denominator"], made["base_subjects"], made["value"]) == (30, 200, 2, 15)
    assert name in published_measures()


PAGE = (ROOT / "docs" / "own-measures.md").read_text(encoding="utf-8")
SHOWN = [(PA, "toml"), (PA, "py"), (TABLE, "toml"), (CLUB, "py")]


@pytest.mark.parametrize(("name", "ending"), SHOWN)
def test_the_guide_shows_the_examples_as_they_run(name, ending):
    told = re.search(rf"`measures/{name}\.{ending}`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL)[1]
    assert told == (EXAMPLES / f"{name}.{ending}").read_text(encoding="utf-8")


def test_the_guide_names_every_field_of_a_card():
    table = PAGE.split("| field | may be |")[1].split("\n\n")[0]
    named = [name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert sorted(named) == sorted({each.name for each in fields(Card)} - {"measure", "own"})


def test_init_writes_the_page(tmp_path, monkeypatch):
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", str(tmp_path / "config"))
    result = CliRunner().invoke(main, ["init", str(tmp_path / "w"), "--la-code", "999", "--la-name", "Trialshire"])
    assert result.exit_code == 0 and "measures" in result.output
    assert (tmp_path / "w" / own.FOLDER / "README.md").read_text(encoding="utf-8") == OWN_README
    assert read_workspace(tmp_path / "w") and own.in_use() is own.NOTHING
