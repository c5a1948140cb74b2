"""The further charts: what they say, what hidden rows must not do, and that nothing runs over their frame."""

import re
from itertools import pairwise

import pytest
from test_charts import LA, PA, frame, own, require_drawn_as_meant, row

import sendlab.charts as charts
import sendlab.tables as tables
from sendlab.charts import names, theme
from sendlab.charts.letters import width_of
from sendlab.disclosure.published import OWN_VIEW_MARK, _published
from sendlab.errors import GateError, SendlabError
from sendlab.publish.scan_charts import marks_too_fine
from sendlab.tables.funnels import _limits, smooth_limits

NATION = {"geographic_level": "National", "place_code": "E92000001", "place_name": "England"}
LONG = 'Oak & "Ash" <Primary> School of the long and winding name'


def published(rows, audience="board"):
    return _published(frame(rows), audience=audience, threshold=5, run_id="r1")


def said(chart, words):
    """Whether a chart says that there is nothing to draw, and why."""
    title = " ".join(chart.title.text)
    assert title.startswith("No ") and "Nothing is drawn." in texts(chart)
    return words in f"{title[:1].lower()}{title[1:]} {' '.join(chart.title.subtitle)}"


def texts(chart):
    return [line["text"] for data in chart.to_dict()["datasets"].values() for line in data if "text" in line]


def layers(chart, kind, **look):
    """Rows of each layer of a kind of mark with this look."""
    spec = chart.to_dict()
    return [
        spec["datasets"][layer["data"]["name"]]
        for layer in spec["layer"]
        if layer["mark"]["type"] == kind and all(layer["mark"].get(name) == value for name, value in look.items())
    ]


def cells(table):
    return {cell for line in table.rows for cell in line}


# --- the funnel ---

FUNNEL = {"measure": PA, "group": "SEN support", "time_period": "202425"}


def school(name, code, value=None, n=None, **fields):
    limits = {} if value is None else {"lower": value - 9, "upper": value + 9}
    place = {"place_code": code, "place_name": name}
    return row("SEN support", value, **limits, n=n) | place | fields


def funnel_rows(hidden=None):
    """Seven schools about 20 %: one far above, one above, three within, one too small, one hidden."""
    return [
        row("SEN support", 20.0, 18.0, 22.0, 1500, **LA),
        school("Ash", "1", 60.0, 50), school("Birch", "2", 34.0, 60), school("Cedar", "3", 22.0, 40),
        school("Dogwood", "4", 12.0, 200), school("Elm", "5", 21.0, 30), school("Fir", "6", 45.0, 29),
        school("Gorse", "7", n=80, status="c", lower=hidden, upper=hidden, numerator=hidden),
        school("Gorse", "7", n=80, status="c", comparator="LA without this school", comparator_value=hidden),
    ]  # fmt: skip


def test_funnel_limits_at_two_sizes_by_hand():
    """n = 2 about 50 %: the chances of no more than 0, 1 and 2 pupils are 1/4, 3/4 and 1.

    97.5 %: 2 is the first count with at least that chance; the part of its own 1/4 above it is 0.025 / 0.25 = 0.1, so
    1.9 of 2 pupils: 95 %; 99.9 % likewise 1.996 of 2: 99.8 %. 2.5 %: 0 less (0.25 - 0.025) / 0.25, cut at 0.
    n = 30 about 20 %: no more than 1, 2, 10, 11 pupils have the chances 0.01052, 0.04418, 0.97438, 0.99051; so
    2 - (0.04418 - 0.025) / 0.03366 = 1.430 of 30 is 4.8 %, and 11 - (0.99051 - 0.975) / 0.01612 = 10.038 is 33.5 %.
    """
    assert _limits(50.0, 2) == pytest.approx((0.0, 0.0, 95.0, 99.8))
    table = tables.funnel_table(published(funnel_rows()), **FUNNEL)
    assert {line[0]: line[4:6] for line in table.rows}["Elm"] == ("4.8%", "33.5%")


def test_funnel_names_whom_chance_does_not_reach_and_counts_the_others():
    chart = charts.plot_funnel(published(funnel_rows()), **FUNNEL)
    said = texts(chart)
    assert "Ash 60%" in said and not any(re.match(r"(Birch|Cedar|Dogwood|Elm) ", text) for text in said)
    caption = " ".join(said)
    assert "Of the 5 schools shown, about 0.3 would lie outside the 95% limits by chance" in caption
    assert "1 school not shown." in caption and "Too small for a funnel (under 30 pupils): Fir." in caption
    assert {"99.8% limit", "95% limit", "LA 20.0%"} <= {re.sub(r" \d+%$", "", text) for text in said} | set(said)
    assert chart.title.text == ["Persistent absence: 1 of 5 schools outside the 99.8% limits"]
    sizes = {
        layer["mark"]["shape"]: len(chart.to_dict()["datasets"][layer["data"]["name"]])
        for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == "point" and layer["mark"]["size"] != 100
    }  # fmt: skip
    assert sizes == {"diamond": 1, "square": 2, "circle": 2}  # Ash; Birch and Dogwood; Cedar and Elm


