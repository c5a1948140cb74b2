"""Make the two requirement locks and the version block of environment.yml from pyproject.toml.

For developers only; needs `uv` on the PATH and a package index. Users need pip alone.
    python tools/lock.py [--upgrade]   what is locked keeps its version, unless --upgrade
`tests/test_locks.py` fails when pyproject.toml and the three files made here disagree.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMED = ("jupyterlab", "pandas", "polars", "altair", "ipywidgets", "papermill", "nbval", "scipy")
CORE_EXTRAS = ("board", "pdf", "app")
DEV_EXTRAS = (*CORE_EXTRAS, "bench", "scale", "test")
BLOCK = ("# versions-begin (made by tools/lock.py)", "# versions-end")


def declared() -> dict:
    """What pyproject.toml asks for: the part that decides the locks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "python": project["requires-python"],
        "core": sorted(project["dependencies"]),
        "extras": {name: sorted(project["optional-dependencies"][name]) for name in DEV_EXTRAS},
    }


def fingerprint() -> str:
    """sha256 of what is declared, written on the first line of each lock."""
    return hashlib.sha256(json.dumps(declared(), sort_keys=True).encode()).hexdigest()


def locked_versions(lock: str) -> dict[str, str]:
    """{package: version} of a lock file in the project's root."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", text, flags=re.M))


def version_block() -> str:
    """The comment block for environment.yml: the eight named packages and their versions."""
    versions = locked_versions("requirements.lock")
    rows = [f"#   {name} {versions[name]}" for name in NAMED]
    return "\n".join([BLOCK[0], *rows, BLOCK[1]])


def _compile(output: str, extras: tuple[str, ...], *constraints: str) -> None:
    command = [
        "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
        "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header", *sys.argv[1:],
    ]  # fmt: skip
    for name in extras:
        command += ["--extra", name]
    for name in constraints:
        command += ["--constraint", name]
    subprocess.run([*command, "pyproject.toml", "-o", output], cwd=ROOT, check=True)
    path = ROOT / output
    heading = f"# made by tools/lock.py from pyproject.toml; declared: {fingerprint()}\n"
    path.write_text(heading + path.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")


def main() -> None:
    """Write requirements-dev.lock, requirements.lock and the block in environment.yml."""
    _compile("requirements-dev.lock", DEV_EXTRAS)
    _compile("requirements.lock", CORE_EXTRAS, "requirements-dev.lock")
    path = ROOT / "environment.yml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index(BLOCK[0]), text.index(BLOCK[1]) + len(BLOCK[1])
    path.write_text(text[:start] + version_block() + text[end:], encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
