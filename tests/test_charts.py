"""Charts: what they say, what hidden rows must not do, colours, and the offline bundle that notebooks store."""

import base64
import io
import json
import re
import subprocess
import sys
from datetime import date

import altair as alt
import polars as pl
import pytest
from PIL import Image

import sendlab.charts as charts
from sendlab.charts import bundle, drawing, marks, theme
from sendlab.disclosure.published import OWN_VIEW_MARK, OwnView, _published
from sendlab.errors import GateError, SendlabError
from sendlab.publish.scan_charts import marks_too_fine
from sendlab.schema import as_measures
from sendlab.tables import figures_table, schools_table

PA = "persistent_absence"
SCHOOL = {"geographic_level": "School", "place_code": "100001", "place_name": "Oak Primary"}
LA = {"geographic_level": "Local authority", "place_code": "999", "place_name": "Sampleshire"}
GROUPS = {"measure": PA, "place": "100001", "time_period": "202425"}


def row(group="Total", value=None, lower=None, upper=None, n=None, **fields):
    count = None if n is None or value is None else round(n * value / 100)
    base = {
        "measure": PA, "time_period": "202425", "time_identifier": "Academic year", "sen_provision": group,
        "value": value, "lower": lower, "upper": upper, "base_subjects": n, "denominator": n, "numerator": count,
        "unit": "% of pupils", "data_to": date(2025, 7, 22),
    }  # fmt: skip
    return base | SCHOOL | fields


def gap(group, value, lower, upper, comparator="No SEN", other=15.0, n=260, **fields):
    return row(group, value, lower, upper, n, comparator=comparator, comparator_value=other) | fields


ROWS = [
    row("EHC plan", status="c"),
    row("SEN support", 34.2, 28.6, 40.3, 260),
    row("No SEN", 15.0, 11.4, 19.5, 300),
    row("Not recorded", status="z", note="no pupils in this group"),
    gap("SEN support", 19.2, 11.8, 26.3),
    gap("SEN support", 4.8, -0.8, 10.9, "Same group nationally", 29.4, comparator_period="202324"),
    gap("SEN support", 5.1, -0.9, 11.3, "LA without this school", 29.1),
]


def frame(rows):
    return as_measures(pl.DataFrame(rows, infer_schema_length=None, strict=False))


def own(rows=ROWS):
    return OwnView(frame(rows))


def published(rows=ROWS):
    return _published(frame(rows), audience="board", threshold=5, run_id="r1")


def drawn(chart):
    """All texts, and all values on a scale, that a chart holds."""
    texts, values = [], []
    for data in chart.to_dict()["datasets"].values():
        texts += [line["text"] for line in data if "text" in line]
        values += [line[name] for line in data for name in ("value", "upper") if name in line]
    return texts, values


def domain(chart):
    found = re.findall(r'"domain": (\[[^\]]*\])', json.dumps(chart.to_dict()))
    assert found
    return {tuple(json.loads(text)) for text in found}


# --- what is said ---


def test_labels_say_figure_count_and_reason():
    texts, _ = drawn(charts.plot_groups(published(), **GROUPS))
    assert {"34.2%", "n = 260", "15.0%", "n = 300", "not shown", "no pupils in this group"} <= set(texts)
    assert "Same group nationally, 2023/24" in texts and "LA without this school" in texts
    assert any("Source: school census" in text and "22 July 2025" in text for text in texts)


def test_alt_text_says_what_the_chart_says():
    chart = charts.plot_groups(published(), **GROUPS)
    words = chart.description
    assert words.startswith("Persistent absence: SEN support 19.2 percentage points above No SEN.")
    assert "SEN support: 34.2%, 95% interval 28.6% to 40.3%, n = 260; same group nationally (2023/24) 29.4%" in words
    assert "EHC plan: not shown." in words
    texts, _ = drawn(chart)
    assert all(text in words for text in texts if re.fullmatch(r"[\d.]+%|n = \d+", text))


