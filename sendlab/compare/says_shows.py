"""What a school says of itself beside what its figures show: where the two disagree beyond what chance allows.

A rating of 7 to 10 disagrees with a figure that is clearly worse than that of the same group elsewhere, one of 1 to 3
with a figure that is clearly better. Everything is taken from published rows: p-values are read back from published
limits (Altman and Bland 2011, BMJ 343:d2304), which know how absences and suspensions cluster in pupils. False
findings of a family are held down by Benjamini and Hochberg's method (1995). No score is made of any of it.
"""

import numpy as np
import polars as pl
from scipy import stats

from sendlab.compare.gaps import floats_of
from sendlab.compare.sides import NATIONAL
from sendlab.metrics.grouping import REST, SCHOOL, number
from sendlab.metrics.sef.ties import Tie, tied
from sendlab.schema.groups import FULL_YEAR, TOTAL
from sendlab.schema.measures import GROUPS
from sendlab.stats.arrays import Floats, normal_quantile
from sendlab.stats.many import benjamini_hochberg
from sendlab.stats.rounding import round_half_away

RATING = "sef_now"
HIGH, LOW = 7, 4  # ratings from the one on and below the other say something that a figure can speak against
FEWEST = 10  # people: on fewer nothing is judged (small-number rule for reporting)
FEWEST_TO_NAME = 30  # for a list of schools to visit
HELD = 0.10  # share of false findings among all
OLDEST = 101  # a figure is of the year of the rating or of the year before: 202526 less 202425
UNTREATED = "untreated pupils who began alike"

MORE = "says more than the figures show"
LESS = "figures are better than it says"
ALIKE = "no disagreement that chance would not explain"
MIDDLE = "rated 4 to 6: not set against figures"
NOT_RATED = "not rated"
NO_MEASURE = "no measure bears on it"
NOT_PUBLISHED = "not published"
NO_FIGURE = "no figure"
HIDDEN = "not shown"
UNSURE = "marked unreliable: not judged"
ALONE = "nothing shown to set it beside"
OTHER_PHASE = "no figure of schools of its phase to set it beside"
DISAGREES = (MORE, LESS)

_PLACE = ("place_code", "place_name", "education_phase")
_PERIOD = ("time_period", "time_identifier")
_AT = ("place_code", "measure", "sen_provision", "item", *_PERIOD)
_FIGURE = ("numerator", "base_subjects", "value", "lower", "upper", "status", "note")
LINE = (
    *_PLACE, "statement", "rating", "measure", "sen_provision", "item", *_PERIOD, *_FIGURE, "comparator", "own_phase",
    "comparator_value", "comparator_period", "gap", "gap_lower", "gap_upper", "p", "adjusted_p", "verdict", "family",
)  # fmt: skip


def says_shows(published: pl.DataFrame, *, time_period: str, fewest: int = FEWEST, q: float = HELD) -> pl.DataFrame:
    """One row a school, statement and measure tied to it, with both sides and a verdict; columns of `LINE`.

    `published`: measure rows of `tied_measures()`, of schools, with their gaps, and of the nation; schools that have a
    self-evaluation in `time_period` are looked at. Figures are of that year or the year before, the latest. A figure
    stands beside the same group nationally in schools of its phase; else beside the rest of the LA, or the nation's
    schools of all phases, which is no verdict where phases differ (`ties.toml`). `verdict` is one of the words above,
    or "too few pupils to say (under 10)". `p` is one-sided, towards disagreement; `adjusted_p` is over all
    comparisons that these rows allow, and a verdict of disagreement has it at most `q` and limits without zero.
    Sorted by school's name and the order of the tool: no rank.
    """
    rows = _plain(published)
    ratings = rows.filter((pl.col("measure") == RATING) & (pl.col("time_period") == time_period))
    lines = _with_ratings(_schools(ratings).join(_ties(), how="cross"), ratings)
    lines = _with_comparison(_with_figures(lines, _recent(rows, time_period)), rows)
    return _judged(lines, fewest, q).select(LINE).sort("place_name", "place_code", maintain_order=True)


def _plain(published: pl.DataFrame) -> pl.DataFrame:
    """Rows broken down by SEN provision and item at most; of a hidden one nothing but its base, where that is shown."""
    others = [name for name in GROUPS if name not in ("sen_provision", "item")]
    rows = published.filter(pl.all_horizontal(pl.col(name) == TOTAL for name in others))
    figures = ("numerator", "value", "lower", "upper", "comparator_value")
    return rows.with_columns(pl.when(pl.col("status") != "c").then(name).alias(name) for name in figures)


def _schools(ratings: pl.DataFrame) -> pl.DataFrame:
    return ratings.filter(pl.col("geographic_level") == SCHOOL).select(_PLACE).unique().sort("place_name", "place_code")


