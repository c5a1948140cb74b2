"""What cells meet alike in our own shell and in a kernel of ours: how much they may print, and whom they may ask."""

import random
from collections.abc import Callable

from IPython.core.error import StdinNotImplementedError

SEED = 0  # of the random numbers that a notebook draws without a seed of its own
MOST_TEXT = 1_000_000  # characters that a notebook may print; more is no report
CUT = f"\n[more was printed; a notebook keeps {MOST_TEXT:,} characters]\n"


class Room:
    """How much text a notebook may still print; what is beyond all measure is cut off, and that is said once.

    >>> room = Room()
    >>> room.kept("x" * MOST_TEXT) == "x" * MOST_TEXT, room.kept("y") == CUT, room.kept("z")
    (True, True, '')
    """

    def __init__(self) -> None:
        self._left = MOST_TEXT

    def kept(self, text: str) -> str:
        """The part of a text for which there is room, and which a file can hold: no half of a character."""
        if self._left < 0:
            return ""
        kept, self._left = text[: self._left], self._left - len(text)
        kept = kept.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return kept if self._left >= 0 else kept + CUT


def refusal(name: str) -> Callable[..., str]:
    """What stands for `input` or `getpass`: nobody sits before a run, so a question fails in the words of a kernel."""

    def ask(*_: object, **__: object) -> str:
        raise StdinNotImplementedError(f"{name} was called, but this frontend does not support input requests.")

    return ask


def words(error: object) -> str:
    """What an error says; one that cannot be put into words is no reason for another.

    >>> words(ValueError("no such place"))
    'no such place'
    """
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the notebook's own class may raise anything
        return "(an error that cannot be put into words)"


def seed() -> None:
    """Every notebook begins with the same random numbers, whatever ran before: its report can be made again."""
    import numpy as np
    import polars as pl

    random.seed(SEED)
    np.random.seed(SEED)
    pl.set_random_seed(SEED)
