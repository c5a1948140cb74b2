"""Pages follow declarations, links lead somewhere, the checklist names tests, and nothing made here is committed."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def made_pages():
    spec = importlib.util.spec_from_file_location("docs_tool", ROOT / "tools" / "docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PAGES


@pytest.mark.parametrize("name", ["tables.md", "measures.md", "checklist-measures.md", "questions.md"])
def test_a_made_page_is_as_the_declarations_say(name):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == made_pages()[name](), "run python tools/docs.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!http|#)([^)#]+)", text)
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_checklist_names_files_and_tests_that_exist():
    text = (ROOT / "docs" / "checklist.md").read_text(encoding="utf-8")
    names = re.findall(r"`((?:sendlab|tests|notebooks|data)/[\w./*-]+)`", text)
    assert len(names) > 20
    assert [name for name in names if not list(ROOT.glob(name))] == []


def test_nothing_that_a_workspace_makes_is_committed():
    """A clone with a log of answers would give these answers to whoever asks, whatever the data."""
    tracked = subprocess.run(["git", "ls-files", "--cached", "--ignored", "--exclude-standard"], cwd=ROOT,
                             capture_output=True, text=True, check=True)  # fmt: skip
    assert tracked.stdout.splitlines() == []
