"""Change over time: worked numbers, what is refused and why, and gaps that widen."""

import polars as pl
import pytest
from hand_made import ELM, OAK, facts

from sendlab import metrics
from sendlab.compare import NATIONAL, NO_SEN, YEAR_EARLIER, change_rows, compare_periods, gap_rows, widening
from sendlab.compare.breaks import declared_breaks
from sendlab.compare.change import SAME_BENCHMARK
from sendlab.errors import SendlabError
from sendlab.metrics.cards import cards
from sendlab.schema.measures import MEASURE_COLUMNS, MEASURE_KEY, as_measures
from sendlab.stats.intervals import newcombe

LA, SCHOOL = "Local authority", "School"


def absent(counts, **common):
    rows = [
        {"possible": 100, "missed": 10 * (k < x), "sen_provision": provision}
        for provision, (x, n) in counts.items()
        for k in range(n)
    ]
    return facts(*rows, **common)


def two_years(**years):
    """Persistent absence of each year's groups, in one table."""
    return metrics.persistent_absence(
        pl.concat([absent(counts, time_period=year[1:]) for year, counts in years.items()])
    )


def row_of(measure="persistent_absence", year="202526", part="Academic year", value=10.0, **more):
    """A measure row of the LA with limits two either side."""
    given = {
        "measure": measure, "time_period": year, "time_identifier": part, "geographic_level": LA, "place_code": "999",
        "place_name": "Trialshire", "value": value, "unit": "% of pupils",
        "lower": None if value is None else value - 2, "upper": None if value is None else value + 2,
    }  # fmt: skip
    return {**given, **more}


def measures(*rows):
    return as_measures(pl.DataFrame(rows, infer_schema_length=None))


def one(rows, comparator=YEAR_EARLIER, **equals):
    got = rows.filter(comparator=comparator, **equals)
    assert got.height == 1, got
    return got.row(0, named=True)


# ---- figures and gaps


def test_change_of_a_share_has_newcombes_interval():
    """56 of 70 now, 48 of 80 a year before: 20 points (5.2431, 33.3873), methods.md 1.2."""
    rows = change_rows(two_years(_202425={"SEN support": (48, 80)}, _202526={"SEN support": (56, 70)}))
    row = one(rows, geographic_level=LA, sen_provision="SEN support", need_area="Total")
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx((20, 5.2431, 33.3873), abs=5e-5)
    assert [row["lower"], row["upper"]] == pytest.approx([100 * float(v) for v in newcombe(56, 70, 48, 80)])
    assert (row["time_period"], row["comparator_value"], row["comparator_period"]) == ("202526", 60.0, "202425")
    assert (row["unit"], row["status"]) == ("percentage points", "")
    assert "independent" in row["method"]
    assert dict(rows.schema) == MEASURE_COLUMNS


def test_change_of_a_gap_is_the_worked_case_of_the_methods_page():
    """methods.md 2: 21/96 against 248/372, then 29/101 against 260/380. Ours is SEN less no SEN: +5.0835 points."""
    figures = two_years(
        _202425={"SEN support": (21, 96), "No SEN": (248, 372)},
        _202526={"SEN support": (29, 101), "No SEN": (260, 380)},
    )
    rows = change_rows(pl.concat([figures, gap_rows(figures)]))
    row = one(rows, f"{NO_SEN}, one year earlier", geographic_level=LA, sen_provision="SEN support")
    assert row["value"] == pytest.approx(5.0835, abs=5e-5)
    assert (row["lower"], row["upper"]) == pytest.approx((-8.8026, 18.6748), abs=5e-5)
    assert row["comparator_value"] == pytest.approx(-44.7917, abs=5e-5)
    assert widening(rows.filter(comparator=f"{NO_SEN}, one year earlier")).to_list().count("narrower") >= 1


@pytest.mark.parametrize(
    ("before", "now", "word"),
    [(5.0, 8.0, "wider"), (-5.0, -8.0, "wider"), (5.0, 3.0, "narrower"), (5.0, 5.0, "as wide"),
     (5.0, -1.0, "the other way round"), (0.0, 1.0, "wider"), (5.0, 0.0, "narrower")],
)  # fmt: skip
def test_gap_that_widens_is_shown_like_any_other(before, now, word):
    rows = change_rows(
        measures(row_of(year="202425", value=before, comparator=NO_SEN), row_of(value=now, comparator=NO_SEN))
    )
    assert rows["value"].to_list() == [now - before]
    assert widening(rows).to_list() == [word]


