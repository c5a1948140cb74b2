"""Keyed pseudonyms: a UPN goes in, HMAC-SHA256 comes out, and the key lives outside the workspace.

A plain hash of a UPN is no protection (an LA's register can be tried in seconds), so there is no unkeyed way and no
default key. Pseudonymised rows remain personal data under UK GDPR.
"""

import hmac
import os
import re
import secrets
from hashlib import sha256
from pathlib import Path

import platformdirs
import polars as pl

from sendlab.errors import WorkspaceProblem

KEY_BYTES = 32
PSEUDONYM_HEX = 32  # 128 bits kept: a collision among a million pupils has odds of about 1 in 10^27
# A declared key for invented pupils. It protects nobody, so it is refused for any authority that exists.
SAMPLE_KEY = sha256(b"sendlab: invented pupils of authorities 000 and 999").digest()
SAMPLE_AUTHORITIES = ("000", "999")
CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # 23 letters; I, O and S are left out


def config_folder() -> Path:
    """The user's own folder for keys: SENDLAB_CONFIG_DIR, else the system's per-user configuration folder."""
    own = os.environ.get("SENDLAB_CONFIG_DIR")
    return Path(own) if own else Path(platformdirs.user_config_dir("sendlab", appauthor=False))


def make_key() -> str:
    """Write a new random key into the user's configuration folder and return its id."""
    key_id = secrets.token_hex(4)
    folder = config_folder() / "keys"
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / f"{key_id}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(secrets.token_bytes(KEY_BYTES).hex())
    return key_id


def read_key(key_id: str) -> bytes:
    """The key of that id. Missing, short or readable by others: an error that says what to do, never a default."""
    path = config_folder() / "keys" / f"{key_id}.key"
    if not re.fullmatch(r"[0-9a-f]{8}", key_id) or not path.is_file():
        raise WorkspaceProblem(
            f"the pseudonym key '{key_id}' named in sendlab.toml is not in your configuration folder",
            next_step=f"copy {key_id}.key into its folder 'keys' from whoever made this workspace",
        )
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise WorkspaceProblem(f"the key file {path.name} can be read by others", next_step="chmod 600 the key file")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:  # neither ASCII nor hexadecimal; its own message could quote the key
        raise WorkspaceProblem(
            f"the key file {path.name} is damaged: it is not hexadecimal",
            next_step="copy it again from whoever made this workspace; a new key gives other pseudonyms",
        ) from None
    if len(key) < KEY_BYTES:
        raise WorkspaceProblem(
            f"the key file {path.name} holds fewer than {KEY_BYTES} bytes", next_step="make a new key"
        )
    return key


def normalise_upn(upn: str) -> str:
    """The UPN in capitals without blanks.

    >>> normalise_upn(" h801 200001001 ")
    'H801200001001'
    """
    return re.sub(r"\s", "", upn).upper()


def upn_is_valid(upn: str) -> bool:
    """Whether the check letter of a normalised UPN fits (DfE UPN guide; a temporary UPN ends in a letter).

    >>> upn_is_valid("H801200001001"), upn_is_valid("A801200001001")
    (True, False)
    """
    if not re.fullmatch(r"[A-HJ-NP-RT-Z]\d{11}[0-9A-HJ-NP-RT-Z]", upn):
        return False
    values = [int(c) if c.isdigit() else CHECK_LETTERS.index(c) for c in upn[1:]]
    return CHECK_LETTERS[sum(w * v for w, v in enumerate(values, start=2)) % len(CHECK_LETTERS)] == upn[0]


def pseudonym(upn: str, key: bytes) -> str:
    """The keyed pseudonym of a normalised UPN: 32 hexadecimal characters.

    >>> pseudonym("D823299901001", bytes(range(32)))
    'aaf51b76045a379df7d5d90094ca64f6'
    """
    return hmac.new(key, upn.encode("utf-8"), sha256).hexdigest()[:PSEUDONYM_HEX]


BLANK = "~blank UPN: "  # stands before source and line where a file gives no UPN: linked within that file only


def upn_status(upn: str) -> str:
    """Whether a UPN as it stands in a file is valid, invalid or blank (a mark of its place, see BLANK).

    >>> upn_status(" h801200001001"), upn_status("nonsense")
    ('valid', 'invalid')
    """
    if upn.startswith(BLANK):
        return "blank"
    return "valid" if upn_is_valid(normalise_upn(upn)) else "invalid"


def pseudonymise(upns: pl.Series, key: bytes) -> tuple[pl.Series, pl.Series]:
    """Pseudonyms and their status (valid, invalid, blank) for a column of UPNs as they stand in a file.

    An invalid but present UPN is kept and flagged.

    >>> pseudonymise(pl.Series(["H801200001001", " h801200001001", "nonsense"]), bytes(32))[1].to_list()
    ['valid', 'valid', 'invalid']
    """
    known = {}
    for upn in upns.unique():
        plain = upn if upn.startswith(BLANK) else normalise_upn(upn)
        known[upn] = (pseudonym(plain, key), upn_status(upn))
    return (
        upns.replace_strict({upn: pair[0] for upn, pair in known.items()}, return_dtype=pl.String).alias("pupil_id"),
        upns.replace_strict({upn: pair[1] for upn, pair in known.items()}, return_dtype=pl.String).alias("upn_status"),
    )
