"""A measure summed once by the finest groups of its pupils, so that the figure of any cohort is a matter of moments.

What a metric counts is additive over people, so sums of the finest groups add up to those of any other. The rows come
out as the metric itself makes them of the cohort's facts: the same recipe, the same interval.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import polars as pl

from sendlab.errors import SendlabError
from sendlab.metrics.grouping import LA, OF_SEND, PERIOD, PLACE, SCHOOL
from sendlab.metrics.measuring import bases_kept, finished, sums_of
from sendlab.metrics.recipes import Recipe
from sendlab.schema.groups import NOT_RECORDED, SEND, TOTAL
from sendlab.schema.measures import GROUPS, no_measures

Metric = Callable[..., pl.DataFrame]
Rule = Mapping[str, Collection[str]]  # {column: the values of those who are in}
_NOTHING: Mapping[str, str] = MappingProxyType({})
CONFIDENCE = 0.95  # of the intervals, as of all that is published
_SAID = ("value", "status", "note")


@dataclass(frozen=True)
class Summed:
    """The sums of one measure and period; made by `summed`."""

    cells: pl.DataFrame  # one row a place and finest group
    values: dict[str, tuple[str, ...]]  # of each column, in the order of their numbers in `cells`
    recipe: Recipe
    places: dict[str, dict[str, str]]  # {code: name, phase and level}
    whole: dict[str, dict[str, Any]]  # {code: what the metric itself says of all people of the place}
    _said: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)  # found so far, see `_said_of`
    _here: dict[str, pl.DataFrame] = field(default_factory=dict, repr=False)  # found so far, see `at`

    def rows(self, place: str, rule: Rule, by: Mapping[str, str] = _NOTHING) -> pl.DataFrame:
        """Measure rows of the people whom the rule takes in, in total and by groups, at one place.

        `by`: {column that was summed by: group column of measure rows in which its values stand}. What the rule holds
        fast stands in none of them.
        """
        if place not in self.places:
            return no_measures()
        if place not in self._said:
            self._said[place] = self._said_of(place)
        return self._with_said(self._counted(self.at(place).filter(*self._rules(rule)), by, place), place)

    def counts(self, place: str, rule: Rule, column: str) -> dict[str, int]:
        """How many people in the base of the measure have each value of a column, at one place."""
        cells = self.at(place).filter(*self._rules(rule)) if place in self.places else self.cells.clear()
        found = dict(cells.group_by(column).agg(pl.col("0|n").sum()).iter_rows())
        return {value: found.get(number, 0) for number, value in enumerate(self.values[column])}

    def at(self, place: str) -> pl.DataFrame:
        """The cells of a place; of the LA, those of its schools added up."""
        if place not in self._here:
            if self.places[place]["geographic_level"] == LA:
                self._here[place] = self._added(self.cells, list(self.values))
            else:
                self._here[place] = self.cells.filter(pl.col("place_code") == place)
        return self._here[place]

    def _rules(self, rule: Rule) -> list[pl.Expr]:
        return [pl.col(name).is_in(self._numbers(name, wanted)) for name, wanted in rule.items()]

    def _numbers(self, column: str, wanted: Collection[str]) -> list[int]:
        return [number for number, value in enumerate(self.values[column]) if value in wanted]

    def _number(self, column: str, value: str) -> int:
        return next(iter(self._numbers(column, [value])), -1)

    def _counted(self, cells: pl.DataFrame, by: Mapping[str, str], place: str) -> pl.DataFrame:
        """Measure rows of all in these cells, and of their groups: needs are told of pupils with SEN only."""
        needs = [name for name in by if name in OF_SEND]
        known = [pl.col(name) != self._number(name, NOT_RECORDED) for name in needs]
        known += [pl.col("sen_provision").is_in(self._numbers("sen_provision", SEND))] if needs else []
        groups = self._added(cells.filter(*known), list(by))
        whole = self._added(cells if needs else groups, [])
        if whole.is_empty():
            return no_measures()
        parts = [self._labelled(whole, {}, place), *([self._labelled(groups, by, place)] if by else [])]
        return finished(pl.concat(parts), 0, self.recipe, CONFIDENCE)

    def _added(self, cells: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """The sums of cells by some of their columns."""
        peaks = {f"0|{name}" for name in self.recipe.peaks()}
        sums = [name for name in cells.columns if "|" in name]
        added = [pl.col(name).max() if name in peaks else pl.col(name).sum() for name in sums]
        dated = [pl.col("data_to").max()] if "data_to" in cells.columns else []
        return cells.group_by(*PERIOD, *by).agg(*added, *dated)

    def _labelled(self, rows: pl.DataFrame, by: Mapping[str, str], place: str) -> pl.DataFrame:
        """Sums with the columns that say which rows of measures they are."""
        names = [pl.lit(self.places[place][name]).alias(name) for name in PLACE]
        stands = {target: self._texts(name).alias(target) for name, target in by.items()}
        groups = [stands.get(name, pl.lit(TOTAL).alias(name)) for name in GROUPS]
        return rows.select(*PERIOD, *names, *groups, pl.exclude(*PERIOD, *GROUPS, *by))

    def _texts(self, column: str) -> pl.Expr:
        return pl.col(column).replace_strict(
            list(range(len(self.values[column]))), list(self.values[column]), return_dtype=pl.String
        )

    def _with_said(self, rows: pl.DataFrame, place: str) -> pl.DataFrame:
        """What the metric says of every figure of a place: too early, lengths unknown, another roll than January's."""
        status, note = self._said[place]
        if not status and not note:
            return rows
        figure = pl.col("value").is_not_null()
        told = figure & (pl.lit(status != "") | (pl.col("note") == ""))
        none = figure & pl.lit(status == "x")
        return rows.with_columns(
            *(
                pl.when(~none).then(name).alias(name)
                for name in ("numerator", "with_subjects", "value", "lower", "upper")
            ),
            pl.when(told & pl.lit(status != "")).then(pl.lit(status)).otherwise("status").alias("status"),
            pl.when(told).then(pl.lit(note)).otherwise("note").alias("note"),
        )

    def _said_of(self, place: str) -> tuple[str, str]:
        """Where the metric's own row of a whole place differs from the bare one: the status and note that it has."""
        final = self.whole.get(place)
        bare = self._counted(self.at(place), {}, place).to_dicts()
        if final is None or not bare or all(final[name] == bare[0][name] for name in _SAID):
            return "", ""
        return (final["status"] if final["status"] != bare[0]["status"] else ""), final["note"]


