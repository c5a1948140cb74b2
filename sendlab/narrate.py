"""Sentences about figures, made from the same rows that charts and tables show; they state no cause."""

from typing import Any

import polars as pl

from sendlab.disclosure.published import OwnView, Published, require_view
from sendlab.errors import SendlabError
from sendlab.metrics.cards import Card, card
from sendlab.schema.labels import FULL_YEAR, MARKS, people, period_name, period_text, reason
from sendlab.stats.intervals import difference
from sendlab.stats.rounding import format_number, round_half_away

__all__ = [
    "change_sentence", "finding_title", "format_gap", "format_value", "gap_sentence", "headline", "one_row",
    "period_name", "rows_of", "strength",
]  # fmt: skip

View = Published | OwnView
Row = dict[str, Any]
LEVELS = ("School", "Local authority", "National")  # an own view may also hold the LA without each school, as a means
WHOLE_PERCENT_BELOW = 100  # shares of people on a smaller base are shown as whole percentages
# Width of an interval from which "no sign of" would promise too much; a judgement, in the unit of the gap.
WIDE = {"%": 20.0, "percentage": 20.0, "per ": 10.0, "points": 6.0, "rating": 3.0}
LEANING = 0.25  # an interval with at most this share of its length beyond zero leans clearly to one side


# --- choosing rows -------------------------------------------------------------------------------------------------


def rows_of(view: View, *, measure: str, place: str, time_period: str = "", time_identifier: str = "") -> pl.DataFrame:
    """Figures and gaps of one measure and place, of one kind of period (the full year unless another is named).

    `place` is a place code. Raises SendlabError where there is nothing to show, GateError for anything but a view.
    """
    require_view(view)
    title = card(measure).title
    rows = view.rows.filter((pl.col("measure") == measure) & pl.col("geographic_level").is_in(LEVELS))
    for name, wanted, word in (("place_code", place, "place"), ("time_period", time_period, "period")):
        known = sorted(set(rows[name].to_list()))
        if wanted and wanted not in known:
            shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
            raise SendlabError(
                f"no figures of '{title}' for {word} '{wanted}'", next_step=f"there are: {shown or 'none'}"
            )
        rows = rows.filter(pl.col(name) == wanted) if wanted else rows
    return one_kind_of_period(rows, time_identifier)


def one_kind_of_period(rows: pl.DataFrame, time_identifier: str = "") -> pl.DataFrame:
    """The rows of one kind of period: the one named, else the full year, else the only one there is."""
    kinds = sorted(set(rows["time_identifier"].fill_null("").to_list()))
    wanted = time_identifier or (FULL_YEAR if FULL_YEAR in kinds else kinds[0] if len(kinds) == 1 else "")
    if (kinds and wanted not in kinds) or (not wanted and len(kinds) > 1):
        raise SendlabError(
            f"no single kind of period to show: wanted '{wanted}', there are {', '.join(kinds)}",
            next_step="name one: time_identifier=...",
        )
    return rows.filter(pl.col("time_identifier").fill_null("") == wanted)


def one_row(rows: pl.DataFrame, *, group: str = "Total", need: str = "Total", item: str = "Total", comparator: str = "",
            time_period: str = "") -> Row | None:  # fmt: skip
    """The one row of a group, need area and item, or None where there is none."""
    keep = (pl.col("sen_provision") == group) & (pl.col("need_area") == need) & (pl.col("item") == item)
    found = rows.filter(keep & (pl.col("comparator") == comparator))
    if time_period:
        found = found.filter(pl.col("time_period") == time_period)
    return found.row(0, named=True) if found.height else None


def gap_row(rows: pl.DataFrame, *, group: str, comparator: str = "No SEN") -> Row | None:
    """The gap of a group, with the smaller base of its two sides: that is how finely it was rounded."""
    gap = one_row(rows, group=group, comparator=comparator)
    sides = [side["base_subjects"] for side in (gap, one_row(rows, group=comparator)) if side is not None]
    return None if gap is None else {**gap, "base_subjects": min((s for s in sides if s is not None), default=None)}


# --- numbers as text -----------------------------------------------------------------------------------------------


