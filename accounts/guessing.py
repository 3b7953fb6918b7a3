"""How often may a password be guessed? Counted in the database, exactly, over any number of processes.

An attempt is counted before the password is looked at, by ONE update that holds only where nobody has counted since
the look, and given back when it was right. Names that nobody has are counted like others.

- Per account: ten attempts, from the sixth on with growing pauses; after the tenth none for fifteen minutes. The count
  begins anew only when nothing was counted for fifteen minutes, so that no fifteen minutes ever see more than ten.
- Per address: a hundred wrong guesses at once, then one each nine seconds. Whole offices sit behind one address.
- A device on which the user was logged in lately has ten attempts of its own and is asked neither of these questions:
  who guesses from elsewhere cannot lock a trader out of the screen that he sits at.

`docs/decisions/0035-login.md` says why.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.client import Client
from accounts.devices import device_known
from accounts.hashing import places
from accounts.models import AccountGuesses, AddressGuesses
from tradingmw.client_address import home_of
from tradingmw.errors import TooManyRequests, Unavailable
from tradingmw.metrics import LOGINS_REFUSED
from tradingmw.rate_limit import told_budget
from tradingmw.token_buckets import Budget

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 10
PAUSE: Final = timedelta(minutes=15)
#: after so many attempts, so long none
PAUSES: Final = {6: timedelta(seconds=1), 7: timedelta(seconds=2), 8: timedelta(seconds=4), 9: timedelta(seconds=8)}
ADDRESS_GUESSES: Final = 100
ADDRESS_FORGIVEN_US: Final = 15 * 60 * 1_000_000 // ADDRESS_GUESSES  #: one guess is forgiven in so long

refused: Final = {"account": 0, "address": 0}
LOGINS_REFUSED.read_from(lambda: refused)


class Guess(NamedTuple):
    """A counted attempt: the `number`-th on `key`; `home` is empty where no address was charged."""

    key: str
    home: str
    number: int

    @property
    def is_last(self) -> bool:
        """The next one is refused for fifteen minutes."""
        return self.number >= ATTEMPTS

    @property
    def headers(self) -> dict[str, str]:
        """`RateLimit-*`"""
        return told_budget(Budget(ATTEMPTS, ATTEMPTS - self.number, int(PAUSE.total_seconds()), 0.0))


@contextmanager
def guess(*, username: str, client: Client) -> Iterator[Guess]:
    """Count an attempt on `username`; TooManyRequests. Where the password cannot be looked at, it does not count."""
    places.need_room()  # a flood must not cost four writes for each that is sent away
    counted = guess_count(username, client, timezone.now())
    try:
        yield counted
    except Unavailable:
        guess_forget(counted)
        raise


def guess_count(username: str, client: Client, now: datetime) -> Guess:
    name, home = username.lower(), home_of(client.ip_address or "")
    if device_known(name, client, now):
        key, home = _key("device", name, home, client.agent), ""
    else:
        key, home = _key("account", name), _key("address", home)
        _address_charge(home, now)
    return Guess(key, home, _account_charge(key, now))


def guess_right(guess: Guess) -> None:
    """The password was right: what was counted on this key is forgotten, and the address has not guessed."""
    AccountGuesses.objects.filter(key=guess.key).update(attempts=0)
    _address_give_back(guess)


def guess_forget(guess: Guess) -> None:
    """Nobody has looked at the password."""
    AccountGuesses.objects.filter(key=guess.key, attempts__gt=0).update(attempts=F("attempts") - 1)
    _address_give_back(guess)


def _address_give_back(guess: Guess) -> None:
    if guess.home:
        AddressGuesses.objects.filter(key=guess.home).update(clear_at_us=F("clear_at_us") - ADDRESS_FORGIVEN_US)


# Counting -------------------------------------------------------------------------------------------------------------


def _account_charge(key: str, now: datetime) -> int:
    """The number of this attempt; TooManyRequests. Who loses the race for a number looks again."""
    while True:
        row = AccountGuesses.objects.filter(key=key).first()
        if row is None:
            if _begun(AccountGuesses(key=key, attempts=1, last_at=now)):
                return 1
            continue
        wait = row.last_at + pause_after(row.attempts) - now
        if wait > timedelta(0):
            raise _too_many("account", wait, ATTEMPTS, ATTEMPTS - row.attempts, row.last_at + PAUSE - now)
        number = 1 if row.last_at + PAUSE <= now else row.attempts + 1
        same = AccountGuesses.objects.filter(key=key, attempts=row.attempts, last_at=row.last_at)
        if same.update(attempts=number, last_at=now):
            return number


def pause_after(attempts: int) -> timedelta:
    return PAUSE if attempts >= ATTEMPTS else PAUSES.get(attempts, timedelta(0))


def _address_charge(key: str, now: datetime) -> None:
    """TooManyRequests where a hundred are not forgiven yet."""
    now_us = int(now.timestamp() * 1_000_000)
    full_us = now_us + (ADDRESS_GUESSES - 1) * ADDRESS_FORGIVEN_US
    while True:
        row = AddressGuesses.objects.filter(key=key).first()
        if row is None:
            if _begun(AddressGuesses(key=key, clear_at_us=now_us + ADDRESS_FORGIVEN_US)):
                return
            continue
        if row.clear_at_us > full_us:
            wait, reset = (timedelta(microseconds=row.clear_at_us - until_us) for until_us in (full_us, now_us))
            raise _too_many("address", wait, ADDRESS_GUESSES, 0, reset)
        clear_at_us = max(row.clear_at_us, now_us) + ADDRESS_FORGIVEN_US
        if AddressGuesses.objects.filter(key=key, clear_at_us=row.clear_at_us).update(clear_at_us=clear_at_us):
            return


def _begun(row: AccountGuesses | AddressGuesses) -> bool:
    """Whether this made the row: of two at once only one does."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _too_many(what: str, wait: timedelta, limit: int, remaining: int, reset: timedelta) -> TooManyRequests:
    refused[what] += 1
    seconds = max(1, math.ceil(wait.total_seconds()))
    error = TooManyRequests("Too many attempts to log in: wait.", retry_after_seconds=seconds)
    error.headers = told_budget(Budget(limit, max(0, remaining), max(1, math.ceil(reset.total_seconds())), seconds))
    return error


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
