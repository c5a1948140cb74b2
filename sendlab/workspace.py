"""Where an authority's things are: sendlab.toml, raw files, store, reports. Paths and settings only."""

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sendlab.errors import WorkspaceProblem
from sendlab.pseudonyms import SAMPLE_AUTHORITIES, SAMPLE_KEY, make_key, read_key

SETTINGS = "sendlab.toml"
SETTINGS_TEXT = """\
# The settings of this sendlab workspace. What is not here has the default shown behind the '#'.

[authority]
la_code = "{la_code}"        # three digits
la_name = {la_name}

[folders]
raw = "raw"             # files as they come: census exports, extracts, published figures
store = "store"         # checked, pseudonymised tables (made by 'sendlab ingest')
reports = "reports"     # what is made for readers

[pseudonyms]
key_id = "{key_id}"     # the key itself lies in your own configuration folder, never here

[files]
# For a file whose content and name do not say which year and term it is:
# "attendance export.csv" = {{ time_period = "202425", term = "Autumn term" }}
"""


@dataclass(frozen=True)
class Workspace:
    """An authority's workspace: its folders and settings."""

    root: Path
    la_code: str
    la_name: str
    raw: Path
    store: Path
    reports: Path
    key_id: str
    files: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def is_sample(self) -> bool:
        """Whether the declared sample key is in use: invented pupils only."""
        return self.key_id == "sample"

    def key(self) -> bytes:
        """The pseudonym key. The sample key is refused for an authority that exists."""
        if not self.is_sample:
            return read_key(self.key_id)
        if self.la_code not in SAMPLE_AUTHORITIES:
            raise WorkspaceProblem(
                f"the sample key is for the invented authorities 000 and 999, not for {self.la_code}",
                next_step="make a workspace with 'sendlab init', which makes a key of its own",
            )
        return SAMPLE_KEY


def own_notebooks() -> Path:
    """The folder of sendlab's own notebooks: within the installed package, or beside it in a clone."""
    packed = Path(__file__).parent / "notebooks"
    return packed if packed.is_dir() else Path(__file__).parent.parent / "notebooks"


def find_workspace(start: Path | str | None = None) -> Workspace:
    """The workspace of the nearest sendlab.toml, from `start` (default: the current folder) upwards."""
    here = Path(start) if start else Path.cwd()
    if not here.exists():
        raise WorkspaceProblem(f"there is no folder '{here.name}'", next_step="give the folder that holds sendlab.toml")
    here = here.resolve()
    for folder in (here, *here.parents):
        if (folder / SETTINGS).is_file():
            return read_workspace(folder)
    raise WorkspaceProblem(
        f"no {SETTINGS} in the folder '{here.name}' or above it",
        next_step="make a workspace with 'sendlab init FOLDER', or give --workspace FOLDER",
    )


def read_workspace(root: Path) -> Workspace:
    """The workspace whose settings lie in `root`; every fault in the settings is said."""
    try:
        settings = tomllib.loads((root / SETTINGS).read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as fault:
        raise WorkspaceProblem(f"{SETTINGS} cannot be read: {fault}", next_step="correct that line") from None
    authority, folders = _section(settings, "authority"), _section(settings, "folders")
    la_code = str(authority.get("la_code", ""))
    if not re.fullmatch(r"\d{3}", la_code):
        raise WorkspaceProblem(f"{SETTINGS}: authority.la_code is not three digits", next_step='write la_code = "999"')
    key_id = str(_section(settings, "pseudonyms").get("key_id", ""))
    if not key_id:
        raise WorkspaceProblem(
            f"{SETTINGS}: pseudonyms.key_id is missing", next_step="run 'sendlab init' for a new key"
        )
    return Workspace(
        root=root,
        la_code=la_code,
        la_name=str(authority.get("la_name") or la_code),
        raw=root / str(folders.get("raw", "raw")),
        store=root / str(folders.get("store", "store")),
        reports=root / str(folders.get("reports", "reports")),
        key_id=key_id,
        files=_section(settings, "files"),
    )


def _section(settings: dict[str, Any], name: str) -> dict[str, Any]:
    section = settings.get(name, {})
    if not isinstance(section, dict):
        raise WorkspaceProblem(f"{SETTINGS}: [{name}] is not a section", next_step=f"write a line [{name}]")
    return section


def init_workspace(folder: Path, *, la_code: str, la_name: str) -> Workspace:
    """A new workspace: folders, commented settings, and a random pseudonym key in the user's configuration folder."""
    if (folder / SETTINGS).exists():
        raise WorkspaceProblem(f"'{folder.name}' is a workspace already", next_step="choose another folder")
    if not re.fullmatch(r"\d{3}", la_code):
        raise WorkspaceProblem("the LA code is not three digits", next_step="give it as --la-code 999")
    for name in ("raw", "store", "reports"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    text = SETTINGS_TEXT.format(la_code=la_code, la_name=json.dumps(la_name, ensure_ascii=False), key_id=make_key())
    (folder / SETTINGS).write_text(text, encoding="utf-8", newline="\n")
    return read_workspace(folder)
