"""`sendlab audit FILE`: small files made by hand, a published file with known answers, and a second solver."""

import json
from math import inf

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from conftest import absent
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from sendlab.cli import main
from sendlab.disclosure.audit.give_back import audit_table
from sendlab.disclosure.audit.links import UnknownLink, find_sums, link_names
from sendlab.disclosure.audit.shown import counts_behind, narrow_by_rates, show
from sendlab.disclosure.audit.table import read_table
from sendlab.errors import DataProblem

glpk = pytest.importorskip("swiglpk", reason="swiglpk, the second solver, is absent")
PLACE = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,new_la_code,la_name"
)
ENGLAND = "202425,Academic year,National,E92000001,England,,,,"
SEN = "SEN provision"
SEN_LINK = f"characteristic_group={SEN}"


def place(name, code="E08000001", *, region=",", level="Local authority"):
    return f"202425,Academic year,{level},E92000001,England,{region},{code},{name}"


def written(folder, lines, *, name="made.csv", meta=()):
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if meta:
        path.with_name(name.replace(".csv", ".meta.csv")).write_text("\n".join(meta) + "\n", encoding="utf-8")
    return path


def recovered(path, indicator="pupils", **options):
    """{line of the file: value} of the counts given back."""
    audit = audit_table(path, **options)
    (found,) = [one for one in audit.indicators if one.indicator == indicator]
    return dict(zip((found.at + 2).tolist(), found.value.tolist(), strict=True))


def two_filters(cells):
    """Sex by need in one place; line 2 is the first of the cells."""
    return [f"{PLACE},sex,need,pupils", *(f"{place('Trialshire')},{sex},{need},{cell}" for sex, need, cell in cells)]


CROSSED = [
    ("Total", "Total", 60), ("Total", "ASD", 25), ("Total", "MLD", 35),
    ("Girls", "Total", 20), ("Girls", "ASD", "c"), ("Girls", "MLD", "c"),
    ("Boys", "Total", 40), ("Boys", "ASD", "c"), ("Boys", "MLD", "c"),
]  # fmt: skip


def test_what_two_sums_leave_open_is_not_given_back(tmp_path):
    path = written(tmp_path, two_filters(CROSSED))
    (found,) = audit_table(path).indicators
    assert (found.hidden, found.at.size) == (4, 0)
    assert sorted(link_names(read_table(path))) == ["need", "sex"]


def test_one_hidden_count_is_given_back_by_either_sum(tmp_path):
    one = [
        *CROSSED[:4],
        ("Girls", "ASD", "c"),
        ("Girls", "MLD", 18),
        ("Boys", "Total", 40),
        ("Boys", "ASD", 23),
        ("Boys", "MLD", 17),
    ]
    path = written(tmp_path, two_filters(one))
    assert recovered(path) == {6: 2}
    assert recovered(path, links=["SEX"]) == recovered(path, links=["need"]) == {6: 2}


def test_a_chain_of_sums_over_two_filters_gives_back_what_no_single_sum_does(tmp_path):
    chain = [
        ("Total", "Total", 90), ("Total", "ASD", 30), ("Total", "MLD", 35), ("Total", "SLD", 25),
        ("Girls", "Total", 30), ("Girls", "ASD", "c"), ("Girls", "MLD", "c"), ("Girls", "SLD", 8),
        ("Boys", "Total", 60), ("Boys", "ASD", 28), ("Boys", "MLD", "c"), ("Boys", "SLD", "c"),
    ]  # fmt: skip
    assert recovered(written(tmp_path, two_filters(chain))) == {7: 2, 8: 20, 12: 15, 13: 17}