def test_change_of_a_figure_is_no_gap_that_widens():
    assert widening(change_rows(measures(row_of(year="202425"), row_of(value=15.0)))).to_list() == [None]


def test_every_place_group_and_gap_has_its_row_and_no_key_twice():
    def year(k, name):
        counts = {"EHC plan": (k, 9), "SEN support": (k, 9), "No SEN": (k, 30)}
        return pl.concat([absent(counts, time_period=name, **place) for place in (ELM, OAK)])

    years = [year(2, "202324"), year(3, "202425"), year(5, "202526")]
    figures = metrics.persistent_absence(pl.concat(years))
    rows = change_rows(pl.concat([figures, gap_rows(figures)]))
    assert not rows.select(MEASURE_KEY).is_duplicated().any()
    assert set(rows["time_period"]) == {"202425", "202526"}
    assert set(rows["geographic_level"]) == {LA, SCHOOL}
    assert rows.filter(comparator=f"{NO_SEN}, one year earlier", place_code="100001").height == 4
    back = change_rows(pl.concat([figures, gap_rows(figures)]).reverse())
    assert rows.sort(MEASURE_KEY).equals(back.sort(MEASURE_KEY))


def test_changes_ratios_and_published_figures_have_no_change():
    rows = [row_of(year=year, comparator=word) for word in (YEAR_EARLIER, "No SEN (ratio)", "No SEN, one year earlier")
            for year in ("202425", "202526")]  # fmt: skip
    rows += [row_of(year=year, geographic_level="National") for year in ("202425", "202526")]
    assert change_rows(measures(*rows)).is_empty()


def test_calendar_years_follow_each_other():
    assert one(change_rows(measures(row_of(year="2024"), row_of(year="2025", value=13.0))))["value"] == 3.0


def test_two_years_earlier_is_not_one():
    assert change_rows(measures(row_of(year="202324"), row_of(year="202526"))).is_empty()


def test_side_without_a_value_gives_its_mark_and_its_reason():
    rows = change_rows(measures(row_of(year="202425", value=None, status="x", note="not returned"), row_of(status="u")))
    assert (rows["value"][0], rows["status"][0], rows["note"][0]) == (None, "x", "not returned")
    rows = change_rows(measures(row_of(year="202425"), row_of(value=None, status="z", note="nobody")))
    assert (rows["value"][0], rows["status"][0], rows["note"][0]) == (None, "z", "nobody")


@pytest.mark.parametrize("unsure", ["202425", "202526"])
def test_unreliable_side_makes_the_change_unreliable(unsure):
    rows = change_rows(measures(*(row_of(year=year, status="u" * (year == unsure)) for year in ("202425", "202526"))))
    assert (rows["value"][0], rows["status"][0]) == (0.0, "u")


def test_provisional_roll_beside_a_final_one_is_said():
    rows = change_rows(measures(row_of(year="202425"), row_of(note="roll of the Autumn census 2025 (provisional)")))
    assert rows["status"][0] == "u" and "provisional" in rows["note"][0]


def test_gaps_to_one_and_the_same_published_year_have_no_change():
    kept = row_of(year="202425", comparator=NATIONAL, comparator_period="202324")
    rows = change_rows(measures(kept, row_of(comparator=NATIONAL, comparator_period="202324")))
    assert (rows["value"][0], rows["status"][0], rows["note"][0]) == (None, "x", SAME_BENCHMARK)
    assert change_rows(measures(kept, row_of(comparator=NATIONAL, comparator_period="202425")))["value"][0] == 0.0


# ---- parts of years


def test_part_of_a_year_is_not_set_beside_the_whole():
    rows = change_rows(measures(row_of(year="202425"), row_of(part="Autumn term", value=4.0)))
    row = rows.row(0, named=True)
    assert (rows.height, row["value"], row["lower"], row["comparator_value"], row["status"]) == (
        1,
        None,
        None,
        None,
        "x",
    )
    assert "autumn term" in row["note"] and "2024/25, which is held for: academic year" in row["note"]


def test_like_parts_are_compared_where_both_years_have_them():
    rows = change_rows(measures(row_of(year="202425"), row_of(year="202425", part="Autumn term", value=3.0),
                                row_of(part="Autumn term", value=4.5)))  # fmt: skip
    assert one(rows, time_identifier="Autumn term")["value"] == 1.5


