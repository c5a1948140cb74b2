"""Places x notebooks as reports: the plan is data, `execute.execute` is the one seam behind which a notebook runs."""

from importlib import import_module
from typing import Any

# Nothing is imported before it is asked for: every worker and every kernel imports this, and so does the command line.
_HOME = {
    "NOTEBOOKS": "plan", "Outcome": "outcome", "RunOptions": "options", "RunResult": "batch", "Task": "plan",
    "Wanted": "batch", "check_parameters": "plan", "compare_runs": "diff", "make_plan": "plan", "planned": "batch",
    "run": "batch", "write_plans": "school_plans",
}  # fmt: skip

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sendlab.runs' has no attribute '{name}'")
    return getattr(import_module(f"sendlab.runs.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOME)