def _ties() -> pl.DataFrame:
    """A line a statement and measure, in the order of the tool; one without a measure where none bears on it."""
    schema = {
        "statement": pl.String, "measure": pl.String, "sen_provision": pl.String, "by_phase": pl.Boolean,
        "each": pl.Boolean, "published": pl.Boolean, "effect": pl.Boolean, "skewed": pl.Boolean, "worse": pl.Float64,
        "counted": pl.String,
    }  # fmt: skip
    lines = [
        _tie(statement, tie) if tie else {"statement": statement, "by_phase": False, "each": False, "skewed": False}
        for statement, about in tied().items() for tie in about.ties or [None]
    ]  # fmt: skip
    return pl.DataFrame(lines, schema=schema)


def _tie(statement: str, tie: Tie) -> dict[str, object]:
    """`worse`: +1 where a higher figure is worse; `counted`: the people it is about, missing where it is about none."""
    return {
        "statement": statement, "measure": tie.measure, "sen_provision": tie.group, "by_phase": tie.by_phase,
        "each": tie.each, "published": tie.published, "effect": tie.card.kind == "effect",
        "skewed": tie.card.kind in ("sum", "events"), "worse": 1.0 if tie.card.polarity == "low" else -1.0,
        "counted": tie.card.counted if tie.card.of_people else None,
    }  # fmt: skip


def _with_ratings(lines: pl.DataFrame, ratings: pl.DataFrame) -> pl.DataFrame:
    """Lines with `rating`: none where the statement is not rated or does not apply (0)."""
    rated = ratings.filter((pl.col("comparator") == "") & (pl.col("value") > 0))
    rated = rated.select("place_code", pl.col("item").alias("statement"), pl.col("value").alias("rating"))
    return lines.join(rated, on=["place_code", "statement"], how="left", maintain_order="left")


def _recent(rows: pl.DataFrame, time_period: str) -> pl.DataFrame:
    """Figures of schools in the latest period of each measure up to the rating's, at most a year older."""
    own = (pl.col("geographic_level") == SCHOOL) & (pl.col("comparator") == "") & (pl.col("measure") != RATING)
    year = pl.col("time_period").cast(pl.Int64, strict=False)
    figures = rows.filter(own & (int(time_period) - year).is_between(0, OLDEST))
    newest = figures.select("measure", *_PERIOD).unique()
    newest = newest.sort("time_period", pl.col("time_identifier") == FULL_YEAR, "time_identifier")
    return figures.join(newest.unique("measure", keep="last", maintain_order=True), on=["measure", *_PERIOD])


