"""Which checks are played, and in which order?"""

from bridge.conformance.catalogue import Check
from bridge.conformance.checks.heard import HEARD
from bridge.conformance.checks.lives import LIVES
from bridge.conformance.checks.malformed import MALFORMED
from bridge.conformance.checks.market import MARKET
from bridge.conformance.checks.open_orders import OPEN_ORDERS
from bridge.conformance.checks.orders import ORDERS
from bridge.conformance.checks.readers import READERS
from bridge.conformance.checks.reports import REPORTS
from bridge.conformance.checks.security import SECURITY
from bridge.conformance.checks.session import SESSION

CATALOGUES = (SECURITY, SESSION, ORDERS, OPEN_ORDERS, REPORTS, MALFORMED, MARKET, READERS, LIVES, HEARD)
CHECKS: tuple[Check, ...] = tuple(check for catalogue in CATALOGUES for check in catalogue.checks)
