"""School rolls, attainment and progress as published, through `sendlab.rate`; misses in docs/reproduced.md."""

from decimal import ROUND_HALF_EVEN

import numpy as np
import polars as pl
import pytest
from published_files import LA, compared, counts, in_range, load, lost_in_floating_point, misses, numbers

import sendlab
from sendlab.schema.numbers import read_numbers
from sendlab.stats.rounding import round_half_away

CENSUS = [("NORG", "PNORG", 23_892, 23_892), ("NORB", "PNORB", 23_892, 23_892),
          ("TSENELSE", "PSENELSE", 23_887, 23_888), ("TSENELK", "PSENELK", 23_889, 23_890),
          ("NUMEAL", "PNUMEAL", 21_951, 21_952), ("NUMENGFL", "PNUMENGFL", 21_951, 21_952),
          ("NUMUNCFL", "PNUMUNCFL", 21_952, 21_952)]  # fmt: skip


@pytest.mark.parametrize(("count", "figure", "exact", "comparable"), CENSUS, ids=[c[1] for c in CENSUS])
def test_percentages_of_school_rolls(real_data, count, figure, exact, comparable):
    """January 2019. The one miss is England's special schools, whose percentages rest on a larger roll than shown."""
    done = compared(load(real_data / "england_census.csv.gz"), count, "NOR", figure, 1)
    assert counts(done) == (exact, comparable)
    missed = misses(done)
    assert missed["SCHOOLTYPE"].to_list() == ["State-funded special school"] * (comparable - exact)
    assert missed["URN"].to_list() == ["NAT"] * (comparable - exact)
    larger = missed["numerator"] / missed["published"] * 100  # 121,738 pupils are shown
    assert larger.is_between(124_000, 126_500).all()


ATTAINMENT = [  # file, numerator, denominator, figure, places, exact, comparable
    ("prepared_data__ks2_attainment.csv.gz", "t_rwm_met_expected_standard", "t_rwm_eligible_pupils",
     "pt_rwm_met_expected_standard", 0, 1_951, 1_952),
    ("prepared_data__ks1_phonics.csv.gz", "t_phonics_y1_met_expected_standard", "t_phonics_y1_eligible_pupils",
     "pt_phonics_y1_met_expected_standard", 0, 2_911, 2_916),
    ("prepared_data__eyfsp.csv.gz", "gld_number", "children_number", "gld_percentage", 1, 815, 815),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "top", "bottom", "figure", "places", "exact", "comparable"), ATTAINMENT, ids=["KS2", "phonics", "EYFSP"]
)
def test_percentages_by_sen(real_data, file, top, bottom, figure, places, exact, comparable):
    """The misses are regions, whose counts were rounded to 10 after the percentage was made: all in its range."""
    done = compared(load(real_data / file), top, bottom, figure, places, rounded_to=10)
    assert counts(done) == (exact, comparable)
    missed = misses(done)
    assert in_range(missed) == (comparable - exact, comparable - exact)
    assert missed["geographic_level"].to_list() == ["Regional"] * missed.height
    assert (missed.select("numerator", "denominator") % 10).sum().sum_horizontal().item() == 0


@pytest.mark.parametrize(
    ("file", "top", "bottom", "figure", "exact", "comparable"),
    [(*ATTAINMENT[0][:3], "Percent meeting expected standard", 1_948, 1_952),
     (*ATTAINMENT[1][:3], "Percent meeting expected standards in Y1", 3_877, 3_886)],
    ids=["KS2", "phonics"],
)  # fmt: skip
def test_percentages_of_the_dashboard(real_data, file, top, bottom, figure, exact, comparable):
    """Made by a dashboard, to 2 places: it divides in floating point and sends ties to the even digit."""
    done = compared(load(real_data / file), top, bottom, figure, 2)
    assert counts(done) == (exact, comparable)
    missed = misses(done)
    assert lost_in_floating_point(missed, 2, ROUND_HALF_EVEN).to_list() == missed["published"].to_list()
    assert ((missed["value"] - missed["published"]) - 0.01).abs().max() < 1e-9


# ---- counts rounded to 10

