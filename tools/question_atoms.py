"""What a reader of answers holds: atoms, the smallest groups that figures tell apart, and the limits that figures set.

An atom is one combination of the values that figures tell apart, at one school.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt
import polars as pl

from sendlab import metrics
from sendlab.disclosure.guard.question import NEEDS, Group, group_of
from sendlab.metrics.cards import card
from sendlab.schema.groups import NOT_RECORDED, SEND, TOTAL

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
PEOPLE, OUT_OF = "people in the base", "sessions possible"
ROUNDED, WITHIN = "counts rounded to 5", 2.0


@dataclass(frozen=True)
class Known:
    """Limits that one figure sets to a sum of counts: of which group, at which place (the LA: all schools)."""

    place: str
    group: Group
    name: str  # PEOPLE, OUT_OF or a measure
    low: float
    high: float


class Atoms:
    """The atoms of all schools with their true counts, for measures of one base."""

    def __init__(self, facts: pl.DataFrame, measures: Sequence[str], groups: Iterable[Group]) -> None:
        self.measures = list(measures)
        self.sets: dict[str, list[tuple[str, ...]]] = {}
        for name, values in sorted({part for group in groups for part in group}):
            self.sets.setdefault(name, []).append(values)
        if set(self.sets) & set(NEEDS):
            self.sets.setdefault("sen_provision", []).append(SEND)
        self.columns = list(self.sets)
        coded = facts.with_columns(self._code(name).alias(f"_{name}") for name in self.columns)
        self.table = self._all(coded)
        self._count(coded)

    def _code(self, name: str) -> pl.Expr:
        """Which of the told sets a pupil's value is in, as a text of noughts and ones; "-" without a need."""
        value = pl.col(name).cast(pl.String).fill_null(NOT_RECORDED)
        signs = [pl.when(value.is_in(list(some))).then(pl.lit("1")).otherwise(pl.lit("0")) for some in self.sets[name]]
        text = pl.concat_str(signs)
        return pl.when(pl.col("sen_provision").is_in(SEND)).then(text).otherwise(pl.lit("-")) if name in NEEDS else text

    def _all(self, coded: pl.DataFrame) -> pl.DataFrame:
        """Every combination that may be there: the values of a school crossed, pupils without SEN without needs."""
        names = [f"_{name}" for name in self.columns]
        rows = []
        for (place,), here in coded.sort("place_code").group_by("place_code", maintain_order=True):
            values = [sorted(here[name].unique()) for name in names]
            seen = set(here.select(names).iter_rows())
            rows += [(place, *one) for one in product(*values) if one in seen or self._may_be(one, seen)]
        return pl.DataFrame(rows, schema=["place_code", *names], orient="row")

    def _may_be(self, one: tuple[str, ...], seen: set[tuple[str, ...]]) -> bool:
        """Whether its needs and its provision go together: with needs or without, as somebody's there do."""
        block = [at for at, name in enumerate(self.columns) if name in ("sen_provision", *NEEDS)]
        needs = [at for at in block if self.columns[at] in NEEDS]
        if not needs:
            return True
        provision = self.columns.index("sen_provision")
        some = any(one[at] != "-" for at in needs)
        if some != all(one[at] != "-" for at in needs):
            return False
        with_needs = {(other[provision], any(other[at] != "-" for at in needs)) for other in seen}
        together = {tuple(other[at] for at in needs) for other in seen}
        return (one[provision], some) in with_needs and tuple(one[at] for at in needs) in together

    def _count(self, coded: pl.DataFrame) -> None:
        names = [f"_{name}" for name in self.columns]
        text = pl.concat_str(names, separator="|") if names else pl.lit("all")
        keys = self.table.select("place_code", item=text)
        marked = coded.with_columns(text.alias("_atom"))
        self.true: dict[str, Floats] = {}
        self.having: dict[str, Floats] = {}
        for measure in self.measures:
            rows = getattr(metrics, measure)(marked, by=["_atom"])
            rows = rows.filter((pl.col("geographic_level") == "School") & (pl.col("item") != TOTAL))
            found = keys.join(rows, on=["place_code", "item"], how="left", maintain_order="left")
            number = {name: found[name].fill_null(0).cast(pl.Float64).to_numpy()
                      for name in ("base_subjects", "with_subjects", "numerator", "denominator")}  # fmt: skip
            self.true.setdefault(PEOPLE, number["base_subjects"])
            self.having[measure] = number["with_subjects"]
            if card(measure).kind == "sum":
                self.true.setdefault(OUT_OF, number["denominator"])
            if card(measure).kind != "mean":
                self.true[measure] = number["numerator"]

    @cached_property
    def places(self) -> list[str]:
        """The schools."""
        return self.table["place_code"].unique().sort().to_list()

    def at(self, place: str) -> Bools:
        """Atoms of a school; of the authority, all."""
        if place not in self.places:
            return np.ones(self.table.height, dtype=bool)
        found: Bools = (self.table["place_code"] == place).to_numpy()
        return found

    def inside(self, group: Group) -> Bools:
        """Atoms of a group that is made of told sets."""
        found = np.ones(self.table.height, dtype=bool)
        for name, values in group:
            found &= self._in_set[name][self.sets[name].index(values)]
        return found

    @cached_property
    def _in_set(self) -> dict[str, list[Bools]]:
        """{column: for each of its told sets, the atoms within it}."""
        return {name: [self._column(name, place) == "1" for place in range(len(some))]
                for name, some in self.sets.items()}  # fmt: skip

    def _column(self, name: str, place: int) -> npt.NDArray[np.str_]:
        if name in NEEDS:
            return self.table[f"_{name}"].str.pad_end(len(self.sets[name]), "-").str.slice(place, 1).to_numpy()
        return self.table[f"_{name}"].str.slice(place, 1).to_numpy()

    def parts(self, name: str) -> list[tuple[str, Bools]]:
        """Candidate groups of one column: every told set, and all but it, with words."""
        made: dict[bytes, tuple[str, Bools]] = {}
        known = (self.table[f"_{name}"].str.slice(0, 1) != "-").to_numpy()
        for place, values in enumerate(self.sets[name]):
            mask = self._in_set[name][place]
            made.setdefault(mask.tobytes(), (f"{name} {'/'.join(values)}", mask))
            rest = ~mask & known
            made.setdefault(rest.tobytes(), (f"{name} not {'/'.join(values)}", rest))
        return list(made.values())


