"""What proves, beside the password, that it is he? Codes of an app, passkeys, recovery codes, and how fresh a proof is.

`fresh_mfa_needed(session)` is what a critical deed asks first.
"""

from accounts.factors.freshness import fresh_mfa_needed as fresh_mfa_needed
