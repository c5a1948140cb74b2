"""Change over time: a figure or a gap less the same one year earlier, as measure rows.

Only like is set beside like: the same measure, place, group and part of the year. A part of a year beside a whole one
is refused, and so are two years with a break in the series between them. Interval: from both years' limits (MOVER,
Zou and Donner 2008; of two shares it is Newcombe's), the years' pupils taken as independent. Where many pupils are
the same in both years it is wider than need be, not narrower.
"""

import polars as pl

from sendlab.compare.breaks import break_between
from sendlab.compare.gaps import NO_COUNTS, floats_of, points
from sendlab.compare.ratios import RATIO
from sendlab.compare.sides import NATIONAL, year_of
from sendlab.metrics.grouping import LA, SCHOOL, either_kind, number
from sendlab.schema.measures import GROUPS, as_measures
from sendlab.stats.intervals import difference

YEAR_EARLIER = "One year earlier"
METHOD = "from both years' limits; pupils of both years taken as independent"
SAME_BENCHMARK = "both years are set beside the same published year: the change is that of the figure alone"
PROVISIONAL = "provisional"
WIDENING = ("wider", "narrower", "as wide", "the other way round")
_SAME = ("measure", "geographic_level", "place_code", *GROUPS, "comparator")
_LINK = [*_SAME, "time_identifier", "time_period"]
_EARLIER = ("value", "lower", "upper", "status", "note", "comparator_period")


@either_kind
def change_rows(measures: pl.DataFrame) -> pl.DataFrame:
    """The change since one year earlier of every figure and every gap of the authority and its schools.

    A row for each that has the same part of the year one year earlier, and one without a value (status x, the reason
    in `note`) where the earlier year is held for other parts only, or a break in the series lies between. `value` is
    this year's less the earlier one's, in percentage points for percentages; `comparator` is "One year earlier", for
    gaps "No SEN, one year earlier"; `comparator_value` and `comparator_period` are the earlier year's. A gap that
    widens is a row like any other (`widening` puts it in words). Published figures and ratios have no change here.
    """
    return changes(own_rows(measures), years=1)


def widening(changed: pl.DataFrame) -> pl.Series:
    """For change rows of gaps whether the gap became wider, narrower, stayed, or turned to the other side.

    By the figures alone: whether that is more than chance say the limits. Missing where the change has no value, and
    for changes of figures that are no gaps.
    """
    earlier = pl.col("comparator_value")
    now = earlier + pl.col("value")
    turned = (now * earlier < 0) & pl.col("value").is_not_null()
    word = (
        pl.when(~pl.col("comparator").str.contains(", ", literal=True)).then(pl.lit(None, dtype=pl.String))
        .when(turned).then(pl.lit(WIDENING[3]))
        .when(now.abs() > earlier.abs()).then(pl.lit(WIDENING[0]))
        .when(now.abs() < earlier.abs()).then(pl.lit(WIDENING[1]))
        .when(now.abs() == earlier.abs()).then(pl.lit(WIDENING[2]))
    )  # fmt: skip
    return changed.select(word.alias("widening"))["widening"]


def changes(own: pl.DataFrame, *, years: int) -> pl.DataFrame:
    """Changes of rows since as many years earlier; see `change_rows`."""
    earlier = own.select(*_LINK, *_EARLIER).with_columns(moved(years), pl.lit(True).alias("met"))
    place = [*_SAME[:3], "time_period"]
    held = earlier.group_by(place).agg(pl.col("time_identifier").unique().sort().alias("held"))
    found = own.join(earlier, on=_LINK, how="left", suffix="_other").join(held, on=place, how="left")
    unlike = pl.col("held").is_not_null() & ~pl.col("held").list.contains(pl.col("time_identifier"))
    figure = pl.col("comparator") == ""
    found = found.with_columns(pl.col("met").fill_null(False)).filter(pl.col("met") | (unlike & figure))
    return _finished(found.with_columns(moved(-years).alias("time_period_other")), years)


def own_rows(measures: pl.DataFrame) -> pl.DataFrame:
    """Figures and gaps of the authority and its schools: no ratios, no changes, nothing published."""
    ratio = pl.col("comparator").str.ends_with(RATIO)
    made = pl.col("comparator").str.to_lowercase().str.contains(" earlier")
    return measures.filter(pl.col("geographic_level").is_in([LA, SCHOOL]) & ~ratio & ~made)


