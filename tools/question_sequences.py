"""Sequences of questions as they come out of the explorer: an analyst's, who follows a gap, and a hostile reader's.

Both are drawn from a seed and know nothing of the answers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sendlab.disclosure.guard import KEY_STAGE, Question, ask, closed_list
from sendlab.disclosure.guard.question import key_stages
from sendlab.schema.groups import ALL_SEN, FSM, NEED_AREAS, NOT_FSM

LENGTH = 30  # questions of a sequence
KINDS = ("realistic", "hostile")
# What analysts look at: measures by topic, as likely as they stand here; a change mostly stays within the topic.
TOPICS: dict[str, tuple[str, ...]] = {
    "attendance": ("persistent_absence", "absence", "severe_absence", "unauthorised_absence", "authorised_absence",
                   "attendance_98"),
    "exclusions": ("suspension_rate", "suspended_once_or_more", "permanent_exclusion_rate"),
    "attainment": ("ks2_rwm_expected", "ks2_rwm_higher", "ks2_writing_gap"),
}  # fmt: skip
TOPIC_WEIGHTS = (0.6, 0.25, 0.15)
BY: dict[str, float] = {
    "sen_provision": 0.3, "need_area": 0.2, "sex": 0.18, "fsm_status": 0.16, KEY_STAGE: 0.1, "nc_year": 0.04,
    "sen_primary_need": 0.02,
}  # fmt: skip
FILTERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "sen_provision": ((ALL_SEN,), ("SEN support",), ("EHC plan",), ("No SEN",)),
    "sex": (("Male",), ("Female",)),
    "fsm_status": ((FSM,), (NOT_FSM,)),
    "need_area": tuple((area,) for area in NEED_AREAS[:4]),
    "nc_year": tuple((name,) for name in ("Key stage 1", "Key stage 2", "Key stage 3", "Key stage 4")),
}  # fmt: skip
FILTER_WEIGHTS = (0.45, 0.18, 0.17, 0.08, 0.12)
MOVES: dict[str, float] = {
    "break down": 0.26, "filter": 0.14, "another value": 0.14, "no filter": 0.1, "another place": 0.14,
    "two schools": 0.05, "another measure": 0.13, "come back": 0.04,
}  # fmt: skip
Sensible = Callable[[Question], bool]
AT_AUTHORITY = 0.5  # share of changes of place that go to the authority


@dataclass(frozen=True)
class View:
    """What is on the analyst's screen."""

    measure: str
    places: tuple[str, ...]
    by: tuple[str, ...] = ("sen_provision",)
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def question(self, year: str) -> Question:
        """The question that an export of it asks."""
        filters: dict[str, Any] = {name: list(values) for name, values in self.filters.items()}
        return ask(self.measure, year, self.places, by=self.by, **filters)


