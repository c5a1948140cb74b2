"""The gate: figures are protected and rounded here, and nothing reaches a page or a file without it."""

from sendlab.disclosure.attack import attack
from sendlab.disclosure.findings import Finding
from sendlab.disclosure.published import (
    HIDDEN,
    OWN_VIEW_MARK,
    OwnView,
    Published,
    require_published,
    require_view,
)
from sendlab.disclosure.release import hidden_summary, publish

__all__ = [
    "HIDDEN",
    "OWN_VIEW_MARK",
    "Finding",
    "OwnView",
    "Published",
    "attack",
    "hidden_summary",
    "publish",
    "require_published",
    "require_view",
]
