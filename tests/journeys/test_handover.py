"""Does nothing of one user reach the next one at the same screen, or in another window of the same browser?"""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.journeys.test_page import PATIENCE_MS, log_in, resting_order
from tests.journeys.test_page import browser as browser
from tests.journeys.test_page import page as page
from tests.stack import DEMO_PASSWORD

TOKENS = "**/api/v1/auth/refresh"  #: what another one's cookie would answer with his name


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#login")).to_be_visible(timeout=PATIENCE_MS)


def say_who(page: Page, username: str) -> None:
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#light-trading")).to_have_attribute("data-state", "open", timeout=PATIENCE_MS)


def test_of_who_logged_out_the_next_user_finds_nothing(page: Page) -> None:
    log_in(page, "trader1")
    row = resting_order(page).get_attribute("id")
    page.get_by_label("Quantity").fill("-7")
    page.get_by_role("button", name="Sell", exact=True).click()
    expect(page.locator("#ticket .fault")).not_to_be_empty()
    log_out(page)
    say_who(page, "trader2")
    expect(page.locator("#who")).to_have_text("trader2")
    expect(page.locator(f"#{row}")).to_have_count(0)
    expect(page.locator("#ticket [data-message]")).to_be_empty()
    expect(page.get_by_label("Quantity")).to_have_value("100")
    expect(page.get_by_label("Type")).to_have_value("market")


def test_a_window_is_never_one_users_in_another_users_name(page: Page) -> None:
    """Windows share the cookie: a renewed token would be the other user's, and the next order, too."""
    log_in(page, "trader1")
    other = page.context.new_page()
    other.goto("/")
    expect(other.locator("#who")).to_have_text("trader1", timeout=PATIENCE_MS)
    page.route(TOKENS, lambda route: route.abort())  # else it may ask between the two, and rightly show the login
    log_out(other)
    say_who(other, "trader2")
    page.unroute(TOKENS)
    expect(page.locator("#who")).to_have_text("trader2", timeout=PATIENCE_MS)
    expect(page.locator("#light-trading")).to_have_attribute("data-state", "open", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Buy", exact=True).click()
    expect(other.locator("#orders tr[data-status=filled]")).to_have_count(1, timeout=PATIENCE_MS)
