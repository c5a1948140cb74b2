"""What a folder gives away: counts narrowed by sums, hidden rows told somewhere, finer digits, strays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from attacker.claims import BASES, COUNTS, Claim
from attacker.public import NATIONAL_CODE
from attacker.reading import Read
from attacker.rows import Key, hidden_keys, known_of, with_arithmetic
from attacker.sentences import NATIONALLY, REST_OF_LA
from attacker.sums import narrowed, reader_tables
from attacker.truths import Cell, TableName, Truth
from attacker.words import MADE, follows
from sendlab.metrics.cards import card
from sendlab.narrate import decimals_of
from sendlab.schema.groups import TOTAL

THRESHOLD = 5
Truths = Mapping[TableName, Mapping[Cell, Truth]]
_SAME = 1e-6


@dataclass(frozen=True)
class Leak:
    """One thing that a folder gives away: by which way, about what, and where; never the number itself."""

    way: str
    about: str
    file: str = ""


def judge(read: Read, truth: Truths, *, earlier: Iterable[Read] = (), threshold: int = THRESHOLD) -> list[Leak]:
    """Everything that a folder gives away, alone and beside earlier releases of the same pack.

    `truth` are the true counts (`true_tables`): they say which of them had to be hidden, and nothing else.
    """
    public = [claim for claim in read.claims if not _own_edition(claim)]
    leaks = [Leak("stray", f"{stray.where}: {stray.about}", stray.file) for stray in read.strays]
    leaks += shown_though_hidden(read.claims, hidden_keys(public), read.levels)
    leaks += finer_than_declared(public)
    leaks += disagreements(read.claims)
    leaks += unfounded(read.claims)
    leaks += left_out(public, threshold)
    leaks += narrowed_counts(public, read.levels, truth, threshold)
    for before in earlier:
        old = [claim for claim in before.claims if not _own_edition(claim)]
        leaks += beside_earlier(public, old, threshold)
    return leaks


def _own_edition(claim: Claim) -> bool:
    """Whether it is a school's own figure in the edition for that school alone."""
    return f"/schools/{claim.place_code}/" in f"/{claim.file}"


def _about(key: Key) -> str:
    return f"{key[0]} {key[1]} {key[3]} {', '.join(name for name in key[4] if name != TOTAL)} {key[5]}".strip()


def shown_though_hidden(
    claims: Iterable[Claim], hidden: Mapping[Key, set[str]], levels: Mapping[str, str]
) -> list[Leak]:
    """Numbers of a family that is hidden in some file; a gap belongs to the families of both its sides."""
    la = next((code for code, level in levels.items() if level == "Local authority"), "")
    leaks = []
    for claim in claims:
        if not claim.told or _own_edition(claim):
            continue
        if claim.what in BASES:
            torn = claim.what in hidden.get(claim.key, ())
        elif claim.what == "bases":  # of those that are told: whether it says more is seen in `unfounded`
            continue
        elif claim.what == "share":  # of two counts
            torn = bool({"base", "eligible"} & hidden.get(claim.key, set()))
        else:
            torn = any(hidden.get(side, set()) - set(BASES) for side in _sides(claim, la))
        if torn:
            leaks.append(Leak("shown though hidden", f"{_about(claim.key)}: {claim.what}", claim.file))
    return leaks


def _sides(claim: Claim, la: str) -> list[Key]:
    """The rows whose hiding hides this claim too."""
    key = claim.key
    sides = [key, (*key[:5], "")]
    if claim.comparator == "No SEN":
        sides.append((*key[:4], ("No SEN", TOTAL, *claim.groups[2:]), ""))
    if claim.comparator == REST_OF_LA:
        sides.append((*key[:3], la, claim.groups, ""))
    return sides


def finer_than_declared(claims: Iterable[Claim]) -> list[Leak]:
    """Figures and limits printed with more places than their card and base allow."""
    told = [claim for claim in claims if claim.told and claim.place_code != NATIONAL_CODE]
    bases = {claim.key: int(claim.low) for claim in told if claim.what == "base"}
    leaks = []
    for claim in told:
        about = card(claim.measure)
        base = bases.get(claim.key) if not claim.comparator else None
        places = decimals_of(about, base) if claim.what in ("value", "lower", "upper") else about.decimals
        counted = claim.what in (*COUNTS, "unknown", "word", "standing", "clear", "bases", "said", "chance")
        benchmark = claim.what == "comparator_value" and claim.comparator == NATIONALLY  # as it was published
        if not counted and not benchmark and claim.step < 10.0**-places * 0.99:
            leaks.append(Leak("finer than declared", f"{_about(claim.key)}: {claim.what}", claim.file))
    return leaks


