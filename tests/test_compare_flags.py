"""Funnel flags: limits and scores of the methods page, small schools, families, and false flags where all are alike."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from sendlab.compare import funnel_flags
from sendlab.compare.flags import ALONE, FLAGS, NO_TARGET, SMALL
from sendlab.errors import SendlabError
from sendlab.schema.measures import as_measures
from sendlab.stats.intervals import clustered_events, wilson
from sendlab.stats.many import benjamini_hochberg
from sendlab.stats.sums import mean_t

X = (3, 8, 12, 5, 20, 9, 2, 14, 7, 30)
N = (25, 40, 48, 31, 60, 52, 22, 45, 50, 70)


def row(measure, code, value, x, n, upper, **more):
    given = {
        "measure": measure, "time_period": "202526", "time_identifier": "Academic year", "geographic_level": "School",
        "place_code": code, "place_name": f"School {code}", "education_phase": "Primary", "numerator": float(x),
        "denominator": float(n), "base_subjects": int(n), "with_subjects": int(x), "value": value, "upper": upper,
        "unit": "% of pupils",
    }  # fmt: skip
    return {**given, **more}


def shares(xs, ns, *, measure="persistent_absence", **more):
    limits = 100 * wilson(xs, ns)[1]
    return [row(measure, f"{place:06}", 100 * x / n, x, n, float(limits[place]), **more)
            for place, (x, n) in enumerate(zip(xs, ns, strict=True))]  # fmt: skip


def events(pupils, *, measure="suspension_rate", **more):
    """One row a school from its pupils' numbers of events."""
    rows = []
    for place, counts in enumerate(pupils):
        k, n, squares = counts.sum(), len(counts), (counts**2).sum()
        upper = 100 * float(clustered_events([k], [n], [squares])[1][0])
        told = {"with_subjects": int((counts > 0).sum()), "top_share": counts.max() / k if k else None}
        rows.append(row(measure, f"{place:06}", 100 * k / n, k, n, upper, unit="per 100 pupils", **more) | told)
    return rows


def means(pupils, *, measure="sessions_affordable", **more):
    rows = []
    for place, values in enumerate(pupils):
        n, total = len(values), values.sum()
        upper = float(mean_t(n, total, (values**2).sum())[1])
        rows.append(row(measure, f"{place:06}", total / n, total, n, upper, unit="sessions", **more))
    return rows


def nation(value, *, measure="persistent_absence", year="202526", phase="Primary"):
    return {"measure": measure, "time_period": year, "time_identifier": "Academic year", "geographic_level": "National",
            "place_code": "E92000001", "place_name": "England", "education_phase": phase, "value": value,
            "unit": "% of pupils"}  # fmt: skip


def measures(*rows):
    return as_measures(pl.DataFrame(rows, infer_schema_length=None))


# ---- limits and scores


def test_ten_schools_are_those_of_the_methods_page():
    """methods.md 4.2: target 0.248307, tau2 0.004092597; the last z 2.1926; limits at n = 60 0.081959 and 0.414655."""
    made = funnel_flags(measures(*shares(X, N)))
    assert made["target"].to_list() == pytest.approx([24.8307] * 10, abs=1e-4)
    assert made["z"][9] == pytest.approx(2.1926, abs=5e-5)
    assert (made["lower_95"][4], made["upper_95"][4]) == pytest.approx((8.1959, 41.4655), abs=1e-4)
    assert made["p"][9] == pytest.approx(2 * stats.norm.sf(2.1926), abs=1e-5)
    assert made["method"].str.contains("widened for spread between schools").all()
    assert made["schools"].to_list() == [10] * 10
    # 0.22: shrunken shares use the prior of methods.md 4.3 (M 20.3133): (30 + a) / (70 + M)
    assert made["shrunken_value"][9] == pytest.approx(100 * (30 + 0.248307 * 20.3133) / (70 + 20.3133), abs=1e-3)
    assert made.columns == list(FLAGS)


def test_fewer_than_ten_schools_have_exact_limits():
    """methods.md 4.1: target 0.22 at n = 50: 0.046181, 0.101050, 0.330866, 0.405346; at 200: 0.131182 to 0.311856."""
    rows = measures(*shares((9, 60), (50, 200)), nation(22.0))
    made = funnel_flags(rows, target="national")
    names = ("lower_99_8", "lower_95", "upper_95", "upper_99_8")
    assert made.select(names).row(0) == pytest.approx((4.6181, 10.1050, 33.0866, 40.5346), abs=1e-4)
    assert made.select(names).row(1) == pytest.approx((13.1182, 16.1353, 27.6278, 31.1856), abs=1e-4)
    assert made["position"].to_list() == ["within", "above 95"]
    assert made["p"][1] == pytest.approx(2 * stats.binom.sf(59, 200, 0.22))
    assert made["method"].unique().to_list() == ["exact binomial limits, interpolated"]