def test_a_hidden_school_of_a_funnel_moves_nothing():
    one, other = (charts.plot_funnel(published(funnel_rows(value)), **FUNNEL).to_dict() for value in (1.0, 99.0))
    assert one == other
    without = charts.plot_funnel(published(funnel_rows()[:-2]), **FUNNEL)
    assert layers(without, "point") == layers(charts.plot_funnel(published(funnel_rows()), **FUNNEL), "point")


def test_the_limits_of_a_funnel_begin_at_30_and_run_without_steps():
    chart = charts.plot_funnel(published(funnel_rows()), **FUNNEL)
    curves = layers(chart, "rule", strokeWidth=1.4)
    assert len(curves) == 4 and all(len(curve) > 80 for curve in curves)
    upper = [limits[3] for limits in smooth_limits(20.0, range(30, 200))]
    falls = [one - two for one, two in pairwise(upper)]
    assert min(falls) > 0  # each exact limit by itself rises now and then
    bends = [abs(one - two) for one, two in pairwise(falls)]
    assert max(bends) < 0.25


def test_the_highlighted_school_is_dark_blue_and_named():
    chart = charts.plot_funnel(published(funnel_rows()), **FUNNEL, highlight="3")
    assert chart.title.text == ["Persistent absence: Cedar within the 95% limits"]
    (dot,) = layers(chart, "point", fill=theme.BLUE)
    assert len(dot) == 1 and "Cedar 22%" in texts(chart)
    assert (
        charts.plot_funnel(published(funnel_rows()), **FUNNEL, highlight="999")
        .title.text[0]
        .startswith("Persistent absence: 1 of 5")
    )
    hidden = charts.plot_funnel(published(funnel_rows()), **FUNNEL, highlight="7")
    assert layers(hidden, "point", fill=theme.BLUE) == [] and "Gorse" not in " ".join(hidden.title.text)
    with pytest.raises(SendlabError, match="no school '77'"):
        charts.plot_funnel(published(funnel_rows()), **FUNNEL, highlight="77")


def test_a_funnel_is_for_shares_and_for_the_board():
    with pytest.raises(SendlabError, match="is no share of people"):
        charts.plot_funnel(own([school("Ash", "1", 4.0, 50, measure="suspension_rate")]),
                           **FUNNEL | {"measure": "suspension_rate"})  # fmt: skip
    with pytest.raises(GateError, match="for a school"):
        charts.plot_funnel(published(funnel_rows(), "school"), **FUNNEL)


def test_a_funnel_without_points_or_without_the_la():
    hidden = [school("Gorse", "7", n=80, status="c"), row("SEN support", status="c", **LA)]
    chart = charts.plot_funnel(published(hidden), **FUNNEL)
    assert layers(chart, "rule") == [] and "No school with 30 pupils or more has a figure" in " ".join(texts(chart))
    assert "can be shown" in chart.title.text[0]
    alone = charts.plot_funnel(published([school("Ash", "1", 60.0, 50), *hidden]), **FUNNEL)
    assert layers(alone, "rule", strokeWidth=1.4) == [] and "no limits" in alone.title.text[0]
    assert "Ash: 60%, n = 50, no limits." in alone.description


def test_names_stand_apart_and_within_the_frame():
    wanted = [names.Spot(600.0, 100.0, "A long name of a school"), names.Spot(598.0, 104.0, "Another long name")]
    placed = names.name_spots(wanted, [(600.0, 100.0), (598.0, 104.0)], left=46, right=630, size=13)
    boxes = [(one.x, one.x + width_of(one.text, 13, bold=True), one.y) for one in placed]
    assert all(left >= 46 and right <= 630 for left, right, _ in boxes)
    (left, right, y), (left2, right2, y2) = boxes
    assert abs(y - y2) >= 16 or right <= left2 or right2 <= left


# --- small multiples ---

YEARS = {"measure": PA, "place": "100001"}
NATIONALLY = "Same group nationally"


def year(group, period, value, n=260, **fields):
    limits = {} if value is None else {"lower": value - 4, "upper": value + 4}
    return row(group, value, **limits, n=n, time_period=period) | fields


