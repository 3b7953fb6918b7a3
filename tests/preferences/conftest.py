"""Who takes part in these tests? Ann with her client, Bob whose things are none of Ann's business, and instruments."""

from __future__ import annotations

from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.policy import Role
from marketdata.models import Instrument
from tests.roles import in_roles

SYMBOLS = ["AAPL", "MSFT", "GOOG", "IBM"]


def person(name: str) -> User:
    return in_roles(User.objects.create(username=name, email=f"{name}@desk.example"), Role.READ_ONLY)


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def instrument(symbol: str, exchange: str = "XNAS") -> Instrument:
    cent, one = Decimal("0.01"), Decimal(1)
    return Instrument(
        symbol=symbol, exchange=exchange, tick=cent, lot=one, engine_instrument_id=1, engine_epoch=1, active=True
    )


@pytest.fixture
def ann(db: None) -> User:
    return person("ann")


@pytest.fixture
def bob(db: None) -> User:
    return person("bob")


@pytest.fixture
def client(ann: User) -> APIClient:
    return client_of(ann)


@pytest.fixture
def instruments(db: None) -> None:
    Instrument.objects.bulk_create([instrument(symbol) for symbol in SYMBOLS])
