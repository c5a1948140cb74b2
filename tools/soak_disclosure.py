"""The attack on our own publication on many seeds: one release for each audience, and six half-term releases in a row.

About one CPU minute a seed for the audiences, four for the releases. For every seed of the sample the declared
tables are published for the board, for every school and for the public, and attacked by an outsider and by each school;
or the last year is released half term by half term under the release log, as an authority would, and attacked with all
releases in hand.
"""

import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.build.attacked import attacked
from sendlab.disclosure import own_figures, school_edition, visible_share
from sendlab.disclosure.audit.editions import Edition
from sendlab.disclosure.log import no_releases, with_release
from sendlab.disclosure.release import release
from sendlab.ingest import ingest
from sendlab.measures import choose, make_measures, read_inputs, with_texts
from sendlab.metrics.publication import published_measures
from sendlab.sample import write
from sendlab.schema.groups import AUTUMN_AND_SPRING, HALF_TERMS, TERMS
from sendlab.workspace import read_workspace

ROOT = Path(__file__).resolve().parent.parent
RELEASES = 6


def measures_of_seed(seed: int) -> pl.DataFrame:
    """The measures that may be published, of the sample authority of a seed, made from its raw files."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        settings = (ROOT / "sendlab.toml").read_text(encoding="utf-8")
        (root / "sendlab.toml").write_text(settings.replace("data/sample", "raw"), encoding="utf-8")
        write(root / "raw", seed=seed)
        space = read_workspace(root)
        ingest(space)
        rows = make_measures(read_inputs(space))
    return with_texts(rows.filter(pl.col("measure").is_in(published_measures())))


def known_by(measures: pl.DataFrame, half_terms: int) -> pl.DataFrame:
    """The measures as they are known after so many half terms of the last year; all of them after six."""
    latest = measures.filter(pl.col("geographic_level") == "School")["time_period"].max()
    closed = [*HALF_TERMS[:half_terms], *TERMS[: half_terms // 2], *([AUTUMN_AND_SPRING] if half_terms >= 4 else [])]
    earlier = (pl.col("time_period") < latest) | (pl.col("geographic_level") == "National")
    return measures.filter(earlier | pl.col("time_identifier").is_in(closed) | (half_terms == RELEASES))


def of_audiences(measures: pl.DataFrame) -> tuple[int, dict[str, float]]:
    """Counts given away by one release to every audience, and the share that is visible, by audience."""
    rows, exact = choose(measures).rows, measures.filter(pl.col("comparator") == "")
    board = release(rows, run_id="soak", all_measures=exact)
    public = release(rows, audience="public", run_id="soak", all_measures=exact, board=board.published).published
    own = own_figures(rows, board.published)
    schools = own["place_code"].unique().sort().to_list()
    editions = [Edition(board.published.rows, "board", 5), Edition(public.rows, "public", 10)]
    editions += [Edition(school_edition(board.published, own, code).rows, "school", 5, place=code) for code in schools]
    found = attacked(editions, exact)
    return len(found.findings), {"board": visible_share(board.published), "public": visible_share(public)}


def of_releases(measures: pl.DataFrame) -> tuple[int, list[float]]:
    """Counts given away by six releases to the board in a row, and the share that is visible in each."""
    log, editions, shares = no_releases(), list[Edition](), list[float]()
    for number in range(1, RELEASES + 1):
        known = known_by(measures, number)
        exact = known.filter(pl.col("comparator") == "")
        made = release(choose(known).rows, run_id=f"soak {number}", log=log, all_measures=exact).published
        log = with_release(log, made, f"release {number}")
        editions.append(Edition(made.rows, "board", 5, released=str(number)))
        shares.append(visible_share(made))
    return len(attacked(editions, measures.filter(pl.col("comparator") == "")).findings), shares


def audiences_judged(seeds: range) -> tuple[bool, str, dict[str, Any]]:
    """Whether one release to each audience gives anything away; in words with the shares visible; figures by seed."""
    figures = {str(seed): of_audiences(measures_of_seed(seed)) for seed in seeds}
    found = sum(count for count, _ in figures.values())
    shares = {name: [visible[name] for _, visible in figures.values()] for name in ("board", "public")}
    told = "; ".join(f"visible to the {name} {min(some)} to {max(some)} %" for name, some in shares.items())
    return found == 0, f"{found} counts given away by {len(seeds)} seeds; {told}", {"found and visible": figures}


def releases_judged(seeds: range) -> tuple[bool, str, dict[str, Any]]:
    """Whether six releases in a row give anything away; in words with the fall of what is visible; figures by seed."""
    figures = {str(seed): of_releases(measures_of_seed(seed)) for seed in seeds}
    found = sum(count for count, _ in figures.values())
    falls = [shares[0] - shares[-1] for _, shares in figures.values()]
    said = f"{found} counts given away by {len(seeds)} seeds; from the first to the sixth release "
    said += f"{sum(falls) / len(falls):+.1f} points less visible on average, at most {max(falls):+.1f}"
    return found == 0, said, {"found and visible": figures}
