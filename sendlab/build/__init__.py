"""Everything once: facts, measures, published figures; and the workspace that notebooks open.

Each is imported when it is first used: who opens a workspace needs nothing that makes its figures.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "BuildResult": "made", "OpenWorkspace": "opened", "audit_workspace": "audited", "build": "made",
    "open_workspace": "opened", "visible_by_measure": "visible", "visible_by_release": "visible",
    "visible_lines": "visible",
}  # fmt: skip

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sendlab.build' has no attribute '{name}'")
    return getattr(import_module(f"sendlab.build.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
