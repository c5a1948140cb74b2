"""The attack on figures that are released again after corrections: a few pupils' absences, a return that came late.

The raw files of a seed of the sample are published; then some census rows of one school are corrected and, for every
other seed, the autumn census of the last year comes in that was not there before. What is published then is attacked
with both releases in hand. About a CPU minute a seed.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from soak_disclosure import ROOT

from sendlab.build.attacked import NOW, attacked, earlier_editions
from sendlab.disclosure.audit.editions import HELD, Edition
from sendlab.disclosure.log import no_releases, with_release
from sendlab.disclosure.release import release
from sendlab.ingest import ingest
from sendlab.measures import choose, make_measures, read_inputs, with_texts
from sendlab.metrics.publication import published_measures
from sendlab.sample import write
from sendlab.workspace import read_workspace

PRESENT, UNAUTHORISED = ("/", "\\"), "O"  # register codes
CORRECTED = 4  # rows


def measures_of(root: Path) -> pl.DataFrame:
    """The measures that may be published, of the raw files of a workspace as they are now."""
    space = read_workspace(root)
    ingest(space)
    rows = make_measures(read_inputs(space))
    return with_texts(rows.filter(pl.col("measure").is_in(published_measures())))


def corrected(file: Path, seed: int) -> None:
    """Some rows of one school in a census's file of sessions: present becomes absent without leave."""
    rows = pl.read_csv(file, infer_schema=False)
    drawn = np.random.default_rng(seed)
    here = pl.col("attendancereason").is_in(PRESENT)
    school = drawn.choice(rows.filter(here)["NativeId"].unique().sort().to_list())
    places = rows.with_row_index("at").filter(here, pl.col("NativeId") == school)["at"].to_list()
    chosen = drawn.choice(places, size=min(CORRECTED, len(places)), replace=False).tolist()
    now = pl.when(pl.int_range(pl.len()).is_in(chosen)).then(pl.lit(UNAUTHORISED)).otherwise("attendancereason")
    rows.with_columns(now.alias("attendancereason")).write_csv(file)


def revised(seed: int) -> tuple[int, int]:
    """Counts given away by a release and the one after corrections, and figures that stand as released before."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        settings = (ROOT / "sendlab.toml").read_text(encoding="utf-8")
        (root / "sendlab.toml").write_text(settings.replace("data/sample", "raw"), encoding="utf-8")
        write(root / "raw", seed=seed)
        late = list((root / "raw").glob("2026_autumn_*.csv")) if seed % 2 else []
        aside = {path: path.rename(root / path.name) for path in late}
        first = measures_of(root)
        for path, kept in aside.items():
            kept.rename(path)
        (file,) = (root / "raw").glob("2026_spring_termlysessiondetailsonroll.csv")
        corrected(file, seed)
        second = measures_of(root)
    before = release(choose(first).rows, run_id="first", all_measures=_figures(first)).published
    log = with_release(no_releases(), before, "release 1")
    exact = _figures(second)
    now = release(choose(second).rows, run_id="second", log=log, all_measures=exact).published
    editions = [*earlier_editions(log, "board", 5, "second"), Edition(now.rows, "board", 5, released=NOW)]
    held = now.rows.filter(pl.col("note").str.starts_with(HELD)).height
    return len(attacked(editions, exact).findings), held


def _figures(measures: pl.DataFrame) -> pl.DataFrame:
    return measures.filter(pl.col("comparator") == "")


def judged(seeds: range) -> tuple[bool, str, dict[str, Any]]:
    """Whether a release after corrections gives anything away; in words; figures by seed."""
    figures = {str(seed): revised(seed) for seed in seeds}
    found, held = (sum(each[place] for each in figures.values()) for place in (0, 1))
    said = f"{found} counts given away by {len(seeds)} seeds; {held / len(seeds):.0f} figures a seed stand as released"
    return found == 0 and held > 0, said, {"found and held": figures}
