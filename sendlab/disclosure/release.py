"""Measure rows in, published figures out: judge, hide, round, and stamp."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from sendlab.disclosure.audit.editions import Edition
from sendlab.disclosure.audit.pack import audit
from sendlab.disclosure.context import Context, context_of
from sendlab.disclosure.fives import in_fives, to_fives
from sendlab.disclosure.gaps import judge_gaps
from sendlab.disclosure.intake import NATIONAL, require_measures, require_settings
from sendlab.disclosure.log import CELL_KEY, as_released, bound, latest, no_releases
from sendlab.disclosure.masked import PERIOD, masked, masked_gaps, placed, rounded_gaps
from sendlab.disclosure.protect.counts import group_of_nobody
from sendlab.disclosure.protect.decide import DECISIONS, decide
from sendlab.disclosure.published import AUDIENCES, HIDDEN, PUBLISHED_COLUMNS, Published, _published
from sendlab.disclosure.rounding import rounded
from sendlab.metrics.cards import cards
from sendlab.metrics.completeness import without_marks
from sendlab.schema.measures import MEASURE_COLUMNS, MEASURE_KEY

_SAID = ("place_name", "note", "unit", "method", "data_to", "comparator_value")  # decides nothing
HELD_NOTE = "as released before: what changed since then may be a few pupils' and is not shown"


@dataclass(frozen=True)
class Release:
    """Published figures, and what it took to protect them (columns: see `protect.decide.Decided`)."""

    published: Published
    solved: pl.DataFrame
    withheld: tuple[str, ...] = ()  # measures of which some year is not shown at all
    in_fives: tuple[str, ...] = ()  # measures of which some year is shown in counts rounded to 5


def publish(
    measures: pl.DataFrame, *, audience: str = "board", threshold: int | None = None, run_id: str,
    log: pl.DataFrame | None = None, all_measures: pl.DataFrame | None = None, board: Published | None = None,
) -> Published:  # fmt: skip
    """The figures of one LA, protected for an audience and rounded.

    `measures` are measure rows (columns of `sendlab.schema.MEASURE_COLUMNS`) at levels School, Local authority and
    National, figures and gaps, of declared tables. `audience` is "board", or "public" with the `board` figures, of
    which it then holds none that they hide; `threshold` is the fewest people that a count may show (5 and 10).
    `log` holds what went out to this audience before; `all_measures` exact figures of all parts of its years, with
    those that only each school knows of itself: what is not given there is not protected against.

    Counts of 1 to threshold - 1 people, their complements and adverse news about whole small groups are hidden, then
    as many further counts as it takes that no reader can narrow one of them down to fewer than `threshold` values: by
    sums over schools, groups and parts of a year, by measures that limit one another, by earlier releases, or by what a
    school knows of its own pupils. A hidden row keeps its place: status `c`, every number null; where only the family
    of the value is hidden, the base stays. Benchmarks pass as they were published, rows of groups without anybody in
    them (base 0) as they came: they are no secret.

    Good news about everybody (a zero where low is good, all where high is good) is shown wherever its base is, and is
    never cover; the adverse edge may be cover, so a hidden count may be 0 where high is good and the whole base where
    low is good. Where no choice of cover protects a measure of people, its counts are rounded to 5 and attacked anew;
    where that does not help either, all of it is withheld, and its rows say so.

    Raises GateError for an audience that is not built, and for rows that cannot be judged (no people behind a figure,
    groups outside the declared tables, figures of two LAs, measures that do not share the base they declare).
    """
    return release(
        measures, audience=audience, threshold=threshold, run_id=run_id, log=log, all_measures=all_measures, board=board
    ).published


def release(
    measures: pl.DataFrame, *, audience: str = "board", threshold: int | None = None, run_id: str,
    log: pl.DataFrame | None = None, all_measures: pl.DataFrame | None = None, board: Published | None = None,
    jobs: int = 1, withhold: Collection[tuple[str, str]] = (),
) -> Release:  # fmt: skip
    """As `publish`, with what it took; `jobs` processes share the work (from a script, below `if __name__ == ...`).

    `withhold` names measures and years that are not to be shown, but for what went out before.
    """
    threshold = AUDIENCES.get(audience, 0) if threshold is None else threshold
    require_settings(audience, threshold, run_id)
    rows = _without_eligible(require_measures(measures))
    log = no_releases() if log is None else log
    national = rows.filter(pl.col("geographic_level") == NATIONAL)
    own = rows.filter(pl.col("geographic_level") != NATIONAL)
    figures = bound(own.filter(pl.col("comparator") == ""), log, threshold)
    if board is not None:
        figures = _at_most_as(figures, board)
    context = context_of(figures, all_measures, log, threshold)
    figures, solved = _decided(figures, context, threshold, jobs)
    gaps = own.filter(pl.col("comparator") != "")

    def made(figures: pl.DataFrame) -> Published:
        shown, shown_gaps = _shown(figures, gaps, log, threshold)
        parts = [frame.select(PUBLISHED_COLUMNS) for frame in (national, shown, shown_gaps)]
        return _published(pl.concat(parts), audience=audience, threshold=threshold, run_id=run_id)

    figures = _without(in_fives(figures), withhold)
    done = made(figures)
    if given_away := _given_away(done, figures, rows, context.untold):
        failed = pl.col("rounded") & pl.col("measure").is_in(sorted(given_away))
        figures = figures.with_columns(
            withheld=pl.col("withheld") | failed, rounded=pl.col("rounded") & ~failed,
            hidden=pl.col("hidden") | (failed & (pl.col("base_subjects") > 0).fill_null(False)),
        )  # fmt: skip
        done = made(figures)
    return Release(done, solved, _names(figures, "withheld"), _names(figures, "rounded"))


def _without_eligible(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without who could count where that is another figure's base, and so is published or hidden there."""
    silent = [name for name, about in cards().items() if not about.says_eligible]
    told = pl.when(~pl.col("measure").is_in(silent)).then(pl.col("eligible_subjects"))
    return rows.with_columns(told.alias("eligible_subjects"))