OVER = {"pt_no_identified_SEN": "t_pupils", "pt_all_SEN": "t_pupils", "pt_SEN_support": "t_pupils",
        "pt_statement_or_EHC_plan": "t_pupils"}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "needs_over", "exact", "comparable"),
    [("sen_national.csv", None, 1_652, 2_014), ("sen_la.csv.gz", "t_all_SEN", 34_690, 36_683)],
)
def test_sen_of_children_in_need_lies_in_the_range_of_counts_rounded_to_ten(
    real_data, file, needs_over, exact, comparable
):
    """Children in need, on protection plans and looked after: SEN status, and needs over those with that status."""
    rows, found, held = load(real_data / file), np.zeros(2, dtype=int), np.zeros(2, dtype=int)
    for figure in [name for name in rows.columns if name.startswith("pt_")]:
        by_end = {"_ss": "t_SEN_support", "_se": "t_statement_or_EHC_plan"}
        bottom = OVER.get(figure) or needs_over or by_end[figure[-3:]]
        done = compared(rows, f"t_{figure.removeprefix('pt_')}", bottom, figure, 1, rounded_to=10)
        found += counts(done)
        held += in_range(done)
    assert tuple(found) == (exact, comparable)
    assert tuple(held) == (comparable, comparable)


# ---- key stage 4

KS4 = {  # NOTES.md: mean Attainment 8 and mean Progress 8 of 2017/18, all state-funded schools
    "Total": (46.5, -0.02), "No_Sen": (49.8, 0.08), "Sen_Supp": (32.2, -0.43), "SenStateEhc": (13.5, -1.09),
    "Autistic Spectrum Disorder": (27.5, -0.72), "social emotional and mental health (SEMH)": (25.9, -1.20),
    "Moderate Learning Difficulty": (21.8, -0.58), "Speech Language and Communications Needs": (25.8, -0.40),
    "Specific Learning Difficulty": (34.0, -0.19), "Hearing Impairment": (39.3, -0.04),
    "Visual Impairment": (40.3, -0.14), "Severe Learning Difficulty": (2.5, -1.28),
    "Profound & Multiple Learning Difficulty": (2.3, -1.29),
}  # fmt: skip


def test_attainment_8_and_progress_8_by_sen_and_need(real_data):
    rows = load(real_data / "KS4_2018_Nat_Char_Testdata.csv").filter(
        pl.col("breakdown").is_in(["PupilTotals", "SEN_status", "Primary_need"]),
        school_characteristic="all_state_funded_schools", characteristic_gender="Total",
        characteristic_ethnic_major="Total",
    )  # fmt: skip
    own = pl.concat_list("characteristic_sen_status", "characteristic_primary_need").list.set_difference(["Total"])
    rows = rows.with_columns(own.list.join("").replace("", "Total").alias("group"))
    attainment = sendlab.rate(rows, numerator="t_att8", denominator="t_pupils", per=1, decimals=1)
    progress = sendlab.rate(rows, numerator="t_p8score", denominator="t_inp8calc", per=1, decimals=2)
    for done, place in ((attainment, 0), (progress, 1)):
        made = dict(done.select("group", "value").rows())
        assert {group: made[group] for group in KS4} == {group: means[place] for group, means in KS4.items()}


# ---- intervals of progress: mean +- 1.96 national standard deviations over the root of n

# The deviation of each subject and year, to the places that the published limits of all authorities agree on.
SD = {
    ("read", "201819"): 6.1735, ("read", "202122"): 6.2892, ("read", "202223"): 6.2893,
    ("writta", "201819"): 5.6942, ("writta", "202122"): 6.0390, ("writta", "202223"): 6.0488,
    ("mat", "201819"): 5.3898, ("mat", "202122"): 5.8522, ("mat", "202223"): 5.9145,
}  # fmt: skip
ROWS = {  # of authorities with a mean
    ("read", "201819"): 406, ("read", "202122"): 419, ("read", "202223"): 413,
    ("writta", "201819"): 407, ("writta", "202122"): 420, ("writta", "202223"): 414,
    ("mat", "201819"): 406, ("mat", "202122"): 418, ("mat", "202223"): 414,
}  # fmt: skip


def progress_rows(real_data, subject, year):
    """Means and limits as published beside those that we make with the one deviation; a limit of k rounds to 0."""
    score = f"avg_{subject}_progress_score"
    rows = load(real_data / "ks2_la.csv.gz").filter(time_period=year)
    done = compared(
        rows, f"t_{subject}_progress_score", f"t_{subject}_progress_eligible_pupils", score, 2, per=1,
        interval="national sd", national_sd=SD[subject, year],
    )  # fmt: skip
    ends = {name: read_numbers(done[f"{score}_{name}_CI"].replace("k", "0")) for name in ("lower", "upper")}
    return done.with_columns(read.values.alias(f"published_{name}") for name, read in ends.items())


@pytest.mark.parametrize(("subject", "year"), SD)
def test_key_stage_2_means_and_limits_of_every_authority(real_data, subject, year):
    """Counts of authorities are not rounded: mean and both limits agree to 2 places in every row."""
    done = progress_rows(real_data, subject, year).filter(LA)
    expected = ROWS[subject, year]
    assert counts(done) == (expected, expected)
    for end in ("lower", "upper"):
        assert (round_half_away(done[end], 2) == done[f"published_{end}"].to_numpy()).sum() == expected


