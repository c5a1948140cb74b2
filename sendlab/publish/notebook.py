"""Notebook files in and out: the one place that knows the notebook format's version."""

import re
from pathlib import Path
from typing import Any

_PLACE = re.compile(r'^(place = )"[^"]*"', re.MULTILINE)


def read_notebook(path: Path) -> Any:
    """The notebook as a node with `cells` and `metadata`."""
    import nbformat

    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def write_notebook(node: Any, path: Path) -> None:
    """Write a notebook node."""
    import nbformat

    nbformat.write(node, path)  # type: ignore[no-untyped-call]


def without_outputs(node: Any) -> Any:
    """The notebook with nothing that a run left in it: no outputs, no numbers of cells, no state of controls."""
    node.metadata.pop("widgets", None)
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return node


def copy_without_outputs(source: Path, target: Path, *, place: str = "") -> Path:
    """A copy of a notebook without the outputs of somebody else's figures; returns `target`.

    `place`: the code that its parameter of that name has from now on.
    """
    copied = without_outputs(read_notebook(source))
    for cell in copied.cells:
        if place and "parameters" in cell.metadata.get("tags", ()):
            cell.source = _PLACE.sub(f'\\g<1>"{place}"', cell.source)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_notebook(copied, target)
    return target


def empty_notebook() -> Any:
    """A notebook without cells."""
    import nbformat

    return nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]


def new_cell(kind: str, source: str) -> Any:
    """A cell of kind "markdown" or "code"."""
    import nbformat

    return getattr(nbformat.v4, f"new_{kind}_cell")(source)