def test_a_rule_for_hidden_counts_gives_back_more(tmp_path):
    parts = [("Total", "Total", 44), ("Total", "ASD", 40), ("Total", "MLD", "x"), ("Total", "SLD", "x"),
             ("Girls", "Total", 30), ("Girls", "ASD", 10), ("Girls", "MLD", 8), ("Girls", "SLD", 12)]  # fmt: skip
    path = written(tmp_path, two_filters(parts))
    assert recovered(path) == {}
    assert recovered(path, known_rule=(1, 2)) == {4: 2, 5: 2}


GROUPED = [("Total", "Total", 30), (SEN, "No SEN", 18), (SEN, "SEN support", 11), (SEN, "EHC plan", "x"),
           ("Sex", "Girls", 14), ("Sex", "Boys", 16), ("First language", "English", 20),
           ("First language", "Other than English", "c")]  # fmt: skip
EARLIER = [("Total", "Total", 33), (SEN, "No SEN", 20), (SEN, "SEN support", 9), (SEN, "EHC plan", 4),
           ("Sex", "Girls", 15), ("Sex", "Boys", 18), ("First language", "English", 25),
           ("First language", "Other than English", 3)]  # fmt: skip
META = ["col_name,col_type,label,indicator_grouping,indicator_unit,filter_hint,filter_grouping_column",
        "characteristic,Filter,Characteristic,,,,characteristic_group", "pupils,Indicator,Pupils,,,,"]  # fmt: skip


def grouped():
    rows = [(place("Trialshire"), *cell) for cell in GROUPED]
    rows += [(place("Trialshire").replace("202425", "202324"), *cell) for cell in EARLIER]
    return [f"{PLACE},characteristic_group,characteristic,pupils", *(",".join(map(str, row)) for row in rows)]


@pytest.mark.parametrize("meta", [META, ()])
def test_items_of_a_group_add_up_to_everybody_with_a_meta_file_and_without(tmp_path, meta):
    path = written(tmp_path, grouped(), meta=meta)
    assert read_table(path).groups == {"characteristic": "characteristic_group"}
    assert recovered(path, links=[SEN_LINK]) == {5: 1}
    # languages did not add up the year before: they are no parts of everybody
    assert recovered(path) == {5: 1}


def test_groups_with_totals_of_their_own_are_nested(tmp_path):
    nested = [("Total", "Total", 50), ("Specific", "Total", 30), ("Specific", "SpLD", 27), ("Specific", "MLD", "c"),
              ("Sensory", "Total", "c"), ("Sensory", "HI", 15), ("Sensory", "VI", "c")]  # fmt: skip
    full = [("Total", "Total", 40), ("Specific", "Total", 30), ("Specific", "SpLD", 21), ("Specific", "MLD", 9),
            ("Sensory", "Total", 10), ("Sensory", "HI", 7), ("Sensory", "VI", 3)]  # fmt: skip
    lines = [f"{PLACE},need_group,need,pupils"]
    lines += [f"{place('Trialshire')},{a},{b},{c}" for a, b, c in nested]
    lines += [f"{place('Sampleton', 'E08000002')},{a},{b},{c}" for a, b, c in full]
    assert recovered(written(tmp_path, lines)) == {5: 3, 6: 20, 8: 5}


def test_authorities_add_up_to_their_region_where_all_are_there(tmp_path):
    region = "E12000001,North East"
    rows = [(place("A", "E1", region=region), 11, 7, 5), (place("B", "E2", region=region), "c", 9, 8),
            (place("C", "E3", region=region), 20, 6, ""),
            ("202425,Academic year,Regional,E92000001,England,E12000001,North East,,", 34, 22, 13)]  # fmt: skip
    lines = [f"{PLACE},pupils,plans", *(f"{where},{a},{b}" for where, a, b, _ in rows)]
    assert recovered(written(tmp_path, lines)) == {}  # no sum of pupils is seen to hold
    lines += [line.replace("202425", "202324").replace(",c,", ",3,") for line in lines[1:]]
    assert recovered(written(tmp_path, lines)) == {3: 3}


