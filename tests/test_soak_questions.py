"""The attack on sequences of questions finds what answers without a guard give away, and nothing in guarded ones."""

import sys
from pathlib import Path

import polars as pl
import pytest
from hand_made import ELM, facts

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import question_atoms
import question_attack
import question_reader
import question_sequences
import soak_questions

from sendlab import metrics
from sendlab.disclosure import publish
from sendlab.disclosure.guard import ask

YEAR, LA = "202526", "999"
# {school: pupils of (girls, boys) with an EHC plan, at SEN support, with no SEN}
SCHOOLS = {
    "100001": ((6, 9), (9, 16), (30, 30)), "100002": ((2, 9), (9, 13), (30, 30)), "100003": ((6, 9), (12, 8), (30, 30)),
    "100004": ((7, 11), (9, 13), (40, 30)),
}  # fmt: skip
PROVISIONS = ("EHC plan", "SEN support", "No SEN")


@pytest.fixture(scope="module")
def here() -> soak_questions.Sample:
    """Four schools, of whom the board was told absence by provision; of ten pupils three miss a fifth of sessions."""
    pupils = [
        {**ELM, "school_id": place, "place_code": place, "place_name": f"School {place}", "sen_provision": provision,
         "sex": sex, "fsm_status": "FSM eligible" if at % 3 else "FSM not eligible", "possible": 100,
         "missed": 20 if at % 10 < 3 else 1}
        for place, groups in SCHOOLS.items() for provision, both in zip(PROVISIONS, groups, strict=True)
        for sex, number in zip(("Female", "Male"), both, strict=True) for at in range(number)
    ]  # fmt: skip
    data = facts(*pupils)
    rows = metrics.absence(data, by=["sen_provision"])
    levels = pl.col("geographic_level").is_in(["School", "Local authority"])
    published = publish(rows.filter(levels, pl.col("comparator") == ""), run_id="test")
    return soak_questions.Sample(data, published, YEAR, LA, tuple(SCHOOLS))


# The authority's girls with a plan less those of three schools: two girls of school 100002.
GIRLS_WITH_PLANS = [ask("absence", YEAR, place, by=["sex"], sen_provision="EHC plan")
                    for place in (LA, "100001", "100003", "100004")]  # fmt: skip


def test_without_a_guard_the_attack_recovers_the_girls_of_the_one_school_that_was_never_asked_about(here):
    looked_at, recovered = soak_questions.attacked(here, soak_questions.unguarded(here, GIRLS_WITH_PLANS))
    outsider = {(one.place, one.words, one.width) for one in recovered if one.reader == ""}
    girls = "sen_provision EHC plan, sex Female"
    assert any(place == "100002" and girls in words and width == 0 for place, words, width in outsider)
    assert looked_at > 0 and all(one.before > one.width for one in recovered)


def test_a_school_that_knows_its_own_pupils_needs_one_answer_less(here):
    answers = soak_questions.unguarded(here, GIRLS_WITH_PLANS[:3])  # 100004 was not asked about
    _, recovered = soak_questions.attacked(here, answers)
    readers = {one.reader for one in recovered if one.place == "100002"}
    assert "100004" in readers and "" not in readers


def test_with_the_guard_nothing_is_recovered_and_something_is_answered(here):
    answers = soak_questions.asked(here, GIRLS_WITH_PLANS)
    assert soak_questions.attacked(here, answers)[1] == []
    assert any(rows is not None for _, rows in answers)


def test_that_nobody_else_is_counted_is_no_count_of_few(here):
    """Of two girls with a plan at 100002 the school itself learns nothing, another school does."""
    group = (("sen_provision", ("EHC plan",)), ("sex", ("Female",)))
    atoms = question_atoms.Atoms(here.facts, ["absence"], {group})
    girls = atoms.inside(group) & atoms.at("100002")
    count = question_reader.Target("100002", "girls", girls.tobytes(), ((question_atoms.PEOPLE, 1.0),), 4.0)
    assert atoms.true[question_atoms.PEOPLE][girls].sum() == 2
    assert question_attack._own(atoms, count, ~atoms.at("100002"))
    assert not question_attack._own(atoms, count, ~atoms.at("100004"))


def test_sequences_are_of_a_seed_and_ask_nothing_twice():
    taken: list[list[str]] = []
    for kind in question_sequences.KINDS:
        one, again, other = (
            question_sequences.sequence(kind, seed, YEAR, LA, tuple(SCHOOLS), 30, lambda _: True) for seed in (1, 1, 2)
        )
        assert one == again != other and len(set(one)) == 30
        taken.append([question.measure for question in one])
    assert taken[0] != taken[1]


def test_views_of_few_pupils_are_not_taken_away(here):
    of = {place: ask("absence", YEAR, place, by=["sex"], sen_provision="EHC plan") for place in (LA, "100001")}
    assert [soak_questions.worth_taking(here, one) for one in of.values()] == [True, False]  # 59 pupils, and 15


def test_one_seed_of_the_soak_is_asked_judged_and_told_in_words(here, monkeypatch):
    monkeypatch.setattr(soak_questions, "sample", lambda: here)
    monkeypatch.setattr(soak_questions, "LENGTH", 3)
    good, said, figures = soak_questions.judged(range(1, 2))
    kind, asked, refused, shown, *_ = figures["sequences"]["1"]
    assert (kind, asked) == ("realistic", 3) and good == (refused < 2) and shown > 0
    assert "0 of" in said and "refused" in said