def year_rows(hidden=None):
    """2021/22, then 2023/24 and 2024/25; EHC plans hidden in 2023/24; nationally from a gap or as published."""
    gap = {"comparator": NATIONALLY, "comparator_value": 29.4, "comparator_period": "202425"}
    left = {"comparator": NATIONALLY, "comparator_value": hidden, "comparator_period": "202324", "status": "c"}
    return [
        year("SEN support", "202122", 30.0), year("SEN support", "202324", 33.0), year("SEN support", "202425", 37.0),
        year("SEN support", "202425", 7.6) | gap, year("SEN support", "202324", 30.0, **NATION),
        year("EHC plan", "202324", None, status="c", lower=hidden, upper=hidden),
        year("EHC plan", "202324", None) | left, year("EHC plan", "202425", 44.0, 90),
        year("No SEN", "202425", 14.0, 900),
    ]  # fmt: skip


def test_multiples_break_at_missing_years_and_say_the_nation():
    chart = charts.plot_multiples(published(year_rows()), **YEARS)
    own_line, _ = layers(chart, "rule", color=theme.BLUE, strokeWidth=2.5)  # and the key's
    said = texts(chart)
    assert {"37.0%", "44%", "14.0%", "29.4%", "2021/22", "2024/25"} <= set(said) and "2023/24" not in said
    assert {"2022/23: no figure", "2023/24: not shown", "2024/25: n = 260"} <= set(said)
    assert len(own_line) == 1 and own_line[0]["x"] > 290  # 2023/24 to 2024/25 of SEN support; nothing bridges 2022/23
    assert "2023/24, SEN support: 33.0%, 95% interval 29.0% to 37.0%, n = 260; same group nationally 30.0%" in (
        chart.description
    )
    table = tables.multiples_table(published(year_rows()), **YEARS)
    assert ("EHC plan", "2023/24", "260", "c", "c", "x") in table.rows
    assert ("SEN support", "2024/25", "260", "37.0%", "33.0% to 41.0%", "29.4%") in table.rows
    assert ("SEN support", "2022/23", "x", "x", "x", "x") in table.rows


def test_a_hidden_year_of_multiples_moves_nothing():
    one, other = (charts.plot_multiples(published(year_rows(value)), **YEARS).to_dict() for value in (1.0, 99.0))
    assert one == other


def test_all_panels_have_one_axis_which_starts_above_zero_only_where_it_says_so():
    def heights(chart):
        return [sorted({(line["y"], line["x"]) for line in rows}) for rows in layers(chart, "rule", color=theme.GRID)]

    low = charts.plot_multiples(published(year_rows()), **YEARS)
    assert "Axis starts" not in low.title.subtitle[0] and "0%" in texts(low)
    high = [{**each, **{name: each[name] + 60 for name in ("value", "lower", "upper") if each[name] is not None}}
            for each in year_rows() if not each.get("comparator")]  # fmt: skip
    chart = charts.plot_multiples(published([each for each in high if each["place_code"] == "100001"]), **YEARS)
    assert "Axis starts at 70%" in " ".join(chart.title.subtitle) and "0%" not in texts(chart)
    panels = [{y for y, _ in panel} for panel in heights(chart)]
    assert len(panels) == 3 and panels[0] == panels[1] == panels[2]


def test_multiples_of_one_year_without_the_nation_and_of_nobody():
    one = charts.plot_multiples(published([year("No SEN", "202425", 14.0, 900)]), **YEARS)
    assert texts(one).count("2024/25") == 3 and NATIONALLY not in texts(one)
    assert "too few years" in one.title.text[0]
    nobody = charts.plot_multiples(published([year("No SEN", "202425", None, status="c")]), **YEARS)
    assert "2024/25: not shown" in texts(nobody) and layers(nobody, "rule", color=theme.GRID) == []
    assert said(
        charts.plot_multiples(published([year("Total", "202425", 14.0)]), **YEARS), "no figures by SEN provision"
    )


# --- attendance bands ---

BANDS = {"place": "100001", "time_period": "202425"}


def band_rows(hidden=None):
    """SEN support 20.4, 36.6, 7.1; EHC plan hidden in one share; No SEN without the share of severe absence."""
    shares = {"SEN support": (20.4, 36.6, 7.1), "EHC plan": (10.0, 40.0, None), "No SEN": (30.0, 15.0)}
    measures = ("attendance_98", PA, "severe_absence")
    return [
        row(group, value, n=202, measure=measure, **({} if value is not None else {
            "status": "c", "lower": hidden, "upper": hidden, "numerator": hidden}))
        for group, values in shares.items() for measure, value in zip(measures, values, strict=False)
    ]  # fmt: skip