def rounded_file(hidden):
    """Many schools' totals of two parts, in authorities exact and in the nation rounded to 5."""
    draw, lines = np.random.default_rng(5), [f"{PLACE},year,sex,pupils"]
    for year in range(25):
        girls, boys = (int(count) for count in draw.integers(11, 99, 2))
        nearest = [5 * round(count / 5) for count in (girls + boys, girls, boys)]
        nation = [nearest[0], "c" if year in hidden else nearest[1], nearest[2]]
        exact = [girls + boys, "c" if year in hidden else girls, boys]
        for where, cells in ((ENGLAND, nation), (place("Trialshire"), exact)):
            lines += [
                f"{where},{year} years,{sex},{cell}"
                for sex, cell in zip(("Total", "Girls", "Boys"), cells, strict=True)
            ]
    return lines


def test_nothing_is_exact_where_a_level_is_rounded(tmp_path):
    path = written(tmp_path, rounded_file({3, 8}))
    found, table = recovered(path, links=["sex"]), read_table(path)
    assert len(found) == 2
    assert {table.keys["level"][line - 2] for line in found} == {"local authority"}


def with_rates(rate):
    rows = [(40 + i, 2 + i % 7) for i in range(30)]
    lines = [f"{PLACE},item,people,number,percent"]
    lines += [f"{place('Trialshire')},i{i},{n},{k},{100 * k / n + 1e-9:.1f}" for i, (n, k) in enumerate(rows)]
    return [*lines, f"{place('Trialshire')},hidden,310,c,{rate}"]


