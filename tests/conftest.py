"""What tests share: the sample workspace, the folder of real data, and tools that CI must have."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Real published data lie beside the clone; none of it is committed. Where the second variable is set, absence fails.
REAL_DATA = Path(os.environ.get("SENDLAB_REAL_DATA", ROOT.parent / "shared" / "real"))
MUST_HAVE = os.environ.get("SENDLAB_REQUIRE_TOOLS") == "1"

SETTINGS = """\
[authority]
la_code = "{la_code}"
la_name = "{la_name}"
[folders]
raw = "{raw}"
[pseudonyms]
key_id = "{key_id}"
"""


def absent(what: str) -> None:
    """Skip with a reason, or fail where the environment promised to have it."""
    if MUST_HAVE:
        pytest.fail(f"{what} is absent, and SENDLAB_REQUIRE_TOOLS=1 says it must be here")
    pytest.skip(f"{what} is absent")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real published data."""
    if not REAL_DATA.is_dir():
        absent("the folder of real data (set SENDLAB_REAL_DATA)")
    return REAL_DATA


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that can be driven."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        absent("Chromium")
    return str(found)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """One headless Chromium for the whole session: two drivers at once would not share the event loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            yield running
        finally:
            running.close()


def make_workspace(folder: Path, *, raw: Path | None = None, la_code: str = "999", key_id: str = "sample") -> Path:
    """A workspace folder with settings; `raw` may lie anywhere (default: its own folder 'raw')."""
    folder.mkdir(parents=True, exist_ok=True)
    place = raw.as_posix() if raw else "raw"
    text = SETTINGS.format(la_code=la_code, la_name="Trialshire (invented)", raw=place, key_id=key_id)
    (folder / "sendlab.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def sample_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace on the committed sample, ingested and built; not to be changed by a test."""
    from sendlab.build import open_workspace

    folder = make_workspace(tmp_path_factory.mktemp("sample") / "workspace", raw=ROOT / "data" / "sample")
    open_workspace(folder)
    return folder


@pytest.fixture
def own_sample(sample_workspace: Path, tmp_path: Path) -> Path:
    """A workspace of the test's own on the committed sample, with the store that was built once for all tests."""
    folder = make_workspace(tmp_path / "w", raw=ROOT / "data" / "sample")
    shutil.copytree(sample_workspace / "store", folder / "store")
    return folder
