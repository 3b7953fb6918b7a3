"""Does a socket open only for pages of ours, and for tickets that are fresh, unused and at home?"""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from accounts.models import SocketTicket
from accounts.services import TokenPair, session_begin, session_end, ticket_issue
from tests.credentials import HERE, made_user
from tests.scoreboard import Measured
from tests.served import served
from tests.tradingmw.test_every_endpoint import closed
from tradingmw.asgi import application, socket_paths
from tradingmw.env import env

pytestmark = [
    pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS),
    pytest.mark.parametrize("path", sorted(socket_paths)),
]
OURS = env().origins[0]
FOREIGN = [
    "null",
    "",
    "https://evil.example",
    OURS.replace("http://", "https://"),
    OURS.replace("http://", "http://desk."),
    OURS.rpartition(":")[0],
    f"{OURS}1",
    f"{OURS}/",
    f"{OURS}.evil.example",
    f"{OURS}@evil.example",
    OURS.upper(),
]


@pytest.fixture
def login() -> TokenPair:
    return session_begin(user=made_user("ann"), client=HERE)


def handshake(address: str, path: str, origin: str | None) -> int:
    """The status that it is answered with."""
    headers = {} if origin is None else {"Origin": origin}
    try:
        with connect(f"ws://{address}{path}", additional_headers=headers, proxy=None):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_a_foreign_page_opens_no_socket(path: str, measured: Measured) -> None:
    with served(application) as address:
        opened = [origin for origin in FOREIGN if handshake(address, path, origin) != 403]
        measured(34, f"{path}: of {len(FOREIGN)} foreign origins, let in", len(opened), "0")
        assert opened == []
        assert {handshake(address, path, origin) for origin in (OURS, None)} == {101}


def test_no_ticket_opens_twice_late_or_elsewhere(path: str, login: TokenPair, measured: Measured) -> None:
    used, late, elsewhere, ended = (ticket(login, "127.0.0.1"), ticket(login), ticket(login, "192.0.2.9"), of_ended())
    SocketTicket.objects.filter(ticket_hash=late[1]).update(expires_at=timezone.now())
    with served(application) as address:
        assert closed(address, f"{path}?ticket={used[0]}", ping) == 0
        texts = {
            "used": used[0],
            "late": late[0],
            "elsewhere": elsewhere[0],
            "ended": ended,
            "invented": "x",
            "none": "",
        }
        codes = {what: closed(address, f"{path}?ticket={text}") for what, text in texts.items()}
        codes |= {name: closed(address, f"{path}?ticket={text}") for name, text in tokens(login).items()}
    measured(34, f"{path}: of {len(codes)} bad tickets, let in", sum(code != 4500 for code in codes.values()), "0")
    assert codes == dict.fromkeys(codes, 4500)


def ping(socket: Any) -> None:
    socket.send('{"id":1,"method":"ping"}')


def ticket(login: TokenPair, address: str | None = None) -> tuple[str, str]:
    """Its text, and its row's key."""
    text = ticket_issue(session=login.session, address=address).text
    return text, SocketTicket.objects.latest("expires_at").pk


def of_ended() -> str:
    over = session_begin(user=made_user("bob"), client=HERE)
    text = ticket_issue(session=over.session).text
    session_end(session=over.session, client=HERE)
    return text


def tokens(login: TokenPair) -> dict[str, str]:
    """Good ones, where they must not travel."""
    return {"access token": login.access_token, "refresh token": login.refresh_token}
