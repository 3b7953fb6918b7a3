"""Does a sealed value open in its own place under its own key, and nowhere else?"""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.factors.totp import totp_begin
from accounts.models import TotpFactor, User
from tests.accounts.factors.conftest import NOON
from tradingmw.field_keys import field_key_make, field_keys
from tradingmw.sealed import NotOpened, Sealed, Seals

OLD, NEW = field_key_make("old"), field_key_make("new")
LETTERS = set(string.ascii_letters + string.digits + "-_+/=")
HERE, ELSEWHERE = "table.column.1", "table.column.2"


def seals_of(*keys: str) -> Seals:
    return Seals(field_keys(",".join(keys)))


@given(st.text(max_size=200))
def test_what_was_sealed_opens_and_does_not_show(text: str) -> None:
    seals = seals_of(NEW)
    sealed = seals.seal(text, HERE)
    assert seals.open(sealed, HERE) == text
    assert len(text) < 4 or text not in sealed.text
    assert str(sealed) == repr(sealed) == "<sealed under new>"


def test_the_same_text_never_looks_the_same() -> None:
    assert len({seals_of(NEW).seal("text", HERE).text for _ in range(100)}) == 100


def test_every_key_opens_what_it_sealed_and_the_first_one_seals() -> None:
    before = seals_of(OLD).seal("text", HERE)
    both = seals_of(NEW, OLD)
    assert both.open(before, HERE) == "text"
    assert both.seal("text", HERE).key_name == "new"


@pytest.mark.parametrize(
    ("seals", "place", "why"),
    [
        (seals_of(NEW), HERE, "no key is called 'old'"),
        (seals_of(field_key_make("old")), HERE, "does not open under 'old'"),
        (seals_of(OLD), ELSEWHERE, "does not open under 'old'"),
    ],
)
def test_a_value_of_another_key_or_place_is_an_error_that_says_so(seals: Seals, place: str, why: str) -> None:
    sealed = seals_of(OLD).seal("hidden text", HERE)
    with pytest.raises(NotOpened, match=why) as caught:
        seals.open(sealed, place)
    assert place in str(caught.value)
    assert "hidden" not in str(caught.value) and sealed.text not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "plain", "s1.old", "s1.old.", "s1.old.!!", "s1.old.AAAA", "s2.old.AAAA", "....", "s1..x"]
)
def test_what_was_never_sealed_is_not_opened(text: str) -> None:
    with pytest.raises(NotOpened):
        seals_of(OLD).open(Sealed(text), HERE)


@pytest.mark.parametrize("text", ["text", "text5", "text56"], ids=["two-spare-bits", "none", "four-spare-bits"])
def test_no_letter_may_differ(text: str) -> None:
    seals = seals_of(OLD)
    sealed = seals.seal(text, HERE).text
    for place in range(len("s1.old."), len(sealed)):
        for other in LETTERS - {sealed[place]}:
            with pytest.raises(NotOpened):
                seals.open(Sealed(sealed[:place] + other + sealed[place + 1 :]), HERE)


@pytest.mark.django_db
def test_a_column_moved_to_another_row_does_not_open() -> None:
    users = [User.objects.create(username=name, email=f"{name}@example.com") for name in "ab"]
    mine, other = (totp_begin(user, "app", NOON).factor for user in users)
    stolen = TotpFactor.objects.values_list("seed", flat=True).get(id=mine.id)
    assert isinstance(stolen, Sealed)
    TotpFactor.objects.filter(id=other.id).update(seed=stolen)
    with pytest.raises(NotOpened, match=f"accounts_totpfactor.seed.{other.id}"):
        _ = TotpFactor.objects.get(id=other.id).seed
    assert TotpFactor.objects.get(id=mine.id).seed == mine.seed


@pytest.mark.django_db
def test_a_column_is_neither_looked_for_nor_written_without_its_row() -> None:
    for deed in (TotpFactor.objects.filter, TotpFactor.objects.update):
        with pytest.raises(TypeError, match="is sealed"):
            deed(seed="plain")


@pytest.mark.django_db
def test_a_row_that_is_saved_again_keeps_its_value() -> None:
    user = User.objects.create(username="a", email="a@example.com")
    made = totp_begin(user, "app", NOON)
    row = TotpFactor.objects.defer("seed").get(id=made.factor.id)
    row.name = "other"
    row.save()
    TotpFactor.objects.get(id=row.id).save()
    assert TotpFactor.objects.get(id=row.id).seed == made.secret