def decimals_of(card: Card, base: int | None) -> int:
    """Places shown: those of the card, none for a share of fewer than 100 people."""
    small = card.kind == "share" and base is not None and base < WHOLE_PERCENT_BELOW
    return 0 if small else card.decimals


def format_value(
    value: float | None, card: Card, *, base: int | None = None, unit: bool = True, sign: bool = False
) -> str:
    """A figure as text, rounded half away from zero; `unit=False` keeps only the number and %, None gives "".

    >>> from sendlab.metrics.cards import card
    >>> about = card("persistent_absence")
    >>> format_value(34.25, about, base=263), format_value(34.25, about, base=87)
    ('34.3%', '34%')
    >>> format_value(-1.25, card("ks2_reading_progress")), format_value(12.345, card("suspension_rate"), unit=False)
    ('−1.3 points', '12.35')
    """
    if value is None:
        return ""
    decimals = decimals_of(card, base)
    text = format_number(value, decimals)
    if sign and round_half_away([value], decimals)[0] > 0:
        text = f"+{text}"
    if card.unit.startswith("%"):
        return f"{text}%"
    return f"{text} {_unit_words(card)}" if unit else text


def format_gap(value: float, card: Card, *, base: int | None = None) -> str:
    """A gap without its sign and with its unit.

    >>> from sendlab.metrics.cards import card
    >>> format_gap(-9.0, card("absence"))
    '9.0 percentage points'
    """
    return f"{format_number(abs(value), decimals_of(card, base))} {gap_unit(card)}"


def gap_unit(card: Card) -> str:
    """The unit of a difference between two figures of a measure."""
    return "percentage points" if card.unit.startswith("%") else _unit_words(card)


def _unit_words(card: Card) -> str:
    return "out of 10" if card.unit.startswith("rating,") else card.unit


def format_interval(row: Row, card: Card, *, sign: bool = False) -> str:
    """The interval of a row as "25% to 45%", or "" where it has none.

    >>> from sendlab.metrics.cards import card
    >>> format_interval({"lower": 25.0, "upper": 45.0, "base_subjects": 87}, card("persistent_absence"))
    '25% to 45%'
    """
    if row["lower"] is None or row["upper"] is None:
        return ""
    low, high = (
        format_value(row[end], card, base=row["base_subjects"], unit=False, sign=sign) for end in ("lower", "upper")
    )
    return f"{low} to {high}"


def _between(row: Row, card: Card, *, gap: bool = False) -> str:
    if row["lower"] is None or row["upper"] is None:
        return "no interval"
    decimals = decimals_of(card, row["base_subjects"])
    tail = "" if gap or not card.unit.startswith("%") else "%"
    low, high = (format_number(row[end], decimals) + tail for end in ("lower", "upper"))
    return f"between {low} and {high}"


def sized(gap: Row) -> Row:
    """A gap told by its size, as in "9 points below": where it is negative, its limits change sign and place.

    >>> sized({"value": -9.0, "lower": -12.0, "upper": -6.0})
    {'value': 9.0, 'lower': 6.0, 'upper': 12.0}
    """
    if gap["value"] is None or gap["value"] >= 0:
        return gap
    lower, upper = (None if gap[end] is None else -gap[end] for end in ("upper", "lower"))
    return {**gap, "value": -gap["value"], "lower": lower, "upper": upper}


# --- words for intervals -------------------------------------------------------------------------------------------


def strength(lower: float | None, upper: float | None, *, wide: float | None = None) -> str:
    """How sure an interval of a difference lets one be: "clear", "possible", "no sign of" or "cannot tell".

    Clear: it leaves zero out. Possible: at most a quarter of it lies beyond zero. Otherwise no sign of a difference,
    unless it is wider than `wide` (unit of the gap), when a large difference would not show either: cannot tell.

    >>> strength(2, 9), strength(-1, 9), strength(-4, 5, wide=20), strength(-14, 15, wide=20), strength(None, None)
    ('clear', 'possible', 'no sign of', 'cannot tell', 'cannot tell')
    """
    if lower is None or upper is None:
        return "cannot tell"
    if lower > 0 or upper < 0:
        return "clear"
    if upper > lower and min(-lower, upper) <= LEANING * (upper - lower):
        return "possible"
    return "cannot tell" if wide is not None and upper - lower > wide else "no sign of"


