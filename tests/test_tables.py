"""Display tables: marks and reasons, accessible HTML, the plain twin, and nothing that follows from hidden rows."""

import polars as pl
import pytest

from sendlab import narrate, tables
from sendlab.codes import read_codes
from sendlab.disclosure.published import OWN_VIEW_MARK, OwnView, _published
from sendlab.errors import GateError, SendlabError
from sendlab.schema import as_measures

PA = "persistent_absence"
HERE = {"measure": PA, "place": "1", "time_period": "202425"}


def row(group, value=None, lower=None, upper=None, n=None, **fields):
    base = {
        "measure": PA, "time_period": "202425", "time_identifier": "Academic year", "geographic_level": "School",
        "place_code": "1", "place_name": "Oak <Primary>", "sen_provision": group, "value": value, "lower": lower,
        "upper": upper, "base_subjects": n,
    }  # fmt: skip
    return base | fields


def frame(*rows):
    return as_measures(pl.DataFrame(list(rows), infer_schema_length=None, strict=False))


NATIONAL = {"comparator": "Same group nationally", "comparator_period": "202324"}
ROWS = (
    row("EHC plan", status="c"),
    row("SEN support", 34.2, 28.6, 40.3, 263, numerator=90, denominator=263),
    row("No SEN", 15.0, 11.4, 19.5, 1300, numerator=195, denominator=1300),
    row("Not recorded", status="z", note="no pupils in this group"),
    row("SEN support", 4.8, -1.0, 10.9, 263, comparator_value=29.4, **NATIONAL),
    row("EHC plan", comparator_value=33.1, status="c", **NATIONAL),
)


def published(*rows):
    return _published(frame(*rows), audience="board", threshold=5, run_id="r1")


def test_figures_table_holds_counts_interval_comparator_and_marks():
    table = tables.figures_table(published(*ROWS), **HERE)
    assert table.headings[-1] == "Same group nationally (2023/24)"
    assert table.rows == (
        ("EHC plan", "c", "c", "c", "c", "c", "c"),
        ("SEN support", "263", "90", "263", "34.2%", "28.6% to 40.3%", "29.4%"),
        ("No SEN", "1,300", "195", "1,300", "15.0%", "11.4% to 19.5%", "x"),
        ("Not recorded", "z", "z", "z", "z", "z", "z"),
    )
    notes = "\n".join(table.notes)
    assert "c: not shown (fewer than 5 pupils or protected)" in notes and "z: not applicable" in notes
    assert "no pupils in this group" in notes and "x: not available" in notes and "Audience: board" in notes


def test_the_base_of_a_hidden_figure_is_shown_where_it_is_published():
    table = tables.figures_table(published(row("SEN support", n=60, denominator=60, status="c")), **HERE)
    assert table.rows == (("SEN support", "60", "c", "60", "c", "c"),)


def test_html_is_accessible_escaped_and_the_same_every_time():
    table = tables.figures_table(OwnView(frame(*ROWS)), **HERE)
    html = table.to_html()
    assert html == tables.figures_table(OwnView(frame(*ROWS)), **HERE)._repr_html_()
    assert html.count("<caption>") == 1 and html.count('scope="row"') == 4 and html.count('scope="col"') == 7
    assert '<td class="figure" style="text-align:right">34.2%</td>' in html
    assert "Oak &lt;Primary&gt;" in html and "<Primary>" not in html
    assert f"<strong>{OWN_VIEW_MARK}</strong>" in html and OWN_VIEW_MARK in repr(table)


def test_the_plain_twin_holds_every_cell():
    table = tables.figures_table(published(*ROWS), **HERE)
    lines = repr(table).splitlines()
    assert lines[0] == table.caption and OWN_VIEW_MARK not in repr(table)
    for cells, line in zip(table.rows, lines[2:], strict=False):
        assert all(cell in line for cell in cells)


def test_national_rows_serve_where_there_is_no_gap_row():
    nation = {
        "geographic_level": "National",
        "place_code": "E92000001",
        "place_name": "England",
        "education_phase": "Total",
    }
    view = published(*ROWS, row("No SEN", 13.2, **nation), row("EHC plan", 33.1, **nation))
    cells = {line[0]: line[-1] for line in tables.figures_table(view, **HERE).rows}
    assert cells == {"EHC plan": "c", "SEN support": "29.4%", "No SEN": "13.2%", "Not recorded": "z"}


