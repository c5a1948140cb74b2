"""Wellbeing: change on the SDQ, Boxall and other scales, the engagement model, and who has a starting point.

Ratings are compared within one rater and one version only. A pupil with a start and no later rating is counted as
eligible, so the coverage says how many were rated again. Change alone is no effect of support: pupils are rated when
things are bad, and some of that passes by itself.
"""

import numpy as np
import polars as pl

from sendlab.codes import labels
from sendlab.cohort import with_pupils
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.plain import item_rows
from sendlab.metrics.recipes import EVERYBODY, Count, Mean, Recipe, Share
from sendlab.metrics.rolls import OF_SEND, PUPIL, SCHOOL, beside_the_roll, roll_rows
from sendlab.metrics.voice.scales import (
    BOXALL,
    ENGAGEMENT,
    GOOD,
    SDQ,
    STRANDS,
    TOTAL_DIFFICULTIES,
    first_and_last,
    reliabilities,
    with_totals,
)
from sendlab.schema.groups import FULL_YEAR
from sendlab.stats.change import reliable_change, sdq_added_value

# Recalled (R), to be checked against sdqinfo.org: parents' total difficulties at the start from which a child counts as
# high-risk (SDQ scoring instructions: 17 to 40), and months between ratings for which the formula is meant (about six).
HIGH_RISK = 17
MONTHS = (4, 8)
DAYS_A_MONTH = 365.25 / 12
CHANGE = pl.col("change")
RATED_AGAIN = CHANGE.is_not_null()
DIRECTIONS = {"more": 1, "as before": 0, "less": -1}


