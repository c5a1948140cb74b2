"""The query guard: questions answered for an audience, judged with everything that was released to it before.

What judges is imported when it is first used: charts and sentences know questions, and ask none.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sendlab.disclosure.guard.ladder import ladder
from sendlab.disclosure.guard.question import ASKABLE, COLUMNS, KEY_STAGE, Question, ask, closed_list

if TYPE_CHECKING:
    from sendlab.disclosure.guard.answering import Answer, answer
    from sendlab.disclosure.guard.log import Entry, Log, add_to_log, read_log
    from sendlab.disclosure.guard.pattern import of_few_people

_HOME = {
    **dict.fromkeys(("Answer", "answer"), "answering"),
    **dict.fromkeys(("Entry", "Log", "add_to_log", "read_log"), "log"),
    "of_few_people": "pattern",
}

__all__ = [
    "ASKABLE",
    "COLUMNS",
    "KEY_STAGE",
    "Answer",
    "Entry",
    "Log",
    "Question",
    "add_to_log",
    "answer",
    "ask",
    "closed_list",
    "ladder",
    "of_few_people",
    "read_log",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sendlab.disclosure.guard' has no attribute '{name}'")
    return getattr(import_module(f"sendlab.disclosure.guard.{_HOME[name]}"), name)
