"""The nine modules of a SEN2 return as sen2_fields.toml declares them: place in the tree, fields and their names."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import NamedTuple

from sendlab.schema.problems import Severity
from sendlab.schema.tables import TABLES, Column, Table
from sendlab.sources.names import plain


@dataclass(frozen=True)
class Module:
    """One module of the return; sen2_fields.toml says what each line means."""

    name: str
    element: str
    title: str
    fields: Mapping[str, list[str]]  # name in the module CSV -> [declared name, further names]
    parent: str = ""
    table: str = ""
    least: int = 0
    most: int = 0  # 0: any number
    over: Severity = "error"

    @property
    def id(self) -> str:
        """The column of its own id."""
        return f"{self.name}tableid"

    @property
    def parent_id(self) -> str:
        """The column that points to its parent."""
        return f"{self.parent}tableid"

    @property
    def field_names(self) -> dict[str, str]:
        """{heading of a field under any of its names: its name in the module CSV}."""
        return {heading(name): known for known, names in self.fields.items() for name in (known, *names[1:])}

    @property
    def declared(self) -> list[str]:
        """Declared names of its fields."""
        return [names[0] for names in self.fields.values()]

    @property
    def part_table(self) -> Table:
        """The columns of the declared table that this module fills, to be converted by; the date of birth apart."""
        if self.name == "senneed":
            need = replace(TABLES["ehc_plans"].column("sen_primary_need"), name="sen_type")
            rank = Column("sen_type_rank", "text", "1 is the primary need, 2 the secondary")
            return Table(self.name, self.title, (need, rank), ())
        columns = TABLES[self.table].columns if self.table else ()
        return Table(self.name, self.title, tuple(c for c in columns if c.name in self.declared), ())


class DateOrder(NamedTuple):
    """Two dates that cannot stand the other way round."""

    module: str
    earlier: str
    later: str
    rule: str


def heading(name: str) -> str:
    """A column heading without case, blanks, punctuation and what stands in brackets.

    >>> heading("Date of Birth (ccyy-mm-dd)")
    'dateofbirth'
    """
    return plain(re.sub(r"\(.*", "", name, flags=re.DOTALL))


_SPEC = tomllib.loads((files("sendlab.sources") / "sen2_fields.toml").read_text(encoding="utf-8"))
MODULES: dict[str, Module] = {name: Module(name=name, **given) for name, given in _SPEC["modules"].items()}
CHILDREN = {name: [child for child in MODULES.values() if child.parent == name] for name in MODULES}
DATE_ORDERS = [DateOrder(**line) for line in _SPEC["order"]]