def _with_figures(lines: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """Lines with their figures: one, or one an item where the measure is told item by item."""
    held = figures.select(*_AT, *_FIGURE)
    on = ["place_code", "measure", "sen_provision"]
    whole = lines.filter(~pl.col("each")).join(
        held.filter(pl.col("item") == TOTAL), on=on, how="left", maintain_order="left"
    )
    each = lines.filter("each").join(
        held.filter(pl.col("item") != TOTAL), on=on, how="left", maintain_order="left_right"
    )
    order = {statement: place for place, statement in enumerate(tied())}
    place = pl.col("statement").replace_strict(order, return_dtype=pl.Int32)
    return pl.concat([whole, each]).sort("place_name", "place_code", place, maintain_order=True)


def _with_comparison(lines: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Lines with the gap that they are judged by: the most alike that has a value."""
    gaps = rows.filter(
        (pl.col("geographic_level") == SCHOOL)
        & pl.col("comparator").is_in([NATIONAL, REST])
        & pl.col("value").is_not_null()
    )
    nation = rows.filter((pl.col("geographic_level") == "National") & (pl.col("comparator") == ""))
    key = ["measure", "sen_provision", "item", "education_phase", "comparator", "comparator_period"]
    alike = nation.with_columns(
        pl.lit(NATIONAL).alias("comparator"), pl.col("time_period").alias("comparator_period"), own_phase=True
    )
    gaps = gaps.join(alike.select(*key, "own_phase").unique(), on=key, how="left")
    gaps = gaps.with_columns(pl.col("own_phase").fill_null(False))
    best = gaps.sort(~pl.col("own_phase"), pl.col("comparator") != REST).unique(_AT, keep="first", maintain_order=True)
    best = best.select(
        *_AT, "comparator", "own_phase", "comparator_value", "comparator_period", pl.col("value").alias("gap"),
        pl.col("lower").alias("gap_lower"), pl.col("upper").alias("gap_upper"),
    )  # fmt: skip
    return _with_effects(lines.join(best, on=_AT, how="left", maintain_order="left"))


def _with_effects(lines: pl.DataFrame) -> pl.DataFrame:
    """An effect is a comparison already: its figure is the gap, to pupils who were not treated."""
    effect = pl.col("effect") & pl.col("value").is_not_null()
    return lines.with_columns(
        pl.when(effect).then(pl.lit(UNTREATED)).otherwise("comparator").alias("comparator"),
        pl.when(effect).then("value").otherwise("gap").alias("gap"),
        pl.when(effect).then("lower").otherwise("gap_lower").alias("gap_lower"),
        pl.when(effect).then("upper").otherwise("gap_upper").alias("gap_upper"),
    )


def _judged(lines: pl.DataFrame, fewest: int, q: float) -> pl.DataFrame:
    """Lines with p, adjusted p and verdict."""
    band = pl.Series(round_half_away(lines["rating"].fill_null(float("nan")).to_numpy(), 0)).fill_nan(None)
    lines = lines.with_columns(band.alias("band"), (band >= HIGH).fill_null(False).alias("says_high"))
    lines = lines.with_columns(_why_not(fewest).alias("verdict"), number(_p_values(lines)).alias("p"))
    lines = lines.with_columns(pl.when(pl.col("verdict").is_null()).then("p").alias("p"))
    clear = (pl.col("gap_lower") > 0) | (pl.col("gap_upper") < 0)
    found = ((pl.col("adjusted_p") <= q) & clear).fill_null(False)
    return _with_adjusted(lines, q).with_columns(
        pl.when(pl.col("verdict").is_not_null()).then("verdict")
        .when(pl.col("p").is_null()).then(pl.lit(ALONE))
        .when(found & pl.col("says_high")).then(pl.lit(MORE))
        .when(found).then(pl.lit(LESS))
        .otherwise(pl.lit(ALIKE)).alias("verdict")
    )  # fmt: skip


def _with_adjusted(lines: pl.DataFrame, q: float) -> pl.DataFrame:
    """Lines with `adjusted_p`; a figure that bears on several statements rated alike is one comparison."""
    one = [*_AT, "says_high"]
    judged = lines.filter(pl.col("p").is_not_null()).select(*one, "p").unique(one, maintain_order=True)
    family = benjamini_hochberg(judged["p"].to_numpy(), q=q)
    counted = "1 comparison" if family.tested == 1 else f"{family.tested:,} comparisons"
    said = f"{counted} judged together, false findings held at {100 * q:g} % (Benjamini-Hochberg)"
    judged = judged.select(*one, number(family.adjusted).alias("adjusted_p"))
    lines = lines.join(judged, on=one, how="left", maintain_order="left")
    return lines.with_columns(pl.lit(said).alias("family"))


def _why_not(fewest: int) -> pl.Expr:
    """Why a line is not judged; missing where it is."""
    few = pl.format(f"too few {{}} to say (under {fewest})", "counted")
    mixed = pl.col("by_phase") & ~pl.col("own_phase").fill_null(False)
    return (
        pl.when(pl.col("measure").is_null()).then(pl.lit(NO_MEASURE))
        .when(pl.col("rating").is_null()).then(pl.lit(NOT_RATED))
        .when(~pl.col("published")).then(pl.lit(NOT_PUBLISHED))
        .when(pl.col("counted").is_not_null() & pl.col("base_subjects").is_between(1, fewest - 1)).then(few)
        .when(pl.col("status") == "c").then(pl.lit(HIDDEN))
        .when(pl.col("value").is_null()).then(pl.lit(NO_FIGURE))
        .when(pl.col("status") == "u").then(pl.lit(UNSURE))
        .when(pl.col("band").is_between(LOW, HIGH - 1)).then(pl.lit(MIDDLE))
        .when(pl.col("gap").is_null()).then(pl.lit(ALONE))
        .when(mixed).then(pl.lit(OTHER_PHASE))
    )  # fmt: skip


def _p_values(lines: pl.DataFrame) -> Floats:
    """One-sided p of each gap towards disagreement: worse where the rating is high, better where it is low.

    The distance from the gap to its limit on the side of zero is 1.96 standard errors. The spread of sums and events
    grows with their size, so that a low figure looks too sure: its standard error is taken as it would be at the
    comparator's size; above it logarithms are compared. Where there were none, nothing is known of how they cluster
    in pupils, and p is 1.
    """
    value, gap, lower, upper, worse = floats_of(lines, "value", "gap", "gap_lower", "gap_upper", "worse")
    skewed, other = lines["skewed"].to_numpy(), value - gap
    width = np.abs(gap - np.where(gap > 0, lower, upper))
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(value / other) / np.log(value / (value - width))
        steps = np.where(skewed & (gap > 0) & (width < value), logs, gap / width)
        steps = np.where(skewed & (gap < 0), gap / (width * other / value), steps)
    towards = np.where(lines["says_high"].to_numpy(), worse, -worse)
    p = stats.norm.sf(np.where(np.isfinite(steps), towards * steps * normal_quantile(0.95), np.nan))
    return np.where(skewed & (value == 0) & np.isfinite(gap), 1.0, p)
