"""The plan of a run as data: which notebooks for which places, checked before anything starts."""

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.disclosure.published import AUDIENCES as THRESHOLDS
from sendlab.disclosure.published import Published, settings_line
from sendlab.errors import RunProblem
from sendlab.publish.files import BESIDE
from sendlab.schema.labels import period_name
from sendlab.schema.measures import school_years

NOTEBOOKS = (
    "progress", "attendance", "exclusions", "interventions", "plans_and_reviews", "resources_and_voice",
    "self_evaluation", "data_quality",
)  # fmt: skip
AUDIENCE, OWN = "board", "school"  # the edition that the index links, and the one for a school alone
SCHOOLS = "schools"  # folder of what only the school that a folder is named after may see
RECORDS = "runs"  # the analyst's folder beside the reports
BOARD_PAGE, BOARD_PDF, SLIDES, WORKBOOK = "board-page.html", "board-page.pdf", "slides.pptx", "figures.xlsx"
OPEN_DATA, PUBLIC = "open-data", "public"  # folders: pairs of CSV, and what anybody may have
_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str, "int": int, "float": (int, float), "bool": bool, "list": list, "dict": dict,
}  # fmt: skip


_BESIDE = re.compile(rf"{BESIDE}\d$")


@dataclass(frozen=True)
class Task:
    """One notebook for one place; `output` is the path of the results without a suffix, `record` the run's own folder.

    What is not finished or went wrong stays in `record`, which is for the analyst and no part of the reports.
    """

    notebook: Path
    output: Path
    record: Path
    parameters: Mapping[str, Any]
    cwd: Path
    title: str
    place_code: str
    place_name: str
    run_id: str = ""
    settings: str = ""
    audience: str = AUDIENCE
    kernel_name: str = "python3"
    environment: Mapping[str, str] = field(default_factory=dict)  # what the notebook's process is told besides


def board_folder(reports: Path, time_period: str) -> Path:
    """Where a period's board editions go; `schools/` beside it is kept for what only a school may see."""
    return reports / time_period / AUDIENCE


def edition_folder(reports: Path, time_period: str, place: str, audience: str) -> Path:
    """Where a place's reports for an audience go."""
    if audience == OWN:
        return reports / time_period / SCHOOLS / place
    return board_folder(reports, time_period) / place


def record_folder(reports: Path, run: str) -> Path:
    """The analyst's folder of one run: its manifest, and the notebooks that failed."""
    return reports / RECORDS / run


