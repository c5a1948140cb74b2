"""What had to be protected: every count, complement and declared difference of 1 to T - 1 people, and its width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from sendlab.disclosure.audit.editions import CELL, LA
from sendlab.disclosure.audit.knowledge import Floats, Ints
from sendlab.disclosure.audit.numbers import BASE, ELIGIBLE, NUMBER, OUT_OF, PEOPLE, SUM, Numbers, counted
from sendlab.disclosure.audit.relations import IN_TIME, among

SMALL_GROUP = 20  # adverse news about everybody is told of each of them in groups below this
LARGEST_SHARE = 0.5  # of a sum, for one person
_EDGES = {"percentage points": 100.0}  # unit of a mean -> the most that one pupil's value can be, either way
_NEAR = 1e-6
_ABOUT = ["kind", "name", *CELL, "geographic_level", "what", "needed", "plus", "minus"]


@dataclass(frozen=True)
class Goals:
    """Weighed numbers that no reader may know more closely than `needed`."""

    about: pl.DataFrame  # one line a goal: kind, name (measure or base), CELL, geographic_level, what, needed
    weights: csr_array  # (goals, numbers)
    needed: Floats
    place: list[str | None]  # the school all of whose own numbers they are; None: the authority's are among them

    def __len__(self) -> int:
        return self.about.height

    def of(self, lines: Ints) -> Goals:
        """Some of the goals."""
        return Goals(self.about[lines], self.weights[lines], self.needed[lines], [self.place[line] for line in lines])


def goals_of(truths: Sequence[pl.DataFrame], numbers: Numbers, pairs: pl.DataFrame, threshold: int) -> Goals:
    """All goals that the truth (as of each release) sets for an audience with this threshold.

    A count of people keeps an interval `threshold - 1` wide; a sum (sessions), and the denominator of so few people,
    that many average people's worth of it; the sum behind a mean of so few people `threshold` units of its last place,
    so that the mean is never known more closely than it would be printed.
    """
    parts = []
    for truth in truths:
        rows = counted(truth).drop("unit").join(numbers.names, on="measure")
        parts += [*_of_bases(rows, threshold), *_of_people(rows, threshold), *_of_sums(rows, threshold)]
    single = pl.concat([_numbered(part, numbers) for part in parts])
    goals = pl.concat([single, _differences(pairs, numbers, threshold), _beside_wider(numbers, threshold)])
    goals = goals.with_columns(pl.col("minus").fill_null(-1)).unique(
        ["plus", "minus"], keep="first", maintain_order=True
    )
    return _as_goals(goals, numbers)


def _few(count: pl.Expr, threshold: int) -> pl.Expr:
    return count.is_between(1, threshold - 1).fill_null(False)


def _goal(rows: pl.DataFrame, kind: str, what: str, needed: pl.Expr | float, less: str = "") -> pl.DataFrame:
    """Goals on the number `what` of each row, or on what is left of it without the number `less`."""
    width = pl.lit(float(needed)) if isinstance(needed, int | float) else needed.cast(pl.Float64)
    return rows.filter(pl.col(what).is_not_null()).select(
        pl.lit(kind).alias("kind"), pl.col("measure"), *CELL, "geographic_level", needed=width,
        what=pl.lit(what), name=pl.col(what), less=pl.lit(less), less_name=pl.col(less) if less else pl.lit(""),
    )  # fmt: skip


def _of_bases(rows: pl.DataFrame, threshold: int) -> Iterator[pl.DataFrame]:
    base, left_out = pl.col("base_subjects"), pl.col("eligible_subjects") - pl.col("base_subjects")
    width = threshold - 1.0
    few = rows.filter(_few(base, threshold))
    yield _goal(few, "base", BASE, width)
    each = pl.max_horizontal(pl.col("denominator") / base, pl.lit(1.0))
    yield _goal(few, "denominator", OUT_OF, width * each)
    yield _goal(few, "mean", SUM, threshold * pl.lit(10.0).pow(-pl.col("decimals").cast(pl.Float64)))
    yield _goal(rows.filter(_few(left_out, threshold)), "left out", ELIGIBLE, width, less=BASE)
    edge = pl.col("unit").replace_strict(_EDGES, default=None, return_dtype=pl.Float64)
    alike = (pl.col("value").abs() >= edge - _NEAR).fill_null(False) | (pl.col("upper") - pl.col("lower") < _NEAR)
    of_all = (pl.col("kind") == "mean") & alike & base.is_between(1, SMALL_GROUP - 1)
    yield _goal(rows.filter(of_all), "base", BASE, width)


def _of_people(rows: pl.DataFrame, threshold: int) -> Iterator[pl.DataFrame]:
    base, people, width = pl.col("base_subjects"), pl.col("with_subjects"), threshold - 1.0
    rows = rows.filter(pl.col("kind").is_in(["share", "events"]), people.is_not_null(), base > 0)
    small = base < SMALL_GROUP
    nobody = small & (people == 0) & (pl.col("polarity") == "high")
    everybody = small & (people == base) & (pl.col("polarity") == "low")
    with_it, without = _few(people, threshold) | nobody, _few(base - people, threshold) | everybody
    yield _goal(rows.filter(with_it), "people", PEOPLE, width)
    yield _goal(rows.filter(with_it), "events", NUMBER, width)
    yield _goal(rows.filter(without), "complement", BASE, width, less=PEOPLE)


def _of_sums(rows: pl.DataFrame, threshold: int) -> Iterator[pl.DataFrame]:
    people, number = pl.col("with_subjects"), pl.col("numerator")
    of_sums = rows.filter(pl.col("kind") == "sum", pl.col("base_subjects") > 0, people.is_not_null())
    few = (people < threshold) & ((people > 0) | (pl.col("polarity") != "low"))
    most_of_it = (pl.col("top_share") > LARGEST_SHARE).fill_null(False)
    yield _goal(of_sums.filter(few | most_of_it), "sum", NUMBER, (threshold - 1.0) * _each(number, people))


def _each(number: pl.Expr, people: pl.Expr) -> pl.Expr:
    """One average person's worth of a number."""
    return pl.when(people > 0).then(pl.max_horizontal(number / people, pl.lit(1.0))).otherwise(1.0)