@either_kind
def scale_change(
    facts: pl.DataFrame, wellbeing: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Mean change from a pupil's starting point, in each scale's own points (t interval over pupils).

    `wellbeing`: the declared table. `sdq_change`: total difficulties, 0 to 40, down is good; `sdq_scale_change`: its
    sub-scales; `boxall_developmental_change` (up is good) and `boxall_diagnostic_change` (down is good): sums of ten
    strands; `boxall_strand_change`; `other_scale_change`: any other instrument. `item` is the rater, and the scale
    where a measure has several. Two raters are never mixed.
    """
    pairs = rated_pairs(facts, with_totals(wellbeing)).with_columns(_measure().alias("of"), _item().alias("what"))
    pairs = pairs.with_columns(pl.concat_str("of", pl.lit("|"), "what").alias("both"))

    def make(both: str, here: pl.Expr) -> list[Recipe]:
        measure, item = both.split("|", 1)
        return [Mean(measure, of=CHANGE, where=here & RATED_AGAIN, eligible=here, item=item)]

    return item_rows(pairs.filter(pl.col("of").is_not_null()), "both", make, by=by, confidence=confidence)


def _measure() -> pl.Expr:
    """The measure that a pair of ratings belongs to; the engagement model has no points and so none."""
    scale, instrument = pl.col("scale"), pl.col("instrument")
    of_sdq = pl.when(scale == TOTAL_DIFFICULTIES).then(pl.lit("sdq_change")).otherwise(pl.lit("sdq_scale_change"))
    halves = pl.lit("boxall_") + scale + pl.lit("_change")
    of_boxall = pl.when(scale.is_in(list(STRANDS))).then(halves).otherwise(pl.lit("boxall_strand_change"))
    other = pl.when(instrument != ENGAGEMENT).then(pl.lit("other_scale_change"))
    return pl.when(instrument == SDQ).then(of_sdq).when(instrument == BOXALL).then(of_boxall).otherwise(other)


def _item() -> pl.Expr:
    """The rater; before it the scale, where a measure has several, and the name of an instrument that is not ours."""
    scale, rater = pl.col("scale"), pl.col("rater")
    ours = pl.col("instrument").is_in([SDQ, BOXALL])
    several = pl.when(ours).then(scale).otherwise(pl.col("instrument") + " " + scale)
    return pl.when(ours & scale.is_in([TOTAL_DIFFICULTIES, *STRANDS])).then(rater).otherwise(several + ", " + rater)


@either_kind
def reliably_changed(
    facts: pl.DataFrame, wellbeing: pl.DataFrame, *, by: By | None = None, known: pl.DataFrame | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils whose score got better, and worse, by more than measurement error, per 100 rated twice (Wilson).

    `wellbeing_reliably_better` and `wellbeing_reliably_worse`; `item` is instrument, scale and rater. Only scales whose
    norm sd and reliability are known: `known` (instrument, scale, rater, sd, reliability) stands in for those that come
    with the package. Jacobson and Truax 1991: |change| > 1.96 * sd * root(2 * (1 - r)).
    """
    pairs = rated_pairs(facts, with_totals(wellbeing))
    scales = reliabilities() if known is None else known
    judged = pairs.join(scales, on=["instrument", "scale", "rater"], how="inner")
    good = pl.Series([GOOD.get(pair, 0) for pair in judged.select("instrument", "scale").iter_rows()], dtype=pl.Int64)
    verdict = reliable_change(*(judged[name].to_numpy() for name in ("first", "last", "sd", "reliability"))).reliable
    signs = {"better": good.to_numpy() * verdict, "worse": -good.to_numpy() * verdict}
    judged = judged.with_columns(
        pl.format("{} {}, {}", "instrument", "scale", "rater").alias("what"),
        *(pl.Series(name, np.nan_to_num(sign) > 0) for name, sign in signs.items()),
    ).filter(good != 0)

    def make(item: str, here: pl.Expr) -> list[Recipe]:
        return [
            Share(f"wellbeing_reliably_{way}", feature=pl.col(way), where=here & RATED_AGAIN, eligible=here, item=item)
            for way in signs
        ]

    return item_rows(judged, "what", make, by=by, confidence=confidence)


@either_kind
def sdq_added(
    facts: pl.DataFrame, wellbeing: pl.DataFrame, *, by: By | None = None, high_risk: float = HIGH_RISK,
    months: tuple[float, float] = MONTHS, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Added value on the parents' SDQ: points of total difficulties better than expected without help (t interval).

    2.3 + 0.8 total + 0.2 impact - 0.3 emotional scale at the start - total at the end (sdqinfo.org; Ford and others
    2009). Of pupils whose parents' total was at least `high_risk` at the start and was taken again `months` later, with
    the impact supplement; the formula means nothing for children at low risk, or for other raters.
    """
    pairs = rated_pairs(facts, with_totals(wellbeing)).filter(
        (pl.col("instrument") == SDQ) & (pl.col("rater") == "parent")
    )
    parts = {"IMP": "impact", "EMO": "emotional"}
    base = pairs.filter((pl.col("scale") == TOTAL_DIFFICULTIES) & (pl.col("first") >= high_risk))
    for scale, name in parts.items():
        start = pairs.filter(pl.col("scale") == scale).select(
            "pupil_id", "time_period", "version", "first_on", pl.col("first").alias(name)
        )
        base = base.join(start, on=["pupil_id", "time_period", "version", "first_on"], how="left", nulls_equal=True)
    apart = (pl.col("rated_on") - pl.col("first_on")).dt.total_days() / DAYS_A_MONTH
    scores = (base[name].cast(pl.Float64).to_numpy() for name in ("first", "impact", "emotional", "last"))
    added = pl.Series("added", sdq_added_value(*scores), dtype=pl.Float64)
    base = base.with_columns(added.fill_nan(None))
    timely = pl.col("added").is_not_null() & apart.is_between(*months)

    def make(rater: str, here: pl.Expr) -> list[Recipe]:
        return [Mean("sdq_added_value", of=pl.col("added"), where=here & timely, eligible=here, item=rater)]

    return item_rows(base, "rater", make, by=by, confidence=confidence)


@either_kind
def engagement(
    facts: pl.DataFrame, wellbeing: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Engagement model: how many pupils show more, as much, or less than at the start, by area; never a mean.

    `item` is the area and the direction. The model has no levels and no points (STA, 2020), so only the direction of
    what a school noted is read; to hold what one has can be good progress. A count, of pupils rated again.
    """
    pairs = rated_pairs(facts, wellbeing).filter(pl.col("instrument") == ENGAGEMENT)
    names = labels("engagement_area")
    pairs = pairs.with_columns(pl.col("scale").replace(names).alias("area"))

    def make(area: str, here: pl.Expr) -> list[Recipe]:
        return [
            Count("engagement_areas", feature=here & (CHANGE.sign() == sign), where=here & RATED_AGAIN, eligible=here,
                  item=f"{area}: {way}")
            for way, sign in DIRECTIONS.items()
        ]  # fmt: skip

    return item_rows(pairs, "area", make, by=by, confidence=confidence)


@either_kind
def wellbeing_start(
    facts: pl.DataFrame, wellbeing: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils with SEND who have a starting point on any wellbeing scale by the end of the year, per 100 on the roll.

    Of schools that rated anybody in the year (Wilson interval); `eligible_subjects`: all pupils with SEND on the roll.
    """
    held = first_and_last(wellbeing.filter(pl.col("score").is_not_null())).with_columns(
        pl.lit(FULL_YEAR).alias("time_identifier")
    )
    sums = held.select(PUPIL).unique().with_columns(pl.lit(True).alias("rated"))
    flags = held.select(SCHOOL).unique().with_columns(pl.lit(True).alias("recorded"))
    base = beside_the_roll(facts, sums, flags).filter(OF_SEND)
    recipe = Share("wellbeing_baseline", feature=pl.col("rated"), where=pl.col("recorded"), eligible=EVERYBODY)
    return roll_rows(base, [recipe], by=by, confidence=confidence)


def rated_pairs(facts: pl.DataFrame, ratings: pl.DataFrame) -> pl.DataFrame:
    """First and last ratings beside the pupil's place and groups in that year."""
    scored = ratings.filter(pl.col("score").is_not_null())
    return with_pupils(first_and_last(scored), facts).with_columns(pl.col("rated_on").alias("data_to"))
