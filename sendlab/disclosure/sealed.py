"""The seal of published figures in the store: a keyed hash, so that only what build wrote is read back as published.

A plain checksum lying beside a file can be made anew by whoever changes the file; a seal needs the workspace's key. The
seal is bound to audience, threshold and run as well: the board's figures do not pass for the public's.
"""

import hmac
from hashlib import sha256
from pathlib import Path

from sendlab.errors import GateError, WorkspaceProblem

PURPOSE = b"sendlab: seal of published figures"
_REBUILD = "run 'sendlab build --force'"


def seal_key(key: bytes) -> bytes:
    """The key of seals, derived from the workspace's pseudonym key: each purpose has a key of its own (32 bytes).

    >>> seal_key(bytes(range(32))).hex()[:16]
    'a7dc69737a59b04c'
    """
    return hmac.new(key, PURPOSE, sha256).digest()


def about_figures(*, audience: str, threshold: int, run_id: str, place: str = "") -> str:
    """What a seal of figures is bound to besides the file; `place` is the school of a school's own edition.

    >>> about_figures(audience="board", threshold=5, run_id="r1")
    'audience=board;threshold=5;run=r1'
    """
    return f"audience={audience};threshold={threshold};run={run_id}" + (f";place={place}" if place else "")


def seal(path: Path, key: bytes, *, about: str) -> str:
    """The seal of a file: HMAC-SHA256 in hexadecimal over `about` and the file's bytes, under the key of `seal_key`.

    `about` is preceded by its length in 8 bytes, so that no part of it can be taken for a part of the file. A file that
    is not there is a `WorkspaceProblem`.
    """
    return seal_of(_bytes_of(path), key, about)


def require_seal(path: Path, key: bytes, expected: str, *, about: str) -> bytes:
    """The bytes of a file whose seal is the one expected; read these, as the file may change after it was checked.

    Raises `GateError` where file, key or `about` are not those that the seal was made with, and `WorkspaceProblem`
    where the file is not there. The comparison takes the same time wherever the two seals differ.
    """
    content = _bytes_of(path)
    require_seal_of(content, key, expected, about=about, name=path.name)
    return content


def require_seal_of(content: bytes, key: bytes, expected: str, *, about: str, name: str) -> None:
    """Refuse bytes of the file `name` whose seal is not the one expected (`GateError`)."""
    if not hmac.compare_digest(seal_of(content, key, about).encode(), expected.encode()):
        raise GateError(
            f"'{name}' in the store does not bear the seal that build gave it: the published figures in the store "
            "are not those that build wrote",
            next_step=_REBUILD,
        )


def seal_of(content: bytes, key: bytes, about: str) -> str:
    """The seal of bytes; see `seal`."""
    words = about.encode("utf-8")
    made = hmac.new(key, len(words).to_bytes(8, "big") + words, sha256)
    made.update(content)
    return made.hexdigest()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise WorkspaceProblem(f"the store holds no file '{path.name}'", next_step=_REBUILD) from None
