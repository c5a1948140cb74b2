"""A pupil's part of a fact: who, with which status and need in January, and on the roll or not."""

import polars as pl

from sendlab.codes import read_codes
from sendlab.facts.names import JANUARY_CENSUS, KEY
from sendlab.schema.groups import (
    AREA_OF_CODE,
    FSM,
    NOT_FSM,
    NOT_RECORDED,
    NOT_YET_COLLECTED,
    PROVISION_OF_CODE,
    SEX_OF_CODE,
    TERMS,
)

JANUARY = 1  # place of the spring census in the year
NO_AREA = AREA_OF_CODE["OTHER"]
# Major groups of the code set under the names of Explore Education Statistics; the code set follows the GSS grouping.
MAJOR = {name: name.split(" / ")[0] for name in ("Asian / Asian British", "Black / African / Caribbean / Black British",
         "Mixed / Multiple ethnic groups", "White")} | {"Other ethnic group": "Any other ethnic group"}  # fmt: skip
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
        *KEY, *_labelled(), "boarder", "fsm_eligible", "upn_status",
        pl.when(same_year).then(pl.col("nc_year")).alias("nc_year"),
        (pl.col("age_at_31_august") - years["census_period"]).alias("age_at_31_august"),
        provision_name("sen_provision").alias("sen_provision"),
        basis.alias("sen_basis"),
    ).join(_collected_in_spring(keys, rows), on=KEY, how="left")  # fmt: skip


def _labelled() -> list[pl.Expr]:
    sex = pl.col("sex").replace_strict(SEX_OF_CODE, default="Unknown", return_dtype=pl.String).fill_null("Unknown")
    fsm = pl.when(pl.col("fsm_eligible")).then(pl.lit(FSM)).when(~pl.col("fsm_eligible")).then(pl.lit(NOT_FSM))
    return [sex.alias("sex"), fsm.otherwise(pl.lit(NOT_RECORDED)).alias("fsm_status")]


def _collected_in_spring(keys: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Need and ethnicity, which only spring censuses ask for: those of the last one up to the year, else of the next.

    Whoever stands in none is "Not yet collected"; in a year with a spring census of its own that is "No broad area".
    Where no spring census gave any need there is no breakdown by it.
    """
    spring = rows.filter((pl.col("census_term") == TERMS[1]) & pl.col("on_roll").fill_null(True))
    january = pl.col("time_period").str.slice(0, 4).cast(pl.Int32) * 3 + JANUARY
    later = (pl.col("census") > january).alias("later")
    found = (
        keys.join(spring, on="pupil_id", how="inner")
        .with_columns(later, (pl.col("census") - january).abs().alias("distance"),
                      (pl.col("census_school") != pl.col("school_id")).alias("elsewhere"))
        .sort("later", "distance", "elsewhere", "census_school")
        .unique(KEY, keep="first", maintain_order=True)
    )  # fmt: skip
    asked = spring["sen_primary_need"].is_not_null().any()
    need = pl.col("sen_primary_need").fill_null("Not reported")
    known = found.select(*KEY, need_area("sen_primary_need").alias("need_area"), need.alias("sen_primary_need"),
                         _ethnicity_major().alias("ethnicity_major"))  # fmt: skip
    names = ("need_area", "sen_primary_need", "ethnicity_major")
    asked_in = pl.col("time_period").is_in(spring["census_period"].unique().to_list())
    unknown = pl.when(asked_in).then(pl.lit(NO_AREA)).otherwise(pl.lit(NOT_YET_COLLECTED))
    collected = keys.join(known, on=KEY, how="left").with_columns(
        pl.col("need_area").fill_null(unknown), pl.col(names[1:]).fill_null(NOT_YET_COLLECTED)
    )
    return collected.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in names[:2] if not asked)


def _ethnicity_major() -> pl.Expr:
    """Major group of an ethnicity code (codes/ethnicity.csv); refused, not obtained and unknown are unclassified."""
    major = {line.code: MAJOR.get(line.notes.get("major", ""), "Unclassified") for line in read_codes("ethnicity")}
    return (
        pl.col("ethnicity")
        .replace_strict(major, default="Unclassified", return_dtype=pl.String)
        .fill_null("Unclassified")
    )


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