def disagreements(claims: Iterable[Claim]) -> list[Leak]:
    """Numbers that two places tell differently."""
    seen: dict[tuple[Any, ...], Claim] = {}
    leaks = []
    # of a figure more may stand out in the edition for its own school, and more bases are told there
    unlike = ("unknown", "change", "standing", "bases")
    for claim in (claim for claim in claims if claim.told and claim.what not in unlike):
        other = seen.setdefault((claim.key, claim.what), claim)
        if claim.low > other.high + _SAME or claim.high < other.low - _SAME:
            leaks.append(Leak("told differently", f"{_about(claim.key)}: {claim.what}", claim.file))
    return leaks


def unfounded(claims: Iterable[Claim]) -> list[Leak]:
    """Words, shares and smallest gaps that do not follow from the numbers of the same edition: they tell of others."""
    told = [claim for claim in claims if claim.told]
    numbers: dict[tuple[bool, Key, str], Claim] = {}
    for claim in (claim for claim in told if claim.what not in MADE):
        at = (_own_edition(claim), claim.key, claim.what)
        best = numbers.get(at)
        numbers[at] = claim if best is None or claim.step < best.step else best
    leaks = []
    for claim in (claim for claim in told if claim.what in MADE):
        own = _own_edition(claim)

        def number(key: Key, what: str, own: bool = own) -> float | None:
            found = numbers.get((own, key, what))
            return None if found is None else found.printed

        # an edition of a school's own has no workbook: limits of what is not told in full stand nowhere in it
        unsaid = claim.what in ("word", "standing") or (claim.what == "least" and number(claim.key, "lower") is None)
        if not (own and unsaid) and not follows(claim, number):
            leaks.append(Leak("does not follow", f"{_about(claim.key)}: {claim.what}", claim.file))
    return leaks


def left_out(claims: Iterable[Claim], threshold: int) -> list[Leak]:
    """A few people who could have counted and did not, where both counts are told."""
    ours = [c for c in claims if card(c.measure).of_people and c.told and not c.step]  # of schools nothing is hidden
    counts = {(c.key, c.what): c.low for c in ours if c.what in ("base", "eligible")}
    return [
        Leak("narrowed", f"{_about(key)}: left out")
        for (key, what), could in counts.items()
        if what == "eligible" and (key, "base") in counts and 0 < could - counts[key, "base"] < threshold
    ]


def narrowed_counts(claims: Iterable[Claim], levels: Mapping[str, str], truth: Truths, threshold: int) -> list[Leak]:
    """Counts that had to be hidden and that sums, percentages and limits let be narrowed too far."""
    told = list(claims)
    known, leaks = with_arithmetic(known_of(told), levels), []
    for table in reader_tables(known, hidden_keys(told), truth, threshold):
        for (place, groups), what in narrowed(table):
            leaks.append(Leak("narrowed", f"{_about((*table.name[:3], place, groups, ''))}: {what}"))
    return leaks


def beside_earlier(claims: Iterable[Claim], before: Iterable[Claim], threshold: int) -> list[Leak]:
    """Rows shown in one release and hidden in another, and counts that moved by fewer people than the threshold."""
    now, old = list(claims), list(before)
    leaks = []
    for first, second, words in ((now, old, "shown now, hidden earlier"), (old, now, "hidden now, shown earlier")):
        hidden = hidden_keys(second)
        for key in {c.key for c in first if c.told and c.what not in BASES and hidden.get(c.key, set()) - set(BASES)}:
            leaks.append(Leak("beside an earlier release", f"{_about(key)}: {words}"))
    counts = {(c.key, c.what): c.low for c in old if c.told and c.what in ("base", "numerator") and not c.step}
    for claim in now:
        was = counts.get((claim.key, claim.what))
        if claim.told and not claim.step and was is not None and 0 < abs(claim.low - was) < threshold:
            leaks.append(Leak("beside an earlier release", f"{_about(claim.key)}: {claim.what} moved a little"))
    return sorted(set(leaks), key=repr)
