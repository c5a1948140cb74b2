"""The outputs of a notebook's cells as they come, kept as papermill's client keeps those that a kernel sends."""

from typing import Any

from jupyter_client.session import json_packer, json_unpacker
from nbformat.v4 import new_output

from sendlab.runs.alike import Room


class Sheet:
    """The outputs of the cell at hand, in the order in which they came."""

    def __init__(self) -> None:
        self.outputs: list[Any] = []
        self._shown: dict[str, list[Any]] = {}  # displays by id, of all cells: they may be updated later
        self._clear_before_next = False
        self._room = Room()

    def turn(self) -> list[Any]:
        """Begin with another cell; its outputs, yet to come."""
        self.outputs, self._clear_before_next = [], False
        return self.outputs

    def text(self, name: str, text: str) -> None:
        """Printed text on stdout or stderr."""
        kept = self._room.kept(text)
        if not kept:
            return
        self._clear_if_due()
        last = self.outputs[-1] if self.outputs else None
        if last is not None and last.output_type == "stream" and last.name == name:
            last["text"] += kept
        else:
            self.outputs.append(new_output("stream", name=name, text=kept))  # type: ignore[no-untyped-call]

    def add(self, kind: str, **fields: Any) -> None:
        """A result, a display or an error."""
        output = new_output(kind, **_sent(fields))  # type: ignore[no-untyped-call]
        self._clear_if_due()
        self.outputs.append(output)

    def show(self, data: dict[str, Any], metadata: dict[str, Any], key: str | None, *, update: bool) -> None:
        """A display; the earlier ones of that key are changed with it, and with `update` it is not shown anew."""
        data, metadata = _sent(data), _sent(metadata)
        for output in self._shown.get(key or "", ()):
            output["data"], output["metadata"] = data, metadata
        if not update:
            self.add("display_data", data=data, metadata=metadata)
            if key:
                self._shown.setdefault(key, []).append(self.outputs[-1])

    def clear(self, *, wait: bool) -> None:
        """Forget what the cell has shown so far; with `wait`, as soon as it shows something else."""
        self._clear_before_next = wait
        if not wait:
            self.outputs.clear()

    def _clear_if_due(self) -> None:
        if self._clear_before_next:
            self.clear(wait=False)


def _sent(content: Any) -> Any:
    """What arrives of a message that a kernel sends: bytes in base64, tuples as lists, no half characters."""
    return json_unpacker(json_packer(content))
