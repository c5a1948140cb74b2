"""EHC plans: timeliness, assessments, placements and needs as published, through `sendlab.rate`.

(exact, comparable) are those of shared/real/NOTES.md; docs/reproduced.md lists every miss with its reason.
"""

import polars as pl
import pytest
from published_files import (
    LA,
    NATION,
    REGION,
    compared,
    counts,
    indicators,
    load,
    lost_in_floating_point,
    misses,
    numbers,
)

import sendlab

TIMELINESS = "timeliness_20_week.csv.gz"
WITHIN = ("plans_issued_within_20_weeks", "plans_issued_den", "pc_plans_issued_within_20_weeks")
WITHIN_EX = ("plans_issued_20_weeks_ex", "plans_issued_den_ex", "PC_plans_issued_20_weeks_ex")
FILES = {  # file: numerator, denominator, published figure, exact, comparable
    TIMELINESS: [
        (*WITHIN, 12_165, 12_166),
        (*WITHIN_EX, 12_032, 12_033),
        ("plans_issued_gt20weeks_ltYear", "plans_issued_den", "pc_plans_issued_gt20weeks_ltYear", 11_526, 11_526),
        ("plans_issued_gt20weeks_ltYear_ex", "plans_issued_den_ex", "PC_plans_issued_gt20weeks_ltYear_ex",
         11_393, 11_393),
        ("plans_issued_gt_1_year", "plans_issued_den", "pc_plans_issued_gt_1_year", 11_525, 11_526),
        ("plans_issued_gt_1_year_ex", "plans_issued_den_ex", "PC_plans_issued_gt_1_year_ex", 11_393, 11_393),
    ],
    "assessments.csv.gz": [
        ("assess_issued", "assess_in_year", "assess_issued_pc", 11_900, 11_900),
        ("assess_not_issued", "assess_in_year", "assess_not_issued_pc", 11_900, 11_900),
        ("assess_not_made", "assess_in_year", "assess_not_made_pc", 11_740, 11_740),
        ("assess_withdrawn", "assess_in_year", "assess_withdrawn_pc", 11_900, 11_900),
    ],
    "caseload.csv.gz": [
        ("mainstream_total", "ehcplans", "mainstream_total_pc", 25_082, 25_092),
        ("special_total", "ehcplans", "special_total_pc", 25_086, 25_092),
        ("ap_pru_total", "ehcplans", "AP_PRU_total_pc", 25_092, 25_092),
        ("fe_total", "ehcplans", "fe_total_pc", 25_085, 25_092),
        ("ed_elsewhere", "ehcplans", "ed_elsewhere_pc", 25_086, 25_092),
        ("nm_early_years", "ehcplans", "nm_early_years_pc", 25_092, 25_092),
        ("placement_unknown", "ehcplans", "placement_unknown_pc", 24_446, 24_446),
    ],
    "sen_needs_all_plans.csv.gz": [
        (f"number_{need}", "ehc_plans", f"{need.removeprefix('need_')}_pc", exact, 13_846)
        for need, exact in {
            "asd": 13_842, "hi": 13_846, "mld": 13_846, "msi": 13_846, "oth": 13_846, "pd": 13_845, "pmld": 13_846,
            "semh": 13_846, "slcn": 13_845, "sld": 13_845, "spld": 13_845, "vi": 13_846, "need_unknown": 13_846,
        }.items()
    ],
}  # fmt: skip
EVERY = [(file, *one) for file, columns in FILES.items() for one in columns]


@pytest.mark.parametrize(("file", "top", "bottom", "figure", "exact", "comparable"), EVERY, ids=[e[3] for e in EVERY])
def test_published_percentages_are_reproduced(real_data, file, top, bottom, figure, exact, comparable):
    """Every miss is a tie that the source lost by dividing in floating point, or a row of KNOWN_FAULTS."""
    done = compared(load(real_data / file), top, bottom, figure, 1)
    assert counts(done) == (exact, comparable)
    missed = misses(done)
    lost_ties = lost_in_floating_point(missed, 1) == missed["published"]
    assert ((missed["value"] - missed["published"]).round(6).filter(lost_ties) == 0.1).all()
    assert missed.filter(~lost_ties).height == KNOWN_FAULTS.get(figure, 0)


@pytest.mark.parametrize("columns", [WITHIN, WITHIN_EX], ids=["all", "without exceptions"])
def test_the_source_divides_in_floating_point_and_then_rounds_half_up(real_data, columns):
    """So it gives every one of its own figures, and loses a tie where the division falls short of it: 41/80, 23/80."""
    done = compared(load(real_data / TIMELINESS), *columns, 1)
    assert lost_in_floating_point(done, 1).to_list() == done["published"].to_list()