def _without(figures: pl.DataFrame, withhold: Collection[tuple[str, str]]) -> pl.DataFrame:
    """The figures, those of these measures and years withheld where they did not go out before."""
    named = pl.concat_str("measure", "time_period", separator="|").is_in([f"{name}|{year}" for name, year in withhold])
    no_more = named & (pl.col("given") != "shown")
    return figures.with_columns(
        withheld=pl.col("withheld") | named, rounded=pl.col("rounded") & ~named,
        hidden=pl.col("hidden") | (no_more & (pl.col("base_subjects") > 0).fill_null(False)),
    )  # fmt: skip


def _names(figures: pl.DataFrame, flag: str) -> tuple[str, ...]:
    """The measures of which any row bears the flag."""
    return tuple(figures.filter(flag)["measure"].unique().sort().to_list())


def _given_away(done: Published, figures: pl.DataFrame, rows: pl.DataFrame, untold: pl.DataFrame) -> set[str]:
    """Rounded measures that the attack sees through all the same."""
    names = _names(figures, "rounded")
    if not names:
        return set()
    edition = Edition(done.rows, done.audience, done.threshold)
    exact, own = (frame.select(MEASURE_COLUMNS.keys()) for frame in (rows, untold))
    found = audit([edition], exact, untold=own).failures
    return set(names) if any(one.measure in names for one in found) else set()


