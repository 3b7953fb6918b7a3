"""Price alerts: kept over REST, watched beside the feed, fired exactly once, told by the worker.

`services` are the writes of users, `watch` evaluates (with `index`, `mailbox` and `line`), `firing` is the one
transaction that makes an alert a fired one, `delivery` what is done after it.
"""
