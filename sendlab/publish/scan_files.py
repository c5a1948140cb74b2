"""The texts of files that are text: pages, drawings, notebooks, JSON, CSV, logs; every attribute and key among them."""

import base64
import binascii
import csv
import io
import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from sendlab.publish.scan_text import Piece

ROW_ATTRIBUTE = "an attribute on a row that is not shown"
# Tags that stand within a word or line; any other tag parts what is before it from what is behind it.
_INLINE = "a|b|i|em|strong|span|mark|small|sup|sub|u|code|font|wbr|tspan|t|r|rPr|a:r|a:t|a:rPr"
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE})\b[^<>]*>")
_TAG = re.compile(r"<[^<>]*>")
_BROKEN_TAG = re.compile(r"<[^<>\n]*\n")
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL | re.IGNORECASE)
_HIDDEN_CELL = re.compile(r"<t[dh]\b[^>]*>\s*(?:<[^>]+>\s*)*(?:\[c\]|c|not shown)\s*<", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\s([\w:-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
# What the rows of our tables carry, and which of it may hold a digit.
_PLAIN = {"class", "scope", "style", "role", "hidden", "tabindex"}
_SPANS = {"rowspan", "colspan"}
_MODEL = re.compile(r"[0-9a-f]{32}")


def markup(text: str, place: str) -> Iterator[Piece]:
    """HTML, SVG or XML: the source as it stands, without entities, and what is left without tags."""
    yield Piece(place, text)
    if "&" in text and (read := unescape(text)) != text:
        yield Piece(place, read, again=True)
    joined = _INLINE_TAG.sub("", text)
    plain = unescape(_TAG.sub(_lines_of if _BROKEN_TAG.search(joined) else " ", joined))
    yield Piece(place, plain, again=True)


def _lines_of(tag: re.Match[str]) -> str:
    """A blank, and the lines of the tag, so that lines keep their numbers."""
    return " " + "\n" * tag.group().count("\n")


def told_on_hidden_rows(html: str, place: str) -> Iterator[tuple[str, str]]:
    """Rows of tables that show the mark of hidden figures and say more in their tags than how they look.

    >>> list(told_on_hidden_rows('<tr><th>Oak</th><td data-n="3">c</td></tr>', "page"))
    [('page, line 1', 'an attribute on a row that is not shown')]
    """
    for row in _ROW.finditer(html):
        if not _HIDDEN_CELL.search(row.group()):
            continue
        for tag in _TAG.findall(row.group()):
            if any(_tells(name.lower(), value) for name, value in _ATTRIBUTE.findall(tag)):
                yield f"{place}, line {html.count(chr(10), 0, row.start()) + 1}", ROW_ATTRIBUTE


def _tells(name: str, value: str) -> bool:
    return name not in _SPANS and (name not in _PLAIN or any(sign.isdigit() for sign in value))


def drawings(html: str) -> Iterator[str]:
    """The SVG drawings within a page, or the one that the text is."""
    yield from re.findall(r"<svg\b.*?</svg>", html, re.DOTALL)


def json_pieces(text: str) -> Iterator[Piece]:
    """Every key and text of a JSON file with the way to it; lines of JSON line by line. Nothing in it: ValueError."""
    if not text.strip():
        raise ValueError("no JSON")
    try:
        yield from _walk(json.loads(text), "")
    except json.JSONDecodeError:
        for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), 1):
            yield from _walk(json.loads(line), f"line {number}")


def notebook_pieces(text: str) -> Iterator[Piece]:
    """Every key and text of a notebook: cells, outputs of all kinds, metadata, and the state of its controls.

    Numbers that name a control (32 hexadecimal digits, as a pseudonym) are left out where they only name one.
    """
    node = json.loads(text)
    names = _models(node)
    for place, cell in enumerate(node["cells"], 1):
        yield from _without(_walk(cell, f"cell {place}"), names)
    rest = {key: value for key, value in node.items() if key != "cells"}
    yield from _without(_walk(rest, "notebook"), names)


def _models(node: Any) -> set[str]:
    """The names of controls: keys of their state, and what an output says that it shows."""
    found: set[str] = set()
    for state in node.get("metadata", {}).get("widgets", {}).values():
        found |= set(state.get("state", {}))
    for cell in node["cells"]:
        for output in cell.get("outputs", ()):
            for kind, shown in output.get("data", {}).items():
                if kind.startswith("application/vnd.jupyter.widget-view"):
                    found.add(str(shown.get("model_id", "")))
    return {name for name in found if _MODEL.fullmatch(name)}


def _without(pieces: Iterator[Piece], names: set[str]) -> Iterator[Piece]:
    for piece in pieces:
        if piece.text.removeprefix("IPY_MODEL_") not in names:
            yield piece


def _walk(thing: Any, place: str) -> Iterator[Piece]:
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield Piece(f"{place}, a key", str(key), heading=True)
            yield from _walk(value, f"{place}.{_short(key)}".lstrip("."))
    elif isinstance(thing, list) and thing and all(isinstance(part, str) for part in thing):
        yield from _of_string("".join(thing), place)
        if any(not part.endswith("\n") for part in thing[:-1]):  # a list of texts rather than the lines of one
            yield from (Piece(place, part) for part in thing)
    elif isinstance(thing, list):
        for number, part in enumerate(thing):
            yield from _walk(part, f"{place}[{number}]")
    elif isinstance(thing, str):
        yield from _of_string(thing, place)


def _short(key: str) -> str:
    """A key as part of a place: no value of a pupil may stand there."""
    return key if re.fullmatch(r"[A-Za-z_/+.-]{1,40}", key) else "(key)"


def _of_string(text: str, place: str) -> Iterator[Piece]:
    if "<" in text and ">" in text:
        yield from markup(text, place)
    else:
        yield Piece(place, text)


def delimited(text: str, delimiter: str) -> Iterator[Piece]:
    """CSV or TSV: its headings, and all of it as text."""
    head = next(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter), [])
    yield from (Piece(f"column {number}", name, heading=True) for number, name in enumerate(head, 1))
    yield Piece("text", text)


def pictures(notebook: str) -> Iterator[tuple[str, bytes]]:
    """(place, bytes) of the PNG pictures among a notebook's outputs."""
    for place, cell in enumerate(json.loads(notebook)["cells"], 1):
        for output in cell.get("outputs", ()):
            if coded := output.get("data", {}).get("image/png"):
                try:
                    yield f"cell {place}, picture", base64.b64decode("".join(coded))
                except binascii.Error:
                    yield f"cell {place}, picture", b""