@pytest.mark.parametrize("view", [own(), published()])
def test_numbers_of_the_chart_are_those_of_its_table(view):
    texts, _ = drawn(charts.plot_groups(view, **GROUPS))
    cells = {cell for line in figures_table(view, **GROUPS).rows for cell in line}
    figures = [text.removeprefix("n = ") for text in texts if re.fullmatch(r"[\d.]+%|n = [\d,]+", text)]
    assert len(figures) >= 4 and set(figures) <= cells


def test_own_view_is_marked_in_the_picture_and_published_is_not():
    assert OWN_VIEW_MARK in drawn(charts.plot_groups(own(), **GROUPS))[0]
    assert charts.plot_groups(own(), **GROUPS).description.startswith(OWN_VIEW_MARK)
    texts, _ = drawn(charts.plot_groups(published(), **GROUPS))
    assert OWN_VIEW_MARK not in texts and any("Audience: board" in text for text in texts)


def test_only_plotted_columns_are_embedded():
    chart = charts.plot_groups(own(), **GROUPS).to_dict()
    assert {name for data in chart["datasets"].values() for line in data for name in line} <= {
        "x",
        "y",
        "x2",
        "y2",
        "text",
        "value",
        "upper",
    }


@pytest.mark.parametrize("thing", [frame(ROWS), frame(ROWS).to_pandas(), ROWS])
def test_raw_frames_are_refused(thing):
    with pytest.raises(GateError):
        charts.plot_groups(thing, **GROUPS)
    with pytest.raises(GateError):
        charts.plot_schools(thing, measure=PA, group="SEN support", time_period="202425")
    with pytest.raises(GateError):
        charts.plot_self_evaluation(thing, place="100001")


# --- hidden rows ---


def schools(hidden_value):
    """Three schools; the middle one hidden, with or without a number left behind by mistake in its comparator rows."""
    names = {"1": "Zed", "2": "Ash", "3": "Birch"}
    places = {code: {"place_code": code, "place_name": name} for code, name in names.items()}
    rows = [row("SEN support", 20.0, 15.0, 26.0, 200, **places["1"]), row("SEN support", status="c", **places["2"])]
    rows += [row("SEN support", 40.0, 33.0, 47.0, 200, **places["3"])]
    rows += [gap("SEN support", None, None, None, "LA without this school", hidden_value, **places["2"], status="c")]
    return [*rows, row("SEN support", 28.0, 25.8, 30.3, 1500, **LA)]


def test_hidden_rows_set_no_axis_order_or_title():
    charted = [
        charts.plot_schools(published(schools(value)), measure=PA, group="SEN support", time_period="202425")
        for value in (None, 99.0)
    ]
    assert charted[0].to_dict() == charted[1].to_dict()
    assert domain(charted[0]) == {(0.0, 50.0)}
    assert charted[0].title.text == ["Persistent absence: 1 school clearly above the LA, 1 school clearly below"]
    texts, values = drawn(charted[0])
    names = [text for text in texts if text in ("Ash", "Birch", "Zed")]
    assert names == ["Birch", "Zed", "Ash"] and 99.0 not in values
    table = schools_table(published(schools(99.0)), measure=PA, group="SEN support", time_period="202425")
    assert table.rows[-1][0] == "Ash" and set(table.rows[-1][1:]) == {"c"}


def test_a_chart_with_nothing_to_show_still_keeps_its_places():
    chart = charts.plot_groups(published([row("EHC plan", status="c"), row("No SEN", status="c")]), **GROUPS)
    texts, values = drawn(chart)
    assert texts.count("not shown") == 2 and values == []
    assert "no comparison" in chart.title.text[0]


def test_counts_only_where_the_base_is_tiny():
    tiny = row("SEN support", None, None, None, 8, numerator=3, status="u", note="fewer than 10 pupils: counts only")
    texts, _ = drawn(charts.plot_groups(published([tiny]), **GROUPS))
    assert "3 of 8" in texts and not any("%" in text and re.match(r"\d", text) for text in texts)


