"""Titles of charts: the finding in about ten words, from the figures that the chart shows; they state no cause."""

from collections.abc import Mapping, Sequence

from sendlab.metrics.cards import Card
from sendlab.narrate.numbers import format_value
from sendlab.narrate.rows import Row
from sendlab.narrate.strength import gap_of, gap_strength
from sendlab.schema.labels import NOT_SHOWN, people, period_name


def counted(number: int, noun: str) -> str:
    """A number of things in words.

    >>> counted(0, "school"), counted(1, "school"), counted(3, "school")
    ('no school', '1 school', '3 schools')
    """
    return f"no {noun}" if number == 0 else f"{number} {noun}{'' if number == 1 else 's'}"


def funnel_title(about: Card, *, shown: int, far: int, limits: bool, chosen: tuple[str, str] | None = None) -> str:
    """How many schools lie outside the 99.8 % limits; or where the chosen one (name, place in words) lies."""
    if not shown:
        return f"{about.title}: no school with 30 pupils or more can be shown"
    if not limits:
        return f"{about.title}: no limits, as the figure of the LA is {NOT_SHOWN}"
    if chosen:
        return f"{about.title}: {chosen[0]} {chosen[1]}"
    if not far:
        return f"{about.title}: no school outside the 99.8% limits"
    return f"{about.title}: {far} of {counted(shown, 'school')} outside the 99.8% limits"


def change_title(about: Card, group: str, shown: Sequence[tuple[str, Row]], latest: str) -> str:
    """What became of a group from the first to the last of its shown years, as (year, row) in order of time.

    `latest` is the last year of the chart: where it is not shown, the title says up to which one the change goes.
    """
    if len(shown) < 2:
        return f"{about.title}: too few years to tell a change"
    (year, old), (last, new) = shown[0], shown[-1]
    span = f"since {period_name(year)}" if last == latest else f"from {period_name(year)} to {period_name(last)}"
    change = gap_of(new, old)
    if change is None or change["lower"] is None:
        return f"{about.title} of {group}: change {span} cannot be told"
    word = gap_strength(change, about)
    if word in ("clear", "possible"):
        way = "rise" if new["value"] > old["value"] else "fall"
        return f"{about.title}: {word} {way} for {group} {span}"
    return f"{about.title}: no clear change for {group} {span}"


def bands_title(missed: Mapping[str, str]) -> str:
    """What share missed a tenth or more of sessions: {group shown: its share in words}, against No SEN."""
    group = next((name for name in ("SEN support", "EHC plan") if name in missed), "")
    if not group:
        return "Attendance: no bands of pupils with SEN can be shown"
    other = f", {missed['No SEN']} of No SEN" if "No SEN" in missed else ""
    return f"{missed[group]} of {group} missed a tenth or more of sessions{other}"


def decomposition_title(about: Card, start: Row, end: Row, mix: float) -> str:
    """Whether the figure of all pupils with SEN changed, and whether mostly by the groups' own figures or their mix."""
    gap, name = gap_of(end, start), f"{about.title}, all pupils with SEN"
    if gap is None or gap["lower"] is None:
        return f"{name}: what the change since {period_name(start['time_period'])} is made of"
    word, change = gap_strength(gap, about), gap["value"]
    if word not in ("clear", "possible"):
        return f"{name}: no clear change since {period_name(start['time_period'])}"
    mostly = "more or fewer pupils in each group" if abs(mix) > abs(change - mix) else "the groups' own figures"
    return f"{name}: {word} {'rise' if change > 0 else 'fall'}, mostly by {mostly}"


def heat_title(rated: Sequence[tuple[str, str]], *, complete: bool) -> str:
    """The section with the lowest rating of the authority's: (section, rating in words), if all are shown."""
    if not rated:
        return "Self-evaluation by section and school"
    lowest = min(float(text) for _, text in rated)
    names = [section.lower() for section, text in rated if float(text) == lowest]
    of_shown = "" if complete else " of those shown"
    if len(names) > 2 or len(rated) < 2:
        return "Self-evaluation: no section stands out"
    return f"Self-evaluation: {' and '.join(names)} rated lowest{of_shown} ({lowest:.1f})"


def moves_title(subjects: Sequence[tuple[str, int, int]]) -> str:
    """In how many bands above the lowest most held or rose: (subject, bands where they did, bands shown whole)."""
    shown = sum(whole for _, _, whole in subjects)
    held = sum(did for _, did, _ in subjects)
    if not shown:
        return "From starting band to band now: too few bands are shown to sum up"
    if held == shown:
        return "In the bands shown, most pupils held their band or rose"
    return f"Most pupils held or rose in {held} of {shown} bands shown above the lowest"


def mix_title(about: Card, group: str, items: Sequence[tuple[str, Row | None]]) -> str:
    """The largest part of the whole for a group: (item, its row), largest first; of those shown, where some are not."""
    shown = [(label, row) for label, row in items if row is not None and row["value"] is not None]
    if not shown:
        return f"{about.title}: no part can be shown"
    of_shown = "" if len(shown) == len(items) else "of those shown, "
    whose = "" if group == "Total" else f" of {people(group)}"
    texts = [format_value(row["value"], about, base=row["base_subjects"], unit=False) for _, row in shown]
    if about.polarity == "high" and len(shown) > 1:  # answers: what fewest agree to
        fewest = [f"“{label}”" for (label, _), text in zip(shown, texts, strict=True) if text == texts[-1]]
        return (
            f"{about.title}{whose and f', {people(group)}'}: {of_shown}fewest on {' and '.join(fewest)} ({texts[-1]})"
        )
    label = shown[0][0]
    small = label if label[1:2].isupper() else label[:1].lower() + label[1:]  # SENCo time keeps its capitals
    return f"{about.title}{whose}: {of_shown}most often {small} ({texts[0]})"


def cases_title(row: Row | None, about: Card) -> str:
    """The share of plans within 20 weeks, with the count."""
    if row is None or row["value"] is None:
        return f"EHC plans within 20 weeks: {NOT_SHOWN if row and row['status'] == 'c' else 'no figure'}"
    figure = format_value(row["value"], about, base=row["base_subjects"], unit=False)
    return f"{figure} of new EHC plans came within 20 weeks, exceptions left out"
