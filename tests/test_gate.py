"""The gate: every public function that shows or writes figures is tried with what did not pass it, and refuses it."""

import copy
import hmac
import importlib
import inspect
import pickle
import typing
from datetime import date
from hashlib import sha256

import altair as alt
import polars as pl
import pytest
from nbformat import write as write_node
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sendlab import charts, tables
from sendlab.charts import bundle
from sendlab.disclosure.guard import ask
from sendlab.disclosure.published import OwnView, Published, _published, restore
from sendlab.disclosure.sealed import about_figures, require_seal, seal, seal_key
from sendlab.disclosure.shown import Present
from sendlab.errors import GateError, WorkspaceProblem
from sendlab.explore import View as Explored
from sendlab.explore import who_counts
from sendlab.explore.selection import Selection
from sendlab.metrics.cards import cards
from sendlab.publish import write_report
from sendlab.publish.scan_rules import makes_nothing
from sendlab.runs.execute import execute
from sendlab.runs.index import write_index
from sendlab.runs.pack import write_pack
from sendlab.runs.pack_files import Figures
from sendlab.runs.plan import Task, latest_period
from sendlab.runs.register import REGISTER, Register
from sendlab.schema.measures import as_measures

ROOMS = ("charts", "explore", "narrate", "publish", "runs", "tables")
PA = "persistent_absence"


def row(group, value, **fields):
    base = {
        "measure": PA, "time_period": "202425", "time_identifier": "Academic year", "place_code": "999",
        "geographic_level": "Local authority", "place_name": "Sampleton", "sen_provision": group, "value": value,
        "lower": value - 2.0, "upper": value + 2.0, "numerator": 40.0, "denominator": 900.0, "base_subjects": 900,
        "unit": cards()[PA].unit, "data_to": date(2025, 7, 22),
    }  # fmt: skip
    return base | fields


ROWS = as_measures(
    pl.DataFrame([row("SEN support", 30.2), row("No SEN", 15.1), row("SEN support", 28.2, time_period="202324")])
)
PUPILS = pl.DataFrame({"pupil_id": ["0123456789abcdef" * 2], "measure": [PA], "suspensions": [3]})
STAMP = {"audience": "board", "threshold": 5, "run_id": "r1"}


def genuine():
    return _published(ROWS, **STAMP)


# --- what did not pass the gate --------------------------------------------------------------------------------------


class LooksAlike:
    """Has all that a view has, and is none."""

    mark, rows, settings, run_id, audience, threshold = "", ROWS, "Audience: board.", "r1", "board", 5

    def where(self, **_):
        return self


def by_hand():
    return Published(ROWS, **STAMP)


def without_being_made():
    forged = Published.__new__(Published)
    forged._rows, forged.audience, forged.threshold, forged.run_id = ROWS, "board", 5, "r1"
    return forged


def subclass():
    made = type("Mine", (Published,), {"__init__": lambda self: None})()
    made._rows, made.audience, made.threshold, made.run_id = ROWS, "board", 5, "r1"
    return made


def unmarked_own_view():
    return type("Unmarked", (OwnView,), {"mark": ""})(ROWS)


def pickled_with_other_rows():
    forged = pickle.loads(pickle.dumps(genuine()))
    forged._rows = ROWS
    return forged


def copied_with_other_rows():
    forged = copy.copy(genuine())
    forged._rows = ROWS.with_columns(value=pl.lit(99.0))
    return forged


def mutated():
    forged = genuine()
    forged._rows = ROWS.with_columns(value=pl.lit(99.0))
    return forged


def with_another_way_of_reading_it():
    forged = genuine()
    forged.of = lambda *_: ROWS
    return forged


def for_another_audience():
    forged = genuine()
    forged.audience, forged.threshold = "public", 10
    return forged


RAW = {
    "polars frame": lambda: ROWS,
    "pandas frame": lambda: ROWS.to_pandas(),
    "pupil rows": lambda: PUPILS,
    "pupil rows in pandas": lambda: PUPILS.to_pandas(),
    "dicts": lambda: ROWS.to_dicts(),
    "nothing": lambda: None,
    "looks alike": LooksAlike,
}
FORGED = {
    "by hand": by_hand,
    "without being made": without_being_made,
    "subclass": subclass,
    "unmarked own view": unmarked_own_view,
    "pickled with other rows": pickled_with_other_rows,
    "copied with other rows": copied_with_other_rows,
    "mutated": mutated,
    "another way of reading": with_another_way_of_reading_it,
    "for another audience": for_another_audience,
}


# --- every public function -------------------------------------------------------------------------------------------


def public():
    """{room.name: thing} of what the rooms offer."""
    rooms = {room: importlib.import_module(f"sendlab.{room}") for room in ROOMS}
    return {f"{room}.{name}": getattr(module, name) for room, module in rooms.items() for name in module.__all__}


