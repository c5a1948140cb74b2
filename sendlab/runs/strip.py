"""What papermill and the machine leave in an executed notebook is taken out: paths, environment, times."""

import re
import sys
from pathlib import Path
from typing import Any

from sendlab.publish.notebook import read_notebook, write_notebook

_OURS = "sendlab"
_INJECTED = "injected-parameters"
_BANNER = "papermill-error-cell-tag"  # papermill's own words at the top, with an address that leads nowhere
# Any other absolute path, in a traceback with colour codes too, is cut to its file name.
_ABSOLUTE = re.compile(r"(?:(?<=\dm)|(?<![\w.:/<]))(?:[A-Za-z]:[\\/]+|/)(?:[\w.@+~-]+[\\/]+)+([\w.+-]+)")
_FIRST_FRAMES, _LAST_FRAMES = 40, 10  # of a traceback


def strip(path: Path, name: str, root: Path) -> bool:
    """Rewrite the notebook without traces: `name` is what it may say it came from, `root` the workspace.

    Whether papermill noted that it had come to the notebook's end.
    """
    node = read_notebook(path)
    kept = node.metadata.get("papermill", {})
    node.metadata["papermill"] = {"input_path": name, "parameters": kept.get("parameters", {})}
    for cell in node.cells:
        if _INJECTED in cell.metadata.get("tags", ()):
            cell["id"] = _INJECTED  # papermill draws a new one each time
        for trace in ("papermill", "execution"):
            cell.metadata.pop(trace, None)
        if "outputs" in cell:
            cell.outputs = _joined(cell.outputs)
        for output in cell.get("outputs", []):
            _clean(output, root)
    write_notebook(node, path)
    return bool(kept.get("end_time"))


def _joined(outputs: list[Any]) -> list[Any]:
    """Printed lines that follow one another as one output: in how many pieces they come depends on the machine."""
    found: list[Any] = []
    for output in outputs:
        if found and output.output_type == found[-1].output_type == "stream" and output.name == found[-1].name:
            found[-1]["text"] += output.text
        else:
            found.append(output)
    return found


def _clean(output: Any, root: Path) -> None:
    """Texts that programs print for their users: streams and tracebacks. Pictures and tables hold no path."""
    if output.output_type == "stream":
        output["text"] = without_paths(output.text, root)
    elif output.output_type == "error":
        output["evalue"] = without_paths(output.evalue, root)
        output["traceback"] = [without_paths(line, root) for line in _shortened(output.traceback)]


def _shortened(traceback: list[str]) -> list[str]:
    """Of a recursion without end the ends: how deep it went depends on what lies beneath the notebook."""
    if len(traceback) <= _FIRST_FRAMES + _LAST_FRAMES:
        return traceback
    return [*traceback[:_FIRST_FRAMES], "[... most of a long traceback is left out ...]", *traceback[-_LAST_FRAMES:]]


def without_paths(text: str, root: Path) -> str:
    """The text with the folders of this machine taken out; file names, and paths within the workspace, stay.

    >>> without_paths("no file /srv/councils/home/raw/a.csv, see /usr/lib/x/y.py:3", Path("/srv/councils/home"))
    'no file raw/a.csv, see y.py:3'
    """
    known = {str(root), str(root.resolve()), str(Path.home()), sys.prefix}
    for folder in sorted((name for name in known if len(name) > 1), key=len, reverse=True):
        for spelling in {folder, folder.replace("\\", "\\\\"), Path(folder).as_posix()}:
            for slash in ("/", "\\\\", "\\", ""):
                text = text.replace(spelling + slash, "" if slash else ".")
    return _ABSOLUTE.sub(r"\1", text)


def mark_error(path: Path, error: str, *, keep_outputs: bool) -> None:
    """Write the error in one line at the top of the notebook, and into its metadata, for the analyst."""
    from nbformat.v4 import new_markdown_cell

    node = read_notebook(path)
    node.metadata[_OURS] = {"error": error}
    for cell in node.cells if not keep_outputs else ():
        if cell.cell_type == "code":
            cell.outputs = []
    said = new_markdown_cell(f"**This notebook failed.** {error}", id="failed")  # type: ignore[no-untyped-call]
    node.cells = [said, *(cell for cell in node.cells if _BANNER not in cell.metadata.get("tags", ()))]
    write_notebook(node, path)
