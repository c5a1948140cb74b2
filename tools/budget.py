"""Print the reading budget: lines of the core that an analyst reads, and of the whole package."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "sendlab"
CORE = (
    "schema/*.py", "sources/extract.py", "cohort/*.py", "metrics/cards.py", "metrics/recipes.py",
    "metrics/measuring.py", "metrics/grouping.py", "metrics/completeness.py", "metrics/rates.py",
    "metrics/attendance.py", "metrics/exclusions.py", "metrics/key_stage_2.py", "metrics/progress.py",
    "metrics/interventions.py", "compare/gaps.py", "compare/sides.py", "compare/ratios.py", "compare/change.py",
)  # fmt: skip
AIM_CORE, AIM_ALL = 2500, 15000
LONGEST = 250


def lines(paths: list[Path]) -> int:
    """Lines of these files together."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def main() -> None:
    """Print the budget and the modules that are longer than they should be."""
    core = [path for pattern in CORE for path in sorted(ROOT.glob(pattern))]
    everything = sorted(ROOT.rglob("*.py"))
    print(f"reading budget: core {lines(core):,} of {AIM_CORE:,} lines, package {lines(everything):,} of {AIM_ALL:,}")
    for path in everything:
        if lines([path]) > LONGEST:
            print(f"  {path.relative_to(ROOT.parent).as_posix()}: {lines([path])} lines, aim {LONGEST}")


if __name__ == "__main__":
    main()
