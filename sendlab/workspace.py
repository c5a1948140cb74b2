"""Where an authority's things are: raw files, store, reports, key; and the folder that holds them all."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sendlab.errors import WorkspaceProblem
from sendlab.pseudonyms import SAMPLE_AUTHORITIES, SAMPLE_KEY, make_key, read_key
from sendlab.schedule_settings import SCHEDULE_TEXT, Schedule, commented
from sendlab.schema import own
from sendlab.schema.own_readme import OWN_README
from sendlab.settings import SETTINGS, SETTINGS_TEXT, HalfTerm, checked_sections, retention_lines, section_of


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
    retention: dict[str, int] = field(default_factory=dict)  # months, by table or by a name of RETENTION
    restricted: dict[str, dict[str, str]] = field(default_factory=dict)  # "table.column" -> the three of PERMIT
    half_terms: tuple[HalfTerm, ...] = ()  # of the years whose dates are given
    schedule: Schedule | None = None  # when reports are made by themselves; None: never
    allow_row_level: bool = False
    dpia_reference: str = ""
    public: bool = False  # whether figures for the public are made
    log: Path | None = None  # of access; None: access.log in the store

    @property
    def access_log(self) -> Path:
        """The file that says who wrote rows of pupils."""
        return self.log or self.store / "access.log"

    @property
    def holds_real_pupils(self) -> bool:
        """Whether pupils here may be real: 000 and 999 are the codes of invented authorities."""
        return self.la_code not in SAMPLE_AUTHORITIES

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
    if (root := _root_above(here)) is not None:
        return read_workspace(root)
    raise WorkspaceProblem(
        f"no {SETTINGS} in the folder '{here.name}' or above it",
        next_step="make a workspace with 'sendlab init FOLDER', or give --workspace FOLDER",
    )


def has_workspace(start: Path | str | None = None) -> bool:
    """Whether there is a sendlab.toml in `start` (default: the current folder) or above it."""
    return _root_above((Path(start) if start else Path.cwd()).resolve()) is not None


def _root_above(here: Path) -> Path | None:
    return next((folder for folder in (here, *here.parents) if (folder / SETTINGS).is_file()), None)


def read_workspace(root: Path) -> Workspace:
    """The workspace whose settings lie in `root`; every fault in the settings is said. Its own measures are in use."""
    own.use(root)  # first: settings may name its own tables
    try:
        settings = tomllib.loads((root / SETTINGS).read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as fault:
        raise WorkspaceProblem(f"{SETTINGS} cannot be read: {fault}", next_step="correct that line") from None
    authority, folders = section_of(settings, "authority"), section_of(settings, "folders")
    la_code = str(authority.get("la_code", ""))
    if not re.fullmatch(r"\d{3}", la_code):
        raise WorkspaceProblem(f"{SETTINGS}: authority.la_code is not three digits", next_step='write la_code = "999"')
    key_id = str(section_of(settings, "pseudonyms").get("key_id", ""))
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
        **checked_sections(settings, root),
    )


def init_workspace(
    folder: Path, *, la_code: str, la_name: str, retention: Mapping[str, int] | None = None
) -> Workspace:
    """A new workspace: folders, commented settings, and a random pseudonym key in the user's configuration folder.

    `retention` holds months by table or by a name of RETENTION; without it those lines stand behind a '#'.
    """
    if (folder / SETTINGS).exists():
        raise WorkspaceProblem(f"'{folder.name}' is a workspace already", next_step="choose another folder")
    if not re.fullmatch(r"\d{3}", la_code):
        raise WorkspaceProblem("the LA code is not three digits", next_step="give it as --la-code 999")
    for name in ("raw", "store", "reports", own.FOLDER):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / own.FOLDER / "README.md").write_text(OWN_README, encoding="utf-8", newline="\n")
    text = SETTINGS_TEXT.format(
        la_code=la_code,
        la_name=json.dumps(la_name, ensure_ascii=False),
        key_id=make_key(),
        retention=retention_lines(retention),
        schedule=commented(SCHEDULE_TEXT),
    )
    (folder / SETTINGS).write_text(text, encoding="utf-8", newline="\n")
    return read_workspace(folder)
