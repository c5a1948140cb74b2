"""The audit of a whole publication: all its editions, releases and readers at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from sendlab.disclosure.audit import facts
from sendlab.disclosure.audit.breaches import breaches
from sendlab.disclosure.audit.editions import (
    AUDIENCES,
    FIGURE,
    HELD,
    SCHOOL,
    AuditProblem,
    Edition,
    group_words,
    held_by_all,
    is_figure,
    true_rows,
)  # fmt: skip
from sendlab.disclosure.audit.goals import Goals, goals_of
from sendlab.disclosure.audit.held import Truth, already_known, holds, knowledge, placed, true_lines, true_then
from sendlab.disclosure.audit.intervals import examine
from sendlab.disclosure.audit.knowledge import TINY, Bools, Floats
from sendlab.disclosure.audit.numbers import KEY, Numbers, counted, keyed, numbers_of
from sendlab.disclosure.audit.readers import judge
from sendlab.disclosure.audit.relations import lines_of, parts_of_wholes, stacked
from sendlab.disclosure.audit.report import OUTSIDER, Audit, Finding, worst_first


def audit(
    editions: Sequence[Edition], truth: Truth, *, readers: str | Sequence[str] | None = None,
    known: pl.DataFrame | None = None, untold: pl.DataFrame | None = None, jobs: int = 1,
) -> Audit:  # fmt: skip
    """What readers of these editions can work out of the counts that had to be protected.

    `truth` are the measure rows of everything that was published, or these rows by release, where figures of a period
    were revised. `readers`: "outsider", or the codes of schools to be judged as well; all schools unless given.
    `known` are measure rows of figures that are public anyway; `untold` are those of schools that nobody publishes, but
    that each school has of itself: no counts to be protected, but they limit what was told. `jobs` processes share the
    work. The result lists every count that a reader can narrow further than `threshold - 1` allows (the rules stand in
    docs/disclosure.md), and figures that break a rule by themselves. Errors: AuditProblem.

    >>> rows = pl.DataFrame({
    ...     "measure": ["persistent_absence"] * 2, "time_period": "202425", "time_identifier": "Academic year",
    ...     "geographic_level": ["Local authority", "School"], "place_code": ["999", "100001"],
    ...     "base_subjects": [90, 40], "with_subjects": [12, 2], "numerator": [12.0, 2.0]})
    >>> [finding.what for finding in audit([Edition(rows.drop("with_subjects"), "board", 5)], rows).findings]
    ['people']
    """
    common = [one for one in editions if not one.place]
    if not common:
        raise AuditProblem("there is no edition for the board or the public", next_step="give at least one")
    whole = _Whole.of(true_rows(truth), untold)
    found, judged, narrowest, undecided = breaches(editions, _people_by_release(truth)), [], [], 0
    schools = _schools(readers, whole.rows)
    audiences = [name for name in AUDIENCES if any(one.audience == name for one in common)]
    for audience in audiences:
        layer = _Layer(whole, held_by_all(editions, audience), audience, truth, known)
        done = layer.judge(schools if audience == audiences[-1] else [], jobs)
        found += done.findings
        judged.append(done.judged)
        narrowest.append(done.narrowest)
        undecided += done.undecided
    return Audit(worst_first(found), pl.concat(judged), pl.concat(narrowest), undecided)


def _people_by_release(truth: Truth) -> pl.DataFrame | None:
    if isinstance(truth, pl.DataFrame):
        return None
    rows = [true_rows(truth, name).filter(is_figure()).with_columns(released=pl.lit(name)) for name in sorted(truth)]
    return pl.concat(one.select(*FIGURE, "released", "with_subjects") for one in rows)


def _schools(readers: str | Sequence[str] | None, rows: pl.DataFrame) -> list[str]:
    there = rows.filter(geographic_level=SCHOOL)["place_code"].unique().sort().to_list()
    if readers is None:
        return there
    wanted = [readers] if isinstance(readers, str) else list(readers)
    odd = sorted(set(wanted) - {OUTSIDER, *there})
    if odd:
        raise AuditProblem(
            f"no school of the truth is called {', '.join(odd)}", next_step=f"readers: {OUTSIDER}, or codes of schools"
        )
    return [school for school in there if school in wanted]


@dataclass(frozen=True)
class _Whole:
    """The truth, and what everybody knows of how its numbers hang together."""

    rows: pl.DataFrame
    numbers: Numbers
    pairs: pl.DataFrame  # of numbers that were told, or hidden in what was
    lines: pl.DataFrame

    @classmethod
    def of(cls, rows: pl.DataFrame, untold: pl.DataFrame | None) -> _Whole:
        numbers = numbers_of(rows if untold is None else pl.concat([rows, true_rows(untold)]))
        pairs = parts_of_wholes(numbers)
        lines = lines_of(numbers, pairs)
        told = numbers.keys.join(keyed(counted(rows), numbers.names), on=KEY, how="semi")["number"].implode()
        return cls(rows, numbers, pairs.filter(pl.col("whole").is_in(told) & pl.col("part").is_in(told)), lines)


class _Layer:
    """What every reader of one audience holds, and what had to be kept from them."""

    def __init__(
        self, whole: _Whole, held: Sequence[Edition], audience: str, truth: Truth, known: pl.DataFrame | None
    ) -> None:
        self.whole, self.numbers, self.audience = whole, whole.numbers, audience
        self.name = ", ".join(one.name for one in held)
        self.threshold = next(one.threshold for one in reversed(held) if one.audience == audience)
        releases = [truth] if isinstance(truth, pl.DataFrame) else [truth[name] for name in sorted(truth)]
        self.goals = goals_of([true_rows(one) for one in releases], self.numbers, whole.pairs, self.threshold)
        self.findings: list[Finding] = []
        self.public = already_known(known, self.numbers)
        self.latest = max(one.released for one in held)
        told = [self._told(edition, truth) for edition in held]
        ends = pl.concat([self.public, *(ends for ends, _ in told)])
        self.known = knowledge(self.numbers, ends, stacked(whole.lines, *(lines for _, lines in told)))

    def _told(self, edition: Edition, truth: Truth) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Limits of single numbers, and lines of sums, that one edition adds."""
        rows = facts.rows_of(edition, self.numbers.names)
        at = true_then(self.numbers, truth, edition)
        said = placed(facts.printed(rows, edition.threshold), at)
        as_now = placed(facts.printed(rows.filter(self._as_now(edition, truth)), edition.threshold), at)
        self.findings += [self._untrue(edition, row) for row in as_now.filter(~holds()).iter_rows(named=True)]
        few, without = facts.few_in_fives(rows, self.numbers.keys, edition.threshold)
        ruled = placed(pl.concat([facts.rules(rows, edition.threshold), few]), at)
        ends = pl.concat([said, ruled]).filter(holds())
        lines = [true_lines(placed(made, at)) for made in (facts.ratio_lines(rows), without)]
        return ends.select("number", "low", "high"), stacked(*lines)

    def _as_now(self, edition: Edition, truth: Truth) -> pl.Expr:
        """Rows that must tell the truth as it is given.

        Where that is the present one, what went out before may have been revised since, and a held figure was: it is
        no news of the present numbers, as far as they are others.
        """
        if not isinstance(truth, pl.DataFrame):
            return pl.lit(True)
        held = pl.col("note").fill_null("").str.starts_with(HELD)
        return ~held & pl.lit(edition.released == self.latest)

    def _untrue(self, edition: Edition, row: Mapping[str, object]) -> Finding:
        return self._finding(row, OUTSIDER, "a number in sight that is not the true one", (0.0, 0.0, 0.0), edition.name)

    def _finding(
        self, row: Mapping[str, object], reader: str, what: str, ends: tuple[float, float, float], editions: str = "",
        public: bool = False,
    ) -> Finding:  # fmt: skip
        return Finding(
            reader, self.audience, editions or self.name, str(row["name"]), str(row["time_period"]),
            str(row["time_identifier"]), str(row["place_code"]), group_words(row), str(row["item"]), what, *ends,
            public=public,
        )  # fmt: skip

    def judge(self, schools: Sequence[str], jobs: int = 1) -> _Judged:
        """All goals for the outsider, and the rest of them for each school."""
        done = judge(self.known, self.numbers, self.goals, schools, jobs=jobs)
        seen = done.seen
        failed = seen.most - seen.least < self.goals.needed - TINY
        found = [*self.findings, *self._by_everybody(seen.least, seen.most, failed)]
        about = self.goals.about.rows(named=True)
        found += [self._of_goal(about[one.goal], one.reader, one.least, one.most) for one in done.of_schools]
        judged = [_counts(self.goals, self.audience, OUTSIDER)]
        if schools:
            other = np.flatnonzero([place is not None for place in self.goals.place])
            judged.append(_counts(self.goals.of(other), self.audience, "schools"))
        narrowest = _narrowest(self.goals, self.audience, seen.most - seen.least)
        return _Judged(found, pl.concat(judged), narrowest, int(seen.undecided.sum()) + done.undecided)

    def _by_everybody(self, least: Floats, most: Floats, failed: Bools) -> list[Finding]:
        lines = np.flatnonzero(failed)
        goals = self.goals.of(lines)
        alone = np.zeros(lines.size, dtype=np.bool_)
        if self.public.height and lines.size:
            told = examine(knowledge(self.numbers, self.public, self.whole.lines), goals.weights, goals.needed)
            alone = told.most - told.least < goals.needed - TINY
        rows = goals.about.iter_rows(named=True)
        return [self._of_goal(row, OUTSIDER, float(least[line]), float(most[line]), public=bool(public))
                for row, line, public in zip(rows, lines, alone, strict=True)]  # fmt: skip

    def _of_goal(
        self, row: Mapping[str, object], reader: str, least: float, most: float, *, public: bool = False
    ) -> Finding:
        needed = row["needed"]
        assert isinstance(needed, float)
        what = f"{row['kind']} {row['what']}".strip()
        return self._finding(row, reader, what, (least, most, needed), public=public)


@dataclass(frozen=True)
class _Judged:
    findings: list[Finding]
    judged: pl.DataFrame
    narrowest: pl.DataFrame
    undecided: int


def _counts(goals: Goals, audience: str, reader: str) -> pl.DataFrame:
    kinds = goals.about.group_by("kind").agg(counts=pl.len().cast(pl.Int64)).sort("kind")
    return kinds.select(audience=pl.lit(audience), reader=pl.lit(reader), kind="kind", counts="counts")


def _narrowest(goals: Goals, audience: str, width: Floats) -> pl.DataFrame:
    widths = goals.about.select(measure="name", width=pl.Series(width, dtype=pl.Float64))
    found = widths.group_by("measure").agg(pl.col("width").min()).sort("measure")
    return found.select(pl.lit(audience).alias("audience"), "measure", "width")