def moved(years: int) -> pl.Expr:
    """The period so many years on; academic and calendar years alike.

    >>> pl.DataFrame({"time_period": ["202425", "199899", "2025"]}).select(moved(1))["time_period"].to_list()
    ['202526', '199900', '2026']
    """
    year = year_of("time_period") + years
    ending = ((year + 1) % 100).cast(pl.String).str.zfill(2)
    academic = pl.col("time_period").str.len_chars() == 6
    return pl.when(academic).then(year.cast(pl.String) + ending).otherwise(year.cast(pl.String)).alias("time_period")


def _finished(found: pl.DataFrame, years: int) -> pl.DataFrame:
    reason = _why_not()
    refused = reason != ""
    sides = floats_of(found, "value", "lower", "upper", "value_other", "lower_other", "upper_other")
    lower, upper = difference(*sides)
    made = found.with_columns(number(lower).alias("lower"), number(upper).alias("upper"), reason.alias("reason"))
    change = pl.when(~refused).then(pl.col("value") - pl.col("value_other"))
    silent = change.is_null() & ~refused
    made = made.with_columns(
        change.alias("value"),
        *(pl.when(~refused).then(name).alias(name) for name in ("lower", "upper")),
        _status(refused, silent).alias("status"),
        pl.when(refused).then("reason").when(silent).then(_missing()).otherwise(_rolls()).alias("note"),
        pl.col("value_other").alias("comparator_value"),
        pl.col("time_period_other").alias("comparator_period"),
        _named(years).alias("comparator"),
        points().alias("unit"),
        pl.lit(METHOD).alias("method"),
        *[pl.lit(None, dtype=pl.Float64).alias(name) for name in NO_COUNTS],
    )
    odd = ("met", "held", "reason")
    return as_measures(made.drop([name for name in made.columns if name.endswith("_other") or name in odd]))


def _why_not() -> pl.Expr:
    """Why the two years cannot be compared; "" where they can."""
    broken = break_between()
    same = pl.col("comparator").str.starts_with(NATIONAL) & (
        pl.col("comparator_period") == pl.col("comparator_period_other")
    )
    return (
        pl.when(~pl.col("met"))
        .then(_unlike())
        .when(broken != "")
        .then(pl.lit("break in the series: ") + broken)
        .when(same)
        .then(pl.lit(SAME_BENCHMARK))
        .otherwise(pl.lit(""))
    )


def _unlike() -> pl.Expr:
    period = pl.col("time_period_other")
    academic = pl.format("{}/{}", period.str.slice(0, 4), period.str.slice(4))
    year = pl.when(period.str.len_chars() == 4).then(period).otherwise(academic)
    return pl.format(
        "no figure of this part of the year ({}) for {}, which is held for: {}. A part of a year is never set beside "
        "another part or the whole",
        pl.col("time_identifier").str.to_lowercase(), year, pl.col("held").list.join(", ").str.to_lowercase(),
    )  # fmt: skip


def _status(refused: pl.Expr, silent: pl.Expr) -> pl.Expr:
    mark = pl.when(pl.col("value").is_null()).then("status").otherwise("status_other")
    unsure = (pl.col("status") == "u") | (pl.col("status_other") == "u") | _one_provisional()
    return (
        pl.when(refused).then(pl.lit("x")).when(silent).then(mark)
        .when(unsure).then(pl.lit("u")).otherwise(pl.lit(""))
    )  # fmt: skip


def _missing() -> pl.Expr:
    return pl.when(pl.col("value").is_null()).then("note").otherwise("note_other")


def _one_provisional() -> pl.Expr:
    here, there = (pl.col(name).fill_null("").str.contains(PROVISIONAL) for name in ("note", "note_other"))
    return here != there


def _rolls() -> pl.Expr:
    said = pl.lit("the roll of one of the years is provisional: pupils are not counted alike")
    return pl.when(_one_provisional()).then(said).otherwise(pl.lit(""))


def _named(years: int) -> pl.Expr:
    """The comparator in words: how much earlier, behind that of a gap."""
    words = YEAR_EARLIER if years == 1 else f"{years} years earlier"
    behind = pl.concat_str("comparator", pl.lit(f", {words[:1].lower()}{words[1:]}"))
    return pl.when(pl.col("comparator") == "").then(pl.lit(words)).otherwise(behind)
