"""Recipes: what to count for a measure, from which its sums, its figure and its interval follow.

A base is a frame with one row a person, place and period. A recipe names a measure (its card says the rest) and the
expressions to count. `measuring.measure_rows` sums the recipes of one base in one pass and gives measure rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl

from sendlab.metrics.grouping import number
from sendlab.schema.groups import TOTAL
from sendlab.stats.intervals import clustered_events, wilson
from sendlab.stats.sums import mean_known_sd, mean_t, ratio_of_sums_from

EVERYBODY = pl.lit(True)
HERE = pl.col("_here")  # true for every row of a base: with it a literal counts each row, not one a group


@dataclass(frozen=True)
class Recipe:
    """What all recipes hold: the measure, whom to count, who could have counted, and what is said beside it."""

    measure: str
    _: object = field(default=None, kw_only=True, repr=False)
    where: pl.Expr = field(default=EVERYBODY, kw_only=True)  # who is in the base of this measure
    eligible: pl.Expr | None = field(default=None, kw_only=True)  # who could have been
    item: str = field(default=TOTAL, kw_only=True)
    note: str = field(default="", kw_only=True)
    per: float = field(default=100.0, kw_only=True)
    method: ClassVar[str] = ""

    def sums(self) -> dict[str, pl.Expr]:
        """Named sums over the rows of a group; additive over places."""
        raise NotImplementedError

    def peaks(self) -> dict[str, pl.Expr]:
        """Named largest values."""
        return {}

    def figures(self, rows: pl.DataFrame, confidence: float) -> dict[str, pl.Expr | pl.Series]:
        """Columns of measure rows from the sums."""
        raise NotImplementedError

    def counted(self) -> dict[str, pl.Expr]:
        """The sums with those that every recipe has: people in the base, and people who could have been."""
        could = {} if self.eligible is None else {"eligible": _people(self.eligible)}
        return {"n": _people(self.where), **self.sums(), **could}

    def _of(self, expr: pl.Expr) -> pl.Expr:
        """The sum of an expression over the base; missing where the base does not say."""
        return pl.when(HERE & self.where.fill_null(False)).then(expr).sum()


def _people(rule: pl.Expr) -> pl.Expr:
    """How many rows a rule holds for."""
    return (HERE & rule.fill_null(False)).sum().cast(pl.Int64)


@dataclass(frozen=True)
class Share(Recipe):
    """People with a feature, per 100 in the base; Wilson's interval.

    `over`: those with the feature who are not in the base count too (leavers who were suspended).
    """

    feature: pl.Expr = EVERYBODY
    over: bool = False
    method = "wilson"

    def sums(self) -> dict[str, pl.Expr]:
        having = self.feature.fill_null(False).cast(pl.Int64)
        return {"x": pl.when(HERE).then(having).sum() if self.over else self._of(having)}

    def figures(self, rows: pl.DataFrame, confidence: float) -> dict[str, pl.Expr | pl.Series]:
        x, n = pl.col("x"), pl.col("n")
        more = x > n
        lower, upper = wilson(rows["x"].to_numpy(), rows["n"].to_numpy(), confidence=confidence)
        beyond = (rows["x"] > rows["n"]).to_numpy()
        limits = {"lower": self.per * lower, "upper": self.per * upper}
        out: dict[str, pl.Expr | pl.Series] = {
            name: number(values).set(pl.Series(beyond), None) for name, values in limits.items()
        }
        above = "more people counted than in the base: those who left count"
        return {
            **out, "numerator": x, "denominator": n, "with_subjects": x, "value": self.per * x / n,
            "status": pl.when(more & (n > 0)).then(pl.lit("u")).otherwise(pl.lit("")),
            "note": pl.when(more).then(pl.lit(above)).otherwise(pl.lit("")),
        }  # fmt: skip


@dataclass(frozen=True)
class Events(Recipe):
    """Events per 100 people in the base; a person may have several. Poisson, widened for clustering in people.

    Events of people who are not in the base count (leavers); the base is who is on the roll.
    """

    count: pl.Expr = EVERYBODY
    method = "Poisson, widened for clustering in people"

    def sums(self) -> dict[str, pl.Expr]:
        y = self.count.cast(pl.Float64)
        return {"events": y.sum(), "squares": (y * y).sum(), "with": (y > 0).sum().cast(pl.Int64)}

    def peaks(self) -> dict[str, pl.Expr]:
        return {"top": self.count.cast(pl.Float64).max()}

    def figures(self, rows: pl.DataFrame, confidence: float) -> dict[str, pl.Expr | pl.Series]:
        y, n = pl.col("events"), pl.col("n")
        lower, upper = clustered_events(
            *(rows[c].to_numpy() for c in ("events", "n", "squares")), confidence=confidence
        )
        return {
            "numerator": y, "denominator": n, "with_subjects": pl.col("with"), "value": self.per * y / n,
            "top_share": pl.when(y > 0).then(pl.col("top") / y), "lower": number(self.per * lower),
            "upper": number(self.per * upper),
        }  # fmt: skip


@dataclass(frozen=True)
class Ratio(Recipe):
    """The sum of one quantity per sum of another over people: sessions missed per session possible.

    Ratio estimator with people as clusters. `clip`: no limit above `per` (a share of sessions cannot pass them all).
    """

    top: pl.Expr = EVERYBODY
    bottom: pl.Expr = EVERYBODY
    clip: bool = True
    method = "ratio estimator over people"

    def sums(self) -> dict[str, pl.Expr]:
        a, m = self.top.cast(pl.Float64), self.bottom.cast(pl.Float64)
        both = {"a": a, "m": m, "aa": a * a, "am": a * m, "mm": m * m, "with": (a > 0).cast(pl.Int64)}
        return {name: self._of(expr) for name, expr in both.items()}

    def peaks(self) -> dict[str, pl.Expr]:
        return {"top": pl.when(self.where.fill_null(False)).then(self.top.cast(pl.Float64)).max()}

    def figures(self, rows: pl.DataFrame, confidence: float) -> dict[str, pl.Expr | pl.Series]:
        a, m = pl.col("a"), pl.col("m")
        sums = [rows[c].to_numpy() for c in ("n", "a", "m", "aa", "am", "mm")]
        lower, upper = ratio_of_sums_from(*sums, confidence=confidence, scale="identity" if self.clip else "open")
        lower, upper = _where_all_are_alike(sums, lower, upper, confidence, share=self.clip)
        return {
            "numerator": a, "denominator": m, "with_subjects": pl.col("with"), "value": self.per * a / m,
            "top_share": pl.when(a > 0).then(pl.col("top") / a), "lower": number(self.per * lower),
            "upper": number(self.per * upper), "status": pl.when(m > 0).then(pl.lit("")).otherwise(pl.lit("z")),
        }  # fmt: skip


def _where_all_are_alike(sums: Sequence[Any], lower: Any, upper: Any, confidence: float, *, share: bool) -> Any:
    """Limits where nobody has any of the quantity, or all have all of it: no spread is seen to take limits from.

    A share of a quantity cannot pass the share of people who have any, so Wilson's limit for none (or all) of so many
    people bounds it. A ratio that is no share has no limits there.
    """
    n, a, m = (np.asarray(values, dtype=np.float64) for values in sums[:3])
    none, every = (a == 0) & (m > 0), np.isclose(a, m, rtol=1e-12, atol=0) & (m > 0)
    if not share:
        return np.where(none, np.nan, lower), np.where(none, np.nan, upper)
    least, most = wilson(n, n, confidence=confidence)[0], wilson(n * 0, n, confidence=confidence)[1]
    return np.where(every, least, lower), np.where(none, most, np.where(every, 1.0, upper))


@dataclass(frozen=True)
class Mean(Recipe):
    """The mean of a value over people who have one; t interval, or 1.96 national sd over the root of n (`sd`)."""

    of: pl.Expr = EVERYBODY
    sd: pl.Expr | None = None
    method = "t interval over people"

    def sums(self) -> dict[str, pl.Expr]:
        value = self.of.cast(pl.Float64)
        return {"total": self._of(value), "squares": self._of(value * value)}

    def peaks(self) -> dict[str, pl.Expr]:
        return {} if self.sd is None else {"sd": self.sd.max()}

    def figures(self, rows: pl.DataFrame, confidence: float) -> dict[str, pl.Expr | pl.Series]:
        mean = pl.col("total") / pl.col("n")
        if self.sd is None:
            lower, upper = mean_t(*(rows[c].to_numpy() for c in ("n", "total", "squares")), confidence=confidence)
        else:  # the national figure is one and the same for every place
            sd = rows.select(pl.col("sd").max().over("time_period"))["sd"].to_numpy()
            lower, upper = mean_known_sd(rows.select(mean)["total"].to_numpy(), rows["n"].to_numpy(), sd)
        named = {} if self.sd is None else {"method": pl.lit("1.96 national standard deviations over the root of n")}
        return {
            "numerator": pl.col("total"), "denominator": pl.col("n"), "with_subjects": pl.col("n"), "value": mean,
            "lower": number(lower), "upper": number(upper), **named,
        }  # fmt: skip


@dataclass(frozen=True)
class Count(Recipe):
    """How many people have a feature: a number, no rate, and so no interval."""

    feature: pl.Expr = EVERYBODY

    def sums(self) -> dict[str, pl.Expr]:
        return {"x": self._of(self.feature.fill_null(False).cast(pl.Int64))}

    def figures(self, rows: pl.DataFrame, confidence: float) -> dict[str, pl.Expr | pl.Series]:
        return {"numerator": pl.col("x"), "with_subjects": pl.col("x"), "value": pl.col("x")}