def test_counts_come_from_percentages_as_worked_by_hand():
    """13 % of 23 can only be 3; 7 % of 310 is 21, 22 or 23; 7.4 % is 23."""
    worked = [(13, 0, 23.0, (3, 3)), (130, 1, 23.0, (3, 3)), (7, 0, 310.0, (21, 23)), (74, 1, 310.0, (23, 23))]
    for percent, decimals, base, expected in worked:
        ends = counts_behind(np.array([percent]), decimals, np.array([base]), np.array([base]))
        assert tuple(int(end[0]) for end in ends) == expected
    for base in range(1, 60):  # beside every count of every base, halves rounded up
        for decimals in (0, 1):
            unit = 10**decimals
            printed = [(200 * unit * k + base) // (2 * base) for k in range(base + 1)]
            least, most = counts_behind(np.array(printed), decimals, *[np.full(base + 1, float(base))] * 2)
            fits = [[k for k in range(base + 1) if printed[k] == one] for one in printed]
            assert list(zip(least, most, strict=True)) == [(min(found), max(found)) for found in fits]


@pytest.mark.parametrize(("rate", "count"), [("7.4", {32: 23}), ("x", {})])
def test_a_percentage_beside_its_base_gives_the_count_back(tmp_path, rate, count):
    path = written(tmp_path, with_rates(rate))
    assert audit_table(path).rates == ("percent = number / people",)
    assert recovered(path, "number") == count


def test_not_applicable_takes_no_part(tmp_path):
    cells = [("Total", "Total", 30), ("Total", "ASD", 12), ("Total", "MLD", "z"), ("Total", "SLD", "c"),
             ("Girls", "Total", 20), ("Girls", "ASD", 6), ("Girls", "MLD", 5), ("Girls", "SLD", 9)]  # fmt: skip
    path = written(tmp_path, two_filters(cells))
    (found,) = audit_table(path, links=["need"]).indicators
    assert found.hidden == 1
    assert recovered(path, links=["need"]) in ({}, {5: 18})


def test_numbers_that_contradict_each_other_are_left_out_and_counted(tmp_path):
    cells = [
        *CROSSED[:4],
        ("Girls", "ASD", "c"),
        ("Girls", "MLD", 33),
        *CROSSED[6:7],
        ("Boys", "ASD", 23),
        ("Boys", "MLD", 17),
    ]
    (found,) = audit_table(written(tmp_path, two_filters(cells))).indicators
    assert found.left_out >= 1
    assert set(found.value) <= {2.0}


@pytest.mark.parametrize("lines", [
    ["URN,LA,ESTAB,PERCTOT,PPERSABS10", "100000,201,3614,3.6,7.4", "100001,201,3615,SUPP,SUPP"],
    ["202425,Local authority,Trialshire,12,3", "202425,Local authority,Sampleton,14,c"],
    ["time_period,la_name,pupils", "202425,Trialshire,12"],
])  # fmt: skip
def test_another_layout_is_refused_in_words(tmp_path, lines):
    path = written(tmp_path, lines)
    with pytest.raises(DataProblem, match="layout of Explore Education Statistics"):
        audit_table(path)
    done = CliRunner().invoke(main, ["audit", str(path)])
    assert (done.exit_code, "Traceback" in done.output) == (2, False)


def test_an_unknown_link_is_refused_with_those_there_are(tmp_path):
    path = written(tmp_path, two_filters(CROSSED))
    with pytest.raises(UnknownLink, match="sex"):
        audit_table(path, links=["school_type"])
    assert CliRunner().invoke(main, ["audit", str(path), "--links", "school_type"]).exit_code == 2


def test_exit_statuses_and_what_is_told(tmp_path, monkeypatch):
    safe = written(tmp_path, two_filters(CROSSED), name="safe.csv")
    leaky = written(tmp_path, grouped(), name="leaky.csv")
    run = CliRunner().invoke
    assert run(main, ["audit", str(safe)]).exit_code == 0
    done = run(main, ["audit", str(leaky)])
    assert done.exit_code == 1
    assert "1 of 2 hidden counts can be worked out exactly" in done.output
    assert "line 5: 1 (202425, Trialshire, SEN provision, EHC plan)" in done.output
    assert run(main, ["audit", str(tmp_path / "none.csv")]).exit_code == 2
    assert run(main, ["audit", str(leaky), "--known-rule", "2..1"]).exit_code == 2
    monkeypatch.chdir(tmp_path)
    without = run(main, ["audit"])  # without a file it is the workspace that is audited, and there is none here
    assert (without.exit_code, "no sendlab.toml" in without.output) == (2, True)


def test_json_has_every_cell_with_its_keys(tmp_path):
    path = written(tmp_path, grouped())
    done = CliRunner().invoke(main, ["audit", str(path), "--json", "--links", SEN_LINK])
    told = json.loads(done.output)
    assert (told["file"], told["links"]) == ("made.csv", [SEN_LINK])
    (indicator,) = told["indicators"]
    assert (indicator["indicator"], indicator["hidden"], indicator["recoverable"]) == ("pupils", 2, 1)
    (cell,) = indicator["cells"]
    assert (cell["la_name"], cell["characteristic"], cell["least"], cell["most"]) == ("Trialshire", "EHC plan", 1, 1)


# --- a published file: suspensions and exclusions by characteristic, to 2016/17

EXPECTED = {"perm_excl": (522, 323), "fixed_excl": (151, 93), "one_plus_fixed": (205, 64), "headcount": (138, 88)}


@pytest.fixture(scope="module")
def exclusions(real_data):
    path = real_data / "exclusions_by_characteristic.csv.gz"
    if not path.is_file():
        absent("exclusions_by_characteristic.csv.gz")
    return path


@pytest.fixture(scope="module")
def by_provision(exclusions):
    return audit_table(exclusions, links=[SEN_LINK])


@pytest.fixture(scope="module")
def by_everything(exclusions):
    return audit_table(exclusions)


def of(audit, indicator):
    (found,) = [one for one in audit.indicators if one.indicator == indicator]
    return found


def levels(audit, found):
    return set(audit.table.keys.sort("at")["level"].gather(found.at))


@pytest.mark.parametrize("indicator", EXPECTED)
def test_sums_over_sen_provision_give_back_what_was_published(by_provision, indicator):
    found = of(by_provision, indicator)
    assert ((found.value == 1).sum(), (found.value == 2).sum()) == EXPECTED[indicator]
    assert found.at.size == sum(EXPECTED[indicator])
    assert levels(by_provision, found) == {"local authority"}


def test_camden_is_among_them(by_provision):
    found, shown = of(by_provision, "perm_excl"), by_provision.table.shown
    rows = shown[found.at].with_columns(pl.Series("value", found.value))
    camden = rows.filter(
        (pl.col("la_name") == "Camden") & (pl.col("time_period") == "201617") & (pl.col("school_type") == "Total")
    )
    assert camden.select("characteristic", "value").rows() == [("SEN provision SEN with statement EHC", 1.0)]


@pytest.mark.parametrize("indicator", EXPECTED)
def test_all_sums_give_back_at_least_as_much_and_only_ones_and_twos(by_provision, by_everything, indicator):
    some, all_of_it = of(by_provision, indicator), of(by_everything, indicator)
    values = dict(zip(all_of_it.at.tolist(), all_of_it.value.tolist(), strict=True))
    assert all(values[at] == value for at, value in zip(some.at.tolist(), some.value.tolist(), strict=True))
    assert all_of_it.at.size > some.at.size
    assert set(values.values()) == {1.0, 2.0}  # what the publisher said it hid; the audit was not told
    assert levels(by_everything, all_of_it) == {"local authority"}  # the nation is rounded


def test_the_publishers_rule_gives_back_more(exclusions, by_provision):
    told = audit_table(exclusions, links=[SEN_LINK], known_rule=(1, 2))
    for indicator in EXPECTED:
        some, more = of(by_provision, indicator), of(told, indicator)
        assert set(some.at.tolist()) <= set(more.at.tolist())
        assert set(more.value) == {1.0, 2.0}


def glpk_problem(sums, low, high):
    """A problem for GLPK; `sums` are lists of (place, weight) that give 0."""
    problem = glpk.glp_create_prob()
    glpk.glp_add_cols(problem, len(low))
    for at, (least, most) in enumerate(zip(low, high, strict=True), 1):
        kind = glpk.GLP_FX if least == most else glpk.GLP_LO if most == inf else glpk.GLP_DB
        glpk.glp_set_col_bnds(problem, at, kind, least, 0.0 if most == inf else most)
    glpk.glp_add_rows(problem, len(sums))
    for row, entries in enumerate(sums, 1):
        glpk.glp_set_row_bnds(problem, row, glpk.GLP_FX, 0.0, 0.0)
        places, weights = glpk.intArray(len(entries) + 1), glpk.doubleArray(len(entries) + 1)
        for entry, (at, weight) in enumerate(entries, 1):
            places[entry], weights[entry] = at + 1, weight
        glpk.glp_set_mat_row(problem, row, len(entries), places, weights)
    return problem


def glpk_ends(problem, goal):
    """Least and most of one number by the exact simplex of GLPK."""
    ends = []
    glpk.glp_set_obj_coef(problem, goal + 1, 1.0)
    for direction in (glpk.GLP_MIN, glpk.GLP_MAX):
        glpk.glp_set_obj_dir(problem, direction)
        assert glpk.glp_exact(problem, None) == 0
        assert glpk.glp_get_status(problem) == glpk.GLP_OPT
        ends.append(glpk.glp_get_obj_val(problem))
    glpk.glp_set_obj_coef(problem, goal + 1, 0.0)
    return ends


def confirm(audit, indicator, entries):
    """How many recovered counts of the entries' rows GLPK confirms, from the file's own numbers and sums; all asked."""
    glpk.glp_term_out(glpk.GLP_OFF)
    found, seen = of(audit, indicator), seen_of(audit)[indicator]
    known = dict(zip(found.at.tolist(), found.value.tolist(), strict=True))
    done = asked = 0
    for _, part in entries.group_by("part", maintain_order=True):
        places = part["at"].unique().sort().to_list()
        goals = [at for at in places if at in known]
        if not goals:
            continue
        column = {at: place for place, at in enumerate(places)}
        sums = [
            list(zip([column[at] for at in one["at"]], one["weight"], strict=True))
            for _, one in part.group_by("sum", maintain_order=True)
        ]
        problem = glpk_problem(sums, seen.low[places].tolist(), seen.high[places].tolist())
        done += sum(glpk_ends(problem, column[at]) == [known[at]] * 2 for at in goals)
        asked += len(goals)
        glpk.glp_delete_prob(problem)
    return done, asked


def seen_of(audit):
    """What the file shows of each count, percentages included."""
    return narrow_by_rates(audit.table, {name: show(audit.table, name, None) for name in audit.table.counts})[0]


def sums_to_rely_on(audit, indicator):
    """Sums of the kinds that hold wherever nothing is hidden, without those that the numbers shown contradict."""
    seen = seen_of(audit)[indicator]
    entries = find_sums(audit.table, of(audit, indicator).links)
    told = pl.DataFrame({"low": seen.low, "high": seen.high, "open": seen.hidden, "absent": seen.absent})
    entries = entries.with_columns(told[entries["at"].to_numpy()])
    no_total = (pl.col("absent") & (pl.col("weight") < 0)).any().over("sum")
    entries = entries.filter(~no_total).filter(~pl.col("absent"))
    ends = [pl.col("weight") * pl.col(end) for end in ("low", "high")]
    least, most = pl.min_horizontal(ends).sum().over("sum"), pl.max_horizontal(ends).sum().over("sum")
    several = ((pl.col("weight") > 0) & (pl.col("low") > 0)).sum().over("sum") > 1
    telling = ~pl.col("open").any().over("sum") & several
    entries = entries.with_columns(possible=(least <= 0) & (most >= 0), telling=telling)
    kinds = entries.filter("telling").unique("sum").group_by("link", "full").agg(pl.col("possible").mean())
    holding = kinds.filter(pl.col("possible") >= 0.98).select("link", "full")
    return entries.join(holding, on=["link", "full"], how="semi").filter("possible")


def in_parts(audit, indicator):
    """The sums in the audit with a `part`: sums that share hidden counts, by way of others too, are of one part."""
    entries = sums_to_rely_on(audit, indicator)
    open_ones = entries.filter(pl.col("low") < pl.col("high"))
    sums, counts = (open_ones[name].rank("dense").cast(pl.Int64).to_numpy() - 1 for name in ("sum", "at"))
    size = int(sums.max()) + 1
    ends = (np.ones(sums.size), (sums, size + counts))
    _, part = connected_components(csr_array(ends, shape=(size + int(counts.max()) + 1,) * 2), directed=False)
    of_sum = pl.DataFrame({"sum": open_ones["sum"], "part": part[sums]}).unique()
    return entries.join(of_sum, on="sum").sort("part", "sum", "at")


@pytest.mark.parametrize("indicator", EXPECTED)
def test_a_second_solver_confirms_every_count(by_provision, indicator):
    table = by_provision.table
    entries = find_sums(table, [SEN_LINK]).with_columns(part=pl.col("sum"))
    assert confirm(by_provision, indicator, entries) == (of(by_provision, indicator).at.size,) * 2


def test_a_second_solver_confirms_counts_with_all_sums(by_everything):
    """Of the first parts with some; the soak asks for every count."""
    entries, found = in_parts(by_everything, "perm_excl"), of(by_everything, "perm_excl")
    some = entries.filter(pl.col("at").is_in(found.at.tolist()))["part"].unique().sort().head(5)
    done, asked = confirm(by_everything, "perm_excl", entries.filter(pl.col("part").is_in(some.implode())))
    assert done == asked > 10
