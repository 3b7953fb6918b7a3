"""Do sealed columns come under a new key, all of them, whatever is in the way?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.factors.totp import totp_begin
from accounts.models import TotpFactor, User
from tests.accounts.factors.conftest import NOON
from tradingmw.env import env
from tradingmw.field_keys import field_key_make
from tradingmw.resealing import column_reseal, sealed_columns
from tradingmw.sealed import Sealed, seals

pytestmark = pytest.mark.django_db
OLD, NEW = field_key_make("old"), field_key_make("new")
UseKeys = Callable[..., None]


@pytest.fixture
def use_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[UseKeys]:
    """From now on this process has these keys."""

    def use(*keys: str) -> None:
        monkeypatch.setenv("TMW_FIELD_KEYS", ",".join(keys))
        env.cache_clear()
        seals.cache_clear()

    yield use
    monkeypatch.undo()
    env.cache_clear()
    seals.cache_clear()


@pytest.fixture
def secrets(use_keys: UseKeys) -> list[str]:
    """Of seven apps, sealed under the old key."""
    use_keys(OLD)
    user = User.objects.create(username="a", email="a@example.com")
    return [totp_begin(user, str(number), NOON).secret for number in range(7)]


def rotated(*options: str) -> dict[str, int]:
    """The tally of the seeds."""
    out = StringIO()
    call_command("rotate_field_keys", "--json", *options, stdout=out)
    (column,) = [one for one in json.loads(out.getvalue())["columns"] if one["column"] == "accounts_totpfactor.seed"]
    return {name: column[name] for name in ("rows", "resealed", "changed")}


def names() -> set[str]:
    return {
        sealed.key_name for sealed in TotpFactor.objects.values_list("seed", flat=True) if isinstance(sealed, Sealed)
    }


def test_all_values_come_under_the_first_key_and_open(use_keys: UseKeys, secrets: list[str]) -> None:
    use_keys(NEW, OLD)
    assert rotated("--batch", "3") == {"rows": 7, "resealed": 7, "changed": 0}
    use_keys(NEW)
    assert (names(), {row.seed for row in TotpFactor.objects.all()}) == ({"new"}, set(secrets))
    assert rotated() == {"rows": 7, "resealed": 0, "changed": 0}


def test_a_run_that_was_stopped_goes_on_where_it_was(use_keys: UseKeys, secrets: list[str]) -> None:
    use_keys(NEW, OLD)
    (column,) = [one for one in sealed_columns() if one[0] is TotpFactor]
    run = column_reseal(column, batch_rows=2)
    next(run), next(run)
    run.close()  # type: ignore[attr-defined]  # a generator
    assert rotated() == {"rows": 7, "resealed": 5, "changed": 0}


def test_what_does_not_open_is_named_and_the_rest_is_done(use_keys: UseKeys, secrets: list[str]) -> None:
    broken = TotpFactor.objects.first()
    assert broken is not None
    TotpFactor.objects.filter(id=broken.id).update(seed=Sealed("s1.old.AAAA"))
    use_keys(NEW, OLD)
    out = StringIO()
    with pytest.raises(CommandError, match="1 values are not under the key new yet"):
        call_command("rotate_field_keys", stdout=out)
    assert names() == {"new", "old"}
    assert str(broken.id) in out.getvalue().replace("\n", "")


def test_every_sealed_column_is_known() -> None:
    assert {f"{model._meta.db_table}.{field.column}" for model, field in sealed_columns()} >= {
        "accounts_totpfactor.seed",
        "accounts_recoveryset.salt",
    }
