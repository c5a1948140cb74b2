"""An answer in words: the figure of a cohort, how its groups stand to what they are held to, and the finding."""

from collections.abc import Sequence

from sendlab.disclosure.guard.question import Question
from sendlab.metrics.cards import Card
from sendlab.narrate.answers import AUTHORITY, EARLIER, Answered, Only, answered, is_held_to
from sendlab.narrate.numbers import format_gap, format_value, gap_between
from sendlab.narrate.rows import Row, View, in_words, or_else
from sendlab.narrate.sentences import figure_words
from sendlab.narrate.strength import gap_of, gap_strength, smallest_gap, verdict

NO_YEAR_BEFORE = "Nothing can be compared: there are no figures of the same part of the year before."
MOST_TOLD = 3  # groups that a sentence tells of by name


@or_else(in_words)
def answer_sentence(
    view: View, question: Question, *, compare: str = "", beside: View | None = None, also: Sequence[str] = (),
    only: Only = (),
) -> str:  # fmt: skip
    """The answer in a few sentences: the cohort's figure, then how its groups stand to what they are held to."""
    found = answered(view, question, compare=compare, beside=beside, also=also, only=only)
    return sentence_of(found)


def sentence_of(found: Answered) -> str:
    """The sentences on rows that were chosen already."""
    figure = figure_words(found.total, found.about)
    start = f"{found.about.title}, {found.place_name}, {found.when}: {found.cohort} {figure}."
    return " ".join([start, *_told(found)])


def _told(found: Answered) -> list[str]:
    if found.held_to:
        return _compared(found)
    shown = {name: row for name, row in found.groups.items() if row["value"] is not None}
    hidden = len(found.groups) - len(shown)
    said = []
    if len(shown) > 1:
        ends = sorted(shown, key=lambda name: (-shown[name]["value"], name))
        high, low = (f"{name} ({_figure(shown[name], found.about)})" for name in (ends[0], ends[-1]))
        said = [f"{'Of those shown, highest' if hidden else 'Highest'}: {high}; lowest: {low}."]
    return said + _hidden_words(hidden, len(found.groups))


def _hidden_words(hidden: int, of: int) -> list[str]:
    return [f"{hidden} of {of} groups {'has' if hidden == 1 else 'have'} no figure here."] if hidden else []


def _figure(row: Row, about: Card) -> str:
    return format_value(row["value"], about, base=row["base_subjects"], unit=False)


def _compared(found: Answered) -> list[str]:
    """Clear and possible gaps by name, the widest first; how many show none, or could not be judged."""
    gaps = {name: gap for name, other in found.against.items() if (gap := gap_of(found.lines[name], other)) is not None}
    words = {name: gap_strength(gap, found.about) for name, gap in gaps.items()}
    seen = sorted((name for name in gaps if words[name] in ("clear", "possible")),
                  key=lambda name: (words[name] != "clear", -abs(gaps[name]["value"])))  # fmt: skip
    if len(gaps) == 1:
        seen = list(gaps)
    said = [_gap_words(name, gaps[name], words[name], found) for name in seen[:MOST_TOLD]]
    if more := len(seen) - MOST_TOLD if len(seen) > MOST_TOLD else 0:
        said.append(f"{more} more {'shows' if more == 1 else 'show'} a clear or possible gap.")
    left = [name for name in gaps if name not in seen]
    if left:
        said.append(f"No sign of a gap to {held_to_words(found)}, or too uncertain to tell, for {_listed(left)}.")
    missing = [name for name in found.lines if name not in gaps and not is_held_to(found, name)]
    if not missing:
        return said
    if gaps:
        return [*said, f"{_listed(missing)} cannot be compared."]
    return [NO_YEAR_BEFORE if found.held_to == EARLIER and not found.against else "Nothing can be compared."]


def _listed(names: Sequence[str]) -> str:
    """Names as a list in words; beyond some, how many more.

    >>> _listed(["a", "b"]), _listed(list("abcde"))
    ('a and b', 'a, b, c and 2 more')
    """
    shown, more = list(names[:MOST_TOLD]), len(names) - MOST_TOLD
    *before, last = [*shown, f"{more} more"] if more > 0 else shown
    return f"{', '.join(before)} and {last}" if before else last


def _gap_words(name: str, gap: Row, word: str, found: Answered) -> str:
    size = format_gap(gap["value"], found.about, base=gap["base_subjects"])
    side = "above" if gap["value"] >= 0 else "below"
    own, other = (_figure(row, found.about) for row in (found.lines[name], found.against[name]))
    start = f"{name} {own} against {other} ({held_to_words(found)}): {size} {side} ({gap_between(gap, found.about)})"
    return f"{start}, {verdict(word, 'gap')}{_could_be_seen(gap, word, found.about)}."


def held_to_words(found: Answered) -> str:
    """What the figures are held to, within a sentence."""
    return found.held_to if found.held_to not in (AUTHORITY, EARLIER) else found.held_to.lower()


def _could_be_seen(gap: Row, word: str, about: Card) -> str:
    """Where nothing is clear: the smallest gap that would usually show."""
    if word == "clear" or gap["lower"] is None:
        return ""
    least = smallest_gap(gap["lower"], gap["upper"])
    return f"; a gap of {format_gap(least, about, base=gap['base_subjects'])} would usually have shown"


def answer_title(found: Answered) -> str:
    """The finding in about ten words, for the title of a chart."""
    gaps = {name: gap for name, other in found.against.items() if (gap := gap_of(found.lines[name], other)) is not None}
    if not found.held_to or not gaps:
        return f"{found.about.title}: {found.cohort}"
    ranks = {"clear": 0, "possible": 1}
    name = min(gaps, key=lambda one: (ranks.get(gap_strength(gaps[one], found.about), 2), -abs(gaps[one]["value"])))
    word, gap = gap_strength(gaps[name], found.about), gaps[name]
    if word == "clear":
        size = format_gap(gap["value"], found.about, base=gap["base_subjects"])
        return f"{found.about.title}: {name} {size} {'above' if gap['value'] > 0 else 'below'} {held_to_words(found)}"
    start = {"possible": "a possible gap", "no sign of": "no sign of a gap"}.get(word, "too uncertain to compare")
    between = "" if start.startswith("too") else " between"
    return f"{found.about.title}: {start}{between} {name} and {held_to_words(found)}"