def test_bands_are_differences_of_the_published_shares():
    chart = charts.plot_bands(published(band_rows()), **BANDS)
    table = tables.bands_table(published(band_rows()), **BANDS)
    assert table.rows[1] == ("SEN support", "202", "20.4%", "43.0%", "29.5%", "7.1%", "36.6%")
    assert {"20.4%", "43.0%", "29.5%", "7.1%"} <= set(texts(chart))
    assert chart.title.text == ["36.6% of SEN\u00a0support missed a tenth or more of sessions"]
    assert "98% and above 20.4%, over 90% to 98% 43.0%, missed a tenth to half 29.5%" in chart.description
    ends = [layers(chart, "rect", color=tint.fill)[-1][0] for tint in theme.TINTS]
    widths = [
        (end["x2"] - end["x"] + 2) / 6 for end in ends
    ]  # 600 pixels are 100 %, and a pixel at either side is free
    assert widths == pytest.approx([20.4, 43.0, 29.5, 7.1])


def test_a_group_with_a_share_hidden_or_missing_keeps_its_place_without_a_bar():
    chart = charts.plot_bands(published(band_rows()), **BANDS)
    said = texts(chart)
    assert said.count("not shown") == 1 and said.count("not all bands available") == 1
    assert all(len(layers(chart, "rect", color=tint.fill)) == 2 for tint in theme.TINTS)  # the key, and one bar
    table = tables.bands_table(published(band_rows()), **BANDS)
    assert [line[0] for line in table.rows] == ["EHC plan", "SEN support", "No SEN"]
    assert set(table.rows[0][2:]) == {"c"} and set(table.rows[2][2:]) == {"x"}
    one, other = (charts.plot_bands(published(band_rows(value)), **BANDS).to_dict() for value in (1.0, 99.0))
    assert one == other


def test_bands_too_narrow_for_their_figure_are_told_below_and_roundings_stay_in_the_bar():
    shares = {"attendance_98": 63.4, PA: 36.7, "severe_absence": 36.5}  # 100.1 % by rounding
    rows = [row("No SEN", value, n=300, measure=measure) for measure, value in shares.items()]
    chart = charts.plot_bands(published(rows), **BANDS)
    assert "over 90% to 98% 0.0%; missed a tenth to half 0.2%" in texts(chart)
    assert max(line["x2"] for rows in layers(chart, "rect") for line in rows) <= 751
    assert "no bands of pupils with SEN" in chart.title.text[0]
    assert said(
        charts.plot_bands(published([row("No SEN", 3.0, measure="absence")]), **BANDS), "no attendance by SEN provision"
    )


def test_texts_on_tints_can_be_read_and_tints_differ_in_lightness():
    assert all(theme.contrast(tint.fill, tint.text) >= 4.5 for tint in theme.TINTS)
    assert all(theme.contrast(one.fill, two.fill) >= 1.5 for one, two in pairwise(theme.TINTS))


# --- the self-evaluation of all schools ---

HEAT = {"measure": "sef_now", "time_period": "202425"}
SECTIONS = ("Outcomes", "Leadership", "Teaching and learning", "Pupils and parents", "Efficient use of resources",
            "Assessment and identification", "Monitoring and evaluation")  # fmt: skip


def heat_rows(hidden=None, la=True):
    """The LA, and two schools: Zed rated 2 everywhere but outcomes, which are hidden; Ash rated 9, leadership not."""
    rating = {"measure": "sef_now", "unit": "rating, 0 to 10"}
    zed, ash = ({"place_code": code, "place_name": name} for code, name in (("1", "Zed"), ("2", "Ash")))
    rows = [row("Total", 5.0 + 0.1 * place, item=s, **LA, **rating) for place, s in enumerate(SECTIONS)] if la else []
    rows += [row("Total", 2.0, item=section, **zed, **rating) for section in SECTIONS[1:]]
    rows += [row("Total", None, status="c", lower=hidden, numerator=hidden, item="Outcomes", **zed, **rating)]
    rows += [row("Total", 9.0, item=section, **ash, **rating) for section in SECTIONS if section != "Leadership"]
    return [*rows, row("Total", 1.0, item="O1", **ash, **rating), row("Total", 1.0, **ash, **rating)]


