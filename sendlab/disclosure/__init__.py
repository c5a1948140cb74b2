"""The gate: figures are protected and rounded here, and nothing reaches a page or a file without it."""

from sendlab.disclosure.asked import Asked, ask_published
from sendlab.disclosure.editions import own_figures, school_edition
from sendlab.disclosure.published import (
    HIDDEN,
    OWN_VIEW_MARK,
    OwnView,
    Published,
    require_published,
    require_view,
)
from sendlab.disclosure.release import publish, release
from sendlab.disclosure.usefulness import hidden_summary, visible_share

__all__ = [
    "HIDDEN",
    "OWN_VIEW_MARK",
    "Asked",
    "OwnView",
    "Published",
    "ask_published",
    "hidden_summary",
    "own_figures",
    "publish",
    "release",
    "require_published",
    "require_view",
    "school_edition",
    "visible_share",
]
