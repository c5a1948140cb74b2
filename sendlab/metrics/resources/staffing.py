"""Staff: how the hours of support staff are used and reviewed, and who was trained in what.

Outcomes by teacher are restricted and off: no function here, or anywhere, looks at one teacher.
"""

import polars as pl

from sendlab.cohort import period_covered, with_places
from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plain import item_rows, of_the_la, without_interval
from sendlab.metrics.recipes import EVERYBODY, Ratio, Recipe, Share
from sendlab.schema.groups import AREA_OF_CODE, FULL_YEAR, NOT_RECORDED, TOTAL

ASSISTANT = "teaching assistant"
SUPPORT_ROLES = (ASSISTANT, "specialist", "other")
HOURS = pl.col("hours_per_week")
PLACE_AND_PERIOD = ("school_id", "time_period", "time_identifier")
TRAINED, MEANT = pl.col("staff_trained"), pl.col("staff_total")


@either_kind
def deployment(
    hours: pl.DataFrame, places: pl.DataFrame, *, role: str = ASSISTANT, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Hours of teaching assistants by what they go to (class, group, individual), per 100 hours; `item` is the mode.

    `hours`: the declared table `staff_deployment`. Of each term and of the year (all its terms together); a mode that a
    school does not return has no hours. A full account, so no interval; shares add up to 100.
    """
    rows = _terms_and_year(hours.filter(pl.col("role") == role))
    given = rows.group_by(*PLACE_AND_PERIOD, "mode").agg(HOURS.sum())
    schools = given.group_by(PLACE_AND_PERIOD).agg(HOURS.sum().alias("total"))
    modes = given.select("time_period", "time_identifier", "mode").unique()
    grid = schools.join(modes, on=["time_period", "time_identifier"]).join(
        given, on=[*PLACE_AND_PERIOD, "mode"], how="left"
    )
    base = with_places(grid.with_columns(HOURS.fill_null(0)).filter(pl.col("total") > 0), places)

    def make(mode: str, here: pl.Expr) -> list[Recipe]:
        return [Ratio("assistant_hours", top=HOURS, bottom=pl.col("total"), where=here, eligible=here, item=mode)]

    return without_interval(item_rows(base, "mode", make, by=by, confidence=confidence))


@either_kind
def deployment_reviewed(
    hours: pl.DataFrame, places: pl.DataFrame, *, roles: tuple[str, ...] = SUPPORT_ROLES, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Hours of support staff whose use was reviewed for impact in the term, per 100 hours that say."""
    rows = _terms_and_year(hours.filter(pl.col("role").is_in(roles)))
    known = pl.col("reviewed").is_not_null()
    sums = rows.group_by(PLACE_AND_PERIOD).agg(
        HOURS.filter("reviewed").sum().alias("reviewed"), HOURS.filter(known).sum().alias("known")
    )
    recipe = Ratio("deployment_reviewed", top=pl.col("reviewed"), bottom=pl.col("known"), where=pl.col("known") > 0,
                   eligible=EVERYBODY)  # fmt: skip
    return without_interval(measure_rows(with_places(sums, places), [recipe], by=by, confidence=confidence))


@either_kind
def training(
    courses: pl.DataFrame, places: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Places on SEND courses taken up, per 100 meant, and courses found in practice later, per 100 followed up.

    `courses`: the declared table `staff_training`. `staff_trained` and `training_sustained`, in all and by area of need
    (`item`). One person on two courses is two places: who they were is not recorded.
    """
    rows = _courses(courses, places)
    totals = _course_sums(rows, [])
    whole = measure_rows(totals, _of_courses(TOTAL, EVERYBODY), by=by, confidence=confidence)
    areas = _course_sums(rows, ["area"])
    parts = item_rows(areas, "area", _of_courses, by=by, confidence=confidence)
    return without_interval(pl.concat([whole, parts]))


@either_kind
def areas_trained(courses: pl.DataFrame, places: pl.DataFrame, *, confidence: float = 0.95) -> pl.DataFrame:
    """Schools that held a course on an area of need in the year, per 100 schools that returned any course (LA only)."""
    rows = _courses(courses, places)
    held = rows.group_by("school_id", "time_period", "area").agg(pl.lit(True).alias("held"))
    last = rows.with_columns(pl.col("data_to").max().over("school_id", "time_period"))
    schools = last.drop("area").sort("school_id", "time_period").unique(["school_id", "time_period"], keep="first")
    areas = rows.filter(pl.col("area") != NOT_RECORDED).select("time_period", "area").unique()
    grid = schools.join(areas, on="time_period").join(held, on=["school_id", "time_period", "area"], how="left")
    recipes = [
        Share("schools_trained_in", feature=pl.col("held"), where=pl.col("area") == area, item=area)
        for area in areas["area"].unique().sort()
    ]
    return of_the_la(grid, recipes, confidence=confidence)


def _of_courses(item: str, here: pl.Expr) -> list[Recipe]:
    return [
        Ratio("staff_trained", top=pl.col("trained"), bottom=pl.col("meant"), where=here & (pl.col("meant") > 0),
              eligible=here, item=item, clip=False),
        Ratio("training_sustained", top=pl.col("kept"), bottom=pl.col("followed"),
              where=here & (pl.col("followed") > 0), eligible=here, item=item),
    ]  # fmt: skip


def _courses(courses: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    area = pl.col("need_area").replace_strict(AREA_OF_CODE, default=NOT_RECORDED, return_dtype=pl.String)
    return with_places(courses, places).with_columns(
        period_of_date("held_on").alias("time_period"), area.fill_null(NOT_RECORDED).alias("area"),
        pl.lit(FULL_YEAR).alias("time_identifier"), pl.col("held_on").alias("data_to"),
    )  # fmt: skip


def _course_sums(rows: pl.DataFrame, more: list[str]) -> pl.DataFrame:
    known = TRAINED.is_not_null() & MEANT.is_not_null()
    place = ("place_code", "place_name", "education_phase", "la_code", "la_name")
    return rows.group_by(*PLACE_AND_PERIOD, *place, *more).agg(
        TRAINED.filter(known).sum().alias("trained"), MEANT.filter(known).sum().alias("meant"),
        pl.col("sustained").sum().alias("kept"), pl.col("sustained").count().alias("followed"),
        pl.col("data_to").max(),
    )  # fmt: skip


def _terms_and_year(hours: pl.DataFrame) -> pl.DataFrame:
    """Each row for its term, and for its year where the year has more than one term."""
    terms = hours.group_by("time_period").agg(pl.col("term").unique())
    names = {period: period_covered(held) for period, held in terms.rows()}
    name = pl.col("time_period").replace_strict(names, default=None, return_dtype=pl.String)
    of_term = hours.with_columns(pl.col("term").alias("time_identifier"))
    several = terms.filter(pl.col("term").list.len() > 1)["time_period"].to_list()
    of_year = hours.filter(pl.col("time_period").is_in(several)).with_columns(name.alias("time_identifier"))
    return pl.concat([of_term, of_year])
