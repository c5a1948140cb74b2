"""A synthetic local authority with planted truths: as checked tables in memory, and as files in the real formats."""

from pathlib import Path

import polars as pl

from sendlab.sample.world import World

DEFAULT_SEED = 2026

__all__ = ["DEFAULT_SEED", "tables", "truths", "write"]


def tables(seed: int = DEFAULT_SEED, schools: int = 8, pupils: int = 1500) -> dict[str, pl.DataFrame]:
    """The sample as {table name: frame} with the declared columns of `sendlab.schema.TABLES`.

    `pupils` is about the number on roll in January 2025. Equal seeds give equal tables. They are what ingest makes of
    the files that `write` writes, with UPNs (synthetic) where the store has pseudonyms.

    >>> sorted(tables(seed=1))[:4]
    ['assessments', 'attendance', 'benchmarks', 'interventions']
    """
    return World(seed, schools, pupils).tables()


def truths(schools: int = 8, pupils: int = 1500) -> list[dict[str, object]]:
    """What is planted in the sample, one dict a truth: measure, place, group, direction, size (see `truth.py`)."""
    from sendlab.sample.truth import planted

    return planted(World(0, schools, pupils).schools)


def write(folder: str | Path, seed: int = DEFAULT_SEED, schools: int = 8, pupils: int = 1500) -> list[Path]:
    """Write the sample as raw files in the real formats, with TRUTH.md and truth.json; returns their paths.

    The folder is made if it is not there; files of the same names are replaced. Byte for byte the same from one seed.
    """
    from sendlab.sample.files import write_world

    return write_world(World(seed, schools, pupils), Path(folder))
