"""The kinds of output, each with its rule and audience: `sendlab/disclosure/outputs.toml`, read and checked."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sendlab.errors import GateError

AUDIENCES = ("analyst", "school", "board", "public")


@dataclass(frozen=True)
class OutputKind:
    """One kind of output: who may have it, under which rule, in which files, and what makes it.

    `made_by` names functions and classes as room.name (charts.svg); where nothing makes this kind yet, `not_yet`.
    """

    name: str
    audience: tuple[str, ...]
    rule: str
    files: tuple[str, ...] = ()
    made_by: tuple[str, ...] = ()
    not_yet: bool = False


@cache
def output_kinds() -> dict[str, OutputKind]:
    """{name: kind of output}, in the order of the file.

    >>> output_kinds()["group chart"].audience
    ('school', 'board', 'public')
    """
    found: dict[str, OutputKind] = {}
    for given in _declared()["kind"]:
        fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
        kind = OutputKind(**fields)
        if kind.name in found or not kind.rule or not kind.audience or set(kind.audience) - set(AUDIENCES):
            raise ValueError(f"kind of output '{kind.name}': named twice, or without a rule or a known audience")
        found[kind.name] = kind
    return found


@cache
def makes_nothing() -> dict[str, str]:
    """{package.name: why} of public functions and classes of the rooms above that make no output of their own."""
    return dict(_declared()["makes_nothing"])


@cache
def _declared() -> dict[str, Any]:
    return tomllib.loads((files("sendlab.disclosure") / "outputs.toml").read_text(encoding="utf-8"))


def rule_of(name: str) -> OutputKind:
    """The rule of a kind of output; `GateError` where it has none: a kind without a rule cannot be published."""
    if name not in output_kinds():
        raise GateError(
            f"there is no rule for outputs of the kind '{name}': a kind without a rule cannot be published",
            next_step="declare it with its rule and audience in sendlab/disclosure/outputs.toml",
        )
    return output_kinds()[name]


def has_rule(suffix: str) -> bool:
    """Whether some kind of output is written to files with this ending.

    >>> has_rule(".html"), has_rule(".exe")
    (True, False)
    """
    return any(suffix.lower() in kind.files for kind in output_kinds().values())