def test_heat_has_a_line_a_school_by_name_and_tints_by_the_bands_of_the_tool():
    chart = charts.plot_heat(published(heat_rows()), **HEAT)
    said = texts(chart)
    assert said.index("Ash") < said.index("Zed") and "1.0" not in said
    assert (said.count("9.0"), said.count("2.0"), said.count("not shown"), said.count("no rating")) == (6, 6, 1, 1)
    counts = [len(layers(chart, "rect", color=colour)[-1]) for colour in theme.BANDS.values()]
    assert counts == [6, 7, 6]
    assert chart.title.text == ["Self-evaluation: outcomes rated lowest (5.0)"]
    table = tables.heat_table(published(heat_rows()), **HEAT)
    assert table.rows[1:] == (("Ash", "9.0", "x", *["9.0"] * 5), ("Zed", "c", *["2.0"] * 6))
    one, other = (charts.plot_heat(published(heat_rows(value)), **HEAT).to_dict() for value in (1.0, 9.0))
    assert one == other


def test_heat_without_the_authority_or_ratings():
    chart = charts.plot_heat(published(heat_rows(la=False)), **HEAT)
    assert chart.title.text == ["Self-evaluation by section and school"] and texts(chart).count("9.0") == 6
    with pytest.raises(SendlabError, match="no rating from 0 to 10"):
        charts.plot_heat(published(heat_rows()), **HEAT | {"measure": PA})
    assert said(charts.plot_heat(published(heat_rows()), **HEAT | {"time_period": "202324"}), "no sections of")


# --- moves between bands ---

MOVES = {"measure": "band_transitions", "place": "100001", "time_period": "202425"}
SHARES = {"below": (60.0, 30.0, 10.0, 0.0), "towards": (8.0, 55.0, 32.0, 5.0), "at": (0.0, 62.0, 20.0, 18.0),
          "above": (None, None, 20.0, 70.0)}  # fmt: skip


def move_rows(hidden=None):
    return [
        row("Total", value, n=130, item=f"reading: {start} -> {end}", measure="band_transitions",
            **({} if value is not None else {"status": "c", "lower": hidden, "numerator": hidden}))
        for start, values in SHARES.items() for end, value in zip(SHARES, values, strict=True)
    ]  # fmt: skip


def test_moves_stand_in_a_matrix_whose_hidden_cells_keep_their_place():
    chart = charts.plot_transitions(published(move_rows()), **MOVES)
    places = {(line["x"], line["y"]): line["text"] for data in chart.to_dict()["datasets"].values() for line in data
              if "text" in line and line["x"] in (250, 350, 450, 550) and line["y"] > 70}  # fmt: skip
    read = [[places[x, y] for x in (250, 350, 450, 550)] for y in sorted({y for _, y in places})]
    assert read == [
        ["60.0%", "30.0%", "10.0%", "0.0%"], ["8.0%", "55.0%", "32.0%", "5.0%"], ["0.0%", "62.0%", "20.0%", "18.0%"],
        ["not shown", "not shown", "20.0%", "70.0%"],
    ]  # fmt: skip
    assert [len(layers(chart, "rect", color=tint.fill)[0]) for tint in theme.TINTS] == [4, 6, 3, 1]
    bars = layers(chart, "rect", color=theme.TEXT)[0][::4]  # the upper side of each frame
    assert [(bar["x"], bar["y"]) for bar in bars] == [(201 + 100 * n, 63 + 40 * n) for n in range(4)]
    assert chart.title.text == ["Most pupils held or rose in 1 of 2 bands shown above the lowest"]  # towards, not at
    table = tables.transitions_table(published(move_rows()), **MOVES)
    assert table.rows[3] == ("reading: began above", "130", "c", "c", "20.0%", "70.0%")
    one, other = (charts.plot_transitions(published(move_rows(value)), **MOVES).to_dict() for value in (1.0, 99.0))
    assert one == other


def test_moves_that_are_not_held_say_why():
    rows = [row("Total", None, status="x", note="not collected", measure="band_transitions")]
    assert said(charts.plot_transitions(own(rows), **MOVES), "not collected")
    hidden = [{**each, "value": None, "status": "c"} for each in move_rows()]
    chart = charts.plot_transitions(published(hidden), **MOVES)
    assert texts(chart).count("not shown") == 16 and "too few bands" in chart.title.text[0]


# --- what a whole is made of ---

MIX = {"measure": "suspension_reasons", "place": "100001", "time_period": "202425"}


