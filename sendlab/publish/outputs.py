"""The outputs of notebook cells as HTML: tables as they are, charts as figures, text as paragraphs."""

import ast
import re
from html import escape
from typing import Any

_FRAME_SIGNS = re.compile(r"[┌│╭]|\S {3,}\S")
_ID = re.compile(r'\bid="([^"]+)"')
_SVG_TAG = re.compile(r"<svg\b[^>]*>")


class Prose:
    """Markdown to HTML, with an anchor on every heading; anchors are unique within one report."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def __call__(self, source: str) -> str:
        """One Markdown cell as HTML."""
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


class Shown:
    """One output that passed `gate.require_reportable` as HTML; stderr (warnings, machine paths) is left out."""

    def __init__(self) -> None:
        self._figures = 0

    def __call__(self, output: Any) -> str:
        """HTML of one output, empty where nothing is for readers."""
        if output.output_type == "stream":
            return paragraphs(_joined(output.text)) if output.name == "stdout" else ""
        return self._bundle({kind: _joined(content) for kind, content in output.data.items() if _is_text(content)})

    def _bundle(self, data: dict[str, str]) -> str:
        alt = _unquoted(data.get("text/plain", ""))
        if "image/svg+xml" in data:
            self._figures += 1
            return figure(data["image/svg+xml"], alt, self._figures)
        if "text/html" in data:
            return f'<div class="scroll" tabindex="0" role="region" aria-label="Table">{data["text/html"]}</div>'
        return paragraphs(alt)


def figure(svg: str, alt: str, number: int) -> str:
    """A chart as an inline figure; ids are made unique, since two charts on a page would share clip paths.

    >>> figure('<svg><g id="a"/><use href="#a"/></svg>', "", 2)
    '<figure tabindex="0"><svg><g id="figure2-a"/><use href="#figure2-a"/></svg></figure>'
    """
    svg = svg[svg.index("<svg") :]  # no XML declaration inside HTML
    for name in set(_ID.findall(svg)):
        unique = f"figure{number}-{name}"
        svg = svg.replace(f'id="{name}"', f'id="{unique}"').replace(f"url(#{name})", f"url(#{unique})")
        svg = svg.replace(f'"#{name}"', f'"#{unique}"')
    picture = _SVG_TAG.sub(lambda tag: _labelled(tag.group(), alt), svg, count=1)
    return f'<figure tabindex="0">{picture}{_caption(alt)}</figure>'


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
    """
    if not text.strip():
        return ""
    if _FRAME_SIGNS.search(text):
        return f'<pre tabindex="0">{escape(text)}</pre>'
    parts = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in parts)


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
