"""Protected figures of every audience, audited before they are kept."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from sendlab.build.attacked import NOW, attacked, earlier_editions
from sendlab.build.marks import releases
from sendlab.disclosure import Published, own_figures, visible_share
from sendlab.disclosure.audit.editions import Edition
from sendlab.disclosure.release import Release, release
from sendlab.errors import GateError
from sendlab.measures import choose, with_texts
from sendlab.metrics.cards import CROSSED, card
from sendlab.metrics.publication import LA_LEVEL, SCHOOL_LEVEL, broken_down_by, declared, published_measures
from sendlab.workspace import Workspace

_TRIES = 4  # each withholds what the attack before it found


@dataclass(frozen=True)
class Protected:
    """Figures by audience: the board's, every school's own, and the public's where the settings ask for them."""

    board: Published
    own: pl.DataFrame  # rows of schools' own editions
    public: Published | None
    solved: pl.DataFrame  # what each system came to
    visible: float
    notes: tuple[str, ...]

    def files(self) -> dict[str, tuple[pl.DataFrame, int]]:
        """{audience: (rows, threshold)}."""
        made = {"board": (self.board.rows, self.board.threshold), "school": (self.own, self.board.threshold)}
        return made if self.public is None else {**made, "public": (self.public.rows, self.public.threshold)}


def protect_all(measures: pl.DataFrame, workspace: Workspace, run_id: str, jobs: int = 1) -> Protected:
    """The declared tables of all measures, protected for each audience beside what was released to it before."""
    chosen = choose(measures)
    rows = with_texts(chosen.rows)
    exact = with_texts(_figures_told_of(measures))
    board = _held_against_the_attack("board", rows, exact, workspace, run_id, jobs)
    made_for = {"board": board}
    if workspace.public:
        made_for["public"] = _held_against_the_attack(
            "public", rows, exact, workspace, run_id, jobs, board=board.published
        )
    notes = [f"no room within the budget for the table '{name}'" for name in chosen.left_out]
    for who, made in made_for.items():
        notes += [f"withheld from the {who}, some year of it: {', '.join(made.withheld)}"] if made.withheld else []
        notes += [f"in counts rounded to 5 for the {who}: {', '.join(made.in_fives)}"] if made.in_fives else []
    public = made_for["public"].published if "public" in made_for else None
    solved = pl.concat(made.solved for made in made_for.values())
    return Protected(
        board.published, own_figures(rows, board.published), public, solved,
        visible_share(board.published), tuple(notes),
    )  # fmt: skip


def _held_against_the_attack(
    audience: str, rows: pl.DataFrame, exact: pl.DataFrame, workspace: Workspace, run_id: str, jobs: int, **more: Any
) -> Release:
    """A release that the attacker finds nothing in; what it finds is withheld, by measure and year, and tried again."""
    log, withheld = releases(workspace, audience), set[tuple[str, str]]()
    for _ in range(_TRIES):
        made = release(
            rows, audience=audience, run_id=run_id, log=log, all_measures=exact, jobs=jobs, withhold=withheld, **more
        )
        now = Edition(made.published.rows, audience, made.published.threshold, released=NOW)
        found = attacked([*earlier_editions(log, audience, now.threshold, run_id), now], exact, jobs=jobs).failures
        if not found:
            return made
        withheld |= {pair for one in found for pair in _measures_of(one.measure, one.time_period)}
    raise GateError(
        f"figures for the {audience} are not safe: {found[0].line}",
        next_step="nothing was published; keep the store and report this",
    )


def _figures_told_of(measures: pl.DataFrame) -> pl.DataFrame:
    """Figures of schools and the authority in every declared breakdown, of all periods: what releases tell of."""
    mine = pl.col("geographic_level").is_in([LA_LEVEL, SCHOOL_LEVEL]) & (pl.col("comparator") == "")
    by = {CROSSED.join(columns) for table in declared()[0] for columns in table.by}
    figures = measures.filter(mine & pl.col("measure").is_in(published_measures()))
    return figures.filter(broken_down_by().is_in(sorted(by)))


def _measures_of(name: str, time_period: str) -> list[tuple[str, str]]:
    """The measure, or all that have this base."""
    named = [measure for measure in published_measures() if name in (measure, card(measure).base)]
    return [(measure, time_period) for measure in named]