def gap_strength(row: Row | None, card: Card) -> str:
    """`strength` of a gap row, with the width that its unit calls wide."""
    if row is None or row["value"] is None:
        return "cannot tell"
    return strength(
        row["lower"], row["upper"], wide=next((w for start, w in WIDE.items() if card.unit.startswith(start)), None)
    )


def _verdict(word: str, what: str) -> str:
    words = {"clear": f"a clear {what}", "possible": f"a possible {what}", "no sign of": f"no sign of a {what}"}
    return words.get(word, f"cannot tell whether there is a {what}")


# --- sentences -----------------------------------------------------------------------------------------------------


def figure_words(row: Row | None, card: Card) -> str:
    """A figure with its count and interval, or why there is none."""
    if row is None:
        return "no figure"
    if row["value"] is None:
        return MARKS["c"] if row["status"] == "c" else reason(row["status"], row["note"])
    return f"{format_value(row['value'], card, base=row['base_subjects'])} ({_count(row, card)}, {_between(row, card)})"


def _count(row: Row, card: Card) -> str:
    base = row["base_subjects"]
    if card.kind == "share" and row["numerator"] is not None and base is not None:
        return f"{format_number(row['numerator'], 0)} of {base:,} pupils"
    return "number of pupils not given" if base is None else f"n = {base:,}"


def title_words(card: Card) -> str:
    """The measure's title for the middle of a sentence: KS2 keeps its capitals."""
    return card.title if card.title[1:2].isupper() else card.title[:1].lower() + card.title[1:]


def headline(view: View, *, measure: str, place: str, time_period: str, group: str = "SEN support") -> str:
    """One sentence: the group against No SEN, with counts, intervals, place and period."""
    rows, about = rows_of(view, measure=measure, place=place, time_period=time_period), card(measure)
    own, other = one_row(rows, group=group), one_row(rows, group="No SEN")
    when = period_text(time_period, rows["time_identifier"][0])
    start = f"{about.title}, {rows['place_name'][0]}, {when}: {people(group)} {figure_words(own, about)}"
    gap = gap_row(rows, group=group)
    shown = all(row is not None and row["value"] is not None for row in (own, other, gap))
    tail = f": {_verdict(gap_strength(gap, about), 'gap')}" if shown else ""
    return f"{start}, against {people('No SEN')} {figure_words(other, about)}{tail}."


def gap_sentence(view: View, *, measure: str, place: str, time_period: str, group: str = "SEN support",
                 comparator: str = "No SEN") -> str:  # fmt: skip
    """One sentence on the gap of a group to a named comparator, with its interval and how sure it is."""
    rows, about = rows_of(view, measure=measure, place=place, time_period=time_period), card(measure)
    gap, when = gap_row(rows, group=group, comparator=comparator), period_text(time_period, rows["time_identifier"][0])
    start, other = f"{about.title}, {rows['place_name'][0]}, {when}", _other(comparator)
    if gap is None or gap["value"] is None:
        why = "cannot be told" if gap is None else figure_words(gap, about)
        return f"{start}: the gap between {people(group)} and {other} {why}."
    base, word = gap["base_subjects"], gap_strength(gap, about)
    side = _side(gap["value"], about) if word in ("clear", "possible") else ""
    size = f"{format_gap(gap['value'], about, base=base)} {'above' if gap['value'] >= 0 else 'below'} {other}"
    between = _between(sized(gap), about, gap=True)
    return f"{start}: {people(group)} are {size} ({between}): {_verdict(word, 'gap')}{side}."


def _other(comparator: str) -> str:
    words = {
        "LA without this school": "the same group in the rest of the LA",
        "Same group nationally": "the same group nationally",
    }
    return words.get(comparator) or people(comparator)


def _direction(value: float) -> str:
    return "higher" if value > 0 else "lower" if value < 0 else "(the same)"


def _side(value: float, card: Card) -> str:
    if card.polarity == "none" or value == 0:
        return ""
    return ", for the better" if (value > 0) == (card.polarity == "high") else ", for the worse"


