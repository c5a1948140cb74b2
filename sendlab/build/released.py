"""What goes out is noted in the release log of its audience: later builds are held to it."""

from collections.abc import Callable

from sendlab import store
from sendlab.build.marks import PROTECTED, STEP, log_file, releases
from sendlab.disclosure import Published
from sendlab.disclosure.log import with_release
from sendlab.workspace import Workspace


def record_release(workspace: Workspace, figures: Callable[[str], Published], released: str) -> None:
    """Note that the figures of each audience (`figures(audience)`) go out on a day (2026-11-28).

    Invented pupils have no log.
    """
    if workspace.is_sample:
        return
    for audience in PROTECTED:
        if audience in store.read_manifest(workspace.store, STEP)["seals"]:
            path, log = log_file(workspace, audience), releases(workspace, audience)
            now = with_release(log, figures(audience), released)
            if now.height > log.height:
                store.write_table(path.parent, path.stem, now)
