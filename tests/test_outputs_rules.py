"""Every kind of output has a rule: each public function of the rooms that make outputs is declared; the page tells."""

import importlib
from pathlib import Path

import pytest

from sendlab.errors import GateError
from sendlab.publish.scan_rules import AUDIENCES, has_rule, makes_nothing, output_kinds, rule_of

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("charts", "explore", "narrate", "publish", "runs", "tables")
ANALYST_ONLY = ("manifest", "run difference", "log", "data-quality report", "run outcome", "failed notebook")


def public_names() -> set[str]:
    return {f"{room}.{name}" for room in ROOMS for name in importlib.import_module(f"sendlab.{room}").__all__}


def made() -> set[str]:
    return {name for kind in output_kinds().values() for name in kind.made_by}


def test_every_public_name_makes_a_kind_with_a_rule_or_nothing():
    """A new function or class fails here until its kind is declared in outputs.toml."""
    assert sorted(public_names() - made() - set(makes_nothing())) == []


def test_what_is_declared_is_there_and_declared_once():
    assert sorted((made() | set(makes_nothing())) - public_names()) == []
    assert made() & set(makes_nothing()) == set()


def test_a_new_function_would_be_missed_by_nobody(monkeypatch):
    charts = importlib.import_module("sendlab.charts")
    monkeypatch.setattr(charts, "__all__", [*charts.__all__, "plot_new"])
    assert public_names() - made() - set(makes_nothing()) == {"charts.plot_new"}


@pytest.mark.parametrize("name", list(output_kinds()))
def test_a_kind_has_a_rule_and_an_audience(name):
    kind = rule_of(name)
    assert len(kind.rule) > 20 and kind.rule.endswith(".")
    assert kind.audience and set(kind.audience) <= set(AUDIENCES)
    assert not (kind.not_yet and kind.made_by)


@pytest.mark.parametrize("name", ANALYST_ONLY)
def test_what_governance_keeps_to_the_analyst(name):
    assert rule_of(name).audience == ("analyst",)


def test_only_an_analyst_sees_an_own_view_alone():
    assert rule_of("figure, own view").audience == ("analyst",)


def test_a_kind_without_a_rule_cannot_be_published():
    with pytest.raises(GateError, match="a kind without a rule cannot be published"):
        rule_of("hologram")
    assert not has_rule(".exe") and has_rule(".HTML")


def test_every_kind_of_file_that_is_published_can_be_looked_through():
    from sendlab.publish import scan

    files = {ending for kind in output_kinds().values() for ending in kind.files}
    assert files <= set(scan._READERS)


def test_the_page_lists_every_kind_with_its_rule():
    text = (ROOT / "docs" / "disclosure.md").read_text(encoding="utf-8").split("<!-- outputs -->\n")[1]
    head = ["| kind | audience | rule |", "|---|---|---|"]
    lines = [
        f"| {kind.name}{' (*later*)' if kind.not_yet else ''} | {', '.join(kind.audience)} | {kind.rule} |"
        for kind in output_kinds().values()
    ]
    assert text.splitlines() == [*head, *lines]