@pytest.mark.parametrize(("subject", "year"), SD)
def test_key_stage_2_limits_of_regions_lie_in_the_range_of_counts_rounded_to_ten(real_data, subject, year):
    """n may be 5 more or fewer: that much of the mean and of the root of n, and half of the last place."""
    done = progress_rows(real_data, subject, year).filter(~LA)
    n, total = done["denominator"].to_numpy(), done["numerator"].to_numpy()
    assert len(n) == 36 and (n % 10 == 0).all()
    for sign, end in ((-1, "lower"), (1, "upper")):
        ends = [total / m + sign * 1.96 * SD[subject, year] / np.sqrt(m) for m in (n - 5, n, n + 5)]
        shown = done[f"published_{end}"].to_numpy()
        slack = 0.005 + 1e-9
        assert ((np.min(ends, axis=0) - slack <= shown) & (shown <= np.max(ends, axis=0) + slack)).all()


def test_the_deviation_of_a_year_is_known_to_four_places(real_data):
    """One unit more or less in the fourth place, and some limit of some authority is no longer reproduced."""
    for subject, year in [key for key in SD if key != ("read", "201819")]:  # there 6.1732 to 6.1737 all do
        done = progress_rows(real_data, subject, year).filter(LA)
        for sd in (SD[subject, year] - 0.0001, SD[subject, year] + 0.0001):
            other = sendlab.rate(done, numerator="numerator", denominator="denominator", per=1,
                                 interval="national sd", national_sd=sd)  # fmt: skip
            same = [round_half_away(other[end], 2) == done[f"published_{end}"].to_numpy() for end in ("lower", "upper")]
            assert not np.all(same)


# 2022/23: published beside the ready reckoner; 2021/22 and 2018/19: the largest that every row allows.
P8_SD = {"202223": (1.41628, 328), "202122": (1.4139, 326), "201819": (1.2857, 324)}


@pytest.mark.parametrize(("year", "sd", "rows"), [(year, *known) for year, known in P8_SD.items()], ids=P8_SD)
def test_progress_8_limits_lie_where_the_number_of_pupils_allows(real_data, year, sd, rows):
    """The file holds pupils, not those with a Progress 8 score: 87 to 100 % of them have one, in every row.

    So our limits with all pupils are the narrowest, and with 87 % the widest; a hundredth for two roundings.
    """
    names = ("t_pupils", "avg_p8score", "p8score_ci_low", "p8score_ci_upp")
    given = numbers(load(real_data / "prepared_data__ks4_attainment.csv.gz"), *names).drop_nulls(names)
    given = given.filter(pl.col("time_period").str.starts_with(year)).with_columns(
        total=pl.col("avg_p8score") * pl.col("t_pupils"), fewer=0.87 * pl.col("t_pupils"),
        total_of_fewer=0.87 * pl.col("avg_p8score") * pl.col("t_pupils"),
    )  # fmt: skip
    assert given.height == rows
    options = {"per": 1, "interval": "national sd", "national_sd": sd}
    narrow = sendlab.rate(given, numerator="total", denominator="t_pupils", **options)
    wide = sendlab.rate(given, numerator="total_of_fewer", denominator="fewer", **options)
    slack = 0.01 + 1e-9
    for end, shown, sign in (("lower", "p8score_ci_low", 1), ("upper", "p8score_ci_upp", -1)):
        least, most = sign * wide[end] - slack, sign * narrow[end] + slack
        assert (sign * given[shown]).is_between(least, most).sum() == rows


def test_the_deviation_beside_the_ready_reckoner_is_that_of_2022_23(real_data):
    """1.41628: no row of 2022/23 is narrower than its pupils allow; one of 2021/22 is, and most of 2018/19."""
    (sd,) = load(real_data / "p8_stdev_file_named.csv").select(pl.nth(1)).to_series().to_list()
    assert sd == "1.41628"
    names = ("t_pupils", "p8score_ci_low", "p8score_ci_upp")
    given = numbers(load(real_data / "prepared_data__ks4_attainment.csv.gz"), *names).drop_nulls(names)
    half = (pl.col("p8score_ci_upp") - pl.col("p8score_ci_low")) / 2
    possible = half + 0.005 + 1e-9 >= 1.96 * float(sd) / pl.col("t_pupils").sqrt()
    fits = given.group_by(pl.col("time_period").str.slice(0, 6)).agg(possible.sum().alias("fits"), pl.len())
    assert {year: (fit, of) for year, fit, of in fits.rows()} == {
        "202223": (328, 328), "202122": (325, 326), "201819": (128, 324),
    }  # fmt: skip
