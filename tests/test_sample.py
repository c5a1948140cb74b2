"""The synthetic authority: both doors show the same world, and what is planted in it can be found."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sendlab import store
from sendlab.build import open_workspace
from sendlab.codes import read_codes, valid_on
from sendlab.errors import SendlabError
from sendlab.ingest import ingest
from sendlab.metrics.cards import cards
from sendlab.pseudonyms import SAMPLE_KEY, pseudonymise
from sendlab.sample import DEFAULT_SEED, tables, truths, write
from sendlab.sample.people import UPN_LETTERS, check_letter
from sendlab.schema import TABLES
from sendlab.workspace import Workspace

COMMITTED = Path(__file__).parents[1] / "data" / "sample"
CENSUSES = {
    "2025_spring": ("202425", "Spring term"),
    "2025_autumn": ("202526", "Autumn term"),
    "2026_spring": ("202526", "Spring term"),
    "2026_autumn": ("202627", "Autumn term"),
}


@pytest.fixture(scope="module")
def world():
    return tables()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("raw")
    write(target)
    return target


def read(folder, name):
    """A written file, all text, as any reader would begin."""
    return pl.read_csv(folder / f"{name}.csv", infer_schema=False)


def whole(column):
    return pl.col(column).cast(pl.Float64)


# ---- the tables themselves


@pytest.mark.parametrize("name", TABLES)
def test_table_is_as_declared(world, name):
    table, frame = TABLES[name], world[name]
    assert dict(frame.schema) == table.polars_schema
    assert frame.height > 0
    assert not frame.select(table.key).is_duplicated().any()
    for column in table.columns:
        if column.required:
            assert frame[column.name].null_count() == 0, column.name
        present = frame[column.name].drop_nulls().unique()
        if column.allowed:
            assert set(present.cast(pl.String)) <= set(column.allowed), column.name
        if column.codes:
            known = {line.code for line in read_codes(column.codes)}
            assert set(present) <= known, column.name
        if column.minimum is not None:
            assert present.min() >= column.minimum, column.name
        if column.maximum is not None:
            assert present.max() <= column.maximum, column.name


def test_upn_letters_follow_the_algorithm(world):
    assert check_letter(np.array([[int(c) for c in "801200001001"]])).tolist() == ["H"]  # worked example: 53 mod 23 = 7
    upns = world["pupils"]["pupil_id"].unique()
    digits = np.array([[int(c) for c in upn[1:]] for upn in upns])
    assert set(upns.str.slice(1, 3)) == {"999"}
    assert (check_letter(digits) == np.array([upn[0] for upn in upns])).all()
    assert len(UPN_LETTERS) == 23


def test_size_and_oddities_of_the_roll(world):
    pupils = world["pupils"]
    january = pupils.filter(term="Spring term", time_period="202425", on_roll=True)
    assert 1450 <= january.filter(pl.col("enrol_status") != "S").height <= 1550
    assert january["school_id"].n_unique() == 8
    dual = january.filter(enrol_status="S").join(january.filter(enrol_status="M"), on="pupil_id")
    assert dual.height == january.filter(enrol_status="S").height > 0
    assert 1 <= january["sen_provision"].null_count() <= 3
    autumn = pupils.filter(term="Autumn term")
    assert autumn["ethnicity"].null_count() == autumn["sen_primary_need"].null_count() == autumn.height
    without_sen = pupils.filter(pl.col("sen_provision") == "N")
    assert without_sen["sen_primary_need"].null_count() == without_sen.height
    assert pupils.filter(pl.col("sen_primary_need") == "NSA")["sen_provision"].unique().to_list() == ["K"]
    # Year 6 goes on: on the roll of a secondary school in October, and among the leavers of a primary school
    october = pupils.filter(term="Autumn term", time_period="202526")
    year_7 = october.filter(nc_year="7", on_roll=True)
    left = october.filter(nc_year="6", on_roll=False)
    assert year_7.join(left, on="pupil_id").height > 60


def test_who_has_attendance(world):
    """Ages 4 to 15 and no boarders; no second half of the summer term for Year 11."""
    pupils = world["pupils"].filter(pl.col("term") == "Spring term")
    attendance = world["attendance"].join(
        pupils.select("pupil_id", "school_id", "time_period", "age_at_31_august", "boarder", "nc_year"),
        on=["pupil_id", "school_id", "time_period"],
    )
    assert attendance["age_at_31_august"].min() == 4
    assert attendance["age_at_31_august"].max() == 15
    assert set(attendance["boarder"]) == {"N"}
    assert attendance.filter(part="second half", nc_year="11").is_empty()
    missed = pl.col("sessions_authorised") + pl.col("sessions_unauthorised")
    assert world["attendance"].filter(missed > pl.col("sessions_possible")).is_empty()


def test_suspensions_cluster_in_few_pupils(world):
    events = world["suspensions"].filter(pl.col("category") == "SUSP", pl.col("start_date") >= date(2024, 9, 1))
    by_pupil = events.group_by("pupil_id").len()["len"]
    assert by_pupil.var() > 2 * by_pupil.mean()
    assert 0.02 < by_pupil.len() / 1500 < 0.15


def test_progress_reference_only_where_there_is_a_baseline(world):
    assert world["progress_reference"]["time_period"].unique().to_list() == ["202526"]
    assert all("invented" in source for source in world["progress_reference"]["source"].unique())
    ks = world["assessments"]
    with_baseline = ks.filter(assessment="KS1")["pupil_id"].unique().implode()
    cohort = ks.filter(assessment="KS2")
    known = cohort.group_by("time_period").agg(share=pl.col("pupil_id").is_in(with_baseline).mean()).sort("time_period")
    assert known["share"][0] == 0
    assert 0.88 < known["share"][1] < 0.98
    below = cohort.filter(outcome="B")
    assert below.height > 0
    assert below["score"].null_count() == below.height
    assert cohort.filter(subject="writing")["score"].null_count() == cohort.filter(subject="writing").height


# ---- the two doors


def test_pupils_of_both_doors_agree(world, folder):
    for prefix, (period, term) in CENSUSES.items():
        here = world["pupils"].filter(time_period=period, term=term)
        for table, on_roll in (("pupilonroll", True), ("pupilnolongeronroll", False)):
            there = read(folder, f"{prefix}_{table}").select(pupil_id="upn", school_id="NativeId")
            expected = here.filter(on_roll=on_roll).select("pupil_id", "school_id")
            assert there.sort(pl.all()).equals(expected.sort(pl.all())), (prefix, table)
        on_roll = read(folder, f"{prefix}_pupilonroll")
        rows = here.filter(on_roll=True)
        assert on_roll["senprovision"].null_count() == rows["sen_provision"].null_count() > 0
        assert on_roll["parttime"].unique().sort().to_list()[0] == "False"


def test_needs_and_free_meals_of_both_doors_agree(world, folder):
    for prefix, (period, term) in CENSUSES.items():
        here = world["pupils"].filter(time_period=period, term=term, on_roll=True)
        ids = read(folder, f"{prefix}_pupilonroll").select("pupilonrolltableid", pupil_id="upn", school_id="NativeId")
        spring = prefix.endswith("spring")
        meals = read(folder, f"{prefix}_{'fsmperiod' if spring else 'fsmperiodsonroll'}").join(
            ids, on="pupilonrolltableid"
        )
        current = meals.filter(pl.col("fsmenddate").is_null()).select("pupil_id", "school_id")
        expected = here.filter(pl.col("fsm_eligible")).select("pupil_id", "school_id")
        assert current.sort(pl.all()).equals(expected.sort(pl.all())), prefix
        if spring:
            needs = read(folder, f"{prefix}_senneeds").join(ids, on="pupilonrolltableid")
            first = needs.filter(sentyperank="1.0").select("pupil_id", "school_id", "sentype").sort(pl.all())
            wanted = here.filter(pl.col("sen_primary_need").is_not_null())
            wanted = wanted.select("pupil_id", "school_id", sentype="sen_primary_need").sort(pl.all())
            assert first.equals(wanted), prefix
        else:
            assert not (folder / f"{prefix}_senneeds.csv").exists()


def reasons_of(folder, prefix, stem, possible_column):
    """Sessions possible and missed of one census, by UPN and school, summed from the reason rows."""
    category = {code: line.notes["category"] for code, line in valid_on("attendance_code", date(2025, 1, 1)).items()}
    parts = []
    for parent, suffix in (("pupilonroll", "onroll"), ("pupilnolongeronroll", "offroll")):
        pupils = read(folder, f"{prefix}_{parent}").select(
            f"{parent}tableid", whole(possible_column).alias("possible"), pupil_id="upn", school_id="NativeId"
        )
        rows = read(folder, f"{prefix}_{stem}{suffix}").with_columns(
            whole("sessions"), kind=pl.col("attendancereason").replace_strict(category)
        )
        sums = rows.group_by(f"{parent}tableid").agg(
            counted=pl.col("sessions").filter(~pl.col("kind").is_in(["not_possible", "administrative"])).sum(),
            sessions_authorised=pl.col("sessions").filter(pl.col("kind") == "authorised").sum(),
            sessions_unauthorised=pl.col("sessions").filter(pl.col("kind") == "unauthorised").sum(),
        )
        joined = pupils.join(sums, on=f"{parent}tableid", how="left").drop(f"{parent}tableid")
        assert joined.filter(pl.col("possible").is_null() != pl.col("counted").is_null()).is_empty()
        parts.append(joined.filter(pl.col("possible").is_not_null()))
    return pl.concat(parts)


@pytest.mark.parametrize(
    ("prefix", "stem", "possible", "where"),
    [
        ("2025_spring", "termlysessiondetails", "termlysessionspossible", ("202425", "Autumn term", "whole term")),
        ("2025_autumn", "termlysessiondetails", "termlysessionspossible", ("202425", "Summer term", "to late May")),
        ("2025_autumn", "summerhalfterm2sessiondetails", "summerhalfterm2sessionspossible",
         ("202425", "Summer term", "second half")),
        ("2026_spring", "termlysessiondetails", "termlysessionspossible", ("202526", "Autumn term", "whole term")),
        ("2026_autumn", "termlysessiondetails", "termlysessionspossible", ("202526", "Summer term", "to late May")),
        ("2026_autumn", "summerhalfterm2sessiondetails", "summerhalfterm2sessionspossible",
         ("202526", "Summer term", "second half")),
    ],
)  # fmt: skip
def test_attendance_of_both_doors_agrees(world, folder, prefix, stem, possible, where):
    there = reasons_of(folder, prefix, stem, possible)
    assert there.filter(pl.col("possible") != pl.col("counted")).is_empty()  # codes D and X left out
    period, term, part = where
    here = world["attendance"].filter(time_period=period, term=term, part=part, basis="reasons")
    columns = ["pupil_id", "school_id", "sessions_possible", "sessions_authorised", "sessions_unauthorised"]
    there = there.rename({"possible": "sessions_possible"}).select(columns).sort(pl.all())
    assert there.equals(here.select(columns).sort(pl.all()))


def test_every_attendance_row_comes_from_one_file(world, folder):
    """Six census parts and the extract of the spring terms make up the whole table."""
    spring = read(folder, "attendance_spring_term")
    here = world["attendance"].filter(term="Spring term")
    assert set(here["basis"]) == {"totals"}
    assert spring.height == here.height
    for name, column in (("Possible Sessions", "sessions_possible"), ("Unauthorised", "sessions_unauthorised")):
        assert spring.select(whole(name)).to_series().sum() == here[column].sum()
    assert set(spring["Academic year"]) == {"2024/25", "2025/26"}


def test_suspensions_of_both_doors_agree_and_repeat(world, folder):
    register = read(folder, "suspension_notifications").select(
        pl.col("UPN").alias("pupil_id"), pl.col("LAESTAB").alias("school_id"),
        pl.col("StartDate").str.to_date("%d/%m/%Y").alias("start_date"), pl.col("Category").alias("category"),
    )  # fmt: skip
    found = []
    for prefix in CENSUSES:
        for parent, suffix in (("pupilonroll", "onroll"), ("pupilnolongeronroll", "offroll")):
            ids = read(folder, f"{prefix}_{parent}").select(f"{parent}tableid", "NativeId", pupil_id="upn")
            rows = read(folder, f"{prefix}_termlyexclusions{suffix}").drop("NativeId").join(ids, on=f"{parent}tableid")
            found.append(rows.select(
                "pupil_id", pl.col("NativeId").alias("school_id"),
                pl.col("startdate").str.to_date("%Y-%b-%d 00:00:00").alias("start_date"), "category",
            ))  # fmt: skip
    census = pl.concat(found)
    here = world["suspensions"].select("pupil_id", "school_id", "start_date", "category")
    together = pl.concat([register, census]).unique()
    assert together.sort(pl.all()).equals(here.sort(pl.all()))
    assert register.height + census.height > here.height  # the same event stands in two files
    assert census.join(register, on=register.columns, how="anti")["start_date"].max() < date(2024, 8, 1)


@pytest.fixture(scope="module")
def ingested(folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("workspace")
    workspace = Workspace(root, "999", "Trialshire (invented)", folder, root / "store", root / "reports", "sample")
    result = ingest(workspace)
    assert (result.exit_status, result.unread, result.problems.height) == (0, [], 0)
    return workspace


@pytest.mark.parametrize("name", TABLES)
def test_ingest_of_the_written_files_gives_the_tables(world, ingested, name):
    table, expected = TABLES[name], world[name]
    if table.pupil_level:
        expected = expected.with_columns(pseudonymise(expected["pupil_id"], SAMPLE_KEY)[0])
    stored = store.read_table(ingested.store, name)
    assert stored.schema == expected.schema
    assert stored.sort(table.key).equals(expected.sort(table.key))


def test_extracts_hold_as_many_rows_as_the_tables(world, folder):
    for name in ("assessments", "interventions", "self_evaluation", "progress_reference"):
        assert read(folder, name).height == world[name].height, name
    scores = read(folder, "assessments")
    assert scores["Score"].null_count() == world["assessments"]["score"].null_count() > 0
    ratings = read(folder, "self_evaluation")
    assert ratings["Now"].null_count() == world["self_evaluation"]["rating_now"].null_count() > 0
    assert ratings.filter(Now="0").height > 0


def test_invented_nation_says_so_and_its_rates_follow_from_its_counts(world, folder):
    for name in ("invented_nation_absence", "invented_nation_suspensions", "invented_nation_ks2"):
        data, meta = read(folder, name), read(folder, f"{name}.meta")
        assert all("Invented" in place for place in data["country_name"])
        assert data.columns[5:] == meta["col_name"].to_list()
    rows = world["benchmarks"]
    assert set(rows["measure"]) <= set(cards())
    quotient = 100 * rows["numerator"] / rows["denominator"]
    assert (quotient - rows["value"]).abs().max() <= 0.5e-5 + 1e-9
    assert set(rows["sen_provision"]) == {"EHC plan", "SEN support", "No SEN", "Total"}


def test_same_seed_same_bytes_and_other_seed_other_bytes(folder, tmp_path):
    again = {path.name: path.read_bytes() for path in write(tmp_path / "again")}
    assert again == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert not any(b"\r" in content for content in again.values())
    other = {path.name: path.read_bytes() for path in write(tmp_path / "other", seed=DEFAULT_SEED + 1)}
    assert other["assessments.csv"] != again["assessments.csv"]
    assert other["truth.json"] == again["truth.json"]


def test_committed_sample_is_the_default_and_small(folder):
    committed = {path.name: path.read_bytes() for path in COMMITTED.iterdir() if path.is_file()}
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    stale = [name for name, content in written.items() if committed.get(name) != content]
    assert stale == []
    assert sum(map(len, written.values())) < 3_000_000


def test_more_schools_and_too_few():
    large = tables(seed=3, schools=16, pupils=3000)
    assert large["schools"].height == 16
    assert large["schools"]["school_id"].n_unique() == large["schools"]["school_urn"].n_unique() == 16
    assert large["schools"]["school_name"].n_unique() == 16
    with pytest.raises(SendlabError, match="too small") as error:
        tables(schools=4, pupils=100)
    assert "at least 8 schools" in str(error.value)


# ---- the planted truths


def test_truth_names_real_measures_places_and_groups(world, folder):
    listed = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    assert listed == truths()
    places = set(world["schools"]["school_urn"]) | {"999"}
    items = set(world["interventions"]["intervention"]) | {"Total"}
    page = (folder / "TRUTH.md").read_text(encoding="utf-8")
    for truth in listed:
        assert truth["measure"] in cards()
        assert truth["place_code"] in places
        assert truth["item"] in items
        assert truth["truth"] in page
    assert {t["truth"]: t["size"] for t in listed}["intervention_works"] == 6


@pytest.fixture(scope="module")
def published(sample_workspace):
    """The published figures of the committed sample, those without a breakdown by need, figures only."""
    return open_workspace(sample_workspace).published().rows.filter(need_area="Total", comparator="")


YEARS = ("202425", "202526")
GROUPS = ("EHC plan", "SEN support", "No SEN", "Total")


@pytest.mark.parametrize(
    ("measure", "groups", "years"),
    [
        ("ks2_rwm_expected", GROUPS, YEARS),
        ("ks2_writing_gap", GROUPS, YEARS),
        ("ks2_reading_progress", GROUPS, YEARS[1:]),
        ("persistent_absence", GROUPS, YEARS),
        ("suspension_rate", GROUPS, YEARS),
    ],
)
def test_figures_of_the_authority_are_published(published, measure, groups, years):
    rows = published.filter(pl.col("time_period").is_in(years), place_code="999", measure=measure, status="")
    assert set(rows.select("time_period", "sen_provision").iter_rows()) >= {(y, g) for y in years for g in groups}


def test_published_figures_show_what_is_planted(published):
    authority = published.filter(place_code="999")
    writing = authority.filter(measure="ks2_writing_gap", sen_provision="SEN support")["value"]
    assert writing.len() == 2
    assert writing.max() < 0
    gains = authority.filter(measure="intervention_gain", status="")
    assert gains.height == 6
    assert gains.filter(item="Story Bridge")["lower"].min() > 0
    others = gains.filter(pl.col("item") != "Story Bridge")
    assert others["lower"].max() < 0 < others["upper"].min()
    shown = published.filter(geographic_level="School", sen_provision="SEN support", status="")
    assert shown.filter(measure="persistent_absence").height >= 4
    assert shown.filter(measure="suspension_rate", place_name="Sample Elm Secondary School")["value"].max() > 80


def january(world, period):
    here = world["pupils"].filter(term="Spring term", time_period=period, on_roll=True)
    return here.filter(pl.col("enrol_status") != "S")


def gain(world, name):
    """Difference in the summer score beside untreated pupils: with the autumn score, and of raw gains."""
    period, table = "202526", world["interventions"].filter(time_period="202526")
    subject = table.filter(intervention=name)["subject"][0]
    tests = world["assessments"].filter(time_period=period, assessment=f"LA {subject} test")
    sittings = tests.with_columns(pre=pl.col("assessed_on").dt.month() == 10)
    both = sittings.filter("pre").join(sittings.filter(~pl.col("pre")), on="pupil_id", suffix="_after")
    others = table.filter(pl.col("intervention") != name)["pupil_id"].implode()
    both = both.join(january(world, period).select("pupil_id", "sen_provision", "nc_year"), on="pupil_id")
    both = both.filter(~pl.col("pupil_id").is_in(others))
    treated = both["pupil_id"].is_in(table.filter(intervention=name)["pupil_id"].implode())
    design = both.select("sen_provision", "nc_year").to_dummies(drop_first=True).cast(pl.Float64).to_numpy()
    design = np.column_stack([np.ones(both.height), treated.cast(pl.Float64), both["score"], design])
    effect = np.linalg.lstsq(design, both["score_after"].to_numpy(), rcond=None)[0][1]
    gained = both.filter(treated)
    return effect, (gained["score_after"] - gained["score"]).mean()


def rate_gap(world, school, code, value):
    """Mean of a value among pupils with a provision at a school, minus that in the rest of the authority."""
    group = value.filter(pl.col("sen_provision") == code)
    here = group["school_id"] == school
    return 100 * (group.filter(here)["value"].mean() - group.filter(~here)["value"].mean())


def seen(world):
    """What the planted truths look like in one world, by the plainest arithmetic."""
    roll = january(world, "202526")
    events = world["suspensions"].filter(
        pl.col("category") != "PERM", pl.col("start_date").is_between(date(2025, 8, 1), date(2026, 7, 31))
    )
    counts = roll.join(events.group_by("pupil_id", "school_id").len("value"), on=["pupil_id", "school_id"], how="left")
    year = (
        world["attendance"].filter(time_period="202526").group_by("pupil_id", "school_id").agg(pl.col("^sess.*$").sum())
    )
    missed = pl.col("sessions_authorised") + pl.col("sessions_unauthorised")
    absent = roll.join(year, on=["pupil_id", "school_id"]).with_columns(
        value=10 * missed >= pl.col("sessions_possible")
    )
    met = (pl.col("score") >= 100).fill_null(False) | pl.col("outcome").is_in(["EXS", "GDS"])
    ks2 = world["assessments"].filter(assessment="KS2").with_columns(met=met)
    support = pl.concat([january(world, p).filter(sen_provision="K") for p in ("202425", "202526")])
    ks2 = ks2.join(support.select("pupil_id", "time_period"), on=["pupil_id", "time_period"])
    by_subject = dict(ks2.group_by("subject").agg(100 * pl.col("met").mean()).iter_rows())
    ratings = world["self_evaluation"].filter(pl.col("rating_now") > 0)
    elm = ratings["school_id"] == "9994001"
    return {
        "suspensions_of_sen_support": rate_gap(
            world, "9994001", "K", counts.with_columns(pl.col("value").fill_null(0))
        ),
        "persistent_absence_of_ehc_plans": rate_gap(world, "9994002", "E", absent),
        "writing_gap_of_sen_support": by_subject["writing"] - (by_subject["reading"] + by_subject["mathematics"]) / 2,
        "ratings_far_above_data": ratings.filter(elm)["rating_now"].mean() - ratings.filter(~elm)["rating_now"].mean(),
        "intervention_works": gain(world, "Story Bridge")[0],
        "intervention_nothing": gain(world, "Number Frames")[0],
        "intervention_regression": gain(world, "Reading Catch-up")[0],
        "raw gain": gain(world, "Reading Catch-up")[1],
    }


def test_planted_truths_are_found_over_seeds():
    """The mean over eight seeds lies within three standard errors of what truth.json says."""
    rows = [seen(tables(seed)) for seed in range(1, 9)]
    mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    for truth in truths():
        if truth["size"] is not None:
            margin = 3 * truth["seed_sd"] / len(rows) ** 0.5
            assert abs(mean[truth["truth"]] - truth["size"]) < margin, truth["truth"]
    assert mean["raw gain"] > 3  # it looks as if it worked


def test_default_sample_shows_its_truths(world):
    shown = seen(world)
    assert shown["suspensions_of_sen_support"] > 40
    assert shown["persistent_absence_of_ehc_plans"] > 10
    assert shown["writing_gap_of_sen_support"] < -5
    assert shown["ratings_far_above_data"] > 2
    assert shown["intervention_works"] > 3
    assert abs(shown["intervention_nothing"]) < 3.5
    assert abs(shown["intervention_regression"]) < 3.5
    assert shown["raw gain"] > 2.5