def summed(metric: Metric, facts: pl.DataFrame, columns: Sequence[str]) -> Summed:
    """A metric of facts (of one period) summed by place and by all of these columns at once.

    Errors: SendlabError for a metric that is not one recipe over one base of people.
    """
    with bases_kept() as kept:
        final = metric(facts, by=[])
    if len(kept) != 1 or len(kept[0][1]) != 1:
        raise SendlabError(
            "this measure is not counted in one go", next_step="take it from open_workspace().own_view()"
        )
    base, (recipe,) = kept[0]
    values = {name: tuple(sorted(base.select(_text(name)).to_series().unique())) for name in columns}
    numbered = base.with_columns(
        *(_text(name).cast(pl.Enum(values[name])).to_physical().cast(pl.UInt16).alias(name) for name in columns),
        pl.lit(True).alias("_here"),
        *([] if "time_identifier" in base.columns else [pl.lit("").alias("time_identifier")]),
    )
    sums, peaks = sums_of([recipe])
    dated = [pl.col("data_to").max()] if "data_to" in base.columns else []
    cells = numbered.group_by(*PERIOD, "place_code", *columns).agg(*sums, *peaks, *dated)
    here = final.filter(pl.col("geographic_level").is_in([LA, SCHOOL])).select("place_code", *_SAID)
    return Summed(cells, values, recipe, _places(base), {row["place_code"]: row for row in here.iter_rows(named=True)})


def _text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null(NOT_RECORDED).alias(name)


def _places(base: pl.DataFrame) -> dict[str, dict[str, str]]:
    schools = base.select("place_code", "place_name", "education_phase").drop_nulls("place_code").unique("place_code")
    found = {row["place_code"]: {"geographic_level": SCHOOL, **row} for row in schools.iter_rows(named=True)}
    if base.height:
        code, name = base["la_code"][0], base["la_name"][0]
        found[code] = {"geographic_level": LA, "place_code": code, "place_name": name, "education_phase": TOTAL}
    return found
