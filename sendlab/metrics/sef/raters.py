"""Several raters of one round: how far they are apart, statement by statement, and what each unit's raters say."""

import polars as pl

from sendlab.metrics.grouping import SCHOOL, either_kind
from sendlab.metrics.plain import plain_figures
from sendlab.metrics.sef.ratings import AGREED, ROUND, SETTING, latest, rated_by_each, said_by_whom, sections

FEWEST = 3  # raters: of two, either would read off the other's rating (own rule)
FEW_RATERS = f"fewer than {FEWEST} raters of one round: each could work out what another said"
_STATEMENT = [*ROUND, "rated_on", "statement", "section", "place_code", "place_name", "education_phase", "la_code",
              "la_name"]  # fmt: skip


@either_kind
def rater_spread(ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """How far the raters of a setting are apart: highest less lowest rating, by statement, section and in all.

    `sef_rater_spread`, for each school and the LA, of the latest round of the year in which single raters rated the
    setting. 0 and blanks are no rating. A statement that fewer than three rated has no spread (status z). Of a section
    and in all it is the mean over statements with one. No interval: these are all raters there were.
    """
    rows = rated_by_each(ratings, places, la_code=la_code, la_name=la_name).filter(pl.col("unit") == SETTING)
    each = latest(rows).group_by(_STATEMENT, maintain_order=True).agg(
        pl.when(pl.col("now").count() >= FEWEST).then(pl.col("now").max() - pl.col("now").min()).alias("apart")
    )  # fmt: skip
    return plain_figures(each, "sef_rater_spread", top=pl.col("apart"), bottom=pl.col("apart").is_not_null(),
                         day="rated_on", items=("statement", "section", "all"), nothing=FEW_RATERS)  # fmt: skip


@either_kind
def said_by_unit(ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """Mean rating of single raters of their own practice, their department and the setting (`item`), a school.

    `sef_now_by_unit`, of the latest round of the year in which single raters rated. A unit that fewer than three people
    rated has no figure (status z). 0 and blanks are no rating. No interval: these are all raters there were.
    """
    rows = latest(rated_by_each(ratings, places, la_code=la_code, la_name=la_name)).with_columns(
        pl.concat_str("rater", pl.col("rater_number").cast(pl.String), ignore_nulls=True).alias("who")
    )
    enough = pl.col("who").filter(pl.col("now").is_not_null()).n_unique().over(*ROUND, "unit") >= FEWEST
    told = rows.with_columns(pl.when(enough).then("now").alias("now"))
    return plain_figures(told, "sef_now_by_unit", top=pl.col("now"), bottom=pl.col("now").is_not_null(),
                         day="rated_on", items=("unit",), levels=(SCHOOL,), nothing=FEW_RATERS)  # fmt: skip


def side_by_side(ratings: pl.DataFrame, *, school: str) -> pl.DataFrame:
    """What each rater of a school's latest round with single raters said, for the raters' own talk about it.

    A row a statement in the order of the tool, a column a rater (role and number, with the unit where it is not the
    setting), then `agreed` where there is one, `lowest`, `highest` and `apart` over those who rated the setting (0 and
    blanks left out). The widest apart stand first. These are single people's answers: for their own screen, not for
    reports, where `sef_rater_spread` stands.
    """
    rows = said_by_whom(ratings).filter(pl.col("school_id") == school)
    single = rows.filter(pl.col("rater") != AGREED)
    one_round = rows.filter(pl.col("rated_on") == single["rated_on"].max()).with_columns(_who().alias("who"))
    names = one_round.filter(pl.col("rater") != AGREED)["who"].unique().sort().to_list()
    agreed = [AGREED] if AGREED in one_round["who"] else []
    wide = one_round.pivot("who", index="statement", values="rating_now", aggregate_function="first")
    wide = pl.DataFrame({"statement": list(sections())}).join(wide, on="statement", maintain_order="left")
    of_setting = [pl.when(pl.col(name) > 0).then(name) for name in names if "(" not in name]
    if not of_setting:
        return wide.select("statement", *names, *agreed)
    low, high = pl.min_horizontal(of_setting), pl.max_horizontal(of_setting)
    found = wide.select("statement", *names, *agreed, lowest=low, highest=high, apart=high - low)
    return found.sort("apart", descending=True, nulls_last=True, maintain_order=True)


def _who() -> pl.Expr:
    number = pl.col("rater_number").cast(pl.String)
    unit = pl.when(pl.col("unit") != SETTING).then(pl.format("({})", "unit"))
    named = pl.concat_str("rater", number, unit, separator=" ", ignore_nulls=True)
    return pl.when(pl.col("rater") == AGREED).then(pl.lit(AGREED)).otherwise(named)