def _numbered(goals: pl.DataFrame, numbers: Numbers) -> pl.DataFrame:
    known = numbers.keys.filter(pl.col("number").is_not_null())
    first = known.select("what", "name", *CELL, plus="number")
    second = known.select(*CELL, less="what", less_name="name", minus="number")
    found = goals.join(first, on=["what", "name", *CELL])
    found = found.join(second, on=["less", "less_name", *CELL], how="left")
    found = found.filter((pl.col("less") == "") | pl.col("minus").is_not_null())
    return found.with_columns(name=pl.col("measure"), what=pl.lit("")).select(_ABOUT)


def _differences(pairs: pl.DataFrame, numbers: Numbers, threshold: int) -> pl.DataFrame:
    """Whole minus part, where that is 1 to threshold - 1 people: of places and groups; of periods, events.

    People of a longer period less those of a part are those who joined or left, of whom no figure tells anything more.
    """
    in_time = pl.col("link").is_in(list(IN_TIME))
    known = pairs.filter(pl.col("part").is_not_null(), pl.col("whole").is_not_null())
    more = pl.col("whole_true") - pl.col("part_true")
    people = pl.col("whole_people_behind") - pl.col("part_people_behind")
    kinds = numbers.names.select(name=NUMBER, of="kind").drop_nulls().unique("name")
    known = known.join(kinds, on="name", how="left")
    counts = known.filter(pl.col("what").is_in([BASE, PEOPLE]), _few(more, threshold), ~in_time)
    events = _few(more, threshold) & (pl.col("of") == "events")
    numerators = known.filter(
        pl.col("what") == NUMBER, pl.when(in_time).then(events).otherwise(_few(people, threshold))
    )
    worth = pl.when(pl.col("of") == "sum").then(_each(more, people)).otherwise(1.0)
    means = known.filter(
        pl.col("what") == SUM, ~in_time, _few(pl.col("whole_people_in") - pl.col("part_people_in"), threshold)
    )
    decimals = numbers.names.select(name=SUM, places=pl.col("decimals").cast(pl.Float64)).drop_nulls()
    width = threshold - 1.0
    finest = threshold * pl.lit(10.0).pow(-pl.col("places"))
    found = [counts.with_columns(needed=pl.lit(width)), numerators.with_columns(needed=width * worth),
             means.join(decimals, on="name").with_columns(needed=finest)]  # fmt: skip
    what = pl.format("without {}", pl.col("part_name"))
    return pl.concat(
        one.select(pl.lit("difference").alias("kind"), "name", *CELL, geographic_level="whole_level", what=what,
                   needed="needed", plus="whole", minus="part").select(_ABOUT) for one in found
    )  # fmt: skip


def _beside_wider(numbers: Numbers, threshold: int) -> pl.DataFrame:
    """Few people whom a base leaves out of the one that it is among."""
    found = among(numbers).filter(_few(pl.col("whole_true") - pl.col("part_true"), threshold), pl.col("part_true") > 0)
    width = pl.lit(threshold - 1.0)
    return found.with_columns(
        kind=pl.lit("left out"), what=pl.lit(""), needed=width, plus="whole", minus="part"
    ).select(_ABOUT)  # fmt: skip


def _as_goals(goals: pl.DataFrame, numbers: Numbers) -> Goals:
    lines = np.arange(goals.height)
    plus, minus = goals["plus"].to_numpy(), goals["minus"].to_numpy()
    second = minus >= 0
    weights = csr_array(
        (np.concatenate([np.ones(lines.size), -np.ones(second.sum())]),
         (np.concatenate([lines, lines[second]]), np.concatenate([plus, minus[second]]))),
        shape=(lines.size, numbers.true.size),
    )  # fmt: skip
    level = goals["geographic_level"].to_list()
    of_part = [numbers.place[at] if at >= 0 else "" for at in minus]
    place = [None if level[line] == LA else numbers.place[plus[line]] for line in lines]
    same = [p if q in ("", p) else None for p, q in zip(place, of_part, strict=True)]
    return Goals(goals.drop("plus", "minus"), weights, goals["needed"].to_numpy(), same)
