"""A synthetic local authority with planted truths: as checked tables in memory, and as files in the real formats."""

from collections.abc import Collection
from pathlib import Path

import polars as pl

from sendlab.sample.world import World

DEFAULT_SEED = 2037  # in this draw every figure of the authority can be published, and truths show

__all__ = ["DEFAULT_SEED", "tables", "truths", "write"]


def tables(
    seed: int = DEFAULT_SEED,
    schools: int = 9,
    pupils: int = 1500,
    years: int = 3,
    only: Collection[str] | None = None,
) -> dict[str, pl.DataFrame]:
    """The sample as {table name: frame} with the declared columns of `sendlab.schema.TABLES`.

    `pupils` is about the number on roll in a January, nursery schools apart; `years` (1 to 3) are school years back
    from 2025/26: fewer years are the same rows without the older ones. Equal seeds give equal tables. They are what
    ingest makes of the files that `write` writes, with UPNs (synthetic) where the store has pseudonyms. `only` names
    the tables that are wanted: for many seeds, ask for few.

    >>> made = tables(seed=1, years=1, only=["attendance"])
    >>> sorted(made["attendance"]["time_period"].unique())
    ['202526']
    """
    return World(seed, schools, pupils, years).tables(only)


def truths(schools: int = 9, pupils: int = 1500, years: int = 3) -> list[dict[str, object]]:
    """What is planted in the sample, one dict a truth: measure, place, group, direction, size (see `truth.py`)."""
    from sendlab.sample.truth import planted

    world = World(0, schools, pupils, years)
    return planted(world.schools, world.first_year)


def write(
    folder: str | Path, seed: int = DEFAULT_SEED, schools: int = 9, pupils: int = 1500, years: int = 3
) -> list[Path]:
    """Write the sample as raw files in the real formats, with TRUTH.md and truth.json; returns their paths.

    The folder is made if it is not there; files of the same names are replaced. Byte for byte the same from one seed.
    """
    from sendlab.sample.files import write_world

    return write_world(World(seed, schools, pupils, years), Path(folder))
