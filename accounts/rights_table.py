"""Which role may do what, for people to read? `docs/rights.md` is made here, from the policy and the words beside it.

python -m accounts.rights_table > docs/rights.md
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from accounts import policy
from accounts.policy import ORDER_RULES, PERSON, ROLES, SCOPES, Function

LINE = re.compile(r'^    [A-Z_]+ = "(?P<word>[a-z_.]+)"  #: (?P<meaning>.+)$', re.M)
HEAD = """# Rights

Who may do what, made by `python -m accounts.rights_table` from `accounts/policy.py`; do not edit. A user has the
functions of all his roles; without a role, only those of the column *all*. Which function each endpoint and socket
method needs stands in `tests/accounts/rights/matrix.csv`, which the tests hold against what a running stack does. A
function that is not there is 403 `FORBIDDEN`; what belongs to others is 404. API keys may have the functions marked
*key* as scopes, and never more than their user has.

"""
ATTRIBUTES = """
## Attributes

A user's entitlement (admin, *Entitlements*) narrows orders further; refused orders are 403 with the field in `errors`:

"""
REST = """
Hours bound placing and changing, never cancelling. A value is quantity × price; orders without a limit price have none
and are above every value, and a sell counts at the last close where that is above its limit. Market data may be bound
to exchanges and asset classes: a symbol beyond them answers `FORBIDDEN`. Above `signed_above` an order needs a
signature, and so do a further API key and every change of limits and of trading states. With `needs_approval` an
order is kept until a second person has decided. Addresses are bound by the rules of sessions and keys.
"""


def rights_table() -> str:
    """The whole page; KeyError for a function without a meaning."""
    meanings = {found["word"]: found["meaning"] for found in LINE.finditer(source())}
    roles = " | ".join(role.value for role in ROLES)
    rows = [row(function, meanings[function.value]) for function in Function]
    lines = [f"| function | meaning | key | all | {roles} |", "|---|---|---" + "|---" * (len(ROLES) + 1) + "|", *rows]
    rules = [f"- `{rule.field}`: {rule.told}" for rule in ORDER_RULES]
    return HEAD + "\n".join(lines) + "\n" + ATTRIBUTES + "\n".join(rules) + "\n" + REST


def row(function: Function, meaning: str) -> str:
    had = [function in SCOPES, function in PERSON, *(function in given | PERSON for given in ROLES.values())]
    return f"| `{function}` | {meaning} | " + " | ".join("x" if one else "" for one in had) + " |"


def source() -> str:
    return Path(policy.__file__).read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.stdout.write(rights_table())
