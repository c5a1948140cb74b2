"""The release log: every figure that went out, by audience, so that the next release is judged beside the last ones.

Shown once, a figure is a constant; hidden once for a reference period, it stays hidden. A figure that has changed since
it was shown, by fewer people than the threshold or by what so few may account for, is held: it stands as released.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sendlab.disclosure.published import HIDDEN, PUBLISHED_COLUMNS, Published
from sendlab.metrics.cards import cards
from sendlab.metrics.publication import LA_LEVEL, SCHOOL_LEVEL
from sendlab.schema.measures import GROUPS, no_measures

CELL_KEY = ("measure", "time_period", "time_identifier", "geographic_level", "place_code", *GROUPS)
RELEASED = "released"  # the day of a release; a later one of the same day stands for it
LOG_COLUMNS = (*PUBLISHED_COLUMNS, RELEASED, "run_id")
# A pupil may be suspended for 45 school days in a school year (DfE, Suspension and permanent exclusion, 2024), and a
# suspension takes half a day at least.
MOST_EVENTS = 90
UNEVENLY = 2.0  # how many times the average of possible sessions a pupil may have had, where many came or left
_COUNTS, _ELIGIBLE = ("base_subjects", "denominator", "numerator"), "eligible_subjects"


def no_releases() -> pl.DataFrame:
    """A log without a release."""
    empty = no_measures().select(PUBLISHED_COLUMNS)
    return empty.with_columns(pl.lit("").alias(name) for name in (RELEASED, "run_id"))


def read_log(path: Path) -> pl.DataFrame:
    """The figures that went out to one audience, oldest first; an authority's first release has none."""
    return pl.read_parquet(path) if path.is_file() else no_releases()


def with_release(log: pl.DataFrame, published: Published, released: str) -> pl.DataFrame:
    """The log with the figures of a release that are new in it, or not as they were last released."""
    own = published.rows.filter(
        (pl.col("comparator") == "") & pl.col("geographic_level").is_in([LA_LEVEL, SCHOOL_LEVEL])
    )
    told = ["status", *_COUNTS, _ELIGIBLE, "value", "lower", "upper"]
    before = latest(log).select(*CELL_KEY, *(pl.col(name).alias(f"_{name}") for name in told), _there=pl.lit(True))
    joined = own.join(before, on=list(CELL_KEY), how="left", nulls_equal=True)
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"_{name}")) for name in told)
    news = joined.filter(~(pl.col("_there").fill_null(False) & same)).select(own.columns)
    stamped = news.with_columns(pl.lit(released).alias(RELEASED), pl.lit(published.run_id).alias("run_id"))
    return pl.concat([log, stamped.select(log.columns)])


def latest(log: pl.DataFrame) -> pl.DataFrame:
    """Each figure as it was released last."""
    return log.unique(CELL_KEY, keep="last", maintain_order=True)


