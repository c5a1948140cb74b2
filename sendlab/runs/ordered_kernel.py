"""IPython's kernel, whose printed text comes in the order in which it was printed.

The stock kernel holds stdout and stderr back, each for a while of its own, and reads what programs beneath Python print
in a thread that may be late for its cell: the same notebook gives another file on another day. Here both are as in
`shell.py`, and so is how much may be printed, and that nothing can be asked.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from ipykernel import iostream
from ipykernel.kernelapp import IPKernelApp

from sendlab.runs.alike import Room, refusal, seed, words
from sendlab.runs.beneath import text_beneath


class OutStream(iostream.OutStream):
    """Text on its way to the client, after what was printed before it on the other stream or beneath Python."""

    app: "OrderedKernel"
    closed = False

    def close(self) -> None:
        """No more of Python's text; what comes from beneath is still sent."""
        self.closed = True

    def fileno(self) -> int:
        """Where programs print that are started with this stream as their own."""
        return 1 if self.name == "stdout" else 2

    def write(self, string: str) -> int:
        """Print in turn."""
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string)}")
        if self.closed:
            raise ValueError("I/O operation on closed file")
        self.app.poll()
        self.put(string)
        return len(string)

    def put(self, text: str) -> None:
        """Print what there is room for, once the other stream's text is out."""
        for other in self.app.streams:
            if other is not self and other._buffers:
                iostream.OutStream.flush(other)  # type: ignore[no-untyped-call]
        if kept := self.app.room.kept(text):
            super().write(kept)

    def flush(self) -> None:
        """Send what was printed, here and beneath."""
        self.app.poll()
        super().flush()  # type: ignore[no-untyped-call]


class OrderedKernel(IPKernelApp):
    """The application around the kernel."""

    room: Room
    streams: tuple[Any, ...] = ()
    poll: Callable[..., None]
    shell: Any
    began = False

    def init_io(self) -> None:
        """Both streams as ours, and the file descriptors beneath them caught."""
        self.room, self.poll = Room(), _nothing
        OutStream.app = self
        self.capture_fd_output, self.outstream_class = False, f"{__name__}.{OutStream.__name__}"
        super().init_io()  # type: ignore[no-untyped-call]
        out: Any = sys.stdout
        err: Any = sys.stderr
        self.streams, put = (out, err), {"stdout": out.put, "stderr": err.put}
        self._caught = text_beneath(lambda name, text: put[name](text))  # to the end of the process
        self.poll = self._caught.__enter__()

    def init_shell(self) -> None:
        """The end of a cell, its questions, and its errors, as in `shell.py`."""
        super().init_shell()  # type: ignore[no-untyped-call]
        process, show = os.getpid(), self.shell._showtraceback
        self.kernel.raw_input, self.kernel.getpass = refusal("raw_input"), refusal("getpass")

        def begin(_: object) -> None:
            if not self.began:
                self.began = True
                seed()  # the kernel itself draws some while it starts
            for stream in self.streams:  # the notebook may have put others in their place, which the kernel looks at
                stream.set_parent(self.shell.parent_header)

        def end(_: object) -> None:
            if os.getpid() != process:
                os._exit(0)  # a copy of the kernel, which the cell made and let run on
            begin(_)
            self.poll(final=True)
            for stream in self.streams:
                stream.flush()

        self.shell.events.register("pre_run_cell", begin)
        self.shell.events.register("post_run_cell", end)
        self.shell._showtraceback = lambda kind, error, lines: show(kind, words(error), lines)

    def start(self) -> None:
        """What was printed while the kernel started is no part of the first cell."""
        self.poll(final=True)
        self.streams[0].flush()
        self.room = Room()
        super().start()  # type: ignore[no-untyped-call]


def _nothing(**_: object) -> None:
    """Before anything is caught."""
