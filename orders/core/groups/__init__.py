"""How do orders depend on each other? OCO, OTO and bracket; baskets; the orders that close a position.

legs        the words: kinds of group, and what an order is in one
index       which orders the book holds belong together
checking    can these orders be a group at all?
placing     a group is placed, all of it or nothing
tending     what follows for a group from what its orders have done
sharing     orders that trade one quantity between them
baskets     many orders in one request, each decided by itself
closing     positions are closed
"""
