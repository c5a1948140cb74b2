"""Imports run downwards only: no room of the house knows of a room above it."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "sendlab"
# From the ground up; rooms of one line may know one another. Below: the order of docs/architecture.md.
FLOORS = (
    {"errors", "codes", "pseudonyms", "schema"},
    {"stats"},
    {"sources"},
    {"forms"},
    {"sample"},
    {"settings", "schedule_settings"},
    {"workspace"},
    {"locks", "store"},
    {"admission", "coverage", "from_sessions", "governance", "resolve", "sessions"},
    {"ingest"},
    {"facts"},
    {"cohort"},
    {"metrics"},
    {"compare"},
    {"disclosure", "measures"},
    {"budget", "build"},
    {"narrate"},
    {"describe", "tables"},
    {"board"},
    {"charts"},
    {"publish"},
    {"check"},
    {"runs", "explore"},
    {"cli"},
    {"__main__"},
)
# Cards are data that words and pictures read; they stand in metrics/cards.py, and know nothing but errors.
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
HEAVY = {"altair": "charts", "ipywidgets": "explore", "papermill": "runs", "nbconvert": "publish"}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_every_room_has_its_floor():
    rooms = {room_of(path) for path in ROOT.rglob("*.py")} - {"__init__"}
    assert rooms == set(LEVEL)


def test_imports_run_downwards_only():
    upwards = [
        f"{path.relative_to(ROOT).as_posix()} imports {name}"
        for path in ROOT.rglob("*.py")
        if room_of(path) != "__init__"
        for name in imports(path)
        if name.startswith("sendlab.") and name.split(".")[1] in LEVEL
        and LEVEL[name.split(".")[1]] > LEVEL[room_of(path)]
    ]  # fmt: skip
    assert upwards == []


def test_heavy_packages_stay_above_their_floor():
    low = [
        f"{path.relative_to(ROOT).as_posix()} imports {name}"
        for path in ROOT.rglob("*.py")
        for name in imports(path)
        if (top := name.split(".")[0]) in HEAVY and LEVEL.get(room_of(path), 0) < LEVEL[HEAVY[top]]
    ]
    assert low == []


def test_what_attacks_the_publication_knows_nothing_of_what_protects_it():
    """An attack that shared a solver or a list of sums with protection would share its mistakes."""
    disclosure = ROOT / "disclosure"
    for one, other in (("audit", "protect"), ("protect", "audit")):
        modules = list((disclosure / one).rglob("*.py"))
        shared = [
            f"{path.relative_to(ROOT).as_posix()} imports {name}"
            for path in modules
            for name in imports(path)
            if name.startswith(f"sendlab.disclosure.{other}")
        ]
        assert len(modules) > 10 and shared == []


def test_every_folder_of_modules_is_in_the_package():
    declared = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {path.parent.relative_to(ROOT.parent).as_posix().replace("/", ".") for path in ROOT.rglob("__init__.py")}
    assert set(declared["tool"]["setuptools"]["packages"]) == folders | {"sendlab.notebooks"}
