"""What the figures of a view rest on, and what to read them with: who counts, and the limits that apply."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from sendlab.describe import counted_note
from sendlab.explore.asking import NotAnswered
from sendlab.explore.selection import Selection
from sendlab.explore.views import View
from sendlab.metrics.cards import card
from sendlab.narrate.answers import AUTHORITY, EARLIER, cohort_words
from sendlab.schema.labels import period_text


def who_counts(view: View) -> Any:
    """Whose figures a view shows: the cohort, how many of how many, how far the data reach, and their source.

    Of an own view for the screen alone, as all of it.
    """
    return view.kept(_told(view))


def _told(view: View) -> str:
    if isinstance(view, NotAnswered):
        return "No figures, so nobody is counted here: see the answer."
    total, about = view.total, card(view.measure)
    if total is None:
        return "Nobody is counted here."
    cohort = cohort_words(view.selection.question)
    start = f"{cohort[:1].upper()}{cohort[1:]}, {period_text(view.time_period, total['time_identifier'])}"
    if total["base_subjects"] is None:
        return f"{start}: how many count is not shown."
    source = about.captured.split(";")[0]
    return "\n".join([counted_note(start, total, about, between="\n"), f"{source[:1].upper()}{source[1:]}."])


def limits_of(chosen: Selection) -> list[str]:
    """The caveats of caveats.toml that apply to a selection, in their order."""
    return [one["text"] for one in _caveats() if _applies(one, chosen)]


@cache
def _caveats() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((files(__package__) / "caveats.toml").read_text("utf-8"))["caveat"]
    return found


def _applies(caveat: dict[str, Any], chosen: Selection) -> bool:
    asked = chosen.question
    columns = {*asked.by, *(name for name, _ in asked.filters)}
    kind = {"": "none", AUTHORITY: "authority", EARLIER: "earlier"}.get(chosen.compare, "group")
    return (
        asked.measure in caveat.get("measures", [asked.measure])
        and bool(columns & set(caveat.get("columns", columns)) or "columns" not in caveat)
        and caveat.get("compare", kind) == kind
        and bool(asked.part or not caveat.get("part", False))
    )