def mix_rows(hidden=None):
    """Three reasons; the order is that of pupils with SEN, of whom one is hidden: DA, PP, then BU."""
    shares = {"PP": (10.0, 30.0, 20.0), "DA": (60.0, 5.0, 50.0), "BU": (40.0, 45.0, None)}
    return [
        row(group, value, *(() if value is None else (value - 4, value + 4)), n=50, item=item,
            measure="suspension_reasons", status="c" if value is None else "",
            **({"numerator": hidden, "lower": hidden} if value is None else {}))
        for item, values in shares.items()
        for group, value in zip(("SEN support", "No SEN", "All SEN"), values, strict=True)
    ]  # fmt: skip


def test_items_stand_by_the_figure_of_pupils_with_sen_and_hidden_ones_last():
    chart = charts.plot_mix(published(mix_rows()), **MIX)
    said = " ".join(texts(chart))
    assert said.index("Drug and alcohol") < said.index("Physical assault against") < said.index("Bullying")
    assert len(layers(chart, "point", shape="circle", fill=theme.ORANGE)[0]) == 3
    assert len(layers(chart, "point", shape="square", fill=theme.BLUE)[0]) == 3
    assert "of those shown, most often drug and alcohol related" in " ".join(chart.title.text)
    table = tables.mix_table(published(mix_rows()), **MIX)
    assert table.rows[0] == (
        "Drug and alcohol related (DA)", "pupils on SEN support", "50", "60.00%", "56.00% to 64.00%",
    )  # fmt: skip
    one, other = (charts.plot_mix(published(mix_rows(value)), **MIX).to_dict() for value in (1.0, 99.0))
    assert one == other


def test_items_can_be_left_out_and_the_caption_says_which():
    chart = charts.plot_mix(published(mix_rows()), **MIX, leave_out=["DA"])
    assert "Left out of the picture: Drug and alcohol related (DA)." in " ".join(texts(chart))
    assert max(line["value"] for line in layers(chart, "point", fill=theme.ORANGE)[0]) == 40.0
    assert said(charts.plot_mix(published(mix_rows()), **MIX, leave_out=["DA", "PP", "BU"]), "no items of")


def test_a_mix_without_groups_has_one_mark_and_one_of_nobody_none():
    rows = [{**each, "sen_provision": "Total"} for each in mix_rows() if each["sen_provision"] == "SEN support"]
    chart = charts.plot_mix(published(rows), **MIX)
    (dots,) = layers(chart, "point", size=70)
    assert len(dots) == 3 and "by SEN provision" not in " ".join(chart.title.subtitle)
    nobody = [{**each, "value": None, "lower": None, "upper": None, "status": "c"} for each in mix_rows()]
    chart = charts.plot_mix(published(nobody), **MIX)
    assert texts(chart).count("not shown") == 6 and "no part can be shown" in chart.title.text[0]
    assert layers(chart, "point", size=70) == []


# --- EHC plans by weeks ---

CASES = {"place": "999"}


def case_rows(hidden=None, year="2025"):
    kind = {"time_period": year, "time_identifier": "Calendar year", **LA}
    shares = {"20 weeks or less": 53.0, "Over 20 to 52 weeks": 41.0, "Over 52 weeks": None}
    return [
        row("Total", 53.0, 31.0, 74.0, 17, measure="ehc_within_20_weeks", **kind),
        row("Total", 99.0, 31.0, 99.0, 7, measure="ehc_within_20_weeks", sex="Female", **kind),
        *(row("Total", value, *(() if value is None else (value - 20, value + 20)), n=17, item=item, measure=measure,
              status="c" if value is None else "", **kind, **({} if value is not None else {"numerator": hidden}))
          for measure in ("ehc_time_bands", "ehc_time_bands_all") for item, value in shares.items()),
    ]  # fmt: skip


def test_plans_by_weeks_name_the_statutory_limit_and_keep_hidden_bars_in_place():
    chart = charts.plot_case_ages(published([*case_rows(year="2024"), *case_rows()]), **CASES)
    said = texts(chart)
    assert said.count("Statutory limit: 20 weeks") == 2 and said.count("not shown") == 2
    assert chart.title.text == ["53% of new EHC plans came within 20 weeks, exceptions left out"]
    assert chart.title.subtitle[0].endswith("2025")  # the latest
    (within,) = layers(chart, "rect", color=theme.TURQUOISE)
    assert [line["x2"] - line["x"] for line in within] == pytest.approx([410 * 53 / 80] * 2)  # the axis ends at 80 %
    table = tables.case_ages_table(published(case_rows()), **CASES)
    assert [line[3] for line in table.rows] == ["53%", "41%", "c"] * 2 + ["53%"]
    one, other = (charts.plot_case_ages(published(case_rows(value)), **CASES).to_dict() for value in (1.0, 99.0))
    assert one == other


