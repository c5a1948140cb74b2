"""Statistical neighbours: the mean and the spread of their published figures, and how many of them have one.

Source: the Department's children's services statistical neighbour list (May 2025): ten a authority, closest first.
"""

import polars as pl

FEWEST_NEIGHBOURS = 5  # half of the ten: a mean of fewer is not shown (own rule)
CLOSENESS = ("extremely close", "very close", "close", "somewhat close", "not close")


def neighbour_codes(neighbours: pl.DataFrame) -> pl.DataFrame:
    """Table `neighbours` as `place_code`, `neighbour` (code, else the name), `closeness`."""
    return neighbours.select(
        pl.col("la_code").alias("place_code"),
        pl.coalesce("neighbour_la_code", "neighbour_name").alias("neighbour"),
        pl.col("closeness").str.to_lowercase().alias("closeness"),  # "Very Close" and "Very close" are both met
    )


def neighbour_figures(authorities: pl.DataFrame, neighbours: pl.DataFrame, table: list[str]) -> pl.DataFrame:
    """For each authority that has neighbours, and each published table: `neighbours_*` of those with a figure.

    `authorities`: published measure rows of authorities; `table`: the columns that say which table a row belongs to.
    `neighbours_mean` (each counts alike, as published comparisons do) is missing where fewer than half of ten have a
    figure; `neighbours_sd` is that of the neighbours among themselves.
    """
    values = authorities.select(*table, pl.col("place_code").alias("neighbour"), "value").drop_nulls("value")
    value = pl.col("value").sort()  # the last digit of a mean depends on the order
    enough = pl.len() >= FEWEST_NEIGHBOURS
    return (
        neighbour_codes(neighbours)
        .join(values, on="neighbour")
        .group_by(*table, "place_code")
        .agg(
            pl.len().cast(pl.Int64).alias("neighbours_with_figure"),
            pl.when(enough).then(value.mean()).alias("neighbours_mean"),
            value.min().alias("neighbours_lowest"),
            value.max().alias("neighbours_highest"),
            pl.when(enough).then(value.std(ddof=1)).alias("neighbours_sd"),
        )
    )


def with_neighbours(
    rows: pl.DataFrame, authorities: pl.DataFrame, neighbours: pl.DataFrame, table: list[str]
) -> pl.DataFrame:
    """Rows with `neighbours` (how many there are), their figures, and how close they are in words."""
    codes = neighbour_codes(neighbours)
    counted = codes.group_by("place_code").agg(
        pl.len().cast(pl.Int64).alias("neighbours"), pl.col("closeness").alias("listed")
    )
    words = pl.concat_list(
        pl.when(pl.col("listed").list.count_matches(word) > 0)
        .then(pl.format("{} {}", pl.col("listed").list.count_matches(word), pl.lit(word)))
        for word in CLOSENESS
    ).list.drop_nulls()  # fmt: skip
    counted = counted.with_columns(words.list.join(", ").alias("closeness")).drop("listed")
    found = rows.join(counted, on="place_code", how="left", maintain_order="left")
    figures = neighbour_figures(authorities, neighbours, table)
    found = found.join(figures, on=[*table, "place_code"], how="left", maintain_order="left")
    some = pl.col("neighbours").is_not_null()
    with_figure = pl.when(some).then(pl.col("neighbours_with_figure").fill_null(0))
    return found.with_columns(with_figure.alias("neighbours_with_figure"))
