"""Everybody who has to do with trading states, in an empty database."""

from __future__ import annotations

from tests.orders.limits.conftest import people as people
