"""A change between two years of all pupils with SEN, split into what changed within groups and the groups' mix."""

from dataclasses import dataclass

import polars as pl

from sendlab.errors import NothingToShow
from sendlab.metrics.cards import Card, card
from sendlab.narrate import Row, View, decimals_of, one_row, rows_of
from sendlab.schema.groups import ALL_SEN, SEND
from sendlab.schema.labels import period_name, reason
from sendlab.stats.decompose import kitagawa
from sendlab.stats.rounding import format_number
from sendlab.tables.plain import plain

RATES = ("share", "sum", "events", "mean")  # kinds whose figure is a numerator by a denominator
MIX = "More or fewer pupils in each group"


@dataclass(frozen=True)
class Step:
    """One part of the change, and the figure that the parts before it have led to."""

    label: str
    before: float
    size: float


@dataclass(frozen=True)
class Decomposition:
    """Two figures, and the steps that lead from one to the other: of two years, or of two groups."""

    about: Card
    name: str
    kind: str
    start: Row
    end: Row
    steps: tuple[Step, ...]
    ends: tuple[str, str]  # what start and end are called

    @property
    def mix(self) -> float:
        """The part of the mix, which is the last step."""
        return self.steps[-1].size

    def size_text(self, step: Step) -> str:
        """A step with its sign, as it is written everywhere."""
        bases = [row["base_subjects"] for row in (self.start, self.end) if row["base_subjects"] is not None]
        text = format_number(step.size, decimals_of(self.about, min(bases, default=None)))
        return text if text.startswith("−") or not float(text) else f"+{text}"


def decomposition_of(view: View, *, measure: str, place: str, from_period: str, to_period: str) -> Decomposition:
    """The change split by Kitagawa's formula (1955), from the figures as they are shown.

    A step for each group: its change, at the mean of its shares in both years; and one for the change of the shares.
    NothingToShow where a figure that it takes is missing or hidden, or where the periods are of different kinds.
    """
    about, seen = card(measure), plain(view)
    if about.kind not in RATES:
        raise NothingToShow(f"'{about.title}' is no rate of pupils and cannot be split by group")
    rows = [rows_of(seen, measure=measure, place=place, time_period=year) for year in (from_period, to_period)]
    kinds = [of_year["time_identifier"][0] for of_year in rows]
    if kinds[0] != kinds[1]:
        raise NothingToShow(
            f"{period_name(from_period)} and {period_name(to_period)} do not cover the same part of a year"
        )
    old, new = (_figures(of_year, about) for of_year in rows)
    split = kitagawa(
        *([year[group][what] for group in SEND] for year in (new, old) for what in ("denominator", "value"))
    )
    if split.reason:
        raise NothingToShow(f"'{about.title}' cannot be split by group: {split.reason}")
    sizes = [*map(float, split.rate_terms), split.composition]
    labels = [*(f"{group}: the figure itself" for group in SEND), MIX]
    ends = [old[ALL_SEN]["value"] + sum(sizes[:number]) for number in range(len(sizes))]
    steps = tuple(Step(*each) for each in zip(labels, ends, sizes, strict=True))
    names = (f"{ALL_SEN}, {period_name(from_period)}", f"{ALL_SEN}, {period_name(to_period)}")
    return Decomposition(about, rows[1]["place_name"][0], kinds[1], old[ALL_SEN], new[ALL_SEN], steps, names)


def _figures(rows: pl.DataFrame, about: Card) -> dict[str, Row]:
    """{group: its row} of the groups and of all of them; all are needed."""
    found: dict[str, Row] = {}
    for group in (*SEND, ALL_SEN):
        row = one_row(rows, group=group)
        if row is None or row["value"] is None or row["denominator"] is None:
            why = "no figure" if row is None else reason(row["status"], row["note"])
            year = period_name(rows["time_period"][0])
            raise NothingToShow(f"'{about.title}' cannot be split by group: {group}, {year}: {why}")
        found[group] = row
    return found
