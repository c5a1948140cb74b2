"""A recipe for ratios of sums that may be negative: a gain per month, a change per term."""

from dataclasses import dataclass

import polars as pl

from sendlab.metrics.grouping import number
from sendlab.metrics.recipes import Ratio
from sendlab.stats.arrays import over
from sendlab.stats.sums import mean_t


@dataclass(frozen=True)
class OpenRatio(Ratio):
    """The sum of a quantity that may be negative per sum of another, with limits on either side of zero.

    Ratio estimator with people as clusters: the t interval of what each person adds beyond the ratio, over the mean of
    the lower quantity. `with_subjects` counts people with a quantity above 0; a largest share has no meaning where
    gains and losses cancel, so there is none.
    """

    def figures(self, rows: pl.DataFrame, confidence: float) -> dict[str, pl.Expr | pl.Series]:
        """Columns of measure rows from the sums."""
        n, m, aa, am, mm = (rows[c].to_numpy().astype(float) for c in ("n", "m", "aa", "am", "mm"))
        ratio = over(rows["a"].to_numpy(), m)
        lower, upper = mean_t(n, n * 0, aa - 2 * ratio * am + ratio**2 * mm, confidence=confidence)
        lower, upper = (over(limit * n, m) for limit in (lower, upper))
        held = pl.col("m") > 0
        return {
            "numerator": pl.col("a"), "denominator": pl.col("m"), "with_subjects": pl.col("with"),
            "value": pl.when(held).then(self.per * pl.col("a") / pl.col("m")),
            "lower": number(self.per * (ratio + lower)), "upper": number(self.per * (ratio + upper)),
            "status": pl.when(held).then(pl.lit("")).otherwise(pl.lit("z")),
        }  # fmt: skip
