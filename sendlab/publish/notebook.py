"""Notebook files in and out: the one place that knows the notebook format's version."""

from pathlib import Path
from typing import Any


def read_notebook(path: Path) -> Any:
    """The notebook as a node with `cells` and `metadata`."""
    import nbformat

    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def write_notebook(node: Any, path: Path) -> None:
    """Write a notebook node."""
    import nbformat

    nbformat.write(node, path)  # type: ignore[no-untyped-call]


def empty_notebook() -> Any:
    """A notebook without cells."""
    import nbformat

    return nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
