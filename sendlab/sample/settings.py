"""The sizes and rates of the sample, read from settings.toml."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

FIRST_YEAR = 2023  # year 0 of the sample is 2023/24
SCHOOL_YEARS = 3  # whole years; the autumn census after them is the last thing returned


@cache
def settings() -> dict[str, Any]:
    """Everything in settings.toml.

    >>> settings()["area"]["la_code"]
    '999'
    """
    return tomllib.loads((files(__package__) / "settings.toml").read_text(encoding="utf-8"))


def generator(seed: int, stage: str) -> np.random.Generator:
    """A random stream of its own for each stage, so that a change in one stage leaves the others as they were."""
    return np.random.default_rng([seed, *stage.encode()])


def period(year: int) -> str:
    """time_period of year 0, 1, ... of the sample.

    >>> period(0), period(1)
    ('202324', '202425')
    """
    return f"{FIRST_YEAR + year}{(FIRST_YEAR + year + 1) % 100:02d}"


def pick(rng: np.random.Generator, shares: dict[str, float], size: int) -> np.ndarray:
    """Keys drawn by their shares (made to sum to 1)."""
    weights = np.array(list(shares.values()), dtype=float)
    return rng.choice(np.array(list(shares)), size=size, p=weights / weights.sum())