def bound(rows: pl.DataFrame, log: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """The figures with `given`, `base_given` and `coverage_given`: how earlier releases bind them.

    "", "shown", "hidden", or "held" if it has changed since it was shown: by few, or of `eligible_subjects` at all.
    `rows` are exact figures.
    """
    known = (*_COUNTS, _ELIGIBLE, "status")
    before = latest(log).select(*CELL_KEY, *(pl.col(name).alias(f"_{name}") for name in known))
    joined = rows.join(before, on=list(CELL_KEY), how="left", maintain_order="left")
    met, hidden = pl.col("_status").is_not_null(), pl.col("_status") == HIDDEN
    has_people = pl.col("measure").is_in([name for name, about in cards().items() if about.of_people])
    no_base = hidden & pl.col("_base_subjects").is_null()
    changed = _changed(threshold)
    base_changed = _moved("base_subjects", threshold)
    return joined.with_columns(
        given=pl.when(~met | ~has_people).then(pl.lit("")).when(hidden).then(pl.lit("hidden"))
        .when(changed.is_null()).then(pl.lit("")).when(changed).then(pl.lit("held")).otherwise(pl.lit("shown")),
        base_given=pl.when(~met | ~has_people).then(pl.lit("")).when(no_base).then(pl.lit("hidden"))
        .when(base_changed.is_null()).then(pl.lit("")).when(base_changed).then(pl.lit("held"))
        .otherwise(pl.lit("shown")),
        coverage_given=pl.when(~met | ~has_people).then(pl.lit("")).when(pl.col(f"_{_ELIGIBLE}").is_null())
        .then(pl.lit("hidden")).when(pl.col(_ELIGIBLE).eq_missing(pl.col(f"_{_ELIGIBLE}"))).then(pl.lit("shown"))
        .otherwise(pl.lit("held")),
    ).drop([f"_{name}" for name in known])  # fmt: skip


def _moved(name: str, threshold: int) -> pl.Expr:
    """False where a count is as it was shown, true where it differs by a few, null where by threshold or more."""
    change = (pl.col(name).cast(pl.Float64) - pl.col(f"_{name}").cast(pl.Float64)).abs()
    return pl.when(change.fill_null(0) == 0).then(False).when(change < threshold).then(True)


def _changed(threshold: int) -> pl.Expr:
    """As `_moved`, of a whole figure.

    Of changed events or sessions it cannot be told whose they are, unless they are more than fewer than the threshold
    can have: twice the average of possible sessions each, or a suspension for every half day that is allowed.
    """
    of_people = pl.col("measure").is_in([name for name, about in cards().items() if about.kind == "share"])
    base, number = _moved("base_subjects", threshold), _moved("numerator", threshold)
    others = pl.any_horizontal(
        pl.col(name).cast(pl.Float64).ne(pl.col(f"_{name}").cast(pl.Float64)).fill_null(False) for name in _COUNTS
    )
    few = base.fill_null(False) | number.fill_null(False)
    many = pl.when(~base.fill_null(False)).then(_of_many(threshold)).otherwise(False)
    return pl.when(of_people).then(pl.when(few).then(True).when(base.is_null() | number.is_null()).then(None)
                                   .otherwise(others)).otherwise(
        pl.when(base.is_null() | many).then(None).otherwise(others))  # fmt: skip


def _of_many(threshold: int) -> pl.Expr:
    """Sums and events that changed by more than threshold - 1 people can account for."""
    of_kind = {kind: [name for name, about in cards().items() if about.kind == kind] for kind in ("sum", "events")}
    each = pl.col("denominator") / pl.col("base_subjects")  # sessions that were possible for one
    most = pl.when(pl.col("measure").is_in(of_kind["sum"])).then(UNEVENLY * each).otherwise(float(MOST_EVENTS))
    counted = pl.col("measure").is_in(of_kind["sum"] + of_kind["events"])
    apart = [(pl.col(name).cast(pl.Float64) - pl.col(f"_{name}").cast(pl.Float64)).abs() for name in _COUNTS[1:]]
    return counted & pl.any_horizontal(change > (threshold - 1) * most for change in apart).fill_null(False)


def as_released(rows: pl.DataFrame, log: pl.DataFrame, which: Sequence[str], note: str) -> pl.DataFrame:
    """The rows, those marked in column `_held` replaced by what was released last, with a note; columns `which`."""
    before = latest(log).select(*CELL_KEY, *(pl.col(name).alias(f"_{name}") for name in which))
    joined = rows.join(before, on=list(CELL_KEY), how="left", maintain_order="left")
    held = pl.col("_held")
    kept = joined.with_columns(
        pl.when(held).then(pl.col(f"_{name}")).otherwise(pl.col(name)).alias(name) for name in which
    )
    return kept.with_columns(note=pl.when(held).then(pl.lit(note)).otherwise("note")).drop(
        [f"_{name}" for name in which]
    )
