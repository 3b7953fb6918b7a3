"""When are two names the same? When a person reads them as the same: case, width and blanks do not count.

Kept as a hash of fixed length, so that no database's own idea of equal texts (SQL Server: neither case nor trailing
blanks nor, by collation, accents) comes in.
"""

from __future__ import annotations

import unicodedata
from hashlib import sha256


def name_key(name: str) -> str:
    """64 hexadecimal digits, equal for names that are the same."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return sha256(" ".join(plain.split()).encode()).hexdigest()
