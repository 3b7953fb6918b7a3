"""How many times a limit of seconds may be passed before a test fails, on machines that do other things too.

What was seen is reported against the limit itself (`measured`), and the scoreboard names what is past it.
"""

PATIENCE = 2.0
