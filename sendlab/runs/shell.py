"""A notebook's cells in this very process: a fresh IPython shell whose outputs become those of the notebook.

What a kernel would send as messages is kept as outputs: printed text (of programs beneath Python too), results,
displays, errors. There is no front end, so no comms: live widgets need `--engine kernel`.
"""

import base64
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import TextIOBase
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat.v4 import new_output
from traitlets import Type
from traitlets.config import Config

from sendlab.runs.beneath import text_beneath

MOST_TEXT = 1_000_000  # characters that a notebook may print; more is no report
CUT = f"\n[more was printed; a notebook keeps {MOST_TEXT:,} characters]\n"


class Sheet:
    """The outputs of the cell at hand, in the order in which they came."""

    def __init__(self) -> None:
        self.outputs: list[Any] = []
        self._shown: dict[str, list[Any]] = {}  # displays by id, of all cells: they may be updated later
        self._room = MOST_TEXT

    def text(self, name: str, text: str) -> None:
        """Printed text on stdout or stderr; what is beyond all measure is cut off, and that is said once."""
        kept, self._room = (text[: self._room], self._room - len(text)) if self._room >= 0 else ("", -1)
        kept += CUT if self._room < 0 <= self._room + len(text) else ""
        last = self.outputs[-1] if self.outputs else None
        if kept and last is not None and last.output_type == "stream" and last.name == name:
            last["text"] += kept
        elif kept:
            self.outputs.append(new_output("stream", name=name, text=kept))  # type: ignore[no-untyped-call]

    def add(self, kind: str, **fields: Any) -> None:
        """A result, a display or an error."""
        self.outputs.append(new_output(kind, **fields))  # type: ignore[no-untyped-call]

    def show(self, data: dict[str, Any], metadata: dict[str, Any], key: str | None, *, update: bool) -> None:
        """A display; with `update` the earlier ones of that key are changed instead."""
        if update:
            for output in self._shown.get(key or "", ()):
                output["data"], output["metadata"] = data, metadata
            return
        self.add("display_data", data=data, metadata=metadata)
        if key:
            self._shown.setdefault(key, []).append(self.outputs[-1])


class _Printed(TextIOBase):
    """A text stream that writes to the sheet."""

    encoding = "utf-8"

    def __init__(self, sheet: Sheet, name: str) -> None:
        self._sheet, self._name = sheet, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._sheet.text(self._name, text)
        return len(text)


class _Results(DisplayHook):
    """The value of a cell's last line, as an output."""

    def write_output_prompt(self) -> None:
        """No prompt: the notebook has its numbers."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Keep the value in all its forms."""
        data, metadata = _plain(format_dict), dict(md_dict or {})
        shell: Any = self.shell
        shell.sheet.add("execute_result", data=data, metadata=metadata, execution_count=self.prompt_count)

    def finish_displayhook(self) -> None:
        """Nothing is left open."""


class _Displays(DisplayPublisher):
    """What is displayed within a cell, as outputs."""

    def publish(
        self, data: Any, metadata: Any = None, source: Any = None, *, transient: Any = None, update: bool = False,
        **_: Any,
    ) -> None:  # fmt: skip
        """Keep a display."""
        key = (transient or {}).get("display_id")
        self.shell.sheet.show(_plain(data), dict(metadata or {}), key, update=update)

    def clear_output(self, wait: bool = False) -> None:
        """Forget what the cell has shown so far."""
        self.shell.sheet.outputs.clear()


class Shell(InteractiveShell):
    """IPython without a terminal or a kernel; `sheet` holds the outputs of the cell at hand."""

    displayhook_class = Type(_Results)
    display_pub_class = Type(_Displays)
    sheet: Sheet

    def init_history(self) -> None:
        """In memory alone: IPython's history file is the user's own."""
        self.config.HistoryManager.enabled = False
        super().init_history()  # type: ignore[no-untyped-call]

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        self.sheet.add("error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb))

    def run(self, code: str) -> tuple[list[Any], int, BaseException | None]:
        """Run a cell: its outputs, its number, and what it raised."""
        self.sheet.outputs = []
        number = self.execution_count
        out, err = (_Printed(self.sheet, name) for name in ("stdout", "stderr"))
        with redirect_stdout(out), redirect_stderr(err), text_beneath(self.sheet.text):
            result = self.run_cell(code, store_history=True)  # type: ignore[no-untyped-call]
        return self.sheet.outputs, number, result.error_before_exec or result.error_in_exec


@contextmanager
def fresh_shell() -> Iterator[Shell]:
    """A shell of its own for one notebook; one that runs already (this may be a notebook too) comes back afterwards."""
    before: Any = InteractiveShell._instance
    main = sys.modules.get("__main__")
    _forget(InteractiveShell)
    shell = Shell.instance(config=Config({"InteractiveShell": {"colors": "neutral", "autoindent": False}}))
    shell.sheet = Sheet()
    try:
        yield shell
    finally:
        Shell.clear_instance()
        _forget(InteractiveShell)
        if before is not None:
            for parent in type(before)._walk_mro():
                parent._instance = before
        if main is not None:
            sys.modules["__main__"] = main


def _forget(kind: type[InteractiveShell]) -> None:
    """No shell counts as running, of whatever kind."""
    running: Any = kind._instance
    for parent in type(running)._walk_mro() if running is not None else ():
        parent._instance = None


def _plain(data: Any) -> dict[str, Any]:
    """A display as a notebook holds it: bytes (a picture) in base64."""
    return {
        kind: base64.b64encode(shown).decode("ascii") if isinstance(shown, bytes) else shown
        for kind, shown in data.items()
    }
