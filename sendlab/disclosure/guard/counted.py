"""Counts from facts by the metrics' own functions: the figures asked for, and how many people each atom holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from sendlab import metrics
from sendlab.cohort import without_few_unrecorded
from sendlab.disclosure.guard.question import COLUMNS, KEY_STAGE, NEEDS, Group, Question, key_stages, label
from sendlab.schema.groups import NOT_RECORDED, SEND, TOTAL
from sendlab.schema.measures import no_measures

ASKED, OTHERS = "asked", "others"
LEVELS = ("School", "Local authority")
COUNTS = ("base_subjects", "with_subjects", "numerator", "denominator", "top_share")
NONE = "-"  # class of a pupil whom a column says nothing of: needs of pupils without SEN


def facts_of_year(facts: pl.DataFrame, time_period: str) -> pl.DataFrame:
    """Facts of one academic year that figures are published from: without few pupils of unrecorded provision."""
    return without_few_unrecorded(facts.filter(pl.col("time_period") == time_period))


def figures(question: Question, facts: pl.DataFrame) -> pl.DataFrame:
    """Exact measure rows of a question at its places: the total of its filters, and each group it asks for.

    The metric sees every pupil and counts those asked for apart, so that what it decides by place or by authority
    (the period that data cover, whether it is too early) is decided as for published figures.
    """
    by = ["nc_year" if name == KEY_STAGE else name for name in question.by]
    banded = _in_bands(facts) if KEY_STAGE in question.by else facts
    marked = banded.with_columns(
        pl.when(_inside(question)).then(pl.lit(ASKED)).otherwise(pl.lit(OTHERS)).alias("_asked")
    )
    wanted = [("_asked",), ("_asked", *by)] if by else [("_asked",)]
    rows = metric_of(question.measure)(marked, by=wanted)
    here = (pl.col("item") == ASKED) & pl.col("place_code").is_in(question.places)
    rows = rows.filter(here & pl.col("geographic_level").is_in(LEVELS))
    fixed = {name: label(name, values) for name, values in question.within if name not in by}
    return rows.with_columns(pl.lit(TOTAL).alias("item"), *(pl.lit(text).alias(name) for name, text in fixed.items()),
                             *_total_within(question, by))  # fmt: skip


def has_figures(question: Question, facts: pl.DataFrame) -> bool:
    """Whether the whole authority has a figure of the measure asked about."""
    rows = metric_of(question.measure)(facts, by=[]).filter(pl.col("geographic_level") == "Local authority")
    return bool(rows["value"].is_not_null().any())


def _total_within(question: Question, by: Sequence[str]) -> list[pl.Expr]:
    """Needs are asked of all SEN, so that the total of a table by provision and need is all SEN too."""
    if not question.of_send or "sen_provision" not in by:
        return []
    total = pl.all_horizontal(pl.col(name) == TOTAL for name in by)
    return [pl.when(total).then(pl.lit(label("sen_provision", SEND))).otherwise("sen_provision").alias("sen_provision")]


def _inside(question: Question) -> pl.Expr:
    rules = [_value(name).is_in(values) for name, values in question.within]
    if question.of_send:
        rules.append(pl.col("sen_provision").is_in(SEND))
    return pl.all_horizontal(rules) if rules else pl.lit(True)


def _value(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null(NOT_RECORDED)


def _in_bands(facts: pl.DataFrame) -> pl.DataFrame:
    band = {year: name for name, years in key_stages().items() for year in years}
    return facts.with_columns(_value("nc_year").replace(band).alias("nc_year"))


def metric_of(measure: str) -> Callable[..., pl.DataFrame]:
    """The metric that counts a measure that can be asked about."""
    found: Callable[..., pl.DataFrame] = getattr(metrics, measure)
    return found


def values_here(facts: pl.DataFrame, columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The values of each column that occur in the facts."""
    return {name: tuple(sorted(facts.select(_value(name)).to_series().unique())) for name in columns}


def usual_values(facts: pl.DataFrame, column: str, place: str, fewest: int, *, banded: bool = False) -> list[str]:
    """The values of a column that at least `fewest` pupils have in schools of the phase of a place (the LA: in all)."""
    phases = facts.filter(pl.col("place_code") == place)["education_phase"].unique()
    alike = facts if phases.is_empty() else facts.filter(pl.col("education_phase").is_in(phases.to_list()))
    alike = alike.filter(pl.col("sen_provision").is_in(SEND)) if column in NEEDS else alike
    alike = _in_bands(alike) if banded and column == "nc_year" else alike
    counts = alike.group_by(_value(column).alias("value")).len().filter(pl.col("len") >= fewest)
    return sorted(counts["value"])


def atom_counts(
    measures: Sequence[str], facts: pl.DataFrame, classes: Mapping[str, Mapping[str, int]]
) -> dict[str, pl.DataFrame]:
    """{measure: place_code, classes, counts}: how many each atom holds at each place and in the LA.

    `classes` numbers the values of each column; an atom is one class of each, written `2|0|-`.
    """
    parts = [_class_of(name, numbers) for name, numbers in classes.items()]
    atom = pl.concat_str(parts, separator="|") if parts else pl.lit("")
    marked = facts.with_columns(atom.alias("_atom"))
    found = {}
    for measure in measures:
        rows = metric_of(measure)(marked, by=["_atom"]) if facts.height else no_measures()
        rows = rows.filter((pl.col("item") != TOTAL) & pl.col("geographic_level").is_in(LEVELS))
        found[measure] = rows.select("place_code", pl.col("item").alias("atom"), *COUNTS)
    return found


def _class_of(name: str, numbers: Mapping[str, int]) -> pl.Expr:
    known = pl.col("sen_provision").is_in(SEND) & pl.col(name).is_not_null() if name in NEEDS else pl.lit(True)
    number = _value(name).replace_strict(numbers, return_dtype=pl.Int64, default=None).cast(pl.String)
    return pl.when(known).then(number).otherwise(pl.lit(NONE)).fill_null(NONE)


def group_labels(group: Group) -> dict[str, str]:
    """A group as labels of a measure row."""
    given = dict(group)
    return {name: label(name, given[name]) if name in given else TOTAL for name in COLUMNS}
