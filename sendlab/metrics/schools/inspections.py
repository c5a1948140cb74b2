"""Inspections: three eras of judgements that are never mapped on one another, and the outcome of area inspections.

To August 2024 a school had one overall grade; to 9 November 2025 key judgements without an overall grade; since then a
report card of areas on a five-point scale. Which era a grade belongs to follows from its code and its day
(codes/inspection_grade.csv); a grade that its day does not know stays as it is and is counted in nothing.
"""

from datetime import date

import polars as pl

from sendlab.codes import read_codes
from sendlab.cohort import with_places
from sendlab.coverage import period_of_date
from sendlab.metrics.cards import card
from sendlab.metrics.grouping import LA, SCHOOL, either_kind
from sendlab.metrics.plain import of_the_la
from sendlab.metrics.recipes import EVERYBODY, Recipe, Share
from sendlab.schema.groups import FULL_YEAR, TOTAL
from sendlab.schema.measures import as_measures, no_measures

OVERALL, SAFEGUARDING = "overall effectiveness", "safeguarding"
GRADED, KEY_JUDGEMENTS, REPORT_CARD, AREA_SEND = "1", "2", "3", "area SEND inspection"
GOOD = 2  # 1 outstanding, 2 good: eras to November 2025
EXPECTED = 3  # 1 exceptional, 2 strong, 3 expected standard: report cards
WORDS = {GRADED: "overall grade, to August 2024", KEY_JUDGEMENTS: "key judgement, to November 2025",
         REPORT_CARD: "report card", AREA_SEND: "area SEND inspection"}  # fmt: skip
REVIEW = "review"
DAYS_A_YEAR = 365.25