def notebook_files(folders: Iterable[Path]) -> dict[str, Path]:
    """{name: file} of the notebooks in these folders; the first folder that has a name wins.

    A name that files are given whose place is taken ("attendance-new1") is refused with `RunProblem`.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.ipynb")):
            found.setdefault(path.stem, path)
    if taken := [name for name in found if _BESIDE.search(name)]:
        raise RunProblem(f"no notebook can be called {', '.join(taken)}", next_step="give it a name without -new")
    return found


def make_plan(
    places: pl.DataFrame,
    notebooks: Mapping[str, Path],
    *,
    reports: Path,
    cwd: Path,
    time_period: str,
    only_places: Sequence[str] | None = None,
    only_notebooks: Sequence[str] | None = None,
    run: str = "by-hand",
    run_id: str = "",
) -> list[Task]:
    """Every place with every notebook, places in the order given, or only those named; schools in two editions.

    `places` has the columns `place_code`, `place_name` and `geographic_level`; `notebooks` is {name: file}; `run` is
    the name of the run in the analyst's records. A place or notebook that is not there is refused with `RunProblem` and
    its near misses.
    """
    names = dict(places.select("place_code", "place_name").iter_rows())
    schools = set(places.filter(pl.col("geographic_level") == "School")["place_code"])
    codes = _known("place", only_places, names) if only_places else list(names)
    topics = _known("notebook", only_notebooks or NOTEBOOKS, notebooks)
    return [
        Task(
            notebook=notebooks[topic].resolve(),
            output=(edition_folder(reports, time_period, code, audience) / topic).resolve(),
            record=record_folder(reports, run).resolve(),
            parameters={"place": code, "time_period": time_period, "audience": audience},
            cwd=cwd.resolve(),
            title=f"{names[code]}, {period_name(time_period)}",
            place_code=code,
            place_name=names[code],
            run_id=run_id,
            settings=settings_line(audience, THRESHOLDS[AUDIENCE], code if audience == OWN else ""),
            audience=audience,
        )
        for code in codes
        for audience in ((AUDIENCE, OWN) if code in schools else (AUDIENCE,))
        for topic in topics
    ]


def latest_period(published: Published) -> str:
    """The latest school year with figures of schools or the LA; published benchmarks do not count."""
    years = school_years(published.rows.filter(pl.col("geographic_level") != "National"))
    if not years:
        raise RunProblem(
            "there are no published figures to report", next_step="run 'sendlab ingest' and 'sendlab build'"
        )
    return years[-1]


def places_in_order(places: pl.DataFrame) -> pl.DataFrame:
    """The LA first, then the schools by name."""
    return places.sort(
        pl.col("geographic_level") != "Local authority", pl.col("place_name").str.to_lowercase(), "place_code"
    )


def _known(kind: str, wanted: Sequence[str], known: Mapping[str, object]) -> list[str]:
    """The names asked for, each once; of places their codes, told with what they are called."""
    unknown = [name for name in wanted if name not in known]
    if unknown:
        hints = [f"'{name}'{_near(name, known)}" for name in unknown]
        called = [f"{name} ({other})" if isinstance(other, str) else name for name, other in known.items()]
        raise RunProblem(
            f"no {kind} is called {', '.join(hints)}",
            next_step=f"there are {len(known)}: {', '.join(called[:8])}{' ...' if len(known) > 8 else ''}"
            if known
            else f"there is none; a workspace's own lie in its folder '{kind}s'",
        )
    return list(dict.fromkeys(wanted))


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(str(name), list(known), n=2)
    quoted = " or ".join(f"'{other}'" for other in near)
    return f" (did you mean {quoted}?)" if near else ""


def check_plan(tasks: Iterable[Task]) -> None:
    """Refuse a parameter that a notebook of these tasks does not declare: `RunProblem` with its near misses."""
    # The parameters of one notebook differ from place to place in their values only: one look a notebook is enough.
    for task in {task.notebook: task for task in tasks}.values():
        check_parameters(task.notebook, task.parameters)


def check_parameters(notebook: Path, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that the notebook does not declare, or of another type than its defaults.

    papermill itself only warns, runs on the default and so reports the wrong school. Every problem is listed at once
    in a `RunProblem`, with the near misses.
    """
    declared = _declared(notebook)
    problems = []
    for name, value in parameters.items():
        if name not in declared:
            problems.append(f"'{name}' is not a parameter{_near(name, declared)}")
        elif (expected := _type_name(declared[name])) and not _fits(value, expected):
            problems.append(f"'{name}' must be of type {expected}, not {type(value).__name__}")
    if problems:
        raise RunProblem(
            f"{notebook.name}: " + "; ".join(problems),
            next_step=f"its cell tagged 'parameters' declares: {', '.join(declared) or 'nothing'}",
        )


def _declared(notebook: Path) -> dict[str, dict[str, str]]:
    from papermill import inspect_notebook

    if not notebook.is_file():
        raise RunProblem(f"there is no notebook {notebook.name}", next_step="check the folder and the name")
    try:
        return dict(inspect_notebook(literal_path(notebook)))
    except (ValueError, KeyError) as error:
        raise RunProblem(
            f"{notebook.name} cannot be read as a notebook with a kernel ({type(error).__name__})",
            next_step="open it in JupyterLab, choose the Python 3 kernel and save it",
        ) from error


def literal_path(path: Path) -> str:
    """The path as papermill must be given it: it fills in {braces} in paths."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _type_name(parameter: Mapping[str, str]) -> str:
    """The annotated type of a parameter, else that of its default; empty where neither says."""
    annotated = parameter["inferred_type_name"]
    if annotated in _TYPES:
        return annotated
    try:
        found = type(ast.literal_eval(parameter["default"])).__name__
    except (SyntaxError, ValueError):
        return ""
    return found if found in _TYPES else ""


def _fits(value: object, expected: str) -> bool:
    if isinstance(value, bool):
        return expected == "bool"
    return isinstance(value, _TYPES[expected])