def test_plans_by_weeks_that_are_hidden_or_not_held():
    nobody = [{**each, "value": None, "lower": None, "upper": None, "status": "c"} for each in case_rows()]
    chart = charts.plot_case_ages(published(nobody), **CASES)
    assert chart.title.text == ["EHC plans within 20 weeks: not shown"] and texts(chart).count("not shown") == 6
    assert layers(chart, "rect", color=theme.TURQUOISE) == []
    assert said(charts.plot_case_ages(published([row("No SEN", 3.0, n=90)]), **CASES), "no EHC plans by weeks")


# --- every chart ---


# --- from one year to another ---

SPLIT = {"measure": PA, "place": "100001", "from_period": "202324", "to_period": "202425"}


def split_rows(**last):
    """Worked: 100 and 300 pupils at 10 % and 5 % (6.25 %), then 150 and 250 at 12 % and 6 % (8.25 %)."""
    shown = {"202324": (("EHC plan", 10.0, 100), ("SEN support", 5.0, 300), ("All SEN", 6.3, 400)),
             "202425": (("EHC plan", 12.0, 150), ("SEN support", 6.0, 250), ("All SEN", 8.3, 400))}  # fmt: skip
    rows = [
        row(group, value, value - 1.0, value + 1.0, n, denominator=n, time_period=year)
        for year, groups in shown.items() for group, value, n in groups
    ]  # fmt: skip
    return [*rows[:-1], rows[-1] | last]


def test_a_change_is_split_into_the_groups_own_figures_and_their_mix():
    """Shares 0.25 and 0.75, then 0.375 and 0.625: 2 x 0.3125, 1 x 0.6875, and 0.125 x 11 less 0.125 x 5.5."""
    chart = charts.plot_waterfall(published(split_rows()), **SPLIT)
    table = tables.waterfall_table(published(split_rows()), **SPLIT)
    assert [line[2] for line in table.rows] == ["6.3%", "+0.6", "+0.7", "+0.7", "8.3%"]
    assert [line[1] for line in table.rows] == ["400", "x", "x", "x", "400"]
    assert {"6.3%", "+0.6", "+0.7", "8.3%"} <= set(texts(chart))
    assert "clear rise, mostly by the groups' own figures" in " ".join(chart.title.text)
    assert "EHC plan: the figure itself: +0.6; SEN support: the figure itself: +0.7" in chart.description
    boxes = [box for rows in layers(chart, "rect", color=theme.PINK) for box in rows]
    widths = [box["x2"] - box["x"] for box in boxes]
    assert len(boxes) == 3 and widths[1] / widths[0] == pytest.approx(0.6875 / 0.625)
    assert boxes[1]["x"] == pytest.approx(boxes[0]["x2"])  # each begins where the one before it ends


def test_a_change_that_may_be_chance_is_not_called_one():
    wide = {"lower": 2.0, "upper": 14.6}
    chart = charts.plot_waterfall(published(split_rows(**wide)), **SPLIT)
    assert "no clear change since 2023/24" in " ".join(chart.title.text)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (split_rows(value=None, lower=None, upper=None, status="c"), "All SEN, 2024/25: not shown"),
        (split_rows()[1:], "EHC plan, 2023/24: no figure"),
        ([each | {"time_identifier": "Autumn term"} if each["time_period"] == "202324" else each
          for each in split_rows()], "do not cover the same part of a year"),
    ],
)  # fmt: skip
def test_a_change_is_not_split_where_a_figure_is_missing(rows, words):
    assert said_of_split(charts.plot_waterfall(published(rows), **SPLIT), words)
    assert words in tables.waterfall_table(published(rows), **SPLIT).caption


def said_of_split(chart, words):
    return words in f"{' '.join(chart.title.text)} {' '.join(chart.title.subtitle)}" and "Nothing is drawn." in texts(
        chart
    )


def test_what_is_no_rate_is_not_split():
    with_ratings = charts.plot_waterfall(published(split_rows()), **SPLIT | {"measure": "intervention_gain"})
    assert said_of_split(with_ratings, "is no rate of pupils")