def test_events_that_do_not_cluster_have_poisson_limits():
    """methods.md 4.1: 12 per 100 at 40 pupils: 0, 1.0613, 22.5240, 31.1107; at 120: 3.0476 to 22.4656."""
    ones = [np.r_[np.ones(k), np.zeros(n - k)] for k, n in ((4, 40), (16, 120))]
    target = nation(12.0, measure="suspension_rate")
    made = funnel_flags(measures(*events(ones), target), target="national")
    names = ("lower_99_8", "lower_95", "upper_95", "upper_99_8")
    assert made.select(names).row(0) == pytest.approx((0, 1.0613, 22.5240, 31.1107), abs=1e-4)
    assert made.select(names).row(1) == pytest.approx((3.0476, 5.8145, 18.1760, 22.4656), abs=1e-4)
    # 4 where 4.8 are expected: twice the chance of four or fewer, capped at 1
    assert made["p"][0] == pytest.approx(min(1, 2 * stats.poisson.cdf(4, 4.8)))


def test_events_that_cluster_have_wider_limits():
    ones = [np.r_[np.ones(k), np.zeros(60 - k)] for k in (12, 6, 9)]
    clustered = [np.r_[np.full(k // 3, 3.0), np.zeros(60 - k // 3)] for k in (12, 6, 9)]
    plain, wide = (funnel_flags(measures(*events(some))) for some in (ones, clustered))
    assert plain["target"].to_list() == pytest.approx(wide["target"].to_list()) == [pytest.approx(15.0)] * 3
    assert (wide["upper_95"] > plain["upper_95"]).all() and (wide["p"] >= plain["p"]).all()


def test_means_spread_as_pupils_do():
    """Target 0, pupils' sd 1 in every school: limits at n = 30 are 1.96 / sqrt(30)."""
    values = np.tile([1.0, -1.0], 15) * np.sqrt(29 / 30)  # sample variance 1
    made = funnel_flags(measures(*means([values, values, values])))
    assert made["upper_95"].to_list() == pytest.approx([1.959964 / np.sqrt(30)] * 3, abs=1e-6)
    assert made["position"].unique().to_list() == ["within"]


def test_value_on_a_limit_lies_within():
    rows = measures(*means([np.tile([1.0, -1.0], 15) * np.sqrt(29 / 30)] * 3))
    limit = funnel_flags(rows)["upper_95"][0]
    for step, position in ((0.0, "within"), (1e-6, "above 95")):
        moved = rows.with_columns(
            pl.when(pl.col("place_code") == "000000").then(limit + step).otherwise("value").alias("value"),
            pl.when(pl.col("place_code") == "000000").then(limit + step + (pl.col("upper") - pl.col("value")))
            .otherwise("upper").alias("upper"),
        )  # fmt: skip
        bench = as_measures(pl.DataFrame([nation(0.0, measure="sessions_affordable")]))
        made = funnel_flags(pl.concat([moved, bench]), target="national")
        assert made["position"][0] == position


# ---- whom it is about


@pytest.mark.parametrize(("n", "tested"), [(29, False), (30, True), (31, True)])
def test_no_flag_below_thirty_pupils(n, tested):
    made = funnel_flags(measures(*shares((n, 3, 4, 5), (n, 60, 60, 60))))
    small = made.row(0, named=True)
    assert (small["p"] is not None) == tested == (small["position"] == "above 99.8") == (small["flag"] == "above 99.8")
    assert small["note"] == ("" if tested else SMALL)
    assert small["upper_95"] is not None  # the limits can be drawn


def test_two_schools_have_nothing_to_stand_out_from():
    made = funnel_flags(measures(*shares((30, 3), (60, 60))))
    assert made["note"].to_list() == [ALONE] * 2
    assert made.select("target", "z", "p", "upper_95").null_count().row(0) == (2, 2, 2, 2)
    assert made["flag"].to_list() == ["", ""]


def test_phases_are_apart():
    special = shares((50, 48, 52), (60, 60, 60), education_phase="Special")
    primary = shares((5, 6, 4), (60, 60, 60))
    rows = [{**r, "place_code": f"9{r['place_code'][1:]}"} for r in special]
    made = funnel_flags(measures(*rows, *primary))
    assert sorted(made["target"].unique()) == pytest.approx([100 * 15 / 180, 100 * 150 / 180])
    assert made["flag"].unique().to_list() == [""]


def test_special_schools_have_no_target_of_all_phases():
    rows = measures(*shares((50, 48, 52), (60, 60, 60), education_phase="Special"), nation(20.0, phase="Total"))
    assert funnel_flags(rows, target="national")["note"].to_list() == [NO_TARGET] * 3
    own = pl.concat([rows, as_measures(pl.DataFrame([nation(80.0, phase="Special")]))])
    assert funnel_flags(own, target="national")["target"].to_list() == [80.0] * 3


@pytest.mark.parametrize(("year", "held"), [("202324", True), ("202223", False)])
def test_national_target_is_at_most_two_years_old(year, held):
    made = funnel_flags(measures(*shares((9, 8, 7), (50, 50, 50)), nation(22.0, year=year)), target="national")
    assert (made["target"][0] == 22.0) == held


def test_measures_without_polarity_and_rows_without_value_are_left_out():
    rows = [*shares((9, 8, 7), (50, 50, 50), measure="part_day_suspensions"), *shares((9, 8, 7), (50, 50, 50))]
    rows[3] |= {"value": None, "status": "c"}
    assert funnel_flags(measures(*rows))["measure"].to_list() == ["persistent_absence"] * 2
    chosen = funnel_flags(measures(*rows), only=["part_day_suspensions"])
    assert chosen["measure"].to_list() == ["part_day_suspensions"] * 3


def test_no_rows_no_flags():
    assert funnel_flags(measures(*shares((9,), (50,))).clear()).columns == list(FLAGS)


def test_unknown_target_is_an_error():
    with pytest.raises(SendlabError, match="use one of pooled, national"):
        funnel_flags(measures(*shares((9,), (50,))), target="best")


# ---- the family


def test_family_is_every_comparison_made():
    rows = measures(
        *shares((30, 5, 6, 4), (60, 60, 60, 60)), *shares((3, 5, 6, 4), (60, 60, 60, 20), measure="severe_absence")
    )
    made = funnel_flags(rows)
    tested = made["p"].drop_nulls()
    assert tested.len() == 7 and made["family"].str.starts_with("7 comparisons").all()
    expected = benjamini_hochberg(made["p"].fill_null(float("nan")).to_numpy()).adjusted
    assert made["adjusted_p"].fill_null(-1).to_list() == pytest.approx(np.where(np.isnan(expected), -1, expected))
    assert made.filter(pl.col("flag") != "").select("measure", "place_code").rows() == [
        ("persistent_absence", "000000")
    ]


def test_position_is_no_flag_where_the_family_is_large():
    """One school just above 95 among very many within."""
    rows = shares((22, *[12] * 8), (60,) * 9)
    made = funnel_flags(measures(*rows))
    assert made["position"][0] == "above 95" and made["flag"][0] == ""
    assert made["p"][0] < 0.05 < made["adjusted_p"][0]


def test_row_order_and_other_rows_change_nothing():
    rows = measures(*shares(X, N), nation(20.0))
    there, back = funnel_flags(rows), funnel_flags(rows.reverse())
    assert there.equals(back)
    more = pl.concat(
        [rows, rows.filter(pl.col("geographic_level") == "School").with_columns(comparator=pl.lit("No SEN"))]
    )
    assert there.equals(funnel_flags(more))


def alike(rng, kind):
    """Fifty schools whose pupils are alike in every school."""
    sizes = rng.integers(30, 200, 50)
    if kind == "share":
        return shares([int(rng.binomial(n, 0.2)) for n in sizes], [int(n) for n in sizes])
    if kind == "events":  # few pupils have many
        return events([rng.poisson(rng.gamma(0.1, 2.0, n)).astype(float) for n in sizes])
    return means([rng.exponential(8.0, n) for n in sizes])


@pytest.mark.parametrize("kind", ["share", "events", "mean"])
def test_flags_among_schools_that_are_alike_are_rare(kind):
    """With nothing to find every flag is false: seeds with any are at most 5 % and two standard errors of 60 seeds."""
    flagged = [
        bool((funnel_flags(measures(*alike(np.random.default_rng(seed), kind)))["flag"] != "").any())
        for seed in range(60)
    ]
    assert np.mean(flagged) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 60)


def test_planted_school_is_found():
    rng = np.random.default_rng(1)
    rows = alike(rng, "share")
    n = int(rows[7]["denominator"])
    rows[7] = shares((int(0.6 * n),), (n,))[0] | {"place_code": "000007"}
    made = funnel_flags(measures(*rows))
    assert made.filter(pl.col("flag") != "")["place_code"].to_list() == ["000007"]


def test_unreliable_figures_are_neither_tested_nor_ranked():
    rows = shares((30, 5, 6, 4), (60, 60, 60, 60))
    rows[0] |= {"status": "u", "note": "40 of 60 who could count do"}
    first = funnel_flags(measures(*rows)).row(0, named=True)
    assert (first["p"], first["position"], first["flag"], first["rank_lower"]) == (None, "", "", None)
    assert first["note"].startswith("marked unreliable") and "40 of 60" in first["note"]


def test_target_of_a_rate_is_that_of_all_schools_together():
    """Sessions, not pupils, are the denominator: 90 of 900 and 10 of 400 and 20 of 700 are 6 % of 2,000."""
    rows = [row("absence", f"{k:06}", 100 * x / n, x, n, 100 * x / n + 3, base_subjects=people, unit="% of sessions")
            for k, (x, n, people) in enumerate(((90, 900, 60), (10, 400, 60), (20, 700, 60)))]  # fmt: skip
    assert funnel_flags(measures(*rows))["target"].to_list() == pytest.approx([6.0] * 3)


@pytest.mark.parametrize("xs", [(0, 0, 0, 0), (60, 60, 60, 60)])
def test_nobody_or_everybody_gives_no_flag_and_no_error(xs):
    made = funnel_flags(measures(*shares(xs, (60,) * 4)))
    assert made["flag"].to_list() == [""] * 4
    none = events([np.zeros(60)] * 4)
    assert funnel_flags(measures(*none))["flag"].to_list() == [""] * 4