def test_a_school_to_be_highlighted_that_is_not_there_is_said_so():
    asked = {"measure": PA, "group": "SEN support", "time_period": "202425"}
    texts, _ = drawn(charts.plot_schools(own(schools(None)), **asked, highlight="77"))
    assert "School 77 has no figures here." in " ".join(texts)
    texts, _ = drawn(charts.plot_schools(own(schools(None)), **asked, highlight="999"))  # the authority itself
    assert "has no figures" not in " ".join(texts)


NOTHING = {
    "groups": lambda view: charts.plot_groups(view, measure=PA, place="100001", time_period="201920"),
    "needs": lambda view: charts.plot_needs(view, measure=PA, place="100001", time_period="202425"),
    "gaps": lambda view: charts.plot_gaps(view, measures=[PA], place="100001", time_period="201920"),
    "trend": lambda view: charts.plot_trend(view, measure="severe_absence", place="100001"),
    "schools": lambda view: charts.plot_schools(view, measure=PA, group="All SEN", time_period="202425"),
    "interventions": lambda view: charts.plot_interventions(view, place="100001", time_period="202425"),
    "self-evaluation": lambda view: charts.plot_self_evaluation(view, place="100001"),
}


@pytest.mark.parametrize("kind", NOTHING)
@pytest.mark.parametrize("view", [own(), published()], ids=["own", "published"])
def test_where_there_is_nothing_the_chart_says_so(kind, view):
    chart = NOTHING[kind](view)
    texts, values = drawn(chart)
    assert " ".join(chart.title.text)[:3] == "No " and "Nothing is drawn." in texts and values == []
    assert "Nothing is drawn." in chart.description and (OWN_VIEW_MARK in texts) == isinstance(view, OwnView)
    assert chart.to_dict(validate=True)


# --- the other charts ---


def test_gaps_are_for_one_unit_and_sorted_by_size():
    other = {"measure": "severe_absence"}
    rows = [*ROWS, row("SEN support", 4.0, 2.0, 7.0, 260, **other), row("No SEN", 1.5, 0.9, 2.8, 300, **other)]
    rows += [gap("SEN support", 2.5, 0.4, 5.6, other=1.5, **other)]
    picked = {"place": "100001", "time_period": "202425"}
    texts, _ = drawn(charts.plot_gaps(published(rows), measures=["severe_absence", PA], **picked))
    assert "19.2 points (11.8 to 26.3)" in texts and "2.5 points (0.4 to 5.6)" in texts
    assert texts.index("Persistent absence") < texts.index("Severe absence")
    with pytest.raises(SendlabError, match="one unit"):
        charts.plot_gaps(published(rows), measures=[PA, "suspension_rate"], **picked)


@pytest.mark.parametrize(("value", "above"), [(19.2, True), (9.2, False)])
def test_narrow_gaps_are_told_beside_the_marks(value, above):
    rows = [
        row("SEN support", 15 + value, 10.0, 40.0, 260),
        row("No SEN", 15.0, 11.4, 19.5, 300),
        gap("SEN support", value, 1.0, 30.0),
    ]
    chart = charts.plot_gaps(published(rows), measures=[PA], place="100001", time_period="202425")
    places = {
        line["text"]: line["y"] for data in chart.to_dict()["datasets"].values() for line in data if "text" in line
    }
    text = next(name for name in places if "points (" in name)
    assert (places[text] < places["15.0%"]) == above