def change_sentence(
    view: View, *, measure: str, place: str, from_period: str, to_period: str, group: str = "SEN support"
) -> str:
    """One sentence on the change between two periods of one kind; part years and full years are not compared."""
    about, rows = card(measure), _rows_of_group(view, measure, place, group)
    start = f"{about.title}, {people(group)}"
    kinds = [set(rows.filter(pl.col("time_period") == p)["time_identifier"]) for p in (from_period, to_period)]
    if not kinds[0] & kinds[1]:
        return f"{start}: {_not_comparable((from_period, to_period), kinds)}."
    rows = one_kind_of_period(rows.filter(pl.col("time_identifier").is_in(sorted(kinds[0] & kinds[1]))))
    before, now = (rows.filter(pl.col("time_period") == p).row(0, named=True) for p in (from_period, to_period))
    text = f"{start}, {now['place_name']}: {period_name(from_period)} {figure_words(before, about)}, "
    text += f"{period_name(to_period)} {figure_words(now, about)}"
    if before["value"] is None or now["value"] is None:
        return f"{text}; the change cannot be told."
    return f"{text}; {_change_words(before, now, about)}."


def _not_comparable(periods: tuple[str, str], kinds: list[set[str]]) -> str:
    empty = [period_name(period) for period, kind in zip(periods, kinds, strict=True) if not kind]
    if empty:
        return f"no change can be told, as there are no figures for {' and '.join(empty)}"
    old, new = (f"{period_name(p)} ({', '.join(sorted(k))})" for p, k in zip(periods, kinds, strict=True))
    return f"{old} and {new} cannot be compared, as they do not cover the same part of the year"


def _rows_of_group(view: View, measure: str, place: str, group: str) -> pl.DataFrame:
    require_view(view)
    keep = (pl.col("place_code") == place) & (pl.col("sen_provision") == group) & (pl.col("comparator") == "")
    keep &= pl.col("geographic_level").is_in(LEVELS)
    whole = (pl.col("need_area") == "Total") & (pl.col("item") == "Total")
    return view.rows.filter((pl.col("measure") == measure) & keep & whole)


def _change_words(old: Row, new: Row, card: Card) -> str:
    bases = [row["base_subjects"] for row in (old, new) if row["base_subjects"] is not None]
    change = {
        "value": new["value"] - old["value"],
        "lower": None,
        "upper": None,
        "base_subjects": min(bases, default=None),
    }
    if None not in (old["lower"], old["upper"], new["lower"], new["upper"]):
        # the two years share pupils, which would make the true interval narrower: this one errs on the safe side
        limits = difference(*(row[end] for row in (new, old) for end in ("value", "lower", "upper")))
        change["lower"], change["upper"] = (float(limit) for limit in limits)
    word = gap_strength(change, card)
    side = _side(change["value"], card) if word in ("clear", "possible") else ""
    size = f"{format_gap(change['value'], card, base=change['base_subjects'])} {_direction(change['value'])}"
    return f"{size} ({_between(sized(change), card, gap=True)}): {_verdict(word, 'change')}{side}"


def finding_title(view: View, *, measure: str, place: str, time_period: str, group: str = "SEN support") -> str:
    """The finding in about ten words, for the title of a chart.

    The gap to No SEN; where that is not shown, the gap to the same group nationally; else the figure alone.
    """
    rows, about = rows_of(view, measure=measure, place=place, time_period=time_period), card(measure)
    gaps = [gap_row(rows, group=group, comparator=comparator) for comparator in ("No SEN", "Same group nationally")]
    gap = next((gap for gap in gaps if gap is not None and gap["value"] is not None), None)
    own = one_row(rows, group=group)
    if gap is not None:
        return f"{about.title}: {_gap_title(gap, group, about)}"
    if own is None or own["value"] is None:
        return f"{about.title}: no comparison of {group} and No SEN"
    return f"{about.title}: {group} {format_value(own['value'], about, base=own['base_subjects'])}, not compared"


def _gap_title(gap: Row, group: str, about: Card) -> str:
    other = "No SEN" if gap["comparator"] == "No SEN" else "the same group nationally"
    word = gap_strength(gap, about)
    if word == "clear":
        size = format_gap(gap["value"], about, base=gap["base_subjects"])
        return f"{group} {size} {'above' if gap['value'] > 0 else 'below'} {other}"
    starts = {"possible": "a possible gap between", "no sign of": "no sign of a gap between"}
    return f"{starts.get(word, 'too uncertain to compare')} {group} and {other}"
