"""A process that draws charts for a worker's children: the first drawing costs half a second, each later one little.

Each child has a connection of its own: one that is killed, or stops listening, while it draws leaves no answer behind
that the next would take for its own picture.
"""

import json
import os
import selectors
import signal
import socket
import struct
import threading
from contextlib import suppress
from typing import Any

from sendlab.charts import drawing
from sendlab.runs.processes import die_with_parent

_LENGTH = struct.Struct(">BQ")
DRAWN, FAILED = 0, 1


class Drawer:
    """The drawing process; only where processes can be forked."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            die_with_parent()
            self._ours.close()
            _serve(theirs)
        theirs.close()

    def connection(self) -> socket.socket:
        """A connection for one child, to be given to `draw_over`; an OSError where the process is gone."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._ours, [b"."], [theirs.fileno()])
        return ours

    def leave(self) -> None:
        """In a child: only its own connection is its affair."""
        self._ours.close()

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def draw_over(connection: socket.socket) -> None:
    """From now on charts of this process are drawn at the other end; or here, as soon as that fails."""
    mine, one_at_a_time = os.getpid(), threading.Lock()

    def draw(spec: dict[str, Any]) -> str:
        if os.getpid() != mine:  # a copy of this process: the answers are not for it
            return drawing.drawn_here(spec)
        asked = json.dumps(spec).encode("utf-8")
        with one_at_a_time:
            try:
                _send(connection, DRAWN, asked)
                kind, said = _receive(connection)
            except (OSError, EOFError):  # the drawing process was ended, or this was cut short before
                kind, said = DRAWN, drawing.drawn_here(spec).encode("utf-8")
            except BaseException:  # cut short now: an answer may be under way that nobody waits for
                connection.close()
                raise
        if kind == FAILED:
            raise ValueError(said.decode("utf-8"))
        return said.decode("utf-8")

    drawing.draw_with(draw)


def _serve(control: socket.socket) -> None:
    """Draw for every connection that comes, until the template is gone."""
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(control, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    connection: Any = key.fileobj
                    if connection is control:
                        _, numbers, _, _ = socket.recv_fds(control, 1, 1)
                        selector.register(socket.socket(fileno=numbers[0]), selectors.EVENT_READ)
                    elif not _answered(connection):
                        selector.unregister(connection)
                        connection.close()
    finally:
        os._exit(0)


def _answered(connection: socket.socket) -> bool:
    """Answer one request; whether there may be more."""
    try:
        _, asked = _receive(connection)
        try:
            kind, said = DRAWN, drawing.drawn_here(json.loads(asked))
        except ValueError as fault:  # what vl-convert raises for a chart that it cannot draw
            kind, said = FAILED, str(fault)
        _send(connection, kind, said.encode("utf-8"))
    except (OSError, EOFError):  # whoever asked has ended
        return False
    return True


def _send(sock: socket.socket, kind: int, content: bytes) -> None:
    sock.sendall(_LENGTH.pack(kind, len(content)) + content)


def _receive(sock: socket.socket) -> tuple[int, bytes]:
    kind, length = _LENGTH.unpack(_exactly(sock, _LENGTH.size))
    return kind, _exactly(sock, length)


def _exactly(sock: socket.socket, length: int) -> bytes:
    found = bytearray()
    while len(found) < length:
        part = sock.recv(min(1 << 20, length - len(found)))
        if not part:
            raise EOFError("the other side is gone")
        found += part
    return bytes(found)
