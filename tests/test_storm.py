"""A short storm of kill -9 on a run and its processes; the long one is a part of `make soak`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import soak_runs


@pytest.fixture(scope="module")
def undisturbed(sample_workspace, tmp_path_factory):  # the clone is given the store of the sample workspace
    space = soak_runs.make_space(tmp_path_factory.mktemp("storm") / "la")
    reports = soak_runs.finish(space)
    assert len(reports) == (1 + 2) * 8 * 2  # the LA once, the school in two editions: six reports with their notebooks
    return space, reports


def test_kills_at_random_moments_cost_no_report(undisturbed):
    space, reports = undisturbed
    assert soak_runs.storm(space, reports, seed=7, kills=2) == []


def test_a_torn_or_foreign_report_and_a_torn_register_are_found(undisturbed):
    """What the storm looks for is seen when it is there."""
    space, reports = undisturbed
    page = space / "reports" / "202526" / "board" / "999" / "progress.html"
    whole = page.read_bytes()
    page.write_bytes(whole[: len(whole) // 2])
    assert soak_runs.reports_of(space) != reports
    page.write_bytes(whole)
    register = space / "reports" / "runs" / "made.jsonl"
    text = register.read_text(encoding="utf-8")
    register.write_text(text[:50] + "\n" + text, encoding="utf-8")
    assert soak_runs._register_faults(space) == ["line 1 of the register is torn"]
    register.write_text(text, encoding="utf-8")
