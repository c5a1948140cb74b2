"""The synthetic authority: both doors show the same world, and what is planted in it can be found."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hand_made import ELM

from sendlab import store
from sendlab.build import open_workspace
from sendlab.codes import read_codes, valid_on
from sendlab.errors import SendlabError
from sendlab.ingest import ingest
from sendlab.metrics.cards import cards
from sendlab.metrics.sef.raters import rater_spread
from sendlab.pseudonyms import SAMPLE_KEY, pseudonymise
from sendlab.sample import DEFAULT_SEED, tables, truths, write
from sendlab.sample.people import UPN_LETTERS, check_letter, make_schools
from sendlab.schema import TABLES
from sendlab.sources.folder import read_files
from sendlab.workspace import find_workspace

COMMITTED = Path(__file__).parents[1] / "data" / "sample"
CENSUSES = {
    "2024_spring": ("202324", "Spring term"),
    "2024_summer": ("202324", "Summer term"),
    "2024_autumn": ("202425", "Autumn term"),
    "2025_spring": ("202425", "Spring term"),
    "2025_autumn": ("202526", "Autumn term"),
    "2026_spring": ("202526", "Spring term"),
    "2026_autumn": ("202627", "Autumn term"),
}
ROLLS = (("pupilonroll", "onroll", True), ("pupilnolongeronroll", "offroll", False))
YEARS = ("202324", "202425", "202526")
NOT_IN_MEMORY = ("sessions", "coverage", "school_figures")  # too long to hold; made by ingest; not in the sample
FOR_TRUTHS = ("pupils", "attendance", "suspensions", "assessments", "interventions", "self_evaluation")


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


def read_census(folder, prefix, table):
    """One blade table of a census, the exports of maintained schools and academies stacked; null where there is none.

    Ids hold within one export only, so they are told apart.
    """
    parts = []
    for export in ("", "_maintained", "_academies"):
        if (folder / f"{prefix}{export}_{table}.csv").exists():
            rows = read(folder, f"{prefix}{export}_{table}")
            parts.append(rows.with_columns(pl.col("^.*tableid$") + export))
    return pl.concat(parts) if parts else None


def whole(column):
    return pl.col(column).cast(pl.Float64)


# ---- the tables themselves


@pytest.mark.parametrize("name", [name for name in TABLES if name not in NOT_IN_MEMORY])
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
        if column.minimum is not None and present.len():
            assert present.min() >= column.minimum, column.name
        if column.maximum is not None and present.len():
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
    nursery = pupils["school_id"] == "9991002"
    for year in YEARS:
        january = pupils.filter(~nursery).filter(term="Spring term", time_period=year, on_roll=True)
        assert 1440 <= january.filter(pl.col("enrol_status") != "S").height <= 1560
        assert january["school_id"].n_unique() == 8
        dual = january.filter(enrol_status="S").join(january.filter(enrol_status="M"), on="pupil_id")
        assert dual.height == january.filter(enrol_status="S").height > 0
        assert 1 <= january["sen_provision"].null_count() <= 3
    without_need = pupils.filter(pl.col("term") != "Spring term")
    assert (
        without_need["ethnicity"].null_count() == without_need["sen_primary_need"].null_count() == without_need.height
    )
    without_sen = pupils.filter(pl.col("sen_provision") == "N")
    assert without_sen["sen_primary_need"].null_count() == without_sen.height
    assert pupils.filter(pl.col("sen_primary_need") == "NSA")["sen_provision"].unique().to_list() == ["K"]
    # Year 6 goes on: on the roll of a secondary school in October, and among the leavers of a primary school
    october = pupils.filter(term="Autumn term", time_period="202526")
    year_7 = october.filter(nc_year="7", on_roll=True)
    left = october.filter(nc_year="6", on_roll=False)
    assert year_7.join(left, on="pupil_id").height > 60


def test_nursery_school(world):
    """Two and three on 31 August, part-time, without attendance; some go on to Reception at a primary school."""
    there = world["pupils"].filter(school_id="9991002", on_roll=True)
    assert set(there["nc_year"]) == {"N1", "N2"} and set(there["age_at_31_august"]) == {2, 3}
    assert there["part_time"].all()
    assert world["attendance"].filter(school_id="9991002").is_empty()
    later = world["pupils"].filter(nc_year="R", on_roll=True).join(there, on="pupil_id", how="semi")
    assert 3 <= later["pupil_id"].n_unique() <= 60


def test_a_school_becomes_an_academy(world, folder):
    """A new URN and type from 1 April 2025, the same LAESTAB, and pupils who stay."""
    now = world["schools"].filter(school_id="9992004")["school_urn"].item()
    urns = {
        prefix: read_census(folder, prefix, "schoolcensus").filter(NativeId="9992004")["urn"].item()
        for prefix in CENSUSES
    }
    *early, third, second, last = urns.values()  # censuses in order: the last three are after it
    assert {third, second, last} == {now}
    before = set(early)
    assert len(before) == 1 and before != {now}
    links = world["school_links"].filter(link_type="Predecessor")
    assert links.select("school_urn", "link_urn").rows() == [(now, before.pop())]
    assert set(read(folder, "2025_autumn_academies_school")["governance"]) == {"CA"}
    assert "CA" not in set(read(folder, "2025_autumn_maintained_school")["governance"])


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
    events = world["suspensions"].filter(pl.col("category") == "SUSP", pl.col("start_date") >= date(2025, 9, 1))
    by_pupil = events.group_by("pupil_id").len()["len"]
    everyone = pl.concat([by_pupil, pl.Series("len", [0] * (1500 - by_pupil.len()), dtype=by_pupil.dtype)])
    assert everyone.var() > 3 * everyone.mean()  # events scattered over pupils by chance would give 1
    assert 0.02 < by_pupil.len() / 1500 < 0.15


def test_progress_only_where_there_is_a_baseline(world):
    """KS1 stands behind KS2 in 2025/26 only, KS2 behind Attainment 8 in 2023/24 only."""
    reference = world["progress_reference"].select("time_period", "subject").unique().sort(pl.all())
    assert reference.rows() == [("202324", "attainment 8"), ("202526", "mathematics"), ("202526", "reading")]
    assert all("invented" in source for source in world["progress_reference"]["source"].unique())
    ks = world["assessments"]
    for stage, before, year in (("KS2", "KS1", "202526"), ("KS4", "KS2", "202324")):
        base = ks.filter(pl.col("is_baseline").fill_null(False), assessment=before)["pupil_id"].unique()
        cohort = ks.filter(pl.col("time_period").is_in(YEARS), assessment=stage)
        known = cohort.group_by("time_period").agg(share=pl.col("pupil_id").is_in(base.implode()).mean())
        shares = dict(known.iter_rows())
        assert 0.8 < shares.pop(year) < 0.98
        assert set(shares.values()) == {0.0} and len(shares) == 2
    cohort = ks.filter(pl.col("time_period").is_in(YEARS), assessment="KS2")
    below = cohort.filter(outcome="B")
    assert below.height > 0
    assert below["score"].null_count() == below.height
    assert cohort.filter(subject="writing")["score"].null_count() == cohort.filter(subject="writing").height
    points = ks.filter(assessment="KS4")
    assert points["score"].is_between(0, 90).all() and set(points["scale"]) == {"points"}


def test_register_codes_follow_their_dates(world):
    """H and J end, and C1, C2, J1 and K begin, on 19 August 2024."""
    codes = world["attendance_codes"].group_by("time_period").agg(pl.col("attendance_code").unique())
    by_year = {year: set(found) for year, found in codes.iter_rows()}
    new = {"C1", "C2", "J1", "K"}
    assert {"H", "J"} <= by_year["202324"] and not by_year["202324"] & new
    assert not by_year["202526"] & {"H", "J"} and new <= by_year["202526"] | by_year["202425"]
    for year, found in by_year.items():
        assert found <= set(valid_on("attendance_code", date(int(year[:4]), 11, 1)))


def test_fewer_years_are_the_same_rows_without_the_older_ones(world):
    for years in (1, 2):
        fewer = tables(years=years, only=FOR_TRUTHS)
        for name, few in fewer.items():
            assert 0 < few.height < world[name].height
            # of October 2023/24, say, no census is left that tells of it
            assert few.join(world[name], on=few.columns, how="anti", nulls_equal=True).is_empty(), name
        assert fewer["attendance"]["time_period"].min() == YEARS[-years]
        assert fewer["pupils"]["time_period"].min() == YEARS[-years]
    with pytest.raises(SendlabError, match="1 to 3 years"):
        tables(years=4)


# ---- the two doors


def test_pupils_of_both_doors_agree(world, folder):
    for prefix, (period, term) in CENSUSES.items():
        here = world["pupils"].filter(time_period=period, term=term)
        for table, _, on_roll in ROLLS:
            there = read_census(folder, prefix, table).select(pupil_id="upn", school_id="NativeId")
            expected = here.filter(on_roll=on_roll).select("pupil_id", "school_id")
            assert there.sort(pl.all()).equals(expected.sort(pl.all())), (prefix, table)
        on_roll = read_census(folder, prefix, "pupilonroll")
        rows = here.filter(on_roll=True)
        assert on_roll["senprovision"].null_count() == rows["sen_provision"].null_count() > 0
        assert on_roll["parttime"].unique().sort().to_list()[0] == "False"


def test_needs_and_free_meals_of_both_doors_agree(world, folder):
    for prefix, (period, term) in CENSUSES.items():
        here = world["pupils"].filter(time_period=period, term=term, on_roll=True)
        ids = read_census(folder, prefix, "pupilonroll").select("pupilonrolltableid", "NativeId", pupil_id="upn")
        ids = ids.rename({"NativeId": "school_id"})
        spring = prefix.endswith("spring")
        table = "fsmperiodsonroll" if prefix.endswith("autumn") else "fsmperiod"
        meals = read_census(folder, prefix, table).join(ids, on="pupilonrolltableid")
        current = meals.filter(pl.col("fsmenddate").is_null()).select("pupil_id", "school_id")
        expected = here.filter(pl.col("fsm_eligible")).select("pupil_id", "school_id")
        assert current.sort(pl.all()).equals(expected.sort(pl.all())), prefix
        if spring:
            needs = read_census(folder, prefix, "senneeds").join(ids, on="pupilonrolltableid")
            first = needs.filter(sentyperank="1.0").select("pupil_id", "school_id", "sentype").sort(pl.all())
            wanted = here.filter(pl.col("sen_primary_need").is_not_null())
            wanted = wanted.select("pupil_id", "school_id", sentype="sen_primary_need").sort(pl.all())
            assert first.equals(wanted), prefix
        else:
            assert read_census(folder, prefix, "senneeds") is None


def reasons_of(folder, prefix, stem):
    """Sessions possible and missed of one census part, by UPN and school: totals where given, and sums of reasons."""
    year = 2023 if prefix.startswith("2024") else 2024
    category = {code: line.notes["category"] for code, line in valid_on("attendance_code", date(year, 11, 1)).items()}
    kinds = {"authorised": "sessions_authorised", "unauthorised": "sessions_unauthorised"}
    parts = []
    for parent, suffix, _ in ROLLS:
        pupils = read_census(folder, prefix, parent)
        given = {kind: f"{stem}sessions{kind}" for kind in kinds if f"{stem}sessions{kind}" in pupils.columns}
        assert len(given) == (2 if prefix.startswith("2024") else 0)
        pupils = pupils.select(
            f"{parent}tableid", whole(f"{stem}sessionspossible").alias("sessions_possible"), pupil_id="upn",
            school_id="NativeId", **{f"given_{kind}": whole(name) for kind, name in given.items()},
        )  # fmt: skip
        rows = read_census(folder, prefix, f"{stem}sessiondetails{suffix}").with_columns(
            whole("sessions"), kind=pl.col("attendancereason").replace_strict(category)
        )
        sums = rows.group_by(f"{parent}tableid").agg(
            counted=pl.col("sessions").filter(~pl.col("kind").is_in(["not_possible", "administrative"])).sum(),
            **{name: pl.col("sessions").filter(pl.col("kind") == kind).sum() for kind, name in kinds.items()},
        )
        joined = pupils.join(sums, on=f"{parent}tableid", how="left").drop(f"{parent}tableid")
        assert joined.filter(pl.col("sessions_possible").is_null() != pl.col("counted").is_null()).is_empty()
        for kind in given:
            assert joined.filter(pl.col(f"given_{kind}") != pl.col(kinds[kind])).is_empty()
        parts.append(joined.filter(pl.col("sessions_possible").is_not_null()))
    return pl.concat(parts)


@pytest.mark.parametrize(
    ("prefix", "stem", "where"),
    [
        ("2024_spring", "termly", ("202324", "Autumn term", "whole term")),
        ("2024_summer", "termly", ("202324", "Spring term", "whole term")),
        ("2024_autumn", "termly", ("202324", "Summer term", "to late May")),
        ("2024_autumn", "summerhalfterm2", ("202324", "Summer term", "second half")),
        ("2025_spring", "termly", ("202425", "Autumn term", "whole term")),
        ("2025_autumn", "termly", ("202425", "Summer term", "to late May")),
        ("2025_autumn", "summerhalfterm2", ("202425", "Summer term", "second half")),
        ("2026_spring", "termly", ("202526", "Autumn term", "whole term")),
        ("2026_autumn", "termly", ("202526", "Summer term", "to late May")),
        ("2026_autumn", "summerhalfterm2", ("202526", "Summer term", "second half")),
    ],
)
def test_attendance_of_both_doors_agrees(world, folder, prefix, stem, where):
    there = reasons_of(folder, prefix, stem)
    assert there.filter(pl.col("sessions_possible") != pl.col("counted")).is_empty()  # codes D and X left out
    period, term, part = where
    here = world["attendance"].filter(time_period=period, term=term, part=part)
    assert set(here["basis"]) == {"totals" if prefix.startswith("2024") else "reasons"}
    columns = ["pupil_id", "school_id", "sessions_possible", "sessions_authorised", "sessions_unauthorised"]
    assert there.select(columns).sort(pl.all()).equals(here.select(columns).sort(pl.all()))


def test_every_attendance_row_comes_from_one_file(world, folder):
    """Ten census parts and the extract of two spring terms make up the whole table."""
    spring = read(folder, "attendance_spring_term")
    here = world["attendance"].filter(pl.col("time_period") > "202324", term="Spring term")
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
        for parent, suffix, _ in ROLLS:
            ids = read_census(folder, prefix, parent).select(f"{parent}tableid", "NativeId", pupil_id="upn")
            rows = read_census(folder, prefix, f"termlyexclusions{suffix}")
            if rows is None:
                continue
            rows = rows.drop("NativeId").join(ids, on=f"{parent}tableid")
            found.append(rows.select(
                "pupil_id", pl.col("NativeId").alias("school_id"),
                pl.col("startdate").str.to_date("%Y-%b-%d 00:00:00").alias("start_date"), "category",
            ))  # fmt: skip
    census = pl.concat(found)
    here = world["suspensions"].select("pupil_id", "school_id", "start_date", "category")
    together = pl.concat([register, census]).unique()
    assert together.sort(pl.all()).equals(here.sort(pl.all()))
    assert register.height + census.height > here.height  # the same event stands in two files
    assert census.join(register, on=register.columns, how="anti")["start_date"].max() < date(2023, 8, 1)


@pytest.fixture(scope="module")
def ingested(sample_workspace):
    """The committed files, which are those that are written (below), as they were ingested."""
    workspace = find_workspace(sample_workspace)
    result = ingest(workspace)
    assert (result.exit_status, result.unread) == (0, [])
    assert result.problems.filter(pl.col("severity") == "error").is_empty()
    return workspace


@pytest.mark.parametrize("name", [name for name in TABLES if name not in NOT_IN_MEMORY])
def test_ingest_of_the_written_files_gives_the_tables(world, ingested, name):
    table, expected = TABLES[name], world[name]
    if table.pupil_level:
        expected = expected.with_columns(pseudonymise(expected["pupil_id"], SAMPLE_KEY)[0])
    stored = store.read_table(ingested.store, name)
    kept = [column for column in expected.columns if column in stored.columns and column not in table.restricted]
    assert set(expected.columns) - set(kept) <= set(table.restricted)
    if name == "attendance_codes":  # ingest adds the terms that only registers have
        stored = stored.join(expected, on=table.key, how="semi")
    assert stored.sort(table.key).select(kept).equals(expected.sort(table.key).select(kept))


def test_extracts_hold_as_many_rows_as_the_tables(world, folder):
    for name in ("interventions", "intervention_catalogue", "progress_reference"):
        assert read(folder, name).height == world[name].height, name
    stages, tests = read(folder, "key_stages"), pl.read_parquet(folder / "standardised_tests.parquet")
    assert stages.height + tests.height == world["assessments"].height
    assert stages["Score"].null_count() == world["assessments"]["score"].null_count() > 0
    ratings, agreed = read(folder, "self_evaluation"), world["self_evaluation"].filter(rater="agreed")
    assert ratings.height == agreed.height - 45  # one school's last round comes as the form
    assert 0 < ratings["Now"].null_count() <= agreed["rating_now"].null_count()
    assert ratings.filter(Now="0").height > 0
    programmes = world["interventions"]
    assert 0 < programmes["exit_score"].null_count() < programmes.height / 5
    assert set(programmes["intervention"]) == set(world["intervention_catalogue"]["intervention"])


def test_rounds_of_ratings_are_four_months_apart_and_one_school_has_several_raters(world, folder):
    ratings = world["self_evaluation"]
    assert ratings["rated_on"].unique().sort().to_list() == [
        date(2023, 11, 17), date(2024, 3, 15), date(2024, 11, 15), date(2025, 3, 14), date(2025, 11, 14),
        date(2026, 3, 13),
    ]  # fmt: skip
    single = ratings.filter(pl.col("rater") != "agreed")
    assert single["school_id"].n_unique() == 1 and single["rater_number"].n_unique() == 8
    seen = rater_spread(single, pl.DataFrame([{**ELM, "school_id": single["school_id"][0]}]), la_code="999", la_name="")
    seen = seen.filter(pl.col("item").str.len_chars() == 2, geographic_level="School").sort("value", nulls_last=False)
    assert seen["item"][-1] == "L4" and seen["value"][-1] > seen["value"][-2] >= seen["value"].median() + 1
    raw = read_files([folder / "self-evaluation-9992002.xlsx", folder / "self_evaluation_survey.csv"])
    assert not raw.unread and raw.all_problems.is_empty()
    assert raw.table("self_evaluation").height == 45 + single.height


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
    texts = [content for name, content in again.items() if name.startswith("20") or name.endswith((".md", ".json"))]
    assert not any(b"\r" in content for content in texts)
    other = {path.name: path.read_bytes() for path in write(tmp_path / "other", seed=DEFAULT_SEED + 1)}
    assert other["key_stages.csv"] != again["key_stages.csv"]
    assert other["truth.json"] == again["truth.json"]


def test_committed_sample_is_the_default_and_small(folder):
    committed = {path.name: path.read_bytes() for path in COMMITTED.iterdir() if path.is_file()}
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    stale = [name for name, content in written.items() if committed.get(name) != content]
    assert stale == []
    assert sum(map(len, written.values())) <= 8_000_000


def test_more_schools_and_too_few():
    large = tables(seed=3, schools=18, pupils=3000, only=["schools", "pupils"])
    assert large["schools"].height == 18
    for column in ("school_id", "school_urn", "school_name"):
        assert large["schools"][column].n_unique() == 18
    assert large["schools"]["school_id"].str.starts_with("999").all()
    with pytest.raises(SendlabError, match="too small") as error:
        tables(schools=4, pupils=100)
    assert "at least 8 schools" in str(error.value)


def test_places_of_the_largest_sample_are_unique():
    schools = make_schools(400, 120_000)
    for column in ("school_id", "school_urn", "school_name"):
        assert schools[column].n_unique() == 400
    assert schools["school_id"].str.contains(r"^999\d{4}$").all()
    assert 119_500 < schools.filter(pl.col("kind") != "nursery")["size"].sum() < 120_500


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
    by_name = {truth["truth"]: truth for truth in listed}
    assert by_name["intervention_works"]["effect"] == by_name["intervention_works"]["size"] == 6
    assert (
        by_name["intervention_hidden_trait_nothing"]["effect"]
        == 0
        < by_name["intervention_hidden_trait_nothing"]["size"]
    )
    latest = truths(years=1)
    assert {period for truth in latest for period in truth["time_periods"]} == {"202526"}
    assert "no_progress_measure_before_2025_26" not in {truth["truth"] for truth in latest}


@pytest.fixture(scope="module")
def published(sample_workspace):
    """The published figures of the committed sample, those without a breakdown by need, figures only."""
    return open_workspace(sample_workspace).published().rows.filter(need_area="Total", comparator="")


GROUPS = ("EHC plan", "SEN support", "No SEN", "Total")


@pytest.mark.parametrize(
    ("measure", "groups", "years"),
    [
        ("ks2_rwm_expected", GROUPS[2:], YEARS),
        ("ks2_writing_gap", GROUPS, YEARS),
        ("ks2_reading_progress", GROUPS[2:], YEARS[2:]),  # one pupil on SEN support has no starting point
        ("persistent_absence", GROUPS, YEARS[1:]),
        ("suspension_rate", GROUPS[2:], YEARS),
    ],
)
def test_figures_of_the_authority_are_published(published, measure, groups, years):
    rows = published.filter(pl.col("time_period").is_in(years), place_code="999", measure=measure)
    rows = rows.filter(pl.col("status").is_in(["", "u"]), pl.col("value").is_not_null())
    assert set(rows.select("time_period", "sen_provision").iter_rows()) >= {(y, g) for y in years for g in groups}


def test_published_figures_show_what_is_planted(published):
    authority = published.filter(pl.col("time_period").is_in(YEARS), place_code="999")
    writing = authority.filter(measure="ks2_writing_gap", sen_provision="SEN support")["value"]
    assert writing.len() == 3
    assert writing.mean() < -4  # one year's figure is a rough one
    gains = authority.filter(measure="intervention_gain", status="")
    assert gains.height == 3 * 5 + 2 * 2  # whole schools begin a year later
    assert gains.filter(item="Story Bridge")["lower"].min() > 0
    nothing = gains.filter(pl.col("item").is_in(["Number Frames", "Reading Catch-up"]))
    assert (nothing["lower"] < 0).sum() >= 5 and (nothing["upper"] > 0).all()
    shown = published.filter(geographic_level="School", sen_provision="SEN support", status="")
    assert shown.filter(measure="persistent_absence").height >= 4
    assert shown.filter(measure="suspension_rate", place_name="Sample Elm Secondary School")["value"].max() > 80


def test_the_nursery_school_has_nobody_with_attendance_and_is_not_said_to_owe_it(published):
    here = published.filter(place_name="Sample Ivy Nursery School")
    absence = here.filter(measure="persistent_absence")
    assert set(absence["time_period"]) == set(YEARS)
    assert absence.select("status", "base_subjects", "note").unique().rows() == [
        ("z", 0, "no pupils with attendance data in this group")
    ]
    rolls = here.filter(measure="suspension_rate", sen_provision="Total")
    assert rolls.height == 3 and rolls["base_subjects"].min() > 20


def january(world, period):
    here = world["pupils"].filter(term="Spring term", time_period=period, on_roll=True)
    return here.filter(pl.col("enrol_status") != "S")


def gain(world, name):
    """Difference in the summer score beside untreated pupils: with the autumn score, and of raw gains."""
    period, table = "202526", world["interventions"].filter(time_period="202526")
    subject = table.filter(intervention=name)["subject"][0]
    tests = world["assessments"].filter(time_period=period, assessment="LA test", subject=subject)
    sittings = tests.with_columns(pre=pl.col("assessed_on").dt.month() == 10)
    both = sittings.filter("pre").join(sittings.filter(~pl.col("pre")), on="pupil_id", suffix="_after")
    others = table.filter(pl.col("intervention") != name, subject=subject)["pupil_id"].implode()
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
    ks2 = world["assessments"].filter(pl.col("time_period").is_in(YEARS), assessment="KS2").with_columns(met=met)
    support = pl.concat([january(world, p).filter(sen_provision="K") for p in YEARS])
    ks2 = ks2.join(support.select("pupil_id", "time_period"), on=["pupil_id", "time_period"])
    by_subject = dict(ks2.group_by("subject").agg(100 * pl.col("met").mean()).iter_rows())
    ratings = world["self_evaluation"].filter(pl.col("rating_now") > 0)
    rated = {school: ratings["school_id"] == school for school in ("9994001", "9992001")}
    apart = {
        school: ratings.filter(here)["rating_now"].mean() - ratings.filter(~here)["rating_now"].mean()
        for school, here in rated.items()
    }
    return {
        "suspensions_of_sen_support": rate_gap(
            world, "9994001", "K", counts.with_columns(pl.col("value").fill_null(0))
        ),
        "persistent_absence_of_ehc_plans": rate_gap(world, "9994002", "E", absent),
        "writing_gap_of_sen_support": by_subject["writing"] - (by_subject["reading"] + by_subject["mathematics"]) / 2,
        "ratings_far_above_data": apart["9994001"],
        "ratings_far_below_data": apart["9992001"],
        **{truth["truth"]: gain(world, truth["item"])[0] for truth in truths() if truth["effect"] is not None},
        "raw gain": gain(world, "Reading Catch-up")[1],
    }


def informal(world):
    """Share of possible sessions under C2, C and B, and of pupils suspended, with SEN and SEMH: at Fir and at Elm."""
    roll = january(world, "202526").filter(pl.col("sen_primary_need") == "SEMH")
    codes = world["attendance_codes"].filter(time_period="202526").join(roll, on=["pupil_id", "school_id"], how="semi")
    events = world["suspensions"].filter(pl.col("start_date") >= date(2025, 9, 1))
    found = {}
    for school in ("9994002", "9994001"):
        here = codes.filter(school_id=school)
        marked = here.filter(pl.col("attendance_code").is_in(["C2", "C", "B"]))["sessions"].sum()
        pupils = roll.filter(school_id=school)
        found[school] = marked / here["sessions"].sum(), pupils["pupil_id"].is_in(events["pupil_id"].implode()).mean()
    return found["9994002"], found["9994001"]


def test_planted_truths_are_found_over_seeds():
    """The mean over eight seeds lies within three standard errors of what truth.json says."""
    rows = [seen(tables(seed, only=FOR_TRUTHS)) for seed in range(1, 9)]
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
    assert shown["ratings_far_below_data"] < -2


def test_registers_hide_informal_exclusion(world):
    """Many afternoons under C2, C and B and hardly a suspension at one school; the other way round at the next."""
    (marked, suspended), (usual, suspended_there) = informal(world)
    assert marked > 0.1 > 5 * usual
    assert suspended < 0.2 < suspended_there
