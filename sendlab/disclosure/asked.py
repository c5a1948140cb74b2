"""Questions that no declared table answers: judged by the guard, and given as published figures or refused in words."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from sendlab.disclosure.guard import ASKABLE, Question, add_to_log, answer, read_log
from sendlab.disclosure.guard.known import family
from sendlab.disclosure.published import Published, _published, require_published
from sendlab.errors import SendlabError
from sendlab.metrics.cards import card
from sendlab.metrics.publication import published_measures


@dataclass(frozen=True)
class Asked:
    """What came of a question: `figures` if it was answered, why not in `text`, and the question `offered` instead."""

    question: Question
    figures: Published | None
    text: str
    offered: Question | None

    @property
    def refused(self) -> bool:
        """Whether there are no figures."""
        return self.figures is None

    def __repr__(self) -> str:
        return self.text


def ask_published(question: Question, facts: pl.DataFrame, released: Published, log: Path, today: date) -> Asked:
    """The answer for the audience of `released`, judged with these figures and the earlier answers in the file `log`.

    `facts` are those of all years, of a part of the year where the question names one. The answer is logged first: what
    is not in the log is not given. Errors: GateError for anything but published figures or an altered log.
    """
    require_published(released)
    _refuse_own_definitions(question.measure)
    got = answer(
        question, facts, released.rows, read_log(log), audience=released.audience, threshold=released.threshold,
        today=today, own_place=released.place,
    )  # fmt: skip
    add_to_log(log, got.entry)
    figures = None
    if not got.refused:
        figures = _published(
            got.rows, audience=released.audience, threshold=released.threshold, run_id=released.run_id,
            place=released.place,
        )  # fmt: skip
    return Asked(question, figures, got.text, got.offered)


def _refuse_own_definitions(measure: str) -> None:
    """Questions count from facts, as nationally, and know nothing of what a workspace's own functions count.

    So what it defines otherwise cannot be asked about, nor what is linked to that or to a published one of its own.
    """
    asked = family(measure, ASKABLE)
    own = [name for name in asked if card(name).own]
    for about in filter(lambda about: about.own, map(card, published_measures())):
        own += [about.measure] if {about.at_most, about.parts_of} & {*asked} else []
    if own:
        raise SendlabError(
            f"'{card(own[0]).title}' is a definition of this authority's own, and what a question about '{measure}' "
            "counts cannot be protected beside it",
            next_step="use the published figures, or the function itself: opened.own_measure",
        )
