"""Measure rows in, published figures out: judge, hide, round, and stamp."""

from __future__ import annotations

import polars as pl

from sendlab.disclosure.families import DECISIONS, decide
from sendlab.disclosure.gaps import judge_gaps
from sendlab.disclosure.intake import NATIONAL, require_measures, require_settings
from sendlab.disclosure.primary import COUNTED_KINDS, structural_zero
from sendlab.disclosure.published import HIDDEN, PUBLISHED_COLUMNS, WITHHELD_NOTE, Published, _published
from sendlab.disclosure.rounding import UNRELIABLE, fewest, places, rounded
from sendlab.metrics.completeness import without_marks
from sendlab.schema.measures import MEASURE_KEY

_RESULTS = ("value", "lower", "upper", "comparator_value")
_BASES = ("base_subjects", "denominator")
_NUMBERS = ("numerator", *_BASES, "eligible_subjects", *_RESULTS)
_FIGURE_KEY = tuple(name for name in MEASURE_KEY if name != "comparator")
_PERIOD = ("measure", "time_period", "time_identifier")


def publish(measures: pl.DataFrame, *, audience: str = "board", threshold: int = 5, run_id: str) -> Published:
    """The figures of one LA, protected for an audience and rounded.

    `measures` are measure rows (columns of `sendlab.schema.MEASURE_COLUMNS`) at levels School, Local authority and
    National, figures and gaps. `audience` is "board"; `threshold` is the fewest people that a count may show.

    Counts of 1 to threshold - 1 people, their complements and adverse news about whole small groups are hidden, then
    as many further counts as it takes that none of them can be narrowed down to fewer than `threshold` values by sums
    over schools, groups, or both tables of a measure. A hidden row keeps its place: status `c`, every number null;
    where only the family of the value is hidden, the base stays. Benchmarks pass as they were published, rows of groups
    without anybody in them (base 0) as they came: they are no secret.

    Good news about everybody (a zero where low is good, all where high is good) is shown wherever its base is, and is
    never cover; the adverse edge may be cover, so a hidden count may be 0 where high is good and the whole base where
    low is good. Where no choice of cover protects a measure, all of it is withheld, and its rows say so.

    Protected together: both tables of a measure, bases shared by measures. Not yet: measures that limit each other,
    periods that overlap, earlier releases.

    Raises GateError for an audience that is not built, and for rows that cannot be judged (no people behind a figure,
    groups outside the two tables, figures of two LAs, measures that do not share the base they declare).
    """
    require_settings(audience, threshold, run_id)
    rows = require_measures(measures)
    national = rows.filter(pl.col("geographic_level") == NATIONAL)
    own = rows.filter(pl.col("geographic_level") != NATIONAL)
    figures = _decided(own.filter(pl.col("comparator") == ""), threshold)
    gaps = judge_gaps(own.filter(pl.col("comparator") != ""), figures, threshold)
    shown = _masked(rounded(_placed(figures), ("value", "lower", "upper"), "_places"))
    shown_gaps = _masked_gaps(_round_gaps(_without_marks_of(gaps, figures)), shown)
    parts = [frame.select(PUBLISHED_COLUMNS) for frame in (national, shown, shown_gaps)]
    return _published(pl.concat(parts), audience=audience, threshold=threshold, run_id=run_id)


