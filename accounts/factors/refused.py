"""What is raised where a second factor does not prove what it should?"""

from __future__ import annotations


class Refused(Exception):
    """The proof was not taken. The text says why, for the audit; the caller is told only that it was not."""
