"""Run the committed notebooks on the sample and store their outputs, for developers.

    python tools/notebooks.py [NAME ...]
What differs from run to run (times, versions, widget state) is left out; `pytest --nbval notebooks` checks the rest.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"


def store_outputs(path: Path) -> None:
    """Execute one notebook in place."""
    book = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(
        book, kernel_name="python3", store_widget_state=False, record_timing=False, resources=resources
    ).execute()
    for trace in ("widgets", "papermill"):
        book.metadata.pop(trace, None)
    book.metadata["language_info"] = {"name": "python"}
    for cell in book.cells:
        for trace in ("execution", "papermill"):
            cell.metadata.pop(trace, None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    nbformat.write(book, path)


def main() -> None:
    """Every notebook, or those named."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not sys.argv[1:] or path.stem in sys.argv[1:]:
            store_outputs(path)
            print(f"{path.name}: {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
