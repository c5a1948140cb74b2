"""What an own function returns: measure rows of its card, and numbers that are what the card says they are.

Protection rests on the cards: whom a base counts, what adds up, what is never above what. A card whose function does
not fit it would have protection guard the wrong numbers, so build refuses it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw
import polars as pl

from sendlab.metrics.cards import Card, card, cards
from sendlab.metrics.grouping import LA, REST, SCHOOL
from sendlab.metrics.publication import published_measures
from sendlab.schema import own
from sendlab.schema.measures import MEASURE_COLUMNS, MEASURE_KEY, as_measures
from sendlab.schema.own_tables import GUIDE, fault

RECIPES = f"return what measure_rows makes of a recipe: {GUIDE}"
CELL = [name for name in MEASURE_KEY if name not in ("measure", "comparator", "education_phase")]
COUNTS = ("numerator", "base_subjects", "eligible_subjects")
_SUM_OF_SCHOOLS = ("share", "events", "sum")
_EXACT = 1e-6


def as_own_rows(made: Any, about: Card) -> pl.DataFrame:
    """Measure rows of one own function. Errors: WorkspaceProblem that says what is not as its card or shape says."""
    file = f"{about.measure}.py"
    frame = nw.from_native(made, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        raise fault(file, f"it returns no table but {type(made).__name__}", RECIPES)
    rows = frame.to_polars()
    if odd := sorted(set(rows.columns) - set(MEASURE_COLUMNS)):
        raise fault(file, f"it returns columns that measure rows have not: {', '.join(odd)}", RECIPES)
    if lacking := sorted({"measure", *CELL[:4], "value", "base_subjects"} - set(rows.columns)):
        raise fault(file, f"it returns no column {', '.join(lacking)}", RECIPES)
    try:
        rows = as_measures(rows)
    except pl.exceptions.PolarsError:
        raise fault(file, "it returns columns of other types than measure rows have", RECIPES) from None
    for what in _odd_rows(rows, about):
        raise fault(file, what, RECIPES)
    return rows


def _odd_rows(rows: pl.DataFrame, about: Card) -> Iterator[str]:
    """Why rows are none of this measure, if they are not."""
    others = sorted(set(rows["measure"]) - {about.measure})
    if others:
        yield f"it returns rows of '{others[0]}': its recipe must name '{about.measure}'"
    if rows.filter(~pl.col("geographic_level").is_in([LA, SCHOOL, REST])).height:
        yield f"it returns levels other than {LA}, {SCHOOL} and {REST}"
    if rows.filter(pl.col("comparator") != "").height:
        yield "it returns gaps: build makes them of the figures"
    if rows.select(MEASURE_KEY).is_duplicated().any():
        yield "it returns two rows of one place, period and group"
    if rows.filter(pl.col("unit") != about.unit).height:
        yield f"its rows are not in '{about.unit}', the unit of its card"
    if rows.filter(pl.col("value").is_not_null() & pl.col("base_subjects").is_null()).height:
        yield "it returns figures without base_subjects, the people behind them"
    if about.kind == "share":
        share = pl.col("value") - 100 * pl.col("numerator") / pl.col("base_subjects")
        people = (pl.col("numerator") != pl.col("with_subjects")) | (pl.col("denominator") != pl.col("base_subjects"))
        if rows.filter(pl.col("value").is_not_null() & (share.abs() > _EXACT).or_(people).fill_null(True)).height:
            yield "its card says 'share', and its figures are not people with a feature per 100 people in the base"


def linked_measures() -> list[str]:
    """Measures whose numbers own cards speak of: own ones, published ones of a shared base, those linked either way."""
    mine = own.in_use().cards.keys()
    named, bases = set(mine), {base for name in mine for base in (card(name).base, card(name).among)}
    for name, about in cards().items():
        links = {about.at_most, about.parts_of} - {""}
        if name in mine or links & mine:
            named |= {name, *links}
    named |= {name for name, about in cards().items() if about.parts_of in named}
    return sorted(named | {name for name in published_measures() if card(name).base in bases})


def linked_rows(figures: pl.DataFrame) -> pl.DataFrame:
    """The counts of `linked_measures` among figures of the LA and schools: what `check_own_links` looks at."""
    wanted = pl.col("measure").is_in(linked_measures()) & (pl.col("geographic_level") != REST)
    return figures.filter(wanted).select("measure", *CELL, *COUNTS)


def check_own_links(rows: pl.DataFrame) -> None:
    """The numbers of own measures are as cards say. `rows`: counts as `linked_rows` gives them, of all topics.

    Errors: WorkspaceProblem that names the card, the link, and in how many figures it does not hold.
    """
    for name in own.in_use().cards:
        about, mine = card(name), rows.filter(measure=name)
        _check_sums(about, mine)
        for other in _of_base(about, about.base):
            same = pl.col("base_subjects") == pl.col("their_base_subjects")
            _require(about, "base", other, _beside(mine, rows, other), same, "count other people")
        for other in _of_base(about, about.among)[:1] if about.among else ():
            fewer = pl.col("base_subjects") <= pl.col("their_base_subjects")
            _require(about, "among", other, _beside(mine, rows, other, about.among_total), fewer, "count more people")
    for name, about in cards().items():
        for field, link in (("at_most", about.at_most), ("parts_of", about.parts_of)):
            if link and {name, link} & own.in_use().cards.keys():
                both = _beside(rows.filter(measure=name), rows, link)
                below = pl.col("numerator") <= pl.col("their_numerator") + _EXACT
                _require(about, field, link, both, below, "are above it")
    for whole in sorted({about.parts_of for about in cards().values()} - {""}):
        parts = [name for name, about in cards().items() if about.parts_of == whole]
        if {whole, *parts} & own.in_use().cards.keys():
            _check_parts(whole, parts, rows)


def _of_base(about: Card, base: str) -> list[str]:
    return [name for name in published_measures() if card(name).base == base and name != about.measure]


def _beside(mine: pl.DataFrame, rows: pl.DataFrame, other: str, group: str = "") -> pl.DataFrame:
    """Rows with the counts of another measure in the same cell; with `group`, totals beside that group of SEN."""
    theirs = rows.filter(measure=other)
    if group:
        theirs = theirs.filter(sen_provision=group).with_columns(pl.lit("Total").alias("sen_provision"))
    counts = [pl.col(name).alias(f"their_{name}") for name in COUNTS]
    return mine.join(theirs.select(*CELL, *counts), on=CELL, nulls_equal=True)


def _require(about: Card, field: str, other: str, both: pl.DataFrame, holds: pl.Expr, otherwise: str) -> None:
    """An error where a link does not hold, in the file of whichever card is the workspace's own."""
    broken = both.filter(~holds).height
    if not broken:
        return
    mine = about.measure if about.measure in own.in_use().cards else other
    raise fault(
        f"{mine}.toml", f"'{field}' does not hold between '{about.measure}' and '{other}': {broken} of {both.height} "
        f"figures {otherwise}",
        "mend the card or the function; what cannot have this link needs a name of its own, or a base of its own",
    )  # fmt: skip


