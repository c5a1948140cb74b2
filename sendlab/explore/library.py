"""The library of worked questions (questions.toml): each a question as analysts ask it, and what it is made of."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from sendlab.errors import SendlabError, did_you_mean
from sendlab.explore.selection import Selection, select


@dataclass(frozen=True)
class WorkedQuestion:
    """One question of the library; the meaning of each field stands at the head of questions.toml."""

    id: str
    topic: str
    ask: str
    measure: str
    read_with: str
    by: tuple[str, ...] = ()
    compare: str = ""
    part: str = ""
    filters: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    def selection(self, place: str, time_period: str, *, authority: str) -> Selection:
        """The question at a place in an academic year, checked."""
        return select(self.measure, time_period, place, authority=authority, by=self.by, compare=self.compare,
                      part=self.part, filters=self.filters)  # fmt: skip


@cache
def library() -> dict[str, WorkedQuestion]:
    """{id: question}, in the order of the file.

    >>> library()["absence-slcn-year-7"].measure
    'absence'
    """
    given = tomllib.loads((files(__package__) / "questions.toml").read_text(encoding="utf-8"))["question"]
    return {one["id"]: WorkedQuestion(**{**one, "by": tuple(one["by"])}) for one in given}


def worked_question(wanted: str) -> WorkedQuestion:
    """A question by its id. Errors: SendlabError with the near ones."""
    if wanted not in library():
        hint = did_you_mean(wanted, library(), "see them all with 'sendlab new --list'")
        raise SendlabError(f"no worked question is called '{wanted}'", next_step=hint)
    return library()[wanted]