@either_kind
def inspected_schools(
    inspections: pl.DataFrame, places: pl.DataFrame, *, as_of: date | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Shares of the LA's schools by their last judgement up to `as_of` (default: the last inspection held).

    `schools_at_least_good`: of schools with an overall grade (era to August 2024), the note telling how old the grades
    are; `key_judgements_good`: good or better by area (`item`); `report_card_expected`: at the expected standard or
    above by area, `inclusion` among them; `safeguarding_met`. Rows of the LA alone; Wilson; `eligible_subjects` counts
    all schools of `places` (facts, or places with la_code and la_name). A "good" of one era is no "expected" of
    another. Source: Ofsted, state-funded schools inspection handbook (2024) and toolkits (2025).
    """
    day = _day(inspections, as_of)
    known, schools = judged(inspections, day), listed_schools(places).with_columns(pl.lit(day).alias("day"))
    if known.is_empty():
        return no_measures()
    parts = [
        _shares(known, schools, GRADED, GOOD, "schools_at_least_good", confidence, area=OVERALL),
        _shares(known, schools, KEY_JUDGEMENTS, GOOD, "key_judgements_good", confidence),
        _shares(known, schools, REPORT_CARD, EXPECTED, "report_card_expected", confidence),
        _safeguarding(known, schools, confidence),
    ]
    return _with_ages(pl.concat(parts), known, day)


@either_kind
def inspection_grades(inspections: pl.DataFrame, places: pl.DataFrame, *, as_of: date | None = None) -> pl.DataFrame:
    """Each school's last judgement by area, and the last outcome of the area's own SEND inspection.

    `inspection_grade`: the place on its own scale, 1 the best; the note holds the words, the era, the day and the age.
    A grade without a scale (safeguarding met) has no number (z); one that its day does not know stays as it is (x).
    `area_send_outcome`: 1 to 3, of the LA. No interval: a judgement is no sample.
    """
    rows = _in_force(_with_eras(inspections, as_of))
    if rows.is_empty():
        return no_measures()
    la = (rows["era"] == AREA_SEND).fill_null(False)
    day = _day(inspections, as_of)
    schools = with_places(rows.filter(~la), places).filter(
        pl.col("school_id").is_in(places["school_id"].unique().to_list())
    )
    own = _grade_rows(schools, "inspection_grade", SCHOOL, day)
    area = with_places(rows.filter(la), places).with_columns(
        pl.col("la_code").alias("place_code"), pl.col("la_name").alias("place_name"),
        pl.lit(TOTAL).alias("education_phase"), pl.lit(TOTAL).alias("judgement_area"),
    ).sort("inspected_on").tail(1)  # fmt: skip
    return pl.concat([own, _grade_rows(area, "area_send_outcome", LA, day)])


@either_kind
def reviewed_schools(inspections: pl.DataFrame, places: pl.DataFrame, *, confidence: float = 0.95) -> pl.DataFrame:
    """Schools with a review of their own or the LA's in the year, per 100 schools; years with any review, LA alone."""
    reviews = inspections.filter(pl.col("framework") == REVIEW).with_columns(
        period_of_date("inspected_on").alias("time_period")
    )
    held = reviews.group_by("school_id", "time_period").agg(pl.col("inspected_on").max().alias("data_to"))
    base = listed_schools(places).join(held.select("time_period").unique(), how="cross").join(
        held, on=["school_id", "time_period"], how="left"
    )  # fmt: skip
    recipe = Share("schools_reviewed", feature=pl.col("data_to").is_not_null())
    base = base.with_columns(pl.lit(FULL_YEAR).alias("time_identifier"))
    return of_the_la(base, [recipe], confidence=confidence)


def judged(inspections: pl.DataFrame, as_of: date | None = None) -> pl.DataFrame:
    """The last known grade of each school, era and area up to a day, with `era` and `order` (place on the scale)."""
    rows = _with_eras(inspections, as_of).filter(pl.col("era").is_not_null())
    return _in_force(rows, "era")


def _with_eras(inspections: pl.DataFrame, as_of: date | None) -> pl.DataFrame:
    """Graded rows up to a day with era, order and words of the code that was valid on their day."""
    lines = pl.DataFrame(
        [(line.code, line.notes["era"], int(line.notes.get("order", 0)) or None, line.label,
          line.valid_from or date.min, line.valid_to or date.max) for line in read_codes("inspection_grade")],
        schema={"grade": pl.String, "era": pl.String, "order": pl.Int64, "label": pl.String, "from": pl.Date,
                "to": pl.Date}, orient="row",
    )  # fmt: skip
    rows = inspections.filter(
        pl.col("grade").is_not_null() & (pl.col("framework") != REVIEW).fill_null(True)
        & (pl.col("inspected_on") <= _day(inspections, as_of))
    ).with_row_index("row")  # fmt: skip
    valid = rows.join(lines, on="grade").filter(pl.col("inspected_on").is_between("from", "to"))
    return rows.join(valid.select("row", "era", "order", "label"), on="row", how="left").drop("row")


def _in_force(rows: pl.DataFrame, *more: str) -> pl.DataFrame:
    """The latest row of each school and area."""
    key = ["school_id", "judgement_area", *more]
    return rows.sort("inspected_on").unique(key, keep="last", maintain_order=True)


def _shares(
    known: pl.DataFrame, schools: pl.DataFrame, era: str, least: int, measure: str, confidence: float,
    area: str | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Schools at `least` or better, by area of one era; of one `area` only, without an item."""
    own = known.filter((pl.col("era") == era) & pl.col("order").is_not_null())
    areas = [area] if area else own["judgement_area"].unique().sort().to_list()
    wide = schools
    recipes: list[Recipe] = []
    for number, name in enumerate(areas):
        grade = pl.col(f"grade {number}")
        graded = own.filter(pl.col("judgement_area") == name).select(
            "school_id", pl.col("order").alias(f"grade {number}")
        )
        wide = wide.join(graded, on="school_id", how="left")
        recipes.append(Share(measure, feature=grade <= least, where=grade.is_not_null(), eligible=EVERYBODY,
                             item=TOTAL if area else name))  # fmt: skip
    return _at(wide, own, recipes, confidence)


def _safeguarding(known: pl.DataFrame, schools: pl.DataFrame, confidence: float) -> pl.DataFrame:
    own = known.filter((pl.col("era") == REPORT_CARD) & (pl.col("judgement_area") == SAFEGUARDING))
    wide = schools.join(own.select("school_id", (pl.col("grade") == "MET").alias("met")), on="school_id", how="left")
    recipe = Share("safeguarding_met", feature=pl.col("met"), where=pl.col("met").is_not_null(), eligible=EVERYBODY)
    return _at(wide, own, [recipe], confidence)


def _at(wide: pl.DataFrame, own: pl.DataFrame, recipes: list[Recipe], confidence: float) -> pl.DataFrame:
    """Rows of the LA, in the academic year of the day on which things stand so; none of an era without inspections."""
    if own.is_empty():
        return no_measures()
    base = wide.with_columns(
        period_of_date("day").alias("time_period"), pl.lit(FULL_YEAR).alias("time_identifier"),
        pl.lit(own["inspected_on"].max()).alias("data_to"),
    )  # fmt: skip
    return of_the_la(base, recipes, confidence=confidence)


def _with_ages(rows: pl.DataFrame, known: pl.DataFrame, day: date) -> pl.DataFrame:
    """The age of overall grades, and how many schools have been inspected since without one."""
    own = known.filter((pl.col("era") == GRADED) & (pl.col("judgement_area") == OVERALL))
    if own.is_empty():
        return rows
    years = (pl.lit(day) - pl.col("inspected_on")).dt.total_days() / DAYS_A_YEAR
    least, most = own.select(years.min().alias("least"), years.max().alias("most")).row(0)
    later = known.filter(pl.col("era").is_in([KEY_JUDGEMENTS, REPORT_CARD])).join(own, on="school_id", how="semi")
    since = later["school_id"].n_unique()
    note = (
        f"grades are {least:.1f} to {most:.1f} years old on {day.day} {day:%B %Y}; "
        f"{since} of {own.height} schools have been inspected since, without an overall grade"
    )
    mine = pl.col("measure") == "schools_at_least_good"
    return rows.with_columns(pl.when(mine).then(pl.lit(note)).otherwise("note").alias("note"))


def _grade_rows(rows: pl.DataFrame, measure: str, level: str, day: date) -> pl.DataFrame:
    years = ((pl.lit(day) - pl.col("inspected_on")).dt.total_days() / DAYS_A_YEAR).round(1)
    said = pl.format("{}: {}, {}; {} years old", pl.col("label"), pl.col("era").replace(WORDS),
                     pl.col("inspected_on").dt.strftime("%d %B %Y"), years)  # fmt: skip
    as_is = pl.format("'{}' of {} is on no scale of its day", "grade", pl.col("inspected_on").dt.strftime("%d %B %Y"))
    unknown, unscaled = pl.col("era").is_null(), pl.col("order").is_null()
    dated = rows.with_columns(pl.lit(day).alias("day"))
    return as_measures(dated.select(
        pl.lit(measure).alias("measure"), period_of_date("day").alias("time_period"),
        pl.lit(FULL_YEAR).alias("time_identifier"), pl.lit(level).alias("geographic_level"), "place_code", "place_name",
        "education_phase", pl.col("judgement_area").alias("item"), pl.col("order").cast(pl.Float64).alias("value"),
        pl.lit(card(measure).unit).alias("unit"), pl.col("inspected_on").alias("data_to"),
        pl.when(unknown).then(pl.lit("x")).when(unscaled).then(pl.lit("z")).otherwise(pl.lit("")).alias("status"),
        pl.when(unknown).then(as_is).otherwise(said).alias("note"),
    ))  # fmt: skip


def listed_schools(places: pl.DataFrame) -> pl.DataFrame:
    """The LA's schools, once each; of facts, those of the latest year."""
    latest = places
    if "time_period" in places.columns:
        latest = places.filter(pl.col("time_period") == pl.col("time_period").max())
    return with_places(latest.select("school_id").unique().sort("school_id"), latest)


def _day(inspections: pl.DataFrame, as_of: date | None) -> date:
    if as_of is not None:
        return as_of
    last = inspections["inspected_on"].max()
    return last if isinstance(last, date) else date.max
