"""The frame of every HTML page: one template set, one style sheet, a policy that forbids any request."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

MARKING = "OFFICIAL"
TEMPLATES = Path(__file__).parent / "templates"
# A page fetches nothing and runs nothing but the script whose hash stands here: the browser enforces it.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@cache
def style_sheet() -> str:
    """The style sheet that all pages carry inside."""
    return (TEMPLATES / "sendlab.css").read_text(encoding="utf-8")


def policy(script: str = "") -> str:
    """The content security policy of a page; `script` is the one inline script that may run.

    >>> "script-src" in policy(), "script-src 'sha256-" in policy("let a = 1")
    (False, True)
    """
    if not script:
        return _POLICY
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"{_POLICY}; script-src 'sha256-{digest}'"


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Everything is escaped unless a template says `safe`; a name that is missing is an error, not a blank.
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **context: object) -> str:
    """A page from a template of this room, with the style sheet and the policy filled in."""
    script = str(context.get("script", ""))
    frame = {"css": style_sheet(), "policy": policy(script), "marking": MARKING, **context}
    text: str = _environment().get_template(template).render(**frame)
    return text
