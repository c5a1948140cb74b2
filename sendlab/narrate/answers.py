"""The rows of an answer: the figure of a cohort and of each of its groups, and what each is held to; their names."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from sendlab.codes import labels
from sendlab.disclosure.guard.question import KEY_STAGE, Question, closed_list, key_stages, label
from sendlab.errors import NothingToShow, SendlabError
from sendlab.metrics.cards import Card, card
from sendlab.narrate.rows import LEVELS, Row, View, rows_of
from sendlab.schema.groups import ALL_SEN, NOT_RECORDED, SEND, TOTAL
from sendlab.schema.labels import PEOPLE, period_text
from sendlab.schema.measures import GROUPS

AUTHORITY, EARLIER = "The whole authority", "A year earlier"  # what figures may be held to, besides a group of them
Only = Sequence[tuple[str, Sequence[str]]]
BETWEEN = " · "  # the values of a group of several columns


@dataclass(frozen=True)
class Answered:
    """The rows of one answer at one place: the cohort as a whole, its groups in their order, what each is held to."""

    about: Card
    cohort: str  # in words
    total: Row
    groups: dict[str, Row]  # {name of the group: its row}
    held_to: str = ""  # "", a group's name, AUTHORITY or EARLIER
    against: dict[str, Row] = field(default_factory=dict)  # {name of the group: the row that it is held to}

    @property
    def place_name(self) -> str:
        """Name of the place."""
        return str(self.total["place_name"])

    @property
    def when(self) -> str:
        """The period in words."""
        return period_text(self.total["time_period"], self.total["time_identifier"])

    @property
    def lines(self) -> dict[str, Row]:
        """What a chart draws: each group, or the cohort where there are none."""
        return self.groups or {self.cohort[:1].upper() + self.cohort[1:]: self.total}


def answered(
    view: View, question: Question, *, compare: str = "", beside: View | None = None, also: Sequence[str] = (),
    only: Only = (),
) -> Answered:  # fmt: skip
    """The rows of a question in a view that holds its answer, at the first of its places.

    `compare`: a value of the first column asked by, AUTHORITY, or EARLIER; `beside`: the view that holds the answer for
    the year before, where that is another one. `also`: words for what else the rows were filtered by. `only`: columns
    asked by with the values of those groups that are wanted.
    Errors: NothingToShow where the view holds no such rows; SendlabError for a comparator that is not there.
    """
    place = question.places[0]
    rows = rows_of(view, measure=question.measure, place=place, time_period=question.time_period)
    total, groups = _of_question(rows, question)
    groups = {name: row for name, row in groups.items() if all(row[column] in values for column, values in only)}
    if total is None or (question.by and not groups):
        raise NothingToShow(f"no figures of '{card(question.measure).title}' for this question at place '{place}'")
    made = Answered(card(question.measure), ", ".join([cohort_words(question), *also]), total, groups)
    if not compare:
        return made
    if compare in (AUTHORITY, EARLIER):
        other = _beside(beside or view, question, compare, also, only)
        against = {name: row for name in made.lines if (row := other.get(name)) is not None and _alike(row, total)}
        return Answered(made.about, made.cohort, total, groups, compare, against)
    name = value_words(column_of(question.by[0]), compare) if question.by else compare
    return Answered(made.about, made.cohort, total, groups, name, _to_a_group(groups, question, compare))


def is_held_to(found: Answered, name: str) -> bool:
    """Whether a group is the one that others are held to."""
    return any(other is found.groups.get(name) for other in found.against.values())


def _of_question(rows: pl.DataFrame, question: Question) -> tuple[Row | None, dict[str, Row]]:
    """The row of the cohort, and those of its groups in the order of the closed lists."""
    by = [column_of(name) for name in question.by]
    fixed = {name: label(name, values) for name, values in question.within if name not in by}
    own = rows.filter(
        (pl.col("comparator") == "") & (pl.col("item") == TOTAL) & pl.col("geographic_level").is_in(LEVELS)
    )
    own = own.filter(*(pl.col(name) == fixed.get(name, TOTAL) for name in GROUPS if name not in (*by, "item")))
    whole = ALL_SEN if question.of_send else TOTAL
    wholes = {name: whole if name == "sen_provision" else TOTAL for name in by}
    totals = own.filter(*(pl.col(name) == text for name, text in wholes.items())).to_dicts()
    groups = own.filter(*(~pl.col(name).is_in([TOTAL, ALL_SEN]) for name in by)).to_dicts() if by else []
    groups = [row for row in groups if _in_bands(row, question)]
    found = sorted(groups, key=lambda row: [_place(name, row[column_of(name)]) for name in question.by])
    return (totals[0] if totals else None), {group_words(row, question.by): row for row in found}


def _in_bands(row: Row, question: Question) -> bool:
    """Year groups and key stages stand in one column: only those asked for."""
    if "nc_year" not in map(column_of, question.by):
        return True
    return (row["nc_year"] in key_stages()) == (KEY_STAGE in question.by)


def _place(name: str, text: str) -> int:
    order = tuple(key_stages()) if name == KEY_STAGE else closed_list(name)
    return order.index(text) if text in order else len(order)


def column_of(name: str) -> str:
    """The column of a measure row in which a breakdown stands."""
    return "nc_year" if name == KEY_STAGE else name


def _alike(row: Row, total: Row) -> bool:
    """Whether a row covers the same part of a year: part-year figures never stand beside those of a whole year."""
    return bool(row["time_identifier"] == total["time_identifier"])


def _beside(view: View, question: Question, compare: str, also: Sequence[str], only: Only) -> dict[str, Row]:
    """The rows of the same groups of the authority, or of the year before."""
    if compare == AUTHORITY:
        if len(question.places) < 2:
            raise SendlabError("the question names no authority", next_step="ask with places=[school, authority]")
        other = question.coarser(places=question.places[1:])
    else:
        other = question.coarser(time_period=year_before(question.time_period))
    try:
        return answered(view, other, also=also, only=only).lines
    except NothingToShow:  # of that year or place there is nothing: the figures stand, and are compared with none
        return {}


def year_before(time_period: str) -> str:
    """The academic year before another.

    >>> year_before("202526"), year_before("200001")
    ('202425', '199900')
    """
    first = int(time_period[:4]) - 1
    return f"{first}{(first + 1) % 100:02d}"


def _to_a_group(groups: dict[str, Row], question: Question, compare: str) -> dict[str, Row]:
    """For each group the one that differs from it only in the first column, where that has the value compared with."""
    if not question.by:
        raise SendlabError(f"nothing is broken down here, so there is no group '{compare}'", next_step="name by=")
    name = column_of(question.by[0])
    others = [column_of(one) for one in question.by[1:]]
    held = {tuple(row[one] for one in others): row for row in groups.values() if row[name] == compare}
    if not held:
        known = dict.fromkeys(row[name] for row in groups.values())
        raise SendlabError(f"no group '{compare}' is among the answer", next_step=f"groups: {', '.join(known)}")
    pairs = ((text, row, held.get(tuple(row[one] for one in others))) for text, row in groups.items())
    return {text: other for text, row, other in pairs if other is not None and other is not row}


def value_words(column: str, value: str) -> str:
    """A value of a column, as readers call it.

    >>> value_words("nc_year", "6"), value_words("nc_year", "R"), value_words("sen_primary_need", "SLCN")
    ('Year 6', 'Reception', 'Speech, Language and Communication Needs')
    """
    texts = [_value_words(column, one) for one in value.split(" or ")]
    return " or ".join(texts)


def _value_words(column: str, value: str) -> str:
    if column == "nc_year" and value == NOT_RECORDED:
        return "Year group not recorded"
    if column == "nc_year" and value not in key_stages():
        return labels("nc_year").get(value, value)
    return labels("sen_need_type").get(value, value) if column == "sen_primary_need" else value


def group_words(row: Row, by: Sequence[str]) -> str:
    """The name of a group: its values, in the order asked."""
    return BETWEEN.join(value_words(column_of(name), row[column_of(name)]) for name in by)


def cohort_words(question: Question) -> str:
    """Who is asked about, in words.

    >>> from sendlab.disclosure.guard.question import ask
    >>> cohort_words(ask("absence", "202526", "1", sen_provision="SEN support", sex="Female", nc_year="6"))
    'pupils on SEN support, Year 6, female'
    """
    given = dict(question.within)
    if question.of_send and "sen_provision" in question.by:
        given.setdefault("sen_provision", SEND)
    texts = {name: label(name, values) for name, values in given.items()}
    provision = texts.pop("sen_provision", TOTAL)
    start = PEOPLE.get(provision) or " or ".join(PEOPLE.get(one, one) for one in provision.split(" or "))
    rest = [value_words(name, text) for name, text in texts.items()]
    return ", ".join([start, *(text.lower() if text in ("Female", "Male") else text for text in rest)])
