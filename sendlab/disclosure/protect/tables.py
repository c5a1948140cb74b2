"""Tables found so far for a whole system: where the same counts are looked at again, the search goes on from them."""

from __future__ import annotations

import numpy as np

from sendlab.disclosure.protect.attacker import Attacker
from sendlab.disclosure.protect.parts import Part
from sendlab.disclosure.protect.system import Floats, Ints


class Tables:
    """Tables by the counts of a system that move (in order), and how far; for systems of the same counts."""

    def __init__(self) -> None:
        self._found: list[tuple[Ints, Floats]] = []

    def give(self, attacker: Attacker) -> int:
        """Have an attacker keep those that agree with all that is known to it; how many it keeps."""
        place = _place_in(attacker.part)
        for counts, moves in self._found:
            inside = place[counts] if counts[-1] < place.size else np.array([-1])
            if (inside >= 0).all() and attacker.holds(inside, moves):
                attacker.reach.keep(inside, moves)
        return attacker.reach.known

    def take(self, attacker: Attacker, known: int) -> None:
        """Note what an attacker found beyond the first `known`."""
        places = attacker.part.places
        self._found += [(places[counts], moves) for counts, moves in attacker.reach.tables(known)]


def _place_in(part: Part) -> Ints:
    """For each count of the system its place in the part, or -1."""
    place = np.full(int(part.places[-1]) + 1, -1, dtype=np.int64)
    place[part.places] = np.arange(part.places.size)
    return place
