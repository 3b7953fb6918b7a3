"""Who places orders over the sockets of this process? As the database had him a few seconds ago, as over REST.

All sockets of a user share one look at the database. It is taken anew before it is too old, while orders go on: nobody
waits for it but the first one, and who comes back after a pause.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db.models import F, QuerySet

from accounts.models import User
from notifications.readers import in_reader
from tradingmw.compiled import Compiled

logger = logging.getLogger(__name__)
KEPT_SECONDS = 5.0  #: so old may be what is answered: rights that were taken away end by then
RENEW_SECONDS = 2.5
USERS_MAX = 10_000


class Look(NamedTuple):
    """A user as he was when it began."""

    user: User
    began_seconds: float


class Callers:
    """The users of one event loop's sockets, with account and desk; shared, so read only."""

    def __init__(
        self, read: Callable[[UUID], Awaitable[User]], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._read, self._monotonic = read, monotonic
        self._looks: dict[UUID, Look] = {}
        self._looking: dict[UUID, asyncio.Task[User]] = {}

    async def user(self, user_id: UUID) -> User:
        """At most `KEPT_SECONDS` old. Raises what the database raises, and User.DoesNotExist."""
        look = self._looks.get(user_id)
        age_seconds = self._monotonic() - look.began_seconds if look else KEPT_SECONDS
        if look is None or age_seconds >= KEPT_SECONDS:
            return await asyncio.shield(self._look(user_id))  # others may wait for it too
        if age_seconds >= RENEW_SECONDS:
            self._look(user_id)
        return look.user

    def _look(self, user_id: UUID) -> asyncio.Task[User]:
        """The one look that is under way."""
        if user_id not in self._looking:
            task = self._looking[user_id] = asyncio.create_task(self._looked(user_id), name="caller-look")
            task.add_done_callback(told)
        return self._looking[user_id]

    async def _looked(self, user_id: UUID) -> User:
        began_seconds = self._monotonic()
        try:
            user = await self._read(user_id)
        finally:
            del self._looking[user_id]
        if user_id not in self._looks and len(self._looks) >= USERS_MAX:
            del self._looks[next(iter(self._looks))]
        self._looks[user_id] = Look(user, began_seconds)
        return user


def told(look: asyncio.Task[User]) -> None:
    """A failed one is tried again by the next order, which fails too once what is known is too old."""
    if not look.cancelled() and (error := look.exception()):
        logger.warning("A user of a socket could not be read", exc_info=error)


def whole(user_id: UUID) -> QuerySet[User]:
    """With everything that an order asks of him, once for each of his roles."""
    related = User.objects.select_related("account", "desk", "entitlement")
    return related.filter(id=user_id).annotate(role=F("groups__name"))


_users = Compiled(whole)


def user_read(user_id: UUID) -> User:
    statement = _users.statement
    rows = statement.rows(user_id)
    if not rows:
        raise User.DoesNotExist
    user = statement.made_of(rows[0])
    user.roles_read = tuple(sorted(filter(None, statement.annotated("role", rows))))
    return user


_CALLERS: WeakKeyDictionary[asyncio.AbstractEventLoop, Callers] = WeakKeyDictionary()


def callers() -> Callers:
    """Those of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _CALLERS:
        _CALLERS[loop] = Callers(in_reader(user_read))
    return _CALLERS[loop]
