"""What tests share: the sample workspace, the folder of real data, and tools that CI must have."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: threads would only wait for one another
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # tests start some hundred processes: they compile the package once

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("sendlab", deadline=None)  # how long a test takes says nothing of what it tests
settings.load_profile("sendlab")

TREE = "SENDLAB_TEST_TREE"  # environment variable by which a test knows all processes of its supervisors
ROOT = Path(__file__).resolve().parent.parent
# Real published data lie beside the clone; none of it is committed. Where the second variable is set, absence fails.
REAL_DATA = Path(os.environ.get("SENDLAB_REAL_DATA", ROOT.parent / "shared" / "real"))
FIRST = "first.ipynb"  # what became of the notebook that was run first in the sample workspace
MUST_HAVE = os.environ.get("SENDLAB_REQUIRE_TOOLS") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One file that needs the sample first, then those that do not: while it is built nobody waits for it."""
    files = list(dict.fromkeys(item.path for item in items))
    need = {item.path for item in items if "sample_workspace" in getattr(item, "fixturenames", ())}
    first = next((path for path in files if path in need), None)
    turn = {path: 0 if path == first else 2 if path in need else 1 for path in files}
    items.sort(key=lambda item: turn[item.path])  # stable: the order within a file stays


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

    marked = os.environ.pop(TREE, None)  # it lives on beside tests that look for what is left of their own processes
    started = sync_playwright()
    with started as driver:
        running = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        if marked:
            os.environ[TREE] = marked
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


def sample_settings(folder: Path) -> Path:
    """A workspace folder with the settings of the clone's own, on its raw files."""
    folder.mkdir(parents=True, exist_ok=True)
    own, raw = (ROOT / "sendlab.toml").read_text(encoding="utf-8"), ROOT / "data" / "sample"
    text = own.replace('raw = "data/sample"', f'raw = "{raw.as_posix()}"').replace('store = ".store"\n', "")
    (folder / "sendlab.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def sample_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace on the committed sample, ingested and built; not to be changed by a test.

    Built once for all processes of the tests: the first to come builds, the others wait for it. What builds is a
    notebook that is opened and run, as in a fresh clone. The clone's own workspace is given the same store.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sample workspace"
    ready, failed = folder / "ready", folder / "failed"
    try:
        folder.mkdir()
    except FileExistsError:
        until = time.monotonic() + 900
        while not ready.exists():
            assert not failed.exists() and time.monotonic() < until, "whoever came first could not build the sample"
            time.sleep(0.2)
        return folder
    try:
        open_first(sample_settings(folder))
    except BaseException:
        failed.touch()
        raise
    ready.touch()
    return folder


def open_first(folder: Path) -> None:
    """Run a notebook in a workspace that has nothing but raw files; the clone gets the store if its own is another."""
    import papermill

    from sendlab.store import read_manifest

    (folder / "notebooks").mkdir()
    notebook = shutil.copy(ROOT / "notebooks" / "interventions.ipynb", folder / "notebooks")
    papermill.execute_notebook(
        notebook, folder / FIRST, cwd=folder / "notebooks", progress_bar=False, kernel_name="python3"
    )
    shutil.rmtree(folder / "notebooks")  # where a workspace has none the clone's are run
    made, own = folder / "store", ROOT / ".store"
    if read_manifest(own, "build").get("mark") != read_manifest(made, "build")["mark"]:
        shutil.rmtree(own, ignore_errors=True)
        shutil.copytree(made, own)


@pytest.fixture
def own_sample(sample_workspace: Path, tmp_path: Path) -> Path:
    """A workspace of the test's own on the committed sample, with the store that was built once for all tests."""
    folder = sample_settings(tmp_path / "w")
    shutil.copytree(sample_workspace / "store", folder / "store")
    return folder


@pytest.fixture(scope="module")
def own_sample_module(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `own_sample`, for all tests of one file."""
    folder = sample_settings(tmp_path_factory.mktemp("own") / "w")
    shutil.copytree(sample_workspace / "store", folder / "store")
    return folder
