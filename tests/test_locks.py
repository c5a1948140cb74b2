"""pyproject.toml, the two locks and environment.yml agree, and none of them names an address."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = {"linux": "posix", "darwin": "posix", "win32": "nt"}


def lock_tool():
    spec = importlib.util.spec_from_file_location("lock", ROOT / "tools" / "lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def locked(name):
    """Requirement lines of a lock, hashes left off."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split("--hash")[0].strip() for line in text.splitlines() if line and not line.startswith(("#", " "))]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("name", LOCKS)
def test_lock_is_made_from_this_pyproject(name):
    first = (ROOT / name).read_text(encoding="utf-8").splitlines()[0]
    assert first.endswith(f"declared: {lock_tool().fingerprint()}"), "run python tools/lock.py"


@pytest.mark.parametrize("name", LOCKS)
def test_lock_is_hashed_and_names_no_address(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    assert not (ROOT / "uv.lock").exists()
    entries = re.findall(r"^[a-z0-9][^\n]*(?:\n    --hash[^\n]*)*", text, flags=re.M)
    assert len(entries) > 100 and all("--hash=sha256:" in entry for entry in entries)


def test_every_declared_package_is_locked_within_its_bounds():
    declared = lock_tool().declared()
    extras = declared["extras"]
    core = [*declared["core"], *(text for name in ("board", "pdf", "app") for text in extras[name])]
    everything = [*declared["core"], *(text for wanted in extras.values() for text in wanted)]
    for name, wanted in zip(LOCKS, (core, everything), strict=True):
        have = {requirement.name.lower().replace("_", "-"): requirement for requirement in locked(name)}
        for text in wanted:
            requirement = Requirement(text)
            found = have[requirement.name.lower()]
            assert requirement.specifier.contains(str(found.specifier).removeprefix("==")), text


@pytest.mark.parametrize("package", ["numpy", "scipy"])
def test_numpy_and_scipy_have_one_version_on_every_python_and_platform(package):
    for name in LOCKS:
        (only,) = [requirement for requirement in locked(name) if requirement.name == package]
        assert only.marker is None


def test_locks_agree_with_each_other_and_resolve_once_everywhere():
    small, large = ({(r.name, str(r.specifier)) for r in locked(name)} for name in LOCKS)
    assert small <= large
    for python in PYTHONS:
        for platform, system in PLATFORMS.items():
            environment = {
                "python_version": python, "python_full_version": f"{python}.9", "sys_platform": platform,
                "os_name": system,
                "platform_machine": "x86_64", "platform_system": "", "platform_python_implementation": "CPython",
                "implementation_name": "cpython", "extra": "",
            }  # fmt: skip
            names = [
                r.name for r in locked("requirements-dev.lock") if r.marker is None or r.marker.evaluate(environment)
            ]
            assert len(names) == len(set(names)), (python, platform)


def test_environment_yml_brings_python_and_pip_and_leaves_the_rest_to_the_lock():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    python, pip, section = yaml.safe_load(text)["dependencies"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (
        python == f"python{project['requires-python']}"
        and pip == "pip"
        and section == {"pip": ["-r requirements.lock"]}
    )
    assert lock_tool().version_block() in text


def test_the_eight_named_packages_are_the_installed_ones():
    from importlib.metadata import version

    for name in lock_tool().NAMED:
        assert Version(version(name)) == Version(lock_tool().locked_versions("requirements-dev.lock")[name])