def test_trend_does_not_bridge_a_missing_year():
    years = [
        row("SEN support", value, value - 4, value + 4, 260, time_period=year)
        for year, value in (("202122", 30.0), ("202324", 33.0))
    ]
    chart = charts.plot_trend(published([*years, *ROWS]), measure=PA, place="100001")
    texts, _ = drawn(chart)
    assert "no figures" in texts and "SEN support 34.2%" in texts and "EHC plan: not shown" in texts
    lines = [
        line
        for data in chart.to_dict()["datasets"].values()
        for line in data
        if "x2" in line and line["x"] != line["x2"]
    ]
    joined = [line for line in lines if line["y"] != line["y2"]]
    assert len(joined) == 1  # 2023/24 to 2024/25; 2022/23 has no figure


def test_trend_keeps_to_one_kind_of_period():
    rows = [*ROWS, row("SEN support", 50.0, 40.0, 60.0, 260, time_period="202526", time_identifier="Autumn term")]
    texts, _ = drawn(charts.plot_trend(published(rows), measure=PA, place="100001"))
    assert "2025/26" not in texts and "2024/25" in texts


def test_needs_name_the_area_that_stands_out():
    areas = {"Cognition and learning": (20.0, 16.0, 24.0), "Social, emotional and mental health": (48.0, 43.0, 52.0)}
    rows = [row("All SEN", *limits, 400, need_area=area) for area, limits in areas.items()]
    chart = charts.plot_needs(published(rows), **GROUPS)
    assert "clearly highest for social, emotional" in " ".join(chart.title.text)
    assert "of those shown" in " ".join(
        charts.plot_needs(
            published([*rows, row("All SEN", status="c", need_area="No broad area")]), **GROUPS
        ).title.text
    )


def test_interventions_are_blue_only_when_clear_of_zero():
    common = {"measure": "intervention_gain", "unit": "points", "numerator": None}
    rows = [
        row("Total", 4.1, 1.2, 7.0, 64, item="Reading", **common),
        row("Total", -3.2, -6.9, 0.4, 22, item="Speech", **common),
        row("Total", None, item="Art", status="c", **common),
    ]
    chart = charts.plot_interventions(published(rows), place="100001", time_period="202425")
    spec = chart.to_dict()
    squares = {
        layer["mark"]["fill"]: [line["value"] for line in spec["datasets"][layer["data"]["name"]]]
        for layer in spec["layer"] if layer["mark"].get("shape") == "square"
    }  # fmt: skip
    assert squares == {theme.BLUE: [4.1], theme.GREY: [-3.2]}
    texts, _ = drawn(chart)
    assert "−3.2 (−6.9 to +0.4)" in texts and "not shown" in texts and "◄ did worse than untreated" in texts
    assert chart.title.text == ["Reading: pupils did clearly better than untreated"]


def rating(measure, item, value, **fields):
    return row("Total", value, None, None, None, measure=measure, item=item, **fields)


def test_self_evaluation_marks_the_largest_steps_and_breaks_its_line():
    now = {"O1": 4.0, "O2": None, "O3": 5.0, "O4": 2.0, "O5": 6.0, "O6": 3.0}
    target = {"O1": 5.0, "O2": None, "O3": 9.0, "O4": 8.0, "O5": 7.0, "O6": 6.0}
    rows = [
        rating("sef_now", item, value, status="" if value else "z", note="" if value else "not applicable")
        for item, value in now.items()
    ]
    rows += [rating("sef_target", item, value) for item, value in target.items()]
    chart = charts.plot_self_evaluation(published(rows), place="100001")
    spec = chart.to_dict()
    texts, _ = drawn(chart)
    assert {"+6", "+4", "+3"} <= set(texts) and "+1" not in texts
    assert texts.count("not applicable") == 1 and texts.count("not rated") == 45 - 6
    (joined,) = [
        layer["data"]["name"]
        for layer in spec["layer"]
        if layer["mark"].get("color") == theme.BLUE and layer["mark"]["strokeWidth"] == 2
    ]
    assert len(spec["datasets"][joined]) == 3  # O3-O4, O4-O5, O5-O6; nothing to or from O2
    assert chart.title.text == ["Largest step from now to target: outcomes (O4)"]


# --- looks ---