# National, East of England and London shares of January 2024, one of which agrees by chance, and two needs of Surrey.
KNOWN_FAULTS = {
    "mainstream_total_pc": 3, "special_total_pc": 3, "fe_total_pc": 3, "ed_elsewhere_pc": 2, "sld_pc": 1, "spld_pc": 1,
}  # fmt: skip
PLACEMENTS = ["mainstream_total", "special_total", "ap_pru_total", "fe_total", "ed_elsewhere", "nm_early_years",
              "placement_unknown"]  # fmt: skip


@pytest.mark.parametrize("placement", ["mainstream_total", "special_total", "fe_total", "ed_elsewhere"])
def test_shares_of_january_2024_rest_on_plans_with_a_placement(real_data, placement):
    """Two authorities returned no placements: their plans are in `ehcplans`, and not below the published shares."""
    rows = load(real_data / "caseload.csv.gz").filter(
        ~LA & (pl.col("time_period") == "202324") & (pl.col("breakdown_topic") == "All EHC plans")
    )
    assert counts(compared(rows, placement, PLACEMENTS, f"{placement}_pc", 1)) == (10, 10)
    without = load(real_data / "caseload.csv.gz").filter(
        LA, time_period="202324", breakdown_topic="All EHC plans", mainstream_total="x"
    )
    assert set(without["la_name"]) >= {"Hackney", "Peterborough"}


@pytest.mark.parametrize(
    ("columns", "parts", "wholes", "places", "expected"),
    [(WITHIN, LA, REGION, ["region_name"], (748, 748)), (WITHIN_EX, LA, REGION, ["region_name"], (747, 747)),
     (WITHIN, REGION, NATION, [], (90, 90)), (WITHIN_EX, REGION, NATION, [], (90, 90))],
    ids=["regions", "regions without exceptions", "England", "England without exceptions"],
)  # fmt: skip
def test_a_region_follows_from_its_authorities_and_england_from_its_regions(
    real_data, columns, parts, wholes, places, expected
):
    """Counts summed, then the rate: the published percentage, wherever no part is hidden (x)."""
    top, bottom, figure = columns
    rows = load(real_data / TIMELINESS)
    keys = ["time_period", "breakdown_topic", "breakdown", *places]
    read = numbers(rows, top, bottom).filter(parts)
    summed = read.group_by(keys).agg(
        *(pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum()).alias(name) for name in (top, bottom))
    )
    done = compared(summed.join(rows.filter(wholes).select(*keys, figure), on=keys), top, bottom, figure, 1)
    assert counts(done) == expected


@pytest.mark.parametrize(
    ("indicator", "columns", "expected"),
    [("SEN_EHC_All_20wks", WITHIN, 903), ("SEN_EHC_Excpt_20wks", WITHIN_EX, 901)],
)
def test_the_interactive_tool_shows_the_rate_that_we_make(real_data, indicator, columns, expected):
    plans = load(real_data / TIMELINESS).filter(LA & (pl.col("breakdown_topic") == "All EHC plans issued"))
    done = sendlab.rate(plans, numerator=columns[0], denominator=columns[1], decimals=1).drop_nulls("value")
    shown = indicators(real_data / "bds_long_0.parquet").filter(indicator=indicator).drop_nulls("value")
    both = done.join(shown.select("time_period", pl.col("la_code").alias("old_la_code"), pl.col("value").alias("lait")),
                     on=["time_period", "old_la_code"])  # fmt: skip
    assert (both.filter((pl.col("lait") - pl.col("value")).abs() < 1e-9).height, both.height) == (expected, expected)


def test_a_year_without_a_return_and_one_without_plans_are_told_apart(real_data):
    """x: no return. 0 plans: published as x, z here, for nobody is not nothing known."""
    done = sendlab.rate(load(real_data / TIMELINESS), numerator=WITHIN[0], denominator=WITHIN[1], decimals=1)
    none = done.filter(pl.col("value").is_null())
    assert none.filter((pl.col("denominator") == 0) & (pl.col(WITHIN[0]) == "0"))["status"].unique().to_list() == ["z"]
    assert none.filter(pl.col(WITHIN[1]) == "x")["status"].unique().to_list() == ["x"]
    assert none[WITHIN[2]].unique().to_list() == ["x"]