def test_needs_are_shown_in_the_order_of_the_code_of_practice():
    areas = ("No broad area", "Sensory and/or physical", "Cognition and learning", "Total")
    view = published(*(row("All SEN", 20.0, 15.0, 25.0, 200, need_area=area) for area in areas))
    table = tables.figures_table(view, **HERE, by="need_area")
    assert [line[0] for line in table.rows] == ["Cognition and learning", "Sensory and/or physical", "No broad area"]


def test_schools_are_in_order_of_name_with_hidden_ones_after():
    places = (("2", "Zed", 20.0), ("3", "Ash", None), ("4", "Birch", 40.0))
    rows = [
        row("SEN support", value, n=value and 200, place_code=code, place_name=name, status="" if value else "c")
        for code, name, value in places
    ]
    rest = row("SEN support", 31.0, n=900, geographic_level="LA without this school", place_code="2")
    table = tables.schools_table(OwnView(frame(*rows, rest)), measure=PA, group="SEN support", time_period="202425")
    assert [line[0] for line in table.rows] == ["Birch", "Zed", "Ash"]
    nothing = tables.schools_table(OwnView(frame(*rows)), measure=PA, group="EHC plan", time_period="202425")
    assert nothing.rows == () and nothing.caption == "No school figures of 'Persistent absence' for EHC plan in 2024/25"


def test_interventions_keep_signs_and_reasons():
    why = "too few pupils with two scores"
    rows = [
        row("Total", 4.1, 1.2, 7.0, 64, measure="intervention_gain", item="Reading"),
        row("Total", -3.2, -6.9, 0.4, 22, measure="intervention_gain", item="Art"),
        row("Total", n=3, measure="intervention_gain", item="Chess", status="x", note=why),
    ]
    table = tables.interventions_table(published(*rows), place="1", time_period="202425")
    assert table.rows == (
        ("Reading", "64", "+4.1", "+1.2 to +7.0"), ("Art", "22", "−3.2", "−6.9 to +0.4"), ("Chess", "3", "x", "x"),
    )  # fmt: skip
    assert why in table.notes


def ratings(measure, values, **fields):
    return [row("Total", value, measure=measure, item=item, **fields) for item, value in values.items()]


def test_self_evaluation_lists_the_largest_steps():
    now, target = {"O1": 4.0, "O2": 0.0, "O3": 5.0, "O4": 2.0}, {"O1": 6.0, "O2": 9.0, "O3": 5.0, "O4": 4.0}
    table = tables.self_evaluation_table(
        published(*ratings("sef_now", now), *ratings("sef_target", target)), place="1", top=5
    )
    assert [line[0][:2] for line in table.rows] == [
        "O4",
        "O1",
    ]  # equal steps: the lower rating first; O2 does not apply
    assert table.rows[0][2:] == ("2.0", "4.0", "2.0")


def test_self_evaluation_takes_the_published_gap_and_the_latest_year():
    rows = [*ratings("sef_now", {"O1": 4.25}), *ratings("sef_target", {"O1": 7.0}), *ratings("sef_gap", {"O1": 2.5})]
    rows += ratings("sef_now", {"O1": 9.0}, time_period="202324")
    table = tables.self_evaluation_table(published(*rows), place="1")
    assert table.rows[0][2:] == ("4.3", "7.0", "2.5") and "2024/25" in table.caption
    lines, period = tables.statement_lines(published(*rows), place="1")
    assert period == "202425" and len(lines) == len(read_codes("sef_statement")) == 45


IN = {"place": "1", "time_period": "202425"}


def test_sections_stand_in_the_order_of_the_tool_with_the_change_since_the_round_before():
    now = ratings("sef_now", {"Leadership": 5.25, "Outcomes": 4.0, "O1": 4.0, "Total": 4.5})
    rows = [*now, *ratings("sef_target", {"Outcomes": 6.0}), *ratings("sef_gap", {"Outcomes": 2.0})]
    rows += ratings("sef_change", {"Outcomes": 0.5})
    table = tables.sections_table(published(*rows), **IN)
    assert table.rows == (("Outcomes", "4.0", "6.0", "2.0", "+0.5"), ("Leadership", "5.3", "x", "x", "x"))
    assert tables.sections_table(published(*ROWS), **IN).rows == ()


