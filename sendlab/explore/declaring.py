"""A question as a declared table: what build then protects with the rest, or why no declared table can hold it."""

from pathlib import Path

from sendlab.disclosure.guard.question import names_of
from sendlab.errors import SendlabError
from sendlab.explore.selection import Selection
from sendlab.metrics.added_tables import held_by
from sendlab.metrics.cards import CROSSED, Breakdown, card, cards
from sendlab.metrics.own_list import add_to_list
from sendlab.metrics.publication import LA_LEVEL, SCHOOL_LEVEL, PublishedTable, declared, published_measures
from sendlab.narrate.answers import EARLIER
from sendlab.schema.groups import ALL_SEN

NEED = "sen_primary_need"


def declare(root: Path, ask: str, chosen: Selection) -> Path | None:
    """Add the table of a question to the workspace's own list (publication.toml), and return that file's path.

    None where the declared tables hold it already. Errors: SendlabError that says why no declared table can hold it,
    and what could be declared instead.
    """
    table = table_of(ask, chosen)
    if held_by([table], table.measures[0]) <= held_by(declared()[0], table.measures[0]):
        return None
    return add_to_list(root, table, declared()[0])


def table_of(ask: str, chosen: Selection) -> PublishedTable:
    """The declared table that holds the answer to a question: its breakdown, and the totals that it stands within."""
    asked, about = chosen.question, card(chosen.question.measure)
    _require_expressible(chosen)
    filtered = [name for name, _ in asked.filters if not _is_all_sen(chosen, name)]
    whole, fixed = _as_made(chosen, {*asked.by, *filtered}), _as_made(chosen, set(filtered))
    levels = (LA_LEVEL, SCHOOL_LEVEL) if {whole, fixed} <= {(), *about.breakdowns} else (LA_LEVEL,)
    return PublishedTable(
        name=ask, measures=_linked(asked.measure), levels=levels, by=tuple(dict.fromkeys([(), fixed, whole])),
        years="all" if chosen.compare == EARLIER else "latest", periods="year",
    )  # fmt: skip


def _require_expressible(chosen: Selection) -> None:
    asked = chosen.question
    if chosen.on_screen or asked.part:
        what = "filters of your own screen" if chosen.on_screen else "a part of the year"
        raise SendlabError(f"a declared table cannot hold {what}", next_step="leave that out, or have it asked")
    if NEED in asked.columns:
        raise _instead(chosen, "primary needs are not protected together with their four areas")
    for name, values in asked.filters:
        if len(names_of(name, values)) > 1:
            raise SendlabError(
                f"a declared table has no line for {' or '.join(values)} together",
                next_step=f"break down by {name} instead: each value has a line then",
            )
        if names_of(name, values) == (ALL_SEN,) and not asked.of_send:
            raise _instead(chosen, "declared tables by other groups have lines for EHC plan and SEN support apart")


def _is_all_sen(chosen: Selection, name: str) -> bool:
    """Whether a filter only says what a breakdown by need implies."""
    return name == "sen_provision" and chosen.question.of_send


def _as_made(chosen: Selection, columns: set[str]) -> Breakdown:
    """The breakdown that build makes of these columns."""
    about = card(chosen.question.measure)
    if not columns:
        return ()
    for made in (*about.breakdowns, *about.la_breakdowns):
        if set(made) == columns:
            return made
    raise _instead(chosen, f"build makes no figures by {CROSSED.join(sorted(columns))} of '{about.title}'")


def _instead(chosen: Selection, why: str) -> SendlabError:
    about = card(chosen.question.measure)
    made = [CROSSED.join(one) for one in about.breakdowns if NEED not in one]
    of_la = [CROSSED.join(one) for one in about.la_breakdowns if NEED not in one]
    more = f"; for the authority alone {', '.join(of_la)}" if of_la else ""
    return SendlabError(
        f"no declared table can hold this question: {why}",
        next_step=f"leave out --declare, and it is judged as it is; what can be declared: {', '.join(made)}{more}",
    )


def _linked(measure: str) -> tuple[str, ...]:
    """The measure, and the published ones that limit it: protection must know both numbers."""
    about, published = card(measure), published_measures()
    found = [measure, *(one for one in (about.at_most, about.parts_of) if one in published)]
    if about.parts_of in published:
        found += [name for name, one in cards().items() if one.parts_of == about.parts_of]
    return tuple(dict.fromkeys(found))