def known_of(rows: pl.DataFrame, *, answers: bool) -> Iterator[Known]:
    """What rows tell: counts that are shown, and of hidden published ones what the rules tell of them."""
    for row in rows.iter_rows(named=True):
        about, place, group = card(row["measure"]), row["place_code"], group_of(row)
        slack = WITHIN if ROUNDED in row["note"] else 0.0
        base, number, hidden = row["base_subjects"], row["numerator"], row["status"] == "c" and not answers
        if base is not None:
            yield Known(place, group, PEOPLE, base - slack, base + slack)
        elif hidden:
            yield Known(place, group, PEOPLE, 1.0, np.inf)
        if about.kind == "sum" and row["denominator"] is not None:
            yield Known(place, group, OUT_OF, row["denominator"], row["denominator"])
        if about.kind not in ("share", "events", "sum"):
            continue
        if number is not None:
            yield Known(place, group, row["measure"], number - slack, number + slack)
        elif hidden and base is not None and about.kind == "share":
            least = 0.0 if about.polarity == "high" else 1.0
            yield Known(place, group, row["measure"], least, base - (0.0 if about.polarity == "low" else 1.0))
        elif hidden and base is not None and about.kind == "events" and about.polarity == "low":
            yield Known(place, group, row["measure"], 1.0, np.inf)
