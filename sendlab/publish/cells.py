"""Text made safe for where it goes: the cell of a spreadsheet, the name of a file."""

import hashlib
import re

_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}
_PLAIN = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,31}")
_KEPT = 20  # signs of an odd name that stay readable before its checksum


def neutral(text: str) -> str:
    """Text that no spreadsheet takes for a formula, whether it reads XLSX or CSV: an apostrophe goes before it.

    >>> neutral("=1+1"), neutral(" @home"), neutral("Oak School")
    ("'=1+1", "' @home", 'Oak School')
    """
    return f"'{text}" if text[:1] in ("\t", "\r", "\n") or text.lstrip()[:1] in ("=", "+", "-", "@") else text


def safe_name(code: str) -> str:
    """A code as the name of a file or folder on any system: at most 32 signs, none reserved, still one a code.

    >>> safe_name("9991001"), safe_name("SCH/7"), safe_name("con")
    ('9991001', 'SCH_7-43b1522a', 'con-1143da2b')
    """
    if _PLAIN.fullmatch(code) and code not in _RESERVED:
        return code
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", code)[:_KEPT].strip("_-")
    return f"{readable or 'place'}-{hashlib.sha256(code.encode('utf-8')).hexdigest()[:8]}"
