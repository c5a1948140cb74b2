"""An executed notebook: its outputs like a page, its own text and code against the committed ones, all its metadata."""

import json
import re
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from attacker.claims import NUMBER, Scene, Stray
from attacker.html_file import PageReader, is_parameter
from attacker.picture import read_picture, without_held, words_held
from attacker.public import NOTEBOOKS, Public
from attacker.sentences import Told, read_text
from sendlab.schema.measures import MEASURE_COLUMNS

_PLAIN = ("kernelspec", "language_info")
_PAPERMILL = ("papermill.input_path", "papermill.parameters.place", "papermill.parameters.time_period",
              "papermill.parameters.audience")  # fmt: skip
_TAGS = frozenset({"parameters", "injected-parameters", "set-up"})
# Fields of the stamp that a chart's output bears.
_STAMP = {
    "audience": re.compile("board|public|school"), "picture": re.compile("[0-9a-f]{64}"), "place": re.compile(r"\w*"),
    "run_id": re.compile("[0-9a-f]{12}"), "sensitivity": re.compile("OFFICIAL(-SENSITIVE)?"),
    "threshold": re.compile("5|10"),
}  # fmt: skip
_KINDS = ("image/svg+xml", "image/png", "text/html", "text/plain")
_NAMES = {"base_subjects": "base", "eligible_subjects": "eligible"}


class NotebookReader:
    """One notebook; `read` gives its claims and strays."""

    def __init__(self, path: Path, public: Public, file: str) -> None:
        self.book = json.loads(path.read_text(encoding="utf-8"))
        self.public, self.file = public, file
        given = self.book["metadata"].get("papermill", {}).get("parameters", {})
        scene = Scene(place_code=given.get("place", ""), time_period=given.get("time_period", ""))
        self.told = Told([], [], scene)
        source = NOTEBOOKS / str(self.book["metadata"].get("papermill", {}).get("input_path", ""))
        cells = json.loads(source.read_text(encoding="utf-8"))["cells"] if source.is_file() else []
        self.sources = {"".join(cell["source"]).strip() for cell in cells}

        outputs = [output for cell in self.book["cells"] for output in cell.get("outputs", ())]
        drawn = ("".join(output.get("data", {}).get("image/svg+xml", "")) for output in outputs)
        self.held = words_held(drawn, public)

    def read(self) -> Told:
        """Metadata first, then cell by cell."""
        self._metadata(self.book["metadata"], "metadata")
        for name in sorted(set(self.book) - {"cells", "metadata", "nbformat", "nbformat_minor"}):
            self._metadata({name: self.book[name]}, "notebook")
        for number, cell in enumerate(self.book["cells"]):
            self._cell(cell, f"cell {number}")
        return self.told

    def _stray(self, where: str, about: str) -> None:
        self.told.strays.append(Stray(self.file, where, about))

    def _take(self, told: Told) -> None:
        self.told.claims += told.claims
        self.told.strays += told.strays

    def _cell(self, cell: dict[str, Any], where: str) -> None:
        source = "".join(cell["source"]).strip()
        if source not in self.sources and not all(is_parameter(line) for line in source.splitlines()):
            self._stray(where, "text or code that the committed notebook has not")
            self._take(read_text(source, self.told.scene, self.public, self.file, where))
        self._metadata(cell.get("metadata", {}), f"{where}, metadata")
        for name in sorted(set(cell) - {"cell_type", "execution_count", "id", "metadata", "outputs", "source"}):
            self._stray(where, f"a part '{name}' that no cell of ours has")
        for output in cell.get("outputs", []):
            self._output(output, where)

    def _output(self, output: dict[str, Any], where: str) -> None:
        metadata = {
            name: value for name, value in output.get("metadata", {}).items() if not self._is_stamp(name, output)
        }
        self._metadata(metadata, f"{where}, output metadata")
        if output["output_type"] == "stream":
            self._text("".join(output["text"]), where)
            return
        data = {kind: "".join(content) for kind, content in output.get("data", {}).items() if kind in _KINDS}
        for kind in sorted(set(output.get("data", {})) - set(_KINDS)):
            self._stray(where, f"an output of kind {kind}")
        if "image/svg+xml" in data:
            self._take(read_picture(data["image/svg+xml"], self.told.scene, self.public, self.file, where))
        if "text/html" in data:
            page = PageReader(data["text/html"], self.told.scene, self.public, self.file, f"{where}, ")
            self._take(page.read())
            if Counter(re.findall(NUMBER, data["text/plain"])) - Counter(re.findall(NUMBER, page.root.text)):
                self._stray(where, "a number in the plain text of a table that the table has not")
        elif "text/plain" in data:
            self._text(data["text/plain"], where)

    def _text(self, text: str, where: str) -> None:
        """A text that is printed; the words of a picture are read with it."""
        if text.strip().strip("'\"").replace("\u00a0", " ") not in self.held:
            text = without_held(text, self.held)
            self._take(read_text(text, self.told.scene, self.public, self.file, where))

    def _is_stamp(self, name: str, output: dict[str, Any]) -> bool:
        """Whether a piece of metadata is the stamp of a picture, every field what the picture and the rules make it."""
        stamp = output["metadata"][name]
        drawing = "".join(output.get("data", {}).get("image/svg+xml", ""))
        if name != "sendlab" or not isinstance(stamp, dict) or set(stamp) != set(_STAMP):
            return False
        if stamp["picture"] != sha256(drawing.encode("utf-8")).hexdigest():
            return False
        codes = {code for code, _ in self.public.places.values()} | {""}
        fits = all(pattern.fullmatch(str(stamp[field])) for field, pattern in _STAMP.items())
        return fits and stamp["place"] in codes

    def _metadata(self, data: Any, where: str) -> None:
        """Every leaf: known names aside, a measure row in it is read as claims, anything else is a stray."""
        for path, value in _leaves(data):
            known = path.startswith(_PLAIN) or path in _PAPERMILL or (path.startswith("tags") and value in _TAGS)
            if not known:
                self._stray(where, "metadata that no notebook of ours has")
        for row in _rows(data):
            scene = Scene(
                measure=str(row.get("measure", "")),
                time_period=str(row.get("time_period", self.told.scene.time_period)),
                place_code=str(row.get("place_code", self.told.scene.place_code)),
                sen_provision=str(row.get("sen_provision", "Total")), need_area=str(row.get("need_area", "Total")),
            )  # fmt: skip
            scene = replace(scene, item=str(row.get("item", "Total")))
            for name, value in row.items():
                if isinstance(value, int | float) and name in MEASURE_COLUMNS and scene.whole:
                    self.told.claims.append(scene.claim(_NAMES.get(name, name), str(value), self.file, where))


def _leaves(data: Any, path: str = "") -> list[tuple[str, Any]]:
    """The values within nested data with their paths.

    >>> _leaves({"a": {"b": [1, 2]}})
    [('a.b', 1), ('a.b', 2)]
    """
    if isinstance(data, dict):
        return [leaf for name, value in data.items() for leaf in _leaves(value, f"{path}.{name}" if path else name)]
    if isinstance(data, list):
        return [leaf for value in data for leaf in _leaves(value, path)]
    return [(path, data)]


def _rows(data: Any) -> list[dict[str, Any]]:
    """Objects within nested data that name a measure."""
    if isinstance(data, dict):
        own = [data] if "measure" in data else []
        return own + [row for value in data.values() for row in _rows(value)]
    return [row for value in data for row in _rows(value)] if isinstance(data, list) else []


def read_notebook(path: Path, public: Public, file: str) -> Told:
    """All that a notebook tells."""
    return NotebookReader(path, public, file).read()
