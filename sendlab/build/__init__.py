"""Everything once: facts, measures, published figures; and the workspace that notebooks open."""

from sendlab.build.audited import audit_workspace
from sendlab.build.made import BuildResult, build
from sendlab.build.opened import OpenWorkspace, open_workspace
from sendlab.build.visible import visible_by_measure, visible_by_release, visible_lines

__all__ = [
    "BuildResult",
    "OpenWorkspace",
    "audit_workspace",
    "build",
    "open_workspace",
    "visible_by_measure",
    "visible_by_release",
    "visible_lines",
]
