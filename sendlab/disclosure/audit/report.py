"""What an audit found: the findings, how much was judged, and the lines that say so."""

from __future__ import annotations

from dataclasses import dataclass, fields

import polars as pl

OUTSIDER = "outsider"
SHOWN_LINES = 20  # findings spelt out in a report; the frame holds all


@dataclass(frozen=True)
class Finding:
    """One count that a reader can work out more closely than the rules allow, or one figure that breaks a rule."""

    reader: str  # outsider, or the code of the school that reads
    audience: str
    editions: str  # which editions together give it away
    measure: str  # or the name of the base
    time_period: str
    time_identifier: str
    place_code: str
    group: str
    item: str
    what: str
    least: float
    most: float
    needed: float
    public: bool = False  # figures that were public already give it away by themselves

    @property
    def line(self) -> str:
        """The finding in words."""
        where = f"{self.measure}, {self.time_period} {self.time_identifier}, {self.place_code}, {self.group}"
        if self.needed == 0:
            return f"{where}: {self.what} [{self.editions}]"
        known = f"{self.least:g} to {self.most:g}, needs {self.needed:g} between them"
        public = "; already public" if self.public else ""
        return f"{where}: {self.what} known to {self.reader} as {known} [{self.editions}]{public}"


@dataclass(frozen=True)
class Audit:
    """The outcome: `findings`, the worst first; how many counts were judged; the narrowest interval seen."""

    findings: tuple[Finding, ...]
    judged: pl.DataFrame  # audience, reader, kind, counts: how many goals were judged
    narrowest: pl.DataFrame  # audience, measure, width: of outsiders; the audit stops where an interval is wide enough
    undecided: int = 0  # goals taken as narrower since the search for whole numbers met its limit

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that count: all but those that earlier public figures give away by themselves."""
        return tuple(one for one in self.findings if not one.public)

    @property
    def exit_status(self) -> int:
        """0 where nothing is given away, else 1."""
        return 1 if self.failures else 0

    def table(self) -> pl.DataFrame:
        """The findings as a frame, one row each, the worst first."""
        types = {"float": pl.Float64, "bool": pl.Boolean, "str": pl.String}
        schema = {field.name: types[str(field.type)] for field in fields(Finding)}
        rows = [[getattr(one, name) for name in schema] for one in self.findings]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def lines(self) -> list[str]:
        """The report, line by line.

        >>> empty = pl.DataFrame({"audience": ["board"], "reader": ["outsider"], "kind": ["people"], "counts": [12]})
        >>> print(*Audit((), empty, pl.DataFrame({"audience": [], "measure": [], "width": []})).lines(), sep="\\n")
        board: 0 of 12 protected counts can be narrowed by an outsider
        """
        made = [self._summary(audience, reader) for audience, reader in self._readers()]
        broken = sum(one.needed == 0 for one in self.failures)
        public = len(self.findings) - len(self.failures)
        made += [f"{broken:,} figure(s) break a rule by themselves"] if broken else []
        made += [f"{public:,} count(s) follow from figures that were public already"] if public else []
        made += (
            [f"{self.undecided:,} count(s) could not be decided and are taken as narrowed"] if self.undecided else []
        )
        made += [f"  {one.line}" for one in self.failures[:SHOWN_LINES]]
        more = len(self.failures) - SHOWN_LINES
        return made + ([f"  and {more:,} more"] if more > 0 else [])

    def _readers(self) -> list[tuple[str, str]]:
        order = self.judged.select("audience", "reader").unique(maintain_order=True)
        return [(audience, reader) for audience, reader in order.iter_rows()]

    def _summary(self, audience: str, reader: str) -> str:
        counts = self.judged.filter(audience=audience, reader=reader)["counts"].sum()
        by_schools = reader != OUTSIDER
        found = [one for one in self.failures if one.audience == audience and one.needed > 0
                 and (one.reader != OUTSIDER) == by_schools]  # fmt: skip
        if not by_schools:
            return f"{audience}: {len(found):,} of {counts:,} protected counts can be narrowed by an outsider"
        cells = len({(one.measure, one.time_period, one.time_identifier, one.place_code, one.group, one.item, one.what)
                     for one in found})  # fmt: skip
        schools = len({one.reader for one in found})
        return (
            f"{audience}: {cells:,} of {counts:,} protected counts of other schools can be narrowed by a school "
            f"({schools:,} school(s), {len(found):,} time(s))"
        )


def worst_first(findings: list[Finding]) -> tuple[Finding, ...]:
    """Failures before what was public; broken rules and exactly known counts first; then by how much is missing."""
    return tuple(sorted(findings, key=_badness))


def _badness(one: Finding) -> tuple[object, ...]:
    share = (one.most - one.least) / one.needed if one.needed else 0.0
    where = (one.measure, one.time_period, one.time_identifier, one.place_code, one.group, one.item)
    return (one.public, share, one.reader != OUTSIDER, one.reader, one.audience, *where, one.what, one.editions)
