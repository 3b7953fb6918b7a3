"""May staff say of which kind an instrument is, and nothing else of it?"""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts import demo
from accounts.models import AuditLog
from marketdata.models import Instrument
from tests.accounts.test_admin import entered

pytestmark = pytest.mark.django_db


@pytest.fixture
def instrument() -> Instrument:
    demo.demo_create()
    terms = {"tick": Decimal("0.01"), "lot": Decimal(1), "engine_instrument_id": 1, "engine_epoch": 1}
    return Instrument.objects.create(symbol="ES1", exchange="XCME", **terms)


def page(instrument: Instrument) -> str:
    return f"/admin/marketdata/instrument/{instrument.pk}/change/"


def test_an_asset_class_is_set_on_the_record(instrument: Instrument) -> None:
    answer = entered("admin1").post(page(instrument), {"asset_class": "future", "exchange": "XNAS", "tick": "5"})
    assert answer.status_code == 302
    now = Instrument.objects.get()
    assert (now.asset_class, now.exchange, now.tick) == ("future", "XCME", Decimal("0.01"))
    told = AuditLog.objects.get(action="instrument.changed")
    assert (told.before, told.after) == ({"asset_class": "equity"}, {"asset_class": "future"})


def test_who_only_looks_changes_nothing(instrument: Instrument) -> None:
    browser = entered("compliance1")
    assert browser.get(page(instrument)).status_code == 200
    assert browser.post(page(instrument), {"asset_class": "future"}).status_code == 403
    assert Instrument.objects.get().asset_class == "equity"


@pytest.mark.parametrize("verb", ["add", "delete"])
def test_instruments_come_and_go_with_the_engine(instrument: Instrument, verb: str) -> None:
    path = f"/admin/marketdata/instrument/{'' if verb == 'add' else f'{instrument.pk}/'}{verb}/"
    assert entered("admin1").post(path, {"post": "yes"}).status_code == 403
    assert Instrument.objects.count() == 1
