"""May this order go to the engine? Limits, trading states and reference prices, looked at in memory before each order.

`judging.judge` is the door: everything that applies is looked at, and told in `findings.Finding`s.
"""
