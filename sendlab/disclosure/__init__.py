"""The gate: figures are protected and rounded here, and nothing reaches a page or a file without it.

Each name is imported when it is first used: a run that reads published figures needs nothing of what protects them.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "HIDDEN": "published",
    "OWN_VIEW_MARK": "published",
    "Asked": "asked",
    "OwnView": "published",
    "Published": "published",
    "ask_published": "asked",
    "hidden_summary": "usefulness",
    "own_figures": "own",
    "publish": "release",
    "require_published": "published",
    "require_view": "published",
    "school_edition": "editions",
    "visible_share": "usefulness",
}
__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sendlab.disclosure' has no attribute '{name}'")
    return getattr(import_module(f"sendlab.disclosure.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOME)