class Analyst:
    """Someone who starts at the authority or a school and follows a gap: by columns, filters, places, measures."""

    def __init__(self, seed: int, year: str, la_code: str, schools: Sequence[str], sensible: Sensible) -> None:
        self.draw, self.year, self.la_code, self.schools = np.random.default_rng(seed), year, la_code, list(schools)
        self.sensible = sensible
        self.view = View(self._of_topic(self._topic()), (self._place(),))
        self.seen = [self.view]

    def questions(self) -> Iterator[Question]:
        """Views that are exported, without end, none of them twice; what makes no sense is looked at and left."""
        asked: set[Question] = set()
        while True:
            question = self.view.question(self.year)
            if question not in asked and self.sensible(question):
                asked.add(question)
                self.seen.append(self.view)
                yield question
            else:
                self.view = self.seen[-1]
            self.view = self._next()

    def _next(self) -> View:
        made: dict[str, Callable[[], View]] = {
            "break down": self._broken_down, "filter": self._filtered, "another value": self._another_value,
            "no filter": lambda: replace(self.view, filters={}), "another place": self._elsewhere,
            "two schools": lambda: replace(self.view, places=tuple(sorted(self._some(self.schools, 2)))),
            "another measure": self._measured, "come back": self._back,
        }  # fmt: skip
        return made[self._one(list(MOVES), list(MOVES.values()))]()

    def _broken_down(self) -> View:
        """By one column, now and then by none or two; a filter of the same column goes."""
        number = int(self.draw.choice([0, 1, 2], p=[0.08, 0.8, 0.12]))
        weights = np.array(list(BY.values())) / sum(BY.values())
        chosen = [str(name) for name in self.draw.choice(list(BY), number, replace=False, p=weights)]
        if {KEY_STAGE, "nc_year"} <= set(chosen):
            chosen.remove("nc_year")
        if self.view.measure.startswith("ks2"):  # all of one year group
            chosen = [name for name in chosen if name not in (KEY_STAGE, "nc_year")]
        used = {"nc_year" if name == KEY_STAGE else name for name in chosen}
        kept = {name: values for name, values in self.view.filters.items() if name not in used}
        return replace(self.view, by=tuple(chosen), filters=kept)

    def _filtered(self) -> View:
        """One filter more, two at most."""
        free = self._free()
        if not free or len(self.view.filters) == 2:
            return replace(self.view, filters={})
        weights = [FILTER_WEIGHTS[list(FILTERS).index(name)] for name in free]
        name = self._one(free, weights)
        return replace(self.view, filters={**self.view.filters, name: self._value(name)})

    def _free(self) -> list[str]:
        used = {"nc_year" if name == KEY_STAGE else name for name in (*self.view.by, *self.view.filters)}
        free = [name for name in FILTERS if name not in used]
        return [name for name in free if name != "nc_year" or not self.view.measure.startswith("ks2")]

    def _another_value(self) -> View:
        if not self.view.filters:
            return self._filtered()
        name = self._one(sorted(self.view.filters))
        return replace(self.view, filters={**self.view.filters, name: self._value(name)})

    def _value(self, name: str) -> tuple[str, ...]:
        return FILTERS[name][int(self.draw.integers(len(FILTERS[name])))]

    def _elsewhere(self) -> View:
        return replace(self.view, places=(self._place(),))

    def _place(self) -> str:
        return self.la_code if self.draw.random() < AT_AUTHORITY else self._one(self.schools)

    def _measured(self) -> View:
        """Another measure, three times in four of the same topic."""
        topic = next(name for name, measures in TOPICS.items() if self.view.measure in measures)
        measure = self._of_topic(topic if self.draw.random() < 0.75 else self._topic())
        if not measure.startswith("ks2"):
            return replace(self.view, measure=measure)
        by = tuple(name for name in self.view.by if name not in (KEY_STAGE, "nc_year"))
        filters = {name: values for name, values in self.view.filters.items() if name != "nc_year"}
        return replace(self.view, measure=measure, by=by, filters=filters)

    def _back(self) -> View:
        """To where an earlier view was, without filters."""
        return replace(self.seen[int(self.draw.integers(len(self.seen)))], filters={})

    def _topic(self) -> str:
        return self._one(list(TOPICS), TOPIC_WEIGHTS)

    def _of_topic(self, topic: str) -> str:
        return self._one(TOPICS[topic], 1 / np.arange(1, len(TOPICS[topic]) + 1))

    def _one(self, some: Sequence[str], weights: Sequence[float] | Any = None) -> str:
        share = None if weights is None else np.asarray(weights, dtype=np.float64) / np.sum(weights)
        return str(some[int(self.draw.choice(len(some), p=share))])

    def _some(self, some: Sequence[str], number: int) -> list[str]:
        return [str(one) for one in self.draw.choice(some, number, replace=False)]


class Attacker(Analyst):
    """Someone who asks for what leaves a small group over: a group, then the group without one value of a column."""

    def questions(self) -> Iterator[Question]:
        """A group at a place; the same less one value of one column; of the authority's, schools one by one."""
        asked: set[Question] = set()
        while True:
            for view in self._aimed():
                question = view.question(self.year)
                if question not in asked:
                    asked.add(question)
                    yield question

    def _aimed(self) -> list[View]:
        """Views that differ by one small group: of one measure, which stays for as long as the topic's are linked."""
        if self.draw.random() < 0.25:
            self.view = replace(self.view, measure=self._measured().measure, filters={})
        place = self.la_code if self.draw.random() < 0.35 else self._one(self.schools)
        base = replace(self.view, places=(place,), by=(), filters=self._cohort())
        name = self._one([one for one in FILTERS if one not in base.filters and one != "nc_year"])
        values = list(closed_list(name))
        less = [value for value in values if value != self._one(values)]
        part = replace(base, filters={**base.filters, name: tuple(less)})
        if place != self.la_code or self.draw.random() < 0.6:
            return [base, part, *self._crossed(base, name)]
        few = self._some(self.schools, 2)
        return [base, *(replace(base, places=(school,)) for school in self.schools if school not in few[:1])]

    def _crossed(self, base: View, name: str) -> list[View]:
        by = replace(base, by=(name,))
        return [by] if self.draw.random() < 0.5 else []

    def _cohort(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name in self._some(["sen_provision", "sex", "fsm_status"], int(self.draw.integers(1, 3))):
            found[name] = self._value(name)
        if not self.view.measure.startswith("ks2") and self.draw.random() < 0.3:
            found["nc_year"] = key_stages()[self._one([one[0] for one in FILTERS["nc_year"]])]
        return found


def sequence(
    kind: str, seed: int, year: str, la_code: str, schools: Sequence[str], length: int, sensible: Sensible
) -> list[Question]:
    """The questions of a seed, none of them twice; `sensible`: whether an analyst would take a view away."""
    who = {"realistic": Analyst, "hostile": Attacker}[kind](seed, year, la_code, schools, sensible)
    questions = who.questions()
    return [next(questions) for _ in range(length)]