@pytest.mark.parametrize(
    "colour", [theme.TEXT, theme.SOFT_TEXT, theme.ORANGE_TEXT, *(look.text for look in theme.GROUPS.values())]
)
def test_text_has_enough_contrast(colour):
    papers = [theme.PAPER, theme.MARK_PAPER, *theme.BANDS.values()]
    assert min(theme.contrast(colour, paper) for paper in papers) >= 4.5


@pytest.mark.parametrize("colour", [theme.BLUE, theme.TURQUOISE, theme.PINK, theme.ORANGE, theme.GREY])
def test_marks_have_enough_contrast(colour):
    assert theme.contrast(colour, theme.PAPER) >= 3


@pytest.mark.parametrize("colour", [theme.BLUE, theme.PINK])
def test_lines_of_the_self_evaluation_stand_out_on_every_band(colour):
    assert min(theme.contrast(colour, band) for band in theme.BANDS.values()) >= 7


def test_groups_differ_by_more_than_colour():
    assert (
        len({look.shape for look in theme.GROUPS.values()})
        == len({look.dash for look in theme.GROUPS.values()})
        == len(theme.GROUPS)
    )


def test_the_theme_is_on_the_chart_and_not_global():
    config = charts.plot_groups(published(), **GROUPS).to_dict()["config"]
    assert config["font"].startswith('"Liberation Sans", Arial') and config["title"]["frame"] == "group"
    assert config["axis"]["labelFlush"] is False and alt.theme.active == "default"


@pytest.mark.parametrize(
    ("values", "ticks"), [([0.0], (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)), ([-6.1, 2.0], (-8.0, -6.0, -4.0, -2.0, 0.0, 2.0))]
)
def test_scales_hold_zero_and_have_few_round_ticks(values, ticks):
    assert marks.scale_of(values, 0, 100).ticks == ticks


# --- the bundle ---

PROGRAM = """
import runpy, sys
module = runpy.run_path(sys.argv[1])
chart = module["charts"].plot_groups(module["own"](), **module["GROUPS"])
sys.stdout.buffer.write(module["charts"].svg(chart).encode())
"""


def test_svg_is_the_same_in_every_process_and_says_its_alt_text():
    chart = charts.plot_groups(own(), **GROUPS)
    first = charts.svg(chart)
    other = subprocess.run([sys.executable, "-c", PROGRAM, __file__], capture_output=True, check=True, timeout=120)
    assert other.stdout.decode() == first
    head = first.split("<title>")[0]
    assert 'role="img"' in head and "EHC plan: not shown." in head
    assert "<title>Persistent absence: SEN support 19.2 percentage points above No SEN</title>" in first
    assert "Liberation Sans" in first and "http" not in first.replace("http://www.w3.org/", "")


def one_of_each():
    """A chart of every kind, with texts that HTML and Vega escape and a title of two lines."""
    rows = [*ROWS, *(row("SEN support", value, value - 4, value + 4, 260, time_period=year)
                     for year, value in (("202223", 30.0), ("202324", 33.0)))]  # fmt: skip
    view = published(
        [{**each, "place_name": 'Oak & "Ash" <Primary> School of the long and winding name'} for each in rows]
    )
    gain = {"measure": "intervention_gain", "unit": "points", "numerator": None}
    gains = published([row("Total", 4.1, 1.2, 7.0, 64, item="Reading", **gain)])
    ratings = published([rating("sef_now", "O1", 4.0), rating("sef_target", "O1", 8.0)])
    return {
        "groups": charts.plot_groups(view, **GROUPS),
        "gaps": charts.plot_gaps(view, measures=[PA], place="100001", time_period="202425"),
        "trend": charts.plot_trend(view, measure=PA, place="100001"),
        "interventions": charts.plot_interventions(gains, place="100001", time_period="202425"),
        "self-evaluation": charts.plot_self_evaluation(ratings, place="100001"),
    }


