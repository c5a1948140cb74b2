"""The local offer: SEN information reports in date, findable and complete; and whether the offer meets the needs."""

from datetime import date

import polars as pl

from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plain import without_interval
from sendlab.metrics.recipes import EVERYBODY, Recipe, Share
from sendlab.metrics.rolls import OF_SEND
from sendlab.metrics.schools.inspections import listed_schools
from sendlab.schema.groups import AREA_OF_CODE, FULL_YEAR, NEED_AREAS
from sendlab.schema.measures import no_measures


@either_kind
def reports_in_date(
    local_offer: pl.DataFrame, places: pl.DataFrame, *, as_of: date | None = None, by: By | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Schools whose SEN information report, and other items, are in date, findable and complete, per 100 schools.

    `local_offer`: the declared table; `item` is the thing published. `offer_in_date`: published or revised within a
    year before `as_of` (default: the last day of publication held), boundary included; `offer_findable`: within two
    clicks; `offer_complete`: all that regulations ask for. A school's own row says yes (100) or no (0). Of schools that
    say; `eligible_subjects` counts all schools. Source: SEND Regulations 2014, regulation 51 and schedule 1; SEND code
    of practice (2015), 6.79: updated annually.
    """
    if local_offer.is_empty():
        return no_measures()
    day = as_of or local_offer["published_on"].max()
    rows = local_offer.with_columns((pl.col("published_on").dt.offset_by("1y") >= pl.lit(day)).alias("in_date"))
    features = {"offer_in_date": "in_date", "offer_findable": "findable", "offer_complete": "complete"}
    wide, recipes = listed_schools(places), []
    for number, item in enumerate(rows["item"].unique().sort()):
        names = {name: f"{name} {number}" for name in features.values()}
        own = rows.filter(pl.col("item") == item).group_by("school_id").agg(pl.col(list(names)).last()).rename(names)
        wide = wide.join(own, on="school_id", how="left")
        recipes += [_share(measure, names[name], item) for measure, name in features.items()]
    period = period_of_date("day")
    base = wide.with_columns(pl.lit(day, dtype=pl.Date).alias("day")).with_columns(
        period.alias("time_period"), pl.lit(FULL_YEAR).alias("time_identifier"), pl.col("day").alias("data_to")
    )
    made = measure_rows(base, recipes, by=by, confidence=confidence)
    one = pl.col("geographic_level") == "School"
    return pl.concat([made.filter(~one), without_interval(made.filter(one))])


def _share(measure: str, column: str, item: str) -> Recipe:
    said = pl.col(column).is_not_null()
    return Share(measure, feature=pl.col(column), where=said, eligible=EVERYBODY, item=item)


@either_kind
def needs_offered(
    facts: pl.DataFrame, offer: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils with SEND whose broad area of need something on offer is meant for, per 100 whose area is known (Wilson).

    `offer`: any table with school_id and need_area: `intervention_catalogue`, or `local_offer`. A line under the LA's
    code holds for all schools. Something on offer is not yet something given, or something that works.
    """
    area = pl.col("need_area").replace_strict(AREA_OF_CODE, default=None, return_dtype=pl.String)
    lines = offer.select("school_id", area.alias("need_area")).drop_nulls().unique()
    if lines.is_empty() or facts.is_empty():
        return no_measures()
    base = facts.filter(pl.col("on_roll") & OF_SEND).with_columns(pl.lit(FULL_YEAR).alias("time_identifier"))
    everywhere = lines.filter(pl.col("school_id") == facts["la_code"].first())["need_area"].to_list()
    own = lines.with_columns(pl.lit(True).alias("own"))
    base = base.join(own, on=["school_id", "need_area"], how="left")
    known = pl.col("need_area").is_in(NEED_AREAS[:-1])
    offered = pl.col("own").fill_null(False) | pl.col("need_area").is_in(everywhere)
    recipe = Share("need_is_offered", feature=offered, where=known, eligible=EVERYBODY)
    return measure_rows(base, [recipe], by=by, confidence=confidence)
