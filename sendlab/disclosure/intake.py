"""What may come to disclosure control: rows it can judge, of one LA, in the two tables that are protected."""

from __future__ import annotations

import polars as pl

from sendlab.disclosure.protect.primary import COUNTED_KINDS
from sendlab.disclosure.published import AUDIENCES
from sendlab.errors import GateError
from sendlab.metrics.cards import CROSSED, card
from sendlab.metrics.publication import LA_LEVEL, SCHOOL_LEVEL, broken_down_by, declared
from sendlab.schema.groups import ALL_SEN, SEN_PROVISION, SEND, TOTAL
from sendlab.schema.measures import MEASURE_KEY, as_measures

NATIONAL = "National"
LEVELS = (SCHOOL_LEVEL, LA_LEVEL, NATIONAL)
NO_SEN_GAP, OTHERS_GAP, NATIONAL_GAP = "No SEN", "LA without this school", "Same group nationally"
COMPARATORS = (NO_SEN_GAP, OTHERS_GAP, NATIONAL_GAP)
_RESULTS = ("numerator", "denominator", "value", "lower", "upper")
_OF_CARDS: dict[str, tuple[str, type[pl.DataType]]] = {
    "_kind": ("kind", pl.String), "_polarity": ("polarity", pl.String), "_decimals": ("decimals", pl.Int64),
    "_smallest": ("smallest_base", pl.Int64), "_of_people": ("of_people", pl.Boolean),
    "_counted": ("counted", pl.String),
}  # fmt: skip


def require_settings(audience: str, threshold: int, run_id: str) -> None:
    """Refuse an audience, threshold or run id that nothing can be published under."""
    if audience not in AUDIENCES:
        raise GateError(
            f"audience '{audience}' cannot be published for: there are {', '.join(AUDIENCES)}",
            next_step="a school's own edition is made by school_edition(); look at your own figures with OwnView",
        )
    if threshold < 2:
        raise GateError(f"threshold {threshold} protects nobody", next_step="use 5 for the board, or more")
    if not run_id:
        raise GateError("figures without a run id cannot be traced", next_step="give run_id=")


def require_measures(measures: pl.DataFrame) -> pl.DataFrame:
    """The rows with what their cards say (`_kind`, `_of_people` ...); GateError if they are not to be judged."""
    rows = as_measures(measures).with_columns(pl.col(pl.Float64).fill_nan(None))
    about = {name: card(name) for name in rows["measure"].unique().to_list()}
    rows = rows.with_columns(
        pl.col("measure")
        .replace_strict({name: getattr(each, field) for name, each in about.items()}, return_dtype=dtype)
        .alias(column)
        for column, (field, dtype) in _OF_CARDS.items()
    )
    _require_words(rows)
    _require_one_each(rows)
    _require_counts(rows)
    return rows


def _require_words(rows: pl.DataFrame) -> None:
    """Levels, groups and comparators must be ones that a rule exists for."""
    for column, known in (("geographic_level", LEVELS), ("comparator", ("", *COMPARATORS))):
        _refuse(
            rows.filter(~pl.col(column).is_in(known)), f"a {column} that no rule covers (known: {', '.join(known)})"
        )
    own = rows.filter(pl.col("geographic_level") != NATIONAL)
    _require_groups(own)
    _require_declared(own.filter(~pl.col("_of_people")))


def _require_groups(own: pl.DataFrame) -> None:
    """Only tables that are declared are protected."""
    tables = {CROSSED.join(columns) for table in declared()[0] for columns in table.by}
    provision, need = pl.col("sen_provision"), pl.col("need_area")
    known = provision.is_in([TOTAL, ALL_SEN, *SEN_PROVISION]) & ((need == TOTAL) | provision.is_in([ALL_SEN, *SEND]))
    _refuse(
        own.filter(~(broken_down_by().is_in(sorted(tables)) & known)),
        "a group outside the declared tables (metrics/publication.toml), which alone are protected",
    )


def _require_declared(of_schools: pl.DataFrame) -> None:
    """Figures about schools pass as they are, so only those that were looked at: other pounds tell how many pupils."""
    held = [pl.lit(False)]
    for table in declared()[0]:
        items = pl.col("item").is_in(table.items) if table.items else pl.lit(True)
        held.append(pl.col("measure").is_in(table.measures) & items)
    _refuse(
        of_schools.filter(~pl.any_horizontal(held)),
        "a figure about schools outside the declared tables (metrics/publication.toml), which may tell of pupils",
    )


def _require_one_each(rows: pl.DataFrame) -> None:
    _refuse(rows.filter(pl.struct(MEASURE_KEY).is_duplicated()), "more than one row for the same figure")
    own = rows.filter(pl.col("geographic_level") != NATIONAL)
    one_phase = [name for name in MEASURE_KEY if name != "education_phase"]  # a figure is known by its place
    _refuse(own.filter(pl.struct(one_phase).is_duplicated()), "a place in more than one phase of education")
    las = rows.filter(pl.col("geographic_level") == LA_LEVEL)["place_code"].unique().sort().to_list()
    if len(las) > 1:
        raise GateError(
            f"figures of {len(las)} LAs came together: {', '.join(las)}", next_step="publish one LA at a time"
        )


def _require_counts(rows: pl.DataFrame) -> None:
    """A figure comes with the people behind it, or it cannot be judged."""
    figures = rows.filter((pl.col("comparator") == "") & (pl.col("geographic_level") != NATIONAL))
    judged = figures.filter(pl.any_horizontal(pl.col(_RESULTS).is_not_null()) & pl.col("_of_people"))
    _refuse(judged.filter(pl.col("base_subjects").is_null()), "a figure without base_subjects")
    counted = pl.col("_kind").is_in([*COUNTED_KINDS, "sum"])
    result = pl.col("numerator").is_not_null() | pl.col("value").is_not_null()
    missing = pl.col("with_subjects").is_null() | pl.col("numerator").is_null()
    _refuse(judged.filter(counted & result & missing), "a figure without with_subjects or numerator")
    unshared = (pl.col("_kind") == "sum") & (pl.col("with_subjects") > 0) & pl.col("top_share").is_null()
    _refuse(judged.filter(unshared), "a sum without top_share, the largest person's share")
    alone = (pl.col("_kind") == "effect") & pl.col("value").is_not_null() & pl.col("with_subjects").is_null()
    _refuse(judged.filter(alone), "an effect without its untreated pupils (column with_subjects)")
    unfitted = (pl.col("_kind") == "effect") & pl.col("value").is_not_null() & pl.col("denominator").is_null()
    _refuse(judged.filter(unfitted), "an effect without residual degrees of freedom (column denominator)")


def _refuse(rows: pl.DataFrame, what: str) -> None:
    if rows.is_empty():
        return
    first = rows.sort(*MEASURE_KEY).row(0, named=True)
    where = ", ".join(str(first[name]) for name in MEASURE_KEY if first[name])
    raise GateError(
        f"{rows.height} measure row(s) cannot be published: {what}; first: {where}", next_step="see the metric"
    )