def _check_sums(about: Card, mine: pl.DataFrame) -> None:
    """The authority's counts are at least those of its schools together: rates are of sums, and no means of rates."""
    if about.kind not in _SUM_OF_SCHOOLS:
        return
    key = [name for name in CELL if name not in ("geographic_level", "place_code")]
    schools = mine.filter(geographic_level=SCHOOL).group_by(key).agg(pl.col("numerator", "base_subjects").sum())
    both = mine.filter(geographic_level=LA).join(schools, on=key, suffix="_schools")
    less = [pl.col(name) < pl.col(f"{name}_schools") - _EXACT for name in ("numerator", "base_subjects")]
    if broken := both.filter(pl.any_horizontal(less)).height:
        raise fault(f"{about.measure}.py", f"in {broken} of {both.height} groups the authority's counts are fewer than "
                    "those of its schools", RECIPES)  # fmt: skip


def _check_parts(whole: str, parts: Sequence[str], rows: pl.DataFrame) -> None:
    wide = rows.filter(pl.col("measure").is_in([whole, *parts])).pivot(
        on="measure", index=CELL, values="numerator", aggregate_function="first"
    )
    if not {whole, *parts} <= set(wide.columns):
        return
    known = wide.drop_nulls([whole, *parts])
    broken = known.filter((pl.sum_horizontal(parts) - pl.col(whole)).abs() > _EXACT).height
    if broken:
        mine = next(name for name in (whole, *parts) if name in own.in_use().cards)
        raise fault(f"{mine}.toml", f"{' + '.join(parts)} is not '{whole}' in {broken} of {known.height} figures",
                    "take parts_of out of its card, or mend the function")  # fmt: skip


def unlinked(rows: pl.DataFrame) -> list[str]:
    """Of measure rows: notes on own published shares that are nowhere above another of their base, and do not say so.

    Who is in the one and not in the other may be few: protection looks at that only where a card links them.
    """
    if not own.in_use().cards:
        return []
    figures = rows.filter(comparator="").with_columns(pl.col(pl.Categorical).cast(pl.String))
    shares = [name for name in published_measures() if card(name).kind == "share"]
    pairs = [(one, other) for one in shares for other in shares if one != other and card(one).base == card(other).base]
    mine = [pair for pair in pairs if {*pair} & own.in_use().cards.keys() and not _is_linked(*pair)]
    return [_note(below, above) for below, above in mine if _is_nowhere_above(figures, below, above)]


def _is_nowhere_above(figures: pl.DataFrame, below: str, above: str) -> bool:
    both = _beside(figures.filter(measure=below), figures, above).drop_nulls(["numerator", "their_numerator"])
    more = both.filter(pl.col("numerator") > pl.col("their_numerator")).height
    return not more and both.filter(pl.col("numerator") < pl.col("their_numerator")).height > 0


def _is_linked(below: str, above: str) -> bool:
    while below:
        below = card(below).at_most or card(below).parts_of
        if below == above:
            return True
    return False


def _note(below: str, above: str) -> str:
    return (
        f"own measures: '{below}' is nowhere above '{above}'. If whoever counts in the first always counts in the "
        f"second, write at_most = \"{above}\" on the card of '{below}': then the difference is protected too"
    )