def _shown(
    figures: pl.DataFrame, gaps: pl.DataFrame, log: pl.DataFrame, threshold: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Figures and gaps as they are published: hidden, rounded, held."""
    judged = judge_gaps(gaps, figures.with_columns(hidden=pl.col("hidden") | pl.col("rounded")), threshold)
    shown = masked(rounded(placed(figures), ("value", "lower", "upper"), "_places"))
    shown = _held(to_fives(shown), log)
    return shown, masked_gaps(rounded_gaps(_without_marks_of(judged, figures)), shown)


def _at_most_as(figures: pl.DataFrame, board: Published) -> pl.DataFrame:
    """The figures, bound to be hidden where the board's are."""
    gone = {f"_no_{name}": pl.col(name).is_null() for name in ("base_subjects", "eligible_subjects")}
    kept = board.rows.filter((pl.col("comparator") == "") & (pl.col("geographic_level") != NATIONAL))
    kept = kept.select(*CELL_KEY, _hidden=pl.col("status") == HIDDEN, **gone)
    joined = figures.join(kept, on=list(CELL_KEY), how="left", maintain_order="left")
    no_base = pl.col("_hidden") & pl.col("_no_base_subjects")
    return joined.with_columns(
        given=pl.when("_hidden").then(pl.lit("hidden")).otherwise("given"),
        base_given=pl.when(no_base).then(pl.lit("hidden")).otherwise("base_given"),
        coverage_given=pl.when("_no_eligible_subjects").then(pl.lit("hidden")).otherwise("coverage_given"),
    ).drop("_hidden", *gone)


def _decided(figures: pl.DataFrame, context: Context, threshold: int, jobs: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All figures with the flags of `decide`; those about schools and groups of nobody have no people to protect."""
    of_people = pl.col("_of_people") & ~group_of_nobody()
    others = figures.filter(~of_people).with_columns(pl.lit(False).alias(name) for name in DECISIONS)
    now = figures.filter(of_people).with_row_index("_at")
    beside = context.rows.filter(of_people).with_columns(_at=pl.lit(None, dtype=pl.UInt32))
    rows = pl.concat([now.drop(_SAID), beside.select(now.columns).drop(_SAID)])
    done = decide(rows, threshold, jobs=jobs, own=context.own.drop(_SAID))
    flags = done.rows.drop_nulls("_at").select("_at", *DECISIONS)
    kept = now.join(flags, on="_at", how="inner", maintain_order="left").drop("_at")
    return pl.concat([kept, others], how="diagonal_relaxed"), done.solved


def _held(shown: pl.DataFrame, log: pl.DataFrame) -> pl.DataFrame:
    """The rows; where one is hidden that was shown before, as it was released then; a base in sight then, likewise."""
    before = latest(log).select(*CELL_KEY, _then=pl.col("status"), _base_then=pl.col("base_subjects"))
    joined = shown.join(before, on=list(CELL_KEY), how="left", maintain_order="left").with_row_index("_at")
    hidden_now = (pl.col("status") == HIDDEN) & pl.col("_then").is_not_null()
    whole = hidden_now & (pl.col("_then") != HIDDEN)
    base = hidden_now & ~whole & pl.col("base_subjects").is_null() & pl.col("_base_then").is_not_null()
    every = [name for name in PUBLISHED_COLUMNS if name not in (*MEASURE_KEY, "place_name", "note")]
    parts = [(whole.fill_null(False), every), (base.fill_null(False), ["base_subjects", "denominator"])]
    found = [as_released(joined.filter(which).with_columns(_held=pl.lit(True)), log, names, HELD_NOTE)
             for which, names in parts]  # fmt: skip
    others = joined.filter(~pl.any_horizontal(which for which, _ in parts)).with_columns(_held=pl.lit(False))
    return pl.concat([*found, others]).sort("_at").drop("_at", "_then", "_base_then")


def _without_marks_of(gaps: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """Gap rows without the marks of coverage that their figures must not have either: a gap carries its figure's."""
    where = [*PERIOD, "place_code"]
    untold = figures.filter("coverage_hidden").select(where).unique().with_columns(pl.lit(True).alias("_untold"))
    joined = gaps.join(untold, on=where, how="left", maintain_order="left")
    return without_marks(joined, pl.col("_untold").fill_null(False))