def _decided(figures: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """All figures with the flags of `decide`; ratings and groups of nobody have no people to protect."""
    of_people = (pl.col("_kind") != "rating") & ~structural_zero()
    others = figures.filter(~of_people).with_columns(pl.lit(False).alias(name) for name in DECISIONS)
    return pl.concat([decide(figures.filter(of_people), threshold), others], how="diagonal_relaxed")


def _placed(figures: pl.DataFrame) -> pl.DataFrame:
    base, kind = pl.col("base_subjects"), pl.col("_kind")
    return figures.with_columns(
        _places=places(base, kind, pl.col("_decimals")).fill_null(pl.col("_decimals")),
        _few=fewest(base, kind, pl.col("_smallest")),
    )


def _masked(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures without what is hidden: the family of the value, and the base where that is hidden too."""
    base_stays = pl.col("_kind").is_in([*COUNTED_KINDS, "sum"]) & ~pl.col("base_hidden")
    no_sum = pl.col("_kind").is_in(["mean", "effect"])  # with n it would give a finer mean than is shown
    nobody, withheld = structural_zero(), pl.col("withheld")
    # what is said of the coverage of one group tells of the others', so it goes for the whole place
    untold = pl.col("coverage_hidden").any().over(*_PERIOD, "place_code")
    return _marked(without_marks(figures, untold)).with_columns(
        *(pl.when(~pl.col("hidden") | base_stays).then(pl.col(name)).alias(name) for name in _BASES),
        note=pl.when(withheld & pl.col("hidden")).then(pl.lit(WITHHELD_NOTE)).otherwise(pl.col("note")),
        numerator=pl.when(~pl.col("hidden") & ~no_sum | nobody).then(pl.col("numerator")),
        eligible_subjects=pl.when(
            ~pl.col("coverage_hidden") & (~pl.col("hidden") | base_stays) | (pl.col("_kind") == "rating")
        ).then(pl.col("eligible_subjects")),
    )


def _marked(rows: pl.DataFrame) -> pl.DataFrame:
    """Values null and symbols set on rows that are hidden (c) or rest on too few people for more than counts (u).

    A hidden row does not tell how its interval would have been made, nor when its own last event was.
    """
    hidden, few = pl.col("hidden"), pl.col("_few").is_not_null() & pl.col("value").is_not_null()
    reason = pl.format("fewer than {} pupils: counts only", pl.col("_few"))
    return rows.with_columns(
        *(pl.when(~(hidden | few)).then(pl.col(name)).alias(name) for name in _RESULTS),
        status=pl.when(hidden).then(pl.lit(HIDDEN)).when(few).then(pl.lit(UNRELIABLE)).otherwise(pl.col("status")),
        note=pl.when(hidden).then(pl.lit("")).when(few).then(reason).otherwise(pl.col("note")),
        method=pl.when(hidden | few).then(pl.lit("")).otherwise(pl.col("method")),
        data_to=pl.when(hidden).then(pl.col("data_to").max().over(_PERIOD)).otherwise(pl.col("data_to")),
    )


def _without_marks_of(gaps: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """Gap rows without the marks of coverage that their figures must not have either: a gap carries its figure's."""
    where = [*_PERIOD, "place_code"]
    untold = figures.filter("coverage_hidden").select(where).unique().with_columns(pl.lit(True).alias("_untold"))
    joined = gaps.join(untold, on=where, how="left", maintain_order="left")
    return without_marks(joined, pl.col("_untold").fill_null(False))


def _round_gaps(gaps: pl.DataFrame) -> pl.DataFrame:
    """Gaps to the places of their coarser side; the other side to its own, a benchmark as it was published."""
    gaps = gaps.with_columns(pl.col("_places").fill_null(pl.col("_decimals")))
    gaps = rounded(gaps, ("value", "lower", "upper"), "_places")
    other = rounded(gaps, ("comparator_value",), "_other_places")["comparator_value"]
    benchmark = pl.col("_other_places").is_null()
    return gaps.with_columns(comparator_value=pl.when(benchmark).then(pl.col("comparator_value")).otherwise(other))


def _masked_gaps(gaps: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """Gap rows that carry the counts of their published figure, and nothing where they are hidden."""
    counts = [name for name in _NUMBERS if name not in _RESULTS]
    figures = shown.select(*_FIGURE_KEY, *counts)
    joined = _marked(gaps).drop(counts).join(figures, on=list(_FIGURE_KEY), how="left")
    return joined.with_columns(pl.when(~pl.col("hidden")).then(pl.col(name)).alias(name) for name in counts)


def hidden_summary(published: Published) -> pl.DataFrame:
    """How much of each measure is shown: `measure`, `cells`, `shown`, `counts_only`, `hidden`, `percent_shown`.

    Counts figures of schools and the LA, not gaps or benchmarks; `percent_shown` has one decimal.
    """
    figures = published.rows.filter((pl.col("comparator") == "") & (pl.col("geographic_level") != NATIONAL))
    hidden, few = pl.col("status") == HIDDEN, pl.col("status") == UNRELIABLE
    counted = figures.group_by("measure").agg(
        cells=pl.len(), shown=(~hidden & ~few).sum(), counts_only=few.sum(), hidden=hidden.sum()
    )
    share = (100 * pl.col("shown") / pl.col("cells")).alias("percent_shown")
    with_share = counted.with_columns(share, _one=pl.lit(1)).sort("measure")
    return rounded(with_share, ("percent_shown",), "_one").drop("_one")
