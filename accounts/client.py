"""Where does a request come from?"""

from __future__ import annotations

from typing import NamedTuple


class Client(NamedTuple):
    """Its address, as `tradingmw/client_address.py` found it, and what it calls itself."""

    ip_address: str | None
    user_agent: str

    @property
    def agent(self) -> str:
        """As much of the user agent as a session keeps."""
        return self.user_agent[:400]
