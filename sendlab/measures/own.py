"""A workspace's own measures: the functions in its folder `measures/`, run beside the package's.

They are code of the authority's own, which is trusted as a notebook is: it runs with all rights of who builds. What
goes wrong in it is told with its file and line, and never with a value.
"""

import inspect
import traceback
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from sendlab.errors import SendlabError, WorkspaceProblem, did_you_mean
from sendlab.measures.inputs import READ, Inputs, read_inputs
from sendlab.measures.of_facts import with_parts
from sendlab.measures.own_rows import as_own_rows
from sendlab.metrics.cards import card
from sendlab.metrics.grouping import either_kind
from sendlab.metrics.publication import declared
from sendlab.schema import own
from sendlab.schema.own_tables import GUIDE, fault
from sendlab.schema.tables import TABLES
from sendlab.workspace import find_workspace

FACTS, PLACES, DAY = "facts", "places", "day"
Function = Callable[..., Any]


@own.of_workspace
@cache
def own_measure(name: str) -> Function:
    """The function of an own measure of the workspace in use, for pandas and polars. Its own errors come through.

    Errors: SendlabError for a name that is none, WorkspaceProblem for a file that cannot be run.
    """
    known = own.in_use().cards
    if name not in known:
        hint = did_you_mean(name, known, f"there are: {', '.join(known) or 'none; they lie in ' + own.FOLDER}")
        raise SendlabError(f"this workspace has no own measure '{name}'", next_step=hint)
    file = own.in_use().code_of(name)
    module = ModuleType(f"{own.FOLDER}.{name}")
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)
    except SyntaxError as problem:
        raise fault(file.name, f"line {problem.lineno}: {problem.msg}", "correct that line") from None
    except Exception as problem:  # noqa: BLE001 - whatever it raises
        raise _failed(name, problem) from None
    found = getattr(module, name, None)
    if not inspect.isfunction(found):
        raise fault(file.name, f"it has no function '{name}'", f"write: def {name}(facts, *, by=BREAKDOWNS, ...)")
    _check_parameters(name, found)
    made: Function = either_kind(found)
    return made


def try_measure(name: str, start: Path | str | None = None, *, pandas: bool = False, **options: Any) -> Any:
    """Measure rows of an own measure from the store as it is, built or not: for writing one, on your own screen.

    `start`: a folder in or below the workspace (default: the current one); `options` go to the function, such as
    `by=["sex"]`. Nothing is protected. Errors of the function come through whole; others as of `own_measure`.
    """
    space = find_workspace(start)
    metric, takes = own_measure(name), _parameters(name)
    given = _given(read_inputs(space))
    rows = metric(*(given[one] for one in takes), **options)
    return rows.to_pandas() if pandas else rows


def require_own_measures() -> None:
    """Everything that can be said of own files before anything is made: cards, published tables, functions."""
    declared()
    for name in own.in_use().cards:
        own_measure(name)


def own_of_facts(inputs: Inputs) -> Iterator[list[pl.DataFrame]]:
    """Own measures that look at facts, of the year and of its parts as their cards declare."""
    return (_rows(name, inputs) for name in own.in_use().cards if FACTS in _parameters(name))


def own_of_tables(inputs: Inputs) -> Iterator[list[pl.DataFrame]]:
    """Own measures of tables without pupils of facts."""
    return (_rows(name, inputs) for name in own.in_use().cards if FACTS not in _parameters(name))


def _rows(name: str, inputs: Inputs) -> list[pl.DataFrame]:
    metric, takes, given = _guarded(name), _parameters(name), _given(inputs)
    if any(inputs.tables[one].is_empty() for one in takes if one in own.in_use().tables):
        return []  # nothing has come in for it yet: its card says so in a line "not collected"
    year = [metric(*(given[one] for one in takes), by=None)]
    return with_parts(year, (metric,), inputs) if takes == [FACTS] else year


def _given(inputs: Inputs) -> dict[str, Any]:
    """What a function may take, by the name of its parameter."""
    return {FACTS: inputs.counted, PLACES: inputs.places_of_la, DAY: inputs.day, **inputs.tables}


def _guarded(name: str) -> Function:
    """The function as build calls it: measure rows of this measure come out, or an error without a value."""
    metric = own_measure(name)
    takes_by = "by" in inspect.signature(metric).parameters

    def made(*args: Any, by: Any) -> pl.DataFrame:
        try:
            rows = metric(*args, by=by) if takes_by else metric(*args)
        except SendlabError:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever it raises
            raise _failed(name, problem) from None
        return as_own_rows(rows, card(name))

    made.__name__ = name
    return made


def _parameters(name: str) -> list[str]:
    """What a function takes, in order; options are left out."""
    return _positional(own_measure(name))


def _positional(function: Function) -> list[str]:
    may = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [one.name for one in inspect.signature(function).parameters.values()
            if one.kind in may and one.default is one.empty]  # fmt: skip


def _check_parameters(name: str, function: Function) -> None:
    """It takes what build can give, options have defaults, and what is about pupils says so on its card."""
    file, takes = own.in_use().code_of(name).name, _positional(function)
    known = {FACTS, PLACES, DAY, *readable()}
    for one in inspect.signature(function).parameters.values():
        may_be_left_out = one.default is not one.empty or one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        if one.name not in known and not may_be_left_out:
            raise fault(file, f"'{name}' takes '{one.name}', which is no table",
                        did_you_mean(one.name, known, "take facts, places, day, or tables by their names"))  # fmt: skip
    if not takes or takes[0] == DAY:
        raise fault(file, f"'{name}' takes no table", f"write: def {name}(facts, *, by=BREAKDOWNS, ...)")
    about = card(name)
    of_pupils = [one for one in takes if one == FACTS or (one in TABLES and TABLES[one].pupil_level)]
    if of_pupils and not about.of_people:
        raise fault(f"{name}.toml", f"it counts schools (subject), and its function looks at pupils ({of_pupils[0]})",
                    'write subject = "pupil": figures about schools are published without protection')  # fmt: skip
    if about.periods != ("year",) and takes != [FACTS]:
        raise fault(f"{name}.toml", "terms and half terms are made for functions of facts alone",
                    f'write periods = ["year"]; how: {GUIDE}')  # fmt: skip


def readable() -> list[str]:
    """Tables that a function may take by their names: those that measures are made from, and the workspace's own."""
    return [*READ, *own.in_use().tables]


def _failed(name: str, problem: Exception) -> WorkspaceProblem:
    """What a function raised: kind and line only, since the words of pandas and polars quote values."""
    file = own.in_use().code_of(name)
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == str(file)]
    where = f", line {lines[-1]}" if lines else ""
    return fault(f"{file.name}{where}", f"it stopped with {type(problem).__name__}",
                 f"call it in a notebook to see more: sendlab.try_measure('{name}')")  # fmt: skip