def figures_of(thing):
    """The name of the parameter that takes figures, or None."""
    if not inspect.isfunction(thing):
        return None
    for name, hint in typing.get_type_hints(thing).items():
        if name != "return" and {Published, OwnView} & {
            hint,
            *(each for each in typing.get_args(hint) if isinstance(each, type)),
        }:
            return name
    return None


TAKE_FIGURES = {name: thing for name, thing in public().items() if figures_of(thing)}
# How the others that make an output are tried: below, by name.
TRIED_BELOW = {
    "charts.png", "charts.svg", "explore.CohortExplorer", "explore.View", "explore.who_counts", "publish.write_report",
    "runs.Outcome",
    "runs.RunResult", "runs.compare_runs", "runs.run", "tables.ShownTable", "tables.Statement", "tables.largest_gaps",
    # Forms and entry take no figures, plans those of a workspace: they have tests of their own
    "explore.SelfEvaluation", "publish.write_forms", "runs.write_plans",
}  # fmt: skip
QUESTION = ask(PA, "202425", "999", by=["sen_provision"])
VALUES = {
    "measure": PA, "measures": [PA], "place": "999", "time_period": "202425", "from_period": "202324",
    "to_period": "202425", "group": "SEN support", "caption": "Figures", "la_code": "999", "la_name": "Sampleton",
    "content": None, "school_id": "9991101", "ratings": pl.DataFrame(), "evidence": pl.DataFrame(),
    "actions": pl.DataFrame(), "question": QUESTION, "compare": "No SEN",
}  # fmt: skip


def call(thing, figures, folder):
    """Call a function with these figures and whatever else it must have."""
    taken = figures_of(thing)
    needed = [name for name, p in inspect.signature(thing).parameters.items() if p.default is p.empty and name != taken]
    values = VALUES | {"path": folder / "out.file", "folder": folder}
    assert set(needed) <= set(values), "say in VALUES what to pass"
    return thing(**{taken: figures, **{name: values[name] for name in needed}})


def test_every_public_name_is_tried_or_makes_nothing():
    assert len(TAKE_FIGURES) >= 20
    assert sorted(set(public()) - set(TAKE_FIGURES) - TRIED_BELOW - set(makes_nothing())) == []


@pytest.mark.parametrize("name", TAKE_FIGURES)
@pytest.mark.parametrize("what", [*RAW, *FORGED])
def test_what_did_not_pass_the_gate_is_refused(name, what, tmp_path):
    with pytest.raises(GateError):
        call(TAKE_FIGURES[name], (RAW | FORGED)[what](), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [name for name in TAKE_FIGURES if name.startswith("publish.")])
