"""Views pinned to the board's pack: what is asked lies in board_pins.toml; figures are made anew for every pack."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sendlab.board.pinned import PINS, Pinned, pinned
from sendlab.disclosure.guard.words import by_words
from sendlab.disclosure.published import Published
from sendlab.errors import SendlabError
from sendlab.explore.asking import AllHidden, NotAnswered, judged_or_why
from sendlab.explore.pins_file import MOST_LETTERS, read_pins
from sendlab.explore.selection import Selection
from sendlab.explore.views import View
from sendlab.metrics.cards import card
from sendlab.narrate.answers import AUTHORITY, EARLIER, cohort_words, column_of, value_words
from sendlab.schema.labels import period_text

if TYPE_CHECKING:
    from sendlab.build.opened import OpenWorkspace
    from sendlab.explore.explorer import CohortExplorer

HEAD = """# Views pinned to the board's pack, as they were chosen in the explorer; no figure stands here.
# A view stays in the pack until its lines, from [[pin]] on, are deleted. "note" is told beside it.
"""


def pin(view: View, note: str = "") -> str:
    """Pin a view to the board's pack: a line of what came of it. What is pinned already stays as it is.

    The view is judged for the board first. Errors: SendlabError where the board may see none of its figures, with what
    can be answered, or where `note` is longer than 300 letters; WorkspaceProblem for a fault in the file.
    """
    explorer, chosen = view.explorer, view.selection
    said = _plain(note)
    there = read_pins(explorer)
    _require_seen(explorer.judged(chosen))
    for each in there:
        if each.selection == chosen:
            return f"Pinned already: {PINS}, line {each.line}. Its note can be changed there."
    _add(explorer.root / PINS, _lines_of(chosen, said, title_of(chosen, explorer)))
    return f"Pinned to the board's pack: {title_of(chosen, explorer)}. To take it out, delete its lines in {PINS}."


def _add(path: Path, lines: str) -> None:
    """Lines behind those of the file, which stay byte for byte."""
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{'' if path.stat().st_size else HEAD}\n{lines}")
    except PermissionError:
        raise SendlabError(
            f"{PINS} is open in another program, and no view can be added to it", next_step="close it, then pin again"
        ) from None


def _require_seen(view: View) -> None:
    if not view.rows.filter(pl.col("value").is_not_null()).height:
        raise SendlabError(
            "every figure of this view is hidden from the board", next_step=AllHidden.of(view, "board").instead
        )


def _plain(note: str) -> str:
    """A note as one line of letters that can be printed."""
    said = "".join(letter for letter in " ".join(note.split()) if letter.isprintable())
    if len(said) > MOST_LETTERS:
        raise SendlabError(
            f"the note has {len(said)} letters; a pack has room for {MOST_LETTERS}", next_step="say it shorter"
        )
    return said


def _lines_of(chosen: Selection, note: str, title: str) -> str:
    """A pin as lines of TOML, whose plain strings and lists are written as in JSON."""
    given = {"note": note} | {name: value for name, value in chosen.as_dict().items() if name != "own_filters"}
    filters = ", ".join(f"{name} = {_literal(values)}" for name, values in given.pop("filters").items())
    lines = [f"{name} = {_literal(value)}" for name, value in given.items()]
    return "\n".join([f"# {title}", "[[pin]]", *lines, f"filters = {{ {filters} }}", ""])


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def title_of(chosen: Selection, explorer: "CohortExplorer", part: str = "") -> str:
    """What is asked, in words: measure, breakdown, who, what it is held to, where and when.

    `part`: of the year that the figures cover, where it is not all of it and nobody asked for one.
    """
    asked = chosen.question
    start = " ".join([card(asked.measure).title, *by_words(asked)])
    who = [cohort_words(asked), *(_only(column, values) for column, values in chosen.only)]
    held = [f"held to {_held_to(chosen)}"] if chosen.compare else []
    when = period_text(asked.time_period, asked.part or part)
    return f"{start}: {', '.join([*who, *held, explorer.place_name(asked.places[0]), when])}"


def _only(column: str, values: tuple[str, ...]) -> str:
    return f"{' and '.join(value_words(column_of(column), value) for value in values)} only"


def _held_to(chosen: Selection) -> str:
    if chosen.compare in (AUTHORITY, EARLIER):
        return chosen.compare.lower()
    return value_words(column_of(chosen.question.by[0]), chosen.compare)


# ---- the pack


def pinned_views(opened: "OpenWorkspace") -> tuple[Pinned, ...]:
    """The pinned views of an opened workspace, of the figures of its build; none where nothing is pinned.

    A view without figures for the board says why. Errors: WorkspaceProblem for a fault in the file.
    """
    if not (opened.workspace.root / PINS).is_file():
        return ()
    from sendlab.explore.explorer import CohortExplorer

    explorer = CohortExplorer(opened)
    return tuple(_told(explorer, each.selection, each.note) for each in read_pins(explorer))


def _told(explorer: "CohortExplorer", chosen: Selection, note: str) -> Pinned:
    view = judged_or_why(explorer, chosen, "board", everywhere=False)
    assert isinstance(view.figures, Published)
    nothing = isinstance(view, NotAnswered)
    return pinned(
        view.figures, title=title_of(chosen, explorer, _part(view)), note=note, sentence=_brief(view),
        table=None if nothing else view.table, method=() if nothing else tuple(_method(view)),
    )  # fmt: skip


def _brief(view: View) -> str:
    """The sentence of a view without measure, place and period, which its title names."""
    name = view.explorer.place_name(view.place)
    start = f"{card(view.measure).title}, {name}, {period_text(view.time_period, _part(view))}: "
    said = view.sentence.removeprefix(start)
    return f"{said[:1].upper()}{said[1:]}"


def _part(view: View) -> str:
    """The part of the year that the figures of a view cover, or that was asked for."""
    return view.selection.question.part if view.total is None else str(view.total["time_identifier"])


def _method(view: View) -> list[str]:
    """What is counted, how the limits are made, where it comes from."""
    about, methods = card(view.measure), sorted({text for text in view.rows["method"] if text})
    ranges = f"Range: {'; '.join(methods)}." if methods else "No range: the figure is a full count."
    return [f"What is counted: {about.numerator}, out of {about.denominator}.", ranges, f"Source: {about.source}."]
