"""Published figures in, files out: reports, the board's pack, workbook, open data. Nothing here takes anything else.

Each is imported when it is first used.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "FileInUse": "files",
    "write_board_page": "board_page",
    "write_board_pdf": "board_pdf",
    "write_forms": "forms",
    "write_improvement_plan": "improvement_plan",
    "write_open_data": "open_data",
    "write_report": "html",
    "write_slides": "slides",
    "write_workbook": "workbook",
}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sendlab.publish' has no attribute '{name}'")
    return getattr(import_module(f"sendlab.publish.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
