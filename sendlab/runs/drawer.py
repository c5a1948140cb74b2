"""A process that draws charts for a worker's children: the first drawing costs half a second, each later one little.

Between worker and drawer runs one pair of sockets, which the children inherit; each asks and is answered in turn.
"""

import json
import os
import signal
import socket
import struct
from typing import Any

from sendlab.charts import drawing

_LENGTH = struct.Struct(">BQ")
DRAWN, FAILED = 0, 1


class Drawer:
    """The drawing process; only where processes can be forked. A child must call `use` before it draws."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self._ours.close()
            _serve(theirs)
        theirs.close()

    def use(self) -> None:
        """From now on charts of this process are drawn over there."""
        drawing.draw_with(self._asked)

    def close(self) -> None:
        """End the process: a child that died while it drew leaves an answer that nobody reads."""
        self._ours.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _asked(self, spec: dict[str, Any]) -> str:
        _send(self._ours, DRAWN, json.dumps(spec).encode("utf-8"))
        kind, said = _receive(self._ours)
        if kind == FAILED:
            raise ValueError(said.decode("utf-8"))
        return said.decode("utf-8")


def _serve(sock: socket.socket) -> None:
    """Draw until nobody holds the other end."""
    try:
        while True:
            _, asked = _receive(sock)
            try:
                kind, said = DRAWN, drawing.drawn_here(json.loads(asked))
            except ValueError as fault:  # what vl-convert raises for a chart that it cannot draw
                kind, said = FAILED, str(fault)
            _send(sock, kind, said.encode("utf-8"))
    finally:
        os._exit(0)


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
