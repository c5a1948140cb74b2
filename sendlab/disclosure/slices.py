"""Published figures in blocks that are read by seek: one for every place, one for every measure over all places.

A report shows one place, its authority and the nation; of other schools it shows one measure. Each block is an Arrow
stream with a seal of its own, bound to its name, so that reading one costs the same at 10 schools and at 400.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from sendlab.disclosure.sealed import require_seal_of, seal_of
from sendlab.errors import WorkspaceProblem

PLACES = "places"
Index = dict[str, tuple[int, int, str]]  # {name of a block: where it starts, its length, its seal}
_PLACE = ("place_code", "place_name", "education_phase", "geographic_level")


def place_block(code: str) -> str:
    """The name of the block of a place."""
    return f"place {code}"


def measure_block(measure: str) -> str:
    """The name of the block of a measure over all places."""
    return f"measure {measure}"


def write_slices(rows: pl.DataFrame, target: Path, key: bytes, *, about: str) -> Index:
    """Write the blocks of the published rows of an audience; returns where each is.

    Blocks: `place CODE`, `measure NAME`, and `places` with code, name, phase and level of all places. `key` and `about`
    are those of `sealed.seal`.
    """
    index: Index = {}
    aside = target.with_name(f".{target.name}.part")
    with aside.open("wb") as file:
        for name, block in _blocks(rows):
            content = io.BytesIO()
            block.write_ipc_stream(content)
            index[name] = (file.tell(), content.tell(), seal_of(content.getvalue(), key, _about(about, name)))
            file.write(content.getvalue())
    aside.replace(target)
    return index


def _blocks(rows: pl.DataFrame) -> Iterable[tuple[str, pl.DataFrame]]:
    yield PLACES, rows.select(_PLACE).unique().sort(_PLACE)
    for column, named in (("place_code", place_block), ("measure", measure_block)):
        for (value,), block in rows.partition_by(column, as_dict=True, maintain_order=True).items():
            yield named(str(value)), block


def read_slices(
    path: Path, names: Sequence[str], index: Mapping[str, Sequence[object]], key: bytes, *, about: str
) -> pl.DataFrame:
    """The rows of these blocks, one after the other; a block that is not there has none.

    A block without its seal is a `GateError`, a file that is not there a `WorkspaceProblem`.
    """
    wanted = [name for name in names if name in index]
    blocks = []
    try:
        with path.open("rb") as file:
            for name in wanted or [next(iter(index))]:
                start, length, seal = index[name]
                file.seek(int(str(start)))
                content = file.read(int(str(length)))
                require_seal_of(content, key, str(seal), about=_about(about, name), name=path.name)
                blocks.append(pl.read_ipc_stream(io.BytesIO(content)))
    except FileNotFoundError:
        raise WorkspaceProblem(
            f"the store holds no file '{path.name}'", next_step="run 'sendlab build --force'"
        ) from None
    return pl.concat(blocks) if wanted else blocks[0].clear()


def _about(about: str, name: str) -> str:
    return f"{about};block={name}"
