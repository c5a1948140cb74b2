"""Verbs for data: a workspace, the sample, checking and ingesting files."""

import json
import sys
from pathlib import Path

import click

from sendlab.cli.options import FORCE, WORKSPACE, shown, tell_faults


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--la-code", required=True, help="Three-digit code of the authority.")
@click.option("--la-name", required=True, help="Name of the authority.")
@tell_faults
def init(folder: Path, la_code: str, la_name: str) -> None:
    """Make a new workspace: commented sendlab.toml and board.toml, a pseudonym key, copies of the notebooks."""
    from sendlab.board.settings import BOARD, usual_text
    from sendlab.governance import ask_retention
    from sendlab.pseudonyms import SAMPLE_AUTHORITIES, config_folder
    from sendlab.publish.notebook import copy_without_outputs
    from sendlab.workspace import init_workspace, own_notebooks

    terminal = sys.stdin.isatty() and la_code not in SAMPLE_AUTHORITIES
    retention = ask_retention(click.prompt, click.echo) if terminal else None
    made = init_workspace(folder, la_code=la_code, la_name=la_name, retention=retention)
    (folder / BOARD).write_text(usual_text(), encoding="utf-8", newline="\n")
    copied = [
        copy_without_outputs(path, folder / "notebooks" / path.name, place=made.la_code)
        for path in own_notebooks().glob("*.ipynb")
    ]
    click.echo(f"workspace '{folder.name}' made for {made.la_name}; put the authority's files into its folder 'raw'")
    click.echo(f"what its board follows is in '{BOARD}': priorities and indicators, for you to give targets and bands")
    click.echo(f"its own copies of {len(copied)} notebooks are in 'notebooks': change them, and reports follow")
    click.echo("measures and tables of your own go into 'measures': its README.md shows how")
    click.echo(
        f"its pseudonym key {made.key_id} is in {config_folder() / 'keys'}: keep a copy where only you can read it"
    )
    if sys.platform == "win32":
        click.echo("on Windows, check in the folder's Properties > Security that only your account may read it")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", default=None, type=int, help="Another seed gives another invented authority.")
@click.option("--schools", default=None, type=int, help="Number of schools.")
@click.option("--pupils", default=None, type=int, help="Number of pupils.")
@click.option("--years", default=None, type=int, help="School years up to 2025/26, 1 to 3.")
@tell_faults
def sample(folder: Path, seed: int | None, schools: int | None, pupils: int | None, years: int | None) -> None:
    """Write the raw files of an invented authority, in the real formats, with planted truths."""
    from sendlab.sample import write

    options = {"seed": seed, "schools": schools, "pupils": pupils, "years": years}
    write(folder, **{name: value for name, value in options.items() if value is not None})
    click.echo(f"{sum(1 for path in folder.iterdir() if path.is_file())} files written to '{folder.name}'")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@tell_faults
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Say which format and table each file is, and every problem with its row and remedy.

    Exit status: 0 clean, 1 problems, 2 unreadable or unknown.
    """
    from sendlab.check import check_files, report_lines

    result = check_files(list(files))
    click.echo(
        json.dumps(result.as_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(report_lines(result))
    )
    sys.exit(result.exit_status)


@click.command()
@WORKSPACE
@FORCE
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@tell_faults
def ingest(workspace: Path | None, force: bool, as_json: bool) -> None:
    """Raw files into the checked, pseudonymised store; every row is loaded or quarantined."""
    from sendlab.check import ingest_json, ingest_lines
    from sendlab.ingest import ingest as run_ingest
    from sendlab.publish.quality import write_quality
    from sendlab.workspace import find_workspace

    space = find_workspace(workspace)
    result = run_ingest(space, force=force)
    lines = ingest_lines(result)
    if not result.unchanged:
        page = write_quality(space)[0]
        lines.append(f"what to put right, and where: {shown(page, space.root)}, and a page for each school")
    click.echo(json.dumps(ingest_json(result), indent=1, ensure_ascii=False) if as_json else "\n".join(lines))
    sys.exit(result.exit_status)


VERBS = (init, sample, check, ingest)