def test_an_own_view_is_written_nowhere(name, tmp_path):
    with pytest.raises(GateError):
        call(TAKE_FIGURES[name], OwnView(ROWS), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_did_pass_is_drawn_said_and_shown(tmp_path):
    for name in ("charts.plot_groups", "narrate.headline", "tables.figures_table"):
        assert call(TAKE_FIGURES[name], genuine(), tmp_path) is not None
    assert len(genuine().where(time_period="202324")) == 1


@pytest.mark.parametrize("what", [*RAW, *FORGED])
@pytest.mark.parametrize("part", ["rows", "chart", "sentence", "table", "status"])
def test_the_explorer_shows_none_of_it(what, part):
    with pytest.raises(GateError):
        getattr(Explored((RAW | FORGED)[what](), Selection(QUESTION), None), part)


@pytest.mark.parametrize("what", [*RAW, *FORGED])
def test_who_counts_is_told_of_none_of_it(what):
    with pytest.raises(GateError):
        who_counts(Explored((RAW | FORGED)[what](), Selection(QUESTION), None))


@pytest.mark.parametrize("what", [*RAW, *FORGED])
def test_the_run_writes_none_of_it(what, tmp_path):
    places = pl.DataFrame({"place_code": ["999"], "place_name": ["Sampleton"], "geographic_level": ["Local authority"]})
    with pytest.raises(GateError):
        write_index(tmp_path, (RAW | FORGED)[what](), places, "Sampleton", "202425", Register(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", [name for name in RAW | FORGED if name != "by hand"])
def test_the_pack_is_not_made_of_it(what, tmp_path):
    space = type("Space", (), {"reports": tmp_path, "root": tmp_path, "la_code": "999", "la_name": "Sampleton"})
    try:
        figures = Figures(*[(RAW | FORGED)[what]()] * 3)
    except GateError:
        return  # it could not even be made
    outcomes = write_pack(figures, space, "202425", Register(tmp_path), Present({}, {}), "r1")
    assert {outcome.status for outcome in outcomes} == {"failed"}
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [REGISTER]


@pytest.mark.parametrize("what", [name for name in FORGED if name != "unmarked own view"])  # a period is no figure
def test_a_forged_view_gives_no_period_to_run(what):
    with pytest.raises(GateError):
        latest_period(FORGED[what]())


# --- charts ----------------------------------------------------------------------------------------------------------


def chart():
    return charts.plot_groups(genuine(), measure=PA, place="999", time_period="202425")


def of_pupils():
    return alt.Chart(PUPILS).mark_point().encode(x="suspensions:Q")


def appended():
    made = chart()
    made.layer.append(of_pupils())
    return made


def with_the_caption():
    words = pl.DataFrame({"text": [genuine().settings]})
    return of_pupils() + alt.Chart(words).mark_text().encode(text="text:N")


NOT_OURS = {
    "of pupils": of_pupils,
    "of rows": lambda: alt.Chart(ROWS).mark_point().encode(x="value:Q"),
    "laid over": lambda: chart() + of_pupils(),
    "appended": appended,
    "with our caption": with_the_caption,
    "with stolen metadata": lambda: of_pupils().properties(usermeta=chart().to_dict().get("usermeta", {"sendlab": {}})),
    "own view": lambda: charts.plot_groups(OwnView(ROWS), measure=PA, place="999", time_period="202425"),
}


@pytest.mark.parametrize("what", NOT_OURS)
def test_a_chart_that_we_did_not_draw_bears_no_stamp(what):
    drawing, metadata = bundle.bundle(NOT_OURS[what]().to_dict())
    assert bundle.STAMP not in charts.svg(NOT_OURS[what]()) and bundle.STAMP not in drawing["image/svg+xml"]
    assert metadata == {}
    with pytest.raises(GateError, match="published figures"):
        charts.png(NOT_OURS[what]())


def test_a_chart_of_published_figures_says_for_whom_and_from_which_run():
    drawing, metadata = bundle.bundle(chart().to_dict())
    stamp = metadata[bundle.STAMP_KEY]
    assert {name: stamp[name] for name in (*STAMP, "sensitivity")} == STAMP | {"sensitivity": "OFFICIAL"}
    assert stamp[bundle.PICTURE] == sha256(drawing["image/svg+xml"].encode()).hexdigest()
    assert charts.png(chart())[:4] == b"\x89PNG"
    assert bundle.STAMP in charts.svg(chart().properties(title="A title of one's own", width=500))


def test_a_chart_for_one_school_is_sensitive():
    view = _published(ROWS, audience="school", threshold=5, run_id="r1", place="900101")
    drawn = charts.plot_groups(view, measure=PA, place="999", time_period="202425")
    stamp = bundle.stamp_of(drawn.to_dict())
    assert (stamp.sensitivity, stamp.place) == ("OFFICIAL-SENSITIVE", "900101")


# --- reports and runs ------------------------------------------------------------------------------------------------


def displayed(thing):
    from IPython.core.formatters import DisplayFormatter

    data, metadata = DisplayFormatter().format(thing)
    return new_output("display_data", data=data, metadata=metadata)


def report(folder, *outputs, run_id="r1"):
    cells = [new_markdown_cell("# A question?"), new_code_cell("show", outputs=list(outputs))]
    write_node(new_notebook(cells=cells), folder / "n.ipynb")
    settings = genuine().settings
    return write_report(folder / "n.ipynb", folder / "n.html", title="T", run_id=run_id, settings=settings)


@pytest.mark.parametrize("what", [name for name in RAW if name not in ("nothing", "looks alike")])
def test_no_report_of_a_raw_frame(what, tmp_path):
    with pytest.raises(GateError):
        report(tmp_path, displayed(RAW[what]()))
    assert not (tmp_path / "n.html").exists()


@pytest.mark.parametrize("what", NOT_OURS)
def test_no_report_of_a_chart_that_we_did_not_draw(what, tmp_path):
    with pytest.raises(GateError):
        report(tmp_path, displayed(NOT_OURS[what]()))


def test_a_report_holds_charts_of_one_run_and_audience(tmp_path):
    def drawn(**stamp):
        view = _published(ROWS, **(STAMP | stamp))
        return displayed(charts.plot_groups(view, measure=PA, place="999", time_period="202425"))

    assert report(tmp_path, displayed(chart())).is_file()
    with pytest.raises(GateError, match="another run or audience"):
        report(tmp_path, displayed(chart()), run_id="r2")
    with pytest.raises(GateError, match="another run or audience"):
        report(tmp_path, displayed(chart()), drawn(audience="public", threshold=10))


def test_a_schools_own_edition_is_no_report_of_the_board_and_is_marked(tmp_path):
    own = _published(ROWS, audience="school", threshold=5, run_id="r1", place="900101")
    what = {"measure": PA, "place": "999", "time_period": "202425"}
    drawn, table = charts.plot_groups(own, **what), tables.figures_table(own, **what)
    for thing in (drawn, table):
        with pytest.raises(GateError, match=r"another run or audience|another audience"):
            report(tmp_path, displayed(thing))
    for place in ("900101", "900102"):
        cells = [
            new_markdown_cell("# A question?"),
            new_code_cell("show", outputs=[displayed(drawn), displayed(table)]),
        ]
        write_node(new_notebook(cells=cells), tmp_path / "n.ipynb")
        known = {"title": "T", "run_id": "r1", "settings": own.settings, "audience": "school", "place": place}
        if place == own.place:
            made = write_report(tmp_path / "n.ipynb", tmp_path / "n.html", **known)
            assert '<p class="marking">OFFICIAL-SENSITIVE</p>' in made.read_text(encoding="utf-8")
        else:
            with pytest.raises(GateError, match="another run or audience"):
                write_report(tmp_path / "n.ipynb", tmp_path / "n.html", **known)


def test_a_notebook_that_shows_pupils_becomes_no_report(tmp_path):
    """Through `runs.execute`, in a kernel of its own."""
    code = f"import polars as pl\npl.DataFrame({PUPILS.to_dict(as_series=False)})"
    cells = [new_code_cell("place = '999'", metadata={"tags": ["parameters"]}), new_code_cell(code)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    write_node(new_notebook(cells=cells, metadata=kernel), tmp_path / "n.ipynb")
    task = Task(
        notebook=tmp_path / "n.ipynb", output=tmp_path / "out" / "n", record=tmp_path / "record", parameters={},
        cwd=tmp_path, title="T", place_code="999", place_name="Sampleton",
    )  # fmt: skip
    outcome = execute(task)
    assert outcome.status == "failed" and "GateError" in outcome.error
    assert list((tmp_path / "out").iterdir()) == []
    assert "0123456789abcdef" not in outcome.error


# --- the sealed store ------------------------------------------------------------------------------------------------

KEY, ABOUT = seal_key(bytes(range(32))), about_figures(**STAMP)


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "published_board.parquet"
    genuine().rows.write_parquet(path)
    return path


def test_a_seal_is_what_hmac_says_it_is(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"figures")
    key = hmac.new(bytes(range(32)), b"sendlab: seal of published figures", sha256).digest()
    about = b"audience=board;threshold=5;run=r1"
    by_hand = hmac.new(key, b"\0\0\0\0\0\0\0\x21" + about + b"figures", sha256).hexdigest()
    assert (seal_key(bytes(range(32))), ABOUT.encode()) == (key, about) and len(about) == 0x21
    assert seal(path, key, about=ABOUT) == by_hand
    assert require_seal(path, key, by_hand, about=ABOUT) == b"figures"


def test_no_part_of_what_a_seal_is_about_passes_for_a_part_of_the_file(tmp_path):
    (tmp_path / "a").write_bytes(b"bc")
    (tmp_path / "b").write_bytes(b"c")
    assert seal(tmp_path / "a", KEY, about="a") != seal(tmp_path / "b", KEY, about="ab")


@pytest.mark.parametrize("change", ["byte", "shorter", "longer", "other rows", "key", "about", "seal", "empty seal"])
def test_a_tampered_store_file_is_refused(stored, change):
    key, about, expected = KEY, ABOUT, seal(stored, KEY, about=ABOUT)
    content = stored.read_bytes()
    if change == "byte":
        stored.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    elif change in ("shorter", "longer"):
        stored.write_bytes(content[:-1] if change == "shorter" else content + b"\0")
    elif change == "other rows":
        genuine().rows.with_columns(value=pl.lit(1.0)).write_parquet(stored)
    elif change == "key":
        key = seal_key(bytes(32))
    elif change == "about":
        about = about_figures(audience="public", threshold=5, run_id="r1")
    else:
        expected = "" if change == "empty seal" else "0" * 64
    with pytest.raises(GateError, match="not those that build wrote"):
        require_seal(stored, key, expected, about=about)


def test_a_file_that_is_gone_is_told(tmp_path):
    for attempt in (lambda path: seal(path, KEY, about=ABOUT), lambda path: require_seal(path, KEY, "", about=ABOUT)):
        with pytest.raises(WorkspaceProblem, match="holds no file"):
            attempt(tmp_path / "published_board.parquet")


def test_figures_are_restored_from_a_sealed_file_only(stored):
    sealed = seal(stored, KEY, about=ABOUT)
    assert restore(stored, key=KEY, seal=sealed, **STAMP).rows.equals(genuine().rows)
    for other in ({"audience": "public"}, {"threshold": 10}, {"run_id": "r2"}):
        with pytest.raises(GateError):
            restore(stored, key=KEY, seal=sealed, **(STAMP | other))
    with pytest.raises(GateError):
        restore(ROWS, key=KEY, seal=sealed, **STAMP)
