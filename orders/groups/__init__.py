"""How are many orders written at once? Groups that depend on each other, baskets, and positions that are closed.

What they do is decided in `orders.core.groups`; here is what REST and the socket say and hear of it.
"""
