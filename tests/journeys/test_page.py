"""Does the page do a trader's day in a real browser: log in, see prices move, buy, see the fill and the position?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.stack import DEMO_PASSWORD, Stack

# Without these Chromium looks for its maker's hosts, which a closed network refuses many at a time.
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
QUIET += ["--disable-component-update", "--disable-quic"]
PATIENCE_MS = 15_000


def chromium() -> str:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine: apt-get install chromium")
    return str(found)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    context = browser.new_context(base_url=stack.url, viewport={"width": 1400, "height": 850})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def log_in(page: Page, username: str) -> None:
    page.goto("/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#light-market")).to_have_attribute("data-state", "open", timeout=PATIENCE_MS)
    expect(page.locator("#light-trading")).to_have_attribute("data-state", "open", timeout=PATIENCE_MS)


def test_a_wrong_password_is_told_and_nothing_is_shown(page: Page) -> None:
    page.goto("/")
    page.get_by_label("User name").fill("trader1")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#login [data-message]")).not_to_be_empty()
    expect(page.locator("#desk")).to_be_hidden()


def test_prices_move_and_the_depth_has_five_levels_a_side(page: Page) -> None:
    log_in(page, "trader1")
    bid = page.locator("#quote-AAPL td").nth(2)
    expect(bid).not_to_be_empty(timeout=PATIENCE_MS)
    expect(bid).not_to_have_text(bid.inner_text(), timeout=PATIENCE_MS)
    for column in (0, 1, 2, 3):
        expect(page.locator("#depth tr").nth(4).locator("td").nth(column)).not_to_be_empty()


def test_a_buy_at_market_fills_and_changes_the_position(page: Page, tmp_path: Path) -> None:
    log_in(page, "trader1")
    page.get_by_label("Symbol").select_option("MSFT")
    page.get_by_label("Quantity").fill("200")
    page.get_by_role("button", name="Buy").click()
    expect(page.locator("#orders tr[data-status=filled]").first).to_contain_text("MSFT", timeout=PATIENCE_MS)
    expect(page.locator("#executions tr").first).to_contain_text("MSFT")
    expect(page.locator("#position-MSFT td").nth(1)).to_have_text("200")
    page.screenshot(path=tmp_path / "terminal.png")


def resting_order(page: Page) -> Locator:
    """Far from the market; the only one of its user."""
    page.get_by_label("Type").select_option("limit")
    page.get_by_label("Price", exact=True).fill("1.00")
    page.get_by_role("button", name="Buy").click()
    working = page.locator("#orders tr[data-status=new]")
    expect(working).to_have_count(1, timeout=PATIENCE_MS)
    return working


def test_a_resting_order_is_cancelled_from_the_blotter(page: Page) -> None:
    log_in(page, "trader2")
    working = resting_order(page)
    working.get_by_role("button", name="Cancel").click()
    expect(page.locator("#orders tr[data-status=canceled]")).to_have_count(1, timeout=PATIENCE_MS)


def test_a_button_stays_the_same_while_other_orders_come_and_go(page: Page) -> None:
    """One made anew between the press and the release of a mouse would not be pressed."""
    log_in(page, "trader1")
    cancel = resting_order(page).get_by_role("button", name="Cancel").element_handle()
    filled = page.locator("#orders tr[data-status=filled]")
    before = filled.count()
    page.get_by_label("Type").select_option("market")
    page.get_by_role("button", name="Buy", exact=True).click()
    expect(filled).to_have_count(before + 1, timeout=PATIENCE_MS)
    assert cancel.evaluate("button => button.isConnected")
    cancel.click()
    expect(page.locator("#orders tr[data-status=canceled]")).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator("#orders button")).to_have_count(0)


def test_a_bad_quantity_is_explained_by_the_server(page: Page) -> None:
    log_in(page, "trader2")
    page.get_by_label("Quantity").fill("-5")
    page.get_by_role("button", name="Sell").click()
    expect(page.locator("#ticket .fault")).to_contain_text("quantity", ignore_case=True)


def test_a_reload_keeps_the_login_and_a_logout_ends_it(page: Page) -> None:
    log_in(page, "trader1")
    page.reload()
    expect(page.locator("#desk")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#login")).to_be_visible()
    page.reload()
    expect(page.locator("#login")).to_be_visible(timeout=PATIENCE_MS)


def test_an_alert_fires_once_and_is_shown_and_read(page: Page) -> None:
    log_in(page, "trader2")
    page.get_by_label("Alert on").select_option("IBM")
    page.get_by_label("Target price").fill("1.00")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("#alerts tr.triggered")).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator("#notifications li.unread")).to_have_count(1, timeout=PATIENCE_MS)
    page.get_by_role("button", name="Read all").click()
    expect(page.locator("#notifications li.unread")).to_have_count(0, timeout=PATIENCE_MS)


def test_an_impossible_alert_is_explained(page: Page) -> None:
    log_in(page, "trader2")
    page.get_by_label("Target price").fill("-1")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("#alert-message.fault")).not_to_be_empty()


def test_a_watchlist_is_kept_over_a_reload(page: Page) -> None:
    log_in(page, "trader2")
    page.get_by_label("Stop watching GOOG").click()
    expect(page.locator("#quote-GOOG")).to_have_count(0)
    page.reload()
    expect(page.locator("#quote-AAPL")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#quote-GOOG")).to_have_count(0)
    page.get_by_label("Watch another").fill("GOOG")
    page.get_by_label("Watch another").press("Enter")
    expect(page.locator("#quote-GOOG")).to_be_visible(timeout=PATIENCE_MS)


def test_the_state_of_every_part_is_shown(page: Page) -> None:
    log_in(page, "trader1")
    for part in ("engine", "orders", "feed"):
        expect(page.locator("#parts span", has_text=part)).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)


def test_compliance_reads_orders_in_admin_and_can_change_nothing(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill("compliance1")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Orders", exact=True).first.click()
    page.goto("/admin/orders/order/")
    expect(page.locator("#result_list tbody tr").first).to_contain_text("trader")
    page.locator("#result_list tbody tr th a").first.click()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    expect(page.get_by_role("link", name="Delete")).to_have_count(0)


def test_a_resting_order_is_changed_from_the_blotter(page: Page) -> None:
    log_in(page, "desk1")
    working = resting_order(page)
    working.get_by_role("button", name="Change").click()
    page.get_by_label("New quantity").fill("-5")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#amend .fault")).to_contain_text("quantity", ignore_case=True)
    page.get_by_label("New quantity").fill("250")
    page.get_by_label("New price").fill("1.25")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#amend")).to_be_hidden()
    changed = page.locator("#orders tr[data-status=new] td")
    expect(changed.nth(4)).to_have_text("250", timeout=PATIENCE_MS)
    expect(changed.nth(5)).to_have_text("1.25")
    working.get_by_role("button", name="Cancel").click()
    expect(page.locator("#orders tr[data-status=canceled]")).to_have_count(1, timeout=PATIENCE_MS)
