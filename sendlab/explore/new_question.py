"""A notebook from a question: the template (question_notebook.toml) filled in, written and never over another one."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from sendlab.disclosure.guard.question import names_of
from sendlab.disclosure.guard.words import by_words
from sendlab.errors import SendlabError
from sendlab.explore.notes import limits_of
from sendlab.explore.selection import Selection
from sendlab.metrics.cards import card
from sendlab.narrate.answers import cohort_words, column_of, value_words
from sendlab.publish.notebook import empty_notebook, new_cell, write_notebook
from sendlab.workspace import own_notebooks

_LONGEST = 60  # characters of a file's name made from a question
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
ABOUT = "Made by `sendlab new`. Say who asks it and for which meeting, and finish the words below."


def notebook_name(question: str) -> str:
    """A file's name made from a question.

    >>> notebook_name("Do pupils with SLCN in Year 7 miss more sessions than in Year 6?")
    'do_pupils_with_slcn_in_year_7_miss_more_sessions_than_in'
    """
    words = re.sub(r"[^a-z0-9]+", " ", question.casefold()).split()
    name = ""
    for word in words:
        if len(name) + len(word) + 1 > _LONGEST:
            break
        name = f"{name}_{word}" if name else word
    return name if _NAME.fullmatch(name) else f"question_{name}".rstrip("_")


def write_question(root: Path, ask: str, chosen: Selection, *, name: str = "", read_with: str = "") -> Path:
    """Write the notebook of a question into the workspace's folder `notebooks`; returns its path.

    `chosen` holds the place and period that the notebook starts with. Errors: SendlabError where a notebook of this
    name is there, or where the selection has filters of the own screen.
    """
    if chosen.on_screen:
        raise SendlabError(
            f"filters of your own screen ({', '.join(n for n, _ in chosen.on_screen)}) are in no figures that leave it",
            next_step="leave them out: --without-own-filters",
        )
    wanted = name.removesuffix(".ipynb") or notebook_name(ask)
    target = root / "notebooks" / f"{wanted}.ipynb"
    _require_free(wanted, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_notebook(question_notebook(ask, chosen, read_with=read_with), target)
    return target


def _require_free(name: str, target: Path) -> None:
    if not _NAME.fullmatch(name):
        raise SendlabError(f"'{name}' is no name for a notebook", next_step="use small letters, digits and _")
    if target.exists() or (own_notebooks() / target.name).exists():
        raise SendlabError(f"there is a notebook '{target.name}' already", next_step="give another: --name NAME")


def question_notebook(ask: str, chosen: Selection, *, read_with: str = "") -> Any:
    """The notebook of a question as a node, without outputs."""
    asked = chosen.question
    terms: dict[str, Any] = {"measure": asked.measure, "by": list(asked.by)}
    terms |= {name: value for name, value in (("compare", chosen.compare), ("part", asked.part)) if value}
    who = {name: names_of(name, values) for name, values in asked.filters} | dict(chosen.only)
    words = {
        "ask": ask, "about": ABOUT, "place": asked.places[0], "time_period": asked.time_period,
        "question": _arguments(terms),
        "who": _arguments({name: values[0] if len(values) == 1 else list(values) for name, values in who.items()}),
        "limits": "\n".join(f"- {text}" for text in [*([read_with] if read_with else []), *limits_of(chosen)]),
    }  # fmt: skip
    given = tomllib.loads((files(__package__) / "question_notebook.toml").read_text(encoding="utf-8"))["cell"]
    made = empty_notebook()
    made.metadata.update(kernelspec=_KERNEL, language_info={"name": "python"})
    made.cells = [_cell(number, cell, words) for number, cell in enumerate(given)]
    return made


def _arguments(given: Mapping[str, Any]) -> str:
    """The arguments of a call, as they are typed; JSON writes text and lists of it as Python does."""
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in given.items())


def _cell(number: int, given: Mapping[str, str], words: Mapping[str, str]) -> Any:
    kind = "text" if "text" in given else "code"
    made = new_cell("markdown" if kind == "text" else "code", Template(given[kind].strip("\n")).substitute(words))
    made.id = f"cell-{number}"
    if "tag" in given:
        made.metadata["tags"] = [given["tag"]]
    return made


def question_words(chosen: Selection) -> str:
    """A question for a selection that came without one, such as a view saved in the explorer."""
    asked = chosen.question
    return f"{', '.join([f'{card(asked.measure).title}: how do {cohort_words(asked)} fare', *by_words(asked)])}?"


def told(chosen: Selection) -> Sequence[str]:
    """What a selection asks, line by line, for whoever is to confirm it."""
    asked = chosen.question
    names = [value_words(name, value) for name, values in chosen.only for value in values]
    compare = value_words(column_of(asked.by[0]), chosen.compare) if asked.by else chosen.compare
    lines = {
        "measure": f"{card(asked.measure).title} ({asked.measure})",
        "who": cohort_words(asked),
        "by": " ".join(by_words(asked)).removeprefix("by ") or "nothing: the cohort alone",
        "told of": ", ".join(names),
        "compared with": compare,
        "part of the year": asked.part,
        "period": asked.time_period,
    }
    return [f"  {name:<17} {text}" for name, text in lines.items() if text]
