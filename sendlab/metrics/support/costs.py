"""What interventions cost: planned and to date, a pupil, by who pays, and per point of gain where there is a gain.

Planned: catalogue price a pupil times all who started, and the fixed cost of the year; who drops out was paid for too.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from sendlab.metrics.cards import card
from sendlab.metrics.grouping import PERIOD, By, as_breakdown, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Mean, Recipe
from sendlab.metrics.support.provision_map import (
    ATTENDED,
    INTERVENTION,
    PLANNED,
    by_intervention,
    catalogued,
    one_a_person,
    shared_out,
    taking_part,
)
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import GROUPS, as_measures, no_measures

NOT_SHOWN = "not shown to work: the interval of the gain covers no gain"
PRICED = "price of the catalogue; no sample, so no interval"
PER_POINT = "intervention_cost_per_point"


@dataclass(frozen=True)
class Amount(Recipe):
    """A sum over people of a quantity of each: pounds. No rate, and so no interval."""

    of: pl.Expr = EVERYBODY
    method = PRICED

    def sums(self) -> dict[str, pl.Expr]:
        """The sum, and the people behind it."""
        amount = self.of.cast(pl.Float64)
        return {"total": self._of(amount), "with": self._of((amount > 0).cast(pl.Int64))}

    def peaks(self) -> dict[str, pl.Expr]:
        """The largest amount of one person."""
        return {"top": pl.when(self.where.fill_null(False)).then(self.of.cast(pl.Float64)).max()}

    def figures(self, rows: pl.DataFrame, confidence: float) -> dict[str, pl.Expr | pl.Series]:
        """The sum as the figure."""
        total = pl.col("total")
        share = pl.when(total > 0).then(pl.col("top") / total)
        return {"numerator": total, "with_subjects": pl.col("with"), "value": total, "top_share": share}


@either_kind
def intervention_costs(
    interventions: pl.DataFrame, catalogue: pl.DataFrame, facts: pl.DataFrame, *, as_of: date | None = None,
    by: By | None = None, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pounds planned, pounds to date, pounds a pupil, each by intervention (`item`) and in total; and who pays.

    A fixed cost is shared among all who started under one entry of the catalogue in the year. To date: in proportion of
    the sessions delivered; all of them where the programme at the school has ended by `as_of` (default: the last date
    in the table), else as many as the pupil who attended most. A pupil of unknown cost is in `eligible_subjects` only.
    """
    rows = priced(catalogued(taking_part(interventions, facts), catalogue), as_of)
    if rows.is_empty():
        return no_measures()
    costs = [Amount("intervention_cost_planned", of=pl.col("planned"), where=pl.col("planned").is_not_null(),
                    eligible=EVERYBODY),
             Amount("intervention_cost_to_date", of=pl.col("to_date"), where=pl.col("to_date").is_not_null(),
                    eligible=EVERYBODY)]  # fmt: skip
    each = Mean("intervention_cost_per_pupil", of=pl.col("planned"), where=pl.col("planned").is_not_null(),
                eligible=EVERYBODY)  # fmt: skip
    people = one_a_person(rows, [_sum_if_all_known("planned"), _sum_if_all_known("to_date")])
    of_people = by if by is None else [one for one in by if INTERVENTION not in as_breakdown(one)]
    made = pl.concat([
        by_intervention(rows, [*costs, each], by=by, confidence=confidence),
        measure_rows(people, [*costs, each], by=of_people, confidence=confidence),
        shared_out(rows, "intervention_cost_by_funding", "funded_by", pl.col("planned"), of_people, confidence),
    ])  # fmt: skip
    fixed = pl.col("measure") == "intervention_cost_per_pupil"
    return made.with_columns(
        *(pl.when(~fixed).then(name).alias(name) for name in ("lower", "upper")),
        pl.when(fixed).then(pl.lit(PRICED)).otherwise("method").alias("method"),
    )


@either_kind
def intervention_cost_per_point(costs: pl.DataFrame, gains: pl.DataFrame) -> pl.DataFrame:
    """Pounds a pupil per point of adjusted gain: from rows of `intervention_costs` and of `intervention_gain`.

    `numerator` is the planned cost a pupil who started, `denominator` the gain in points; the limits are those of the
    gain. Where the gain's interval covers 0 there is no figure (x): the intervention is not shown to work. A gain
    beside untreated pupils is description, so this is no value for money either.
    """
    link = [*PERIOD, "geographic_level", "place_code", "item"]
    plain = pl.all_horizontal(pl.col(name) == TOTAL for name in GROUPS if name != "item")
    price = costs.filter((pl.col("measure") == "intervention_cost_per_pupil") & (pl.col("item") != TOTAL) & plain)
    both = gains.join(price.select(*link, pl.col("value").alias("price")), on=link, how="left", maintain_order="left")
    shown = pl.col("lower") > 0
    why = (
        pl.when(pl.col("value").is_null()).then("note").when(pl.col("price").is_null()).then(pl.lit("no price known"))
        .when(~shown.fill_null(False)).then(pl.lit(NOT_SHOWN)).otherwise(pl.lit(""))
    )  # fmt: skip
    said = both.with_columns(why.alias("note"))
    known = pl.col("note") == ""
    figures = {
        "numerator": pl.col("price"), "denominator": pl.col("value"), "value": pl.col("price") / pl.col("value"),
        "lower": pl.col("price") / pl.col("upper"), "upper": pl.col("price") / pl.col("lower"),
    }  # fmt: skip
    return as_measures(said.with_columns(
        pl.lit(PER_POINT).alias("measure"), pl.lit(card(PER_POINT).unit).alias("unit"),
        *(pl.when(known).then(expr).alias(name) for name, expr in figures.items()),
        pl.when(known).then(pl.lit("")).otherwise(pl.lit("x")).alias("status"),
        pl.lit("limits of the gain (analysis of covariance); price taken as known").alias("method"),
    ).drop("price"))  # fmt: skip


def priced(rows: pl.DataFrame, as_of: date | None = None) -> pl.DataFrame:
    """Rows of pupils and interventions with pounds `planned`, and `to_date` in proportion of sessions delivered."""
    starters = pl.len().over("entry", INTERVENTION, "time_period")
    day = pl.lit(as_of) if as_of else pl.max_horizontal(pl.col("start_date", "end_date").max())
    most = (ATTENDED / pl.when(PLANNED > 0).then(PLANNED)).max().over("school_id", INTERVENTION, *PERIOD)
    delivered = (
        pl.when((pl.col("start_date") > day).fill_null(False)).then(0.0)  # not begun
        .when((pl.col("end_date") <= day).fill_null(False)).then(1.0).otherwise(most.clip(0, 1))
    )  # fmt: skip
    planned = rows.with_columns((pl.col("cost_per_pupil") + pl.col("fixed_cost") / starters).alias("planned"))
    return planned.with_columns((pl.col("planned") * delivered).alias("to_date"))


def _sum_if_all_known(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum()).alias(name)
