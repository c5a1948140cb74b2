"""The ladder of coarser questions, nearest first, and the first of them that the audience has the answer to already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sendlab.disclosure.guard.known import Cell
from sendlab.disclosure.guard.pattern import USEFUL
from sendlab.disclosure.guard.question import KEY_STAGE, NEEDS, Question, as_group
from sendlab.schema.groups import SEND

MOST_STEPS = 5  # columns and filters that a question can have, at most, with the step to the authority


def ladder(question: Question, la_code: str) -> list[Question]:
    """All coarser questions in order: fewer steps first; of as many, in the order of `_steps`.

    Steps: needs to the four areas, year groups to key stages, needs to all SEN, a column dropped (the last asked for
    first), a filter dropped, a school to the authority.

    >>> from sendlab.disclosure.guard.question import ask
    >>> [rung.code() for rung in ladder(ask("absence", "202526", "1", by=["nc_year"]), "1")]
    ['ask("absence", "202526", "1", by=["key_stage"])', 'ask("absence", "202526", "1")']
    """
    found: dict[Question, None] = {question: None}
    level = [question]
    for _ in range(MOST_STEPS + 1):
        level = [rung for one in level for rung in _steps(one, la_code) if rung not in found]
        level = list(dict.fromkeys(level))
        found.update(dict.fromkeys(level))
    return [rung for rung in found if rung != question]


def _steps(question: Question, la_code: str) -> Iterator[Question]:
    by, filters = question.by, dict(question.filters)
    if "sen_primary_need" in by and "need_area" not in question.columns:
        yield question.coarser(by=tuple("need_area" if name == "sen_primary_need" else name for name in by))
    if "nc_year" in by:
        yield question.coarser(by=tuple(KEY_STAGE if name == "nc_year" else name for name in by))
    for name in reversed(by):
        yield _all_sen(question, question.coarser(by=tuple(one for one in by if one != name)))
    for name in reversed(list(filters)):
        fewer = as_group({one: values for one, values in filters.items() if one != name})
        yield _all_sen(question, question.coarser(filters=fewer))
    if question.places != (la_code,):
        yield question.coarser(places=(la_code,))


def _all_sen(before: Question, after: Question) -> Question:
    """A question about needs is about pupils with SEN; where the last column of needs goes, all SEN stay asked for."""
    if not before.of_send or after.of_send or "sen_provision" in after.columns or not set(before.columns) & set(NEEDS):
        return after
    return after.coarser(filters=as_group({**dict(after.filters), "sen_provision": SEND}))


def nearest_known(rungs: Iterable[Question], cells: Sequence[Cell]) -> Question | None:
    """The first question whose figures were all released to the audience, enough of them shown to be of use.

    It is chosen by what was released alone, so it tells nothing else.
    """
    return next((rung for rung in rungs if all(_is_known(rung, place, cells) for place in rung.places)), None)


def _is_known(rung: Question, place: str, cells: Sequence[Cell]) -> bool:
    free = {"nc_year" if name == KEY_STAGE else name for name in rung.by}
    fixed = {name: values for name, values in rung.within if name not in free}
    found = [cell for cell in cells if cell.measure == rung.measure and cell.place == place
             and _fits(dict(cell.group), fixed, free, banded=KEY_STAGE in rung.by)]  # fmt: skip
    groups = [cell for cell in found if len(cell.group) == len(fixed) + len(free)]
    shown = [cell for cell in groups if not cell.hidden]
    return bool(shown) and len(shown) >= USEFUL * len(groups)


def _fits(group: dict[str, tuple[str, ...]], fixed: dict[str, tuple[str, ...]], free: set[str], banded: bool) -> bool:
    if set(group) != set(fixed) | free or any(group[name] != values for name, values in fixed.items()):
        return False
    single = {name for name in free if not (banded and name == "nc_year")}
    return all(len(group[name]) == 1 for name in single) and (not banded or len(group["nc_year"]) > 1)
