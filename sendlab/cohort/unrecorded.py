"""The few pupils without a recorded SEN provision: left out of tables and totals where they are a handful."""

import polars as pl

from sendlab.schema.groups import NOT_RECORDED

# Pupils of unrecorded SEN provision are a group of their own from this share of a year's pupils on.
UNRECORDED_SHARE = 0.01
FEW_UNRECORDED = "the few pupils (under 1 in 100) without a recorded SEN provision are left out"


def without_few_unrecorded(facts: pl.DataFrame) -> pl.DataFrame:
    """Facts without pupils of unrecorded SEN provision, in years in which they are under 1 % of the LA's pupils.

    A handful would have to be hidden in every table, and at each place another group with them; left out, they cost
    no other group its figure. `FEW_UNRECORDED` says so beside every total.
    """
    unrecorded = pl.col("sen_provision") == NOT_RECORDED
    few = unrecorded.mean().over("time_period") < UNRECORDED_SHARE
    return facts.filter(~(unrecorded & few))


def few_unrecorded(facts: pl.DataFrame) -> list[str]:
    """The years in which `without_few_unrecorded` leaves pupils out."""
    left = facts.join(without_few_unrecorded(facts), on=["pupil_id", "school_id", "time_period"], how="anti")
    return sorted(left["time_period"].unique())
