"""Attributes of modules and classes, and the content of constants: noted, and put back as they were.

Noted once for a process that runs one notebook after the other (`hold`): then only what was loaded since is looked at
anew. Where nothing is held, each notebook has a note of its own, for what this process did before is its own affair.
"""

import builtins
import copy
import sys
from collections.abc import Iterable, Mapping, Sequence
from operator import is_
from types import ModuleType
from typing import Any

# Packages whose classes are looked at too: with them figures, charts and reports are made, and cells are run.
_CLASSES = (
    "sendlab", "polars", "pandas", "altair", "narwhals", "IPython", "asyncio", "nbformat", "nbconvert", "papermill",
)  # fmt: skip
# What papermill stands on when it writes a notebook that has run, and what then says how it went.
BENEATH = (
    "codecs", "collections", "contextlib", "copy", "dataclasses", "datetime", "encodings", "fastjsonschema", "fnmatch",
    "functools", "gc", "genericpath", "io", "json", "jsonschema", "locale", "logging", "nbformat", "ntpath", "os",
    "papermill", "pathlib", "posixpath", "re", "referencing", "resource", "sendlab.errors", "sendlab.runs", "shutil",
    "signal", "sys", "time", "traceback", "traitlets", "types", "warnings",
)  # fmt: skip
_CONSTANTS = "sendlab"  # the package of whose constants (dicts, lists, sets) the content is put back
_ABSENT = object()
_SELF = frozenset({"sendlab.runs.spaces", "sendlab.runs.state"})


class Spaces:
    """What modules, classes and constants held when they were noted; `packages`: of these only, () for all."""

    def __init__(self, packages: Sequence[str] = ()) -> None:
        self.packages = frozenset(packages)
        self._seen: dict[str, ModuleType] = {}
        self._names: set[str] = set()
        self._held: list[tuple[Any, dict[str, Any]]] = []
        self._constants: list[_Constant] = []
        self.worn = False
        self.note()

    def note(self) -> None:
        """Note the modules that were loaded since the last time, their classes and constants."""
        main = sys.modules.get("__main__")
        new = {
            name: module for name, module in sys.modules.items()
            if (name not in self._names or self._seen.get(name, module) is not module) and self._is_asked_for(name)
            and isinstance(module, ModuleType) and module is not main and name not in _SELF
        }  # fmt: skip
        self._seen |= new
        self._names = set(sys.modules)
        for thing in [*new.values(), *_classes(new), *([builtins] if not self._held else ())]:
            self._held.append((thing, dict(vars(thing))))
        for name, module in new.items():
            if _within(name, (_CONSTANTS,)):
                values = {id(value): value for value in vars(module).values() if isinstance(value, dict | list | set)}
                self._constants += map(_Constant, values.values())

    def _is_asked_for(self, name: str) -> bool:
        parts = name.split(".")
        return not self.packages or any(".".join(parts[:end]) in self.packages for end in range(1, len(parts) + 1))

    def put_back(self, own: Iterable[str]) -> None:
        """All as it was noted; `own` are modules that are to be forgotten, for they are the notebook's.

        What a library that was loaded meanwhile put into another goes too, and the library will not put it there again:
        then this process is `worn`, and had better run no further notebook.
        """
        changed = [value for thing, before in self._held for value in _put_back(thing, before) if thing is not builtins]
        for constant in self._constants:
            constant.put_back()
        for name in own:
            del sys.modules[name]
        loaded = set(sys.modules) - self._names
        for name, module in self._seen.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module
        self.worn |= bool(loaded) and any(callable(each) or hasattr(type(each), "__get__") for each in changed)


held: Spaces | None = None


def hold(packages: Sequence[str] = ()) -> None:
    """From now on this process, as it is, is what every notebook begins with; `packages`: no others are put back."""
    global held
    held = Spaces(packages)


def _within(name: str, packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _classes(modules: Mapping[str, ModuleType]) -> list[type]:
    """Classes defined in these modules, if their package is one whose classes are looked at."""
    return [
        thing
        for name, module in modules.items()
        if _within(name, _CLASSES)
        for thing in {id(each): each for each in vars(module).values() if isinstance(each, type)}.values()
        if thing.__module__ == name
    ]


class _Constant:
    """A dict, list or set, and what it held: of plain data a copy all through, else the things themselves."""

    def __init__(self, value: Any) -> None:
        self._value, self._plain = value, _is_plain(value)
        self._before = copy.deepcopy(value) if self._plain else copy.copy(value)

    def put_back(self) -> None:
        """Fill it anew if it changed."""
        value, before = self._value, self._before
        if self._is_same():
            return
        if self._plain:
            before = copy.deepcopy(before)
        if isinstance(value, list):
            value[:] = before
        else:
            value.clear()
            value.update(before)

    def _is_same(self) -> bool:
        value, before = self._value, self._before
        if self._plain or isinstance(value, set):
            return bool(value == before)
        if isinstance(value, dict):
            return value.keys() == before.keys() and all(each is before[name] for name, each in value.items())
        return len(value) == len(before) and all(map(is_, value, before))


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(each) for each in value.values())
    if isinstance(value, list | set | tuple | frozenset):
        return all(_is_plain(each) for each in value)
    return value is None or isinstance(value, str | int | float | bool | bytes)


def _put_back(thing: Any, before: Mapping[str, Any]) -> list[Any]:
    """The attributes that a module or class had; what was there instead. Its loaded submodules stay."""
    now = vars(thing)
    if len(now) == len(before) and all(map(is_, now.values(), before.values())) and now.keys() == before.keys():
        return []
    found = {
        name: value for name, value in now.items()
        if before.get(name, _ABSENT) is not value and not (name not in before and isinstance(value, ModuleType))
    }  # fmt: skip
    for name in found:
        if name not in before:
            delattr(thing, name)
    for name, value in before.items():
        if name in found or name not in now:
            setattr(thing, name, value)
    return [value for name, value in found.items() if not name.startswith("__")]
