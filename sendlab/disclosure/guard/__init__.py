"""The query guard: questions answered for an audience, judged with everything that was released to it before."""

from sendlab.disclosure.guard.answering import Answer, answer
from sendlab.disclosure.guard.ladder import ladder
from sendlab.disclosure.guard.log import Entry, Log, add_to_log, read_log
from sendlab.disclosure.guard.question import ASKABLE, COLUMNS, KEY_STAGE, Question, ask, closed_list

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
    "read_log",
]