def require_drawn_as_meant(chart):
    """Valid by the schema, equal to Altair's own specification, and drawn the quick way as with its texts."""
    spec = chart.to_dict(validate=True)  # shown without this check
    assert chart.to_dict(validate=False) == spec
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(marks.Layer, "to_dict")
        assert chart.to_dict() == spec
    assert drawing.svg_of(spec, placed=True) == drawing.svg_of(spec)


@pytest.mark.parametrize("kind", ["groups", "gaps", "trend", "interventions", "self-evaluation"])
def test_a_chart_is_valid_and_drawn_with_tokens_as_with_its_texts(kind):
    require_drawn_as_meant(one_of_each()[kind])


def test_charts_are_drawn_the_quick_way_until_they_are_changed_by_hand(monkeypatch):
    """Both ways draw the same, so only this tells that the quick one is taken."""
    asked = []
    monkeypatch.setattr(drawing, "_draw", lambda spec: asked.append(spec) or drawing.drawn_here(spec))

    def measured(chart):
        bundle.svg(chart)
        spec = asked.pop()
        return {layer["mark"]["fontSize"] for layer in spec["layer"] if layer["mark"]["type"] == "text"}

    made = one_of_each() | {"plain": charts.plot_groups(published(), **GROUPS)}
    assert all(0 in measured(made[kind]) for kind in ("trend", "interventions", "self-evaluation", "plain"))
    assert not any(0 in measured(made[kind]) for kind in ("groups", "gaps"))  # a long name runs over the frame
    assert not any(0 in measured(changed_by_hand()[what]) for what in ("axis", "labels", "height", "layered"))


@pytest.mark.parametrize("name", ["XP", "Oak an", "an", "Academy of Saint Aidan and Saint Mary, Upper School ab"])
def test_two_letters_of_a_name_are_no_token(name):
    rows = [{**each, "place_name": name} for each in ROWS]
    spec = charts.plot_groups(published(rows), **GROUPS).to_dict()
    assert drawing.svg_of(spec, placed=True) == drawing.svg_of(spec)
    texts = re.findall(r">([^<]*)</t", drawing.svg_of(spec, placed=True))
    assert any(name.split()[-1] in text for text in texts)


def changed_by_hand():
    """{what was changed: a chart of ours with that change}."""
    made = {name: charts.plot_groups(published(), **GROUPS) for name in ("axis", "labels", "height", "mark", "channel")}
    made["axis"] = made["axis"].configure_axis(labelColor="#801650")
    made["labels"] = made["labels"].configure_axis(labelFontSize=20)
    made["height"] = made["height"].properties(height=700)
    made["mark"].layer[0] = made["mark"].layer[0].mark_rule(color="#801650")
    made["channel"].layer[0] = made["channel"].layer[0].encode(opacity=alt.value(0.5))
    made["layered"] = alt.layer(*charts.plot_groups(published(), **GROUPS).layer)
    made["two layers"] = made["axis"].layer[0] + made["axis"].layer[1]
    return made


@pytest.mark.parametrize("what", ["axis", "labels", "height", "mark", "channel", "layered", "two layers"])
def test_a_chart_changed_by_hand_is_drawn_as_altair_means_it(what):
    chart = changed_by_hand()[what]
    spec = chart.to_dict()
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(marks.Layer, "to_dict")
        assert chart.to_dict() == spec
    plain = re.sub(
        r' data-sendlab="published"| role="img" aria-label="[^"]*"|<title>[^<]*</title>', "", bundle.svg(chart)
    )
    assert plain == drawing.svg_of(spec)


def test_the_renderer_gives_one_bundle():
    data, _ = charts.plot_groups(published(), **GROUPS)._repr_mimebundle_()
    assert set(data) == {"image/svg+xml", "image/png", "text/plain"}
    assert data["text/plain"] == charts.plot_groups(published(), **GROUPS).description
    picture = base64.b64decode(data["image/png"])
    assert picture.startswith(b"\x89PNG") and int.from_bytes(picture[16:20], "big") >= theme.WIDTH
    with Image.open(io.BytesIO(picture)) as opened:
        opened.verify()


