"""The verb for a question of one's own: new."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sendlab.cli.options import WORKSPACE, shown, tell_faults
from sendlab.errors import SendlabError

if TYPE_CHECKING:
    from sendlab.explore import CohortExplorer
    from sendlab.explore.reading import Understood
    from sendlab.explore.selection import Selection

NOTHING = "nothing: the cohort alone"


@click.command()
@click.argument("question", required=False, default="")
@click.option("--measure", default="", help="Name of a measure, or words of its title.")
@click.option("--by", multiple=True, metavar="COLUMN", help="What to break down by, the one to compare along first.")
@click.option("--where", multiple=True, metavar="COLUMN=VALUE", help="Who is asked about; may be repeated.")
@click.option("--compare", default="", metavar="VALUE", help="A group, 'A year earlier' or 'The whole authority'.")
@click.option("--only", multiple=True, metavar="VALUE", help="Groups that the answer tells of (default: all).")
@click.option("--part", default="", metavar="PERIOD", help="A part of the year, such as 'Autumn term'.")
@click.option("--time-period", default="", metavar="YEAR", help="Academic year such as 202526 (default: the latest).")
@click.option("--name", default="", help="Name of the notebook (default: made from the question).")
@click.option("--library", "library_id", default="", metavar="ID", help="A worked question of the library.")
@click.option("--list", "list_them", is_flag=True, help="Tell the worked questions, and write nothing.")
@click.option("--from-view", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A saved view (JSON).")
@click.option("--without-own-filters", is_flag=True, help="Leave out a saved view's filters of your own screen.")
@click.option("--everywhere", is_flag=True, help="Have it judged for the authority and all its schools right away.")
@click.option("--declare", "declare_it", is_flag=True, help="Add it to publication.toml: protected with the rest.")
@WORKSPACE
@tell_faults
def new(
    question: str, list_them: bool, workspace: Path | None, name: str, everywhere: bool, declare_it: bool, **given: Any
) -> None:
    """A notebook of a question of your own, which runs at once and for every school.

    QUESTION is in words, such as "Do girls on SEN support miss more sessions than boys?". What can be read from the
    words is taken, what is missing is asked for.
    """
    if list_them:
        _tell_library()
        return
    from sendlab.explore import CohortExplorer
    from sendlab.explore.new_question import told, write_question

    explorer = CohortExplorer(workspace)
    ask, chosen, read_with = _wanted(explorer, question.strip(), **given)
    click.echo("\n".join([ask, *told(chosen)]))
    if sys.stdin.isatty():
        click.confirm("Write the notebook so?", default=True, abort=True)
    if declare_it:
        _declared(explorer.root, ask, chosen)
    path = write_question(explorer.root, ask, chosen, name=name, read_with=read_with)
    click.echo(f"written: {shown(path, explorer.root)}")
    if everywhere:
        _judged(explorer, chosen)
    click.echo(f"for every place: sendlab run --notebook {path.stem}")


def _tell_library() -> None:
    from sendlab.explore.library import library

    topic = ""
    for one in library().values():
        if one.topic != topic:
            topic = one.topic
            click.echo(topic)
        click.echo(f"  {one.id:<31} {one.ask}")


def _wanted(
    explorer: "CohortExplorer", question: str, *, library_id: str, from_view: Path | None, without_own_filters: bool,
    time_period: str, **options: Any,
) -> "tuple[str, Selection, str]":  # fmt: skip
    """The question in words, what it selects, and what to read the answer with."""
    from sendlab.explore.library import worked_question
    from sendlab.explore.new_question import question_words

    period = time_period or explorer.periods()[-1]
    if library_id:
        worked = worked_question(library_id)
        chosen = worked.selection(explorer.authority, period, authority=explorer.authority)
        return question or worked.ask, chosen, worked.read_with
    if from_view is not None:
        chosen = _from_file(explorer, from_view, without_own_filters)
        return question or question_words(chosen), chosen, ""
    if not question:
        raise SendlabError("there is no question", next_step='put it in quotes: sendlab new "Do girls ...?"')
    return question, _from_words(explorer, question, period, **options), ""


def _from_file(explorer: "CohortExplorer", file: Path, without_own_filters: bool) -> "Selection":
    from sendlab.explore.selection import of_dict

    try:
        given = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError:
        step = "save one in the explorer: view.save(FILE)"
        raise SendlabError(f"'{file.name}' is no saved view", next_step=step) from None
    chosen = of_dict(given, authority=explorer.authority)
    return chosen.without_own_filters() if without_own_filters else chosen


def _from_words(
    explorer: "CohortExplorer", question: str, time_period: str, *, measure: str, by: Sequence[str],
    where: Sequence[str], compare: str, only: Sequence[str], part: str,
) -> "Selection":  # fmt: skip
    """What is given, then what the words say, then what is asked for on a terminal."""
    from sendlab.explore.reading import completed, measure_of
    from sendlab.explore.selection import select

    names = explorer.measures()
    known = completed(question, by=by, where=where, compare=compare, only=only)
    if measure:
        known.measure = measure_of(measure, names["measure"])
    if sys.stdin.isatty():
        _ask_for(known, dict(names.select("measure", "title").iter_rows()))
    if not known.measure:
        raise SendlabError("which measure is asked about cannot be told from the question",
                           next_step="name it: --measure NAME; docs/measures.md has them all")  # fmt: skip
    if not (known.by or known.filters):
        raise SendlabError("who is asked about, and by what, cannot be told from the question",
                           next_step='name it: --by COLUMN, --where "sen_provision=SEN support"')  # fmt: skip
    return select(known.measure, time_period, explorer.authority, authority=explorer.authority, by=known.by,
                  compare=known.compare, part=part, filters=known.filters)  # fmt: skip


def _ask_for(known: "Understood", measures: dict[str, str]) -> None:
    """Ask for what is missing, with numbered choices."""
    from sendlab.explore.reading import ASKED_BY
    from sendlab.explore.selection import NAMES

    if not known.measure:
        known.measure = _choice("Which measure?", measures)
    if not known.by:
        chosen = _choice("Broken down by?", {"": NOTHING, **{name: NAMES[name] for name in ASKED_BY
                                                             if name not in known.filters}})  # fmt: skip
        known.by = [chosen] if chosen else []


def _choice(question: str, options: dict[str, str]) -> str:
    names = list(options)
    for number, name in enumerate(names, 1):
        click.echo(f"  {number:>2}  {options[name]}")
    return names[click.prompt(question, type=click.IntRange(1, len(names))) - 1]


def _declared(root: Path, ask: str, chosen: "Selection") -> None:
    from sendlab.explore.declaring import declare

    path = declare(root, ask, chosen)
    if path is None:
        click.echo("the declared tables hold it already: it is protected with the rest")
    else:
        click.echo(f"added to {path.name}: 'sendlab build' protects it with the rest")


def _judged(explorer: "CohortExplorer", chosen: "Selection") -> None:
    """Have the question judged now, and say for how many places there are figures."""
    from sendlab.explore.asking import places_answered

    click.echo(places_answered(explorer, chosen))


VERBS = (new,)
