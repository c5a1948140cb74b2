"""The cells of a notebook as HTML: charts as figures with their table beneath, text as paragraphs and lists."""

import ast
import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from typing import Any

from sendlab.publish.tables_csv import csv_link
from sendlab.schema.labels import BULLET

_FRAME_SIGNS = re.compile(r"[┌│╭]|\S {3,}\S")
_ID = re.compile(r'\bid="([^"]+)"')
_SVG_TAG = re.compile(r"<svg\b[^>]*>")
_SVG_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
SET_UP = "set-up"  # tag of the cell that opens the workspace: what it prints stands at the head of a report already


class Body:
    """The cells of one report as HTML, in their order: it numbers headings and figures, and knows what stood before."""

    def __init__(self, name: str = "") -> None:
        self._name = name  # of the file that its figures are saved as
        self._tables: list[str] = []  # HTML of the tables shown so far
        self._seen: dict[str, int] = {}
        self._figures = 0
        self._after_chart = False

    def prose(self, source: str) -> str:
        """One Markdown cell as HTML, with an anchor on every heading; anchors are unique within one report."""
        self._after_chart = False
        from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

        renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
        html = MarkdownWithMath(renderer=renderer).render(source)
        return re.sub(r"<(h[2-4])>(.*?)</\1>", self._anchored, str(html), flags=re.DOTALL)

    def _anchored(self, found: re.Match[str]) -> str:
        tag, words = found.groups()
        slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"<[^>]+>", "", words).lower()).strip("-") or "part"
        number = self._seen[slug] = self._seen.get(slug, 0) + 1
        anchor = slug if number == 1 else f"{slug}-{number}"
        return f'<{tag} id="{anchor}">{words}</{tag}>'

    def shown(self, output: Any, tags: Sequence[str] = ()) -> str:
        """One output that passed `gate.require_reportable` as HTML, without warnings and what a set-up prints."""
        if output.output_type == "stream":
            return "" if output.name != "stdout" or SET_UP in tags else self._text(_joined(output.text))
        return self._bundle({kind: _joined(content) for kind, content in output.data.items() if _is_text(content)})

    def _bundle(self, data: dict[str, str]) -> str:
        alt = _unquoted(data.get("text/plain", ""))
        if "image/svg+xml" in data:
            self._figures, self._after_chart = self._figures + 1, True
            return figure(data["image/svg+xml"], alt, self._figures)
        return self._table(data["text/html"]) if "text/html" in data else self._text(alt)

    def link(self, _: str) -> str:
        """What saves the figures of all tables of the body as CSV; it stands at the end."""
        return csv_link(self._tables, self._name)

    def _text(self, text: str) -> str:
        self._after_chart = False
        return paragraphs(text)

    def _table(self, html: str) -> str:
        """A table; right after a chart it holds the same figures, and is folded away beneath it."""
        self._tables.append(html)
        table = f'<div class="scroll" tabindex="0" role="region" aria-label="Table {len(self._tables)}">{html}</div>'
        if not self._after_chart:
            return table
        self._after_chart = False
        return f'<details class="twin"><summary>The same figures as a table</summary>{table}</details>'


def figure(svg: str, alt: str, number: int) -> str:
    """A chart as an inline figure; ids are made unique, since two charts on a page would share clip paths.

    >>> figure('<svg><g id="a"/><use href="#a"/></svg>', "", 2)
    '<figure><div class="wide" tabindex="0"><svg><g id="figure2-a"/><use href="#figure2-a"/></svg></div></figure>'
    """
    svg = svg[svg.index("<svg") :]  # no XML declaration inside HTML
    for name in set(_ID.findall(svg)):
        unique = f"figure{number}-{name}"
        svg = svg.replace(f'id="{name}"', f'id="{unique}"').replace(f"url(#{name})", f"url(#{unique})")
        svg = svg.replace(f'"#{name}"', f'"#{unique}"')
    picture = _SVG_TAG.sub(lambda tag: _labelled(tag.group(), alt), svg, count=1)
    return f'<figure>{_title(svg)}<div class="wide" tabindex="0">{picture}</div>{_caption(alt)}</figure>'


def _title(svg: str) -> str:
    """The title of a chart once more, for narrow screens only, where the drawing is wider than the screen.

    Screen readers have the drawing's own.
    """
    found = _SVG_TITLE.search(svg)
    return f'<p class="narrow" aria-hidden="true">{found.group(1)}</p>' if found else ""


def _labelled(tag: str, alt: str) -> str:
    if 'role="img"' in tag or not alt:
        return tag
    return f'{tag[:-1]} role="img" aria-label="{escape(alt)}">'


def _caption(alt: str) -> str:
    if not alt:
        return ""
    return f"<figcaption><details><summary>This chart in words</summary>{paragraphs(alt)}</details></figcaption>"


def paragraphs(text: str) -> str:
    r"""Plain text as paragraphs; text laid out in columns keeps its layout.

    >>> paragraphs("One < two.\nStill one.\n\nTwo.")
    '<p>One &lt; two.<br>Still one.</p><p>Two.</p>'
    >>> paragraphs("First:\n• one\n• two")
    '<p>First:</p><ul><li>one</li><li>two</li></ul>'
    """
    if not text.strip():
        return ""
    if _FRAME_SIGNS.search(text):
        return f'<pre tabindex="0">{escape(text)}</pre>'
    parts = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    runs = (run for part in parts for run in groupby(part.splitlines(), lambda line: line.startswith(BULLET)))
    return "".join(_list(lines) if listed else _paragraph(lines) for listed, lines in runs)


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line.removeprefix(BULLET))}</li>' for line in lines)}</ul>"


def _paragraph(lines: Iterable[str]) -> str:
    return f"<p>{'<br>'.join(map(escape, lines))}</p>"


def _is_text(content: object) -> bool:
    return isinstance(content, str | list)


def _joined(content: str | list[str]) -> str:
    return content if isinstance(content, str) else "".join(content)


def _unquoted(text: str) -> str:
    """A string shown as the last line of a cell stands in quotes; readers need none."""
    if text[:1] not in "'\"" or not text:
        return text
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        return text
