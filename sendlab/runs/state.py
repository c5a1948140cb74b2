"""What a notebook may change in the process that runs it, noted before and put back afterwards.

Names of a notebook die with its shell. Beyond them: environment, working folder, import path, warnings, random seeds,
options of the libraries, and the attributes of all modules and of the classes that figures and charts are made with.
Where a notebook runs in a forked child this is a second line; where there is no fork it is the only one, and what it
cannot see (the inside of foreign objects) ends when the worker is replaced.
"""

import builtins
import copy
import locale
import logging
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from altair.utils.plugin_registry import PluginRegistry
from pandas._config import config as pandas_config

# Packages whose classes are looked at too, and of whose constants (dicts, lists, sets) the content is put back.
_CLASSES = ("sendlab", "polars", "altair.vegalite.v6.api", "altair.utils")
_CONSTANTS = ("sendlab",)
_LEFT = "sendlab.runs.state"


@contextmanager
def state_restored() -> Iterator[None]:
    """Put back, at the end, whatever changed in this process in between; see the module's first lines."""
    with ExitStack() as stack:
        for note in (_process, _python, _options, _modules):
            stack.callback(note())
        stack.enter_context(warnings.catch_warnings())
        yield


def _process() -> Callable[[], None]:
    """Environment, working folder, locale."""
    environment, folder, here = dict(os.environ), Path.cwd(), locale.setlocale(locale.LC_ALL)

    def restore() -> None:
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        os.environ.update({name: value for name, value in environment.items() if os.environ.get(name) != value})
        os.chdir(folder)
        locale.setlocale(locale.LC_ALL, here)

    return restore


def _python() -> Callable[[], None]:
    """Import path, hooks, log level, recursion limit, random seeds."""
    path, hooks = list(sys.path), {name: getattr(sys, name) for name in ("displayhook", "excepthook", "unraisablehook")}
    argv, depth, root = list(sys.argv), sys.getrecursionlimit(), logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    seeds, numpy_seeds = random.getstate(), np.random.get_state()

    def restore() -> None:
        sys.path[:], sys.argv[:] = path, argv
        for name, hook in hooks.items():
            setattr(sys, name, hook)
        sys.setrecursionlimit(depth)
        root.setLevel(level)
        root.handlers[:] = handlers
        random.setstate(seeds)
        np.random.set_state(numpy_seeds)

    return restore


def _options() -> Callable[[], None]:
    """Options of polars, pandas, numpy and Altair."""
    polars, numpy = pl.Config.save(), np.get_printoptions()
    errors = np.geterr()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # options that pandas is about to drop
        pandas = {name: pd.get_option(name) for name in pandas_config._registered_options}
    registries = [(each, each._get_state()) for each in _registries()]

    def restore() -> None:
        pl.Config.restore_defaults()
        pl.Config.load(polars)
        np.set_printoptions(**numpy)
        np.seterr(**errors)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, value in pandas.items():
                if pd.get_option(name) is not value and pd.get_option(name) != value:
                    pd.set_option(name, value)
        for each, state in registries:
            each._set_state(state)

    return restore


def _registries() -> list[PluginRegistry[Any, Any]]:
    """Altair's choices of theme, renderer, data transformer and compiler."""
    held = [thing for module in _named("altair").values() for thing in vars(module).values()]
    return list({id(thing): thing for thing in held if isinstance(thing, PluginRegistry)}.values())


def _modules() -> Callable[[], None]:
    """Attributes of modules and classes, the content of constants, and which modules are loaded from here."""
    loaded = dict(sys.modules)
    spaces: list[tuple[Any, dict[str, Any]]] = [
        (thing, dict(vars(thing)))
        for thing in [*(m for name, m in loaded.items() if _is_module(name, m)), *_classes(), builtins]
    ]
    constants = [
        (value, copy.deepcopy(value))
        for module in _named(*_CONSTANTS).values()
        for value in vars(module).values()
        if _is_plain(value)
    ]

    def restore() -> None:
        for thing, before in spaces:
            _put_back(thing, before)
        for value, before in constants:
            if value != before:
                _refill(value, before)
        for name in [name for name, module in sys.modules.items() if name not in loaded and _is_own(module)]:
            del sys.modules[name]  # a module of the workspace: read again by the next notebook
        sys.modules.update({name: module for name, module in loaded.items() if sys.modules.get(name) is not module})

    return restore


def _is_module(name: str, module: Any) -> bool:
    return isinstance(module, ModuleType) and name not in (_LEFT, "__main__")


def _named(*packages: str) -> dict[str, ModuleType]:
    """Loaded modules of these packages."""
    return {
        name: module for name, module in sys.modules.items()
        if isinstance(module, ModuleType) and any(name == p or name.startswith(f"{p}.") for p in packages)
    }  # fmt: skip


def _classes() -> list[type]:
    """Classes defined in the packages that figures and charts are made with."""
    found = {
        id(thing): thing
        for name, module in _named(*_CLASSES).items()
        for thing in vars(module).values()
        if isinstance(thing, type) and thing.__module__ == name
    }
    return list(found.values())


def _put_back(thing: Any, before: Mapping[str, Any]) -> None:
    """The attributes that a module or class had; what a library loaded meanwhile adds to its own packages stays."""
    now = vars(thing)
    changed = [name for name, value in before.items() if now.get(name, _LEFT) is not value]
    added = [name for name in now if name not in before and not isinstance(now[name], ModuleType)]
    for name in changed:
        setattr(thing, name, before[name])
    for name in added if not _is_lazy(thing) else ():
        delattr(thing, name)


def _is_lazy(thing: Any) -> bool:
    """Whether a module fills in its own attributes when they are asked for."""
    return isinstance(thing, ModuleType) and hasattr(thing, "__getattr__")


def _is_plain(value: Any) -> bool:
    """Whether a constant is made of plain data all through, so that a copy of it says what it was."""
    if isinstance(value, dict):
        return all(_is_plain(each) for each in value.values())
    if isinstance(value, list | set | tuple | frozenset):
        return all(_is_plain(each) for each in value)
    return value is None or isinstance(value, str | int | float | bool | bytes)


def _refill(value: Any, before: Any) -> None:
    if isinstance(value, dict):
        value.clear()
        value.update(before)
    elif isinstance(value, list):
        value[:] = before
    elif isinstance(value, set):
        value.clear()
        value.update(before)


def _is_own(module: Any) -> bool:
    """Whether a module was read from the working folder: the workspace's own."""
    file = getattr(module, "__file__", None)
    return bool(file) and Path(str(file)).is_relative_to(Path.cwd())