@pytest.mark.parametrize(
    ("this", "that", "words"),
    [("202526", "202425", ["2025/26 (autumn term) cannot be set beside 2024/25 (academic year)",
                           "missing: 2024/25 (autumn term)", "ingest the data of 2024/25 (autumn term)"]),
     ("202425", "202526", ["the first must be the later one"]),
     ("202526", "2025", ["one is a calendar year"]),
     ("202728", "202425", ["no figures of '202728'", "held: 202425, 2025, 202526"]),
     (("202526", "Spring term"), "202425", ["no figures of 2025/26 (spring term)", "held of it: Autumn term"])],
)  # fmt: skip
def test_unlike_periods_are_refused_with_what_to_do(this, that, words):
    rows = measures(row_of(year="202425"), row_of(part="Autumn term"), row_of(year="2025", part="Calendar year"))
    with pytest.raises(SendlabError) as error:
        compare_periods(rows, this=this, that=that)
    text = str(error.value)
    assert [word for word in words if word not in text] == []
    assert "next:" in text


def test_refusal_names_the_like_part_where_it_is_held():
    rows = measures(row_of(year="202425"), row_of(year="202425", part="Autumn term"), row_of(part="Autumn term"))
    with pytest.raises(SendlabError, match=r"with that=\('202425', 'Autumn term'\), which is held"):
        compare_periods(rows, this="202526", that="202425")
    made = compare_periods(rows, this=("202526", "Autumn term"), that=("202425", "Autumn term"))
    assert made["value"].to_list() == [0.0]


def test_periods_further_apart_say_how_far():
    made = compare_periods(measures(row_of(year="202324", value=4.0), row_of(value=9.0)), this="202526", that="202324")
    row = made.row(0, named=True)
    assert (row["value"], row["comparator"], row["comparator_period"]) == (5.0, "2 years earlier", "202324")


def test_year_named_alone_is_the_longest_part_of_each_measure():
    rows = [row_of(year=year, part=part, value=value) for year, part, value in (
        ("202425", "Academic year", 5.0), ("202425", "Autumn term", 4.0), ("202526", "Academic year", 7.0),
        ("202526", "Autumn term", 8.0))]  # fmt: skip
    assert compare_periods(measures(*rows), this="202526", that="202425")["value"].to_list() == [2.0]


# ---- breaks in series


@pytest.mark.parametrize(
    ("measure", "item", "earlier", "later", "compared"),
    [("sessions_by_code", "B", "202324", "202425", False), ("sessions_by_code", "B", "202425", "202526", True),
     ("sessions_by_code", "C2", "202324", "202425", False), ("sessions_by_code", "I", "202324", "202425", True),
     ("absence", "Total", "202324", "202425", True), ("absence", "Total", "201920", "202021", False),
     ("absence", "Total", "202021", "202122", False), ("absence", "Total", "202122", "202223", True),
     ("ehc_within_20_weeks", "Total", "2022", "2023", False), ("ehc_within_20_weeks", "Total", "2023", "2024", True),
     ("ehc_within_20_weeks", "Total", "2021", "2022", True), ("ehc_quality_score", "Total", "202122", "202223", False),
     ("persistent_absence", "Total", "201415", "201516", False), ("suspension_rate", "Total", "201415", "201516", True),
     ("suspension_reasons", "BU", "201920", "202021", False), ("ks2_rwm_expected", "Total", "201617", "201718", False)],
)  # fmt: skip
def test_years_with_a_break_between_them_are_not_compared(measure, item, earlier, later, compared):
    rows = change_rows(measures(row_of(measure, earlier, item=item), row_of(measure, later, item=item, value=12.0)))
    row = rows.row(0, named=True)
    assert (row["value"] is not None) == compared == (row["status"] == "")
    assert row["note"].startswith("break in the series: ") != compared
    assert row["comparator_value"] == 10.0


def test_breaks_are_of_measures_that_exist():
    known = cards()
    for one_break in declared_breaks():
        named = [name for name in one_break.get("measures", ()) if name not in known]
        topics = [
            topic for topic in one_break.get("topics", ()) if topic not in {card.topic for card in known.values()}
        ]
        prefixes = [p for p in one_break.get("prefixes", ()) if not any(name.startswith(p) for name in known)]
        assert named + topics + prefixes == []
        assert one_break["reason"] and one_break["source"]
        assert one_break.get("from") or one_break.get("apart")


def test_nothing_changes_in_pandas():
    rows = measures(row_of(year="202425"), row_of(value=15.0))
    made = change_rows(rows.to_pandas())
    assert type(made).__module__.startswith("pandas") and made["value"].tolist() == [5.0]
