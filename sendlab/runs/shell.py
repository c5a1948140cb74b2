"""A notebook's cells in this very process: a fresh IPython shell whose outputs become those of the notebook.

What a kernel would send as messages is kept as outputs: printed text (of programs beneath Python too), results,
displays, errors. There is no front end, so no comms: live widgets need `--engine kernel`.
"""

import atexit
import builtins
import getpass
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any

from ipykernel.compiler import XCachingCompiler
from IPython.core import page
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from sendlab.runs.alike import refusal, words
from sendlab.runs.beneath import text_beneath
from sendlab.runs.loop import CellLoop
from sendlab.runs.sheet import Sheet

# What a kernel tells programs that a notebook starts: colours, and no pager.
_TOLD = {
    "TERM": "xterm-color", "CLICOLOR": "1", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1",
    "PAGER": "cat", "GIT_PAGER": "cat",
}  # fmt: skip
_PAGER_TURN = 99


class OutStream(io.TextIOBase):
    """A text stream that writes to the sheet, named as that of a kernel; beneath it is the file descriptor."""

    encoding = "UTF-8"

    def __init__(self, sheet: Sheet, name: str, poll: Callable[..., None]) -> None:
        self._sheet, self.name, self._poll = sheet, name, poll

    def writable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """Where programs print that are started with this stream as their own."""
        return 1 if self.name == "stdout" else 2

    def write(self, text: str) -> int:
        """Keep text in its place among what came from beneath."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if self.closed:
            raise ValueError("I/O operation on closed file")
        self._poll()
        self._sheet.text(self.name, text)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back here, but something may have come from beneath."""
        self._poll()


class _Results(DisplayHook):
    """The value of a cell's last line, as an output."""

    def write_output_prompt(self) -> None:
        """No prompt: the notebook has its numbers."""
        shell: Any = self.shell
        shell.showing_result = True

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Keep the value in all its forms."""
        shell: Any = self.shell
        _flush()
        shell.sheet.add(
            "execute_result", data=dict(format_dict), metadata=dict(md_dict or {}), execution_count=self.prompt_count
        )

    def finish_displayhook(self) -> None:
        """Nothing is left open."""
        shell: Any = self.shell
        shell.showing_result = False


class _Displays(DisplayPublisher):
    """What is displayed within a cell, as outputs."""

    def publish(
        self, data: Any, metadata: Any = None, source: Any = None, *, transient: Any = None, update: bool = False,
        **_: Any,
    ) -> None:  # fmt: skip
        """Keep a display."""
        _flush()
        key = (transient or {}).get("display_id")
        self.shell.sheet.show(dict(data), dict(metadata or {}), key, update=update)

    def clear_output(self, wait: bool = False) -> None:
        """Forget what the cell has shown so far."""
        _flush()
        self.shell.sheet.clear(wait=wait)


class Shell(InteractiveShell):
    """IPython without a terminal or a kernel; `sheet` holds the outputs of the cell at hand."""

    displayhook_class = Type(_Results)
    display_pub_class = Type(_Displays)
    compiler_class = Type(XCachingCompiler)  # warnings name a cell as in a kernel
    sheet: Sheet
    poll: Callable[..., None]
    loop: CellLoop
    showing_result = False
    failed_to_show = False

    def init_environment(self) -> None:
        """As a kernel does."""
        os.environ.update(_TOLD)

    def init_history(self) -> None:
        """In memory alone: IPython's history file is the user's own."""
        self.config.HistoryManager.enabled = False
        super().init_history()  # type: ignore[no-untyped-call]

    def init_hooks(self) -> None:
        """What a pager would show is not kept by a kernel's notebook either."""
        super().init_hooks()  # type: ignore[no-untyped-call]
        self.set_hook("show_in_pager", page.as_hook(lambda *_, **__: None), _PAGER_TURN)  # type: ignore[no-untyped-call]

    def ask_exit(self) -> None:
        """A report that was left half way is none."""
        raise SystemExit("a notebook of a run must not end its own process")

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        _flush()
        self.failed_to_show |= self.showing_result
        self.sheet.add("error", ename=etype.__name__, evalue=words(evalue), traceback=list(stb))

    def run(self, code: str) -> tuple[list[Any], int, bool]:
        """Run a cell: its outputs, its number, and whether it failed."""
        outputs, number, self.failed_to_show = self.sheet.turn(), self.execution_count, False
        result = self.loop.run(self._run(code))
        self.poll(final=True)
        _flush()
        return outputs, number, self.failed_to_show or result is None or not result.success

    async def _run(self, code: str) -> Any:
        """As a kernel does: within a running loop, which only a cell that awaits something gives way to."""
        try:
            transformed = self.transform_cell(code)  # type: ignore[no-untyped-call]
            waits = self.should_run_async(code, transformed_cell=transformed)
        except Exception:  # noqa: BLE001 - whatever it is, it comes again, and is shown, when the cell is run
            waits = False
        if not waits:
            return self.run_cell(code, store_history=True)  # type: ignore[no-untyped-call]
        result = None
        try:
            result = await self.run_cell_async(code, store_history=True, transformed_cell=transformed)
        finally:
            self.events.trigger("post_execute")
            self.events.trigger("post_run_cell", result)
        return result


@contextmanager
def fresh_shell() -> Iterator[Shell]:
    """A shell of its own for one notebook; one that runs already (this may be a notebook too) comes back afterwards."""
    sheet = Sheet()
    with ExitStack() as stack:
        stack.enter_context(_nothing_to_ask())
        poll = stack.enter_context(text_beneath(sheet.text))
        stack.enter_context(redirect_stdout(OutStream(sheet, "stdout", poll)))
        stack.enter_context(redirect_stderr(OutStream(sheet, "stderr", poll)))
        shell = stack.enter_context(_only_shell())
        shell.sheet, shell.poll, shell.loop = sheet, poll, stack.enter_context(CellLoop())
        yield shell


@contextmanager
def _only_shell() -> Iterator[Shell]:
    before: Any = InteractiveShell._instance
    main = sys.modules.get("__main__")
    _forget(InteractiveShell)
    shell = Shell.instance(config=Config({"InteractiveShell": {"colors": "neutral", "autoindent": False}}))
    try:
        yield shell
    finally:
        atexit.unregister(shell.atexit_operations)  # which would keep the shell, with all names of the notebook
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


@contextmanager
def _nothing_to_ask() -> Iterator[None]:
    """Nobody sits before a run."""
    before = builtins.input, getpass.getpass
    builtins.input, getpass.getpass = refusal("raw_input"), refusal("getpass")
    try:
        yield
    finally:
        builtins.input, getpass.getpass = before


def _flush() -> None:
    """What was printed comes before what is shown now; the streams may be the notebook's own."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
