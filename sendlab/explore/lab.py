"""JupyterLab, or an app, on the explorer's notebook: on this computer only, and nothing is asked of anybody else."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from sendlab.errors import WorkspaceProblem
from sendlab.publish.notebook import copy_without_outputs
from sendlab.workspace import Workspace, own_notebooks

NOTEBOOK = "explore_cohort_gaps.ipynb"
OWN_NOTEBOOKS = own_notebooks()
SETTINGS = {"apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}
SECONDS_TO_END = 15.0


def start_lab(workspace: Workspace, *, browser: bool = True) -> int:
    """Start JupyterLab on the explorer's notebook and wait until it ends; returns its exit status.

    Ctrl-C ends it. Without `browser` it prints the address to open. It listens on 127.0.0.1 only.
    """
    return _until_it_ends(subprocess.Popen(lab_command(workspace, browser=browser), cwd=workspace.root))


def start_app(workspace: Workspace, *, browser: bool = True) -> int:
    """As `start_lab`, the notebook as an app without its code, for a meeting (Voila). Each page has a kernel."""
    if not find_spec("voila"):
        raise WorkspaceProblem("Voila is not installed here", next_step='install the extra "app" of sendlab')
    command = app_command(workspace, browser=browser)
    return _until_it_ends(subprocess.Popen(command, cwd=workspace.root, env=app_environment()))


def app_command(workspace: Workspace, *, browser: bool = True) -> list[str]:
    """The command that shows the explorer's notebook as an app; makes the notebook where it is not there yet."""
    notebook = lab_notebook(workspace)
    options = {"Voila.ip": "127.0.0.1", "Voila.open_browser": str(browser), "VoilaConfiguration.template": "sendlab",
               "VoilaConfiguration.strip_sources": "True", "ExecutePreprocessor.timeout": "600"}  # fmt: skip
    words = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "voila", str(notebook.relative_to(workspace.root)), *words]


def app_environment() -> dict[str, str]:
    """The environment in which Voila finds our page, which fetches nothing."""
    own = str(Path(__file__).parent / "jupyter")
    return {**os.environ, "JUPYTER_PATH": os.pathsep.join(filter(None, [own, os.environ.get("JUPYTER_PATH", "")]))}


def _until_it_ends(process: "subprocess.Popen[bytes]") -> int:
    try:
        return process.wait()
    except KeyboardInterrupt:
        return _end(process)


def _end(process: "subprocess.Popen[bytes]") -> int:
    """Ctrl-C has reached the server too: give it time to stop its kernels."""
    try:
        return process.wait(SECONDS_TO_END)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        return process.wait()


def lab_command(workspace: Workspace, *, browser: bool = True) -> list[str]:
    """The command that starts JupyterLab; makes the notebook and the settings folder where they are not there yet."""
    notebook = lab_notebook(workspace)
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.root_dir": str(workspace.root),
        "ServerApp.open_browser": str(browser),
        "ServerApp.answer_yes": "True",  # Ctrl-C ends the server without asking back
        "LabApp.default_url": f"/lab/tree/{notebook.relative_to(workspace.root).as_posix()}",
        "LabApp.user_settings_dir": str(lab_settings(workspace)),
        "LabApp.news_url": "None",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",  # the other manager asks the package index
    }
    return [sys.executable, "-m", "jupyter", "lab", *(f"--{name}={value}" for name, value in options.items())]


def lab_notebook(workspace: Workspace) -> Path:
    """The workspace's copy of the explorer's notebook, made if it is not there and never changed if it is.

    The copy is made without outputs: those stored are the sample's figures.
    """
    copy = workspace.root / "notebooks" / NOTEBOOK
    if copy.is_file():
        return copy
    if not (OWN_NOTEBOOKS / NOTEBOOK).is_file():
        raise WorkspaceProblem(
            f"there is no notebook {NOTEBOOK} in the workspace or beside the package",
            next_step="copy it from the repository's folder 'notebooks' into that of the workspace",
        )
    return copy_without_outputs(OWN_NOTEBOOKS / NOTEBOOK, copy)


def lab_settings(workspace: Workspace) -> Path:
    """The settings folder of JupyterLab for this workspace, with news and update check switched off."""
    folder = workspace.store / "jupyterlab"
    for name, settings in SETTINGS.items():
        path = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8", newline="\n")
    return folder
