"""An executed notebook becomes one HTML file that fetches nothing: landmarks, contents, SVG charts, code on request."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from sendlab.disclosure.published import SENSITIVITY
from sendlab.publish.files import write_text
from sendlab.publish.gate import require_no_pupil, require_reportable
from sendlab.publish.notebook import read_notebook
from sendlab.publish.outputs import Body
from sendlab.publish.page import TEMPLATES, policy, style_sheet

_FIRST_H1 = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
_H2 = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>', re.DOTALL)
_TAGS = re.compile(r"<[^>]+>")


def write_report(
    notebook: Path, target: Path, *, title: str, run_id: str, settings: str, audience: str = "board", place: str = ""
) -> Path:
    """Write an executed notebook as a report; returns the path written (see `files.write_aside`).

    `title` names place and period, `settings` is the line about protection (`Published.settings`). `audience` decides
    the handling mark; of a school's own edition `place` is the school. Outputs are charts and tables of published
    figures and plain text; a notebook with anything else in it (an own view, a data frame, a foreign picture, figures
    for another audience, a pupil's pseudonym) is refused with `GateError`, which names the cell.
    """
    node = read_notebook(notebook)
    require_reportable(node, target.stem, run_id=run_id, audience=audience, place=place, settings=settings)
    frame = {
        "title": title, "run_id": run_id, "settings": settings, "marking": SENSITIVITY[audience],
        "css": style_sheet(), "policy": policy(),
    }  # fmt: skip
    page = _page(node, frame, f"{target.stem} {title}")
    require_no_pupil(page, target.stem)
    return write_text(target, page)


def _page(node: Any, frame: dict[str, str], name: str) -> str:
    exporter = ready_exporter()
    for filter_name, made in _filters(Body(name)).items():  # of this page: it numbers what it holds
        exporter.register_filter(filter_name, made)
    page, _ = exporter.from_notebook_node(node, resources={"sendlab": frame})
    return str(page).lstrip()


def _filters(body: Body) -> dict[str, Callable[..., str]]:
    return {"shown": body.shown, "prose": body.prose, "as_csv": body.link}


@cache
def ready_exporter() -> Any:
    """The exporter with its template compiled: made once a process, and in a worker before the first notebook."""
    from nbconvert.exporters.templateexporter import TemplateExporter

    exporter = TemplateExporter(  # type: ignore[no-untyped-call]
        extra_template_basedirs=[str(TEMPLATES)],
        template_name="sendlab",
        template_file="index.html.j2",
        file_extension=".html",
        default_preprocessors=[],  # we use none, and after each the notebook would be checked again
        filters={**_filters(Body()), "question_first": _question_first, "headings": _headings},
    )  # fmt: skip
    _ = exporter.template
    return exporter


def _question_first(body: str, title: str) -> tuple[str, str]:
    """The notebook's own title, which is a question, and the body without it."""
    found = _FIRST_H1.search(body)
    if found is None:
        return title, body
    return found.group(1), body[: found.start()] + body[found.end() :]


def _headings(body: str) -> list[tuple[str, str]]:
    return [(anchor, _TAGS.sub("", words)) for anchor, words in _H2.findall(body)]
