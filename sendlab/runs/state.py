"""What a notebook may change in the process that runs it, noted before and put back afterwards.

Names of a notebook die with its shell. Beyond them: environment, working folder, signals, import path, logging,
warnings, random seeds, options of the libraries, and (`spaces.py`) the attributes of all modules and of the classes
that figures and charts are made with. So the report is made, and the next notebook begins, as if nothing had been.
Where each notebook runs in a child of its own, and its report is made in another, only what papermill needs to write
the notebook is put back, which is a tenth of the work. What it cannot see (the inside of foreign objects, say) ends
when the worker is replaced.
"""

import builtins
import gc
import locale
import logging
import os
import random
import signal
import site
import sys
import sysconfig
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from altair.utils.plugin_registry import PluginRegistry
from pandas._config import config as pandas_config

from sendlab.runs import spaces
from sendlab.runs.alike import seed

_LIBRARIES = [
    Path(folder).resolve()
    for folder in (*sysconfig.get_paths().values(), *site.getsitepackages(), str(Path(__file__).parent.parent))
]


@contextmanager
def state_restored() -> Iterator[None]:
    """Put back, at the end, whatever changed in this process in between; see the module's first lines."""
    with ExitStack() as stack:
        ends_with_it = spaces.held is not None and spaces.held.packages
        for note in (*(() if ends_with_it else _BESIDE), *_BENEATH):
            stack.callback(note())
        stack.enter_context(warnings.catch_warnings())
        seed()
        yield


@contextmanager
def builtins_kept() -> Iterator[None]:
    """Put back what Python itself stands on, before any of it is used."""
    names = vars(builtins)
    before, put_back = dict(names), names.update
    try:
        yield
    finally:
        put_back(before)


def _process() -> Callable[[], None]:
    """Environment and with it the time zone, working folder, locale, rights of new files."""
    environment, folder, here = dict(os.environ), Path.cwd(), locale.setlocale(locale.LC_ALL)
    mask = os.umask(0)
    os.umask(mask)

    def restore() -> None:
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        os.environ.update({name: value for name, value in environment.items() if os.environ.get(name) != value})
        if hasattr(time, "tzset"):
            time.tzset()
        with suppress(OSError):  # the notebook took it away; papermill goes back to where it came from
            os.chdir(folder)
        locale.setlocale(locale.LC_ALL, here)
        os.umask(mask)

    return restore


def _signals() -> Callable[[], None]:
    """What signals do; only the main thread can say."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}

    def restore() -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)

    return restore


def _python() -> Callable[[], None]:
    """Import path, tracing, garbage collection, recursion limit."""
    held: tuple[list[Any], ...] = (sys.path, sys.argv, sys.meta_path, sys.path_hooks)
    lists = [(each, list(each)) for each in held]
    depth, interval = sys.getrecursionlimit(), sys.getswitchinterval()
    collects, when = gc.isenabled(), gc.get_threshold()
    traced, profiled = sys.gettrace(), sys.getprofile()

    def restore() -> None:
        if sys.gettrace() is not traced:
            sys.settrace(traced)
        if sys.getprofile() is not profiled:
            sys.setprofile(profiled)
        for each, before in lists:
            each[:] = before
        sys.setrecursionlimit(depth)
        sys.setswitchinterval(interval)
        (gc.enable if collects else gc.disable)()
        gc.set_threshold(*when)

    return restore


def _logs() -> Callable[[], None]:
    """Levels and handlers of all loggers; those that are new say nothing any more."""

    def loggers() -> list[logging.Logger]:
        known = logging.root.manager.loggerDict.values()
        return [logging.root, *(each for each in known if isinstance(each, logging.Logger))]

    kept = ("level", "propagate", "disabled")
    before = {
        each: ([getattr(each, name) for name in kept], list(each.handlers), list(each.filters)) for each in loggers()
    }
    disabled = logging.root.manager.disable

    def restore() -> None:
        for each in loggers():
            values, handlers, filters = before.get(each, ([logging.NOTSET, True, False], [], []))
            for name, value in zip(kept, values, strict=True):
                setattr(each, name, value)
            each.handlers[:], each.filters[:] = handlers, filters
        logging.disable(disabled)  # which also forgets what loggers remember of levels

    return restore


def _seeds() -> Callable[[], None]:
    """Random numbers go on afterwards as if none had been drawn."""
    seeds, numpy_seeds = random.getstate(), np.random.get_state()

    def restore() -> None:
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
    altair = [module for name, module in sys.modules.items() if name.partition(".")[0] == "altair"]
    held = [thing for module in altair for thing in vars(module).values()]
    return list({id(thing): thing for thing in held if isinstance(thing, PluginRegistry)}.values())


def _modules() -> Callable[[], None]:
    """Modules, classes and constants; modules that are not from a library are forgotten."""
    noted = spaces.held or spaces.Spaces()
    if not noted.packages:
        noted.note()
    loaded = set(sys.modules)

    def restore() -> None:
        noted.put_back([name for name in sys.modules if name not in loaded and not _is_library(name)])

    return restore


def _is_library(name: str) -> bool:
    """Whether a module is installed: the workspace's own are read again by the next notebook."""
    module = sys.modules[name]
    if getattr(module, "__spec__", None) is None:  # made up by the notebook
        return False
    files = [getattr(module, "__file__", None) or "", *map(str, getattr(module, "__path__", ()))]
    homes = [Path(file).resolve() for file in files if file]
    return not homes or any(home.is_relative_to(folder) for home in homes for folder in _LIBRARIES)


_BESIDE = (_logs, _seeds, _options)
_BENEATH = (_process, _signals, _python, _modules)  # what is noted last is put back first: the others need modules
