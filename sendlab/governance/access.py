"""The access log: who wrote rows of pupils, when and what. No pupil values."""

import getpass
import re
from datetime import UTC, datetime

from sendlab.errors import WorkspaceProblem
from sendlab.workspace import Workspace

# A UPN, or a pseudonym: neither is ever logged, whatever the caller says.
_PUPIL = re.compile(r"\b[A-Z]\d{11}[0-9A-Z]\b|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", re.IGNORECASE)


def row_level_allowed(workspace: Workspace) -> bool:
    """Whether rows of pupils may be written for their own school: [governance] allow_row_level = true."""
    return workspace.allow_row_level


def log_access(workspace: Workspace, what: str, rows: int, *, run_id: str = "") -> None:
    """Append one line to the access log: UTC time, user name, what, rows, run id, with tabs between.

    Call it before the rows are shown or written: a log that cannot be written is a `WorkspaceProblem`.
    """
    time = datetime.now(UTC).isoformat(timespec="seconds")
    cells = (time, _user(), what, f"{rows} rows", run_id)
    line = "\t".join(re.sub(r"\s+", " ", _PUPIL.sub("[pupil]", cell)) for cell in cells)
    try:
        workspace.access_log.parent.mkdir(parents=True, exist_ok=True)
        with workspace.access_log.open("a", encoding="utf-8", newline="\n") as log:
            log.write(f"{line}\n")
    except OSError:
        raise WorkspaceProblem(
            f"the access log '{workspace.access_log.name}' cannot be written, so no rows of pupils are",
            next_step="close it in other programs, or name another with access_log under [governance] in sendlab.toml",
        ) from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a service account without a name
        return "unknown"
