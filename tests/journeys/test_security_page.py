"""Does a user guard his login in a real browser: passkeys, apps, recovery codes, sessions, on the page and in admin?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.accounts.factors.conftest import shown
from tests.journeys.test_page import PATIENCE_MS
from tests.journeys.test_page import browser as browser
from tests.stack import DEMO_PASSWORD, Stack

#: A device with a finger reader, whose user always puts his finger on it.
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Finger(NamedTuple):
    """A device with a finger reader, in one browser."""

    devices: CDPSession
    authenticator: dict[str, str]

    @classmethod
    def of(cls, page: Page) -> Finger:
        devices = page.context.new_cdp_session(page)
        devices.send("WebAuthn.enable")
        made = devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        return cls(devices, {"authenticatorId": made["authenticatorId"]})

    def carry_to(self, other: Finger) -> None:
        """Both browsers have the same passkeys from now on."""
        for credential in self.devices.send("WebAuthn.getCredentials", self.authenticator)["credentials"]:
            other.devices.send("WebAuthn.addCredential", {**other.authenticator, "credential": credential})


@contextmanager
def seat(browser: Browser, stack: Stack) -> Iterator[tuple[Page, Finger]]:
    """A browser of one's own, with its device. At `localhost`: browsers make no passkey for an IP address."""
    context = browser.new_context(
        base_url=stack.url.replace("127.0.0.1", "localhost"), viewport={"width": 1400, "height": 850}
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page, Finger.of(page)
    context.close()
    assert faults == []


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    with seat(browser, stack) as (page, _):
        yield page


def say_who(page: Page, username: str, otp: str = "") -> None:
    page.goto("/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    if otp:
        page.get_by_label("Code", exact=True).fill(otp)
        page.get_by_label("Password").fill(DEMO_PASSWORD)
        page.get_by_role("button", name="Log in").click()


def is_in(page: Page) -> None:
    expect(page.locator("#desk")).to_be_visible(timeout=PATIENCE_MS)


def open_security(page: Page) -> None:
    page.get_by_role("button", name="Security").click()
    expect(page.locator("#sessions li").first).to_be_visible(timeout=PATIENCE_MS)


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#login")).to_be_visible()


def add_passkey(page: Page) -> None:
    page.get_by_label("Name of the passkey").fill("laptop")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.locator("#passkeys li")).to_have_count(1, timeout=PATIENCE_MS)


def test_a_passkey_made_on_the_page_opens_it_and_proves_anew(page: Page) -> None:
    say_who(page, "trader1")
    is_in(page)
    open_security(page)
    add_passkey(page)
    log_out(page)
    say_who(page, "trader1")
    page.locator("#login").get_by_role("button", name="Use a passkey").click()
    is_in(page)
    open_security(page)
    page.locator("#passkeys").get_by_role("button", name="Remove").click()  # proven at login: no step-up
    expect(page.locator("#passkeys li")).to_have_count(0, timeout=PATIENCE_MS)


def test_who_has_not_proven_himself_lately_does_so_and_his_deed_is_done(browser: Browser, stack: Stack) -> None:
    """Two browsers of one person, one device: the passkey is made in the first, the second has proven nothing yet."""
    with seat(browser, stack) as (page, finger), seat(browser, stack) as (other, other_finger):
        for window in (page, other):
            say_who(window, "operations1")
            is_in(window)
        open_security(page)
        add_passkey(page)
        finger.carry_to(other_finger)
        open_security(other)
        other.locator("#passkeys").get_by_role("button", name="Remove").click()
        expect(other.locator("#security [data-message]").first).to_contain_text("Prove", timeout=PATIENCE_MS)
        other.locator("#step-up").get_by_role("button", name="Use a passkey").click()
        expect(other.locator("#passkeys li")).to_have_count(0, timeout=PATIENCE_MS)
        expect(other.locator("#step-up")).to_be_hidden()


def test_an_app_and_recovery_codes_are_set_up_and_a_code_opens_once(page: Page) -> None:
    say_who(page, "trader2")
    is_in(page)
    open_security(page)
    page.get_by_label("Name of the app").fill("telephone")
    page.get_by_role("button", name="Add app").click()
    expect(page.locator("[data-secret]")).not_to_be_empty(timeout=PATIENCE_MS)
    expect(page.locator("[data-qr]")).to_have_js_property("complete", True)
    secret = page.locator("[data-secret]").inner_text()
    page.get_by_label("Code that it shows").fill(shown(secret, datetime.now(UTC)))
    page.get_by_role("button", name="Confirm app").click()
    expect(page.locator("#apps li")).to_contain_text("telephone", timeout=PATIENCE_MS)
    page.get_by_role("button", name="New codes").click()
    expect(page.locator("#codes li")).to_have_count(10, timeout=PATIENCE_MS)
    code = page.locator("#codes li").first.inner_text().strip()
    assert re.fullmatch(r"([a-z2-7]{4}-){3}[a-z2-7]{4}", code)
    log_out(page)
    say_who(page, "trader2", otp=code)
    is_in(page)
    open_security(page)
    expect(page.locator("#codes-left")).to_have_text("9 left")
    log_out(page)
    say_who(page, "trader2", otp=code)
    expect(page.locator("#login [data-message]")).to_contain_text("not taken", timeout=PATIENCE_MS)


def test_a_session_elsewhere_is_seen_and_ended(page: Page, stack: Stack) -> None:
    with stack.client("desk1") as elsewhere:
        say_who(page, "desk1")
        is_in(page)
        open_security(page)
        page.locator("#sessions li", has_text="httpx").get_by_role("button", name="End").click()
        expect(page.locator("#sessions li")).to_have_count(1, timeout=PATIENCE_MS)
        assert elsewhere.get("/auth/me").status_code == 401


def test_a_session_is_given_a_name_that_it_keeps(page: Page) -> None:
    say_who(page, "desk1")
    is_in(page)
    open_security(page)
    this_one = page.locator("#sessions li", has_text="This one").get_by_role("textbox")
    with page.expect_response(lambda answer: answer.request.method == "PATCH", timeout=PATIENCE_MS) as answered:
        this_one.fill("The screen upstairs")
        this_one.press("Enter")
    assert answered.value.status == 200
    page.get_by_role("button", name="Close", exact=True).click()
    open_security(page)
    expect(this_one).to_have_value("The screen upstairs", timeout=PATIENCE_MS)


def test_staff_enters_the_admin_with_a_passkey(page: Page) -> None:
    say_who(page, "compliance1")
    is_in(page)
    open_security(page)
    add_passkey(page)
    page.goto("/admin/")
    page.get_by_label("Username").fill("compliance1")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".errornote")).to_contain_text("second factor")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("link", name="Audit logs")).to_be_visible(timeout=PATIENCE_MS)
