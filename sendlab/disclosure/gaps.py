"""Gap rows: hidden with either of their two sides, and never finer than the coarser of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from sendlab.disclosure.intake import NATIONAL_GAP, NO_SEN_GAP, OTHERS_GAP
from sendlab.disclosure.protect.primary import Counts, primary_of, small
from sendlab.disclosure.rounding import fewest, places
from sendlab.metrics.card_of import by_measure
from sendlab.metrics.publication import LA_LEVEL
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import GROUPS

_TABLE = ("measure", "time_period", "time_identifier")
_SIDE = ("base_subjects", "with_subjects", "numerator", "denominator", "top_share", "value", "hidden")
_OWN_KEY = (*_TABLE, "place_code", *GROUPS)
_OTHER_GROUPS = tuple(name for name in GROUPS if name not in ("sen_provision", "need_area"))


def judge_gaps(gaps: pl.DataFrame, figures: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """The gap rows with `hidden`, `_few` (a side has too few people for a percentage), `_places`, `_other_places`.

    `figures` are the exact figures with their flag `hidden`. A gap whose own figure or whose other side is not among
    them cannot be judged and is hidden.
    """
    sides = _with_sides(gaps.drop("hidden", strict=False), figures)
    sides = sides.with_columns(_rest_hidden=_rest_hidden(sides, threshold))
    national = pl.col("comparator") == NATIONAL_GAP
    other_base = (
        pl.when(pl.col("comparator") == OTHERS_GAP)
        .then(pl.col("_other_base_subjects") - pl.col("_own_base_subjects"))
        .otherwise(pl.col("_other_base_subjects"))
    )
    kind, decimals, smallest = pl.col("_kind"), pl.col("_decimals"), pl.col("_smallest")
    own_places = places(pl.col("_own_base_subjects"), kind, decimals)
    other_places = pl.when(national).then(decimals).otherwise(places(other_base, kind, decimals))
    other_few = pl.when(~national).then(fewest(other_base, kind, smallest))
    return sides.with_columns(
        hidden=pl.col("_own_hidden").fill_null(True)
        | (~national & pl.col("_other_hidden").fill_null(True))
        | pl.col("_rest_hidden"),
        _few=pl.max_horizontal(fewest(pl.col("_own_base_subjects"), kind, smallest), other_few),
        _places=pl.min_horizontal(own_places, other_places),
        _other_places=pl.when(~national).then(other_places),
    )


def _with_sides(gaps: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """Each gap row beside the counts of its own figure (`_own_`) and of the figure it is compared with (`_other_`)."""
    sides = figures.select(*_OWN_KEY, "geographic_level", *_SIDE)
    own = sides.select(*_OWN_KEY, *(pl.col(name).alias(f"_own_{name}") for name in _SIDE))
    other_names = [pl.col(name).alias(f"_other_{name}") for name in _SIDE]
    place_free = [name for name in _OWN_KEY if name != "place_code"]
    la = sides.filter(pl.col("geographic_level") == LA_LEVEL).select(*place_free, *other_names)
    no_sen = sides.filter((pl.col("sen_provision") == NO_SEN_GAP) & (pl.col("need_area") == TOTAL))
    beside = [*_TABLE, "place_code", *_OTHER_GROUPS]
    no_sen = no_sen.select(*beside, *other_names)
    joined = gaps.join(own, on=_OWN_KEY, how="left")
    apart = [
        joined.filter(pl.col("comparator") == OTHERS_GAP).join(la, on=place_free, how="left"),
        joined.filter(pl.col("comparator") == NO_SEN_GAP).join(no_sen, on=beside, how="left"),
        joined.filter(pl.col("comparator") == NATIONAL_GAP),
    ]
    return pl.concat(apart, how="diagonal_relaxed")


def _rest_hidden(sides: pl.DataFrame, threshold: int) -> pl.Series:
    """Gaps to the rest of the LA in which the rest itself would have to be hidden."""
    hidden = np.zeros(sides.height, dtype=bool)
    others = (sides["comparator"] == OTHERS_GAP).to_numpy()
    for about, all_places in by_measure(sides):
        chosen = all_places[others[all_places]]
        if not about.of_people:
            continue
        rest = _rest(sides[chosen])
        primary = primary_of(about.kind, rest, about.polarity, threshold, 0, about.unit)
        hidden[chosen] = primary | small(rest.base, threshold)
    return pl.Series("_rest_hidden", hidden)


def _rest(sides: pl.DataFrame) -> Counts:
    """Counts of the LA without the school. Of its largest person all that is sure: no more than the LA's largest."""

    def less(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        left = sides[f"_other_{name}"].cast(pl.Float64) - sides[f"_own_{name}"].cast(pl.Float64)
        return left.fill_null(np.nan).to_numpy().copy()

    numerator = less("numerator")
    largest = (sides["_other_top_share"] * sides["_other_numerator"]).cast(pl.Float64).fill_null(np.nan).to_numpy()
    share = np.divide(largest, numerator, out=np.full(numerator.shape, np.nan), where=numerator > 0)
    base = less("base_subjects")
    denominator = less("denominator")
    value = np.divide(_total(sides, "other") - _total(sides, "own"), denominator, where=denominator > 0,
                      out=np.full(denominator.shape, np.nan))  # fmt: skip
    unknown = np.full(base.shape, np.nan)  # how far apart the values of the others are
    return Counts(base, less("with_subjects"), numerator, denominator, share, value, unknown, np.isnan(base))


def _total(sides: pl.DataFrame, side: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What the values of one side add up to, in the unit of the measure."""
    total = (sides[f"_{side}_value"] * sides[f"_{side}_denominator"]).cast(pl.Float64)
    return total.fill_null(np.nan).to_numpy().copy()
