"""A pupil's part of a fact: who, with which status and need in January, and on the roll or not."""

import polars as pl

from sendlab.codes import read_codes
from sendlab.facts.names import JANUARY_CENSUS, KEY
from sendlab.schema.groups import AREA_OF_CODE, NOT_RECORDED, PROVISION_OF_CODE, TERMS

JANUARY = 1  # place of the spring census in the year
NO_AREA = AREA_OF_CODE["OTHER"]
CURRENT = ("C", "M")  # sole and dual main registrations; subsidiary ones and guests are counted elsewhere


def _census_place(period: str, term: str) -> pl.Expr:
    """Place of a census in time: three a year."""
    order = dict(zip(TERMS, range(len(TERMS)), strict=True))
    return pl.col(period).str.slice(0, 4).cast(pl.Int32) * 3 + pl.col(term).replace_strict(order, return_dtype=pl.Int32)


def pupil_rows(keys: pl.DataFrame, pupils: pl.DataFrame) -> pl.DataFrame:
    """For each fact the pupil's census row nearest to that January: the same school first, then the later one."""
    rows = pupils.with_columns(_census_place("time_period", "term").alias("census"))
    rows = rows.rename({"school_id": "census_school", "time_period": "census_period", "term": "census_term"})
    january = pl.col("time_period").str.slice(0, 4).cast(pl.Int32) * 3 + JANUARY
    best = (
        keys.join(rows, on="pupil_id", how="inner")
        .with_columns(
            (pl.col("census") - january).abs().alias("distance"),
            (pl.col("census_school") != pl.col("school_id")).alias("elsewhere"),
            (~pl.col("enrol_status").is_in(CURRENT)).fill_null(False).alias("subsidiary"),
        )
        # rows of leavers carry no SEN provision: they serve only where there is nothing else
        .sort(
            ~pl.col("on_roll").fill_null(True),
            "distance",
            "elsewhere",
            -pl.col("census"),
            "subsidiary",
            "census_school",
            nulls_last=True,
        )
        .unique(KEY, keep="first", maintain_order=True)
    )
    years = best.select(
        pl.col("census_period").str.slice(0, 4).cast(pl.Int32) - pl.col("time_period").str.slice(0, 4).cast(pl.Int32)
    )
    same_year = pl.col("census_period") == pl.col("time_period")
    basis = pl.when(same_year & (pl.col("census_term") == TERMS[1])).then(pl.lit(JANUARY_CENSUS)).otherwise(
        pl.col("census_term") + " census " + pl.col("census_period") + " (provisional)"
    )  # fmt: skip
    return best.select(
        *KEY, "sex", "boarder", "fsm_eligible", "upn_status",
        pl.when(same_year).then(pl.col("nc_year")).alias("nc_year"),
        (pl.col("age_at_31_august") - years["census_period"]).alias("age_at_31_august"),
        provision_name("sen_provision").alias("sen_provision"),
        # where no need was returned at all (autumn and summer censuses) there is no breakdown by need, not "none"
        pl.when(pl.col("sen_primary_need").is_not_null().any().over("time_period"))
        .then(need_area("sen_primary_need"))
        .alias("need_area"),
        basis.alias("sen_basis"),
    )  # fmt: skip


def provision_name(column: str) -> pl.Expr:
    """Name of the SEN provision group of a code; blank and unknown codes are not recorded."""
    return (
        pl.col(column)
        .replace_strict(PROVISION_OF_CODE, default=NOT_RECORDED, return_dtype=pl.String)
        .fill_null(NOT_RECORDED)
    )


def need_area(column: str) -> pl.Expr:
    """Broad area of a need code; a need that is blank or belongs to none of the four is "No broad area"."""
    areas = {line.code: AREA_OF_CODE.get(line.notes.get("area", ""), NO_AREA) for line in read_codes("sen_need_type")}
    return pl.col(column).replace_strict(areas, default=NO_AREA, return_dtype=pl.String).fill_null(NO_AREA)


def roll(pupils: pl.DataFrame) -> pl.DataFrame:
    """Who is on the roll that rates are taken on: the school's January census, else its latest of the year."""
    order = dict(zip((TERMS[1], TERMS[2], TERMS[0]), range(3), strict=True))  # January first, then the latest
    basis = (
        pupils.select("school_id", "time_period", "term").unique()
        .with_columns(pl.col("term").replace_strict(order, return_dtype=pl.Int32).alias("rank"))
        .sort("rank").unique(["school_id", "time_period"], keep="first", maintain_order=True)
    )  # fmt: skip
    counted = pl.col("enrol_status").is_in(CURRENT) | pl.col("enrol_status").is_null()  # blank: unknown, not subsidiary
    words = pl.when(pl.col("term") == TERMS[1]).then(pl.lit(JANUARY_CENSUS)).otherwise(
        pl.col("term") + " census (provisional)"
    )  # fmt: skip
    return (
        pupils.join(basis.drop("rank"), on=["school_id", "time_period", "term"], how="semi")
        .filter(pl.col("on_roll").fill_null(True) & counted)
        .select(*KEY, pl.lit(True).alias("on_roll"), words.alias("roll_basis"))
        .unique(KEY, keep="first", maintain_order=True)
    )