def test_a_chart_of_ones_own_is_told_that_it_has_no_alt_text():
    spec = alt.Chart(alt.Data(values=[{"a": '<&"'}])).mark_point().encode(x="a:N").to_dict()
    assert bundle._alt_text(spec) == bundle.NO_ALT_TEXT
    assert 'aria-label="&lt;b&gt; &quot;x&quot;"' in bundle._svg({**spec, "description": '<b> "x"'})


def test_importing_charts_sets_the_renderer_and_importing_sendlab_nothing():
    program = """
import sys
import sendlab, sendlab.tables
assert "altair" not in sys.modules
import altair as alt
print(alt.theme.active, alt.data_transformers.active, alt.renderers.active)
import sendlab.charts
print(alt.theme.active, alt.data_transformers.active, alt.renderers.active)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines() == ["default default default", "default default sendlab"]


def many(number=60, chosen=(14.0, 9.0, 21.0)):
    """Schools of two phases, every tenth without a figure, and the LA."""
    rows = []
    for index in range(number):
        figure = (None, None, None) if index % 10 == 9 else (10.0 + index / 2, 5.0, 40.0) if index else chosen
        rows.append(row("SEN support", *figure, n=None if figure[0] is None else 40, place_code=f"9{index:05}",
                        place_name=f"School {index:02}", status="c" if figure[0] is None else "",
                        education_phase="Primary" if index % 3 else "Secondary"))  # fmt: skip
    la = row("SEN support", 16.0, 15.0, 17.0, 900, place_code="999", place_name="Sampleton", education_phase="Total",
             geographic_level="Local authority")  # fmt: skip
    return published([*rows, la])


def test_more_schools_than_lines_have_a_mark_each_in_the_band_of_their_phase():
    chart = charts.plot_schools(many(), measure=PA, group="SEN support", time_period="202425", highlight="900000")
    spec = chart.to_dict(validate=True)
    texts, _ = drawn(chart)
    assert {"Primary", "Secondary", "36 schools, 4 not shown", "18 schools, 2 not shown", "Sampleton 16.0%"} <= set(
        texts
    )
    assert "14%, n = 40" in texts and not any(text.startswith("School 0") for text in texts if "interval" not in text)
    sizes = {
        (layer["mark"]["fill"], layer["mark"]["size"]): len(spec["datasets"][layer["data"]["name"]])
        for layer in spec["layer"] if layer["mark"]["type"] == "point"
    }  # fmt: skip
    assert sizes[theme.GREY, 36] == 53 and sizes[theme.BLUE, 110] == 1  # 54 shown, one of them by name
    places = [line["y"] for layer in spec["layer"] if layer["mark"].get("size") == 36
              for line in spec["datasets"][layer["data"]["name"]]]  # fmt: skip
    assert len(set(places)) == 53  # none hides another
    assert drawing.svg_of(spec, placed=True) == drawing.svg_of(spec)
    drawn_as, _ = chart._repr_mimebundle_()
    assert list(marks_too_fine(drawn_as["image/svg+xml"], "chart")) == []  # or no report of the school is released


def test_a_hidden_school_moves_none_of_the_others_in_its_band():
    one, other = (
        charts.plot_schools(
            many(chosen=figure), measure=PA, group="SEN support", time_period="202425", highlight="999"
        ).to_dict()
        for figure in ((14.0, 9.0, 21.0), (None, None, None))
    )

    def places(spec):
        return {(line["value"], line["y"]) for layer in spec["layer"] if layer["mark"].get("size") == 36
                for line in spec["datasets"][layer["data"]["name"]]}  # fmt: skip

    assert places(other) < places(one) and len(places(one)) == len(places(other)) + 1