def test_bands_stand_highest_first_with_their_counts():
    rows = [row("Total", 25.0, measure="sef_band", item=band, numerator=count, denominator=8.0)
            for band, count in (("1 to 3", 2.0), ("7 to 10", 4.0), ("4 to 6", 2.0))]  # fmt: skip
    table = tables.rating_bands_table(published(*rows), **IN)
    assert [line[:3] for line in table.rows] == [
        ("7 to 10: evidence of impact", "4", "8"), ("4 to 6: being improved", "2", "8"),
        ("1 to 3: not yet in place", "2", "8"),
    ]  # fmt: skip


def test_raters_are_told_where_they_are_furthest_apart():
    table = tables.raters_table(
        published(*ratings("sef_rater_spread", {"Total": 3.0, "T1": 3.0, "O2": 3.0, "L4": 6.0, "M1": 0.0})), top=3, **IN
    )
    assert [(line[0][:2], line[2]) for line in table.rows] == [("L4", "6.0"), ("O2", "3.0"), ("T1", "3.0")]
    nobody = tables.raters_table(published(*ratings("sef_now", {"O1": 4.0})), **IN)
    assert nobody.rows == () and "three or more people" in nobody.caption


def test_statements_are_told_by_how_many_schools_they_are_true_of():
    def of(item, schools, value, **fields):
        return row("Total", value, 10.0, 60.0, 12, measure="sef_schools_in_band", item=item, numerator=schools,
                   denominator=12.0, **fields)  # fmt: skip

    few = {"lower": None, "upper": None, "base_subjects": 6}
    rows = [of("O1: 1 to 3", 3.0, 25.0), of("L4: 1 to 3", 4.0, None, status="u", note="few") | few,
            of("T1: 1 to 3", 0.0, 0.0), of("O2: 7 to 10", 9.0, 75.0)]  # fmt: skip
    table = tables.rating_schools_table(published(*rows), measure="sef_schools_in_band", band="1 to 3", **IN)
    assert [(line[0][:2], *line[2:]) for line in table.rows] == [
        ("L4", "4", "6", "u", "u"), ("O1", "3", "12", "25%", "10% to 60%")
    ]  # fmt: skip
    assert "rated 1 to 3" in table.caption and "few" in table.notes


def test_show_table_formats_by_card_and_marks_what_is_missing():
    table = tables.show_table(published(*ROWS), caption="All figures")
    assert table.headings == ("Place", "SEN provision", "Compared with", "Pupils", "Figure", "From", "To")
    by_key = {line[1:3]: line[3:] for line in table.rows}
    assert by_key["EHC plan", ""] == ("c", "c", "c", "c")
    assert by_key["SEN support", ""] == ("263", "34.2%", "28.6%", "40.3%")
    assert by_key["SEN support", "Same group nationally"] == ("263", "+4.8", "−1.0", "+10.9")
    chosen = tables.show_table(published(*ROWS), columns={"sen_provision": "Group", "time_period": "Year"}, caption="")
    assert chosen.headings == ("Group", "Year") and chosen.rows[0][1] == "2024/25"
    with pytest.raises(SendlabError, match="no column with_subjects"):
        tables.show_table(published(*ROWS), columns=["with_subjects"], caption="")


@pytest.mark.parametrize("thing", [frame(*ROWS), frame(*ROWS).to_pandas()])
def test_raw_frames_are_refused(thing):
    with pytest.raises(GateError):
        tables.show_table(thing, caption="")
    with pytest.raises(GateError):
        tables.figures_table(thing, **HERE)
    with pytest.raises(GateError):
        tables.schools_table(thing, measure=PA, group="SEN support", time_period="202425")
    with pytest.raises(GateError):
        tables.self_evaluation_table(thing, place="1")


def test_a_group_is_not_told_by_the_row_of_its_boys():
    boys = row("SEN support", 99.0, 90.0, 100.0, 100, sex="Male")
    rows = [row("SEN support", 34.2, 28.6, 40.3, 263), boys]
    for order in (rows, rows[::-1]):
        view = OwnView(frame(*order))
        assert [(line[0], line[4]) for line in tables.figures_table(view, **HERE).rows] == [("SEN support", "34.2%")]
        assert "34.2%" in narrate.headline(view, **HERE)
        schools = tables.schools_table(view, measure=PA, group="SEN support", time_period="202425")
        assert [line[4] for line in schools.rows] == ["34.2%"]
