"""Recipes over a base -> measure rows: summed in one pass for all places and groups, then each recipe's figures."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import polars as pl

from sendlab.errors import SendlabError
from sendlab.metrics.cards import Breakdown, card
from sendlab.metrics.grouping import By, as_breakdown, grouped
from sendlab.metrics.recipes import Recipe
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import GROUPS, MEASURE_COLUMNS, as_measures, no_measures

NOBODY_NOTE = "nobody to count in this group"
Kept = list[tuple[pl.DataFrame, tuple[Recipe, ...]]]
_KEPT: ContextVar[Kept | None] = ContextVar("_KEPT", default=None)


@contextmanager
def bases_kept() -> Iterator[Kept]:
    """The bases and recipes that metrics called in this block make their rows of, for who sums them again and again."""
    kept: Kept = []
    token = _KEPT.set(kept)
    try:
        yield kept
    finally:
        _KEPT.reset(token)


def measure_rows(
    base: pl.DataFrame, recipes: Iterable[Recipe], *, by: By | None = None, confidence: float = 0.95, rest: bool = True
) -> pl.DataFrame:
    """Measure rows of recipes over one base, for the LA, each school and the LA without it.

    `base`: one row a person, place and period, with `time_period`, `time_identifier`, the place, the group columns
    that are asked for, and `data_to` (a date) where it is known. `by`: breakdowns; None takes those of each card.
    A group without anybody in the base has no value, status z. Rates stay unrounded.
    """
    recipes = list(recipes)
    _require_columns(base, by)
    if (kept := _KEPT.get()) is not None:
        kept.append((base, tuple(recipes)))
    if base.is_empty() or not recipes:
        return no_measures()
    parts = []
    for (wanted, la_only), some in _by_breakdowns(recipes, by, set(base.columns)).items():
        rows = _summed(base, some, wanted, la_only, rest)
        parts += [finished(rows, place, recipe, confidence) for place, recipe in enumerate(some)]
    return pl.concat(parts)


def _require_columns(base: pl.DataFrame, by: By | None) -> None:
    own = sorted({name for one in by or () for name in as_breakdown(one)} - set(GROUPS))
    if len(own) > 1:
        raise SendlabError(
            f"columns {', '.join(own)} cannot both stand in `item`",
            next_step="break down by one column of your own at a time",
        )
    missing = sorted({name for one in by or () for name in as_breakdown(one)} - set(base.columns))
    if missing:
        raise SendlabError(
            f"nothing to break down by: column(s) {', '.join(missing)} are missing",
            next_step=f"choose from {', '.join(name for name in GROUPS if name in base.columns)}, or add the column",
        )


Wanted = tuple[tuple[Any, ...], tuple[Any, ...]]


def _by_breakdowns(recipes: Sequence[Recipe], by: By | None, known: set[str]) -> dict[Wanted, list[Recipe]]:
    """Recipes that are broken down alike are summed in one go; of a card's breakdowns, those that the base can give."""
    found: dict[Wanted, list[Recipe]] = {}
    for recipe in recipes:
        about = card(recipe.measure)
        wanted: Wanted = (tuple(map(as_breakdown, by or ())), ())
        if by is None:
            wanted = _that_can_be(about.breakdowns, known), _that_can_be(about.la_breakdowns, known)
        found.setdefault(wanted, []).append(recipe)
    return found


def _that_can_be(breakdowns: tuple[Breakdown, ...], known: set[str]) -> tuple[Breakdown, ...]:
    return tuple(one for one in breakdowns if set(one) <= known)


def sums_of(recipes: Sequence[Recipe]) -> tuple[list[pl.Expr], list[pl.Expr]]:
    """What is summed for recipes, and their largest values, under the names that `finished` knows them by."""
    sums, peaks = [], []
    for place, recipe in enumerate(recipes):
        sums += [expr.alias(f"{place}|{name}") for name, expr in recipe.counted().items()]
        peaks += [expr.alias(f"{place}|{name}") for name, expr in recipe.peaks().items()]
    return sums, peaks


def _summed(base: pl.DataFrame, recipes: list[Recipe], by: By, la_only: By, rest: bool) -> pl.DataFrame:
    sums, peaks = sums_of(recipes)
    base = base.with_columns(pl.lit(True).alias("_here"))
    dated = [pl.col("data_to").max().alias("data_to")] if "data_to" in base.columns else []
    return grouped(base, sums, by=by, la_only=la_only, peaks=[*peaks, *dated], rest=rest)


def finished(rows: pl.DataFrame, place: int, recipe: Recipe, confidence: float) -> pl.DataFrame:
    """The measure rows of one recipe from the sums of all."""
    mine = {name: name.split("|", 1)[1] for name in rows.columns if name.startswith(f"{place}|")}
    others = [name for name in rows.columns if "|" in name and name not in mine]
    own = rows.drop(others).rename(mine)
    item = _item(recipe.item) if recipe.item != TOTAL else pl.col("item")
    own = own.filter(pl.col("n").is_not_null()).with_columns(item)
    eligible = pl.col("eligible") if recipe.eligible is not None else pl.lit(None, dtype=pl.Int64)
    figures = {"status": pl.lit(""), "note": pl.lit(""), "method": pl.lit(recipe.method),
               **recipe.figures(own, confidence)}  # fmt: skip
    made = own.with_columns(
        pl.lit(recipe.measure).alias("measure"), pl.lit(card(recipe.measure).unit).alias("unit"),
        pl.col("n").alias("base_subjects"), eligible.alias("eligible_subjects"),
        *(_aliased(values, name) for name, values in figures.items()),
    )  # fmt: skip
    made = made.select(name for name in MEASURE_COLUMNS if name in made.columns)
    return _without_nobody(as_measures(made), recipe)


def _item(name: str) -> pl.Expr:
    """The recipe's item, with the analyst's own group behind it where there is one."""
    own = pl.concat_str(pl.lit(f"{name}: "), "item")
    return pl.when(pl.col("item") == TOTAL).then(pl.lit(name)).otherwise(own).alias("item")


def _aliased(values: pl.Expr | pl.Series, name: str) -> pl.Expr | pl.Series:
    return values.alias(name)


def _without_nobody(rows: pl.DataFrame, recipe: Recipe) -> pl.DataFrame:
    """No people in the base, no figure: value and limits are missing and the status is z."""
    nobody = pl.col("base_subjects") == 0
    counts = card(recipe.measure).kind == "count"
    none = nobody & pl.lit(not counts) | pl.col("value").is_nan().fill_null(False)
    said = pl.lit(recipe.note) if recipe.note else pl.lit("")
    return rows.with_columns(
        *(pl.when(~none).then(name).alias(name) for name in ("value", "lower", "upper")),
        pl.when(none & (pl.col("status") == "")).then(pl.lit("z")).otherwise("status").alias("status"),
        pl.when(none).then(pl.lit(NOBODY_NOTE)).when(pl.col("note") == "").then(said).otherwise("note").alias("note"),
    )
