"""What the manuals of tests say: how reliable a standardised test is, and where its scale ends.

From the code set `attainment_test`, line by line with its source. A test that is not there has no reliability here: an
authority gives it from the manual of its own test, and until then nothing is said of single pupils' changes.
"""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from sendlab.codes import read_codes

MEAN, SD = 100.0, 15.0  # of the norm sample of standardised scores


class Manual(NamedTuple):
    """Reliability (0 to below 1), and the lowest and the highest score that the test can give; None: not known."""

    reliability: float | None = None
    floor: float | None = None
    ceiling: float | None = None


Manuals = Mapping[str, Manual]


def manuals(own: Manuals | None = None) -> dict[str, Manual]:
    """{name of the test in lower case: manual} of the tests on file and of `own`, which come first.

    >>> manuals({"LA test": Manual(0.85)})["la test"].reliability, manuals()["new group reading test"].floor
    (0.85, 69.0)
    """
    found = {}
    for line in read_codes("attainment_test"):
        numbers = (line.notes.get(name) for name in Manual._fields)
        said = Manual(*(None if text is None else float(text) for text in numbers))
        for name in (line.code, *line.notes.get("also", "").split("|")):
            found[name.lower()] = said
    return {**found, **{name.lower(): said for name, said in (own or {}).items()}}


def manual_of(test: str, name: str, known: Manuals) -> pl.Expr:
    """What the manual of the test named in a column says: reliability, floor or ceiling; missing where unknown."""
    values = {key: getattr(said, name) for key, said in known.items()}
    return pl.col(test).str.to_lowercase().replace_strict(values, default=None, return_dtype=pl.Float64)
