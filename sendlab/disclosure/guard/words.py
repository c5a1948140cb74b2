"""What the guard says: a refusal names the question, the reason and the next step, and never a count of people."""

from __future__ import annotations

from sendlab.disclosure.guard.question import KEY_STAGE, Question, names_of
from sendlab.metrics.cards import card
from sendlab.schema.labels import period_text

NAMES = {
    "sen_provision": "SEN provision", "need_area": "area of need", "sen_primary_need": "primary need",
    "nc_year": "year group", KEY_STAGE: "key stage", "sex": "sex", "fsm_status": "free school meals",
    "ethnicity_major": "ethnic group",
}  # fmt: skip


def refusal(question: Question, offered: Question | None, threshold: int, *, audience: str) -> str:
    """Why a question is not answered, and what to ask instead. The same whatever the figures are.

    >>> from sendlab.disclosure.guard.question import ask
    >>> asked = ask("absence", "202526", "100001", by=["sex"], sen_provision="EHC plan")
    >>> print(refusal(asked, ask("absence", "202526", "100001"), 5, audience="board"))
    Not answered for audience board: Overall absence rate, 2025/26, by sex, SEN provision EHC plan, at 100001.
    Why: together with figures released before, a group of fewer than 5 pupils could be worked out.
    Next step: ask("absence", "202526", "100001")
    """
    why = f"together with figures released before, a group of fewer than {threshold} pupils could be worked out."
    step = (
        "none of the coarser groupings has been released; ask about another measure."
        if offered is None
        else offered.code()
    )
    return f"Not answered for audience {audience}: {in_words(question)}.\nWhy: {why}\nNext step: {step}"


def answered(question: Question, *, audience: str, hidden: bool) -> str:
    """The line above an answer."""
    note = " Some figures are not shown (c): they, or figures released before, would give a small group away."
    return f"Answered for audience {audience}: {in_words(question)}.{note if hidden else ''}"


def without_places(question: Question) -> str:
    """What is asked as a phrase, whatever the place.

    >>> from sendlab.disclosure.guard.question import ask
    >>> without_places(ask("absence", "202526", "1", by=["nc_year"], sen_primary_need="SLCN"))
    'Overall absence rate, 2025/26, by year group, primary need SLCN'
    """
    filters = [f"{NAMES[name]} {' or '.join(names_of(name, values))}" for name, values in question.filters]
    return ", ".join([card(question.measure).title, period_text(question.time_period, question.part),
                      *by_words(question), *filters])  # fmt: skip


def in_words(question: Question) -> str:
    """The question as a phrase.

    >>> from sendlab.disclosure.guard.question import ask
    >>> in_words(ask("absence", "202526", ["100001", "100002"], by=["key_stage"]))
    'Overall absence rate, 2025/26, by key stage, at 100001 and 100002'
    """
    return f"{without_places(question)}, at {' and '.join(question.places)}"


def by_words(question: Question) -> list[str]:
    """What the question breaks down by, as one phrase, or none.

    >>> from sendlab.disclosure.guard.question import ask
    >>> by_words(ask("absence", "202526", "1", by=["sex", "key_stage"])), by_words(ask("absence", "202526", "1"))
    (['by sex and key stage'], [])
    """
    return [f"by {' and '.join(NAMES[name] for name in question.by)}"] if question.by else []
