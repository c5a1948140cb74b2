"""The codes whose code or name comes near to what was asked for, for the next step of an error."""

from collections.abc import Iterable
from difflib import get_close_matches


def near_names(wanted: str, known: Iterable[tuple[str, ...]], most: int = 5) -> str:
    """The codes whose code or name comes near to what was asked for, as the next step of an error.

    >>> near_names("alder", [("900101", "Alder Primary School"), ("900102", "Birch Primary School")])
    "did you mean '900101' (Alder Primary School)?"
    >>> near_names("zzz", [("absence", "Overall absence rate")])
    "use one of: 'absence' (Overall absence rate)"
    """
    names = {code: f"'{code}' ({name})" for code, name in known}
    lower = {text.casefold(): code for code, text in names.items()}
    sought = wanted.casefold()
    near = get_close_matches(wanted, names, n=most) + [
        code for text, code in lower.items() if sought and sought in text
    ]
    found = list(dict.fromkeys(near))[:most]
    if found:
        return f"did you mean {' or '.join(names[code] for code in found)}?"
    listed = list(names.values())
    return f"use one of: {', '.join(listed[:20])}{', ...' if len(listed) > 20 else ''}"
