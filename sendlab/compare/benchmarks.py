"""Published figures as measure rows, as they are: of the nation, of other authorities and regions, and of schools.

Never recomputed, and no interval invented. Sources: Explore Education Statistics, the Department's local authority
interactive tool (LAIT) and performance tables. Which series is which measure stands in indicators.toml.
"""

from typing import Literal

import polars as pl

from sendlab.compare.published import (
    ENGLAND_CODE,
    NATION,
    PUBLISHED,
    dated,
    declared,
    mark,
    ranges,
    series,
    within_range,
)
from sendlab.compare.sides import year_of
from sendlab.facts import placed_schools
from sendlab.metrics.cards import cards, redefined
from sendlab.metrics.grouping import LA, SCHOOL, either_kind
from sendlab.schema.groups import TOTAL, UNKNOWN_PHASE
from sendlab.schema.measures import GROUPS, MEASURE_COLUMNS, MEASURE_KEY, as_measures, no_measures
from sendlab.stats.rounding import round_half_away

REGIONAL = "Regional"
REVISION = r"\s*\((?i:rev|prov|ot)[^)]*\)$"  # "2025 (Rev)", "2025 (prov)"
TABLE_KEY = ("time_period", "time_identifier", "education_phase", *GROUPS)  # with the measure: one published table
UNMAPPED = "no measure is declared for this series"
NO_PERIOD = "the period is not written in a way that is known"
NO_PLACE = "the place is neither an authority, nor a region, nor the nation"


@either_kind
def indicator_rows(indicators: pl.DataFrame, *, latest: str = "") -> pl.DataFrame:
    """LAIT series of authorities, regions and England (table `indicators`) as measure rows, values as published.

    `geographic_level` is Local authority, Regional or National; `place_code` the three-digit code of an authority (its
    name where it has none), a region's name, or E92000001. A year is what indicators.toml says: 2023 is 2022/23 for
    absence, 2023 for EHC plans. Values have the publication's places; one outside the range of its measure is refused
    (status x, the place in `note`). `note` tells the series, and that a figure is history where it is more than two
    years older than `latest` (a period such as "202526"). What is not used: `unused_indicators`.
    """
    rows = _mapped(indicators)
    rows = rows.filter(pl.col("period").is_not_null() & pl.col("geographic_level").is_not_null())
    if rows.is_empty():
        return no_measures()
    rows = rows.with_columns(_to_places(rows), pl.col("period").alias("time_period"), pl.lit("").alias("note"))
    rows = rows.with_columns(mark().alias("status"), pl.format("LAIT, series {}", "indicator").alias("vintage"))
    return _as_rows(dated(within_range(rows), latest))


@either_kind
def unused_indicators(indicators: pl.DataFrame) -> pl.DataFrame:
    """What of the table `indicators` gives no measure row: `indicator`, `data_item`, `rows`, and why in words."""
    found = _mapped(indicators, how="left")
    why = (
        pl.when(pl.col("measure").is_null()).then(pl.lit(UNMAPPED))
        .when(pl.col("period").is_null()).then(pl.lit(NO_PERIOD))
        .when(pl.col("geographic_level").is_null()).then(pl.lit(NO_PLACE))
    )  # fmt: skip
    found = found.with_columns(why.alias("why")).drop_nulls("why")
    return found.group_by("indicator", "data_item", "why").agg(pl.len().alias("rows")).sort("indicator", "why")


@either_kind
def regions_of(indicators: pl.DataFrame) -> pl.DataFrame:
    """Which region each authority of the table `indicators` lies in: `place_code`, `region` as in its rows."""
    known = declared()["places"]["regions"]
    region = pl.col("region_name").replace_strict(known, default=None, return_dtype=pl.String)
    found = indicators.select(pl.coalesce("la_code", "place_name").alias("place_code"), region.alias("region"))
    return found.drop_nulls().unique("place_code", keep="first", maintain_order=True)


def _mapped(indicators: pl.DataFrame, how: Literal["inner", "left"] = "inner") -> pl.DataFrame:
    """Rows with their series' measure, and with `period`, level and place; missing where they are not understood."""
    rows = indicators.join(series(), on="indicator", how=how, maintain_order="left")
    places = declared()["places"]
    nation = pl.col("place_name").is_in(places["national"])
    region = pl.col("place_name").is_in(list(places["regions"].values())) & pl.col("region_name").is_null()
    authority = pl.col("la_code").is_not_null() | pl.col("region_name").is_not_null()
    level = pl.when(nation).then(pl.lit(NATION)).when(region).then(pl.lit(REGIONAL)).when(authority).then(pl.lit(LA))
    return rows.with_columns(
        _period().alias("period"),
        level.alias("geographic_level"),
        pl.when(nation).then(pl.lit(ENGLAND_CODE)).otherwise(pl.coalesce("la_code", "place_name")).alias("place_code"),
    )


def _period() -> pl.Expr:
    """Our name of the period: 2022/23 and 2022-23 as they are; a year alone as the series means it."""
    text = pl.col("time_period").str.replace(REVISION, "").str.strip_chars()
    academic = text.str.contains(r"^\d{4}[/-]\d{2}$")
    alone = text.str.contains(r"^\d{4}$")
    ended = (year_of("time_period") - 1).cast(pl.String) + text.str.slice(2, 2)
    calendar = pl.col("year") == "calendar"
    return (
        pl.when(academic & ~calendar).then(text.str.replace(r"[/-]", ""))
        .when(alone & calendar).then(text)
        .when(alone & (pl.col("year") == "ends")).then(ended)
    )  # fmt: skip


