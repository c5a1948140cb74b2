"""Rekey: a new pseudonym key, and a store made again from the raw files under it."""

import re
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sendlab import store
from sendlab.errors import WorkspaceProblem
from sendlab.governance.ageing import STEP as PURGE
from sendlab.governance.erasure import carry_over
from sendlab.governance.stored import mark_stale, pupil_parts
from sendlab.pseudonyms import config_folder, make_key
from sendlab.settings import SETTINGS
from sendlab.workspace import Workspace, read_workspace

INGEST = "ingest"  # the step whose record says which raw files the store was made from
ASIDE = ".rekey"


@dataclass(frozen=True)
class RekeyResult:
    """The old and the new key."""

    old_key_id: str
    new_key_id: str

    def lines(self) -> list[str]:
        """The result for the screen: what to do with the two key files."""
        folder = config_folder() / "keys"
        return [
            f"the store stands under the new key {self.new_key_id}; keep a copy of {self.new_key_id}.key in {folder}",
            f"now delete the old key {self.old_key_id}.key there and wherever a copy of it lies: with it, old exports "
            "can be traced back to pupils",
            "run 'sendlab build' next; pseudonyms in earlier exports no longer match",
        ]


def rekey(workspace: Workspace, remake: Callable[[Workspace], object], upns: Path | None = None) -> RekeyResult:
    """Give the workspace a new key; `remake` ingests all raw files into the store of the workspace it is given.

    The new store is made aside, then `sendlab.toml` names the new key, then the new tables take the place of the old.
    Until then nothing of the old changes; stopped in between, the next ingest makes the store again. Refused for the
    sample, where raw files are gone, and where forgotten pupils would come back (`upns`: the file of their UPNs).
    """
    _require_rekeyable(workspace)
    aside = workspace.store.with_name(workspace.store.name + ASIDE)
    shutil.rmtree(aside, ignore_errors=True)
    new = replace(workspace, key_id=make_key(), store=aside)
    try:
        carry_over(workspace, upns, new)
        if purged := store.read_manifest(workspace.store, PURGE):
            store.write_manifest(aside, PURGE, purged)
        remake(new)
        _name_key(workspace, new.key_id)
    except BaseException:  # whatever happened, the old store and key are as they were
        shutil.rmtree(aside, ignore_errors=True)
        if read_workspace(workspace.root).key_id == workspace.key_id:
            (config_folder() / "keys" / f"{new.key_id}.key").unlink(missing_ok=True)
        raise
    _put_in_place(workspace, aside)
    return RekeyResult(workspace.key_id, new.key_id)


def _require_rekeyable(workspace: Workspace) -> None:
    if workspace.is_sample:
        raise WorkspaceProblem(
            "the sample has the declared sample key, which is no secret: there is nothing to renew",
            next_step="make a workspace with 'sendlab init', which makes a key of its own",
        )
    workspace.key()  # the old one must be there: a typing error in sendlab.toml is no reason for a new key
    inputs = store.read_manifest(workspace.store, INGEST).get("inputs", {})
    gone = [name for name in inputs if not (workspace.raw / name).is_file()]
    if not inputs:
        raise WorkspaceProblem("nothing has been ingested yet", next_step="run 'sendlab ingest'")
    if gone:
        raise WorkspaceProblem(
            f"{len(gone):,} of the {len(inputs):,} raw files behind the store are gone: new pseudonyms need UPNs",
            next_step="put them back into the raw folder; to do without their rows, run 'sendlab ingest' first",
        )


def _name_key(workspace: Workspace, key_id: str) -> None:
    """Write the new key's id into sendlab.toml; every other sign of the file stays as it is."""
    path = workspace.root / SETTINGS
    text = path.read_bytes().decode("utf-8")
    changed = re.sub(
        rf"""(?m)^(\s*(?:pseudonyms\.)?key_id\s*=\s*["']){workspace.key_id}(?=["'])""", rf"\g<1>{key_id}", text
    )
    if tomllib.loads(changed.removeprefix("\ufeff"))["pseudonyms"]["key_id"] != key_id:
        raise WorkspaceProblem(
            f"the line key_id of {SETTINGS} was not found, so the old key stays",
            next_step=f'write the key as a line of its own: key_id = "{workspace.key_id}"',
        )
    aside = path.with_name(f".{SETTINGS}.tmp")
    aside.write_bytes(changed.encode("utf-8"))
    store.replace_file(aside, path)


def _put_in_place(workspace: Workspace, aside: Path) -> None:
    """The old tables of pupils go, the new files come; ingest's record last, so that half a change is made again."""
    record = f"{INGEST}.{store.MANIFEST}"
    (workspace.store / record).unlink(missing_ok=True)
    mark_stale(workspace)
    for path in pupil_parts(workspace):
        path.unlink()
    made = sorted((path for path in aside.rglob("*") if path.is_file()), key=lambda path: path.name == record)
    for path in made:
        target = workspace.store / path.relative_to(aside)
        target.parent.mkdir(parents=True, exist_ok=True)
        store.replace_file(path, target)
    shutil.rmtree(aside, ignore_errors=True)