def one_of_each(view=published, place=LONG):
    """{kind: (chart, its table)} of every further chart, with texts that HTML and Vega escape."""

    def rows(made):
        return view([{**each, "place_name": place if each["place_code"] == "100001" else each["place_name"]}
                     for each in made])  # fmt: skip

    seen = rows([*funnel_rows(), school("Oak", "100001", 24.0, 90)])
    years, bands, heat, moves = rows(year_rows()), rows(band_rows()), rows(heat_rows()), rows(move_rows())
    return {
        "funnel": (charts.plot_funnel(seen, **FUNNEL), tables.funnel_table(seen, **FUNNEL)),
        "multiples": (charts.plot_multiples(years, **YEARS), tables.multiples_table(years, **YEARS)),
        "bands": (charts.plot_bands(bands, **BANDS), tables.bands_table(bands, **BANDS)),
        "heat": (charts.plot_heat(heat, **HEAT), tables.heat_table(heat, **HEAT)),
        "mix": (charts.plot_mix(rows(mix_rows()), **MIX), tables.mix_table(rows(mix_rows()), **MIX)),
        "cases": (
            charts.plot_case_ages(rows(case_rows()), **CASES),
            tables.case_ages_table(rows(case_rows()), **CASES),
        ),
        "moves": (charts.plot_transitions(moves, **MOVES), tables.transitions_table(moves, **MOVES)),
        "split": (
            charts.plot_waterfall(rows(split_rows()), **SPLIT),
            tables.waterfall_table(rows(split_rows()), **SPLIT),
        ),
    }


KINDS = ["funnel", "multiples", "bands", "heat", "moves", "mix", "cases", "split"]
FIGURE = re.compile(r"(?<![\d.])\d+(?:\.\d+%?|%)")  # with a decimal point or %


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_is_valid_and_drawn_with_tokens_as_with_its_texts(kind):
    require_drawn_as_meant(one_of_each()[kind][0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("view", [published, own])
def test_no_text_runs_over_the_frame(kind, view):
    spec = one_of_each(view, "Oak Primary")[kind][0].to_dict()
    over = [title for part, size in (("text", 19), ("subtitle", 14)) for title in spec["title"][part]
            if width_of(title, size, bold=part == "text") > theme.WIDTH]  # fmt: skip
    for layer in spec["layer"]:
        mark = layer["mark"]
        for entry in spec["datasets"][layer["data"]["name"]] if mark["type"] == "text" else ():
            width = width_of(entry["text"], mark["fontSize"], bold=mark["fontWeight"] == "bold")
            left = entry["x"] - width * {"left": 0, "center": 0.5, "right": 1}[mark["align"]]
            over += [entry["text"]] if left < 0 or left + width > theme.WIDTH else []
    assert over == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_own_view_is_marked_and_published_figures_pass_the_look_through(kind):
    chart, table = one_of_each(own)[kind]
    assert OWN_VIEW_MARK in texts(chart) and chart.description.startswith(OWN_VIEW_MARK)
    assert table.mark == OWN_VIEW_MARK
    chart, table = one_of_each()[kind]
    assert OWN_VIEW_MARK not in texts(chart) and table.mark == ""
    assert "Audience: board" in " ".join(texts(chart))  # a caption goes on in the next line
    assert list(marks_too_fine(charts.svg(chart), kind)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_alt_text_says_title_subtitle_and_every_figure_of_the_chart(kind):
    chart, _ = one_of_each()[kind]
    said = chart.description
    assert said.startswith(f"{' '.join(chart.title.text)}.".replace("\u00a0", " "))
    assert " ".join(chart.title.subtitle) in said
    assert len(said) > 150


@pytest.mark.parametrize("kind", KINDS)
def test_figures_in_the_alt_text_are_those_of_the_table(kind):
    chart, table = one_of_each()[kind]
    told = chart.description.removeprefix(f"{' '.join(chart.title.text)}. {' '.join(chart.title.subtitle)}.")
    figures = set(FIGURE.findall(told)) - {"95%", "99.8%", "98%", "90%"}  # names of limits and bands
    assert figures and figures <= {found for cell in cells(table) for found in FIGURE.findall(cell)}


RAW = frame([row("SEN support", 20.0, 15.0, 25.0, 100)])
CALLS = {
    "funnel": (charts.plot_funnel, tables.funnel_table, FUNNEL),
    "multiples": (charts.plot_multiples, tables.multiples_table, YEARS),
    "bands": (charts.plot_bands, tables.bands_table, BANDS),
    "heat": (charts.plot_heat, tables.heat_table, HEAT),
    "moves": (charts.plot_transitions, tables.transitions_table, MOVES),
    "mix": (charts.plot_mix, tables.mix_table, MIX),
    "cases": (charts.plot_case_ages, tables.case_ages_table, CASES),
    "split": (charts.plot_waterfall, tables.waterfall_table, SPLIT),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("thing", [RAW, RAW.to_pandas(), RAW.to_dicts()])
def test_raw_frames_are_refused(kind, thing):
    plot, table, picked = CALLS[kind]
    for function in (plot, table):
        with pytest.raises(GateError):
            function(thing, **picked)