def _to_places(rows: pl.DataFrame) -> pl.Series:
    """Values at the places of the publication: what float text has beyond them is noise."""
    values, decimals = rows["value"].cast(pl.Float64).fill_null(float("nan")).to_numpy().copy(), rows["decimals"]
    for places in decimals.unique().to_list():
        mine = (decimals == places).to_numpy()
        values[mine] = round_half_away(values[mine], places)
    return pl.Series("value", values).fill_nan(None)


def _as_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Measure rows; none of a measure that the workspace defines otherwise, which is another one under its name."""
    rows = rows.filter(~pl.col("measure").is_in(redefined())).with_columns(pl.lit(PUBLISHED).alias("method"))
    return as_measures(rows.select(name for name in MEASURE_COLUMNS if name in rows.columns))


@either_kind
def benchmark_rows(benchmarks: pl.DataFrame, indicators: pl.DataFrame, *, latest: str) -> pl.DataFrame:
    """National figures as measure rows: those of EES files (table `benchmarks`), and LAIT's where EES has none.

    Of periods up to `latest` ("202526"); those more than two years older are history, and the note names the file to
    fetch again. Values beyond the range of their measure are refused with their place.
    """
    ees = _ees_rows(benchmarks, latest)
    lait: pl.DataFrame = indicator_rows(indicators, latest=latest).filter(pl.col("geographic_level") == NATION)
    both = pl.concat([ees, lait.join(ees, on=MEASURE_KEY, how="anti")])
    return both.filter(year_of("time_period") <= int(latest[:4]))


@either_kind
def authority_rows(indicators: pl.DataFrame, *ees: pl.DataFrame, latest: str = "") -> pl.DataFrame:
    """Published figures of all authorities, regions and the nation, for `standing`: LAIT's, and those of EES files.

    `ees`: tables that `sendlab.sources.ees.read_authorities` gives; they hold counts, so ranks get an interval. Where
    an EES file has a table (measure, period, phase and group), LAIT's authorities of it are left out: no mixed tables.
    """
    lait: pl.DataFrame = indicator_rows(indicators, latest=latest)
    files = [_ees_rows(table, latest) for table in ees]
    held = pl.concat([no_measures(), *files])
    of_authority = pl.col("geographic_level") == LA
    others = lait.filter(of_authority).join(held, on=["measure", *TABLE_KEY], how="anti")
    return pl.concat([held.unique(MEASURE_KEY, keep="first", maintain_order=True), others, lait.filter(~of_authority)])


def _ees_rows(table: pl.DataFrame, latest: str) -> pl.DataFrame:
    """Rows in the columns of the table `benchmarks` as measure rows."""
    rows = pl.concat([table, ranges(table["measure"]).drop("measure")], how="horizontal").with_columns(
        unit_of(), mark().alias("status"), pl.lit("").alias("note"),
        pl.col("source_file").fill_null("a file").alias("vintage"),
    )  # fmt: skip
    return _as_rows(dated(within_range(rows), latest))


def unit_of() -> pl.Expr:
    """The unit that the card of a row's measure states."""
    units = {name: card.unit for name, card in cards().items()}
    return pl.col("measure").replace_strict(units, default=None, return_dtype=pl.String).alias("unit")


@either_kind
def school_figure_rows(school_figures: pl.DataFrame, schools: pl.DataFrame, *, latest: str = "") -> pl.DataFrame:
    """Figures of performance tables (table `school_figures`) as measure rows, limits where they are published.

    `place_code` is a school's URN (else its id), `education_phase` from the table `schools`. Keep them apart from the
    measures that are made here: they are the same figure of the same school, published. Rows without a year are left
    out, for nothing says what they could stand beside.
    """
    about = declared()["school_figures"]
    wide = _beside_limits(school_figures.filter(pl.col("time_period").is_not_null()), about["columns"])
    if wide.is_empty():
        return no_measures()
    names = placed_schools(schools).unique("place_code", keep="first")
    code = {SCHOOL: pl.coalesce("school_urn", "school_id"), LA: pl.col("la_code"), NATION: pl.lit(ENGLAND_CODE)}
    level = pl.col("level")
    wide = wide.with_columns(
        pl.coalesce(pl.when(level == name).then(expr) for name, expr in code.items()).alias("place_code")
    )
    kind = pl.col("establishment").replace_strict(about["phases"], default=TOTAL, return_dtype=pl.String)
    rows = wide.join(names.drop("school_id"), on="place_code", how="left", maintain_order="left").with_columns(
        level.alias("geographic_level"), pl.coalesce("place_name", "place_code").alias("place_name"),
        pl.when(level == SCHOOL).then(pl.col("education_phase").fill_null(UNKNOWN_PHASE)).otherwise(kind)
        .alias("education_phase"), unit_of(),
        pl.lit(about["time_identifier"]).alias("time_identifier"), mark().alias("status"), pl.lit("").alias("note"),
        pl.concat_str("source_file", pl.lit(", column "), "figure").alias("vintage"),
    )  # fmt: skip
    rows = pl.concat([rows, ranges(rows["measure"]).drop("measure")], how="horizontal")
    return _as_rows(dated(within_range(rows), latest))


def _beside_limits(figures: pl.DataFrame, columns: dict[str, dict[str, str]]) -> pl.DataFrame:
    """One row a place and mapped column, with `measure`, `lower` and `upper`."""
    key = [name for name in figures.columns if name not in ("figure", "value", "symbol")]
    parts = []
    for name, about in columns.items():
        part = figures.filter(figure=name).with_columns(pl.lit(about["measure"]).alias("measure"))
        for end in ("lower", "upper"):
            limits = figures.filter(figure=about.get(end, "")).select(*key, pl.col("value").alias(end))
            part = part.join(limits, on=key, how="left", nulls_equal=True, maintain_order="left")
        parts.append(part)
    return pl.concat(parts)
