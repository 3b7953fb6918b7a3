"""Does the page warn before an order goes, stop trading in every window at once, and let go only by two others?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.test_page import PATIENCE_MS, log_in
from tests.journeys.test_page import browser as browser
from tests.journeys.test_security_page import add_passkey, open_security, seat
from tests.orders.limits.staff import MARKED, staff_tokens
from tests.stack import Stack, wait_for

Window = Callable[[str], Page]


@pytest.fixture
def window(browser: Browser, stack: Stack) -> Iterator[Window]:
    """`window(username)`: a browser of that user's own, logged in."""
    with ExitStack() as opened:

        def open_one(username: str) -> Page:
            page, _ = opened.enter_context(seat(browser, stack))
            log_in(page, username)
            return page

        yield open_one


def ticket(page: Page, quantity: str, price: str) -> None:
    page.get_by_label("Type").select_option("limit")
    page.get_by_label("Quantity").fill(quantity)
    page.get_by_label("Price", exact=True).fill(price)


def told_on_ticket(page: Page) -> str:
    return page.locator("#ticket [data-message]").inner_text()


def test_a_hard_limit_explains_itself_before_anything_is_sent(window: Window) -> None:
    page = window("trader1")
    ticket(page, "5000000", "1.00")
    preview = page.locator("#ticket [data-preview]")
    expect(preview.locator(".hard").first).to_contain_text("Quantity of an order", timeout=PATIENCE_MS)
    expect(page.locator("#orders tr")).to_have_count(0)
    ticket(page, "100", "1.00")
    expect(preview.locator("li")).to_have_count(1, timeout=PATIENCE_MS)
    expect(preview).to_contain_text("Distance from the market")  # a sale at that price
    expect(preview.locator("b")).to_have_text("sell")


def test_a_soft_limit_warns_and_is_confirmed_or_not(window: Window) -> None:
    page = window("trader2")
    ticket(page, "20000", "100.00")
    page.get_by_role("button", name="Buy", exact=True).click()
    expect(page.locator("#confirm")).to_contain_text("Value of an order", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Do not send").click()
    expect(page.locator("#ticket .fault")).not_to_be_empty()
    expect(page.locator("#orders tr")).to_have_count(0)
    page.get_by_role("button", name="Buy", exact=True).click()
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator("#orders tr[data-status=new]")).to_have_count(1, timeout=PATIENCE_MS)


def released_by(page: Page, button: str) -> None:
    """Asks, or agrees. Who has just made a passkey has proven himself with it."""
    open_security(page)
    add_passkey(page)
    page.get_by_role("button", name="Close", exact=True).click()
    page.locator("#halts").get_by_role("button", name=button).click()


def test_a_stop_shows_in_every_window_and_a_release_takes_two_others(window: Window) -> None:
    head, trader, compliance, admin = (window(name) for name in ("desk1", "trader1", "compliance1", "admin1"))
    ticket(trader, "100", "1.00")
    trader.get_by_role("button", name="Buy", exact=True).click()
    expect(trader.locator("#orders tr[data-status=new]")).to_have_count(1, timeout=PATIENCE_MS)

    head.get_by_role("button", name="Stop trading").click()
    head.locator("#halt select[name=place]").select_option(label="Desk alpha")
    head.get_by_label("Reason").fill("a runaway program")
    head.get_by_role("button", name="Stop now").click()
    for page in (head, trader, compliance, admin):
        expect(page.locator("#halts")).to_contain_text("a runaway program", timeout=PATIENCE_MS)
    expect(trader.locator("#orders tr[data-status=canceled]")).to_have_count(1, timeout=PATIENCE_MS)
    trader.get_by_role("button", name="Buy", exact=True).click()
    expect(trader.locator("#orders tr[data-status=denied]")).to_have_count(1, timeout=PATIENCE_MS)
    expect(head.locator("#halts button")).to_have_count(0)
    expect(trader.locator("#halts button")).to_have_count(0)

    released_by(compliance, "Ask for its release")
    expect(compliance.locator("#halts")).to_contain_text("compliance1 asks", timeout=PATIENCE_MS)
    expect(compliance.locator("#halts button")).to_have_count(0)
    expect(admin.get_by_role("button", name="Agree to the release")).to_be_visible(timeout=PATIENCE_MS)
    released_by(admin, "Agree to the release")
    for page in (head, trader, compliance, admin):
        expect(page.locator("#halts")).to_be_hidden(timeout=PATIENCE_MS)
    trader.get_by_role("button", name="Buy", exact=True).click()
    expect(trader.locator("#orders tr[data-status=new]")).to_have_count(1, timeout=PATIENCE_MS)


def test_a_position_shows_what_it_is_worth_and_is_closed(window: Window) -> None:
    page = window("trader2")
    page.get_by_label("Symbol").select_option("MSFT")
    page.get_by_label("Quantity").fill("200")
    page.get_by_role("button", name="Buy", exact=True).click()
    row = page.locator("#position-MSFT")
    expect(row.locator("td").nth(1)).to_have_text("200", timeout=PATIENCE_MS)
    expect(row).to_have_attribute("data-mark", "ok", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Close MSFT").click()
    expect(row.locator("td").nth(1)).to_have_text("0", timeout=PATIENCE_MS)


def held(trader: httpx.Client, price: str) -> str:
    """The id of an order that waits for a second person."""
    terms = {"symbol": "IBM", "side": "buy", "orderType": "limit", "quantity": "10", "price": price}
    answer = trader.post("/orders", json={"clientOrderId": f"held-at-{price}", **terms}).json()
    assert answer["reason"] == "AWAITING_APPROVAL", answer
    return str(answer["id"])


def statuses(trader: httpx.Client) -> dict[str, str]:
    return {order["id"]: order["status"] for order in trader.get("/orders").json()["items"]}


def test_orders_that_wait_are_let_go_or_refused_by_the_head_of_the_desk(window: Window, stack: Stack) -> None:
    page = window("desk1")
    headers = {"Authorization": f"Bearer {staff_tokens(stack.data_dir)[MARKED]}"}
    with httpx.Client(base_url=stack.api, headers=headers, timeout=15) as trader:
        first, second = held(trader, "1.00"), held(trader, "1.25")
        panel = page.locator("#approvals")
        expect(panel.locator("li")).to_have_count(2, timeout=PATIENCE_MS)
        approve = panel.locator(f"#approval-{first}").get_by_role("button", name="Approve").element_handle()
        panel.locator(f"#approval-{second}").get_by_role("button", name="Refuse").click()
        expect(panel.locator("li")).to_have_count(1, timeout=PATIENCE_MS)
        approve.click()  # the same button: one made anew between press and release would not be pressed
        expect(panel).to_be_hidden(timeout=PATIENCE_MS)
        wait_for(lambda: statuses(trader) == {first: "new", second: "denied"}, 10, "the engine's word")
